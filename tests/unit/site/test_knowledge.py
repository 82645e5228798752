"""What was learnt of a site outlives a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.site_state import Habits
from enphase_battery.control.steps import SwitchStep
from enphase_battery.enlighten.readings import SiteSettings
from enphase_battery.site.knowledge import Knowledge
from enphase_battery.store.store import Store

CHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.RESTRICT_DISCHARGE
ON, OFF = SwitchStep(RESTRICT, on=True), SwitchStep(RESTRICT, on=False)


def settings(**members: object) -> SiteSettings:
    return SiteSettings.parse({"data": {"hasEncharge": True, "userDetails": {}, **members}})


@pytest.fixture
def start(tmp_path: Path) -> Callable[[], Knowledge]:
    """Return what starts the app once more."""
    return lambda: Knowledge(Store(tmp_path / "app.json", logging.getLogger("test")))


def test_of_a_new_site_nothing_is_known_and_nothing_is_held_against_it(start: Callable[[], Knowledge]) -> None:
    known = start()
    assert (known.time_zone, known.floor, known.has_list, known.by_entries) == (None, 0, None, {})
    assert known.habits == Habits()
    assert known.form_of(ON) is None
    assert known.circumstances(accept_disclaimer=False).may_write


def test_everything_outlives_a_restart(start: Callable[[], Knowledge]) -> None:
    known, habits = start(), Habits(touching=False, overnight=False, both_flags=True, pauses=True)
    members = {"isOwner": False, "isInstaller": False}
    known.learn_site(settings(timezone="Europe/Paris", batteryGridMode="ImportOnly", userDetails=members))
    known.learn_floor(20)
    known.learn_list(exists=True)
    known.learn_family(CHARGE, by_entries=True)
    known.learn_family(RESTRICT, by_entries=False)
    known.learn_habits(habits)
    known.learn_form(OFF, "merged")

    again = start()
    site = again.circumstances(accept_disclaimer=True)
    assert (again.time_zone, site.may_write, site.grid_mode) == ("Europe/Paris", False, "ImportOnly")
    assert (again.floor, again.has_list, again.habits) == (20, True, habits)
    assert again.by_entries == {CHARGE: True, RESTRICT: False}
    assert (again.form_of(OFF), again.form_of(ON)) == ("merged", None)


def test_an_answer_without_a_zone_does_not_take_away_the_one_that_is_known(start: Callable[[], Knowledge]) -> None:
    known = start()
    known.learn_site(settings(timezone="Europe/Paris"))
    known.learn_site(settings())
    assert known.time_zone == "Europe/Paris"


def test_a_floor_that_somebody_wrote_into_the_store_by_hand_keeps_nothing_from_starting(
    start: Callable[[], Knowledge], tmp_path: Path
) -> None:
    Store(tmp_path / "app.json", logging.getLogger("test")).write("knowledge", {"floor": "high"})
    assert start().floor == 0


@pytest.mark.parametrize("odd", ["N/A", None, "Europe/Atlantis", "../../etc", 5])
def test_a_zone_that_nobody_knows_leaves_the_one_that_was_told_before(
    start: Callable[[], Knowledge], odd: object
) -> None:
    known = start()
    known.learn_site(settings(timezone="Europe/Paris"))
    known.learn_site(settings(timezone=odd))
    assert known.time_zone == "Europe/Paris"
