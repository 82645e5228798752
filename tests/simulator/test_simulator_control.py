"""The control API, the switches, the journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from simulator import PASSWORD, Request, Simulator, SwitchError, Switches
from simulator.browser import SETTINGS, Browser, entry
from simulator.switches import parse_settings

Make = Callable[..., Simulator]


def control(sim: Simulator, method: str, path: str, body: object = None) -> tuple[int, Any]:
    sent = b"" if body is None else json.dumps(body).encode()
    response = sim.handle(Request(method, f"/__control/{path}", body=sent))
    return response.status, json.loads(response.body)


def test_the_model_shows_cloud_gateway_and_battery(make: Make) -> None:
    sim = make(activation_delay=0)
    sim.act_as_app(dtgControl={"enabled": True}, create=entry("DTG", "12:00", "18:00"))
    status, model = control(sim, "GET", "model")
    assert (status, model) == (200, json.loads(json.dumps(sim.model())))
    assert model["now"] == "2026-07-15T12:00:00.000+00:00"
    assert model["switches"]["auth_era"] == "2026-07"
    assert model["cloud"]["dtgControl"]["enabled"] is True
    assert [each["scheduleType"] for each in model["cloud"]["schedules"]] == ["DTG"]
    orders = {"charge_from_grid": False, "discharge_to_grid": True, "restrict_discharge": False}
    assert model["gateway"] == {"online": True, **orders}
    assert model["battery"] == {"soc": 50.0, "energy_kwh": 5.0, "capacity_kwh": 10.0, "last_report": 1784116800}


def test_the_log_masks_the_password_and_keeps_no_header_value(make: Make) -> None:
    sim = make()
    me = Browser(sim)
    me.login()
    _, log = control(sim, "GET", "requests")
    assert log[0]["body"]["user[password]"] == "***"
    assert (log[0]["method"], log[0]["path"], log[0]["status"]) == ("POST", "/login/login.json", 200)
    me.sign_in()
    everything = json.dumps(sim.requests())
    assert PASSWORD not in everything
    assert me.token not in everything
    assert all(value not in everything for value in me.cookies.values())


def test_the_counters_tell_what_was_asked(make: Make) -> None:
    me = Browser(sim := make()).sign_in()
    me.login("wrong")
    me.sign_in()
    me.validate("dtg")
    me.put({"dtgControl": {"enabled": True}}, source="enho")
    _, counters = control(sim, "GET", "counters")
    by_path = counters.pop("by_path")
    assert counters == {
        "requests": 9,
        "logins": 2,
        "logins_refused": 1,
        "token_refreshes": 2,
        "reads": 2,
        "writes": 1,
        "validations": 1,
        "unknown": 0,
        "faults": 0,
        "throttled": 0,
        "mfa_challenges": 0,
        "otps_sent": 0,
        "otps_refused": 0,
    }
    assert by_path["PUT /service/batteryConfig/api/v1/batterySettings/<site>"] == 1
    assert by_path["POST /service/batteryConfig/api/v1/battery/sites/<site>/schedules/isValid"] == 1
    assert sim.requests()[-1]["query"] == {"source": "enho"}


def test_clearing_the_log_clears_the_counters_and_control_leaves_no_trace(make: Make) -> None:
    sim = make()
    Browser(sim).login()
    assert control(sim, "DELETE", "requests")[0] == 200
    assert control(sim, "GET", "requests") == (200, [])
    assert sim.counters()["requests"] == 0


def test_switches_are_set_by_name(make: Make) -> None:
    sim = make()
    status, switches = control(sim, "PATCH", "switches", {"auth_era": "2025-07", "read_lag": 30})
    assert (status, switches["auth_era"], switches["read_lag"]) == (200, "2025-07", 30)
    assert control(sim, "GET", "model")[1]["switches"] == switches


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"era": "2026-07"}, "auth_era, "),
        ({"auth_era": "1999"}, "2026-07 | 2026-06 | 2026-03 | 2025-10 | 2025-07"),
        ({"mfa": "yes"}, "true | false"),
        ({"read_lag": 121}, "0 to 120"),
        ({"xsrf_grace": 1.5}, "0 to 100"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"schedules_not_supported": ["xyz"]}, "cfg, dtg, rbd"),
        ({"fault_script": [{"match": "GET", "code": 500}]}, "match, status, body, delay, times, after"),
        ({"fault_script": [{"match": "GET", "status": "500"}]}, "wrong type"),
        ({"fault_script": [{"match": "GET", "after": "yes"}]}, "wrong type"),
        ({"fault_script": ["GET"]}, "not an object"),
        ({"fault_script": [{"match": "GET", "cut": 1}]}, "wrong type: cut"),
        ({"fault_script": [{"match": "GET", "headers": {"Retry-After": 5}}]}, "wrong type: headers"),
        ({"fault_script": [{"match": "GET", "endless": "often"}]}, "wrong type: endless"),
        ({"fault_script": [{"match": "GET", "huge": -1}]}, "wrong type: huge"),
        ({"fault_script": [{"match": "GET", "times": True}]}, "wrong type: times"),
        ({"fault_script": [{"match": "GET", "body": "@nothing"}]}, "@maintenance, @wall"),
        ({"fault_script": [{"match": "GET", "cut": True, "endless": True}]}, "either cut or endless"),
        ({"grid_mode": None}, "a text"),
        ({"locked": ["all"]}, "cfg, dtg, rbd"),
        ({"user_role": "guest"}, "owner | installer | none"),
        ({"rate_limit": "0/h"}, "off | N/min | N/h"),
        ({"rate_limit": 10}, "off | N/min | N/h"),
        ({"odd_members": ["profile"]}, "an object of members"),
    ],
)
def test_an_unknown_switch_or_value_is_a_400_with_the_choices(make: Make, change: dict[str, Any], told: str) -> None:
    sim = make()
    before = sim.model()
    status, answer = control(sim, "PATCH", "switches", change)
    assert status == 400
    assert told in answer["error"]
    assert sim.model() == before


def test_the_app_acts_over_the_control_api(make: Make) -> None:
    sim = make()
    assert control(sim, "POST", "app/settings", {"chargeFromGrid": True})[0] == 200
    body = entry("DTG", "17:00", "19:00", timezone=None)
    _, answer = control(sim, "POST", "app/schedules", body)
    path = f"app/schedules/{answer['scheduleId']}"
    assert control(sim, "POST", "app/schedules", body)[0] == 409
    assert control(sim, "PUT", path, entry("DTG", "18:00", "19:00"))[0] == 200
    cloud: Any = sim.model()["cloud"]
    assert (cloud["chargeFromGrid"], cloud["schedules"][0]["startTime"]) == (True, "18:00")
    assert cloud["schedules"][0]["timezone"] == "Europe/London"
    assert control(sim, "DELETE", path)[0] == 200
    assert control(sim, "DELETE", path)[0] == 404


def test_the_app_may_leave_an_entry_pending_over_the_control_api(make: Make) -> None:
    def write(method: str, path: str, applied: str) -> Any:
        body = json.dumps(entry("DTG", "17:00", "19:00")).encode()
        query = {"applied": applied} if applied else {}
        return json.loads(sim.handle(Request(method, f"/__control/app/{path}", query, body=body)).body)

    sim = make(activation_delay=0)
    statuses = []
    entry_id = write("POST", "schedules", "false")["scheduleId"]
    for applied in ("true", "false", ""):
        statuses.append(sim.world.site.state().entries[0].status)
        write("PUT", f"schedules/{entry_id}", applied)
    statuses.append(sim.world.site.state().entries[0].status)
    assert statuses == ["pending", "active", "pending", "active"]


def test_session_battery_and_clock_are_at_hand(make: Make) -> None:
    sim = make()
    me = Browser(sim).sign_in()
    assert control(sim, "POST", "battery", {"soc": 80})[0] == 200
    assert control(sim, "POST", "clock", {"advance": 3600})[0] == 200
    battery: Any = sim.model()["battery"]
    assert battery["soc"] == 75
    me.sign_in()
    assert control(sim, "POST", "session/expire")[0] == 200
    assert me.battery("GET", SETTINGS).body.startswith(b"<!DOCTYPE")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "battery", {"soc": 101}, 400),
        ("POST", "battery", {}, 400),
        ("POST", "clock", {"advance": -1}, 400),
        ("POST", "app/settings", {"veryLowSoc": 99}, 400),
        ("POST", "app/schedules", {"scheduleType": "CFG"}, 400),
        ("POST", "app/settings", [1], 400),
        ("GET", "nothing", None, 404),
        ("DELETE", "model", None, 404),
    ],
)
def test_a_wrong_control_request_is_refused(make: Make, method: str, path: str, body: object, expected: int) -> None:
    status, answer = control(make(), method, path, body)
    assert status == expected
    assert answer["error"]


def test_a_command_line_sets_every_kind_of_switch() -> None:
    texts = [
        "mfa=on",
        "read_lag=1.5",
        "region=emea",
        "timezone=UTC",
        "schedules_not_supported=cfg,rbd",
        "fault_script=[]",
        "rate_limit=600/h",
        'odd_members={"profile": null}',
    ]
    switches = parse_settings(texts)
    assert (switches.mfa, switches.read_lag, switches.region, switches.timezone) == (True, 1.5, "emea", "UTC")
    assert switches.schedules_not_supported == ("cfg", "rbd")
    assert (switches.rate_limit, switches.odd_members) == ("600/h", {"profile": None})


@pytest.mark.parametrize("text", ["nothing=1", "mfa", "mfa=maybe", "read_lag=long", "fault_script=x"])
def test_a_command_line_with_a_wrong_switch_is_refused(text: str) -> None:
    with pytest.raises(SwitchError, match="choices"):
        parse_settings([text])


def test_the_switches_of_14_9_exist() -> None:
    names = """
        auth_era region supports_mqtt token_path isvalid_required settle_needed isvalid_403 isenabled_required
        misleading_409 touching_ok xsrf_grace session_ttl jwt_ttl activation_delay pending_ttl read_lag gateway_online
        profile_split rbd_null_when_empty rbd_enable_deletes mfa blocked too_many_sessions rate_limit wall_content_type
        fault_script requested_config requested_config_controls requested_config_empty report_interval stuck_scheduler
        battery_disobeys battery_cold charge_limit_kw battery_kwh profile_first_charge reserve_min profiles_missing
        storm storm_alert storm_guard show_storm_guard
    """
    assert set(names.split()) <= {switch.name for switch in fields(Switches)}


def test_every_switch_shows_in_the_model(make: Make) -> None:
    model: Any = make().model()
    assert set(model["switches"]) == {switch.name for switch in fields(Switches)}
