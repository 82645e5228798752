"""Wanted against actual: the fewest steps, in a safe order.

Everything that ends comes before anything that begins, and all that moves is deleted before anything is created: the
cloud refuses entries that overlap (10.4). A family is switched on, or applied, after its
entries were written: an entry that no settings write has followed never reaches the gateway (6.8).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .controls import Control
from .entries import Entry, Terms
from .evidence import Evidence
from .ledger import Ledger
from .losses import is_given_up
from .owned import Owned
from .site_state import Habits, SiteState
from .steps import CreateStep, DeleteStep, Step, SwitchStep, UpdateStep
from .wanted import Wanted
from .weekly import met

NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Actual:
    """What is known of the cloud, and what was tried.

    Attributes:
        evidence: What is known of every switch. Where it cannot be said what the cloud holds, no step is saved.
        state: What was read last.
        ledger: The entries that the app owns.
        habits: What this site's cloud accepts.
        now: The current instant (aware, UTC).
        failed: Steps that were tried lately in vain, switches without what went along.
    """

    evidence: Mapping[Control, Evidence]
    state: SiteState = field(default_factory=SiteState)
    ledger: Ledger = field(default_factory=Ledger)
    habits: Habits = field(default_factory=Habits)
    now: datetime = NEVER
    failed: Collection[Step] = frozenset()


def plan(wanted: Mapping[Control, Wanted], actual: Actual, controls: Collection[Control]) -> tuple[Step, ...]:
    """Return the steps that lead from what the cloud holds to what is wanted; none when it is so already.

    Args:
        wanted: What is wanted, of all controls that may be changed.
        actual: What is known of the cloud.
        controls: The controls that may be touched now. Owned entries that nobody wants are deleted in any case.
    """
    deletes, changes = _entry_steps(wanted, actual, controls)
    written = {step.terms for step in changes}
    switches = [
        step
        for control, one in wanted.items()
        if control in controls and (step := _switch_step(control, one, actual, written)) is not None
    ]
    waiting = in_the_way(wanted, actual.evidence, actual.state)
    offs = [step for step in switches if not step.on]
    ons = [step for step in switches if step.on and step.control not in waiting]
    steps = (*deletes, *offs, *changes, *ons)
    return tuple(step for step in steps if not _has_failed(step, actual) and not _may_undo(step, wanted, actual))


def in_the_way(
    wanted: Mapping[Control, Wanted], evidence: Mapping[Control, Evidence], state: SiteState
) -> Mapping[Control, Control]:
    """Return the controls that have to wait, each with the rival that is to be off and may still be on.

    Where both work with entries their switches may be on beside each other.
    """
    return {
        control: rival
        for control, one in wanted.items()
        if one.switch
        and (rival := control.rival) is not None
        and rival in wanted
        and not wanted[rival].switch
        and not (state.by_entries(control) and state.by_entries(rival))
        and not _is_surely_off(evidence[rival], rival, state)
    }


def _is_surely_off(evidence: Evidence, control: Control, state: SiteState) -> bool:
    """Return whether a switch is off, whatever the gateway has not reported yet: a write that was given up, too."""
    may_come = state.switches is not None and state.switches.is_pending and evidence.given_up is not None
    return evidence.surely_off and control not in state.on_its_way and not may_come


def terms_wanted(wanted: Mapping[Control, Wanted]) -> tuple[Terms, ...]:
    """Return everything that is to stand in the cloud."""
    return tuple(terms for one in wanted.values() for claim in one.claims for terms in claim.terms)


def unapplied_by_others(control: Control, actual: Actual) -> tuple[Entry, ...]:
    """Return the foreign entries of a family that the gateway does not have: an apply of the app's would apply them.

    Their owner may have left them so. They become active, or vanish, within minutes (6.8).
    """
    foreign = actual.ledger.foreign(actual.state.entries or ())
    return tuple(entry for entry in foreign if entry.terms.control is control and not entry.active)


def unlisted(terms: Terms, wanted: Collection[Terms], ledger: Ledger) -> tuple[Owned, ...]:
    """Return the own entries in the way that nobody wants any more, and that no read has shown yet: they have no id."""
    return tuple(one for one in ledger.unlisted(wanted) if one.terms.overlaps(terms))


def contested(control: Control, ledger: Ledger, now: datetime) -> tuple[Owned, ...]:
    """Return the own entries of a family that may be somebody else's by now: the next look will tell."""
    return tuple(one for one in ledger.owned if one.terms.control is control and one.may_be_theirs(now))


