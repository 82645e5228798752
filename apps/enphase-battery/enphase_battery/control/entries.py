"""Schedule entries: what one says, when it covers a moment, what it overlaps (6.8).

The cloud knows weekly entries only: wall-clock times of the site and the weekdays on which they start. Overlaps are
therefore a matter of the weekly wall clock, whatever the date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from ..store.decoding import as_mapping, as_percent, as_sequence, as_text, as_whole
from .controls import Control

DAY = 24 * 60
"""Minutes of a day."""

WEEK = 7 * DAY
EVERY_DAY = frozenset(range(1, 8))
ALL_DAY = (time(0), time(23, 59))
"""Start and end of an entry that holds the whole day: the last minute is never 24:00 (6.8)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an entry says.

    Attributes:
        control: The control whose family it belongs to.
        start: Local wall-clock start.
        end: Local wall-clock end, the minute of which is outside; not after ``start`` it means the next day.
        days: ISO weekdays (Monday is 1) on which it starts. None where the cloud tells times or days that nobody can
            read: there is such an entry, and nobody knows when it runs.
        zone: IANA name of the zone of its times.
        limit: Percent of charge; charging goes up to it, discharging down to it. None: the family has none.
    """

    control: Control
    start: time
    end: time
    days: frozenset[int]
    zone: str
    limit: int | None = None

    @property
    def readable(self) -> bool:
        """Whether it is known when it runs."""
        return bool(self.days)

    @property
    def length(self) -> int:
        """Minutes from start to end: 1 to 1440."""
        return (_minutes(self.end) - _minutes(self.start)) % DAY or DAY

    def begins(self) -> frozenset[int]:
        """Return the minutes of the week (0 is Monday, 00:00) at which it starts."""
        return frozenset((day - 1) * DAY + _minutes(self.start) for day in self.days)

    def ends(self) -> frozenset[int]:
        """Return the minutes of the week before which it ends."""
        return frozenset((begin + self.length) % WEEK for begin in self.begins())

    def covers(self, local: datetime) -> bool:
        """Return whether its time includes this local wall-clock moment."""
        moment = (local.isoweekday() - 1) * DAY + _minutes(local.time())
        return any((moment - begin) % WEEK < self.length for begin in self.begins())

    def overlaps(self, other: Terms) -> bool:
        """Return whether both share a minute of the week; those that touch do not (C25)."""
        mine, theirs = self.length, other.length
        later = _minutes(other.start) - _minutes(self.start)
        return any(
            -theirs < later + ahead * DAY < mine and any((day + ahead - 1) % 7 + 1 in other.days for day in self.days)
            for ahead in (-1, 0, 1)  # neither lasts longer than a day
        )

    def touches(self, other: Terms) -> bool:
        """Return whether one begins in the minute in which the other ends."""
        return bool(self.begins() & other.ends() or other.begins() & self.ends())

    def same_times(self, other: Terms) -> bool:
        """Return whether both say the same, whatever zone the cloud lists; it may leave out the limit, too."""
        return (
            self.start == other.start
            and self.end == other.end
            and self.control is other.control
            and self.days == other.days
            and (self.limit == other.limit or self.limit is None or other.limit is None)
        )

    def to_json(self) -> dict[str, object]:
        """Return the terms as the store keeps them."""
        return {
            "control": self.control.value,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "days": sorted(self.days),
            "zone": self.zone,
            "limit": self.limit,
        }

    @classmethod
    def from_json(cls, value: object) -> Terms:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data: Mapping[str, object] = as_mapping(value)
        days, limit = as_sequence(data["days"]), data["limit"]
        if not all(day in EVERY_DAY for day in days):
            raise ValueError("expected days of the week")
        return cls(
            control=Control(data["control"]),
            start=_wall_time(data["start"]),
            end=_wall_time(data["end"]),
            days=frozenset(as_whole(day) for day in days),
            zone=as_text(data["zone"]),
            limit=None if limit is None else as_percent(limit),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry in the cloud, own or foreign.

    Attributes:
        terms: What it says.
        schedule_id: Its identity; the position in the list means nothing.
        active: Whether the gateway has acknowledged it.
        created_at: When it was made, by the cloud's clock (aware, UTC); None where the cloud does not say.
    """

    terms: Terms
    schedule_id: str
    active: bool
    created_at: datetime | None = None


def terms_of(entries: Iterable[Entry]) -> tuple[Terms, ...]:
    """Return what entries say, in an order that is theirs and not the list's: the same entries are the same reason."""
    return tuple(sorted((entry.terms for entry in entries), key=_order))


def _order(terms: Terms) -> tuple[object, ...]:
    return terms.start, terms.end, sorted(terms.days), terms.control.value, terms.limit or 0, terms.zone


def _wall_time(value: object) -> time:
    found = time.fromisoformat(as_text(value))
    if found.tzinfo is not None:
        raise ValueError("expected a time of the wall clock")
    return found


def _minutes(wall: time) -> int:
    """Return the minute of the day."""
    return wall.hour * 60 + wall.minute
