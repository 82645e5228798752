"""The end of a timed wish that the cloud refuses: it is no refused flip, and what was forced goes off when it can."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from enphase_battery.control.entries import EVERY_DAY
from enphase_battery.control.names import Control
from enphase_battery.control.windows import Window
from enphase_battery.errors import Forbidden, Refused, Unreachable
from tests.unit.small_house import SmallHouse, rules

NO = (Refused("no"), Forbidden("no"))


async def pass_by(house: SmallHouse, minutes: int) -> None:
    for minute in range(1, minutes + 1):
        await house.wait(minutes=1, poll=minute % 15 == 0)


@pytest.mark.parametrize("answer", ["write", "answer to write"])
@pytest.mark.parametrize("refusal", NO, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("by", ["command", "window"])
@pytest.mark.parametrize("has_schedules", [True, False])
@pytest.mark.parametrize("control", Control)
async def test_an_off_that_was_wished_just_before_a_timed_on_is_what_counts_after_it(
    tmp_path: Path, control: Control, by: str, refusal: Refused, answer: str, *, has_schedules: bool
) -> None:
    windows = (Window("Rate", control, time(12, 6), time(12, 40), EVERY_DAY, None),) if by == "window" else ()
    house = SmallHouse(tmp_path, rules(windows=windows), has_schedules=has_schedules)
    house.cloud.switch(control, True)  # on before the app: it is this that the cloud has shown as a standing wish
    await house.controller.poll()
    await pass_by(house, 5)
    house.cloud.trouble["write"] = [Unreachable("no line")] * 2
    await house.command(command="set", control=control.value, state="off")
    if by == "command":
        await house.command(command="set", control=control.value, state="on", duration=2100)
    await pass_by(house, 30)
    assert house.cloud.on[control]
    house.cloud.trouble[answer] = [refusal] * 30
    await pass_by(house, 60)
    house.cloud.trouble.clear()
    await pass_by(house, 60)
    assert not house.cloud.on[control]
    assert not house.report(control).wanted
    assert house.cloud.entries() == []


@pytest.mark.parametrize("change", ["removes the entry", "switches the schedule off"])
async def test_what_a_person_ended_in_the_enphase_app_is_not_begun_again_by_a_refusal(
    tmp_path: Path, change: str
) -> None:
    house = SmallHouse(tmp_path, has_schedules=True)
    await house.controller.poll()
    control = Control.CHARGE_FROM_GRID
    await house.controller.flip(control, True)
    await pass_by(house, 10)
    house.cloud.trouble["write"] = [Refused("no")] * 30
    if change == "removes the entry":
        house.cloud.remove(house.cloud.own_id())
    else:
        house.cloud.switch(control, True, schedule=False)
    await pass_by(house, 40)
    house.cloud.trouble.clear()
    await pass_by(house, 60)
    assert not house.cloud.on[control]
    assert not house.report(control).wanted
    assert house.cloud.entries() == []
