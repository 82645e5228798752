"""Measures what must not grow: AppDaemon's memory and open files, life by life; and keeps what its admin API tells."""

import asyncio
import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp

from tests.stack.chaos.machines import APP, Machines, children

_EVERY_SECONDS = 2.0
_PAGES_EVERY = 5
_WARM_UP = 10
"""Samples of a life that do not count: the app starts, signs in, reads for the first time."""

_LEAST = 8
_NOT_YET_RUN = (None, "loaded", "created", "initializing")
_KIB = 1024.0


@dataclass(slots=True)
class Gauges:
    """Samples taken every two seconds.

    Attributes:
        folder: Where the admin API's pages and the command lines are kept.
        lives: Per process id of AppDaemon its memory (MiB) and its number of open files, oldest first.
        modes: Every permission that a file of the store was seen with.
    """

    machines: Machines
    folder: Path
    lives: dict[int, list[tuple[float, int]]] = field(default_factory=dict)
    modes: set[int] = field(default_factory=set)

    async def watch(self) -> None:
        """Measure until cancelled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            self._measure()
            self.machines.log.follow()
            if number % _PAGES_EVERY == 0:
                await self._keep_pages(number)
            number += 1
            await asyncio.sleep(_EVERY_SECONDS)

    def growth(self) -> dict[int, tuple[float, int]]:
        """Return by how much memory (MiB) and open files grew from the begin to the end of each life long enough."""
        grown = {}
        for pid, samples in self.lives.items():
            warm = samples[_WARM_UP:]
            if len(warm) >= _LEAST:
                quarter = len(warm) // 4
                begin, end = warm[:quarter], warm[-quarter:]
                memory = median(one for one, _ in end) - median(one for one, _ in begin)
                files = median(two for _, two in end) - median(two for _, two in begin)
                grown[pid] = (round(memory, 1), int(files))
        return grown

    def _measure(self) -> None:
        pid = self.machines.pid()
        if pid is not None:
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
                files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            except (OSError, StopIteration):
                return
            self.lives.setdefault(pid, []).append((int(resident.split()[1]) / _KIB, files))
        for path in (self.machines.store.parent, *self.machines.store.parent.glob("*.json")):
            if path.exists():
                self.modes.add(stat.S_IMODE(path.stat().st_mode))

    async def _keep_pages(self, number: int) -> None:
        lines = "\n".join(children().values())
        (self.folder / f"command-lines-{number}.txt").write_text(lines, encoding="utf-8")
        timeout = aiohttp.ClientTimeout(_EVERY_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self.machines.appdaemon.url}/api/appdaemon/state") as response,
            ):
                page = await response.read()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return  # it is down, or suspended
        # Until the app's code runs AppDaemon shows the arguments as they are; nobody but AppDaemon can change that.
        if _state_of_app(page) not in _NOT_YET_RUN:
            (self.folder / f"admin-{number}.json").write_bytes(page)


def _state_of_app(page: bytes) -> str | None:
    """Return how far AppDaemon says the app is; None when it does not know it."""
    shown: dict[str, str] = json.loads(page)["state"]["admin"].get(f"app.{APP}", {})
    return shown.get("state")
