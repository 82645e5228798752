"""The benchmarks' table says what was measured, and whether it is enough."""

from __future__ import annotations

import pytest

from bench.table import Figure, Mark, lines


def cell(figure: Figure, name: str) -> str:
    head, _, row = lines([figure])
    names, cells = ([one.strip() for one in line.strip("|").split("|")] for line in (head, row))
    return cells[names.index(name)]


def test_a_few_values_are_shown_from_the_least_to_the_greatest() -> None:
    figure = Figure("start", "ms", [3.0, 1.0, 2.5])
    assert (cell(figure, "median"), cell(figure, "spread"), cell(figure, "n")) == ("2.50", "1 .. 3", "3")


def test_of_many_values_one_that_is_far_off_is_not_shown() -> None:
    figure = Figure("start", "ms", [*range(1, 12), 5000.0])
    assert (cell(figure, "median"), cell(figure, "spread")) == ("6.50", "3.25 .. 9.75")


@pytest.mark.parametrize(("value", "text"), [(0.01234, "0.012"), (1.234, "1.23"), (-12.34, "-12.3"), (1234.5, "1234")])
def test_a_number_has_no_more_digits_than_count(value: float, text: str) -> None:
    assert cell(Figure("", "ms", [value]), "median") == text


@pytest.mark.parametrize(
    ("mark", "text", "reached"),
    [
        (None, "", ""),
        (Mark(at_most=2.0), "<= 2", "yes"),
        (Mark(at_most=1.9), "<= 1.90", "NO"),
        (Mark(at_least=2.0), ">= 2", "yes"),
        (Mark(at_least=2.1), ">= 2.10", "NO"),
    ],
)
def test_the_median_is_held_against_the_mark(mark: Mark | None, text: str, reached: str) -> None:
    figure = Figure("start", "ms", [1.0, 2.0, 9.0], mark)
    assert (cell(figure, "mark"), cell(figure, "reached")) == (text, reached)
