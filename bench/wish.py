"""From a wish to what comes of it: the app against the bare requests, and against the way of the REST guide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import perf_counter

from bench import guide
from bench.cloud import GUIDE_ERA, NEWEST_ERA, Cloud
from bench.floor import Replay
from bench.house import App, Rooms, home
from bench.table import Figure, Mark
from simulator import Request

ROUND_TRIPS = (0.0, 0.05, 0.2)

SETTLE = 1.0
"""The guide's pause between validation and write, in seconds, for the app that is told to make it, too."""

_BREATH = 0.1
_AFTER_A_DELETION = 2.0
"""Seconds that the app leaves between the deletion of an entry and the next that it writes."""

_NEAR_THE_FLOOR = Mark(at_most=30.0)
_TIMES_FASTER = {0.0: 3.0, 0.05: 3.0, 0.2: 2.0}
_APP, _SETTLED, _FLOOR, _GUIDE = "app (default)", "app, settle 1", "bare requests", "the guide's way"


@dataclass(slots=True)
class Times:
    """Milliseconds of every wish of one way, in their order.

    Attributes:
        changed: From the wish until the cloud's model has changed.
        done: Until the confirmed state is back in Home Assistant; the bare requests: until the last answer is there.
    """

    changed: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)


async def measure(rounds: int, round_trips: Sequence[float], *, in_memory: bool) -> dict[str, list[Figure]]:
    """Measure all ways in both eras at some distances; each round has one wish on and one off of each way, in turn.

    Args:
        rounds: How many.
        round_trips: In seconds.
        in_memory: With all files in memory, so that nobody waits for the disk.

    Returns:
        The figures by where they were measured.
    """
    figures: dict[str, list[Figure]] = {}
    clouds = [Cloud(GUIDE_ERA), Cloud(NEWEST_ERA)]
    names = [f"{kind}{number}" for number in range(len(clouds)) for kind in ("default", "settled")]
    async with AsyncExitStack() as stack:
        for cloud in clouds:
            await stack.enter_async_context(cloud.running())
        packages = {"guide": guide.package(clouds[0].distance.url)}
        rooms = await stack.enter_async_context(home(names, packages, in_memory=in_memory))
        apps = {
            f"{kind}{number}": App(cloud.distance.url, keys)
            for number, cloud in enumerate(clouds)
            for kind, keys in (("default", {}), ("settled", {"settle": SETTLE}))
        }
        await stack.enter_async_context(rooms.appdaemon("appdaemon", apps))
        await guide.sign_in(rooms.home_assistant, clouds[0])
        for number, cloud in enumerate(clouds):
            # What an era with entries takes more is the same at any distance: the longest can be spared there.
            for round_trip in round_trips if cloud.era == GUIDE_ERA else round_trips[:2]:
                figures.update(await _Contest(rooms, cloud, number).run(rounds, round_trip))
    return figures


class _Contest:
    """All ways in one cloud, at one distance."""

    def __init__(self, rooms: Rooms, cloud: Cloud, number: int) -> None:
        self._rooms = rooms
        self._cloud = cloud
        self._sent: dict[bool, tuple[Request, ...]] = {}
        self._ways: dict[str, Callable[[bool], Awaitable[float]]] = {
            _APP: lambda on: self._wish(f"default{number}", on),
            _FLOOR: lambda on: Replay(cloud.distance.url, self._sent[on]).play(),
            _SETTLED: lambda on: self._wish(f"settled{number}", on),
        }
        if cloud.era == GUIDE_ERA:
            self._ways[_GUIDE] = self._run_script

    async def run(self, rounds: int, round_trip: float) -> dict[str, list[Figure]]:
        """Measure so many rounds after one that does not count."""
        self._cloud.distance.round_trip = round_trip
        times = {way: {on: Times() for on in (True, False)} for way in self._ways}
        for counts in (False, *(True for _ in range(rounds))):
            if self._cloud.era != GUIDE_ERA:
                await asyncio.sleep(_AFTER_A_DELETION)
            for way in self._ways:
                for on in (True, False):
                    changed, done = await self._time(way, on)
                    if counts:
                        times[way][on].changed.append(changed)
                        times[way][on].done.append(done)
        where = f"{self._cloud.era}, round trip {1000 * round_trip:.0f} ms"
        if self._cloud.era != GUIDE_ERA:
            return {
                f"{where}, {'on' if on else 'off'}": list(
                    _figures({way: both[on] for way, both in times.items()}, round_trip)
                )
                for on in (True, False)
            }
        # Without entries on and off are the same requests.
        joined = {
            way: Times(both[True].changed + both[False].changed, both[True].done + both[False].done)
            for way, both in times.items()
        }
        return {where: list(_figures(joined, round_trip))}

    async def _time(self, way: str, on: bool) -> tuple[float, float]:
        # Like the first wish after a while: nobody has an open connection, and nothing else goes on.
        self._cloud.distance.hang_up()
        await asyncio.sleep(_BREATH)
        self._rooms.forget()
        self._cloud.asked.clear()
        changed = self._cloud.becomes(on)
        begun = perf_counter()
        done = await self._ways[way](on)
        if way == _APP:
            self._sent[on] = tuple(self._cloud.asked)
        return 1000 * (await changed - begun), 1000 * (done - begun)

    async def _wish(self, name: str, on: bool) -> float:
        await self._rooms.flip(name, on)
        return await self._rooms.shows(name, on=on)

    async def _run_script(self, on: bool) -> float:
        await guide.wish(self._rooms.socket, on)
        return perf_counter()


def _figures(times: dict[str, Times], round_trip: float) -> Iterator[Figure]:
    """Yield what there is to say: first to the change in the cloud, then to the confirmed state."""
    app, settled, floor = times[_APP], times[_SETTLED], times[_FLOOR]
    for way, one in times.items():
        yield Figure(f"to the change in the cloud: {way}", "ms", one.changed)
    yield Figure("app (default) above bare requests", "ms", _above(app.changed, floor.changed), _NEAR_THE_FLOOR)
    above = _above(settled.changed, floor.changed, 1000 * SETTLE)
    yield Figure("app, settle 1, above bare requests, settling left out", "ms", above, _NEAR_THE_FLOOR)
    if _GUIDE in times:
        slow = times[_GUIDE].changed
        faster = [other / one for other, one in zip(slow, app.changed, strict=True)]
        yield Figure("the guide's way / app (default)", "times", faster, Mark(at_least=_TIMES_FASTER[round_trip]))
        yield Figure("app (default) before the guide's way", "ms", _above(slow, app.changed))
        yield Figure("app, settle 1, above the guide's way", "ms", _above(settled.changed, slow))
    for way in (_APP, _SETTLED, _FLOOR):
        yield Figure(f"to confirmed: {way}", "ms", times[way].done)
    yield Figure("to confirmed: app (default) above bare requests", "ms", _above(app.done, floor.done), _NEAR_THE_FLOOR)


def _above(some: Sequence[float], others: Sequence[float], off: float = 0.0) -> list[float]:
    return [one - other - off for one, other in zip(some, others, strict=True)]
