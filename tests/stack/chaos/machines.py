"""Stops, kills, suspends and cheats the programs, one at a time."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from demo.appdaemon import STORE, AppDaemon
from demo.home_assistant import HomeAssistant
from tests.stack.chaos.applog import AppLog
from tests.stack.chaos.catalogue import STORE_TRUNCATED
from tests.stack.chaos.cloud import Cloud
from tests.stack.chaos.diary import Diary, Made
from tests.stack.chaos.home import Home
from tests.stack.chaos.plan import Fault, How
from tests.stack.chaos.weather import Weather, now
from tests.stack.phone import CONTROLS

APP = "chaos"

_BACK_SECONDS = 60.0
_POLL_SECONDS = 0.2
_HEARS_AFTER_SECONDS = 1.0


@dataclass(slots=True)
class Machines:
    """The programs and what is done to them.

    Attributes:
        toggles: The package of Home Assistant that holds the toggles.
        listening: Whether the app runs and hears events, so far as is known.
        touched: The toggles that nobody can flip now.
        cleared: Whether the owner is clearing up after a lost store: nobody wishes anything meanwhile.
        kept: Whether Home Assistant kept what it showed since the app was last at work.
    """

    home_assistant: HomeAssistant
    appdaemon: AppDaemon
    home: Home
    cloud: Cloud
    diary: Diary
    weather: Weather
    log: AppLog
    toggles: Path
    listening: bool = True
    touched: set[str] = field(default_factory=set)
    cleared: bool = False
    kept: bool = True

    async def play(self, faults: Sequence[Fault], seconds: float) -> None:
        """Play faults one after the other, none before its time; what would begin after `seconds` is left out."""
        begun = asyncio.get_running_loop().time()
        acts: Mapping[str, Callable[[float], Awaitable[None]]] = {
            "home assistant stopped": self._home_assistant_stopped,
            "home assistant killed": self._home_assistant_killed,
            "helpers unavailable": self._helpers_unavailable,
            "a helper removed": self._helper_removed,
            "appdaemon killed": self._appdaemon_killed,
            "appdaemon stopped": self._appdaemon_stopped,
            "app reloaded": self._app_reloaded,
            "app restarted": self._app_restarted,
            "machine suspended": self._suspended,
            "store unwritable": self._store_unwritable,
            STORE_TRUNCATED: self._store_truncated,
        }
        for fault in faults:
            await asyncio.sleep(max(0.0, begun + fault.at - asyncio.get_running_loop().time()))
            if asyncio.get_running_loop().time() - begun > seconds:
                return
            with self.weather.spell(fault.kind):
                await acts[fault.kind.name](fault.seconds)

    @property
    def store(self) -> Path:
        """The app's store."""
        return self.appdaemon.folder / STORE / f"{APP}.json"

    def pid(self) -> int | None:
        """Return AppDaemon's process id; None while it does not run."""
        return next((pid for pid, line in children().items() if str(self.appdaemon.folder) in line), None)

    async def _back(self, begun: int) -> None:
        """Wait until the app is at work again: AppDaemon has begun it once more than so many times.

        Raises:
            TimeoutError: It does not come back.
        """
        end = asyncio.get_running_loop().time() + _BACK_SECONDS
        while self.log.follow().begun <= begun:
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"the app did not come back within {_BACK_SECONDS:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(_HEARS_AFTER_SECONDS)
        self.listening = self.kept = True

    # -- Home Assistant -----------------------------------------------------------------------------------------------

    async def _home_assistant_stopped(self, seconds: float) -> None:
        await self._home_assistant_down(self.home_assistant.stop, seconds)

    async def _home_assistant_killed(self, seconds: float) -> None:
        await self._home_assistant_down(self.home_assistant.process.kill, seconds)

    async def _home_assistant_down(self, end: Callable[[], Awaitable[None]], seconds: float) -> None:
        self.listening = self.kept = False
        begun = self.log.follow().begun
        await end()
        # What the app had not heard by then came back, or did not, with what Home Assistant remembers.
        self.diary.lose_unheard("Home Assistant restarted before the app heard of it")
        await asyncio.sleep(seconds)
        await self.home_assistant.start()
        await self._back(begun)

    async def _helpers_unavailable(self, seconds: float) -> None:
        self.touched |= set(CONTROLS)
        try:
            states = await self.home.states()
            toggles = [f"input_boolean.{APP}_{control}" for control in CONTROLS]
            for toggle in toggles:
                await self.home.show(toggle, "unavailable", states[toggle]["attributes"])
            await asyncio.sleep(seconds)
            await self.home.service("homeassistant", "update_entity", entity_id=toggles)
        finally:
            self.touched -= set(CONTROLS)

    async def _helper_removed(self, seconds: float) -> None:
        control = CONTROLS[int(seconds * 10) % len(CONTROLS)]
        self.touched.add(control)
        whole = self.toggles.read_text(encoding="utf-8")
        lines = whole.splitlines(keepends=True)
        begin = next(number for number, line in enumerate(lines) if f"{APP}_{control}:" in line)
        self.toggles.write_text("".join(lines[:begin] + lines[begin + 2 :]), encoding="utf-8")
        try:
            await self.home.service("input_boolean", "reload")
            await asyncio.sleep(seconds)
        finally:
            self.toggles.write_text(whole, encoding="utf-8")
            await self.home.service("input_boolean", "reload")
            self.touched.discard(control)

    # -- AppDaemon ----------------------------------------------------------------------------------------------------

    async def _appdaemon_killed(self, seconds: float) -> None:
        self.listening = False
        await self.appdaemon.process.kill()
        await asyncio.sleep(seconds)
        await self._appdaemon_starts()

    async def _appdaemon_stopped(self, seconds: float) -> None:
        self.listening = False
        await self.appdaemon.stop()
        await asyncio.sleep(seconds)
        await self._appdaemon_starts()

    async def _appdaemon_starts(self) -> None:
        begun = self.log.follow().begun
        await self.appdaemon.start()
        await self._back(begun)

    async def _app_reloaded(self, seconds: float) -> None:
        """Change the app's code as an update does."""
        self.listening, begun = False, self.log.follow().begun
        module = self.appdaemon.folder / "apps" / "enphase-battery" / "enphase_battery" / "app.py"
        module.touch()
        await asyncio.sleep(seconds)
        await self._back(begun)

    async def _app_restarted(self, seconds: float) -> None:
        self.listening, begun = False, self.log.follow().begun
        url = f"{self.appdaemon.url}/api/appdaemon/service/admin/app/restart"
        async with aiohttp.ClientSession() as session, session.post(url, json={"app": APP}) as response:
            await response.read()
        await asyncio.sleep(seconds)
        await self._back(begun)

    async def _suspended(self, seconds: float) -> None:
        """Stop AppDaemon's time, as that of a machine that sleeps."""
        pid = self.pid()
        assert pid is not None
        self.listening = False
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(_HEARS_AFTER_SECONDS)
        self.listening = True

    # -- the store ----------------------------------------------------------------------------------------------------

    async def _store_unwritable(self, seconds: float) -> None:
        """Put a folder in the place where the new file is written: that stops root too."""
        obstacle = self.store.with_suffix(".new")
        while not obstacle.is_dir():  # what was being written when the app was killed lies there still
            obstacle.unlink(missing_ok=True)
            with contextlib.suppress(FileExistsError):
                obstacle.mkdir()
        try:
            await asyncio.sleep(seconds)
        finally:
            obstacle.rmdir()
        # Only what was written by then can outlive what comes next.
        await self.home.fire("enphase_battery_command", app=APP, command="refresh")
        await asyncio.sleep(2)

    async def _store_truncated(self, seconds: float) -> None:
        """Damage the store while AppDaemon is dead; the owner then clears up in the Enphase app, as the docs say."""
        self.listening, self.cleared = False, True
        try:
            await self.appdaemon.process.kill()
            self.diary.lose_unheard("the store was lost")
            content = self.store.read_bytes()
            self.store.write_bytes(content[: len(content) // 2])
            self.cloud.clear_out()
            for control in CONTROLS:
                self.diary.add(Made(now(), control, False, How.PHONE))
            await asyncio.sleep(seconds)
            await self._appdaemon_starts()
        finally:
            self.cleared = False


def children() -> dict[int, str]:
    """Return the command line of every process that this one started, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if int(parent) == os.getpid():
            found[int(folder.name)] = line
    return found
