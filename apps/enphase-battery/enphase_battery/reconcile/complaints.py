"""Loud but calm: what fails again and again is told once, and so is that it is mended."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CALM = timedelta(minutes=15)
"""How long something must have gone well for its next failure to be news."""


@dataclass(slots=True)
class Complaints:
    """Decides whether a trouble, or its end, is worth a line in the log.

    Something that comes and goes is told with its first end, and not again before it went well for a while.

    Attributes:
        clock: Returns the current instant (aware, UTC).
    """

    clock: Callable[[], datetime]
    _failing: set[Hashable] = field(default_factory=set, init=False)
    _mended_at: dict[Hashable, datetime] = field(default_factory=dict, init=False)
    _untold_end: bool = field(default=False, init=False)

    def is_news(self, trouble: Hashable) -> bool:
        """Note that something failed; return whether it is to be told.

        Args:
            trouble: What; it stays equal as long as it is the same.
        """
        now = self.clock()
        self._mended_at = {one: at for one, at in self._mended_at.items() if timedelta(0) <= now - at < CALM}
        is_news = trouble not in self._failing and trouble not in self._mended_at
        self._failing.add(trouble)
        self._untold_end = self._untold_end or is_news
        return is_news

    def is_mended(self) -> bool:
        """Note that nothing fails any more; return whether that is to be told."""
        self._mended_at |= dict.fromkeys(self._failing, self.clock())
        self._failing.clear()
        told, self._untold_end = self._untold_end, False
        return told
