"""What is said of the site, and when something is a problem."""

from __future__ import annotations

import json
from datetime import time, timedelta
from pathlib import Path

import pytest

from enphase_battery.control.enforcement import Enforced
from enphase_battery.control.intent import Source
from enphase_battery.control.names import Control
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows import Window
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.errors import Refused, Unreachable, WrongPassword
from enphase_battery.home.snapshot import Problem
from enphase_battery.report import diagnosis
from tests.unit.fake_cloud import NOON
from tests.unit.small_house import SmallHouse, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
ALWAYS = Window("Rate", CHARGE, time(0), time(23, 59), frozenset(range(1, 8)), 80)


@pytest.fixture
def house(tmp_path: Path) -> SmallHouse:
    return SmallHouse(tmp_path)


def problems(house: SmallHouse) -> list[str]:
    return [problem.text for problem in house.snapshot().problems]


def test_before_the_first_read_nothing_is_claimed(house: SmallHouse) -> None:
    snapshot = house.snapshot()
    assert snapshot.readable is None
    assert snapshot.problems == ()
    report = house.report(CHARGE)
    assert (report.shown, report.wanted, report.outcome, report.source) == (None, None, None, None)
    assert report.enforced is Enforced.UNKNOWN


async def test_what_was_known_before_a_restart_is_not_shown_as_if_it_had_been_read(house: SmallHouse) -> None:
    await house.controller.poll()
    house.start(rules())
    assert house.report(CHARGE).shown is None
    assert house.report(CHARGE).wanted is False


async def test_a_confirmed_flip_is_reported_with_source_and_time(house: SmallHouse) -> None:
    await house.controller.poll()
    await house.controller.flip(CHARGE, True)
    report = house.report(CHARGE)
    assert (report.shown, report.wanted, report.outcome) == (True, True, Outcome.CONFIRMED)
    assert (report.source, report.confirmed_at) == (Source.TOGGLE, house.clock.now)
    assert house.snapshot().readable is True


async def test_a_command_shows_its_end_and_says_which_target_is_not_kept(house: SmallHouse) -> None:
    await house.controller.poll()
    await house.command(command="set", control="charge_from_grid", state="on", duration=3600, target_soc=80)
    report = house.report(CHARGE)
    assert (report.until, report.target_soc) == (NOON + timedelta(hours=1), 80)
    assert report.reason.endswith("a target of 80 % needs a schedule entry and is not kept")


async def test_a_wish_without_a_verdict_yet_is_pending(house: SmallHouse) -> None:
    await house.controller.poll()
    house.controller.book = house.controller.book.flip(CHARGE, True, Source.TOGGLE, (), house.clock.now)
    assert house.report(CHARGE).outcome is Outcome.PENDING


async def test_a_control_that_is_only_read_shows_what_the_cloud_shows(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(controls=(CHARGE,)))
    house.cloud.on[DISCHARGE] = True
    await house.controller.poll()
    report = house.report(DISCHARGE)
    assert (report.shown, report.wanted, report.outcome, report.source) == (
        True,
        True,
        Outcome.CONFIRMED,
        Source.CLOUD,
    )


async def test_why_the_gateway_does_not_act_is_the_reason_of_a_confirmed_switch(house: SmallHouse) -> None:
    await house.controller.poll()
    await house.controller.flip(CHARGE, True)
    assert house.report(CHARGE).enforced is Enforced.UNKNOWN
    assert house.report(CHARGE).reason == "switch is on; the gateway's last report could not be read"


async def test_the_last_error_stays_when_the_toggle_has_gone_back(house: SmallHouse) -> None:
    await house.controller.poll()
    house.cloud.trouble["validate"] = [Refused("refused", hint="ask")]
    await house.controller.flip(CHARGE, True)
    report = house.report(CHARGE)
    assert (report.wanted, report.outcome, report.last_error) == (False, Outcome.CONFIRMED, "refused")


async def test_the_next_window_is_shown_as_soon_as_the_zone_is_known(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(windows=(ALWAYS,)))
    occurrence = house.snapshot().next_window
    assert occurrence is not None
    assert occurrence.start == NOON + timedelta(hours=12)
    house.cloud.time_zone = None
    assert house.snapshot().next_window is None


# -- problems ---------------------------------------------------------------------------------------------------------


