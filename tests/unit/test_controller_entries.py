"""Wishes of a site that works with entries: restarts, people in the Enphase app, what stands and what goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.names import Control
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows import Window
from enphase_battery.errors import Unreachable
from tests.unit.small_house import SmallHouse, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
RULES = rules(windows=(RATE,), lead=timedelta(minutes=15))
RATE_ENTRY = "charge from grid 12:30-14:00 Sun"
THEIRS = Terms(DISCHARGE, time(20), time(21), EVERY_DAY, "Europe/London", 20)


@pytest.fixture
async def house(tmp_path: Path) -> SmallHouse:
    """A house at noon whose cloud works with entries, holds none, and has been read."""
    house = SmallHouse(tmp_path, RULES, has_schedules=True)
    await house.controller.poll()
    house.cloud.writes()
    return house


async def until(house: SmallHouse, clock: str) -> None:
    """Let the heartbeat of the app beat, and its polls, until the clock shows this."""
    while f"{house.clock.now:%H:%M}" < clock:
        await house.wait(minutes=1, poll=house.clock.now.minute % 15 == 14)


async def twice(house: SmallHouse) -> None:
    """Let two polls see what somebody did in the Enphase app."""
    await house.wait(minutes=3, poll=True)
    await house.wait(minutes=1, poll=True)


def wanted(house: SmallHouse, control: Control) -> bool:
    return house.controller.wanted()[control].intent.on


async def test_nothing_is_confirmed_by_the_gateway_while_the_newest_read_shows_the_switch_off(
    house: SmallHouse,
) -> None:
    await house.controller.flip(RESTRICT, True)
    house.cloud.on[RESTRICT] = False  # by somebody in the Enphase app, right after it was read back
    await house.wait(seconds=15)  # meanwhile the gateway has taken the entry
    assert house.report(RESTRICT).outcome is Outcome.PENDING
    await twice(house)
    assert (wanted(house, RESTRICT), house.report(RESTRICT).outcome) == (False, Outcome.CONFIRMED)


async def test_an_own_entry_is_known_although_the_cloud_s_clock_jumped_while_it_was_made(house: SmallHouse) -> None:
    house.cloud.ahead = timedelta(minutes=2)

    def jumps(action: str) -> None:
        if action == "create":
            house.cloud.ahead = -timedelta(minutes=2)

    house.cloud.meanwhile = jumps
    await house.controller.flip(CHARGE, True)
    await house.wait(minutes=5, poll=True)
    await house.controller.flip(CHARGE, False)
    await house.wait(minutes=5, poll=True)
    assert house.cloud.entries() == []


# -- windows ----------------------------------------------------------------------------------------------------------


async def test_a_window_stands_from_its_lead_is_enforced_from_its_start_and_is_gone_after_its_end(
    house: SmallHouse,
) -> None:
    await until(house, "12:14")
    assert house.cloud.entries() == []
    await until(house, "12:16")
    assert house.cloud.entries() == [RATE_ENTRY]
    assert not wanted(house, CHARGE), "the toggle stays as it is"
    assert not house.cloud.enforces(CHARGE)
    await until(house, "12:30")
    assert wanted(house, CHARGE)
    assert house.cloud.enforces(CHARGE)
    await until(house, "13:59")
    assert house.cloud.enforces(CHARGE)
    await until(house, "14:01")
    assert house.cloud.entries() == []
    assert not house.cloud.on[CHARGE]
    assert [one.split()[0] for one in house.cloud.writes()] == ["create", "write", "delete", "write"]


async def test_the_next_wake_is_when_a_window_is_to_be_written(house: SmallHouse) -> None:
    assert house.controller.next_wake() == NOON + timedelta(minutes=15)


async def test_a_window_is_enforced_although_the_cloud_is_away_when_it_starts(house: SmallHouse) -> None:
    await until(house, "12:20")
    house.cloud.trouble["read"] = [Unreachable("down")] * 500
    await until(house, "12:45")
    assert house.cloud.enforces(CHARGE)
    house.clock.now = NOON + timedelta(hours=2)
    assert not house.cloud.enforces(CHARGE), "the gateway stops by itself"


async def test_a_command_to_pause_inside_a_window_ends_and_the_window_goes_on(house: SmallHouse) -> None:
    await until(house, "12:40")
    await house.command(command="set", control="charge_from_grid", state="off", duration=600, id="a")
    assert not house.cloud.enforces(CHARGE)
    assert house.cloud.entries() == [RATE_ENTRY]
    await until(house, "12:55")
    assert house.cloud.enforces(CHARGE)
    assert house.outcomes() == [("a", "confirmed", "")]


async def test_a_pause_over_the_start_of_a_window_lets_it_go_on_afterwards(house: SmallHouse) -> None:
    await house.command(command="set", control="charge_from_grid", state="off", duration=3600)
    await until(house, "12:59")
    assert not house.cloud.on[CHARGE]
    await until(house, "13:03")
    assert house.cloud.enforces(CHARGE)


# -- restarts ---------------------------------------------------------------------------------------------------------


async def test_a_restart_inside_a_window_writes_nothing(house: SmallHouse) -> None:
    await until(house, "12:40")
    house.cloud.writes()
    house.start(RULES)
    await house.controller.poll()
    await until(house, "12:45")
    assert house.cloud.writes() == []
    assert house.cloud.enforces(CHARGE)


async def test_a_restart_after_the_end_cleans_up_what_was_left(house: SmallHouse) -> None:
    await until(house, "12:40")
    house.start(RULES)
    await house.wait(hours=3, poll=True)
    assert house.cloud.entries() == []
    assert not house.cloud.on[CHARGE]
    assert not house.cloud.charge_schedule_on


@pytest.mark.parametrize(("away", "stands"), [(2, [RATE_ENTRY]), (120, [])], ids=["still wanted", "over"])
async def test_an_entry_that_was_written_and_not_applied_is_applied_at_the_start_if_still_wanted_else_deleted(
    house: SmallHouse, away: int, stands: list[str]
) -> None:
    await until(house, "12:14")
    house.cloud.trouble["validate"] = [Unreachable("killed")]
    await house.wait(minutes=1)
    assert not house.cloud.on[CHARGE]
    house.start(RULES)
    await house.wait(minutes=away, poll=True)
    await house.wait(seconds=20)
    assert house.cloud.entries() == stands
    assert all(one.is_active(house.clock.now) for one in house.cloud.stored.values())


async def test_after_a_lost_store_what_only_looks_alike_is_named_and_not_adopted(house: SmallHouse) -> None:
    await until(house, "12:20")
    (mine,) = house.cloud.stored
    older = replace(house.cloud.stored[mine], created_at=NOON)  # half an hour before the start is too soon
    before = {mine: older}
    house.cloud.stored = dict(before)
    house.store.write("ledger", {"nonsense": 1})
    house.store.write("wishes", {"nonsense": 1})
    house.start(RULES)
    await house.controller.poll()
    assert house.cloud.stored == before
    assert [problem.text for problem in house.snapshot().problems if "looks like" in problem.text] == [
        f"an entry looks like the app's, but its store does not know it: {RATE_ENTRY}"
    ]


async def test_entries_of_a_control_that_may_not_be_changed_any_more_are_deleted(house: SmallHouse) -> None:
    await house.command(command="set", control="restrict_discharge", state="on", duration=3600)
    house.start(replace(RULES, controls=(CHARGE,)))
    await house.controller.poll()
    assert house.cloud.entries() == []


# -- people in the Enphase app ----------------------------------------------------------------------------------------


async def test_a_window_whose_entry_a_person_removed_is_skipped_and_not_written_again(house: SmallHouse) -> None:
    await until(house, "12:40")
    house.cloud.remove(house.cloud.own_id())
    await twice(house)
    assert not wanted(house, CHARGE)
    await until(house, "13:30")
    assert house.cloud.entries() == []
    assert not house.cloud.on[CHARGE]


async def test_an_entry_that_a_person_edited_is_theirs_told_once_and_never_deleted(
    house: SmallHouse, caplog: pytest.LogCaptureFixture
) -> None:
    await until(house, "12:40")
    own = house.cloud.own_id()
    house.cloud.edit(own, replace(house.cloud.stored[own].terms, limit=50))
    await until(house, "14:30")
    assert house.cloud.entries(foreign=True) == [RATE_ENTRY]
    told = [record for record in caplog.records if "it is not the app's now" in record.getMessage()]
    assert len(told) == 1
    texts = [problem.text for problem in house.snapshot().problems]
    assert f"the entry {RATE_ENTRY} was changed in the Enphase app" in texts
    await house.wait(hours=25)
    assert f"the entry {RATE_ENTRY} was changed in the Enphase app" not in [
        problem.text for problem in house.snapshot().problems
    ]


async def test_an_entry_that_vanished_before_the_gateway_had_it_is_written_again(house: SmallHouse) -> None:
    house.cloud.activation = None
    await until(house, "12:20")
    house.cloud.remove(house.cloud.own_id())
    await twice(house)
    house.cloud.come_online()
    await until(house, "12:31")
    assert house.cloud.entries() == [RATE_ENTRY]
    assert house.cloud.enforces(CHARGE)


async def test_switching_a_family_off_in_the_enphase_app_skips_its_window_and_removes_the_apps_entry(
    house: SmallHouse,
) -> None:
    await until(house, "12:20")
    house.cloud.switch(CHARGE, False)
    await twice(house)
    await house.wait(minutes=1)
    assert house.cloud.entries() == []
    await until(house, "12:40")
    assert not wanted(house, CHARGE)
    assert not house.cloud.on[CHARGE]


async def test_switching_a_family_on_lets_a_window_run_that_waited_for_just_that(house: SmallHouse) -> None:
    house.cloud.add(replace(THEIRS, control=CHARGE, limit=90))
    await until(house, "12:40")
    assert house.report(CHARGE).reason == '1 entry of yours in "charge from grid" would come alive'
    assert house.cloud.entries() == []
    house.cloud.switch(CHARGE, True)
    await twice(house)
    await house.wait(seconds=20)
    assert house.cloud.entries() == [RATE_ENTRY]
    assert house.cloud.enforces(CHARGE)
    assert house.controller.wanted()[CHARGE].intent.source is Source.WINDOW
    await until(house, "14:05")
    assert house.cloud.entries() == []
    assert house.cloud.on[CHARGE], "what was switched on in the Enphase app stays on"


async def test_switching_a_family_on_in_the_enphase_app_writes_nothing(house: SmallHouse) -> None:
    house.cloud.switch(RESTRICT, True)
    await twice(house)
    assert house.controller.wanted()[RESTRICT].intent.source is Source.CLOUD
    assert house.cloud.writes() == []


# -- standing wishes --------------------------------------------------------------------------------------------------


async def test_a_flip_stands_as_an_entry_for_the_whole_day_and_the_next_flip_clears_it(house: SmallHouse) -> None:
    await house.controller.flip(RESTRICT, True)
    await house.wait(seconds=10)
    assert house.cloud.enforces(RESTRICT)
    assert house.report(RESTRICT).reason.startswith("its entry holds the whole day")
    await house.controller.flip(RESTRICT, False)
    assert house.cloud.entries() == []
    assert not house.cloud.on[RESTRICT]


async def test_a_newer_standing_wish_replaces_the_older_once_it_is_confirmed(house: SmallHouse) -> None:
    await house.controller.flip(RESTRICT, True)
    await house.wait(seconds=10)
    await house.controller.flip(DISCHARGE, True)
    assert wanted(house, RESTRICT), "it goes off only when the newer stands"
    await house.wait(seconds=10)
    assert not wanted(house, RESTRICT)
    assert house.report(RESTRICT).reason == "replaced by discharge to grid"
    assert house.cloud.entries() == ["discharge to grid 00:00-23:59 every day"]
    await house.controller.flip(DISCHARGE, False)
    assert house.report(RESTRICT).reason == "", "nothing stands in its place any more"


async def test_a_standing_wish_gives_way_for_a_window_and_comes_back_after_it(house: SmallHouse) -> None:
    await house.controller.flip(RESTRICT, True)
    await until(house, "12:24")
    assert house.cloud.enforces(RESTRICT)
    await until(house, "12:40")
    assert house.cloud.enforces(CHARGE)
    assert not house.cloud.on[RESTRICT]
    assert wanted(house, RESTRICT)
    await until(house, "14:03")
    assert house.cloud.enforces(RESTRICT)


async def test_a_flip_beside_foreign_entries_adds_none_and_names_them(house: SmallHouse) -> None:
    house.cloud.add(THEIRS)
    await house.controller.poll()
    await house.controller.flip(DISCHARGE, True)
    assert house.cloud.writes() == ["write discharge_to_grid on"]
    assert house.report(DISCHARGE).reason.startswith("your own entries decide when: discharge to grid 20:00-21:00")


async def test_a_target_without_an_end_beside_foreign_entries_is_rejected(house: SmallHouse) -> None:
    house.cloud.add(THEIRS)
    await house.controller.poll()
    await house.command(command="set", control="discharge_to_grid", state="on", target_soc=50, id="a")
    ((_, outcome, reason),) = house.outcomes()
    assert outcome == "rejected"
    assert "discharge to grid 20:00-21:00 every day" in reason
    assert not house.cloud.on[DISCHARGE]


async def test_release_deletes_what_is_owned_and_leaves_what_was_there(house: SmallHouse) -> None:
    house.cloud.switch(DISCHARGE, True)
    house.cloud.add(THEIRS)
    await twice(house)
    await until(house, "12:20")
    await house.controller.flip(RESTRICT, True)
    house.outcomes()
    await house.command(command="release", id="bye")
    await house.wait(minutes=3)
    assert house.outcomes()[-1][:2] == ("bye", "confirmed")
    assert house.cloud.entries() == []
    assert house.cloud.entries(foreign=True) == [str(THEIRS)]
    assert house.cloud.on == {CHARGE: False, DISCHARGE: True, RESTRICT: False}
    await until(house, "12:40")
    assert house.cloud.entries() == [], "windows rest"


async def test_a_timed_wish_that_would_wake_entries_of_others_is_not_carried_out(house: SmallHouse) -> None:
    house.cloud.add(THEIRS)
    await house.controller.poll()
    await house.command(command="set", control="discharge_to_grid", state="on", duration=600, id="a")
    assert house.outcomes() == [("a", "failed", '1 entry of yours in "discharge to grid" would come alive')]
    assert house.cloud.writes() == []


async def test_at_the_first_start_the_cloud_is_right_and_only_a_running_window_is_begun(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, RULES, has_schedules=True)
    house.cloud.switch(DISCHARGE, True)
    house.clock.now = NOON + timedelta(minutes=45)
    await house.controller.poll()
    assert house.controller.wanted()[DISCHARGE].intent.on
    assert [one for one in house.cloud.writes() if one.startswith("create")] == [f"create {RATE_ENTRY}"]
