"""Wishes of a site that works with entries: restarts, people in the Enphase app, what stands and what goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Window
from enphase_battery.errors import Unreachable
from enphase_battery.words.reasons import entry
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
RATE = Window("Rate", CHARGE, time(12, 30), time(14), EVERY_DAY, 80)
RULES = rules(windows=(RATE,), lead=timedelta(minutes=15))
RATE_ENTRY = "charge from grid 12:30-14:00 Sun"
THEIRS = Terms(DISCHARGE, time(20), time(21), EVERY_DAY, "Europe/London", 20)


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home at noon whose cloud works with entries, holds none, and has been read."""
    home = SmallHome(tmp_path, RULES, has_schedules=True)
    await home.coordinator.poll()
    home.cloud.writes()
    return home


async def until(home: SmallHome, clock: str) -> None:
    """Let the heartbeat of the app beat, and its polls, until the clock shows this."""
    while f"{home.clock.now:%H:%M}" < clock:
        await home.wait(minutes=1, poll=home.clock.now.minute % 15 == 14)


async def twice(home: SmallHome) -> None:
    """Let two polls see what somebody did in the Enphase app."""
    await home.wait(minutes=3, poll=True)
    await home.wait(minutes=1, poll=True)


def wanted(home: SmallHome, control: Control) -> bool:
    return home.coordinator.wishes.wanted()[control].intent.on


async def test_nothing_is_confirmed_by_the_gateway_while_the_newest_read_shows_the_switch_off(
    home: SmallHome,
) -> None:
    await home.flip(RESTRICT, True)
    home.cloud.on[RESTRICT] = False  # by somebody in the Enphase app, right after it was read back
    await home.wait(seconds=15)  # meanwhile the gateway has taken the entry
    assert home.report(RESTRICT).outcome is Outcome.PENDING
    await twice(home)
    assert (wanted(home, RESTRICT), home.report(RESTRICT).outcome) == (False, Outcome.CONFIRMED)


async def test_an_own_entry_is_known_although_the_cloud_s_clock_jumped_while_it_was_made(home: SmallHome) -> None:
    home.cloud.ahead = timedelta(minutes=2)

    def jumps(action: str) -> None:
        if action == "create":
            home.cloud.ahead = -timedelta(minutes=2)

    home.cloud.meanwhile = jumps
    await home.flip(CHARGE, True)
    await home.wait(minutes=5, poll=True)
    await home.flip(CHARGE, False)
    await home.wait(minutes=5, poll=True)
    assert home.cloud.entries() == []


# -- windows ----------------------------------------------------------------------------------------------------------


async def test_a_window_stands_from_its_lead_is_enforced_from_its_start_and_is_gone_after_its_end(
    home: SmallHome,
) -> None:
    await until(home, "12:14")
    assert home.cloud.entries() == []
    await until(home, "12:16")
    assert home.cloud.entries() == [RATE_ENTRY]
    assert not wanted(home, CHARGE), "the toggle stays as it is"
    assert not home.cloud.enforces(CHARGE)
    await until(home, "12:30")
    assert wanted(home, CHARGE)
    assert home.cloud.enforces(CHARGE)
    await until(home, "13:59")
    assert home.cloud.enforces(CHARGE)
    await until(home, "14:01")
    assert home.cloud.entries() == []
    assert not home.cloud.on[CHARGE]
    assert [one.split()[0] for one in home.cloud.writes()] == ["create", "write", "delete", "write"]


async def test_the_next_wake_is_when_a_window_is_to_be_written(home: SmallHome) -> None:
    assert home.coordinator.next_wake() == NOON + timedelta(minutes=15)


async def test_a_window_is_enforced_although_the_cloud_is_away_when_it_starts(home: SmallHome) -> None:
    await until(home, "12:20")
    home.cloud.trouble["read"] = [Unreachable("down")] * 500
    await until(home, "12:45")
    assert home.cloud.enforces(CHARGE)
    home.clock.now = NOON + timedelta(hours=2)
    assert not home.cloud.enforces(CHARGE), "the gateway stops by itself"


async def test_a_command_to_pause_inside_a_window_ends_and_the_window_goes_on(home: SmallHome) -> None:
    await until(home, "12:40")
    await home.command(command="set", control="charge_from_grid", state="off", duration=600, id="a")
    assert not home.cloud.enforces(CHARGE)
    assert home.cloud.entries() == [RATE_ENTRY]
    await until(home, "12:55")
    assert home.cloud.enforces(CHARGE)
    assert home.outcomes() == [("a", "confirmed", "")]


async def test_a_pause_over_the_start_of_a_window_lets_it_go_on_afterwards(home: SmallHome) -> None:
    await home.command(command="set", control="charge_from_grid", state="off", duration=3600)
    await until(home, "12:59")
    assert not home.cloud.on[CHARGE]
    await until(home, "13:03")
    assert home.cloud.enforces(CHARGE)


# -- restarts ---------------------------------------------------------------------------------------------------------