async def test_an_outage_makes_entities_unreadable_at_once_and_is_a_problem_after_a_while(house: SmallHouse) -> None:
    house.cloud.trouble["read"] = [Unreachable("down")] * 9
    await house.controller.flip(CHARGE, True)
    assert house.snapshot().readable is False
    assert problems(house) == []
    await house.wait(minutes=14, seconds=59)
    assert problems(house) == []
    await house.wait(seconds=1)
    (problem,) = house.snapshot().problems
    assert (problem.text, problem.since) == ("cloud unreachable since 12:00", NOON)


async def test_what_needs_a_person_is_a_problem_at_once(house: SmallHouse) -> None:
    house.cloud.trouble["read"] = [WrongPassword("the password is wrong", hint="correct it")]
    await house.controller.poll()
    assert house.snapshot().problems == (Problem("the password is wrong", NOON, "correct it"),)
    await house.wait(minutes=1, poll=True)
    assert problems(house) == []


async def test_a_window_that_is_refused_is_one_problem_since_the_first_refusal(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(windows=(ALWAYS,)))
    house.cloud.trouble["validate"] = [Refused("no", hint="ask")] * 2
    await house.controller.poll()
    await house.wait(minutes=5)
    assert house.snapshot().problems == (Problem("charge from grid: no", NOON, "ask"),)
    await house.wait(minutes=15)
    assert house.snapshot().problems == ()


async def test_what_stays_undecided_too_long_is_a_problem(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(consistency=timedelta(hours=1)))
    house.cloud.deaf_to = set(WriteForm)
    await house.controller.poll()
    await house.controller.flip(CHARGE, True)
    assert problems(house) == []
    await house.wait(minutes=16)
    assert problems(house) == ["charge from grid: written; the cloud does not show it yet"]


async def test_a_wish_that_waits_for_another_is_no_problem_and_its_waiting_does_not_count_later(
    house: SmallHouse,
) -> None:
    await house.controller.poll()
    await house.controller.flip(DISCHARGE, True)
    await house.command(command="set", control="charge_from_grid", state="on", duration="03:00:00")
    assert house.report(DISCHARGE).outcome is Outcome.PENDING
    house.clock.now += timedelta(hours=2)
    assert problems(house) == []
    house.cloud.deaf_to = set(WriteForm)
    await house.wait(hours=2)
    assert house.report(DISCHARGE).reason == "waits until charge from grid is off"
    assert problems(house) == []


async def test_what_other_parts_of_the_app_found_comes_along(house: SmallHouse) -> None:
    house.trouble = (Problem("the file cannot be written", NOON),)
    assert problems(house) == ["the file cannot be written"]


# -- the diagnosis ----------------------------------------------------------------------------------------------------


async def test_a_diagnosis_is_json_with_what_matters_and_without_ids(house: SmallHouse) -> None:
    nothing = diagnosis(house.snapshot())
    assert nothing["readable"] is None
    await house.controller.poll()
    await house.controller.flip(CHARGE, True)
    report = json.loads(json.dumps(diagnosis(house.snapshot())))
    assert report["controls"]["charge_from_grid"] == {
        "shown": True,
        "wanted": True,
        "outcome": "confirmed",
        "enforced": "unknown",
        "source": "toggle",
        "reason": "switch is on; the gateway's last report could not be read",
    }
    assert (report["readable"], report["sign_in"], report["soc"], report["problems"]) == (True, "OK", None, [])
    assert '"11"' not in json.dumps(report)


# -- windows without a zone, and after a release ----------------------------------------------------------------------


async def test_windows_without_a_time_zone_are_a_problem_until_the_zone_is_known(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(windows=(ALWAYS,)))
    house.cloud.time_zone = None
    assert problems(house) == []
    await house.controller.poll()
    assert problems(house) == ["no window runs: the site's time zone is not known"]
    since = house.snapshot().problems[0].since
    house.clock.now += timedelta(hours=1)
    assert house.snapshot().problems[0].since == since
    house.cloud.time_zone = "Europe/London"
    assert problems(house) == []


async def test_after_a_release_no_next_window_is_announced(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, rules(windows=(ALWAYS,)))
    await house.controller.poll()
    assert house.snapshot().next_window is not None
    await house.command(command="release")
    assert house.snapshot().next_window is None


async def test_a_control_that_may_not_be_changed_any_more_loses_its_command_which_the_log_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = SmallHouse(tmp_path, rules())
    await house.controller.poll()
    await house.command(command="set", control="charge_from_grid", state="on", duration=3600)
    house.start(rules(controls=(DISCHARGE,)))
    assert "A command for charge from grid was running, and this app may not end it any more" in caplog.text
    await house.controller.poll()
    report = house.report(CHARGE)
    assert (report.shown, report.wanted, report.source) == (True, True, Source.CLOUD)
