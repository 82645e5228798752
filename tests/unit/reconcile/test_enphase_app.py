"""What people do in the Enphase app while the app works: nothing of it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Window
from enphase_battery.errors import Conflict, EnlightenError, Forbidden, Refused, Unreachable
from enphase_battery.words.reasons import entry
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
LEAD = timedelta(minutes=15)
TICK = timedelta(milliseconds=1)
WISHES: Mapping[str, Mapping[str, object]] = {
    "toggle": {"state": "on"},
    "command": {"state": "on", "duration": 7200},
    "window": {},
}


async def at_home(folder: Path, wish: str, control: Control = CHARGE, *, has_schedules: bool = True) -> SmallHome:
    """Return a home in which a control has been on for some minutes: by toggle, by command or by a window."""
    windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
    home = SmallHome(folder, rules(windows=windows, lead=LEAD), has_schedules=has_schedules)
    await home.coordinator.poll()
    if WISHES[wish]:
        await home.command(command="set", control=control.value, **WISHES[wish])
    await pass_by(home, 10)
    assert home.cloud.enforces(control) if has_schedules else home.cloud.on[control]
    home.cloud.writes()
    return home


async def pass_by(home: SmallHome, minutes: int, *, poll: int = 15) -> None:
    """Let minutes go by with the app's heartbeat and its polls."""
    for minute in range(1, minutes + 1):
        await home.wait(minutes=1, poll=minute % poll == 0)


