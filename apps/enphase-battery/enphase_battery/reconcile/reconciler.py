"""Carries a plan out: one writer per site, verify, retry, report.

One pass reads what the cloud shows, takes the steps that lead to what is wanted, reads back after each, and says what
became of every wish. HTTP 200 is never believed (10.2): a write stays `pending` until a read
shows it, or a read late enough to count does not. Run twice, the second pass writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.entries import Terms
from ..control.evidence import Evidence
from ..control.holds import Holds, Turns
from ..control.plan import plan
from ..control.site_state import SiteState
from ..control.steps import Step, SwitchStep, is_end
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..enlighten.budget import Purpose, spending_for
from ..errors import BudgetExhausted, EnlightenError, NothingToControl, SignInSuspended
from .backoff import Backoff
from .contact import SILENT, Contact
from .ladder import Ladder
from .observer import Observer
from .ports import Listener, Site, Wishes
from .records import Records
from .said import Said
from .verdicts import Situation
from .writer import Writer, is_outdated

READ_BACK = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each read after a write: most sites show it at once, nearly all within three seconds (10.3)."""

MOST_STEPS = 40
"""Steps of one pass: many times what any plan needs. What is left then is looked at anew in the next pass."""


class Reconciler:
    """The one writer of a site.

    Never entered twice at a time: its owner runs passes one after the other.

    Args:
        site: The cloud side.
        wishes: What is wanted.
        listener: Who is told what became of it.
        records: What is known of the cloud, also from the last run.
        controls: The controls that may be written.
        clock: Returns the current instant (aware, UTC).
        when: Puts an instant into words for people, in the site's local time.
        sleep: Waits so many seconds.
        backoff: Grows the time between tries.
        settle: Least number of seconds between validation and write.
        consistency: How long reads may show old values after a write.
        most_turns: Changes of direction per control and hour that are carried out at once; None: any number.
        dry_run: Only say what would be done.
        logger: Where changes of state are told.
    """

    def __init__(
        self,
        site: Site,
        wishes: Wishes,
        listener: Listener,
        records: Records,
        *,
        controls: Collection[Control],
        clock: Callable[[], datetime],
        when: Callable[[datetime], str],
        sleep: Callable[[float], Awaitable[None]],
        backoff: Backoff,
        settle: float,
        consistency: timedelta,
        most_turns: int | None,
        dry_run: bool,
        logger: logging.Logger,
    ) -> None:
        self._site = site
        self._wishes = wishes
        self._said = said = Said(listener)
        self._controls = frozenset(controls)
        self._clock = clock
        self._sleep = sleep
        self._backoff = backoff
        self._consistency = consistency
        self._dry_run = dry_run
        self.contact = Contact(clock=clock, when=when, backoff=backoff, logger=logger)
        self._ladder = ladder = Ladder(site.forms)
        self.records = records
        self._observer = Observer(
            site,
            wishes,
            self.records,
            ladder,
            said,
            clock=clock,
            consistency=consistency,
            logger=logger,
        )
        self._writer = Writer(
            site,
            wishes,
            self._observer,
            self.records,
            ladder,
            clock=clock,
            sleep=sleep,
            backoff=backoff,
            settle=settle,
            logger=logger,
        )
        self._poll_failed = False
        self._turns = Turns(most_turns)

    @property
    def verdicts(self) -> Mapping[Control, Verdict]:
        """The verdicts that stand, by control."""
        return self._said.verdicts

    @property
    def state(self) -> SiteState:
        """What was read last."""
        return self.records.state

    @property
    def evidence(self) -> Mapping[Control, Evidence]:
        """What is known of every switch."""
        return self.records.evidence

    @property
    def taken_over(self) -> Sequence[tuple[datetime, Terms]]:
        """What people made theirs in the Enphase app: when (aware, UTC), and what."""
        return self._observer.taken_over

    def due(self, now: datetime) -> bool:
        """Return whether a pass has something to do at ``now``."""
        return bool(self._due_controls(now)) or any(at <= now for at in self._looks())

    def next_due(self) -> datetime | None:
        """Return the instant at which a pass will have something to do, if nobody wishes anything before."""
        verdicts = (self.verdicts.get(control) for control in self._wishes.wanted())
        retries = [verdict.retry_at for verdict in verdicts if verdict is not None and verdict.retry_at is not None]
        return min((*retries, *self._looks()), default=None)

    def reconsider(self, control: Control) -> None:
        """Make the next pass look at a control again, although its verdict stands."""
        self._said.reconsider(control)

    async def run(self, *, poll: bool = False, hurry: timedelta | None = None) -> None:
        """Make one pass.

        Args:
            poll: Read everything, also when nothing is to be done.
            hurry: The longest time until the next try, should the cloud not be reached, because something is soon to be
                written; None: nothing is.
        """
        self.contact.hurry = hurry
        everything = poll or self._poll_failed or self.state.switches is None
        self._poll_failed, looked = everything, False
        try:
            self.records.begin_pass(self._due_controls(self._clock()))
            await self._look_first(everything=everything)
            looked = True
            for control in self.records.forget_failures(self._clock()):
                self._said.reconsider(control)
            if self.contact.error is not None:  # what had to wait for the cloud need not wait any more
                self._said.look_again_at_what_waits()
            await self._take_steps()
        except EnlightenError as error:
            self._postpone(error, looked=looked)
            return
        self.contact.succeeded()
        for control in self._due_controls(self._clock()):
            self._judge(control)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _look_first(self, *, everything: bool) -> None:
        """Read at the begin of a pass; a poll that has no budget left, or may not sign in, does not stop a wish."""
        urgent = bool(self._due_controls(self._clock()))
        try:
            if everything:
                await self._observer.look(everything=True)
            elif self._awaits_report():
                await self._observer.look_at_switches(urgent=urgent)
            elif not self._awaits_gateway():
                with spending_for(self._purpose()):
                    await self._observer.look(urgent=urgent)
            elif await self._observer.look_at_entries(urgent=urgent) and not self._awaits_gateway():
                await self._observer.look_at_switches(urgent=urgent)  # nothing is decided by the list alone
        except (BudgetExhausted, SignInSuspended):
            if not (everything and urgent):
                raise
            with spending_for(self._purpose()):
                await self._observer.look()
        except SILENT:
            raise
        except EnlightenError:
            await self._switch_off_unseen()
            raise
        else:
            self._poll_failed = False

    def _looks(self) -> list[datetime]:
        """Return when to look although nobody wishes: after an error, else at what reads have not decided yet."""
        if self.contact.retry_at is not None:
            return [self.contact.retry_at]
        return [*self.records.looks(self._consistency), *self.records.arrival_looks()]

    def _awaits_report(self) -> bool:
        """Return whether nothing but switches on their way are awaited, of which the list of entries says nothing."""
        now, arrivals = self._clock(), self.records.arrivals
        is_alone = not self.contact.error and self._due_controls(now).keys() <= arrivals.keys()
        is_undecided = any(at <= now for at in self.records.looks(self._consistency))
        return bool(arrivals) and is_alone and not is_undecided and not self._next_steps()

    def _awaits_gateway(self) -> bool:
        """Return whether nothing but the gateway's word on own entries is awaited, which only the list can bring."""
        now = self._clock()
        if self.contact.error or not self.records.awaits_gateway(now, self._consistency) or self._next_steps():
            return False
        situation = self._situation(now)
        return all(situation.awaits_gateway(control) for control in self._due_controls(now))

    # -- doing --------------------------------------------------------------------------------------------------------

    def _due_controls(self, now: datetime) -> dict[Control, Wanted]:
        """Return what has no verdict yet, or one whose time for another try has come."""
        due = {}
        for control, wanted in self._wishes.wanted().items():
            verdict = self.verdicts.get(control)
            settled = verdict is not None and verdict.wanted.task == wanted.task
            waiting = verdict is not None and (verdict.retry_at is None or now < verdict.retry_at)
            if control in self._controls and not (settled and waiting):
                due[control] = wanted
        return due

    def _next_steps(self) -> tuple[Step, ...]:
        """Return what is still to be done and may be done now, without what was tried and failed lately."""
        now = self._clock()
        situation = self._situation(now)
        failed = {one for one, verdict in self.verdicts.items() if verdict.outcome is Outcome.FAILED}
        touchable = (self._controls - failed) | self._due_controls(now).keys()
        steps = plan(situation.wanted, self.records.actual(self._site.habits, now), touchable)
        return tuple(step for step in steps if situation.hold(step) is None)

    def _purpose(self) -> Purpose | None:
        """Return what a look is for, beyond what it says itself: an end, while there is one that may not have come."""
        now = self._clock()
        situation = self._situation(now)
        ends = not self._dry_run and any(situation.may_outlast(control) for control in self._due_controls(now))
        return Purpose.END if ends else None

    def _situation(self, now: datetime) -> Situation:
        """Return what everything is judged by at this moment; what may not be changed is nobody's obstacle."""
        changeable = {one: wanted for one, wanted in self._wishes.wanted().items() if one in self._controls}
        switches = self.state.switches
        holds = Holds(switches is not None and switches.busy, self._site.clock_skew, self._turns, now)
        return Situation(self.records, self._site.habits, changeable, now, self._consistency, holds)

    async def _take_steps(self) -> None:
        """Take the steps of the plan, made anew after each, so that the last wish wins.

        What was written or deleted is read back, which may lead to more: a new entry has its id only then.
        """
        unread = False
        for _ in range(0 if self._dry_run else MOST_STEPS):
            steps = self._next_steps()
            if not steps and not unread:
                return
            if not steps:
                with spending_for(self._purpose()):
                    await self._observer.look()
                unread = False
                continue
            step = steps[0]
            if unread and self.records.may_sweep(step):
                await self._observer.look_at_entries()
                unread = False
                continue
            self._said.reconsider(step.control)  # what was said of it is over, whoever wishes what before the pass ends
            with spending_for(Purpose.END if is_end(step) else None):
                answered = await self._writer.take(step)
                self._turns = self._turns.taken(step, self._clock())
                unread = unread or not isinstance(step, SwitchStep)
                if answered and isinstance(step, SwitchStep):
                    await self._read_back(step)
                    unread = False

    async def _switch_off_unseen(self) -> None:
        """Switch off what is to go off, going by the last read although none works: maybe nothing else ends it."""
        if self.state.switches is None or self._dry_run:
            return
        with suppress(EnlightenError):  # that of the read tells more
            for step in self._next_steps():
                if isinstance(step, SwitchStep) and not step.on:
                    with spending_for(Purpose.END):
                        await self._writer.take(step)

    async def _read_back(self, step: SwitchStep) -> None:
        """Read until a read shows the step, the patience ends or somebody wishes otherwise.

        After a second form one read has to do: a cloud that ignores writes must not use up the budget (10.1).
        """
        for delay in READ_BACK if self._ladder.is_at_first(SwitchStep(step.control, step.on)) else READ_BACK[:1]:
            await self._sleep(delay)
            if is_outdated(step, self._wishes.wanted()):
                return
            await self._observer.look()
            is_decided = self.evidence[step.control].unproven is None or step.control in self.records.arrivals
            if is_decided and not self.records.is_unseen(step.control):
                return

    # -- judging ------------------------------------------------------------------------------------------------------

    def _judge(self, control: Control) -> None:
        """Say what became of what is wanted of one control, after a pass that reached the cloud."""
        now = self._clock()
        situation = self._situation(now)
        if self._dry_run:
            self._said.say(control, situation.rehearsed(control))
            return
        verdict = situation.judged(control)
        waits = verdict.outcome is Outcome.FAILED or (
            verdict.outcome is Outcome.PENDING and verdict.wanted.held_back_by is None
        )
        if waits and verdict.retry_at is None and verdict.wanted.obstacle is None:
            verdict = replace(verdict, retry_at=now + self._backoff.after_failure(control.value))
        elif verdict.outcome is Outcome.CONFIRMED:
            self._backoff.succeeded(control.value)
        self._said.say(control, verdict)

    def _postpone(self, error: EnlightenError, *, looked: bool) -> None:
        """Keep every wish for a later try; but no end that was read is held up by what no requests are left for."""
        contact, now = self.contact, self._clock()
        contact.failed(error)
        for control, wanted in self._due_controls(now).items():
            if looked and isinstance(error, BudgetExhausted) and not wanted.switch:
                self._judge(control)
                continue
            outcome = Outcome.FAILED if isinstance(error, NothingToControl) else Outcome.PENDING
            self._said.say(control, Verdict(wanted, outcome, now, contact.reason, contact.retry_at))
