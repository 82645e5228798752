"""The app's YAML as one validated model, and one clear line for each fault in it.

No line shows the e-mail, the password, an address with a user in it, or the value of an unknown key, which may be a
misspelt secret.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)

from ..control.controls import Control
from ..control.windows.clock import overlaps
from ..control.windows.window import Window
from ..errors import ConfigurationError
from .limits import PRODUCTION, Limits
from .names import own_sensors
from .value_types import (
    Address,
    Boolean,
    Consistency,
    Controllable,
    HourlyRate,
    Lead,
    LocalTime,
    PendingTimeout,
    Percent,
    Poll,
    Secret,
    Sensor,
    Settle,
    SiteNumber,
    Slug,
    Toggle,
    TokenRefresh,
    Weekday,
    Words,
    ZoneName,
    one_of,
)
from .values import key_text, sentence, some

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MODULE, CLASS = "enphase_battery", "EnphaseBattery"
"""What makes an entry of apps.yaml one of this app; either will do."""

APPDAEMONS_KEYS = frozenset(
    {"name", "config_path", "module", "class", "dependencies", "disable", "priority", "pin_app"}
    | {"log", "log_level", "global", "global_dependencies"}
)
"""Keys of an app that are AppDaemon's own and leave the app what it needs."""

_CONSTRAINED = "AppDaemon would call the app at certain times only, and what is on would not end"
_PINNED = "the app needs no thread, and would not start once AppDaemon has fewer of them"

_READS_OF_A_POLL = 3
_MOST_FAULTS = 20


class ScheduleUse(str, Enum):
    """Whether the app works with schedule entries where the site has them, or with the families' switches only."""

    AUTO = "auto"
    NEVER = "never"


class _ContradictionError(ValueError):
    """Values that are right alone do not go together. Each argument is a sentence that names them."""


class _Section(BaseModel):
    """A mapping of known keys; a key without a value counts as left out.

    What stands below a key says what it is for: editors show it (see :mod:`.schema`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        return {key_text(key): value for key, value in data.items() if value is not None}


_KEYS: dict[str, Any] = {
    control.value: (Toggle, Field(f"input_boolean.{control.helper}", description=f"The helper of {control.title}."))
    for control in Control
}
_OneKeyEach = create_model("_OneKeyEach", __base__=_Section, **_KEYS)


class Toggles(_OneKeyEach):  # type: ignore[valid-type, misc]  # made at run time, which mypy takes for no class
    """The `input_boolean` helper of each control."""

    @model_validator(mode="after")
    def _each_its_own(self) -> Toggles:
        users = Counter(self.of(control) for control in Control)
        shared = [entity for entity, count in users.items() if count > 1]
        if shared:
            raise _ContradictionError(
                *(f"{entity} is named for {users[entity]} controls, each needs its own" for entity in shared)
            )
        return self

    def of(self, control: Control) -> str:
        """Return the entity id of the control's helper."""
        return str(getattr(self, control.value))


class WindowEntry(_Section):
    """One entry of `windows`, as written."""

    name: Words
    """What you call it. Each window needs a name of its own."""
    control: Controllable
    """What is on during the window."""
    start: LocalTime
    """Local time in quotes, to the minute."""
    end: LocalTime
    """Local time in quotes, to the minute. Earlier than the start means the next day."""
    days: Annotated[frozenset[Weekday], Field(min_length=1)] = frozenset(range(1, 8))
    """Weekdays on which it starts; all, unless you say otherwise."""
    target_soc: Percent | None = None
    """Percent of charge, 5 to 100. Charging stops there (100 if left out); discharging stops there, but never below
    the battery's reserve (which it is if left out). restrict_discharge has none."""

    @model_validator(mode="after")
    def _makes_sense(self) -> WindowEntry:
        faults = []
        if self.start == self.end:
            faults.append(f"start and end are both {self.start:%H:%M}, a window must last longer than nothing")
        if self.target_soc is not None and not self.control.takes_target:
            faults.append(f"target_soc is {self.target_soc}, but {self.control.value} has no such limit; leave it out")
        if faults:
            raise _ContradictionError(*faults)
        return self

    @property
    def window(self) -> Window:
        """The window as the rules take it."""
        return Window(self.name, self.control, self.start, self.end, self.days, self.target_soc)


