"""Which of many weekly stretches share a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import WEEK, Terms
from enphase_battery.control.weekly import meetings, met

EVERY_DAY = frozenset(range(1, 8))
SATURDAY, SUNDAY, MONDAY = frozenset({6}), frozenset({7}), frozenset({1})


def stretch(start: str, end: str, days: frozenset[int] = EVERY_DAY) -> Terms:
    return Terms(Control.CHARGE_FROM_GRID, time.fromisoformat(start), time.fromisoformat(end), days, "Europe/London")


def test_each_pair_that_shares_a_moment_is_named_once_in_the_order_given() -> None:
    assert meetings([stretch("04:00", "06:00"), stretch("05:00", "07:00"), stretch("02:00", "05:00")]) == [
        (0, 1),
        (0, 2),
    ]


def test_what_starts_in_the_night_from_sunday_to_monday_meets_what_started_on_sunday() -> None:
    late = stretch("22:00", "05:00", SUNDAY)
    assert meetings([stretch("04:00", "06:00", MONDAY), late]) == [(0, 1)]
    assert meetings([stretch("04:00", "06:00", SUNDAY), late]) == []


def test_what_lasts_from_a_time_to_the_same_time_on_the_next_day_does_not_meet_itself() -> None:
    assert meetings([stretch("12:00", "12:00")]) == []
    assert meetings([stretch("12:00", "12:00", SATURDAY), stretch("11:00", "13:00", SUNDAY)]) == [(0, 1)]


def test_of_others_those_are_named_that_each_one_meets() -> None:
    several = [stretch("02:00", "05:00"), stretch("03:00", "04:00"), stretch("20:00", "21:00")]
    assert met(several, [stretch("20:30", "02:30"), stretch("02:00", "04:00")]) == [[0, 1], [1], [0]]
    assert met([], several) == []
    assert met(several, []) == [[], [], []]


# -- whatever they are ------------------------------------------------------------------------------------------------

_HALF_HOURS = st.integers(0, 47).map(lambda half: time(half // 2, half % 2 * 30))
_STRETCHES = st.lists(
    st.builds(
        Terms,
        st.just(Control.CHARGE_FROM_GRID),
        _HALF_HOURS,
        _HALF_HOURS,
        st.frozensets(st.integers(1, 7)),
        st.just("Europe/London"),
    ),
    max_size=8,
)


@given(_STRETCHES)
def test_stretches_meet_exactly_when_some_minute_of_the_week_belongs_to_both(several: Sequence[Terms]) -> None:
    minutes = [
        {(begin + minute) % WEEK for begin in one.begins() for minute in range(0, one.length, 30)} for one in several
    ]
    assert meetings(several) == [
        (one, other)
        for one in range(len(several))
        for other in range(one + 1, len(several))
        if minutes[one] & minutes[other]
    ]
