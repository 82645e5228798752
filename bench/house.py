"""A real Home Assistant and real AppDaemons for the length of a block, with instances of the app in them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

import aiohttp
import yaml

from demo.appdaemon import LEFT_ALONE, AppDaemon
from demo.home_assistant import HomeAssistant
from demo.ports import free_port
from demo.processes import running
from demo.websocket import Event, HomeAssistantSocket
from tests.stack.house import House
from tests.stack.phone import DISCHARGE
from tests.stack.programs import TIRELESS

NONE: Mapping[str, Any] = MappingProxyType({})

# Nothing but what is measured may ask the cloud meanwhile.
_UNDISTURBED = {"poll": "06:00:00", "consistency": "00:02:00", "lead": "00:15:00", "log_level": "INFO"}
_UNLIMITED = {"requests_per_hour": 1_000_000}

_PATIENCE_SECONDS = 60.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder with a name that nobody knows is made in it
_MEMORY = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None


@dataclass(frozen=True, slots=True)
class App:
    """An instance of the app.

    Attributes:
        url: Of its cloud.
        settings: More keys of its configuration.
    """

    url: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class Installation(AppDaemon):
    """An AppDaemon in which all apps are configured when it starts; they may do everything as often as is measured.

    Args:
        folder: Where it keeps everything, its log included.
        home_assistant: What it connects to.
        options: More keys of AppDaemon's own section in its configuration.
        has_files: Whether the app's files are in it.
    """

    def __init__(
        self, folder: Path, home_assistant: HomeAssistant, *, options: Mapping[str, object], has_files: bool
    ) -> None:
        log = folder / "appdaemon.log"
        subclass = TIRELESS if has_files else None
        super().__init__(
            folder, log, home_assistant, free_port(), follow_edits=False, options=options, subclass=subclass
        )
        self._has_files = has_files
        (folder / "apps").mkdir(parents=True)

    async def app(self, service: str, name: str) -> None:
        """Call a service of AppDaemon for an app: `start`, `stop`, `restart`."""
        url = f"{self.url}/api/appdaemon/service/admin/app/{service}"
        async with aiohttp.ClientSession() as session, session.post(url, json={"app": name}) as answer:
            await answer.read()

    def _write_configuration(self) -> None:
        super()._write_configuration()
        if not self._has_files:
            shutil.rmtree(self.folder / "apps" / "enphase-battery")


@dataclass(slots=True)
class Rooms:
    """The programs, and what is watched in them.

    Attributes:
        folder: Where they keep their files.
        home_assistant: The one Home Assistant.
        socket: A connection to it.
        changes: Every change of a state in it.
    """

    folder: Path
    home_assistant: HomeAssistant
    socket: HomeAssistantSocket
    changes: asyncio.Queue[Event]

    @asynccontextmanager
    async def appdaemon(
        self,
        name: str,
        apps: Mapping[str, App] = NONE,
        *,
        parses: bool = False,
        has_files: bool = True,
    ) -> AsyncIterator[Installation]:
        """Run an AppDaemon of its own; every app in it has read its cloud.

        Args:
            name: Of its folder.
            apps: The apps in it, by their names.
            parses: Whether it parses the app's code each second; else that is left alone, as the pages recommend.
            has_files: Whether the app's files are in it.
        """
        options = NONE if parses else LEFT_ALONE
        one = Installation(self.folder / name, self.home_assistant, options=options, has_files=has_files)
        for each, app in apps.items():
            one.add_app(each, app.url, **{**House.settings(each), **_UNDISTURBED, **_UNLIMITED, **app.settings})
        self.forget()
        async with running(one):
            await asyncio.wait_for(self._all_show(set(apps)), _PATIENCE_SECONDS)
            yield one

    async def flip(self, name: str, on: bool) -> None:
        """Turn the toggle for discharge to grid, as a person does in the browser."""
        toggle = f"input_boolean.{name}_{DISCHARGE}"
        await self.socket.call_service("input_boolean", "turn_on" if on else "turn_off", entity_id=toggle)

    async def shows(self, name: str, *, on: bool) -> float:
        """Wait until Home Assistant is told that discharge to grid is confirmed to be so.

        Returns:
            The moment, of the performance counter.

        Raises:
            TimeoutError: It is not within a minute.
        """
        while await asyncio.wait_for(self._confirmed(), _PATIENCE_SECONDS) != (name, "on" if on else "off"):
            pass
        return perf_counter()

    def forget(self) -> None:
        """Look only at what comes from now on."""
        while not self.changes.empty():
            self.changes.get_nowait()

    async def _all_show(self, names: set[str]) -> None:
        while names:
            name, _ = await self._confirmed()
            names.discard(name)

    async def _confirmed(self) -> tuple[str, str]:
        """Wait for the next confirmed state of discharge to grid; return whose it is, and what."""
        while True:
            data = (await self.changes.get())["data"]
            entity, new = data["entity_id"], data["new_state"]
            if new and {"outcome": "confirmed", "wanted": new["state"]}.items() <= new["attributes"].items():
                return entity.removeprefix("binary_sensor.").removesuffix(f"_{DISCHARGE}"), new["state"]


@asynccontextmanager
async def home(
    names: Sequence[str], packages: Mapping[str, str] = NONE, *, in_memory: bool = False
) -> AsyncIterator[Rooms]:
    """Run a Home Assistant with the toggles of all instances, and with more packages, by their names.

    With `in_memory` no file is on a disk, where the machine has a place for that.
    """
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_MEMORY if in_memory else None) as temporary:
        folder = Path(temporary)
        toggles = {name: toggle for one in names for name, toggle in House.helpers(one).items()}
        files = {"toggles": yaml.safe_dump({"input_boolean": toggles}), **packages}
        paths = [folder / f"{name}.yaml" for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        log = folder / "home-assistant.log"
        async with (
            running(HomeAssistant(folder / "home-assistant", log, free_port(), paths)) as home_assistant,
            home_assistant.socket() as socket,
        ):
            yield Rooms(folder, home_assistant, socket, await socket.subscribe("state_changed"))
