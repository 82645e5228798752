"""What the app adds to an AppDaemon in which nothing happens but what the app does by itself.

Beside each AppDaemon with the app runs one without, in the same Home Assistant and at the same time; what is shown is
the difference.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from bench.cloud import NEWEST_ERA, Cloud
from bench.house import App, home
from bench.load import Load
from bench.table import Figure, Mark

_SAMPLES = 20
_WARM_UP_SECONDS = 10.0
_LIGHT, _IDLE = Mark(at_most=15.0), Mark(at_most=0.1)
_EMPTY, _RESTING, _PARSED = range(3)


async def measure(rounds: int, seconds: float) -> list[Figure]:
    """Measure so many sets of AppDaemons side by side, for some seconds in which there are two polls.

    AppDaemon parses every Python file below its apps folder each second, to see what has changed, unless it is told to
    leave them alone. So each set is three of them: without the app, with it, and with it while its files are parsed.
    """
    cloud = Cloud(NEWEST_ERA)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(cloud.running())
        rooms = await stack.enter_async_context(
            home([f"{kind}{number}" for number in range(rounds) for kind in ("rests", "parsed")])
        )
        app, houses = App(cloud.distance.url, {"poll": seconds / 2}), []
        for number in range(rounds):
            rests, parsed = f"rests{number}", f"parsed{number}"
            kinds = (
                rooms.appdaemon(f"empty{number}", has_files=False),
                rooms.appdaemon(rests, {rests: app}),
                rooms.appdaemon(parsed, {parsed: app}, parses=True),
            )
            houses.append([await stack.enter_async_context(kind) for kind in kinds])
        await asyncio.sleep(_WARM_UP_SECONDS)
        seen = [_Seen([[Load.of(one) for one in house]], seconds) for house in houses]
        for _ in range(_SAMPLES):
            await asyncio.sleep(seconds / _SAMPLES)
            for one, house in zip(seen, houses, strict=True):
                one.samples.append([Load.of(each) for each in house])

    def memory(what: str, kind: int, less: int | None = None, mark: Mark | None = None) -> Figure:
        return Figure(f"{what}, memory", "MiB", [one.memory(kind, less) for one in seen], mark)

    def share(what: str, kind: int, less: int | None = None, mark: Mark | None = None) -> Figure:
        return Figure(f"{what}, share of a core", "%", [one.share(kind, less) for one in seen], mark)

    return [
        memory("AppDaemon without the app", _EMPTY),
        memory("the app adds", _RESTING, _EMPTY, _LIGHT),
        memory("AppDaemon's look at the app's files adds", _PARSED, _RESTING),
        share("AppDaemon without the app", _EMPTY),
        share(f"the app adds in {seconds:.0f} s with two polls", _RESTING, _EMPTY, _IDLE),
        share("AppDaemon's look at the app's files adds", _PARSED, _RESTING),
    ]


@dataclass(slots=True)
class _Seen:
    """What a set of AppDaemons was seen to take, oldest first."""

    samples: list[list[Load]]
    seconds: float

    def memory(self, kind: int, less: int | None) -> float:
        """Return a kind's memory, less that of another (MiB)."""
        return median(one[kind].memory - (0.0 if less is None else one[less].memory) for one in self.samples)

    def share(self, kind: int, less: int | None) -> float:
        """Return a kind's share of a core, less that of another (percent)."""
        first, last = self.samples[0], self.samples[-1]
        taken = [100 * (one.processor - other.processor) / self.seconds for one, other in zip(last, first, strict=True)]
        return taken[kind] - (0.0 if less is None else taken[less])
