"""After its store was lost the app owns again what is proven to be its own, and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.reason import Kind
from enphase_battery.control.windows.window import Window
from enphase_battery.engine.coordinator import Rules
from tests.unit.fake_cloud import NOON
from tests.unit.small_home import SmallHome, rules

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LEAD = timedelta(minutes=10)
every_control = pytest.mark.parametrize("control", list(Control), ids=lambda one: one.value)


def window(control: Control, start: int = 13, end: int = 15) -> Window:
    return Window(
        "Rate", control, time(start), time(end), EVERY_DAY, None if control is Control.RESTRICT_DISCHARGE else 80
    )


def of(control: Control, **hours: int) -> Rules:
    return rules(windows=(window(control, **hours),), lead=LEAD)


async def until(home: SmallHome, moment: datetime) -> None:
    """Let time go by with the heartbeat of the app."""
    while home.clock.now < moment:
        await home.wait(seconds=30)


def at(hour: int, minute: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute)


async def lose_store(home: SmallHome, *, away: timedelta = timedelta(0)) -> None:
    """Let the app start anew, some time later, without anything that it knew."""
    for section in ("ledger", "wishes", "evidence", "answers"):
        home.store.write(section, {"nonsense": 1})
    home.clock.now += away
    home.start(home.coordinator._rules)
    await home.coordinator.poll()


@every_control
@pytest.mark.parametrize("lost_at", [at(12, 51), at(13), at(14), at(14, 59)], ids=lambda one: f"{one:%H:%M}")
async def test_a_window_whose_store_was_lost_runs_on_ends_in_time_and_leaves_nothing(
    tmp_path: Path, control: Control, lost_at: datetime
) -> None:
    home = SmallHome(tmp_path, of(control), has_schedules=True)
    await home.coordinator.poll()
    await until(home, lost_at)
    home.cloud.writes()
    await lose_store(home)
    await until(home, at(14, 58))
    assert home.cloud.writes() == []
    assert lost_at > at(14, 58) or home.cloud.enforces(control)
    await until(home, at(15, 1))
    assert home.cloud.entries() == []
    assert not home.cloud.on[control]
    assert not home.cloud.charge_schedule_on
    assert not home.coordinator.wishes.wanted()[control].intent.on
    await until(home, at(15, 10))
    assert not [one for one in home.snapshot().problems if one.reason.kind is Kind.ENTRY_LEFT_OVER]


@every_control
@pytest.mark.parametrize("away", [30 * MINUTE, timedelta(hours=3), timedelta(hours=75)], ids=str)
async def test_what_ended_while_the_app_was_away_and_its_store_lost_is_cleared_up(
    tmp_path: Path, control: Control, away: timedelta
) -> None:
    home = SmallHome(tmp_path, of(control), has_schedules=True)
    await home.coordinator.poll()
    await until(home, at(14, 50))
    await lose_store(home, away=away)
    await until(home, home.clock.now + 3 * MINUTE)
    assert home.cloud.entries() == []
    assert not home.cloud.on[control]


@pytest.mark.parametrize("overnight", [True, False])
async def test_a_window_over_midnight_is_known_by_both_halves(tmp_path: Path, overnight: bool) -> None:
    control = Control.CHARGE_FROM_GRID
    home = SmallHome(tmp_path, of(control, start=23, end=3), has_schedules=True)
    home.cloud.overnight = overnight
    home.cloud.habits = replace(home.cloud.habits, overnight=overnight)
    await home.coordinator.poll()
    await until(home, at(23, 30))
    await lose_store(home)
    await until(home, at(3, 1) + timedelta(days=1))
    assert home.cloud.entries() == []
    assert not home.cloud.on[control]


# -- what proves nothing ----------------------------------------------------------------------------------------------


def other_limit(terms: Terms) -> Terms:
    return replace(terms, limit=70)


def other_end(terms: Terms) -> Terms:
    return replace(terms, end=time(15, 1))


def other_day(terms: Terms) -> Terms:
    return replace(terms, days=frozenset({6, 7}))


def other_zone(terms: Terms) -> Terms:
    return replace(terms, zone="Europe/Lisbon")


def same(terms: Terms) -> Terms:
    return terms


@pytest.mark.parametrize(
    ("edit", "made_at"),
    [
        (other_limit, at(12, 55)),
        (other_end, at(12, 55)),
        (other_day, at(12, 55)),
        (other_zone, at(12, 55)),
        (same, at(12, 49)),
        (same, at(13, 1)),
        (same, at(12, 55) - timedelta(days=7)),
    ],
    ids=["limit", "end", "weekdays", "zone", "before the lead", "after the start", "a day without the app"],
)
async def test_what_differs_in_anything_is_the_owners_and_what_it_was_on_for_stays_on(
    tmp_path: Path, edit: Callable[[Terms], Terms], made_at: datetime
) -> None:
    control = Control.CHARGE_FROM_GRID
    sundays = Window("Rate", control, time(13), time(15), frozenset({7}), 80)
    rate = rules(windows=(sundays,), lead=LEAD)
    home = SmallHome(tmp_path, rate, has_schedules=True)
    if made_at < at(12, 50) - timedelta(days=1):
        rate = rules(windows=(replace(sundays, days=frozenset({1})),), lead=LEAD)
        home.start(rate)
    home.clock.now = made_at
    terms = edit(Terms(control, time(13), time(15), frozenset({7}), "Europe/London", 80))
    theirs = home.cloud.add(terms)
    home.cloud.switch(control, True)
    home.clock.now = at(14)
    await home.coordinator.poll()
    await until(home, at(15, 10))
    assert theirs in home.cloud.stored
    assert home.cloud.on[control]
    assert home.coordinator.wishes.wanted()[control].intent.on


async def test_beside_an_entry_of_the_owners_the_family_stays_on_and_only_what_is_proven_goes(tmp_path: Path) -> None:
    control = Control.CHARGE_FROM_GRID
    home = SmallHome(tmp_path, of(control), has_schedules=True)
    theirs = home.cloud.add(Terms(control, time(20), time(22), EVERY_DAY, "Europe/London", 50))
    home.cloud.switch(control, True)
    await home.coordinator.poll()
    await until(home, at(14))
    await lose_store(home)
    await until(home, at(15, 5))
    assert list(home.cloud.stored) == [theirs]
    assert home.cloud.on[control]


async def test_while_the_app_knows_its_wishes_an_entry_that_looks_like_its_own_is_the_owners(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, of(Control.CHARGE_FROM_GRID), has_schedules=True)
    await home.coordinator.poll()
    home.clock.now = at(12, 55)
    theirs = home.cloud.add(Terms(Control.CHARGE_FROM_GRID, time(13), time(15), frozenset({7}), "Europe/London", 80))
    await until(home, at(15, 10))
    assert list(home.cloud.stored) == [theirs]


async def test_a_dry_run_takes_nothing_for_its_own(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, of(Control.CHARGE_FROM_GRID), has_schedules=True)
    await home.coordinator.poll()
    await until(home, at(14))
    home.coordinator._rules = replace(home.coordinator._rules, dry_run=True)
    await lose_store(home)
    assert home.coordinator.reconciler.records.ledger.owned == ()


def test_an_entry_of_which_nobody_knows_when_it_was_made_or_where_proves_nothing(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, of(Control.CHARGE_FROM_GRID), has_schedules=True)
    terms = Terms(Control.CHARGE_FROM_GRID, time(13), time(15), frozenset({7}), "Europe/London", 80)
    resolver = home.coordinator._resolver
    ground = resolver.ground
    made = Entry(terms, "x", True, at(12, 55))
    assert resolver._was_written(made, ground)
    assert not resolver._was_written(replace(made, created_at=None), ground)
    assert not resolver._was_written(made, replace(ground, zone=None))
    home.cloud.time_zone = None
    assert resolver.windows.written_at(at(12, 55)) == ()
