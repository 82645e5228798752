"""The steps where entries rule: their order, their number, and what may not be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest

from enphase_battery.control.claims import Claim
from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.losses import STANDING_AGAIN, Loss, is_given_up
from enphase_battery.control.plan import Actual, plan, terms_wanted, unapplied_by_others
from enphase_battery.control.site_state import Habits, SiteState, Switches
from enphase_battery.control.steps import CreateStep, DeleteStep, Step, SwitchStep, UpdateStep
from enphase_battery.control.wanted import Wanted
from tests.unit.said import said

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
SECOND, CONSISTENCY = timedelta(seconds=1), timedelta(minutes=2)


def terms(control: Control = CHARGE, start: int = 12, end: int = 13) -> Terms:
    limit = None if control is RESTRICT else 90
    return Terms(control, time(start), time(end), frozenset({7}), "Europe/London", limit)


def owning(*some: Terms, applied: bool = True, active: bool = True) -> Ledger:
    """Return a ledger of entries that are listed under the names `own 0`, `own 1` and so on."""
    ledger = Ledger()
    for one in some:
        ledger = ledger.creating(one, NOON, NOON, ()).answered(one, NOON)
    entries = tuple(Entry(one, f"own {number}", active, NOON) for number, one in enumerate(some))
    ledger, _ = ledger.saw(entries, NOON, CONSISTENCY)
    for control in Control if applied else ():
        ledger = ledger.applied(control, NOON)
    return ledger


def cloud(
    *switched_on: Control,
    ledger: Ledger | None = None,
    foreign: tuple[Entry, ...] = (),
    second_flag: bool = True,
    failed: tuple[Step, ...] = (),
    habits: Habits | None = None,
) -> Actual:
    """Return a cloud that works with entries: what is on, what the app owns, what others made."""
    ledger = ledger or Ledger()
    mine = tuple(Entry(one.terms, str(one.schedule_id), one.active, NOON) for one in ledger.owned if one.schedule_id)
    on = {control: control in switched_on for control in Control}
    return Actual(
        evidence={control: Evidence(known=value) for control, value in on.items()},
        state=SiteState(
            Switches(on, charge_schedule_on=second_flag, override=None, read_at=NOON),
            entries=(*mine, *foreign),
            has_schedules=dict.fromkeys(Control, True),
        ),
        ledger=ledger,
        habits=habits or Habits(),
        now=NOON,
        failed=failed,
    )


def timed(*some: Terms) -> dict[Control, Wanted]:
    """Return that these entries are wanted now, and nothing else."""
    wanted = off()
    for control in {one.control for one in some}:
        intent = Intent(control, True, Source.COMMAND, NOON, NOON + timedelta(hours=1))
        claim = Claim(intent, tuple(one for one in some if one.control is control))
        wanted[control] = Wanted(intent, claims=(claim,))
    return wanted


def off() -> dict[Control, Wanted]:
    return {control: Wanted(Intent(control, False, Source.TOGGLE, NOON)) for control in Control}


def steps(wanted: dict[Control, Wanted], actual: Actual) -> list[str]:
    return [said(step.described()) for step in plan(wanted, actual, tuple(Control))]


# -- order, and the fewest --------------------------------------------------------------------------------------------


def test_an_entry_is_written_first_and_then_applied_by_its_switch() -> None:
    assert steps(timed(terms()), cloud()) == [
        "write the entry charge from grid 12:00-13:00 Sun",
        "switch charge from grid on",
    ]


def test_an_entry_written_to_a_family_that_is_on_is_applied_all_the_same() -> None:
    assert plan(timed(terms(DISCHARGE)), cloud(DISCHARGE), tuple(Control)) == (
        CreateStep(terms(DISCHARGE)),
        SwitchStep(DISCHARGE, on=True),
    )


def test_what_stands_and_is_applied_takes_no_step() -> None:
    assert steps(timed(terms()), cloud(CHARGE, ledger=owning(terms()))) == []


def test_an_entry_that_was_written_and_not_applied_is_applied() -> None:
    assert steps(timed(terms()), cloud(CHARGE, ledger=owning(terms(), applied=False))) == ["switch charge from grid on"]


def test_an_entry_that_changes_alone_is_updated_in_place() -> None:
    longer = terms(end=14)
    assert plan(timed(longer), cloud(CHARGE, ledger=owning(terms())), tuple(Control)) == (
        UpdateStep("own 0", longer),
        SwitchStep(CHARGE, on=True),
    )


def test_of_several_that_move_all_are_deleted_before_any_is_created() -> None:
    wanted = timed(terms(CHARGE, 14, 15), terms(DISCHARGE, 12, 13))
    actual = cloud(CHARGE, DISCHARGE, ledger=owning(terms(CHARGE), terms(DISCHARGE, 14, 15)))
    assert [type(step) for step in plan(wanted, actual, tuple(Control))] == [
        DeleteStep,
        DeleteStep,
        CreateStep,
        CreateStep,
        SwitchStep,
        SwitchStep,
    ]


def test_what_moves_from_one_family_to_another_is_deleted_and_created() -> None:
    assert steps(timed(terms(DISCHARGE)), cloud(CHARGE, ledger=owning(terms()))) == [
        "delete the own entry charge from grid 12:00-13:00 Sun",
        "switch charge from grid off",
        "write the entry discharge to grid 12:00-13:00 Sun",
        "switch discharge to grid on",
    ]


def test_entries_that_only_change_their_words_are_all_updated_in_place() -> None:
    wanted = timed(terms(CHARGE, 12, 14), terms(RESTRICT, 16, 18))
    actual = cloud(CHARGE, RESTRICT, ledger=owning(terms(CHARGE, 12, 13), terms(RESTRICT, 16, 17)))
    assert [type(step) for step in plan(wanted, actual, tuple(Control))] == [
        UpdateStep,
        UpdateStep,
        SwitchStep,
        SwitchStep,
    ]


def test_an_entry_is_not_moved_to_where_another_still_stands_that_has_to_go() -> None:
    wanted = timed(terms(CHARGE, 12, 15))
    actual = cloud(CHARGE, RESTRICT, ledger=owning(terms(CHARGE, 12, 13), terms(RESTRICT, 14, 15)))
    assert [type(step) for step in plan(wanted, actual, tuple(Control))] == [
        DeleteStep,
        DeleteStep,
        SwitchStep,
        CreateStep,
        SwitchStep,
    ]


def test_of_many_entries_each_is_updated_to_the_place_that_is_its_own() -> None:
    hours = range(22)
    actual = cloud(CHARGE, ledger=owning(*(terms(CHARGE, hour, hour + 1) for hour in hours)))
    later = [replace(terms(CHARGE, hour, hour + 1), start=time(hour, 30)) for hour in hours]
    assert plan(timed(*later), actual, tuple(Control)) == (
        *(UpdateStep(f"own {hour}", one) for hour, one in zip(hours, later, strict=True)),
        SwitchStep(CHARGE, on=True),
    )


def test_nothing_is_written_over_an_own_entry_that_nobody_wants_and_that_is_not_listed_yet() -> None:
    unlisted = Ledger().creating(terms(CHARGE, 12, 13), NOON, NOON, ())
    assert steps(timed(terms(CHARGE, 12, 14)), cloud(CHARGE, ledger=unlisted)) == []
    assert CreateStep(terms(CHARGE, 13, 14)) in plan(
        timed(terms(CHARGE, 13, 14)), cloud(CHARGE, ledger=unlisted), tuple(Control)
    )


def test_an_entry_whose_deletion_had_no_answer_is_deleted_again_and_not_moved() -> None:
    leaving = owning(terms(CHARGE, 12, 13)).deleting("own 0", NOON)
    assert [
        type(step) for step in plan(timed(terms(CHARGE, 12, 14)), cloud(CHARGE, ledger=leaving), tuple(Control))
    ] == [
        DeleteStep,
        CreateStep,
        SwitchStep,
    ]


def test_one_entry_is_updated_to_one_place_only_and_the_other_half_is_created() -> None:
    evening, morning = terms(CHARGE, 12, 14), terms(CHARGE, 14, 16)
    actual = cloud(CHARGE, ledger=owning(terms(CHARGE, 12, 16)))
    assert plan(timed(evening, morning), actual, tuple(Control)) == (
        UpdateStep("own 0", evening),
        CreateStep(morning),
        SwitchStep(CHARGE, on=True),
    )


def test_what_is_over_is_deleted_and_its_switch_goes_off() -> None:
    assert steps(off(), cloud(DISCHARGE, ledger=owning(terms(DISCHARGE)))) == [
        "delete the own entry discharge to grid 12:00-13:00 Sun",
        "switch discharge to grid off",
    ]


@pytest.mark.parametrize(
    ("control", "minutes", "stays_on"), [(CHARGE, 4, True), (CHARGE, 5, False), (DISCHARGE, 4, False)]
)
def test_a_family_stays_on_for_a_while_when_an_own_entry_of_it_may_be_somebody_elses(
    control: Control, minutes: int, *, stays_on: bool
) -> None:
    (one,) = owning(terms(control)).owned
    doubted = Ledger((replace(one, edited_since=NOON),))
    actual = replace(cloud(CHARGE, ledger=doubted), now=NOON + timedelta(minutes=minutes))
    assert steps(off(), actual) == ([] if stays_on else ["switch charge from grid off"])


def test_owned_entries_that_nobody_wants_are_deleted_also_of_controls_that_may_not_be_touched() -> None:
    assert plan(off(), cloud(ledger=owning(terms())), ()) == (DeleteStep("own 0", terms()),)
    assert plan({}, cloud(ledger=owning(terms())), ()) == (DeleteStep("own 0", terms()),)


def test_an_entry_whose_id_is_not_known_yet_cannot_be_deleted_yet() -> None:
    unknown = Ledger().creating(terms(), NOON, NOON, ())
    assert steps(off(), cloud(ledger=unknown)) == []


def test_a_split_wish_is_two_entries_and_one_apply() -> None:
    evening, morning = terms(CHARGE, 22, 23), terms(CHARGE, 0, 5)
    assert [type(step) for step in plan(timed(evening, morning), cloud(), tuple(Control))] == [
        CreateStep,
        CreateStep,
        SwitchStep,
    ]


def test_during_a_pause_entries_stay_and_only_the_switch_goes_off() -> None:
    pause = Intent(DISCHARGE, False, Source.COMMAND, NOON, NOON + timedelta(hours=1))
    wanted = {**off(), DISCHARGE: replace(timed(terms(DISCHARGE))[DISCHARGE], intent=pause)}
    assert steps(wanted, cloud(DISCHARGE, ledger=owning(terms(DISCHARGE)))) == ["switch discharge to grid off"]


def test_during_a_pause_no_entry_is_written_because_nothing_could_apply_it() -> None:
    pause = Intent(DISCHARGE, False, Source.COMMAND, NOON, NOON + timedelta(hours=1))
    wanted = {**off(), DISCHARGE: replace(timed(terms(DISCHARGE))[DISCHARGE], intent=pause)}
    assert steps(wanted, cloud()) == []


def test_switches_of_entries_may_be_on_beside_each_other() -> None:
    wanted = timed(terms(CHARGE), terms(DISCHARGE, 14, 15))
    actual = cloud(CHARGE, DISCHARGE, ledger=owning(terms(CHARGE), terms(DISCHARGE, 14, 15)))
    assert steps(wanted, actual) == []


# -- what may not be done ---------------------------------------------------------------------------------------------


def test_without_the_list_nothing_is_written_nor_switched_on_but_off_is() -> None:
    actual = cloud(DISCHARGE, ledger=owning(terms()))
    blind = replace(actual, state=replace(actual.state, entries=None))
    assert plan(timed(terms()), blind, tuple(Control)) == (SwitchStep(DISCHARGE, on=False),)


def test_while_nobody_knows_whether_a_family_has_schedules_it_is_not_switched_on() -> None:
    standing = {CHARGE: Wanted(Intent(CHARGE, True, Source.TOGGLE, NOON))}
    actual = cloud()
    unknown = replace(actual, state=replace(actual.state, has_schedules={}))
    assert plan(standing, unknown, tuple(Control)) == ()
    assert plan(standing, actual, tuple(Control)) == (SwitchStep(CHARGE, on=True),)


def test_a_family_whose_entry_cannot_be_written_is_not_switched_on() -> None:
    create = CreateStep(terms())
    assert steps(timed(terms()), cloud(failed=(create,))) == []


def test_a_step_that_failed_lately_is_left_out_whatever_went_along_with_a_switch() -> None:
    owned = owning(terms())
    disable = replace(owned, owned=(), disable_owed=True)
    assert steps(off(), cloud(CHARGE, ledger=disable)) == ["switch charge from grid off, and its schedule off"]
    assert steps(off(), cloud(CHARGE, ledger=disable, failed=(SwitchStep(CHARGE, on=False),))) == []
    assert steps(off(), cloud(ledger=owned, failed=(DeleteStep("own 0", terms()),))) == []


def test_where_an_update_failed_the_entry_is_deleted_and_created_anew() -> None:
    longer = terms(end=14)
    actual = cloud(CHARGE, ledger=owning(terms()), failed=(UpdateStep("own 0", longer),))
    assert steps(timed(longer), actual) == [
        "delete the own entry charge from grid 12:00-13:00 Sun",
        "write the entry charge from grid 12:00-14:00 Sun",
        "switch charge from grid on",
    ]


def test_nothing_is_created_over_an_own_entry_that_cannot_be_deleted() -> None:
    wanted = timed(terms(DISCHARGE), terms(DISCHARGE, 15, 16))
    actual = cloud(ledger=owning(terms()), failed=(DeleteStep("own 0", terms()),))
    written = [step.terms for step in plan(wanted, actual, tuple(Control)) if isinstance(step, CreateStep)]
    assert written == [terms(DISCHARGE, 15, 16)]


@pytest.mark.parametrize(("losses", "given_up"), [(1, False), (2, False), (3, True)])
def test_an_entry_that_vanished_is_written_again_twice_at_most(losses: int, given_up: bool) -> None:
    ledger = Ledger(losses={terms(): Loss(losses, NOON)})
    assert is_given_up(terms(), ledger.losses, NOON) is given_up
    assert bool(steps(timed(terms()), cloud(ledger=ledger))) is not given_up


def test_a_standing_wishs_entry_that_was_given_up_is_tried_again_after_an_hour_and_a_timed_ones_is_not() -> None:
    hold = replace(terms(RESTRICT), days=EVERY_DAY)
    ledger = Ledger(losses={hold: Loss(3, NOON), terms(): Loss(3, NOON)})
    assert is_given_up(hold, ledger.losses, NOON + STANDING_AGAIN - timedelta(seconds=1))
    assert not is_given_up(hold, ledger.losses, NOON + STANDING_AGAIN)
    assert is_given_up(terms(), ledger.losses, NOON + STANDING_AGAIN)


def test_foreign_entries_are_in_no_step() -> None:
    theirs = Entry(terms(start=1, end=2), "theirs", True, NOON)
    for wanted in (off(), timed(terms())):
        named = [getattr(step, "schedule_id", "") for step in plan(wanted, cloud(foreign=(theirs,)), tuple(Control))]
        assert "theirs" not in named


PENDING = Entry(terms(DISCHARGE, 20, 21), "theirs", False, NOON)
"""An entry that its owner has not applied, or not yet."""


def test_nothing_is_written_to_a_family_in_which_somebody_left_an_entry_unapplied() -> None:
    assert unapplied_by_others(DISCHARGE, cloud(foreign=(PENDING,))) == (PENDING,)
    assert unapplied_by_others(CHARGE, cloud(foreign=(PENDING,))) == ()
    assert steps(timed(terms(DISCHARGE)), cloud(DISCHARGE, foreign=(PENDING,))) == []
    applied = replace(PENDING, active=True)
    assert len(steps(timed(terms(DISCHARGE)), cloud(DISCHARGE, foreign=(applied,)))) == 2


def test_a_mere_apply_waits_until_no_entry_of_somebody_else_would_be_applied_too() -> None:
    unapplied = owning(terms(DISCHARGE), applied=False)
    assert steps(timed(terms(DISCHARGE)), cloud(DISCHARGE, ledger=unapplied, foreign=(PENDING,))) == []
    assert steps(timed(terms(DISCHARGE)), cloud(DISCHARGE, ledger=unapplied)) == ["switch discharge to grid on"]


def test_a_flip_to_on_switches_on_whatever_others_left_unapplied() -> None:
    standing = {**off(), DISCHARGE: Wanted(Intent(DISCHARGE, True, Source.TOGGLE, NOON))}
    assert steps(standing, cloud(foreign=(PENDING,))) == ["switch discharge to grid on"]


# -- the second flag of charge from grid ------------------------------------------------------------------------------


def test_after_the_last_own_entry_the_second_flag_is_switched_off_with_the_first() -> None:
    deleted = owning(terms()).deleting("own 0", NOON).deleted("own 0")
    assert steps(off(), cloud(CHARGE, ledger=deleted)) == ["switch charge from grid off, and its schedule off"]
    assert steps(off(), cloud(ledger=deleted)) == ["switch charge from grid off, and its schedule off"]
    assert steps(off(), cloud(ledger=deleted.disabled())) == []


def test_a_disable_is_not_repeated_every_minute() -> None:
    told = owning(terms()).deleting("own 0", NOON).deleted("own 0").telling(False, NOON)
    assert steps(off(), cloud(ledger=told)) == []
    later = replace(cloud(ledger=told), now=NOON + timedelta(minutes=5))
    assert steps(off(), later) == ["switch charge from grid off, and its schedule off"]


def test_a_disable_goes_along_with_a_switch_off_that_is_needed_anyway() -> None:
    told = owning(terms()).deleting("own 0", NOON).deleted("own 0").telling(False, NOON)
    assert steps(off(), cloud(CHARGE, ledger=told)) == ["switch charge from grid off, and its schedule off"]


def test_while_entries_of_others_stand_in_the_family_its_second_flag_is_left_alone() -> None:
    theirs = Entry(terms(start=1, end=2), "theirs", True, NOON)
    deleted = owning(terms()).deleting("own 0", NOON).deleted("own 0")
    assert steps(off(), cloud(ledger=deleted, foreign=(theirs,))) == []


def test_a_standing_on_without_an_entry_of_the_app_is_not_disabled() -> None:
    theirs = Entry(terms(start=1, end=2), "theirs", True, NOON)
    standing = {**off(), CHARGE: Wanted(Intent(CHARGE, True, Source.TOGGLE, NOON))}
    ledger = owning(terms()).deleting("own 0", NOON).deleted("own 0").settled(CHARGE)
    assert steps(standing, cloud(CHARGE, ledger=ledger, foreign=(theirs,))) == []


def test_a_second_flag_that_stays_off_is_told_once_together_with_the_first() -> None:
    stuck = cloud(CHARGE, ledger=owning(terms()), second_flag=False)
    assert steps(timed(terms()), stuck) == ["switch charge from grid on, with its schedule"]
    told = replace(stuck, ledger=stuck.ledger.telling(True, NOON))
    assert steps(timed(terms()), told) == []


@pytest.mark.parametrize("habits", [Habits(), Habits(both_flags=True)])
def test_a_second_flag_that_came_on_and_is_off_now_is_left_to_whoever_switched_it_off(habits: Habits) -> None:
    seen, _ = owning(terms()).saw_flag(True, NOON, CONSISTENCY)
    assert steps(timed(terms()), cloud(CHARGE, ledger=seen, second_flag=False, habits=habits)) == []


@pytest.mark.parametrize("habits", [Habits(), Habits(both_flags=True)])
def test_while_the_second_flag_is_in_doubt_nothing_is_applied(habits: Habits) -> None:
    seen, _ = owning(terms(), applied=False).saw_flag(True, NOON, CONSISTENCY)
    doubted, _ = seen.saw_flag(False, NOON + SECOND, CONSISTENCY)
    assert steps(timed(terms()), cloud(CHARGE, ledger=doubted, second_flag=False, habits=habits)) == []


@pytest.mark.parametrize("control", Control)
def test_while_a_switch_is_in_doubt_nothing_is_applied_by_it(control: Control) -> None:
    actual = cloud(control, ledger=owning(terms(control), applied=False))
    doubt = Evidence(known=True, suspect_since=NOON)
    actual = replace(actual, evidence={**actual.evidence, control: doubt})
    assert steps(timed(terms(control)), actual) == []
    assert steps(off(), actual)[-1] == f"switch {control.title} off"


def test_while_a_switch_that_is_off_is_in_doubt_its_second_flag_is_not_disabled() -> None:
    actual = cloud(ledger=owning(terms()).deleting("own 0", NOON).deleted("own 0"))
    actual = replace(actual, evidence={**actual.evidence, CHARGE: Evidence(known=False, suspect_since=NOON)})
    assert steps(off(), actual) == []


def test_before_the_first_flag_is_proven_the_second_is_not_told() -> None:
    writing = Evidence(known=False).sending(True, NOON).answered(NOON)
    actual = cloud(ledger=owning(terms()), second_flag=False)
    actual = replace(actual, evidence={**actual.evidence, CHARGE: writing})
    assert steps(timed(terms()), actual) == []


def test_where_the_cloud_is_known_to_want_both_flags_they_go_together_from_the_first_write() -> None:
    both = Habits(both_flags=True)
    assert steps(timed(terms()), cloud(habits=both))[-1] == "switch charge from grid on, with its schedule"
    assert steps(timed(terms()), cloud(CHARGE, ledger=owning(terms()), habits=both)) == []


def test_where_both_flags_are_wanted_a_second_flag_that_is_off_goes_along_with_the_next_apply() -> None:
    unapplied = owning(terms(), applied=False)
    actual = cloud(CHARGE, ledger=unapplied, habits=Habits(both_flags=True), second_flag=False)
    assert steps(timed(terms()), actual) == ["switch charge from grid on, with its schedule"]


def test_after_the_last_own_entry_nothing_is_applied_that_sleeps_with_the_second_flag() -> None:
    theirs = Entry(terms(start=1, end=2), "theirs", True, NOON)
    standing = {**off(), CHARGE: Wanted(Intent(CHARGE, True, Source.CLOUD, NOON))}
    ledger = owning(terms()).deleting("own 0", NOON).deleted("own 0")
    assert steps(standing, cloud(CHARGE, ledger=ledger, foreign=(theirs,), second_flag=False)) == []


def test_other_families_have_no_second_flag() -> None:
    assert steps(timed(terms(RESTRICT)), cloud(habits=Habits(both_flags=True), second_flag=False)) == [
        "write the entry restrict battery discharge 12:00-13:00 Sun",
        "switch restrict battery discharge on",
    ]


# -- words ------------------------------------------------------------------------------------------------------------


def test_an_update_says_in_words_what_it_does_and_for_which_control() -> None:
    step = UpdateStep("own 0", terms())
    assert said(step.described()) == "change an own entry to charge from grid 12:00-13:00 Sun"
    assert {step.control, CreateStep(terms()).control, DeleteStep("own 0", terms()).control} == {CHARGE}


def test_all_that_is_to_stand_is_gathered_from_all_controls() -> None:
    assert set(terms_wanted(timed(terms(), terms(RESTRICT, 14, 15)))) == {terms(), terms(RESTRICT, 14, 15)}


# -- what cannot be read ----------------------------------------------------------------------------------------------


def test_nothing_is_begun_in_a_family_whose_entries_cannot_be_told_and_elsewhere_all_goes_on() -> None:
    actual = cloud()
    actual = replace(actual, state=replace(actual.state, unread=frozenset({CHARGE})))
    assert plan(timed(terms(), terms(DISCHARGE, 14, 15)), actual, tuple(Control)) == (
        CreateStep(terms(DISCHARGE, 14, 15)),
        SwitchStep(DISCHARGE, on=True),
    )


def test_what_ends_is_ended_where_the_entries_cannot_be_told() -> None:
    actual = cloud(CHARGE, ledger=owning(terms()))
    actual = replace(actual, state=replace(actual.state, entries=(), unread=frozenset({CHARGE})))
    assert plan(off(), actual, tuple(Control)) == (DeleteStep("own 0", terms()), SwitchStep(CHARGE, on=False))
