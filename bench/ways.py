"""Three ways through the app: how many of its files each passes, how many calls cross from file to file.

How large the folders of the package are is shown beside. The counts depend neither on the machine nor on what the
modules are called, so they can be compared before and after the code is moved.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.counts import ENTRIES, START
from bench.passed import Passed
from bench.table import aligned
from demo.lane import CHECKOUT
from tests.lab.lab import Lab, lab

PACKAGE = CHECKOUT / "apps" / "enphase-battery" / "enphase_battery"

_CONTROL = "discharge_to_grid"
_PATIENCE_SECONDS = 60
_WINDOW = {"name": "Peak", "control": _CONTROL, "start": "12:16", "end": "12:46"}
_READ = "/service/batteryConfig/api/v1/batterySettings"
_UNAUTHORIZED = 401


async def measure() -> Iterator[str]:
    """Go all ways; return a table of them.

    Raises:
        RuntimeError: One was not gone to its end, so that it cannot be said what it takes.
    """
    rows = [("way", "files", "calls between them")]
    logging.disable(logging.CRITICAL)  # what is put into words for a log depends on who reads it
    try:
        for title, go in _WAYS.items():
            passed = Passed(PACKAGE)
            await go(passed)
            rows.append((title, str(len(passed.files)), f"{passed.calls:,}"))
    finally:
        logging.disable(logging.NOTSET)
    return aligned(rows)


def folders(package: Path = PACKAGE) -> Iterator[str]:
    """Return a table of the package's folders: their modules, those in folders below left out."""
    rows = [("folder", "files", "lines", "biggest module", "its lines")]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in package.rglob("*.py")}
    for folder in sorted({path.parent for path in sizes}):
        inside = {path: size for path, size in sizes.items() if path.parent == folder}
        rows.append((str(folder.relative_to(package.parent)), *_cells(inside, folder)))
    rows.append(("together", *_cells(sizes, package)))
    return aligned(rows)


def _cells(sizes: dict[Path, int], folder: Path) -> tuple[str, str, str, str]:
    biggest = min(sizes, key=lambda path: (-sizes[path], path))
    return str(len(sizes)), f"{sum(sizes.values()):,}", str(biggest.relative_to(folder)), str(sizes[biggest])


async def _flip(passed: Passed) -> None:
    async with _rooms() as one:
        await one.advance(minutes=1)
        with passed.counting():
            await one.flip(_CONTROL, "on")
            for _ in range(_PATIENCE_SECONDS):
                if _is_confirmed(one, "on"):
                    break
                await one.advance(seconds=1)
        _need(_is_confirmed(one, "on"), one.control(_CONTROL))


async def _window(passed: Passed) -> None:
    """From a minute before the window is written, which `lead` has it be before its start, to ten after its end."""
    async with _rooms(windows=[_WINDOW]) as one:
        with passed.counting():
            await one.advance(minutes=30)
        _need(_is_confirmed(one, "on"), one.control(_CONTROL))
        with passed.counting():
            await one.advance(minutes=26)
        _need(_is_confirmed(one, "off"), one.control(_CONTROL))


async def _refused_read(passed: Passed) -> None:
    """A poll whose first read is refused: one more request brings another token, then everything is read."""
    async with _rooms() as one:
        await one.advance(minutes=14)
        one.cloud.clear_log()
        one.cloud.set(fault_script=[{"match": f"GET {_READ}", "status": _UNAUTHORIZED}])
        with passed.counting():
            await one.advance(minutes=1, seconds=1)
        asked: Any = one.cloud.requests()
        reads = [request["status"] for request in asked if request["path"].startswith(_READ)]
        _need(reads == [_UNAUTHORIZED, 200], reads)


_WAYS: dict[str, Callable[[Passed], Awaitable[None]]] = {
    "a flip of a toggle, until `confirmed`": _flip,
    "56 minutes around a window of 30": _window,
    "a poll, its first read refused once (401)": _refused_read,
}


@asynccontextmanager
async def _rooms(**app: Any) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory() as folder:
        async with lab(Path(folder), start=START, app=app, switches={"auth_era": ENTRIES[0]}) as one:
            yield one


def _is_confirmed(one: Lab, state: str) -> bool:
    return {"state": state, "outcome": "confirmed"}.items() <= one.control(_CONTROL).items()


def _need(gone: bool, found: object) -> None:
    if not gone:
        raise RuntimeError(f"this is not what was to be counted: {found}")
