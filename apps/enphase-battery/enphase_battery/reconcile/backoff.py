"""How long to wait before another try."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import timedelta

FIRST = timedelta(seconds=60)
LONGEST = timedelta(minutes=15)


class Backoff:
    """Doubles the wait with every failure in a row, from one minute to fifteen, with up to a quarter of jitter.

    Args:
        random: Returns a number from 0 to 1; spreads the tries of many homes after an outage.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures: dict[Hashable, int] = {}

    def after_failure(self, what: Hashable) -> timedelta:
        """Count a failure of ``what`` and return how long to wait."""
        failures = self._failures.get(what, 0)
        self._failures[what] = failures + 1
        wait = min(FIRST * float(2 ** min(failures, 10)), LONGEST)
        return wait * (1 + self._random() / 4)

    def succeeded(self, what: Hashable) -> None:
        """Forget the failures of ``what``."""
        self._failures.pop(what, None)
