"""With one line in appdaemon.yaml AppDaemon does not look at the app's code; all else goes on as ever."""

from pathlib import Path

import aiohttp

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from demo.websocket import HomeAssistantSocket
from tests.stack.house import House, answer
from tests.stack.minutes import eventually
from tests.stack.phone import CHARGE
from tests.stack.programs import OpenHouse, appdaemon_in, house_in

_REMEDY = "`exclude_dirs: [enphase_battery]` in appdaemon.yaml"


async def test_edits_and_restarts_work_although_appdaemon_does_not_look_at_the_code(
    open_house: OpenHouse, appdaemon: AppDaemon
) -> None:
    async with open_house("unseen") as house:
        await house.signed_in()
        assert _REMEDY not in await _diagnosis(house)

        (appdaemon.folder / "apps" / "enphase-battery" / "enphase_battery" / "app.py").touch()
        appdaemon.add_app(house.name, house.simulator.url, **{**house.settings(house.name), "poll": 75})
        await house.shows(f"binary_sensor.{house.name}_problem", "off", poll="75")
        assert "Modified Python files" not in appdaemon.process.output(), "it has looked at the code"

        await _restart(appdaemon, house)
        await house.flip(CHARGE, "on")
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")
        assert (await house.counters())["logins"] == 1

        await appdaemon.remove_app(house.name)
        appdaemon.add_app(house.name, house.simulator.url, **house.settings(house.name))
        await house.shows(f"binary_sensor.{house.name}_problem", "off", poll="60")
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")


async def test_where_it_parses_the_code_each_second_the_report_tells_the_remedy(
    folder: Path, home_assistant: HomeAssistant, home: HomeAssistantSocket
) -> None:
    own = folder / "parsed"
    async with (
        appdaemon_in(own, home_assistant, options={}) as appdaemon,
        house_in(own, appdaemon, home, "unseen") as house,
    ):
        await house.signed_in()
        assert _REMEDY in await _diagnosis(house)


async def _diagnosis(house: House) -> str:
    results = await house.home.subscribe("enphase_battery_result")
    await house.command(command="diagnose", id="look")
    return str((await answer(results, "look"))["report"]["text"])


async def _restart(appdaemon: AppDaemon, house: House) -> None:
    """Have AppDaemon restart the app, and wait until it has begun it."""
    begun = f"Calling initialize() for {house.name}"
    before = appdaemon.process.output().count(begun)
    url = f"{appdaemon.url}/api/appdaemon/service/admin/app/restart"
    async with aiohttp.ClientSession() as session, session.post(url, json={"app": house.name}) as response:
        response.raise_for_status()

    async def check() -> None:
        assert appdaemon.process.output().count(begun) > before

    await eventually(check)
