"""Windows on the wall clock become instants, also on the days when the clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, timezone, tzinfo
from itertools import combinations, pairwise, takewhile
from time import perf_counter

import pytest
import pytz
from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.windows.clock import (
    local_instant,
    next_boundary,
    next_local_time,
    next_occurrence,
    occurrences,
    overlaps,
    running,
    running_about,
    swallowed,
)
from enphase_battery.control.windows.window import Occurrence, Window

LONDON = pytz.timezone("Europe/London")
LOS_ANGELES = pytz.timezone("America/Los_Angeles")
LORD_HOWE = pytz.timezone("Australia/Lord_Howe")  # its summer time is half an hour
DUBLIN = pytz.timezone("Europe/Dublin")  # its winter time is the "daylight" one
BEIRUT = pytz.timezone("Asia/Beirut")  # the gap begins at midnight
NUUK = pytz.timezone("America/Nuuk")  # changes in the evening
APIA = pytz.timezone("Pacific/Apia")  # had no 30 December 2011
ST_JOHNS = pytz.timezone("America/St_Johns")  # until 2011 fell back at 00:01, to the day before
ZONES = (LONDON, LOS_ANGELES, LORD_HOWE, DUBLIN, BEIRUT, NUUK, APIA, ST_JOHNS, pytz.utc)

EVERY_DAY = frozenset(range(1, 8))
FRIDAY, SATURDAY, SUNDAY, MONDAY = frozenset({5}), frozenset({6}), frozenset({7}), frozenset({1})


def window(start: str, end: str, days: frozenset[int] = EVERY_DAY, name: str = "night") -> Window:
    return Window(name, Control.CHARGE_FROM_GRID, time.fromisoformat(start), time.fromisoformat(end), days, None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def on_day(zone: tzinfo, day: str, *windows: Window) -> list[tuple[str, str]]:
    """Return the UTC times of the occurrences within twelve hours of the local noon of the day."""
    noon = utc(f"{day} 12:00") - (utc(f"{day} 12:00").astimezone(zone).utcoffset() or timedelta())
    found = occurrences(windows, zone, noon - timedelta(hours=12), noon + timedelta(hours=12))
    return [(f"{one.start:%d %H:%M}", f"{one.end:%d %H:%M}") for one in found]


# -- ordinary days ----------------------------------------------------------------------------------------------------


def test_a_window_runs_from_its_start_until_just_before_its_end() -> None:
    night = window("02:00", "05:00")
    assert running([night], pytz.utc, utc("2025-06-03 01:59:59")) == ()
    (occurrence,) = running([night], pytz.utc, utc("2025-06-03 02:00"))
    assert occurrence == Occurrence(night, utc("2025-06-03 02:00"), utc("2025-06-03 05:00"))
    assert running([night], pytz.utc, utc("2025-06-03 04:59:59.999999")) == (occurrence,)
    assert running([night], pytz.utc, utc("2025-06-03 05:00")) == ()


def test_an_overnight_window_belongs_to_the_weekday_of_its_start() -> None:
    late = window("22:00", "05:00", SUNDAY)
    (occurrence,) = running([late], pytz.utc, utc("2025-06-02 03:00"))  # a Monday
    assert occurrence.start == utc("2025-06-01 22:00")
    assert running([late], pytz.utc, utc("2025-06-01 03:00")) == ()


def test_a_window_may_end_at_midnight() -> None:
    (occurrence,) = running([window("22:00", "00:00")], pytz.utc, utc("2025-06-02 23:59"))
    assert occurrence.end == utc("2025-06-03 00:00")


def test_all_occurrences_of_a_range_come_in_order_of_their_start() -> None:
    found = occurrences(
        [window("12:00", "13:00", name="noon"), window("02:00", "05:00")],
        LONDON,
        utc("2025-06-03 00:00"),
        utc("2025-06-05 00:00"),
    )
    assert [one.key for one in found] == [
        "night@2025-06-03T01:00:00+00:00",
        "noon@2025-06-03T11:00:00+00:00",
        "night@2025-06-04T01:00:00+00:00",
        "noon@2025-06-04T11:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("since", "until", "shares"),
    [
        ("01:00", "02:00", False),
        ("01:00", "02:01", True),
        ("03:00", "03:01", True),
        ("04:59", "06:00", True),
        ("05:00", "06:00", False),
        ("03:00", "03:00", False),
        ("04:00", "03:00", False),
    ],
)
def test_a_range_holds_the_occurrences_that_share_a_moment_with_it(since: str, until: str, shares: bool) -> None:
    found = occurrences([window("02:00", "05:00")], pytz.utc, utc(f"2025-06-03 {since}"), utc(f"2025-06-03 {until}"))
    assert bool(found) is shares


def test_the_next_occurrence_is_the_one_that_starts_after_now() -> None:
    night = window("02:00", "05:00", SUNDAY)
    found = next_occurrence([night], pytz.utc, utc("2025-06-01 02:00"))  # it has just started
    assert found is not None
    assert found.start == utc("2025-06-08 02:00")


def test_the_next_boundary_is_the_end_of_what_runs_or_the_start_of_what_comes_first() -> None:
    windows = [window("02:00", "05:00"), window("04:00", "06:00", name="overlapping")]
    now, seen = utc("2025-06-03 00:00"), []
    for _ in range(5):
        boundary = next_boundary(windows, pytz.utc, now)
        assert boundary is not None
        seen.append(f"{boundary:%d %H:%M}")
        now = boundary
    assert seen == ["03 02:00", "03 04:00", "03 05:00", "03 06:00", "04 02:00"]


def test_without_windows_nothing_comes() -> None:
    now = utc("2025-06-03 00:00")
    assert next_boundary([], LONDON, now) is None
    assert next_occurrence([], LONDON, now) is None
    assert running([], LONDON, now) == ()


def test_a_thousand_windows_take_no_noticeable_time() -> None:
    minutes = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(1001)]
    windows = [window(start, end, name=start) for start, end in pairwise(minutes)]
    times = []
    for _ in range(3):
        began = perf_counter()
        assert next_boundary(windows, LONDON, utc("2025-06-03 10:00:30")) == utc("2025-06-03 10:01")
        times.append(perf_counter() - began)
    assert min(times) < 0.1  # it takes a few milliseconds; the limit leaves room for a busy machine


# -- days on which the clocks change ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "expected"),
    [
        # London, 30 March 2025: 01:00 becomes 02:00 at 01:00 UTC
        (LONDON, "2025-03-30", "00:30", "01:30", ("30 00:30", "30 01:00")),  # an end in the gap is the end of the gap
        (LONDON, "2025-03-30", "01:30", "03:00", ("30 01:00", "30 02:00")),  # a start in it likewise
        (LONDON, "2025-03-30", "00:00", "05:00", ("30 00:00", "30 04:00")),  # an hour shorter
        (LONDON, "2025-03-30", "16:00", "17:00", ("30 15:00", "30 16:00")),  # right again in the afternoon
        # London, 26 October 2025: 02:00 becomes 01:00 at 01:00 UTC
        (LONDON, "2025-10-26", "01:15", "01:45", ("26 00:15", "26 00:45")),  # the first pass for both
        (LONDON, "2025-10-26", "01:30", "02:30", ("26 00:30", "26 02:30")),  # an hour longer
        (LONDON, "2025-10-26", "00:30", "01:30", ("25 23:30", "26 00:30")),
        (LONDON, "2025-10-26", "16:00", "17:00", ("26 16:00", "26 17:00")),
        # Los Angeles, 9 March 2025: 02:00 becomes 03:00 at 10:00 UTC
        (LOS_ANGELES, "2025-03-09", "01:00", "02:30", ("09 09:00", "09 10:00")),
        (LOS_ANGELES, "2025-03-09", "02:30", "04:00", ("09 10:00", "09 11:00")),
        (LOS_ANGELES, "2025-03-09", "16:00", "17:00", ("09 23:00", "10 00:00")),
        # Los Angeles, 2 November 2025: 02:00 becomes 01:00 at 09:00 UTC
        (LOS_ANGELES, "2025-11-02", "01:15", "01:45", ("02 08:15", "02 08:45")),
        (LOS_ANGELES, "2025-11-02", "01:30", "02:00", ("02 08:30", "02 10:00")),
        # Lord Howe, 5 October 2025: 02:00 becomes 02:30 at 15:30 UTC of the day before
        (LORD_HOWE, "2025-10-05", "01:30", "02:15", ("04 15:00", "04 15:30")),
        (LORD_HOWE, "2025-10-05", "02:15", "03:00", ("04 15:30", "04 16:00")),
        (LORD_HOWE, "2025-10-05", "16:00", "17:00", ("05 05:00", "05 06:00")),
        # Lord Howe, 6 April 2025: 02:00 becomes 01:30 at 15:00 UTC of the day before
        (LORD_HOWE, "2025-04-06", "01:40", "01:50", ("05 14:40", "05 14:50")),
        (LORD_HOWE, "2025-04-06", "01:45", "02:15", ("05 14:45", "05 15:45")),
        # Dublin, 26 October 2025: as London, though its flag for daylight saving means the opposite
        (DUBLIN, "2025-10-26", "01:15", "01:45", ("26 00:15", "26 00:45")),
        # Beirut, 30 March 2025: midnight becomes 01:00 at 22:00 UTC of the day before
        (BEIRUT, "2025-03-30", "00:30", "02:00", ("29 22:00", "29 23:00")),
        # Nuuk, 26 March 2022: 22:00 becomes 23:00 at 01:00 UTC of the day after
        (NUUK, "2022-03-26", "22:30", "23:30", ("27 01:00", "27 01:30")),
    ],
)
def test_on_the_day_of_a_clock_change(zone: tzinfo, day: str, start: str, end: str, expected: tuple[str, str]) -> None:
    assert on_day(zone, day, window(start, end, frozenset({utc(day).isoweekday()}))) == [expected]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        (LONDON, "2025-03-30", "01:10", "01:50"),
        (LONDON, "2025-03-30", "01:00", "02:00"),
        (LOS_ANGELES, "2025-03-09", "02:00", "03:00"),
        (LORD_HOWE, "2025-10-05", "02:00", "02:30"),
        (BEIRUT, "2025-03-30", "00:00", "01:00"),
        (APIA, "2011-12-30", "02:00", "05:00"),
    ],
)
def test_an_occurrence_of_which_the_gap_leaves_nothing_is_skipped(zone: tzinfo, day: str, start: str, end: str) -> None:
    skipped = window(start, end, frozenset({utc(day).isoweekday()}))
    assert on_day(zone, day, skipped) == []
    before = utc(day) - timedelta(days=2)
    following = next_occurrence([skipped], zone, before)
    assert following is not None
    assert following.start.astimezone(zone).date() == (utc(day) + timedelta(days=7)).date()
    assert next_boundary([skipped], zone, before) == following.start


def test_a_weekly_window_is_found_two_weeks_ahead_when_the_next_one_is_skipped() -> None:
    sunday = window("01:10", "01:50", SUNDAY)
    found = next_occurrence([sunday], LONDON, utc("2025-03-23 01:20"))  # the one of 23 March runs, 30 March is skipped
    assert found is not None
    assert found.start == utc("2025-04-06 00:10")


def test_an_overnight_window_into_a_day_that_does_not_exist_ends_where_that_day_would_begin() -> None:
    (occurrence,) = occurrences(
        [window("22:00", "05:00", frozenset({4}))], APIA, utc("2011-12-29 00:00"), utc("2012-01-01 00:00")
    )
    assert (occurrence.start, occurrence.end) == (utc("2011-12-30 08:00"), utc("2011-12-30 10:00"))


def test_a_day_that_is_entered_twice_has_its_windows_once() -> None:
    midnight = window("00:00", "00:01", SUNDAY)  # St John's, 7 November 2010: at 00:01 back to 23:01 of Saturday
    found = occurrences([midnight], ST_JOHNS, utc("2010-11-06 12:00"), utc("2010-11-08 12:00"))
    assert [(one.start, one.end) for one in found] == [(utc("2010-11-07 02:30"), utc("2010-11-07 03:31"))]


def test_in_the_second_pass_of_the_doubled_hour_runs_what_began_in_the_first_and_nothing_begins_again() -> None:
    windows = [window("01:15", "01:45", name="over"), window("01:50", "02:00"), window("02:00", "03:00", name="next")]
    second_pass = utc("2025-10-26 01:10")  # the local clock shows 01:10 again, and has shown 01:59
    assert [one.window.name for one in running(windows, LONDON, second_pass)] == ["night"]
    following = next_occurrence(windows, LONDON, second_pass)
    assert following is not None
    assert following.key == "next@2025-10-26T02:00:00+00:00"
    assert next_boundary(windows, LONDON, second_pass) == following.start


def test_of_those_that_begin_together_at_the_end_of_the_gap_the_one_that_ends_first_comes_first() -> None:
    windows = [
        window("01:10", "03:00", name="long"),
        window("01:20", "02:30", name="b"),
        window("01:30", "02:30", name="a"),
    ]
    before = utc("2025-03-30 00:00")
    found = occurrences(windows, LONDON, before, before + timedelta(hours=4))
    assert [one.window.name for one in found] == ["a", "b", "long"]
    assert next_occurrence(windows, LONDON, before) == found[0]


# -- the next time that the clock shows something ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "wall", "now", "expected"),
    [
        (pytz.utc, "05:00", "2025-06-03 04:59", "2025-06-03 05:00"),
        (pytz.utc, "05:00", "2025-06-03 05:00", "2025-06-04 05:00"),  # strictly after now
        (LOS_ANGELES, "05:00", "2025-06-03 23:00", "2025-06-04 12:00"),
        (LONDON, "01:30", "2025-03-29 12:00", "2025-03-30 01:00"),  # in the gap: its end
        (LONDON, "01:30", "2025-10-26 00:00", "2025-10-26 00:30"),  # the first pass
        (LONDON, "01:30", "2025-10-26 00:45", "2025-10-26 01:30"),  # the second pass
        (LONDON, "01:30", "2025-10-26 01:00", "2025-10-26 01:30"),  # as it has begun already
        (LONDON, "01:30", "2025-10-26 01:30", "2025-10-27 01:30"),
        (APIA, "05:00", "2011-12-30 09:00", "2011-12-30 10:00"),
        (ST_JOHNS, "00:00", "2010-11-07 03:00", "2010-11-07 03:30"),  # a Saturday evening that has seen Sunday already
    ],
)
def test_the_next_local_time(zone: tzinfo, wall: str, now: str, expected: str) -> None:
    assert next_local_time(zone, time.fromisoformat(wall), utc(now)) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "moment", "now", "expected"),
    [
        (LONDON, "2025-06-03 05:00", "2025-06-01 00:00", "2025-06-03 04:00"),
        (LONDON, "2025-06-03 05:00", "2025-07-01 00:00", "2025-06-03 04:00"),  # past
        (LONDON, "2025-03-30 01:30", "2025-03-30 00:00", "2025-03-30 01:00"),  # in the gap: its end
        (LONDON, "2025-10-26 01:30", "2025-10-26 00:00", "2025-10-26 00:30"),  # the first pass
        (LONDON, "2025-10-26 01:30", "2025-10-26 00:30", "2025-10-26 01:30"),  # the second
        (LONDON, "2025-10-26 01:30", "2025-10-26 02:00", "2025-10-26 01:30"),  # past
    ],
)
def test_the_instant_of_a_local_time_with_its_date(zone: tzinfo, moment: str, now: str, expected: str) -> None:
    assert local_instant(zone, datetime.fromisoformat(moment), utc(now)) == utc(expected)


# -- what runs about a time of the clock ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "wall", "found"),
    [
        ("2025-06-03", "02:00", ["night"]),
        ("2025-06-03", "04:59", ["night"]),
        ("2025-06-03", "05:00", []),
        ("2025-06-03", "01:59", []),
        ("2025-06-03", "23:30", ["late"]),
        ("2025-06-04", "00:00", ["late"]),
        ("2025-10-26", "05:00", ["night"]),  # an hour earlier it ran, and an hour is what the clocks are changed by
        ("2025-10-26", "06:01", []),
        ("2025-03-30", "01:30", ["late", "night"]),  # the end of the gap: late ran until an hour before it
    ],
)
def test_what_runs_when_the_clock_shows_a_time_and_around_that_where_it_is_changed(
    day: str, wall: str, found: list[str]
) -> None:
    windows = [window("02:00", "05:00"), window("23:30", "00:30", name="late")]
    about = running_about(windows, LONDON, utc(day).date(), time.fromisoformat(wall))
    assert [one.window.name for one in about] == found


def test_of_many_windows_only_those_in_the_gap_are_swallowed() -> None:
    hours = [window(f"{hour:02}:00", f"{hour + 1:02}:00", name=str(hour)) for hour in range(23)]
    assert [one.name for one in swallowed(hours, LONDON, utc("2025-03-30").date())] == ["1"]
    assert swallowed(hours, LONDON, utc("2025-03-29").date()) == ()


# -- overlaps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (window("02:00", "05:00"), window("04:00", "06:00"), True),
        (window("02:00", "05:00"), window("03:00", "04:00"), True),
        (window("02:00", "05:00"), window("02:00", "05:00"), True),
        (window("02:00", "05:00"), window("05:00", "06:00"), False),  # touching
        (window("02:00", "05:00", MONDAY), window("04:00", "06:00", SUNDAY), False),
        (window("22:00", "05:00", SATURDAY), window("04:00", "06:00", SUNDAY), True),  # over midnight
        (window("22:00", "05:00", SUNDAY), window("04:00", "06:00", MONDAY), True),  # over the end of the week
        (window("22:00", "00:00", SUNDAY), window("00:00", "06:00", MONDAY), False),
        (window("23:00", "22:00", SUNDAY), window("21:00", "22:30", MONDAY), True),
    ],
)
def test_windows_overlap_when_they_share_a_moment_of_the_week(one: Window, other: Window, overlap: bool) -> None:
    assert overlaps([one, other]) == (((one, other),) if overlap else ())
    assert overlaps([other, one]) == (((other, one),) if overlap else ())


def test_windows_of_different_controls_overlap_as_well() -> None:
    charge = window("02:00", "05:00")
    hold = Window("hold", Control.RESTRICT_DISCHARGE, time(4), time(6), EVERY_DAY, None)
    assert overlaps([charge, hold]) == ((charge, hold),)


def test_each_overlapping_pair_is_named_once() -> None:
    first, second, third = (window("02:00", "05:00", name=name) for name in ("a", "b", "c"))
    assert overlaps([first, second, third]) == ((first, second), (first, third), (second, third))


# -- what holds for all windows ---------------------------------------------------------------------------------------

_times = st.integers(0, 95).map(lambda quarter: time(quarter // 4, 15 * (quarter % 4)))
_days = st.frozensets(st.integers(1, 7), min_size=1)


@st.composite
def _windows(draw: st.DrawFn) -> list[Window]:
    bounds = draw(st.lists(st.tuples(_times, _times, _days).filter(lambda parts: parts[0] != parts[1]), max_size=6))
    return [
        Window(str(number), Control.CHARGE_FROM_GRID, start, end, days, None)
        for number, (start, end, days) in enumerate(bounds)
    ]


_zones = st.sampled_from(ZONES)
_changes = [
    "2025-03-30",
    "2025-10-26",
    "2025-03-09",
    "2025-11-02",
    "2025-04-06",
    "2025-10-05",
    "2011-12-30",
    "2010-11-07",
    "2022-03-26",
]
_moments = st.builds(
    lambda day, minutes: utc(day) + timedelta(minutes=minutes), st.sampled_from(_changes), st.integers(-4_000, 4_000)
)


def _fortnight(windows: Sequence[Window], zone: tzinfo, now: datetime) -> tuple[Occurrence, ...]:
    return occurrences(windows, zone, now, now + timedelta(days=16))


@settings(deadline=None)  # a busy machine is no fault
@given(_windows(), _zones, _moments)
def test_every_occurrence_lasts(windows: list[Window], zone: tzinfo, now: datetime) -> None:
    assert all(one.start < one.end for one in _fortnight(windows, zone, now))


@settings(deadline=None)  # a busy machine is no fault
@given(_windows(), _zones, _moments)
def test_windows_apart_on_the_wall_clock_are_apart_on_every_day_of_the_year(
    windows: list[Window], zone: tzinfo, now: datetime
) -> None:
    apart: list[Window] = []
    for candidate in windows:
        if not overlaps([*apart, candidate]):
            apart.append(candidate)
    for earlier, later in combinations(_fortnight(apart, zone, now), 2):
        assert earlier.end <= later.start


@settings(deadline=None)  # a busy machine is no fault
@given(_windows(), _zones, _moments)
def test_the_next_boundary_is_the_first_start_or_end_of_any_occurrence(
    windows: list[Window], zone: tzinfo, now: datetime
) -> None:
    instants = [instant for one in _fortnight(windows, zone, now) for instant in (one.start, one.end) if instant > now]
    assert next_boundary(windows, zone, now) == min(instants, default=None)


@settings(deadline=None)  # a busy machine is no fault
@given(_windows(), _zones, _moments)
def test_the_next_occurrence_is_the_first_that_has_not_started(
    windows: list[Window], zone: tzinfo, now: datetime
) -> None:
    later = [one for one in _fortnight(windows, zone, now) if one.start > now]
    assert next_occurrence(windows, zone, now) == (later[0] if later else None)
    if len(later) > 1:
        assert next_occurrence(windows, zone, now, {later[0].key}) == later[1]


@settings(deadline=None)  # a busy machine is no fault
@given(_windows(), _zones, _moments)
def test_what_runs_is_what_has_started_and_not_ended(windows: list[Window], zone: tzinfo, now: datetime) -> None:
    around = occurrences(windows, zone, now - timedelta(days=3), now + timedelta(days=3))
    assert running(windows, zone, now) == tuple(one for one in around if one.start <= now < one.end)


@settings(deadline=None)  # a busy machine is no fault
@given(_zones, _times, _moments)
def test_an_instant_is_the_first_at_which_the_clock_shows_the_time_or_a_later_one(
    zone: tzinfo, wall: time, now: datetime
) -> None:
    found = next_local_time(zone, wall, now)
    reached = found.astimezone(zone).replace(tzinfo=None)
    just_before = (found - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
    assert found > now
    earlier = (found - quarters * timedelta(minutes=15) for quarters in range(1, 200))
    assert all(one.astimezone(zone).time() != wall for one in takewhile(lambda one: one > now, earlier)), "a later one"
    assert reached.time() == wall or just_before < reached - timedelta(minutes=1)  # else it is the end of a gap
