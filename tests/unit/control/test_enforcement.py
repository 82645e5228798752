"""Whether the gateway acts on a control, by all that was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.enforcement import Enforced, Enforcement, enforcement
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.evidence import Evidence, OwnWrite
from enphase_battery.control.reason import Kind, Override, Reason, because
from enphase_battery.control.site_state import Charging, SiteState, Storage, Switches
from tests.unit.said import said

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)  # a Sunday


def entry(control: Control, start: int, end: int, *, active: bool) -> Entry:
    return Entry(Terms(control, time(start), time(end), EVERY_DAY, "Europe/London"), f"{control.value} {start}", active)


ALL_ON = Switches(
    dict.fromkeys(Control, True), charge_schedule_on=True, override=None, read_at=NOON, charging=Charging(reserve=20)
)
BELOW_RESERVE = Charging(reserve=60)
SWITCHES_ONLY = SiteState(
    switches=replace(ALL_ON, charging=BELOW_RESERVE),
    entries=(),
    has_schedules=dict.fromkeys(Control, False),
    storage=Storage(soc=50, last_report=NOON - timedelta(minutes=5), read_at=NOON),
)
COVERED = tuple(entry(control, 11, 13, active=True) for control in Control)
SCHEDULED = replace(
    SWITCHES_ONLY,
    switches=ALL_ON,
    entries=COVERED,
    has_schedules=dict.fromkeys(Control, True),
)


def switches(state: SiteState, **changes: object) -> SiteState:
    assert state.switches is not None
    return replace(state, switches=replace(state.switches, **changes))  # type: ignore[arg-type]  # names of Switches


@pytest.mark.parametrize("state", [SWITCHES_ONLY, SCHEDULED])
@pytest.mark.parametrize("control", Control)
def test_a_switch_that_is_on_and_covered_is_obeyed(state: SiteState, control: Control) -> None:
    verdict = enforcement(state, control, NOON)
    assert (verdict.enforced, verdict.reason) == (Enforced.YES, None)


def test_before_the_first_read_nothing_can_be_said() -> None:
    assert enforcement(SiteState(), CHARGE, NOON).enforced is Enforced.UNKNOWN


def test_a_switch_that_is_off_is_obeyed_by_nobody_and_needs_no_reason() -> None:
    state = switches(SCHEDULED, on={**dict.fromkeys(Control, True), CHARGE: False})
    verdict = enforcement(state, CHARGE, NOON)
    assert (verdict.enforced, verdict.reason) == (Enforced.NO, None)
    assert enforcement(state, DISCHARGE, NOON).enforced is Enforced.YES


def test_of_a_switch_that_the_read_leaves_out_nothing_can_be_said() -> None:
    state = switches(SCHEDULED, on={DISCHARGE: True})
    verdict = enforcement(state, CHARGE, NOON)
    assert (verdict.enforced, said(verdict.reason)) == (Enforced.UNKNOWN, "the cloud does not say whether it is on")


def test_a_storm_an_event_or_a_backup_profile_overrides_every_switch() -> None:
    verdict = enforcement(switches(SWITCHES_ONLY, override=Override.STORM), DISCHARGE, NOON)
    assert (verdict.enforced, said(verdict.reason)) == (Enforced.NO, "switch is on; a storm alert overrides it")


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (entry(DISCHARGE, 11, 13, active=True),),
        (entry(CHARGE, 11, 13, active=False),),
    ],
    ids=["no entry", "only one of another family", "only one that the gateway has not acknowledged"],
)
def test_without_an_active_entry_the_gateway_does_nothing(entries: tuple[Entry, ...]) -> None:
    verdict = enforcement(replace(SCHEDULED, entries=entries), CHARGE, NOON)
    assert verdict.enforced is Enforced.NO
    assert said(verdict.reason) == "switch is on; without a schedule entry the gateway does nothing"


def test_an_entry_for_another_time_does_not_help_now() -> None:
    verdict = enforcement(SCHEDULED, CHARGE, NOON + timedelta(hours=1))
    assert (verdict.enforced, said(verdict.reason)) == (Enforced.NO, "switch is on; no schedule entry covers this time")


def test_one_of_several_entries_is_enough() -> None:
    other = entry(CHARGE, 1, 2, active=True)
    state = replace(SCHEDULED, entries=(other, *(SCHEDULED.entries or ())))
    assert enforcement(state, CHARGE, NOON).enforced is Enforced.YES


def test_charging_needs_the_second_flag_of_its_family_and_the_others_do_not() -> None:
    state = switches(SCHEDULED, charge_schedule_on=False)
    assert enforcement(state, CHARGE, NOON).enforced is Enforced.NO
    assert "schedule of charge from grid is switched off" in said(enforcement(state, CHARGE, NOON).reason)
    assert enforcement(state, DISCHARGE, NOON).enforced is Enforced.YES


def test_while_it_is_open_whether_the_second_flag_is_on_nothing_can_be_said() -> None:
    state = switches(SCHEDULED, charge_schedule_on=None)
    assert enforcement(state, CHARGE, NOON) == Enforcement(Enforced.UNKNOWN, because(Kind.DOUBTED))
    assert enforcement(state, DISCHARGE, NOON).enforced is Enforced.YES


@pytest.mark.parametrize("state", [replace(SCHEDULED, entries=None), replace(SCHEDULED, has_schedules={})])
def test_without_the_schedule_list_nothing_can_be_said(state: SiteState) -> None:
    verdict = enforcement(state, CHARGE, NOON)
    assert verdict.enforced is Enforced.UNKNOWN
    assert "schedule list could not be read" in said(verdict.reason)


@pytest.mark.parametrize("storage", [None, Storage()])
def test_without_the_gateways_last_report_nothing_can_be_said(storage: Storage | None) -> None:
    assert enforcement(replace(SWITCHES_ONLY, storage=storage), CHARGE, NOON).enforced is Enforced.UNKNOWN


def test_a_gateway_that_has_been_silent_for_more_than_half_an_hour_may_not_have_heard() -> None:
    half_an_hour = timedelta(minutes=30)
    fresh = replace(SWITCHES_ONLY, storage=Storage(last_report=NOON - half_an_hour, read_at=NOON))
    stale = replace(
        SWITCHES_ONLY, storage=Storage(last_report=NOON - half_an_hour - timedelta(seconds=1), read_at=NOON)
    )
    assert enforcement(fresh, RESTRICT, NOON).enforced is Enforced.YES
    assert enforcement(stale, RESTRICT, NOON).enforced is Enforced.UNKNOWN


@pytest.mark.parametrize(("minutes", "expected"), [(2, Enforced.UNKNOWN), (3, Enforced.YES)])
def test_a_switch_alone_is_in_effect_once_the_gateway_reports_and_an_active_entry_says_so_itself(
    minutes: int, expected: Enforced
) -> None:
    on = Evidence(known=True, changed_at=NOON - timedelta(minutes=5 + minutes))
    verdict = enforcement(SWITCHES_ONLY, RESTRICT, NOON, on)
    assert (verdict.enforced, verdict.reason) == (
        expected,
        None if expected is Enforced.YES else because(Kind.ON_NOT_REPORTED),
    )
    assert enforcement(SCHEDULED, RESTRICT, NOON, on).enforced is Enforced.YES


@pytest.mark.parametrize("on", [True, False])
def test_while_a_read_shows_otherwise_than_is_known_nothing_can_be_said(on: bool) -> None:
    state = switches(SCHEDULED, on=dict.fromkeys(Control, on))
    assert enforcement(state, CHARGE, NOON, Evidence(known=not on)).reason == because(Kind.DOUBTED)


def test_that_nobody_could_read_for_hours_is_no_silence_of_the_gateway() -> None:
    assert enforcement(SWITCHES_ONLY, RESTRICT, NOON + timedelta(hours=5)).enforced is Enforced.YES


@pytest.mark.parametrize(
    ("charging", "soc", "expected"),
    [
        (Charging(reserve=20), 19.9, Enforced.YES),
        (Charging(reserve=20), 20, because(Kind.ABOVE_RESERVE, reserve=20)),
        (Charging(reserve=20), None, because(Kind.RESERVE_NOT_READ)),
        (Charging(), 10, because(Kind.RESERVE_NOT_READ)),
        (Charging(is_backing_up=True), None, Enforced.YES),
        (Charging(reserve=20, daily=(time(11), time(13))), 90, Enforced.YES),
        (Charging(reserve=20, daily=(time(22), time(12, 1))), 90, Enforced.YES),
        (Charging(daily=(time(13), time(17))), 10, because(Kind.OUTSIDE_DAILY_WINDOW, begin="13:00", end="17:00")),
        (Charging(daily=(time(12, 1), time(0))), 10, because(Kind.OUTSIDE_DAILY_WINDOW, begin="12:01", end="00:00")),
    ],
)
def test_without_entries_a_charge_goes_up_to_the_reserve_only(
    charging: Charging, soc: float | None, expected: Enforced | Reason
) -> None:
    storage = Storage(soc=soc, last_report=NOON, read_at=NOON)
    verdict = enforcement(replace(switches(SWITCHES_ONLY, charging=charging), storage=storage), CHARGE, NOON)
    assert expected in (verdict.enforced, verdict.reason)
    assert (verdict.enforced is Enforced.YES) is (verdict.reason is None)


@pytest.mark.parametrize("entries", [(), (entry(CHARGE, 14, 16, active=True),)])
def test_where_no_entry_covers_this_time_a_battery_below_the_reserve_is_charged_all_the_same(
    entries: tuple[Entry, ...],
) -> None:
    state = replace(SCHEDULED, entries=entries)
    assert enforcement(switches(state, charging=BELOW_RESERVE), CHARGE, NOON).enforced is Enforced.YES
    assert enforcement(state, CHARGE, NOON).enforced is Enforced.NO


@pytest.mark.parametrize("control", Control)
def test_of_a_control_whose_entries_nobody_looks_at_nothing_can_be_said(control: Control) -> None:
    state = replace(SWITCHES_ONLY, unlisted=frozenset({control}))
    verdict = enforcement(state, control, NOON)
    assert verdict == Enforcement(Enforced.UNKNOWN, because(Kind.ENTRIES_NOT_LOOKED_AT))


def test_full_backup_overrides_discharge_and_hold_and_a_storm_all_three() -> None:
    for override, obeyed in [(Override.FULL_BACKUP, {CHARGE}), (Override.STORM, set()), (None, set(Control))]:
        state = switches(SCHEDULED, override=override)
        assert {one for one in Control if enforcement(state, one, NOON).enforced is Enforced.YES} == obeyed


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (Evidence(writes=(OwnWrite(before=False, value=True, at=NOON, answered=True),)), Kind.NOT_SHOWN_YET),
        (Evidence(given_up=OwnWrite(before=False, value=True, at=NOON, answered=True)), Kind.IGNORED),
    ],
)
def test_of_a_switch_that_may_be_otherwise_at_the_gateway_nothing_can_be_said(
    evidence: Evidence, kind: Kind, on: bool
) -> None:
    state = switches(SCHEDULED, on=dict.fromkeys(Control, on))
    assert enforcement(state, CHARGE, NOON, evidence) == Enforcement(Enforced.UNKNOWN, because(kind))


@pytest.mark.parametrize("on", [True, False])
def test_of_a_switch_that_is_on_its_way_nothing_can_be_said(on: bool) -> None:
    state = switches(SCHEDULED, on=dict.fromkeys(Control, on), requested={CHARGE: not on}, is_pending=True)
    assert enforcement(state, CHARGE, NOON) == Enforcement(Enforced.UNKNOWN, because(Kind.ON_ITS_WAY))
    other = Enforcement(Enforced.UNKNOWN, because(Kind.CHANGE_ON_ITS_WAY))
    assert enforcement(state, DISCHARGE, NOON) == other  # the cloud need not tell all
    as_before = switches(SCHEDULED, on=dict.fromkeys(Control, on), requested={CHARGE: on}, is_pending=True)
    assert enforcement(as_before, CHARGE, NOON) == other  # something else may have been on its way before


@pytest.mark.parametrize(
    ("report", "expected"),
    [(None, Enforced.UNKNOWN), (-1, Enforced.UNKNOWN), (2, Enforced.UNKNOWN), (2.5, Enforced.NO), (4, Enforced.NO)],
)
def test_after_an_off_nothing_can_be_said_before_the_gateway_reports(report: float | None, expected: Enforced) -> None:
    off_at = NOON - timedelta(minutes=5)
    last_report = None if report is None else off_at + timedelta(minutes=report)
    state = replace(switches(SCHEDULED, on={CHARGE: False}), storage=Storage(last_report=last_report))
    assert enforcement(state, CHARGE, NOON, Evidence(known=False, changed_at=off_at)).enforced is expected


def test_an_off_of_which_nobody_knows_since_when_is_one_only_while_the_gateway_reports() -> None:
    off = switches(SCHEDULED, on={CHARGE: False})
    silent = replace(off, storage=Storage(last_report=NOON - timedelta(hours=1), read_at=NOON))
    assert enforcement(off, CHARGE, NOON).enforced is Enforced.NO
    assert enforcement(replace(off, storage=None), CHARGE, NOON).enforced is Enforced.NO
    assert enforcement(silent, CHARGE, NOON).enforced is Enforced.UNKNOWN


def test_what_cannot_be_read_of_the_entries_leaves_open_what_the_gateway_does_and_only_there() -> None:
    other = replace(SCHEDULED, unread=frozenset({CHARGE}))
    obscure = Terms(CHARGE, time(0), time(0), frozenset(), "Europe/London")
    no_other = replace(SCHEDULED, entries=(Entry(obscure, "odd", active=True), *COVERED[1:]))
    for state in (other, no_other):
        verdict = enforcement(state, CHARGE, NOON)
        assert (verdict.enforced, said(verdict.reason)) == (
            Enforced.UNKNOWN,
            "switch is on; the schedule list could not be read",
        )
        assert enforcement(state, DISCHARGE, NOON).enforced is Enforced.YES
    beside = replace(SCHEDULED, entries=(*COVERED, Entry(obscure, "odd", active=True)))
    assert enforcement(beside, CHARGE, NOON).enforced is Enforced.YES
