"""What the cloud says, parsed: as it is documented, and as it comes on a bad day."""

from __future__ import annotations

from datetime import datetime, time, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.fields import clock_time, digits, instant, number, whole
from enphase_battery.enlighten.models import BatterySettings, EntryTerms, ScheduleList
from enphase_battery.enlighten.readings import BatteryStatus, SiteSettings
from enphase_battery.enlighten.tokens import ASSUMED_LIFETIME, read_token
from enphase_battery.errors import UnexpectedAnswer
from tests.unit.enlighten.stand_in import NOW, jwt

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["N/A", "", "12:30", "57%", "\ud800"])
)
MEMBERS = st.sampled_from(
    [
        *("data", "chargeFromGrid", "cfgControl", "dtgControl", "rbdControl", "enabled", "startTime", "veryLowSoc"),
        *("cfg", "details", "days", "scheduleId", "endTime", "storages", "available_energy", "max_capacity"),
        *("last_report", "current_charge", "userDetails", "acceptedItcDisclaimer", "token", "expires_at"),
    ]
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.dictionaries(MEMBERS, inner, max_size=4) | st.lists(inner, max_size=2), max_leaves=12
)

DTG = {"show": True, "enabled": True, "locked": False, "scheduleSupported": True, "startTime": 960, "endTime": 1140}


def settings(**data: object) -> BatterySettings:
    return BatterySettings.parse({"type": "battery-details", "data": {"chargeFromGrid": False, **data}})


# --- settings


def test_settings_as_documented() -> None:
    read = settings(
        chargeFromGrid=True,
        chargeFromGridScheduleEnabled=True,
        acceptedItcDisclaimer="2026-04-17T10:41:56.440Z",
        cfgControl={"enabled": False, "forceScheduleOpted": True, "locked": True},
        dtgControl=DTG,
        rbdControl=None,
        profile="self-consumption",
        batteryBackupPercentage=25,
        veryLowSoc=5,
        stormGuardState="enabled",
        drEventActive=True,
        batteryGridMode="ImportExport",
        systemTask=True,
        supportsMqtt=True,
    )
    assert [read.switch(family) for family in Family] == [True, True, False]
    assert read.charge_from_grid_schedule_enabled
    assert read.itc_disclaimer == "2026-04-17T10:41:56.440Z"
    assert (read.profile, read.storm_guard, read.grid_mode) == ("self-consumption", "enabled", "ImportExport")
    assert (read.backup_percentage, read.very_low_soc) == (25, 5)
    assert (read.dr_event_active, read.system_task, read.supports_mqtt) == (True, True, True)
    assert read.control(Family.RBD) is None
    dtg, cfg = read.control(Family.DTG), read.control(Family.CFG)
    assert dtg is not None
    assert cfg is not None
    assert (dtg.enabled, dtg.locked, dtg.show) == (True, False, True)
    assert (cfg.locked, cfg.force_schedule_opted, cfg.show) == (True, True, None)


def test_the_switch_of_charge_from_grid_is_not_that_of_its_control_object() -> None:
    assert not settings(chargeFromGrid=False, cfgControl={"enabled": True}).switch(Family.CFG)
    assert settings(chargeFromGrid=True, cfgControl={"enabled": False}).switch(Family.CFG)


@pytest.mark.parametrize(
    ("written", "read"), [(True, True), (False, None), (None, None), ("", None), ("N/A", "N/A"), (5, None)]
)
def test_the_disclaimer_is_a_time_or_just_accepted(written: object, read: object) -> None:
    assert settings(acceptedItcDisclaimer=written).itc_disclaimer == read


def test_numbers_that_are_not_there_are_none() -> None:
    read = settings(batteryBackupPercentage="N/A", veryLowSoc=None, dtgControl="odd", profile="tomorrow's")
    assert (read.backup_percentage, read.very_low_soc, read.switch(Family.DTG)) == (None, None, None)
    assert read.profile == "tomorrow's"


def test_the_mirror_tells_of_the_schedule_where_its_own_member_is_missing() -> None:
    assert settings(cfgControl={"forceScheduleOpted": True}).charge_from_grid_schedule_enabled


def test_the_document_is_not_shown() -> None:
    assert "stormy" not in repr(settings(unknownMember="stormy"))


