"""Which of many weekly stretches of the wall clock share a moment, in one sweep over the hours of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Protocol

_DAY = 24 * 60


class Weekly(Protocol):
    """What comes back every week: from `start` on each of the ISO weekdays `days` until the next time it is `end`."""

    @property
    def start(self) -> time:
        """The first minute."""

    @property
    def end(self) -> time:
        """The first minute after it; not later than `start` means on the next day."""

    @property
    def days(self) -> frozenset[int]:
        """Where it starts: Monday is 1."""


def meetings(several: Sequence[Weekly]) -> list[tuple[int, int]]:
    """Return the pairs of positions of those that share a moment of the week, in order, the lower position first.

    Those that touch (one ends at the minute at which the other starts) do not share one.
    """
    stretches = []
    for position, one in enumerate(several):
        start, end = _minutes(one.start), _minutes(one.end)
        if end <= start:
            end += _DAY
            stretches.append((start - _DAY, end - _DAY, position, frozenset(day % 7 + 1 for day in one.days)))
        stretches.append((start, end, position, one.days))
    pairs: set[tuple[int, int]] = set()
    lasting: list[tuple[int, int, frozenset[int]]] = []
    for start, end, position, days in sorted(stretches, key=lambda stretch: stretch[0]):
        lasting = [other for other in lasting if other[0] > start]
        pairs.update(
            (min(position, other), max(position, other)) for _, other, theirs in lasting if not days.isdisjoint(theirs)
        )
        lasting.append((end, position, days))
    return sorted(pairs)


def met(several: Sequence[Weekly], others: Sequence[Weekly]) -> list[list[int]]:
    """Return for each of several the positions of the others that it shares a moment of the week with."""
    found: list[list[int]] = [[] for _ in several]
    for one, other in meetings([*several, *others]):
        if one < len(several) <= other:
            found[one].append(other - len(several))
    return found


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute
