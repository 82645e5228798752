"""What happens while the app writes, waits or keeps something on: lost answers, late reads, other minds and hands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.site_state import SiteState
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Window
from enphase_battery.errors import BudgetExhausted, Conflict, Unreachable
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
RULES = rules(windows=(RATE,), lead=15 * MINUTE)
RATE_ENTRY = "charge from grid 12:30-14:00 Sun"
HOLD_ENTRY = "restrict battery discharge 00:00-23:59 every day"
CANCEL = {"command": "cancel", "control": "charge_from_grid"}


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home at noon without windows, whose cloud works with entries, holds none, and has been read."""
    home = SmallHome(tmp_path, has_schedules=True)
    await home.coordinator.poll()
    return home


@pytest.fixture
async def windowed(tmp_path: Path) -> SmallHome:
    """The same with a window, of which is to be charged from half past twelve until two."""
    home = SmallHome(tmp_path, RULES, has_schedules=True)
    await home.coordinator.poll()
    return home


def theirs(start: int, end: int, control: Control = CHARGE) -> Terms:
    return Terms(control, time(start), time(end), EVERY_DAY, "Europe/London", 100)


def set_on(control: Control, minutes: float) -> dict[str, object]:
    return {"command": "set", "control": control.value, "state": "on", "duration": minutes * 60}


async def until(home: SmallHome, clock: str, *, polls: bool = True) -> None:
    """Let the heartbeat of the app beat, and its polls, until the clock shows this."""
    while f"{home.clock.now:%H:%M}" < clock:
        await home.wait(minutes=1, poll=polls and home.clock.now.minute % 15 == 14)


async def hold(home: SmallHome) -> None:
    """Switch restrict battery discharge on by its toggle, and wait until the gateway has it."""
    await home.flip(RESTRICT, True)
    await home.wait(minutes=1)
    assert home.cloud.enforces(RESTRICT)
    home.cloud.writes()


def during(home: SmallHome, action: str, then: Callable[[], Awaitable[None]]) -> None:
    """Do something else as soon as the app does this: it is under way when the app goes on."""
    tasks: list[asyncio.Future[None]] = []

    def meanwhile(asked: str) -> None:
        if asked == action and not tasks:
            tasks.append(asyncio.ensure_future(then()))

    home.at_ease()
    home.cloud.meanwhile = meanwhile


def cloud_is_away(home: SmallHome, until: str, *actions: str) -> None:
    """Let nothing get through to the cloud, or nothing of these actions, until the clock shows this."""

    def meanwhile(action: str) -> None:
        if f"{home.clock.now:%H:%M}" < until and (action in actions or not actions):
            raise Unreachable("down")

    home.cloud.meanwhile = meanwhile


def shown(home: SmallHome, monkeypatch: pytest.MonkeyPatch, as_if: Callable[[SiteState], SiteState]) -> None:
    """Let reads show something else than there is."""
    read = home.cloud.read_for_wish

    async def read_as_if(*, urgent: bool = True) -> SiteState:
        return as_if(await read(urgent=urgent))

    monkeypatch.setattr(home.cloud, "read_for_wish", read_as_if)


def source(home: SmallHome, control: Control) -> Source:
    return home.coordinator.wishes.book.standing[control].source


# -- writes that get lost, and reads that are late --------------------------------------------------------------------


async def test_a_command_whose_way_a_lost_deletion_did_not_clear_is_carried_out_with_the_next_try(
    home: SmallHome,
) -> None:
    await hold(home)
    home.cloud.trouble["delete"] = [Unreachable("no answer")]
    await home.command(**set_on(CHARGE, 60), id="a")
    await home.wait(minutes=1)
    await home.wait(seconds=15)
    assert home.cloud.enforces(CHARGE)
    assert home.outcomes()[-1][1] == "confirmed"


async def test_a_conflict_with_an_own_entry_that_is_deleted_already_is_waited_out(home: SmallHome) -> None:
    await hold(home)
    home.cloud.trouble["create"] = [Conflict("CONFLICTING_SCHEDULE_RBD")]
    await home.command(**set_on(CHARGE, 60), id="a")
    assert home.outcomes() == [("a", "pending", "waits until an own entry is gone from the cloud")]
    await home.wait(seconds=15)
    await home.wait(seconds=15)
    assert home.cloud.enforces(CHARGE)
    assert home.outcomes()[-1] == ("a", "confirmed", "")


