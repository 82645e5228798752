"""From whoever wishes to whatever becomes of it: the edges that scenarios do not reach."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import pytz

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Source
from enphase_battery.control.reason import Kind, because
from enphase_battery.control.steps import SwitchStep
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Window
from enphase_battery.errors import (
    BudgetExhausted,
    CodeRefused,
    CommandError,
    NoCodeExpected,
    Refused,
    SignInSuspended,
    Unreachable,
)
from enphase_battery.home.command_parser import command_envelope
from tests.unit.fake_cloud import NOON
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
EVERY_DAY = frozenset(range(1, 8))
MIDDAY = Window("Midday", CHARGE, time(11), time(14), EVERY_DAY, None)
EVENING = Window("Evening", DISCHARGE, time(18), time(20), EVERY_DAY, None)


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home whose cloud has been read and shows three switches that are off."""
    home = SmallHome(tmp_path)
    await home.coordinator.poll()
    home.cloud.writes()
    return home


@pytest.fixture
async def windowed(tmp_path: Path) -> SmallHome:
    """The same at noon in a window for charging."""
    home = SmallHome(tmp_path, rules(windows=(MIDDAY, EVENING)))
    await home.coordinator.poll()
    home.cloud.writes()
    return home


def at(hour: float) -> datetime:
    return datetime(2026, 11, 22, tzinfo=timezone.utc) + timedelta(hours=hour)


def wanted(home: SmallHome) -> dict[Control, bool]:
    return {control: one.intent.on for control, one in home.coordinator.wishes.wanted().items()}


# -- time -------------------------------------------------------------------------------------------------------------


async def test_the_next_wake_is_the_first_of_boundary_end_of_a_command_and_retry(windowed: SmallHome) -> None:
    assert windowed.coordinator.next_wake() == at(14)
    await windowed.command(command="set", control="restrict_discharge", state="on", duration="01:00:00")
    end = windowed.coordinator.next_wake()
    assert end is not None
    assert at(13) <= end < at(13.01)
    windowed.cloud.trouble["read"] = [Unreachable("down")]
    await windowed.coordinator.poll()
    assert windowed.coordinator.next_wake() == windowed.clock.now + timedelta(minutes=1)


async def test_without_anything_to_do_there_is_no_wake(home: SmallHome) -> None:
    assert home.coordinator.next_wake() is None


@pytest.mark.parametrize("zone", [None, "Mars/Olympus_Mons"])
async def test_while_the_zone_is_not_known_no_window_starts(tmp_path: Path, zone: str | None) -> None:
    home = SmallHome(tmp_path, rules(windows=(MIDDAY,)))
    home.cloud.time_zone = zone
    await home.coordinator.poll()
    assert not home.cloud.on[CHARGE]
    assert home.coordinator.next_wake() is None


async def test_the_configured_zone_goes_before_the_clouds(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(MIDDAY,), zone=pytz.timezone("Asia/Tokyo")))
    await home.coordinator.poll()  # noon in London is nine in the evening in Tokyo
    assert not home.cloud.on[CHARGE]


async def test_an_instant_is_told_in_the_sites_time_with_the_weekday_unless_it_is_today(home: SmallHome) -> None:
    home.cloud.time_zone = "Asia/Tokyo"
    assert home.coordinator.windows.when(at(14)) == "23:00"
    assert home.coordinator.windows.when(at(15)) == "Mon 00:00"
    home.cloud.time_zone = None
    assert home.coordinator.windows.when(at(15)) == "15:00"


async def test_until_is_the_next_such_local_time(home: SmallHome) -> None:
    home.cloud.time_zone = "Asia/Tokyo"
    await home.command(command="set", control="charge_from_grid", state="on", until="05:00")
    assert home.coordinator.wishes.wanted()[CHARGE].intent.until == at(20)


