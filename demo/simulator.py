"""The simulated Enlighten cloud as a process, with its control API."""

import re
from pathlib import Path
from typing import Any

import aiohttp

from demo.lane import CHECKOUT
from demo.processes import Process

NEWEST_ERA = "2026-07"

_START_SECONDS = 30.0
_READY = re.compile(r"^Simulator ready: (http://\S+)$", re.MULTILINE)


class Simulator:
    """One cloud with one site; it forgets everything when it ends."""

    def __init__(self, log: Path, era: str = NEWEST_ERA) -> None:
        """Simulate the cloud as it was in `era` (year and month)."""
        self.era = era
        self.url = ""
        python = CHECKOUT / ".venv" / "bin" / "python"
        self.process = Process("the simulator", [python, "-u", "-m", "simulator", "--port", "0", "--era", era], log)

    async def start(self) -> None:
        """Start it and learn its address.

        Raises:
            StartError: it ended, or was not ready in time.
        """
        await self.process.start()
        await self.process.until(self._ready, _START_SECONDS)

    async def stop(self) -> None:
        """End it."""
        await self.process.stop()

    async def control(self, what: str) -> Any:
        """Read `what` of the control API: `model`, `enforcement`, `requests` or `counters`."""
        return await self._call("GET", what)

    async def tell(self, what: str, **body: Any) -> Any:
        """Post to `what` of the control API (`battery`, `app/settings`, `app/schedules`); return its answer."""
        return await self._call("POST", what, json=body)

    async def switch(self, **switches: Any) -> None:
        """Change how the simulator behaves."""
        await self._call("PATCH", "switches", json=switches)

    async def _call(self, method: str, what: str, **more: Any) -> Any:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.request(method, f"{self.url}/__control/{what}", **more) as response,
        ):
            return await response.json()

    async def _ready(self) -> bool:
        found = _READY.search(self.process.output())
        if found:
            self.url = found[1]
        return found is not None
