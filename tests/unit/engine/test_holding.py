"""What is wanted and may not be written at the moment: it stays pending, says why, and comes when it may."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Window
from tests.unit.said import advice, told
from tests.unit.small_home import SmallHome, rules

CHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
HOUR = {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 3600}


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home at noon whose cloud works with entries, holds none, and has been read."""
    home = SmallHome(tmp_path, rules(windows=(RATE,), lead=timedelta(minutes=15), most_turns=6), has_schedules=True)
    await home.coordinator.poll()
    home.cloud.log.clear()
    return home


def said(home: SmallHome, control: Control = CHARGE) -> tuple[Outcome, str]:
    verdict = home.coordinator.reconciler.verdicts[control]
    return verdict.outcome, home.said(verdict.reason)


async def go_on(home: SmallHome, minutes: float) -> None:
    """Let time pass, with the app at work whenever it wants to be."""
    end = home.clock.now + timedelta(minutes=minutes)
    while (wake := home.coordinator.next_wake()) is not None and wake <= end:
        home.clock.now = max(wake, home.clock.now + timedelta(seconds=1))
        await home.coordinator.work()
    home.clock.now = end
    await home.coordinator.work()


# -- a cloud that is busy ---------------------------------------------------------------------------------------------


async def test_while_the_cloud_is_busy_nothing_is_written_and_then_it_is(home: SmallHome) -> None:
    home.cloud.busy = True
    await home.flip(CHARGE, True)
    assert home.cloud.writes() == []
    assert said(home) == (Outcome.PENDING, "the cloud is busy with a task of its own and takes no changes")
    home.cloud.busy = False
    await go_on(home, 3)
    assert said(home)[0] is Outcome.CONFIRMED


async def test_a_cloud_that_is_busy_for_hours_is_asked_ever_more_seldom(home: SmallHome) -> None:
    home.cloud.busy = True
    await home.flip(CHARGE, True)
    await go_on(home, 60)
    assert len(home.cloud.log) < 12
    assert home.cloud.writes() == []


# -- a clock that is wrong --------------------------------------------------------------------------------------------


async def test_with_a_wrong_clock_a_command_with_an_end_waits_and_says_why(home: SmallHome) -> None:
    home.cloud.ahead = timedelta(minutes=7)
    await home.command(**HOUR)
    assert home.cloud.writes() == []
    assert said(home) == (
        Outcome.PENDING,
        "nothing with an end is begun: this machine's clock is about 7 min behind the cloud's",
    )
    home.cloud.ahead = timedelta(0)
    await go_on(home, 3)
    assert said(home)[0] is Outcome.CONFIRMED


async def test_with_a_wrong_clock_a_window_does_not_begin_and_one_that_runs_still_ends(home: SmallHome) -> None:
    await go_on(home, 40)
    assert home.cloud.on[CHARGE]
    home.cloud.ahead = timedelta(minutes=-7)
    await go_on(home, 90)
    assert not home.cloud.on[CHARGE]
    assert home.cloud.stored == {}
    home.cloud.writes()
    await go_on(home, 24 * 60)
    assert home.cloud.writes() == []


async def test_with_a_wrong_clock_a_flip_is_carried_out(home: SmallHome) -> None:
    home.cloud.ahead = timedelta(minutes=7)
    await home.flip(RESTRICT, True)
    await go_on(home, 1)
    assert said(home, RESTRICT)[0] is Outcome.CONFIRMED


async def test_a_wrong_clock_is_a_problem_with_its_cure_until_it_is_right(home: SmallHome) -> None:
    home.cloud.ahead = timedelta(minutes=2)
    assert home.snapshot().problems == ()
    home.cloud.ahead = timedelta(minutes=3)
    (problem,) = home.snapshot().problems
    assert (told(problem), problem.since) == ("this machine's clock is about 3 min behind the cloud's", NOON)
    assert "NTP" in advice(problem.reason)
    home.cloud.ahead = timedelta(0)
    assert home.snapshot().problems == ()


# -- a toggle that never rests ----------------------------------------------------------------------------------------


