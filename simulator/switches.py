"""The switches: which of the cloud's known moods the simulator shows (section 14.9)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import pytz

from .budgets import OFF, parse_rate
from .eras import ERAS
from .faults import STEP_MEMBERS, Fault


class SwitchError(ValueError):
    """A switch or a value that does not exist; the message names the choices."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a switch accepts, said in words and as a test, and how its text form is read."""

    choices: str
    accepts: Callable[[object], bool]
    read: Callable[[str], object]


def _choice(*values: str) -> Any:
    rule = _Rule(" | ".join(values), lambda value: value in values, str)
    return field(default=values[0], metadata={"rule": rule})


def _flag(default: bool) -> Any:
    words = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
    rule = _Rule("true | false", lambda value: isinstance(value, bool), lambda text: words.get(text.lower(), text))
    return field(default=default, metadata={"rule": rule})


def _number(default: float, low: float, high: float) -> Any:
    def accepts(value: object) -> bool:
        kinds = (int,) if isinstance(default, int) else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high

    def read(text: str) -> object:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return field(default=default, metadata={"rule": _Rule(f"{low} to {high}", accepts, read)})


def _text(default: str) -> Any:
    return field(default=default, metadata={"rule": _Rule("a text", lambda value: isinstance(value, str), str)})


def _names(*known: str) -> Any:
    def accepts(value: object) -> bool:
        return isinstance(value, tuple) and set(value) <= set(known)

    rule = _Rule(f"a list of {', '.join(known)}", accepts, lambda text: tuple(filter(None, text.split(","))))
    return field(default=(), metadata={"rule": rule})


def _families() -> Any:
    return _names("cfg", "dtg", "rbd")


def _is_rate(value: object) -> bool:
    return isinstance(value, str) and (value == OFF or parse_rate(value) is not None)


_MEMBERS = _Rule("an object of members and their values", lambda value: isinstance(value, dict), json.loads)
_RATE = _Rule("off | N/min | N/h", _is_rate, str)
_ZONE = _Rule("an IANA time zone", lambda value: value in pytz.all_timezones_set, str)
_SCRIPT = _Rule(f"a list of {{{STEP_MEMBERS}}}", lambda value: isinstance(value, tuple), json.loads)


