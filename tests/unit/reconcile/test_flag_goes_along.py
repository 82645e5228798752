"""The second flag of charge from grid goes off with the app's last entry, however often and how quickly that comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from enphase_battery.control.intent import Source
from enphase_battery.control.names import Control
from enphase_battery.errors import EnlightenError, Refused, Unreachable
from tests.unit.small_house import SmallHouse

CHARGE = Control.CHARGE_FROM_GRID
FLIP = {"command": "set", "control": "charge_from_grid", "state": "on"}
BOOST = {**FLIP, "duration": 3600}


@pytest.fixture
async def house(tmp_path: Path) -> SmallHouse:
    house = SmallHouse(tmp_path, has_schedules=True)
    await house.controller.poll()
    return house


@pytest.mark.parametrize("one_flag", [True, False], ids=["the flag follows", "the flag is told"])
@pytest.mark.parametrize("wish", [FLIP, BOOST], ids=["flip", "boost"])
@pytest.mark.parametrize("lag", [0, 20], ids=lambda seconds: f"reads {seconds} s late")
@pytest.mark.parametrize("gap", [30, 60, 140])
async def test_the_second_flag_goes_off_with_each_off(
    house: SmallHouse, one_flag: bool, wish: dict[str, object], lag: int, gap: int
) -> None:
    house.cloud.one_flag, house.cloud.lag = one_flag, timedelta(seconds=lag)
    for _ in range(3):
        await house.command(**wish)
        for _ in range(gap // 10):
            await house.wait(seconds=10)
        assert house.cloud.charge_schedule_on
        await house.command(command="set", control="charge_from_grid", state="off")
        for _ in range(gap // 10):
            await house.wait(seconds=10)
        assert (house.cloud.on[CHARGE], house.cloud.charge_schedule_on) == (False, False)
        assert house.cloud.entries() == []


@pytest.mark.parametrize("fault", [Unreachable("no line"), Refused("no")], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("action", ["delete", "answer to delete", "write", "answer to write"])
async def test_the_second_flag_goes_off_although_something_fails(
    house: SmallHouse, fault: EnlightenError, action: str
) -> None:
    for _ in range(2):
        await house.command(**FLIP)
        await house.wait(seconds=30)
        house.cloud.trouble[action] = [fault]
        await house.controller.flip(CHARGE, False, Source.TOGGLE)
        for _ in range(12):
            await house.wait(seconds=10)
        assert not house.cloud.charge_schedule_on
        assert house.cloud.entries() == []


async def test_the_second_flag_goes_off_again_where_a_person_switches_only_the_first_off(house: SmallHouse) -> None:
    await house.command(**FLIP)
    await house.wait(seconds=30)
    await house.command(command="set", control="charge_from_grid", state="off")
    await house.wait(seconds=10)
    await house.command(**FLIP)
    await house.wait(seconds=10)
    house.cloud.on[CHARGE] = False
    await house.wait(seconds=115, poll=True)
    for _ in range(8):
        await house.wait(seconds=10)
    assert house.cloud.entries() == []
    assert not house.cloud.charge_schedule_on


async def test_a_flag_that_the_cloud_leaves_on_is_told_so_once_in_five_minutes(house: SmallHouse) -> None:
    await house.command(**FLIP)
    await house.wait(seconds=30)
    house.cloud.meanwhile = lambda action: setattr(house.cloud, "charge_schedule_on", True)
    house.cloud.writes()
    await house.command(command="set", control="charge_from_grid", state="off")
    for _ in range(6):
        await house.wait(minutes=1, poll=True)
    told = [one for one in house.cloud.writes() if one.endswith("-schedule")]
    assert len(told) == 2
