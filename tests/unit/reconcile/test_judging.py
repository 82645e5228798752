"""What is said of a wish while its entry is on its way, in the way, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.names import Control
from enphase_battery.control.site_state import Storage
from enphase_battery.control.verdict import Outcome, Verdict
from enphase_battery.control.windows import Window
from enphase_battery.enlighten.models import WriteForm
from tests.unit.small_house import SmallHouse, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
BOOST = {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 3600}
THEIRS = Terms(DISCHARGE, time(12, 30), time(13), EVERY_DAY, "Europe/London", 20)


@pytest.fixture
async def house(tmp_path: Path) -> SmallHouse:
    """A house at noon whose cloud works with entries, holds none, and has been read."""
    house = SmallHouse(tmp_path, rules(windows=(RATE,), lead=timedelta(minutes=15)), has_schedules=True)
    await house.controller.poll()
    return house


def said(house: SmallHouse, control: Control = CHARGE) -> tuple[Outcome, str]:
    verdict = verdict_on(house, control)
    return verdict.outcome, verdict.reason


def verdict_on(house: SmallHouse, control: Control = CHARGE) -> Verdict:
    return house.controller.reconciler.verdicts[control]


# -- on its way -------------------------------------------------------------------------------------------------------


async def test_until_the_gateway_has_the_entry_the_wish_is_pending_and_then_confirmed(house: SmallHouse) -> None:
    await house.command(**BOOST)
    assert said(house) == (Outcome.PENDING, "written and applied; waiting for the gateway")
    assert verdict_on(house).hint == "look in the Enphase app whether the gateway is online"
    await house.wait(seconds=10)
    assert said(house) == (Outcome.CONFIRMED, "")


async def test_a_gateway_that_does_not_report_is_named_with_when_it_last_did(house: SmallHouse) -> None:
    house.cloud.activation = None
    house.cloud.storage = Storage(last_report=NOON - timedelta(minutes=45))
    await house.controller.poll()
    await house.command(**BOOST)
    assert said(house) == (
        Outcome.PENDING,
        "written and applied; waiting for the gateway, which has not reported since 11:15",
    )


async def test_what_overrides_the_schedules_is_named_while_the_gateway_does_not_take_the_entry(
    house: SmallHouse,
) -> None:
    house.cloud.activation = None
    house.cloud.override = "a storm alert"
    await house.command(**BOOST)
    assert said(house)[1] == "written and applied; waiting for the gateway; a storm alert overrides schedules"


async def test_an_entry_that_is_not_listed_yet_is_waited_for(house: SmallHouse) -> None:
    house.cloud.switch(CHARGE, True)
    await house.wait(minutes=3, poll=True)
    await house.wait(minutes=3, poll=True)
    house.cloud.lag = timedelta(minutes=1)
    await house.command(**BOOST)
    assert said(house) == (Outcome.PENDING, "written; the cloud does not list it yet")
    await house.wait(minutes=2)
    assert said(house)[0] is Outcome.CONFIRMED


async def test_a_switch_that_is_not_shown_yet_is_waited_for_before_its_entry(house: SmallHouse) -> None:
    house.cloud.deaf_to = set(WriteForm)
    await house.command(**BOOST)
    assert said(house) == (Outcome.PENDING, "written; the cloud does not show it yet")


async def test_a_second_flag_that_stays_off_is_waited_for_although_the_entry_is_active(house: SmallHouse) -> None:
    house.cloud.one_flag = False
    await house.command(**BOOST)
    house.cloud.deaf_to = set(WriteForm)
    house.cloud.charge_schedule_on = False
    await house.wait(seconds=10)
    assert said(house) == (
        Outcome.PENDING,
        "the cloud does not show the schedule of charge from grid switched on",
    )


async def test_a_deletion_that_no_read_has_weighed_yet_is_waited_for(house: SmallHouse) -> None:
    await house.command(**{**BOOST, "control": "restrict_discharge"})
    await house.wait(minutes=1)
    house.cloud.lag = timedelta(seconds=30)
    await house.command(command="cancel", control="restrict_discharge")
    outcome, reason = said(house, RESTRICT)
    assert outcome is Outcome.PENDING
    assert reason in {
        "written; the cloud does not show it yet",
        "waits until the cloud shows that an own entry is gone",
    }
    await house.wait(minutes=2)
    assert said(house, RESTRICT) == (Outcome.CONFIRMED, "")


async def test_what_the_list_still_shows_after_its_deletion_is_waited_for(house: SmallHouse) -> None:
    house.cloud.switch(DISCHARGE, True)
    await house.wait(minutes=3, poll=True)
    await house.wait(minutes=1, poll=True)
    await house.command(**{**BOOST, "control": "discharge_to_grid"})
    await house.wait(minutes=1)
    house.cloud.lag = timedelta(seconds=30)
    await house.command(command="cancel", control="discharge_to_grid")
    assert said(house, DISCHARGE) == (Outcome.PENDING, "waits until the cloud shows that an own entry is gone")
    await house.wait(minutes=2)
    assert said(house, DISCHARGE) == (Outcome.CONFIRMED, "")


async def test_what_an_unlisted_entry_of_another_control_is_in_the_way_of_waits_for_it(house: SmallHouse) -> None:
    house.cloud.switch(DISCHARGE, True)
    await house.wait(minutes=3, poll=True)
    await house.wait(minutes=1, poll=True)
    house.cloud.lag = timedelta(minutes=1)
    await house.controller.flip(RESTRICT, True)
    await house.command(**{**BOOST, "control": "discharge_to_grid"})
    assert said(house, DISCHARGE) == (Outcome.PENDING, "waits until an own entry is gone")
    house.cloud.lag = timedelta(0)
    for _ in range(3):
        await house.wait(minutes=1)
    assert said(house, DISCHARGE)[0] is Outcome.CONFIRMED


async def test_without_the_list_a_wish_waits_and_says_so(house: SmallHouse) -> None:
    house.cloud.list_answers = False
    await house.command(**BOOST)
    assert said(house) == (Outcome.PENDING, "the schedule list of the cloud cannot be read")
    assert not house.cloud.on[CHARGE]
    house.cloud.list_answers = True
    await house.wait(minutes=1)
    assert house.cloud.on[CHARGE]


# -- in the way -------------------------------------------------------------------------------------------------------


async def test_an_obstacle_is_a_failure_with_a_hint_and_a_command_is_dropped(house: SmallHouse) -> None:
    house.cloud.add(THEIRS)
    await house.controller.poll()
    await house.command(**BOOST, id="a")
    ((_, outcome, reason),) = house.outcomes()
    assert outcome == "failed"
    assert reason.startswith("overlaps with an entry that is not the app's: discharge to grid 12:30-13:00")
    assert not house.controller.wanted()[CHARGE].intent.on
    assert house.cloud.writes() == []


async def test_an_obstructed_window_is_carried_out_as_soon_as_the_obstacle_is_gone(house: SmallHouse) -> None:
    in_the_way = house.cloud.add(THEIRS)
    await house.wait(minutes=31, poll=True)
    assert said(house)[0] is Outcome.FAILED
    assert house.cloud.entries() == []
    house.cloud.remove(in_the_way)
    await house.wait(minutes=1, poll=True)
    assert house.cloud.entries() == [], "one read may be an old one"
    await house.wait(minutes=1)
    await house.wait(seconds=10)
    assert house.cloud.entries() == ["charge from grid 12:30-14:00 Sun"]
    assert said(house) == (Outcome.CONFIRMED, "")


async def test_what_waits_for_an_entry_of_somebody_else_is_pending_and_looked_at_every_minute(
    house: SmallHouse,
) -> None:
    house.cloud.switch(DISCHARGE, True)
    await house.wait(minutes=3, poll=True)
    await house.wait(minutes=3, poll=True)
    house.cloud.add(replace(THEIRS, start=time(20), end=time(21)), active=False)
    await house.controller.poll()
    await house.command(**{**BOOST, "control": "discharge_to_grid"})
    verdict = verdict_on(house, DISCHARGE)
    assert verdict.outcome is Outcome.PENDING
    assert verdict.reason.startswith("waits until the gateway has an entry of yours: discharge to grid 20:00-21:00")
    assert verdict.retry_at == house.clock.now + timedelta(minutes=1)
    assert house.cloud.entries() == []


async def test_a_wish_that_is_held_back_names_the_other_and_its_end(house: SmallHouse) -> None:
    await house.controller.flip(RESTRICT, True)
    await house.wait(minutes=1)
    await house.wait(minutes=24)
    await house.wait(minutes=6)
    assert house.controller.wanted()[CHARGE].intent.source is Source.WINDOW
    assert said(house, RESTRICT) == (Outcome.PENDING, "held back by charge from grid (Rate) until 14:00")
    assert house.cloud.entries() == ["charge from grid 12:30-14:00 Sun"]


async def test_an_entry_that_vanishes_again_and_again_is_given_up_with_a_hint(house: SmallHouse) -> None:
    house.cloud.activation = None
    await house.command(**{**BOOST, "control": "restrict_discharge", "duration": 6 * 3600}, id="a")
    for _ in range(60):
        for key in [key for key, one in house.cloud.stored.items() if one.terms.control is RESTRICT]:
            house.cloud.remove(key)
        await house.wait(minutes=1, poll=True)
    creations = [one for one in house.cloud.writes() if one.startswith("create restrict")]
    assert len(creations) == 3, "written, and again at most twice"
    outcome, reason = house.outcomes()[-1][1:]
    assert outcome == "failed"
    assert "vanished from the cloud again and again" in reason


# -- a dry run --------------------------------------------------------------------------------------------------------


async def test_a_dry_run_says_which_entries_it_would_write_and_sends_nothing(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(dry_run=True), has_schedules=True)
    await house.controller.poll()
    await house.command(**BOOST, id="a")
    steps = "write the entry charge from grid 12:00-13:00 Sun, then switch charge from grid on"
    assert house.outcomes() == [("a", "dry_run", f"would {steps}")]
    assert all(one.startswith("read") for one in house.cloud.log)


async def test_a_dry_run_names_what_would_be_in_the_way(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(dry_run=True), has_schedules=True)
    house.cloud.add(THEIRS)
    await house.controller.poll()
    await house.command(**BOOST, id="a")
    ((_, outcome, reason),) = house.outcomes()
    assert outcome == "dry_run"
    assert reason.startswith("overlaps with an entry that is not the app's")
