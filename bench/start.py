"""From AppDaemon's call of `initialize` to the first confirmed state in Home Assistant."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

import aiohttp

from bench.cloud import NEWEST_ERA, Cloud
from bench.house import App, Installation, Rooms, home
from bench.table import Figure, Mark
from demo.appdaemon import STORE
from demo.home_assistant import TIME_ZONE
from tests.stack.phone import CONTROLS

_NAME = "starts"
_CALLED = re.compile(rf"^(\S+ \S+) INFO AppDaemon: Calling initialize\(\) for {_NAME}$", re.MULTILINE)
_OVERHEAD = 1000.0
_STOPS_IN_SECONDS = 0.5


async def measure(times: int, round_trips: Sequence[float]) -> list[Figure]:
    """Start the app so often in each of three ways: signed in, its session ended meanwhile, and for the first time."""
    cloud, figures = Cloud(NEWEST_ERA), []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(cloud.running())
        rooms = await stack.enter_async_context(home([_NAME]))
        appdaemon = await stack.enter_async_context(rooms.appdaemon("appdaemon", {_NAME: App(cloud.distance.url)}))
        cloud.set(login_limit=0)
        for round_trip in round_trips:
            cloud.distance.round_trip = round_trip
            for how in ("with a living session", "whose session has ended", "for the first time"):
                taken, asked = [], 0
                for _ in range(times):
                    taken.append(await _start(rooms, appdaemon, cloud, how))
                    asked = len(cloud.asked)
                # One round trip for each request, and one for the connection.
                mark = Mark(at_most=_OVERHEAD + 1000 * round_trip * (asked + 1))
                what = f"start {how}, round trip {1000 * round_trip:.0f} ms, {asked} requests"
                figures.append(Figure(what, "ms", taken, mark))
    return figures


async def _start(rooms: Rooms, appdaemon: Installation, cloud: Cloud, how: str) -> float:
    """Stop the app and start it; return the milliseconds."""
    await appdaemon.app("stop", _NAME)
    await asyncio.sleep(_STOPS_IN_SECONDS)  # the service only says that it will be done
    if how == "whose session has ended":
        cloud.expire_sessions()
    elif how == "for the first time":
        (appdaemon.folder / STORE / f"{_NAME}.json").unlink()
        (appdaemon.folder / STORE / f"{_NAME}.backup.json").unlink(missing_ok=True)
    await _blur(rooms)
    cloud.distance.hang_up()
    rooms.forget()
    cloud.asked.clear()
    await appdaemon.app("start", _NAME)
    await rooms.shows(_NAME, on=False)
    shown = time.time()
    called = _CALLED.findall(appdaemon.process.output())[-1]
    begun = datetime.strptime(called, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=ZoneInfo(TIME_ZONE))
    return 1000 * (shown - begun.timestamp())


async def _blur(rooms: Rooms) -> None:
    """Have Home Assistant show something else, so that the same state as before is seen to come."""
    url = rooms.home_assistant.url
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {rooms.home_assistant.token}"}) as session:
        for control in CONTROLS:
            state = {"state": "unknown", "attributes": {}}
            async with session.post(f"{url}/api/states/binary_sensor.{_NAME}_{control}", json=state) as answer:
                answer.raise_for_status()
