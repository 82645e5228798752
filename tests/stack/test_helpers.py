"""The app creates the toggles that Home Assistant does not have."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
import yaml

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from demo.lane import CHECKOUT
from demo.ports import free_port
from demo.processes import running
from tests.stack.house import House
from tests.stack.phone import CHARGE, CONTROLS
from tests.stack.programs import UNFURNISHED, OpenHouse, appdaemon_in

# These tests have both programs for themselves: the shared Home Assistant has the project's package with its toggles.


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    package = folder / "bare.yaml"
    package.write_text("input_boolean:\n", encoding="utf-8")
    bare = HomeAssistant(folder / "bare", folder / "bare.log", free_port())
    bare._packages = [package]
    async with running(bare):
        yield bare


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def appdaemon(folder: Path, home_assistant: HomeAssistant) -> AsyncIterator[AppDaemon]:
    async with appdaemon_in(folder / "bare-appdaemon", home_assistant) as started:
        yield started


async def test_missing_toggles_are_created_once_and_work_over_restarts(
    open_house: OpenHouse, home_assistant: HomeAssistant, appdaemon: AppDaemon
) -> None:
    async with open_house(UNFURNISHED, create_helpers=True) as house:
        await house.signed_in()
        await _toggles_are(house, dict.fromkeys(CONTROLS, "off"))

        await house.flip(CHARGE, "on")
        await house.shows(house.sensor(CHARGE), "on", wanted="on", outcome="confirmed")

        await appdaemon.stop()
        await appdaemon.start()
        await house.flip(CHARGE, "off")
        await house.shows(house.sensor(CHARGE), "off", wanted="off", outcome="confirmed")
        await _toggles_are(house, dict.fromkeys(CONTROLS, "off"))

        await house.flip(CHARGE, "on")
        await house.shows(house.sensor(CHARGE), "on", wanted="on", outcome="confirmed")
        await home_assistant.stop()
        await home_assistant.start()
        async with home_assistant.socket() as house.home:
            await house.shows(house.sensor(CHARGE), "on", wanted="on", outcome="confirmed")
            await _toggles_are(house, {**dict.fromkeys(CONTROLS, "off"), CHARGE: "on"})


async def _toggles_are(house: House, states: dict[str, str]) -> None:
    """Check that there are the toggles of the project's package, so named, in these states, and no others."""
    package: dict[str, Any] = yaml.safe_load((CHECKOUT / "home_assistant" / "package.yaml").read_text(encoding="utf-8"))
    for control, state in states.items():
        toggle = package["input_boolean"][f"enphase_{control}"]
        await house.shows(house.toggle(control), state, friendly_name=toggle["name"], icon=toggle["icon"])
    toggles = {entity for entity in await house.home.states() if entity.startswith("input_boolean.")}
    assert toggles == {house.toggle(control) for control in CONTROLS}
    assert await house.home.call("input_boolean/list") == [
        {"id": one, **rest} for one, rest in package["input_boolean"].items()
    ]
