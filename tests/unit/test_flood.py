"""An automation that loops: of many commands at once each costs the same, and none keeps the event loop for long.

Work is counted, not timed: the calls of the app's functions, and the characters of JSON that it makes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import pytest

from tests.lab.lab import lab

START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
FEW, MANY = 40, 160
LOOSE = 1.3
"""How much more than its share the many may cost."""
MOST_AT_A_TIME = 5_000
"""Calls in one turn of the event loop: some milliseconds."""

Flood = Callable[[int], dict[str, Any]]

FLOODS: dict[str, Flood] = {
    "on and off": lambda n: {"command": "set", "control": "charge_from_grid", "state": "on" if n % 2 else "off"},
    "the same": lambda n: {"command": "set", "control": "charge_from_grid", "state": "on"},
    "with an end": lambda n: {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 60 + n},
    "nonsense": lambda n: {"command": f"set {n}"},
    "cancel": lambda n: {"command": "cancel", "control": "charge_from_grid"},
    "release": lambda n: {"command": "release"},
    "a report": lambda n: {"command": "diagnose"},
}


@dataclass
class Work:
    """What was done: calls of the app's functions, in all and at most in one turn of the loop; characters of JSON."""

    calls: int = 0
    most: int = 0
    text: int = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Count what the app does."""
    work, dumps = Work(), json.dumps

    def called(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and "enphase_battery/" in frame.f_code.co_filename:
            work.calls += 1

    def written(value: object, **options: Any) -> str:
        text = dumps(value, **options)
        work.text += len(text)
        return text

    with patch("json.dumps", written):
        sys.setprofile(called)
        try:
            yield work
        finally:
            sys.setprofile(None)


async def watch(work: Work) -> None:
    """Note the most that is done in one turn of the loop."""
    before = work.calls
    while True:
        await asyncio.sleep(0)
        work.most = max(work.most, work.calls - before)
        before = work.calls


async def flood(folder: Path, commands: Flood, number: int) -> Work:
    """Fire so many commands at once; return what it cost until all are answered."""
    async with lab(folder, start=START, app={"use_schedules": "never"}) as one:
        assert one.ad is not None
        with counted() as work:
            watching = asyncio.ensure_future(watch(work))
            for count in range(number):
                event = {"command": "", "id": str(count), **commands(count), "metadata": {}}
                await one.ad.events.process_event("default", {"event_type": "enphase_battery_command", "data": event})
            await one.settle()
            await one.advance(minutes=5)
            watching.cancel()
        finals = [result["id"] for result in one.results() if result["outcome"] != "pending"]
        assert sorted(finals, key=int) == [str(count) for count in range(number)]
        return work


@pytest.mark.parametrize("kind", FLOODS)
async def test_many_commands_at_once_cost_no_more_each_than_a_few(
    tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    few = await flood(tmp_path_factory.mktemp("few"), FLOODS[kind], FEW)
    many = await flood(tmp_path_factory.mktemp("many"), FLOODS[kind], MANY)

    share = LOOSE * MANY / FEW
    assert many.calls < share * few.calls
    assert many.text < share * few.text
    assert many.most < min(MOST_AT_A_TIME, LOOSE * MANY / FEW * few.most)
