"""The wishes of all controls held against each other: rule (h) of docs/design.md, as far as switches go."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.wanted import Wanted, resolve
from enphase_battery.control.windows.window import Occurrence, Window
from enphase_battery.control.wishes import Book

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
WINDOW = Occurrence(Window("night", CHARGE, time(11), time(14), frozenset({7}), None), NOON - HOUR, NOON + 2 * HOUR)


def standing(**on: bool) -> Book:
    return Book().adopt({Control(control): value for control, value in on.items()}, NOON - 2 * HOUR)


def command(control: Control, on: bool = True, since: datetime = NOON) -> Intent:
    return Intent(control, on, Source.COMMAND, since, NOON + HOUR)


def test_of_a_control_of_which_nothing_is_known_nothing_is_wanted() -> None:
    assert resolve(Book(), (), NOON) == {}
    assert resolve(standing(charge_from_grid=True), (), NOON).keys() == {CHARGE}


def test_standing_switches_are_independent_of_each_other() -> None:
    wanted = resolve(standing(charge_from_grid=True, discharge_to_grid=True), (), NOON)
    assert wanted[CHARGE].switch
    assert wanted[DISCHARGE].switch


@pytest.mark.parametrize(("timed", "held"), [(CHARGE, DISCHARGE), (DISCHARGE, CHARGE)])
def test_a_timed_wish_holds_back_the_standing_wish_of_its_rival_whose_toggle_stays(
    timed: Control, held: Control
) -> None:
    one = command(timed)
    wanted = resolve(standing(charge_from_grid=True, discharge_to_grid=True).command(one), (), NOON)
    assert wanted[timed] == Wanted(one)
    assert wanted[held].held_back_by == one
    assert wanted[held].intent.on
    assert not wanted[held].switch


def test_a_command_outranks_a_window_although_the_window_began_later() -> None:
    older = command(DISCHARGE, since=NOON - 2 * HOUR)
    wanted = resolve(standing(charge_from_grid=False).command(older), (WINDOW,), NOON)
    assert wanted[DISCHARGE].switch
    assert wanted[CHARGE].held_back_by == older


def test_of_two_commands_the_newer_rules() -> None:
    newer = command(DISCHARGE, since=NOON - HOUR / 4)
    for book in (
        Book().command(command(CHARGE, since=NOON - HOUR)).command(newer),
        Book().command(newer).command(command(CHARGE, since=NOON - HOUR)),
    ):
        wanted = resolve(book, (), NOON)
        assert wanted[DISCHARGE].switch
        assert wanted[CHARGE].held_back_by == newer


def test_of_two_commands_of_the_same_instant_exactly_one_rules() -> None:
    wanted = resolve(Book().command(command(CHARGE)).command(command(DISCHARGE)), (), NOON)
    assert sorted([wanted[CHARGE].switch, wanted[DISCHARGE].switch]) == [False, True]


def test_a_pause_holds_nothing_back_and_is_held_back_by_nothing() -> None:
    book = standing(charge_from_grid=True, discharge_to_grid=True).command(command(CHARGE, on=False))
    wanted = resolve(book, (), NOON)
    assert not wanted[CHARGE].switch
    assert wanted[CHARGE].held_back_by is None
    assert wanted[DISCHARGE].switch


def test_what_is_held_back_comes_back_when_the_obstacle_is_over() -> None:
    book = standing(discharge_to_grid=True).command(command(CHARGE))
    assert not resolve(book, (), NOON)[DISCHARGE].switch
    assert resolve(book, (), NOON + HOUR)[DISCHARGE].switch


def test_restricting_the_discharge_stands_beside_everything() -> None:
    book = standing(discharge_to_grid=True).command(command(RESTRICT))
    wanted = resolve(book, (WINDOW,), NOON)
    assert wanted[RESTRICT].switch
    assert wanted[CHARGE].switch


def test_being_held_back_needs_another_verdict_on_the_same_wish() -> None:
    free, held = Wanted(command(CHARGE)), Wanted(command(CHARGE), held_back_by=command(DISCHARGE))
    assert free.intent.key == held.intent.key
    assert free.task != held.task


@pytest.mark.parametrize(
    ("on", "source", "minutes", "until", "overrules"),
    [
        (False, Source.TOGGLE, 1, None, True),
        (False, Source.COMMAND, 1, None, True),
        (False, Source.TOGGLE, -1, None, False),
        (False, Source.CLOUD, 1, None, False),
        (False, Source.COMMAND, -1, NOON + timedelta(hours=1), True),
        (True, Source.COMMAND, 1, NOON + timedelta(hours=1), False),
        (True, Source.TOGGLE, 1, None, False),
    ],
)
def test_only_an_off_that_a_person_wants_later_or_for_a_time_overrules_a_change(
    on: bool, source: Source, minutes: int, until: datetime | None, *, overrules: bool
) -> None:
    wish = Intent(Control.CHARGE_FROM_GRID, on, source, NOON + timedelta(minutes=minutes), until)
    assert Wanted(wish).overrules(NOON) is overrules
