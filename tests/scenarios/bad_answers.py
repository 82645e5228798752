"""Results that are none, for the step `bad_answers`, and how long the app waits for those that never come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from enphase_battery.enlighten import wire

BAD_ANSWERS: Sequence[Mapping[str, object]] = (
    {"status": 0},
    {"cut": True},
    {"huge": 8_000_000},
    {"status": 502, "body": "@error"},
    {"status": 500, "body": ""},
    {"status": 504, "body": "@spring"},
    {"status": 551, "body": {"message": "SERVICE_UNREACHABLE"}},
    {"status": 503, "body": "@maintenance"},
    *({"body": name} for name in ("@maintenance", "@error", "@not json", "@null", "@list", "@text", "@empty")),
    *({"body": name} for name in ("@deep", "@bytes", "@gzip")),
)
"""Every kind of answer that is none, but for those that do not come; as steps of the simulator's `fault_script`."""

PATIENCE = 1.0
"""Seconds of real time after which the app gives up waiting in a scenario in which an answer does not come; else 30."""


@contextmanager
def patience(*what_happens: object) -> Iterator[None]:
    """Shorten how long the app waits for an answer, where one does not come: nobody wants to wait in real time."""
    hangs = any(word in str(what_happens) for word in ("'endless'", "'delay'"))
    with patch.object(wire, "TIMEOUT_SECONDS", PATIENCE if hangs else wire.TIMEOUT_SECONDS):
        yield
