"""The second flag of charge from grid goes off with the app's last entry, however often and how quickly that comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Source
from enphase_battery.errors import EnlightenError, Refused, Unreachable
from tests.unit.small_home import SmallHome

CHARGE = Control.CHARGE_FROM_GRID
FLIP = {"command": "set", "control": "charge_from_grid", "state": "on"}
BOOST = {**FLIP, "duration": 3600}


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    home = SmallHome(tmp_path, has_schedules=True)
    await home.coordinator.poll()
    return home


@pytest.mark.parametrize("one_flag", [True, False], ids=["the flag follows", "the flag is told"])
@pytest.mark.parametrize("wish", [FLIP, BOOST], ids=["flip", "boost"])
@pytest.mark.parametrize("lag", [0, 20], ids=lambda seconds: f"reads {seconds} s late")
@pytest.mark.parametrize("gap", [30, 60, 140])
async def test_the_second_flag_goes_off_with_each_off(
    home: SmallHome, one_flag: bool, wish: dict[str, object], lag: int, gap: int
) -> None:
    home.cloud.one_flag, home.cloud.lag = one_flag, timedelta(seconds=lag)
    for _ in range(3):
        await home.command(**wish)
        for _ in range(gap // 10):
            await home.wait(seconds=10)
        assert home.cloud.charge_schedule_on
        await home.command(command="set", control="charge_from_grid", state="off")
        for _ in range(gap // 10):
            await home.wait(seconds=10)
        assert (home.cloud.on[CHARGE], home.cloud.charge_schedule_on) == (False, False)
        assert home.cloud.entries() == []


@pytest.mark.parametrize("fault", [Unreachable("no line"), Refused("no")], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("action", ["delete", "answer to delete", "write", "answer to write"])
async def test_the_second_flag_goes_off_although_something_fails(
    home: SmallHome, fault: EnlightenError, action: str
) -> None:
    for _ in range(2):
        await home.command(**FLIP)
        await home.wait(seconds=30)
        home.cloud.trouble[action] = [fault]
        await home.flip(CHARGE, False, Source.TOGGLE)
        for _ in range(12):
            await home.wait(seconds=10)
        assert not home.cloud.charge_schedule_on
        assert home.cloud.entries() == []


async def test_the_second_flag_goes_off_again_where_a_person_switches_only_the_first_off(home: SmallHome) -> None:
    await home.command(**FLIP)
    await home.wait(seconds=30)
    await home.command(command="set", control="charge_from_grid", state="off")
    await home.wait(seconds=10)
    await home.command(**FLIP)
    await home.wait(seconds=10)
    home.cloud.on[CHARGE] = False
    await home.wait(seconds=115, poll=True)
    for _ in range(8):
        await home.wait(seconds=10)
    assert home.cloud.entries() == []
    assert not home.cloud.charge_schedule_on


async def test_a_flag_that_the_cloud_leaves_on_is_told_so_once_in_five_minutes(home: SmallHome) -> None:
    await home.command(**FLIP)
    await home.wait(seconds=30)
    home.cloud.meanwhile = lambda action: setattr(home.cloud, "charge_schedule_on", True)
    home.cloud.writes()
    await home.command(command="set", control="charge_from_grid", state="off")
    for _ in range(6):
        await home.wait(minutes=1, poll=True)
    told = [one for one in home.cloud.writes() if one.endswith("-schedule")]
    assert len(told) == 2
