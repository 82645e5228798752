"""The era 2025-07: the world of the guide that this project replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, IS_VALID, SCHEDULES, SETTINGS, Browser, document, entry

Make = Callable[..., Simulator]
BODIES: dict[str, dict[str, Any]] = {
    "cfg": {"chargeFromGrid": True, "batteryBackupPercentage": 70},
    "dtg": {"dtgControl": {"enabled": True}},
    "rbd": {"rbdControl": {"enabled": True}},
}


def signed_in(make: Make, **switches: object) -> tuple[Simulator, Browser]:
    sim = make(auth_era="2025-07", activation_delay=0, **switches)
    return sim, Browser(sim).sign_in()


@pytest.mark.parametrize("switch", ["both", "self", "jwt"])
def test_the_token_is_only_at_jwt_token_json(make: Make, switch: str) -> None:
    sim, me = signed_in(make, token_path=switch)
    assert me.send("GET", "/users/self/token").status == 404
    assert me.token.count(".") == 2
    assert sim.counters()["unknown"] == 0


def test_battery_calls_need_the_jwt_and_the_username_only(make: Make) -> None:
    _, me = signed_in(make)
    me.cookies = {}
    bare = {"origin": "", "referer": "", "x-xsrf-token": ""}
    assert me.battery("POST", IS_VALID, headers=bare, json={"scheduleType": "dtg"}).status == 200
    assert me.battery("PUT", SETTINGS, headers=bare, json=BODIES["dtg"]).status == 200
    assert me.settings()["dtgControl"]["enabled"]
    assert me.battery("GET", SETTINGS, headers={"e-auth-token": ""}).status == 401
    assert me.battery("GET", SETTINGS, headers={"username": ""}).status == 403


def test_cookies_and_xsrf_are_not_refused_and_a_dead_session_does_not_matter(make: Make) -> None:
    sim, me = signed_in(make)
    sim.expire_sessions()
    me.validate("dtg")
    assert me.put(BODIES["dtg"]).status == 200
    assert me.settings()["dtgControl"]["enabled"]


def test_the_battery_status_needs_the_jwt_only(make: Make) -> None:
    _, me = signed_in(make)
    me.cookies = {}
    status = me.send("GET", f"/pv/settings/{SITE_ID}/battery_status.json", headers={"e-auth-token": me.token})
    assert document(status)["current_charge"] == "50%"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", SCHEDULES), ("POST", SCHEDULES), ("PUT", f"{SCHEDULES}/0"), ("POST", f"{SCHEDULES}/0/delete")],
)
def test_schedules_are_not_there(make: Make, method: str, path: str) -> None:
    _, me = signed_in(make)
    assert me.battery(method, path, json=entry("CFG", "01:00", "02:00")).status == 404


def test_the_control_objects_know_nothing_of_schedules(make: Make) -> None:
    _, me = signed_in(make)
    profile = document(me.battery("GET", f"{API}/profile/{SITE_ID}"))["data"]
    for data in (me.settings(), profile):
        for control in ("cfgControl", "dtgControl", "rbdControl"):
            assert "scheduleSupported" not in data[control]


@pytest.mark.parametrize(
    ("family", "order", "soc"),
    [("cfg", "charge_from_grid", 70), ("dtg", "discharge_to_grid", 20), ("rbd", "restrict_discharge", 50)],
)
def test_the_switch_alone_is_enforced(make: Make, family: str, order: str, soc: int) -> None:
    sim, me = signed_in(make)
    me.validate(family)
    me.put(BODIES[family])
    orders = {"charge_from_grid": False, "discharge_to_grid": False, "restrict_discharge": False, order: True}
    assert sim.model()["gateway"] == {"online": True, **orders}
    sim.advance(10 * 3600)
    battery: Any = sim.model()["battery"]
    assert battery["soc"] == soc
