"""The battery settings, and what a settings PUT may do to them (section 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from ..clock import iso
from .families import Family
from .storm import OFF, StormGuard

BACKUP_PROFILE = "backup_only"
BACKUP_RESERVE = 100
FIRST_RESERVE = 20
VERY_LOW_RANGE = (5, 25)
_LAST_MINUTE = 24 * 60 - 1
_SCHEDULE_FAULT = "Request contains invalid or missing parameters required for schedules"
_Value = TypeVar("_Value")


class MalformedError(Exception):
    """A settings body that the cloud refuses with `status` and the message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Own(NamedTuple):
    """What each profile keeps of its own (statement 96): the reserve in percent, and the charge switch."""

    reserve: int
    charge_from_grid: bool


@dataclass(frozen=True, slots=True)
class BatterySettings:
    """What the cloud stores; SoC in percent, times in minutes after local midnight."""

    charge_from_grid: bool = False
    charge_schedule: bool = False
    charge_begin: int = 120
    charge_end: int = 300
    disclaimer: str | None = None
    discharge_to_grid: bool = False
    discharge_start: int = 960
    discharge_end: int = 1140
    restrict_discharge: bool = False
    reserve: int = FIRST_RESERVE
    very_low_soc: int = 10
    profile: str = "self-consumption"
    sub_type: str = ""
    storm: StormGuard = OFF
    others: tuple[tuple[str, Own], ...] = ()
    """What the profiles that were in use before keep of their own."""


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """A settings PUT, read once: None means that the body does not say."""

    charge_from_grid: bool | None = None
    charge_schedule: bool | None = None
    charge_begin: int | None = None
    charge_end: int | None = None
    disclaimer: bool | str | None = None
    discharge_to_grid: bool | None = None
    discharge_start: int | None = None
    discharge_end: int | None = None
    restrict_discharge: bool | None = None
    reserve: int | None = None
    very_low_soc: int | None = None
    profile: str | None = None
    sub_type: str | None = None
    families: frozenset[Family] = frozenset()
    """The families that the body carries."""
    has_devices: bool = False
    is_short_rbd_off: bool = False
    """`rbdControl` with `enabled: false` and nothing else beside it (statement 51)."""

    def without(self, families: frozenset[Family]) -> SettingsChange:
        """Return the change without what it says about some families."""
        nothing: dict[str, Any] = dict.fromkeys(name for family in families for name in _MEMBERS[family])
        return replace(self, families=self.families - families, **nothing)

    @property
    def applies(self) -> frozenset[Family]:
        """The families whose entries this write commits: those that it switches on (section 6.8, "Activation")."""
        charge = self.charge_schedule is not False and (self.charge_from_grid or self.charge_schedule)
        wanted = ((Family.CFG, charge), (Family.DTG, self.discharge_to_grid), (Family.RBD, self.restrict_discharge))
        return frozenset(family for family, on in wanted if on)


_MEMBERS = {
    Family.CFG: ("charge_from_grid", "charge_schedule", "charge_begin", "charge_end"),
    Family.DTG: ("discharge_to_grid", "discharge_start", "discharge_end"),
    Family.RBD: ("restrict_discharge",),
}


def parse_change(body: object, *, dtg_times_required: bool = False) -> SettingsChange:
    """Read the body of a settings PUT; raise MalformedError (statement 56, C31, C33: status 500)."""
    if not isinstance(body, Mapping):
        raise MalformedError("the body is not an object")
    cfg, dtg, rbd = (_control(body, name) for name in ("cfgControl", "dtgControl", "rbdControl"))
    nested_only = set(body) == {"cfgControl"} and "chargeFromGrid" in cfg
    timeless = dtg_times_required and "scheduleSupported" in dtg and not _has_times(dtg)
    if nested_only or timeless or any(_has_times(part) for part in (body, cfg, rbd)):
        raise MalformedError(_SCHEDULE_FAULT, 500)
    charge = {"chargeFromGrid", "chargeFromGridScheduleEnabled", "chargeBeginTime", "chargeEndTime"} & set(body)
    carried = ((Family.CFG, charge or cfg), (Family.DTG, dtg), (Family.RBD, rbd))
    restrict = _flag(rbd, "enabled")
    return SettingsChange(
        charge_from_grid=_flag(body, "chargeFromGrid"),
        charge_schedule=_flag(body, "chargeFromGridScheduleEnabled"),
        charge_begin=whole(body, "chargeBeginTime", _LAST_MINUTE),
        charge_end=whole(body, "chargeEndTime", _LAST_MINUTE),
        disclaimer=_disclaimer(body.get("acceptedItcDisclaimer")),
        discharge_to_grid=_flag(dtg, "enabled"),
        discharge_start=whole(dtg, "startTime", _LAST_MINUTE),
        discharge_end=whole(dtg, "endTime", _LAST_MINUTE),
        restrict_discharge=restrict,
        reserve=whole(body, "batteryBackupPercentage", None),
        very_low_soc=whole(body, "veryLowSoc", None),
        profile=text(body, "profile"),
        sub_type=text(body, "operationModeSubType"),
        families=frozenset(family for family, part in carried if part),
        has_devices="devices" in body,
        is_short_rbd_off=restrict is False and set(body) == {"rbdControl"},
    )