async def test_a_restart_inside_a_window_writes_nothing(home: SmallHome) -> None:
    await until(home, "12:40")
    home.cloud.writes()
    home.start(RULES)
    await home.coordinator.poll()
    await until(home, "12:45")
    assert home.cloud.writes() == []
    assert home.cloud.enforces(CHARGE)


async def test_a_restart_after_the_end_cleans_up_what_was_left(home: SmallHome) -> None:
    await until(home, "12:40")
    home.start(RULES)
    await home.wait(hours=3, poll=True)
    assert home.cloud.entries() == []
    assert not home.cloud.on[CHARGE]
    assert not home.cloud.charge_schedule_on


@pytest.mark.parametrize(("away", "stands"), [(2, [RATE_ENTRY]), (120, [])], ids=["still wanted", "over"])
async def test_an_entry_that_was_written_and_not_applied_is_applied_at_the_start_if_still_wanted_else_deleted(
    home: SmallHome, away: int, stands: list[str]
) -> None:
    await until(home, "12:14")
    home.cloud.trouble["validate"] = [Unreachable("killed")]
    await home.wait(minutes=1)
    assert not home.cloud.on[CHARGE]
    home.start(RULES)
    await home.wait(minutes=away, poll=True)
    await home.wait(seconds=20)
    assert home.cloud.entries() == stands
    assert all(one.is_active(home.clock.now) for one in home.cloud.stored.values())


async def test_after_a_lost_store_what_only_looks_alike_is_named_and_not_adopted(home: SmallHome) -> None:
    await until(home, "12:20")
    (mine,) = home.cloud.stored
    older = replace(home.cloud.stored[mine], created_at=NOON)  # half an hour before the start is too soon
    before = {mine: older}
    home.cloud.stored = dict(before)
    home.store.write("ledger", {"nonsense": 1})
    home.store.write("wishes", {"nonsense": 1})
    home.start(RULES)
    await home.coordinator.poll()
    assert home.cloud.stored == before
    assert [text for text in home.problems() if "looks like" in text] == [
        f"an entry looks like the app's, but its store does not know it: {RATE_ENTRY}"
    ]


async def test_entries_of_a_control_that_may_not_be_changed_any_more_are_deleted(home: SmallHome) -> None:
    await home.command(command="set", control="restrict_discharge", state="on", duration=3600)
    home.start(replace(RULES, controls=(CHARGE,)))
    await home.coordinator.poll()
    assert home.cloud.entries() == []


# -- people in the Enphase app ----------------------------------------------------------------------------------------


async def test_a_window_whose_entry_a_person_removed_is_skipped_and_not_written_again(home: SmallHome) -> None:
    await until(home, "12:40")
    home.cloud.remove(home.cloud.own_id())
    await twice(home)
    assert not wanted(home, CHARGE)
    await until(home, "13:30")
    assert home.cloud.entries() == []
    assert not home.cloud.on[CHARGE]


async def test_an_entry_that_a_person_edited_is_theirs_told_once_and_never_deleted(
    home: SmallHome, caplog: pytest.LogCaptureFixture
) -> None:
    await until(home, "12:40")
    own = home.cloud.own_id()
    home.cloud.edit(own, replace(home.cloud.stored[own].terms, limit=50))
    await until(home, "14:30")
    assert home.cloud.entries(foreign=True) == [RATE_ENTRY]
    told = [record for record in caplog.records if "it is not the app's now" in record.getMessage()]
    assert len(told) == 1
    texts = home.problems()
    assert f"the entry {RATE_ENTRY} was changed in the Enphase app" in texts
    await home.wait(hours=25)
    assert f"the entry {RATE_ENTRY} was changed in the Enphase app" not in home.problems()


async def test_an_entry_that_vanished_before_the_gateway_had_it_is_written_again(home: SmallHome) -> None:
    home.cloud.activation = None
    await until(home, "12:20")
    home.cloud.remove(home.cloud.own_id())
    await twice(home)
    home.cloud.come_online()
    await until(home, "12:31")
    assert home.cloud.entries() == [RATE_ENTRY]
    assert home.cloud.enforces(CHARGE)


async def test_switching_a_family_off_in_the_enphase_app_skips_its_window_and_removes_the_apps_entry(
    home: SmallHome,
) -> None:
    await until(home, "12:20")
    home.cloud.switch(CHARGE, False)
    await twice(home)
    await home.wait(minutes=1)
    assert home.cloud.entries() == []
    await until(home, "12:40")
    assert not wanted(home, CHARGE)
    assert not home.cloud.on[CHARGE]


async def test_switching_a_family_on_lets_a_window_run_that_waited_for_just_that(home: SmallHome) -> None:
    home.cloud.add(replace(THEIRS, control=CHARGE, limit=90))
    await until(home, "12:40")
    assert home.why(CHARGE) == '1 entry of yours in "charge from grid" would come alive'
    assert home.cloud.entries() == []
    home.cloud.switch(CHARGE, True)
    await twice(home)
    await home.wait(seconds=20)
    assert home.cloud.entries() == [RATE_ENTRY]
    assert home.cloud.enforces(CHARGE)
    assert home.coordinator.wishes.wanted()[CHARGE].intent.source is Source.WINDOW
    await until(home, "14:05")
    assert home.cloud.entries() == []
    assert home.cloud.on[CHARGE], "what was switched on in the Enphase app stays on"


