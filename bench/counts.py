"""How many requests everything costs, by method and path: counted by the simulated cloud on a clock that jumps.

The counts do not depend on the machine, so the tables stand in `docs/performance.md` and a test holds them there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytz

from tests.lab.lab import Lab, lab

ENTRIES = ("2026-07", "2026-06", "2026-03", "2025-10")
"""Eras whose cloud has schedule entries, the newest first."""

SWITCHES = "2025-07"
"""The era whose cloud has switches only."""

MOST_A_DAY = 300
"""Requests that a day at rest with defaults may cost."""

_ZONE = "Europe/London"
START = pytz.timezone(_ZONE).localize(datetime.fromisoformat("2026-11-22 12:00"))
_SHORTENED = {"/service/batteryConfig/api/v1": "BC"}
_CHARGE, _DISCHARGE, _RESTRICT = "charge_from_grid", "discharge_to_grid", "restrict_discharge"
_WINDOWS = (
    (_CHARGE, "00:30", "02:00"),
    (_CHARGE, "02:30", "05:00"),
    (_RESTRICT, "07:00", "09:00"),
    (_CHARGE, "13:00", "14:00"),
    (_DISCHARGE, "16:00", "18:00"),
    (_DISCHARGE, "18:30", "19:30"),
)


@dataclass(frozen=True, slots=True)
class Cloud:
    """A kind of cloud, or of use that is made of it.

    Attributes:
        era: What the simulator is set to.
        use_schedules: As in the app's configuration.
    """

    era: str
    use_schedules: str = "auto"


@dataclass(slots=True)
class Table:
    """Counts: a column for each thing that happens, in its order, a row for each method and path.

    Attributes:
        title: What is counted.
        columns: What happened, with what it cost by method and path.
    """

    title: str
    columns: list[tuple[str, Counter[str]]] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Return the sum of a column."""
        return sum(dict(self.columns)[name].values())

    def lines(self) -> Iterator[str]:
        """Yield the table as Markdown, with a row of sums."""
        paths = sorted({path for _, counts in self.columns for path in counts}, key=_from_login_to_write)
        names, counted = [name for name, _ in self.columns], [counts for _, counts in self.columns]
        yield _row("request", names)
        yield _row("---", ["--:"] * len(names))
        for path in paths:
            yield _row(f"`{path}`", [str(counts[path] or "") for counts in counted])
        yield _row("**together**", [f"**{sum(counts.values())}**" for counts in counted])


async def starts_and_rests(title: str, cloud: Cloud, folder: Path) -> Table:
    """Count what the app does without a wish, and what the end of a session adds."""
    async with _counting(title, cloud, folder) as (one, counted):
        counted("first start")
        await one.advance(minutes=15)
        counted("poll")
        await one.command(command="refresh")
        counted("`refresh`")
        await one.restart_appdaemon()
        counted("restart")
        one.cloud.expire_sessions()
        await one.restart_appdaemon()
        counted("restart, session ended")
        one.cloud.expire_sessions()
        await one.advance(minutes=15)
        counted("poll, session ended")
        await one.advance(hours=24)
        return counted("a day at rest")


async def six_windows(title: str, cloud: Cloud, folder: Path) -> Table:
    """Count a day with six windows, from noon to noon."""
    windows = [
        {"name": f"{control} {start}", "control": control, "start": start, "end": end}
        for control, start, end in _WINDOWS
    ]
    async with _counting(title, cloud, folder, windows=windows) as (one, counted):
        await one.flip(_CHARGE, "on")  # the tax disclaimer is accepted once, not every day
        await one.flip(_CHARGE, "off")
        await one.advance(minutes=16)
        counted.forget()
        await one.advance(hours=24)
        return counted("a day with six windows")


async def wishes(title: str, cloud: Cloud, folder: Path) -> Table:
    """Count what a wish costs until it is confirmed, polls left out.

    Raises:
        RuntimeError: One was not, so that it cannot be said what it costs.
    """
    async with _counting(title, cloud, folder) as (one, counted):
        for name, control, state in (
            ("discharge on, the first wish", _DISCHARGE, "on"),
            ("discharge off", _DISCHARGE, "off"),
            ("discharge on", _DISCHARGE, "on"),
            ("", _DISCHARGE, "off"),
            ("charge on, the first time", _CHARGE, "on"),
            ("charge off", _CHARGE, "off"),
            ("charge on", _CHARGE, "on"),
            ("", _CHARGE, "off"),
            ("restrict on", _RESTRICT, "on"),
            ("restrict off", _RESTRICT, "off"),
        ):
            await one.advance(minutes=16)  # after the poll, and so that the account is at rest
            counted.forget()
            await one.flip(control, state)
            await one.advance(minutes=4)
            if one.control(control)["outcome"] != "confirmed":
                raise RuntimeError(f"{control} {state} was not confirmed: {one.control(control)}")
            if name:
                counted(name)
            await one.advance(minutes=10)
        await one.advance(minutes=1)
        counted.forget()
        await one.command(command="set", control=_DISCHARGE, state="on", duration="00:05:00")
        await one.advance(minutes=8)
        return counted("discharge for 5 minutes")


class _Counted:
    """Makes the columns of a table out of what the cloud has counted since the last one."""

    def __init__(self, title: str, one: Lab) -> None:
        self.table = Table(title)
        self._lab = one

    def __call__(self, name: str) -> Table:
        by_path: Any = self._lab.cloud.counters()["by_path"]
        self.table.columns.append((name, Counter({_short(path): number for path, number in by_path.items()})))
        self.forget()
        return self.table

    def forget(self) -> None:
        self._lab.cloud.clear_log()
        self._lab.log.clear()


@asynccontextmanager
async def _counting(title: str, cloud: Cloud, folder: Path, **app: Any) -> AsyncIterator[tuple[Lab, _Counted]]:
    settings = {"use_schedules": cloud.use_schedules, **app}
    async with lab(folder, start=START, app=settings, switches={"auth_era": cloud.era}, zone=_ZONE) as one:
        yield one, _Counted(title, one)


def _short(path: str) -> str:
    for long, short in _SHORTENED.items():
        path = path.replace(long, short)
    return path


def _from_login_to_write(path: str) -> tuple[bool, bool, str]:
    """Order rows: signing in first, then what is read, then what is written."""
    return path.startswith(("POST BC", "PUT BC")), "BC" in path or "/pv/" in path, path


def _row(head: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join((head, *cells))} |"


_NEWEST, _OLDEST, _UNUSED = Cloud(ENTRIES[0]), Cloud(SWITCHES), Cloud(ENTRIES[0], use_schedules="never")
TABLES: tuple[tuple[str, Callable[[str, Cloud, Path], Awaitable[Table]], tuple[Cloud, ...]], ...] = (
    ("At rest, entries", starts_and_rests, (_NEWEST,)),
    ("At rest, switches only", starts_and_rests, (_OLDEST,)),
    ("At rest, `use_schedules: never`", starts_and_rests, (_UNUSED,)),
    ("Windows, entries", six_windows, (_NEWEST,)),
    ("Windows, switches only", six_windows, (_OLDEST,)),
    ("Windows, `use_schedules: never`", six_windows, (_UNUSED,)),
    ("Wishes, entries", wishes, tuple(map(Cloud, ENTRIES))),
    ("Wishes, switches only", wishes, (_OLDEST, _UNUSED)),
)
"""Every table: its title, what counts it, and the clouds in which it comes out the same."""
