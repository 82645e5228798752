"""A store whose disk is waited for by somebody else: the event loop goes on, and nothing gets lost for it."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.store.store import Store
from simulator import Simulator
from tests.lab.clock import Clock
from tests.lab.disk import AtOnce
from tests.lab.lab import ACCOUNT, lab
from tests.unit.said import advice, said
from tests.unit.store.wrongs import wrong_with

LOGGER = logging.getLogger("test")
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


class SlowDisk(Executor):
    """Does one thing whenever it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.has_work = asyncio.Event()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Keep some work for later."""
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: work(*args, **kwargs)))
        self.has_work.set()
        return future

    async def turn(self) -> None:
        """Do what waits longest, and let the event loop hear of it."""
        future, work = self.waiting.pop(0)
        future.set_result(work())
        await breathe()


class LazyDisk(Executor):
    """Lets the event loop go round many times before it begins: as long as some requests to the cloud take."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do some work after a while."""
        future: Future[Any] = Future()

        async def work_later() -> None:
            await breathe(1000)
            future.set_result(work(*args, **kwargs))

        self._task = asyncio.ensure_future(work_later())
        return future


async def breathe(rounds: int = 10) -> None:
    """Let everything run that can."""
    for _ in range(rounds):
        await asyncio.sleep(0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home.json"


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Forget what a store could not write in one test."""
    yield
    Store._unsaved.clear()


def on_disk(path: Path) -> dict[str, Any]:
    sections: dict[str, Any] = json.loads(path.read_text())["sections"] if path.exists() else {}
    return sections


def posts(cloud: Simulator) -> list[object]:
    return [one["path"] for one in cloud.requests() if one["method"] == "POST"]


async def test_who_asks_for_the_disk_does_not_wait_for_what_is_written_after_that(path: Path) -> None:
    disk = SlowDisk()
    store = Store(path, LOGGER, disk)
    store.write("wishes", {"a": 1})
    kept = asyncio.ensure_future(store.kept())
    for number in range(3):
        await breathe()
        store.write("wishes", {"a": 2 + number})
        await disk.turn()
        assert kept.done()
    assert store.trouble is None
    await disk.turn()
    assert on_disk(path) == {"wishes": {"a": 4}}


async def test_nobody_waits_for_the_disk_but_who_asks_for_it(path: Path) -> None:
    disk = SlowDisk()
    store = Store(path, LOGGER, disk)
    store.write("wishes", {"a": 1})
    await breathe()
    assert on_disk(path) == {}

    kept = asyncio.ensure_future(store.kept())
    await breathe()
    assert not kept.done()

    await disk.turn()
    assert kept.done()
    assert on_disk(path) == {"wishes": {"a": 1}}


async def test_what_comes_while_the_disk_is_busy_is_written_together(path: Path) -> None:
    disk = SlowDisk()
    store = Store(path, LOGGER, disk)
    for number in range(10):
        store.write("wishes", {"a": number})
        await breathe()
    kept = asyncio.ensure_future(store.kept())

    await disk.turn()
    assert on_disk(path) == {"wishes": {"a": 0}}
    assert not kept.done(), "the newest is not there yet"

    await disk.turn()
    assert on_disk(path) == {"wishes": {"a": 9}}
    assert kept.done()
    assert disk.waiting == []


async def test_a_store_that_is_opened_meanwhile_knows_what_is_not_written_yet(path: Path) -> None:
    disk = SlowDisk()
    Store(path, LOGGER, disk).write("wishes", {"a": 1})
    await breathe()

    assert Store(path, LOGGER, disk).read("wishes", dict) == {"a": 1}


async def test_trouble_is_told_when_it_begins_and_when_it_ends(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []
    store = Store(path, LOGGER, AtOnce(), told=lambda: told.append(said(wrong_with(store))))
    with patch("os.fsync", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
        for number in range(3):
            store.write("wishes", {"a": number})
            await store.kept()

    assert len(told) == 1
    assert "No space left" in told[0]
    assert "make room" in advice(wrong_with(store))

    store.write("wishes", {"a": 2})
    await store.kept()

    assert told[1:] == [""]
    assert on_disk(path) == {"wishes": {"a": 2}}
    assert len(caplog.records) == 2


async def test_a_disk_that_hangs_is_waited_for_no_longer_than_is_sensible(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enphase_battery.store.store._PATIENCE", 0.0)
    disk = SlowDisk()
    store = Store(path, LOGGER, disk)
    store.write("wishes", {"a": 1})
    await breathe()

    await store.kept()
    assert "no answer from the disk" in said(wrong_with(store))
    assert "it hangs" in advice(wrong_with(store))

    await disk.turn()
    assert store.trouble is None
    assert on_disk(path) == {"wishes": {"a": 1}}


async def test_before_something_is_written_to_the_cloud_what_was_noted_is_on_the_disk(path: Path) -> None:
    disk, clock = SlowDisk(), Clock(NOON)
    store = Store(path, LOGGER, disk)
    cloud = Simulator(clock=clock, seed=1)
    async with cloud.serve() as url:
        session = EnlightenSession(
            base_url=url,
            email=ACCOUNT["email"],
            password=ACCOUNT["password"],
            record=None,
            save=lambda record: store.write("session", record.to_json()),
            kept=store.kept,
            clock=clock,
            logger=LOGGER,
            requests_per_hour=100,
        )
        signing_in = asyncio.ensure_future(session.refresh())
        await disk.has_work.wait()
        await breathe(200)
        assert posts(cloud) == [], "the login waits"

        while not signing_in.done():
            if disk.waiting:
                await disk.turn()
            await breathe()
        assert posts(cloud) == ["/login/login.json"]
        await session.close()


async def test_whenever_the_cloud_is_written_to_the_file_holds_what_the_app_knows(tmp_path: Path) -> None:
    """A power cut in any of these moments leaves an app that knows what it has done."""
    seen: list[tuple[str, bool]] = []
    answer = Simulator._cloud

    async with lab(tmp_path, start=NOON) as one:
        store = one.app._store
        store._disk = LazyDisk()

        def watched(cloud: Simulator, request: Any) -> Any:
            if request.method != "GET" and not request.path.endswith("/isValid"):
                seen.append((request.path, on_disk(one.store) == json.loads(json.dumps(store._sections))))
            return answer(cloud, request)

        with patch.object(Simulator, "_cloud", watched):
            await one.flip("charge_from_grid", "on")
            await one.advance(minutes=5)
            await one.flip("charge_from_grid", "off")
            await one.advance(minutes=5)

    assert len(seen) > 3
    assert [path for path, same in seen if not same] == []
