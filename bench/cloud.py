"""The simulated cloud inside the benchmark's own process: it says to the moment when a wish has changed it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from bench.distance import Distance
from simulator import Request, Response, Simulator, Switches

NEWEST_ERA, GUIDE_ERA = "2026-07", "2025-07"


class Cloud(Simulator):
    """A cloud with one site whose gateway takes everything at once, at some distance.

    Attributes:
        distance: The way to it; clients use its address.
        asked: The requests since they were last forgotten, oldest first.
    """

    def __init__(self, era: str) -> None:
        """Simulate the cloud of an era."""
        super().__init__(Switches(auth_era=era, activation_delay=0.0), seed=1)
        self.era = era
        self.distance = Distance()
        self.asked: list[Request] = []
        self._changes: dict[bool, asyncio.Future[float]] = {}

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[None]:
        """Serve for the length of a block, at `port` of this machine; 0 takes a free one."""
        async with self.serve() as near, self.distance.to(near, port):
            yield

    def handle(self, request: Request) -> Response:
        """Answer a request, and note when it did what somebody waits for."""
        response = super().handle(request)
        self.asked.append(request)
        if request.method == "PUT" and self._changes and (waiting := self._changes.pop(self.discharges(), None)):
            waiting.set_result(perf_counter())
        return response

    def discharges(self) -> bool:
        """Return whether discharge to grid is switched on in the cloud."""
        cloud: Any = self.model()["cloud"]
        return bool(cloud["dtgControl"]["enabled"])

    def becomes(self, on: bool) -> asyncio.Future[float]:
        """Return what will be the moment (of the performance counter) at which discharge to grid is switched so."""
        self._changes[on] = asyncio.get_running_loop().create_future()
        return self._changes[on]
