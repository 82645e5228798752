"""Keeps the book of wishes: what people, windows and the Enphase app make of it, stored with every change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from ..control.controls import Control
from ..control.entries import Entry
from ..control.intent import Intent, Source
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..control.wishes import Book
from ..store.store import Store
from .resolver import Resolver


class StoredWishes:
    """The one who writes into the book.

    Args:
        controls: The controls that may be changed; wishes for others are forgotten.
        resolver: What there is to reckon with.
        store: What outlives a restart.
        dry_run: Whether nothing is carried out: what is wished then must not come true when the dry run ends.
        changed: Is called after every change.
        clock: Returns the current instant (aware, UTC).
        logger: Where changes are told that the app makes itself.
    """

    def __init__(
        self,
        controls: Collection[Control],
        resolver: Resolver,
        *,
        store: Store,
        dry_run: bool,
        changed: Callable[[], None],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._controls = tuple(controls)
        self._resolver = resolver
        self._store = store
        self._dry_run = dry_run
        self._section = section = "wishes in a dry run" if dry_run else "wishes"
        self._changed = changed
        self._clock = clock
        self._logger = logger
        book = store.read(section, Book.from_json) or Book()
        for control in book.commands.keys() - set(controls):
            logger.warning("A command for %s was running, and this app may not end it any more", control.title)
        self.book = book.confined_to(controls)

    def may_change(self, control: Control) -> bool:
        """Return whether the app may change a control."""
        return control in self._controls

    def wanted(self) -> Mapping[Control, Wanted]:
        """Return what is wanted now of every control."""
        return self._resolver.wanted(self.book)

    # -- what people wish ---------------------------------------------------------------------------------------------

    def flip(self, flips: Mapping[Control, bool], source: Source, *, target_soc: int | None = None) -> None:
        """Make these the standing wishes, or undo the flips before (f): all or, should the program end, none."""
        now, running, book = self._clock(), self._resolver.running(), self.book
        for control, on in flips.items():
            completed = not self._resolver.ground.foreign_of(control)
            rivals = self._resolver.rivals(Intent(control, on, source, now, completed=completed))
            book = book.flip(
                control, on, source, running, now, rivals=rivals, target_soc=target_soc, completed=completed
            )
        self._keep(book)

    def command(self, intent: Intent) -> None:
        """Let a timed command rule (g)."""
        self._keep(self.book.command(intent))

    def cancel(self, control: Control) -> bool:
        """End the command, else skip the running occurrence (g); return whether there was anything to cancel."""
        book = self.book.cancel(control, self._resolver.running(), self._clock())
        if book is not None:
            self._keep(book)
        return book is not None

    def release(self) -> None:
        """Give everything up before the app is removed."""
        self._keep(self.book.release(self._controls, self._clock()))

    def let_time_pass(self) -> None:
        """Forget what is over, and note what rules now."""
        self._keep(self.book.expire(self._clock()).begin(self._resolver.running()))

    # -- what the cloud shows: a wish that is made of it is as old as the read (``read_at``, aware, UTC) ---------------

    def forgotten(self) -> Collection[Entry]:
        """Return the entries that the app certainly made before its store was lost."""
        return () if self._dry_run else self._resolver.forgotten(self.book)

    def seen(self, shown: Mapping[Control, bool], read_at: datetime, forgotten: Collection[Control]) -> None:
        """Adopt what the cloud shows where nothing is wished yet (j).

        What a window wants on, now or soon, may be on because of the window, whose beginning was forgotten with the
        store: then it is not taken for a standing wish, or nothing would ever end it. But where entries stand that the
        app does not own, they are what would end with the switch.

        Args:
            shown: What counting reads show.
            read_at: Instant of the newest of them.
            forgotten: The controls that were certainly switched on for a window, be it over by now.
        """
        near, ground = self._resolver.near(), self._resolver.ground
        by_window = {control for control in shown if control in forgotten or self.book.timed(control, near, read_at)}
        standing = {
            control: on and (bool(ground.foreign_of(control)) or control not in by_window)
            for control, on in shown.items()
        }
        self._keep(self.book.adopt(standing, read_at))

    def flipped_in_cloud(self, control: Control, on: bool, read_at: datetime) -> None:
        """Take a change made in the Enphase app as a flip.

        Off also skips a window that was written already; on ends no timed wish that waits for just that.
        """
        running = self._resolver.running()
        top = self.book.top(control, running, read_at)
        if on and top is not None and top.timed and top.on:
            self._keep(self.book.stand(control, on, Source.CLOUD, read_at))
        else:
            self._keep(self.book.flip(control, on, Source.CLOUD, running if on else self._resolver.near(), read_at))

    def unscheduled_in_cloud(self, control: Control, read_at: datetime) -> None:
        """Take a schedule that was switched off in the Enphase app as a flip to off.

        Where the switch is on without an entry of the app's, it stays as its owner left it. Where a timed `off` or
        another control keeps it off meanwhile, both are off, and that is to stay: what lies beneath ends.
        """
        near, standing = self._resolver.near(), self.book.standing.get(control)
        is_on = standing is not None and standing.on
        if not is_on and not any(intent.on for intent in self.book.timed(control, near, read_at)):
            return
        self._logger.info("Somebody switched the schedule of %s off in the Enphase app", control.title)
        flipped = self.book.flip(control, False, Source.CLOUD, near, read_at)
        wanted = self.wanted().get(control)
        is_kept_off = wanted is not None and not wanted.switch
        stays_on = is_on and not is_kept_off and not self._resolver.ground.needs_all_day(standing)
        self._keep(flipped.stand(control, True, Source.CLOUD, read_at) if stays_on else flipped)

    def joined_in_cloud(self, control: Control, read_at: datetime) -> None:
        """Hear that somebody put an entry of their own into a family that is on for a timed wish: it is to stay on."""
        standing = self.book.standing.get(control)
        if standing is not None and not standing.on:
            self._keep(self.book.stand(control, True, Source.CLOUD, read_at))

    def ended_in_cloud(self, intent: Intent, read_at: datetime, *, edited: bool) -> None:
        """End a wish whose entry somebody removed in the Enphase app, or made theirs by editing it."""
        self._keep(self.book.end(intent, self._resolver.near(), read_at, edited=edited))

    # -- what became of it --------------------------------------------------------------------------------------------

    def judged(self, verdict: Verdict, *, shown: bool) -> None:
        """Draw the conclusions from a verdict.

        Args:
            verdict: What became of a wish.
            shown: What the cloud shows for the control.
        """
        intent, now = verdict.wanted.intent, self._clock()
        if verdict.outcome is Outcome.CONFIRMED:
            self._keep(self.book.prove(intent))
            self._replace_older(intent)
        elif verdict.outcome is Outcome.FAILED and verdict.wanted.held_back_by is None:
            # Else only the holding back was refused.
            self._keep(self.book.drop_refused(intent, shown, self._resolver.running(), now))

    def _replace_older(self, newer: Intent) -> None:
        """Let the standing wishes go off that wait only because this one, standing too, has taken their place (h)."""
        if newer.timed:
            return
        for one in self.wanted().values():
            if one.held_back_by == newer and not one.intent.timed:
                self._logger.info("%s is replaced by %s", one.intent.control.title.capitalize(), newer.control.title)
                self._keep(self.book.replace_standing(one.intent, newer))

    def _keep(self, book: Book) -> None:
        """Make this the book, and store it."""
        if book is not self.book:
            self.book = book
            self._store.write(self._section, book.to_json())
            self._changed()
