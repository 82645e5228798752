"""`make bench`: measure everything in one run, and print it as one table, section by section."""

import argparse
import asyncio
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from bench import counts, effort, loop, many, planning, rest, start, ways, wish
from bench.table import lines

_BUSY = 1.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        tables: How many of the tables of requests are counted; None: all.
        rounds: Of wishes.
        round_trips: In seconds.
        starts: Of each kind.
        calls: Of each function of the rules.
        houses: Sets of AppDaemons at rest.
        rest: Seconds of rest.
        wishes: To see the memory stay flat.
        efforts: AppDaemons in each era in which wishes are weighed.
        storm: Seconds; 0: none.
    """

    tables: int | None
    rounds: int
    round_trips: tuple[float, ...]
    starts: int
    calls: int
    houses: int
    rest: float
    wishes: int
    efforts: int
    storm: float


_FULL = Extent(
    tables=None,
    rounds=4,
    round_trips=wish.ROUND_TRIPS,
    starts=5,
    calls=100,
    houses=2,
    rest=600.0,
    wishes=10_000,
    efforts=2,
    storm=60.0,
)
_QUICK = Extent(
    tables=1,
    rounds=1,
    round_trips=wish.ROUND_TRIPS[1:2],
    starts=1,
    calls=20,
    houses=1,
    rest=15.0,
    wishes=200,
    efforts=1,
    storm=0.0,
)
_SEED = 3

Sections = dict[str, Iterable[str]]


async def _requests(extent: Extent, _options: argparse.Namespace) -> Sections:
    sections: Sections = {}
    logging.disable(logging.CRITICAL)  # the AppDaemon in this process would tell its whole life
    for title, count, clouds in counts.TABLES[: extent.tables]:
        with tempfile.TemporaryDirectory() as folder:
            sections[f"Requests: {title}"] = (await count(title, clouds[0], Path(folder))).lines()
    logging.disable(logging.NOTSET)
    return sections


async def _planning(extent: Extent, _options: argparse.Namespace) -> Sections:
    return {"Planning": lines(planning.measure(extent.calls))}


async def _ways(_extent: Extent, _options: argparse.Namespace) -> Sections:
    return {"Ways through the app": await ways.measure(), "Folders of the package": ways.folders()}


async def _wish(extent: Extent, options: argparse.Namespace) -> Sections:
    found = await wish.measure(extent.rounds, extent.round_trips, in_memory=options.in_memory)
    return {f"Wish: {where}": lines(figures) for where, figures in found.items()}


async def _start(extent: Extent, _options: argparse.Namespace) -> Sections:
    return {"Start": lines(await start.measure(extent.starts, extent.round_trips[:2]))}


async def _weight(extent: Extent, options: argparse.Namespace) -> Sections:
    resting = await rest.measure(extent.houses, options.rest or extent.rest)
    busy = [*await many.measure(extent.wishes), *await effort.measure(extent.efforts)]
    return {"Weight at rest": lines(resting), "Weight of wishes": lines(busy)}


async def _loop(extent: Extent, options: argparse.Namespace) -> Sections:
    seconds = options.storm or extent.storm
    return {"Event loop in a storm": lines(await loop.measure(seconds, options.seed))} if seconds else {}


_SECTIONS: dict[str, Callable[[Extent, argparse.Namespace], Coroutine[None, None, Sections]]] = {
    "requests": _requests,
    "planning": _planning,
    "ways": _ways,
    "wish": _wish,
    "start": _start,
    "weight": _weight,
    "loop": _loop,
}


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, within three minutes")
    parser.add_argument("--only", choices=_SECTIONS, help="one section")
    parser.add_argument("--in-memory", action="store_true", help="wishes with all files in memory")
    parser.add_argument("--rest", type=float, metavar="SECONDS", help="how long is rested")
    parser.add_argument("--storm", type=float, metavar="SECONDS", help="how long the storm rages")
    parser.add_argument("--seed", type=int, default=_SEED, help="which storm (default %(default)s)")
    options = parser.parse_args()
    extent, begun = _QUICK if options.quick else _FULL, monotonic()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {platform.system()}")
    if (load := os.getloadavg()[0]) > _BUSY:
        print(f"The machine is busy (load {load:.1f}): do not trust times that are measured beside other work.")
    for name, measure in _SECTIONS.items():
        if options.only in (None, name):
            for title, text in asyncio.run(measure(extent, options)).items():
                print(f"\n## {title}\n", *text, sep="\n", flush=True)
    print(f"\nAll of it took {(monotonic() - begun) / 60:.1f} minutes; load now {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
