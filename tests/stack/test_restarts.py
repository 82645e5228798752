"""Home Assistant goes away and comes back; the app goes on where it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from tests.stack.house import House
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, RESTRICT
from tests.stack.programs import OpenHouse, appdaemon_in, home_assistant_in

# These tests have both programs for themselves: AppDaemon 4.5.13 would bring back every app that it ever ran.


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    async with home_assistant_in(folder / "restarts") as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def appdaemon(folder: Path, home_assistant: HomeAssistant) -> AsyncIterator[AppDaemon]:
    async with appdaemon_in(folder / "restarts", home_assistant) as started:
        yield started


async def test_after_a_restart_of_home_assistant_the_app_is_back_without_a_login_and_without_a_write(
    open_house: OpenHouse, home_assistant: HomeAssistant
) -> None:
    async with open_house("restarts") as house:
        await house.signed_in()
        await house.flip(CHARGE, "on")
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")
        before = await house.counters()

        await home_assistant.stop()
        await home_assistant.start()
        async with _reconnected(house, home_assistant):
            await _all_is_back(house, CHARGE)
            after = await house.counters()
            assert (after["logins"], after["writes"]) == (before["logins"], before["writes"])

            # A power cut: Home Assistant restores toggles as they were at its last orderly end, here both wrong.
            await house.flip(RESTRICT, "on")
            await house.shows(house.sensor(CHARGE), "off", wanted="off", outcome="confirmed")
            await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed")
            written = (await house.counters())["writes"]
        await home_assistant.process.kill()
        await home_assistant.start()
        async with _reconnected(house, home_assistant):
            await _all_is_back(house, RESTRICT)
            assert await house.cloud() == {CHARGE: False, DISCHARGE: False, RESTRICT: True}
            after = await house.counters()
            assert (after["logins"], after["writes"]) == (before["logins"], written)


async def _all_is_back(house: House, on: str) -> None:
    """Wait until the app is at work again, one control is on, and the toggles show that."""
    await house.shows(f"sensor.{house.name}_jwt", "OK")
    await house.shows(f"binary_sensor.{house.name}_problem", "off")
    for control in CONTROLS:
        state = "on" if control == on else "off"
        await house.shows(house.sensor(control), state, wanted=state, outcome="confirmed")
        await house.shows(house.toggle(control), state)


@asynccontextmanager
async def _reconnected(house: House, home_assistant: HomeAssistant) -> AsyncIterator[None]:
    async with home_assistant.socket() as socket:
        house.home = socket
        yield
