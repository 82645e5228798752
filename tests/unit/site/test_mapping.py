"""From the cloud's documents to the words of the rules: what a site has, what it allows, what its entries say."""

from __future__ import annotations

from datetime import datetime, time, timezone
from typing import Any

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Entry, Terms
from enphase_battery.control.site_state import FORBIDS_ON_ONLY, Switches
from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.models import BatterySettings, EntryTerms, ScheduleList
from enphase_battery.site.mapping import (
    CONTROLS,
    FAMILIES,
    Circumstances,
    cloud_terms,
    entries_of,
    is_missing,
    switches_of,
)
from tests.unit.said import advice, said

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
OFFERED = {"show": True, "enabled": False, "locked": False}
DOCUMENT: dict[str, Any] = {
    "chargeFromGrid": False,
    "cfgControl": OFFERED,
    "dtgControl": OFFERED,
    "rbdControl": OFFERED,
}
ABSENT = object()


def settings(**changes: object) -> BatterySettings:
    data = {name: value for name, value in {**DOCUMENT, **changes}.items() if value is not ABSENT}
    return BatterySettings.parse({"type": "battery-details", "data": data})


def schedules(*details: dict[str, object], **statuses: str | None) -> ScheduleList:
    """Return a list with this scheduleStatus per family and these entries of charge from grid."""
    families: dict[str, dict[str, object]] = {
        family.value: {"scheduleStatus": statuses.get(family.value, "active"), "count": 0} for family in Family
    }
    families["cfg"]["details"] = list(details)
    return ScheduleList.parse(families)


def switches(found: BatterySettings, listed: ScheduleList | None = None, **site: Any) -> Switches:
    return switches_of(found, listed, site=Circumstances(**site), read_at=NOON)


NOTHING_SUPPORTED = schedules(cfg="not_supported", dtg="not_supported", rbd="not_supported")


# -- controls and families --------------------------------------------------------------------------------------------


def test_each_control_is_a_family_and_each_family_a_control() -> None:
    assert FAMILIES.keys() == set(Control)
    assert CONTROLS.keys() == set(Family)


@pytest.mark.parametrize("control", Control)
def test_the_rules_and_the_cloud_say_the_same_of_a_control(control: Control) -> None:
    row = FAMILIES[control].row
    assert row.has_limit is control.takes_target
    assert row.has_second_flag is control.has_second_flag


# -- what the site has ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", [ABSENT, None, {"show": False}], ids=["absent", "null", "not shown"])
@pytest.mark.parametrize(("family", "name"), [(Family.DTG, "dtgControl"), (Family.RBD, "rbdControl")])
def test_a_family_is_missing_if_its_schedules_are_not_supported_and_its_control_is_not_offered(
    family: Family, name: str, control: object
) -> None:
    found = settings(**{name: control})
    assert is_missing(family, found, NOTHING_SUPPORTED)
    refusal = switches(found, NOTHING_SUPPORTED).refusals[DISCHARGE if family is Family.DTG else RESTRICT]
    assert said(refusal) == (
        f"this site has no {'discharge to grid' if family is Family.DTG else 'restrict battery discharge'}"
    )
    assert advice(refusal) == "remove it from controls in the app's configuration"
    assert refusal.kind not in FORBIDS_ON_ONLY


@pytest.mark.parametrize(
    ("charge", "control", "missing"),
    [
        (ABSENT, ABSENT, True),
        (ABSENT, None, True),
        (ABSENT, {"show": False}, True),
        (ABSENT, {"show": True}, False),
        (False, ABSENT, False),
        (False, {"show": False}, False),
        (True, {"show": True}, False),
    ],
)
def test_charge_from_grid_is_missing_only_if_also_its_switch_is_absent(
    charge: object, control: object, missing: bool
) -> None:
    found = settings(chargeFromGrid=charge, cfgControl=control)
    assert is_missing(Family.CFG, found, NOTHING_SUPPORTED) is missing


@pytest.mark.parametrize("family", Family)
def test_a_family_that_is_offered_is_not_missing_although_its_schedules_are_not_supported(family: Family) -> None:
    assert not is_missing(family, settings(), NOTHING_SUPPORTED)


@pytest.mark.parametrize("status", ["active", "pending", None, "something new"])
def test_a_control_that_is_not_offered_is_not_missing_while_the_list_does_not_say_so(status: str | None) -> None:
    found = settings(dtgControl={"show": False}, rbdControl=None)
    listed = schedules(dtg=status, rbd=status)
    assert not is_missing(Family.DTG, found, listed)
    assert not is_missing(Family.RBD, found, listed)
    assert not is_missing(Family.DTG, found, None)


