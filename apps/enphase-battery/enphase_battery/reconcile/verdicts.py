"""What can be said of a wish after a pass that reached the cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.enforcement import REPORT_AGE
from ..control.entries import listed
from ..control.holds import Hold, Holds
from ..control.losses import is_given_up
from ..control.plan import (
    CreateStep,
    DeleteStep,
    Step,
    SwitchStep,
    UpdateStep,
    contested,
    in_the_way,
    plan,
    terms_wanted,
    unapplied_by_others,
    unlisted,
)
from ..control.site_state import Habits
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..errors import Refused
from .records import Failure, Records

LOOK_AGAIN = timedelta(seconds=60)
"""Longest time until the next read while a write is not shown yet."""

DOUBTED = "the cloud shows something else; a second look has to decide"
REFUSED_YET_OPEN = "a later read has to show that a refused write was not carried out"

GATEWAY_HINT = "look in the Enphase app whether the gateway is online"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a verdict is found from.

    Attributes:
        records: What is known of the cloud.
        habits: What this site's cloud accepts.
        wanted: What is wanted of all controls that may be changed.
        now: The current instant (aware, UTC).
        consistency: How long reads may show old values after a write.
        when: Puts an instant into words for people.
        holds: What may hold a step.
    """

    records: Records
    habits: Habits
    wanted: Mapping[Control, Wanted]
    now: datetime
    consistency: timedelta
    when: Callable[[datetime], str]
    holds: Holds

    def hold(self, step: Step) -> Hold | None:
        """Return what holds a step; None when it may be taken now."""
        return self.holds.on(step, self.wanted, is_on=self.records.evidence[step.control].believed is True)

    def rehearsed(self, control: Control) -> Verdict:
        """Return what would be done for a control, in a dry run."""
        steps = plan(self.wanted, self.records.actual(self.habits, self.now), (control,))
        steps = tuple(step for step in steps if step.control is control)
        words = ", then ".join(str(step) for step in steps)
        reason = f"would {words}" if steps else "nothing to do"
        wanted = self.wanted[control]
        if wanted.obstacle is not None and not steps:
            reason = wanted.obstacle.reason
        return self._verdict(control, Outcome.DRY_RUN, reason)

    def judged(self, control: Control) -> Verdict:
        """Return the verdict on what is wanted of a control.

        The caller sets the next try of what failed, and of what waits for nobody knows how long.
        """
        return (
            self._failed(control)
            or self._obstructed(control)
            or self._held(control)
            or self._end_undecided(control)
            or self._switch_undecided(control)
            or self._surplus_undecided(control)
            or self._own_undecided(control)
            or self._settled(control)
        )

    def awaits_gateway(self, control: Control) -> bool:
        """Return whether the gateway's word is all that is missing."""
        verdict = self.judged(control)
        return verdict.outcome is Outcome.PENDING and verdict.hint == GATEWAY_HINT

    def may_outlast(self, control: Control) -> bool:
        """Return whether a control that is to be off, or an own entry of it, may still be in effect."""
        ledger = self.records.ledger
        owns = any(one.terms.control is control for one in ledger.staying()) or ledger.waits_for(control)
        return not self.wanted[control].switch and (owns or not self.records.evidence[control].surely_off)

    # -- one after the other ------------------------------------------------------------------------------------------

    def _failed(self, control: Control) -> Verdict | None:
        """Return the verdict if something that the wish needs was refused or ignored."""
        wanted, failures = self.wanted[control], self.records.failures
        own = wanted.own.terms if wanted.own is not None else ()
        for step, failure in failures.items():
            is_switch = isinstance(step, SwitchStep) and step.control is control and step.on is wanted.switch
            is_entry = isinstance(step, (CreateStep, UpdateStep)) and step.terms in own
            if is_switch or is_entry:
                return self._failure(control, failure)
        for terms in own:
            if is_given_up(terms, self.records.ledger.losses, self.now) and self.records.ledger.find(terms) is None:
                lost = Refused(f"the entry {terms} vanished from the cloud again and again", hint=GATEWAY_HINT)
                return self._failure(control, Failure(lost))
        for step, failure in failures.items():
            if isinstance(step, DeleteStep) and step.control is control and failure.error is not None:
                reason = f"an own entry cannot be deleted yet: {failure.error}"
                return self._verdict(control, Outcome.PENDING, reason, retry_at=failure.until)
        return None

    def _failure(self, control: Control, failure: Failure) -> Verdict:
        error = failure.error
        reason = str(error) if error else "the cloud answered with success and still shows the old value"
        outcome = Outcome.PENDING if failure.passing else Outcome.FAILED
        return self._verdict(control, outcome, reason, error.hint if error else "", failure.until)

    def _obstructed(self, control: Control) -> Verdict | None:
        """Return the verdict if nothing may be written for the wish."""
        obstacle = self.wanted[control].obstacle
        if obstacle is None:
            return None
        return self._verdict(control, Outcome.FAILED, obstacle.reason, obstacle.hint)

    def _held(self, control: Control) -> Verdict | None:
        """Return the verdict if a step that the wish needs may not be taken now."""
        steps = plan(self.wanted, self.records.actual(self.habits, self.now), (control,))
        holds = (self.hold(step) for step in steps if step.control is control)
        hold = next((one for one in holds if one is not None), None)
        if hold is None:
            return None
        until = f" until {self.when(hold.until)}" if hold.until else ""
        return self._verdict(control, Outcome.PENDING, f"{hold.reason}{until}", hold.hint, hold.until)

    def _end_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict while a switch stays on for an own entry that may be somebody else's by now."""
        evidence = self.records.evidence[control]
        goes_off = not self.wanted[control].switch and evidence.known is True and evidence.unproven is None
        if not goes_off or not contested(control, self.records.ledger, self.now):
            return None
        return self._verdict(control, Outcome.PENDING, DOUBTED, retry_at=min(self._next_look(), self.now + LOOK_AGAIN))

    def _switch_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict as long as no read that counts shows the switch as it is to be."""
        wanted, evidence = self.wanted[control], self.records.evidence[control]
        if evidence.unproven is not None:
            return self._awaited(control, "written; the cloud does not show it yet", control)
        doubt = self._doubt(control)
        if evidence.known is wanted.switch and doubt:
            return self._awaited(control, doubt, control)
        only_anyway = wanted.anyway and not (wanted.intent.on and wanted.effective)
        if evidence.known is wanted.switch or only_anyway:
            return None
        # A rival is still on, a read cannot decide yet (an echo), or the wish changed at the end of the pass.
        rival = in_the_way(self.wanted, self.records.evidence, self.records.state).get(control)
        if rival is not None:
            return self._awaited(control, f"waits until {rival.title} is off", rival)
        if wanted.switch and self.records.state.entries is None:
            return self._verdict(control, Outcome.PENDING, "the schedule list of the cloud cannot be read")
        return self._awaited(control, "waiting for the cloud", control)

    def _awaited(self, control: Control, reason: str, of: Control) -> Verdict:
        """Return the verdict while a read of the switch ``of`` has to decide.

        The next look is soon as long as one may decide, and then by the caller's back-off: it may never.
        """
        evidence, switches = self.records.evidence[of], self.records.state.switches
        decides_at = evidence.second_look_at(self.consistency)
        if decides_at is None and evidence.writes:
            decides_at = evidence.writes[-1].at + self.consistency
        retry_at = None if decides_at is None or decides_at <= self.now else min(decides_at, self.now + LOOK_AGAIN)
        if switches is not None and of not in switches.on:
            reason, hint = f"the cloud does not say whether {of.title} is on", "look at it in the Enphase app"
            return self._verdict(control, Outcome.PENDING, reason, hint, retry_at)
        return self._verdict(control, Outcome.PENDING, reason, retry_at=retry_at)

    def _doubt(self, control: Control) -> str:
        """Return why a switch may not be as it was read last, and which read decides that; empty: it is."""
        evidence = self.records.evidence[control]
        if evidence.suspect_since is not None or self._is_denied(control):
            return DOUBTED
        return REFUSED_YET_OPEN if evidence.may_become is (not self.wanted[control].switch) else ""

    def _is_denied(self, control: Control) -> bool:
        """Return whether the newest read shows otherwise than what is known: an echo, or somebody's change."""
        switches, known = self.records.state.switches, self.records.evidence[control].known
        return switches is not None and switches.on.get(control, known) is not known

    def _surplus_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict as long as the cloud may still hold what is to go."""
        ledger = self.records.ledger
        stays = terms_wanted(self.wanted)
        surplus = any(one.terms.control is control and one.terms not in stays for one in ledger.staying())
        if surplus or ledger.waits_for(control):
            retry_at = self._next_deletion(control)
            if retry_at is None or ledger.waits_for(control):
                retry_at = min(self._next_look(), self.now + LOOK_AGAIN)
            reason = "waits until the cloud shows that an own entry is gone"
            if self.records.state.entries is None:
                return self._verdict(control, Outcome.PENDING, f"{reason}; its schedule list cannot be read")
            return self._verdict(control, Outcome.PENDING, reason, retry_at=retry_at)
        return None

    def _next_deletion(self, control: Control) -> datetime | None:
        """Return when entries are deleted again that the cloud goes on listing; None: no deletion was answered."""
        failures = self.records.failures.items()
        again = (one.until for step, one in failures if isinstance(step, DeleteStep) and step.control is control)
        return min((until for until in again if until is not None), default=None)

    def _own_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict as long as the gateway does not have what is to stand."""
        wanted, ledger = self.wanted[control], self.records.ledger
        if wanted.own is None or not (wanted.intent.on and wanted.effective):
            return None
        owned = [ledger.find(terms) for terms in wanted.own.terms]
        switches, wishes = self.records.state.switches, terms_wanted(self.wanted)
        theirs = unapplied_by_others(control, self.records.actual(self.habits, self.now))
        contested = ledger.contested(self.records.state.entries or ())
        hint = ""
        retry_at: datetime | None = min(self._next_look(), self.now + LOOK_AGAIN)
        if theirs and not all(owned):
            reason = f"waits until the gateway has an entry of yours: {listed(theirs)}"
        elif any(unlisted(terms, wishes, ledger) for terms in wanted.own.terms):
            reason = "waits until an own entry is gone"
        elif any(one.overlaps(terms) for one in contested for terms in wanted.own.terms):
            reason = DOUBTED
        elif any(one is None or one.schedule_id is None for one in owned):
            reason = "written; the cloud does not list it yet"
        elif not all(one is not None and one.active for one in owned):
            reason, hint, retry_at = self._waits_for_gateway(), GATEWAY_HINT, self._next_look()
        elif any(one is not None and one.doubted for one in owned):
            reason = DOUBTED
        elif control is Control.CHARGE_FROM_GRID and not (switches and switches.charge_schedule_on):
            reason, retry_at = "the cloud does not show the schedule of charge from grid switched on", None
        else:
            return None
        return self._verdict(control, Outcome.PENDING, reason, hint, retry_at)

    def _settled(self, control: Control) -> Verdict:
        """Return the verdict on what is as it is to be: confirmed, unless the wish itself is held back."""
        wanted = self.wanted[control]
        rival = wanted.held_back_by
        if rival is None:
            return self._verdict(control, Outcome.CONFIRMED, wanted.note)
        name = f"{rival.control.title} ({rival.label})" if rival.timed and rival.label else rival.control.title
        until = f" until {self.when(rival.until)}" if rival.until else ""
        return self._verdict(control, Outcome.PENDING, f"held back by {name}{until}")

    def _next_look(self) -> datetime:
        return self.records.next_look(self.consistency) or self.now + LOOK_AGAIN

    def _waits_for_gateway(self) -> str:
        """Return what the entries wait for, with what is known to keep the gateway from taking them."""
        switches, storage = self.records.state.switches, self.records.state.storage
        reason = "written and applied; waiting for the gateway"
        report = storage.last_report if storage else None
        if report is not None and self.now - report > REPORT_AGE:
            return f"{reason}, which has not reported since {self.when(report)}"
        return f"{reason}; {switches.override} overrides schedules" if switches and switches.override else reason

    def _verdict(
        self, control: Control, outcome: Outcome, reason: str = "", hint: str = "", retry_at: datetime | None = None
    ) -> Verdict:
        return Verdict(self.wanted[control], outcome, self.now, reason, hint, retry_at)
