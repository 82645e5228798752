"""Statements 36, 37 and 97: the battery and what it reports (7.1), and a battery that does not do what it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, Browser, document, entry

Make = Callable[..., Simulator]
STATUS = f"/pv/settings/{SITE_ID}/battery_status.json"
CHARGING, DISCHARGING, IDLE = 12, 13, 17
ON: dict[str, dict[str, Any]] = {
    "CFG": {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True},
    "DTG": {"dtgControl": {"enabled": True}},
    "RBD": {"rbdControl": {"enabled": True}},
}


def running(make: Make, family: str, **switches: Any) -> tuple[Simulator, Browser]:
    """Have a window of a family in force from 12:00 to 23:59, London, down to 20 or up to 95; now is 13:00."""
    sim = make(**{"activation_delay": 0, "session_ttl": 864_000, "report_interval": 60, **switches})
    limit = 20 if family == "DTG" else 95
    sim.act_as_app(ON[family], create=entry(family, "12:00", "23:59", limit=limit))
    return sim, Browser(sim).sign_in()


def status(me: Browser) -> dict[str, Any]:
    return document(me.send("GET", STATUS))


def led(me: Browser) -> int:
    return int(status(me)["storages"][0]["led_status"])


def soc(sim: Simulator) -> float:
    return sim.world.site.battery().soc


# -- what it reports


def test_36_the_capacity_can_be_set_and_the_status_speaks_of_it(make: Make) -> None:
    sim, me = running(make, "CFG", battery_kwh=40.0, report_interval=900)
    sim.advance(1800)
    now = status(me)
    assert now["max_capacity"] == now["storages"][0]["max_capacity"] == 40.0
    assert now["available_energy"] == now["storages"][0]["available_energy"] == pytest.approx(20 + 1.92)
    assert now["current_charge"] == "55%"
    battery: Any = sim.model()["battery"]
    assert (battery["capacity_kwh"], battery["energy_kwh"]) == (40.0, pytest.approx(21.92))


def test_another_capacity_keeps_the_state_of_charge(make: Make) -> None:
    """36."""
    sim = make(house_kw=0.0)
    sim.set(battery_kwh=40.0)
    me = Browser(sim).sign_in()
    assert (status(me)["current_charge"], status(me)["available_energy"]) == ("50%", 20.0)
    sim.set(solar_kw=2.0)
    sim.advance(3600)
    assert soc(sim) == 55


def test_36_the_status_is_that_of_the_last_report(make: Make) -> None:
    sim, me = running(make, "CFG", report_interval=900)
    sim.advance(899)
    assert (status(me)["storages"][0]["last_report"], status(me)["available_energy"]) == (1784116800, 5.0)
    sim.advance(1)
    assert status(me)["storages"][0]["last_report"] == 1784116800 + 900
    assert status(me)["available_energy"] == pytest.approx(5.96)
    sim.advance(900 + 450)
    assert status(me)["storages"][0]["last_report"] == 1784116800 + 1800
    assert status(me)["available_energy"] == pytest.approx(6.92)


def test_what_the_operator_sets_is_reported_at_once(make: Make) -> None:
    sim, me = running(make, "CFG", report_interval=900)
    sim.advance(60)
    sim.set_soc(80)
    assert (status(me)["current_charge"], status(me)["storages"][0]["last_report"]) == ("80%", 1784116800)


@pytest.mark.parametrize(
    ("family", "at", "shown"),
    [("CFG", 50, CHARGING), ("CFG", 95, IDLE), ("DTG", 50, DISCHARGING), ("DTG", 20, IDLE), ("RBD", 50, IDLE)],
)
def test_36_the_led_tells_what_the_battery_does(make: Make, family: str, at: float, shown: int) -> None:
    sim, me = running(make, family)
    sim.set_soc(at)
    assert led(me) == shown


@pytest.mark.parametrize(("solar_kw", "shown"), [(0.0, DISCHARGING), (0.5, IDLE), (2.0, CHARGING)])
def test_36_the_led_tells_of_the_house_and_the_sun_too(make: Make, solar_kw: float, shown: int) -> None:
    assert led(Browser(make(solar_kw=solar_kw, house_kw=0.5)).sign_in()) == shown


def test_79_the_led_stays_as_it_was_while_the_gateway_is_away(make: Make) -> None:
    sim, me = running(make, "CFG")
    assert led(me) == CHARGING
    sim.set(gateway_online=False)
    sim.advance(6 * 3600)
    assert (led(me), soc(sim)) == (CHARGING, 95)
    sim.set(gateway_online=True)
    assert led(me) == IDLE


# -- told, and does not


@pytest.mark.parametrize(("family", "at"), [("CFG", 50), ("DTG", 50), ("RBD", 50)])
def test_97_a_stuck_scheduler_moves_nothing_and_shows_everything(make: Make, family: str, at: float) -> None:
    sim, me = running(make, family)
    sim.set(stuck_scheduler=True)
    sim.advance(3 * 3600)
    assert (soc(sim), led(me)) == (at, IDLE)
    assert len(sim.enforcement()[family.lower()]) == 1
    assert me.schedules()[family.lower()]["details"][0]["scheduleStatus"] == "active"


def test_97_another_profile_frees_it_and_the_same_one_does_not(make: Make) -> None:
    sim, me = running(make, "CFG", stuck_scheduler=True)
    path = f"{API}/profile/{SITE_ID}"
    me.battery("PUT", path, json={"profile": "self-consumption", "batteryBackupPercentage": 30})
    me.put({"chargeFromGrid": True})
    sim.advance(3600)
    assert soc(sim) == 50
    me.battery("PUT", path, json={"profile": "cost_savings"})
    sim.advance(10)
    assert soc(sim) == 50
    sim.advance(3600)
    assert soc(sim) == pytest.approx(50 + 38.4)
    sim.set(stuck_scheduler=True)  # it can get stuck again
    sim.advance(3600)
    assert soc(sim) == pytest.approx(50 + 38.4)
    sim.set(stuck_scheduler=False)
    sim.advance(3600)
    assert soc(sim) == 95


def test_97_it_sticks_in_full_backup(make: Make) -> None:
    sim, me = running(make, "CFG", profile="backup_only", stuck_scheduler=True)
    sim.advance(3600)
    assert (soc(sim), led(me)) == (50, IDLE)


@pytest.mark.parametrize(
    ("limit_kw", "solar_kw", "rise"), [(50.0, 0.0, 38.4), (0.4, 0.0, 4.0), (0.0, 0.0, 0.0), (0.4, 1.5, 14.0)]
)
def test_what_the_house_leaves_for_charging_can_be_little(
    make: Make, limit_kw: float, solar_kw: float, rise: float
) -> None:
    """37. The sun's surplus comes on top."""
    sim, me = running(make, "CFG", charge_limit_kw=limit_kw, solar_kw=solar_kw)
    assert led(me) == (CHARGING if rise else IDLE)
    sim.advance(3600)
    assert soc(sim) == pytest.approx(50 + rise)


