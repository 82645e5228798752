"""What is said of a wish while its entry is on its way, in the way, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.reason import Override
from enphase_battery.control.site_state import Storage
from enphase_battery.control.verdict import Outcome, Verdict
from enphase_battery.control.windows.window import Window
from enphase_battery.enlighten.models import WriteForm
from tests.unit import said as words
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
BOOST = {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 3600}
THEIRS = Terms(DISCHARGE, time(12, 30), time(13), EVERY_DAY, "Europe/London", 20)


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home at noon whose cloud works with entries, holds none, and has been read."""
    home = SmallHome(tmp_path, rules(windows=(RATE,), lead=timedelta(minutes=15)), has_schedules=True)
    await home.coordinator.poll()
    return home


def said(home: SmallHome, control: Control = CHARGE) -> tuple[Outcome, str]:
    verdict = verdict_on(home, control)
    return verdict.outcome, home.said(verdict.reason)


def verdict_on(home: SmallHome, control: Control = CHARGE) -> Verdict:
    return home.coordinator.reconciler.verdicts[control]


# -- on its way -------------------------------------------------------------------------------------------------------


async def test_until_the_gateway_has_the_entry_the_wish_is_pending_and_then_confirmed(home: SmallHome) -> None:
    await home.command(**BOOST)
    assert said(home) == (Outcome.PENDING, "written and applied; waiting for the gateway")
    assert words.advice(verdict_on(home).reason) == "look in the Enphase app whether the gateway is online"
    await home.wait(seconds=10)
    assert said(home) == (Outcome.CONFIRMED, "")


async def test_a_gateway_that_does_not_report_is_named_with_when_it_last_did(home: SmallHome) -> None:
    home.cloud.activation = None
    home.cloud.storage = Storage(last_report=NOON - timedelta(minutes=45), read_at=NOON)
    await home.coordinator.poll()
    await home.command(**BOOST)
    assert said(home) == (
        Outcome.PENDING,
        "written and applied; waiting for the gateway, which has not reported since 11:15",
    )


async def test_what_overrides_the_schedules_is_named_while_the_gateway_does_not_take_the_entry(
    home: SmallHome,
) -> None:
    home.cloud.activation = None
    home.cloud.override = Override.STORM
    await home.command(**BOOST)
    assert said(home)[1] == "written and applied; waiting for the gateway; a storm alert overrides schedules"


async def test_an_entry_that_is_not_listed_yet_is_waited_for(home: SmallHome) -> None:
    home.cloud.switch(CHARGE, True)
    await home.wait(minutes=3, poll=True)
    await home.wait(minutes=3, poll=True)
    home.cloud.lag = timedelta(minutes=1)
    await home.command(**BOOST)
    assert said(home) == (Outcome.PENDING, "written; the cloud does not list it yet")
    await home.wait(minutes=2)
    assert said(home)[0] is Outcome.CONFIRMED


async def test_a_switch_that_is_not_shown_yet_is_waited_for_before_its_entry(home: SmallHome) -> None:
    home.cloud.deaf_to = set(WriteForm)
    await home.command(**BOOST)
    assert said(home) == (Outcome.PENDING, "written; the cloud does not show it yet")


async def test_a_second_flag_that_stays_off_is_waited_for_although_the_entry_is_active(home: SmallHome) -> None:
    home.cloud.one_flag = False
    await home.command(**BOOST)
    home.cloud.deaf_to = set(WriteForm)
    home.cloud.charge_schedule_on = False
    await home.wait(seconds=10)
    assert said(home) == (
        Outcome.PENDING,
        "the cloud does not show the schedule of charge from grid switched on",
    )


async def test_a_deletion_that_no_read_has_weighed_yet_is_waited_for(home: SmallHome) -> None:
    await home.command(**{**BOOST, "control": "restrict_discharge"})
    await home.wait(minutes=1)
    home.cloud.lag = timedelta(seconds=30)
    await home.command(command="cancel", control="restrict_discharge")
    outcome, reason = said(home, RESTRICT)
    assert outcome is Outcome.PENDING
    assert reason in {
        "written; the cloud does not show it yet",
        "waits until the cloud shows that an own entry is gone",
    }
    await home.wait(minutes=2)
    assert said(home, RESTRICT) == (Outcome.CONFIRMED, "")


async def test_what_the_list_still_shows_after_its_deletion_is_waited_for(home: SmallHome) -> None:
    home.cloud.switch(DISCHARGE, True)
    await home.wait(minutes=3, poll=True)
    await home.wait(minutes=1, poll=True)
    await home.command(**{**BOOST, "control": "discharge_to_grid"})
    await home.wait(minutes=1)
    home.cloud.lag = timedelta(seconds=30)
    await home.command(command="cancel", control="discharge_to_grid")
    assert said(home, DISCHARGE) == (Outcome.PENDING, "waits until the cloud shows that an own entry is gone")
    await home.wait(minutes=2)
    assert said(home, DISCHARGE) == (Outcome.CONFIRMED, "")


