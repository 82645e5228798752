"""What happens while the app writes, waits or keeps something on: lost answers, late reads, other minds and hands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.names import Control
from enphase_battery.control.site_state import SiteState
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows import Window
from enphase_battery.errors import BudgetExhausted, Conflict, Unreachable
from tests.unit.small_house import SmallHouse, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
RULES = rules(windows=(RATE,), lead=15 * MINUTE)
RATE_ENTRY = "charge from grid 12:30-14:00 Sun"
HOLD_ENTRY = "restrict battery discharge 00:00-23:59 every day"
CANCEL = {"command": "cancel", "control": "charge_from_grid"}


@pytest.fixture
async def house(tmp_path: Path) -> SmallHouse:
    """A house at noon without windows, whose cloud works with entries, holds none, and has been read."""
    house = SmallHouse(tmp_path, has_schedules=True)
    await house.controller.poll()
    return house


@pytest.fixture
async def windowed(tmp_path: Path) -> SmallHouse:
    """The same with a window, of which is to be charged from half past twelve until two."""
    house = SmallHouse(tmp_path, RULES, has_schedules=True)
    await house.controller.poll()
    return house


def theirs(start: int, end: int, control: Control = CHARGE) -> Terms:
    return Terms(control, time(start), time(end), EVERY_DAY, "Europe/London", 100)


def set_on(control: Control, minutes: float) -> dict[str, object]:
    return {"command": "set", "control": control.value, "state": "on", "duration": minutes * 60}


async def until(house: SmallHouse, clock: str, *, polls: bool = True) -> None:
    """Let the heartbeat of the app beat, and its polls, until the clock shows this."""
    while f"{house.clock.now:%H:%M}" < clock:
        await house.wait(minutes=1, poll=polls and house.clock.now.minute % 15 == 14)


async def hold(house: SmallHouse) -> None:
    """Switch restrict battery discharge on by its toggle, and wait until the gateway has it."""
    await house.controller.flip(RESTRICT, True)
    await house.wait(minutes=1)
    assert house.cloud.enforces(RESTRICT)
    house.cloud.writes()


def during(house: SmallHouse, action: str, then: Callable[[], Awaitable[None]]) -> None:
    """Do something else as soon as the app does this: it is under way when the app goes on."""
    tasks: list[asyncio.Future[None]] = []

    def meanwhile(asked: str) -> None:
        if asked == action and not tasks:
            tasks.append(asyncio.ensure_future(then()))

    house.at_ease()
    house.cloud.meanwhile = meanwhile


def cloud_is_away(house: SmallHouse, until: str, *actions: str) -> None:
    """Let nothing get through to the cloud, or nothing of these actions, until the clock shows this."""

    def meanwhile(action: str) -> None:
        if f"{house.clock.now:%H:%M}" < until and (action in actions or not actions):
            raise Unreachable("down")

    house.cloud.meanwhile = meanwhile


def shown(house: SmallHouse, monkeypatch: pytest.MonkeyPatch, as_if: Callable[[SiteState], SiteState]) -> None:
    """Let reads show something else than there is."""
    read = house.cloud.read_for_wish

    async def read_as_if(*, urgent: bool = True) -> SiteState:
        return as_if(await read(urgent=urgent))

    monkeypatch.setattr(house.cloud, "read_for_wish", read_as_if)


def source(house: SmallHouse, control: Control) -> Source:
    return house.controller.keeper.book.standing[control].source


# -- writes that get lost, and reads that are late --------------------------------------------------------------------


async def test_a_command_whose_way_a_lost_deletion_did_not_clear_is_carried_out_with_the_next_try(
    house: SmallHouse,
) -> None:
    await hold(house)
    house.cloud.trouble["delete"] = [Unreachable("no answer")]
    await house.command(**set_on(CHARGE, 60), id="a")
    await house.wait(minutes=1)
    await house.wait(seconds=15)
    assert house.cloud.enforces(CHARGE)
    assert house.outcomes()[-1][1] == "confirmed"


async def test_a_conflict_with_an_own_entry_that_is_deleted_already_is_waited_out(house: SmallHouse) -> None:
    await hold(house)
    house.cloud.trouble["create"] = [Conflict("CONFLICTING_SCHEDULE_RBD")]
    await house.command(**set_on(CHARGE, 60), id="a")
    assert house.outcomes() == [("a", "pending", "waits until an own entry is gone from the cloud")]
    await house.wait(seconds=15)
    await house.wait(seconds=15)
    assert house.cloud.enforces(CHARGE)
    assert house.outcomes()[-1] == ("a", "confirmed", "")


async def test_a_wish_for_the_place_of_an_own_entry_that_is_not_listed_yet_waits_for_it_and_does_not_fail(
    house: SmallHouse,
) -> None:
    house.cloud.lag = timedelta(seconds=60)
    await house.controller.flip(CHARGE, True)
    await house.command(**set_on(DISCHARGE, 30), id="a")
    house.cloud.lag = timedelta(0)
    await until(house, "12:05")
    assert house.cloud.enforces(DISCHARGE)
    assert [outcome for _, outcome, _ in house.outcomes()] == ["pending", "pending", "confirmed"]


async def test_a_command_that_comes_while_an_entry_in_its_place_is_being_written_is_carried_out(
    house: SmallHouse,
) -> None:
    during(house, "create", lambda: house.command(**set_on(DISCHARGE, 20), id="a"))
    await house.controller.flip(RESTRICT, True)
    await until(house, "12:03")
    assert house.cloud.enforces(DISCHARGE)
    assert {outcome for _, outcome, _ in house.outcomes()} == {"pending", "confirmed"}
    await until(house, "12:25")
    assert house.cloud.enforces(RESTRICT)


async def test_a_window_runs_as_soon_as_the_cloud_takes_its_entry_however_often_that_never_arrived(
    windowed: SmallHouse,
) -> None:
    windowed.cloud.trouble["create"] = [Unreachable("503")] * 8
    await until(windowed, "12:50")
    assert windowed.cloud.trouble["create"] == []
    assert windowed.cloud.enforces(CHARGE)


async def test_an_entry_that_vanishes_because_no_apply_gets_through_is_written_again_as_often_as_it_takes(
    windowed: SmallHouse,
) -> None:
    cloud_is_away(windowed, "13:35", "write")
    await until(windowed, "13:45")
    assert sum(one.startswith("create") for one in windowed.cloud.writes()) > 3
    assert windowed.cloud.enforces(CHARGE)


async def test_what_was_not_even_sent_for_want_of_budget_is_written_as_soon_as_there_is_some(house: SmallHouse) -> None:
    house.cloud.trouble["create"] = [BudgetExhausted("used up", next_at=NOON + MINUTE)]
    await house.command(**set_on(CHARGE, 60))
    assert house.cloud.entries() == []
    await house.wait(minutes=1)
    assert house.cloud.entries() == ["charge from grid 12:00-13:00 Sun"]


async def test_a_cancelled_boost_ends_although_the_list_cannot_be_read(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, has_schedules=True)
    house.cloud.add(theirs(2, 5))
    house.cloud.switch(CHARGE, True)
    await house.controller.poll()
    await house.command(**set_on(CHARGE, 480))
    await house.wait(minutes=1)
    assert house.cloud.enforces(CHARGE)
    house.outcomes()
    house.cloud.list_answers = False
    await house.command(**CANCEL, id="a")
    assert not house.cloud.enforces(CHARGE)
    reason = "waits until the cloud shows that an own entry is gone; its schedule list cannot be read"
    assert house.outcomes() == [("a", "pending", reason)]
    house.cloud.list_answers = True
    await until(house, "12:20")
    assert house.outcomes()[-1][1] == "confirmed"


async def test_a_hold_that_was_given_up_comes_back_when_the_gateway_does_and_is_told_once(
    house: SmallHouse, caplog: pytest.LogCaptureFixture
) -> None:
    def forget(action: str) -> None:
        pending = [key for key, one in house.cloud.stored.items() if not one.is_active(house.clock.now)]
        for key in pending if action.startswith("read") else ():
            house.cloud.remove(key)

    await hold(house)
    await house.command(**set_on(CHARGE, 10))
    house.cloud.activation = None
    house.cloud.meanwhile = forget
    await until(house, "13:00")
    assert house.controller.reconciler.verdicts[RESTRICT].outcome is Outcome.FAILED
    house.cloud.meanwhile = lambda action: None
    house.cloud.come_online()
    await until(house, "15:00")
    assert house.cloud.enforces(RESTRICT)
    assert caplog.text.count("Could not switch restrict battery discharge on") == 1


# -- minds that change while the app writes ---------------------------------------------------------------------------


async def test_a_window_that_is_flipped_off_and_on_again_while_the_app_still_writes_goes_on(
    windowed: SmallHouse,
) -> None:
    await until(windowed, "12:45")
    during(windowed, "write", lambda: windowed.controller.flip(CHARGE, True))
    await windowed.controller.flip(CHARGE, False)
    assert windowed.cloud.writes()[-4:] == [
        f"delete {RATE_ENTRY}",
        "write charge_from_grid off -schedule",
        f"create {RATE_ENTRY}",
        "write charge_from_grid on",
    ], "all in one pass"
    await windowed.wait(seconds=10)
    assert windowed.cloud.enforces(CHARGE)


async def test_a_hold_comes_back_when_what_covered_it_is_cancelled_while_the_app_still_writes(
    house: SmallHouse,
) -> None:
    await hold(house)
    during(house, "create", lambda: house.command(**CANCEL))
    await house.command(**set_on(CHARGE, 30))
    await until(house, "12:05", polls=False)
    assert house.cloud.enforces(RESTRICT)
    assert house.cloud.entries() == [HOLD_ENTRY]


async def test_a_hold_comes_back_when_a_command_ends_before_the_app_has_carried_it_out(house: SmallHouse) -> None:
    await hold(house)
    house.cloud.lag = timedelta(seconds=60)
    await house.command(**set_on(CHARGE, 1 / 6))
    house.cloud.lag = timedelta(0)
    await until(house, "12:10", polls=False)
    assert house.cloud.enforces(RESTRICT)
    assert house.cloud.entries() == [HOLD_ENTRY]


async def test_a_hold_comes_back_when_what_covered_it_came_and_went_within_one_pass(house: SmallHouse) -> None:
    async def command_and_cancel() -> None:
        during(house, "create", lambda: house.command(**CANCEL))
        await house.command(**set_on(CHARGE, 30))

    house.cloud.switch(DISCHARGE, True)
    await house.wait(minutes=3, poll=True)
    await house.wait(minutes=1, poll=True)
    await hold(house)
    during(house, "write", command_and_cancel)
    await house.controller.flip(DISCHARGE, False)
    assert house.cloud.writes()[-2:] == [f"create {HOLD_ENTRY}", "write restrict_discharge on"], "all in one pass"
    assert house.cloud.entries() == [HOLD_ENTRY]


# -- people who use the Enphase app -----------------------------------------------------------------------------------


async def test_a_schedule_that_its_owner_switches_off_inside_a_window_ends_it(windowed: SmallHouse) -> None:
    await until(windowed, "12:45")
    assert windowed.report(CHARGE).outcome is Outcome.CONFIRMED
    windowed.cloud.charge_schedule_on = False
    await windowed.controller.poll()
    assert windowed.report(CHARGE).wanted, "one read may be an old one"
    await until(windowed, "12:50")
    assert not windowed.report(CHARGE).wanted
    assert windowed.cloud.entries() == []
    assert not windowed.cloud.enforces(CHARGE)


async def test_a_schedule_that_its_owner_adds_while_a_window_runs_stays_in_force_and_the_window_goes_on(
    windowed: SmallHouse,
) -> None:
    await until(windowed, "12:45")
    windowed.cloud.writes()
    windowed.cloud.add(theirs(20, 21))
    await until(windowed, "13:59")
    assert windowed.cloud.writes() == []
    assert windowed.cloud.enforces(CHARGE)
    assert source(windowed, CHARGE) is Source.CLOUD
    await until(windowed, "20:30")
    assert windowed.cloud.entries() == []
    assert windowed.cloud.enforces(CHARGE), "their schedule runs"


async def test_a_schedule_counts_as_added_also_when_a_read_shows_it_before_the_gateway_has_it(
    windowed: SmallHouse,
) -> None:
    await until(windowed, "12:45")
    schedule_id = windowed.cloud.add(theirs(20, 21), active=False)
    await windowed.controller.poll()
    windowed.cloud.edit(schedule_id, theirs(20, 21))
    await until(windowed, "20:30")
    assert windowed.cloud.enforces(CHARGE)


async def test_a_schedule_that_its_owner_adds_in_a_windows_last_minutes_stays_in_force_too(
    windowed: SmallHouse,
) -> None:
    await until(windowed, "13:47")
    windowed.cloud.add(theirs(20, 21))
    await until(windowed, "20:30")
    assert windowed.cloud.enforces(CHARGE)


@pytest.mark.parametrize("missed", [1, 2, 3])
async def test_a_sleeping_schedule_that_some_reads_do_not_show_is_not_woken(
    windowed: SmallHouse, monkeypatch: pytest.MonkeyPatch, missed: int
) -> None:
    windowed.cloud.add(theirs(18, 22))
    await until(windowed, "12:43")
    states = [lambda state: replace(state, entries=())] * missed
    shown(windowed, monkeypatch, lambda state: states.pop()(state) if states else state)
    for _ in range(5):
        await windowed.wait(seconds=1, poll=True)
    assert windowed.cloud.writes() == []
    await until(windowed, "18:30")
    assert not windowed.cloud.enforces(CHARGE)


async def test_a_sleeping_schedule_that_was_not_shown_for_long_is_not_taken_for_a_new_one(
    windowed: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    windowed.cloud.add(theirs(18, 22))
    await until(windowed, "12:43")
    hidden = True
    shown(windowed, monkeypatch, lambda state: replace(state, entries=()) if hidden else state)
    for _ in range(2):
        await windowed.wait(minutes=1, poll=True)
    assert windowed.cloud.writes()[-1] == "write charge_from_grid on"
    hidden = False
    await until(windowed, "18:30")
    assert not windowed.cloud.enforces(CHARGE)


async def test_a_schedule_added_where_the_toggle_is_on_already_leaves_the_toggles_wish_as_it_is(
    house: SmallHouse,
) -> None:
    house.cloud.add(theirs(2, 5))
    await house.controller.poll()
    await house.controller.flip(CHARGE, True)
    house.cloud.writes()
    house.cloud.add(theirs(20, 21))
    await until(house, "12:20")
    assert source(house, CHARGE) is Source.TOGGLE
    assert house.cloud.writes() == []


async def test_a_schedule_that_its_owner_leaves_switched_off_is_no_wish(windowed: SmallHouse) -> None:
    await until(windowed, "12:45")
    windowed.cloud.add(theirs(20, 21), active=False)
    await until(windowed, "12:50")
    await windowed.controller.poll()
    assert not windowed.controller.keeper.book.standing[CHARGE].on


async def test_an_entry_that_says_just_what_the_app_wants_is_not_taken_for_somebodys_wish(windowed: SmallHouse) -> None:
    await until(windowed, "12:45")
    windowed.cloud.stored["another id"] = windowed.cloud.stored.pop(windowed.cloud.own_id())
    await until(windowed, "14:05")
    assert not windowed.cloud.on[CHARGE], "or nothing would ever end it"
    assert not windowed.controller.wanted()[CHARGE].intent.on


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_schedule_that_its_owner_removes_leaves_room_for_another_and_is_not_replaced_by_the_whole_day(
    house: SmallHouse, restarted: bool
) -> None:
    night = house.cloud.add(theirs(2, 5))
    await house.controller.poll()
    await house.controller.flip(CHARGE, True)
    if restarted:
        house.start(rules())
        await house.controller.poll()
    house.cloud.writes()
    house.cloud.remove(night)
    await until(house, "12:30")
    assert house.cloud.writes() == []
    assert house.cloud.on[CHARGE]
    assert house.report(CHARGE).reason == "switch is on; without a schedule entry the gateway does nothing"


async def test_a_running_entry_that_its_owner_makes_longer_goes_on_to_its_new_end(windowed: SmallHouse) -> None:
    await until(windowed, "13:00")
    windowed.cloud.writes()
    own = windowed.cloud.own_id()
    windowed.cloud.edit(own, replace(windowed.cloud.stored[own].terms, end=time(15)))
    await until(windowed, "14:50")
    assert windowed.cloud.enforces(CHARGE)
    assert windowed.cloud.writes() == []


async def test_a_switch_that_is_used_in_the_enphase_app_after_a_release_brings_no_window_back(
    windowed: SmallHouse,
) -> None:
    await windowed.command(command="release")
    await until(windowed, "12:05")
    windowed.cloud.switch(DISCHARGE, True)
    await until(windowed, "12:50")
    assert source(windowed, DISCHARGE) is Source.CLOUD
    assert windowed.cloud.entries() == []


# -- where one family works with entries and its rival with its switch ------------------------------------------------


async def test_a_standing_discharge_by_entries_is_off_while_a_command_charges_by_a_switch_and_comes_back_after_it(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house, monkeypatch, lambda state: replace(state, has_schedules={**state.has_schedules, CHARGE: False}))
    await house.controller.poll()
    await house.controller.flip(DISCHARGE, True)
    await house.wait(minutes=1)
    assert house.cloud.enforces(DISCHARGE)
    await house.command(**set_on(CHARGE, 30))
    await until(house, "12:10")
    assert house.cloud.on == {CHARGE: True, DISCHARGE: False, RESTRICT: False}
    await house.command(**set_on(DISCHARGE, 10))
    await until(house, "12:15")
    assert house.cloud.on == {CHARGE: False, DISCHARGE: True, RESTRICT: False}
    await until(house, "12:40")
    assert house.cloud.enforces(DISCHARGE)
    assert house.report(DISCHARGE).outcome is Outcome.CONFIRMED


# -- outages ----------------------------------------------------------------------------------------------------------


def reads(house: SmallHouse) -> int:
    """Return how often was read since the last call."""
    asked, house.cloud.log = house.cloud.log, []
    return sum(one.startswith("read") for one in asked)


async def test_an_outage_that_ends_shortly_before_a_window_costs_it_nothing(windowed: SmallHouse) -> None:
    cloud_is_away(windowed, "12:26")
    await windowed.controller.poll()
    await until(windowed, "12:30", polls=False)
    assert windowed.cloud.enforces(CHARGE)


async def test_an_outage_that_ends_in_a_window_costs_it_little_more_than_itself(windowed: SmallHouse) -> None:
    cloud_is_away(windowed, "13:02")
    await windowed.controller.poll()
    await until(windowed, "13:06", polls=False)
    assert windowed.cloud.enforces(CHARGE)


async def test_while_no_window_waits_for_the_cloud_it_is_tried_ever_more_rarely(windowed: SmallHouse) -> None:
    await until(windowed, "12:35")
    assert windowed.cloud.enforces(CHARGE)
    cloud_is_away(windowed, "14:00")
    await windowed.controller.poll()
    reads(windowed)
    await until(windowed, "13:35", polls=False)
    assert 0 < reads(windowed) <= 8