def test_hints_to_user_interfaces_decide_nothing() -> None:
    found = settings(hideChargeFromGrid=True, showChargeFromGrid=False, rbdControl=None)
    assert switches(found, schedules()).refusals == {}


def test_a_site_with_any_subset_of_the_families_has_the_rest() -> None:
    found = settings(chargeFromGrid=ABSENT, cfgControl=ABSENT, rbdControl=None)
    assert switches(found, NOTHING_SUPPORTED).refusals.keys() == {CHARGE, RESTRICT}


# -- what is allowed --------------------------------------------------------------------------------------------------


def test_what_is_locked_cannot_be_changed_and_says_so() -> None:
    locked = switches(settings(dtgControl={**OFFERED, "locked": True}), schedules()).refusals
    assert locked.keys() == {DISCHARGE}
    assert said(locked[DISCHARGE]) == "discharge to grid is locked on this site"
    assert advice(locked[DISCHARGE]) == "ask the installer or Enphase to unlock it"
    assert locked[DISCHARGE].kind not in FORBIDS_ON_ONLY


def test_an_account_that_is_neither_owner_nor_installer_can_change_nothing() -> None:
    refusals = switches(settings(), schedules(), may_write=False).refusals
    assert refusals.keys() == set(Control)
    assert {said(one) for one in refusals.values()} == {"the account is neither owner nor installer of the site"}
    assert not any(one.kind in FORBIDS_ON_ONLY for one in refusals.values())


@pytest.mark.parametrize(
    ("mode", "refused"),
    [
        ("ImportExport", set()),
        ("IMPORTEXPORT", set()),
        ("ImportOnly", {DISCHARGE}),
        ("import", {DISCHARGE}),
        ("ExportOnly", {CHARGE}),
        ("EXPORT", {CHARGE}),
        ("", set()),
        ("N/A", set()),
        ("Unknown", set()),
        ("NoImportOrExport", {DISCHARGE}),
        ("no import or export", {DISCHARGE}),
        ("NoImportNoExport", {DISCHARGE}),
        ("No Export", {DISCHARGE}),
        ("NO_EXPORT", {DISCHARGE}),
        ("Zero Export", {DISCHARGE}),
        ("ZeroExport", {DISCHARGE}),
        ("non-export", {DISCHARGE}),
        ("Without export", {DISCHARGE}),
        ("Export: not allowed", {DISCHARGE}),
        ("ImportNoExport", {DISCHARGE}),
        ("Import, no export", {DISCHARGE}),
        ("No Import, Export", {DISCHARGE}),
        ("ExportNoImport", {CHARGE}),
        ("No Import", set()),
        ("Export limited", {CHARGE}),
        ("x" * 200, set()),
    ],
)
def test_the_grid_agreement_decides_what_may_be_switched_on_and_one_that_is_not_understood_allows_all(
    mode: str, refused: set[Control]
) -> None:
    for found in (
        switches(settings(batteryGridMode=mode), schedules()),
        switches(settings(), schedules(), grid_mode=mode),
    ):
        assert found.refusals.keys() == refused
        for one in found.refusals.values():
            assert said(one) == "the site's grid agreement does not allow it"
            assert one.kind in FORBIDS_ON_ONLY, "it may still be switched off"


def test_the_battery_settings_word_on_the_grid_goes_before_that_of_the_site_settings() -> None:
    found = switches(settings(batteryGridMode="ImportOnly"), schedules(), grid_mode="ExportOnly")
    assert found.refusals.keys() == {DISCHARGE}


def test_without_the_disclaimer_charging_may_not_be_switched_on_where_it_may_not_be_accepted() -> None:
    (refusal,) = switches(settings(), schedules(), accept_disclaimer=False).refusals.values()
    assert refusal.kind in FORBIDS_ON_ONLY
    assert "disclaimer" in said(refusal)
    assert "accept_itc_disclaimer" in advice(refusal)
    accepted = settings(acceptedItcDisclaimer=True)
    assert switches(accepted, schedules(), accept_disclaimer=False).refusals == {}


# -- switches ---------------------------------------------------------------------------------------------------------


