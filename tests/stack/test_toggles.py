"""Flipping a toggle changes the battery's setting in the cloud, and Home Assistant shows what is true."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.stack.house import CONTROLS, FAMILIES, House
from tests.stack.programs import OpenHouse

# In the world of the guide the switch alone decides; since schedules exist, a switch without an entry does nothing.
ENFORCED = {"2026-07": "no", "2025-07": "yes"}
NAMES = {"2026-07": "newest", "2025-07": "guide"}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=list(ENFORCED))
async def house(open_house: OpenHouse, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    era = request.param
    async with open_house(NAMES[era], era, {"activation_delay": 1}) as opened:
        await opened.signed_in()
        yield opened


@pytest.mark.parametrize("control", CONTROLS)
async def test_a_flip_is_confirmed_by_the_cloud_and_enforced_as_far_as_the_era_allows(
    house: House, control: str
) -> None:
    await house.flip(control, "on")
    shown = await house.shows(house.sensor(control), "on", wanted="on", outcome="confirmed", source="toggle")

    assert (await house.cloud()) == {each: each == control for each in CONTROLS}
    enforced = ENFORCED[house.simulator.era]
    assert shown["attributes"]["enforced"] == enforced
    await house.gateway_enforces(control, enforced == "yes")

    await house.flip(control, "off")
    await house.shows(house.sensor(control), "off", wanted="off", outcome="confirmed")
    assert (await house.cloud()) == dict.fromkeys(CONTROLS, False)
    await house.gateway_enforces(control, False)


@pytest.mark.parametrize("control", CONTROLS)
async def test_every_write_is_preceded_by_a_validation_of_its_family(house: House, control: str) -> None:
    before = len(await house.requests())
    for state in ("on", "off"):
        await house.flip(control, state)
        await house.shows(house.sensor(control), state, outcome="confirmed")

    since = (await house.requests())[before:]
    writes = [number for number, request in enumerate(since) if _writes_settings(request)]
    assert len(writes) >= 2
    begin = 0
    for write in writes:
        assert any(_validates(request, FAMILIES[control]) for request in since[begin:write]), since[begin:write]
        begin = write


@pytest.mark.parametrize("house", ["2026-07"], indirect=True)
async def test_an_entity_says_why_the_gateway_does_nothing(house: House) -> None:
    await house.flip("discharge_to_grid", "on")
    reason = "switch is on; without a schedule entry the gateway does nothing"
    await house.shows(house.sensor("discharge_to_grid"), "on", outcome="confirmed", enforced="no", reason=reason)
    await house.flip("discharge_to_grid", "off")
    await house.shows(house.sensor("discharge_to_grid"), "off", outcome="confirmed")


async def test_no_request_went_to_a_path_that_the_cloud_does_not_have(house: House) -> None:
    assert (await house.counters())["unknown"] == 0


def _writes_settings(request: dict[str, Any]) -> bool:
    return request["method"] == "PUT" and "/batterySettings/" in request["path"]


def _validates(request: dict[str, Any], family: str) -> bool:
    return bool(
        request["path"].endswith("/schedules/isValid")
        and request["status"] == 200
        and request["body"]["scheduleType"] == family
    )
