"""What can be said of a wish after a pass that reached the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.entries import terms_of
from ..control.holds import Holds
from ..control.losses import is_given_up
from ..control.plan import contested, in_the_way, plan, terms_wanted, unapplied_by_others, unlisted
from ..control.reason import Kind, Reason, because
from ..control.site_state import Habits
from ..control.steps import CreateStep, DeleteStep, Step, SwitchStep, UpdateStep
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from .records import UNREADABLE, Failure, Records

LOOK_AGAIN = timedelta(seconds=60)
"""Longest time until the next read while a write is not shown yet."""

AWAITING_GATEWAY = frozenset({Kind.AWAITING_GATEWAY, Kind.AWAITING_SILENT_GATEWAY, Kind.AWAITING_OVERRIDDEN_GATEWAY})
"""The gateway's word is all that is missing."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a verdict is found from.

    Attributes:
        records: What is known of the cloud.
        habits: What this site's cloud accepts.
        wanted: What is wanted of all controls that may be changed.
        now: The current instant (aware, UTC).
        consistency: How long reads may show old values after a write.
        holds: What may hold a step.
    """

    records: Records
    habits: Habits
    wanted: Mapping[Control, Wanted]
    now: datetime
    consistency: timedelta
    holds: Holds

    def hold(self, step: Step) -> Reason | None:
        """Return what holds a step; None when it may be taken now."""
        return self.holds.on(step, self.wanted, is_on=self.records.evidence[step.control].believed is True)

    def rehearsed(self, control: Control) -> Verdict:
        """Return what would be done for a control, in a dry run."""
        steps = plan(self.wanted, self.records.actual(self.habits, self.now), (control,))
        steps = tuple(step for step in steps if step.control is control)
        if steps:
            reason = because(Kind.WOULD_DO, steps=tuple(step.described() for step in steps))
        else:
            reason = self.wanted[control].obstacle or because(Kind.NOTHING_TO_DO)
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
            or self._on_its_way(control)
            or self._switch_undecided(control)
            or self._surplus_undecided(control)
            or self._own_undecided(control)
            or self._off_unheard(control)
            or self._settled(control)
        )

    def awaits_gateway(self, control: Control) -> bool:
        """Return whether the gateway's word is all that is missing."""
        reason = self.judged(control).reason
        return reason is not None and reason.kind in AWAITING_GATEWAY

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
            is_switch = is_switch and not self._is_off_anyway(control)
            is_entry = isinstance(step, (CreateStep, UpdateStep)) and step.terms in own
            if is_switch or is_entry:
                return self._failure(control, failure)
        for terms in own:
            if is_given_up(terms, self.records.ledger.losses, self.now) and self.records.ledger.find(terms) is None:
                return self._failure(control, Failure(because(Kind.ENTRY_VANISHED, entry=terms)))
        for step, failure in failures.items():
            if isinstance(step, DeleteStep) and step.control is control and failure.reason is not None:
                reason = because(Kind.OWN_ENTRY_NOT_DELETED, error=failure.reason)
                return self._verdict(control, Outcome.PENDING, reason, failure.until)
        return None

    def _is_off_anyway(self, control: Control) -> bool:
        """Return whether what is to be off is off, second flag and all, so that a refusal to say so again hurts nobody.

        Whether a refused *on* comes true after all is a doubt of its own.
        """
        evidence, switches = self.records.evidence[control], self.records.state.switches
        is_off = not self.wanted[control].switch and evidence.known is False and evidence.unproven is None
        is_flag_on = control.has_second_flag and switches is not None and switches.charge_schedule_on
        return is_off and not is_flag_on

    def _failure(self, control: Control, failure: Failure) -> Verdict:
        outcome = Outcome.PENDING if failure.passing else Outcome.FAILED
        return self._verdict(control, outcome, failure.reason or because(Kind.IGNORED), failure.until)

    def _obstructed(self, control: Control) -> Verdict | None:
        """Return the verdict if nothing may be written for the wish."""
        obstacle = self.wanted[control].obstacle
        if obstacle is None:
            return None
        return self._verdict(control, Outcome.FAILED, obstacle)

    def _held(self, control: Control) -> Verdict | None:
        """Return the verdict if a step that the wish needs may not be taken now."""
        steps = plan(self.wanted, self.records.actual(self.habits, self.now), (control,))
        holds = (self.hold(step) for step in steps if step.control is control)
        hold = next((one for one in holds if one is not None), None)
        if hold is None:
            return None
        return self._verdict(control, Outcome.PENDING, hold, hold.until)

    def _end_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict while a switch stays on for an own entry that may be somebody else's by now."""
        evidence = self.records.evidence[control]
        goes_off = not self.wanted[control].switch and evidence.known is True and evidence.unproven is None
        if not goes_off or not contested(control, self.records.ledger, self.now):
            return None
        return self._verdict(control, Outcome.PENDING, because(Kind.DOUBTED), self._look_again())

    def _switch_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict as long as no read that counts shows the switch as it is to be."""
        wanted, evidence = self.wanted[control], self.records.evidence[control]
        ahead = _is_only_written_ahead(wanted)
        if evidence.unproven is not None and not (ahead and evidence.unproven.value):
            return self._awaited(control, because(Kind.NOT_SHOWN_YET), control)
        doubt = self._doubt(control)
        if evidence.known is wanted.switch and doubt is not None:
            return self._awaited(control, doubt, control)
        if evidence.known is wanted.switch or ahead:
            return None
        # A rival is still on, a read cannot decide yet (an echo), or the wish changed at the end of the pass.
        rival = in_the_way(self.wanted, self.records.evidence, self.records.state).get(control)
        if rival is not None:
            return self._awaited(control, because(Kind.RIVAL_STILL_ON, control=rival), rival)
        if wanted.switch and not self.records.state.lists(control):
            return self._verdict(control, Outcome.PENDING, because(Kind.LIST_UNREADABLE))
        return self._awaited(control, because(Kind.CLOUD_UNDECIDED), control)

    def _on_its_way(self, control: Control) -> Verdict | None:
        """Return the verdict while the gateway does not report what the cloud has taken (rule (n)).

        What never arrives is given up only where that means off: a change that may come true at any time ends nothing.
        """
        arrival, wanted = self.records.arrivals.get(control), self.wanted[control]
        if arrival is None or arrival.on is not wanted.switch or _is_only_written_ahead(wanted):
            return None
        if arrival.on and arrival.is_overdue(self.now):
            return self._verdict(control, Outcome.FAILED, because(Kind.NOT_ARRIVED, since=arrival.reported_at))
        silent_since = self._silent_since()
        if silent_since is None:
            reason = because(Kind.ON_ITS_WAY, reported=arrival.reported_at)
        else:
            reason = because(Kind.ON_ITS_WAY_SILENT, since=silent_since)
        return self._verdict(control, Outcome.PENDING, reason, arrival.next_look(self.now))

    def _silent_since(self) -> datetime | None:
        """Return the gateway's last report where that is long ago; None while it reports, or nobody knows."""
        storage = self.records.state.storage
        return storage.silent_since if storage else None

    def _awaited(self, control: Control, reason: Reason, of: Control) -> Verdict:
        """Return the verdict while a read of the switch ``of`` has to decide.

        The next look is soon as long as one may decide, and then by the caller's back-off: it may never.
        """
        evidence, switches = self.records.evidence[of], self.records.state.switches
        decides_at = evidence.second_look_at(self.consistency)
        if decides_at is None and evidence.writes:
            decides_at = evidence.writes[-1].at + self.consistency
        retry_at = None if decides_at is None or decides_at <= self.now else min(decides_at, self.now + LOOK_AGAIN)
        if switches is not None and of not in switches.on:
            reason = because(Kind.SWITCH_NOT_TOLD_OF, control=of)
        return self._verdict(control, Outcome.PENDING, reason, retry_at)

    def _doubt(self, control: Control) -> Reason | None:
        """Return why a switch may not be as it was read last, and which read decides that; None: it is."""
        evidence = self.records.evidence[control]
        if evidence.suspect_since is not None or self._is_denied(control):
            return because(Kind.DOUBTED)
        is_open = evidence.may_become is (not self.wanted[control].switch)
        return because(Kind.REFUSED_YET_OPEN) if is_open else None

    def _is_denied(self, control: Control) -> bool:
        """Return whether the newest read shows otherwise than what is known: an echo, or somebody's change."""
        switches, known = self.records.state.switches, self.records.evidence[control].known
        if switches is None or control not in switches.on:
            return False
        return known is not switches.on[control]

    def _surplus_undecided(self, control: Control) -> Verdict | None:
        """Return the verdict as long as the cloud may still hold what is to go."""
        ledger = self.records.ledger
        stays = terms_wanted(self.wanted)
        surplus = any(one.terms.control is control and one.terms not in stays for one in ledger.staying())
        if surplus or ledger.waits_for(control):
            retry_at = self._next_deletion(control)
            if retry_at is None or ledger.waits_for(control):
                retry_at = self._look_again()
            if not self.records.state.lists(control):
                return self._verdict(control, Outcome.PENDING, because(Kind.OWN_ENTRY_MAY_STAND))
            return self._verdict(control, Outcome.PENDING, because(Kind.OWN_ENTRY_STILL_LISTED), retry_at)
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
        retry_at: datetime | None = self._look_again()
        if theirs and not all(owned):
            reason = because(Kind.YOUR_ENTRY_NOT_ACTIVE, entries=terms_of(theirs))
        elif any(unlisted(terms, wishes, ledger) for terms in wanted.own.terms):
            reason = because(Kind.OWN_ENTRY_IN_THE_WAY)
        elif any(one.overlaps(terms) for one in contested for terms in wanted.own.terms):
            reason = because(Kind.DOUBTED)
        elif any(one is None or one.schedule_id is None for one in owned):
            reason = because(Kind.NOT_LISTED_YET)
        elif not all(one is not None and one.active for one in owned):
            reason, retry_at = self._waits_for_gateway(control), self._next_look()
        elif any(one is not None and one.doubted for one in owned):
            reason = because(Kind.DOUBTED)
        elif control.has_second_flag and not (switches and switches.charge_schedule_on):
            reason, retry_at = because(Kind.SCHEDULE_NOT_SHOWN, control=control), None
        else:
            return None
        return self._verdict(control, Outcome.PENDING, reason, retry_at)

    def _off_unheard(self, control: Control) -> Verdict | None:
        """Return the verdict on what went off in the cloud while the gateway is offline: it goes on until it hears."""
        if self.wanted[control].switch or not self.records.is_unheard(control):
            return None
        return self._verdict(control, Outcome.PENDING, because(Kind.OFF_UNHEARD, since=self._silent_since()))

    def _settled(self, control: Control) -> Verdict:
        """Return the verdict on what is as it is to be: confirmed, unless the wish itself is held back."""
        wanted = self.wanted[control]
        rival = wanted.held_back_by
        if rival is None:
            return self._verdict(control, Outcome.CONFIRMED, wanted.note)
        window = rival.label if rival.timed and rival.label else None
        reason = because(Kind.ON_HOLD, rival.until, control=rival.control, window=window)
        return self._verdict(control, Outcome.PENDING, reason)

    def _look_again(self) -> datetime:
        """Return when the next read may tell more: soon, unless the list cannot be read, which may last."""
        return min(self._next_look(), self.now + (LOOK_AGAIN if self.records.is_legible else UNREADABLE))

    def _next_look(self) -> datetime:
        return self.records.next_look(self.consistency) or self.now + LOOK_AGAIN

    def _waits_for_gateway(self, control: Control) -> Reason:
        """Return what the entries wait for, with what is known to keep the gateway from taking them."""
        switches, silent_since = self.records.state.switches, self._silent_since()
        if silent_since is not None:
            return because(Kind.AWAITING_SILENT_GATEWAY, since=silent_since)
        override = switches.overrides(control) if switches is not None else None
        if override is not None:
            return because(Kind.AWAITING_OVERRIDDEN_GATEWAY, override=override)
        return because(Kind.AWAITING_GATEWAY)

    def _verdict(
        self, control: Control, outcome: Outcome, reason: Reason | None = None, retry_at: datetime | None = None
    ) -> Verdict:
        return Verdict(self.wanted[control], outcome, self.now, reason, retry_at)


def _is_only_written_ahead(wanted: Wanted) -> bool:
    """Return whether a switch is to be on for a window only that has not begun."""
    return wanted.anyway and not (wanted.intent.on and wanted.effective)