async def restart(home: SmallHome, wish: str = "toggle") -> None:
    windows = (Window("Rate", CHARGE, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
    home.start(rules(windows=windows, lead=LEAD))
    await home.coordinator.poll()


# -- both flags of charge from grid -----------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("one_flag", [True, False])
@pytest.mark.parametrize("still_on", [False, True])
@pytest.mark.parametrize("wish", WISHES)
async def test_a_second_flag_that_a_person_switched_off_is_never_switched_on_again(
    tmp_path: Path, wish: str, still_on: bool, one_flag: bool, restarts: bool
) -> None:
    home = await at_home(tmp_path, wish)
    home.cloud.one_flag = one_flag
    home.cloud.switch(CHARGE, still_on, schedule=False)
    await home.wait(minutes=1, poll=True)
    if restarts:
        await restart(home, wish)
    await pass_by(home, 40)
    assert not [one for one in home.cloud.writes() if one.startswith("write charge_from_grid on")]
    assert not home.cloud.on[CHARGE]
    assert not home.cloud.charge_schedule_on
    assert home.cloud.entries() == []
    assert not home.report(CHARGE).wanted
    assert not home.cloud.habits.both_flags


async def test_a_wish_that_is_newer_than_the_switched_off_flag_wins(tmp_path: Path) -> None:
    home = await at_home(tmp_path, "toggle")
    home.cloud.switch(CHARGE, True, schedule=False)
    await home.wait(minutes=1)
    await home.wait(minutes=1, poll=True)
    await home.command(command="set", control="charge_from_grid", state="on", id="newest")
    assert [outcome for _, outcome, _ in home.outcomes()][-1] == "pending"
    await pass_by(home, 5)
    assert home.outcomes()[-1][:2] == ("newest", "confirmed")
    assert home.cloud.enforces(CHARGE)
    assert not home.cloud.habits.both_flags


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("one_flag", [True, False], ids=["the flag follows", "the flag is told"])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("beneath", ["toggle", "window", "owner's switch"])
async def test_a_second_flag_that_a_person_switches_off_while_the_app_keeps_the_switch_off_stays_off(
    tmp_path: Path, beneath: str, again: bool, one_flag: bool, restarts: bool
) -> None:
    theirs = Terms(CHARGE, time(11), time(16), EVERY_DAY, "Europe/London", 80)
    if beneath == "owner's switch":
        home = SmallHome(tmp_path, has_schedules=True)
        home.cloud.add(theirs)
        home.cloud.switch(CHARGE, True, schedule=True)
        await home.coordinator.poll()
    else:
        home = await at_home(tmp_path, beneath)
    off = {"command": "set", "control": "charge_from_grid", "state": "off", "duration": 2700}
    await home.command(**off)
    await pass_by(home, 16)
    assert (home.cloud.on[CHARGE], home.cloud.charge_schedule_on) == (False, True)
    home.cloud.one_flag = one_flag
    home.cloud.switch(CHARGE, False, schedule=False)
    if again:
        await home.command(**off)  # a newer off is not against what the person did
    home.cloud.writes()
    await home.wait(minutes=1, poll=True)
    if restarts:
        await restart(home, beneath)
    await pass_by(home, 90)
    assert not [one for one in home.cloud.writes() if one.startswith("write charge_from_grid on")]
    assert (home.cloud.on[CHARGE], home.cloud.charge_schedule_on) == (False, False)
    assert home.cloud.entries() == []
    assert home.cloud.entries(foreign=True) == ([entry(theirs)] if beneath == "owner's switch" else [])
    assert not home.report(CHARGE).wanted


@pytest.mark.parametrize("lag", [0, 20, 90])
async def test_a_second_flag_that_went_off_with_the_app_s_own_off_is_nobody_s_doing(tmp_path: Path, lag: int) -> None:
    home = await at_home(tmp_path, "toggle")
    home.cloud.lag = timedelta(seconds=lag)

    def follow(action: str) -> None:  # on this cloud the second flag goes off together with the first
        home.cloud.charge_schedule_on = home.cloud.charge_schedule_on and home.cloud.on[CHARGE]

    home.cloud.meanwhile = follow
    await home.command(command="set", control="charge_from_grid", state="off", duration=2700)
    await pass_by(home, 60)
    assert home.cloud.enforces(CHARGE)
    assert home.report(CHARGE).wanted


async def test_a_wish_on_that_is_newer_than_the_flag_switched_off_under_a_timed_off_wins(tmp_path: Path) -> None:
    home = await at_home(tmp_path, "toggle")
    await home.command(command="set", control="charge_from_grid", state="off", duration=2700)
    await pass_by(home, 16)
    home.cloud.switch(CHARGE, False, schedule=False)
    await home.wait(seconds=30)
    await home.command(command="set", control="charge_from_grid", state="on", id="newest")
    await pass_by(home, 60)
    assert home.cloud.enforces(CHARGE)
    assert home.report(CHARGE).wanted


async def test_a_flag_that_is_switched_off_while_nothing_is_wished_on_changes_nothing(tmp_path: Path) -> None:
    home = await at_home(tmp_path, "toggle")
    await home.command(command="set", control="charge_from_grid", state="off")
    await pass_by(home, 10)
    home.cloud.charge_schedule_on = True
    await home.wait(minutes=1, poll=True)
    before = home.coordinator.wishes.book
    home.cloud.switch(CHARGE, True, schedule=False)
    home.cloud.on[CHARGE] = False
    await pass_by(home, 40)
    assert home.coordinator.wishes.book == before


# -- several changes in a row -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_schedules", [True, False])
@pytest.mark.parametrize("changes", [(True,), (False,), (False, True), (True, False, True), (False, True, False)])
@pytest.mark.parametrize("control", Control)
async def test_the_last_of_several_changes_in_the_enphase_app_stays_as_it_was_made(
    tmp_path: Path, control: Control, changes: Sequence[bool], has_schedules: bool
) -> None:
    home = SmallHome(tmp_path, has_schedules=has_schedules)
    home.clock.tick = TICK
    home.cloud.switch(control, not changes[0])
    await home.coordinator.poll()
    for on in changes:  # the first between the app's first read and the second, the others between two polls
        home.cloud.switch(control, on)
        await pass_by(home, 20)
        assert home.report(control).wanted is on
    assert home.cloud.writes() == []
    assert home.cloud.on[control] is changes[-1]


@pytest.mark.parametrize("first", ["removes", "edits", "adds", "switches the schedule off"])
@pytest.mark.parametrize("wish", ["command", "window"])
async def test_a_change_after_another_that_the_app_drew_conclusions_from_is_not_undone(
    tmp_path: Path, wish: str, first: str
) -> None:
    home = await at_home(tmp_path, wish)
    home.clock.tick = TICK
    theirs = Terms(CHARGE, time(20), time(21), EVERY_DAY, "Europe/London", 50)
    if first == "removes":
        home.cloud.remove(home.cloud.own_id())
    elif first == "edits":
        home.cloud.edit(home.cloud.own_id(), theirs)
    elif first == "adds":
        home.cloud.add(theirs)
    else:
        home.cloud.switch(CHARGE, True, schedule=False)
    await pass_by(home, 20)
    home.cloud.writes()
    last = not home.cloud.on[CHARGE]
    home.cloud.switch(CHARGE, last)
    await pass_by(home, 40)
    assert f"write charge_from_grid {'off' if last else 'on'}" not in "\n".join(home.cloud.writes())
    assert home.cloud.on[CHARGE] is last
    assert home.report(CHARGE).wanted is last


@pytest.mark.parametrize("has_schedules", [True, False])
async def test_a_switch_that_the_app_put_off_for_a_newer_wish_may_be_switched_on_again(
    tmp_path: Path, has_schedules: bool
) -> None:
    home = await at_home(tmp_path, "toggle", RESTRICT, has_schedules=has_schedules)
    home.clock.tick = TICK
    await home.flip(CHARGE, True)
    await pass_by(home, 20)
    home.cloud.writes()
    home.cloud.switch(RESTRICT, not home.cloud.on[RESTRICT])
    last = home.cloud.on[RESTRICT]
    await pass_by(home, 40)
    assert home.cloud.writes() == []
    assert home.cloud.on[RESTRICT] is last


async def test_a_window_is_not_newer_than_a_change_made_shortly_before_its_start(tmp_path: Path) -> None:
    windows = (Window("Rate", CHARGE, time(12, 20), time(14), EVERY_DAY, None),)
    home = SmallHome(tmp_path, rules(windows=windows, lead=LEAD), has_schedules=True)
    await home.coordinator.poll()
    await pass_by(home, 16)
    home.cloud.writes()
    home.cloud.switch(CHARGE, False)
    await pass_by(home, 20)
    assert home.cloud.writes() == ["delete charge from grid 12:20-14:00 Sun", "write charge_from_grid off -schedule"]
    assert not home.report(CHARGE).wanted


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
    home = await at_home(tmp_path, "toggle", control)
    home.clock.tick = TICK
    await home.wait(minutes=1)
    if change == "removes":
        home.cloud.remove(home.cloud.own_id())
    else:
        home.cloud.switch(control, False, schedule=False if change == "switches all off" else None)
    await home.wait(minutes=2, poll=seen)
    home.outcomes()
    await home.command(command="set", control=control.value, id="newest", **how)
    for _ in range(20):
        outcomes = [(outcome, reason) for of, outcome, reason in home.outcomes() if of == "newest"]
        assert not any(outcome == "failed" for outcome, _ in outcomes), outcomes
        if any(outcome == "confirmed" for outcome, _ in outcomes):
            assert home.cloud.enforces(control)
        if restarts:
            restarts = False
            home.start(rules(lead=LEAD))
        await home.wait(seconds=20)
    assert home.report(control).outcome is Outcome.CONFIRMED
    await pass_by(home, 30)
    assert home.report(control).wanted
    assert home.cloud.enforces(control)


@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_a_person_changed_stays_theirs_whatever_is_wished_before_the_second_look(
    tmp_path: Path, control: Control
) -> None:
    home = await at_home(tmp_path, "command", control)
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 50)
    home.cloud.edit(home.cloud.own_id(), theirs)
    await home.wait(minutes=1, poll=True)
    await home.command(command="set", control=control.value, state="on", id="newest")
    assert [outcome for of, outcome, _ in home.outcomes() if of == "newest"] == ["pending"]
    await pass_by(home, 20)
    assert home.cloud.entries(foreign=True) == [entry(theirs)]
    assert home.report(control).wanted
    assert "; your own entries decide when" in home.why(control)


@pytest.mark.parametrize("source", ["toggle", "window"])
async def test_after_a_restart_a_removal_still_ends_the_older_wish(tmp_path: Path, source: str) -> None:
    home = await at_home(tmp_path, source)
    home.clock.tick = TICK
    await home.wait(minutes=1, poll=True)
    home.cloud.remove(home.cloud.own_id())
    await home.wait(minutes=1)
    await restart(home, source)
    await pass_by(home, 5)
    assert not home.report(CHARGE).wanted
    assert home.cloud.entries() == []


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
    home = await at_home(tmp_path, wish, control)
    trouble = UNDELETED[how]
    if trouble is None:
        home.cloud.remove = lambda schedule_id: None  # type: ignore[method-assign]
    else:
        error, times = trouble
        home.cloud.trouble["delete"] = [error] * times
    await home.command(command="cancel", control=control.value)
    assert any(one.startswith("delete") for one in home.cloud.writes())
    schedule_id = home.cloud.own_id()
    await home.wait(seconds=after.total_seconds() - 1)
    if schedule_id not in home.cloud.stored:
        return  # a second try was quicker than the person
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 60)
    home.cloud.edit(schedule_id, theirs)
    if restarts:
        windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
        home.start(rules(windows=windows, lead=LEAD))
        await home.coordinator.poll()
    await pass_by(home, 40)  # the fake cloud suffers no deletion of what is somebody else's
    assert home.cloud.entries(foreign=True) == [entry(theirs)]
    assert home.cloud.entries() == []
    assert [entry.schedule_id for entry in home.coordinator.reconciler.records.foreign()] == [schedule_id]


