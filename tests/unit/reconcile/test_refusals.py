"""A refusal is not believed: what is answered with 4xx or 5xx may have been carried out all the same.

Every kind of step, every control, sites with entries and with switches only, reads that are late or not: whatever of an
own write turns up is the app's doing. It is kept or undone as the wish says, and nobody else is blamed for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Source
from enphase_battery.control.verdict import Outcome
from enphase_battery.errors import Conflict, EnlightenError, Forbidden, NotFound, Refused
from tests.unit.small_home import SmallHome

REFUSALS: tuple[Callable[[str], EnlightenError], ...] = (Refused, Forbidden, NotFound, Conflict)
BOOST = {"command": "set", "state": "on", "duration": 600}
LAGS = [timedelta(0), timedelta(seconds=20), timedelta(seconds=90)]

every_control = pytest.mark.parametrize("control", list(Control), ids=lambda one: one.value)
every_site = pytest.mark.parametrize("has_schedules", [True, False], ids=["entries", "switches only"])
every_lag = pytest.mark.parametrize("lag", LAGS, ids=lambda one: f"reads {one.seconds} s late")
every_refusal = pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.__name__)


async def read_house(folder: Path, *, has_schedules: bool = True, lag: timedelta = timedelta(0)) -> SmallHome:
    """Return a home at noon whose cloud was read and whose reads are late from now on."""
    home = SmallHome(folder, has_schedules=has_schedules)
    await home.coordinator.poll()
    home.cloud.lag = lag
    return home


async def pass_by(home: SmallHome, minutes: int) -> None:
    """Let minutes go by with the heartbeat of the app, and a poll every five."""
    for minute in range(minutes):
        await home.wait(minutes=1, poll=minute % 5 == 4)


def refuse(home: SmallHome, action: str, refusal: Callable[[str], EnlightenError], *, times: int = 50) -> None:
    """Let the cloud carry an action out and refuse it in words."""
    home.cloud.trouble[f"answer to {action}"] = [refusal("no") for _ in range(times)]


# -- switches ---------------------------------------------------------------------------------------------------------


@every_control
@every_site
@every_lag
@every_refusal
async def test_what_a_refused_switch_on_left_ends_with_its_command(
    tmp_path: Path,
    control: Control,
    has_schedules: bool,
    lag: timedelta,
    refusal: Callable[[str], EnlightenError],
    *,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    home = await read_house(tmp_path, has_schedules=has_schedules, lag=lag)
    refuse(home, "write", refusal, times=3)  # one for each form
    await home.command(**BOOST, control=control.value, id="a")
    if not lag:
        await pass_by(home, 1)
        assert home.outcomes()[-1][:2] == ("a", "confirmed")
        assert home.cloud.on[control]
    await pass_by(home, 15)
    assert not home.cloud.on[control]
    assert home.cloud.entries() == []
    assert "Enphase app" not in caplog.text
    home.cloud.writes()
    await pass_by(home, 30)
    assert home.cloud.writes() == []


@every_control
@every_site
@every_lag
async def test_what_a_refused_switch_off_left_is_as_the_wish_says(
    tmp_path: Path, control: Control, has_schedules: bool, lag: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    home = await read_house(tmp_path, has_schedules=has_schedules)
    await home.flip(control, True)
    await pass_by(home, 5)
    home.cloud.lag = lag
    refuse(home, "write", Refused, times=3)
    await home.flip(control, False)
    await pass_by(home, 15)
    wish = home.coordinator.wishes.wanted()[control].intent
    assert home.cloud.on[control] is wish.on
    assert wish.source is Source.TOGGLE
    assert wish.on is (lag > timedelta(0)), "where no read shows it the flip has failed, and the toggle is on again"
    assert "Enphase app" not in caplog.text


@every_control
async def test_what_is_refused_and_not_carried_out_costs_no_further_write(tmp_path: Path, control: Control) -> None:
    home = await read_house(tmp_path, has_schedules=False)
    home.cloud.trouble["write"] = [Forbidden("no")] * 50
    await home.command(**BOOST, control=control.value, id="a")
    assert home.outcomes() == [("a", "failed", "no")]
    assert len(home.cloud.writes()) == 3, "one in each form"
    await pass_by(home, 30)
    assert home.cloud.writes() == []


async def test_what_a_refused_write_may_have_done_is_not_confirmed_to_be_undone(tmp_path: Path) -> None:
    home = await read_house(tmp_path, has_schedules=False)
    home.cloud.trouble["write"] = [Forbidden("no")] * 3
    await home.command(**BOOST, control="discharge_to_grid", id="a")
    report = home.report(Control.DISCHARGE_TO_GRID)
    assert (report.outcome, home.why(Control.DISCHARGE_TO_GRID)) == (
        Outcome.PENDING,
        "a later read has to show that a refused write was not carried out",
    )
    await home.flip(Control.CHARGE_FROM_GRID, True)
    await home.command(command="set", control="charge_from_grid", state="on", duration=600)
    assert not home.cloud.on[Control.CHARGE_FROM_GRID], "it may discharge yet"
    await pass_by(home, 3)
    assert home.report(Control.DISCHARGE_TO_GRID).outcome is Outcome.CONFIRMED
    assert home.cloud.on[Control.CHARGE_FROM_GRID]


async def test_who_switches_on_by_hand_what_the_app_could_not_is_left_alone(tmp_path: Path) -> None:
    home = await read_house(tmp_path, has_schedules=False)
    home.cloud.trouble["write"] = [Forbidden("no")] * 3
    await home.command(**BOOST, control="discharge_to_grid")
    await pass_by(home, 3)
    home.cloud.switch(Control.DISCHARGE_TO_GRID, True)
    await pass_by(home, 15)
    assert home.cloud.on[Control.DISCHARGE_TO_GRID]
    assert home.coordinator.wishes.wanted()[Control.DISCHARGE_TO_GRID].intent.source is Source.CLOUD


@pytest.mark.parametrize("away", [5, 300], ids=lambda minutes: f"away for {minutes} min")
async def test_what_a_refused_switch_on_left_is_undone_after_a_restart_and_an_outage(
    tmp_path: Path, away: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    home = await read_house(tmp_path, has_schedules=False, lag=timedelta(seconds=20))
    refuse(home, "write", Forbidden, times=3)
    await home.command(**BOOST, control="discharge_to_grid")
    assert home.cloud.on[Control.DISCHARGE_TO_GRID]
    home.start(home.coordinator._rules)
    await home.wait(minutes=away, poll=True)
    await pass_by(home, 3)
    assert not home.cloud.on[Control.DISCHARGE_TO_GRID]
    assert "Enphase app" not in caplog.text


# -- entries ----------------------------------------------------------------------------------------------------------


@every_control
@every_lag
@every_refusal
async def test_an_entry_whose_creation_was_refused_is_gone_when_nobody_wants_it(
    tmp_path: Path, control: Control, lag: timedelta, refusal: Callable[[str], EnlightenError]
) -> None:
    home = await read_house(tmp_path, lag=lag)
    refuse(home, "create", refusal, times=1)
    await home.command(**BOOST, control=control.value, id="a")
    await pass_by(home, 1)
    assert home.outcomes()[-1][:2] == ("a", "failed" if lag else "confirmed")
    await pass_by(home, 5 if lag else 15)  # an entry that nobody applies vanishes after fifteen
    assert home.cloud.entries() == []
    assert not home.cloud.on[control]


@every_control
@every_lag
@every_refusal
async def test_an_entry_whose_update_was_refused_stays_the_apps(
    tmp_path: Path,
    control: Control,
    lag: timedelta,
    refusal: Callable[[str], EnlightenError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    home = await read_house(tmp_path)
    await home.command(**BOOST, control=control.value)
    await pass_by(home, 4)
    home.cloud.lag = lag
    refuse(home, "update", refusal, times=1)
    await home.command(**{**BOOST, "duration": 1200}, control=control.value, id="a")
    await pass_by(home, 6)
    assert home.outcomes()[-1][:2] == ("a", "confirmed")
    assert len(home.cloud.entries()) == 1
    await pass_by(home, 25)
    assert home.cloud.entries() == []
    assert not home.cloud.on[control]
    assert "Enphase app" not in caplog.text


@every_control
@every_lag
@every_refusal
async def test_an_entry_whose_deletion_was_refused_was_removed_by_nobody_else(
    tmp_path: Path,
    control: Control,
    lag: timedelta,
    refusal: Callable[[str], EnlightenError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    home = await read_house(tmp_path)
    await home.flip(control, True)
    await pass_by(home, 4)
    home.cloud.lag = lag
    refuse(home, "delete", refusal, times=1)
    await home.flip(control, False)
    await home.wait(seconds=30)
    await home.flip(control, True)
    await pass_by(home, 10)
    wish = home.coordinator.wishes.wanted()[control].intent
    assert (wish.on, wish.source) == (True, Source.TOGGLE)
    assert len(home.cloud.entries()) == 1
    assert home.cloud.enforces(control)
    assert "Enphase app" not in caplog.text


@every_control
async def test_an_entry_that_may_really_not_be_deleted_is_used_when_it_is_wanted_again(
    tmp_path: Path, control: Control
) -> None:
    home = await read_house(tmp_path)
    await home.flip(control, True)
    await pass_by(home, 4)
    home.cloud.trouble["delete"] = [Forbidden("no")] * 99
    await home.flip(control, False)
    await pass_by(home, 1)
    await home.flip(control, True)
    await pass_by(home, 4)
    assert home.cloud.enforces(control)
    assert home.report(control).outcome is Outcome.CONFIRMED
