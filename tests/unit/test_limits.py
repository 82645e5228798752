"""The limits of the running app: no address and no `poll` lifts one, only a subclass does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from enphase_battery import EnphaseBattery
from enphase_battery.config.limits import Limits
from tests.lab.lab import Lab, lab

CHARGE = "charge_from_grid"
PROBLEM = "binary_sensor.enphase_battery_problem"

Home = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A lab, whose cloud has a loopback address."""

    def make(**app: Any) -> AbstractAsyncContextManager[Lab]:
        start = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
        return lab(tmp_path, start=start, app=app, switches={"login_limit": 0})

    return make


async def flip_to_and_fro(one: Lab, times: int) -> None:
    for number in range(times):
        await one.flip(CHARGE, "off" if number % 2 else "on")
        await one.advance(seconds=40)


async def sessions_that_end(one: Lab, minutes: int) -> int:
    """Let a session end each minute, which its next use finds out; return the number of logins."""
    for _ in range(minutes):
        one.cloud.expire_sessions()
        await one.advance(minutes=1)
    return int(str(one.cloud.counters()["logins"]))


async def test_the_seventh_change_of_direction_within_an_hour_waits_on_a_loopback_address_too(home: Home) -> None:
    async with home() as one:
        await flip_to_and_fro(one, 7)
        shown = one.control(CHARGE)
        assert (shown["outcome"], shown["wanted"]) == ("pending", "on")
        assert shown["reason"].startswith("switched 6 times within an hour: waits until 12:1")


@pytest.mark.parametrize("poll", [60, 5])
async def test_sessions_that_end_at_once_make_sign_ins_wait_however_short_poll_is(
    home: Home, monkeypatch: pytest.MonkeyPatch, poll: int
) -> None:
    monkeypatch.setattr(EnphaseBattery, "limits", Limits(shortest=timedelta(seconds=5), most_requests=3600))
    async with home(poll=poll, requests_per_hour=3600) as one:
        assert await sessions_that_end(one, 8) == 3
        assert "maybe another program signs in" in one.attributes(PROBLEM)["problem"]


async def test_a_poll_that_only_a_simulator_could_bear_is_refused_on_a_loopback_address_too(home: Home) -> None:
    async with home(poll=59) as one:
        assert one.state(PROBLEM) == "on"
        assert "poll is 59: it must be a duration from 00:01:00" in one.attributes(PROBLEM)["problem"]


async def test_a_subclass_with_lifted_limits_may_do_all_of_that(home: Home) -> None:
    async with home(**{"class": "TirelessBattery"}, poll=5, requests_per_hour=3600) as one:
        await flip_to_and_fro(one, 7)
        assert one.control(CHARGE).items() >= {"state": "on", "outcome": "confirmed"}.items()
        assert await sessions_that_end(one, 8) == 9
