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
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from .config_types import (
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
from .control.holds import MOST_TURNS
from .control.names import Control
from .control.windows import Window, overlaps
from .enlighten.address import is_loopback
from .enlighten.guard import IN_A_ROW
from .errors import ConfigurationError
from .values import key_text, sentence, some

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_APPDAEMONS_KEYS = frozenset(
    {"name", "config_path", "module", "class", "dependencies", "disable", "priority", "pin_app", "pin_thread"}
    | {"log", "log_level", "global", "global_dependencies"}
)


_READS_OF_A_POLL = 3
_MOST_FAULTS = 20


class ScheduleUse(str, Enum):
    """Whether the app works with schedule entries where the site has them, or with the families' switches only."""

    AUTO = "auto"
    NEVER = "never"


class _ContradictionError(ValueError):
    """Values that are right alone do not go together. Each argument is a sentence that names them."""


class _Section(BaseModel):
    """A mapping of known keys; a key without a value counts as left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        return {key_text(key): value for key, value in data.items() if value is not None}


class Toggles(_Section):
    """The `input_boolean` helper of each control."""

    charge_from_grid: Toggle = "input_boolean.enphase_charge_from_grid"
    discharge_to_grid: Toggle = "input_boolean.enphase_discharge_to_grid"
    restrict_discharge: Toggle = "input_boolean.enphase_restrict_discharge"

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
    control: Controllable
    start: LocalTime
    end: LocalTime
    days: Annotated[frozenset[Weekday], Field(min_length=1)] = frozenset(range(1, 8))
    target_soc: Percent | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> WindowEntry:
        faults = []
        if self.start == self.end:
            faults.append(f"start and end are both {self.start:%H:%M}, a window must last longer than nothing")
        if self.target_soc is not None and self.control is Control.RESTRICT_DISCHARGE:
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
    `config_types`; `base_url` stands first because a loopback address lowers the minima.
    """

    base_url: Address = "https://enlighten.enphaseenergy.com"
    email: Secret
    password: Secret
    site_id: SiteNumber | None = None
    user_id: SiteNumber | None = None
    toggles: Toggles = Toggles()
    controls: Annotated[tuple[Controllable, ...], AfterValidator(_distinct)] = tuple(Control)
    create_helpers: Boolean = False
    token_refresh: TokenRefresh = timedelta(hours=12)
    poll: Poll = timedelta(minutes=15)
    settle: Settle = 1.0
    lead: Lead = timedelta(minutes=15)
    consistency: Consistency = timedelta(minutes=2)
    pending_timeout: PendingTimeout = timedelta(minutes=15)
    requests_per_hour: HourlyRate = 120
    use_schedules: Annotated[ScheduleUse, one_of(ScheduleUse)] = ScheduleUse.AUTO
    time_zone: ZoneName | None = None
    accept_itc_disclaimer: Boolean = True
    dry_run: Boolean = False
    token_sensor: Sensor = "sensor.enphase_jwt"  # noqa: S105 - an entity id
    publish_token: Boolean = False
    entity_prefix: Slug = "enphase_battery"
    window_entries: Annotated[tuple[WindowEntry, ...], AfterValidator(_compatible)] = Field(default=(), alias="windows")

    @property
    def most_turns(self) -> int | None:
        """Changes of direction per control and hour that are carried out at once; None: any number (a simulator)."""
        return None if is_loopback(urlsplit(self.base_url).hostname) else MOST_TURNS

    @property
    def short_sessions(self) -> int | None:
        """Sessions that end at once, in a row, after which sign-ins wait; None: any number (a simulator in a hurry)."""
        return None if self.poll < timedelta(minutes=1) else IN_A_ROW

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


def parse_configuration(args: Mapping[str, object]) -> Configuration:
    """Read the app's arguments as AppDaemon hands them over.

    Args:
        args: The app's entry in apps.yaml. AppDaemon's own keys in it are left alone.

    Raises:
        ConfigurationError: With one sentence for each fault. It carries no trace of pydantic's error, which holds the
            values, the password included.
    """
    own = {key: value for key, value in args.items() if not _is_appdaemons(key_text(key))}
    try:
        return Configuration.model_validate(own)
    except ValidationError as error:
        faults = [fault for detail in error.errors() for fault in _faults(detail)]
    raise ConfigurationError(some(faults, _MOST_FAULTS, "faults"))


def _is_appdaemons(key: str) -> bool:
    return key in _APPDAEMONS_KEYS or key.startswith("constrain_")


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
                yield f"{key}: {contradiction}"
        case "value_error":
            yield f"{key} {error}" if _is_private(detail) else sentence(key, detail["input"], error)
        case "too_short":
            yield f"{key} must not be empty"
        case "tuple_type" | "frozen_set_type":
            yield sentence(key, detail["input"], "must be a list")
        case _:
            yield sentence(key, detail["input"], "must be a mapping of keys to values")


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
