"""What people do in the Enphase app while the app works: nothing of it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path

import pytest

from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.names import Control
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows import Window
from enphase_battery.errors import Conflict, EnlightenError, Forbidden, Refused, Unreachable
from tests.unit.small_house import SmallHouse, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
LEAD = timedelta(minutes=15)
TICK = timedelta(milliseconds=1)
WISHES: Mapping[str, Mapping[str, object]] = {
    "toggle": {"state": "on"},
    "command": {"state": "on", "duration": 7200},
    "window": {},
}


async def at_home(folder: Path, wish: str, control: Control = CHARGE, *, has_schedules: bool = True) -> SmallHouse:
    """Return a house in which a control has been on for some minutes: by toggle, by command or by a window."""
    windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
    house = SmallHouse(folder, rules(windows=windows, lead=LEAD), has_schedules=has_schedules)
    await house.controller.poll()
    if WISHES[wish]:
        await house.command(command="set", control=control.value, **WISHES[wish])
    await pass_by(house, 10)
    assert house.cloud.enforces(control) if has_schedules else house.cloud.on[control]
    house.cloud.writes()
    return house


async def pass_by(house: SmallHouse, minutes: int, *, poll: int = 15) -> None:
    """Let minutes go by with the app's heartbeat and its polls."""
    for minute in range(1, minutes + 1):
        await house.wait(minutes=1, poll=minute % poll == 0)


