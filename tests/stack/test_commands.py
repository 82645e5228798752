"""Events command, and each command is answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from demo.websocket import HomeAssistantSocket
from tests.stack.house import House, answer, taken
from tests.stack.phone import CHARGE, RESTRICT
from tests.stack.programs import OpenHouse

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
    await house.command(id="from the test", command="set", control=RESTRICT, state="on")

    result = await answer(results, "from the test")
    assert {name: result[name] for name in ("outcome", "app", "command", "control", "state")} == {
        "outcome": "confirmed",
        "app": house.name,
        "command": "set",
        "control": RESTRICT,
        "state": "on",
    }
    assert (await house.cloud())[RESTRICT]
    await house.shows(house.toggle(RESTRICT), "on")
    await asyncio.sleep(_SILENCE_SECONDS)
    assert [result for result in taken(results) if result["outcome"] != "pending"] == []


async def test_every_member_of_a_result_reaches_home_assistant_though_there_is_nothing_to_say_in_it(
    house: House, home: HomeAssistantSocket
) -> None:
    results = await home.subscribe("enphase_battery_result")
    await house.command(command="cancel", control=RESTRICT)
    assert await answer(results, "") == {
        "app": house.name,
        "id": "",
        "command": "cancel",
        "control": RESTRICT,
        "state": "",
        "outcome": "confirmed",
        "reason": "nothing to cancel",
        "reason_kind": "nothing_to_cancel",
        "error": "",
        "report": {},
    }


async def test_a_command_with_a_duration_ends_by_itself_when_it_is_cancelled(
    house: House, home: HomeAssistantSocket
) -> None:
    results = await home.subscribe("enphase_battery_result")
    await house.command(id="boost", command="set", control=CHARGE, state="on", duration="00:10:00")
    assert (await answer(results, "boost"))["outcome"] == "confirmed"
    await house.shows(house.sensor(CHARGE), "on", source="command")

    await house.command(id="enough", command="cancel", control=CHARGE)
    assert (await answer(results, "enough"))["outcome"] == "confirmed"
    await house.shows(house.sensor(CHARGE), "off", wanted="off")
    assert not (await house.cloud())[CHARGE]


async def test_a_malformed_command_is_rejected_with_a_reason(house: House, home: HomeAssistantSocket) -> None:
    results = await home.subscribe("enphase_battery_result")
    await house.command(id="nonsense", command="set", control="the weather", state="on")
    result = await answer(results, "nonsense")
    assert result["outcome"] == "rejected"
    assert "the weather" in result["reason"]


async def test_a_refresh_reads_the_cloud_now(house: House, home: HomeAssistantSocket) -> None:
    results = await home.subscribe("enphase_battery_result")
    before = await house.counters()
    await house.command(id="now", command="refresh")
    assert (await answer(results, "now"))["outcome"] == "confirmed"
    after = await house.counters()
    assert after["token_refreshes"] > before["token_refreshes"]
    assert after["logins"] == before["logins"]