async def test_switching_a_family_on_in_the_enphase_app_writes_nothing(home: SmallHome) -> None:
    home.cloud.switch(RESTRICT, True)
    await twice(home)
    assert home.coordinator.wishes.wanted()[RESTRICT].intent.source is Source.CLOUD
    assert home.cloud.writes() == []


# -- standing wishes --------------------------------------------------------------------------------------------------


async def test_a_flip_stands_as_an_entry_for_the_whole_day_and_the_next_flip_clears_it(home: SmallHome) -> None:
    await home.flip(RESTRICT, True)
    await home.wait(seconds=10)
    assert home.cloud.enforces(RESTRICT)
    assert "; its entry holds the whole day" in home.why(RESTRICT)
    await home.flip(RESTRICT, False)
    assert home.cloud.entries() == []
    assert not home.cloud.on[RESTRICT]


async def test_a_newer_standing_wish_replaces_the_older_once_it_is_confirmed(home: SmallHome) -> None:
    await home.flip(RESTRICT, True)
    await home.wait(seconds=10)
    await home.flip(DISCHARGE, True)
    assert wanted(home, RESTRICT), "it goes off only when the newer stands"
    await home.wait(seconds=10)
    assert not wanted(home, RESTRICT)
    assert home.why(RESTRICT) == "replaced by discharge to grid"
    assert home.cloud.entries() == ["discharge to grid 00:00-23:59 every day"]
    await home.flip(DISCHARGE, False)
    assert home.why(RESTRICT) == "", "nothing stands in its place any more"


async def test_a_standing_wish_gives_way_for_a_window_and_comes_back_after_it(home: SmallHome) -> None:
    await home.flip(RESTRICT, True)
    await until(home, "12:24")
    assert home.cloud.enforces(RESTRICT)
    await until(home, "12:40")
    assert home.cloud.enforces(CHARGE)
    assert not home.cloud.on[RESTRICT]
    assert wanted(home, RESTRICT)
    await until(home, "14:03")
    assert home.cloud.enforces(RESTRICT)


async def test_a_flip_beside_foreign_entries_adds_none_and_names_them(home: SmallHome) -> None:
    home.cloud.add(THEIRS)
    await home.coordinator.poll()
    await home.flip(DISCHARGE, True)
    assert home.cloud.writes() == ["write discharge_to_grid on"]
    assert home.why(DISCHARGE).startswith(
        "switch is on; no schedule entry covers this time; your own entries decide when: discharge to grid 20:00-21:00"
    )


async def test_a_target_without_an_end_beside_foreign_entries_is_rejected(home: SmallHome) -> None:
    home.cloud.add(THEIRS)
    await home.coordinator.poll()
    await home.command(command="set", control="discharge_to_grid", state="on", target_soc=50, id="a")
    ((_, outcome, reason),) = home.outcomes()
    assert outcome == "rejected"
    assert "discharge to grid 20:00-21:00 every day" in reason
    assert not home.cloud.on[DISCHARGE]


async def test_release_deletes_what_is_owned_and_leaves_what_was_there(home: SmallHome) -> None:
    home.cloud.switch(DISCHARGE, True)
    home.cloud.add(THEIRS)
    await twice(home)
    await until(home, "12:20")
    await home.flip(RESTRICT, True)
    home.outcomes()
    await home.command(command="release", id="bye")
    await home.wait(minutes=3)
    assert home.outcomes()[-1][:2] == ("bye", "confirmed")
    assert home.cloud.entries() == []
    assert home.cloud.entries(foreign=True) == [entry(THEIRS)]
    assert home.cloud.on == {CHARGE: False, DISCHARGE: True, RESTRICT: False}
    await until(home, "12:40")
    assert home.cloud.entries() == [], "windows rest"


async def test_a_timed_wish_that_would_wake_entries_of_others_is_not_carried_out(home: SmallHome) -> None:
    home.cloud.add(THEIRS)
    await home.coordinator.poll()
    await home.command(command="set", control="discharge_to_grid", state="on", duration=600, id="a")
    assert home.outcomes() == [("a", "failed", '1 entry of yours in "discharge to grid" would come alive')]
    assert home.cloud.writes() == []


async def test_at_the_first_start_the_cloud_is_right_and_only_a_running_window_is_begun(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, RULES, has_schedules=True)
    home.cloud.switch(DISCHARGE, True)
    home.clock.now = NOON + timedelta(minutes=45)
    await home.coordinator.poll()
    assert home.coordinator.wishes.wanted()[DISCHARGE].intent.on
    assert [one for one in home.cloud.writes() if one.startswith("create")] == [f"create {RATE_ENTRY}"]
