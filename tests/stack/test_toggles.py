"""Flipping a toggle changes the battery's setting in the cloud, and Home Assistant shows what is true."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from demo.websocket import HomeAssistantSocket
from tests.stack.house import House, taken
from tests.stack.minutes import now
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, FAMILIES, RESTRICT
from tests.stack.programs import OpenHouse

TODAY, GUIDE = "2026-07", "2025-07"
NAMES = {TODAY: "newest", GUIDE: "guide"}
# In the world of the guide the switch alone decides; since schedules exist, a switch without an entry does nothing.
TO_THE_RESERVE = "switch is on; without a schedule entry it charges up to the reserve of 20 % only"
REASONS = {
    TODAY: "its entry holds the whole day, so the Enphase app takes no other schedule meanwhile",
    GUIDE: "switched on; the gateway has not reported since",
}


# The tests share a house, in which no control may be switched on for a fourth time: it would have to wait.
@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[TODAY, GUIDE])
async def house(open_house: OpenHouse, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    era = request.param
    async with open_house(NAMES[era], era) as opened:
        await opened.signed_in()
        yield opened


@pytest.mark.parametrize("control", CONTROLS)
async def test_a_flip_is_validated_confirmed_by_the_cloud_and_enforced_by_the_gateway(
    house: House, control: str
) -> None:
    before = len(await house.requests())
    await house.flip(control, "on")
    idle = house.simulator.era == GUIDE and control == CHARGE  # above the reserve
    enforced = "no" if idle else {TODAY: "yes", GUIDE: "unknown"}[house.simulator.era]
    shown = await house.shows(
        house.sensor(control), "on", wanted="on", outcome="confirmed", source="toggle", enforced=enforced
    )
    assert shown["attributes"].get("reason") == (TO_THE_RESERVE if idle else REASONS[house.simulator.era])
    assert (await house.cloud()) == {each: each == control for each in CONTROLS}
    await house.gateway_enforces(control, True)

    await house.flip(control, "off")
    await house.shows(house.sensor(control), "off", wanted="off", outcome="confirmed", enforced="unknown")
    assert (await house.cloud()) == dict.fromkeys(CONTROLS, False)
    assert await house.own_entries() == []
    await house.gateway_enforces(control, False)
    _every_write_follows_a_validation((await house.requests())[before:], FAMILIES[control])


@pytest.mark.parametrize("house", [TODAY], indirect=True)
async def test_a_flip_writes_an_all_day_entry_and_is_pending_until_the_gateway_has_it(
    house: House, home: HomeAssistantSocket
) -> None:
    changes = await home.subscribe("state_changed")
    await house.flip(RESTRICT, "on")
    await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed")

    (entry,) = await house.own_entries()
    assert (entry["scheduleType"], entry["startTime"], entry["endTime"]) == ("RBD", "00:00", "23:59")
    assert (entry["days"], entry["scheduleStatus"]) == ([1, 2, 3, 4, 5, 6, 7], "active")
    shown = [each["new_state"] for each in taken(changes) if each["entity_id"] == house.sensor(RESTRICT)]
    pending = [each for each in shown if each["attributes"]["outcome"] == "pending"]
    confirmed = next(each for each in shown if each["attributes"]["outcome"] == "confirmed")
    assert "written and applied; waiting for the gateway" in {each["attributes"].get("reason") for each in pending}
    began = (await house.enforced(RESTRICT))[-1].start
    assert datetime.fromisoformat(pending[0]["last_updated"]) < began
    assert datetime.fromisoformat(confirmed["last_updated"]) >= began

    await house.flip(RESTRICT, "off")
    await house.shows(house.sensor(RESTRICT), "off", outcome="confirmed")


@pytest.mark.parametrize("house", [TODAY], indirect=True)
async def test_of_two_toggles_that_need_the_whole_day_the_newer_replaces_the_older(house: House) -> None:
    await house.flip(CHARGE, "on")
    await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")
    await house.flip(RESTRICT, "on")
    await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed", enforced="yes")
    reason = "replaced by restrict battery discharge"
    await house.shows(house.sensor(CHARGE), "off", wanted="off", outcome="confirmed", reason=reason)
    await house.shows(house.toggle(CHARGE), "off")
    assert await house.cloud() == {CHARGE: False, DISCHARGE: False, RESTRICT: True}
    assert [entry["scheduleType"] for entry in await house.own_entries()] == ["RBD"]

    await house.flip(RESTRICT, "off")
    await house.shows(house.sensor(RESTRICT), "off", outcome="confirmed")


@pytest.mark.parametrize("house", [GUIDE], indirect=True)
async def test_where_switches_alone_decide_two_toggles_stand_beside_each_other(house: House) -> None:
    for control in (CHARGE, RESTRICT):
        await house.flip(control, "on")
    for control, enforced in ((CHARGE, "no"), (RESTRICT, "unknown")):
        await house.shows(house.sensor(control), "on", outcome="confirmed", enforced=enforced)
    assert await house.cloud() == {CHARGE: True, DISCHARGE: False, RESTRICT: True}
    for control in (CHARGE, RESTRICT):
        await house.flip(control, "off")
        await house.shows(house.sensor(control), "off", outcome="confirmed")


@pytest.mark.parametrize("house", [TODAY], indirect=True)
async def test_an_entity_says_why_the_gateway_does_nothing(house: House) -> None:
    start, end = now() + timedelta(hours=3), now() + timedelta(hours=4)
    await house.phone.adds(DISCHARGE, start, end)
    await house.flip(DISCHARGE, "on")
    shown = await house.shows(house.sensor(DISCHARGE), "on", outcome="confirmed", enforced="no")
    assert shown["attributes"]["reason"] == (
        "switch is on; no schedule entry covers this time; "
        f"your own entries decide when: discharge to grid {start:%H:%M}-{end:%H:%M} every day"
    )
    assert await house.own_entries() == []
    await house.flip(DISCHARGE, "off")
    await house.shows(house.sensor(DISCHARGE), "off", outcome="confirmed")


async def test_no_request_went_to_a_path_that_the_cloud_does_not_have(house: House) -> None:
    assert (await house.counters())["unknown"] == 0


def _every_write_follows_a_validation(requests: list[dict[str, Any]], family: str) -> None:
    writes = [number for number, request in enumerate(requests) if _writes_settings(request)]
    assert len(writes) >= 2
    begin = 0
    for write in writes:
        assert any(_validates(request, family) for request in requests[begin:write]), requests[begin:write]
        begin = write


def _writes_settings(request: dict[str, Any]) -> bool:
    return request["method"] == "PUT" and "/batterySettings/" in request["path"]


def _validates(request: dict[str, Any], family: str) -> bool:
    return bool(
        request["path"].endswith("/schedules/isValid")
        and request["status"] == 200
        and request["body"]["scheduleType"] == family
    )
