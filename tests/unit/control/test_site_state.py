"""When a schedule entry covers a moment of the wall clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.names import Control
from enphase_battery.control.site_state import Entry

MONDAY, SUNDAY = 1, 7
EVERY_DAY = frozenset(range(1, 8))


def entry(start: str, end: str, *days: int) -> Entry:
    return Entry(
        Control.CHARGE_FROM_GRID,
        time.fromisoformat(start),
        time.fromisoformat(end),
        frozenset(days) or EVERY_DAY,
        active=True,
    )


def local(text: str) -> datetime:
    """Return a moment of the week that begins with Monday, 23 November 2026."""
    days = {"Sun": 22, "Mon": 23, "Tue": 24}
    day, wall = text.split()
    return pytz.timezone("Europe/London").localize(datetime.fromisoformat(f"2026-11-{days[day]} {wall}"))


@pytest.mark.parametrize(
    ("moment", "covered"), [("Mon 01:59", False), ("Mon 02:00", True), ("Mon 04:59:59", True), ("Mon 05:00", False)]
)
def test_an_entry_covers_its_start_and_not_its_end(moment: str, covered: bool) -> None:
    assert entry("02:00", "05:00").covers(local(moment)) is covered


@pytest.mark.parametrize(
    ("moment", "covered"),
    [
        ("Sun 21:59", False),
        ("Sun 22:00", True),
        ("Mon 04:59", True),
        ("Mon 05:00", False),
        ("Mon 22:00", False),
        ("Tue 04:59", False),
    ],
)
def test_an_overnight_entry_belongs_to_the_day_of_its_start_also_over_the_end_of_the_week(
    moment: str, covered: bool
) -> None:
    assert entry("22:00", "05:00", SUNDAY).covers(local(moment)) is covered


def test_an_entry_of_one_day_covers_no_other_day() -> None:
    assert entry("02:00", "05:00", MONDAY).covers(local("Mon 03:00"))
    assert not entry("02:00", "05:00", MONDAY).covers(local("Tue 03:00"))


walls = st.times().map(lambda wall: wall.replace(second=0, microsecond=0))
moments = st.integers(0, 14 * 1440).map(lambda minutes: local("Mon 00:00") + timedelta(minutes=minutes))


@given(walls, walls, st.sets(st.integers(1, 7), min_size=1), moments)
def test_an_overnight_entry_is_the_same_as_its_two_halves(
    start: time, end: time, days: set[int], moment: datetime
) -> None:
    whole = Entry(Control.CHARGE_FROM_GRID, start, end, frozenset(days), active=True)
    minute = moment.hour * 60 + moment.minute
    first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    if first < last:
        expected = moment.isoweekday() in days and first <= minute < last
    else:
        expected = (moment.isoweekday() in days and minute >= first) or (
            (moment.isoweekday() - 2) % 7 + 1 in days and minute < last
        )
    assert whole.covers(moment) is expected
