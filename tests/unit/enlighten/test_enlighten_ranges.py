"""Whatever stands in a member, a header or a cookie: behind the edge it is in its range, or not known."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from enphase_battery.enlighten.cookies import parse_set_cookie
from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.fields import (
    amount,
    clock_time,
    document,
    header_date,
    identifier,
    instant,
    percent,
    status,
    weekdays,
    word,
)
from enphase_battery.enlighten.models import BatterySettings, ScheduleList
from enphase_battery.enlighten.readings import BatteryStatus, SiteSettings
from enphase_battery.enlighten.reply import Reply
from enphase_battery.enlighten.tokens import ASSUMED_LIFETIME, read_token
from enphase_battery.store.decoding import EARLIEST, LATEST
from tests.unit.enlighten.stand_in import NOW, jwt

ZONES = [pytz.timezone(name) for name in ("Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin")]
LONG_AGO = datetime.fromisoformat("1000-01-01")
LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
NEVER = "Fri, 31 Dec 9999 23:59:59 GMT"

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**18, 10**40)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        ["1e400", "-1", "nan", "150", " ", "\ud800", "x" * 1000, "9" * 5000, "٣", 253402300799, 1e300, 150]
    )
)
ODD = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


def is_tellable(moment: datetime) -> bool:
    """Whether it can be put into words anywhere, and reckoned with."""
    assert EARLIEST <= moment <= LATEST
    assert all(moment.astimezone(zone).isoformat() for zone in ZONES)
    return moment + timedelta(days=365) > moment


@given(ODD)
def test_no_value_leaves_its_range(value: object) -> None:
    assert (found := percent(value)) is None or 0 <= found <= 100
    assert (size := amount(value, 10)) is None or 0 <= size <= 10
    assert (moment := instant(value)) is None or is_tellable(moment)
    for text in (word(value), status(value)):
        assert text is None or (text.isprintable() and 0 < len(text) <= 100)
    assert weekdays(value) <= frozenset(range(1, 8))
    assert (wall := clock_time(value)) is None or not wall.second
    assert (name := identifier(value)) is None or (name.isascii() and len(name) <= 100)


@given(st.datetimes(LONG_AGO, timezones=st.just(timezone.utc)) | st.just(LAST_SECOND))
def test_no_date_of_a_header_leaves_its_range(date: datetime) -> None:
    read = header_date(format_datetime(date, usegmt=True))
    assert read is None or is_tellable(read)
    assert instant(date.timestamp()) is None or is_tellable(date)
    cookie = parse_set_cookie(f"a=b; Expires={format_datetime(date, usegmt=True)}", URL("https://host/"), NOW)
    assert cookie is not None
    assert cookie.is_over(NOW) is (date <= NOW)
    assert cookie.expires_at is None or is_tellable(cookie.expires_at)


@given(st.integers() | st.integers(-(10**4000), 10**4000))
def test_no_age_of_a_cookie_leaves_its_range(age: int) -> None:
    line = f"a=b; Max-Age={'-' if age < 0 else ''}{_digits(abs(age))}"
    cookie = parse_set_cookie(line, URL("https://host/"), NOW)
    assert cookie is not None
    assert cookie.is_over(NOW) is (age <= 0)
    assert cookie.expires_at is None or is_tellable(cookie.expires_at)


@pytest.mark.parametrize("end", [f"Expires={NEVER}", "Max-Age=99999999999", f"Max-Age={'9' * 400}"])
def test_a_cookie_that_is_to_last_for_ever_has_no_end(end: str) -> None:
    cookie = parse_set_cookie(f"a=b; {end}", URL("https://host/"), NOW)
    assert cookie is not None
    assert cookie.expires_at is None


@pytest.mark.parametrize("end", [253402300799, 253402300799000, "1e400", -1, 10**30])
def test_a_token_that_ends_when_nothing_does_is_used_for_a_day(end: object) -> None:
    token = read_token({"token": jwt(exp=end), "expires_at": end}, NOW)
    assert token is not None
    assert token.expires_at == NOW + ASSUMED_LIFETIME


@pytest.mark.parametrize("written", ["9" * 5000, "-" + "9" * 5000, "1e400", "NaN", "-Infinity", "1E+9999"])
def test_a_number_that_none_can_hold_spoils_nothing_but_itself(written: str) -> None:
    text = f'{{"odd": {written}, "whole": 7, "part": 0.5, "far": [{written}, -1e3]}}'
    assert document(text) == {"odd": None, "whole": 7, "part": 0.5, "far": [None, -1000.0]}
    assert Reply("GET /", 200, "/", text).json == document(text)
    assert isinstance(document("7"), int)


# -- one member among others ------------------------------------------------------------------------------------------

SETTINGS = {
    "chargeFromGrid": True,
    "chargeFromGridScheduleEnabled": True,
    "acceptedItcDisclaimer": "2026-04-17T10:41:56.440Z",
    "cfgControl": {"show": True, "enabled": True, "locked": True, "forceScheduleOpted": False},
    "dtgControl": {"show": True, "enabled": True, "locked": True},
    "rbdControl": {"show": True, "enabled": True, "locked": True},
    "profile": "Backup_Only",
    "batteryBackupPercentage": 25,
    "veryLowSoc": 10,
    "stormGuardState": "Active",
    "drEventActive": True,
    "batteryGridMode": "ImportExport",
    "systemTask": True,
    "supportsMqtt": True,
}
READ_AS = {
    "chargeFromGrid": "top_switches",
    "chargeFromGridScheduleEnabled": "charge_from_grid_schedule_enabled",
    "acceptedItcDisclaimer": "itc_disclaimer",
    "batteryBackupPercentage": "backup_percentage",
    "veryLowSoc": "very_low_soc",
    "stormGuardState": "storm_guard",
    "drEventActive": "dr_event_active",
    "batteryGridMode": "grid_mode",
    "systemTask": "system_task",
    "supportsMqtt": "supports_mqtt",
    **dict.fromkeys(("cfgControl", "dtgControl", "rbdControl"), "controls"),
}


@given(st.sampled_from(list(SETTINGS)), ODD)
def test_an_odd_member_of_the_settings_changes_what_is_read_of_no_other(member: str, value: object) -> None:
    good = BatterySettings.parse({"data": SETTINGS})
    read = BatterySettings.parse({"data": {**SETTINGS, member: value}})
    changed = {one.name for one in fields(read) if one.compare and getattr(read, one.name) != getattr(good, one.name)}
    assert changed <= {READ_AS.get(member, member)}
    assert (read.profile, read.storm_guard) == ("backup_only", "active") or member in ("profile", "stormGuardState")
    if member.endswith("Control"):
        assert sum(read.controls.get(family) != good.controls[family] for family in Family) <= 1


@pytest.mark.parametrize("reserve", [150, -1, "150", "1e400", 101, float("nan"), True, 10**40])
def test_a_percentage_that_is_none_is_not_known(reserve: object) -> None:
    read = BatterySettings.parse({"data": {**SETTINGS, "batteryBackupPercentage": reserve, "veryLowSoc": reserve}})
    assert (read.backup_percentage, read.very_low_soc) == (None, None)


@pytest.mark.parametrize("value", ["N/A", 1, [], {}])
def test_a_second_flag_that_says_neither_on_nor_off_is_not_taken_for_off(value: object) -> None:
    odd = {**SETTINGS, "chargeFromGridScheduleEnabled": value, "cfgControl": {}}
    assert BatterySettings.parse({"data": odd}).charge_from_grid_schedule_enabled is None
    assert (
        BatterySettings.parse(
            {"data": {**odd, "chargeFromGridScheduleEnabled": None}}
        ).charge_from_grid_schedule_enabled
        is False
    )


def entry(name: str) -> dict[str, Any]:
    return {
        "scheduleId": name,
        "startTime": "06:00",
        "endTime": "07:00",
        "days": [1, 2],
        "limit": 50,
        "scheduleStatus": "active",
        "timezone": "Europe/London",
        "createdAt": "1780000000000",
        "isDeleted": False,
    }


LISTED: dict[str, Any] = {
    family: {"scheduleStatus": "active", "count": 2, "details": [entry(f"{family}-1"), entry(f"{family}-2")]}
    for family in ("cfg", "dtg", "rbd")
}


@given(st.sampled_from(list(entry(""))), ODD)
def test_an_odd_member_of_an_entry_changes_what_is_read_of_no_other_and_hides_it_not(
    member: str, value: object
) -> None:
    odd = copy.deepcopy(LISTED)
    odd["cfg"]["details"][0][member] = value
    good, read = ScheduleList.parse(LISTED), ScheduleList.parse(odd)

    if read.unread or (member == "isDeleted" and len(read.entries) == 5):
        assert read.unread <= {Family.CFG}
        assert [one for one in read.entries if one.terms.family is not Family.CFG] == list(good.entries[2:])
    else:
        assert read.entries[1:] == good.entries[1:]
        assert read.entries[0].terms.family is Family.CFG


@given(ODD, st.sampled_from(["cfg", "details", "count"]))
def test_an_odd_family_is_never_taken_for_an_empty_one(value: object, place: str) -> None:
    odd = copy.deepcopy(LISTED)
    (odd if place == "cfg" else odd["cfg"])[place] = value
    read = ScheduleList.parse(odd)
    there = [one for one in read.entries if one.terms.family is Family.CFG]
    assert [one for one in read.entries if one not in there] == list(ScheduleList.parse(LISTED).entries[2:])
    is_told_empty = (
        value is None or (place == "cfg" and isinstance(value, dict)) or (place == "details" and value == [])
    )
    assert there or Family.CFG in read.unread or is_told_empty


@pytest.mark.parametrize(
    ("storages", "soc"),
    [
        ([{"current_charge": "40%"}], 40.0),
        ([{"current_charge": "40%"}, {"current_charge": 60}], 50.0),
        ([{"current_charge": "40%", "max_capacity": 5}, {"current_charge": "80%", "max_capacity": 15}], 70.0),
        ([{"current_charge": "40%"}, {"current_charge": "N/A"}], None),
        ([{"current_charge": "40%"}, {"current_charge": "99%", "excluded": "true"}], 40.0),
        ([{"current_charge": "40%"}, {"current_charge": "60%", "excluded": "no"}], 50.0),
        ([{"current_charge": "4000%"}], None),
        ([{"current_charge": "40%", "available_energy": -1, "max_capacity": 0}], 40.0),
    ],
)
def test_storages_that_say_nothing_but_a_charge_still_say_it(storages: list[dict[str, Any]], soc: float | None) -> None:
    assert BatteryStatus.parse({"storages": storages}).soc == soc


@given(st.sampled_from(["timezone", "batteryGridMode"]), ODD)
def test_an_odd_word_of_the_site_is_not_known(member: str, value: object) -> None:
    read = SiteSettings.parse({"data": {"hasEncharge": True, member: value}})
    for found in (read.timezone, read.grid_mode):
        assert found is None or (found.isprintable() and len(found) <= 100)
        assert json.dumps(found).encode("ascii")


def _digits(number: int) -> str:
    """The digits of a number that may have thousands of them."""
    return (
        "".join(str(number // 10**place % 10**1000).zfill(1000) for place in range(5000, -1, -1000)).lstrip("0") or "0"
    )
