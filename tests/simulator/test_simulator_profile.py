"""Statements 52 and 59 to 62 of section 14: profile writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, Browser, document
from simulator.wire import Response

Make = Callable[..., Simulator]
PROFILE = f"{API}/profile/{SITE_ID}"
CANCEL = f"{API}/cancel/profile/{SITE_ID}"
SITE_SETTINGS = f"{API}/siteSettings/{SITE_ID}"
STATUS = f"/pv/settings/{SITE_ID}/battery_status.json"
SAVINGS = {"profile": "cost_savings", "operationModeSubType": "prioritize-energy", "batteryBackupPercentage": 35}


def put(me: Browser, body: object) -> Response:
    return me.battery("PUT", PROFILE, query={"source": "enho"}, json=body)


def profile(me: Browser) -> dict[str, Any]:
    return dict(document(me.battery("GET", PROFILE))["data"])


def mode(me: Browser) -> str:
    return str(document(me.send("GET", STATUS))["storages"][0]["battery_mode"])


def test_61_a_profile_is_pending_until_the_gateway_takes_it(make: Make) -> None:
    me = Browser(sim := make(profile_delay=60)).sign_in()
    assert document(put(me, SAVINGS)) == {"message": "success"}
    sim.advance(59)
    read = profile(me)
    assert (read["profile"], read["batteryBackupPercentage"]) == ("self-consumption", 20)
    assert read["isBatteryChangePending"] is True
    assert document(me.battery("GET", SITE_SETTINGS))["data"]["isChangePending"] is True
    assert me.settings()["profile"] == "self-consumption"
    sim.advance(1)
    for read in (profile(me), me.settings()):
        assert (read["profile"], read["operationModeSubType"]) == ("cost_savings", "prioritize-energy")
        assert read["batteryBackupPercentage"] == 35
    assert profile(me)["isBatteryChangePending"] is False
    assert document(me.battery("GET", SITE_SETTINGS))["data"]["isChangePending"] is False
    assert mode(me) == "Savings"


def test_61_a_gateway_that_is_away_takes_no_profile(make: Make) -> None:
    me = Browser(sim := make()).sign_in()
    sim.set(gateway_online=False)
    put(me, SAVINGS)
    me.create("DTG", "01:00", "02:00")  # and vanishes meanwhile, as nobody applies it
    sim.advance(1000)
    assert profile(me)["isBatteryChangePending"] is True
    sim.set(gateway_online=True)
    assert profile(me)["profile"] == "cost_savings"


@pytest.mark.parametrize(
    ("split", "modes"),
    [
        ("off", ["Savings", "Savings", "Savings"]),
        ("late", ["Self-Consumption", "Savings", "Savings"]),
        ("never", ["Self-Consumption", "Self-Consumption", "Self-Consumption"]),
    ],
)
def test_61_the_hardware_may_show_the_old_mode_for_longer(make: Make, split: str, modes: list[str]) -> None:
    me = Browser(sim := make(profile_split=split, session_ttl=99_999)).sign_in()
    put(me, SAVINGS)
    sim.advance(10)
    assert profile(me)["profile"] == "cost_savings"
    seen = []
    for wait in (3599, 1, 80_000):
        sim.advance(wait)
        seen.append(mode(me))
    assert seen == modes


def test_a_split_is_over_with_its_switch(make: Make) -> None:
    """61."""
    me = Browser(sim := make(profile_split="never")).sign_in()
    for body in (SAVINGS, {"profile": "ai_optimisation"}):
        put(me, body)
        sim.advance(10)
    assert mode(me) == "Self-Consumption"
    sim.set(profile_split="off")
    assert mode(me) == "AI Optimization"


@pytest.mark.parametrize(("ignored", "reserve"), [(True, 20), (False, 45)])
def test_52_a_write_of_only_the_reserve_may_change_nothing(make: Make, *, ignored: bool, reserve: int) -> None:
    me = Browser(sim := make(same_profile_ignored=ignored)).sign_in()
    assert document(put(me, {"profile": "self-consumption", "batteryBackupPercentage": 45})) == {"message": "success"}
    assert profile(me)["isBatteryChangePending"] is not ignored
    sim.advance(10)
    assert profile(me)["batteryBackupPercentage"] == reserve
    me.put({"batteryBackupPercentage": 50})
    assert profile(me)["batteryBackupPercentage"] == 50


@pytest.mark.parametrize("status", ["400", "403"])
def test_59_a_profile_with_devices_is_refused(make: Make, status: str) -> None:
    me = Browser(make(profile_devices=status)).sign_in()
    assert put(me, {**SAVINGS, "devices": []}).status == int(status)
    assert profile(me)["isBatteryChangePending"] is False
    assert put(me, SAVINGS).status == 200


def test_60_only_what_is_pending_can_be_cancelled(make: Make) -> None:
    me = Browser(sim := make()).sign_in()
    answer = me.battery("PUT", CANCEL, json={})
    assert (answer.status, document(answer)["error"]["status"]) == (409, "ALREADY_PROCESSED")
    put(me, SAVINGS)
    assert document(me.battery("PUT", CANCEL, json={})) == {"message": "success"}
    assert profile(me)["isBatteryChangePending"] is False
    sim.advance(10)
    assert profile(me)["profile"] == "self-consumption"
    assert me.battery("PUT", CANCEL, json={}).status == 409


def test_a_later_write_takes_the_place_of_one_that_is_pending(make: Make) -> None:
    """61."""
    me = Browser(sim := make()).sign_in()
    put(me, SAVINGS)
    sim.advance(5)
    put(me, {"profile": "ai_optimisation"})
    sim.advance(9)
    assert profile(me)["profile"] == "self-consumption"
    sim.advance(1)
    assert (profile(me)["profile"], profile(me)["batteryBackupPercentage"]) == ("ai_optimisation", 20)
    put(me, {"profile": "ai_optimisation"})
    assert profile(me)["isBatteryChangePending"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"profile": "economy"},
        {"profile": "cost_savings", "batteryBackupPercentage": 5},
        {"profile": "cost_savings", "batteryBackupPercentage": 101},
        {"profile": "cost_savings", "batteryBackupPercentage": "20"},
        {"profile": "cost_savings", "operationModeSubType": 1},
        [],
    ],
)
def test_62_a_malformed_profile_is_a_400_and_changes_nothing(make: Make, body: object) -> None:
    me = Browser(make()).sign_in()
    assert put(me, body).status == 400
    assert profile(me)["isBatteryChangePending"] is False


def test_62_a_reserve_out_of_range_may_be_clamped(make: Make) -> None:
    me = Browser(sim := make(out_of_range="clamp")).sign_in()
    assert put(me, {**SAVINGS, "batteryBackupPercentage": 1}).status == 200
    sim.advance(10)
    assert profile(me)["batteryBackupPercentage"] == 10


def test_a_new_reserve_reaches_the_gateway_with_the_profile(make: Make) -> None:
    """37, 61."""
    sim = make(house_kw=3.0)
    me = Browser(sim).sign_in()
    put(me, {"profile": "cost_savings", "batteryBackupPercentage": 40})
    sim.advance(5 * 3600)
    assert sim.world.site.battery().soc == pytest.approx(40)


def test_full_backup_by_a_write_suspends_windows_and_gives_the_reserve_back_afterwards(make: Make) -> None:
    """Section 6.2, S15."""
    me = Browser(sim := make(activation_delay=0)).sign_in()
    me.put({"batteryBackupPercentage": 30})
    me.create("DTG", "12:00", "18:00")
    me.put({"dtgControl": {"enabled": True}})
    assert sim.world.site.enforced().discharge_to == 90
    put(me, {"profile": "backup_only", "batteryBackupPercentage": 100})
    sim.advance(9)
    assert sim.world.site.enforced().discharge_to == 90
    sim.advance(1)
    assert (sim.world.site.enforced().discharge_to, profile(me)["batteryBackupPercentage"]) == (None, 100)
    put(me, {"profile": "self-consumption"})
    sim.advance(10)
    assert (sim.world.site.enforced().discharge_to, profile(me)["batteryBackupPercentage"]) == (90, 30)
    assert [(each.start - sim.enforcement()["dtg"][0].start).seconds for each in sim.enforcement()["dtg"]] == [0, 20]


def test_the_switch_changes_the_profile_at_once_and_drops_what_is_pending(make: Make) -> None:
    """80."""
    me = Browser(sim := make(profile_split="never")).sign_in()
    put(me, SAVINGS)
    sim.set(profile="backup_only")
    assert (profile(me)["profile"], mode(me)) == ("backup_only", "Full Backup")
    sim.advance(10)
    assert (profile(me)["profile"], profile(me)["isBatteryChangePending"]) == ("backup_only", False)
    put(me, {"profile": "self-consumption"})
    sim.advance(10)
    sim.set(profile="backup_only")  # though the switch says so already
    assert profile(me)["profile"] == "backup_only"


def test_a_user_without_a_role_changes_no_profile(make: Make) -> None:
    """Section 6.1."""
    me = Browser(make(user_role="none")).sign_in()
    assert (put(me, SAVINGS).status, me.battery("PUT", CANCEL, json={}).status) == (403, 403)