def _distinct(controls: tuple[Control, ...]) -> tuple[Control, ...]:
    return tuple(dict.fromkeys(controls))


def _compatible(entries: tuple[WindowEntry, ...], info: ValidationInfo) -> tuple[WindowEntry, ...]:
    """Check the windows against each other and against `controls`, which is read before them."""
    controls = info.data.get("controls", tuple(Control))
    faults = [
        f"{_described(entry)} is about {entry.control.value}, which is not in controls"
        for entry in entries
        if entry.control not in controls
    ]
    names = Counter(entry.name for entry in entries)
    faults += [
        f'the name "{name}" is used {count} times, each window needs its own'
        for name, count in names.items()
        if count > 1
    ]
    faults += [
        f"{_described(one)} and {_described(other)} overlap, of all windows only one may run at a time"
        for one, other in overlaps([entry.window for entry in entries])
    ]
    if faults:
        raise _ContradictionError(*faults)
    return entries


def _described(window: Window | WindowEntry) -> str:
    return f'"{window.name}" ({window.start:%H:%M} to {window.end:%H:%M})'


class Configuration(_Section):
    """What the user configured. Immutable; e-mail and password show as asterisks.

    Durations are timedelta, except `settle`, which is seconds; ids are texts of digits. The ranges are those of
    :mod:`.value_types`.
    """

    base_url: Address = "https://enlighten.enphaseenergy.com"
    """Address of the Enlighten cloud. Plain http is for a loopback address (a simulator on this machine)."""
    email: Secret
    """E-mail address of your Enphase account. Put it into secrets.yaml and write !secret enphase_email here."""
    password: Secret
    """Password of your Enphase account. Put it into secrets.yaml and write !secret enphase_password here."""
    site_id: SiteNumber | None = None
    """Number of the site; found by itself, and needed only with several sites on one account."""
    user_id: SiteNumber | None = None
    """Number of the user; found by itself."""
    toggles: Toggles = Toggles()
    """The input_boolean helpers in Home Assistant that show and take your wishes."""
    controls: Annotated[tuple[Controllable, ...], AfterValidator(_distinct)] = tuple(Control)
    """What the app may change; the rest it only reads."""
    create_helpers: Boolean = False
    """Whether missing toggles are created."""
    token_refresh: TokenRefresh = timedelta(hours=12)
    """How often the token is renewed: 00:10:00 to 7 days."""
    poll: Poll = timedelta(minutes=15)
    """How often the cloud's state is read: 00:01:00 to 06:00:00."""
    settle: Settle = 0.0
    """Least number of seconds between validation and write: 0 to 30."""
    lead: Lead = timedelta(minutes=15)
    """How long before its start a window is written to the cloud: 00:02:00 to 12:00:00."""
    consistency: Consistency = timedelta(minutes=2)
    """How long reads may show old values after a write: 00:00:30 to 00:10:00."""
    pending_timeout: PendingTimeout = timedelta(minutes=15)
    """How long a wish may stay undecided before the problem sensor comes on: 00:01:00 to 24:00:00."""
    requests_per_hour: HourlyRate = 120
    """Most requests in any hour: 30 to 600. A third is kept for wishes."""
    use_schedules: Annotated[ScheduleUse, one_of(ScheduleUse)] = ScheduleUse.AUTO
    """auto: schedule entries where the site has them. never: switches only, which nothing in the cloud ends."""
    time_zone: ZoneName | None = None
    """Name of the site's time zone. Set it only if the cloud's is wrong."""
    accept_itc_disclaimer: Boolean = True
    """Whether the disclaimer for charging from the grid may be accepted in your name."""
    dry_run: Boolean = False
    """true: the app signs in and reads, changes nothing, and says what it would have done."""
    token_sensor: Sensor = "sensor.enphase_jwt"  # noqa: S105 - an entity id
    """Entity id of the sensor that shows the state of the sign-in."""
    publish_token: Boolean = False
    """true: the token is an attribute of that sensor, for rest_commands still in use."""
    entity_prefix: Slug = "enphase_battery"
    """What the ids of the app's entities begin with."""
    window_entries: Annotated[tuple[WindowEntry, ...], AfterValidator(_compatible)] = Field(default=(), alias="windows")
    """Time-of-use windows in local time. They must not overlap, neither each other nor your own schedules."""

    @model_validator(mode="after")
    def _names_apart(self) -> Configuration:
        if self.token_sensor in own_sensors(self.entity_prefix):
            raise _ContradictionError(
                f"token_sensor: {self.token_sensor} is another entity of this app (entity_prefix {self.entity_prefix})"
            )
        return self

    @property
    def doubts(self) -> tuple[str, ...]:
        """What is allowed and hardly meant, a sentence each: the app tells it and goes on."""
        needed = round(_READS_OF_A_POLL * timedelta(hours=1) / self.poll)
        left = self.requests_per_hour - self.requests_per_hour // 3
        if needed <= left:
            return ()
        doubt = (
            f"poll: {self.poll} makes {needed} requests an hour, but requests_per_hour: {self.requests_per_hour} "
            f"leaves {left} for polls, the rest is for wishes; some polls will be left out"
        )
        return (doubt,)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The time-of-use windows, in the order given; no two of them overlap."""
        return tuple(entry.window for entry in self.window_entries)


def parse_configuration(args: Mapping[str, object], limits: Limits = PRODUCTION) -> Configuration:
    """Read the app's arguments as AppDaemon hands them over.

    Args:
        args: The app's entry in apps.yaml. AppDaemon's own keys in it are left alone.
        limits: Those of the app that it is for.

    Raises:
        ConfigurationError: With one sentence for each fault. It carries no trace of pydantic's error, which holds the
            values, the password included.
    """
    harmful = {key: reason for key in args if (reason := _harm(key_text(key)))}
    faults = [f"{key} is not possible: {reason}" for key, reason in harmful.items()]
    own = {key: value for key, value in args.items() if key_text(key) not in APPDAEMONS_KEYS and key not in harmful}
    try:
        configuration = Configuration.model_validate(own, context=limits)
    except ValidationError as error:
        faults += [fault for detail in error.errors() for fault in _faults(detail)]
    if faults:
        raise ConfigurationError(some(faults, _MOST_FAULTS, "faults"))
    return configuration


def _harm(key: str) -> str:
    """Return what one of AppDaemon's own keys would do to the app; empty for all others."""
    return _CONSTRAINED if key.startswith("constrain_") else _PINNED if key == "pin_thread" else ""