def changed(
    settings: BatterySettings, change: SettingsChange, now: datetime, *, entry_enables: bool
) -> BatterySettings:
    """Return the settings after a change that is `within` its ranges, all but another profile.

    `entry_enables`: a CFG entry stands, so switching charging on enables its schedule too (statement 48a).
    Full backup keeps its reserve whatever is written (sections 6.2 and 15.2).
    """
    disclaimer = settings.disclaimer
    if change.disclaimer is not None:  # statement 55
        disclaimer = (
            change.disclaimer if isinstance(change.disclaimer, str) else (iso(now) if change.disclaimer else None)
        )
    schedule = change.charge_schedule
    if schedule is None and change.charge_from_grid and entry_enables:
        schedule = True
    return replace(
        settings,
        charge_from_grid=_or(change.charge_from_grid, settings.charge_from_grid),
        charge_schedule=_or(schedule, settings.charge_schedule),
        charge_begin=_or(change.charge_begin, settings.charge_begin),
        charge_end=_or(change.charge_end, settings.charge_end),
        disclaimer=disclaimer,
        discharge_to_grid=_or(change.discharge_to_grid, settings.discharge_to_grid),
        discharge_start=_or(change.discharge_start, settings.discharge_start),
        discharge_end=_or(change.discharge_end, settings.discharge_end),
        restrict_discharge=_or(change.restrict_discharge, settings.restrict_discharge),
        reserve=settings.reserve if settings.profile == BACKUP_PROFILE else _or(change.reserve, settings.reserve),
        very_low_soc=_or(change.very_low_soc, settings.very_low_soc),
    )


def within(change: SettingsChange, reserve_range: tuple[int, int], *, clamp: bool) -> SettingsChange:
    """Return the change with its SoCs in their ranges; raise MalformedError for one that is not (statement 62)."""
    return replace(
        change,
        reserve=ranged("batteryBackupPercentage", change.reserve, reserve_range, clamp=clamp),
        very_low_soc=ranged("veryLowSoc", change.very_low_soc, VERY_LOW_RANGE, clamp=clamp),
    )


def _or(value: _Value | None, other: _Value) -> _Value:
    return other if value is None else value


def ranged(name: str, value: int | None, allowed: tuple[int, int], *, clamp: bool) -> int | None:
    """Return a number within its range, brought there if `clamp`; else raise MalformedError (statement 62)."""
    low, high = allowed
    if value is None:
        return None
    if low <= value <= high or clamp:
        return min(max(value, low), high)
    raise MalformedError(f"{name} is not {low} to {high}")


def _control(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedError(f"{name} is not an object")
    return value


def _has_times(part: Mapping[str, object]) -> bool:
    return part.get("startTime") is not None or part.get("endTime") is not None


def _flag(part: Mapping[str, object], name: str) -> bool | None:
    value = part.get(name)
    if value is not None and not isinstance(value, bool):
        raise MalformedError(f"{name} is not a boolean")
    return value


def whole(part: Mapping[str, object], name: str, most: int | None) -> int | None:
    """Read a whole number, not negative if `most` is given; None: it is absent; raise MalformedError."""
    value = part.get(name)
    if value is None:
        return None
    if type(value) is not int or (most is not None and not 0 <= value <= most):
        raise MalformedError(f"{name} is not a whole number in its range")
    return value


def text(part: Mapping[str, object], name: str) -> str | None:
    """Read a text; None: it is absent; raise MalformedError."""
    value = part.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"{name} is not a text")
    return value


def _disclaimer(value: object) -> bool | str | None:
    if value is None or isinstance(value, bool):
        return value
    try:
        datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise MalformedError("acceptedItcDisclaimer is neither a boolean nor an ISO time") from error
    return str(value)