NEAR_AND_FAR = [
    ("Europe/London", "2026-11-22T12:00", "12:00", None),  # in 24 hours exactly
    ("Europe/London", "2026-11-22T12:00", "11:59:59", "2026-11-23T11:59:59"),
    ("Europe/London", "2026-11-22T12:00", "2026-11-22T12:00:30", "2026-11-22T12:00:30"),
    ("Europe/London", "2026-11-22T12:00", "2026-11-23T13:59:59+02:00", "2026-11-23T11:59:59"),
    ("Europe/London", "2026-11-22T12:00", "2026-11-23T12:00:00Z", None),
    ("Europe/London", "2026-11-22T12:00", "2026-11-22T12:00:00Z", None),
    ("Europe/London", "2026-11-22T12:00", "2025-11-22 13:00:00", None),
    ("Europe/London", "2026-11-22T12:00", "2999-12-31T23:59:59-23:59", None),
    ("Asia/Tokyo", "2026-11-22T12:00", "2026-11-22 22:00:00", "2026-11-22T13:00:00"),
    ("Europe/London", "2026-10-24T12:30", "13:15", None),  # clocks go back meanwhile: in 24 hours and 45 minutes
    ("Europe/London", "2026-10-25T00:30", "01:15", "2026-10-25T01:15"),  # in the second pass
    ("Europe/London", "2026-10-25T00:30", "2026-10-25 01:15:00", "2026-10-25T01:15"),
    ("Europe/London", "2026-03-29T00:30", "01:30", "2026-03-29T01:00"),  # in the gap: its end
]
"""Zone, now (UTC), `until` as written, the end (UTC); None: it is rejected."""


@pytest.mark.parametrize(("zone", "now", "until", "end"), NEAR_AND_FAR)
async def test_an_end_is_to_come_and_less_than_24_hours_away(
    home: SmallHome, zone: str, now: str, until: str, end: str | None
) -> None:
    home.cloud.time_zone, home.clock.now = zone, datetime.fromisoformat(f"{now}+00:00")
    await home.command(command="set", id="a", control="charge_from_grid", state="on", until=until)
    if end is None:
        ((_, outcome, reason),) = home.outcomes()
        assert (outcome, until.removesuffix("Z")[:10] in reason) == ("rejected", True)
        assert ("24 hours or more" in reason) != ("is past" in reason)
        assert not wanted(home)[CHARGE]
    else:
        assert home.coordinator.wishes.wanted()[CHARGE].intent.until == datetime.fromisoformat(f"{end}+00:00")


async def test_an_end_with_an_offset_needs_no_zone(home: SmallHome) -> None:
    home.cloud.time_zone = None
    await home.command(command="set", control="charge_from_grid", state="on", until="2026-11-22T22:00:00+09:00")
    assert home.coordinator.wishes.wanted()[CHARGE].intent.until == at(13)


async def test_until_without_a_known_zone_is_rejected_with_a_way_out(home: SmallHome) -> None:
    home.cloud.time_zone = None
    await home.command(command="set", id="a", control="charge_from_grid", state="on", until="05:00")
    ((_, outcome, reason),) = home.outcomes()
    assert outcome == "rejected"
    assert "use duration" in reason
    assert not wanted(home)[CHARGE]


# -- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["set", "cancel"])
async def test_a_control_that_the_app_may_not_change_is_rejected_with_the_choices(tmp_path: Path, name: str) -> None:
    home = SmallHome(tmp_path, rules(controls=(CHARGE, RESTRICT)))
    state = {"state": "on"} if name == "set" else {}
    await home.command(command=name, id="a", control="discharge_to_grid", **state)
    ((_, outcome, reason),) = home.outcomes()
    assert outcome == "rejected"
    assert "charge_from_grid, restrict_discharge" in reason


async def test_a_code_completes_the_sign_in_and_everything_is_read(home: SmallHome) -> None:
    await home.command(command="otp", id="a", code="012345")
    assert home.cloud.codes == ["012345"]
    assert home.cloud.log[-1] == "read all"
    assert home.outcomes() == [("a", "confirmed", "")]


async def test_a_wrong_code_has_failed_with_what_to_do(home: SmallHome) -> None:
    home.cloud.trouble["submit code"] = [CodeRefused()]
    await home.command(command="otp", id="a", code="012345")
    ((_, outcome, text),) = home.outcomes()
    assert outcome == "failed"
    assert re.fullmatch("the cloud refused the code: .*; .* `command: otp_resend`", text)


async def test_a_code_that_nobody_waits_for_is_rejected(home: SmallHome) -> None:
    home.cloud.trouble["submit code"] = [NoCodeExpected()]
    await home.command(command="otp", id="a", code="012345")
    assert home.outcomes() == [("a", "rejected", "no code is asked for")]


