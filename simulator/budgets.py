"""Budgets: how many requests there may be within a time (statement 73)."""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime, timedelta
from functools import lru_cache

_RATE = re.compile(r"([1-9]\d{0,5})/(min|h)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}
OFF = "off"
"""What stands in the place of a rate where there is no budget."""


@lru_cache(maxsize=8)
def parse_rate(text: str) -> tuple[int, timedelta] | None:
    """Read a budget such as `600/h` or `10/min`; None for any other text."""
    match = _RATE.fullmatch(text)
    return (int(match[1]), _UNITS[match[2]]) if match else None


class Budget:
    """What is spent of one: the moments of the last requests, as far as they still count."""

    def __init__(self) -> None:
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime, most: int, length: timedelta) -> float:
        """Count a request and return 0; where `most` were counted within `length`, the seconds until one is free."""
        while self._taken and now - self._taken[0] >= length:
            self._taken.popleft()
        if len(self._taken) >= most:
            return (self._taken[-most] + length - now).total_seconds()
        self._taken.append(now)
        return 0.0

    def clear(self) -> None:
        """Forget all requests."""
        self._taken.clear()
