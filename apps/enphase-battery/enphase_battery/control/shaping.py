"""From a wish to what its entry has to say: instants become wall-clock times that the cloud accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from .controls import Limit
from .entries import ALL_DAY, DAY, EVERY_DAY, Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .intent import Intent
    from .site_state import Habits

_MINUTE = timedelta(minutes=1)
_LONGEST = timedelta(minutes=DAY - 1)
_MIDNIGHT = time(0)
_FULL = 100


def entries_for(intent: Intent, zone: tzinfo, habits: Habits, floor: int) -> tuple[Terms, ...]:
    """Return what has to stand in the cloud so that the gateway carries a wish out: one entry, two if it must be.

    Args:
        intent: The wish, which is on. A standing one holds the whole day (a).
        zone: The site's zone.
        habits: What this site's cloud accepts.
        floor: Percent of charge below which nothing is discharged to the grid.
    """
    control, limit = intent.control, limit_of(intent, floor)
    if intent.until is None:
        return (Terms(control, *ALL_DAY, EVERY_DAY, str(zone), limit),)
    start, end = _wall_clock(intent.since, intent.until, zone)
    if end.time() == _MIDNIGHT and end - start > _MINUTE:
        end -= _MINUTE  # the last minute of a day is 23:59 wherever it was seen (6.8)
    whole = Terms(control, start.time(), end.time(), frozenset({start.isoweekday()}), str(zone), limit)
    if habits.overnight or start.date() == end.date():
        return (whole,)
    evening = replace(whole, end=ALL_DAY[1])
    morning = replace(whole, start=_MIDNIGHT, days=frozenset({end.isoweekday()}))
    return tuple(part for part in (evening, morning) if part.start != part.end)


def limit_of(intent: Intent, floor: int) -> int | None:
    """Return the percent of charge at which a wish is to stop; None where its family has no limit.

    Charging stops at the target, else at 100; discharging at the target, but never below ``floor`` (6.8).
    """
    match intent.control.limit:
        case Limit.CHARGE_UP_TO:
            return intent.target_soc or _FULL
        case Limit.DISCHARGE_DOWN_TO:
            return max(intent.target_soc or floor, floor)
    return None


def apart(terms: Terms, begins: Iterable[int], ends: Iterable[int]) -> Terms:
    """Return the terms without their last or first minute, where another entry begins or ends right there.

    Args:
        terms: What is to be written on a site whose cloud refuses entries that touch.
        begins: Minutes of the week at which something begins that cannot begin later.
        ends: Minutes of the week before which something ends that cannot end earlier.
    """
    start, end = terms.start, terms.end
    if terms.length > 2 and terms.ends() & frozenset(begins):  # noqa: PLR2004  # something has to be left of it
        end = _moved(end, -1)
    if terms.length > 2 and terms.begins() & frozenset(ends):  # noqa: PLR2004
        start = _moved(start, 1)
    moved = replace(terms, start=start, end=end)
    if start == _MIDNIGHT and terms.start != _MIDNIGHT:  # its first minute was the last one of the day before
        moved = replace(moved, days=frozenset(day % 7 + 1 for day in terms.days))
    return moved


def _moved(wall: time, minutes: int) -> time:
    moment = (wall.hour * 60 + wall.minute + minutes) % DAY
    return time(moment // 60, moment % 60)


@lru_cache(maxsize=256)
def _wall_clock(since: datetime, until: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the local wall-clock minutes (naive) that include both instants: 1 minute to 23 hours 59 apart.

    Where the clocks are set back in between, the wall clock shows an hour twice, and may even end before it started;
    then all that it shows is included. The app ends the wish at its instant; without the app it ends within that hour.
    """
    begin, end = since.astimezone(zone), until.astimezone(zone)
    first, last = _floor(begin), _ceiling(end)
    if begin.utcoffset() != end.utcoffset():
        instants = (since + count * _MINUTE for count in range((until - since) // _MINUTE))
        minutes = [_floor(instant.astimezone(zone)) for instant in instants]
        first = min([first, *minutes])
        last = max([last, *(minute + _MINUTE for minute in minutes)])
    return first, min(max(last, first + _MINUTE), first + _LONGEST)


def _floor(local: datetime) -> datetime:
    return local.replace(second=0, microsecond=0, tzinfo=None)


def _ceiling(local: datetime) -> datetime:
    floor = _floor(local)
    return floor if local.replace(tzinfo=None) == floor else floor + _MINUTE
