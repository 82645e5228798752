"""Events command, and each command is answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from demo.websocket import Event, HomeAssistantSocket
from tests.stack.house import RESTRICT, House
from tests.stack.programs import OpenHouse

_PATIENCE_SECONDS = 30.0
# An answer that comes twice comes twice within this time.
_SILENCE_SECONDS = 3.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    async with open_house("commands") as opened:
        await opened.signed_in()
        yield opened


async def test_a_command_with_an_id_is_answered_by_exactly_one_final_result(
    house: House, home: HomeAssistantSocket
) -> None:
    results = await home.subscribe("enphase_battery_result")
    await _command(house, id="from the test", command="set", control=RESTRICT, state="on")

    answer = await _final(results, "from the test")
    assert answer["outcome"] == "confirmed"
    assert (answer["app"], answer["command"], answer["control"], answer["state"]) == (
        house.name,
        "set",
        RESTRICT,
        "on",
    )
    assert (await house.cloud())[RESTRICT]
    await house.shows(house.toggle(RESTRICT), "on")
    await asyncio.sleep(_SILENCE_SECONDS)
    assert [event for event in _taken(results) if event["data"]["outcome"] != "pending"] == []


async def test_a_command_with_a_duration_ends_by_itself_when_it_is_cancelled(
    house: House, home: HomeAssistantSocket
) -> None:
    results = await home.subscribe("enphase_battery_result")
    await _command(house, id="boost", command="set", control="charge_from_grid", state="on", duration="00:10:00")
    assert (await _final(results, "boost"))["outcome"] == "confirmed"
    await house.shows(house.sensor("charge_from_grid"), "on", source="command")

    await _command(house, id="enough", command="cancel", control="charge_from_grid")
    assert (await _final(results, "enough"))["outcome"] == "confirmed"
    await house.shows(house.sensor("charge_from_grid"), "off", wanted="off")
    assert not (await house.cloud())["charge_from_grid"]


async def test_a_malformed_command_is_rejected_with_a_reason(house: House, home: HomeAssistantSocket) -> None:
    results = await home.subscribe("enphase_battery_result")
    await _command(house, id="nonsense", command="set", control="the weather", state="on")
    answer = await _final(results, "nonsense")
    assert answer["outcome"] == "rejected"
    assert "the weather" in answer["reason"]


async def test_a_refresh_reads_the_cloud_now(house: House, home: HomeAssistantSocket) -> None:
    results = await home.subscribe("enphase_battery_result")
    before = await house.counters()
    await _command(house, id="now", command="refresh")
    assert (await _final(results, "now"))["outcome"] == "confirmed"
    after = await house.counters()
    assert after["token_refreshes"] > before["token_refreshes"]
    assert after["logins"] == before["logins"]


async def _command(house: House, **data: Any) -> None:
    await house.home.fire("enphase_battery_command", app=house.name, **data)


async def _final(results: asyncio.Queue[Event], number: str) -> dict[str, Any]:
    """Return the data of the next final result with this id."""
    while True:
        data: dict[str, Any] = (await asyncio.wait_for(results.get(), _PATIENCE_SECONDS))["data"]
        if data["id"] == number and data["outcome"] != "pending":
            return data


def _taken(results: asyncio.Queue[Event]) -> list[Event]:
    return [results.get_nowait() for _ in range(results.qsize())]
