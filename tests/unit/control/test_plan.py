"""Wanted against actual: the fewest steps, in a safe order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.plan import Actual, plan
from enphase_battery.control.site_state import SiteState, Switches
from enphase_battery.control.steps import SwitchStep
from enphase_battery.control.wanted import Wanted
from tests.unit.said import said

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def wanted(control: Control, on: bool, *, held: bool = False) -> Wanted:
    intent = Intent(control, on, Source.TOGGLE, NOON)
    return Wanted(intent, held_back_by=intent if held else None)


SWITCHES_ONLY = SiteState(has_schedules=dict.fromkeys(Control, False))


def known(believed: Mapping[Control, bool | None]) -> Actual:
    """Return what reads have shown of a site whose switches alone rule; None: nothing."""
    return Actual({control: Evidence(known=believed.get(control)) for control in Control}, SWITCHES_ONLY)


def switched(
    wish: Mapping[Control, Wanted],
    believed: Mapping[Control, bool | None],
    touchable: Collection[Control] = frozenset(Control),
) -> list[SwitchStep]:
    """Return the plan, which has nothing but switches."""
    steps = plan(wish, known(believed), touchable)
    switches = [step for step in steps if isinstance(step, SwitchStep)]
    assert len(switches) == len(steps)
    return switches


@st.composite
def wishes(draw: st.DrawFn) -> Mapping[Control, Wanted]:
    controls = draw(st.permutations(list(Control)))[: draw(st.integers(0, 3))]
    return {control: wanted(control, draw(st.booleans()), held=draw(st.booleans())) for control in controls}


beliefs = st.dictionaries(st.sampled_from(Control), st.none() | st.booleans())
controls = st.sets(st.sampled_from(Control))


def test_what_is_so_already_takes_no_step() -> None:
    wish = {Control.CHARGE_FROM_GRID: wanted(Control.CHARGE_FROM_GRID, True)}
    assert plan(wish, known({Control.CHARGE_FROM_GRID: True}), tuple(Control)) == ()


def test_what_cannot_be_said_is_written() -> None:
    wish = {Control.CHARGE_FROM_GRID: wanted(Control.CHARGE_FROM_GRID, False)}
    assert plan(wish, known({Control.CHARGE_FROM_GRID: None}), tuple(Control)) == (
        SwitchStep(Control.CHARGE_FROM_GRID, False),
    )
    assert plan(wish, known({}), tuple(Control)) == (SwitchStep(Control.CHARGE_FROM_GRID, False),)


def test_what_is_held_back_is_switched_off() -> None:
    wish = {Control.DISCHARGE_TO_GRID: wanted(Control.DISCHARGE_TO_GRID, True, held=True)}
    assert plan(wish, known({Control.DISCHARGE_TO_GRID: True}), tuple(Control)) == (
        SwitchStep(Control.DISCHARGE_TO_GRID, False),
    )


def test_a_step_says_in_words_what_it_does() -> None:
    assert said(SwitchStep(Control.RESTRICT_DISCHARGE, True).described()) == "switch restrict battery discharge on"
    assert said(SwitchStep(Control.DISCHARGE_TO_GRID, False).described()) == "switch discharge to grid off"


@given(wishes(), beliefs)
def test_carried_out_twice_a_plan_leads_to_what_is_wanted_and_the_next_one_is_empty(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None]
) -> None:
    for _ in range(2):  # what has to make way goes first, what waits for it second
        believed = {**believed, **{step.control: step.on for step in switched(wish, believed)}}
    assert all(believed[control] is one.switch for control, one in wish.items())
    assert plan(wish, known(believed), tuple(Control)) == ()


@given(wishes(), beliefs, controls)
def test_nothing_goes_on_while_its_rival_that_is_to_be_off_may_still_be_on(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None], touchable: set[Control]
) -> None:
    for step in switched(wish, believed, touchable):
        rival = step.control.rival
        if step.on and rival is not None and rival in wish and not wish[rival].switch:
            assert believed.get(rival) is False


@given(wishes(), beliefs, controls)
def test_a_plan_touches_nothing_that_it_may_not_or_need_not(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None], touchable: set[Control]
) -> None:
    touched = [step.control for step in plan(wish, known(believed), touchable)]
    assert len(touched) == len(set(touched))
    assert set(touched) <= touchable & wish.keys()
    assert not any(believed.get(control) is wish[control].switch for control in touched)


@given(wishes(), beliefs)
def test_what_ends_something_comes_before_what_begins_something(
    wish: Mapping[Control, Wanted], believed: dict[Control, bool | None]
) -> None:
    values = [step.on for step in switched(wish, believed)]
    assert values == sorted(values)


def test_a_discharge_waits_until_a_read_has_shown_that_the_charge_has_ended() -> None:
    wish = {
        Control.CHARGE_FROM_GRID: wanted(Control.CHARGE_FROM_GRID, False),
        Control.DISCHARGE_TO_GRID: wanted(Control.DISCHARGE_TO_GRID, True),
    }
    charging = Evidence(known=True)
    answered = charging.sending(False, NOON).answered(NOON)
    ended, _ = answered.saw(False, NOON, timedelta(minutes=2))
    discharge = SwitchStep(Control.DISCHARGE_TO_GRID, True)
    for charge, expected in ((charging, False), (answered, False), (ended, True)):
        evidence = {Control.DISCHARGE_TO_GRID: Evidence(known=False), Control.CHARGE_FROM_GRID: charge}
        assert (discharge in plan(wish, Actual(evidence, SWITCHES_ONLY), tuple(Control))) is expected


def test_a_discharge_waits_for_the_report_while_a_charge_that_was_refused_may_be_on_its_way() -> None:
    wish = {
        Control.CHARGE_FROM_GRID: wanted(Control.CHARGE_FROM_GRID, False),
        Control.DISCHARGE_TO_GRID: wanted(Control.DISCHARGE_TO_GRID, True),
    }
    ignored = Evidence(known=False).sending(True, NOON).answered(NOON).writes[0]
    evidence = {
        Control.DISCHARGE_TO_GRID: Evidence(known=False),
        Control.CHARGE_FROM_GRID: Evidence(known=False, given_up=ignored),
    }
    for is_pending in (True, False):
        switches = Switches(
            dict.fromkeys(Control, False), charge_schedule_on=False, override=None, read_at=NOON, is_pending=is_pending
        )
        steps = plan(wish, Actual(evidence, replace(SWITCHES_ONLY, switches=switches)), tuple(Control))
        assert (SwitchStep(Control.DISCHARGE_TO_GRID, True) in steps) is not is_pending
