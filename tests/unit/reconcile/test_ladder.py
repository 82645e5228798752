"""Which form a switch is written in next."""

from __future__ import annotations

from enphase_battery.control.controls import Control
from enphase_battery.control.steps import SwitchStep
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.reconcile.ladder import Ladder

ON = SwitchStep(Control.DISCHARGE_TO_GRID, on=True)
OFF = SwitchStep(Control.DISCHARGE_TO_GRID, on=False)
FORMS = (WriteForm.SHORT, WriteForm.MERGED)


def ladder() -> Ladder:
    return Ladder(lambda _step: FORMS)


def climb(one: Ladder, step: SwitchStep) -> WriteForm:
    form = one.next(step)
    one.tried(step, form)
    return form


def test_each_form_comes_in_turn_and_the_first_again_after_the_last() -> None:
    one = ladder()
    assert [climb(one, ON) for _ in range(3)] == [WriteForm.SHORT, WriteForm.MERGED, WriteForm.SHORT]


def test_it_is_exhausted_once_every_form_was_tried() -> None:
    one = ladder()
    found = []
    for _ in range(3):
        climb(one, ON)
        found.append(one.exhausted(ON))
    assert found == [False, True, True]


def test_the_opposite_step_begins_anew() -> None:
    one = ladder()
    climb(one, ON)
    assert one.next(OFF) is WriteForm.SHORT
    climb(one, OFF)
    assert one.next(ON) is WriteForm.SHORT


def test_what_worked_is_the_form_tried_last_and_is_said_once() -> None:
    one = ladder()
    climb(one, ON)
    climb(one, ON)
    assert one.worked(ON) is WriteForm.MERGED
    assert one.worked(ON) is None
    assert one.next(ON) is WriteForm.SHORT


def test_a_step_that_was_never_written_was_done_in_no_form() -> None:
    one = ladder()
    climb(one, ON)
    assert one.worked(OFF) is None
