"""Statements 77, 79 to 81 and a little of 73 to 76 of section 14: what goes wrong between client and cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, SCHEDULES, SETTINGS, Browser, document, entry
from simulator.site import ConflictError, NoEntryError

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
