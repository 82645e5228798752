"""Time-of-use windows: weekly wall-clock times in, exact instants out, also on the days when the clocks change.

All of it rests on one definition: the instant of a wall-clock time is *the first instant at which the local clock shows
that time or a later one*. A time in the spring gap thereby becomes the end of the gap, and a time in the doubled hour
its first pass. An earlier wall-clock time never gets a later instant, so windows that do not overlap on the wall clock
do not overlap on any day of the year either; all that a clock change can do is stretch an occurrence, shorten it, or
leave nothing of it.

Instants are aware datetimes in UTC. A zone is any :class:`~datetime.tzinfo` that can be hashed, such as
`pytz.timezone(...)` gives; its offsets are asked for instants only, because the `is_dst` flag of pytz means different
things in different zones (in Europe/Dublin winter time is the "daylight" one).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .names import Control

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_SECOND = timedelta(seconds=1)
_TWO_WEEKS_AHEAD = range(15)  # today and 14 days: a weekly window whose next occurrence falls into a gap has one more
_ANY_MONDAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """A wish that comes back every week, in wall-clock times of the site.

    Args:
        name: What the user calls it; unique among the windows.
        control: What is switched on.
        start: Local time of the first moment.
        end: Local time of the first moment after it; earlier than `start` means on the next day. Never equal to it.
        days: ISO weekdays (1 is Monday) on which it starts.
        target_soc: Percent at which charging or discharging stops; None: the control's own default.
    """

    name: str
    control: Control
    start: time
    end: time
    days: frozenset[int]
    target_soc: int | None

    def begins(self) -> frozenset[int]:
        """Return the minutes of the week (0 is Monday, 00:00) at which it starts."""
        return frozenset(((day - 1) * 24 + self.start.hour) * 60 + self.start.minute for day in self.days)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One run of a window: `start` <= t < `end`, aware UTC instants. It always lasts more than nothing."""

    window: Window
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """Identity that stays the same over restarts: the window's name and the UTC start."""
        return f"{self.window.name}@{self.start.isoformat()}"


def occurrences(windows: Sequence[Window], zone: tzinfo, since: datetime, until: datetime) -> tuple[Occurrence, ...]:
    """Return all occurrences that share at least a moment with `since` <= t < `until`, ordered by their start."""
    found = []
    day = since.astimezone(zone).date() - _DAY  # one that started the day before may still run
    while _instant(zone, day, time.min) < until:
        found += [o for o in _starting_on(day, windows, zone) if max(o.start, since) < min(o.end, until)]
        day += _DAY
    return tuple(sorted(found, key=_order))


def running(windows: Sequence[Window], zone: tzinfo, now: datetime) -> tuple[Occurrence, ...]:
    """Return the occurrences with `start` <= `now` < `end`, ordered by their start."""
    return occurrences(windows, zone, now, now + timedelta.resolution)


def next_occurrence(windows: Sequence[Window], zone: tzinfo, now: datetime) -> Occurrence | None:
    """Return the first occurrence that starts after `now`; None without windows."""
    today = now.astimezone(zone).date()
    for ahead in _TWO_WEEKS_AHEAD:
        later = [o for o in _starting_on(today + ahead * _DAY, windows, zone) if o.start > now]
        if later:
            return min(later, key=_order)
    return None


def next_boundary(windows: Sequence[Window], zone: tzinfo, now: datetime) -> datetime | None:
    """Return the first instant after `now` at which an occurrence starts or ends; None without windows."""
    instants = [occurrence.end for occurrence in running(windows, zone, now)]
    upcoming = next_occurrence(windows, zone, now)
    if upcoming is not None:
        instants.append(upcoming.start)
    return min(instants, default=None)


def next_local_time(zone: tzinfo, wall: time, now: datetime) -> datetime:
    """Return the first instant after `now` at which the local clock reaches `wall`, on this day or a later one."""
    today = now.astimezone(zone).date()
    instants = (_instant(zone, today + ahead * _DAY, wall) for ahead in count())
    return next(instant for instant in instants if instant > now)


def swallowed(windows: Sequence[Window], zone: tzinfo, day: date) -> tuple[Window, ...]:
    """Return the windows that would start on this local day, but of which a clock change leaves nothing."""
    due = [window for window in windows if day.isoweekday() in window.days]
    left = [occurrence.window for occurrence in _starting_on(day, windows, zone)]
    return tuple(window for window in due if window not in left)


def overlaps(windows: Sequence[Window]) -> tuple[tuple[Window, Window], ...]:
    """Return each pair of windows that share a moment of the weekly wall clock, of any controls, in the order given.

    Windows that touch (one ends at the minute at which the other starts) do not overlap.
    """
    stretches = []
    for index, window in enumerate(windows):
        for weekday in window.days:
            day = _ANY_MONDAY + (weekday - 1) * _DAY
            start, end = datetime.combine(day, window.start), datetime.combine(_last_day(window, day), window.end)
            stretches += [(start, end, index), (start + _WEEK, end + _WEEK, index)]  # Sunday night meets Monday
    pairs: set[tuple[int, int]] = set()
    open_stretches: list[tuple[datetime, int]] = []
    for start, end, index in sorted(stretches):
        open_stretches = [stretch for stretch in open_stretches if stretch[0] > start]
        pairs.update((min(index, other), max(index, other)) for _, other in open_stretches)
        open_stretches.append((end, index))
    return tuple((windows[first], windows[second]) for first, second in sorted(pairs))


def _order(occurrence: Occurrence) -> tuple[datetime, datetime, str]:
    return occurrence.start, occurrence.end, occurrence.window.name


def _last_day(window: Window, day: date) -> date:
    """Return the local day on which the occurrence ends that starts on `day`."""
    return day if window.start < window.end else day + _DAY


def _starting_on(day: date, windows: Sequence[Window], zone: tzinfo) -> Iterator[Occurrence]:
    """Yield the occurrences whose wall-clock start is on `day` and of which a clock change leaves something."""
    weekday = day.isoweekday()
    for window in windows:
        if weekday in window.days:
            start = _instant(zone, day, window.start)
            end = _instant(zone, _last_day(window, day), window.end)
            if start < end:
                yield Occurrence(window, start, end)


def _instant(zone: tzinfo, day: date, wall: time) -> datetime:
    """Return the first instant (aware, UTC) at which the clock of `zone` shows `wall` on `day` or a later time."""
    offsets = _offsets(zone, day)
    shown = datetime.combine(day, wall, timezone.utc)
    instant = shown - offsets.before
    return instant if instant < offsets.change else max(offsets.change, shown - offsets.after)


@dataclass(frozen=True, slots=True)
class _Offsets:
    """The UTC offset `before` and `after` the instant `change` (aware, UTC). On an ordinary day they are the same."""

    before: timedelta
    change: datetime
    after: timedelta


@lru_cache(maxsize=128)
def _offsets(zone: tzinfo, day: date) -> _Offsets:
    """Return the offsets that count for the wall-clock times of `day`: no zone changes twice within three days."""

    def offset(instant: datetime) -> timedelta:
        return instant.astimezone(zone).replace(tzinfo=timezone.utc) - instant

    early = datetime.combine(day, time.min, timezone.utc) - _DAY
    late = early + 3 * _DAY
    before, after = offset(early), offset(late)
    while before != after and late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if offset(middle) == before:
            early = middle
        else:
            late = middle
    return _Offsets(before, late, after)