@pytest.mark.parametrize("document", [None, [], "x", {}, {"data": None}, {"data": {}}, {"data": {"profile": "x"}}])
def test_settings_without_switches_are_not_taken(document: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        BatterySettings.parse(document)


@pytest.mark.parametrize("value", [None, "N/A", 7])
def test_settings_that_do_not_say_whether_charge_from_grid_is_on_are_not_taken_for_off(value: object) -> None:
    assert settings(chargeFromGrid=value).switch(Family.CFG) is None


def test_a_site_may_have_no_charge_from_grid_at_all() -> None:
    assert settings(chargeFromGrid=True).holds_switch(Family.CFG)
    assert settings(chargeFromGrid=False).holds_switch(Family.CFG)
    for control in (None, {"show": False}):
        assert not BatterySettings.parse({"data": {"cfgControl": control}}).holds_switch(Family.CFG)
    assert BatterySettings.parse({"data": {"cfgControl": {"show": True}}}).switch(Family.CFG) is None


@pytest.mark.parametrize(("name", "family"), [("dtgControl", Family.DTG), ("rbdControl", Family.RBD)])
def test_a_control_that_says_neither_on_nor_off_is_not_taken_for_off(name: str, family: Family) -> None:
    values: tuple[object, ...] = ("N/A", 1, {}, None)
    for control in ({}, *({"enabled": value} for value in values)):
        assert settings(**{name: {"show": True, **control}}).switch(family) is None
        assert settings(**{name: {"show": False, **control}}).switch(family) is False
    assert settings(**{name: None}).switch(family) is False


# --- schedules


ENTRY: dict[str, Any] = {
    "createdAt": "1780000000000",
    "updatedAt": "1780000500000",
    "scheduleId": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "timezone": "Europe/London",
    "startTime": "20:00",
    "endTime": "05:25",
    "limit": 90,
    "scheduleType": "CFG",
    "scheduleStatus": "active",
    "days": [1, 2, 7],
    "isDeleted": False,
    "isEnabled": True,
}


def test_schedules_as_documented() -> None:
    read = ScheduleList.parse(
        {
            "type": "BATTERY_SCHEDULES_CONFIG",
            "cfg": {"scheduleStatus": "pending", "count": 2, "details": [ENTRY, {"isDeleted": True}]},
            "dtg": {"scheduleStatus": "not_supported", "count": 0},
            "rbd": {"count": 0, "details": None},
            "anySchedulePending": True,
        }
    )
    (entry,) = read.entries
    days = frozenset({1, 2, 7})
    assert entry.terms == EntryTerms(Family.CFG, time(20), time(5, 25), days, 90, "Europe/London")
    assert (entry.schedule_id, entry.status) == (ENTRY["scheduleId"], "active")
    assert entry.created_at == datetime.fromtimestamp(1780000000, tz=timezone.utc)
    assert [read.family_status(family) for family in Family] == ["pending", "not_supported", None]


def test_restrict_has_no_limit_whatever_the_cloud_echoes() -> None:
    terms = ScheduleList.parse({"rbd": {"details": [{**ENTRY, "limit": 100}]}}).entries[0].terms
    assert terms.limit is None
    assert EntryTerms(Family.RBD, time(20), time(5, 25), terms.days, 100, "Europe/London") == terms


def test_an_entry_without_a_zone_equals_no_terms_that_could_be_written() -> None:
    assert ScheduleList.parse({"cfg": {"details": [{**ENTRY, "timezone": None}]}}).entries[0].terms.timezone == ""


@pytest.mark.parametrize("days", [[], [0, 8, "x", None, True]])
def test_strange_days_are_none(days: object) -> None:
    read = ScheduleList.parse({"rbd": {"details": [{**ENTRY, "days": days, "limit": None}]}})
    assert (read.entries[0].terms.days, read.entries[0].terms.limit) == (frozenset(), None)


@pytest.mark.parametrize(
    "change",
    [
        {"startTime": "2300"},
        {"startTime": None},
        {"endTime": "\u0660\u0665:25"},
        {"endTime": "24:00"},
        {"days": None},
        {"days": "N/A"},
        {"days": [1, "x"]},
        {"days": [1, 8]},
        {"days": [1.5]},
    ],
)
def test_an_entry_that_cannot_be_read_is_there_and_spoils_no_other(change: dict[str, object]) -> None:
    good = {**ENTRY, "scheduleId": "good"}
    read = ScheduleList.parse({"cfg": {"details": [{**ENTRY, **change}, good]}, "dtg": {"details": [good]}})

    odd, *others = read.entries
    assert (odd.schedule_id, odd.terms.days) == (ENTRY["scheduleId"], frozenset())
    assert [entry.terms.start for entry in others] == [time(20), time(20)]
    assert read.unread == frozenset()


@pytest.mark.parametrize(
    "family",
    [
        {"details": "x"},
        {"details": {}},
        {"details": 5},
        {"details": [ENTRY, "x"]},
        {"details": [None]},
        *({"details": [ENTRY, {**ENTRY, "scheduleId": odd}]} for odd in (None, "../1", 5, "", "x" * 101)),
        {"count": 2},
        {"count": 2, "details": []},
        {"count": 2, "details": [ENTRY]},
        *("x", 5, [ENTRY], {"details": True}),
    ],
)
def test_a_family_whose_entries_cannot_be_told_is_unread_and_spoils_no_other(family: object) -> None:
    read = ScheduleList.parse({"cfg": family, "dtg": {"scheduleStatus": "active", "details": [ENTRY]}})

    assert read.unread == {Family.CFG}
    assert [entry.terms.family for entry in read.entries] == [Family.DTG]
    assert read.family_status(Family.DTG) == "active"


@pytest.mark.parametrize("count", [None, -1, "N/A", 1e300, 10**30, 1])
def test_a_count_that_cannot_be_meant_hides_nothing(count: object) -> None:
    assert ScheduleList.parse({"cfg": {"count": count, "details": [ENTRY]}}).unread == frozenset()


def test_times_may_have_seconds_and_status_words_any_case() -> None:
    odd = {**ENTRY, "startTime": "20:00:00", "endTime": "05:25:59.5", "scheduleStatus": "Active"}
    read = ScheduleList.parse({"cfg": {"scheduleStatus": "NOT_SUPPORTED", "details": [odd, ENTRY]}})
    assert read.entries[0] == read.entries[1]
    assert read.family_status(Family.CFG) == "not_supported"


@pytest.mark.parametrize("document", [None, {}, {"schedules": []}, {"data": {"cfg": {"count": 0}}}])
def test_a_list_of_another_shape_is_not_taken(document: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        ScheduleList.parse(document)


# --- status, site


def unit(**members: object) -> dict[str, object]:
    return {"available_energy": 2.5, "max_capacity": 5, "last_report": 1780000000, "excluded": False, **members}


def test_the_charge_is_summed_over_the_units_that_count() -> None:
    read = BatteryStatus.parse(
        {
            "current_charge": "99%",
            "available_energy": 99,
            "max_capacity": 99,
            "storages": [unit(), unit(available_energy=3.2, last_report="1780000060"), unit(excluded=True)],
        }
    )
    assert (read.soc, read.energy_kwh, read.capacity_kwh) == (57.0, 5.7, 10.0)
    assert read.last_report == datetime.fromtimestamp(1780000060, tz=timezone.utc)


@pytest.mark.parametrize("storages", [None, [], [unit(), unit(max_capacity="N/A")]])
def test_the_sum_of_the_cloud_counts_where_a_unit_does_not_say(storages: object) -> None:
    read = BatteryStatus.parse({"available_energy": 2, "max_capacity": 8, "storages": storages})
    assert (read.soc, read.energy_kwh, read.capacity_kwh) == (25.0, 2.0, 8.0)


@pytest.mark.parametrize(("charge", "soc"), [("57%", 57.0), ("57.5", 57.5), ("N/A", None), (None, None)])
def test_the_charge_in_percent_is_the_last_resort(charge: object, soc: float | None) -> None:
    read = BatteryStatus.parse({"current_charge": charge, "available_energy": "N/A", "max_capacity": 0})
    assert read == BatteryStatus(soc=soc, energy_kwh=None, capacity_kwh=0.0, last_report=None)


@pytest.mark.parametrize(
    ("energy", "capacity", "soc"),
    [(10.2, 10, 100.0), (0, 10, 0.0), (-1, 10, None), (20, 10, None), (1e308, 1e-308, None), (1e308, 1e308, None)],
)
def test_a_charge_that_cannot_be_is_none(energy: float, capacity: float, soc: float | None) -> None:
    assert BatteryStatus.parse({"available_energy": energy, "max_capacity": capacity}).soc == soc
    two = [unit(available_energy=energy, max_capacity=capacity), unit(available_energy=energy, max_capacity=capacity)]
    assert BatteryStatus.parse({"storages": two}).soc == soc


@pytest.mark.parametrize("document", [[], None, {}, {"fine": True}, {"data": {"storages": []}}])
def test_what_is_no_status_is_not_taken(document: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        BatteryStatus.parse(document)


@pytest.mark.parametrize("document", [None, {}, {"data": {}}, {"data": {"x": 1}}, {"profile": "x", "timezone": "UTC"}])
def test_what_is_no_site_is_not_taken(document: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        SiteSettings.parse(document)


def test_the_site_settings_as_documented() -> None:
    user = {"isOwner": True, "isInstaller": False}
    place = {"timezone": "Europe/London", "countryCode": "GB", "batteryGridMode": "ImportExport"}
    read = SiteSettings.parse({"data": {"userDetails": user, "hasEncharge": True, **place}})
    assert (read.timezone, read.grid_mode) == ("Europe/London", "ImportExport")
    assert (read.is_owner, read.is_installer) == (True, False)


@pytest.mark.parametrize(
    ("user", "may_write"),
    [
        ({"isOwner": False, "isInstaller": False, "isHost": True}, False),
        ({"isOwner": False, "isInstaller": True}, True),
        ({"isOwner": True, "isInstaller": False}, True),
        ({"isOwner": False}, True),
        ({"isInstaller": False}, True),
        ({"isOwner": None, "isInstaller": "no"}, True),
        ({}, True),
        (None, True),
    ],
)
def test_only_who_is_said_to_be_neither_owner_nor_installer_may_not_write(user: object, may_write: bool) -> None:
    assert SiteSettings.parse({"data": {"userDetails": user, "timezone": "UTC"}}).may_write is may_write


def test_who_the_account_is_may_not_be_said() -> None:
    read = SiteSettings.parse({"data": {"timezone": "UTC"}})
    assert (read.is_owner, read.is_installer) == (None, None)


@settings_of_hypothesis(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=DOCUMENTS)
def test_no_document_breaks_a_parser(document: object) -> None:
    for parse in (BatterySettings.parse, ScheduleList.parse, BatteryStatus.parse, SiteSettings.parse):
        try:
            read = parse(document)
        except UnexpectedAnswer:
            continue
        if isinstance(read, BatteryStatus):
            assert read.soc is None or 0 <= read.soc <= 100
    read_token(document, NOW)


# --- single members


@pytest.mark.parametrize("value", [True, "N/A", None, "nan", "inf", [], 10**400])
def test_what_is_no_number(value: object) -> None:
    assert number(value) is None
    assert whole(value) is None


@pytest.mark.parametrize("value", [0, -1, "0", "N/A", 1e300])
def test_what_is_no_instant(value: object) -> None:
    assert instant(value) is None


def test_instants_come_in_seconds_and_in_milliseconds() -> None:
    assert instant(1780000000) == instant("1780000000000") == datetime.fromtimestamp(1780000000, tz=timezone.utc)


@pytest.mark.parametrize(("value", "read"), [(314, "314"), (" 314 ", "314"), ("3/4", None), ("²", None), (-1, None)])
def test_ids_are_digits(value: object, read: str | None) -> None:
    assert digits(value) == read
    assert digits(True) is None
    assert digits("9" * 20) == digits(10**20 - 1) == "9" * 20
    assert digits("9" * 21) is digits(10**20) is digits(10**5000) is None


@pytest.mark.parametrize("value", ["24:00", "7:30", "07:60", "07:30:60", 730, None])
def test_what_is_no_clock_time(value: object) -> None:
    assert clock_time(value) is None


# --- tokens


@pytest.mark.parametrize(
    "claims",
    [{"user_id": 42}, {"userId": "42"}, {"data": {"user_id": "42"}}, {"data": {"userid": 42}}, {"sub": "42"}],
)
def test_the_user_is_read_from_the_token(claims: dict[str, object]) -> None:
    token = read_token({"token": jwt(exp=1780000000, **claims)}, NOW)
    assert token is not None
    assert token.user_id == "42"
    assert token.expires_at == datetime.fromtimestamp(1780000000, tz=timezone.utc)


@pytest.mark.parametrize("name", ["expires_at", "expiresAt", "expiration"])
def test_the_answer_tells_the_end_where_the_token_does_not(name: str) -> None:
    token = read_token({"auth_token": jwt(user_id=1), name: 1780000000}, NOW)
    assert token is not None
    assert token.expires_at == datetime.fromtimestamp(1780000000, tz=timezone.utc)


@pytest.mark.parametrize("value", ["opaque", "a.b.c", "e30.!.x", f"e30.{'W10' * 4}.x"])
def test_a_token_that_cannot_be_read_is_used_for_a_day(value: str) -> None:
    token = read_token({"access_token": value}, NOW)
    assert token is not None
    assert (token.expires_at, token.user_id) == (NOW + ASSUMED_LIFETIME, None)
    assert value not in repr(token)


@pytest.mark.parametrize("document", [None, "x", {}, {"token": None}, {"token": ""}, {"token": "a\r\nX: y"}])
def test_an_answer_without_a_token(document: object) -> None:
    assert read_token(document, NOW) is None


def test_more_entries_than_any_site_has_are_no_list() -> None:
    details = [{**ENTRY, "scheduleId": f"id-{number}"} for number in range(1001)]
    with pytest.raises(UnexpectedAnswer, match="1001 schedule entries"):
        ScheduleList.parse({"cfg": {"details": details}})