@dataclass(frozen=True, slots=True, eq=False)
class Switches:
    """All switches with their defaults; durations in seconds, powers in kW. Each change makes new ones.

    Raises SwitchError for a value out of its choices. Numbers in brackets are statements of section 14.
    """

    # Who may call, and how (17 to 25)
    auth_era: str = _choice(*ERAS)
    jwt_only_status: str = _choice("401", "403")  # (17) a JWT without the whole jar
    refused_shape: str = _choice("403", "wall")  # (25) no Username, Origin or Referer
    wall_content_type: str = _choice("html", "json")  # (20)
    e_auth: str = _choice("accepted", "required", "refused", "refused_reads")  # (C7) refused: wall
    jar: str = _choice("accepted", "refused")  # (C9) refused: 403 with cookies; the JWT is enough (N)
    write_shape: str = _choice("any", "cookie_eauth")  # (section 5) cookie_eauth: variant D or 403
    session_ttl: int = _number(3600, 1, 315_360_000)  # (22)
    session_ttl_from: str = _choice("last_request", "login")  # (22)
    session_cookie_max_age: int = _number(0, 0, 315_360_000)  # what the cookie says; 0: it does not
    # Login and tokens (1 to 16)
    authenticity_enforced: bool = _flag(True)  # (4)
    thin_login: bool = _flag(False)  # (84) login.json answers {}
    mfa: bool = _flag(False)  # (8)
    mfa_form: str = _choice("requires_mfa", "success")  # (8)
    mfa_sends: str = _choice("login", "request")  # (N) request: only generate_mfa_login_otp sends a code
    otp_ttl: int = _number(300, 1, 86_400)  # (N) life of a code
    otp_tries: int = _number(3, 0, 1000)  # (9) the wrong code that turns `blocked` on; 0: none does
    otp_limit: int = _number(3, 0, 1000)  # (73) requests to each OTP endpoint within otp_window; 0: no limit
    otp_window: int = _number(600, 1, 86_400)
    blocked: bool = _flag(False)  # (10)
    too_many_sessions: bool = _flag(False)  # (11)
    login_limit: int = _number(5, 0, 1000)  # (16) logins within login_window; 0: no limit
    login_window: int = _number(600, 1, 86_400)
    login_406: int = _number(0, 0, 1_000_000)  # (88) so many of the next calls of login.json are 406
    token_path: str = _choice("both", "self", "jwt")  # (12, 13)
    mint_refusal: str = _choice("html", "json")  # (13) what a mint answers without a session
    token_expires_at: bool = _flag(True)  # (87) false: the member is missing
    jwt_ttl: int = _number(259_200, 1, 315_360_000)  # (22)
    jwt_user_claim: str = _choice("data", "top")  # (14)
    old_session_grace: int = _number(0, 0, 3600)  # (12) life of the cookie that a mint replaced
    # XSRF and validation (26 to 30, 50)
    region: str = _choice("default", "emea")  # (28)
    xsrf_grace: int = _number(1, 0, 100)  # (26)
    xsrf_cookie: str = _choice("plain", "percent", "quoted")  # (30)
    isvalid_403: bool = _flag(False)  # isValid is refused on this site
    isvalid_required: bool = _flag(False)  # (50); always so in era 2025-07
    settle_needed: float = _number(0.0, 0, 30)  # (50) seconds that a settings PUT has to come after its isValid
    # Who the user is (section 6.1)
    user_role: str = _choice("owner", "installer", "none")  # none: writes are 403, with Spring's JSON
    # Site and reads (31 to 40)
    sites: int = _number(1, 0, 5)  # (85) how many the account lists
    site_listed_twice: bool = _flag(False)  # (40)
    timezone: str = field(default="Europe/London", metadata={"rule": _ZONE})
    supports_mqtt: bool = _flag(False)  # (51)
    rbd_null_when_empty: bool = _flag(False)  # (32)
    empty_details: str = _choice("list", "omit", "null")  # (33)
    schedule_status_missing: bool = _flag(False)  # (33)
    schedules_not_supported: tuple[str, ...] = _families()  # (33) their switch alone is enforced
    control_missing: tuple[str, ...] = _families()  # (6.3) control object null; cfg: `chargeFromGrid` absent too
    ac_battery_only: bool = _flag(False)  # (15.4) nothing to control: no control objects, hasAcb without hasEncharge
    show_false: tuple[str, ...] = _families()  # (6.3) control objects say show: false
    locked: tuple[str, ...] = _families()  # (6.3) they say locked: true, and their members in a PUT are ignored (N)
    grid_mode: str = _text("ImportExport")  # (6.1, 6.3) batteryGridMode, changes nothing else; "": no such member
    hide_charge_from_grid: bool = _flag(False)  # (6.3) hideChargeFromGrid, always so in region emea; decides nothing
    show_charge_from_grid: bool = _flag(True)  # (6.1) showChargeFromGrid; decides nothing
    status_numbers: str = _choice("numbers", "na", "null")  # (36, 86) all numbers of battery_status but ids
    # (86) what reads say in the place of a member, at any depth; "@missing" leaves it out
    odd_members: dict[str, object] = field(default_factory=dict, metadata={"rule": _MEMBERS})
    system_task: bool = _flag(False)  # (6.3) systemTask; writes work all the same (N)
    dated_tariff: bool = _flag(False)  # (39) false: a 404; true: the tariff has no buyback seasons
    # Writes (41 to 72)
    activation_delay: float = _number(10.0, 0, 3600)  # (43) until the gateway has a write
    pending_ttl: float = _number(900.0, 1, 86_400)  # (44)
    create_echoes: bool = _flag(False)  # (42)
    list_deleted: bool = _flag(False)  # (58)
    cfg_apply_enables_schedule: bool = _flag(True)  # (48a)
    disclaimer_required: bool = _flag(False)  # (55)
    reserve_min: int = _number(10, 0, 20)  # (6.2, 62) the least reserve, as reads tell it
    out_of_range: str = _choice("refuse", "clamp")  # (62)
    isenabled_required: bool = _flag(False)  # (69)
    misleading_409: bool = _flag(False)  # (64)
    touching_ok: bool = _flag(True)  # (67)
    overnight_ok: bool = _flag(True)  # (C28) false: an end before the start is a 400
    dtg_times_required: bool = _flag(False)  # (C31) dtgControl with scheduleSupported but without times is a 500
    rbd_enable_deletes: bool = _flag(False)  # (72)
    # What keeps every window from working (80, S15), and is enforced at once (N)
    storm: bool = _flag(False)  # (6.5) an alert that the guard acts on whether it was enabled or not; full backup
    storm_alert: str = _choice("off", "on", "critical")  # (6.5) an alert; the guard acts on it if it is enabled
    storm_guard: str = _choice("disabled", "enabled")  # (6.5) what the owner wants, from when it is set
    show_storm_guard: bool = _flag(True)  # (6.1) showStormGuard; false: toggle and opt-out are a 400 (N)
    dr_event: bool = _flag(False)  # drEventActive
    profile: str = _text("self-consumption")  # (6.2) any text, from when it is set; backup_only: full backup
    # Profile writes (52, 59 to 61)
    profile_delay: float = _number(10.0, 0, 86_400)  # (61) until an online gateway takes a change
    profiles_missing: tuple[str, ...] = _names("cost_savings", "backup_only", "ai_optimisation")  # (6.1) a 400 (N)
    profile_first_charge: str = _choice("follows", "off", "on")  # (96) the charge switch of one never in use (N)
    profile_split: str = _choice("off", "late", "never")  # (61) when battery_mode follows; late: an hour later (N)
    profile_devices: str = _choice("400", "403")  # (59)
    same_profile_ignored: bool = _flag(False)  # (52) a write of the profile that it has changes nothing
    # What is on its way (93, section 15.1): written, and the gateway has not reported it yet
    requested_config: str = _choice("off", "on", "whole")  # on: the members that change; whole: all of the target
    requested_config_controls: bool = _flag(False)  # true: dtgControl and rbdControl stand in it too
    requested_config_empty: str = _choice("object", "omit", "null")  # what is said where nothing is on its way
    report_interval: float = _number(600.0, 1, 86_400)  # of the gateway: of its settings, and of the battery (36)
    # The battery, and what keeps it from doing what it is told (37, 97); no read tells of any of these
    battery_kwh: float = _number(10.0, 0.1, 1000)  # max_capacity; the state of charge stays
    charge_limit_kw: float = _number(50.0, 0, 50)  # the house leaves so much for charging from the grid
    battery_cold: bool = _flag(False)  # it does not charge
    battery_disobeys: tuple[str, ...] = _families()  # it goes on as if it were not told of them
    stuck_scheduler: bool = _flag(False)  # it does nothing at all, until another profile frees it
    # Trouble (73, 77 to 79) and the house
    rate_limit: str = field(default=OFF, metadata={"rule": _RATE})  # (73) of all requests together
    retry_after: str = _choice("seconds", "date", "none")  # (73) what every 429 says
    read_lag: float = _number(0.0, 0, 120)  # (77)
    flapping: bool = _flag(False)  # (78) each document on its own; from new back to old once, within two minutes (N)
    clock_skew: float = _number(0.0, -86_400, 86_400)  # (N) the cloud's clock ahead of the true time; not the gateway's
    gateway_online: bool = _flag(True)  # (79)
    house_kw: float = _number(0.5, 0, 50)
    solar_kw: float = _number(0.0, 0, 50)
    fault_script: tuple[Fault, ...] = field(default=(), metadata={"rule": _SCRIPT})

    def __post_init__(self) -> None:
        for switch in fields(self):
            if isinstance(value := getattr(self, switch.name), list):  # JSON has lists only
                object.__setattr__(self, switch.name, tuple(value))
            rule: _Rule = switch.metadata["rule"]
            if not rule.accepts(value := getattr(self, switch.name)):
                raise SwitchError(f"{switch.name}: {value!r} is not possible; choices: {rule.choices}")
        try:
            object.__setattr__(self, "fault_script", tuple(map(Fault.parse, self.fault_script)))
        except ValueError as error:
            raise SwitchError(str(error)) from error

    def changed(self, changes: Mapping[str, object]) -> Switches:
        """Return these switches with some of them set; raise SwitchError for an unknown name or value."""
        _known(changes)
        return replace(self, **changes)  # type: ignore[arg-type]  # every value is checked in __post_init__

    def as_document(self) -> dict[str, object]:
        """Return the switches as a JSON object."""
        return asdict(self)


def _known(names: Iterable[str]) -> None:
    choices = {switch.name for switch in fields(Switches)}
    for name in names:
        if name not in choices:
            raise SwitchError(f"{name}: no such switch; choices: {', '.join(sorted(choices))}")


def parse_settings(texts: Iterable[str]) -> Switches:
    """Read `name=value` texts of a command line; raise SwitchError naming what is wrong."""
    changes: dict[str, object] = {}
    for text in texts:
        name, _, value = text.partition("=")
        _known([name])
        rule: _Rule = next(switch for switch in fields(Switches) if switch.name == name).metadata["rule"]
        try:
            changes[name] = rule.read(value)
        except ValueError as error:
            raise SwitchError(f"{name}: {value!r} is not possible; choices: {rule.choices}") from error
    return Switches().changed(changes)