async def test_the_seventh_change_within_an_hour_waits_ten_minutes_and_the_last_wish_wins(home: SmallHome) -> None:
    for on in (True, False) * 3:
        await home.flip(RESTRICT, on)
        home.clock.now += timedelta(seconds=30)
    assert not home.cloud.on[RESTRICT]
    home.cloud.writes()
    last_change = home.clock.now
    for on in (True, False, True):
        await home.flip(RESTRICT, on)
        home.clock.now += timedelta(seconds=10)
    assert home.cloud.writes() == []
    outcome, reason = said(home, RESTRICT)
    assert outcome is Outcome.PENDING
    assert reason.startswith("switched 6 times within an hour: waits until 12:1")
    await go_on(home, 11)
    assert home.cloud.on[RESTRICT]
    assert home.clock.now - last_change > timedelta(minutes=10)


async def test_off_is_carried_out_at_once_however_often_it_was_switched(home: SmallHome) -> None:
    for on in (True, False, True, False, True, False):
        await home.flip(RESTRICT, on)
    await home.flip(RESTRICT, True)
    await go_on(home, 12)
    assert home.cloud.on[RESTRICT]
    await home.flip(RESTRICT, False)
    assert not home.cloud.on[RESTRICT]


# -- a cloud that takes entries away when their family is switched on (S11) -------------------------------------------


async def test_an_entry_that_switching_on_took_away_is_written_again_once_a_read_counts(home: SmallHome) -> None:
    home.cloud.sweeps = True
    await home.flip(RESTRICT, True)
    await go_on(home, 1.9)
    assert len([one for one in home.cloud.log if one.startswith("create")]) == 1
    await go_on(home, 0.3)
    assert len([one for one in home.cloud.log if one.startswith("create")]) == 2
    await go_on(home, 0.5)
    assert said(home, RESTRICT)[0] is Outcome.CONFIRMED


async def test_a_cloud_that_keeps_its_entries_gets_each_once(home: SmallHome) -> None:
    home.cloud.lag = timedelta(seconds=20)
    await home.flip(RESTRICT, True)
    await go_on(home, 10)
    assert len([one for one in home.cloud.writes() if one.startswith("create")]) == 1
    assert said(home, RESTRICT)[0] is Outcome.CONFIRMED


# -- reads that are late ----------------------------------------------------------------------------------------------


async def test_an_old_read_that_shows_the_second_flag_off_makes_nobody_write_it_again(home: SmallHome) -> None:
    await home.command(**HOUR)
    home.cloud.writes()
    home.cloud.lag = timedelta(seconds=30)
    await home.wait(seconds=5, poll=True)
    assert home.cloud.writes() == []
    assert not home.cloud.habits.both_flags


async def test_a_wish_that_is_newer_than_a_change_in_the_enphase_app_is_carried_out(home: SmallHome) -> None:
    await home.flip(RESTRICT, True)
    await go_on(home, 20)
    home.cloud.switch(RESTRICT, False)
    home.clock.now += timedelta(seconds=10)
    await home.command(command="set", control="restrict_discharge", state="on", id="a", duration=3600)
    assert said(home, RESTRICT)[0] is Outcome.PENDING
    await go_on(home, 3)
    assert home.cloud.on[RESTRICT]
    assert said(home, RESTRICT)[0] is Outcome.CONFIRMED
    assert [outcome for key, outcome, _ in home.outcomes() if key == "a" and outcome != "pending"] == ["confirmed"]


async def test_a_change_in_the_enphase_app_that_is_newer_than_the_wish_ends_it(home: SmallHome) -> None:
    await home.flip(RESTRICT, True)
    await go_on(home, 20)
    home.cloud.switch(RESTRICT, False)
    for _ in range(2):
        await home.wait(minutes=2, poll=True)
    home.cloud.writes()
    await go_on(home, 30)
    assert not home.cloud.on[RESTRICT]
    assert "write restrict_discharge on" not in home.cloud.writes()


async def test_a_wish_for_what_the_enphase_app_just_ended_is_not_confirmed_by_old_knowledge(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(), has_schedules=False)
    await home.coordinator.poll()
    await home.flip(RESTRICT, True)
    await go_on(home, 20)
    home.cloud.switch(RESTRICT, False)
    home.clock.now += timedelta(seconds=10)
    home.cloud.writes()
    await home.command(command="set", control="restrict_discharge", state="on", id="a")
    assert home.cloud.writes() == []
    assert said(home, RESTRICT) == (Outcome.PENDING, "the cloud shows something else; a second look has to decide")
    await go_on(home, 3)
    assert home.cloud.on[RESTRICT]
    assert [(key, outcome) for key, outcome, _ in home.outcomes() if outcome != "pending"] == [("a", "confirmed")]
