"""Storm guard (section 6.5, S15): what the owner wants, and the weather, which are two things."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Request, Simulator
from simulator.browser import API, SETTINGS, Browser, document, entry
from simulator.wire import Response, to_json

Make = Callable[..., Simulator]
PROFILE = f"{API}/profile/{SITE_ID}"
SITE_SETTINGS = f"{API}/siteSettings/{SITE_ID}"
ALERTS = f"{API}/stormGuard/{SITE_ID}/stormAlert"
TOGGLE = f"{API}/stormGuard/toggle/{SITE_ID}"
STATUS = f"/pv/settings/{SITE_ID}/battery_status.json"
SUCCESS = {"message": "success"}
NOON = 1_784_116_800_000


def toggle(me: Browser, state: object, **more: object) -> Response:
    return me.battery("PUT", TOGGLE, json={"stormGuardState": state, **more})


def opt_out(me: Browser) -> Response:
    alerts = [{"id": each["id"], "name": each["name"], "status": "opted-out"} for each in listed(me)["stormAlerts"]]
    return me.battery("PUT", ALERTS, json={"stormAlerts": alerts})


def listed(me: Browser) -> dict[str, Any]:
    return document(me.battery("GET", ALERTS))


def read(me: Browser, path: str = SETTINGS) -> dict[str, Any]:
    return dict(document(me.battery("GET", path))["data"])


def guard(me: Browser) -> tuple[str, bool, bool]:
    """Return state, alert shown and EV charger, which both documents have to tell alike."""
    told = [
        (data["stormGuardState"], data["showStormGuardAlert"], data["evseStormEnabled"])
        for data in (read(me), read(me, PROFILE))
    ]
    assert told[0] == told[1]
    return told[0]


def at_the_house(sim: Simulator) -> tuple[str, int, bool]:
    """Return the mode and the reserve in force, and whether the window of discharge works."""
    mode = document(Browser(sim).sign_in().send("GET", STATUS))["storages"][0]["battery_mode"]
    now = sim.world.site.enforced()
    return mode, now.reserve, now.discharge_to is not None


CALM = ("Self-Consumption", 20, True)
BACKUP = ("Full Backup", 100, False)


def site(make: Make, **switches: object) -> tuple[Simulator, Browser]:
    """Return a site whose window of discharge is in force all day."""
    sim = make(activation_delay=0, session_ttl=864_000, login_limit=0, **switches)
    sim.act_as_app(dtgControl={"enabled": True}, create=entry("DTG", "00:00", "23:59", limit=50))
    sim.advance(1)
    sim.set(activation_delay=10.0)
    return sim, Browser(sim).sign_in()


def test_without_an_alert_the_guard_is_enabled_and_does_nothing(make: Make) -> None:
    sim, me = site(make)
    assert (guard(me), at_the_house(sim)) == (("disabled", False, False), CALM)
    answer = toggle(me, "enabled", evseStormEnabled=True)
    assert (answer.status, document(answer)) == (200, SUCCESS)
    assert guard(me) == ("enabled", False, True)
    sim.advance(60)
    assert at_the_house(sim) == CALM
    assert listed(me) == {"criticalAlertsOverride": False, "stormAlerts": [], "criticalAlertActive": False}
    toggle(me, "disabled")
    assert guard(me) == ("disabled", False, True)


@pytest.mark.parametrize("kind", ["on", "critical"])
def test_an_alert_without_the_guard_is_listed_and_changes_nothing(make: Make, kind: str) -> None:
    sim, me = site(make)
    sim.set(storm_alert=kind)
    (alert,) = listed(me)["stormAlerts"]
    assert (alert["name"], alert["status"], alert["startTime"]) == ("Severe Weather", "active", NOON + 1000)
    assert alert["endTime"] > alert["startTime"]
    assert alert["critical"] is listed(me)["criticalAlertActive"] is (kind == "critical")
    assert (guard(me), at_the_house(sim)) == (("disabled", False, False), CALM)


def test_an_alert_with_the_guard_is_full_backup_until_it_goes(make: Make) -> None:
    sim, me = site(make, storm_guard="enabled")
    assert guard(me) == ("enabled", False, False)
    sim.set(storm_alert="on")
    assert (guard(me), at_the_house(sim)) == (("active", True, False), BACKUP)
    assert (read(me)["profile"], read(me)["batteryBackupPercentage"]) == ("self-consumption", 20)
    first = listed(me)["stormAlerts"][0]["id"]
    sim.set(storm_alert="critical")
    assert listed(me)["stormAlerts"][0]["id"] == first
    sim.set(storm_alert="off")
    assert (guard(me), at_the_house(sim)) == (("enabled", False, False), CALM)
    assert listed(me)["stormAlerts"] == []


@pytest.mark.parametrize("switches", [{"storm_guard": "enabled", "storm_alert": "on"}, {"storm": True}], ids=str)
def test_disabling_it_while_an_alert_is_on_ends_full_backup_at_the_gateway_and_not_the_alert(
    make: Make, switches: dict[str, object]
) -> None:
    sim, me = site(make, **switches)
    assert (guard(me), at_the_house(sim)) == (("active", True, False), BACKUP)
    assert toggle(me, "disabled").status == 200
    assert guard(me) == ("disabled", False, False)
    sim.advance(9)
    assert at_the_house(sim) == BACKUP
    sim.advance(1)
    assert at_the_house(sim) == CALM
    assert listed(me)["stormAlerts"][0]["status"] == "active"
    toggle(me, "enabled")
    sim.advance(10)
    assert (guard(me), at_the_house(sim)) == (("active", True, False), BACKUP)


@pytest.mark.parametrize("switches", [{"storm_guard": "enabled", "storm_alert": "on"}, {"storm": True}], ids=str)
def test_opting_out_lets_this_alert_pass_and_no_other(make: Make, switches: dict[str, object]) -> None:
    sim, me = site(make, **switches)
    before = "disabled" if "storm" in switches else "enabled"
    answer = opt_out(me)
    assert (answer.status, document(answer)) == (200, SUCCESS)
    assert [each["status"] for each in listed(me)["stormAlerts"]] == ["opted-out"]
    assert guard(me) == (before, False, False)
    sim.advance(9)
    assert at_the_house(sim) == BACKUP
    sim.advance(1)
    assert at_the_house(sim) == CALM
    sim.set(storm_alert="off", storm=False)
    sim.set(**switches)
    assert [each["status"] for each in listed(me)["stormAlerts"]] == ["active"]
    assert (guard(me), at_the_house(sim)) == (("active", True, False), BACKUP)


def test_no_toggle_takes_an_opt_out_back(make: Make) -> None:
    _, me = site(make, storm_guard="enabled", storm_alert="on")
    opt_out(me)
    toggle(me, "disabled")
    toggle(me, "enabled", evseStormEnabled=True)
    assert guard(me) == ("enabled", False, True)


def test_a_storm_by_its_own_switch_needs_no_guard_and_leaves_it_as_it_was(make: Make) -> None:
    """80."""
    sim, me = site(make)
    sim.set(storm=True)
    assert (guard(me), at_the_house(sim)) == (("active", True, False), BACKUP)
    assert [each["status"] for each in listed(me)["stormAlerts"]] == ["active"]
    sim.set(storm=False)
    assert (guard(me), at_the_house(sim)) == (("disabled", False, False), CALM)


def test_79_a_gateway_that_is_away_stays_in_full_backup(make: Make) -> None:
    sim, me = site(make, storm_guard="enabled", storm_alert="on")
    sim.set(gateway_online=False)
    toggle(me, "disabled")
    sim.advance(3600)
    assert (guard(me), at_the_house(sim)) == (("disabled", False, False), BACKUP)
    sim.set(gateway_online=True)
    sim.advance(10)
    assert at_the_house(sim) == CALM


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"stormGuardState": "active"},
        {"stormGuardState": True},
        {"evseStormEnabled": True},
        {"stormGuardState": "enabled", "evseStormEnabled": "yes"},
        [],
    ],
)
def test_a_malformed_toggle_is_a_400_and_changes_nothing(make: Make, body: object) -> None:
    _, me = site(make)
    assert me.battery("PUT", TOGGLE, json=body).status == 400
    assert guard(me) == ("disabled", False, False)


@pytest.mark.parametrize(
    "alerts",
    [
        None,
        [],
        ["severe"],
        [{"status": "opted-out"}],
        [{"id": "another", "status": "opted-out"}],
        [{"id": "@", "status": "active"}],
        [{"id": "@"}],
        [{"id": "@", "status": "opted-out"}, {"id": "another", "status": "opted-out"}],
    ],
    ids=str,
)
def test_a_malformed_opt_out_is_a_400_and_changes_nothing(make: Make, alerts: Any) -> None:
    _, me = site(make, storm_guard="enabled", storm_alert="on")
    text = to_json({"stormAlerts": alerts}).replace("@", listed(me)["stormAlerts"][0]["id"])
    assert me.battery("PUT", ALERTS, json=json.loads(text)).status == 400
    assert guard(me) == ("active", True, False)


def test_nobody_opts_out_of_an_alert_that_has_gone(make: Make) -> None:
    sim, me = site(make, storm_guard="enabled", storm_alert="on")
    gone = [{**each, "status": "opted-out"} for each in listed(me)["stormAlerts"]]
    sim.set(storm_alert="off")
    assert me.battery("PUT", ALERTS, json={"stormAlerts": gone}).status == 400


@pytest.mark.parametrize(("switches", "status"), [({"user_role": "none"}, 403), ({"show_storm_guard": False}, 400)])
def test_who_may_not_and_a_site_without_it_are_refused(make: Make, switches: dict[str, object], status: int) -> None:
    """Section 6.1."""
    _, me = site(make, storm_alert="on", **switches)
    assert read(me, SITE_SETTINGS)["showStormGuard"] is switches.get("show_storm_guard", True)
    assert (toggle(me, "enabled").status, opt_out(me).status) == (status, status)
    assert guard(me) == ("disabled", False, False)


@pytest.mark.parametrize("path", [ALERTS, TOGGLE])
def test_a_write_needs_its_xsrf_token(make: Make, path: str) -> None:
    """27."""
    _, me = site(make)
    body = {"stormGuardState": "enabled"}
    assert me.battery("PUT", path, headers={"x-xsrf-token": ""}, json=body).status == 403
    assert guard(me) == ("disabled", False, False)


def test_the_owner_toggles_it_in_the_app(make: Make) -> None:
    """80."""
    sim, me = site(make, storm_alert="on")
    body = to_json({"stormGuardState": "enabled", "evseStormEnabled": True}).encode()
    assert sim.handle(Request("PUT", "/__control/app/stormGuard", body=body)).status == 200
    assert (guard(me), at_the_house(sim)) == (("active", True, True), CALM)
    sim.advance(10)
    assert at_the_house(sim) == BACKUP
    sim.act_as_app(storm_guard={"stormGuardState": "disabled"})
    assert guard(me) == ("disabled", False, True)


def test_its_switch_sets_it_at_once(make: Make) -> None:
    sim, me = site(make, storm_alert="on")
    sim.set(storm_guard="enabled")
    assert (guard(me), at_the_house(sim)) == (("active", True, False), BACKUP)
    toggle(me, "disabled")
    sim.set(storm_guard="enabled")  # though the switch says so already
    assert guard(me) == ("active", True, False)


def test_a_merged_settings_write_leaves_it_alone(make: Make) -> None:
    """Section 6.3."""
    _, me = site(make)
    assert me.put({**read(me), "stormGuardState": "enabled", "evseStormEnabled": True}).status == 200
    assert guard(me) == ("disabled", False, False)


def test_93_the_guard_is_shown_at_once_and_never_on_its_way(make: Make) -> None:
    _, me = site(make, requested_config="on")
    me.put({"veryLowSoc": 15})
    before = read(me)["requestedConfig"]
    toggle(me, "enabled")
    assert (guard(me), read(me)["requestedConfig"]) == (("enabled", False, False), before)


def test_77_a_late_read_lags_behind_the_toggle(make: Make) -> None:
    sim, me = site(make)
    sim.advance(60)
    sim.set(read_lag=30)
    toggle(me, "enabled")
    assert guard(me)[0] == "disabled"
    sim.advance(30)
    assert guard(me)[0] == "enabled"


def test_a_storm_brings_no_profile_along(make: Make) -> None:
    """96: it changes nothing that is stored."""
    sim, me = site(make)
    sim.act_as_app(chargeFromGrid=True, batteryBackupPercentage=40)
    sim.set(storm_guard="enabled", storm_alert="on")
    me.put({"batteryBackupPercentage": 60})
    sim.set(storm_alert="off")
    assert (read(me)["batteryBackupPercentage"], read(me)["chargeFromGrid"]) == (60, True)
    sim.advance(10)
    assert at_the_house(sim) == ("Self-Consumption", 60, True)
