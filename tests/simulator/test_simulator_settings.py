"""Statements 47 to 56, 62 and 72 of section 14: settings writes, and those that only look as if they worked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, IS_VALID, SETTINGS, Browser, document

Make = Callable[..., Simulator]
SUCCESS = {"message": "success"}
STAMP = "2026-04-17T10:41:56.440Z"


@pytest.mark.parametrize(
    ("body", "member", "value"),
    [
        ({"chargeFromGrid": True}, "chargeFromGrid", True),
        ({"veryLowSoc": 15}, "veryLowSoc", 15),
        ({"batteryBackupPercentage": 30}, "batteryBackupPercentage", 30),
        ({"chargeBeginTime": 60, "chargeEndTime": 90}, "chargeBeginTime", 60),
    ],
)
def test_a_settings_write_changes_what_it_says(make: Make, body: dict[str, Any], member: str, value: object) -> None:
    """Section 6.3."""
    me = Browser(make()).sign_in()
    answer = me.put(body)
    assert (answer.status, document(answer)) == (200, SUCCESS)
    assert me.settings()[member] == value


@pytest.mark.parametrize("control", ["dtgControl", "rbdControl"])
def test_48_dtg_and_rbd_obey_their_own_enabled(make: Make, control: str) -> None:
    me = Browser(make()).sign_in()
    me.put({control: {"enabled": True}})
    assert me.settings()[control]["enabled"] is True
    me.put({control: {"enabled": False}})
    assert me.settings()[control]["enabled"] is False


def test_force_schedule_opted_mirrors_the_schedule_flag(make: Make) -> None:
    """48."""
    me = Browser(make()).sign_in()
    me.put({"chargeFromGridScheduleEnabled": True})
    assert me.settings()["cfgControl"]["forceScheduleOpted"] is True
    me.put({"chargeFromGridScheduleEnabled": False, "cfgControl": {"forceScheduleOpted": True}})
    assert me.settings()["cfgControl"]["forceScheduleOpted"] is False


@pytest.mark.parametrize(
    ("switch", "with_entry", "enabled"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_48a_charging_on_beside_an_entry_enables_its_schedule(
    make: Make, *, switch: bool, with_entry: bool, enabled: bool
) -> None:
    me = Browser(make(cfg_apply_enables_schedule=switch)).sign_in()
    if with_entry:
        me.create("CFG", "01:00", "02:00")
    me.put({"chargeFromGrid": True})
    assert me.settings()["chargeFromGridScheduleEnabled"] is enabled


def test_other_writes_beside_a_charge_entry_leave_its_schedule_flag(make: Make) -> None:
    """48a."""
    me = Browser(make()).sign_in()
    me.create("CFG", "01:00", "02:00")
    me.put({"veryLowSoc": 15})
    me.put({"chargeFromGrid": False})
    assert me.settings()["chargeFromGridScheduleEnabled"] is False


FAMILIES = [
    ("cfg", {"chargeFromGrid": True}, "chargeFromGrid"),
    ("dtg", {"dtgControl": {"enabled": True}}, "dtgControl"),
    ("rbd", {"rbdControl": {"enabled": True}}, "rbdControl"),
]


@pytest.mark.parametrize(("family", "body", "member"), FAMILIES)
@pytest.mark.parametrize("switches", [{"isvalid_required": True}, {"auth_era": "2025-07"}], ids=["switch", "2025-07"])
def test_50_a_write_without_validation_answers_success_and_changes_nothing(
    make: Make, switches: dict[str, object], family: str, body: dict[str, Any], member: str
) -> None:
    me = Browser(sim := make(**switches)).sign_in()
    before = me.settings()
    assert document(me.put(body)) == SUCCESS
    assert me.settings() == before
    assert document(me.validate(family)) == {"isValid": True}
    sim.advance(300)
    me.put(body)
    assert me.settings()[member] != before[member]


@pytest.mark.parametrize("switches", [{"isvalid_required": True}, {"auth_era": "2025-07"}], ids=["switch", "2025-07"])
def test_50_a_validation_is_good_for_five_minutes_and_its_own_family(make: Make, switches: dict[str, object]) -> None:
    me = Browser(sim := make(**switches)).sign_in()
    me.validate("rbd")
    me.put({"dtgControl": {"enabled": True}})
    assert not me.settings()["dtgControl"]["enabled"]
    me.validate("dtg")
    sim.advance(300.1)
    me.put({"dtgControl": {"enabled": True}})
    assert not me.settings()["dtgControl"]["enabled"]


@pytest.mark.parametrize(("family", "body", "member"), FAMILIES)
@pytest.mark.parametrize("strict", [False, True])
def test_50_a_write_that_comes_too_soon_after_its_validation_answers_success_and_changes_nothing(
    make: Make, family: str, body: dict[str, Any], member: str, *, strict: bool
) -> None:
    me = Browser(sim := make(settle_needed=1, isvalid_required=strict)).sign_in()
    before = me.settings()
    me.validate(family)
    sim.advance(0.9)
    assert document(me.put(body)) == SUCCESS
    assert me.settings() == before
    sim.advance(0.1)
    me.put(body)
    assert me.settings()[member] != before[member]


def test_50_the_newest_validation_of_the_family_is_the_one_to_wait_after(make: Make) -> None:
    me = Browser(sim := make(settle_needed=1)).sign_in()
    me.validate("dtg")
    sim.advance(60)
    me.validate("dtg")
    me.put({"dtgControl": {"enabled": True}})
    assert not me.settings()["dtgControl"]["enabled"]


def test_50_a_refused_validation_and_those_of_other_families_and_sessions_keep_no_write_waiting(make: Make) -> None:
    me = Browser(sim := make(settle_needed=1)).sign_in()
    me.validate("cfg")
    sim.advance(1)
    Browser(sim).sign_in().validate("cfg")
    me.validate("rbd")
    me.battery("POST", IS_VALID, json={"scheduleType": "cfg"})
    me.put({"chargeFromGrid": True})
    assert me.settings()["chargeFromGrid"]


def test_50_without_a_validation_there_is_nothing_to_wait_after(make: Make) -> None:
    me = Browser(make(settle_needed=1)).sign_in()
    me.put({"chargeFromGrid": True})
    assert me.settings()["chargeFromGrid"]


def test_50_a_merged_body_waits_after_the_newest_validation_of_all_its_families(make: Make) -> None:
    me = Browser(sim := make(settle_needed=1)).sign_in()
    merged = {**me.settings(), "chargeFromGrid": True}
    me.validate("cfg")
    sim.advance(1)
    me.validate("dtg")
    me.put(merged)
    assert not me.settings()["chargeFromGrid"]
    sim.advance(1)
    me.put(merged)
    assert me.settings()["chargeFromGrid"]


def test_a_validation_belongs_to_its_session(make: Make) -> None:
    """50."""
    me = Browser(make(isvalid_required=True)).sign_in()
    me.validate("dtg")
    me.sign_in().put({"dtgControl": {"enabled": True}})
    assert not me.settings()["dtgControl"]["enabled"]


def test_a_merged_body_needs_all_three_families_validated(make: Make) -> None:
    """50."""
    me = Browser(make(isvalid_required=True)).sign_in()
    merged = {**me.settings(), "chargeFromGrid": True}
    me.validate("cfg")
    me.put(merged)
    assert not me.settings()["chargeFromGrid"]
    me.validate("dtg")
    me.validate("rbd")
    me.put(merged)
    assert me.settings()["chargeFromGrid"]


def test_a_write_that_carries_no_family_needs_no_validation(make: Make) -> None:
    """50."""
    me = Browser(make(isvalid_required=True)).sign_in()
    me.put({"veryLowSoc": 15})
    assert me.settings()["veryLowSoc"] == 15


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({"scheduleType": "cfg", "forceScheduleOpted": True}, 200, b'{"isValid": true}'),
        ({"scheduleType": "cfg", "forceScheduleOpted": False}, 200, b'{"isValid": true}'),
        ({"scheduleType": "dtg"}, 200, b'{"isValid": true}'),
        ({"scheduleType": "RBD"}, 200, b'{"isValid": true}'),
        ({"scheduleType": "cfg"}, 400, b"Force schedule opted is null or empty for schedule type."),
    ],
    ids=str,
)
def test_is_valid_answers_by_family(make: Make, body: dict[str, Any], status: int, answer: bytes) -> None:
    """Section 6.9."""
    response = Browser(make()).sign_in().battery("POST", IS_VALID, json=body)
    assert (response.status, response.body) == (status, answer)


@pytest.mark.parametrize("body", [{}, {"scheduleType": "all"}, []])
def test_is_valid_refuses_what_names_no_family(make: Make, body: object) -> None:
    """Section 6.9."""
    assert Browser(make()).sign_in().battery("POST", IS_VALID, json=body).status == 400


def test_a_refused_validation_validates_nothing(make: Make) -> None:
    """50, section 6.9."""
    me = Browser(make(isvalid_required=True)).sign_in()
    me.battery("POST", IS_VALID, json={"scheduleType": "cfg"})
    me.put({"chargeFromGrid": True})
    assert not me.settings()["chargeFromGrid"]


def test_an_mqtt_site_ignores_a_write_with_source_enho(make: Make) -> None:
    """51."""
    me = Browser(make(supports_mqtt=True)).sign_in()
    assert document(me.put({"dtgControl": {"enabled": True}}, source="enho")) == SUCCESS
    assert not me.settings()["dtgControl"]["enabled"]
    me.put({"dtgControl": {"enabled": True}})
    assert me.settings()["dtgControl"]["enabled"]


def test_an_mqtt_site_switches_rbd_off_only_by_a_merged_body_without_devices(make: Make) -> None:
    """51."""
    me = Browser(make(supports_mqtt=True)).sign_in()
    me.put({"rbdControl": {"enabled": True}})
    me.put({"rbdControl": {"enabled": False}})
    assert me.settings()["rbdControl"]["enabled"]
    merged = me.settings()
    merged["rbdControl"]["enabled"] = False
    me.put(merged)
    assert me.settings()["rbdControl"]["enabled"]
    del merged["devices"]
    me.put(merged, source="enho")
    assert me.settings()["rbdControl"]["enabled"]
    me.put(merged)
    assert not me.settings()["rbdControl"]["enabled"]


def test_a_merged_body_made_from_a_read_is_accepted_as_it_is(make: Make) -> None:
    """Section 6.3."""
    me = Browser(make()).sign_in()
    before = me.settings()
    assert me.put(before).status == 200
    assert me.settings() == before


@pytest.mark.parametrize(("sent", "read"), [(STAMP, STAMP), (True, "2026-07-15T12:00:00.000+00:00")])
def test_55_the_disclaimer_is_sent_as_time_or_boolean_and_read_as_time(make: Make, sent: object, read: str) -> None:
    me = Browser(make()).sign_in()
    assert me.settings()["acceptedItcDisclaimer"] is False
    me.put({"chargeFromGrid": True, "acceptedItcDisclaimer": sent})
    assert me.settings()["acceptedItcDisclaimer"] == read


def test_the_disclaimer_has_a_call_of_its_own(make: Make) -> None:
    """Section 6.4."""
    me = Browser(make()).sign_in()
    path = f"{API}/batterySettings/acceptDisclaimer/{SITE_ID}"
    assert me.battery("POST", path, json={"disclaimer-type": "other"}).status == 400
    assert document(me.battery("POST", path, json={"disclaimer-type": "itc"})) == SUCCESS
    assert me.settings()["acceptedItcDisclaimer"] == "2026-07-15T12:00:00.000+00:00"


def test_charging_may_be_refused_until_the_disclaimer_is_accepted(make: Make) -> None:
    """55."""
    me = Browser(make(disclaimer_required=True)).sign_in()
    assert me.put({"chargeFromGrid": True}).status == 400
    assert not me.settings()["chargeFromGrid"]
    assert me.put({"chargeFromGrid": True, "acceptedItcDisclaimer": STAMP}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"cfgControl": {"chargeFromGrid": True, "scheduleSupported": True}},
        {"startTime": 120, "endTime": 300},
        {"cfgControl": {"startTime": 120}},
        {"rbdControl": {"enabled": True, "endTime": 300}},
    ],
)
def test_56_what_stands_in_the_wrong_place_is_a_500(make: Make, body: dict[str, Any]) -> None:
    me = Browser(make()).sign_in()
    before = me.settings()
    answer = me.put(body)
    assert answer.status == 500
    assert b"Request contains invalid or missing parameters required for schedules" in answer.body
    assert me.settings() == before


def test_times_in_the_dtg_control_are_stored(make: Make) -> None:
    """56."""
    me = Browser(make()).sign_in()
    me.put({"dtgControl": {"enabled": True, "scheduleSupported": True, "startTime": 1020, "endTime": 1140}})
    assert me.settings()["dtgControl"]["startTime"] == 1020


@pytest.mark.parametrize("body", [{"veryLowSoc": 4}, {"veryLowSoc": 26}, {"batteryBackupPercentage": 9}])
def test_62_a_soc_out_of_range_is_refused(make: Make, body: dict[str, Any]) -> None:
    me = Browser(make()).sign_in()
    before = me.settings()
    assert me.put(body).status == 400
    assert me.settings() == before


def test_a_soc_out_of_range_may_be_clamped(make: Make) -> None:
    """62."""
    me = Browser(make(out_of_range="clamp")).sign_in()
    me.put({"veryLowSoc": 99, "batteryBackupPercentage": 0})
    assert (me.settings()["veryLowSoc"], me.settings()["batteryBackupPercentage"]) == (25, 10)


@pytest.mark.parametrize(
    "body",
    [
        {"chargeFromGrid": "yes"},
        {"dtgControl": True},
        {"acceptedItcDisclaimer": "today"},
        {"chargeBeginTime": 1440},
        {"veryLowSoc": 15.5},
        [],
    ],
)
def test_a_body_of_the_wrong_types_is_a_400(make: Make, body: object) -> None:
    assert Browser(make()).sign_in().put(body).status == 400


def test_a_body_that_is_not_declared_as_json_is_a_415(make: Make) -> None:
    me = Browser(make()).sign_in()
    answer = me.battery("PUT", SETTINGS, headers={"content-type": "text/plain"}, json={"chargeFromGrid": True})
    assert answer.status == 415
    assert not me.settings()["chargeFromGrid"]


def test_switching_rbd_on_may_delete_its_entries(make: Make) -> None:
    """72."""
    me = Browser(make(rbd_enable_deletes=True)).sign_in()
    me.create("RBD", "01:00", "02:00")
    me.create("CFG", "03:00", "04:00")
    me.put({"rbdControl": {"enabled": True}})
    assert (me.schedules()["rbd"]["count"], me.schedules()["cfg"]["count"]) == (0, 1)


def test_a_write_that_finds_rbd_on_deletes_nothing_so_that_entries_can_be_made_anew_and_applied(make: Make) -> None:
    """72."""
    on = {"rbdControl": {"enabled": True}}
    me = Browser(sim := make(rbd_enable_deletes=True, activation_delay=0)).sign_in()
    me.put(on)
    me.create("RBD", "12:00", "18:00")
    me.put(on)
    assert [each["scheduleStatus"] for each in me.schedules()["rbd"]["details"]] == ["active"]
    assert sim.world.site.enforced().hold
    me.put({"rbdControl": {"enabled": False}})
    me.put(on)
    assert me.schedules()["rbd"]["count"] == 0
    assert not sim.world.site.enforced().hold


def test_a_charge_switch_beside_a_nested_one_is_accepted(make: Make) -> None:
    """56, C33: only a body with nothing else is a 500."""
    me = Browser(make()).sign_in()
    assert me.put({"chargeFromGrid": True, "cfgControl": {"chargeFromGrid": True}}).status == 200
    assert me.settings()["chargeFromGrid"] is True


@pytest.mark.parametrize(("required", "status"), [(False, 200), (True, 500)])
def test_c31_a_schedule_without_times_in_the_dtg_control_passes_or_not(
    make: Make, *, required: bool, status: int
) -> None:
    me = Browser(make(dtg_times_required=required)).sign_in()
    assert me.put({"dtgControl": {"enabled": True, "scheduleSupported": True}}).status == status
    assert me.settings()["dtgControl"]["enabled"] is (status == 200)
    assert me.put({"dtgControl": {"enabled": False}}).status == 200
    assert me.put(me.settings()).status == 200
