"""Statements 95 and 98: what charge from grid does where there are no entries, and in full backup (section 15.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from simulator import Simulator, Stretch
from simulator.browser import entry

Make = Callable[..., Simulator]
NOON = datetime(2026, 7, 15, 12, 0, tzinfo=timezone.utc)
SITES: list[dict[str, Any]] = [{"auth_era": "2025-07"}, {"schedules_not_supported": ["cfg", "dtg", "rbd"]}]
ON = {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": False}
WINDOW = {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True}

pytestmark = pytest.mark.parametrize("site", SITES, ids=["2025-07", "not supported"])


def build(make: Make, site: dict[str, Any], **switches: Any) -> Simulator:
    return make(**{"activation_delay": 0, "house_kw": 0.0, **site, **switches})


def soc(sim: Simulator) -> float:
    return round(sim.world.site.battery().soc, 6)


def charges(sim: Simulator) -> bool:
    gateway: Any = sim.model()["gateway"]
    return bool(gateway["charge_from_grid"])


def test_95_the_switch_alone_charges_up_to_the_reserve(make: Make, site: dict[str, Any]) -> None:
    sim = build(make, site)
    sim.act_as_app({**ON, "batteryBackupPercentage": 80})
    sim.advance(1800)
    assert soc(sim) == pytest.approx(50 + 19.2)
    sim.advance(6 * 3600)
    assert soc(sim) == 80
    assert sim.enforcement()["cfg"] == (Stretch(NOON, None, 80),)


def test_95_above_the_reserve_the_switch_does_nothing(make: Make, site: dict[str, Any]) -> None:
    """98, too: the battery feeds the house down to the reserve."""
    sim = build(make, site, house_kw=2.0)
    sim.act_as_app({**ON, "batteryBackupPercentage": 40})
    sim.advance(1800)
    assert soc(sim) == 40
    sim.advance(86_400)
    assert soc(sim) == 40
    assert charges(sim)


def test_98_raising_the_reserve_is_what_charges(make: Make, site: dict[str, Any]) -> None:
    sim = build(make, site)
    sim.act_as_app(ON)
    sim.advance(3600)
    assert soc(sim) == 50
    sim.act_as_app(batteryBackupPercentage=100)
    sim.advance(86_400)
    assert soc(sim) == 100
    assert [each.limit for each in sim.enforcement()["cfg"]] == [20, 100]


def test_without_the_switch_nothing_is_charged(make: Make, site: dict[str, Any]) -> None:
    """98."""
    sim = build(make, site)
    sim.act_as_app(batteryBackupPercentage=100)
    sim.advance(86_400)
    assert soc(sim) == 50
    assert not charges(sim)


@pytest.mark.parametrize("flag", [ON, WINDOW], ids=["switch", "window"])
def test_95_in_full_backup_it_charges_to_100(make: Make, site: dict[str, Any], flag: dict[str, Any]) -> None:
    sim = build(make, site, profile="backup_only")
    sim.act_as_app({**flag, "chargeBeginTime": 0, "chargeEndTime": 1439})
    sim.advance(2 * 3600)
    assert soc(sim) == 100
    assert sim.enforcement()["cfg"] == (Stretch(NOON, None, 100),)


def test_95_inside_the_daily_window_it_charges_to_100_every_day_and_outside_not(
    make: Make, site: dict[str, Any]
) -> None:
    """01:00 to 03:00 in London is 00:00 to 02:00 in UTC."""
    sim = build(make, site)
    sim.act_as_app({**WINDOW, "chargeBeginTime": 60, "chargeEndTime": 180, "batteryBackupPercentage": 90})
    sim.advance(12 * 3600 - 1)
    assert (soc(sim), charges(sim)) == (50, False)
    sim.advance(1 + 3600)
    assert soc(sim) == pytest.approx(50 + 38.4)
    assert charges(sim)
    sim.advance(3600)
    assert (soc(sim), charges(sim)) == (100, False)
    sim.advance(2 * 86_400)
    nights = [NOON + timedelta(hours=12, days=day) for day in range(3)]
    assert sim.enforcement()["cfg"] == tuple(Stretch(night, night + timedelta(hours=2), 100) for night in nights)


def test_95_a_window_confines_full_backup_too(make: Make, site: dict[str, Any]) -> None:
    sim = build(make, site, profile="backup_only")
    sim.act_as_app({**WINDOW, "chargeBeginTime": 60, "chargeEndTime": 180})
    sim.advance(12 * 3600)
    assert soc(sim) == 50
    sim.advance(3600)
    assert soc(sim) > 80


def test_a_daily_window_over_midnight_follows_the_local_clock(make: Make, site: dict[str, Any]) -> None:
    """95."""
    sim = build(make, site, timezone="US/Eastern")
    sim.act_as_app({**WINDOW, "chargeBeginTime": 1380, "chargeEndTime": 60})
    sim.advance(86_400)
    start = NOON + timedelta(hours=15)
    assert sim.enforcement()["cfg"] == (Stretch(start, start + timedelta(hours=2), 100),)


def test_a_window_that_is_empty_never_charges(make: Make, site: dict[str, Any]) -> None:
    """95."""
    sim = build(make, site)
    sim.act_as_app({**WINDOW, "chargeBeginTime": 60, "chargeEndTime": 60, "batteryBackupPercentage": 100})
    sim.advance(86_400)
    assert (soc(sim), sim.enforcement()["cfg"]) == (50, ())


def test_full_backup_overrides_discharge_and_hold_only(make: Make, site: dict[str, Any]) -> None:
    """95, S15."""
    sim = build(make, site)
    sim.act_as_app({**ON, "dtgControl": {"enabled": True}, "rbdControl": {"enabled": True}})
    sim.set(profile="backup_only")
    assert sim.model()["gateway"] == {
        "online": True,
        "charge_from_grid": True,
        "discharge_to_grid": False,
        "restrict_discharge": False,
    }


def test_full_backup_is_no_override_of_a_charge_window_either(make: Make, site: dict[str, Any]) -> None:
    """95. On a site with entries: the window shows, and the battery goes on to 100 with or without it."""
    del site  # entries are what this one is about
    sim = build(make, {}, profile="backup_only")
    sim.act_as_app(chargeFromGrid=True, chargeFromGridScheduleEnabled=True, create=entry("CFG", "13:00", "14:00"))
    assert charges(sim)
    sim.set_soc(85)
    sim.advance(3599)
    assert (soc(sim), charges(sim)) == (100, True)
    sim.advance(1)
    assert not charges(sim)
    assert [each.limit for each in sim.enforcement()["cfg"]] == [90]


def test_a_storm_and_an_event_keep_the_daily_window_from_working(make: Make, site: dict[str, Any]) -> None:
    """80."""
    sim = build(make, site)
    sim.act_as_app({**WINDOW, "chargeBeginTime": 0, "chargeEndTime": 1439})
    assert sim.enforcement()["cfg"] == (Stretch(NOON, None, 100),)
    sim.set(dr_event=True)
    sim.advance(3600)
    assert soc(sim) == 50
    sim.set(dr_event=False, storm=True)
    sim.act_as_app(chargeBeginTime=0, chargeEndTime=60)  # it is full backup, and no window confines it
    sim.advance(2 * 3600)
    assert soc(sim) == 100