async def test_another_code_is_sent_for_and_nothing_else_is_asked(home: SmallHome) -> None:
    await home.command(command="otp_resend", id="a")
    assert home.cloud.log == ["resend code"]
    assert home.outcomes() == [("a", "confirmed", "the cloud sends another code")]


async def test_a_malformed_command_is_answered_even_without_a_name(
    home: SmallHome, caplog: pytest.LogCaptureFixture
) -> None:
    await home.coordinator.reject(command_envelope({"id": "a"}), CommandError("command is missing"))
    assert home.outcomes() == [("a", "rejected", "command is missing")]
    assert "Command without a name rejected" in caplog.text


async def test_a_command_for_what_is_so_already_is_confirmed_by_a_read_without_a_write(home: SmallHome) -> None:
    await home.command(command="set", id="a", control="charge_from_grid", state="off")
    assert home.outcomes() == [("a", "confirmed", "")]
    assert home.cloud.log == ["read"]


async def test_a_cancel_is_confirmed_when_what_lies_under_it_is_shown(windowed: SmallHome) -> None:
    await windowed.command(command="cancel", id="a", control="charge_from_grid")
    assert windowed.outcomes() == [("a", "confirmed", "")]
    assert not windowed.cloud.on[CHARGE]


async def test_a_cancel_of_nothing_is_confirmed_at_once_and_asks_the_cloud_nothing(home: SmallHome) -> None:
    await home.command(command="cancel", id="a", control="charge_from_grid")
    assert home.outcomes() == [("a", "confirmed", "nothing to cancel")]
    assert home.cloud.log == []


async def test_a_cancel_that_overtakes_its_command_is_answered_too(home: SmallHome) -> None:
    home.at_ease()
    await asyncio.gather(
        home.command(command="set", id="a", control="charge_from_grid", state="on", duration=3600),
        home.command(command="cancel", id="b", control="charge_from_grid"),
    )
    assert sorted(home.outcomes()) == [("a", "superseded", "a newer wish took its place"), ("b", "confirmed", "")]
    assert home.cloud.writes() == []