async def test_a_wish_for_the_place_of_an_own_entry_that_is_not_listed_yet_waits_for_it_and_does_not_fail(
    home: SmallHome,
) -> None:
    home.cloud.lag = timedelta(seconds=60)
    await home.flip(CHARGE, True)
    await home.command(**set_on(DISCHARGE, 30), id="a")
    home.cloud.lag = timedelta(0)
    await until(home, "12:05")
    assert home.cloud.enforces(DISCHARGE)
    assert [outcome for _, outcome, _ in home.outcomes()] == ["pending", "pending", "confirmed"]


async def test_a_command_that_comes_while_an_entry_in_its_place_is_being_written_is_carried_out(
    home: SmallHome,
) -> None:
    during(home, "create", lambda: home.command(**set_on(DISCHARGE, 20), id="a"))
    await home.flip(RESTRICT, True)
    await until(home, "12:03")
    assert home.cloud.enforces(DISCHARGE)
    assert {outcome for _, outcome, _ in home.outcomes()} == {"pending", "confirmed"}
    await until(home, "12:25")
    assert home.cloud.enforces(RESTRICT)


async def test_a_window_runs_as_soon_as_the_cloud_takes_its_entry_however_often_that_never_arrived(
    windowed: SmallHome,
) -> None:
    windowed.cloud.trouble["create"] = [Unreachable("503")] * 8
    await until(windowed, "12:50")
    assert windowed.cloud.trouble["create"] == []
    assert windowed.cloud.enforces(CHARGE)


async def test_an_entry_that_vanishes_because_no_apply_gets_through_is_written_again_as_often_as_it_takes(
    windowed: SmallHome,
) -> None:
    cloud_is_away(windowed, "13:35", "write")
    await until(windowed, "13:45")
    assert sum(one.startswith("create") for one in windowed.cloud.writes()) > 3
    assert windowed.cloud.enforces(CHARGE)


async def test_what_was_not_even_sent_for_want_of_budget_is_written_as_soon_as_there_is_some(home: SmallHome) -> None:
    home.cloud.trouble["create"] = [BudgetExhausted("used up", next_at=NOON + MINUTE)]
    await home.command(**set_on(CHARGE, 60))
    assert home.cloud.entries() == []
    await home.wait(minutes=1)
    assert home.cloud.entries() == ["charge from grid 12:00-13:00 Sun"]


async def test_a_cancelled_boost_ends_although_the_list_cannot_be_read(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, has_schedules=True)
    home.cloud.add(theirs(2, 5))
    home.cloud.switch(CHARGE, True)
    await home.coordinator.poll()
    await home.command(**set_on(CHARGE, 480))
    await home.wait(minutes=1)
    assert home.cloud.enforces(CHARGE)
    home.outcomes()
    home.cloud.list_answers = False
    await home.command(**CANCEL, id="a")
    assert not home.cloud.enforces(CHARGE)
    reason = "waits until the cloud shows that an own entry is gone; its schedule list cannot be read"
    assert home.outcomes() == [("a", "pending", reason)]
    home.cloud.list_answers = True
    await until(home, "12:20")
    assert home.outcomes()[-1][1] == "confirmed"


async def test_a_hold_that_was_given_up_comes_back_when_the_gateway_does_and_is_told_once(
    home: SmallHome, caplog: pytest.LogCaptureFixture
) -> None:
    def forget(action: str) -> None:
        pending = [key for key, one in home.cloud.stored.items() if not one.is_active(home.clock.now)]
        for key in pending if action.startswith("read") else ():
            home.cloud.remove(key)

    await hold(home)
    await home.command(**set_on(CHARGE, 10))
    home.cloud.activation = None
    home.cloud.meanwhile = forget
    await until(home, "13:00")
    assert home.coordinator.reconciler.verdicts[RESTRICT].outcome is Outcome.FAILED
    home.cloud.meanwhile = lambda action: None
    home.cloud.come_online()
    await until(home, "15:00")
    assert home.cloud.enforces(RESTRICT)
    assert caplog.text.count("Could not switch restrict battery discharge on") == 1


# -- minds that change while the app writes ---------------------------------------------------------------------------


async def test_a_window_that_is_flipped_off_and_on_again_while_the_app_still_writes_goes_on(
    windowed: SmallHome,
) -> None:
    await until(windowed, "12:45")
    during(windowed, "write", lambda: windowed.flip(CHARGE, True))
    await windowed.flip(CHARGE, False)
    assert windowed.cloud.writes()[-4:] == [
        f"delete {RATE_ENTRY}",
        "write charge_from_grid off -schedule",
        f"create {RATE_ENTRY}",
        "write charge_from_grid on",
    ], "all in one pass"
    await windowed.wait(seconds=10)
    assert windowed.cloud.enforces(CHARGE)


