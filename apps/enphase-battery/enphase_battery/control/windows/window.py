"""A time-of-use window, and one run of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from ..controls import Control


@dataclass(frozen=True, slots=True)
class Window:
    """A wish that comes back every week, in wall-clock times of the site.

    Args:
        name: What the user calls it; unique among the windows.
        control: What is switched on.
        start: Local time of the first moment.
        end: Local time of the first moment after it; earlier than `start` means on the next day. Never equal to it.
        days: ISO weekdays (1 is Monday) on which it starts.
        target_soc: Percent at which charging or discharging stops; None: the control's own default.
    """

    name: str
    control: Control
    start: time
    end: time
    days: frozenset[int]
    target_soc: int | None

    def begins(self) -> frozenset[int]:
        """Return the minutes of the week (0 is Monday, 00:00) at which it starts."""
        return frozenset(((day - 1) * 24 + self.start.hour) * 60 + self.start.minute for day in self.days)

    def covers(self, wall: time) -> bool:
        """Return whether it includes this wall-clock time, whatever the day."""
        if self.start < self.end:
            return self.start <= wall < self.end
        return self.start <= wall or wall < self.end


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One run of a window: `start` <= t < `end`, aware UTC instants. It always lasts more than nothing."""

    window: Window
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """Identity that stays the same over restarts: the window's name and the UTC start."""
        return f"{self.window.name}@{self.start.isoformat()}"