async def test_a_cancel_before_the_cloud_was_ever_read_leaves_nothing_to_wait_for(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.cloud.trouble["read"] = [Unreachable("down")] * 9
    await home.command(command="set", id="a", control="charge_from_grid", state="on", duration=3600)
    await home.command(command="cancel", id="b", control="charge_from_grid")
    assert [one for one in home.outcomes() if one[1] != "pending"] == [
        ("b", "confirmed", "nothing was wanted before"),
        ("a", "superseded", "a newer wish took its place"),
    ]
    await home.wait(minutes=1)
    assert home.coordinator.next_wake() == NOON + timedelta(minutes=3)  # the back-off, and nothing overdue


async def test_release_is_answered_when_every_switch_is_off(home: SmallHome) -> None:
    await home.flip(CHARGE, True)
    await home.flip(RESTRICT, True)
    await home.command(command="release", id="bye")
    assert home.outcomes() == [("bye", "confirmed", "")]
    assert not any(home.cloud.on.values())


async def test_release_fails_when_one_switch_is_refused(home: SmallHome) -> None:
    await home.flip(CHARGE, True)
    home.cloud.trouble["validate"] = [Refused("no")]
    await home.command(command="release", id="bye")
    assert home.outcomes() == [("bye", "failed", "no")]


async def test_a_report_is_answered_at_once(home: SmallHome) -> None:
    await home.coordinator.report(command_envelope({"command": "diagnose", "id": "d"}), {"fine": True})
    (result,) = home.results
    assert (result.outcome, result.report) == (Outcome.CONFIRMED, {"fine": True})


async def test_a_refresh_without_a_new_token_has_failed(home: SmallHome) -> None:
    home.cloud.trouble["refresh"] = [Unreachable("down")]
    await home.command(command="refresh", id="r")
    assert home.outcomes() == [("r", "failed", "down")]


async def test_a_refresh_that_the_login_guard_forbids_is_rejected_with_the_time_left(home: SmallHome) -> None:
    home.cloud.trouble["refresh"] = [
        SignInSuspended(because(Kind.SIGN_IN_REFUSED), until=NOON + timedelta(minutes=4, seconds=10))
    ]
    await home.command(command="refresh", id="r")
    assert home.outcomes() == [
        (
            "r",
            "rejected",
            (
                "the cloud refused to sign the account in; possible again in 00:04:10; "
                "correct email or password and restart AppDaemon, or wait"
            ),
        )
    ]


async def test_a_refresh_that_is_commanded_is_one_by_hand(home: SmallHome) -> None:
    await home.command(command="refresh", id="r")
    assert [one for one in home.cloud.log if one.startswith("refresh")] == ["refresh by hand"]


async def test_a_refresh_has_failed_when_the_state_cannot_be_read_after_it(home: SmallHome) -> None:
    home.cloud.trouble["read"] = [Unreachable("down")]
    await home.command(command="refresh", id="r")
    assert home.outcomes() == [("r", "failed", "cloud unreachable since 12:00")]


async def test_a_result_that_home_assistant_did_not_take_is_fired_later_and_once(home: SmallHome) -> None:
    home.listens = False
    await home.command(command="set", id="a", control="charge_from_grid", state="on")
    assert home.outcomes() == []
    home.listens = True
    await home.coordinator.work()
    await home.coordinator.work()
    assert home.outcomes() == [("a", "confirmed", "")]


# -- refused ----------------------------------------------------------------------------------------------------------


async def test_a_refused_flip_inside_a_window_leaves_no_standing_on_behind(windowed: SmallHome) -> None:
    windowed.cloud.trouble["validate"] = [Refused("no")]
    await windowed.flip(CHARGE, False)
    assert wanted(windowed)[CHARGE]  # as the cloud shows
    await windowed.wait(hours=2)
    assert not wanted(windowed)[CHARGE]
    assert not windowed.cloud.on[CHARGE]


async def test_a_wish_that_is_held_back_survives_a_refusal_to_switch_it_off_for_the_other(home: SmallHome) -> None:
    await home.command(command="set", control="discharge_to_grid", state="on", duration="03:00:00")
    home.cloud.trouble["validate"] = [Refused("no")]
    home.clock.now += timedelta(seconds=1)
    await home.command(command="set", control="charge_from_grid", state="on", duration="01:00:00")
    assert wanted(home)[DISCHARGE]
    await home.wait(minutes=5)
    assert not home.cloud.on[DISCHARGE]
    await home.wait(hours=1)
    assert home.cloud.on[DISCHARGE]


async def test_a_refused_command_is_dropped_and_what_lies_under_it_shows_through(home: SmallHome) -> None:
    home.cloud.trouble["validate"] = [Refused("no")]
    await home.command(command="set", id="a", control="charge_from_grid", state="on", duration=3600)
    assert home.outcomes() == [("a", "failed", "no")]
    assert not wanted(home)[CHARGE]


async def test_a_wish_that_was_confirmed_once_is_tried_again_when_coming_back_to_it_is_refused(
    home: SmallHome,
) -> None:
    await home.flip(RESTRICT, True)
    await home.command(command="set", control="restrict_discharge", state="off", duration=3600)
    home.cloud.trouble["validate"] = [Refused("no")]
    await home.wait(hours=1)
    assert not home.cloud.on[RESTRICT]
    await home.wait(minutes=1)
    assert home.cloud.on[RESTRICT]


async def test_a_refused_window_is_tried_again_until_its_end(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(windows=(MIDDAY,)))
    home.cloud.trouble["validate"] = [Refused("no")] * 2
    await home.coordinator.poll()
    assert not home.cloud.on[CHARGE]
    await home.wait(minutes=1)
    await home.wait(minutes=2)
    assert home.cloud.on[CHARGE]


# -- restarts, the Enphase app, dry runs ------------------------------------------------------------------------------


async def test_a_command_whose_end_passed_while_the_app_was_away_is_told_so_and_cleaned_up(home: SmallHome) -> None:
    home.cloud.lag = timedelta(minutes=1)
    await home.command(command="set", id="a", control="charge_from_grid", state="on", duration="00:10:00")
    home.outcomes()
    assert home.cloud.on[CHARGE]
    home.start(rules())
    await home.wait(hours=1, poll=True)
    assert home.outcomes() == [("a", "superseded", "its end passed first")]
    assert not home.cloud.on[CHARGE]


async def test_a_skipped_window_stays_skipped_over_a_restart(windowed: SmallHome) -> None:
    await windowed.flip(CHARGE, False)
    windowed.start(rules(windows=(MIDDAY, EVENING)))
    await windowed.wait(minutes=5, poll=True)
    assert not windowed.cloud.on[CHARGE]


async def test_a_store_that_makes_no_sense_is_a_first_start(home: SmallHome) -> None:
    for section in ("wishes", "evidence", "answers"):
        home.store.write(section, {"nonsense": 1})
    home.cloud.on[RESTRICT] = True
    home.start(rules())
    await home.coordinator.poll()
    assert wanted(home) == {CHARGE: False, DISCHARGE: False, RESTRICT: True}
    assert home.cloud.writes() == []


async def test_a_change_in_the_enphase_app_is_a_flip_from_the_cloud(windowed: SmallHome) -> None:
    windowed.cloud.switch(CHARGE, False)
    await windowed.wait(minutes=15, poll=True)
    await windowed.wait(minutes=1)
    assert windowed.coordinator.wishes.wanted()[CHARGE].intent.source is Source.CLOUD
    assert not wanted(windowed)[CHARGE]
    assert windowed.cloud.writes() == []


async def test_what_is_wished_in_a_dry_run_does_not_come_true_after_it(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, rules(dry_run=True))
    await home.coordinator.poll()
    await home.command(command="set", id="a", control="charge_from_grid", state="on")
    assert home.outcomes() == [("a", "dry_run", "would switch charge from grid on")]
    home.start(rules())
    await home.coordinator.poll()
    assert not wanted(home)[CHARGE]
    assert not any(home.cloud.on.values())


# -- one at a time ----------------------------------------------------------------------------------------------------


async def test_wishes_that_come_in_a_burst_are_one_writers_work_and_the_last_one_wins(home: SmallHome) -> None:
    home.at_ease()
    await asyncio.gather(*(home.flip(CHARGE, on) for on in (True, False, True, False, True)))
    assert home.cloud.on[CHARGE]
    assert home.cloud.writes() == ["write charge_from_grid on"]


async def test_an_error_in_one_round_does_not_stop_the_work_for_ever(home: SmallHome) -> None:
    def break_down(action: str) -> None:
        raise ZeroDivisionError

    home.cloud.meanwhile = break_down
    with pytest.raises(ZeroDivisionError):
        await home.coordinator.poll()
    home.cloud.meanwhile = lambda action: None
    await home.flip(CHARGE, True)
    assert home.cloud.on[CHARGE]


async def test_a_poll_publishes_everything_again_also_when_nothing_changed(home: SmallHome) -> None:
    before = home.published_again
    await home.coordinator.work()
    assert home.published_again == before
    await home.coordinator.poll()
    assert home.published_again == before + 1


async def test_windows_say_in_the_log_when_they_begin_and_end_to_rule(
    windowed: SmallHome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await windowed.wait(hours=2)
    assert "The window Midday does not rule any more" in caplog.text
    await windowed.wait(hours=4)
    assert "The window Evening rules now" in caplog.text


async def test_an_end_that_was_read_is_confirmed_although_no_request_is_left_for_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = SmallHome(tmp_path)
    await home.wait(poll=True)
    await home.command(command="set", control="discharge_to_grid", state="on", id="on")
    used_up = BudgetExhausted("used up", home.clock.now + timedelta(hours=1))
    write = home.cloud.write

    async def write_no_on(step: SwitchStep, *rest: Any) -> None:
        if step.on:
            raise used_up
        await write(step, *rest)

    monkeypatch.setattr(home.cloud, "write", write_no_on)
    home.coordinator.wishes.flip({Control.RESTRICT_DISCHARGE: True}, Source.TOGGLE)
    await home.command(command="set", control="discharge_to_grid", state="off", id="off")

    assert [one for one in home.outcomes() if one[0] == "off"] == [("off", "confirmed", "")]
    assert home.report(Control.RESTRICT_DISCHARGE).outcome is Outcome.PENDING
