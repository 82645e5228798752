"""Why something is as it is: a kind, which code compares, and the values that a sentence about it needs.

The sentences are made in :mod:`..words.reasons`, and nowhere else. Nothing here, and nothing that compares, knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ..store.decoding import as_instant, as_mapping, as_optional_instant
from .controls import Control
from .entries import Terms


class Kind(str, Enum):
    """The kinds of reasons. The value is what entities and results show as `reason_kind`: it stays what it is."""

    # What was read, and whether the gateway acts on it.
    NOT_READ_YET = "not_read_yet"
    SWITCH_NOT_TOLD = "switch_not_told"
    SWITCH_NOT_TOLD_OF = "switch_not_told_of"
    OVERRIDDEN = "overridden"
    ENTRIES_NOT_READ = "entries_not_read"
    NO_ENTRY = "no_entry"
    NO_ENTRY_NOW = "no_entry_now"
    SCHEDULE_OFF = "schedule_off"
    ABOVE_RESERVE = "above_reserve"
    RESERVE_NOT_READ = "reserve_not_read"
    OUTSIDE_DAILY_WINDOW = "outside_daily_window"
    ENTRIES_NOT_LOOKED_AT = "entries_not_looked_at"
    CHANGE_ON_ITS_WAY = "change_on_its_way"
    ON_NOT_REPORTED = "on_not_reported"
    OFF_NOT_REPORTED = "off_not_reported"
    REPORT_NOT_READ = "report_not_read"
    GATEWAY_SILENT = "gateway_silent"
    DOES_NOT_CHARGE = "does_not_charge"
    DOES_NOT_DISCHARGE = "does_not_discharge"
    DOES_NOT_HOLD = "does_not_hold"
    TARGET_NEEDS_ENTRY = "target_needs_entry"
    STOPS_AT_RESERVE = "stops_at_reserve"

    # Why nothing is written.
    ZONE_UNKNOWN = "zone_unknown"
    OVERLAP = "overlap"
    WOULD_WAKE_ENTRIES = "would_wake_entries"
    CLOUD_BUSY = "cloud_busy"
    CLOCK_WRONG = "clock_wrong"
    CLOCK_TOO_WRONG = "clock_too_wrong"
    TOO_MANY_CHANGES = "too_many_changes"
    ON_HOLD = "on_hold"
    NO_SUCH_CONTROL = "no_such_control"
    NO_RIGHTS = "no_rights"
    LOCKED = "locked"
    GRID_AGREEMENT = "grid_agreement"
    DISCLAIMER = "disclaimer"
    CANNOT_BE_CHANGED = "cannot_be_changed"

    # What is waited for.
    ON_ITS_WAY = "on_its_way"
    ON_ITS_WAY_SILENT = "on_its_way_silent"
    OFF_UNHEARD = "off_unheard"
    NOT_SHOWN_YET = "not_shown_yet"
    DOUBTED = "doubted"
    REFUSED_YET_OPEN = "refused_yet_open"
    RIVAL_STILL_ON = "rival_still_on"
    LIST_UNREADABLE = "list_unreadable"
    CLOUD_UNDECIDED = "cloud_undecided"
    OWN_ENTRY_STILL_LISTED = "own_entry_still_listed"
    OWN_ENTRY_MAY_STAND = "own_entry_may_stand"
    OWN_ENTRY_IN_THE_WAY = "own_entry_in_the_way"
    OWN_ENTRY_LEAVING = "own_entry_leaving"
    OWN_ENTRY_NOT_DELETED = "own_entry_not_deleted"
    YOUR_ENTRY_NOT_ACTIVE = "your_entry_not_active"
    NOT_LISTED_YET = "not_listed_yet"
    AWAITING_GATEWAY = "awaiting_gateway"
    AWAITING_SILENT_GATEWAY = "awaiting_silent_gateway"
    AWAITING_OVERRIDDEN_GATEWAY = "awaiting_overridden_gateway"
    SCHEDULE_NOT_SHOWN = "schedule_not_shown"

    # What went wrong with a write.
    IGNORED = "ignored"
    NOT_ARRIVED = "not_arrived"
    ENTRY_VANISHED = "entry_vanished"
    UNLISTED_CONFLICT = "unlisted_conflict"
    SWITCH_NOT_TAKEN = "switch_not_taken"

    # What is to be said of what is so.
    ALL_DAY_ENTRY = "all_day_entry"
    YOUR_ENTRIES_DECIDE = "your_entries_decide"
    REPLACED = "replaced"
    WOULD_DO = "would_do"
    NOTHING_TO_DO = "nothing_to_do"

    # What is done.
    SWITCH_STEP = "switch_step"
    CREATE_STEP = "create_step"
    UPDATE_STEP = "update_step"
    DELETE_STEP = "delete_step"

    # What becomes of commands.
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    NOTHING_WANTED = "nothing_wanted"
    END_PASSED = "end_passed"
    NEWER_REQUEST = "newer_request"
    REQUEST_MEANWHILE = "request_meanwhile"
    CODE_SENT = "code_sent"
    BAD_COMMAND = "bad_command"
    NOT_IN_CONTROLS = "not_in_controls"
    TARGET_NOT_YOURS = "target_not_yours"
    UNTIL_NEEDS_ZONE = "until_needs_zone"
    UNTIL_PAST = "until_past"
    UNTIL_TOO_FAR = "until_too_far"

    # The cloud, out of reach or refusing.
    CLOUD_UNREACHABLE = "cloud_unreachable"
    CONNECTION_UNSAFE = "connection_unsafe"
    RATE_LIMITED = "rate_limited"
    REQUEST_BUDGET = "request_budget"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    NOT_AVAILABLE = "not_available"
    CONFLICT = "conflict"
    UNEXPECTED_ANSWER = "unexpected_answer"
    SESSION_REJECTED = "session_rejected"
    SITE_NOT_FOUND = "site_not_found"
    USER_NOT_FOUND = "user_not_found"
    SITE_ID_WRONG = "site_id_wrong"
    SITE_AMBIGUOUS = "site_ambiguous"
    NOTHING_TO_CONTROL = "nothing_to_control"
    SITE_CHANGED = "site_changed"

    # The sign-in.
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_WAITS_FOR_CODE = "sign_in_waits_for_code"
    SIGN_IN_BLOCKED = "sign_in_blocked"
    SIGN_IN_UNANSWERED = "sign_in_unanswered"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a kind of reason
    CODE_WANTED = "code_wanted"
    CODE_REFUSED = "code_refused"
    CODE_MALFORMED = "code_malformed"
    TOO_MANY_CODES = "too_many_codes"
    CODE_JUST_SENT = "code_just_sent"
    CODES_UNUSED = "codes_unused"
    NO_CODE_WANTED = "no_code_wanted"
    ACCOUNT_BLOCKED = "account_blocked"
    TOO_MANY_SESSIONS = "too_many_sessions"
    BORROWED_SESSION_ENDED = "borrowed_session_ended"
    CODE_FOR_THE_APP = "code_for_the_app"
    NO_SIGN_IN_BEFORE = "no_sign_in_before"
    SHORT_SESSIONS = "short_sessions"

    # Problems of the installation, and what is left somewhere.
    CONFIGURATION = "configuration"
    INSTALLATION = "installation"
    APP_FAILED = "app_failed"
    NO_WINDOW_RUNS = "no_window_runs"
    ENTRY_TAKEN_OVER = "entry_taken_over"
    ENTRY_LEFT_OVER = "entry_left_over"
    LEFT_AT_OTHER_SITE = "left_at_other_site"
    LEFT_ENTRY = "left_entry"
    LEFT_SWITCH = "left_switch"
    STORE_NOT_WRITTEN = "store_not_written"
    STORE_LOST = "store_lost"
    HELPER_MISSING = "helper_missing"
    HELPER_ID_TAKEN = "helper_id_taken"
    HELPER_NAMED_OTHERWISE = "helper_named_otherwise"
    HELPER_NOT_CREATED = "helper_not_created"
    HELPERS_NOT_TOLD = "helpers_not_told"
    HELPER_UNANSWERED = "helper_unanswered"
    NO_ADMINISTRATOR = "no_administrator"


class Override(Enum):
    """What keeps the battery from following its schedules and switches (S15)."""

    STORM = "storm"
    DEMAND_RESPONSE = "demand_response"
    FULL_BACKUP = "full_backup"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, of one thing. Made by :func:`because`.

    Attributes:
        kind: What code compares.
        values: What the sentence needs, by name: texts, numbers, instants (aware, UTC), durations, controls, what
            entries say, overrides, other reasons, and tuples of them.
        until: Instant (aware, UTC) at which it is over, or is looked at again; None when nobody knows.
    """

    kind: Kind
    values: tuple[tuple[str, object], ...] = ()
    until: datetime | None = None

    @property
    def calls_for_a_person(self) -> bool:
        """Whether a person can do something about it, and need not just wait: then there is a hint."""
        if self.kind is Kind.CLOUD_UNREACHABLE:
            return self.get("unsafe") is True
        if self.kind is Kind.INSTALLATION:
            return self.get("hint") is not None
        if self.kind in (Kind.CANNOT_BE_CHANGED, Kind.NO_SIGN_IN_BEFORE):
            inner = self.get("why") or self.get("error")
            return isinstance(inner, Reason) and inner.calls_for_a_person
        return self.kind in _FOR_A_PERSON

    def get(self, name: str) -> object:
        """Return one of the values; None when there is none of this name."""
        return dict(self.values).get(name)

    def lasting(self) -> dict[str, object]:
        """Return as JSON the values that stay the same while the same goes on: all but instants."""
        return {name: _encoded(value) for name, value in self.values if not isinstance(value, datetime)}

    def to_json(self) -> dict[str, object]:
        """Return the reason as the store keeps it."""
        return {
            "kind": self.kind.value,
            "values": {name: _encoded(value) for name, value in self.values},
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_json(cls, value: object) -> Reason:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        values = {name: _decoded(one) for name, one in as_mapping(data["values"]).items()}
        return because(Kind(data["kind"]), as_optional_instant(data["until"]), **values)


def because(kind: Kind, until: datetime | None = None, /, **values: object) -> Reason:
    """Return a reason. A value of None is left out."""
    return Reason(kind, tuple(sorted((name, one) for name, one in values.items() if one is not None)), until)


def _encoded(value: object) -> object:
    """Return a value as JSON: texts, numbers and truth as they are, all else as an object that names its type."""
    match value:
        case Reason() | Terms():
            return {type(value).__name__: value.to_json()}
        case datetime():
            return {"datetime": value.isoformat()}
        case timedelta():
            return {"timedelta": value.total_seconds()}
        case Control() | Override():
            return {type(value).__name__: value.value}
        case tuple():
            return [_encoded(one) for one in value]
        case _:
            return value


def _decoded(value: object) -> object:
    if isinstance(value, list):
        return tuple(_decoded(one) for one in value)
    if not isinstance(value, Mapping):
        return value
    ((name, one),) = value.items()
    return _DECODERS[name](one)


_DECODERS: Mapping[str, Callable[[object], object]] = {
    "Reason": Reason.from_json,
    "Terms": Terms.from_json,
    "datetime": as_instant,
    "timedelta": lambda value: timedelta(seconds=float(str(value))),
    "Control": Control,
    "Override": Override,
}

_FOR_A_PERSON = frozenset(
    {
        *(Kind.ZONE_UNKNOWN, Kind.OVERLAP, Kind.WOULD_WAKE_ENTRIES, Kind.CLOCK_WRONG, Kind.CLOCK_TOO_WRONG),
        *(Kind.NO_SUCH_CONTROL, Kind.NO_RIGHTS, Kind.LOCKED, Kind.GRID_AGREEMENT, Kind.DISCLAIMER),
        *(Kind.DOES_NOT_CHARGE, Kind.DOES_NOT_DISCHARGE, Kind.DOES_NOT_HOLD),
        *(Kind.ON_ITS_WAY_SILENT, Kind.OFF_UNHEARD, Kind.NOT_ARRIVED),
        *(Kind.AWAITING_GATEWAY, Kind.AWAITING_SILENT_GATEWAY, Kind.AWAITING_OVERRIDDEN_GATEWAY),
        *(Kind.ENTRY_VANISHED, Kind.UNLISTED_CONFLICT, Kind.SWITCH_NOT_TAKEN, Kind.SWITCH_NOT_TOLD_OF),
        *(Kind.TARGET_NOT_YOURS, Kind.UNTIL_NEEDS_ZONE, Kind.UNTIL_TOO_FAR, Kind.CONNECTION_UNSAFE, Kind.FORBIDDEN),
        *(Kind.SITE_NOT_FOUND, Kind.USER_NOT_FOUND, Kind.SITE_ID_WRONG, Kind.SITE_AMBIGUOUS),
        Kind.NOTHING_TO_CONTROL,
        *(Kind.SIGN_IN_REFUSED, Kind.SIGN_IN_WAITS_FOR_CODE, Kind.SIGN_IN_BLOCKED, Kind.SHORT_SESSIONS),
        *(Kind.WRONG_PASSWORD, Kind.CODE_WANTED, Kind.CODE_REFUSED, Kind.CODE_MALFORMED, Kind.TOO_MANY_CODES),
        *(Kind.ACCOUNT_BLOCKED, Kind.TOO_MANY_SESSIONS, Kind.BORROWED_SESSION_ENDED, Kind.CODE_FOR_THE_APP),
        *(Kind.CONFIGURATION, Kind.APP_FAILED, Kind.NO_WINDOW_RUNS, Kind.ENTRY_TAKEN_OVER),
        *(Kind.ENTRY_LEFT_OVER, Kind.LEFT_AT_OTHER_SITE, Kind.STORE_NOT_WRITTEN, Kind.STORE_LOST),
        *(Kind.HELPER_MISSING, Kind.HELPER_ID_TAKEN),
    }
)
