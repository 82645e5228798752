"""Statements 74 and 76 to 81 of section 14: what goes wrong between client and cloud."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from simulator import LOST, SITE_ID, Simulator
from simulator.browser import API, SCHEDULES, SETTINGS, Browser, document, entry
from simulator.site.entries import ConflictError, NoEntryError

Make = Callable[..., Simulator]
ON = {"dtgControl": {"enabled": True}}


@pytest.mark.parametrize("path", [SETTINGS, f"{API}/profile/{SITE_ID}"])
def test_77_reads_show_the_old_value_for_a_while_though_the_write_succeeded(make: Make, path: str) -> None:
    def shown() -> bool:
        return bool(document(me.battery("GET", path))["data"]["dtgControl"]["enabled"])

    me = Browser(sim := make(read_lag=60)).sign_in()
    assert me.put(ON).status == 200
    sim.advance(59)
    assert not shown()
    sim.advance(1)
    assert shown()


def test_the_schedule_list_lags_too(make: Make) -> None:
    """77."""
    me = Browser(sim := make(read_lag=30)).sign_in()
    me.battery("POST", SCHEDULES, json=entry("CFG", "01:00", "02:00"))
    assert me.schedules()["cfg"]["count"] == 0
    sim.advance(30)
    assert me.schedules()["cfg"]["count"] == 1


def test_each_of_several_writes_is_shown_in_its_turn(make: Make) -> None:
    """77."""
    me = Browser(sim := make(read_lag=60)).sign_in()
    me.put({"veryLowSoc": 11})
    sim.advance(30)
    me.put({"veryLowSoc": 12})
    seen = []
    for _ in range(4):
        seen.append(me.settings()["veryLowSoc"])
        sim.advance(30)
    assert seen == [10, 11, 12, 12]


def test_the_app_changes_settings_without_a_login(make: Make) -> None:
    """80."""
    sim = make(isvalid_required=True)
    sim.act_as_app({"chargeFromGrid": True}, veryLowSoc=15)
    settings = Browser(sim).sign_in().settings()
    assert (settings["chargeFromGrid"], settings["veryLowSoc"]) == (True, 15)


def test_the_app_creates_rewrites_and_deletes_entries_that_are_applied_at_once(make: Make) -> None:
    """80."""
    me = Browser(sim := make(activation_delay=0)).sign_in()
    entry_id = sim.act_as_app(create=entry("DTG", "17:00", "19:00"))
    assert entry_id is not None
    found = me.schedules()["dtg"]["details"][0]
    assert (found["scheduleId"], found["scheduleStatus"]) == (entry_id, "active")
    assert me.settings()["dtgControl"]["enabled"] is False
    sim.act_as_app(update=(entry_id, entry("DTG", "18:00", "19:00")))
    found = me.schedules()["dtg"]["details"][0]
    assert (found["startTime"], found["scheduleStatus"]) == ("18:00", "active")
    sim.act_as_app(delete=entry_id)
    assert me.schedules()["dtg"]["count"] == 0


def test_the_app_obeys_the_rules_of_the_cloud(make: Make) -> None:
    """63, 80."""
    sim = make()
    sim.act_as_app(create=entry("DTG", "17:00", "19:00"))
    with pytest.raises(ConflictError):
        sim.act_as_app(create=entry("CFG", "18:00", "20:00"))
    with pytest.raises(NoEntryError):
        sim.act_as_app(delete="0")


def test_a_session_that_dies_between_entry_and_apply_leaves_a_pending_entry(make: Make) -> None:
    """81."""
    me = Browser(sim := make()).sign_in()
    me.create("DTG", "01:00", "02:00")
    sim.expire_sessions()
    assert me.put(ON).status == 401
    assert Browser(sim).sign_in().schedules()["dtg"]["scheduleStatus"] == "pending"


def script(**step: Any) -> dict[str, Any]:
    return {"fault_script": [{"match": "GET /service", **step}]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [("<html>down</html>", "text/html"), ("busy", "text/plain"), ({"error": "x"}, "application/json")],
)
def test_73_74_a_scripted_fault_answers_in_the_clouds_place(make: Make, body: object, kind: str) -> None:
    me = Browser(sim := make()).sign_in()
    sim.set(**script(status=503, body=body, times=2))
    answers = [me.battery("GET", SETTINGS) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].content_type.startswith(kind)


def test_a_scripted_fault_changes_nothing_and_spares_other_paths(make: Make) -> None:
    """74."""
    me = Browser(make(fault_script=[{"match": "PUT", "status": 500}])).sign_in()
    assert me.put(ON).status == 500
    assert not me.settings()["dtgControl"]["enabled"]
    assert me.put(ON).status == 200


def test_a_fault_without_a_status_is_only_slow(make: Make) -> None:
    """76."""
    me = Browser(make(**script(delay=5.0))).sign_in()  # its read takes the one delay of the script
    sim = make(**script(delay=5.0))
    answer = Browser(sim).battery("GET", SETTINGS)
    assert (answer.status, answer.delay) == (401, 5.0)
    assert me.battery("GET", SETTINGS).delay == 0


def test_a_login_that_is_refused_once_can_go_on_with_the_form(make: Make) -> None:
    """88."""
    me = Browser(make(fault_script=[{"match": "POST /login/login.json", "status": 406}]))
    assert me.login().status == 406
    assert me.send("GET", "/login").status == 200


@pytest.mark.parametrize("status", [0, 503, 504])
def test_a_lost_answer_leaves_what_was_asked_carried_out(make: Make, status: int) -> None:
    """74, 76: the client cannot know."""
    me = Browser(make(fault_script=[{"match": "POST /service", "status": status, "after": True}])).sign_in()
    assert me.battery("POST", SCHEDULES, json=entry("DTG", "01:00", "02:00")).status == status
    assert me.schedules()["dtg"]["count"] == 1
    assert me.battery("POST", SCHEDULES, json=entry("CFG", "03:00", "04:00")).status == 200


def test_a_connection_that_breaks_first_leaves_nothing_carried_out(make: Make) -> None:
    """76."""
    me = Browser(make(fault_script=[{"match": "POST /service", "status": LOST}])).sign_in()
    assert me.battery("POST", SCHEDULES, json=entry("DTG", "01:00", "02:00")).status == LOST
    assert me.schedules()["dtg"]["count"] == 0


def test_a_lost_answer_may_be_late_too(make: Make) -> None:
    """76."""
    me = Browser(make(fault_script=[{"match": "PUT", "status": 504, "after": True, "delay": 30}])).sign_in()
    answer = me.put(ON)
    assert (answer.status, answer.delay) == (504, 30)
    assert me.settings()["dtgControl"]["enabled"]


def test_a_flapping_read_goes_back_to_the_old_once_and_each_document_on_its_own(make: Make) -> None:
    """78."""
    me = Browser(make(flapping=True, activation_delay=0)).sign_in()
    me.schedules()
    me.create("DTG", "01:00", "02:00")  # reads the list once, which shows the new entry
    me.put(ON)
    assert [me.settings()["dtgControl"]["enabled"] for _ in range(4)] == [True, False, True, True]
    assert [each["dtg"]["scheduleStatus"] for each in (me.schedules() for _ in range(4))] == [
        "active",
        "pending",
        "active",
        "active",
    ]


def test_flapping_begins_when_the_lag_is_over(make: Make) -> None:
    """77, 78."""
    me = Browser(sim := make(flapping=True, read_lag=60)).sign_in()
    me.put(ON)
    sim.advance(59)
    assert [me.settings()["dtgControl"]["enabled"] for _ in range(2)] == [False, False]
    sim.advance(1)
    assert [me.settings()["dtgControl"]["enabled"] for _ in range(3)] == [True, False, True]


def test_flapping_is_over_two_minutes_after_the_write(make: Make) -> None:
    """78."""
    me = Browser(sim := make(flapping=True)).sign_in()
    me.put(ON)
    assert me.settings()["dtgControl"]["enabled"]
    sim.advance(120)
    assert me.settings()["dtgControl"]["enabled"]


@pytest.mark.parametrize("skew", [-300, 300])
def test_a_wrong_clock_of_the_cloud_shows_in_all_its_timestamps(make: Make, skew: int) -> None:
    me = Browser(sim := make(clock_skew=skew)).sign_in()
    told = sim.world.clock.now() + timedelta(seconds=skew)
    me.put({"chargeFromGrid": True, "acceptedItcDisclaimer": True})
    me.create("DTG", "12:00", "18:00")
    found = me.schedules()["dtg"]["details"][0]
    assert found["createdAt"] == found["updatedAt"] == str(round(told.timestamp() * 1000))
    answer = me.battery("GET", SETTINGS)
    assert parsedate_to_datetime(dict(answer.headers)["Date"]) == told
    assert datetime.fromisoformat(document(answer)["timestamp"]) == told
    assert datetime.fromisoformat(document(answer)["data"]["acceptedItcDisclaimer"]) == told
    refusal = me.battery("PUT", SETTINGS, headers={"x-xsrf-token": ""}, json=ON)
    assert datetime.fromisoformat(document(refusal)["timestamp"]) == told
    expires_at = document(me.send("GET", "/users/self/token"))["expires_at"]
    assert expires_at == told.timestamp() + sim.world.switches.jwt_ttl


@pytest.mark.parametrize("skew", [-3000, 3000])
def test_a_wrong_clock_of_the_cloud_changes_no_duration_and_nothing_at_the_gateway(make: Make, skew: int) -> None:
    me = Browser(sim := make(clock_skew=skew, auth_era="2026-06")).sign_in()
    me.put(ON)
    me.create("DTG", "13:10", "13:20")
    sim.advance(899)
    assert me.schedules()["dtg"]["count"] == 1
    me.put(ON)
    sim.advance(10)  # 13:15:09 in London
    assert sim.world.site.enforced().discharge_to == 90
    sim.advance(300)
    assert sim.world.site.enforced().discharge_to is None


def test_an_entry_keeps_the_stamp_that_it_was_given_by_a_wrong_clock(make: Make) -> None:
    me = Browser(sim := make(clock_skew=300)).sign_in()
    me.create("DTG", "12:00", "18:00")
    before = me.schedules()["dtg"]["details"][0]["createdAt"]
    sim.set(clock_skew=0)
    assert me.schedules()["dtg"]["details"][0]["createdAt"] == before


def test_the_app_may_leave_an_entry_pending(make: Make) -> None:
    """80."""
    me = Browser(sim := make(activation_delay=0)).sign_in()
    entry_id = sim.act_as_app(ON, create=entry("DTG", "12:00", "18:00"), applied=False)
    assert me.schedules()["dtg"]["details"][0]["scheduleStatus"] == "pending"
    assert not sim.world.site.enforced().discharge_to
    sim.act_as_app(ON)
    assert me.schedules()["dtg"]["details"][0]["scheduleStatus"] == "active"
    assert entry_id is not None
    sim.act_as_app(update=(entry_id, entry("DTG", "12:00", "19:00")), applied=False)
    assert me.schedules()["dtg"]["details"][0]["scheduleStatus"] == "pending"
    sim.advance(900)
    assert me.schedules()["dtg"]["count"] == 0
