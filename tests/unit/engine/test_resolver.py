"""The wishes held against calendar and site."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import pytest
import pytz

if TYPE_CHECKING:
    from enphase_battery.reconcile.ports import Site
    from enphase_battery.reconcile.records import Records

from enphase_battery.control.claims import Ground
from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.shaping import entries_for
from enphase_battery.control.site_state import Habits
from enphase_battery.control.windows.clock import occurrences
from enphase_battery.control.windows.window import Window
from enphase_battery.control.wishes import Book
from enphase_battery.engine.resolver import Resolver
from enphase_battery.engine.site_windows import SiteWindows
from enphase_battery.words.reasons import entry
from tests.unit.said import said

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


class Cloud:
    """A site whose zone nobody has told."""

    time_zone: str | None = None
    habits = Habits()


@dataclass
class Known:
    """What is known of the cloud."""

    site: Ground

    def ground(self, habits: Habits) -> Ground:
        return self.site


def resolver_of(windows: SiteWindows, site: Ground, clock: Callable[[], datetime]) -> Resolver:
    return Resolver(windows, cast("Records", Known(site)), cast("Site", Cloud()), clock)


def resolver(clock: Now, site: Ground = SITE, zone: str | None = "Europe/London") -> Resolver:
    configured = pytz.timezone(zone) if zone else None
    calendar = SiteWindows((NIGHT, LATE), configured, Cloud(), clock, logging.getLogger("test"), 15 * MINUTE)
    return resolver_of(calendar, site, clock)


def theirs(start: str, end: str, *days: int, control: Control = CHARGE, limit: int | None = 90) -> Entry:
    terms = Terms(control, time.fromisoformat(start), time.fromisoformat(end), frozenset(days), "Europe/London", limit)
    return Entry(terms, f"{start} {days}", True)


def test_a_window_is_near_from_its_lead_to_its_end_and_runs_from_its_start() -> None:
    clock = Now()
    one = resolver(clock)
    seen = []
    for moment in ("01:44", "01:45", "02:00", "04:59", "05:00"):
        clock.now = datetime.fromisoformat(f"2026-11-23 {moment}").replace(tzinfo=timezone.utc)
        seen.append((len(one.near()), len(one.running())))
    assert seen == [(0, 0), (1, 0), (1, 1), (1, 1), (0, 0)]


def test_the_ground_knows_the_zone_and_where_windows_begin() -> None:
    ground = resolver(Now()).ground
    assert str(ground.zone) == "Europe/London"
    assert ground.window_begins == {*((day * 24 + 2) * 60 for day in range(7)), (6 * 24 + 22) * 60}
    assert resolver(Now(), zone=None).ground.zone is None


def test_what_is_wanted_follows_from_book_calendar_and_ground() -> None:
    clock = Now()
    clock.now = datetime(2026, 11, 23, 1, 50, tzinfo=timezone.utc)
    wanted = resolver(clock).wanted(ALL_OFF)
    assert [entry(terms) for claim in wanted[CHARGE].claims for terms in claim.terms] == [
        "charge from grid 02:00-05:00 Mon"
    ]
    clock.now += 10 * MINUTE
    assert resolver(clock).wanted(ALL_OFF)[CHARGE].intent.label == "Night"
    assert resolver(clock).rivals(Intent(CHARGE, True, Source.TOGGLE, NOON)) == {DISCHARGE, RESTRICT}


def test_what_will_keep_a_window_from_running_is_foreseen_before_its_start() -> None:
    clock = Now()
    one = resolver(clock, replace(SITE, foreign=(theirs("04:00", "06:00", 1),)))
    assert one.foreseen(ALL_OFF) == {}
    clock.now = datetime(2026, 11, 23, 1, 50, tzinfo=timezone.utc)
    ((wish, obstacle),) = one.foreseen(ALL_OFF).items()
    assert wish.label == "Night"
    assert "overlaps with an entry that is not the app's: charge from grid 04:00-06:00 Mon" in said(obstacle)


# -- what a lost store leaves behind ----------------------------------------------------------------------------------


def test_an_entry_that_equals_an_occurrence_in_all_members_may_be_the_apps_from_before() -> None:
    alike = theirs("02:00", "05:00", 3)
    others = (
        theirs("02:00", "05:00", *range(1, 8)),
        theirs("02:00", "05:01", 3),
        theirs("02:00", "05:00", 3, limit=80),
        theirs("02:00", "05:00", 3, control=DISCHARGE),
    )
    assert resolver(Now(), replace(SITE, foreign=(alike, *others))).left_over() == (alike,)


def test_the_halves_of_a_window_that_was_split_are_known_too() -> None:
    halves = (
        theirs("22:00", "23:59", 7, control=RESTRICT, limit=None),
        theirs("00:00", "01:00", 1, control=RESTRICT, limit=None),
    )
    assert resolver(Now(), replace(SITE, foreign=halves)).left_over() == ()
    split = replace(SITE, foreign=halves, habits=Habits(overnight=False))
    assert resolver(Now(), split).left_over() == halves


def test_an_entry_of_a_weekday_on_which_no_window_starts_is_somebody_elses() -> None:
    site = replace(SITE, foreign=(theirs("22:00", "01:00", 6, control=RESTRICT, limit=None),))
    assert resolver(Now(), site).left_over() == ()


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Europe/London", "2026-10-20 12:00"),
        ("Europe/London", "2026-10-25 00:40"),
        ("Europe/London", "2026-03-27 12:00"),
        ("Asia/Beirut", "2026-03-24 12:00"),  # the clocks skip the hour after midnight
        ("Asia/Beirut", "2026-10-20 12:00"),  # and show the one before it twice
        ("America/St_Johns", "2010-11-02 12:00"),  # at one minute past midnight back to the day before
    ],
)
@pytest.mark.parametrize("overnight", [True, False])
def test_what_the_app_writes_where_the_clocks_are_changed_is_known_too(zone: str, now: str, overnight: bool) -> None:
    clock, habits = Now(), Habits(overnight=overnight)
    clock.now = datetime.fromisoformat(now).replace(tzinfo=timezone.utc)
    around_midnight = [(23, 0), (23, 59), (0, 0), (0, 1), (0, 30), (1, 0), (1, 30), (2, 0), (3, 0)]
    windows = tuple(
        Window(str(start), CHARGE, time(*start), time(*end), EVERY_DAY, None)
        for start, end in pairwise(around_midnight)
    )
    calendar = SiteWindows(windows, pytz.timezone(zone), Cloud(), clock, logging.getLogger("test"))
    week = occurrences(windows, pytz.timezone(zone), clock.now, clock.now + timedelta(days=7))
    written = {
        terms
        for occurrence in week
        for terms in entries_for(Intent.of_occurrence(occurrence), pytz.timezone(zone), habits, SITE.floor)
    }
    site = replace(SITE, habits=habits, foreign=tuple(Entry(terms, entry(terms), True) for terms in written))
    assert {entry.terms for entry in resolver_of(calendar, site, clock).left_over()} == written


@pytest.mark.parametrize(
    ("window", "entry", "alike"),
    [
        # London, 29 March 2026, a Sunday: 01:00 becomes 02:00, and what would be in between is written as 02:00
        (("01:30", "03:00"), ("02:00", "03:00", 7), {"03-22 02:00", "03-29 00:30"}),
        (("23:30", "01:30"), ("23:30", "02:00", 6), {"03-22 02:00", "03-29 00:30"}),
        (("11:00", "01:30"), ("00:00", "02:00", 7), {"03-21 12:00", "03-22 02:00", "03-29 00:30"}),
    ],
)
def test_an_entry_shaped_by_a_clock_change_is_looked_for_in_the_week_before_it(
    window: tuple[str, str], entry: tuple[str, str, int], alike: set[str]
) -> None:
    clock, (start, end) = Now(), map(time.fromisoformat, window)
    windows = (Window("Once", CHARGE, start, end, EVERY_DAY, 90),)
    calendar = SiteWindows(windows, pytz.timezone("Europe/London"), Cloud(), clock, logging.getLogger("test"))
    overnight = entry[0] != "00:00"
    site = replace(SITE, foreign=(theirs(*entry),), habits=Habits(overnight=overnight))
    seen = set()
    for moment in ("03-21 10:00", "03-21 12:00", "03-22 02:00", "03-29 00:30", "03-29 12:00"):
        clock.now = datetime.fromisoformat(f"2026-{moment}").replace(tzinfo=timezone.utc)
        seen |= {moment} if resolver_of(calendar, site, clock).left_over() else set()
    assert seen == alike


def test_without_entries_or_a_zone_nothing_can_be_left_over() -> None:
    assert resolver(Now()).left_over() == ()
    assert resolver(Now(), replace(SITE, foreign=(theirs("02:00", "05:00", 3),)), zone=None).left_over() == ()