def _has_failed(step: Step, actual: Actual) -> bool:
    """Return whether a step was tried in vain; a switch whatever went along."""
    if isinstance(step, SwitchStep):
        step = SwitchStep(step.control, step.on)
    return step in actual.failed


def _may_undo(step: Step, wanted: Mapping[Control, Wanted], actual: Actual) -> bool:
    """Return whether a switch may undo what a person did, by a read that the second look has to bear out.

    It ends a wish whose entry somebody made theirs, which would sleep; or it repeats what a switch was known to be, to
    apply an entry or to take the second flag along.
    """
    if not isinstance(step, SwitchStep):
        return False
    if actual.evidence[step.control].believed is not step.on:
        theirs = () if step.on else contested(step.control, actual.ledger, actual.now)
        return any(not wanted[step.control].overrules(one.unchanged_at) for one in theirs)
    is_flag_doubted = step.control.has_second_flag and actual.ledger.flag.off_since is not None
    return is_flag_doubted or actual.evidence[step.control].suspect_since is not None


def _entry_steps(
    wanted: Mapping[Control, Wanted], actual: Actual, controls: Collection[Control]
) -> tuple[list[DeleteStep], list[CreateStep | UpdateStep]]:
    """Return what is to be deleted, and what is to be written after that."""
    terms = terms_wanted(wanted)
    surplus = actual.ledger.to_delete(frozenset(terms), actual.state.entries or ())
    deletes = [DeleteStep(one.schedule_id, one.terms) for one in surplus if one.schedule_id is not None]
    missing = _missing(terms, wanted, actual, controls)
    in_its_way = {
        each: [deletes[position] for position in positions]
        for each, positions in zip(missing, met(missing, [step.terms for step in deletes]), strict=True)
    }
    updates = _updates(in_its_way, deletes, actual)
    kept = {step.schedule_id for step in updates}
    written = {step.terms for step in updates}
    creates = [
        CreateStep(each)
        for each, steps in in_its_way.items()
        if each not in written and not any(step in actual.failed for step in steps)
    ]
    return [step for step in deletes if step.schedule_id not in kept], [*updates, *creates]


def _missing(
    terms: Sequence[Terms], wanted: Mapping[Control, Wanted], actual: Actual, controls: Collection[Control]
) -> list[Terms]:
    """Return what of these terms does not stand yet and may be written."""
    if actual.state.entries is None:
        return []  # nobody knows what stands there, but what is owned can go all the same
    ledger = actual.ledger
    ready = {
        control
        for control, one in wanted.items()
        if control in controls
        and actual.state.lists(control)
        and one.switch  # while it is off nothing applies an entry, and it would vanish
        and not unapplied_by_others(control, actual)
    }
    standing = ledger.terms()
    missing = [
        each
        for each in terms
        if each.control in ready
        and each not in standing
        and not is_given_up(each, ledger.losses, actual.now)
        and CreateStep(each) not in actual.failed
    ]
    unsettled = [one.terms for one in ledger.unlisted(frozenset(terms))]
    unsettled += ledger.contested(actual.state.entries)
    return [each for each, some in zip(missing, met(missing, unsettled), strict=True) if not some]