async def test_a_hold_comes_back_when_what_covered_it_is_cancelled_while_the_app_still_writes(
    home: SmallHome,
) -> None:
    await hold(home)
    during(home, "create", lambda: home.command(**CANCEL))
    await home.command(**set_on(CHARGE, 30))
    await until(home, "12:05", polls=False)
    assert home.cloud.enforces(RESTRICT)
    assert home.cloud.entries() == [HOLD_ENTRY]


async def test_a_hold_comes_back_when_a_command_ends_before_the_app_has_carried_it_out(home: SmallHome) -> None:
    await hold(home)
    home.cloud.lag = timedelta(seconds=60)
    await home.command(**set_on(CHARGE, 1 / 6))
    home.cloud.lag = timedelta(0)
    await until(home, "12:10", polls=False)
    assert home.cloud.enforces(RESTRICT)
    assert home.cloud.entries() == [HOLD_ENTRY]


async def test_a_hold_comes_back_when_what_covered_it_came_and_went_within_one_pass(home: SmallHome) -> None:
    async def command_and_cancel() -> None:
        during(home, "create", lambda: home.command(**CANCEL))
        await home.command(**set_on(CHARGE, 30))

    home.cloud.switch(DISCHARGE, True)
    await home.wait(minutes=3, poll=True)
    await home.wait(minutes=1, poll=True)
    await hold(home)
    during(home, "write", command_and_cancel)
    await home.flip(DISCHARGE, False)
    assert home.cloud.writes()[-2:] == [f"create {HOLD_ENTRY}", "write restrict_discharge on"], "all in one pass"
    assert home.cloud.entries() == [HOLD_ENTRY]


# -- people who use the Enphase app -----------------------------------------------------------------------------------


async def test_a_schedule_that_its_owner_switches_off_inside_a_window_ends_it(windowed: SmallHome) -> None:
    await until(windowed, "12:45")
    assert windowed.report(CHARGE).outcome is Outcome.CONFIRMED
    windowed.cloud.charge_schedule_on = False
    await windowed.coordinator.poll()
    assert windowed.report(CHARGE).wanted, "one read may be an old one"
    await until(windowed, "12:50")
    assert not windowed.report(CHARGE).wanted
    assert windowed.cloud.entries() == []
    assert not windowed.cloud.enforces(CHARGE)


async def test_a_schedule_that_its_owner_adds_while_a_window_runs_stays_in_force_and_the_window_goes_on(
    windowed: SmallHome,
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
    windowed: SmallHome,
) -> None:
    await until(windowed, "12:45")
    schedule_id = windowed.cloud.add(theirs(20, 21), active=False)
    await windowed.coordinator.poll()
    windowed.cloud.edit(schedule_id, theirs(20, 21))
    await until(windowed, "20:30")
    assert windowed.cloud.enforces(CHARGE)


async def test_a_schedule_that_its_owner_adds_in_a_windows_last_minutes_stays_in_force_too(
    windowed: SmallHome,
) -> None:
    await until(windowed, "13:47")
    windowed.cloud.add(theirs(20, 21))
    await until(windowed, "20:30")
    assert windowed.cloud.enforces(CHARGE)


@pytest.mark.parametrize("missed", [1, 2, 3])
async def test_a_sleeping_schedule_that_some_reads_do_not_show_is_not_woken(
    windowed: SmallHome, monkeypatch: pytest.MonkeyPatch, missed: int
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
    windowed: SmallHome, monkeypatch: pytest.MonkeyPatch
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
    home: SmallHome,
) -> None:
    home.cloud.add(theirs(2, 5))
    await home.coordinator.poll()
    await home.flip(CHARGE, True)
    home.cloud.writes()
    home.cloud.add(theirs(20, 21))
    await until(home, "12:20")
    assert source(home, CHARGE) is Source.TOGGLE
    assert home.cloud.writes() == []


async def test_a_schedule_that_its_owner_leaves_switched_off_is_no_wish(windowed: SmallHome) -> None:
    await until(windowed, "12:45")
    windowed.cloud.add(theirs(20, 21), active=False)
    await until(windowed, "12:50")
    await windowed.coordinator.poll()
    assert not windowed.coordinator.wishes.book.standing[CHARGE].on


