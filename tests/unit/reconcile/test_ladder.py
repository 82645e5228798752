"""Which form a switch is written in next."""

from __future__ import annotations

from enphase_battery.control.controls import Control
from enphase_battery.control.steps import SwitchStep
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.reconcile.ladder import Ladder, Worked

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


def test_no_form_is_left_out_or_tried_twice_where_their_order_changes_meanwhile() -> None:
    order = list(WriteForm)
    one = Ladder(lambda _step: order)
    found = [climb(one, ON)]
    order.reverse()
    found += [climb(one, ON) for _ in order[1:]]
    assert sorted(found) == sorted(WriteForm)
    assert one.exhausted(ON)


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
    assert one.worked(ON) == Worked(WriteForm.MERGED, by_pause=False)
    assert one.worked(ON) is None
    assert one.next(ON) is WriteForm.SHORT


def test_a_step_that_was_never_written_was_done_in_no_form() -> None:
    one = ladder()
    climb(one, ON)
    assert one.worked(OFF) is None


# -- sent at once after the validation --------------------------------------------------------------------------------


def send(one: Ladder, step: SwitchStep, *, at_once: bool = True) -> tuple[WriteForm, bool]:
    """Send a step that is answered with success; return the form and whether it had to have the pause."""
    form, pauses = one.next(step), one.pauses(step)
    one.tried(step, form)
    one.answered(step, at_once=at_once and not pauses)
    return form, pauses


def ignored(one: Ladder, step: SwitchStep, times: int) -> list[tuple[WriteForm, bool]]:
    """Send a step so often in vain, beginning at once."""
    sent = []
    for _ in range(times):
        sent.append(send(one, step))
        one.not_shown(step)
    return sent


def test_what_was_sent_at_once_and_is_not_shown_is_repeated_once_with_the_pause_which_what_follows_keeps() -> None:
    short, merged = WriteForm.SHORT, WriteForm.MERGED
    assert ignored(ladder(), ON, 5) == [(short, False), (short, True), (merged, True), (short, True), (merged, True)]


def test_it_is_not_exhausted_before_the_repetition() -> None:
    one = Ladder(lambda _step: (WriteForm.SHORT,))
    ignored(one, ON, 1)
    assert not one.exhausted(ON)
    ignored(one, ON, 1)
    assert one.exhausted(ON)


def test_what_was_sent_with_the_pause_all_along_is_not_repeated() -> None:
    one = ladder()
    send(one, ON, at_once=False)
    one.not_shown(ON)
    assert (one.next(ON), one.pauses(ON)) == (WriteForm.MERGED, False)


def test_the_pause_did_it_only_where_the_repetition_was_the_last() -> None:
    one, by_pause = ladder(), []
    for times in (0, 1, 2):
        ignored(one, ON, times)
        send(one, ON)
        worked = one.worked(ON)
        assert worked is not None
        by_pause.append(worked.by_pause)
    assert by_pause == [False, True, False]


def test_what_is_sent_again_though_nothing_denies_it_takes_the_next_form_with_the_pause() -> None:
    one = ladder()
    send(one, ON)
    assert send(one, ON) == (WriteForm.MERGED, True)
    one.not_shown(ON)
    assert send(one, ON) == (WriteForm.SHORT, True)
    worked = one.worked(ON)
    assert worked is not None
    assert not worked.by_pause


def test_a_form_that_was_refused_or_never_answered_tells_nothing_of_the_pause() -> None:
    one = ladder()
    climb(one, ON)
    one.not_shown(ON)
    assert send(one, ON) == (WriteForm.MERGED, False)


def test_an_answer_to_a_step_that_is_done_already_changes_nothing() -> None:
    one = ladder()
    climb(one, ON)
    one.worked(ON)
    one.answered(ON, at_once=True)
    one.not_shown(ON)
    assert (one.next(ON), one.pauses(ON), one.worked(ON)) == (WriteForm.SHORT, False, None)
