"""While only the gateway's word on an entry is awaited the list alone is asked; a verdict rests on both reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.verdict import Outcome
from enphase_battery.errors import Unreachable
from tests.unit.small_home import SmallHome

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
LIST, SWITCHES, BOTH = "read the list", "read the switches", "read"


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home in which charging was just wished on: the cloud shows the switch, and the gateway takes ten seconds."""
    home = SmallHome(tmp_path, has_schedules=True)
    await home.coordinator.poll()
    await home.flip(CHARGE, True)
    assert home.report(CHARGE).outcome is Outcome.PENDING
    home.cloud.log.clear()
    return home


@pytest.fixture
def silent(home: SmallHome) -> SmallHome:
    """The same home, with a gateway that does not take the entry."""
    home.cloud.activation = None
    home.cloud.stored = {key: replace(one, active_from=None) for key, one in home.cloud.stored.items()}
    return home


def asked(home: SmallHome) -> list[str]:
    """Return what the cloud was asked since the last call."""
    log, home.cloud.log = home.cloud.log, []
    return log


async def test_the_switches_are_read_only_once_the_gateway_has_the_entry(home: SmallHome) -> None:
    await home.wait(seconds=5)
    assert asked(home) == [LIST]
    assert home.report(CHARGE).outcome is Outcome.PENDING
    await home.wait(seconds=5)
    assert asked(home) == [LIST, SWITCHES]
    assert home.report(CHARGE).outcome is Outcome.CONFIRMED


async def test_the_longer_the_gateway_takes_the_more_rarely_the_list_is_asked(silent: SmallHome) -> None:
    for _ in range(80):
        await silent.wait(seconds=1)
    assert asked(silent) == [LIST] * 5  # after 5, 10, 20, 40 and 80 seconds


async def test_nothing_is_confirmed_by_the_list_when_the_switch_is_off_by_then(home: SmallHome) -> None:
    def somebody_switches_off(action: str) -> None:
        home.cloud.on[CHARGE] = False

    home.cloud.meanwhile = somebody_switches_off
    await home.wait(seconds=10)
    assert asked(home) == [LIST, SWITCHES]
    assert home.report(CHARGE).outcome is Outcome.PENDING


async def test_nothing_is_confirmed_by_the_list_when_the_switches_cannot_be_read(home: SmallHome) -> None:
    home.cloud.trouble["read"] = [None, Unreachable("down")]
    await home.wait(seconds=10)
    assert home.report(CHARGE).outcome is Outcome.PENDING
    asked(home)
    await home.wait(minutes=1)
    assert asked(home) == [BOTH]
    assert home.report(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_wish_that_comes_meanwhile_is_judged_by_a_fresh_read_of_both(silent: SmallHome) -> None:
    silent.clock.now += timedelta(seconds=5)
    await silent.flip(DISCHARGE, False)  # which it is, by the last read
    assert asked(silent) == [BOTH]


async def test_what_somebody_may_have_changed_is_looked_at_a_second_time_meanwhile(silent: SmallHome) -> None:
    await silent.wait(minutes=3)
    silent.cloud.on[DISCHARGE] = True
    await silent.wait(seconds=1, poll=True)
    asked(silent)
    await silent.wait(minutes=1)
    assert asked(silent)[0] == BOTH
    assert silent.coordinator.wishes.wanted()[DISCHARGE].intent.on


async def test_before_an_entry_is_applied_again_the_switches_are_read(silent: SmallHome) -> None:
    log: list[str] = []
    while "write charge_from_grid on" not in log:
        await silent.wait(seconds=10)
        log = asked(silent)
    assert log[:2] == [LIST, SWITCHES]


async def test_where_the_list_alone_fails_the_wish_goes_on_waiting_for_the_gateway(home: SmallHome) -> None:
    home.cloud.list_answers = False
    await home.wait(seconds=10)
    assert asked(home) == [LIST, BOTH]
    assert "waiting for the gateway" in home.why(CHARGE)
    await home.wait(minutes=5)
    assert asked(home) == [BOTH]
    home.cloud.list_answers = True
    await home.wait(minutes=6)
    assert home.report(CHARGE).outcome is Outcome.CONFIRMED


async def test_an_outage_meanwhile_costs_one_read_with_each_try(silent: SmallHome) -> None:
    silent.cloud.trouble["read"] = [Unreachable("down")] * 99
    await silent.wait(seconds=5)
    assert asked(silent) == [LIST, BOTH]
    for _ in range(5):
        await silent.wait(minutes=1)
    assert set(asked(silent)) == {BOTH}


async def test_an_entry_of_restrict_discharge_is_known_by_the_list_before_its_switch_may_take_it_away(
    home: SmallHome,
) -> None:
    home.cloud.sweeps = True
    await home.flip(CHARGE, False)
    asked(home)
    await home.flip(RESTRICT, True)
    create = "create restrict battery discharge 00:00-23:59 every day"
    assert asked(home)[:4] == [BOTH, create, LIST, "validate restrict_discharge short"]
