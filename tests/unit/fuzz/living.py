"""The app in the real AppDaemon, kept alive over many examples, and a watch over all that it says."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.lab.lab import APP, Lab, lab
from tests.unit.fuzz.strange import LONGEST_LINE, MOST_ATTRIBUTES

if TYPE_CHECKING:
    import pytest

_Value = TypeVar("_Value")

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MOST_STORED = 100_000
"""Characters of the store: it is written at every change, often to an SD card."""

_REPORTS = ("Diagnosis:\n",)
"""Beginnings of messages that are a whole report, which has lines."""


@dataclass
class Living:
    """A lab over many examples; each runs in the same event loop."""

    lab: Lab
    loop: asyncio.AbstractEventLoop
    log: pytest.LogCaptureFixture
    _told: int = field(default=0, init=False)

    def do(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        """Run something to its end."""
        return self.loop.run_until_complete(work)

    def results(self) -> list[dict[str, Any]]:
        """Return the results since the last call."""
        results = self.lab.results()
        new, self._told = results[self._told :], len(results)
        return new

    def watch(self, *, why: object = "") -> None:
        """Fail if the app said anything since the last time that it must not say, or says it now."""
        records, about = list(self.log.records), f"after {str(why)[:2000]}"
        self.log.clear()
        for record in records:
            line = record.getMessage()
            assert record.levelno < logging.ERROR, f"{about}: {line[:3000]} {record.exc_info}"
            assert "never awaited" not in line
            if "enphase_battery" in Path(record.pathname).parts:
                for told in line.split("\n") if line.startswith(_REPORTS) else [line]:
                    assert told.isprintable(), f"{about}: {told[:500]!r}"
                    assert len(told) <= LONGEST_LINE, f"{about}: {len(told)} characters: {told[:200]}"
        for entity_id, state in self.lab.ha.states.items():
            if entity_id.startswith("input_boolean."):
                continue
            _check_entity(f"{about}: {entity_id}", state)
        stored = self.lab.folder / "enphase_battery" / f"{APP}.json"
        assert stored.stat().st_size <= MOST_STORED, f"{about}: the store has {stored.stat().st_size} bytes"


def _check_entity(about: str, state: Mapping[str, Any]) -> None:
    assert len(state["state"]) <= 255, f"{about}: Home Assistant refuses such a state: {state['state'][:300]}"
    for name, value in state["attributes"].items():
        assert is_text(value), f"{about}: {name} is {value!r:.300}"
    assert len(json.dumps(state["attributes"])) <= MOST_ATTRIBUTES, about


def is_text(value: str) -> bool:
    """Whether a text can be sent to Home Assistant, which closes the connection for half a surrogate pair."""
    return is_encodable(value) and value.isprintable()


def is_encodable(value: str) -> bool:
    """Whether a text has no half of a surrogate pair."""
    return value.encode("utf-8", errors="replace").decode() == value


def check_result(result: Mapping[str, Any], why: object) -> None:
    """Fail if a result is longer than anybody can want, or cannot be sent."""
    about = f"{str(result)[:500]} after {str(why)[:1000]}"
    sent = json.dumps({name: value for name, value in result.items() if name != "report"}, ensure_ascii=False)
    assert len(sent) <= 5 * LONGEST_LINE, f"{len(sent)} characters: {about}"
    sent.encode()
    assert len(json.dumps(result["report"])) <= 2 * MOST_ATTRIBUTES, about


@contextmanager
def living(folder: Path, log: pytest.LogCaptureFixture, **changes: Any) -> Iterator[Living]:
    """Run the app for the length of a block. `changes` are those of `lab`."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    running = lab(folder, **{"start": NOON, **changes})
    try:
        one = loop.run_until_complete(running.__aenter__())
        try:
            yield Living(one, loop, log)
        finally:
            loop.run_until_complete(running.__aexit__(None, None, None))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
