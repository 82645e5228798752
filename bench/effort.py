"""What a wish takes of the processor in a real AppDaemon, all that AppDaemon does for it included."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from bench.cloud import GUIDE_ERA, NEWEST_ERA, Cloud
from bench.house import App, Rooms, home
from bench.load import Load
from bench.table import Figure
from demo.websocket import Event
from tests.stack.phone import DISCHARGE

_WISHES = 30
"""Of each instance in a round: no more requests in an hour than the default budget lets through."""

_PATIENCE_SECONDS = 60.0


async def measure(rounds: int) -> list[Figure]:
    """Have wishes confirmed that come as commands, one after the other; each round has an AppDaemon of its own.

    All files are kept in memory where the machine has such a place: what the disk takes is measured elsewhere.
    """
    taken: dict[str, list[float]] = {era: [] for era in (GUIDE_ERA, NEWEST_ERA)}
    names = [f"busy{number}" for number in range(rounds * len(taken))]
    async with AsyncExitStack() as stack:
        rooms = await stack.enter_async_context(home(names, in_memory=True))
        results = await rooms.socket.subscribe("enphase_battery_result")
        eras = [era for _ in range(rounds) for era in taken]
        for name, era in zip(names, eras, strict=True):
            cloud = Cloud(era)
            async with cloud.running():
                app = {name: App(cloud.distance.url, {})}
                async with rooms.appdaemon(f"{name}-in", app) as appdaemon:
                    before = Load.of(appdaemon)
                    await _wishes(rooms, name, results)
                    taken[era].append(1000 * (Load.of(appdaemon).processor - before.processor) / _WISHES)
    return [Figure(f"processor time of AppDaemon for a wish, {era}", "ms", values) for era, values in taken.items()]


async def _wishes(rooms: Rooms, name: str, results: asyncio.Queue[Event]) -> None:
    """Wish on and off in turn, each as soon as the last one is confirmed.

    Raises:
        RuntimeError: One was not.
    """
    for number in range(_WISHES):
        wish = {"command": "set", "control": DISCHARGE, "state": "off" if number % 2 else "on", "id": str(number)}
        await rooms.socket.fire("enphase_battery_command", app=name, **wish)
        outcome = "pending"
        while outcome == "pending":
            data = (await asyncio.wait_for(results.get(), _PATIENCE_SECONDS))["data"]
            outcome = data["outcome"]
        if (outcome, data["id"]) != ("confirmed", str(number)):
            raise RuntimeError(f"a wish was not confirmed: {data}")
    rooms.forget()
