"""Takes one step of a plan: notes it, sends it, notes the answer.

HTTP 200 is never believed (10.2): the step counts as done when a read shows it, which is
the reconciler's business.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.entries import Terms
from ..control.reason import Kind, Reason, because
from ..control.site_state import FORBIDS_ON_ONLY
from ..control.steps import CreateStep, DeleteStep, Step, SwitchStep, UpdateStep, is_end
from ..control.wanted import Wanted
from ..errors import BudgetExhausted, Conflict, EnlightenError, Forbidden, NotAvailable, Refused, SignInSuspended
from ..words.reasons import entry, sentence
from .backoff import FIRST, LONGEST, Backoff
from .ladder import Ladder
from .observer import Observer
from .ports import Site, Wishes
from .records import Failure, Records

MOVE_PAUSE = timedelta(seconds=2)
"""Time between a deletion and the next creation (10.4, "Moving several windows")."""

PAUSE = 1.0
"""Seconds between validation and write where the write is in vain without them (10.2, S1)."""

TRY_AGAIN = timedelta(seconds=15)
"""Time until the next try of a creation that an own entry is in the way of, although it is deleted."""

REFUSALS = (Refused, Forbidden, NotAvailable)

NOT_TAKEN = (BudgetExhausted, SignInSuspended)
"""Errors after which the cloud surely has nothing of what was to be written."""


class Writer:
    """The hand that writes.

    Args:
        site: The cloud side.
        wishes: Whether somebody wishes otherwise meanwhile.
        observer: Reads and weighs what the cloud shows.
        records: What is known, and what was written.
        ladder: Which form a switch is written in next.
        clock: Returns the current instant (aware, UTC).
        sleep: Waits so many seconds.
        backoff: Grows the time between tries.
        settle: Least number of seconds between validation and write.
        logger: Where it is told what is written.
    """

    def __init__(
        self,
        site: Site,
        wishes: Wishes,
        observer: Observer,
        records: Records,
        ladder: Ladder,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        backoff: Backoff,
        settle: float,
        logger: logging.Logger,
    ) -> None:
        self._site = site
        self._records = records
        self._ladder = ladder
        self._wishes = wishes
        self._observer = observer
        self._clock = clock
        self._sleep = sleep
        self._backoff = backoff
        self._settle = settle
        self._logger = logger
        self._deleted_at: datetime | None = None
        self._deletions: dict[str, int] = {}

    async def take(self, step: Step) -> bool:
        """Take one step; return whether something was sent that a read has to show.

        Raises:
            EnlightenError: The cloud could not be reached, or would not let the app in. What was sent is noted.
        """
        self._logger.debug("Going to %s", sentence(step.described()))
        refusal = self._refusal(step)
        if refusal is not None:
            self._failed(step, Refused(refusal))
            return False
        if isinstance(step, SwitchStep):
            return await self._switch(step)
        if isinstance(step, DeleteStep):
            await self._delete(step)
        else:
            await self._write_entry(step)
        return False

    # -- entries ------------------------------------------------------------------------------------------------------

    async def _delete(self, step: DeleteStep) -> None:
        ledger = self._records.ledger
        self._records.keep(ledger.deleting(step.schedule_id, self._clock()))
        try:
            await self._site.delete(step.schedule_id)
        except REFUSALS as refusal:
            await self._observer.look()
            state = self._records.state
            if not state.lists(step.control) or any(one.schedule_id == step.schedule_id for one in state.entries or ()):
                self._failed(step, refusal)
                return
        self._records.keep(self._records.ledger.deleted(step.schedule_id))
        self._deleted_at = self._clock()
        self._space_out(step, self._deleted_at)
        self._logger.info("Deleted the entry %s", entry(step.terms))

    def _space_out(self, step: DeleteStep, now: datetime) -> None:
        """Have the next deletion of an entry, should the cloud go on listing it, come ever later."""
        tries = self._deletions.get(step.schedule_id, 0) + 1
        owned = {one.schedule_id for one in self._records.ledger.owned}
        self._deletions = {one: count for one, count in self._deletions.items() if one in owned}
        self._deletions[step.schedule_id] = tries
        until = now + min(FIRST * 2.0**tries, LONGEST)
        self._records.failures[step] = Failure(None, until, self._records.foreign(), passing=True)

    async def _write_entry(self, step: CreateStep | UpdateStep) -> None:
        await self._pause_after_deletion()
        now, entries = self._clock(), self._records.state.entries or ()
        try:
            if isinstance(step, UpdateStep):
                self._records.keep(self._records.ledger.updating(step.schedule_id, step.terms, now))
                await self._site.update(step.schedule_id, step.terms)
            else:
                cloud_now = self._site.cloud_now()
                self._records.keep(self._records.ledger.creating(step.terms, now, cloud_now, entries))
                await self._site.create(step.terms)
        except NOT_TAKEN:
            self._records.keep(self._records.ledger.not_sent(step.terms))
            raise
        except EnlightenError as error:
            self._records.keep(self._records.ledger.ended(step.terms, self._site.cloud_now()))
            if not isinstance(error, REFUSALS):
                raise
            await self._observer.look()
            if not self._has_arrived(step):
                self._records.keep(self._records.ledger.refused(step.terms))
                self._explain(step, error)
                return
        self._records.keep(self._records.ledger.answered(step.terms, self._site.cloud_now()))
        self._records.forget_failures_of(step.terms)
        self._logger.info("Wrote the entry %s", entry(step.terms))

    def _has_arrived(self, step: CreateStep | UpdateStep) -> bool:
        """Return whether it was carried out although its answer denies it: a 500 may come after the act."""
        one = self._records.ledger.find(step.terms)
        return one is not None and any(
            each.schedule_id == one.schedule_id and each.terms.same_times(step.terms)
            for each in self._records.state.entries or ()
        )

    def _explain(self, step: CreateStep | UpdateStep, refusal: EnlightenError) -> None:
        """Find out why an entry was refused, by what stands there, and learn what this cloud does not take."""
        habits, terms = self._site.habits, step.terms
        if isinstance(refusal, Conflict):
            foreign = [entry.terms for entry in self._records.foreign()]
            if any(other.overlaps(terms) for other in foreign):
                return  # the plan that follows finds the obstacle, and names it
            beside = [*foreign, *(one.terms for one in self._records.ledger.staying())]
            if habits.touching and any(other.touches(terms) for other in beside):
                self._logger.info("This cloud refuses entries that touch: they are kept a minute apart from now on")
                self._site.learn(replace(habits, touching=False))
                return
            if any(one.leaving and one.terms.overlaps(terms) for one in self._records.ledger.owned):
                self._waits(step, because(Kind.OWN_ENTRY_LEAVING))
                return
            if unclear := [other for other in foreign if not other.readable]:
                self._failed(step, Refused(because(Kind.OVERLAP, entries=tuple(unclear))))
                return
            refusal = Refused(because(Kind.UNLISTED_CONFLICT, entry=terms, error=refusal.reason))
        elif isinstance(refusal, Refused) and habits.overnight and _is_overnight(terms):
            self._logger.info("This cloud refuses entries over midnight: they are split from now on")
            self._site.learn(replace(habits, overnight=False))
            return
        self._failed(step, refusal)

    async def _pause_after_deletion(self) -> None:
        if self._deleted_at is not None and (wait := self._deleted_at + MOVE_PAUSE - self._clock()) > timedelta(0):
            await self._sleep(wait.total_seconds())

    # -- switches -----------------------------------------------------------------------------------------------------

    async def _switch(self, step: SwitchStep) -> bool:
        """Write one switch in the next form of the ladder that is not refused; return whether it was answered."""
        plain = SwitchStep(step.control, step.on)
        while True:
            form = self._ladder.next(plain)
            try:
                await self._site.validate(step, form)
            except Refused as refusal:
                self._failed(step, refusal)
                return False
            pauses = self._site.habits.pauses or self._ladder.pauses(plain)
            pause = max(self._settle, PAUSE if pauses else 0.0)
            await self._sleep(pause)
            if is_outdated(step, self._wishes.wanted()):
                return False
            changes = self._records.evidence[step.control].believed is not step.on
            self._note_sending(step, changes=changes)
            self._ladder.tried(plain, form)
            try:
                await self._site.write(step, form, self._others(step.control))
            except REFUSALS as refusal:
                is_last = self._ladder.exhausted(plain)
                if not (is_last and changes and await self._is_shown(step)):
                    self._records.note(step.control, self._records.evidence[step.control].refused())
                    if not is_last:
                        continue
                    self._failed(step, refusal)
                    return False
            self._ladder.answered(plain, at_once=pause < PAUSE)
            if changes:
                self._records.note(step.control, self._records.evidence[step.control].answered(self._clock()))
            ledger = self._records.ledger
            self._records.keep(ledger.applied(step.control, self._clock()) if step.on else ledger.settled(step.control))
            return True

    async def _is_shown(self, step: SwitchStep) -> bool:
        """Return whether a read shows a switch as it was written, whatever the answers said."""
        await self._observer.look()
        evidence = self._records.evidence[step.control]
        write = evidence.unproven
        return evidence.known is step.on if write is None else write.value is step.on and write.told_at is not None

    def _note_sending(self, step: SwitchStep, *, changes: bool) -> None:
        now = self._clock()
        if changes:
            self._records.note(step.control, self._records.evidence[step.control].sending(step.on, now))
        if step.control.has_second_flag:
            ledger = self._records.ledger
            flag = ledger.flag.writing(now, changes=changes, told=step.schedule)
            self._records.keep(replace(ledger, flag=flag))
        if step.schedule is not None:
            self._records.keep(self._records.ledger.telling(step.schedule, now))

    def _others(self, control: Control) -> Mapping[Control, bool]:
        """Return what was just written to the other switches, which a read may not show yet."""
        return {
            other: evidence.writes[-1].value
            for other, evidence in self._records.evidence.items()
            if other is not control and evidence.writes and evidence.writes[-1].answered
        }

    # -- failing ------------------------------------------------------------------------------------------------------

    def _refusal(self, step: Step) -> Reason | None:
        """Return why a step is not even tried on this site."""
        switches = self._records.state.switches
        refusal = switches.refusals.get(step.control) if switches else None
        if refusal is None or (is_end(step) and refusal.kind in FORBIDS_ON_ONLY):
            return None
        self._records.forbidden[step.control] = refusal
        return refusal

    def _waits(self, step: CreateStep | UpdateStep, reason: Reason) -> None:
        """Keep for what a step waits that is to be tried again soon."""
        until = self._clock() + TRY_AGAIN
        self._records.failures[step] = Failure(reason, until, self._records.foreign(), passing=True)

    def _failed(self, step: Step, error: EnlightenError) -> None:
        """Keep a failure: a switch may be tried in the next pass, an entry after a while or when others stand there."""
        if isinstance(step, SwitchStep):
            self._records.failures[SwitchStep(step.control, step.on)] = Failure(error.reason)
            return
        until = self._clock() + self._backoff.after_failure(step)
        self._records.failures[step] = Failure(error.reason, until, self._records.foreign())
        self._logger.warning("Could not %s: %s", sentence(step.described()), error)


def _is_overnight(terms: Terms) -> bool:
    return terms.end <= terms.start


def is_outdated(step: SwitchStep, wanted: Mapping[Control, Wanted]) -> bool:
    """Return whether a switch is to be otherwise by now than a step makes it."""
    one = wanted.get(step.control)
    return one is None or one.switch is not step.on
