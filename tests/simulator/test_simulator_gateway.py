"""Statements 37, 41, 43 to 49, 53, 58 and 79 of section 14: what the gateway enforces and what the battery does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import Simulator
from simulator.browser import SCHEDULES, Browser, entry
from simulator.site.battery import Battery
from simulator.site.families import Family
from simulator.site.gateway import Conditions, Orders
from simulator.site.settings import BatterySettings
from simulator.site.windows import Window

Make = Callable[..., Simulator]
APPLY: dict[str, dict[str, Any]] = {
    "CFG": {"chargeFromGrid": True},
    "DTG": {"dtgControl": {"enabled": True}},
    "RBD": {"rbdControl": {"enabled": True}},
}
OFF: dict[str, dict[str, Any]] = {
    "CFG": {"chargeFromGrid": False},
    "DTG": {"dtgControl": {"enabled": False}},
    "RBD": {"rbdControl": {"enabled": False}},
}
NAMES = {"CFG": "charge_from_grid", "DTG": "discharge_to_grid", "RBD": "restrict_discharge"}
ALL = list(NAMES)
IDLE = dict.fromkeys(NAMES.values(), False)


def enforced(sim: Simulator) -> dict[str, bool]:
    gateway: Any = sim.model()["gateway"]
    return {name: gateway[name] for name in NAMES.values()}


def soc(sim: Simulator) -> float:
    battery: Any = sim.model()["battery"]
    return float(battery["soc"])


def running(make: Make, family: str, **more: Any) -> tuple[Simulator, Browser]:
    """Have a window of a family in force from 12:00 to 18:00, London; now is 13:00."""
    sim = make(activation_delay=0, session_ttl=86_400, **more.pop("switches", {}))
    me = Browser(sim).sign_in()
    me.create(family, "12:00", "18:00", **more)
    me.put(APPLY[family])
    return sim, me


@pytest.mark.parametrize("family", ALL)
def test_41_43_a_window_is_enforced_once_it_is_active_and_not_before(make: Make, family: str) -> None:
    me = Browser(sim := make()).sign_in()
    me.put(APPLY[family])
    me.create(family, "12:00", "18:00")
    sim.advance(60)
    assert enforced(sim) == IDLE
    me.put(APPLY[family])
    sim.advance(9.9)
    assert enforced(sim) == IDLE
    sim.advance(0.1)
    assert enforced(sim) == {**IDLE, NAMES[family]: True}


@pytest.mark.parametrize("family", ALL)
def test_49_a_switch_without_an_entry_does_nothing(make: Make, family: str) -> None:
    me = Browser(sim := make(activation_delay=0)).sign_in()
    me.put(APPLY[family])
    assert enforced(sim) == IDLE
    sim.advance(3600)
    assert soc(sim) == 45.0


@pytest.mark.parametrize("family", ALL)
def test_48_switching_a_family_off_ends_it_at_the_gateway(make: Make, family: str) -> None:
    sim, me = running(make, family)
    assert enforced(sim)[NAMES[family]]
    me.put(OFF[family])
    assert enforced(sim) == IDLE


def test_a_charge_window_needs_both_switches(make: Make) -> None:
    """48."""
    sim, me = running(make, "CFG")
    me.put({"chargeFromGridScheduleEnabled": False})
    assert enforced(sim) == IDLE


@pytest.mark.parametrize("family", ALL)
def test_57_deleting_an_entry_ends_it_at_the_gateway(make: Make, family: str) -> None:
    sim, me = running(make, family)
    entry_id = me.schedules()[family.lower()]["details"][0]["scheduleId"]
    me.battery("POST", f"{SCHEDULES}/{entry_id}/delete")
    assert enforced(sim) == IDLE


def test_a_soft_delete_ends_it_at_the_gateway(make: Make) -> None:
    """58."""
    sim, me = running(make, "DTG")
    entry_id = me.schedules()["dtg"]["details"][0]["scheduleId"]
    me.battery("PUT", f"{SCHEDULES}/{entry_id}", json={"isDeleted": True})
    assert enforced(sim) == IDLE


def test_a_rewritten_entry_stays_in_force_as_it_was_until_the_next_apply(make: Make) -> None:
    """45."""
    sim, me = running(make, "DTG", limit=30)
    entry_id = me.schedules()["dtg"]["details"][0]["scheduleId"]
    me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=entry("DTG", "20:00", "21:00"))
    me.put({"veryLowSoc": 15})
    assert enforced(sim)["discharge_to_grid"]
    me.put(APPLY["DTG"])
    assert enforced(sim) == IDLE


def test_a_rewritten_entry_that_nobody_applies_vanishes_from_the_gateway_too(make: Make) -> None:
    """44, 45."""
    sim, me = running(make, "DTG", limit=30)
    entry_id = me.schedules()["dtg"]["details"][0]["scheduleId"]
    me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=entry("DTG", "12:00", "20:00"))
    sim.advance(899)
    assert enforced(sim)["discharge_to_grid"]
    sim.advance(1)
    assert enforced(sim) == IDLE


def test_is_enabled_false_is_enforced_all_the_same(make: Make) -> None:
    """47."""
    sim, _ = running(make, "RBD", isEnabled=False)
    assert enforced(sim)["restrict_discharge"]


def test_a_gateway_that_is_away_goes_on_with_what_it_was_told(make: Make) -> None:
    """79."""
    sim, me = running(make, "DTG")
    sim.set(gateway_online=False)
    me.put(OFF["DTG"])
    sim.advance(600)
    assert me.settings()["dtgControl"]["enabled"] is False
    assert enforced(sim)["discharge_to_grid"]
    sim.set(gateway_online=True, activation_delay=5)
    assert enforced(sim)["discharge_to_grid"]
    sim.advance(5)
    assert enforced(sim) == IDLE


def test_orders_wait_for_the_gateway_while_entries_are_forgotten(make: Make) -> None:
    """44, 79."""
    me = Browser(sim := make(gateway_online=False)).sign_in()
    me.put({"batteryBackupPercentage": 40})
    me.create("DTG", "12:00", "18:00")
    sim.advance(900)
    assert me.schedules()["dtg"]["count"] == 0
    assert sim.world.site.enforced().reserve == 20
    sim.set(gateway_online=True)
    sim.advance(10)
    assert sim.world.site.enforced().reserve == 40


def test_late_orders_do_not_overtake(make: Make) -> None:
    """43."""
    me = Browser(sim := make(activation_delay=60)).sign_in()
    me.put({"batteryBackupPercentage": 50})
    sim.set(activation_delay=0)
    me.put({"batteryBackupPercentage": 40})
    sim.advance(60)
    assert sim.world.site.enforced().reserve == 40


def test_charging_stops_at_the_limit_and_idles_there(make: Make) -> None:
    """37."""
    sim, _ = running(make, "CFG", limit=70)
    sim.advance(1800)
    assert soc(sim) == pytest.approx(50 + 19.2)
    sim.advance(3 * 3600)
    assert soc(sim) == 70


@pytest.mark.parametrize(("limit", "floor"), [(35, 35), (5, 20)])
def test_37_discharging_stops_at_the_limit_but_never_below_the_reserve(make: Make, limit: int, floor: int) -> None:
    sim, _ = running(make, "DTG", limit=limit)
    sim.advance(900)
    assert soc(sim) == pytest.approx(50 - 9.6)
    sim.advance(3 * 3600)
    assert soc(sim) == floor


def test_restricting_lets_the_battery_rise_but_not_fall(make: Make) -> None:
    """37."""
    sim, _ = running(make, "RBD")
    sim.advance(3600)
    assert soc(sim) == 50
    sim.set(solar_kw=2.5)
    sim.advance(3600)
    assert soc(sim) == 70


def test_left_alone_the_battery_feeds_the_house_down_to_the_reserve(make: Make) -> None:
    sim = make()
    sim.advance(3600)
    assert soc(sim) == 45
    sim.advance(86_400)
    assert soc(sim) == 20


def test_solar_surplus_fills_the_battery_and_no_more(make: Make) -> None:
    sim = make(solar_kw=3.5)
    sim.advance(3600)
    assert soc(sim) == 80
    sim.advance(86_400)
    assert soc(sim) == 100


def test_no_more_than_its_power_goes_through_the_battery(make: Make) -> None:
    sim = make(solar_kw=20.0)
    sim.advance(3600)
    assert soc(sim) == pytest.approx(50 + 38.4)


def test_charging_without_its_schedule_only_reaches_the_reserve(make: Make) -> None:
    """48a."""
    me = Browser(sim := make(activation_delay=0, session_ttl=86_400)).sign_in()
    me.put({"chargeFromGrid": True, "batteryBackupPercentage": 80})
    sim.advance(3 * 3600)
    assert soc(sim) == 80
    assert enforced(sim) == IDLE


def test_the_old_charge_times_do_nothing(make: Make) -> None:
    """53."""
    me = Browser(sim := make(activation_delay=0, session_ttl=86_400)).sign_in()
    me.put({"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True, "chargeBeginTime": 0, "chargeEndTime": 1439})
    assert enforced(sim) == IDLE
    me.put({"batteryBackupPercentage": 80})  # as far as that, as if there were no times
    sim.advance(3 * 3600)
    assert soc(sim) == 80


def test_a_family_without_schedules_obeys_its_switch_alone(make: Make) -> None:
    """33."""
    me = Browser(sim := make(activation_delay=0, schedules_not_supported=["rbd"])).sign_in()
    me.put({**APPLY["RBD"], **APPLY["DTG"]})
    assert enforced(sim) == {**IDLE, "restrict_discharge": True}


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        ("2026-07-12T20:59", False),
        ("2026-07-12T21:00", True),
        ("2026-07-13T03:59", True),
        ("2026-07-13T04:00", False),
        ("2026-07-13T21:00", False),
    ],
)
def test_66_a_sunday_night_window_covers_local_sunday_evening_and_monday_morning(at: str, *, covered: bool) -> None:
    window = Window(Family.CFG, 22 * 60, 5 * 60, (7,), 90, "Europe/London")
    assert window.covers(datetime.fromisoformat(at).replace(tzinfo=timezone.utc)) is covered


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/London", "2026-03-29", 1.5),
        ("Europe/London", "2026-10-25", 3.5),
        ("America/Los_Angeles", "2026-03-08", 1.5),
        ("America/Los_Angeles", "2026-11-01", 3.5),
        ("Australia/Lord_Howe", "2026-10-04", 2.0),
        ("Australia/Lord_Howe", "2026-04-05", 3.0),
    ],
)
def test_a_window_follows_the_wall_clock_over_a_change_of_the_clocks(
    make: Make, zone: str, day: str, hours: float
) -> None:
    """Section 13: times are local wall clock. 00:30 to 03:00 lasts longer or shorter on those days."""
    start = datetime.fromisoformat(day).replace(hour=12, tzinfo=timezone.utc) - timedelta(days=2)
    sim = make(start, activation_delay=0, session_ttl=864_000, house_kw=0.0, timezone=zone)
    me = Browser(sim).sign_in()
    weekday = datetime.fromisoformat(day).isoweekday()
    me.create("DTG", "00:30", "03:00", timezone=zone, days=[weekday], limit=20)
    me.put(APPLY["DTG"])
    sim.set_soc(100)
    on = 0
    for _ in range(3 * 24 * 12):
        sim.advance(300)
        on += enforced(sim)["discharge_to_grid"]
    assert on / 12 == hours


def test_a_night_with_a_change_of_the_clocks_is_right_when_evaluated_at_once(make: Make) -> None:
    """Section 13. 01:30 to 02:15 comes twice in part: half an hour, then three quarters."""
    start = datetime(2026, 10, 24, 12, 0, tzinfo=timezone.utc)
    sim = make(start, activation_delay=0, house_kw=0.0)
    me = Browser(sim).sign_in()
    me.create("DTG", "01:30", "02:15", limit=20)
    me.put(APPLY["DTG"])
    sim.set_soc(100)
    sim.advance(86_400)
    assert soc(sim) == pytest.approx(100 - 1.25 * 38.4)


BATTERY_WINDOWS = st.lists(
    st.builds(
        Window,
        family=st.sampled_from(Family),
        start=st.integers(0, 1439),
        end=st.integers(0, 1439),
        days=st.just((6, 7)),
        limit=st.sampled_from([30, 60, 90]),
        timezone=st.sampled_from(["Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    ),
    max_size=3,
)


@settings(max_examples=50, deadline=None)
@given(BATTERY_WINDOWS, st.integers(0, 59))
def test_evaluating_hours_at_once_equals_evaluating_them_in_small_steps(windows: list[Window], second: int) -> None:
    all_on = BatterySettings(
        charge_from_grid=True, charge_schedule=True, discharge_to_grid=True, restrict_discharge=True
    )
    orders = Orders(all_on, tuple(windows))
    start = datetime(2026, 10, 25, 0, 0, second, tzinfo=timezone.utc)
    at_once, stepwise = Battery(50), Battery(50)
    moment, end = start, start + timedelta(hours=4)
    while moment < end:
        piece = orders.piece(moment, Conditions())
        until = min(piece.until, end)
        at_once.run((until - moment).total_seconds() / 3600, piece.enforced, -0.5)
        moment = until
    for step in range(4 * 60 * 3):
        moment = start + timedelta(seconds=20 * step)
        stepwise.run(20 / 3600, orders.enforced(moment, Conditions()), -0.5)
    assert at_once.energy_kwh == pytest.approx(stepwise.energy_kwh, abs=0.15)
