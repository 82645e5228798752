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
    return Toggles(IDS, {Control(control): on for control, on in seen.items()})


def state(value: str, *, parent: bool = False, user: str | None = None) -> Mapping[str, State]:
    return {IDS[CHARGE]: State(value, parent, user), IDS[DISCHARGE]: State("off", parent=False, user=None)}


def look(
    one: Toggles, states: Mapping[str, State], *, stayed: bool, own_user: str | None = APP
) -> Mapping[Control, bool]:
    return one.look(states, home_assistant_stayed=stayed, own_user=own_user)


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
    assert one.changed(CHARGE, "off", "on") is None, "its event comes late"


def test_what_the_app_is_just_setting_is_not_looked_at() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    one.expect(CHARGE, on=True)
    one.moved.clear()
    assert look(one, state("off"), stayed=True) == {}
    assert one.seen[CHARGE]


def test_an_answer_from_before_a_change_is_not_believed() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    one.changed(CHARGE, "off", "on")
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
    one.changed(CHARGE, None, "on")
    one.changed(DISCHARGE, "unknown", "off")
    assert not one.uncertain
    assert one.changed(DISCHARGE, "off", "on") is True


def test_what_home_assistant_did_without_saying_so_is_no_flip_at_a_look_either() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    one.expect(CHARGE, on=True)
    one.answered(CHARGE, on=True, done=False)
    one.moved.clear()
    assert one.seen[CHARGE] is False
    assert look(one, state("on"), stayed=True) == {}
    assert one.seen[CHARGE]


def test_what_home_assistant_was_asked_long_ago_explains_no_flip_of_today() -> None:
    one = toggles(charge_from_grid=False, discharge_to_grid=False)
    one.asked[CHARGE] = (True,)
    for _ in range(2):
        assert one.uncertain
        look(one, state("off"), stayed=True)
    assert not one.uncertain
    assert one.changed(CHARGE, "off", "on") is True


# -- by its events ----------------------------------------------------------------------------------------------------


def test_a_change_by_anybody_is_a_flip_once() -> None:
    one = toggles(charge_from_grid=False)
    assert one.changed(CHARGE, "off", "on") is True
    assert one.changed(CHARGE, "off", "on") is None
    assert one.changed(CHARGE, "on", "off") is False


def test_a_change_to_what_the_app_set_is_its_own() -> None:
    one = toggles(charge_from_grid=False)
    one.seen[CHARGE] = True  # noted before the helper is set
    assert one.changed(CHARGE, "off", "on") is None


def test_a_toggle_that_goes_away_is_no_flip_and_what_was_seen_stays() -> None:
    one = toggles(charge_from_grid=True)
    for gone in ("unavailable", "unknown", None):
        assert one.changed(CHARGE, "on", gone) is None
    assert one.seen[CHARGE]


@pytest.mark.parametrize("old", ["unavailable", "unknown", None])
def test_what_a_toggle_comes_back_with_is_no_flip_and_is_set_right(old: str | None) -> None:
    one = toggles(charge_from_grid=True)
    assert one.changed(CHARGE, old, "off") is None
    assert one.to_set({CHARGE: True}) == {CHARGE: True}


def test_a_helper_that_was_created_later_is_missing_no_more() -> None:
    one = toggles()
    one.missing.add(CHARGE)
    assert one.changed(CHARGE, None, "off") is None
    assert one.to_set({CHARGE: True}) == {CHARGE: True}


def test_only_a_toggle_that_shows_something_else_is_set() -> None:
    one = toggles(charge_from_grid=True)
    assert one.to_set({CHARGE: True, DISCHARGE: False, Control.RESTRICT_DISCHARGE: True}) == {DISCHARGE: False}


def test_what_home_assistant_does_late_after_it_seemed_to_have_failed_is_no_flip() -> None:
    toggles = Toggles(IDS, seen={CHARGE: False})
    toggles.asked[CHARGE] = (True,)
    assert toggles.changed(CHARGE, "off", "on") is None
    assert toggles.seen[CHARGE]
    assert toggles.changed(CHARGE, "on", "off") is False


def test_the_opposite_of_what_was_asked_is_a_flip_all_the_same() -> None:
    toggles = Toggles(IDS, seen={CHARGE: True})
    toggles.asked[CHARGE] = (True,)
    assert toggles.changed(CHARGE, "on", "off") is False


# -- when Home Assistant does not answer ------------------------------------------------------------------------------


def test_what_was_done_though_home_assistant_never_said_so_can_be_flipped_back_at_once() -> None:
    one = toggles(charge_from_grid=False)
    one.expect(CHARGE, on=True)
    assert one.changed(CHARGE, "off", "on") is None
    one.answered(CHARGE, on=True, done=False)
    assert not one.asked, "its event has proven that it was done"
    assert one.changed(CHARGE, "on", "off") is False


def test_a_flip_back_before_home_assistant_fails_to_answer_is_not_forgotten_and_neither_is_the_next() -> None:
    one = toggles(charge_from_grid=False)
    one.expect(CHARGE, on=True)
    one.changed(CHARGE, "off", "on")
    assert one.changed(CHARGE, "on", "off") is False
    one.answered(CHARGE, on=True, done=False)
    assert one.seen[CHARGE] is False
    assert one.changed(CHARGE, "off", "on") is True


def asked_for_on() -> Toggles:
    """Return toggles of which one was to be on, which Home Assistant has not answered."""
    one = toggles(charge_from_grid=False)
    one.expect(CHARGE, on=True)
    one.answered(CHARGE, on=True, done=False)
    return one


def test_home_assistant_is_asked_again_when_it_was_asked_for_something_else_and_a_flip_is_a_flip() -> None:
    one = asked_for_on()
    assert one.to_set({CHARGE: False}) == {CHARGE: False}
    one.expect(CHARGE, on=False)
    one.answered(CHARGE, on=False, done=True)
    assert one.to_set({CHARGE: False}) == {}
    assert one.changed(CHARGE, "off", "on") is True


def test_what_home_assistant_does_late_just_before_it_does_the_opposite_is_no_flip() -> None:
    one = asked_for_on()
    one.expect(CHARGE, on=False)
    assert one.changed(CHARGE, "off", "on") is None
    assert one.changed(CHARGE, "on", "off") is None
    one.answered(CHARGE, on=False, done=True)
    assert one.seen[CHARGE] is False


def test_what_home_assistant_did_late_without_doing_the_opposite_is_set_right() -> None:
    one = asked_for_on()
    one.expect(CHARGE, on=False)
    one.changed(CHARGE, "off", "on")
    one.answered(CHARGE, on=False, done=False)
    one.moved.clear()
    assert look(one, state("on"), stayed=True) == {}
    assert one.to_set({CHARGE: False}) == {CHARGE: False}