async def restart(house: SmallHouse, wish: str = "toggle") -> None:
    windows = (Window("Rate", CHARGE, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
    house.start(rules(windows=windows, lead=LEAD))
    await house.controller.poll()


# -- both flags of charge from grid -----------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("one_flag", [True, False])
@pytest.mark.parametrize("still_on", [False, True])
@pytest.mark.parametrize("wish", WISHES)
async def test_a_second_flag_that_a_person_switched_off_is_never_switched_on_again(
    tmp_path: Path, wish: str, still_on: bool, one_flag: bool, restarts: bool
) -> None:
    house = await at_home(tmp_path, wish)
    house.cloud.one_flag = one_flag
    house.cloud.switch(CHARGE, still_on, schedule=False)
    await house.wait(minutes=1, poll=True)
    if restarts:
        await restart(house, wish)
    await pass_by(house, 40)
    assert not [one for one in house.cloud.writes() if one.startswith("write charge_from_grid on")]
    assert not house.cloud.on[CHARGE]
    assert not house.cloud.charge_schedule_on
    assert house.cloud.entries() == []
    assert not house.report(CHARGE).wanted
    assert not house.cloud.habits.both_flags


async def test_a_wish_that_is_newer_than_the_switched_off_flag_wins(tmp_path: Path) -> None:
    house = await at_home(tmp_path, "toggle")
    house.cloud.switch(CHARGE, True, schedule=False)
    await house.wait(minutes=1)
    await house.wait(minutes=1, poll=True)
    await house.command(command="set", control="charge_from_grid", state="on", id="newest")
    assert [outcome for _, outcome, _ in house.outcomes()][-1] == "pending"
    await pass_by(house, 5)
    assert house.outcomes()[-1][:2] == ("newest", "confirmed")
    assert house.cloud.enforces(CHARGE)
    assert not house.cloud.habits.both_flags


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("one_flag", [True, False], ids=["the flag follows", "the flag is told"])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("beneath", ["toggle", "window", "owner's switch"])
async def test_a_second_flag_that_a_person_switches_off_while_the_app_keeps_the_switch_off_stays_off(
    tmp_path: Path, beneath: str, again: bool, one_flag: bool, restarts: bool
) -> None:
    theirs = Terms(CHARGE, time(11), time(16), EVERY_DAY, "Europe/London", 80)
    if beneath == "owner's switch":
        house = SmallHouse(tmp_path, has_schedules=True)
        house.cloud.add(theirs)
        house.cloud.switch(CHARGE, True, schedule=True)
        await house.controller.poll()
    else:
        house = await at_home(tmp_path, beneath)
    off = {"command": "set", "control": "charge_from_grid", "state": "off", "duration": 2700}
    await house.command(**off)
    await pass_by(house, 16)
    assert (house.cloud.on[CHARGE], house.cloud.charge_schedule_on) == (False, True)
    house.cloud.one_flag = one_flag
    house.cloud.switch(CHARGE, False, schedule=False)
    if again:
        await house.command(**off)  # a newer off is not against what the person did
    house.cloud.writes()
    await house.wait(minutes=1, poll=True)
    if restarts:
        await restart(house, beneath)
    await pass_by(house, 90)
    assert not [one for one in house.cloud.writes() if one.startswith("write charge_from_grid on")]
    assert (house.cloud.on[CHARGE], house.cloud.charge_schedule_on) == (False, False)
    assert house.cloud.entries() == []
    assert house.cloud.entries(foreign=True) == ([str(theirs)] if beneath == "owner's switch" else [])
    assert not house.report(CHARGE).wanted


@pytest.mark.parametrize("lag", [0, 20, 90])
async def test_a_second_flag_that_went_off_with_the_app_s_own_off_is_nobody_s_doing(tmp_path: Path, lag: int) -> None:
    house = await at_home(tmp_path, "toggle")
    house.cloud.lag = timedelta(seconds=lag)

    def follow(action: str) -> None:  # on this cloud the second flag goes off together with the first
        house.cloud.charge_schedule_on = house.cloud.charge_schedule_on and house.cloud.on[CHARGE]

    house.cloud.meanwhile = follow
    await house.command(command="set", control="charge_from_grid", state="off", duration=2700)
    await pass_by(house, 60)
    assert house.cloud.enforces(CHARGE)
    assert house.report(CHARGE).wanted


async def test_a_wish_on_that_is_newer_than_the_flag_switched_off_under_a_timed_off_wins(tmp_path: Path) -> None:
    house = await at_home(tmp_path, "toggle")
    await house.command(command="set", control="charge_from_grid", state="off", duration=2700)
    await pass_by(house, 16)
    house.cloud.switch(CHARGE, False, schedule=False)
    await house.wait(seconds=30)
    await house.command(command="set", control="charge_from_grid", state="on", id="newest")
    await pass_by(house, 60)
    assert house.cloud.enforces(CHARGE)
    assert house.report(CHARGE).wanted


async def test_a_flag_that_is_switched_off_while_nothing_is_wished_on_changes_nothing(tmp_path: Path) -> None:
    house = await at_home(tmp_path, "toggle")
    await house.command(command="set", control="charge_from_grid", state="off")
    await pass_by(house, 10)
    house.cloud.charge_schedule_on = True
    await house.wait(minutes=1, poll=True)
    before = house.controller.keeper.book
    house.cloud.switch(CHARGE, True, schedule=False)
    house.cloud.on[CHARGE] = False
    await pass_by(house, 40)
    assert house.controller.keeper.book == before


# -- several changes in a row -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_schedules", [True, False])
@pytest.mark.parametrize("changes", [(True,), (False,), (False, True), (True, False, True), (False, True, False)])
@pytest.mark.parametrize("control", Control)
async def test_the_last_of_several_changes_in_the_enphase_app_stays_as_it_was_made(
    tmp_path: Path, control: Control, changes: Sequence[bool], has_schedules: bool
) -> None:
    house = SmallHouse(tmp_path, has_schedules=has_schedules)
    house.clock.tick = TICK
    house.cloud.switch(control, not changes[0])
    await house.controller.poll()
    for on in changes:  # the first between the app's first read and the second, the others between two polls
        house.cloud.switch(control, on)
        await pass_by(house, 20)
        assert house.report(control).wanted is on
    assert house.cloud.writes() == []
    assert house.cloud.on[control] is changes[-1]


@pytest.mark.parametrize("first", ["removes", "edits", "adds", "switches the schedule off"])
@pytest.mark.parametrize("wish", ["command", "window"])
async def test_a_change_after_another_that_the_app_drew_conclusions_from_is_not_undone(
    tmp_path: Path, wish: str, first: str
) -> None:
    house = await at_home(tmp_path, wish)
    house.clock.tick = TICK
    theirs = Terms(CHARGE, time(20), time(21), EVERY_DAY, "Europe/London", 50)
    if first == "removes":
        house.cloud.remove(house.cloud.own_id())
    elif first == "edits":
        house.cloud.edit(house.cloud.own_id(), theirs)
    elif first == "adds":
        house.cloud.add(theirs)
    else:
        house.cloud.switch(CHARGE, True, schedule=False)
    await pass_by(house, 20)
    house.cloud.writes()
    last = not house.cloud.on[CHARGE]
    house.cloud.switch(CHARGE, last)
    await pass_by(house, 40)
    assert f"write charge_from_grid {'off' if last else 'on'}" not in "\n".join(house.cloud.writes())
    assert house.cloud.on[CHARGE] is last
    assert house.report(CHARGE).wanted is last


@pytest.mark.parametrize("has_schedules", [True, False])
async def test_a_switch_that_the_app_put_off_for_a_newer_wish_may_be_switched_on_again(
    tmp_path: Path, has_schedules: bool
) -> None:
    house = await at_home(tmp_path, "toggle", RESTRICT, has_schedules=has_schedules)
    house.clock.tick = TICK
    await house.controller.flip(CHARGE, True)
    await pass_by(house, 20)
    house.cloud.writes()
    house.cloud.switch(RESTRICT, not house.cloud.on[RESTRICT])
    last = house.cloud.on[RESTRICT]
    await pass_by(house, 40)
    assert house.cloud.writes() == []
    assert house.cloud.on[RESTRICT] is last


async def test_a_window_is_not_newer_than_a_change_made_shortly_before_its_start(tmp_path: Path) -> None:
    windows = (Window("Rate", CHARGE, time(12, 20), time(14), EVERY_DAY, None),)
    house = SmallHouse(tmp_path, rules(windows=windows, lead=LEAD), has_schedules=True)
    await house.controller.poll()
    await pass_by(house, 16)
    house.cloud.writes()
    house.cloud.switch(CHARGE, False)
    await pass_by(house, 20)
    assert house.cloud.writes() == ["delete charge from grid 12:20-14:00 Sun", "write charge_from_grid off -schedule"]
    assert not house.report(CHARGE).wanted


# -- a newer wish -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("how", [{"state": "on"}, {"state": "on", "duration": 3600}, {"state": "on", "target_soc": 60}])
@pytest.mark.parametrize("change", ["removes", "switches off", "switches all off"])
@pytest.mark.parametrize("control", Control)
async def test_a_wish_that_is_newer_than_a_change_is_confirmed_only_once_it_is_so_and_then_stays(
    tmp_path: Path, control: Control, change: str, how: Mapping[str, object], *, seen: bool, restarts: bool
) -> None:
    if "target_soc" in how and control is RESTRICT:
        how = {"state": "on"}
    house = await at_home(tmp_path, "toggle", control)
    house.clock.tick = TICK
    await house.wait(minutes=1)
    if change == "removes":
        house.cloud.remove(house.cloud.own_id())
    else:
        house.cloud.switch(control, False, schedule=False if change == "switches all off" else None)
    await house.wait(minutes=2, poll=seen)
    house.outcomes()
    await house.command(command="set", control=control.value, id="newest", **how)
    for _ in range(20):
        outcomes = [(outcome, reason) for of, outcome, reason in house.outcomes() if of == "newest"]
        assert not any(outcome == "failed" for outcome, _ in outcomes), outcomes
        if any(outcome == "confirmed" for outcome, _ in outcomes):
            assert house.cloud.enforces(control)
        if restarts:
            restarts = False
            house.start(rules(lead=LEAD))
        await house.wait(seconds=20)
    assert house.report(control).outcome is Outcome.CONFIRMED
    await pass_by(house, 30)
    assert house.report(control).wanted
    assert house.cloud.enforces(control)


@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_a_person_changed_stays_theirs_whatever_is_wished_before_the_second_look(
    tmp_path: Path, control: Control
) -> None:
    house = await at_home(tmp_path, "command", control)
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 50)
    house.cloud.edit(house.cloud.own_id(), theirs)
    await house.wait(minutes=1, poll=True)
    await house.command(command="set", control=control.value, state="on", id="newest")
    assert [outcome for of, outcome, _ in house.outcomes() if of == "newest"] == ["pending"]
    await pass_by(house, 20)
    assert house.cloud.entries(foreign=True) == [str(theirs)]
    assert house.report(control).wanted
    assert house.report(control).reason.startswith("your own entries decide when")


@pytest.mark.parametrize("source", ["toggle", "window"])
async def test_after_a_restart_a_removal_still_ends_the_older_wish(tmp_path: Path, source: str) -> None:
    house = await at_home(tmp_path, source)
    house.clock.tick = TICK
    await house.wait(minutes=1, poll=True)
    house.cloud.remove(house.cloud.own_id())
    await house.wait(minutes=1)
    await restart(house, source)
    await pass_by(house, 5)
    assert not house.report(CHARGE).wanted
    assert house.cloud.entries() == []


# -- an own entry that is to go, and does not -------------------------------------------------------------------------


UNDELETED: Mapping[str, tuple[EnlightenError, int] | None] = {
    "refused": (Refused("no"), 2),
    "conflict": (Conflict("no"), 2),
    "forbidden": (Forbidden("no"), 9),
    "unanswered": (Unreachable("503"), 1),
    "answered, and not done": None,
}


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("after", [timedelta(seconds=30), timedelta(seconds=65), timedelta(minutes=3)], ids=str)
@pytest.mark.parametrize("how", UNDELETED)
@pytest.mark.parametrize("wish", ["command", "window"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_could_not_be_deleted_is_theirs_once_a_person_changed_it(
    tmp_path: Path, control: Control, wish: str, how: str, after: timedelta, *, restarts: bool
) -> None:
    house = await at_home(tmp_path, wish, control)
    trouble = UNDELETED[how]
    if trouble is None:
        house.cloud.remove = lambda schedule_id: None  # type: ignore[method-assign]
    else:
        error, times = trouble
        house.cloud.trouble["delete"] = [error] * times
    await house.command(command="cancel", control=control.value)
    assert any(one.startswith("delete") for one in house.cloud.writes())
    schedule_id = house.cloud.own_id()
    await house.wait(seconds=after.total_seconds() - 1)
    if schedule_id not in house.cloud.stored:
        return  # a second try was quicker than the person
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 60)
    house.cloud.edit(schedule_id, theirs)
    if restarts:
        windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
        house.start(rules(windows=windows, lead=LEAD))
        await house.controller.poll()
    await pass_by(house, 40)  # the fake cloud suffers no deletion of what is somebody else's
    assert house.cloud.entries(foreign=True) == [str(theirs)]
    assert house.cloud.entries() == []
    assert [entry.schedule_id for entry in house.controller.reconciler.records.foreign()] == [schedule_id]


# -- an own entry that is changed just before the end of its wish ----------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("early", [timedelta(minutes=9), timedelta(seconds=70), timedelta(seconds=1)], ids=str)
@pytest.mark.parametrize("how", ["command", "window", "cancel"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_a_person_changes_just_before_its_end_keeps_its_family_on(
    tmp_path: Path, control: Control, how: str, early: timedelta, *, restarts: bool
) -> None:
    house = await at_home(tmp_path, "command" if how == "cancel" else how, control)
    house.clock.tick = TICK
    for _ in range(100):
        await house.wait(minutes=1)
    await house.controller.poll()  # the last one before the end, at 13:50
    end = house.clock.now.replace(hour=14, minute=0, second=0, microsecond=0)
    house.clock.now = end - early
    theirs = changed(house, control)
    if how == "cancel":
        house.clock.now += timedelta(milliseconds=500)
        await house.command(command="cancel", control=control.value)
    elif restarts:
        house.clock.now = end + timedelta(seconds=10)
        windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if how == "window" else ()
        house.start(rules(windows=windows, lead=LEAD))
    house.clock.now = max(end, house.clock.now)
    await house.controller.work()
    house.cloud.writes()
    await pass_by(house, 30)
    assert house.cloud.writes() == []
    assert house.cloud.on[control]
    assert house.cloud.charge_schedule_on or control is not CHARGE
    assert house.cloud.entries(foreign=True) == [theirs]
    assert house.report(control).wanted
    house.clock.now = house.clock.now.replace(hour=20, minute=30)
    assert house.cloud.enforces(control)


def changed(house: SmallHouse, control: Control) -> str:
    """Let a person make the own entry theirs; return what it says then."""
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 60)
    house.cloud.edit(house.cloud.own_id(), theirs)
    return str(theirs)


@pytest.mark.parametrize("off", [{"state": "off"}, {"state": "off", "duration": 3600}])
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("control", Control)
async def test_an_off_that_is_newer_than_the_change_of_an_entry_is_carried_out_at_once(
    tmp_path: Path, control: Control, wish: str, off: Mapping[str, object]
) -> None:
    house = await at_home(tmp_path, wish, control)
    theirs = changed(house, control)
    await house.wait(seconds=20)
    await house.command(command="set", control=control.value, **off)
    assert not house.cloud.on[control]
    await pass_by(house, 40)
    assert not house.cloud.on[control]
    assert not house.report(control).wanted
    assert house.cloud.entries(foreign=True) == [theirs]


@pytest.mark.parametrize("seen_again", [True, False])
async def test_an_end_waits_for_no_longer_than_a_second_look_can_take(tmp_path: Path, seen_again: bool) -> None:
    house = await at_home(tmp_path, "command")
    own = house.cloud.stored[house.cloud.own_id()]
    changed(house, CHARGE)
    await house.command(command="cancel", control="charge_from_grid")  # this read shows what is not so
    assert house.report(CHARGE).reason == "the cloud shows something else; a second look has to decide"
    if seen_again:
        house.cloud.stored = dict.fromkeys(house.cloud.stored, own)
        await pass_by(house, 3)
        assert house.cloud.entries() == []
    else:
        house.cloud.list_answers = False
        await pass_by(house, 6)
    assert not house.cloud.on[CHARGE]


# -- an entry that a person adds to a family that the app keeps on ---------------------------------------------------


def added(house: SmallHouse, control: Control, *, active: bool = True) -> str:
    """Let a person make an entry in the Enphase app; return what it says."""
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 60)
    house.cloud.add(theirs, active=active)
    if not active:
        house.cloud.switch(control, True)  # applied, as the Enphase app does
    return str(theirs)


@pytest.mark.parametrize("back", [time(12, 16), time(14, 10)], ids=["within", "over the end"])
@pytest.mark.parametrize("wish", ["command", "window"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_a_person_adds_while_appdaemon_is_down_keeps_its_family_on(
    tmp_path: Path, control: Control, wish: str, back: time
) -> None:
    house = await at_home(tmp_path, wish, control)
    house.clock.now += timedelta(minutes=3)
    theirs = added(house, control)
    house.clock.now = house.clock.now.replace(hour=back.hour, minute=back.minute)
    windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
    house.start(rules(windows=windows, lead=LEAD))
    await house.controller.poll()
    await pass_by(house, 3)
    assert house.cloud.enforces(control) is (back.hour == 12)
    house.clock.now = house.clock.now.replace(hour=14, minute=20)
    await pass_by(house, 5)
    assert house.cloud.on[control]
    assert house.cloud.entries() == []
    assert house.cloud.entries(foreign=True) == [theirs]
    house.clock.now = house.clock.now.replace(hour=20, minute=30)
    assert house.cloud.enforces(control)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("control", Control)
async def test_an_off_that_is_newer_than_an_added_entry_is_carried_out(
    tmp_path: Path, control: Control, wish: str, *, active: bool, restarts: bool
) -> None:
    house = await at_home(tmp_path, wish, control)
    house.clock.tick = TICK
    await house.controller.poll()
    added(house, control, active=active)
    if restarts:
        windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
        house.start(rules(windows=windows, lead=LEAD))
    await house.controller.flip(control, False)
    await pass_by(house, 30)
    assert not house.cloud.on[control]
    assert not house.report(control).wanted


@pytest.mark.parametrize("early", [timedelta(minutes=9), timedelta(seconds=5), timedelta(seconds=1)], ids=str)
@pytest.mark.parametrize("wish", ["command", "window"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_the_gateway_does_not_have_yet_at_the_end_keeps_its_family_on(
    tmp_path: Path, control: Control, wish: str, early: timedelta
) -> None:
    house = await at_home(tmp_path, wish, control)
    end = house.clock.now.replace(hour=14, minute=0, second=0, microsecond=0)
    house.clock.now = end - timedelta(minutes=10)
    await house.controller.poll()
    house.clock.now = end - early
    theirs = added(house, control, active=False)
    house.clock.now = end
    await house.controller.work()
    await pass_by(house, 20)
    assert house.cloud.on[control]
    assert house.cloud.entries() == []
    assert house.cloud.entries(foreign=True) == [theirs]
    assert house.report(control).wanted
    house.clock.now = house.clock.now.replace(hour=20, minute=30)
    assert house.cloud.enforces(control)


# -- a change that was seen once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", Control)
async def test_what_was_seen_switched_off_once_is_not_switched_on_to_apply_an_entry_again(
    tmp_path: Path, control: Control
) -> None:
    house = SmallHouse(tmp_path, has_schedules=True)
    await house.controller.poll()
    house.cloud.activation = None  # the gateway is offline: the entry is applied again after five minutes
    await house.command(command="set", control=control.value, state="on", duration=7200)
    await pass_by(house, 4)
    house.cloud.writes()
    house.cloud.switch(control, False)
    await house.wait(seconds=70, poll=True)
    assert house.cloud.writes() == []
    await pass_by(house, 5)
    assert f"write {control.value} on" not in house.cloud.writes()
    assert not house.cloud.on[control]
    assert house.cloud.entries() == []
