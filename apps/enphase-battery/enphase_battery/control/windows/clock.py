"""Time-of-use windows: weekly wall-clock times in, exact instants out, also on the days when the clocks change.

All of it rests on one definition: the instant of a wall-clock time is *the first instant at which the local clock shows
that time or a later one*. A time in the spring gap thereby becomes the end of the gap, and a time in the doubled hour
its first pass. An earlier wall-clock time never gets a later instant, so windows that do not overlap on the wall clock
do not overlap on any day of the year either; all that a clock change can do is stretch an occurrence, shorten it, or
leave nothing of it. For the same reason a search can compare wall-clock times, and ask for the instants of what it
found only.

Instants are aware datetimes in UTC. A zone is any :class:`~datetime.tzinfo` that can be hashed, such as
`pytz.timezone(...)` gives; its offsets are asked for instants only, because the `is_dst` flag of pytz means different
things in different zones (in Europe/Dublin winter time is the "daylight" one).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import count, groupby, takewhile
from operator import attrgetter

from ..weekly import meetings
from .window import Occurrence, Window

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_TWO_WEEKS = 14  # days: a weekly window whose next occurrence falls into a gap has one more
_by_start = attrgetter("start")
_order = attrgetter("start", "end", "window.name")


def occurrences(windows: Sequence[Window], zone: tzinfo, since: datetime, until: datetime) -> tuple[Occurrence, ...]:
    """Return all occurrences that share at least a moment with `since` <= t < `until`, ordered by their start."""
    if until <= since:
        return ()
    found = [*running(windows, zone, since)]
    for starting in _days_ahead(windows, zone, since, (_shown(zone, until).date() - _shown(zone, since).date()).days):
        found += sorted(takewhile(lambda one: one.start < until, starting), key=_order)
    return tuple(found)


def running(windows: Sequence[Window], zone: tzinfo, now: datetime) -> tuple[Occurrence, ...]:
    """Return the occurrences with `start` <= `now` < `end`, ordered by their start."""
    shown = _shown(zone, now)
    candidates = [window for window in windows if window.covers(shown.time())]
    days = (shown.date() - _DAY, shown.date())  # one that started the day before may still run
    around = (occurrence for day in days for occurrence in _starting_on(day, candidates, zone))
    return tuple(sorted((one for one in around if one.start <= now < one.end), key=_order))


def next_occurrence(
    windows: Sequence[Window], zone: tzinfo, now: datetime, but: Collection[str] = ()
) -> Occurrence | None:
    """Return the first occurrence that starts after `now`, but for those with these keys; None without windows."""
    for starting in _days_ahead(windows, zone, now, _TWO_WEEKS):
        for _, together in groupby((one for one in starting if one.key not in but), key=_by_start):
            return min(together, key=_order)
    return None


def next_boundary(windows: Sequence[Window], zone: tzinfo, now: datetime) -> datetime | None:
    """Return the first instant after `now` at which an occurrence starts or ends; None without windows."""
    instants = [occurrence.end for occurrence in running(windows, zone, now)]
    upcoming = next_occurrence(windows, zone, now)
    if upcoming is not None:
        instants.append(upcoming.start)
    return min(instants, default=None)


def running_about(windows: Sequence[Window], zone: tzinfo, day: date, wall: time) -> tuple[Occurrence, ...]:
    """Return the occurrences whose time it is when the local clock reaches `wall` on `day`.

    Where a clock change is near, also those whose time it is so much earlier or later as the clocks are changed.
    """
    offsets = _offsets(zone, day)
    instant, change = offsets.instant(day, wall), abs(offsets.after - offsets.before)
    return occurrences(windows, zone, instant - change, instant + change + timedelta.resolution)


def next_local_time(zone: tzinfo, wall: time, now: datetime) -> datetime:
    """Return the first instant after `now` at which the local clock reaches `wall`, in a doubled hour in any pass."""
    today = now.astimezone(zone).date()
    days = (today + ahead * _DAY for ahead in count())
    instants = (instant for day in days for instant in _offsets(zone, day).passes(day, wall))
    return next(instant for instant in instants if instant > now)


def local_instant(zone: tzinfo, moment: datetime, now: datetime) -> datetime:
    """Return the instant (aware, UTC) of a local time (naive) with its date; of two the first that is after `now`."""
    passes = _offsets(zone, moment.date()).passes(moment.date(), moment.time())
    return next((instant for instant in passes if instant > now), passes[-1])


def swallowed(windows: Sequence[Window], zone: tzinfo, day: date) -> tuple[Window, ...]:
    """Return the windows that would start on this local day, but of which a clock change leaves nothing."""
    due = [window for window in windows if day.isoweekday() in window.days]
    left = {occurrence.window for occurrence in _starting_on(day, windows, zone)}
    return tuple(window for window in due if window not in left)


def overlaps(windows: Sequence[Window]) -> tuple[tuple[Window, Window], ...]:
    """Return each pair of windows that share a moment of the weekly wall clock, of any controls, in the order given.

    Windows that touch (one ends at the minute at which the other starts) do not overlap.
    """
    return tuple((windows[one], windows[other]) for one, other in meetings(windows))


def _days_ahead(windows: Sequence[Window], zone: tzinfo, since: datetime, days: int) -> Iterator[Iterator[Occurrence]]:
    """Yield for this day and so many more the occurrences that start after `since`, in the order of their start."""
    shown = _shown(zone, since)
    ordered = sorted(windows, key=_by_start)
    yield _starting_on(shown.date(), [window for window in ordered if window.start > shown.time()], zone)
    for ahead in range(1, days + 1):
        yield _starting_on(shown.date() + ahead * _DAY, ordered, zone)


def _starting_on(day: date, windows: Sequence[Window], zone: tzinfo) -> Iterator[Occurrence]:
    """Yield the occurrences whose wall-clock start is on `day` and of which a clock change leaves something."""
    weekday, next_day = day.isoweekday(), day + _DAY
    today, tomorrow = _offsets(zone, day), _offsets(zone, next_day)
    for window in windows:
        if weekday in window.days:
            start = today.instant(day, window.start)
            ends_today = window.start < window.end
            end = today.instant(day, window.end) if ends_today else tomorrow.instant(next_day, window.end)
            if start < end:
                yield Occurrence(window, start, end)


def _shown(zone: tzinfo, instant: datetime) -> datetime:
    """Return the latest local time (naive) that the clock of `zone` has shown up to an instant.

    It turns the definition round: the instant of a wall-clock time is not after `instant` exactly if that time is not
    after what has been shown.
    """
    local = instant.astimezone(zone).replace(tzinfo=None)
    offsets = _offsets(zone, local.date())
    if instant < offsets.change:
        return local
    return max(local, (offsets.change + offsets.before).replace(tzinfo=None) - timedelta.resolution)


@dataclass(frozen=True, slots=True)
class _Offsets:
    """The UTC offset `before` and `after` the instant `change` (aware, UTC). On an ordinary day they are the same."""

    before: timedelta
    change: datetime
    after: timedelta

    def instant(self, day: date, wall: time) -> datetime:
        """Return the first instant (aware, UTC) at which the clock shows `wall` on `day` or a later time."""
        shown = datetime.combine(day, wall, timezone.utc)
        instant = shown - self.before
        return instant if instant < self.change else max(self.change, shown - self.after)

    def passes(self, day: date, wall: time) -> tuple[datetime, ...]:
        """Return that instant, and in a doubled hour also the second one at which the clock shows `wall` on `day`."""
        first, second = self.instant(day, wall), datetime.combine(day, wall, timezone.utc) - self.after
        return (first, second) if first < self.change <= second else (first,)


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
