"""Keeps the wishes: turns what people and windows want into one book, has it carried out, and says what became of it.

It knows neither AppDaemon nor HTTP. Inputs are flips, commands and the passing of time; outputs go to a
:class:`HomeAssistant` and a :class:`Cloud`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytz  # noqa: TC002  # a type of a public dataclass

from ..control.controls import Control
from ..control.entries import Entry
from ..control.evidence import Evidence
from ..control.intent import Intent, Source
from ..control.ledger import Ledger
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..control.windows.window import Window
from ..errors import CommandError
from ..reconcile.backoff import Backoff
from ..reconcile.reconciler import Reconciler
from ..store.decoding import as_mapping
from ..store.store import Store
from .command_handler import CommandHandler
from .commands import Command, CommandEnvelope
from .ports import Cloud, HomeAssistant
from .resolver import Resolver
from .results import POLL, Results
from .site_windows import SiteWindows
from .stored_wishes import StoredWishes

HURRY = 5
"""How often at least, in a time as long as `lead`, the cloud is tried for a window that it does not have yet: an outage
that ends before the start costs nothing, and one that ends later as little as may be."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of the configuration that the coordinator needs.

    Attributes:
        controls: What may be changed.
        windows: The time-of-use windows.
        zone: The configured time zone; None: the site's own.
        lead: How long before its start a window is written to the cloud.
        settle: Seconds between validation and write.
        consistency: How long reads may show old values after a write.
        most_turns: Changes of direction per control and hour that are carried out at once; None: any number.
        dry_run: Only say what would be done.
    """

    controls: tuple[Control, ...]
    windows: tuple[Window, ...]
    zone: pytz.BaseTzInfo | None
    lead: timedelta
    settle: float
    consistency: timedelta
    most_turns: int | None
    dry_run: bool


class Coordinator:
    """The wishes of one site, from whoever wishes to whatever becomes of it.

    Args:
        rules: The configuration.
        cloud: The cloud side.
        home: The Home Assistant side.
        store: What outlives a restart.
        clock: Returns the current instant (aware, UTC).
        sleep: Waits so many seconds.
        random: Returns a number from 0 to 1.
        logger: Where changes of state are told.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        cloud: Cloud,
        home: HomeAssistant,
        store: Store,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._rules = rules
        self._cloud = cloud
        self._home = home
        self._store = store
        self._clock = clock
        self._logger = logger
        self.calendar = SiteWindows(rules.windows, rules.zone, lambda: cloud.time_zone, clock, logger, rules.lead)
        self.resolver = Resolver(self.calendar, lambda: self.reconciler.ground, clock)
        self._results = Results(save=lambda data: store.write("answers", data))
        store.read("answers", self._results.restore)
        # What is wished in a dry run must not come true when the dry run ends.
        self.wishes = StoredWishes(
            rules.controls,
            self.resolver,
            store=store,
            section="wishes in a dry run" if rules.dry_run else "wishes",
            changed=self._book_changed,
            clock=clock,
            logger=logger,
        )
        self.reconciler = Reconciler(
            cloud,
            self,
            controls=rules.controls,
            evidence=store.read("evidence", _evidence_from_json) or {},
            ledger=store.read("ledger", Ledger.from_json) or Ledger(),
            save=self._save_records,
            clock=clock,
            when=self.calendar.when,
            sleep=sleep,
            backoff=Backoff(random),
            hurry=self._hurry,
            settle=rules.settle,
            consistency=rules.consistency,
            most_turns=rules.most_turns,
            dry_run=rules.dry_run,
            logger=logger,
        )
        self._command_handler = CommandHandler(
            rules.controls,
            wishes=self.wishes,
            resolver=self.resolver,
            results=self._results,
            cloud=cloud,
            home=home,
            reconsider=self.reconciler.reconsider,
            clock=clock,
            logger=logger,
        )
        commands = self.wishes.book.commands.values()
        self._timed_ends = {one.key: one.until for one in commands if one.until is not None}
        self._ruling_windows: set[str] = set()
        self._left_over: set[Entry] = set()
        self._told: dict[Control, str] = {}
        self._poll_wanted = False
        self._work_wanted = False
        self._working = False

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls that may be changed."""
        return self._rules.controls

    @property
    def clock_skew(self) -> timedelta:
        """The cloud's clock minus the own, as far as its answers agree on it."""
        return self._cloud.clock_skew

    def next_wake(self) -> datetime | None:
        """Return the next instant at which something is to be done."""
        instants = (self.calendar.next_boundary(), self.reconciler.next_due(), *self.wishes.book.ends())
        return min((instant for instant in instants if instant is not None), default=None)

    # -- inputs -------------------------------------------------------------------------------------------------------

    async def flip(self, control: Control, on: bool, source: Source = Source.TOGGLE) -> None:
        """Take a flip: it becomes the standing wish of the control."""
        self._logger.info("%s is wished %s (%s)", control.title.capitalize(), "on" if on else "off", source.value)
        self.wishes.flip(control, on, source)
        await self.work()

    async def command(self, command: Command, envelope: CommandEnvelope) -> None:
        """Take a command and see to it that it gets exactly one final result.

        Args:
            command: The command.
            envelope: What its result has to repeat.
        """
        try:
            self._poll_wanted |= await self._command_handler.obey(command, envelope)
        except CommandError as error:
            self.reject(envelope, error)
        await self.work()

    def reject(self, envelope: CommandEnvelope, error: CommandError) -> None:
        """Answer a command that is malformed or impossible."""
        self._logger.warning("Command %s rejected: %s", envelope.command or "without a name", error)
        reason = f"{error}; {error.hint}" if error.hint else str(error)
        self._results.close(envelope, Outcome.REJECTED, reason, reason)

    async def poll(self) -> None:
        """Read everything, and do what is to be done."""
        self._poll_wanted = True
        await self.work()

    async def work(self) -> None:
        """Do what is to be done now. Calls that come while it works are one more round of the same work."""
        self._work_wanted = True
        if self._working:
            return
        self._working = True
        try:
            while self._work_wanted or self._poll_wanted:
                self._work_wanted = False
                await self._round()
        finally:
            self._working = False

    # -- what the reconciler asks and tells ---------------------------------------------------------------------------

    def wanted(self) -> Mapping[Control, Wanted]:
        """Return what is wanted now of every control."""
        return self.wishes.wanted()

    def seen(self, shown: Mapping[Control, bool], read_at: datetime) -> None:
        """Hear what counting reads show. After a lost store, what is proven to be the app's is its own again."""
        forgotten = () if self._rules.dry_run else self.resolver.forgotten(self.wishes.book)
        self.reconciler.records.take_back(forgotten)
        for entry in forgotten:
            self._logger.info("The app made the entry %s before its store was lost: it is its own again", entry.terms)
        self.wishes.seen(shown, read_at, {entry.terms.control for entry in forgotten})

    def flipped_in_cloud(self, control: Control, on: bool, read_at: datetime) -> None:
        """Hear of a change that somebody made in the Enphase app."""
        self.wishes.flipped_in_cloud(control, on, read_at)
        self._work_wanted = True

    def unscheduled_in_cloud(self, control: Control, read_at: datetime) -> None:
        """Hear that somebody switched the schedule of a control off in the Enphase app."""
        self.wishes.unscheduled_in_cloud(control, read_at)
        self._work_wanted = True

    def joined_in_cloud(self, control: Control, read_at: datetime) -> None:
        """Hear that somebody put an entry of their own into a family that is on for a timed wish."""
        self.wishes.joined_in_cloud(control, read_at)
        self._work_wanted = True

    def ended_in_cloud(self, intent: Intent, read_at: datetime, *, edited: bool) -> None:
        """Hear that somebody removed the entry of a wish in the Enphase app, or made it theirs by editing it."""
        self.wishes.ended_in_cloud(intent, read_at, edited=edited)
        self._work_wanted = True

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Pass a verdict on to whoever waits for it, and draw the conclusions."""
        self._home.judged(control, verdict)
        self._results.judged(verdict)
        if verdict.outcome is Outcome.FAILED and self._told.get(control) != verdict.reason:
            state = "on" if verdict.wanted.switch or verdict.wanted.obstacle else "off"
            self._logger.warning("Could not switch %s %s: %s", control.title, state, verdict.reason)
        if verdict.outcome.final:
            self._told[control] = verdict.reason if verdict.outcome is Outcome.FAILED else ""
        self.wishes.judged(verdict, shown=self.reconciler.evidence[control].known is True)
        self._home.changed()

    def undecided(self) -> None:
        """Hear that what was said of a control holds no longer: nothing is shown as confirmed while it is changed."""
        self._home.changed()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hurry(self) -> timedelta | None:
        """Return how long may pass between two tries to reach the cloud for a window; None while none waits for it."""
        now, verdicts = self._clock(), self.reconciler.verdicts.values()
        confirmed = {one.wanted.intent for one in verdicts if one.outcome is Outcome.CONFIRMED}
        late = any(Intent.of_occurrence(one) not in confirmed for one in self.calendar.running(now))
        return self._rules.lead / HURRY if late or self.calendar.upcoming(now) else None

    def _book_changed(self) -> None:
        self._work_wanted = True
        self._home.changed()

    def _save_records(self, evidence: Mapping[Control, Evidence], ledger: Ledger) -> None:
        switches = {control.value: one.to_json() for control, one in evidence.items()}
        self._store.write_all({"evidence": switches, "ledger": ledger.to_json()})

    async def _round(self) -> None:
        """Let time pass in the book, answer, and let the reconciler make one pass if there is anything to do."""
        now = self._clock()
        self._settle_book(now)
        await self._deliver()
        poll, self._poll_wanted = self._poll_wanted, False
        if poll or self.reconciler.due(now):
            self._home.changed()  # time itself may have changed what is wanted, and a pass takes a while
            await self.reconciler.run(poll=poll)
            self._tell_of_left_over()
            if poll:
                failed = self.reconciler.contact.error
                outcome = Outcome.FAILED if failed else Outcome.CONFIRMED
                self._results.decided(POLL, outcome, self.reconciler.contact.reason)
            self._settle_book(self._clock())
            await self._deliver()
        self._home.changed(again=poll)

    def _settle_book(self, now: datetime) -> None:
        """Let time pass in the book, and answer the commands whose wish does not rule any more."""
        self.calendar.tell_of_clock_change()
        self.wishes.let_time_pass()
        wanted = self.wanted().values()
        self._results.supersede(wanted, now, self._timed_ends)
        self._timed_ends = {one.intent.key: one.intent.until for one in wanted if one.intent.until is not None}
        self._tell_of_windows({one.intent.label for one in wanted if one.intent.source is Source.WINDOW})

    def _tell_of_left_over(self) -> None:
        """Tell once in the log which entries look like the app's and are not known to be."""
        found = set(self.resolver.left_over())
        for entry in found - self._left_over:
            self._logger.warning(
                "An entry looks like the app's, but its store does not know it: %s. Delete it in the Enphase app",
                entry.terms,
            )
        self._left_over = found

    def _tell_of_windows(self, ruling: set[str]) -> None:
        """Tell in the log which windows begin and end to rule."""
        for name in sorted(ruling - self._ruling_windows):
            self._logger.info("The window %s rules now", name)
        for name in sorted(self._ruling_windows - ruling):
            self._logger.info("The window %s does not rule any more", name)
        self._ruling_windows = ruling

    async def _deliver(self) -> None:
        """Fire the results that are ready."""
        for result in self._results.ready():
            if await self._home.answer(result):
                self._results.fired(result)


def _evidence_from_json(data: Mapping[str, object]) -> dict[Control, Evidence]:
    """Read back what the coordinator stored. Raises ValueError, KeyError or TypeError on anything else."""
    return {Control(key): Evidence.from_json(as_mapping(one)) for key, one in data.items()}