async def test_what_an_unlisted_entry_of_another_control_is_in_the_way_of_waits_for_it(home: SmallHome) -> None:
    home.cloud.switch(DISCHARGE, True)
    await home.wait(minutes=3, poll=True)
    await home.wait(minutes=1, poll=True)
    home.cloud.lag = timedelta(minutes=1)
    await home.flip(RESTRICT, True)
    await home.command(**{**BOOST, "control": "discharge_to_grid"})
    assert said(home, DISCHARGE) == (Outcome.PENDING, "waits until an own entry is gone")
    home.cloud.lag = timedelta(0)
    for _ in range(3):
        await home.wait(minutes=1)
    assert said(home, DISCHARGE)[0] is Outcome.CONFIRMED


async def test_without_the_list_a_wish_waits_and_says_so(home: SmallHome) -> None:
    home.cloud.list_answers = False
    await home.command(**BOOST)
    assert said(home) == (Outcome.PENDING, "the schedule list of the cloud cannot be read")
    assert not home.cloud.on[CHARGE]
    home.cloud.list_answers = True
    await home.wait(minutes=1)
    assert home.cloud.on[CHARGE]


# -- in the way -------------------------------------------------------------------------------------------------------


async def test_an_obstacle_is_a_failure_with_a_hint_and_a_command_is_dropped(home: SmallHome) -> None:
    home.cloud.add(THEIRS)
    await home.coordinator.poll()
    await home.command(**BOOST, id="a")
    ((_, outcome, reason),) = home.outcomes()
    assert outcome == "failed"
    assert reason.startswith("overlaps with an entry that is not the app's: discharge to grid 12:30-13:00")
    assert not home.coordinator.wishes.wanted()[CHARGE].intent.on
    assert home.cloud.writes() == []


async def test_an_obstructed_window_is_carried_out_as_soon_as_the_obstacle_is_gone(home: SmallHome) -> None:
    in_the_way = home.cloud.add(THEIRS)
    await home.wait(minutes=31, poll=True)
    assert said(home)[0] is Outcome.FAILED
    assert home.cloud.entries() == []
    home.cloud.remove(in_the_way)
    await home.wait(minutes=1, poll=True)
    assert home.cloud.entries() == [], "one read may be an old one"
    await home.wait(minutes=1)
    await home.wait(seconds=10)
    assert home.cloud.entries() == ["charge from grid 12:30-14:00 Sun"]
    assert said(home) == (Outcome.CONFIRMED, "")


async def test_what_waits_for_an_entry_of_somebody_else_is_pending_and_looked_at_every_minute(
    home: SmallHome,
) -> None:
    home.cloud.switch(DISCHARGE, True)
    await home.wait(minutes=3, poll=True)
    await home.wait(minutes=3, poll=True)
    home.cloud.add(replace(THEIRS, start=time(20), end=time(21)), active=False)
    await home.coordinator.poll()
    await home.command(**{**BOOST, "control": "discharge_to_grid"})
    verdict = verdict_on(home, DISCHARGE)
    assert verdict.outcome is Outcome.PENDING
    assert words.said(verdict.reason).startswith(
        "waits until the gateway has an entry of yours: discharge to grid 20:00-21:00"
    )
    assert verdict.retry_at == home.clock.now + timedelta(minutes=1)
    assert home.cloud.entries() == []


async def test_a_wish_that_is_held_back_names_the_other_and_its_end(home: SmallHome) -> None:
    await home.flip(RESTRICT, True)
    await home.wait(minutes=1)
    await home.wait(minutes=24)
    await home.wait(minutes=6)
    assert home.coordinator.wishes.wanted()[CHARGE].intent.source is Source.WINDOW
    assert said(home, RESTRICT) == (Outcome.PENDING, "held back by charge from grid (Rate) until 14:00")
    assert home.cloud.entries() == ["charge from grid 12:30-14:00 Sun"]


async def test_an_entry_that_vanishes_again_and_again_is_given_up_with_a_hint(home: SmallHome) -> None:
    home.cloud.activation = None
    await home.command(**{**BOOST, "control": "restrict_discharge", "duration": 6 * 3600}, id="a")
    for _ in range(60):
        for key in [key for key, one in home.cloud.stored.items() if one.terms.control is RESTRICT]:
            home.cloud.remove(key)
        await home.wait(minutes=1, poll=True)
    creations = [one for one in home.cloud.writes() if one.startswith("create restrict")]
    assert len(creations) == 3, "written, and again at most twice"
    outcome, reason = home.outcomes()[-1][1:]
    assert outcome == "failed"
    assert "vanished from the cloud again and again" in reason


# -- a dry run --------------------------------------------------------------------------------------------------------


async def test_a_dry_run_says_which_entries_it_would_write_and_sends_nothing(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(dry_run=True), has_schedules=True)
    await home.coordinator.poll()
    await home.command(**BOOST, id="a")
    steps = "write the entry charge from grid 12:00-13:00 Sun, then switch charge from grid on"
    assert home.outcomes() == [("a", "dry_run", f"would {steps}")]
    assert all(one.startswith("read") for one in home.cloud.log)


async def test_a_dry_run_names_what_would_be_in_the_way(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(dry_run=True), has_schedules=True)
    home.cloud.add(THEIRS)
    await home.coordinator.poll()
    await home.command(**BOOST, id="a")
    ((_, outcome, reason),) = home.outcomes()
    assert outcome == "dry_run"
    assert reason.startswith("overlaps with an entry that is not the app's")