async def test_an_entry_that_says_just_what_the_app_wants_is_not_taken_for_somebodys_wish(windowed: SmallHome) -> None:
    await until(windowed, "12:45")
    windowed.cloud.stored["another id"] = windowed.cloud.stored.pop(windowed.cloud.own_id())
    await until(windowed, "14:05")
    assert not windowed.cloud.on[CHARGE], "or nothing would ever end it"
    assert not windowed.coordinator.wishes.wanted()[CHARGE].intent.on


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_schedule_that_its_owner_removes_leaves_room_for_another_and_is_not_replaced_by_the_whole_day(
    home: SmallHome, restarted: bool
) -> None:
    night = home.cloud.add(theirs(2, 5))
    await home.coordinator.poll()
    await home.flip(CHARGE, True)
    if restarted:
        home.start(rules())
        await home.coordinator.poll()
    home.cloud.writes()
    home.cloud.remove(night)
    await until(home, "12:30")
    assert home.cloud.writes() == []
    assert home.cloud.on[CHARGE]
    assert home.why(CHARGE) == "switch is on; without a schedule entry the gateway does nothing"


async def test_a_running_entry_that_its_owner_makes_longer_goes_on_to_its_new_end(windowed: SmallHome) -> None:
    await until(windowed, "13:00")
    windowed.cloud.writes()
    own = windowed.cloud.own_id()
    windowed.cloud.edit(own, replace(windowed.cloud.stored[own].terms, end=time(15)))
    await until(windowed, "14:50")
    assert windowed.cloud.enforces(CHARGE)
    assert windowed.cloud.writes() == []


async def test_a_switch_that_is_used_in_the_enphase_app_after_a_release_brings_no_window_back(
    windowed: SmallHome,
) -> None:
    await windowed.command(command="release")
    await until(windowed, "12:05")
    windowed.cloud.switch(DISCHARGE, True)
    await until(windowed, "12:50")
    assert source(windowed, DISCHARGE) is Source.CLOUD
    assert windowed.cloud.entries() == []


# -- where one family works with entries and its rival with its switch ------------------------------------------------


async def test_a_standing_discharge_by_entries_is_off_while_a_command_charges_by_a_switch_and_comes_back_after_it(
    home: SmallHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(home, monkeypatch, lambda state: replace(state, has_schedules={**state.has_schedules, CHARGE: False}))
    await home.coordinator.poll()
    await home.flip(DISCHARGE, True)
    await home.wait(minutes=1)
    assert home.cloud.enforces(DISCHARGE)
    await home.command(**set_on(CHARGE, 30))
    await until(home, "12:10")
    assert home.cloud.on == {CHARGE: True, DISCHARGE: False, RESTRICT: False}
    await home.command(**set_on(DISCHARGE, 10))
    await until(home, "12:15")
    assert home.cloud.on == {CHARGE: False, DISCHARGE: True, RESTRICT: False}
    await until(home, "12:40")
    assert home.cloud.enforces(DISCHARGE)
    assert home.report(DISCHARGE).outcome is Outcome.CONFIRMED


# -- outages ----------------------------------------------------------------------------------------------------------


def reads(home: SmallHome) -> int:
    """Return how often was read since the last call."""
    asked, home.cloud.log = home.cloud.log, []
    return sum(one.startswith("read") for one in asked)


async def test_an_outage_that_ends_shortly_before_a_window_costs_it_nothing(windowed: SmallHome) -> None:
    cloud_is_away(windowed, "12:26")
    await windowed.coordinator.poll()
    await until(windowed, "12:30", polls=False)
    assert windowed.cloud.enforces(CHARGE)


async def test_an_outage_that_ends_in_a_window_costs_it_little_more_than_itself(windowed: SmallHome) -> None:
    cloud_is_away(windowed, "13:02")
    await windowed.coordinator.poll()
    await until(windowed, "13:06", polls=False)
    assert windowed.cloud.enforces(CHARGE)


async def test_while_no_window_waits_for_the_cloud_it_is_tried_ever_more_rarely(windowed: SmallHome) -> None:
    await until(windowed, "12:35")
    assert windowed.cloud.enforces(CHARGE)
    cloud_is_away(windowed, "14:00")
    await windowed.coordinator.poll()
    reads(windowed)
    await until(windowed, "13:35", polls=False)
    assert 0 < reads(windowed) <= 8
