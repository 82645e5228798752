"""Told, and does not: what the gateway's reports say of a battery (rule (p))."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.enforcement import Enforced
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.obedience import Watch, goal
from enphase_battery.control.reason import Kind
from enphase_battery.control.site_state import Charging, SiteState, Storage, Switches

CHARGE, DISCHARGE, HOLD = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
TOLD = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)  # a Sunday
GOALS = {CHARGE: 90, DISCHARGE: 20, HOLD: None}
YES, UNKNOWN, NO = Enforced.YES, Enforced.UNKNOWN, Enforced.NO

Report = tuple[float, float | None]
"""Minutes after the telling, and percent of charge."""


def report(minutes: float, soc: float | None, **more: object) -> Storage:
    at = TOLD + timedelta(minutes=minutes)
    return Storage(soc=soc, last_report=at, read_at=at, **more)  # type: ignore[arg-type]  # members of Storage


def verdicts(control: Control, reports: list[Storage]) -> list[Enforced]:
    watch, found = Watch(control, "a wish", TOLD), []
    for one in reports:
        watch = watch.saw(one, GOALS[control])
        found.append(watch.verdict.enforced if watch.verdict else YES)
        assert (watch.problem is not None) is (found[-1] is NO)
    return found


@pytest.mark.parametrize(
    ("control", "reports", "expected"),
    [
        (CHARGE, [(0, 50), (5, 50), (34, 50), (35, 50), (64, 50), (65, 50)], [YES, YES, YES, UNKNOWN, UNKNOWN, NO]),
        (DISCHARGE, [(5, 50), (35, 50), (65, 50)], [YES, UNKNOWN, NO]),
        (CHARGE, [(5, 50), (35, 50.9), (65, 51)], [YES, UNKNOWN, YES]),  # a point, however slowly
        (CHARGE, [(5, 50), (35, 49), (65, 48), (95, 49)], [YES, UNKNOWN, NO, YES]),  # from where it was lowest
        (DISCHARGE, [(5, 50), (35, 51), (65, 50)], [YES, UNKNOWN, YES]),
        (CHARGE, [(5, 50), (35, 50), (65, 50), (75, 51), (100, 51), (105, 51)], [YES, UNKNOWN, NO, YES, YES, UNKNOWN]),
        (CHARGE, [(5, 50), (365, 50), (370, 50)], [YES, UNKNOWN, NO]),  # no problem at the first sight of it
        (CHARGE, [(5, 50), (35, 50), (36, None), (65, 50)], [YES, UNKNOWN, UNKNOWN, NO]),
        (CHARGE, [(5, 50), (35, 50), (35, 50), (5, 50)], [YES, UNKNOWN, UNKNOWN, UNKNOWN]),  # a report counts once
        (CHARGE, [(-90, 50), (-30, 50), (5, 50), (34, 50)], [YES] * 4),  # nor one from before the telling
        (CHARGE, [(5, 95.1), (35, 95.1), (65, 95.1), (95, 95.1)], [YES] * 4),
        (CHARGE, [(5, 88), (35, 88), (65, 88)], [YES] * 3),  # two points from the goal
        (CHARGE, [(5, 87.9), (35, 87.9), (65, 87.9)], [YES, UNKNOWN, NO]),
        (CHARGE, [(5, 50), (35, 50), (65, 50), (66, 89)], [YES, UNKNOWN, NO, YES]),
        (DISCHARGE, [(5, 22), (35, 22), (65, 22)], [YES] * 3),
        (DISCHARGE, [(5, 22.1), (35, 22.1), (65, 22.1)], [YES, UNKNOWN, NO]),
        (DISCHARGE, [(5, 96), (35, 96), (65, 96)], [YES] * 3),
        (HOLD, [(5, 50), (35, 48), (64, 47.1)], [YES] * 3),
        (HOLD, [(5, 50), (35, 47), (65, 44), (95, 41)], [YES, UNKNOWN, NO, NO]),
        (HOLD, [(5, 50), (15, 47), (25, 46), (35, 46)], [YES, YES, YES, UNKNOWN]),
        (HOLD, [(5, 50), (35, 47), (65, 46), (95, 46)], [YES, UNKNOWN, NO, YES]),
        (HOLD, [(5, 50), (66, 46), (127, 42), (188, 38)], [YES] * 4),  # nothing is known of an hour
        (HOLD, [(5, 50), (35, 60), (65, 57), (95, 54)], [YES, YES, UNKNOWN, NO]),  # what the sun gave is lost
        (HOLD, [(5, 99), (35, 96), (65, 93), (95, 92)], [YES] * 4),
        (HOLD, [(30 * half, 80 - half / 20) for half in range(1, 144)], [YES] * 143),  # days, at rest
    ],
)
def test_what_reports_say_of_a_battery(control: Control, reports: list[Report], expected: list[Enforced]) -> None:
    assert verdicts(control, [report(minutes, soc) for minutes, soc in reports]) == expected


@pytest.mark.parametrize(
    ("control", "moves", "expected"),
    [
        (CHARGE, {"energy_kwh": 20.1}, YES),
        (CHARGE, {"energy_kwh": 20.09}, UNKNOWN),
        (CHARGE, {"energy_kwh": None}, UNKNOWN),
        (CHARGE, {"is_charging": True}, YES),
        (CHARGE, {"is_discharging": True}, UNKNOWN),
        (DISCHARGE, {"energy_kwh": 19.9}, YES),
        (DISCHARGE, {"energy_kwh": 19.91}, UNKNOWN),
        (DISCHARGE, {"is_discharging": True}, YES),
        (DISCHARGE, {"is_charging": True}, UNKNOWN),
    ],
)
def test_a_large_battery_moves_in_kwh_and_its_light_tells(
    control: Control, moves: dict[str, object], expected: Enforced
) -> None:
    before = report(5, 50, energy_kwh=20.0)
    now = replace(report(35, 50, energy_kwh=20.0), **moves)  # type: ignore[arg-type]  # members of Storage
    assert verdicts(control, [before, now])[-1] is expected


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0, 100)), max_size=30), st.sampled_from(Control))
def test_no_doubt_without_half_an_hour_and_no_problem_without_an_hour(
    steps: list[tuple[int, float]], control: Control
) -> None:
    reports, minutes = [], 0
    for ahead, soc in steps:
        minutes += ahead
        reports.append(report(minutes, soc))
    for one, found in zip(reports, verdicts(control, reports), strict=True):
        after = one.last_report - reports[0].last_report if one.last_report and reports[0].last_report else timedelta(0)
        assert found is YES or after >= timedelta(minutes=30)
        assert found is not NO or after >= timedelta(minutes=60)


def test_each_way_of_not_doing_it_has_its_reason_with_the_report_since_which_it_is_so() -> None:
    found = {}
    for control, reports in {
        CHARGE: [(5, 50), (35, 50)],
        DISCHARGE: [(5, 50), (35, 50)],
        HOLD: [(5, 50), (35, 47)],
    }.items():
        watch = Watch(control, "a wish", TOLD)
        for minutes, soc in reports:
            watch = watch.saw(report(minutes, soc), GOALS[control])
        assert watch.verdict is not None
        assert watch.verdict.reason is not None
        assert watch.verdict.reason.get("since") == TOLD + timedelta(minutes=5)
        found[control] = watch.verdict.reason.kind
    assert found == {
        CHARGE: Kind.DOES_NOT_CHARGE,
        DISCHARGE: Kind.DOES_NOT_DISCHARGE,
        HOLD: Kind.DOES_NOT_HOLD,
    }


def entry(control: Control, start: int, end: int, limit: int | None, *, active: bool = True) -> Entry:
    return Entry(Terms(control, time(start), time(end), EVERY_DAY, "UTC", limit), f"{start} {limit}", active)


@pytest.mark.parametrize(
    ("control", "entries", "charging", "expected"),
    [
        (HOLD, (entry(HOLD, 11, 13, None),), Charging(), None),
        (CHARGE, (entry(CHARGE, 11, 13, 80),), Charging(reserve=20), 80),
        (CHARGE, (entry(CHARGE, 11, 13, None),), Charging(reserve=20), 100),
        (CHARGE, (entry(CHARGE, 11, 13, 80), entry(CHARGE, 12, 14, 60)), Charging(reserve=20), 60),
        (CHARGE, (entry(CHARGE, 14, 15, 80), entry(CHARGE, 11, 13, 70, active=False)), Charging(reserve=40), 40),
        (CHARGE, (entry(DISCHARGE, 11, 13, 80),), Charging(), 100),
        (CHARGE, None, Charging(reserve=40, is_backing_up=True), 100),
        (CHARGE, (), Charging(reserve=40, daily=(time(11), time(13))), 100),
        (DISCHARGE, (entry(DISCHARGE, 11, 13, 30),), Charging(), 30),
        (DISCHARGE, (entry(DISCHARGE, 11, 13, 5),), Charging(), 10),
        (DISCHARGE, (), Charging(), 10),
    ],
)
def test_where_a_control_stops(
    control: Control, entries: tuple[Entry, ...] | None, charging: Charging, expected: int | None
) -> None:
    switches = Switches(
        {control: True}, charge_schedule_on=True, override=None, read_at=TOLD, floor=10, charging=charging
    )
    assert goal(SiteState(switches, entries), control, TOLD) == expected


def test_before_the_first_read_nobody_knows_where_it_stops() -> None:
    assert goal(SiteState(), CHARGE, TOLD) is None
