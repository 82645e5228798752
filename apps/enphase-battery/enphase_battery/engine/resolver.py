"""The wishes held against calendar and site: what is wanted now, what is about to be, and what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..control.claims import Ground, claims
from ..control.controls import Control
from ..control.entries import Entry, Terms
from ..control.intent import Intent
from ..control.reason import Reason
from ..control.shaping import entries_for
from ..control.wanted import Wanted, resolve, rivals_of
from ..control.windows.window import Occurrence
from ..control.wishes import Book
from ..reconcile.ports import Site
from ..reconcile.records import Records
from .site_windows import SiteWindows


@dataclass(slots=True)
class Resolver:
    """What follows from a book of wishes at this moment.

    A pass asks many times for the same; what was found last is given again as long as nothing has changed.

    Attributes:
        windows: The time-of-use windows in the site's zone.
        records: What is known of the cloud.
        site: How its cloud takes writes.
        clock: Returns the current instant (aware, UTC).
    """

    windows: SiteWindows
    records: Records
    site: Site
    clock: Callable[[], datetime]
    _found: tuple[Book, Ground, datetime, Mapping[Control, Wanted]] | None = field(default=None, init=False)

    @property
    def ground(self) -> Ground:
        """What there is to reckon with."""
        return replace(self.records.ground(self.site.habits), zone=self.windows.zone, window_begins=self.windows.begins)

    def running(self) -> Sequence[Occurrence]:
        """Return the occurrences whose time it is."""
        return self.windows.running(self.clock())

    def near(self) -> Sequence[Occurrence]:
        """Return the occurrences whose time it is, and those that are written before they start."""
        now = self.clock()
        return (*self.windows.running(now), *self.windows.upcoming(now))

    def wanted(self, book: Book) -> Mapping[Control, Wanted]:
        """Return what is wanted now of every control."""
        now, ground = self.clock(), self.ground
        if self._found is not None:
            of, on, at, found = self._found
            if of is book and at == now and on == ground:
                return found
        found = resolve(book, self.windows.running(now), now, ground, self.windows.upcoming(now))
        self._found = (book, ground, now, found)
        return found

    def rivals(self, standing: Intent) -> frozenset[Control]:
        """Return the controls whose timed wishes cannot stand beside this standing wish."""
        return rivals_of(standing.control, self.ground, standing)

    def foreseen(self, book: Book) -> Mapping[Intent, Reason]:
        """Return the windows that are about to begin and cannot, each with what is in the way."""
        now = self.clock()
        upcoming = self.windows.upcoming(now)
        obstructed = claims(book, self.windows.running(now), upcoming, now, self.ground).obstructed
        return {wish: obstructed[wish.key] for wish in map(Intent.of_occurrence, upcoming) if wish.key in obstructed}

    def forgotten(self, book: Book) -> tuple[Entry, ...]:
        """Return the foreign entries that the app made for its windows before its store was lost.

        What proves it: nothing was ever known of the control; the entry says just what a window's occurrence needs, in
        all members; and it was created when the app writes that occurrence, within `lead` before its start.
        """
        ground = self.ground
        return tuple(
            entry
            for entry in ground.foreign
            if entry.terms.control not in book.standing and self._was_written(entry, ground)
        )

    def _was_written(self, entry: Entry, ground: Ground) -> bool:
        """Return whether an entry is what a window's occurrence needed when it was created."""
        if ground.zone is None or entry.created_at is None:
            return False
        wishes = map(Intent.of_occurrence, self.windows.written_at(entry.created_at))
        return any(entry.terms in entries_for(wish, ground.zone, ground.habits, ground.floor) for wish in wishes)

    def left_over(self) -> tuple[Entry, ...]:
        """Return the foreign entries that look as if the app had made them before its store was lost.

        They are not touched: only the ledger says what is owned, and nothing proves that they were.
        """
        ground = self.ground
        return tuple(entry for entry in ground.foreign if self._looks_own(entry.terms, ground))

    def _looks_own(self, terms: Terms, ground: Ground) -> bool:
        """Return whether a window's occurrence of the coming week would be written so."""
        if ground.zone is None or len(terms.days) != 1:
            return False  # an occurrence is written with its own weekday only
        (weekday,) = terms.days
        week = self.windows.coming_week(weekday, terms.start)
        return any(terms in entries_for(wish, ground.zone, ground.habits, ground.floor) for wish in week)
