"""From a wish to what its entry says: minutes, midnight, clock changes, limits, and entries that may not touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone, tzinfo

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import ALL_DAY, EVERY_DAY, Terms
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.shaping import apart, entries_for, limit_of
from enphase_battery.control.site_state import Habits
from enphase_battery.control.windows.clock import occurrences
from enphase_battery.control.windows.window import Window
from enphase_battery.words import reasons

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
LONDON, LOS_ANGELES, LORD_HOWE = map(pytz.timezone, ("Europe/London", "America/Los_Angeles", "Australia/Lord_Howe"))
USUAL, NO_OVERNIGHT = Habits(), Habits(overnight=False)
MINUTE, SUNDAY, MONDAY = timedelta(minutes=1), 7, 1


def instant(text: str, zone: pytz.BaseTzInfo = LONDON) -> datetime:
    """Return the first instant at which the clocks of the zone show this."""
    return zone.localize(datetime.fromisoformat(text), is_dst=True).astimezone(timezone.utc)


def command(since: datetime, duration: timedelta, *, control: Control = CHARGE, target: int | None = None) -> Intent:
    return Intent(control, True, Source.COMMAND, since, since + duration, target_soc=target)


def window(start: str, end: str, day: str, zone: pytz.BaseTzInfo = LONDON) -> Intent:
    """Return the wish of the occurrence of a daily window that starts on a day."""
    daily = Window("w", CHARGE, time.fromisoformat(start), time.fromisoformat(end), EVERY_DAY, None)
    noon = zone.localize(datetime.fromisoformat(day) + timedelta(hours=12))
    found = occurrences((daily,), zone, noon - timedelta(hours=12), noon + timedelta(hours=12))
    return Intent.of_occurrence(next(one for one in found if f"{one.start.astimezone(zone):%Y-%m-%d}" == day))


def shaped(intent: Intent, zone: tzinfo = LONDON, habits: Habits = USUAL, floor: int = 5) -> list[str]:
    shape = entries_for(intent, zone, habits, floor)
    return [reasons.entry(terms).removeprefix("charge from grid ") for terms in shape]


# -- times ------------------------------------------------------------------------------------------------------------


def test_a_standing_wish_holds_the_whole_day_up_to_the_last_minute_that_the_cloud_knows() -> None:
    standing = Intent(CHARGE, True, Source.TOGGLE, instant("2026-11-22 12:00"))
    assert entries_for(standing, LONDON, USUAL, 5) == (Terms(CHARGE, *ALL_DAY, EVERY_DAY, "Europe/London", 100),)


def test_an_occurrence_has_its_own_times_and_its_own_weekday_only() -> None:
    assert shaped(window("02:00", "05:00", "2026-11-22")) == ["02:00-05:00 Sun"]
    assert shaped(window("02:00", "05:00", "2026-11-23")) == ["02:00-05:00 Mon"]


@pytest.mark.parametrize(
    ("since", "seconds", "expected"),
    [
        ("12:00:00", 600, "12:00-12:10 Sun"),
        ("12:00:59", 600, "12:00-12:11 Sun"),
        ("12:00:01", 1, "12:00-12:01 Sun"),
        ("12:00:00", 1, "12:00-12:01 Sun"),
        ("12:00:59", 1, "12:00-12:01 Sun"),
        ("12:00:59", 2, "12:00-12:02 Sun"),
    ],
)
def test_an_entry_includes_every_minute_of_which_the_wish_has_a_part(since: str, seconds: int, expected: str) -> None:
    assert shaped(command(instant(f"2026-11-22 {since}"), timedelta(seconds=seconds))) == [expected]


def test_a_command_of_the_longest_duration_never_begins_where_it_ends() -> None:
    longest = timedelta(hours=23, minutes=59)
    assert shaped(command(instant("2026-11-22 12:00"), longest)) == ["12:00-11:59 Sun"]
    assert shaped(command(instant("2026-11-22 12:00:30"), longest)) == ["12:00-11:59 Sun"]
    assert shaped(command(instant("2026-11-22 00:00"), longest)) == ["00:00-23:59 Sun"]
    assert shaped(command(instant("2026-11-22 00:00:30"), longest)) == ["00:00-23:59 Sun"]


def test_an_end_at_midnight_is_the_last_minute_of_the_day() -> None:
    assert shaped(window("22:00", "00:00", "2026-11-22")) == ["22:00-23:59 Sun"]
    assert shaped(window("22:00", "23:59", "2026-11-22")) == ["22:00-23:59 Sun"]


def test_the_minute_before_midnight_alone_can_only_end_at_midnight() -> None:
    assert shaped(command(instant("2026-11-22 23:59"), MINUTE)) == ["23:59-00:00 Sun"]


def test_a_window_over_midnight_is_one_entry_of_the_day_of_its_start() -> None:
    assert shaped(window("22:00", "05:00", "2026-11-22")) == ["22:00-05:00 Sun"]


def test_only_where_the_cloud_refuses_it_a_window_over_midnight_is_split() -> None:
    over = window("22:00", "05:00", "2026-11-22")
    assert shaped(over, habits=NO_OVERNIGHT) == ["22:00-23:59 Sun", "00:00-05:00 Mon"]
    assert shaped(window("02:00", "05:00", "2026-11-22"), habits=NO_OVERNIGHT) == ["02:00-05:00 Sun"]
    assert shaped(command(instant("2026-11-22 23:59"), 3 * MINUTE), habits=NO_OVERNIGHT) == ["00:00-00:02 Mon"]


# -- days on which the clocks change ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "times", "expected"),
    [
        (LONDON, "2026-03-29", ("00:30", "05:00"), "00:30-05:00 Sun"),
        (LONDON, "2026-03-29", ("01:30", "05:00"), "02:00-05:00 Sun"),
        (LONDON, "2026-03-29", ("00:30", "01:30"), "00:30-02:00 Sun"),
        (LONDON, "2026-10-25", ("00:30", "05:00"), "00:30-05:00 Sun"),
        (LOS_ANGELES, "2026-03-08", ("02:30", "04:00"), "03:00-04:00 Sun"),
        (LOS_ANGELES, "2026-11-01", ("00:00", "06:00"), "00:00-06:00 Sun"),
        (LORD_HOWE, "2026-10-04", ("02:15", "04:00"), "02:30-04:00 Sun"),
        (LORD_HOWE, "2026-04-05", ("01:00", "06:00"), "01:00-06:00 Sun"),
    ],
)
def test_windows_keep_their_wall_clock_over_a_clock_change(
    zone: pytz.BaseTzInfo, day: str, times: tuple[str, str], expected: str
) -> None:
    assert shaped(window(*times, day, zone), zone) == [expected]


@pytest.mark.parametrize(
    ("zone", "since", "minutes", "expected"),
    [
        (LONDON, "2026-10-25 01:50", 20, "01:00-02:00 Sun"),
        (LONDON, "2026-10-25 01:50", 60, "01:00-02:00 Sun"),
        (LONDON, "2026-10-25 01:50", 90, "01:00-02:20 Sun"),
        (LONDON, "2026-10-25 00:50", 100, "00:50-02:00 Sun"),
        (LOS_ANGELES, "2026-11-01 01:30", 45, "01:00-02:00 Sun"),
        (LORD_HOWE, "2026-04-05 01:50", 25, "01:30-02:00 Sun"),
        (LONDON, "2026-03-29 00:50", 20, "00:50-02:10 Sun"),
    ],
)
def test_a_command_across_a_clock_change_includes_all_that_the_wall_clock_shows_meanwhile(
    zone: pytz.BaseTzInfo, since: str, minutes: int, expected: str
) -> None:
    assert shaped(command(instant(since, zone), minutes * MINUTE), zone) == [expected]


BEFORE_A_CHANGE = st.sampled_from(
    [
        *((LONDON, instant(f"2026-{evening} 22:00", LONDON)) for evening in ("03-28", "10-24")),
        *((LOS_ANGELES, instant(f"2026-{evening} 22:00", LOS_ANGELES)) for evening in ("03-07", "10-31")),
        *((LORD_HOWE, instant(f"2026-{evening} 22:00", LORD_HOWE)) for evening in ("10-03", "04-04")),
    ]
)
SPANS = st.integers(1, 23 * 60 + 59).map(lambda minutes: minutes * MINUTE)


@given(
    BEFORE_A_CHANGE,
    st.integers(0, 6 * 60).map(lambda minutes: minutes * MINUTE),
    st.sampled_from([0, 1, 59]).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(1, 90).map(lambda minutes: minutes * MINUTE) | SPANS,
    st.sampled_from([USUAL, NO_OVERNIGHT]),
)
def test_the_gateway_acts_at_every_moment_of_a_wish_but_for_the_minute_before_midnight(
    before: tuple[pytz.BaseTzInfo, datetime], after: timedelta, seconds: timedelta, span: timedelta, habits: Habits
) -> None:
    zone, evening = before
    wish = command(evening + after + seconds, span)
    entries = entries_for(wish, zone, habits, 5)
    assert 1 <= len(entries) <= 2
    assert not any(one.overlaps(other) for one in entries for other in entries if one is not other)
    assert all(one.start != one.end and one.days for one in entries)
    first, last = wish.since.astimezone(zone), (wish.since + span).astimezone(zone)
    clock_shows_more_than_an_entry_can_say = last.replace(tzinfo=None) - first.replace(tzinfo=None) >= timedelta(days=1)
    for minute in range(0 if clock_shows_more_than_an_entry_can_say else span // MINUTE):
        local = (wish.since + minute * MINUTE).astimezone(zone)
        assert any(one.covers(local) for one in entries) or (local.hour, local.minute) == (23, 59), local


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "target", "limit"),
    [
        (CHARGE, None, 100),
        (CHARGE, 80, 80),
        (CHARGE, 5, 5),
        (DISCHARGE, None, 20),
        (DISCHARGE, 40, 40),
        (DISCHARGE, 10, 20),
        (RESTRICT, None, None),
    ],
)
def test_charging_stops_at_its_target_and_discharging_never_goes_below_the_floor(
    control: Control, target: int | None, limit: int | None
) -> None:
    intent = command(instant("2026-11-22 12:00"), MINUTE, control=control, target=target)
    assert limit_of(intent, 20) == limit
    assert [one.limit for one in entries_for(intent, LONDON, USUAL, 20)] == [limit]


# -- entries that may not touch ---------------------------------------------------------------------------------------


def terms(start: str, end: str, *days: int) -> Terms:
    return Terms(CHARGE, time.fromisoformat(start), time.fromisoformat(end), frozenset(days or EVERY_DAY), "UTC", 90)


def test_of_entries_that_may_not_touch_the_earlier_ends_a_minute_earlier() -> None:
    one, other = terms("02:00", "05:00"), terms("05:00", "06:00")
    assert apart(one, other.begins(), ()) == terms("02:00", "04:59")
    assert apart(other, other.begins(), ()) == other


def test_an_entry_after_one_that_cannot_end_earlier_begins_a_minute_later() -> None:
    theirs = terms("02:00", "05:00")
    assert apart(terms("05:00", "06:00"), (), theirs.ends()) == terms("05:01", "06:00")
    both = apart(terms("05:00", "06:00"), terms("06:00", "07:00").begins(), theirs.ends())
    assert both == terms("05:01", "05:59")


def test_an_entry_that_touches_nothing_stays_as_it_is() -> None:
    one = terms("02:00", "05:00", SUNDAY)
    assert apart(one, terms("05:00", "06:00", MONDAY).begins(), terms("01:00", "02:00", MONDAY).ends()) == one


def test_of_an_entry_that_is_too_short_nothing_is_taken() -> None:
    short = terms("05:00", "05:02")
    assert apart(short, terms("05:02", "06:00").begins(), terms("04:00", "05:00").ends()) == short


def test_an_entry_whose_first_minute_was_the_last_of_the_day_begins_on_the_next_day() -> None:
    late = terms("23:59", "05:00", SUNDAY)
    moved = apart(late, (), terms("22:00", "23:59", SUNDAY).ends())
    assert moved == terms("00:00", "05:00", MONDAY)
    assert not moved.touches(replace(terms("22:00", "23:59", SUNDAY), control=DISCHARGE))