def test_the_switches_and_the_second_flag_are_those_of_the_settings() -> None:
    found = switches(
        settings(chargeFromGrid=True, chargeFromGridScheduleEnabled=True, dtgControl={"enabled": True}, rbdControl=None)
    )
    assert found.on == {CHARGE: True, DISCHARGE: True, RESTRICT: False}
    assert found.charge_schedule_on
    assert found.read_at == NOON
    assert not switches(settings(chargeFromGrid=True)).charge_schedule_on


@pytest.mark.parametrize(
    ("changes", "floor"),
    [
        ({"batteryBackupPercentage": 20, "veryLowSoc": 10}, 20),
        ({"batteryBackupPercentage": 0, "veryLowSoc": 15}, 15),
        ({"batteryBackupPercentage": 0}, 5),
        ({"batteryBackupPercentage": "N/A", "veryLowSoc": "N/A"}, 5),
        ({}, 5),
    ],
)
def test_the_floor_is_the_higher_of_reserve_and_very_low_charge_and_never_below_what_the_cloud_takes(
    changes: dict[str, object], floor: int
) -> None:
    assert switches(settings(**changes)).floor == floor


# -- entries ----------------------------------------------------------------------------------------------------------

LISTED: dict[str, object] = {
    "scheduleId": "a-1",
    "startTime": "20:00",
    "endTime": "05:00",
    "limit": 90,
    "days": [1, 7],
    "timezone": "Europe/London",
    "scheduleStatus": "active",
    "createdAt": "1780000000000",
    "isEnabled": False,
    "isDeleted": False,
}


def test_an_entry_is_what_the_list_says_whatever_it_says_of_being_enabled() -> None:
    assert entries_of(schedules(LISTED)) == (
        Entry(
            Terms(CHARGE, time(20), time(5), frozenset({1, 7}), "Europe/London", 90),
            "a-1",
            active=True,
            created_at=datetime.fromtimestamp(1780000000, tz=timezone.utc),
        ),
    )


@pytest.mark.parametrize("status", ["pending", "something new", None])
def test_only_the_word_active_means_that_the_gateway_has_it(status: str | None) -> None:
    (entry,) = entries_of(schedules({**LISTED, "scheduleStatus": status}))
    assert not entry.active


def test_an_entry_that_is_deleted_and_still_listed_is_none() -> None:
    assert entries_of(schedules({**LISTED, "isDeleted": True})) == ()


@pytest.mark.parametrize(
    ("control", "family", "limit"),
    [(CHARGE, Family.CFG, 90), (DISCHARGE, Family.DTG, 20), (RESTRICT, Family.RBD, None)],
)
def test_terms_are_put_into_the_clouds_words(control: Control, family: Family, limit: int | None) -> None:
    terms = Terms(control, time(2), time(5), frozenset({1}), "Europe/London", limit)
    assert cloud_terms(terms) == EntryTerms(family, time(2), time(5), frozenset({1}), limit, "Europe/London")


@pytest.mark.parametrize(
    ("told", "on_its_way", "is_pending"),
    [
        (None, {}, False),
        ({}, {}, False),
        ({"chargeFromGrid": True}, {Control.CHARGE_FROM_GRID: True}, True),
        ({"chargeFromGrid": False}, {}, True),  # as it is shown
        ({"dtgControl": {"enabled": True}}, {Control.DISCHARGE_TO_GRID: True}, True),
        ({"pendingGateways": ["1"]}, {}, True),
    ],
)
def test_what_is_on_its_way_is_told_beside_what_the_gateway_reports(
    told: object, on_its_way: dict[Control, bool], is_pending: bool
) -> None:
    found = switches(settings(chargeFromGrid=False, dtgControl={"enabled": False}, requestedConfig=told))
    assert (found.on[Control.CHARGE_FROM_GRID], found.on[Control.DISCHARGE_TO_GRID]) == (False, False)
    assert (found.on_its_way, found.is_pending) == (on_its_way, is_pending)


def test_a_reserve_and_a_flag_that_are_on_their_way_count_already() -> None:
    coming = {"batteryBackupPercentage": 45, "chargeFromGridScheduleEnabled": True}
    found = switches(settings(batteryBackupPercentage=20, chargeFromGridScheduleEnabled=False, requestedConfig=coming))
    assert (found.floor, found.charge_schedule_on) == (45, True)


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_that_is_not_told_while_something_is_on_its_way_may_be_either(flag: bool) -> None:
    known = settings(chargeFromGridScheduleEnabled=flag)
    coming = settings(chargeFromGridScheduleEnabled=flag, requestedConfig={"chargeFromGrid": True})
    assert (switches(known).charge_schedule_on, switches(coming).charge_schedule_on) == (flag, None)