# -- an own entry that is changed just before the end of its wish ----------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("early", [timedelta(minutes=9), timedelta(seconds=70), timedelta(seconds=1)], ids=str)
@pytest.mark.parametrize("how", ["command", "window", "cancel"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_a_person_changes_just_before_its_end_keeps_its_family_on(
    tmp_path: Path, control: Control, how: str, early: timedelta, *, restarts: bool
) -> None:
    home = await at_home(tmp_path, "command" if how == "cancel" else how, control)
    home.clock.tick = TICK
    for _ in range(100):
        await home.wait(minutes=1)
    await home.coordinator.poll()  # the last one before the end, at 13:50
    end = home.clock.now.replace(hour=14, minute=0, second=0, microsecond=0)
    home.clock.now = end - early
    theirs = changed(home, control)
    if how == "cancel":
        home.clock.now += timedelta(milliseconds=500)
        await home.command(command="cancel", control=control.value)
    elif restarts:
        home.clock.now = end + timedelta(seconds=10)
        windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if how == "window" else ()
        home.start(rules(windows=windows, lead=LEAD))
    home.clock.now = max(end, home.clock.now)
    await home.coordinator.work()
    home.cloud.writes()
    await pass_by(home, 30)
    assert home.cloud.writes() == []
    assert home.cloud.on[control]
    assert home.cloud.charge_schedule_on or control is not CHARGE
    assert home.cloud.entries(foreign=True) == [theirs]
    assert home.report(control).wanted
    home.clock.now = home.clock.now.replace(hour=20, minute=30)
    assert home.cloud.enforces(control)


def changed(home: SmallHome, control: Control) -> str:
    """Let a person make the own entry theirs; return what it says then."""
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 60)
    home.cloud.edit(home.cloud.own_id(), theirs)
    return entry(theirs)


@pytest.mark.parametrize("off", [{"state": "off"}, {"state": "off", "duration": 3600}])
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("control", Control)
async def test_an_off_that_is_newer_than_the_change_of_an_entry_is_carried_out_at_once(
    tmp_path: Path, control: Control, wish: str, off: Mapping[str, object]
) -> None:
    home = await at_home(tmp_path, wish, control)
    theirs = changed(home, control)
    await home.wait(seconds=20)
    await home.command(command="set", control=control.value, **off)
    assert not home.cloud.on[control]
    await pass_by(home, 40)
    assert not home.cloud.on[control]
    assert not home.report(control).wanted
    assert home.cloud.entries(foreign=True) == [theirs]


@pytest.mark.parametrize("seen_again", [True, False])
async def test_an_end_waits_for_no_longer_than_a_second_look_can_take(tmp_path: Path, seen_again: bool) -> None:
    home = await at_home(tmp_path, "command")
    own = home.cloud.stored[home.cloud.own_id()]
    changed(home, CHARGE)
    await home.command(command="cancel", control="charge_from_grid")  # this read shows what is not so
    assert home.why(CHARGE) == "the cloud shows something else; a second look has to decide"
    if seen_again:
        home.cloud.stored = dict.fromkeys(home.cloud.stored, own)
        await pass_by(home, 3)
        assert home.cloud.entries() == []
    else:
        home.cloud.list_answers = False
        await pass_by(home, 6)
    assert not home.cloud.on[CHARGE]


# -- an entry that a person adds to a family that the app keeps on ---------------------------------------------------


def added(home: SmallHome, control: Control, *, active: bool = True) -> str:
    """Let a person make an entry in the Enphase app; return what it says."""
    theirs = Terms(control, time(20), time(21), EVERY_DAY, "Europe/London", None if control is RESTRICT else 60)
    home.cloud.add(theirs, active=active)
    if not active:
        home.cloud.switch(control, True)  # applied, as the Enphase app does
    return entry(theirs)


@pytest.mark.parametrize("back", [time(12, 16), time(14, 10)], ids=["within", "over the end"])
@pytest.mark.parametrize("wish", ["command", "window"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_a_person_adds_while_appdaemon_is_down_keeps_its_family_on(
    tmp_path: Path, control: Control, wish: str, back: time
) -> None:
    home = await at_home(tmp_path, wish, control)
    home.clock.now += timedelta(minutes=3)
    theirs = added(home, control)
    home.clock.now = home.clock.now.replace(hour=back.hour, minute=back.minute)
    windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
    home.start(rules(windows=windows, lead=LEAD))
    await home.coordinator.poll()
    await pass_by(home, 3)
    assert home.cloud.enforces(control) is (back.hour == 12)
    home.clock.now = home.clock.now.replace(hour=14, minute=20)
    await pass_by(home, 5)
    assert home.cloud.on[control]
    assert home.cloud.entries() == []
    assert home.cloud.entries(foreign=True) == [theirs]
    home.clock.now = home.clock.now.replace(hour=20, minute=30)
    assert home.cloud.enforces(control)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("control", Control)
async def test_an_off_that_is_newer_than_an_added_entry_is_carried_out(
    tmp_path: Path, control: Control, wish: str, *, active: bool, restarts: bool
) -> None:
    home = await at_home(tmp_path, wish, control)
    home.clock.tick = TICK
    await home.coordinator.poll()
    added(home, control, active=active)
    if restarts:
        windows = (Window("Rate", control, time(12), time(14), EVERY_DAY, None),) if wish == "window" else ()
        home.start(rules(windows=windows, lead=LEAD))
    await home.flip(control, False)
    await pass_by(home, 30)
    assert not home.cloud.on[control]
    assert not home.report(control).wanted


@pytest.mark.parametrize("early", [timedelta(minutes=9), timedelta(seconds=5), timedelta(seconds=1)], ids=str)
@pytest.mark.parametrize("wish", ["command", "window"])
@pytest.mark.parametrize("control", Control)
async def test_an_entry_that_the_gateway_does_not_have_yet_at_the_end_keeps_its_family_on(
    tmp_path: Path, control: Control, wish: str, early: timedelta
) -> None:
    home = await at_home(tmp_path, wish, control)
    end = home.clock.now.replace(hour=14, minute=0, second=0, microsecond=0)
    home.clock.now = end - timedelta(minutes=10)
    await home.coordinator.poll()
    home.clock.now = end - early
    theirs = added(home, control, active=False)
    home.clock.now = end
    await home.coordinator.work()
    await pass_by(home, 20)
    assert home.cloud.on[control]
    assert home.cloud.entries() == []
    assert home.cloud.entries(foreign=True) == [theirs]
    assert home.report(control).wanted
    home.clock.now = home.clock.now.replace(hour=20, minute=30)
    assert home.cloud.enforces(control)


# -- a change that was seen once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", Control)
async def test_what_was_seen_switched_off_once_is_not_switched_on_to_apply_an_entry_again(
    tmp_path: Path, control: Control
) -> None:
    home = SmallHome(tmp_path, has_schedules=True)
    await home.coordinator.poll()
    home.cloud.activation = None  # the gateway is offline: the entry is applied again after five minutes
    await home.command(command="set", control=control.value, state="on", duration=7200)
    await pass_by(home, 4)
    home.cloud.writes()
    home.cloud.switch(control, False)
    await home.wait(seconds=70, poll=True)
    assert home.cloud.writes() == []
    await pass_by(home, 5)
    assert f"write {control.value} on" not in home.cloud.writes()
    assert not home.cloud.on[control]
    assert home.cloud.entries() == []
