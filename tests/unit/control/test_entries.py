"""What an entry says: when it covers a moment of the wall clock, what it overlaps, what it touches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import ALL_DAY, DAY, EVERY_DAY, WEEK, Terms
from enphase_battery.words import reasons

CHARGE, DISCHARGE = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID
MONDAY, TUESDAY, SUNDAY = 1, 2, 7


def terms(times: str, *days: int, control: Control = CHARGE) -> Terms:
    start, end = map(time.fromisoformat, times.split("-"))
    return Terms(control, start, end, frozenset(days) or EVERY_DAY, "Europe/London", 90)


def in_words(value: object) -> str:
    return reasons.entry(value) if isinstance(value, Terms) else str(value)


def local(text: str) -> datetime:
    """Return a moment of the week that begins with Monday, 23 November 2026."""
    days = {"Sun": 22, "Mon": 23, "Tue": 24}
    day, wall = text.split()
    return pytz.timezone("Europe/London").localize(datetime.fromisoformat(f"2026-11-{days[day]} {wall}"))


# -- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "covered"), [("Mon 01:59", False), ("Mon 02:00", True), ("Mon 04:59:59", True), ("Mon 05:00", False)]
)
def test_an_entry_covers_its_start_and_not_its_end(moment: str, covered: bool) -> None:
    assert terms("02:00-05:00").covers(local(moment)) is covered


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
    assert terms("22:00-05:00", SUNDAY).covers(local(moment)) is covered


def test_an_entry_of_one_day_covers_no_other_day() -> None:
    assert terms("02:00-05:00", MONDAY).covers(local("Mon 03:00"))
    assert not terms("02:00-05:00", MONDAY).covers(local("Tue 03:00"))


def test_an_entry_without_days_never_covers_anything_and_overlaps_nothing() -> None:
    never = replace(terms("02:00-05:00"), days=frozenset())
    assert not never.covers(local("Mon 03:00"))
    assert not never.overlaps(terms("00:00-23:59"))


@pytest.mark.parametrize(
    ("times", "length"), [("02:00-05:00", 180), ("22:00-05:00", 420), ("00:00-23:59", 1439), ("12:00-12:00", 1440)]
)
def test_an_entry_is_as_long_as_from_its_start_to_the_next_such_end(times: str, length: int) -> None:
    assert terms(times).length == length


# -- beside others ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (terms("02:00-05:00"), terms("04:59-06:00"), True),
        (terms("02:00-05:00"), terms("05:00-06:00"), False),
        (terms("02:00-05:00"), terms("03:00-04:00"), True),
        (terms("02:00-05:00", MONDAY), terms("02:00-05:00", TUESDAY), False),
        (terms("02:00-05:00", MONDAY, TUESDAY), terms("02:00-05:00", TUESDAY), True),
        (terms("22:00-05:00", MONDAY), terms("04:00-06:00", TUESDAY), True),
        (terms("22:00-05:00", MONDAY), terms("04:00-06:00", MONDAY), False),
        (terms("22:00-05:00", SUNDAY), terms("04:00-06:00", MONDAY), True),
        (terms("12:00-12:00", SUNDAY), terms("11:00-13:00", MONDAY), True),
        (terms("02:00-05:00"), terms("03:00-04:00", control=DISCHARGE), True),
    ],
    ids=in_words,
)
def test_entries_overlap_when_they_share_a_minute_of_the_week_whatever_their_families(
    one: Terms, other: Terms, overlap: bool
) -> None:
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


@pytest.mark.parametrize(
    ("one", "other", "touch"),
    [
        (terms("02:00-05:00"), terms("05:00-06:00"), True),
        (terms("02:00-05:00"), terms("05:01-06:00"), False),
        (terms("02:00-05:00", MONDAY), terms("05:00-06:00", TUESDAY), False),
        (terms("22:00-00:00", SUNDAY), terms("00:00-01:00", MONDAY), True),
        (terms("22:00-23:59", SUNDAY), terms("00:00-01:00", MONDAY), False),
    ],
    ids=in_words,
)
def test_entries_touch_when_one_begins_where_the_other_ends(one: Terms, other: Terms, touch: bool) -> None:
    assert one.touches(other) is touch
    assert other.touches(one) is touch


def test_the_zone_is_no_part_of_what_is_compared_and_all_else_is() -> None:
    one = terms("02:00-05:00", MONDAY)
    assert one.same_times(replace(one, zone="UTC"))
    for other in (
        replace(one, control=DISCHARGE),
        replace(one, start=time(1)),
        replace(one, end=time(6)),
        replace(one, days=EVERY_DAY),
        replace(one, limit=one.limit - 1 if one.limit else 1),
    ):
        assert not one.same_times(other)


# -- in words, and in the store ---------------------------------------------------------------------------------------


def test_entries_are_put_into_words_with_their_times_and_their_days() -> None:
    assert reasons.entry(terms("02:00-05:00")) == "charge from grid 02:00-05:00 every day"
    assert reasons.entry(terms("22:00-05:00", SUNDAY, MONDAY)) == "charge from grid 22:00-05:00 Mon, Sun"
    obscure = replace(terms("02:00-05:00"), days=frozenset())
    assert reasons.entry(obscure) == "charge from grid at times that cannot be read"
    several = [terms("12:00-13:00", MONDAY), terms("02:00-05:00", MONDAY)]
    assert reasons.listed(several) == "charge from grid 02:00-05:00 Mon; charge from grid 12:00-13:00 Mon"


# -- whatever it says -------------------------------------------------------------------------------------------------

WALLS = st.times().map(lambda wall: wall.replace(second=0, microsecond=0))
ANY_TERMS = st.builds(
    Terms,
    st.sampled_from(Control),
    WALLS,
    WALLS,
    st.frozensets(st.integers(1, 7)),
    st.sampled_from(["Europe/London", ""]),
    st.none() | st.integers(5, 100),
)


@given(ANY_TERMS)
def test_terms_outlive_the_store_unchanged(any_terms: Terms) -> None:
    assert Terms.from_json(json.loads(json.dumps(any_terms.to_json()))) == any_terms


@pytest.mark.parametrize("member", ["control", "start", "end", "days", "zone", "limit"])
def test_stored_terms_with_a_member_missing_are_refused(member: str) -> None:
    data = terms("02:00-05:00").to_json()
    del data[member]
    with pytest.raises(KeyError):
        Terms.from_json(data)


@given(ANY_TERMS, st.integers(0, 14 * DAY))
def test_an_overnight_entry_is_the_same_as_its_two_halves(whole: Terms, minutes: int) -> None:
    moment = local("Mon 00:00") + timedelta(minutes=minutes)
    minute = moment.hour * 60 + moment.minute
    first, last = whole.start.hour * 60 + whole.start.minute, whole.end.hour * 60 + whole.end.minute
    if first < last:
        expected = moment.isoweekday() in whole.days and first <= minute < last
    else:
        expected = (moment.isoweekday() in whole.days and minute >= first) or (
            (moment.isoweekday() - 2) % 7 + 1 in whole.days and minute < last
        )
    assert whole.covers(moment) is expected


@given(ANY_TERMS, ANY_TERMS)
def test_entries_overlap_exactly_when_some_minute_is_covered_by_both(one: Terms, other: Terms) -> None:
    def minutes(some: Terms) -> set[int]:
        return {(begin + minute) % WEEK for begin in some.begins() for minute in range(some.length)}

    assert one.overlaps(other) is bool(minutes(one) & minutes(other))


def test_what_holds_the_whole_day_leaves_its_last_minute_out() -> None:
    whole = Terms(CHARGE, *ALL_DAY, EVERY_DAY, "Europe/London")
    assert whole.covers(local("Mon 23:58:59"))
    assert not whole.covers(local("Mon 23:59"))


def test_a_stored_time_with_an_offset_is_none_of_the_wall_clock() -> None:
    stored = Terms(Control.CHARGE_FROM_GRID, time(2), time(5), EVERY_DAY, "Europe/London").to_json()
    assert Terms.from_json(stored).start == time(2)
    with pytest.raises(ValueError, match="wall clock"):
        Terms.from_json({**stored, "start": "02:00:00+01:00"})
