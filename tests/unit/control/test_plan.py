"""Wanted against actual: the fewest steps, in a safe order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.names import Control
from enphase_battery.control.plan import SwitchStep, plan
from enphase_battery.control.wanted import Wanted

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def wanted(control: Control, on: bool, *, held: bool = False) -> Wanted:
    intent = Intent(control, on, Source.TOGGLE, NOON)
    return Wanted(intent, held_back_by=intent if held else None)


@st.composite
def wishes(draw: st.DrawFn) -> Mapping[Control, Wanted]:
    controls = draw(st.permutations(list(Control)))[: draw(st.integers(0, 3))]
    return {control: wanted(control, draw(st.booleans()), held=draw(st.booleans())) for control in controls}


beliefs = st.dictionaries(st.sampled_from(Control), st.none() | st.booleans())
controls = st.sets(st.sampled_from(Control))


def test_what_is_so_already_takes_no_step() -> None:
    wish = {Control.CHARGE_FROM_GRID: wanted(Control.CHARGE_FROM_GRID, True)}
    assert plan(wish, {Control.CHARGE_FROM_GRID: True}, tuple(Control)) == ()


def test_what_cannot_be_said_is_written() -> None:
    wish = {Control.CHARGE_FROM_GRID: wanted(Control.CHARGE_FROM_GRID, False)}
    assert plan(wish, {Control.CHARGE_FROM_GRID: None}, tuple(Control)) == (
        SwitchStep(Control.CHARGE_FROM_GRID, False),
    )
    assert plan(wish, {}, tuple(Control)) == (SwitchStep(Control.CHARGE_FROM_GRID, False),)


def test_what_is_held_back_is_switched_off() -> None:
    wish = {Control.DISCHARGE_TO_GRID: wanted(Control.DISCHARGE_TO_GRID, True, held=True)}
    assert plan(wish, {Control.DISCHARGE_TO_GRID: True}, tuple(Control)) == (
        SwitchStep(Control.DISCHARGE_TO_GRID, False),
    )


def test_a_step_says_in_words_what_it_does() -> None:
    assert str(SwitchStep(Control.RESTRICT_DISCHARGE, True)) == "switch restrict battery discharge on"
    assert str(SwitchStep(Control.DISCHARGE_TO_GRID, False)) == "switch discharge to grid off"


@given(wishes(), beliefs, controls)
def test_carried_out_a_plan_leads_to_what_is_wanted_and_the_next_one_is_empty(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None], touchable: set[Control]
) -> None:
    steps = plan(wish, believed, touchable)
    after = {**believed, **{step.control: step.on for step in steps}}
    assert all(after[control] is one.switch for control, one in wish.items() if control in touchable)
    assert plan(wish, after, touchable) == ()


@given(wishes(), beliefs, controls)
def test_a_plan_touches_nothing_that_it_may_not_or_need_not(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None], touchable: set[Control]
) -> None:
    touched = [step.control for step in plan(wish, believed, touchable)]
    assert len(touched) == len(set(touched))
    assert set(touched) <= touchable & wish.keys()
    assert not any(believed.get(control) is wish[control].switch for control in touched)


@given(wishes(), beliefs)
def test_what_ends_something_comes_before_what_begins_something(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None]
) -> None:
    values = [step.on for step in plan(wish, believed, tuple(Control))]
    assert values == sorted(values)
