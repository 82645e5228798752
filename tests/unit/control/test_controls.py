"""Every control has a whole row, and rows that speak of each other agree."""

from __future__ import annotations

import pytest

from enphase_battery.control.controls import Control


def test_each_control_has_a_title() -> None:
    assert [control.title for control in Control] == [
        "charge from grid",
        "discharge to grid",
        "restrict battery discharge",
    ]


@pytest.mark.parametrize("control", Control)
def test_a_rival_is_another_control_whose_rival_it_is(control: Control) -> None:
    assert control.rival is not control
    assert control.rival is None or control.rival.rival is control


@pytest.mark.parametrize("control", Control)
def test_people_see_each_control_under_a_name_and_icons(control: Control) -> None:
    assert control.entity_name.startswith("Enphase battery ")
    assert control.icon.startswith("mdi:")
    assert control.helper_icon.startswith("mdi:")


def test_what_tells_controls_apart_is_no_other_controls() -> None:
    for told in ("title", "entity_name", "icon", "helper", "helper_icon"):
        assert len({getattr(control, told) for control in Control}) == len(Control), told


@pytest.mark.parametrize("control", Control)
def test_the_verbs_name_the_percent_at_which_it_stops_where_there_is_one(control: Control) -> None:
    verbs = control.verbs
    assert verbs.does
    assert verbs.doing
    assert (verbs.does_to.count("{}"), verbs.doing_to.count("{}")) == ((1, 1) if control.takes_target else (0, 0))


def test_no_more_than_one_control_has_a_second_flag_because_a_site_state_and_a_ledger_hold_one() -> None:
    assert sum(control.has_second_flag for control in Control) <= 1
