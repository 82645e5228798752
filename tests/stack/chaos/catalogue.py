"""Every kind of fault of the storm, as data: what it is to the simulated cloud, or who has to act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

BATTERY = "/service/batteryConfig"
SETTINGS = "/batterySettings/"
STATUS = "/battery_status.json"

_NEW_ENTRY = "POST /service/batteryConfig/api/v1/battery/"
_NONSENSE = {"Retry-After": "as soon as you like"}
_OFTEN = 1_000_000

STORE_TRUNCATED = "store truncated"
"""The one fault after which wishes that were not carried out may be forgotten."""

Span = tuple[float, float]
"""Least and most, in seconds."""

READ_LAG_SECONDS = 3.0
"""Longest that reads show old values in the storm; `consistency` has to be longer."""

ENTRIES, SWITCHES = ERAS = ("2026-07", "2025-07")
"""Eras of the cloud: with entries, and with switches alone."""

REPORT_SECONDS = 20.0
"""How often the gateway reports in the storm."""

SITES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "entries": (ENTRIES, {}),
    "switches": (SWITCHES, {}),
    "late": (SWITCHES, {"requested_config": "on", "requested_config_controls": True}),
    "untold": (SWITCHES, {"requested_config": "on"}),
}
"""Kinds of sites, each with its era and the switches of its cloud; the last two show a change when the gateway reports
it, and one of them does not say what is on its way."""


class Group(str, Enum):
    """The groups of faults; a storm that is long enough shows each."""

    SESSION = "session"
    POLITENESS = "politeness"
    ANSWERS = "bad answers"
    STALE = "stale reads"
    GATEWAY = "gateway"
    HOME_ASSISTANT = "home assistant"
    APPDAEMON = "appdaemon"
    CLOCK = "clock"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    Attributes:
        name: What it is called in the diary.
        group: Its group.
        seconds: How long it lasts, at least and at most; for a program that is down, until it is started again.
        script: Steps of the simulator's `fault_script`, in force while it lasts.
        switches: Switches of the simulator while it lasts; afterwards they are as before.
        ends_session: Whether all sessions of the cloud end when it begins.
        logins: How many logins it may cost.
        refuses: Whether a write may be refused by it, so that a wish is dropped as the contract says.
        least: The shortest storm (seconds) in which it comes: some cost the app minutes, as they should.
        eras: The eras of the cloud in which it can be.
    """

    name: str
    group: Group
    seconds: Span
    script: tuple[Mapping[str, Any], ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    ends_session: bool = False
    logins: int = 0
    refuses: bool = False
    least: float = 0.0
    eras: tuple[str, ...] = ERAS

    @property
    def of_programs(self) -> bool:
        """Whether programs are stopped, killed or cheated; one such fault at a time."""
        return self.group in _OF_PROGRAMS and not (self.script or self.switches)


_OF_PROGRAMS = {Group.HOME_ASSISTANT, Group.APPDAEMON, Group.CLOCK, Group.STORE}


def _step(match: str, status: int | None = None, body: object = "", **more: Any) -> Mapping[str, Any]:
    given = {} if status is None else {"status": status, "body": body}
    return {"match": match, "times": _OFTEN, **given, **more}


def _cloud(name: str, group: Group, seconds: Span, *steps: Mapping[str, Any], **more: Any) -> Kind:
    return Kind(name, group, seconds, steps, **more)


def _mood(name: str, group: Group, seconds: Span = (6, 12), **switches: Any) -> Kind:
    return Kind(name, group, seconds, switches=switches)


def _session(name: str, seconds: Span = (6, 12), logins: int = 1, **switches: Any) -> Kind:
    return Kind(name, Group.SESSION, seconds, switches=switches, ends_session=True, logins=logins)


def _shape(name: str, **switches: Any) -> Kind:
    """Another shape of headers is demanded: the app tries, at most once with a login, and remembers what works."""
    return Kind(name, Group.SESSION, (6, 15), switches=switches, logins=1, refuses=True, eras=(ENTRIES,))


_READ, _LIST = f"GET {BATTERY}", f"GET {BATTERY}/api/v1/battery/"

_SESSION = (
    _session("session expired", seconds=(1, 1)),
    _session("session expired, walls as JSON", wall_content_type="json"),
    _session("session expired, login.json answers {}", thin_login=True),
    _session("session expired, login.json answers 406", login_406=1, logins=2),
    _session("session expired, mint answers JSON", mint_refusal="json"),
    _session("session expired, a second factor is asked for", mfa=True, otp_limit=0, seconds=(3, 6)),
    _cloud("session ends at a write", Group.SESSION, (4, 8), _step("PUT ", expire=True, times=1), logins=2),
    _cloud("session ends at a new entry", Group.SESSION, (4, 8), _step(_NEW_ENTRY, expire=True, times=1), logins=2),
    _cloud("XSRF rotated at each write", Group.SESSION, (4, 8), _step("PUT ", rotate_xsrf=True, times=2), logins=1),
    _cloud("401 for battery settings", Group.SESSION, (4, 10), _step(SETTINGS, 401), logins=2, refuses=True),
    _cloud("401 for the status", Group.SESSION, (4, 10), _step(STATUS, 401), logins=2),
    _cloud("walls for reads", Group.SESSION, (4, 10), _step(_READ, 200, "@wall"), logins=2),
    _cloud("403 for reads", Group.SESSION, (4, 10), _step(_READ, 403, "@spring"), logins=2),
    _cloud("403 for writes", Group.SESSION, (3, 8), _step("PUT ", 403, "@spring"), logins=2, refuses=True),
    _cloud("token endpoints gone", Group.SESSION, (6, 12), _step("/users/self/token", 404), _step("jwt_token", 404)),
    _mood("token moved to /users/self/token", Group.SESSION, token_path="self"),
    _mood("token moved to jwt_token.json", Group.SESSION, token_path="jwt"),
    _mood("XSRF cookie quoted, no grace", Group.SESSION, xsrf_cookie="quoted", xsrf_grace=0),
    _mood("XSRF cookie in percent form", Group.SESSION, xsrf_cookie="percent"),
    _shape("reads refuse e-auth-token", e_auth="refused_reads"),
    _shape("all refuse e-auth-token", e_auth="refused"),
    _shape("e-auth-token required", e_auth="required"),
    _shape("writes only as cookie_eauth", write_shape="cookie_eauth"),
)

_POLITENESS = (
    _cloud("429, Retry-After 3", Group.POLITENESS, (2, 5), _step(_READ, 429, headers={"Retry-After": "3"})),
    _cloud("429, Retry-After nonsense", Group.POLITENESS, (1, 2), _step(_READ, 429, headers=_NONSENSE), least=300),
    _cloud("429 for reads", Group.POLITENESS, (2, 5), _step(_READ, 429), least=300),
    _mood("30 requests a minute", Group.POLITENESS, (10, 20), rate_limit="30/min", retry_after="date"),
    _cloud("503, Retry-After 4", Group.POLITENESS, (2, 5), _step(BATTERY, 503, headers={"Retry-After": "4"})),
    _cloud("500 for writes", Group.POLITENESS, (3, 8), _step("PUT ", 500, "@spring"), refuses=True),
    _cloud("502 as a page", Group.POLITENESS, (4, 10), _step(BATTERY, 502, "@error")),
    _cloud("503 empty, everywhere", Group.POLITENESS, (4, 10), _step("/", 503)),
    _cloud("551 for the list", Group.POLITENESS, (4, 10), _step(_LIST, 551)),
    _cloud("maintenance with 200", Group.POLITENESS, (4, 10), _step(BATTERY, 200, "@maintenance")),
    _cloud("maintenance with 503", Group.POLITENESS, (4, 10), _step(BATTERY, 503, "@maintenance")),
    _mood("the backend is busy", Group.POLITENESS, (6, 12), system_task=True),
)

_ANSWERS = (
    _cloud("connections break", Group.ANSWERS, (3, 8), _step(BATTERY, 0)),
    _cloud("writes arrive, answers are lost", Group.ANSWERS, (3, 8), _step("PUT ", 0, after=True)),
    _cloud("new entries arrive, answers are lost", Group.ANSWERS, (3, 8), _step("POST ", 0, after=True)),
    _cloud("writes arrive, answers are 502", Group.ANSWERS, (3, 8), _step("PUT ", 502, "@error", after=True)),
    _cloud("bodies cut", Group.ANSWERS, (4, 10), _step(BATTERY, cut=True)),
    _cloud("no end of the body", Group.ANSWERS, (1, 2), _step(_READ, endless=True, times=1), least=300),
    _cloud("a blank a second", Group.ANSWERS, (1, 2), _step(_READ, endless="drip", times=1), least=300),
    *(
        _cloud(f"reads are {name[1:]}", Group.ANSWERS, (4, 8), _step(_READ, 200, name))
        for name in ("@not json", "@null", "@list", "@text", "@empty", "@deep", "@bytes", "@gzip")
    ),
    _cloud("reads are {}", Group.ANSWERS, (4, 8), _step(_READ, 200, {})),
    _cloud("bodies of 40 MB", Group.ANSWERS, (2, 5), _step(_READ, huge=40_000_000, times=4)),
    _cloud("slow, 3 s", Group.ANSWERS, (5, 10), _step("/", delay=3)),
    _cloud("slow, 9 s", Group.ANSWERS, (5, 10), _step("GET ", delay=9)),
    _cloud("no answer for 25 s", Group.ANSWERS, (1, 2), _step("GET ", delay=25, times=1), least=300),
    _mood("numbers are N/A", Group.ANSWERS, status_numbers="na"),
    _mood("numbers are null", Group.ANSWERS, status_numbers="null"),
    _mood("unknown profile", Group.ANSWERS, profile="zeppelin"),
    _mood("no status of families, no details", Group.ANSWERS, schedule_status_missing=True, empty_details="omit"),
    _mood("details are null", Group.ANSWERS, empty_details="null"),
    _mood(
        "unknown words", Group.ANSWERS, odd_members={"profile": "lunar", "batteryGridMode": "?", "veryLowSoc": "N/A"}
    ),
    _mood("odd status of entries", Group.ANSWERS, odd_members={"scheduleStatus": "dreaming"}),
    _mood("controls are null", Group.ANSWERS, odd_members={"dtgControl": None}),
    _mood("members are missing", Group.ANSWERS, odd_members={"chargeFromGrid": "@missing", "details": "@missing"}),
)

_STALE = (
    _mood("reads lag 1 s", Group.STALE, (10, 20), read_lag=1.0),
    _mood("reads lag 3 s", Group.STALE, (10, 20), read_lag=READ_LAG_SECONDS),
    _mood("reads flap", Group.STALE, (10, 25), flapping=True),
    _mood("switching RBD on deletes its entries", Group.STALE, (10, 20), rbd_enable_deletes=True),
)

_GATEWAY = (
    _mood("gateway offline", Group.GATEWAY, (5, 15), gateway_online=False),
    _mood("gateway takes 8 s", Group.GATEWAY, (10, 20), activation_delay=8.0),
)

_HOME_ASSISTANT = (
    Kind("home assistant stopped", Group.HOME_ASSISTANT, (0, 5)),
    Kind("home assistant killed", Group.HOME_ASSISTANT, (0, 5)),
    Kind("helpers unavailable", Group.HOME_ASSISTANT, (2, 6)),
    Kind("a helper removed", Group.HOME_ASSISTANT, (2, 6)),
)

_APPDAEMON = (
    Kind("appdaemon killed", Group.APPDAEMON, (0, 8)),
    Kind("appdaemon stopped", Group.APPDAEMON, (0, 8)),
    Kind("app reloaded", Group.APPDAEMON, (3, 4)),
    Kind("app restarted", Group.APPDAEMON, (3, 4)),
)

_CLOCK = (
    Kind("machine suspended", Group.CLOCK, (3, 12)),
    _mood("cloud's clock 90 s ahead", Group.CLOCK, (8, 15), clock_skew=90.0),
    _mood("cloud's clock 100 s behind", Group.CLOCK, (8, 15), clock_skew=-100.0),
)

_STORE = (
    Kind("store unwritable", Group.STORE, (4, 10)),
    Kind(STORE_TRUNCATED, Group.STORE, (1, 2), logins=1),
)

KINDS: tuple[Kind, ...] = (
    *(*_SESSION, *_POLITENESS, *_ANSWERS, *_STALE, *_GATEWAY),
    *(*_HOME_ASSISTANT, *_APPDAEMON, *_CLOCK, *_STORE),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
