"""Statements 31 to 40 of section 14: what the cloud answers when it is asked."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from simulator import SITE_ID, USER_ID, Simulator
from simulator.browser import API, SCHEDULES, SETTINGS, Browser, document, entry

Make = Callable[..., Simulator]
STATUS = f"/pv/settings/{SITE_ID}/battery_status.json"


@pytest.mark.parametrize("query", [{}, {"source": "enlm"}, {"source": "enho"}, {"userId": str(USER_ID)}])
def test_31_settings_answer_alike_whatever_the_query(make: Make, query: dict[str, str]) -> None:
    me = Browser(make()).sign_in()
    answer = document(me.battery("GET", SETTINGS, query=query))
    assert set(answer) == {"type", "timestamp", "data"}
    assert answer["type"] == "battery-details"
    assert answer["data"] == me.settings()


def test_the_settings_have_the_documented_members(make: Make) -> None:
    """32."""
    data = Browser(make()).sign_in().settings()
    assert (data["requestedConfig"], data["pollingInterval"], data["systemTask"]) == ({}, 60, False)
    assert (data["batteryBackupPercentage"], data["batteryBackupPercentageMin"]) == (20, 10)
    assert (data["veryLowSoc"], data["veryLowSocMin"], data["veryLowSocMax"]) == (10, 5, 25)
    assert (data["chargeFromGrid"], data["chargeFromGridScheduleEnabled"]) == (False, False)
    for control in ("cfgControl", "dtgControl", "rbdControl"):
        assert {"show", "showDaySchedule", "enabled", "locked", "scheduleSupported"} <= set(data[control])
    assert {"startTime", "endTime"} <= set(data["dtgControl"])
    assert "forceScheduleOpted" in data["cfgControl"]
    assert "forceScheduleOpted" not in data["dtgControl"]


def test_the_rbd_control_is_null_until_an_entry_was_saved(make: Make) -> None:
    """32."""
    me = Browser(make(rbd_null_when_empty=True)).sign_in()
    me.put({"rbdControl": {"enabled": True}})
    assert me.settings()["rbdControl"] is None
    me.create("RBD", "01:00", "02:00")
    assert me.settings()["rbdControl"]["enabled"] is True


def test_the_schedule_list_has_no_wrapper(make: Make) -> None:
    """33."""
    family = {"scheduleStatus": "active", "count": 0, "details": []}
    assert Browser(make()).sign_in().schedules() == {
        "type": "BATTERY_SCHEDULES_CONFIG",
        "cfg": family,
        "dtg": family,
        "rbd": family,
        "anySchedulePending": False,
    }


@pytest.mark.parametrize(("switch", "family"), [("omit", {"count": 0}), ("null", {"count": 0, "details": None})])
def test_33_an_empty_family_may_omit_its_details_or_say_null(
    make: Make, switch: str, family: dict[str, object]
) -> None:
    me = Browser(make(empty_details=switch, schedule_status_missing=True)).sign_in()
    assert me.schedules()["dtg"] == family


def test_a_family_without_schedules_says_not_supported_and_takes_none(make: Make) -> None:
    """33."""
    me = Browser(make(schedules_not_supported=["dtg"])).sign_in()
    assert me.schedules()["dtg"]["scheduleStatus"] == "not_supported"
    with pytest.raises(AssertionError, match="400"):
        me.create("DTG", "01:00", "02:00")


def test_entries_are_ordered_by_their_last_write(make: Make) -> None:
    """34."""
    me = Browser(make()).sign_in()
    first, second = me.create("CFG", "01:00", "02:00"), me.create("CFG", "03:00", "04:00")
    assert [each["scheduleId"] for each in me.schedules()["cfg"]["details"]] == [first, second]
    body = me.schedules()["cfg"]["details"][0]
    me.battery("PUT", f"{API}/battery/sites/{SITE_ID}/schedules/{first}", json=body)
    assert [each["scheduleId"] for each in me.schedules()["cfg"]["details"]] == [second, first]


def test_ids_are_uuids_and_times_are_strings_of_milliseconds(make: Make) -> None:
    """35."""
    me = Browser(make()).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    found = me.schedules()["cfg"]["details"][0]
    assert UUID(entry_id).version == 4
    assert found["createdAt"] == found["updatedAt"] == "1784116800000"
    assert (found["createdBy"], found["updatedBy"]) == (str(USER_ID), str(USER_ID))


def test_the_battery_status_speaks_in_percent_strings_kwh_and_epoch_seconds(make: Make) -> None:
    """36."""
    status = document(Browser(make()).sign_in().send("GET", STATUS))
    assert (status["current_charge"], status["available_energy"], status["max_capacity"]) == ("50%", 5.0, 10.0)
    assert status["storages"][0]["last_report"] == 1784116800


@pytest.mark.parametrize(("switch", "shown"), [("na", "N/A"), ("null", None)])
def test_36_86_the_battery_status_may_know_no_numbers(make: Make, switch: str, shown: object) -> None:
    status = document(Browser(make(status_numbers=switch)).sign_in().send("GET", STATUS))
    storage = status.pop("storages")[0]
    assert status["current_charge"] == status["max_capacity"] == status["included_count"] == shown
    assert {storage[name] for name in ("current_charge", "available_energy", "last_report", "battery_soh")} == {shown}
    assert (storage["id"], storage["excluded"], storage["status"]) == (100000001, False, "normal")
    assert not any(isinstance(value, float) for value in (*status.values(), *storage.values()))


def test_86_any_member_of_a_read_may_say_something_unheard_of_or_be_missing(make: Make) -> None:
    odd = {"scheduleStatus": "dreaming", "profile": "lunar", "veryLowSoc": "N/A", "details": "@missing", "id": "x"}
    more = {"userId": "@missing", "isOwner": "perhaps", "led_status": None}
    me = Browser(sim := make(odd_members={**odd, **more})).sign_in()
    me.battery("POST", SCHEDULES, json=entry("DTG", "01:00", "02:00"))
    assert me.schedules()["dtg"] == {"scheduleStatus": "dreaming", "count": 1}
    assert (me.settings()["profile"], me.settings()["veryLowSoc"]) == ("lunar", "N/A")
    assert document(me.battery("GET", f"{API}/profile/{SITE_ID}"))["data"]["profile"] == "lunar"
    site = document(me.battery("GET", f"{API}/siteSettings/{SITE_ID}"))["data"]
    assert (site["userDetails"]["isOwner"], site["timezone"]) == ("perhaps", "Europe/London")
    assert document(me.send("GET", STATUS))["storages"][0]["led_status"] is None
    assert "userId" not in document(me.send("GET", f"/app-api/{SITE_ID}/data.json"))["app"]
    assert document(me.send("GET", "/app-api/search_sites.json"))["sites"][0]["id"] == "x"
    sim.set(odd_members={})
    assert me.schedules()["dtg"]["details"][0]["scheduleStatus"] == "pending"


def test_the_backend_may_say_that_it_is_busy(make: Make) -> None:
    """Section 6.3. A write works all the same."""
    me = Browser(make(system_task=True)).sign_in()
    assert me.settings()["systemTask"] is True
    assert document(me.battery("GET", f"{API}/profile/{SITE_ID}"))["data"]["systemTask"] is True
    me.put({"veryLowSoc": 15})
    assert me.settings()["veryLowSoc"] == 15


def test_the_last_report_stops_while_the_gateway_is_away(make: Make) -> None:
    """36, 79."""
    me = Browser(sim := make(house_kw=2.0, session_ttl=7200)).sign_in()
    sim.set(gateway_online=False)
    sim.advance(3600)
    away = document(me.send("GET", STATUS))
    assert (away["storages"][0]["last_report"], away["available_energy"]) == (1784116800, 5.0)
    sim.set(gateway_online=True)
    back = document(me.send("GET", STATUS))
    assert (back["storages"][0]["last_report"], back["available_energy"]) == (1784116800 + 3600, 3.0)


@pytest.mark.parametrize(("family", "led"), [("CFG", 12), ("DTG", 13)])
def test_36_the_led_tells_charging_from_discharging(make: Make, family: str, led: int) -> None:
    me = Browser(make(activation_delay=0, house_kw=0.0)).sign_in()
    me.create(family, "12:00", "18:00", limit=90 if family == "CFG" else 30)
    assert document(me.send("GET", STATUS))["storages"][0]["led_status"] == 17
    me.put({"chargeFromGrid": True} if family == "CFG" else {"dtgControl": {"enabled": True}})
    assert document(me.send("GET", STATUS))["storages"][0]["led_status"] == led


def test_the_battery_status_needs_a_session(make: Make) -> None:
    """20, 36. A JWT is not enough."""
    me = Browser(make()).sign_in()
    me.cookies = {}
    assert me.send("GET", STATUS, headers={"e-auth-token": me.token}).body.startswith(b"<!DOCTYPE html>")
    assert Browser(make()).send("GET", STATUS).body.startswith(b"<!DOCTYPE html>")
    other = STATUS.replace(str(SITE_ID), "1")
    assert Browser(make()).sign_in().send("GET", other).status == 403


def test_the_site_list_names_the_site(make: Make) -> None:
    """40."""
    answer = document(Browser(make()).sign_in().send("GET", "/app-api/search_sites.json"))
    assert answer == {
        "sites": [{"id": SITE_ID, "path": f"/web/{SITE_ID}?v=3.4.0", "title": "Home", "favourite": False}]
    }


@pytest.mark.parametrize(
    ("switches", "ids"),
    [
        ({"site_listed_twice": True}, [SITE_ID, SITE_ID]),
        ({"sites": 3}, [SITE_ID, SITE_ID + 1, SITE_ID + 2]),
        ({"sites": 0}, []),
    ],
)
def test_40_85_the_site_list_may_be_double_long_or_empty(
    make: Make, switches: dict[str, object], ids: list[int]
) -> None:
    answer = document(Browser(make(**switches)).sign_in().send("GET", "/app-api/search_sites.json"))
    assert [site["id"] for site in answer["sites"]] == ids


def test_the_sites_page_needs_a_session(make: Make) -> None:
    """Section 3.1."""
    answer = Browser(make()).send("GET", f"/web/{SITE_ID}")
    assert (answer.status, dict(answer.headers)["Location"]) == (302, "/login")


def test_without_sites_nothing_else_gives_the_id_away(make: Make) -> None:
    """85."""
    me = Browser(make(sites=0))
    assert document(me.login())["system_id"] == ""
    assert me.send("GET", "/").status == 200


def test_the_bootstrap_knows_the_user_and_the_zone(make: Make) -> None:
    """Section 3.2."""
    me = Browser(make(timezone="Australia/Lord_Howe")).sign_in()
    app = document(me.send("GET", f"/app-api/{SITE_ID}/data.json"))["app"]
    assert (app["userId"], app["timezone"]) == (USER_ID, "Australia/Lord_Howe")
    assert me.send("GET", "/app-api/1/data.json").status == 403


def test_the_site_settings_know_the_zone_and_the_permission(make: Make) -> None:
    """Section 6.1."""
    data = document(Browser(make(region="emea")).sign_in().battery("GET", f"{API}/siteSettings/{SITE_ID}"))["data"]
    assert (data["timezone"], data["isEmea"], data["userDetails"]["isOwner"]) == ("Europe/London", True, True)


def test_the_profile_carries_the_controls_too(make: Make) -> None:
    """Section 6.2."""
    me = Browser(make()).sign_in()
    answer = document(me.battery("GET", f"{API}/profile/{SITE_ID}"))
    assert (answer["type"], answer["data"]["profile"]) == ("profile-details", "self-consumption")
    assert answer["data"]["dtgControl"] == me.settings()["dtgControl"]


def test_an_unknown_path_is_404_and_counted(make: Make) -> None:
    me = Browser(sim := make())
    assert me.send("GET", "/app-api/nothing.json").status == 404
    assert sim.counters()["unknown"] == 1
    assert sim.requests()[-1]["path"] == "/app-api/nothing.json"
