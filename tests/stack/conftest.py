"""A real Home Assistant and a real AppDaemon for the whole run; each test brings its own house into them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from demo.websocket import HomeAssistantSocket
from tests.stack.programs import OpenHouse, appdaemon_in, home_assistant_in, house_in

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and let it share one event loop with the stack that it uses."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.stack)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the whole run keeps its files."""
    return tmp_path_factory.mktemp("stack")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    """The Home Assistant that the tests share."""
    async with home_assistant_in(folder) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def appdaemon(folder: Path, home_assistant: HomeAssistant) -> AsyncIterator[AppDaemon]:
    """The AppDaemon that the tests share."""
    async with appdaemon_in(folder, home_assistant) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(home_assistant: HomeAssistant) -> AsyncIterator[HomeAssistantSocket]:
    """A connection to Home Assistant."""
    async with home_assistant.socket() as socket:
        yield socket


@pytest.fixture(scope="module")
def open_house(folder: Path, appdaemon: AppDaemon, home: HomeAssistantSocket) -> OpenHouse:
    """Return what opens a house in the programs that the tests share."""
    return partial(house_in, folder, appdaemon, home)
