"""Automations written for the REST guide go on unchanged: its scripts, its fields, whatever it passed in them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from demo.home_assistant import TIME_ZONE, HomeAssistant
from tests.stack.house import House
from tests.stack.phone import CHARGE, DISCHARGE
from tests.stack.programs import OpenHouse

# As the guide has it; only the time differs.
_AUTOMATION = """\
automation:
  - alias: Enable Charge from Grid at 02:00
    trigger:
      - platform: time
        at: "{at}"
    action:
      - service: script.toggle_enphase_charge_from_grid
        data:
          charge: true
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    async with open_house("scripts", "2025-07") as opened:
        await opened.signed_in()
        yield opened


async def test_the_guides_automation_charges_from_the_grid_at_its_time(
    house: House, home_assistant: HomeAssistant
) -> None:
    at = datetime.now(ZoneInfo(TIME_ZONE)) + timedelta(seconds=4)
    home_assistant.add_package("guide", _AUTOMATION.format(at=f"{at:%H:%M:%S}"))
    await house.home.call_service("automation", "reload")

    shown = await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")
    assert datetime.fromisoformat(shown["last_changed"]) >= at.replace(microsecond=0)
    assert (await house.cloud())[CHARGE]
    await house.shows(house.toggle(CHARGE), "on")


@pytest.mark.parametrize(
    ("script", "field", "control"),
    [
        ("toggle_enphase_charge_from_grid", "charge", CHARGE),
        ("toggle_enphase_discharge_to_grid", "discharge", DISCHARGE),
    ],
)
async def test_a_script_takes_true_and_false_in_all_the_ways_that_automations_write_them(
    house: House, script: str, field: str, control: str
) -> None:
    for value in (True, "false", "on", "off", "True", False):
        await house.home.call_service("script", script, **{field: value})
        state = "on" if value in (True, "on", "True") else "off"
        await house.shows(house.sensor(control), state, outcome="confirmed")
        assert (await house.cloud())[control] is (state == "on")
