"""Whose a step of the event loop is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from bench import watched
from bench.watched import Watched
from enphase_battery.app import EnphaseBattery
from enphase_battery.home.assistant import settled


async def others(awaited: Coroutine[Any, Any, Any]) -> None:
    await awaited


async def calls_back(args: dict[str, Any]) -> object:
    return args["function"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(watched, "LONG", 0.0)
    return tmp_path / "steps.jsonl"


async def whose(coroutine: Coroutine[Any, Any, Any], file: Path) -> set[str]:
    await asyncio.Task(Watched(coroutine, file))
    return noted(file)


def noted(file: Path) -> set[str]:
    """Return whose steps were noted, and begin a new page."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else ()
    file.write_text("", encoding="utf-8")
    return {json.loads(line)["whose"] for line in lines}


async def test_a_coroutine_of_the_apps_is_the_apps(file: Path) -> None:
    assert await whose(settled(asyncio.sleep(0)), file) == {"app"}


async def test_a_callback_of_the_apps_is_the_apps(file: Path) -> None:
    assert await whose(calls_back({"function": EnphaseBattery.initialize}), file) == {"app"}


async def test_what_anybody_else_does_is_not(file: Path) -> None:
    assert await whose(others(asyncio.sleep(0)), file) == {"appdaemon"}
    assert await whose(calls_back({"function": asyncio.sleep}), file) == {"appdaemon"}


async def test_a_step_in_which_somebody_else_waits_for_the_app_is_told_apart(file: Path) -> None:
    assert "both" in await whose(others(settled(asyncio.sleep(0))), file)


async def test_a_short_step_is_not_noted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LONG", 60.0)
    assert await whose(settled(asyncio.sleep(0)), file) == set()
