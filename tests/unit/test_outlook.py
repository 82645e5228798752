"""The wishes held against calendar and site."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytz

from enphase_battery.control.claims import Ground
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.names import Control
from enphase_battery.control.site_state import Habits
from enphase_battery.control.windows import Window
from enphase_battery.control.wishes import Book
from enphase_battery.outlook import Outlook
from enphase_battery.site_calendar import Calendar

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
NIGHT = Window("Night", CHARGE, time(2), time(5), EVERY_DAY, 90)
LATE = Window("Late", RESTRICT, time(22), time(1), frozenset({7}), None)
SITE = Ground(by_entries=frozenset(Control))
ALL_OFF = Book().adopt(dict.fromkeys(Control, False), NOON)


class Now:
    """A clock to be set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def outlook(clock: Now, site: Ground = SITE, zone: str | None = "Europe/London") -> Outlook:
    configured = pytz.timezone(zone) if zone else None
    calendar = Calendar((NIGHT, LATE), configured, lambda: None, clock, logging.getLogger("test"), 15 * MINUTE)
    return Outlook(calendar, lambda: site, clock)


def theirs(start: str, end: str, *days: int, control: Control = CHARGE, limit: int | None = 90) -> Entry:
    terms = Terms(control, time.fromisoformat(start), time.fromisoformat(end), frozenset(days), "Europe/London", limit)
    return Entry(terms, f"{start} {days}", True)


def test_a_window_is_near_from_its_lead_to_its_end_and_runs_from_its_start() -> None:
    clock = Now()
    one = outlook(clock)
    seen = []
    for moment in ("01:44", "01:45", "02:00", "04:59", "05:00"):
        clock.now = datetime.fromisoformat(f"2026-11-23 {moment}").replace(tzinfo=timezone.utc)
        seen.append((len(one.near()), len(one.running())))
    assert seen == [(0, 0), (1, 0), (1, 1), (1, 1), (0, 0)]


def test_the_ground_knows_the_zone_and_where_windows_begin() -> None:
    ground = outlook(Now()).ground
    assert str(ground.zone) == "Europe/London"
    assert ground.window_begins == {*((day * 24 + 2) * 60 for day in range(7)), (6 * 24 + 22) * 60}
    assert outlook(Now(), zone=None).ground.zone is None


def test_what_is_wanted_follows_from_book_calendar_and_ground() -> None:
    clock = Now()
    clock.now = datetime(2026, 11, 23, 1, 50, tzinfo=timezone.utc)
    wanted = outlook(clock).wanted(ALL_OFF)
    assert [str(terms) for claim in wanted[CHARGE].claims for terms in claim.terms] == [
        "charge from grid 02:00-05:00 Mon"
    ]
    clock.now += 10 * MINUTE
    assert outlook(clock).wanted(ALL_OFF)[CHARGE].intent.label == "Night"
    assert outlook(clock).rivals(Intent(CHARGE, True, Source.TOGGLE, NOON)) == {DISCHARGE, RESTRICT}


def test_what_will_keep_a_window_from_running_is_foreseen_before_its_start() -> None:
    clock = Now()
    one = outlook(clock, replace(SITE, foreign=(theirs("04:00", "06:00", 1),)))
    assert one.foreseen(ALL_OFF) == {}
    clock.now = datetime(2026, 11, 23, 1, 50, tzinfo=timezone.utc)
    ((wish, obstacle),) = one.foreseen(ALL_OFF).items()
    assert wish.label == "Night"
    assert "overlaps with an entry that is not the app's: charge from grid 04:00-06:00 Mon" in obstacle.reason


# -- what a lost store leaves behind ----------------------------------------------------------------------------------


def test_an_entry_that_equals_an_occurrence_in_all_members_may_be_the_apps_from_before() -> None:
    alike = theirs("02:00", "05:00", 3)
    others = (
        theirs("02:00", "05:00", *range(1, 8)),
        theirs("02:00", "05:01", 3),
        theirs("02:00", "05:00", 3, limit=80),
        theirs("02:00", "05:00", 3, control=DISCHARGE),
    )
    assert outlook(Now(), replace(SITE, foreign=(alike, *others))).left_over() == (alike,)


def test_the_halves_of_a_window_that_was_split_are_known_too() -> None:
    halves = (
        theirs("22:00", "23:59", 7, control=RESTRICT, limit=None),
        theirs("00:00", "01:00", 1, control=RESTRICT, limit=None),
    )
    assert outlook(Now(), replace(SITE, foreign=halves)).left_over() == ()
    split = replace(SITE, foreign=halves, habits=Habits(overnight=False))
    assert outlook(Now(), split).left_over() == halves


def test_without_entries_or_a_zone_nothing_can_be_left_over() -> None:
    assert outlook(Now()).left_over() == ()
    assert outlook(Now(), replace(SITE, foreign=(theirs("02:00", "05:00", 3),)), zone=None).left_over() == ()
