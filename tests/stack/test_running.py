"""What Home Assistant says when the app cannot work: a notice of the app's, and a sensor that needs no app."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from tests.stack.browser import dashboard_of, take_pictures
from tests.stack.house import House
from tests.stack.minutes import eventually
from tests.stack.programs import TIRELESS, OpenHouse, appdaemon_in

# The sensor of `home_assistant/package.yaml`, which looks at the entities of an app with the default prefix.
RUNNING, PREFIX = "binary_sensor.enphase_battery_running", "enphase_battery"

# Home Assistant looks once a minute, at its full, whether there was anything within three polls.
_WITHIN_A_MINUTE = 75.0
_POLL_SECONDS = 2


# An AppDaemon of this test's own: the other tests need theirs alive.
@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def appdaemon(folder: Path, home_assistant: HomeAssistant) -> AsyncIterator[AppDaemon]:
    async with appdaemon_in(folder / "running", home_assistant, subclass=TIRELESS) as started:
        yield started


async def test_a_killed_appdaemon_is_seen_and_so_is_its_return(
    open_house: OpenHouse, appdaemon: AppDaemon, home_assistant: HomeAssistant
) -> None:
    async with (
        open_house("running", entity_prefix=PREFIX, poll=_POLL_SECONDS) as house,
        dashboard_of(home_assistant) as page,
    ):
        await house.shows(f"sensor.{house.name}_jwt", "OK")
        await house.shows(f"binary_sensor.{PREFIX}_problem", "off", poll=str(_POLL_SECONDS))
        await house.shows(RUNNING, "on", _WITHIN_A_MINUTE, device_class="running")

        await appdaemon.process.kill()
        await house.shows(RUNNING, "off", _WITHIN_A_MINUTE)
        await house.shows(f"binary_sensor.{PREFIX}_problem", "off")
        await expect(page.get_by_text("The app is not running")).to_be_visible()
        await expect(page.get_by_role("button", name="30 min")).to_have_count(0)
        await take_pictures(page, "stopped")
        assert await _told(house) == (
            "The app does not run: toggles, windows and boosts are not carried out. Look at AppDaemon's log."
        )

        await appdaemon.start()
        await house.shows(RUNNING, "on", _WITHIN_A_MINUTE)
        await expect(page.get_by_text("The app is not running")).to_have_count(0)
        await expect(page.get_by_role("button", name="30 min")).to_have_count(3)


async def test_a_wrong_configuration_is_a_notice_until_it_is_mended(
    open_house: OpenHouse, appdaemon: AppDaemon
) -> None:
    async with open_house("faulty", poll=0) as house:
        told = await _notices(house, 1)
        assert "Configuration: poll is 0" in told[0]

        appdaemon.add_app(house.name, house.simulator.url, **house.settings(house.name))
        await house.signed_in()
        await _notices(house, 0)


async def _told(house: House) -> str:
    """Return what the package's automation tells whom the helper names, without waiting for five minutes."""
    teller, helper = "automation.enphase_battery_notify", "input_text.enphase_battery_notify"
    await house.home.call_service("input_text", "set_value", entity_id=helper, value="persistent_notification.create")
    await house.home.call_service("automation", "trigger", entity_id=teller, skip_condition=True)
    await house.home.call_service("input_text", "set_value", entity_id=helper, value="")

    async def check() -> str:
        notices = await house.home.call("persistent_notification/get")
        told: list[str] = [one["message"] for one in notices if one["title"] == "Enphase battery"]
        assert len(told) == 1
        return told[0]

    return await eventually(check)


async def _notices(house: House, number: int) -> list[str]:
    """Wait until the house has so many notices; return what they say."""

    async def check() -> list[str]:
        notices = await house.home.call("persistent_notification/get")
        mine: list[str] = [one["message"] for one in notices if one["notification_id"] == f"{house.name}_problem"]
        assert len(mine) == number
        return mine

    return await eventually(check)