@pytest.mark.parametrize(("family", "moves"), [("CFG", False), ("DTG", True)])
def test_a_cold_battery_does_not_charge_until_it_is_warm(make: Make, family: str, *, moves: bool) -> None:
    """37."""
    sim, me = running(make, family, battery_cold=True)
    assert (led(me) != IDLE) is moves
    sim.advance(600)
    assert (soc(sim) != 50) is moves
    before = soc(sim)
    sim.set(battery_cold=False)
    sim.advance(600)
    assert soc(sim) != before


def test_the_sun_does_not_charge_a_cold_battery(make: Make) -> None:
    """37."""
    sim = make(battery_cold=True, solar_kw=3.0)
    sim.advance(3600)
    assert soc(sim) == 50


@pytest.mark.parametrize("family", ["CFG", "DTG", "RBD"])
def test_what_the_battery_disobeys_it_goes_on_without(make: Make, family: str) -> None:
    """97, the other way: allowed, shown, and the battery feeds the house as ever."""
    sim, me = running(make, family, battery_disobeys=[family.lower()], house_kw=1.0)
    assert led(me) == DISCHARGING
    sim.advance(3600)
    assert soc(sim) == 40
    assert len(sim.enforcement()[family.lower()]) == 1


def test_97_a_battery_that_disobeys_does_not_charge_to_the_reserve_either(make: Make) -> None:
    sim = make(auth_era="2025-07", battery_disobeys=["cfg"], house_kw=0.0)
    sim.act_as_app(chargeFromGrid=True, batteryBackupPercentage=80)
    sim.advance(3600)
    assert soc(sim) == 50


def test_what_it_does_not_disobey_it_does(make: Make) -> None:
    """37."""
    sim, _ = running(make, "CFG", battery_disobeys=["dtg", "rbd"])
    sim.advance(3600)
    assert soc(sim) == pytest.approx(50 + 38.4)