def _updates(
    in_its_way: Mapping[Terms, Sequence[DeleteStep]], deletes: Sequence[DeleteStep], actual: Actual
) -> list[UpdateStep]:
    """Return the entries that one write in place moves to where they are wanted (10.4).

    It has to be the same entry in other words, or the only one that changes; and nothing else that changes may be in
    its way: what moves among others is deleted before anything is written.

    Args:
        in_its_way: What is missing, each with the deletions that make room for it.
        deletes: All deletions.
        actual: What is known of the cloud.
    """
    updates: dict[str, UpdateStep] = {}
    staying = {one.schedule_id for one in actual.ledger.staying()}
    is_only_one = len(deletes) == len(in_its_way) == 1
    for terms, steps in in_its_way.items():
        replaced = deletes if is_only_one else steps
        if len(replaced) != 1:
            continue
        (step,) = replaced
        update = UpdateStep(step.schedule_id, terms)
        if (
            step.control is terms.control
            and step.schedule_id in staying
            and step.schedule_id not in updates
            and update not in actual.failed
        ):
            updates[step.schedule_id] = update
    return list(updates.values())


def _switch_step(control: Control, one: Wanted, actual: Actual, written: Collection[Terms]) -> SwitchStep | None:
    """Return the write of a control's switch that is needed, be it only to apply entries."""
    believed = actual.evidence[control].believed
    schedule = _second_flag(control, one, actual) if control.has_second_flag else None
    if not one.switch:
        return SwitchStep(control, on=False, schedule=schedule) if believed is not False or schedule is False else None
    if control not in actual.state.has_schedules:
        return None  # nobody knows yet whether an entry is needed
    if actual.state.by_entries(control):
        if not actual.state.lists(control):
            return None  # nobody knows what would come alive
        standing = {*actual.ledger.terms(), *written}
        if one.claims and not any(terms in standing for claim in one.claims for terms in claim.terms):
            return None  # without its entry the switch does nothing, and might wake others
    unapplied = control in actual.ledger.owed or any(terms.control is control for terms in written)
    if control.has_second_flag and not one.claims and not _is_schedule_on(actual):
        unapplied = False  # it would wake what sleeps with the second flag, and nothing of the app's is left
    if believed is True and ((not unapplied and schedule is None) or unapplied_by_others(control, actual)):
        return None
    return SwitchStep(control, on=True, schedule=schedule)


def _second_flag(control: Control, one: Wanted, actual: Actual) -> bool | None:
    """Return what the second flag of charge from grid has to be told: on for entries, off after the last one."""
    if actual.state.switches is None or not actual.state.by_entries(control):
        return None
    if one.switch and one.claims:
        return True if _needs_second_flag(control, actual) else None
    own, foreign = actual.ledger.staying(), actual.ledger.foreign(actual.state.entries or ())
    stays = any(terms.control is control for terms in (*(e.terms for e in own), *(e.terms for e in foreign)))
    goes_along = actual.evidence[control].believed is not one.switch  # with a write that is needed anyway
    may_be_told = goes_along or not actual.ledger.told(False, actual.now)
    return False if actual.ledger.disable_owed and not stays and may_be_told else None


def _needs_second_flag(control: Control, actual: Actual) -> bool:
    """Return whether the second flag has to go along: it never came on after an entry was applied (statement 48a).

    A site that needed it once gets it with the first apply. One that came on and is off now was switched off.
    """
    evidence, ledger = actual.evidence[control], actual.ledger
    if _is_schedule_on(actual) and evidence.believed:
        return False
    owes = control in ledger.owed
    if actual.habits.both_flags and (owes or not evidence.believed):
        return True
    stands = any(one.terms.control is control for one in ledger.staying())
    return (
        evidence.known is True
        and evidence.unproven is None
        and stands
        and not owes
        and ledger.flag.on_at is None
        and not ledger.told(True, actual.now)
    )


def _is_schedule_on(actual: Actual) -> bool:
    return actual.state.switches is not None and actual.state.switches.charge_schedule_on is True
