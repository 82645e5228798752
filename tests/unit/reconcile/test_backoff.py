"""The wait before another try."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.reconcile.backoff import Backoff

MINUTE = timedelta(minutes=1)


def test_the_wait_doubles_from_a_minute_to_a_quarter_of_an_hour() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.after_failure("cloud") / MINUTE for _ in range(7)] == [1, 2, 4, 8, 15, 15, 15]


def test_a_year_of_failures_changes_nothing_any_more() -> None:
    backoff = Backoff(lambda: 0.0)
    assert {backoff.after_failure("cloud") for _ in range(40_000)} >= {15 * MINUTE}
    assert backoff.after_failure("cloud") == 15 * MINUTE


def test_a_success_makes_the_next_wait_short_again() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.after_failure("cloud")
    backoff.succeeded("cloud")
    assert backoff.after_failure("cloud") == MINUTE


def test_different_things_wait_independently() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.after_failure("cloud")
    backoff.succeeded("never failed")
    assert backoff.after_failure("charge_from_grid") == MINUTE
    assert backoff.after_failure("cloud") == 2 * MINUTE


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_chance_lengthens_a_wait_by_a_quarter_at_most_and_never_lets_it_shrink_before_the_longest(
    chances: list[float],
) -> None:
    dice = iter(chances)
    backoff = Backoff(lambda: next(dice))
    waits = [backoff.after_failure("cloud") for _ in chances]
    assert all(MINUTE <= wait <= 15 * MINUTE * 1.25 for wait in waits)
    assert all(earlier < later for earlier, later in pairwise(waits[:4]))
