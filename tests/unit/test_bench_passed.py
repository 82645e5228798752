"""Which calls cross from file to file, and which files are passed."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.passed import Passed

OTHER = """
import asyncio

class Thing:
    def __init__(self):
        self.size = half(4)

    def name(self):
        return str(half(2))

def half(number):
    return number // 2

def some():
    yield 1
    yield half(4)
    yield 3

async def waits():
    for _ in range(3):
        await asyncio.sleep(0)

def calls_back(function):
    return function()
"""
ONE = """
import asyncio
from passed_package.inside.other import Thing, calls_back, half, some, waits

def nothing():
    return None

def calls():
    nothing()
    return half(2) + half(4)

def makes():
    return Thing()

def loops():
    return [half(one) for one in some()]

def back():
    return calls_back(nothing)

def sorts():
    return sorted([3, 1], key=half)

async def awaits():
    await waits()
    await asyncio.gather(waits(), waits())
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a module that calls another one, in a folder below."""
    folder = tmp_path / "passed_package"
    (folder / "inside").mkdir(parents=True)
    (folder / "one.py").write_text(ONE, encoding="utf-8")
    (folder / "inside" / "other.py").write_text(OTHER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def counted(package: Path, function: str) -> tuple[int, set[str]]:
    """Return how many calls cross while a function of the first module runs, and which files are passed."""
    one: Any = importlib.import_module("passed_package.one")
    act: Callable[[], Any] = getattr(one, function)
    passed = Passed(package)
    if asyncio.iscoroutinefunction(act):

        async def run() -> None:
            with passed.counting():
                await act()

        asyncio.run(run())
    else:
        with passed.counting():
            act()
    return passed.calls, {Path(file).name for file in passed.files}


@pytest.mark.parametrize(
    ("function", "calls", "files"),
    [
        pytest.param("nothing", 0, {"one.py"}, id="none is made"),
        pytest.param("calls", 2, {"one.py", "other.py"}, id="those inside a file do not cross"),
        pytest.param("makes", 0, {"one.py", "other.py"}, id="what Python calls by itself does not count"),
        pytest.param("loops", 4, {"one.py", "other.py"}, id="a generator begins once"),
        pytest.param("back", 2, {"one.py", "other.py"}, id="there and back"),
        pytest.param("sorts", 2, {"one.py", "other.py"}, id="by way of what is written in C"),
        pytest.param("awaits", 1, {"one.py", "other.py"}, id="a coroutine begins once, a task is begun by nobody"),
    ],
)
def test_calls_are_counted(package: Path, function: str, calls: int, files: set[str]) -> None:
    assert counted(package, function) == (calls, files)


def test_nothing_is_counted_after_the_block_and_whoever_counted_before_goes_on(package: Path) -> None:
    one: Any = importlib.import_module("passed_package.one")
    passed, outer = Passed(package), Passed(package)
    with outer.counting():
        with passed.counting():
            one.nothing()
        one.calls()
    assert (passed.calls, outer.calls) == (0, 2)


def test_other_packages_do_not_count(package: Path) -> None:
    assert counted(package / "inside", "calls") == (0, {"other.py"})
