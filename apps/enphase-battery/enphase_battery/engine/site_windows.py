"""The site's local time: which windows run when, and how instants are put into words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol

import pytz

from ..control.intent import Intent
from ..control.windows.clock import next_boundary, next_occurrence, occurrences, running, running_about, swallowed
from ..control.windows.window import Occurrence, Window
from ..words.reasons import local

_WEEK = timedelta(days=7)
_DAYS_ABOUT_A_WEEK = range(-1, 9)
"""On which days from today entries for the coming week may start: for what runs now yesterday, and the second half of
what starts in seven days on the day after."""


class Zoned(Protocol):
    """What has a time zone."""

    @property
    def time_zone(self) -> str | None:
        """Its IANA name; None while it is not known."""


@dataclass(slots=True)
class SiteWindows:
    """The time-of-use windows in the site's zone. While no zone is known, no window runs.

    Attributes:
        windows: The configured windows.
        configured: The configured time zone; None: the site's own.
        site: Names the site's zone, from the cloud or the store, as soon as it is known.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told that a clock change leaves nothing of a window.
        lead: How long before its start a window is written to the cloud.
        begins: Minutes of the week (0 is Monday, 00:00) at which windows begin.
    """

    windows: tuple[Window, ...]
    configured: pytz.BaseTzInfo | None
    site: Zoned
    clock: Callable[[], datetime]
    logger: logging.Logger
    lead: timedelta = timedelta(0)
    begins: frozenset[int] = field(init=False)
    _looked_at: date | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.begins = frozenset(minute for window in self.windows for minute in window.begins())

    @property
    def zone(self) -> pytz.BaseTzInfo | None:
        """The site's time zone; None while none is known."""
        if self.configured is not None:
            return self.configured
        name = self.site.time_zone
        return pytz.timezone(name) if name in pytz.all_timezones_set else None

    @property
    def local(self) -> pytz.BaseTzInfo:
        """The site's time zone, or UTC while it is not known: for showing instants only."""
        return self.zone or pytz.utc

    def when(self, instant: datetime) -> str:
        """Put an instant into words: the local time, with the weekday unless it is today."""
        return local(self.local, self.clock())(instant)

    def running(self, now: datetime) -> Sequence[Occurrence]:
        """Return the occurrences whose time it is at ``now``."""
        zone = self.zone
        return running(self.windows, zone, now) if zone else ()

    def upcoming(self, now: datetime) -> Sequence[Occurrence]:
        """Return the occurrences that are to be written before they start."""
        zone = self.zone
        if zone is None or not self.lead:
            return ()
        ahead = occurrences(self.windows, zone, now, now + self.lead + timedelta.resolution)
        return tuple(occurrence for occurrence in ahead if occurrence.start > now)

    def written_at(self, moment: datetime) -> Sequence[Occurrence]:
        """Return the occurrences that may have been written at an instant: within `lead` before their start."""
        zone = self.zone
        if zone is None:
            return ()
        ahead = occurrences(self.windows, zone, moment, moment + self.lead + timedelta.resolution)
        return tuple(occurrence for occurrence in ahead if occurrence.start >= moment)

    def coming_week(self, weekday: int, wall: time) -> Iterator[Intent]:
        """Yield what the windows wish within a week, as far as an entry for it may start on this ISO weekday then."""
        zone, now = self.zone, self.clock()
        if zone is None:
            return
        today, until = now.astimezone(zone).date(), now + _WEEK
        days = (today + timedelta(ahead) for ahead in _DAYS_ABOUT_A_WEEK)
        for day in (day for day in days if day.isoweekday() == weekday):
            for occurrence in running_about(self.windows, zone, day, wall):
                if occurrence.start < until and now < occurrence.end:
                    yield Intent.of_occurrence(occurrence)

    def next_boundary(self) -> datetime | None:
        """Return the next instant at which a window starts, ends, or is to be written."""
        zone, now = self.zone, self.clock()
        if zone is None:
            return None
        ahead = next_occurrence(self.windows, zone, now + self.lead)
        instants = [next_boundary(self.windows, zone, now), ahead.start - self.lead if ahead else None]
        return min((instant for instant in instants if instant is not None), default=None)

    def next_occurrence(self, skipped: Collection[str]) -> Occurrence | None:
        """Return the next occurrence that has not started yet, and will, as it is none of those that are skipped."""
        zone = self.zone
        return next_occurrence(self.windows, zone, self.clock(), skipped) if zone else None

    def tell_of_clock_change(self) -> None:
        """Tell once a day in the log which windows fall into the hour that the clocks skip today."""
        zone = self.zone
        today = self.clock().astimezone(zone).date() if zone else None
        if zone is None or today is None or today == self._looked_at:
            return
        self._looked_at = today
        for window in swallowed(self.windows, zone, today):
            self.logger.warning("The window %s does not run today: the clocks skip its time", window.name)
