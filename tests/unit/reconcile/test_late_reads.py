"""Reads that are old after an own write: what they show proves nothing, and nothing of the app's gets lost by them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.verdict import Outcome
from enphase_battery.errors import EnlightenError, Refused, Unreachable
from tests.unit.small_home import SmallHome, rules

CONTROLS = pytest.mark.parametrize("control", Control)


async def at_home(folder: Path) -> SmallHome:
    home = SmallHome(folder, has_schedules=True)
    await home.coordinator.poll()
    return home


async def pass_by(home: SmallHome, seconds: int) -> None:
    """Let time go by; whatever is confirmed meanwhile is so."""
    for second in range(10, seconds + 1, 10):
        await home.wait(seconds=10, poll=second % 900 == 0)
        for _, outcome, reason in home.outcomes():
            assert outcome != "confirmed" or any(map(home.cloud.enforces, Control)), reason


@pytest.mark.parametrize("activation", [10, 300])
@pytest.mark.parametrize("lag", [30, 100, 119, 300])
@CONTROLS
async def test_an_entry_that_was_listed_once_never_stays_behind(
    tmp_path: Path, control: Control, lag: int, activation: int
) -> None:
    home = await at_home(tmp_path)
    home.cloud.activation = timedelta(seconds=activation)
    await home.command(command="set", control=control.value, state="on", duration=1800)
    await home.wait(seconds=3)
    home.cloud.lag = timedelta(seconds=lag)
    await pass_by(home, 600)
    created = [one for one in home.cloud.log if one.startswith("create")]
    assert len(created) == 1 or lag > 120, "within consistency nothing is believed gone"
    home.cloud.lag = timedelta(0)
    await pass_by(home, 3000)
    assert home.cloud.entries() == []
    assert home.coordinator.reconciler.records.ledger.owned == ()
    # A switch that is read later than consistency after it was written looks like somebody's change, and is left.
    assert lag > 120 or not any(home.cloud.on.values())


@pytest.mark.parametrize("lag", [30, 60, 119])
@pytest.mark.parametrize("limits", [(80, 90, 80), (80, 90, 70), (80, 90, 80, 90)])
@pytest.mark.parametrize("control", [Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID])
async def test_a_limit_is_confirmed_only_by_a_read_that_cannot_be_from_before(
    tmp_path: Path, control: Control, limits: tuple[int, ...], lag: int
) -> None:
    home = await at_home(tmp_path)
    await home.command(command="set", control=control.value, state="on", target_soc=limits[0], id="0")
    await pass_by(home, 300)
    home.cloud.lag, home.cloud.activation = timedelta(seconds=lag), None
    for number, limit in enumerate(limits[1:], start=1):
        await home.command(command="set", control=control.value, state="on", target_soc=limit, id=str(number))
        await home.wait(seconds=10)
    for _ in range(40):
        assert not any(outcome == "confirmed" for _, outcome, _ in home.outcomes()), "the gateway has none of them"
        await home.wait(seconds=10)
    home.cloud.come_online()
    await pass_by(home, 1200)
    assert [one.terms.limit for one in home.cloud.stored.values()] == [limits[-1]]
    assert home.report(control).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("has_schedules", [False, True])
@pytest.mark.parametrize("fault", [Unreachable("no line"), Refused("no")], ids=lambda one: type(one).__name__)
@CONTROLS
async def test_an_off_that_did_not_arrive_is_not_proven_by_a_read_from_before_the_on(
    tmp_path: Path, control: Control, fault: EnlightenError, *, has_schedules: bool, restarts: bool
) -> None:
    home = SmallHome(tmp_path, has_schedules=has_schedules)
    await home.coordinator.poll()
    await home.command(command="set", control=control.value, state="on", duration=60)
    await home.wait(seconds=58)
    assert home.cloud.on[control]
    home.cloud.trouble["write"] = [fault] * len(home.cloud.ladder)
    await home.wait(seconds=4)
    home.cloud.lag = timedelta(seconds=90)
    if restarts:
        home.start(rules())
    await home.wait(seconds=8, poll=True)
    for second in range(10, 3600, 10):
        if second == 60:
            home.cloud.lag = timedelta(0)
        assert home.report(control).outcome is not Outcome.CONFIRMED or not home.cloud.on[control]
        await home.wait(seconds=10, poll=second % 900 == 0)
    assert not home.cloud.on[control]
    assert not home.report(control).wanted
    assert home.cloud.entries() == []


@CONTROLS
async def test_a_deletion_and_a_new_creation_while_reads_are_old_leave_one_entry(
    tmp_path: Path, control: Control
) -> None:
    home = await at_home(tmp_path)
    await home.flip(control, True)
    await pass_by(home, 300)
    home.cloud.lag = timedelta(seconds=100)
    for on in (False, True, False, True):
        await home.flip(control, on)
        await home.wait(seconds=15)
    await pass_by(home, 900)
    assert len(home.cloud.entries()) == 1
    assert home.cloud.enforces(control)
    home.cloud.lag = timedelta(0)
    await home.flip(control, False)
    await pass_by(home, 900)
    assert home.cloud.entries() == []
