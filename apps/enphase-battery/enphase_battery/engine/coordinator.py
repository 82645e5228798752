"""Keeps the wishes: turns what people and windows want into one book, has it carried out, and says what became of it.

It knows neither AppDaemon nor HTTP. Inputs are flips, commands and the passing of time; outputs go to a
:class:`HomeAssistant` and a :class:`Cloud`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytz

from ..config.configuration import Configuration
from ..config.limits import Limits
from ..control.controls import Control
from ..control.entries import Entry
from ..control.intent import Intent, Source
from ..control.reason import Reason
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..control.windows.window import Window
from ..errors import CommandError
from ..reconcile.backoff import Backoff
from ..reconcile.reconciler import Reconciler
from ..reconcile.records import Records
from ..store.store import Store
from ..words.reasons import entry as words_of
from ..words.reasons import sentence
from .command_handler import CommandHandler, Request
from .commands import CommandEnvelope
from .ports import Cloud, HomeAssistant
from .problems import Problems
from .resolver import Resolver
from .results import POLL, Results
from .site_windows import SiteWindows
from .snapshot import Snapshot
from .snapshot_builder import SnapshotBuilder
from .stored_wishes import StoredWishes
from .watches import Watches

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
        settle: Least number of seconds between validation and write.
        consistency: How long reads may show old values after a write.
        most_turns: Changes of direction per control and hour that are carried out at once; None: any number.
        pending_timeout: How long something may stay undecided before it is a problem.
        dry_run: Only say what would be done.
    """

    controls: tuple[Control, ...]
    windows: tuple[Window, ...]
    zone: pytz.BaseTzInfo | None
    lead: timedelta
    settle: float
    consistency: timedelta
    most_turns: int | None
    pending_timeout: timedelta
    dry_run: bool

    @classmethod
    def of(cls, configuration: Configuration, limits: Limits) -> Rules:
        """Return the part that the coordinator needs."""
        return cls(
            controls=configuration.controls,
            windows=configuration.windows,
            zone=pytz.timezone(configuration.time_zone) if configuration.time_zone else None,
            lead=configuration.lead,
            settle=configuration.settle,
            consistency=configuration.consistency,
            most_turns=limits.most_turns,
            pending_timeout=configuration.pending_timeout,
            dry_run=configuration.dry_run,
        )


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
        self._home = home
        self._clock = clock
        self._logger = logger
        self.windows = SiteWindows(rules.windows, rules.zone, cloud, clock, logger, rules.lead)
        records = Records(store)
        resolver = Resolver(self.windows, records, cloud, clock)
        self.wishes = StoredWishes(
            rules.controls,
            resolver,
            store=store,
            dry_run=rules.dry_run,
            changed=self._wishes_changed,
            clock=clock,
            logger=logger,
        )
        self.reconciler = Reconciler(
            cloud,
            self.wishes,
            self,
            records,
            controls=rules.controls,
            clock=clock,
            when=self.windows.when,
            sleep=sleep,
            backoff=Backoff(random),
            settle=rules.settle,
            consistency=rules.consistency,
            most_turns=rules.most_turns,
            dry_run=rules.dry_run,
            logger=logger,
        )
        self._results = Results(store)
        self._command_handler = CommandHandler(
            rules.controls,
            wishes=self.wishes,
            resolver=resolver,
            results=self._results,
            cloud=cloud,
            reconciler=self.reconciler,
            clock=clock,
            logger=logger,
        )
        self._watches = Watches(self.wishes, resolver, records, clock)
        problems = Problems(
            wishes=self.wishes,
            resolver=resolver,
            reconciler=self.reconciler,
            watches=self._watches,
            cloud=cloud,
            store=store,
            pending_timeout=rules.pending_timeout,
            clock=clock,
        )
        self._snapshots = SnapshotBuilder(
            wishes=self.wishes,
            resolver=resolver,
            reconciler=self.reconciler,
            cloud=cloud,
            problems=problems,
            watches=self._watches,
            clock=clock,
        )
        commands = self.wishes.book.commands.values()
        self._timed_ends = {one.key: one.until for one in commands if one.until is not None}
        self._resolver = resolver
        self._ruling_windows: set[str] = set()
        self._left_over: set[Entry] = set()
        self._told: dict[Control, Reason | None] = {}
        self._poll_wanted = False
        self._work_wanted = False
        self._working = False

    def next_wake(self) -> datetime | None:
        """Return the next instant at which something is to be done."""
        instants = (self.windows.next_boundary(), self.reconciler.next_due(), *self.wishes.book.ends())
        return min((instant for instant in instants if instant is not None), default=None)

    # -- inputs -------------------------------------------------------------------------------------------------------

    async def flip(self, flips: Mapping[Control, bool], source: Source = Source.TOGGLE) -> None:
        """Take flips: each becomes the standing wish of its control. They are stored before anything else is done."""
        for control, on in flips.items():
            self._logger.info("%s is wished %s (%s)", control.title.capitalize(), "on" if on else "off", source.value)
        self.wishes.flip(flips, source)
        await self.work()

    async def command(self, command: Request, envelope: CommandEnvelope) -> None:
        """Take a command and see to it that it gets exactly one final result.

        Args:
            command: The command.
            envelope: What its result has to repeat.
        """
        try:
            self._poll_wanted |= await self._command_handler.obey(command, envelope)
        except CommandError as error:
            await self.reject(envelope, error)
        else:
            self._supersede(self._clock())  # one by one as they come, not all at the end of a pass
            await self.work()

    async def reject(self, envelope: CommandEnvelope, error: CommandError) -> None:
        """Answer a command that is malformed or impossible."""
        self._logger.warning("Command %s rejected: %s", envelope.command or "without a name", error)
        self._results.close(envelope, Outcome.REJECTED, error.reason, advised=True)
        await self.work()

    async def report(self, envelope: CommandEnvelope, report: Mapping[str, object]) -> None:
        """Answer `diagnose`."""
        self._results.report(envelope, report)
        await self.work()

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

    # -- what is shown and told ---------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return all that is so now."""
        return self._snapshots.build()

    def show(self, *, again: bool = False) -> None:
        """Have Home Assistant show what is so. ``again``: also where it is unchanged."""
        self._home.show(self.snapshot, again=again)

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Pass a verdict on to whoever waits for it, and draw the conclusions."""
        self._snapshots.judged(control, verdict)
        self._results.judged(verdict)
        failed = verdict.reason if verdict.outcome is Outcome.FAILED else None
        if failed is not None and self._told.get(control) != failed:
            state = "on" if verdict.wanted.switch or verdict.wanted.obstacle else "off"
            said = sentence(failed, self.windows.when)
            self._logger.warning("Could not switch %s %s: %s", control.title, state, said)
        if verdict.outcome.final:
            self._told[control] = failed
        is_on = self.reconciler.evidence[control].known is True
        self.wishes.judged(verdict, shown=is_on and control not in self.reconciler.state.on_its_way)
        self.show()

    def undecided(self) -> None:
        """Hear that what was said of a control holds no longer: nothing is shown as confirmed while it is changed."""
        self.show()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hurry(self) -> timedelta | None:
        """Return how long may pass between two tries to reach the cloud for a window; None while none waits for it."""
        now, verdicts = self._clock(), self.reconciler.verdicts.values()
        confirmed = {one.wanted.intent for one in verdicts if one.outcome is Outcome.CONFIRMED}
        late = any(Intent.of_occurrence(one) not in confirmed for one in self.windows.running(now))
        return self._rules.lead / HURRY if late or self.windows.upcoming(now) else None

    def _wishes_changed(self) -> None:
        self._work_wanted = True
        self.show()

    async def _round(self) -> None:
        """Let time pass in the book, answer, and let the reconciler make one pass if there is anything to do."""
        now = self._clock()
        self._settle_book(now)
        await self._deliver()
        poll, self._poll_wanted = self._poll_wanted, False
        if poll or self.reconciler.due(now):
            self.show()  # time itself may have changed what is wanted, and a pass takes a while
            await self.reconciler.run(poll=poll, hurry=self._hurry())
            self._watches.look()
            self._tell_of_left_over()
            if poll:
                failed = self.reconciler.contact.error
                outcome = Outcome.FAILED if failed else Outcome.CONFIRMED
                self._results.decided(POLL, outcome, self.reconciler.contact.reason)
            self._settle_book(self._clock())
            await self._deliver()
        self.show(again=poll)

    def _settle_book(self, now: datetime) -> None:
        """Let time pass in the book, and answer the commands whose wish does not rule any more."""
        self.windows.tell_of_clock_change()
        self.wishes.let_time_pass()
        wanted = self._supersede(now)
        self._tell_of_windows({one.intent.label for one in wanted if one.intent.source is Source.WINDOW})

    def _supersede(self, now: datetime) -> Collection[Wanted]:
        """Answer the commands whose wish does not rule any more; return what rules."""
        wanted = self.wishes.wanted().values()
        self._results.supersede(wanted, now, self._timed_ends)
        self._timed_ends = {one.intent.key: one.intent.until for one in wanted if one.intent.until is not None}
        return wanted

    def _tell_of_left_over(self) -> None:
        """Tell once in the log which entries look like the app's and are not known to be."""
        found = set(self._resolver.left_over())
        for entry in found - self._left_over:
            self._logger.warning(
                "An entry looks like the app's, but its store does not know it: %s. Delete it in the Enphase app",
                words_of(entry.terms),
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
        for number, result in self._results.ready().items():
            if await self._home.fire(result, self.windows.when):
                self._results.fired(number)
