"""What the rules cost: pure functions, all of which run in AppDaemon's event loop without letting anybody else run."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, cast

import pytz

from bench.table import Figure, Mark
from enphase_battery.control.claims import Claim, Ground
from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Entry, Terms
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.plan import Actual, plan
from enphase_battery.control.site_state import Habits, SiteState, Switches
from enphase_battery.control.wanted import Wanted
from enphase_battery.control.windows.clock import next_boundary, occurrences, overlaps, swallowed
from enphase_battery.control.windows.window import Window
from enphase_battery.control.wishes import Book
from enphase_battery.engine.resolver import Resolver
from enphase_battery.engine.site_windows import SiteWindows
from enphase_battery.reconcile.records import Records
from enphase_battery.store.store import Store

if TYPE_CHECKING:
    from enphase_battery.reconcile.ports import Site

_ZONE = pytz.timezone("Europe/London")
_NOW = datetime(2026, 11, 22, 12, 2, tzinfo=timezone.utc)
_DAY = 24 * 60
_WEEK = frozenset(range(1, 8))
_AT_A_TIME = Mark(at_most=5.0)
_YEAR = Mark(at_most=100.0)
_LINEAR = Mark(at_most=12.0)
"""Ten times as many may take ten times as long; the rest is what a measurement of microseconds is off by."""
_SIZES = (10, 100, 1000)
_ENTRIES = (1, 10, 100)
_FOREIGN = 10
"""Entries that others made, each as the app would have."""
_LIMIT = 90
_CHANGE = date(2027, 3, 28)


def measure(times: int) -> list[Figure]:
    """Measure everything so often."""
    figures = [*_boundaries(times), *_year(times), *_plans(times), *_moments(times)]
    longest = max(value for figure in figures if figure.mark is _AT_A_TIME for value in figure.values)
    return [*figures, Figure("the longest of all single calls, a year left out", "ms", [longest], _AT_A_TIME)]


def windows(number: int) -> tuple[Window, ...]:
    """Return so many windows of every day, one after the other, each over before the next begins; 1,440 at most."""
    each = _DAY // number
    lasts = max(1, each - 1)
    controls = (Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID)
    return tuple(
        Window(f"window {one}", controls[one % 2], _wall(one * each), _wall(one * each + lasts), _WEEK, None)
        for one in range(number)
    )


def _boundaries(times: int) -> Iterator[Figure]:
    taken = {}
    for number in _SIZES:
        some = windows(number)
        taken[number] = _timed(times, partial(next_boundary, some, _ZONE, _NOW))
        yield Figure(f"next boundary of {number} windows", "ms", taken[number], _AT_A_TIME)
    for less, more in pairwise(_SIZES):
        ratios = [one / other for one, other in zip(taken[more], taken[less], strict=True)]
        yield Figure(f"next boundary: {more} windows / {less}", "times", ratios, _LINEAR)


def _year(times: int) -> Iterator[Figure]:
    until = _NOW + timedelta(days=365)
    for number in _SIZES[:2]:
        some = windows(number)
        found = len(occurrences(some, _ZONE, _NOW, until))
        taken = _timed(max(3, times // 10), partial(occurrences, some, _ZONE, _NOW, until))
        yield Figure(f"a year of {number} windows of every day, {found} occurrences", "ms", taken, _YEAR)
    weekly = tuple(
        Window(one.name, one.control, one.start, one.end, frozenset({index % 7 + 1}), None)
        for index, one in enumerate(windows(100))
    )
    found = len(occurrences(weekly, _ZONE, _NOW, until))
    taken = _timed(max(3, times // 10), partial(occurrences, weekly, _ZONE, _NOW, until))
    yield Figure(f"a year of 100 windows of one weekday, {found} occurrences", "ms", taken, _YEAR)


def _plans(times: int) -> Iterator[Figure]:
    for what, standing, limit in (
        ("that all are missing", False, _LIMIT),
        ("that all stand already", True, _LIMIT),
        ("that all are to change", True, _LIMIT - 1),
    ):
        taken = {}
        for number in _ENTRIES:
            wanted, actual = _wanted(number, limit), _actual(number if standing else 0)
            taken[number] = _timed(times, partial(plan, wanted, actual, tuple(Control)))
            yield Figure(f"plan for {number} entries {what}", "ms", taken[number], _AT_A_TIME)
        ratios = [one / other for one, other in zip(taken[100], taken[10], strict=True)]
        yield Figure(f"plan {what}: 100 entries / 10", "times", ratios, _LINEAR)


def _moments(times: int) -> Iterator[Figure]:
    """What a heartbeat, a pass and a start do at a time."""
    for number in _SIZES:
        some = windows(number)
        foreign = tuple(_left_over(window) for window in some[:_FOREIGN])
        calendar, resolver = _resolver(some, foreign, timedelta(minutes=15))
        taken = _timed(times, calendar.next_boundary)
        yield Figure(f"when to wake next, {number} windows", "ms", taken, _AT_A_TIME)
        taken = _timed(times, _fresh(resolver))
        yield Figure(f"what is wanted now, {number} windows", "ms", taken, _AT_A_TIME)
        taken = _timed(max(3, times // 10), resolver.left_over)
        yield Figure(f"what of others looks like ours, {number} windows", "ms", taken, _AT_A_TIME)
        taken = _timed(max(3, times // 10), partial(swallowed, some, _ZONE, _CHANGE))
        yield Figure(f"once a day, which of {number} windows the clocks skip", "ms", taken, _AT_A_TIME)
        taken = _timed(max(3, times // 10), partial(overlaps, some))
        yield Figure(f"at the start, whether {number} windows overlap", "ms", taken, _AT_A_TIME)
    for number in _SIZES[:2]:
        _, resolver = _resolver(windows(number), (), timedelta(hours=12))
        taken = _timed(times, _fresh(resolver))
        yield Figure(f"what is wanted within the longest lead, {number} windows", "ms", taken, _AT_A_TIME)


def _left_over(window: Window) -> Entry:
    """Return an entry that was written for an occurrence, and that nobody knows any more."""
    limit = 100 if window.control is Control.CHARGE_FROM_GRID else Ground().floor
    terms = Terms(window.control, window.start, window.end, frozenset({3}), "Europe/London", limit)
    return Entry(terms, window.name, True, _NOW)


def _resolver(some: tuple[Window, ...], foreign: tuple[Entry, ...], lead: timedelta) -> tuple[SiteWindows, Resolver]:
    logger, site = logging.getLogger("bench"), _Site()
    calendar = SiteWindows(some, _ZONE, site, lambda: _NOW, logger, lead)
    records = Records(Store(Path("bench never writes it.json"), logger))
    both = dict.fromkeys((Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID), True)
    records.read(SiteState(entries=foreign, has_schedules=both), _NOW, timedelta(minutes=2))
    return calendar, Resolver(calendar, records, cast("Site", site), lambda: _NOW)


class _Site:
    """All that the rules ask of a site."""

    time_zone: str | None = None
    habits = Habits()


def _fresh(resolver: Resolver) -> Callable[[], object]:
    """Return what asks for all that is wanted, each time of another book: nothing is known from the last time."""
    return lambda: resolver.wanted(Book())


def _terms(number: int, limit: int = _LIMIT) -> tuple[Terms, ...]:
    """Return so many entries of one day, as windows write them."""
    day = frozenset({7})
    return tuple(Terms(one.control, one.start, one.end, day, "Europe/London", limit) for one in windows(number))


def _wanted(number: int, limit: int) -> dict[Control, Wanted]:
    some = _terms(number, limit)
    found = {}
    for control in {one.control for one in some}:
        intent = Intent(control, True, Source.WINDOW, _NOW, _NOW + timedelta(hours=1))
        claim = Claim(intent, tuple(one for one in some if one.control is control))
        found[control] = Wanted(intent, claims=(claim,))
    return found


def _actual(number: int) -> Actual:
    """Return a cloud in which so many entries of the app's stand."""
    ledger, some = Ledger(), _terms(number) if number else ()
    for one in some:
        ledger = ledger.creating(one, _NOW, _NOW, ()).answered(one, _NOW)
    entries = tuple(Entry(one, f"own {index}", True, _NOW) for index, one in enumerate(some))
    ledger, _ = ledger.saw(entries, _NOW, timedelta(minutes=2))
    for control in Control:
        ledger = ledger.applied(control, _NOW)
    on = dict.fromkeys(Control, bool(number))
    return Actual(
        evidence={control: Evidence(known=value) for control, value in on.items()},
        state=SiteState(
            Switches(on, charge_schedule_on=True, override=None, read_at=_NOW),
            entries=entries,
            has_schedules=dict.fromkeys(Control, True),
        ),
        ledger=ledger,
        now=_NOW,
    )


def _timed(times: int, act: Callable[[], object]) -> list[float]:
    """Return how many milliseconds each call takes, after one that does not count."""
    act()
    taken = []
    gc.collect()
    for _ in range(times):
        begun = perf_counter()
        act()
        taken.append(1000 * (perf_counter() - begun))
    return taken


def _wall(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)
