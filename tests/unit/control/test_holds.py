"""What may not be written now although it is wanted: a busy cloud, a wrong clock, a toggle that never rests."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import ALL_DAY, EVERY_DAY, Terms
from enphase_battery.control.holds import Holds, Turns
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.reason import Kind, Reason, because
from enphase_battery.control.steps import CreateStep, DeleteStep, Step, SwitchStep, UpdateStep
from enphase_battery.control.wanted import Wanted
from tests.unit.said import advice, said

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CHARGE, DISCHARGE = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID
ON, OFF = SwitchStep(CHARGE, on=True), SwitchStep(CHARGE, on=False)
ONE_HOUR = Terms(CHARGE, time(12), time(13), frozenset({7}), "Europe/London", 100)
WHOLE_DAYS = Terms(CHARGE, *ALL_DAY, EVERY_DAY, "Europe/London", 100)
BOOST = Wanted(Intent(CHARGE, True, Source.COMMAND, NOON, NOON + HOUR))
STANDING = Wanted(Intent(CHARGE, True, Source.TOGGLE, NOON))
UPCOMING = Wanted(Intent(CHARGE, False, Source.TOGGLE, NOON - HOUR), anyway=True)

BEGINS: list[Step] = [ON, CreateStep(ONE_HOUR), UpdateStep("id", ONE_HOUR)]
ENDS: list[Step] = [OFF, DeleteStep("id", ONE_HOUR)]


def held(
    step: Step,
    wanted: Wanted = BOOST,
    *,
    busy: bool = False,
    skew: timedelta = timedelta(0),
    turns: Turns | None = None,
    is_on: bool = False,
) -> Reason | None:
    return Holds(busy, skew, turns or Turns(), NOON).on(step, {CHARGE: wanted}, is_on=is_on)


def in_words(step: Step) -> str:
    return said(step.described())


@pytest.mark.parametrize("step", [*BEGINS, *ENDS], ids=in_words)
def test_nothing_holds_a_step_on_a_good_day(step: Step) -> None:
    assert held(step) is None


@pytest.mark.parametrize("step", [*BEGINS, *ENDS], ids=in_words)
def test_a_busy_cloud_is_left_alone_with_everything(step: Step) -> None:
    hold = held(step, busy=True)
    assert "busy" in said(hold)


# -- a clock that is wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [5 * MINUTE + timedelta(seconds=1), -6 * MINUTE, 30 * HOUR], ids=str)
def test_with_a_clock_that_is_wrong_no_timed_wish_begins_and_every_one_ends(skew: timedelta) -> None:
    assert [held(step, skew=skew) is not None for step in BEGINS] == [True] * 3
    assert [held(step, skew=skew) for step in ENDS] == [None] * 2


@pytest.mark.parametrize("skew", [5 * MINUTE, -5 * MINUTE, MINUTE], ids=str)
def test_up_to_five_minutes_are_borne(skew: timedelta) -> None:
    assert [held(step, skew=skew) for step in BEGINS] == [None] * 3


def test_with_a_wrong_clock_a_window_that_is_about_to_come_is_not_written() -> None:
    assert held(ON, UPCOMING, skew=HOUR) is not None


def test_with_a_wrong_clock_a_standing_wish_is_carried_out_with_its_entry() -> None:
    assert held(ON, STANDING, skew=HOUR) is None
    assert held(CreateStep(WHOLE_DAYS), STANDING, skew=HOUR) is None


def test_with_a_wrong_clock_what_was_written_before_is_still_applied() -> None:
    assert held(ON, skew=HOUR, is_on=True) is None


def test_a_wrong_clock_is_described_with_its_side_and_size() -> None:
    behind, ahead = timedelta(minutes=7, seconds=5), -2 * HOUR
    for one, text in ((behind, "about 7 min behind"), (ahead, "about 120 min ahead of")):
        clock = f"this machine's clock is {text} the cloud's"
        assert said(because(Kind.CLOCK_WRONG, skew=one)) == clock
        assert said(held(ON, skew=one)) == f"nothing with an end is begun: {clock}"
    assert advice(held(ON, skew=ahead)) == "set the clock of the machine that runs AppDaemon (NTP)"


# -- a toggle that never rests ----------------------------------------------------------------------------------------


def turned(*minutes: float, most: int | None = 6) -> Turns:
    """Return the turns of a control that was switched on, off, on ... at these minutes before noon."""
    turns, step = Turns(most), ON
    for before in minutes:
        turns = turns.taken(step, NOON - before * MINUTE)
        step = OFF if step is ON else ON
    return turns


def test_six_changes_of_direction_within_an_hour_are_carried_out_and_the_next_waits_ten_minutes() -> None:
    assert held(ON, turns=turned(50, 40, 30, 20)) is None
    hold = held(ON, turns=turned(50, 40, 30, 20, 10, 4))
    assert hold is not None
    assert hold.until == NOON + 6 * MINUTE
    assert held(ON, turns=turned(50, 40, 30, 20, 15, 10)) is None


def test_changes_of_more_than_an_hour_ago_do_not_count() -> None:
    assert held(ON, turns=turned(70, 60, 40, 30, 10, 4)) is None


def test_off_never_waits() -> None:
    turns = turned(7, 6, 5, 4, 3, 2, 1)
    assert [held(step, turns=turns) for step in ENDS] == [None] * 2


def test_what_is_on_already_is_no_change_of_direction() -> None:
    turns = turned(7, 6, 5, 4, 3, 2, 1)
    assert held(ON, turns=turns) is None
    assert turns.taken(CreateStep(ONE_HOUR), NOON) is turns


def test_each_control_counts_for_itself() -> None:
    assert held(SwitchStep(DISCHARGE, on=True), turns=turned(6, 5, 4, 3, 2, 1)) is None


def test_a_simulator_may_be_switched_as_often_as_one_likes() -> None:
    assert held(ON, turns=turned(*range(40, 0, -1), most=None)) is None
