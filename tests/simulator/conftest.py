from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from simulator import Simulator, Switches

WEDNESDAY_NOON = datetime(2026, 7, 15, 12, 0, tzinfo=timezone.utc)  # 13:00 in London


@pytest.fixture
def make() -> Callable[..., Simulator]:
    """Build a simulator with some switches set; its time stands still unless advanced."""

    def build(start: datetime = WEDNESDAY_NOON, **switches: object) -> Simulator:
        return Simulator(Switches().changed(switches), clock=lambda: start, seed=1)

    return build
