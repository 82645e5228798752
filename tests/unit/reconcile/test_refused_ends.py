"""The end of a timed wish that the cloud refuses: it is no refused flip, and what was forced goes off when it can."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY
from enphase_battery.control.windows.window import Window
from enphase_battery.errors import Forbidden, Refused, Unreachable
from tests.unit.small_home import SmallHome, rules

NO = (Refused("no"), Forbidden("no"))


async def pass_by(home: SmallHome, minutes: int) -> None:
    for minute in range(1, minutes + 1):
        await home.wait(minutes=1, poll=minute % 15 == 0)


@pytest.mark.parametrize("answer", ["write", "answer to write"])
@pytest.mark.parametrize("refusal", NO, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("by", ["command", "window"])
@pytest.mark.parametrize("has_schedules", [True, False])
@pytest.mark.parametrize("control", Control)
async def test_an_off_that_was_wished_just_before_a_timed_on_is_what_counts_after_it(
    tmp_path: Path, control: Control, by: str, refusal: Refused, answer: str, *, has_schedules: bool
) -> None:
    windows = (Window("Rate", control, time(12, 6), time(12, 40), EVERY_DAY, None),) if by == "window" else ()
    home = SmallHome(tmp_path, rules(windows=windows), has_schedules=has_schedules)
    home.cloud.switch(control, True)  # on before the app: it is this that the cloud has shown as a standing wish
    await home.coordinator.poll()
    await pass_by(home, 5)
    home.cloud.trouble["write"] = [Unreachable("no line")] * 2
    await home.command(command="set", control=control.value, state="off")
    if by == "command":
        await home.command(command="set", control=control.value, state="on", duration=2100)
    await pass_by(home, 30)
    assert home.cloud.on[control]
    home.cloud.trouble[answer] = [refusal] * 30
    await pass_by(home, 60)
    home.cloud.trouble.clear()
    await pass_by(home, 60)
    assert not home.cloud.on[control]
    assert not home.report(control).wanted
    assert home.cloud.entries() == []


@pytest.mark.parametrize("change", ["removes the entry", "switches the schedule off"])
async def test_what_a_person_ended_in_the_enphase_app_is_not_begun_again_by_a_refusal(
    tmp_path: Path, change: str
) -> None:
    home = SmallHome(tmp_path, has_schedules=True)
    await home.coordinator.poll()
    control = Control.CHARGE_FROM_GRID
    await home.flip(control, True)
    await pass_by(home, 10)
    home.cloud.trouble["write"] = [Refused("no")] * 30
    if change == "removes the entry":
        home.cloud.remove(home.cloud.own_id())
    else:
        home.cloud.switch(control, True, schedule=False)
    await pass_by(home, 40)
    home.cloud.trouble.clear()
    await pass_by(home, 60)
    assert not home.cloud.on[control]
    assert not home.report(control).wanted
    assert home.cloud.entries() == []