def _faults(detail: ErrorDetails) -> Iterator[str]:
    """Yield the sentences for one of pydantic's findings; mostly one."""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).removeprefix(".")
    error = detail.get("ctx", {}).get("error")
    match detail["type"]:
        case "missing":
            yield f"{key} is missing"
        case "extra_forbidden":
            yield f"{key} is not a known key; {_suggestion(detail)}"
        case "value_error" if isinstance(error, _ContradictionError):
            for contradiction in error.args:
                yield f"{key}: {contradiction}" if key else str(contradiction)
        case "value_error":
            yield f"{key} {error}" if _is_private(detail) else sentence(key, detail["input"], error)
        case "too_short":
            yield f"{key} must not be empty"
        case "tuple_type" | "frozen_set_type":
            yield sentence(key, detail["input"], "must be a list")
        case _:
            yield sentence(key, detail["input"], "must be a mapping of keys to values")


def entity_prefix(arguments: Mapping[str, Any]) -> str:
    """Return what the ids of the app's entities begin with, however wrong the rest of the arguments is."""
    try:
        return TypeAdapter(Slug).validate_python(arguments.get("entity_prefix"))
    except ValidationError:
        return str(Configuration.model_fields["entity_prefix"].default)


def _is_private(detail: ErrorDetails) -> bool:
    key, value = detail["loc"][0], detail["input"]
    return key in ("email", "password") or (key == "base_url" and isinstance(value, str) and "@" in value)


def _suggestion(detail: ErrorDetails) -> str:
    """Return the key that was probably meant, else all keys that could stand there."""
    *path, wrong = detail["loc"]
    section: type[_Section] = Configuration
    if path:
        section = Toggles if path[0] == "toggles" else WindowEntry
    known = [field.alias or name for name, field in section.model_fields.items()]
    close = get_close_matches(str(wrong), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
