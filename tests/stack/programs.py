"""The programs of the stack, as the tests run them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import yaml

from demo.appdaemon import LEFT_ALONE, AppDaemon
from demo.home_assistant import HomeAssistant
from demo.ports import free_port
from demo.processes import running
from demo.simulator import NEWEST_ERA, Simulator
from demo.websocket import HomeAssistantSocket
from tests.stack.house import House

# Home Assistant gives AppDaemon no news of toggles that appear later, so all houses get theirs before it starts.
HOUSES = (
    *("newest", "guide", "commands", "scripts", "restarts", "faulty", "secretive"),
    *("switched", "tariff", "orphaned", "boosted", "running", "pictured", "unseen", "checked", "sound"),
)

# This one is to get its toggles from the app, under their usual names.
UNFURNISHED = "enphase"

TIRELESS = Path(__file__).with_name("tireless_battery.py")
"""A subclass of the app whose limits are lifted, for the few who would have to wait for hours, or for polls."""

# Until the gateway has what the cloud was told; the demo's takes longer.
ACTIVATION_SECONDS = 1

OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@asynccontextmanager
async def home_assistant_in(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant with the project's package and the toggles of all houses."""
    toggles = {name: toggle for house in HOUSES for name, toggle in House.helpers(house).items()}
    package = folder / "houses.yaml"
    package.parent.mkdir(exist_ok=True)
    package.write_text(yaml.safe_dump({"input_boolean": toggles}), encoding="utf-8")
    home_assistant = HomeAssistant(folder / "home-assistant", folder / "home-assistant.log", free_port(), [package])
    async with running(home_assistant):
        yield home_assistant


@asynccontextmanager
async def appdaemon_in(
    folder: Path,
    home_assistant: HomeAssistant,
    options: Mapping[str, object] = LEFT_ALONE,
    subclass: Path | None = None,
) -> AsyncIterator[AppDaemon]:
    """Run an AppDaemon without any app; it does not look at the app's code, unless `options` are others."""
    log, port = folder / "appdaemon.log", free_port()
    appdaemon = AppDaemon(
        folder / "appdaemon", log, home_assistant, port, follow_edits=False, options=options, subclass=subclass
    )
    async with running(appdaemon):
        yield appdaemon


@asynccontextmanager
async def house_in(
    folder: Path,
    appdaemon: AppDaemon,
    home: HomeAssistantSocket,
    name: str,
    era: str = NEWEST_ERA,
    *,
    furnish: Callable[[House], Awaitable[None]] | None = None,
    **settings: object,
) -> AsyncIterator[House]:
    """Open a house: a cloud, and an instance of the app that is configured for it once `furnish` is done.

    When it closes, whatever went on in it, what its owner made in the Enphase app stands as the owner left it.
    """
    assert name in {*HOUSES, UNFURNISHED}
    async with running(Simulator(folder / f"simulator-{name}.log", era)) as simulator:
        await simulator.switch(activation_delay=ACTIVATION_SECONDS)
        house = House(name, simulator, home)
        if furnish is not None:
            await furnish(house)
        house.found = await house.account()
        appdaemon.add_app(name, simulator.url, **{**House.settings(name), **settings})
        try:
            yield house
        finally:
            await appdaemon.remove_app(name)
        await house.phone.check()
