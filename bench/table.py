"""Figures as rows of a table: the median of what was measured, its spread, and the mark that it is to reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

_FEW = 8
"""With fewer values than this the spread is from the least to the greatest, else between the quartiles."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a figure is to reach.

    Attributes:
        at_most: The greatest median that reaches it; None: there is none.
        at_least: The least one.
    """

    at_most: float | None = None
    at_least: float | None = None

    def reached_by(self, value: float) -> bool:
        """Return whether a median reaches it."""
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row.

    Attributes:
        what: What was measured.
        unit: Of the values.
        values: Each measurement.
        mark: What the median is to reach; None: it is shown only.
    """

    what: str
    unit: str
    values: Sequence[float]
    mark: Mark | None = None

    @property
    def value(self) -> float:
        """The figure itself."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """Whether the mark is reached, in a word; nothing without one."""
        if self.mark is None:
            return ""
        return "yes" if self.mark.reached_by(self.value) else "NO"

    def cells(self) -> tuple[str, ...]:
        """Return the row in words."""
        low, *_, high = (
            quantiles(self.values, n=4) if len(self.values) >= _FEW else (min(self.values), max(self.values))
        )
        spread = "" if len(self.values) == 1 else f"{_number(low)} .. {_number(high)}"
        return self.what, _number(self.value), self.unit, spread, str(len(self.values)), _goal(self.mark), self.verdict


HEAD = ("what", "median", "unit", "spread", "n", "mark", "reached")


def lines(figures: Iterable[Figure]) -> Iterator[str]:
    """Yield figures as a Markdown table, its columns aligned."""
    return aligned([HEAD, *(figure.cells() for figure in figures)])


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows, the head first, as a Markdown table, its first column aligned to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, (what, *cells) in enumerate(rows):
        padded = [what.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        yield f"| {' | '.join(padded)} |"
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def _goal(mark: Mark | None) -> str:
    if mark is None:
        return ""
    return f"<= {_number(mark.at_most)}" if mark.at_most is not None else f">= {_number(mark.at_least or 0.0)}"


def _number(value: float) -> str:
    """Return a number with three digits that count, and no more than three behind the point."""
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.0f}" if value == int(value) else f"{value:.{max(0, 3 - whole)}f}"
