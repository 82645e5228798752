"""A weekly window: what a schedule entry says, how it is read, when it covers a moment, what it overlaps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytz

from .families import Family

DAY = 24 * 60
WEEK = 7 * DAY
_DAY = timedelta(minutes=DAY)
_HALF_HOUR = timedelta(minutes=30)
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to before `end` (minutes after local midnight) on `days` (1 = Monday), in `timezone`.

    An end before the start lies on the next day; the weekday is that of the start (statements 66, 68).
    `limit` is a SoC in percent: charge up to, or discharge down to; RBD has none that means anything.
    """

    family: Family
    start: int
    end: int
    days: tuple[int, ...]
    limit: int
    timezone: str

    @property
    def length(self) -> int:
        """Minutes from start to end."""
        return (self.end - self.start) % DAY

    def covers(self, moment: datetime) -> bool:
        """Tell whether the local wall clock of `moment` lies inside."""
        local = moment.astimezone(pytz.timezone(self.timezone))
        minute_of_week = local.weekday() * DAY + local.hour * 60 + local.minute
        return any((minute_of_week - begin) % WEEK < self.length for begin in self._begins())

    def constant_until(self, moment: datetime) -> datetime:
        """Return a later moment, at most a day ahead, up to which `covers` gives the same answer.

        That is the next boundary by plain arithmetic, as the wall clock runs evenly. Where it does not, on the way to
        a change of the clocks, it is the next half hour of UTC: zones change their offset only there.
        """
        zone = pytz.timezone(self.timezone)
        local = moment.astimezone(zone)
        past = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        until = moment + min((timedelta(minutes=minute) - past) % _DAY or _DAY for minute in (self.start, self.end))
        if until.astimezone(zone).utcoffset() == local.utcoffset():
            return until
        return min(until, moment + _HALF_HOUR - timedelta(seconds=moment.timestamp() % _HALF_HOUR.total_seconds()))

    def overlaps(self, other: Window, *, touching_ok: bool) -> bool:
        """Tell whether both share a minute of the week (statements 63, 66), or touch where that counts (67)."""
        reach = 0 if touching_ok else 1
        return any(
            (b - a) % WEEK < self.length + reach or (a - b) % WEEK < other.length + reach
            for a in self._begins()
            for b in other._begins()
        )

    def _begins(self) -> tuple[int, ...]:
        return tuple((day - 1) * DAY + self.start for day in self.days)


def parse_window(body: Mapping[str, object]) -> Window:
    """Read the body of a create or update (section 6.8); raise ValueError naming the fault (statements 70, 71)."""
    family = _family(body.get("scheduleType"))
    start, end = _minutes(body, "startTime"), _minutes(body, "endTime")
    if start == end:
        raise ValueError("startTime and endTime are equal")
    zone = body.get("timezone")
    if zone not in pytz.all_timezones_set:
        raise ValueError("timezone is missing or unknown")
    return Window(family, start, end, _days(body.get("days")), _limit(body.get("limit"), family), str(zone))


def clock_time(minutes: int) -> str:
    """Write minutes after midnight as `HH:MM`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _family(value: object) -> Family:
    for family in Family:
        if family.value == value:
            return family
    raise ValueError("scheduleType is not CFG, DTG or RBD")


def _minutes(body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    match = _CLOCK_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{name} is not HH:MM")
    return int(match[1]) * 60 + int(match[2])


def _days(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value or not all(type(day) is int and 1 <= day <= 7 for day in value):  # noqa: PLR2004 - days of a week
        raise ValueError("days is not a list of 1 to 7")
    return tuple(value)


def _limit(value: object, family: Family) -> int:
    if value is None and family is Family.RBD:
        return 100
    if type(value) is not int or not 5 <= value <= 100:  # noqa: PLR2004 - percent
        raise ValueError("limit is not 5 to 100")
    return value
