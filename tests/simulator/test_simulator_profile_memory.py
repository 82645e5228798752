"""Statement 96: each profile has a reserve and a charge switch of its own, which a profile write brings along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import SITE_ID, Simulator, Switches
from simulator.account import GATEWAY_SERIAL
from simulator.browser import API, SETTINGS, Browser, document

Make = Callable[..., Simulator]
PROFILE = f"{API}/profile/{SITE_ID}"
CANCEL = f"{API}/cancel/profile/{SITE_ID}"
PENDING = {"pendingGateways": [GATEWAY_SERIAL]}
HOME = ("self-consumption", 40, True)
NOON = datetime(2026, 7, 15, 12, 0, tzinfo=timezone.utc)
SAVINGS = ("cost_savings", 55, False)
BACKUP = ("backup_only", 100, False)
Write = Callable[[Browser, str], int]


def by_profile(me: Browser, profile: str) -> int:
    return me.battery("PUT", PROFILE, json={"profile": profile}).status


def by_settings(me: Browser, profile: str) -> int:
    return me.put({"profile": profile}).status


WRITES = pytest.mark.parametrize("write", [by_profile, by_settings])


def read(me: Browser, path: str = SETTINGS) -> dict[str, Any]:
    return dict(document(me.battery("GET", path))["data"])


def own(me: Browser) -> tuple[str, int, bool]:
    """Return profile, reserve and charge switch as the settings show them."""
    data = read(me)
    return data["profile"], data["batteryBackupPercentage"], data["chargeFromGrid"]


def at_the_gateway(sim: Simulator) -> tuple[int, bool]:
    now = sim.world.site.enforced()
    return now.reserve, now.base_charge


def lived_in(make: Make, **switches: Any) -> tuple[Simulator, Browser]:
    """Return a site in self-consumption whose owner has told it and savings different things."""
    sim = make(session_ttl=864_000, profile="cost_savings", profile_delay=0, activation_delay=0)
    sim.act_as_app(batteryBackupPercentage=SAVINGS[1], chargeFromGrid=SAVINGS[2])
    sim.set(profile="self-consumption")
    sim.act_as_app(batteryBackupPercentage=HOME[1], chargeFromGrid=HOME[2])
    sim.set(**{"profile_delay": 10.0, "profile_first_charge": "off", **switches})
    return sim, Browser(sim).sign_in()


@WRITES
def test_96_a_profile_brings_its_own_reserve_and_charge_switch_along(make: Make, write: Write) -> None:
    sim, me = lived_in(make)
    for told, gateway in ((SAVINGS, (55, False)), (HOME, (40, True)), (BACKUP, (100, False)), (HOME, (40, True))):
        before = own(me)
        assert write(me, told[0]) == 200
        sim.advance(9)
        assert own(me) == before
        assert read(me, PROFILE)["isBatteryChangePending"] is True
        sim.advance(1)
        assert own(me) == told
        assert at_the_gateway(sim) == gateway
        assert read(me, PROFILE)["batteryBackupPercentage"] == told[1]
        assert read(me, PROFILE)["isBatteryChangePending"] is False


def test_96_the_operators_profile_brings_them_along_too(make: Make) -> None:
    sim, me = lived_in(make)
    for told in (SAVINGS, BACKUP, HOME):
        sim.set(profile=told[0])
        assert own(me) == told


@WRITES
def test_93_96_what_comes_along_is_on_its_way_as_far_as_it_changes(make: Make, write: Write) -> None:
    sim, me = lived_in(make, requested_config="on")
    sim.advance(30)
    write(me, "cost_savings")
    told = {"profile": "cost_savings", "batteryBackupPercentage": 55, "chargeFromGrid": False, **PENDING}
    for wait in (0, 10, 559):
        sim.advance(wait)
        assert own(me) == HOME
        assert read(me)["requestedConfig"] == read(me, PROFILE)["requestedConfig"] == told
    assert at_the_gateway(sim) == (55, False)
    sim.advance(1)
    assert (own(me), read(me)["requestedConfig"]) == (SAVINGS, {})
    write(me, "backup_only")
    assert read(me)["requestedConfig"] == {"profile": "backup_only", "batteryBackupPercentage": 100, **PENDING}


@WRITES
def test_60_96_a_cancelled_profile_leaves_everything_as_it_was(make: Make, write: Write) -> None:
    sim, me = lived_in(make, requested_config="on")
    write(me, "cost_savings")
    assert me.battery("PUT", CANCEL, json={}).status == 200
    assert read(me)["requestedConfig"] == {}
    sim.advance(600)
    assert (own(me), at_the_gateway(sim)) == (HOME, (40, True))


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (PROFILE, {"profile": "cost_savings", "batteryBackupPercentage": 70}, ("cost_savings", 70, False)),
        (SETTINGS, {"profile": "cost_savings", "batteryBackupPercentage": 70}, ("cost_savings", 70, False)),
        (SETTINGS, {"profile": "cost_savings", "chargeFromGrid": True}, ("cost_savings", 55, True)),
        (SETTINGS, {"profile": "backup_only", "batteryBackupPercentage": 40}, BACKUP),
    ],
)
def test_96_what_a_write_says_beside_a_profile_is_meant_for_that_one(
    make: Make, path: str, body: dict[str, Any], told: tuple[str, int, bool]
) -> None:
    sim, me = lived_in(make)
    assert me.battery("PUT", path, json=body).status == 200
    assert own(me) == HOME
    sim.advance(10)
    assert own(me) == told
    by_profile(me, "self-consumption")
    sim.advance(10)
    assert own(me) == HOME


def test_96_the_rest_of_a_settings_write_with_a_profile_is_stored_at_once(make: Make) -> None:
    sim, me = lived_in(make)
    me.put({"profile": "cost_savings", "operationModeSubType": "prioritize-energy", "veryLowSoc": 15})
    assert (read(me)["veryLowSoc"], read(me)["profile"], read(me)["operationModeSubType"]) == (
        15,
        "self-consumption",
        "",
    )
    sim.advance(10)
    assert (read(me)["profile"], read(me)["operationModeSubType"]) == ("cost_savings", "prioritize-energy")


@pytest.mark.parametrize("reserve", [100, 50])
def test_96_full_backup_overwrites_no_reserve_but_its_own_which_stays(make: Make, reserve: int) -> None:
    """Sections 6.2, 15.2: also by the whole document, as the merged write sends it."""
    sim, me = lived_in(make, profile="backup_only")
    assert me.put({**read(me), "batteryBackupPercentage": reserve}).status == 200
    assert own(me) == BACKUP
    assert me.put({"batteryBackupPercentage": reserve}).status == 200
    assert own(me) == BACKUP
    assert read(me)["previousBatteryBackupPercentage"]["self-consumption"] == 40
    by_profile(me, "self-consumption")
    sim.advance(10)
    assert (own(me), at_the_gateway(sim)) == (HOME, (40, True))


def test_96_the_charge_switch_of_full_backup_is_its_own(make: Make) -> None:
    sim, me = lived_in(make, profile="backup_only")
    me.put({"chargeFromGrid": True})
    assert own(me) == ("backup_only", 100, True)
    sim.set(profile="cost_savings")
    assert own(me) == SAVINGS
    sim.set(profile="backup_only")
    assert own(me) == ("backup_only", 100, True)


def test_96_reads_tell_the_reserve_of_every_profile(make: Make) -> None:
    """Section 6.2."""
    sim, me = lived_in(make)
    told = {"self-consumption": 40, "cost_savings": 55, "backup_only": 100}
    for path in (SETTINGS, PROFILE):
        assert read(me, path)["previousBatteryBackupPercentage"] == told
    sim.set(profile="ai_optimisation")
    assert read(me)["previousBatteryBackupPercentage"] == {**told, "ai_optimisation": 20}


@pytest.mark.parametrize(("first", "charges"), [("follows", True), ("off", False), ("on", True)])
@pytest.mark.parametrize(("profile", "reserve"), [("cost_savings", 30), ("backup_only", 100), ("ai_optimisation", 20)])
def test_96_a_profile_never_in_use_has_a_reserve_of_its_own_and_a_charge_switch_by_switch(
    make: Make, first: str, profile: str, reserve: int, *, charges: bool
) -> None:
    me = Browser(sim := make(profile_first_charge=first)).sign_in()
    sim.act_as_app(chargeFromGrid=True, batteryBackupPercentage=60)
    by_settings(me, profile)
    sim.advance(10)
    assert own(me) == (profile, reserve, charges)


def test_61_96_a_write_while_a_profile_is_pending_is_meant_for_that_one(make: Make) -> None:
    sim, me = lived_in(make)
    by_profile(me, "cost_savings")
    me.put({"batteryBackupPercentage": 65})
    by_profile(me, "cost_savings")  # once more; it says nothing of the reserve
    assert own(me) == HOME
    sim.advance(10)
    assert own(me) == ("cost_savings", 65, False)


def test_61_96_the_merged_write_of_a_read_takes_a_pending_profile_back(make: Make) -> None:
    sim, me = lived_in(make)
    by_profile(me, "cost_savings")
    me.put({**read(me), "veryLowSoc": 15})
    assert read(me, PROFILE)["isBatteryChangePending"] is False
    sim.advance(60)
    assert (own(me), read(me)["veryLowSoc"]) == (HOME, 15)


def test_93_96_a_merged_write_of_a_read_that_still_shows_the_old_profile_brings_it_back(make: Make) -> None:
    """The gateway has long taken the new one by then; the read is all that the writer went by."""
    sim, me = lived_in(make, requested_config="on")
    by_profile(me, "cost_savings")
    sim.advance(60)
    assert at_the_gateway(sim) == (55, False)
    me.put({**read(me), "veryLowSoc": 15})
    sim.advance(600)
    assert (own(me), at_the_gateway(sim), read(me)["veryLowSoc"]) == (HOME, (40, True), 15)


PROFILES = st.sampled_from(["self-consumption", "cost_savings", "backup_only", "ai_optimisation", "expert"])
STEPS = st.one_of(
    st.tuples(st.just(by_profile), PROFILES),
    st.tuples(st.just(by_settings), PROFILES),
    st.tuples(st.just("batteryBackupPercentage"), st.integers(10, 100)),
    st.tuples(st.just("chargeFromGrid"), st.booleans()),
)


@given(steps=st.lists(STEPS, max_size=12), reported_late=st.booleans())
def test_96_whatever_is_written_in_one_profile_says_nothing_of_another(
    steps: list[Any], *, reported_late: bool
) -> None:
    """Against a plain memory: by profile its reserve and its charge switch."""
    switches = {"profile_first_charge": "off", "requested_config": "on" if reported_late else "off"}
    sim = Simulator(Switches().changed({"session_ttl": 864_000, **switches}), clock=lambda: NOON, seed=1)
    me, profile = Browser(sim).sign_in(), "self-consumption"
    memory = {profile: (20, False), "cost_savings": (30, False), "backup_only": (100, False)}
    for what, value in steps:
        if callable(what):
            what(me, value)
            profile = value
        else:
            me.put({what: value})
            reserve, charges = memory[profile]
            is_reserve = what == "batteryBackupPercentage" and profile != "backup_only"
            memory[profile] = (value if is_reserve else reserve, charges if what != "chargeFromGrid" else value)
        memory.setdefault(profile, (20, False))
        sim.advance(10)
        assert at_the_gateway(sim) == memory[profile]
        sim.advance(600)
        assert own(me) == (profile, *memory[profile])
        assert read(me)["previousBatteryBackupPercentage"] == {name: own[0] for name, own in memory.items()}


def test_51_96_what_the_cloud_ignores_changes_no_profile(make: Make) -> None:
    _, me = lived_in(make, supports_mqtt=True)
    assert me.put({"profile": "cost_savings"}, source="enho").status == 200
    assert read(me, PROFILE)["isBatteryChangePending"] is False


def test_80_96_the_owner_changes_the_profile_in_the_app(make: Make) -> None:
    sim, me = lived_in(make)
    sim.act_as_app(profile="cost_savings")
    sim.advance(10)
    assert own(me) == SAVINGS


@pytest.mark.parametrize("body", [{"profile": 1}, {"profile": "cost_savings", "operationModeSubType": 1}])
def test_a_profile_in_the_settings_that_is_no_text_is_a_400(make: Make, body: dict[str, Any]) -> None:
    _, me = lived_in(make)
    assert me.put({**body, "veryLowSoc": 15}).status == 400
    assert (own(me), read(me)["veryLowSoc"]) == (HOME, 10)
    assert read(me, PROFILE)["isBatteryChangePending"] is False
