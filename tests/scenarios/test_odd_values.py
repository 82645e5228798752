"""One odd value stops only what it concerns: played with the whole app, in zones on both sides of Greenwich."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytz

from simulator.wire import Request, Response
from tests.lab.entries import line
from tests.lab.lab import TOGGLES, Lab, lab
from tests.unit.fuzz.documents import otherwise, spoilt

CHARGE, SELL, HOLD = "charge_from_grid", "discharge_to_grid", "restrict_discharge"
PROBLEM, TOKEN, SOC = "binary_sensor.enphase_battery_problem", "sensor.enphase_jwt", "sensor.enphase_battery_soc"
NEVER, LAST_SECOND = "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799
LIST, ALWAYS = "GET /service/batteryConfig/api/v1/battery/sites", 10_000
THEIRS = "charge_from_grid 03:00-04:00 daily 80%"


@asynccontextmanager
async def home(folder: Path, zone: str = "Europe/London", **switches: Any) -> AsyncIterator[Lab]:
    start = pytz.timezone(zone).localize(datetime.fromisoformat("2026-11-22 12:00"))
    async with lab(folder, start=start, zone=zone, switches=switches) as one:
        await one.advance(minutes=2)
        yield one


def listed(one: Lab) -> list[str]:
    entries: Any = one.cloud.model()
    return sorted(line(each) for each in entries["cloud"]["schedules"] if not each["isDeleted"])


def each_entry(change: Mapping[str, object], family: str = "cfg") -> Callable[[Any], Any]:
    """Return what gives members of the entries of a family another value in what the cloud lists."""

    def spoil(document: Any) -> Any:
        for entry in document[family].get("details") or ():
            entry.update(change)
        return document

    return spoil


def lasting_cookies(_request: Request, response: Response) -> Response:
    """Let all cookies last for ever."""
    headers = (
        (name, f"{value}; Expires={NEVER}" if name.lower() == "set-cookie" and "xpires" not in value else value)
        for name, value in response.headers
    )
    return replace(response, headers=tuple(headers))


def wait_for_ever(_request: Request, response: Response) -> Response:
    return replace(response, headers=(("Date", NEVER), *response.headers))


async def check_all_is_well(one: Lab) -> None:
    """Fail unless a flip and a boost reach the cloud, are shown, and end."""
    await one.flip(HOLD, "on")
    await one.command(command="set", control=CHARGE, state="on", duration="00:30:00", id="boost")
    await one.advance(minutes=3)
    assert one.results(id="boost")[-1]["outcome"] == "confirmed"
    assert one.control(CHARGE)["state"] == "on"
    assert one.state(PROBLEM) == "off", one.attributes(PROBLEM)
    await one.advance(minutes=32)
    assert one.control(CHARGE)["state"] == "off"
    assert one.control(HOLD)["outcome"] == "confirmed"
    await one.flip(HOLD, "off")
    await one.advance(minutes=3)
    assert one.control(HOLD)["state"] == "off"
    await one.command(command="diagnose", id="d")
    await one.advance(minutes=1)
    assert one.results(id="d")[-1]["outcome"] == "confirmed"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("change", [lasting_cookies, wait_for_ever])
async def test_a_cookie_or_a_clock_of_the_year_9999_stops_nothing(
    tmp_path: Path, zone: str, change: Callable[[Request, Response], Response]
) -> None:
    async with home(tmp_path, zone) as one:
        with otherwise(one.cloud, change):
            await one.advance(hours=1)
            one.cloud.expire_sessions()
            await one.advance(minutes=20)
            assert one.state(TOKEN) == "OK"
            assert "9999" not in str(one.attributes(TOKEN))
            await check_all_is_well(one)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
@pytest.mark.parametrize("value", [LAST_SECOND, LAST_SECOND * 1000, 1e400, -1, "9" * 30, True])
async def test_a_report_of_the_gateway_from_another_age_is_not_known(tmp_path: Path, zone: str, value: object) -> None:
    async with home(tmp_path, zone, odd_members={"last_report": value}) as one:
        await one.advance(minutes=16)
        assert float(one.state(SOC) or "nan") == pytest.approx(48.3, abs=30)
        assert "last_report" not in one.attributes(SOC)
        await check_all_is_well(one)


@pytest.mark.parametrize("value", [150, -5, "1e400", 10**30])
async def test_a_reserve_that_is_none_costs_no_write_and_no_budget(tmp_path: Path, value: object) -> None:
    async with home(tmp_path) as one:
        one.cloud.set(odd_members={"batteryBackupPercentage": value})
        await one.advance(minutes=16)
        one.cloud.clear_log()
        await one.flip(SELL, "on")
        await one.advance(minutes=10)
        assert listed(one) == ["discharge_to_grid 00:00-23:59 daily 20% active"], "the reserve that was known before"
        assert one.control(SELL)["outcome"] == "confirmed"
        assert len(one.cloud.requests()) < 20
        await one.flip(SELL, "off")
        await check_all_is_well(one)


@pytest.mark.parametrize(
    "change",
    [
        {"startTime": "03:00:00", "endTime": "04:00:00.000"},
        {"scheduleStatus": "Active"},
        {"days": None},
        {"startTime": "3 am"},
        {"limit": 10**40, "createdAt": LAST_SECOND, "timezone": "\ud800" * 300},
    ],
)
async def test_an_odd_entry_of_yours_leaves_everything_else_alone(tmp_path: Path, change: dict[str, object]) -> None:
    async with home(tmp_path) as one, _spoilt(one, each_entry(change)):
        one.phone.add(THEIRS)
        await one.advance(minutes=20)
        await one.flip(HOLD, "on")
        await one.command(command="set", control=SELL, state="on", duration="00:30:00", id="boost")
        await one.advance(minutes=5)
        assert one.results(id="boost")[-1]["outcome"] == "confirmed"
        assert one.control(SELL)["state"] == "on"
        await one.advance(minutes=40)
        await one.flip(HOLD, "off")
        await one.advance(minutes=5)
        assert listed(one) == [f"{THEIRS} active"]
        assert one.state(PROBLEM) == "off", one.attributes(PROBLEM)

        await one.flip(CHARGE, "off")
        await one.advance(minutes=3)
        await one.command(command="set", control=CHARGE, state="on", duration="00:30:00", id="woken")
        await one.advance(minutes=3)
        assert one.results(id="woken")[-1]["reason_kind"] == "would_wake_entries", "it is there, whatever it says"


@pytest.mark.parametrize(
    "change",
    [{"startTime": "24:61"}, {"days": "daily"}, {"scheduleId": None}, {"scheduleStatus": "ACTIVE"}, {"endTime": 5}],
)
async def test_an_own_entry_that_turns_odd_stays_the_apps_and_ends(tmp_path: Path, change: dict[str, object]) -> None:
    async with home(tmp_path) as one:
        await one.command(command="set", control=SELL, state="on", duration="02:00:00", id="boost")
        await one.advance(minutes=3)
        async with _spoilt(one, each_entry(change, "dtg")):
            await one.advance(minutes=40)
            assert one.state(TOGGLES[SELL]) == "on"
            if "scheduleStatus" in change:
                assert one.control(SELL)["enforced"] == "yes", "its case means nothing"
            await one.command(command="set", control=CHARGE, state="on", duration="00:10:00", id="other")
            await one.advance(minutes=85)
        await one.advance(minutes=20)
        assert listed(one) == []
        assert one.control(SELL)["state"] == one.state(TOGGLES[SELL]) == "off"
        assert one.state(PROBLEM) == "off", one.attributes(PROBLEM)


@pytest.mark.parametrize(
    "family", ["N/A", 5, {"details": "N/A"}, {"details": [None]}, {"count": 3, "details": []}, {"details": {}}]
)
async def test_a_family_that_cannot_be_read_waits_and_no_other(tmp_path: Path, family: object) -> None:
    def spoil(document: Any) -> Any:
        return {**document, "cfg": family}

    async with home(tmp_path) as one:
        async with _spoilt(one, spoil):
            await one.advance(minutes=16)
            await one.command(command="set", control=CHARGE, state="on", duration="03:00:00", id="charge")
            await one.command(command="set", control=SELL, state="on", duration="00:20:00", id="sell")
            await one.advance(minutes=3)
            assert one.results(id="sell")[-1]["outcome"] in ("confirmed", "pending")
            assert one.control(CHARGE)["outcome"] == "pending"
            await one.advance(minutes=40)
        await one.advance(minutes=20)
        assert one.results(id="charge")[-1]["outcome"] == "confirmed"
        assert one.control(CHARGE)["enforced"] == "yes"


async def test_storages_that_say_nothing_but_their_charge_still_say_it(tmp_path: Path) -> None:
    gone = {"available_energy": None, "max_capacity": "N/A"}
    async with home(tmp_path, odd_members={**gone, "excluded": "false"}) as one:
        assert float(one.state(SOC) or "nan") == pytest.approx(48.3, abs=30)
        await check_all_is_well(one)


async def test_a_second_flag_that_says_neither_is_nobodys_switching_off(tmp_path: Path) -> None:
    async with home(tmp_path) as one:
        await one.flip(CHARGE, "on")
        await one.advance(minutes=10)
        one.cloud.set(odd_members={"chargeFromGridScheduleEnabled": "N/A", "forceScheduleOpted": "N/A"})
        await one.advance(hours=2)
        assert one.state(TOGGLES[CHARGE]) == "on"
        assert one.control(CHARGE)["source"] == "toggle"


async def test_one_odd_member_of_the_store_costs_neither_entry_nor_wish(tmp_path: Path) -> None:
    async with home(tmp_path) as one:
        await one.command(command="set", control=SELL, state="on", duration="02:00:00", id="boost")
        await one.advance(minutes=3)
        file = one.store

        def a_newer_version_ran() -> None:
            document = json.loads(file.read_text())
            sections = document["sections"]
            sections["evidence"]["reserve"] = {"known": 80}
            sections["wishes"]["standing"].append({"control": "reserve", "level": 80})
            sections["ledger"]["owned"].append({"terms": {"control": "reserve"}})
            sections["session"]["cookies"][0]["expires_at"] = "9999-12-31T23:59:59+00:00"
            sections["session"]["refreshed_at"] = "0001-01-01T00:00:00+14:00"
            file.write_text(json.dumps(document))

        await one.restart_appdaemon(a_newer_version_ran, minutes=1)
        await one.advance(minutes=3)
        assert one.control(SELL)["outcome"] == "confirmed"
        await one.advance(hours=2)
        assert listed(one) == []
        assert one.control(SELL)["state"] == "off"


@asynccontextmanager
async def _spoilt(one: Lab, spoil: Callable[[Any], Any]) -> AsyncIterator[None]:
    """Spoil every list of entries while the block runs."""
    with ExitStack() as stack:
        stack.enter_context(spoilt(one.cloud, LIST, spoil, times=ALWAYS))
        yield
