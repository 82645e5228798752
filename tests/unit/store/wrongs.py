"""What the app finds wrong with a store."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from unittest.mock import MagicMock

from enphase_battery.control.reason import Reason
from enphase_battery.engine.problems import Problems
from enphase_battery.store.store import Store

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def wrong_with(store: Store) -> Reason | None:
    """Return the one thing that is wrong with a store; None when all is well."""
    nobody = MagicMock()
    problems = Problems(
        wishes=nobody,
        resolver=nobody,
        reconciler=nobody,
        watches=nobody,
        cloud=nobody,
        store=store,
        pending_timeout=timedelta(0),
        clock=lambda: NOON,
    )
    found = list(problems._stored(NOON))
    assert len(found) <= 1
    return found[0].reason if found else None
