"""Statement 93: what was written and the gateway has not reported yet (section 15.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.account import GATEWAY_SERIAL
from simulator.browser import API, SETTINGS, Browser, document

Make = Callable[..., Simulator]
PROFILE = f"{API}/profile/{SITE_ID}"
STATUS = f"/pv/settings/{SITE_ID}/battery_status.json"
PENDING = {"pendingGateways": [GATEWAY_SERIAL]}
TOLD = {"chargeFromGrid": True, "batteryBackupPercentage": 40, "veryLowSoc": 15}
BEFORE = {"chargeFromGrid": False, "batteryBackupPercentage": 20, "veryLowSoc": 10}
CONTROLS = {"dtgControl": {"enabled": True}, "rbdControl": {"enabled": True}}


def signed_in(make: Make, **switches: Any) -> tuple[Simulator, Browser]:
    """Return a site that says what is on its way; the gateway has just reported, at 12:00:00."""
    sim = make(session_ttl=864_000, **{"requested_config": "on", **switches})
    return sim, Browser(sim).sign_in()


def read(me: Browser, path: str = SETTINGS) -> dict[str, Any]:
    return dict(document(me.battery("GET", path))["data"])


def shown(me: Browser, members: dict[str, Any]) -> dict[str, Any]:
    """Return those members as the top level shows them."""
    data = read(me)
    return {name: data[name] for name in members}


def requested(me: Browser) -> Any:
    return read(me)["requestedConfig"]


def reserve_at_the_gateway(sim: Simulator) -> int:
    return sim.world.site.enforced().reserve


def test_93_a_write_is_obeyed_soon_and_shown_with_the_next_report(make: Make) -> None:
    sim, me = signed_in(make)
    sim.advance(120)
    me.put(TOLD)
    assert (shown(me, TOLD), requested(me)) == (BEFORE, {**TOLD, **PENDING})
    sim.advance(10)
    assert reserve_at_the_gateway(sim) == 40
    sim.advance(469)
    assert (shown(me, TOLD), requested(me)) == (BEFORE, {**TOLD, **PENDING})
    sim.advance(1)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})


def test_without_the_switch_a_write_is_shown_at_once(make: Make) -> None:
    """Section 6.3."""
    _, me = signed_in(make, requested_config="off")
    me.put(TOLD)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})


def test_93_the_interval_can_be_set(make: Make) -> None:
    sim, me = signed_in(make, report_interval=900)
    me.put(TOLD)
    sim.advance(899)
    assert shown(me, TOLD) == BEFORE
    sim.advance(1)
    assert shown(me, TOLD) == TOLD


def test_93_another_interval_counts_from_now_on(make: Make) -> None:
    sim, me = signed_in(make)
    me.put(TOLD)
    sim.set(report_interval=60)
    sim.advance(60)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})


def test_what_the_gateway_has_not_got_yet_waits_for_the_report_after(make: Make) -> None:
    """93."""
    sim, me = signed_in(make, activation_delay=10)
    sim.advance(595)
    me.put(TOLD)
    sim.advance(5)
    assert (shown(me, TOLD), requested(me)) == (BEFORE, {**TOLD, **PENDING})
    sim.advance(600)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})


def test_a_report_shows_only_what_the_gateway_has(make: Make) -> None:
    """93. The first write is there, the second is not."""
    sim, me = signed_in(make)
    me.put({"batteryBackupPercentage": 40})
    sim.advance(595)
    me.put({"veryLowSoc": 15})
    sim.advance(5)
    members = {"batteryBackupPercentage": 40, "veryLowSoc": 10}
    assert (shown(me, members), requested(me)) == (members, {"veryLowSoc": 15, **PENDING})


def test_the_profile_waits_too_in_both_documents(make: Make) -> None:
    """93. The gateway takes it after `profile_delay` as ever."""
    sim, me = signed_in(make)
    sim.advance(60)
    me.battery("PUT", PROFILE, json={"profile": "cost_savings", "batteryBackupPercentage": 40})
    wanted = {"profile": "cost_savings", "batteryBackupPercentage": 40}
    for seconds in (0, 10, 529):
        sim.advance(seconds)
        for data in (read(me), read(me, PROFILE)):
            assert (data["profile"], data["batteryBackupPercentage"]) == ("self-consumption", 20)
            assert data["requestedConfig"] == {**wanted, **PENDING}
        assert read(me, PROFILE)["isBatteryChangePending"] is True
        assert read(me, f"{API}/siteSettings/{SITE_ID}")["isChangePending"] is True
    assert reserve_at_the_gateway(sim) == 40
    sim.advance(1)
    for data in (read(me), read(me, PROFILE)):
        assert {name: data[name] for name in wanted} == wanted
        assert data["requestedConfig"] == {}
    assert read(me, PROFILE)["isBatteryChangePending"] is False


def test_full_backup_asks_for_its_reserve(make: Make) -> None:
    """93, and section 6.2."""
    _, me = signed_in(make)
    me.battery("PUT", PROFILE, json={"profile": "backup_only"})
    assert requested(me) == {"profile": "backup_only", "batteryBackupPercentage": 100, **PENDING}


def test_60_a_cancelled_profile_is_no_longer_on_its_way(make: Make) -> None:
    sim, me = signed_in(make)
    me.put({"veryLowSoc": 15})
    me.battery("PUT", PROFILE, json={"profile": "cost_savings", "batteryBackupPercentage": 40})
    assert me.battery("PUT", f"{API}/cancel/profile/{SITE_ID}", json={}).status == 200
    assert requested(me) == {"veryLowSoc": 15, **PENDING}
    sim.advance(600)
    assert (read(me)["profile"], requested(me)) == ("self-consumption", {})


def test_61_93_settings_on_their_way_are_no_pending_change_of_the_profile(make: Make) -> None:
    _, me = signed_in(make)
    me.put({"veryLowSoc": 15})
    assert read(me, PROFILE)["isBatteryChangePending"] is False


def test_members_of_later_writes_join_and_replace(make: Make) -> None:
    """93."""
    sim, me = signed_in(make)
    me.put({"chargeFromGrid": True, "veryLowSoc": 15})
    sim.advance(60)
    me.put({"veryLowSoc": 20, "batteryBackupPercentage": 50})
    wanted = {"chargeFromGrid": True, "veryLowSoc": 20, "batteryBackupPercentage": 50}
    assert requested(me) == {**wanted, **PENDING}
    sim.advance(540)
    assert (shown(me, wanted), requested(me)) == (wanted, {})


def test_a_write_that_takes_another_back_replaces_it(make: Make) -> None:
    """93. The gateway has obeyed the first one by then."""
    sim, me = signed_in(make)
    me.put({"chargeFromGrid": True})
    sim.advance(60)
    me.put({"chargeFromGrid": False})
    assert (read(me)["chargeFromGrid"], requested(me)) == (False, {"chargeFromGrid": False, **PENDING})
    sim.advance(540)
    assert (read(me)["chargeFromGrid"], requested(me)) == (False, {})


def test_a_member_that_changes_nothing_is_not_on_its_way(make: Make) -> None:
    """93."""
    _, me = signed_in(make)
    me.put(BEFORE)
    assert requested(me) == {}
    me.put({**BEFORE, "veryLowSoc": 15})
    assert requested(me) == {"veryLowSoc": 15, **PENDING}


def test_what_the_cloud_ignores_is_not_on_its_way(make: Make) -> None:
    """51, 93: the silent failure has an empty `requestedConfig`."""
    _, me = signed_in(make, supports_mqtt=True)
    me.put(TOLD, source="enho")
    assert (shown(me, TOLD), requested(me)) == (BEFORE, {})
    me.put(TOLD)
    assert requested(me) == {**TOLD, **PENDING}


def test_a_merged_write_takes_back_what_is_on_its_way(make: Make) -> None:
    """93, and section 6.3: the whole top level, with one value changed."""
    sim, me = signed_in(make)
    me.put({"chargeFromGrid": True})
    merged = {name: value for name, value in read(me).items() if name != "devices"}
    me.put({**merged, "veryLowSoc": 15})
    sim.advance(600)
    assert (read(me)["chargeFromGrid"], read(me)["veryLowSoc"]) == (False, 15)


def test_79_93_with_the_gateway_away_it_stays_on_its_way(make: Make) -> None:
    sim, me = signed_in(make)
    sim.advance(30)
    sim.set(gateway_online=False)
    me.put(TOLD)
    sim.advance(7200)
    assert (shown(me, TOLD), requested(me)) == (BEFORE, {**TOLD, **PENDING})
    assert reserve_at_the_gateway(sim) == 20
    sim.advance(30)
    sim.set(gateway_online=True)
    sim.advance(10)
    assert reserve_at_the_gateway(sim) == 40
    assert shown(me, TOLD) == BEFORE
    sim.advance(529)
    assert requested(me) == {**TOLD, **PENDING}
    sim.advance(1)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})


def test_a_gateway_that_comes_back_reports_what_it_had_already_taken(make: Make) -> None:
    """79, 93."""
    sim, me = signed_in(make)
    me.put(TOLD)
    sim.advance(20)
    sim.set(gateway_online=False)
    sim.advance(7200)
    assert requested(me) == {**TOLD, **PENDING}
    sim.set(gateway_online=True)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})
    assert document(me.send("GET", STATUS))["storages"][0]["last_report"] == 1784116800 + 7220


def test_a_profile_waits_for_a_gateway_that_is_away(make: Make) -> None:
    """61, 93. As it comes back it reports what it has, which is the old one; the next report has the new one."""
    sim, me = signed_in(make, gateway_online=False)
    me.battery("PUT", PROFILE, json={"profile": "cost_savings", "batteryBackupPercentage": 40})
    sim.advance(7230)
    sim.set(gateway_online=True)
    told = {"profile": "cost_savings", "batteryBackupPercentage": 40, **PENDING}
    assert (read(me)["profile"], requested(me)) == ("self-consumption", told)
    sim.advance(570)
    assert (read(me)["profile"], requested(me)) == ("cost_savings", {})


def test_the_report_that_shows_a_write_is_the_one_of_the_battery_status(make: Make) -> None:
    """36, 93."""
    sim, me = signed_in(make, house_kw=2.0)
    sim.advance(30)
    me.put(TOLD)
    sim.advance(569)
    status = document(me.send("GET", STATUS))
    assert (status["storages"][0]["last_report"], status["available_energy"]) == (1784116800, 5.0)
    sim.advance(301)
    status = document(me.send("GET", STATUS))
    assert status["storages"][0]["last_report"] == 1784116800 + 600
    assert status["available_energy"] == pytest.approx(5.0 - 2 / 6, abs=0.01)  # as it was when it reported
    assert shown(me, TOLD) == TOLD


@pytest.mark.parametrize(
    ("form", "told"), [("object", {"requestedConfig": {}}), ("omit", {}), ("null", {"requestedConfig": None})]
)
def test_93_nothing_on_its_way_can_be_said_in_three_ways(make: Make, form: str, told: dict[str, object]) -> None:
    sim, me = signed_in(make, requested_config_empty=form)
    for path in (SETTINGS, PROFILE):
        assert {name: value for name, value in read(me, path).items() if name == "requestedConfig"} == told
    me.put({"veryLowSoc": 15})
    assert requested(me) == {"veryLowSoc": 15, **PENDING}
    sim.advance(600)
    assert {name: value for name, value in read(me).items() if name == "requestedConfig"} == told


def test_93_the_whole_target_may_stand_in_it(make: Make) -> None:
    sim, me = signed_in(make, requested_config="whole")
    assert requested(me) == {}
    me.put({"veryLowSoc": 15})
    assert requested(me) == {
        "profile": "self-consumption",
        "operationModeSubType": "",
        "batteryBackupPercentage": 20,
        "chargeFromGrid": False,
        "chargeFromGridScheduleEnabled": False,
        "chargeBeginTime": 120,
        "chargeEndTime": 300,
        "veryLowSoc": 15,
        **PENDING,
    }
    sim.advance(600)
    assert requested(me) == {}


@pytest.mark.parametrize(("stand", "told"), [(False, {}), (True, CONTROLS)])
def test_93_the_controls_may_stand_in_it(make: Make, *, stand: bool, told: dict[str, Any]) -> None:
    """Their top level waits in either case, and the gateway is said to be pending."""
    sim, me = signed_in(make, requested_config_controls=stand)
    me.put(CONTROLS)
    assert requested(me) == {**told, **PENDING}
    assert [read(me)[name]["enabled"] for name in CONTROLS] == [False, False]
    sim.advance(600)
    assert requested(me) == {}
    assert [read(me)[name]["enabled"] for name in CONTROLS] == [True, True]


def test_the_times_of_a_control_stand_in_it_with_the_switch(make: Make) -> None:
    """93."""
    _, me = signed_in(make, requested_config_controls=True)
    me.put({"dtgControl": {"enabled": True, "scheduleSupported": True, "startTime": 1020, "endTime": 1140}})
    assert requested(me) == {"dtgControl": {"enabled": True, "startTime": 1020}, **PENDING}


def test_the_disclaimer_is_no_matter_of_the_gateway(make: Make) -> None:
    """93."""
    _, me = signed_in(make)
    me.put({"chargeFromGrid": True, "acceptedItcDisclaimer": "2026-07-15T12:00:00Z"})
    assert read(me)["acceptedItcDisclaimer"] == "2026-07-15T12:00:00Z"
    assert requested(me) == {"chargeFromGrid": True, **PENDING}


def test_entries_are_no_matter_of_it(make: Make) -> None:
    """93 names settings and profiles only."""
    sim, me = signed_in(make)
    me.create("DTG", "12:00", "18:00")
    assert requested(me) == {}
    me.put({"dtgControl": {"enabled": True}})
    sim.advance(10)
    assert me.schedules()["dtg"]["details"][0]["scheduleStatus"] == "active"


def test_48a_a_schedule_flag_that_an_entry_sets_is_on_its_way_with_the_switch(make: Make) -> None:
    _, me = signed_in(make)
    me.create("CFG", "12:00", "18:00")
    me.put({"chargeFromGrid": True})
    assert requested(me) == {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True, **PENDING}
    assert read(me)["cfgControl"]["forceScheduleOpted"] is False


def test_80_what_the_owner_does_in_the_app_is_on_its_way_too(make: Make) -> None:
    sim, me = signed_in(make)
    sim.act_as_app(chargeFromGrid=True)
    assert (read(me)["chargeFromGrid"], requested(me)) == (False, {"chargeFromGrid": True, **PENDING})


def test_the_tariff_shows_what_the_settings_show(make: Make) -> None:
    """Section 8."""
    _, me = signed_in(make)
    me.put({"chargeFromGrid": True, "chargeBeginTime": 60})
    tariff = document(me.send("GET", f"/service/tariff/tariff-ms/systems/{SITE_ID}/tariff"))
    assert (tariff["chargeFromGrid"], tariff["chargeBeginTime"]) == (False, 120)


def test_the_operator_sets_a_profile_at_once(make: Make) -> None:
    """80. What else is on its way stays so."""
    sim, me = signed_in(make)
    me.put({"veryLowSoc": 15})
    sim.set(profile="cost_savings")
    assert (read(me)["profile"], requested(me)) == ("cost_savings", {"veryLowSoc": 15, **PENDING})


def test_a_profile_that_the_operator_sets_drops_one_that_is_on_its_way(make: Make) -> None:
    """61, 80."""
    sim, me = signed_in(make)
    me.put({"veryLowSoc": 15})
    me.battery("PUT", PROFILE, json={"profile": "cost_savings", "batteryBackupPercentage": 40})
    sim.set(profile="ai_optimisation")
    assert (read(me)["profile"], requested(me)) == ("ai_optimisation", {"veryLowSoc": 15, **PENDING})


def test_without_the_switch_again_everything_is_shown(make: Make) -> None:
    sim, me = signed_in(make)
    me.put(TOLD)
    sim.set(requested_config="off")
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})
    sim.set(requested_config="on")
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})


def test_77_a_late_read_lags_behind_what_is_on_its_way(make: Make) -> None:
    sim, me = signed_in(make, read_lag=30)
    me.put(TOLD)
    assert requested(me) == {}
    sim.advance(30)
    assert requested(me) == {**TOLD, **PENDING}
    sim.advance(599)
    assert shown(me, TOLD) == BEFORE
    sim.advance(1)
    assert shown(me, TOLD) == TOLD


def test_looking_changes_nothing(make: Make) -> None:
    """The report comes at its time, though nobody looked meanwhile."""
    sim, me = signed_in(make)
    me.put(TOLD)
    sim.advance(3 * 3600)
    assert (shown(me, TOLD), requested(me)) == (TOLD, {})
