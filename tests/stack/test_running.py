"""What Home Assistant says when the app cannot work: a notice of the app's, and a sensor that needs no app."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from tests.stack.house import House
from tests.stack.minutes import eventually
from tests.stack.programs import OpenHouse, appdaemon_in

# The sensor of `home_assistant/package.yaml`, which looks at the entities of an app with the default prefix.
RUNNING, PREFIX = "binary_sensor.enphase_battery_running", "enphase_battery"

# Home Assistant looks once a minute, at its full.
_WITHIN_A_MINUTE = 75.0


# An AppDaemon of this test's own: the other tests need theirs alive.
@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def appdaemon(folder: Path, home_assistant: HomeAssistant) -> AsyncIterator[AppDaemon]:
    async with appdaemon_in(folder / "running", home_assistant) as started:
        yield started


async def test_a_killed_appdaemon_is_seen_and_so_is_its_return(open_house: OpenHouse, appdaemon: AppDaemon) -> None:
    async with open_house("running", entity_prefix=PREFIX) as house:
        await house.shows(f"sensor.{house.name}_jwt", "OK")
        await house.shows(f"binary_sensor.{PREFIX}_problem", "off", poll="2")
        await house.shows(RUNNING, "on", _WITHIN_A_MINUTE, device_class="running")

        await appdaemon.process.kill()
        await house.shows(RUNNING, "off", _WITHIN_A_MINUTE)
        await house.shows(f"binary_sensor.{PREFIX}_problem", "off")

        await appdaemon.start()
        await house.shows(RUNNING, "on", _WITHIN_A_MINUTE)


async def test_a_wrong_configuration_is_a_notice_until_it_is_mended(
    open_house: OpenHouse, appdaemon: AppDaemon
) -> None:
    async with open_house("faulty", poll=0) as house:
        told = await _notices(house, 1)
        assert "Configuration: poll is 0" in told[0]

        appdaemon.add_app(house.name, house.simulator.url, **house.settings(house.name))
        await house.signed_in()
        await _notices(house, 0)


async def _notices(house: House, number: int) -> list[str]:
    """Wait until the house has so many notices; return what they say."""

    async def check() -> list[str]:
        notices = await house.home.call("persistent_notification/get")
        mine: list[str] = [one["message"] for one in notices if one["notification_id"] == f"{house.name}_problem"]
        assert len(mine) == number
        return mine

    return await eventually(check)
