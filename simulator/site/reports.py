"""The gateway's reports: when they come, and what the last one said of the battery (statements 36 and 93)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Report(NamedTuple):
    """What the gateway said of the battery at a moment: SoC in percent, power in kW, positive while it charges."""

    at: datetime
    soc: float
    power_kw: float


def last_due(now: datetime, interval: float) -> datetime:
    """Return when a report was last due; they come every `interval` seconds, counted from midnight of 1970."""
    return now - (now - _EPOCH) % timedelta(seconds=interval)


def next_due(now: datetime, interval: float) -> datetime:
    """Return when the next report is due, later than now."""
    return last_due(now, interval) + timedelta(seconds=interval)
