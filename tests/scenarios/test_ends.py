"""Ends come first: whatever else spends requests, what is on for a time goes off in time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.lab.entries import line
from tests.lab.lab import TOGGLES, Lab, lab

START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CHARGE, SELL, HOLD = TOGGLES
SITES: Mapping[str, Mapping[str, Any]] = {
    "entries": {},
    "switches only": {"auth_era": "2025-07"},
    "no family supported": {"schedules_not_supported": ("cfg", "dtg", "rbd")},
}
UNTOLD: Mapping[str, dict[str, object]] = {
    CHARGE: {"chargeFromGrid": None},
    SELL: {"dtgControl": {"show": True, "enabled": None}},
    HOLD: {"rbdControl": {"show": True, "enabled": "perhaps"}},
}
"""Per control, what the settings say so that nobody knows whether its switch is on."""

PROBLEM = "binary_sensor.enphase_battery_problem"
MOST = 24 + 104
"""Requests in two hours: those at rest, and a try every fifteen minutes."""

Greed = Callable[[Lab, int, str], Awaitable[None]]


@asynccontextmanager
async def home(folder: Path, site: str, **app: object) -> AsyncIterator[Lab]:
    async with lab(folder, start=START, switches=SITES[site], app=app) as one:
        yield one


async def requests_in_two_hours(one: Lab) -> int:
    one.cloud.clear_log()
    await one.advance(hours=2)
    return len(one.cloud.requests())


async def refreshes(one: Lab, turn: int, _rival: str) -> None:
    await one.command(command="refresh", id=f"refresh {turn}")


async def flips(one: Lab, turn: int, other: str) -> None:
    await one.flip(other, "off" if turn % 2 else "on")


async def commands(one: Lab, turn: int, other: str) -> None:
    state = "off" if turn % 2 else "on"
    await one.command(command="set", control=other, state=state, duration="04:00:00", id=f"set {turn}")


async def undecidable(one: Lab, turn: int, other: str) -> None:
    if not turn:
        one.cloud.set(odd_members=UNTOLD[other])
        await one.flip(other, "on")


async def polls(one: Lab, turn: int, other: str) -> None:
    """One a minute; nobody does anything beside."""


async def dead_session(one: Lab, turn: int, other: str) -> None:
    """Flips, and in the end there is no session to end anything with."""
    await flips(one, turn, other)
    if turn == 190:
        one.cloud.expire_sessions()


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(
    ("greed", "control", "other"),
    [
        *((greed, SELL, HOLD) for greed in (refreshes, flips, undecidable, dead_session)),
        (commands, CHARGE, HOLD),
        (refreshes, CHARGE, HOLD),
        (flips, HOLD, SELL),
        (polls, HOLD, SELL),
    ],
)
async def test_whatever_spends_the_budget_what_is_on_for_a_time_goes_off_in_time(
    tmp_path: Path, site: str, greed: Greed, control: str, other: str
) -> None:
    poll = "00:01:00" if greed is polls else "00:15:00"
    async with home(tmp_path, site, poll=poll) as one:
        await one.command(command="set", control=control, state="on", duration="01:45:00", id="boost")
        end = one.clock.now + timedelta(minutes=105)
        await one.advance(minutes=40)
        assert one.results(id="boost")[-1]["outcome"] == "confirmed"
        turn = 0
        while one.clock.now < end - timedelta(seconds=21):
            await one.advance(seconds=20)
            await greed(one, turn, other)
            turn += 1
        await one.until(end + timedelta(seconds=30))
        enforced = one.cloud.world.site.enforced()
        acts = {CHARGE: enforced.charge_to, SELL: enforced.discharge_to, HOLD: enforced.hold or None}
        assert acts[control] is None
        assert one.control(control)["state"] == "off"
        stored: Any = one.cloud.model()["cloud"]
        standing = [line(entry) for entry in stored["schedules"] if not entry["isDeleted"]]
        assert not any(entry.startswith(control) for entry in standing)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("control", TOGGLES)
@pytest.mark.parametrize("state", ["on", "off"])
async def test_a_wish_that_nothing_can_decide_costs_few_requests(
    tmp_path: Path, site: str, control: str, state: str
) -> None:
    async with home(tmp_path, site) as one:
        if state == "off":
            await one.flip(control, "on")
            await one.advance(minutes=5)
        one.cloud.set(odd_members=UNTOLD[control])
        await one.flip(control, state)
        await one.advance(minutes=60)
        assert one.control(control)["outcome"] == "pending"
        assert "does not say" in one.attributes(PROBLEM)["problem"]
        assert await requests_in_two_hours(one) <= MOST

        one.cloud.set(odd_members={})
        await one.advance(minutes=20)
        assert [one.control(control)[what] for what in ("state", "outcome")] == [state, "confirmed"]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(("control", "other"), [(SELL, CHARGE), (CHARGE, SELL)])
async def test_a_wish_that_waits_for_a_rival_of_which_nothing_is_told_costs_few_requests(
    tmp_path: Path, site: str, control: str, other: str
) -> None:
    async with home(tmp_path, site) as one:
        await one.flip(other, "on")
        await one.advance(minutes=5)
        one.cloud.set(odd_members=UNTOLD[other])
        await one.flip(other, "off")
        await one.flip(control, "on")
        await one.advance(minutes=60)
        assert await requests_in_two_hours(one) <= MOST


@pytest.mark.parametrize("control", TOGGLES)
async def test_a_doubt_that_no_read_decides_costs_few_requests(tmp_path: Path, control: str) -> None:
    async with home(tmp_path, "entries") as one:
        await one.advance(minutes=5)
        member = {CHARGE: "chargeFromGrid"}.get(control, "dtgControl" if control == SELL else "rbdControl")
        one.phone.settings({member: True if control == CHARGE else {"enabled": True}})
        await one.command(command="refresh", id="seen once")
        one.cloud.set(odd_members=UNTOLD[control])
        await one.advance(minutes=30)
        assert await requests_in_two_hours(one) <= MOST


@pytest.mark.parametrize("control", TOGGLES)
@pytest.mark.parametrize("what", ["/delete", "POST /service", "PUT /service/batteryConfig/api/v1/batterySettings"])
@pytest.mark.parametrize("state", ["on", "off"])
async def test_a_cloud_that_answers_and_does_nothing_is_left_alone(
    tmp_path: Path, control: str, what: str, state: str
) -> None:
    async with home(tmp_path, "entries") as one:
        if state == "off":
            await one.flip(control, "on")
            await one.advance(minutes=5)
        one.cloud.set(fault_script=[{"match": what, "status": 200, "body": "{}", "times": 9999}])
        await one.flip(control, state)
        await one.advance(minutes=60)
        assert await requests_in_two_hours(one) <= MOST


async def test_a_second_flag_that_never_comes_on_costs_few_requests(tmp_path: Path) -> None:
    async with home(tmp_path, "entries") as one:
        one.cloud.set(odd_members={"chargeFromGridScheduleEnabled": False})
        await one.flip(CHARGE, "on")
        await one.advance(minutes=60)
        assert one.control(CHARGE)["outcome"] == "pending"
        assert await requests_in_two_hours(one) <= MOST


@pytest.mark.parametrize("told", ["true", " True ", "TRUE"])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("control", TOGGLES)
async def test_a_switch_that_is_told_as_text_is_read(tmp_path: Path, site: str, control: str, told: str) -> None:
    async with home(tmp_path, site) as one:
        one.cloud.set(odd_members={"chargeFromGrid": told} if control == CHARGE else {"enabled": told})
        await one.flip(control, "on")
        await one.advance(seconds=40)
        assert [one.control(control)[what] for what in ("state", "outcome")] == ["on", "confirmed"]
