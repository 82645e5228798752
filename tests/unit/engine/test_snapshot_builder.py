"""What is said of the site, and when something is a problem."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.enforcement import Enforced
from enphase_battery.control.entries import Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, because
from enphase_battery.control.site_state import Storage
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Window
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.errors import BudgetExhausted, Refused, Unreachable, WrongPassword
from enphase_battery.store.store import DiskTrouble, Trouble
from enphase_battery.words.reasons import problem as words_of
from tests.unit.fake_cloud import NOON
from tests.unit.said import advice, said, some, told
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
ALWAYS = Window("Rate", CHARGE, time(0), time(23, 59), frozenset(range(1, 8)), 80)


@pytest.fixture
def home(tmp_path: Path) -> SmallHome:
    return SmallHome(tmp_path)


def problems(home: SmallHome) -> list[str]:
    return home.problems()


def test_before_the_first_read_nothing_is_claimed(home: SmallHome) -> None:
    snapshot = home.snapshot()
    assert snapshot.readable is None
    assert snapshot.problems == ()
    report = home.report(CHARGE)
    assert (report.shown, report.wanted, report.outcome, report.source) == (None, None, None, None)
    assert report.enforced is Enforced.UNKNOWN


async def test_what_was_known_before_a_restart_is_not_shown_as_if_it_had_been_read(home: SmallHome) -> None:
    await home.coordinator.poll()
    home.start(rules())
    assert home.report(CHARGE).shown is None
    assert home.report(CHARGE).wanted is False


async def test_a_confirmed_flip_is_reported_with_source_and_time(home: SmallHome) -> None:
    await home.coordinator.poll()
    await home.flip(CHARGE, True)
    report = home.report(CHARGE)
    assert (report.shown, report.wanted, report.outcome) == (True, True, Outcome.CONFIRMED)
    assert (report.source, report.confirmed_at) == (Source.TOGGLE, home.clock.now)
    assert home.snapshot().readable is True


async def test_a_command_shows_its_end_and_says_which_target_is_not_kept(home: SmallHome) -> None:
    await home.coordinator.poll()
    await home.command(command="set", control="charge_from_grid", state="on", duration=3600, target_soc=80)
    report = home.report(CHARGE)
    assert (report.until, report.target_soc) == (NOON + timedelta(hours=1), 80)
    assert not report.held_back
    assert home.said(report.reasons[-1]).endswith("a target of 80 % needs a schedule entry and is not kept")


async def test_a_wish_without_a_verdict_yet_is_pending(home: SmallHome) -> None:
    await home.coordinator.poll()
    home.coordinator.wishes.flip({CHARGE: True}, Source.TOGGLE)
    assert home.report(CHARGE).outcome is Outcome.PENDING


async def test_a_control_that_is_only_read_shows_what_the_cloud_shows(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(controls=(CHARGE,)))
    home.cloud.on[DISCHARGE] = True
    await home.coordinator.poll()
    report = home.report(DISCHARGE)
    assert (report.shown, report.wanted, report.outcome, report.source) == (
        True,
        True,
        Outcome.CONFIRMED,
        Source.CLOUD,
    )


async def test_what_waits_for_another_control_says_so(home: SmallHome) -> None:
    await home.coordinator.poll()
    await home.command(command="set", control="charge_from_grid", state="on", duration=3600)
    await home.command(command="set", control="discharge_to_grid", state="on", duration=3600)
    assert (home.report(CHARGE).held_back, home.report(DISCHARGE).held_back) == (True, False)


async def test_a_running_window_is_named(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(replace(ALWAYS, end=time(13, 30)),)))
    await home.coordinator.poll()
    assert (home.report(CHARGE).source, home.report(CHARGE).window) == (Source.WINDOW, "Rate")
    assert home.report(DISCHARGE).window == ""


async def test_why_the_gateway_does_not_act_is_the_reason_of_a_confirmed_switch(home: SmallHome) -> None:
    await home.coordinator.poll()
    await home.flip(RESTRICT, True)
    assert home.report(RESTRICT).enforced is Enforced.UNKNOWN
    assert home.why(RESTRICT) == "switch is on; the gateway's last report could not be read"


async def test_the_last_error_stays_when_the_toggle_has_gone_back(home: SmallHome) -> None:
    await home.coordinator.poll()
    home.cloud.trouble["validate"] = [Refused(because(Kind.SWITCH_NOT_TAKEN, family="cfg"))]
    await home.flip(CHARGE, True)
    report = home.report(CHARGE)
    assert (report.wanted, report.outcome) == (False, Outcome.CONFIRMED)
    assert said(report.last_error) == "the cloud does not let cfg be switched now"
    assert report.last_error_at == home.clock.now


async def test_the_next_window_is_shown_as_soon_as_the_zone_is_known(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(ALWAYS,)))
    occurrence = home.snapshot().next_window
    assert occurrence is not None
    assert occurrence.start == NOON + timedelta(hours=12)
    home.cloud.time_zone = None
    assert home.snapshot().next_window is None


# -- problems ---------------------------------------------------------------------------------------------------------


async def test_an_outage_makes_entities_unreadable_at_once_and_is_a_problem_after_a_while(home: SmallHome) -> None:
    home.cloud.trouble["read"] = [Unreachable("down")] * 9
    await home.flip(CHARGE, True)
    assert home.snapshot().readable is False
    assert problems(home) == []
    await home.wait(minutes=14, seconds=59)
    assert problems(home) == []
    await home.wait(seconds=1)
    (problem,) = home.snapshot().problems
    assert (words_of(problem, home.coordinator.windows.when), problem.since) == ("cloud unreachable since 12:00", NOON)


async def test_without_a_request_left_what_was_read_still_stands(home: SmallHome) -> None:
    await home.coordinator.poll()
    home.cloud.trouble["read"] = [BudgetExhausted("used up", next_at=NOON + timedelta(hours=1))]
    await home.wait(poll=True, minutes=15)
    assert home.coordinator.reconciler.contact.error is not None
    assert home.snapshot().readable is True


async def test_a_budget_that_stays_used_up_is_a_problem_after_a_while_and_is_not_called_an_outage(
    home: SmallHome,
) -> None:
    await home.coordinator.poll()
    home.cloud.trouble["read"] = [BudgetExhausted("used up", next_at=NOON + timedelta(hours=1))] * 2
    await home.wait(poll=True, minutes=1)
    assert problems(home) == []
    await home.wait(poll=True, minutes=15)
    assert problems(home) == ["request budget, next at 13:00"]


async def test_what_needs_a_person_is_a_problem_at_once(home: SmallHome) -> None:
    home.cloud.trouble["read"] = [WrongPassword()]
    await home.coordinator.poll()
    assert home.snapshot().problems == (Problem(because(Kind.WRONG_PASSWORD, detail=""), NOON),)
    await home.wait(minutes=1, poll=True)
    assert problems(home) == []


async def test_a_window_that_is_refused_is_one_problem_since_the_first_refusal(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(ALWAYS,)))
    home.cloud.trouble["validate"] = [Refused("no")] * 2
    await home.coordinator.poll()
    await home.wait(minutes=5)
    assert home.snapshot().problems == (Problem(some("no"), NOON, CHARGE),)
    await home.wait(minutes=15)
    assert home.snapshot().problems == ()


async def test_what_stays_undecided_too_long_is_a_problem(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(consistency=timedelta(hours=1)))
    home.cloud.deaf_to = set(WriteForm)
    await home.coordinator.poll()
    await home.flip(CHARGE, True)
    assert problems(home) == []
    await home.wait(minutes=16)
    assert problems(home) == ["charge from grid: written; the cloud does not show it yet"]


async def test_a_wish_that_waits_for_another_is_no_problem_and_its_waiting_does_not_count_later(
    home: SmallHome,
) -> None:
    await home.coordinator.poll()
    await home.flip(DISCHARGE, True)
    await home.command(command="set", control="charge_from_grid", state="on", duration="03:00:00")
    assert home.report(DISCHARGE).outcome is Outcome.PENDING
    home.clock.now += timedelta(hours=2)
    assert problems(home) == []
    home.cloud.deaf_to = set(WriteForm)
    await home.wait(hours=2)
    assert home.why(DISCHARGE) == "waits until charge from grid is off"
    assert problems(home) == []


async def test_a_store_that_cannot_be_written_comes_along(home: SmallHome) -> None:
    home.store.trouble = Trouble(Path("/conf/home.json"), "No space left on device", DiskTrouble.FULL)
    (problem,) = home.snapshot().problems
    assert told(problem).startswith("/conf/home.json cannot be written (No space left on device); nothing outlives")
    assert advice(problem.reason) == "make room on the disk that holds /conf"


# -- where entries rule -----------------------------------------------------------------------------------------------

RATE = Window("Rate", CHARGE, time(12, 30), time(14), frozenset(range(1, 8)), 80)


@pytest.fixture
async def scheduled(tmp_path: Path) -> SmallHome:
    """A home at noon whose cloud works with entries, holds none, and has been read."""
    home = SmallHome(tmp_path, rules(windows=(RATE,), lead=timedelta(minutes=15)), has_schedules=True)
    await home.coordinator.poll()
    return home


async def test_only_what_stands_as_an_entry_is_fail_safe(home: SmallHome, scheduled: SmallHome) -> None:
    assert home.report(CHARGE).fail_safe is False, "before the first read nothing is promised"
    await home.coordinator.poll()
    assert home.report(CHARGE).fail_safe is False
    assert scheduled.report(CHARGE).fail_safe is True


async def test_a_window_that_is_only_written_yet_is_not_shown_as_on(scheduled: SmallHome) -> None:
    await scheduled.wait(minutes=16)
    await scheduled.wait(seconds=10)
    assert scheduled.cloud.on[CHARGE]
    report = scheduled.report(CHARGE)
    assert (report.shown, report.wanted, report.outcome) == (False, False, Outcome.CONFIRMED)
    await scheduled.wait(minutes=15)
    report = scheduled.report(CHARGE)
    assert (report.shown, report.wanted, report.enforced) == (True, True, Enforced.UNKNOWN)
    scheduled.cloud.storage = Storage(last_report=scheduled.clock.now)
    await scheduled.coordinator.poll()
    assert scheduled.report(CHARGE).enforced is Enforced.YES


async def test_a_target_below_the_reserve_says_where_discharging_really_stops(scheduled: SmallHome) -> None:
    scheduled.cloud.floor = 30
    await scheduled.coordinator.poll()
    command = {"command": "set", "control": "discharge_to_grid", "state": "on", "duration": 600}
    await scheduled.command(**command, target_soc=20)
    assert scheduled.why(DISCHARGE).endswith("stops at the reserve of 30 %, not at 20 %")
    (entry,) = scheduled.cloud.stored.values()
    assert entry.terms.limit == 30
    await scheduled.command(**command, target_soc=40)
    assert "stops at" not in scheduled.why(DISCHARGE)


async def test_what_will_keep_a_window_from_running_is_a_problem_before_it_starts(scheduled: SmallHome) -> None:
    in_the_way = scheduled.cloud.add(Terms(DISCHARGE, time(13), time(15), frozenset(range(1, 8)), "Europe/London", 20))
    await scheduled.coordinator.poll()
    assert problems(scheduled) == []
    await scheduled.wait(minutes=16, poll=True)
    (problem,) = scheduled.snapshot().problems
    assert told(problem) == (
        "Rate: overlaps with an entry that is not the app's: discharge to grid 13:00-15:00 every day"
    )
    assert problem.since == scheduled.clock.now
    assert advice(problem.reason)
    scheduled.clock.now += timedelta(minutes=1)
    assert scheduled.snapshot().problems == (problem,)
    scheduled.cloud.remove(in_the_way)
    await scheduled.coordinator.poll()
    await scheduled.wait(minutes=1)
    assert problems(scheduled) == []


async def test_a_gateway_that_does_not_take_the_entry_is_a_problem_after_a_while_with_a_hint(
    scheduled: SmallHome,
) -> None:
    scheduled.cloud.activation = None
    await scheduled.command(command="set", control="restrict_discharge", state="on", duration=3600)
    await scheduled.wait(minutes=14, seconds=50)
    assert problems(scheduled) == []
    await scheduled.wait(minutes=1)
    (problem,) = scheduled.snapshot().problems
    assert told(problem) == "restrict battery discharge: written and applied; waiting for the gateway"
    assert advice(problem.reason) == "look in the Enphase app whether the gateway is online"
    scheduled.cloud.come_online()
    await scheduled.wait(minutes=15)
    assert problems(scheduled) == []


async def test_a_switch_that_the_site_works_with_entries_for_and_holds_none_is_not_enforced(
    scheduled: SmallHome,
) -> None:
    scheduled.cloud.switch(DISCHARGE, True)
    await scheduled.wait(minutes=3, poll=True)
    await scheduled.wait(minutes=1, poll=True)
    report = scheduled.report(DISCHARGE)
    assert (report.source, report.enforced) == (Source.CLOUD, Enforced.NO)
    assert [scheduled.said(one) for one in report.reasons] == [
        "switch is on; without a schedule entry the gateway does nothing"
    ]


# -- windows without a zone, and after a release ----------------------------------------------------------------------


async def test_windows_without_a_time_zone_are_a_problem_until_the_zone_is_known(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(ALWAYS,)))
    home.cloud.time_zone = None
    assert problems(home) == []
    await home.coordinator.poll()
    assert problems(home) == ["no window runs: the site's time zone is not known"]
    since = home.snapshot().problems[0].since
    home.clock.now += timedelta(hours=1)
    assert home.snapshot().problems[0].since == since
    home.cloud.time_zone = "Europe/London"
    assert problems(home) == []


async def test_after_a_release_no_next_window_is_announced(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(ALWAYS,)))
    await home.coordinator.poll()
    assert home.snapshot().next_window is not None
    await home.command(command="release")
    assert home.snapshot().next_window is None


async def test_a_window_that_is_skipped_before_it_starts_is_not_announced(tmp_path: Path) -> None:
    window = Window("Soon", CHARGE, time(12, 10), time(12, 30), frozenset({6, 7}), None)
    home = SmallHome(tmp_path, rules(windows=(window,), lead=timedelta(minutes=15)), has_schedules=True)
    await home.coordinator.poll()
    announced = home.snapshot().next_window
    assert announced is not None
    assert announced.start == NOON + timedelta(minutes=10)

    home.coordinator.wishes.flipped_in_cloud(CHARGE, False, home.clock.now)
    announced = home.snapshot().next_window
    assert announced is not None
    assert announced.start == NOON + timedelta(days=6, minutes=10), "on Saturday"


async def test_a_control_that_may_not_be_changed_any_more_loses_its_command_which_the_log_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = SmallHome(tmp_path, rules())
    await home.coordinator.poll()
    await home.command(command="set", control="charge_from_grid", state="on", duration=3600)
    home.start(rules(controls=(DISCHARGE,)))
    assert "A command for charge from grid was running, and this app may not end it any more" in caplog.text
    await home.coordinator.poll()
    report = home.report(CHARGE)
    assert (report.shown, report.wanted, report.source) == (True, True, Source.CLOUD)
