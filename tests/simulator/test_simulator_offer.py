"""Sections 6.1, 6.3 and 6.8, statements 33 and 80: what the site offers, to whom, and what overrides its windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, SCHEDULES, SETTINGS, Browser, document, entry

Make = Callable[..., Simulator]
ALL = ["cfg", "dtg", "rbd"]
ON: dict[str, dict[str, Any]] = {
    "cfg": {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True},
    "dtg": {"dtgControl": {"enabled": True}},
    "rbd": {"rbdControl": {"enabled": True}},
}
NAMES = {"cfg": "charge_from_grid", "dtg": "discharge_to_grid", "rbd": "restrict_discharge"}
DISCLAIMER = f"{API}/batterySettings/acceptDisclaimer/{SITE_ID}"


def enforced(sim: Simulator) -> set[str]:
    gateway: Any = sim.model()["gateway"]
    return {family for family, name in NAMES.items() if gateway[name]}


def stored(sim: Simulator, family: str) -> bool:
    settings = sim.world.site.state().settings
    is_on = {"dtg": settings.discharge_to_grid, "rbd": settings.restrict_discharge}
    return settings.charge_from_grid or settings.charge_schedule if family == "cfg" else is_on[family]


def site_settings(me: Browser) -> dict[str, Any]:
    return dict(document(me.battery("GET", f"{API}/siteSettings/{SITE_ID}"))["data"])


def soc(sim: Simulator) -> float:
    return round(sim.world.site.battery().soc, 3)


# -- who the user is


@pytest.mark.parametrize(
    ("role", "owner", "installer"), [("owner", True, False), ("installer", False, True), ("none", False, False)]
)
def test_the_site_settings_tell_the_users_role(make: Make, role: str, *, owner: bool, installer: bool) -> None:
    user = site_settings(Browser(make(user_role=role)).sign_in())["userDetails"]
    assert (user["isOwner"], user["isInstaller"], user["isHost"]) == (owner, installer, False)


def test_a_user_without_a_role_reads_everything_and_writes_nothing(make: Make) -> None:
    sim = make(user_role="none")
    me, entry_id = Browser(sim).sign_in(), sim.act_as_app(create=entry("DTG", "17:00", "19:00"))
    before = sim.world.site.state()
    writes: list[tuple[str, str, object]] = [
        ("PUT", SETTINGS, ON["cfg"]),
        ("POST", DISCLAIMER, {"disclaimer-type": "itc"}),
        ("POST", SCHEDULES, entry("CFG", "01:00", "02:00")),
        ("PUT", f"{SCHEDULES}/{entry_id}", entry("DTG", "17:00", "18:00")),
        ("POST", f"{SCHEDULES}/{entry_id}/delete", {}),
    ]
    for method, path, body in writes:
        answer = me.battery(method, path, json=body)
        assert (answer.status, document(answer)["error"]) == (403, "Forbidden"), path
    assert sim.world.site.state() is before
    assert me.validate("dtg").status == 200
    assert me.schedules()["dtg"]["count"] == 1


def test_an_installer_may_write(make: Make) -> None:
    me = Browser(make(user_role="installer")).sign_in()
    me.put(ON["dtg"])
    assert me.settings()["dtgControl"]["enabled"] is True


# -- families that are locked or missing


@pytest.mark.parametrize("family", ALL)
def test_a_locked_family_says_so_and_ignores_a_successful_write(make: Make, family: str) -> None:
    me = Browser(sim := make(locked=[family])).sign_in()
    others = [each for each in ALL if each != family]
    settings = me.settings()
    assert settings[f"{family}Control"]["locked"] is True
    assert not any(settings[f"{other}Control"]["locked"] for other in others)
    answer = me.put({key: value for each in ALL for key, value in ON[each].items()})
    assert document(answer) == {"message": "success"}
    assert not stored(sim, family)
    assert all(stored(sim, other) for other in others)


def test_a_locked_family_needs_no_validation_for_what_it_ignores(make: Make) -> None:
    """50."""
    me = Browser(sim := make(locked=["cfg"], isvalid_required=True)).sign_in()
    me.validate("dtg")
    me.put({**ON["cfg"], **ON["dtg"]})
    assert stored(sim, "dtg")


@pytest.mark.parametrize("family", ALL)
def test_a_missing_control_is_null_and_decides_nothing_by_itself(make: Make, family: str) -> None:
    me = Browser(sim := make(control_missing=[family], activation_delay=0)).sign_in()
    settings = me.settings()
    assert [each for each in ALL if settings[f"{each}Control"] is None] == [family]
    assert ("chargeFromGrid" in settings) is (family != "cfg")
    assert "chargeFromGridScheduleEnabled" in settings
    me.create(family.upper(), "12:00", "18:00")
    me.put(ON[family])
    assert enforced(sim) == {family}


@pytest.mark.parametrize("family", ALL)
def test_show_false_decides_nothing_by_itself(make: Make, family: str) -> None:
    me = Browser(sim := make(show_false=[family], activation_delay=0)).sign_in()
    settings = me.settings()
    assert [each for each in ALL if not settings[f"{each}Control"]["show"]] == [family]
    me.create(family.upper(), "12:00", "18:00")
    me.put(ON[family])
    assert enforced(sim) == {family}


@pytest.mark.parametrize(
    ("family", "sign"),
    [("cfg", "control_missing"), ("dtg", "control_missing"), ("dtg", "show_false"), ("rbd", "show_false")],
)
def test_a_family_with_two_signs_is_missing_and_takes_neither_entry_nor_switch(
    make: Make, family: str, sign: str
) -> None:
    me = Browser(sim := make(activation_delay=0, schedules_not_supported=[family], **{sign: [family]})).sign_in()
    assert me.schedules()[family]["scheduleStatus"] == "not_supported"
    assert me.battery("POST", SCHEDULES, json=entry(family.upper(), "12:00", "18:00")).status == 400
    assert me.put(ON[family]).status == 200
    assert not stored(sim, family)
    assert enforced(sim) == set()


def test_charging_that_is_only_not_shown_still_obeys_its_switch(make: Make) -> None:
    me = Browser(sim := make(activation_delay=0, schedules_not_supported=["cfg"], show_false=["cfg"])).sign_in()
    me.put({"chargeFromGrid": True})
    assert enforced(sim) == {"cfg"}


def test_a_family_that_goes_missing_is_no_longer_enforced(make: Make) -> None:
    me = Browser(sim := make(activation_delay=0, schedules_not_supported=["rbd"])).sign_in()
    me.put(ON["rbd"])
    assert enforced(sim) == {"rbd"}
    sim.set(control_missing=["rbd"])
    assert enforced(sim) == set()


@pytest.mark.parametrize("present", [[], ["cfg"], ["dtg"], ["rbd"], ["cfg", "rbd"], ["dtg", "rbd"], ALL])
def test_a_site_may_have_any_of_the_families(make: Make, present: list[str]) -> None:
    gone = [family for family in ALL if family not in present]
    me = Browser(sim := make(activation_delay=0, schedules_not_supported=gone, control_missing=gone)).sign_in()
    for hour, family in enumerate(ALL):
        body = entry(family.upper(), f"{hour:02}:00", f"{hour + 1:02}:00")
        assert me.battery("POST", SCHEDULES, json=body).status == (200 if family in present else 400)
        me.put(ON[family])
        assert stored(sim, family) is (family in present)


# -- hints and the grid agreement


@pytest.mark.parametrize("mode", ["ImportExport", "ImportOnly", "something new"])
def test_the_grid_mode_is_told_twice_and_enforced_never(make: Make, mode: str) -> None:
    me = Browser(sim := make(grid_mode=mode, activation_delay=0)).sign_in()
    assert (me.settings()["batteryGridMode"], site_settings(me)["batteryGridMode"]) == (mode, mode)
    me.create("DTG", "12:00", "18:00")
    me.put(ON["dtg"])
    assert enforced(sim) == {"dtg"}


def test_the_grid_mode_may_be_absent(make: Make) -> None:
    me = Browser(make(grid_mode="")).sign_in()
    assert "batteryGridMode" not in me.settings()
    assert "batteryGridMode" not in site_settings(me)


def test_the_hints_about_charging_decide_nothing(make: Make) -> None:
    me = Browser(make()).sign_in()
    assert (me.settings()["hideChargeFromGrid"], site_settings(me)["showChargeFromGrid"]) == (False, True)
    me = Browser(sim := make(hide_charge_from_grid=True, show_charge_from_grid=False, activation_delay=0)).sign_in()
    assert (me.settings()["hideChargeFromGrid"], site_settings(me)["showChargeFromGrid"]) == (True, False)
    me.create("CFG", "12:00", "18:00")
    me.put(ON["cfg"])
    assert enforced(sim) == {"cfg"}


# -- what overrides windows


OVERRIDES = [{"storm": True}, {"dr_event": True}, {"profile": "backup_only"}]


@pytest.mark.parametrize("override", OVERRIDES, ids=str)
@pytest.mark.parametrize("switches", [{}, {"schedules_not_supported": ALL}], ids=["entries", "switches"])
def test_80_an_override_keeps_every_window_from_working_and_lets_it_go_on_afterwards(
    make: Make, override: dict[str, object], switches: dict[str, object]
) -> None:
    sim = make(activation_delay=0, **switches)
    sim.act_as_app(ON["dtg"])
    if not switches:
        sim.act_as_app(create=entry("DTG", "12:00", "18:00"))
    assert enforced(sim) == {"dtg"}
    before = sim.world.switches
    sim.set(**override)
    assert enforced(sim) == set()
    sim.set(**{name: getattr(before, name) for name in override})
    assert enforced(sim) == {"dtg"}


@pytest.mark.parametrize(
    ("switches", "member", "value"),
    [
        ({}, "stormGuardState", "disabled"),
        ({"storm": True}, "stormGuardState", "active"),
        ({}, "drEventActive", False),
        ({"dr_event": True}, "drEventActive", True),
        ({}, "profile", "self-consumption"),
        ({"profile": "cost_savings"}, "profile", "cost_savings"),
        ({"profile": "a new one"}, "profile", "a new one"),
        ({"profile": "backup_only"}, "batteryBackupPercentage", 100),
        ({"profile": "cost_savings"}, "batteryBackupPercentage", 20),
    ],
)
@pytest.mark.parametrize("path", [SETTINGS, f"{API}/profile/{SITE_ID}"])
def test_reads_name_the_override(
    make: Make, switches: dict[str, object], member: str, value: object, path: str
) -> None:
    """80, 86."""
    me = Browser(make(**switches)).sign_in()
    assert document(me.battery("GET", path))["data"][member] == value


@pytest.mark.parametrize(
    ("switches", "mode"),
    [
        ({}, "Self-Consumption"),
        ({"storm": True}, "Full Backup"),
        ({"profile": "backup_only"}, "Full Backup"),
        ({"profile": "cost_savings"}, "Savings"),
        ({"profile": "a new one"}, "a new one"),
    ],
)
def test_the_battery_status_names_the_mode(make: Make, switches: dict[str, object], mode: str) -> None:
    """Section 6.2."""
    me = Browser(make(**switches)).sign_in()
    status = document(me.send("GET", f"/pv/settings/{SITE_ID}/battery_status.json"))
    assert status["storages"][0]["battery_mode"] == mode


def test_full_backup_keeps_what_is_in_the_battery(make: Make) -> None:
    """Section 6.5."""
    sim = make(storm=True)
    sim.advance(86_400)
    assert soc(sim) == 50
    sim.set(storm=False)
    sim.advance(3600)
    assert soc(sim) == 45


def test_full_backup_fills_from_the_grid_where_that_is_allowed(make: Make) -> None:
    """Section 6.5."""
    sim = make(profile="backup_only", activation_delay=0)
    sim.act_as_app(chargeFromGrid=True)
    sim.advance(86_400)
    assert soc(sim) == 100


@pytest.mark.parametrize("profile", ["cost_savings", "ai_optimisation"])
def test_other_profiles_leave_windows_alone(make: Make, profile: str) -> None:
    sim = make(profile=profile, activation_delay=0)
    sim.act_as_app(ON["dtg"], create=entry("DTG", "12:00", "18:00"))
    assert enforced(sim) == {"dtg"}


# -- windows over midnight


def test_a_site_may_refuse_windows_over_midnight_from_everybody(make: Make) -> None:
    """C28."""
    me = Browser(sim := make(overnight_ok=False)).sign_in()
    assert me.battery("POST", SCHEDULES, json=entry("CFG", "22:00", "05:00")).status == 400
    with pytest.raises(ValueError, match="endTime is before startTime"):
        sim.act_as_app(create=entry("CFG", "22:00", "05:00"))
    path = f"{SCHEDULES}/{me.create('CFG', '22:00', '23:59')}"
    assert me.battery("PUT", path, json=entry("CFG", "22:00", "05:00")).status == 400
    assert me.schedules()["cfg"]["details"][0]["endTime"] == "23:59"


def test_a_site_takes_windows_over_midnight_unless_told_otherwise(make: Make) -> None:
    """C28."""
    me = Browser(make()).sign_in()
    me.create("CFG", "22:00", "05:00")
    (stored,) = me.schedules()["cfg"]["details"]
    assert (stored["startTime"], stored["endTime"]) == ("22:00", "05:00")
