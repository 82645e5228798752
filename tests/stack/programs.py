"""The two programs of the stack, as the tests run them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import yaml

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from demo.ports import free_port
from demo.processes import running
from tests.stack.house import House

# Home Assistant gives AppDaemon no news of toggles that appear later, so all houses get theirs before it starts.
HOUSES = ("newest", "guide", "windows", "commands", "scripts", "restarts", "faulty", "secretive")

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
async def appdaemon_in(folder: Path, home_assistant: HomeAssistant) -> AsyncIterator[AppDaemon]:
    """Run an AppDaemon without any app."""
    log, port = folder / "appdaemon.log", free_port()
    async with running(AppDaemon(folder / "appdaemon", log, home_assistant, port, follow_edits=False)) as appdaemon:
        yield appdaemon
