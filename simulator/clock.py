"""The simulator's time: a given clock, moved ahead on demand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from functools import lru_cache


def wall_clock() -> datetime:
    """Return the real time in UTC."""
    return datetime.now(timezone.utc)


class Clock:
    """An aware UTC clock that can be moved ahead, never back."""

    def __init__(self, source: Callable[[], datetime] = wall_clock) -> None:
        self._source = source
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the simulated time, in UTC."""
        return self._source().astimezone(timezone.utc) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move ahead by `seconds`; raise ValueError for a negative number."""
        if seconds < 0:
            raise ValueError(f"advance: {seconds} is negative; time does not run back")
        self._ahead += timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """Write a moment as the cloud does: milliseconds and `+00:00` (section 9.2)."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")


@lru_cache(maxsize=1)
def http_date(epoch: int) -> str:
    """Write a moment (epoch seconds) as the header `Date` does."""
    return formatdate(epoch, usegmt=True)
