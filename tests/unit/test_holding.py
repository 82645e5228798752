"""What is wanted and may not be written at the moment: it stays pending, says why, and comes when it may."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.entries import EVERY_DAY
from enphase_battery.control.names import Control
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows import Window
from tests.unit.small_house import SmallHouse, rules

CHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
HOUR = {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 3600}


@pytest.fixture
async def house(tmp_path: Path) -> SmallHouse:
    """A house at noon whose cloud works with entries, holds none, and has been read."""
    house = SmallHouse(tmp_path, rules(windows=(RATE,), lead=timedelta(minutes=15), most_turns=6), has_schedules=True)
    await house.controller.poll()
    house.cloud.log.clear()
    return house


def said(house: SmallHouse, control: Control = CHARGE) -> tuple[Outcome, str]:
    verdict = house.controller.reconciler.verdicts[control]
    return verdict.outcome, verdict.reason


async def go_on(house: SmallHouse, minutes: float) -> None:
    """Let time pass, with the app at work whenever it wants to be."""
    end = house.clock.now + timedelta(minutes=minutes)
    while (wake := house.controller.next_wake()) is not None and wake <= end:
        house.clock.now = max(wake, house.clock.now + timedelta(seconds=1))
        await house.controller.work()
    house.clock.now = end
    await house.controller.work()


# -- a cloud that is busy ---------------------------------------------------------------------------------------------


async def test_while_the_cloud_is_busy_nothing_is_written_and_then_it_is(house: SmallHouse) -> None:
    house.cloud.busy = True
    await house.controller.flip(CHARGE, True)
    assert house.cloud.writes() == []
    assert said(house) == (Outcome.PENDING, "the cloud is busy with a task of its own and takes no changes")
    house.cloud.busy = False
    await go_on(house, 3)
    assert said(house)[0] is Outcome.CONFIRMED


async def test_a_cloud_that_is_busy_for_hours_is_asked_ever_more_seldom(house: SmallHouse) -> None:
    house.cloud.busy = True
    await house.controller.flip(CHARGE, True)
    await go_on(house, 60)
    assert len(house.cloud.log) < 12
    assert house.cloud.writes() == []


# -- a clock that is wrong --------------------------------------------------------------------------------------------


async def test_with_a_wrong_clock_a_command_with_an_end_waits_and_says_why(house: SmallHouse) -> None:
    house.cloud.ahead = timedelta(minutes=7)
    await house.command(**HOUR)
    assert house.cloud.writes() == []
    assert said(house) == (
        Outcome.PENDING,
        "nothing with an end is begun: this machine's clock is about 7 min behind the cloud's",
    )
    house.cloud.ahead = timedelta(0)
    await go_on(house, 3)
    assert said(house)[0] is Outcome.CONFIRMED


async def test_with_a_wrong_clock_a_window_does_not_begin_and_one_that_runs_still_ends(house: SmallHouse) -> None:
    await go_on(house, 40)
    assert house.cloud.on[CHARGE]
    house.cloud.ahead = timedelta(minutes=-7)
    await go_on(house, 90)
    assert not house.cloud.on[CHARGE]
    assert house.cloud.stored == {}
    house.cloud.writes()
    await go_on(house, 24 * 60)
    assert house.cloud.writes() == []


async def test_with_a_wrong_clock_a_flip_is_carried_out(house: SmallHouse) -> None:
    house.cloud.ahead = timedelta(minutes=7)
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 1)
    assert said(house, RESTRICT)[0] is Outcome.CONFIRMED


async def test_a_wrong_clock_is_a_problem_with_its_cure_until_it_is_right(house: SmallHouse) -> None:
    house.cloud.ahead = timedelta(minutes=2)
    assert house.snapshot().problems == ()
    house.cloud.ahead = timedelta(minutes=3)
    (problem,) = house.snapshot().problems
    assert (problem.text, problem.since) == ("this machine's clock is about 3 min behind the cloud's", NOON)
    assert "NTP" in problem.hint
    house.cloud.ahead = timedelta(0)
    assert house.snapshot().problems == ()


# -- a toggle that never rests ----------------------------------------------------------------------------------------


async def test_the_seventh_change_within_an_hour_waits_ten_minutes_and_the_last_wish_wins(house: SmallHouse) -> None:
    for on in (True, False) * 3:
        await house.controller.flip(RESTRICT, on)
        house.clock.now += timedelta(seconds=30)
    assert not house.cloud.on[RESTRICT]
    house.cloud.writes()
    last_change = house.clock.now
    for on in (True, False, True):
        await house.controller.flip(RESTRICT, on)
        house.clock.now += timedelta(seconds=10)
    assert house.cloud.writes() == []
    outcome, reason = said(house, RESTRICT)
    assert outcome is Outcome.PENDING
    assert reason.startswith("switched 6 times within an hour: waits until 12:1")
    await go_on(house, 11)
    assert house.cloud.on[RESTRICT]
    assert house.clock.now - last_change > timedelta(minutes=10)


async def test_off_is_carried_out_at_once_however_often_it_was_switched(house: SmallHouse) -> None:
    for on in (True, False, True, False, True, False):
        await house.controller.flip(RESTRICT, on)
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 12)
    assert house.cloud.on[RESTRICT]
    await house.controller.flip(RESTRICT, False)
    assert not house.cloud.on[RESTRICT]


# -- a cloud that takes entries away when their family is switched on (S11) -------------------------------------------


async def test_an_entry_that_switching_on_took_away_is_written_again_once_a_read_counts(house: SmallHouse) -> None:
    house.cloud.sweeps = True
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 1.9)
    assert len([one for one in house.cloud.log if one.startswith("create")]) == 1
    await go_on(house, 0.3)
    assert len([one for one in house.cloud.log if one.startswith("create")]) == 2
    await go_on(house, 0.5)
    assert said(house, RESTRICT)[0] is Outcome.CONFIRMED


async def test_a_cloud_that_keeps_its_entries_gets_each_once(house: SmallHouse) -> None:
    house.cloud.lag = timedelta(seconds=20)
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 10)
    assert len([one for one in house.cloud.writes() if one.startswith("create")]) == 1
    assert said(house, RESTRICT)[0] is Outcome.CONFIRMED


# -- reads that are late ----------------------------------------------------------------------------------------------


async def test_an_old_read_that_shows_the_second_flag_off_makes_nobody_write_it_again(house: SmallHouse) -> None:
    await house.command(**HOUR)
    house.cloud.writes()
    house.cloud.lag = timedelta(seconds=30)
    await house.wait(seconds=5, poll=True)
    assert house.cloud.writes() == []
    assert not house.cloud.habits.both_flags


async def test_a_wish_that_is_newer_than_a_change_in_the_enphase_app_is_carried_out(house: SmallHouse) -> None:
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 20)
    house.cloud.switch(RESTRICT, False)
    house.clock.now += timedelta(seconds=10)
    await house.command(command="set", control="restrict_discharge", state="on", id="a", duration=3600)
    assert said(house, RESTRICT)[0] is Outcome.PENDING
    await go_on(house, 3)
    assert house.cloud.on[RESTRICT]
    assert said(house, RESTRICT)[0] is Outcome.CONFIRMED
    assert [outcome for key, outcome, _ in house.outcomes() if key == "a" and outcome != "pending"] == ["confirmed"]


async def test_a_change_in_the_enphase_app_that_is_newer_than_the_wish_ends_it(house: SmallHouse) -> None:
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 20)
    house.cloud.switch(RESTRICT, False)
    for _ in range(2):
        await house.wait(minutes=2, poll=True)
    house.cloud.writes()
    await go_on(house, 30)
    assert not house.cloud.on[RESTRICT]
    assert "write restrict_discharge on" not in house.cloud.writes()


async def test_a_wish_for_what_the_enphase_app_just_ended_is_not_confirmed_by_old_knowledge(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(), has_schedules=False)
    await house.controller.poll()
    await house.controller.flip(RESTRICT, True)
    await go_on(house, 20)
    house.cloud.switch(RESTRICT, False)
    house.clock.now += timedelta(seconds=10)
    house.cloud.writes()
    await house.command(command="set", control="restrict_discharge", state="on", id="a")
    assert house.cloud.writes() == []
    assert said(house, RESTRICT) == (Outcome.PENDING, "the cloud shows something else; a second look has to decide")
    await go_on(house, 3)
    assert house.cloud.on[RESTRICT]
    assert [(key, outcome) for key, outcome, _ in house.outcomes() if outcome != "pending"] == [("a", "confirmed")]
