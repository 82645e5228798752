"""What in the toggles is a flip, and what the app has to set."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.home.assistant import State
from enphase_battery.home.toggles import Toggles

CHARGE, DISCHARGE = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID
IDS = {CHARGE: "input_boolean.charge", DISCHARGE: "input_boolean.discharge"}
APP, ANN = "the app's user", "ann"


def toggles(**seen: bool) -> Toggles:
    return Toggles(IDS, {Control(control): on for control, on in seen.items()}, own_user=lambda: APP)


def seen_as(value: str | None, user: str | None = None, *, parent: bool = False) -> State | None:
    return None if value is None else State(value, parent, user)


def changed(
    one: Toggles, control: Control, old: str | None, new: str | None, user: str | None = APP, *, parent: bool = False
) -> bool | None:
    return one.changed(control, seen_as(old), seen_as(new, user, parent=parent))


def state(value: str, *, parent: bool = False, user: str | None = None) -> Mapping[str, State]:
    return {IDS[CHARGE]: State(value, parent, user), IDS[DISCHARGE]: State("off", parent=False, user=None)}


def look(
    one: Toggles, states: Mapping[str, State], *, stayed: bool, own_user: str | None = APP
) -> Mapping[Control, bool]:
    one.own_user = lambda: own_user
    return one.look(states, home_assistant_stayed=stayed)


def asked_for_on() -> Toggles:
    """Return toggles of which one was to be on, which Home Assistant has not answered."""
    one = toggles(charge_from_grid=False)
    one.expect(CHARGE, on=True)
    one.answered(CHARGE, on=True, done=False)
    return one


def test_a_toggle_is_found_by_its_helper() -> None:
    assert toggles().control_of("input_boolean.discharge") is DISCHARGE
    assert toggles().control_of("input_boolean.kitchen") is None


# -- at the start -----------------------------------------------------------------------------------------------------


def test_at_the_very_first_start_no_toggle_is_a_flip_and_every_one_is_set_right() -> None:
    one = toggles()
    assert look(one, state("on", user=ANN), stayed=True) == {}
    assert one.to_set({CHARGE: False, DISCHARGE: False}) == {CHARGE: False}


def test_while_home_assistant_stayed_a_toggle_that_differs_is_a_flip_whoever_made_it() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    assert look(one, state("on"), stayed=True) == {CHARGE: True}
    assert one.seen[CHARGE]


def test_after_a_restart_of_home_assistant_a_restored_value_is_no_flip_and_is_set_right() -> None:
    one = toggles(charge_from_grid=True, discharge_to_grid=False)
    assert look(one, state("off"), stayed=False) == {}
    assert one.to_set({CHARGE: True, DISCHARGE: False}) == {CHARGE: True}


@pytest.mark.parametrize(
    ("parent", "user", "flip"), [(True, None, True), (True, APP, True), (False, ANN, True), (False, APP, False)]
)
def test_after_a_restart_of_home_assistant_only_somebody_elses_change_is_a_flip(
    parent: bool, user: str | None, flip: bool
) -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    assert look(one, state("on", parent=parent, user=user), stayed=False) == ({CHARGE: True} if flip else {})


def test_while_the_apps_own_user_is_not_known_any_user_is_somebody() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    assert look(one, state("on", user=ANN), stayed=False, own_user=None) == {CHARGE: True}


def test_a_toggle_that_shows_what_was_seen_last_is_no_flip() -> None:
    one = toggles(charge_from_grid=True, discharge_to_grid=False)
    assert look(one, state("on", user=ANN), stayed=True) == {}


def test_a_missing_helper_is_noted_and_never_set_while_the_other_works() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    assert look(one, {IDS[DISCHARGE]: State("on", parent=False, user=None)}, stayed=True) == {DISCHARGE: True}
    assert one.missing == {CHARGE}
    assert one.to_set({CHARGE: True, DISCHARGE: False}) == {DISCHARGE: False}


def test_an_unavailable_helper_is_neither_a_flip_nor_missing() -> None:
    one = toggles(charge_from_grid=False)
    assert look(one, state("unavailable"), stayed=True) == {}
    assert one.missing == set()
    assert one.seen[CHARGE] is False


# -- at a later look --------------------------------------------------------------------------------------------------


def test_a_flip_whose_event_was_lost_is_noticed_at_the_next_look_once() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    assert look(one, state("on", user=ANN), stayed=True) == {CHARGE: True}
    assert look(one, state("on", user=ANN), stayed=True) == {}
    assert changed(one, CHARGE, "off", "on") is None, "its event comes late"


def test_what_the_app_is_just_setting_is_not_looked_at() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    one.expect(CHARGE, on=True)
    one.moved.clear()
    assert look(one, state("off"), stayed=True) == {}
    assert one.seen[CHARGE]


def test_an_answer_from_before_a_change_is_not_believed() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    changed(one, CHARGE, "off", "on")
    assert look(one, state("off"), stayed=True) == {}
    one.moved.clear()
    assert look(one, state("off"), stayed=True) == {CHARGE: False}


def test_a_helper_that_was_removed_and_made_anew_is_no_flip_and_is_set_right() -> None:
    one = toggles(charge_from_grid=True, discharge_to_grid=False)
    look(one, {IDS[DISCHARGE]: State("off", parent=False, user=None)}, stayed=True)
    assert one.missing == {CHARGE}
    assert look(one, state("off"), stayed=True) == {}
    assert one.missing == set()
    assert one.to_set({CHARGE: True}) == {CHARGE: True}


def test_what_an_unavailable_helper_comes_back_with_is_no_flip_but_what_somebody_makes_of_it_is() -> None:
    for user, flips in ((None, {}), (APP, {}), (ANN, {CHARGE: False})):
        one = toggles(charge_from_grid=True, discharge_to_grid=False)
        look(one, state("unavailable"), stayed=True)
        assert look(one, state("off", user=user), stayed=True) == flips


def test_a_helper_that_the_app_has_heard_of_again_is_certain_again() -> None:
    one = toggles(charge_from_grid=True, discharge_to_grid=False)
    look(one, {IDS[DISCHARGE]: State("unknown", parent=False, user=None)}, stayed=True)
    assert one.uncertain
    changed(one, CHARGE, None, "on")
    changed(one, DISCHARGE, "unknown", "off")
    assert not one.uncertain
    assert changed(one, DISCHARGE, "off", "on") is True


def test_what_home_assistant_did_without_saying_so_is_no_flip_at_a_look_either() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    one.expect(CHARGE, on=True)
    one.answered(CHARGE, on=True, done=False)
    one.moved.clear()
    assert one.seen[CHARGE] is False
    assert look(one, state("on", user=APP), stayed=True) == {}
    assert one.seen[CHARGE]


LOOKS = pytest.mark.parametrize("looks", [0, 1, 2, 100])
"""How often the app has looked before Home Assistant does what it was asked."""


@LOOKS
def test_what_home_assistant_was_asked_is_no_flip_however_late_it_does_it(looks: int) -> None:
    for event in (True, False):
        one = asked_for_on()
        for _ in range(looks):
            one.moved.clear()
            assert look(one, state("off", user=ANN), stayed=True) == {}
            assert one.uncertain
        if event:
            assert changed(one, CHARGE, "off", "on") is None
        else:
            one.moved.clear()
            assert look(one, state("on", user=APP), stayed=True) == {}
        assert not one.uncertain
        assert changed(one, CHARGE, "on", "off") is False


@LOOKS
@pytest.mark.parametrize(
    ("user", "parent"), [(ANN, False), (None, False), (None, True), (APP, True)], ids=["ann", "time", "script", "ours"]
)
def test_what_somebody_else_does_is_a_flip_also_when_the_app_has_asked_for_the_same(
    looks: int, user: str | None, parent: bool
) -> None:
    for event in (True, False):
        one = asked_for_on()
        for _ in range(looks):
            one.moved.clear()
            look(one, state("off"), stayed=True)
        if event:
            assert changed(one, CHARGE, "off", "on", user, parent=parent) is True
        else:
            one.moved.clear()
            assert look(one, state("on", user=user, parent=parent), stayed=True) == {CHARGE: True}
        assert changed(one, CHARGE, "on", "off", ANN) is False
        assert changed(one, CHARGE, "off", "on", APP) is None, "what the app asked for comes after all"


def test_while_nobody_knows_the_apps_own_user_what_it_asked_for_is_its_own() -> None:
    one = asked_for_on()
    one.own_user = lambda: None
    assert changed(one, CHARGE, "off", "on", "who knows") is None


def test_home_assistant_is_asked_until_it_answers() -> None:
    one = asked_for_on()
    assert one.to_set({CHARGE: True}) == {CHARGE: True}
    assert one.to_set({CHARGE: False}) == {CHARGE: False}
    one.expect(CHARGE, on=False)
    one.answered(CHARGE, on=False, done=True)
    assert one.to_set({CHARGE: False}) == {}


def test_a_home_assistant_that_restarted_does_nothing_any_more_that_it_was_asked_before() -> None:
    one = asked_for_on()
    assert look(one, state("off"), stayed=False) == {}
    assert not one.uncertain


def test_a_call_that_is_under_way_when_the_app_ends_is_taken_for_one_without_an_answer() -> None:
    noted = []
    one = toggles(charge_from_grid=False)
    one.noted = lambda: noted.append(one.settled())
    one.expect(CHARGE, on=True)
    assert noted == [({CHARGE: False}, {CHARGE: (True,)})]
    one.answered(CHARGE, on=True, done=True)
    assert one.settled() == ({CHARGE: True}, {})


# -- by its events ----------------------------------------------------------------------------------------------------


def test_a_change_by_anybody_is_a_flip_once() -> None:
    one = toggles(charge_from_grid=False)
    assert changed(one, CHARGE, "off", "on") is True
    assert changed(one, CHARGE, "off", "on") is None
    assert changed(one, CHARGE, "on", "off") is False


def test_a_change_to_what_the_app_set_is_its_own() -> None:
    one = toggles(charge_from_grid=False)
    one.seen[CHARGE] = True  # noted before the helper is set
    assert changed(one, CHARGE, "off", "on") is None


def test_a_toggle_that_goes_away_is_no_flip_and_what_was_seen_stays() -> None:
    one = toggles(charge_from_grid=True)
    for gone in ("unavailable", "unknown", None):
        assert changed(one, CHARGE, "on", gone) is None
    assert one.seen[CHARGE]


@pytest.mark.parametrize("old", ["unavailable", "unknown", None])
def test_what_a_toggle_comes_back_with_is_no_flip_and_is_set_right(old: str | None) -> None:
    one = toggles(charge_from_grid=True)
    assert changed(one, CHARGE, old, "off") is None
    assert one.to_set({CHARGE: True}) == {CHARGE: True}


def test_a_helper_that_was_created_later_is_missing_no_more() -> None:
    one = toggles()
    one.missing.add(CHARGE)
    assert changed(one, CHARGE, None, "off") is None
    assert one.to_set({CHARGE: True}) == {CHARGE: True}


def test_only_a_toggle_that_shows_something_else_is_set() -> None:
    one = toggles(charge_from_grid=True)
    assert one.to_set({CHARGE: True, DISCHARGE: False, Control.RESTRICT_DISCHARGE: True}) == {DISCHARGE: False}


def test_what_home_assistant_does_late_after_it_seemed_to_have_failed_is_no_flip() -> None:
    one = asked_for_on()
    assert changed(one, CHARGE, "off", "on") is None
    assert one.seen[CHARGE]
    assert changed(one, CHARGE, "on", "off") is False


def test_the_opposite_of_what_was_asked_is_a_flip_all_the_same() -> None:
    one = toggles(charge_from_grid=True)
    one.asked[CHARGE] = (True,)
    assert changed(one, CHARGE, "on", "off") is False


# -- when Home Assistant does not answer ------------------------------------------------------------------------------


def test_what_was_done_though_home_assistant_never_said_so_can_be_flipped_back_at_once() -> None:
    one = toggles(charge_from_grid=False)
    one.expect(CHARGE, on=True)
    assert changed(one, CHARGE, "off", "on") is None
    one.answered(CHARGE, on=True, done=False)
    assert not one.asked, "its event has proven that it was done"
    assert changed(one, CHARGE, "on", "off") is False


def test_a_flip_back_before_home_assistant_fails_to_answer_is_not_forgotten_and_neither_is_the_next() -> None:
    one = toggles(charge_from_grid=False)
    one.expect(CHARGE, on=True)
    changed(one, CHARGE, "off", "on")
    assert changed(one, CHARGE, "on", "off") is False
    one.answered(CHARGE, on=True, done=False)
    assert one.seen[CHARGE] is False
    assert changed(one, CHARGE, "off", "on") is True


def test_home_assistant_is_asked_again_when_it_was_asked_for_something_else_and_a_flip_is_a_flip() -> None:
    one = asked_for_on()
    assert one.to_set({CHARGE: False}) == {CHARGE: False}
    one.expect(CHARGE, on=False)
    one.answered(CHARGE, on=False, done=True)
    assert one.to_set({CHARGE: False}) == {}
    assert changed(one, CHARGE, "off", "on") is True


def test_what_home_assistant_does_late_just_before_it_does_the_opposite_is_no_flip() -> None:
    one = asked_for_on()
    one.expect(CHARGE, on=False)
    assert changed(one, CHARGE, "off", "on") is None
    assert changed(one, CHARGE, "on", "off") is None
    one.answered(CHARGE, on=False, done=True)
    assert one.seen[CHARGE] is False


def test_what_home_assistant_did_late_without_doing_the_opposite_is_set_right() -> None:
    one = asked_for_on()
    one.expect(CHARGE, on=False)
    changed(one, CHARGE, "off", "on")
    one.answered(CHARGE, on=False, done=False)
    one.moved.clear()
    assert look(one, state("on"), stayed=True) == {}
    assert one.to_set({CHARGE: False}) == {CHARGE: False}
