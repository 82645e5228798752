"""What each input makes of the wishes: rules (b) to (j) of docs/design.md, as far as switches go."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.wanted import resolve
from enphase_battery.control.windows.window import Occurrence, Window
from enphase_battery.control.wishes import Book

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
MIDNIGHT = datetime(2026, 11, 22, tzinfo=timezone.utc)
ALL_OFF = Book().adopt(dict.fromkeys(Control, False), MIDNIGHT)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def occurrence(control: Control, start: float, end: float, name: str = "night") -> Occurrence:
    window = Window(name, control, time(0), time(1), frozenset({1}), None)
    return Occurrence(window, at(start), at(end))


def commanded(control: Control, on: bool, start: float, end: float) -> Intent:
    return Intent(control, on, Source.COMMAND, at(start), at(end))


def wants(book: Book, control: Control, hour: float, *running: Occurrence) -> bool:
    """Return what the toggle shows: what is wanted of the control, whatever other controls want."""
    top = book.top(control, running, at(hour))
    assert top is not None
    return top.on


NIGHT = occurrence(CHARGE, 2, 5)


# -- what is wanted now -----------------------------------------------------------------------------------------------


def test_nothing_is_wanted_of_a_control_before_the_cloud_was_read() -> None:
    assert Book().top(CHARGE, (), at(0)) is None


def test_a_window_is_wanted_while_it_runs_and_what_lies_under_it_shows_through_after() -> None:
    assert wants(ALL_OFF, CHARGE, 3, NIGHT)
    assert not wants(ALL_OFF, CHARGE, 5)


def test_a_window_concerns_its_own_control_only() -> None:
    assert not wants(ALL_OFF, DISCHARGE, 3, NIGHT)


def test_a_command_covers_a_window_and_the_window_goes_on_when_the_command_ends_first() -> None:
    book = ALL_OFF.command(commanded(CHARGE, False, 3, 4))
    assert not wants(book, CHARGE, 3.5, NIGHT)
    assert wants(book, CHARGE, 4, NIGHT)


def test_a_timed_off_pauses_a_standing_wish() -> None:
    book = ALL_OFF.flip(RESTRICT, True, Source.TOGGLE, (), at(1)).command(commanded(RESTRICT, False, 2, 3))
    assert not wants(book, RESTRICT, 2.5)
    assert wants(book, RESTRICT, 3)


def test_a_newer_command_replaces_an_older_one_of_its_control() -> None:
    book = ALL_OFF.command(commanded(CHARGE, True, 1, 8)).command(commanded(CHARGE, True, 2, 3))
    assert not wants(book, CHARGE, 4)


# -- flips ------------------------------------------------------------------------------------------------------------


def test_a_flip_becomes_the_standing_wish() -> None:
    book = ALL_OFF.flip(RESTRICT, True, Source.TOGGLE, (), at(1))
    assert book.standing[RESTRICT] == Intent(RESTRICT, True, Source.TOGGLE, at(1))
    assert wants(book, RESTRICT, 1000)


def test_a_flip_before_the_cloud_was_read_counts() -> None:
    assert wants(Book().flip(CHARGE, True, Source.TOGGLE, (), at(1)), CHARGE, 2)


def test_a_flip_skips_the_occurrence_to_its_end_and_leaves_later_ones_alone() -> None:
    book = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    assert not wants(book, CHARGE, 4, NIGHT)
    assert wants(book, CHARGE, 27, occurrence(CHARGE, 26, 29))


def test_flipping_back_before_the_cloud_was_read_leaves_nothing_but_the_window() -> None:
    flipped = Book().flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    assert flipped.flip(CHARGE, True, Source.TOGGLE, (NIGHT,), at(4)) == Book()


def test_a_flip_ends_a_running_command() -> None:
    book = ALL_OFF.command(commanded(CHARGE, True, 1, 8)).flip(CHARGE, False, Source.TOGGLE, (), at(2))
    assert not wants(book, CHARGE, 3)


def test_a_flip_to_what_a_window_wants_makes_it_last() -> None:
    book = ALL_OFF.flip(CHARGE, True, Source.COMMAND, (NIGHT,), at(3))
    assert wants(book, CHARGE, 6)


def test_flipping_back_inside_the_window_lets_it_go_on_and_end() -> None:
    book = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3)).flip(
        CHARGE, True, Source.TOGGLE, (NIGHT,), at(4)
    )
    assert book == ALL_OFF


def test_flipping_back_restores_the_command_that_the_flip_ended() -> None:
    commanded_book = ALL_OFF.command(commanded(CHARGE, True, 1, 8))
    flipped = commanded_book.flip(CHARGE, False, Source.TOGGLE, (), at(2))
    assert flipped.flip(CHARGE, True, Source.TOGGLE, (), at(3)) == commanded_book


def test_flipping_back_after_the_command_has_ended_lets_the_window_under_it_go_on() -> None:
    book = ALL_OFF.command(commanded(CHARGE, True, 2, 4)).flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    assert book.flip(CHARGE, True, Source.TOGGLE, (NIGHT,), at(4.5)).expire(at(4.5)) == ALL_OFF


def test_flipping_back_after_the_window_has_ended_is_an_ordinary_flip() -> None:
    book = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3)).flip(CHARGE, True, Source.TOGGLE, (), at(5))
    assert wants(book, CHARGE, 1000)


def test_flipping_back_is_an_ordinary_flip_when_what_it_would_restore_is_not_what_is_wished() -> None:
    paused = ALL_OFF.command(commanded(CHARGE, False, 2, 4))
    book = paused.flip(CHARGE, True, Source.TOGGLE, (NIGHT,), at(3)).flip(
        CHARGE, False, Source.TOGGLE, (NIGHT,), at(4.5)
    )
    assert not wants(book, CHARGE, 4.5, NIGHT)  # undone, the window would want on


def test_the_same_flip_again_undoes_nothing() -> None:
    flipped = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    assert not wants(flipped.flip(CHARGE, False, Source.COMMAND, (NIGHT,), at(4)), CHARGE, 4, NIGHT)


def test_a_flip_to_discharge_ends_a_running_timed_charge_and_flipping_back_lets_it_go_on() -> None:
    flipped = ALL_OFF.flip(DISCHARGE, True, Source.TOGGLE, (NIGHT,), at(3), rivals=(CHARGE,))
    assert not wants(flipped, CHARGE, 3, NIGHT)
    assert flipped.flip(DISCHARGE, False, Source.TOGGLE, (NIGHT,), at(4), rivals=(CHARGE,)) == ALL_OFF


def test_a_flip_to_discharge_ends_a_command_to_charge() -> None:
    book = ALL_OFF.command(commanded(CHARGE, True, 1, 8))
    book = book.flip(DISCHARGE, True, Source.TOGGLE, (), at(2), rivals=(CHARGE,))
    assert not wants(book, CHARGE, 3)


def test_a_flip_to_discharge_leaves_a_pause_of_charging_alone() -> None:
    pause = commanded(CHARGE, False, 1, 8)
    book = ALL_OFF.command(pause).flip(DISCHARGE, True, Source.TOGGLE, (), at(2), rivals=(CHARGE,))
    assert book.commands == {CHARGE: pause}


def test_a_flip_to_off_leaves_the_other_controls_alone() -> None:
    book = ALL_OFF.flip(DISCHARGE, True, Source.TOGGLE, (), at(1))
    assert wants(book.flip(DISCHARGE, False, Source.TOGGLE, (NIGHT,), at(3), rivals=(CHARGE,)), CHARGE, 3, NIGHT)


def test_flipping_the_discharge_back_wakes_no_charge_about_which_somebody_has_decided_since() -> None:
    book = ALL_OFF.flip(DISCHARGE, True, Source.TOGGLE, (NIGHT,), at(3), rivals=(CHARGE,))
    book = book.flip(CHARGE, True, Source.TOGGLE, (NIGHT,), at(3.1), rivals=(DISCHARGE,))
    book = book.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3.2), rivals=(DISCHARGE,))
    assert not wants(book.flip(DISCHARGE, False, Source.TOGGLE, (NIGHT,), at(3.3)), CHARGE, 3.3, NIGHT)


def test_flipping_a_charge_leaves_a_paused_discharge_to_be_flipped_back() -> None:
    commanded_book = ALL_OFF.command(commanded(DISCHARGE, True, 1, 8)).flip(DISCHARGE, False, Source.TOGGLE, (), at(2))
    book = commanded_book.flip(CHARGE, False, Source.TOGGLE, (), at(3), rivals=(DISCHARGE,))
    book = book.flip(DISCHARGE, True, Source.TOGGLE, (), at(4), rivals=(CHARGE,))
    assert book.commands == {DISCHARGE: commanded(DISCHARGE, True, 1, 8)}


def test_restricting_the_discharge_stands_beside_everything() -> None:
    book = ALL_OFF.flip(RESTRICT, True, Source.TOGGLE, (NIGHT,), at(3))
    assert wants(book, CHARGE, 3, NIGHT)


def test_a_command_after_a_flip_leaves_nothing_to_flip_back_to() -> None:
    book = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(2.5)).command(commanded(CHARGE, False, 3, 4))
    again = book.flip(CHARGE, True, Source.TOGGLE, (NIGHT,), at(3.5))
    assert again.standing[CHARGE].on
    assert again.skipped


def test_restoring_a_command_never_displaces_a_newer_one() -> None:
    flipped = ALL_OFF.command(commanded(CHARGE, True, 1, 8))
    flipped = flipped.flip(DISCHARGE, True, Source.TOGGLE, (), at(2), rivals=(CHARGE,))
    newer = commanded(CHARGE, False, 3, 7)
    book = flipped.command(newer).flip(DISCHARGE, False, Source.TOGGLE, (), at(4))
    assert book.commands == {CHARGE: newer}


# -- cancel -----------------------------------------------------------------------------------------------------------


def test_cancel_ends_the_command_and_the_window_under_it_goes_on() -> None:
    book = ALL_OFF.command(commanded(CHARGE, False, 3, 4)).cancel(CHARGE, (NIGHT,), at(3.5))
    assert book is not None
    assert wants(book, CHARGE, 3.5, NIGHT)


def test_cancel_skips_the_running_window_and_leaves_the_standing_wish_alone() -> None:
    book = ALL_OFF.cancel(CHARGE, (NIGHT,), at(3))
    assert book is not None
    assert not wants(book, CHARGE, 4, NIGHT)
    assert book.standing == ALL_OFF.standing


def test_there_is_nothing_to_cancel_without_a_timed_wish() -> None:
    standing = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    assert standing.cancel(CHARGE, (), at(2)) is None
    assert ALL_OFF.cancel(DISCHARGE, (NIGHT,), at(3)) is None


def test_a_command_that_is_over_cannot_be_cancelled() -> None:
    assert ALL_OFF.command(commanded(CHARGE, True, 1, 2)).cancel(CHARGE, (), at(2)) is None


# -- refused, proven, adopted -----------------------------------------------------------------------------------------


def test_a_refused_flip_falls_back_on_the_standing_wish_that_the_cloud_showed_last() -> None:
    flipped = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    book = flipped.drop_refused(flipped.standing[CHARGE], shown=False, running=(), now=at(2))
    assert book.standing == ALL_OFF.standing


def test_a_refused_flip_before_anything_was_confirmed_is_dropped_for_what_the_cloud_shows() -> None:
    flipped = Book().flip(CHARGE, True, Source.TOGGLE, (), at(1))
    book = flipped.drop_refused(flipped.standing[CHARGE], shown=False, running=(), now=at(2))
    assert book.standing[CHARGE] == Intent(CHARGE, False, Source.CLOUD, at(2))
    assert book.proven == book.standing


def test_a_refused_off_that_is_decided_after_the_end_of_the_window_leaves_no_standing_on() -> None:
    flipped = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(4.99))
    book = flipped.expire(at(5.1)).drop_refused(flipped.standing[CHARGE], shown=True, running=(), now=at(5.1))
    assert book.standing == ALL_OFF.standing


def test_a_refused_flip_inside_a_window_leaves_the_window_as_it_was() -> None:
    flipped = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    book = flipped.drop_refused(flipped.standing[CHARGE], shown=True, running=(NIGHT,), now=at(3.1))
    assert book == ALL_OFF  # above all, on is no standing wish now: the window still ends at its end


def test_a_refused_flip_gives_back_the_timed_wish_of_the_control_that_it_pushed_aside() -> None:
    flipped = ALL_OFF.flip(DISCHARGE, True, Source.TOGGLE, (NIGHT,), at(3))
    book = flipped.drop_refused(flipped.standing[DISCHARGE], shown=False, running=(NIGHT,), now=at(3.1))
    assert book == ALL_OFF


def test_a_refused_command_is_dropped() -> None:
    intent = commanded(CHARGE, True, 1, 8)
    assert ALL_OFF.command(intent).drop_refused(intent, shown=False, running=(), now=at(2)) == ALL_OFF


def test_a_refused_occurrence_stays_to_be_tried_again() -> None:
    intent = Intent.of_occurrence(NIGHT)
    assert ALL_OFF.drop_refused(intent, shown=False, running=(NIGHT,), now=at(3)) is ALL_OFF


def test_a_standing_wish_that_was_confirmed_once_is_not_dropped_when_coming_back_to_it_is_refused() -> None:
    standing = ALL_OFF.standing[CHARGE]
    assert ALL_OFF.drop_refused(standing, shown=True, running=(), now=at(3)) is ALL_OFF
    flipped = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    proven = flipped.prove(flipped.standing[CHARGE])
    assert proven.drop_refused(flipped.standing[CHARGE], shown=False, running=(), now=at(3)) is proven


def test_an_off_that_a_timed_on_came_over_before_it_was_proven_is_not_dropped_for_an_older_on() -> None:
    flipped = Book().adopt({CHARGE: True}, MIDNIGHT).flip(CHARGE, False, Source.TOGGLE, (), at(1))
    off = flipped.standing[CHARGE]
    commanded_on = flipped.command(commanded(CHARGE, True, 1, 2))
    for book, end in ((commanded_on, 2.0), (flipped.begin((NIGHT,)), 5.0)):
        later = book.expire(at(end))
        assert later.drop_refused(off, shown=True, running=(), now=at(end)) is later
        assert later.begin((NIGHT,)) is later
    commanded_off = flipped.command(commanded(CHARGE, False, 1, 2)).expire(at(2))
    assert wants(commanded_off.drop_refused(off, shown=True, running=(), now=at(2)), CHARGE, 2)


def test_what_a_person_ended_in_the_enphase_app_is_not_dropped() -> None:
    flipped = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    on = flipped.standing[CHARGE]
    ended = flipped.prove(on).end(on, (), at(2), edited=False)
    assert ended.drop_refused(ended.standing[CHARGE], shown=True, running=(), now=at(3)) is ended


def test_a_refusal_of_a_wish_that_was_replaced_changes_nothing() -> None:
    older = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    newer = older.flip(CHARGE, False, Source.TOGGLE, (), at(2))
    assert newer.drop_refused(older.standing[CHARGE], shown=True, running=(), now=at(3)) is newer


def test_only_the_standing_wish_itself_can_be_proven_and_only_once() -> None:
    flipped = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    assert flipped.prove(ALL_OFF.standing[CHARGE]) is flipped
    assert flipped.prove(commanded(CHARGE, True, 1, 8)) is flipped
    proven = flipped.prove(flipped.standing[CHARGE])
    assert CHARGE in proven.proven
    assert proven.prove(flipped.standing[CHARGE]) is proven


def test_at_the_first_start_the_cloud_is_right_and_a_running_window_is_begun() -> None:
    book = Book().adopt({CHARGE: False, DISCHARGE: True}, at(3))
    assert book.standing[DISCHARGE] == Intent(DISCHARGE, True, Source.CLOUD, at(3))
    assert book.proven == book.standing
    assert wants(book, CHARGE, 3, NIGHT)


def test_what_the_cloud_shows_never_replaces_a_wish() -> None:
    assert ALL_OFF.adopt(dict.fromkeys(Control, True), at(1)) is ALL_OFF


# -- release and the passing of time ----------------------------------------------------------------------------------


def test_after_release_windows_rest_until_somebody_wishes_something() -> None:
    released = ALL_OFF.command(commanded(DISCHARGE, True, 1, 8)).release(Control, at(2))
    assert not any(wants(released, control, 3, NIGHT) for control in Control)
    assert wants(released.flip(RESTRICT, True, Source.TOGGLE, (NIGHT,), at(3)), CHARGE, 3, NIGHT)
    assert wants(released.command(commanded(RESTRICT, True, 3, 4)), CHARGE, 3, NIGHT)


def test_a_release_that_is_refused_is_dropped_like_a_flip() -> None:
    flipped = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(0.5))
    released = flipped.prove(flipped.standing[CHARGE]).release([CHARGE], at(1))
    assert wants(released.drop_refused(released.standing[CHARGE], shown=True, running=(), now=at(2)), CHARGE, 2)


def test_release_leaves_a_control_that_the_app_may_not_change_as_it_is() -> None:
    book = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(0.5)).flip(DISCHARGE, True, Source.TOGGLE, (), at(0.5))
    book = book.release([CHARGE], at(1))
    assert not wants(book, CHARGE, 1)
    assert wants(book, DISCHARGE, 1)


def test_release_switches_off_only_what_the_app_switched_on() -> None:
    book = Book().adopt({CHARGE: True, DISCHARGE: False}, at(0))
    book = book.flip(RESTRICT, True, Source.CLOUD, (), at(0.5)).flip(DISCHARGE, True, Source.TOGGLE, (), at(0.5))
    released = book.command(commanded(CHARGE, False, 1, 8)).release(Control, at(2))
    assert {control: wants(released, control, 2) for control in Control} == {
        CHARGE: True,
        DISCHARGE: False,
        RESTRICT: True,
    }


def test_what_is_over_is_forgotten_and_what_still_runs_is_kept() -> None:
    book = ALL_OFF.command(commanded(RESTRICT, True, 1, 4)).flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    assert book.expire(at(3.5)) is book
    assert book.expire(at(4)) == ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(3))
    over = book.expire(at(5))
    assert (over.commands, over.skipped, over.interruptions) == ({}, {}, {})


def test_the_scheduler_is_told_when_commands_end() -> None:
    book = ALL_OFF.command(commanded(CHARGE, True, 1, 8)).command(commanded(RESTRICT, False, 1, 3))
    assert set(book.ends()) == {at(8), at(3)}
    assert ALL_OFF.ends() == ()


@pytest.mark.parametrize("member", ["standing", "proven", "commands", "skipped", "interruptions", "released"])
def test_a_stored_book_with_a_member_missing_or_of_another_shape_is_refused(member: str) -> None:
    data = ALL_OFF.to_json()
    if member != "released":
        with pytest.raises((ValueError, TypeError)):
            Book.from_json({**data, member: "nonsense"})
    del data[member]
    with pytest.raises(KeyError):
        Book.from_json(data)


# -- whatever happens -------------------------------------------------------------------------------------------------

MINUTES = st.integers(0, 120).map(lambda minutes: timedelta(minutes=minutes))
INPUTS = st.tuples(
    st.sampled_from(["read", "flip", "command", "cancel", "refused", "proven", "wait", "expire", "begin"]),
    st.sampled_from(Control),
    st.booleans(),
    MINUTES,
)


@dataclass
class Day:
    """A day with windows that do not overlap, and the book that a sequence of inputs makes."""

    occurrences: Sequence[Occurrence]
    now: datetime = MIDNIGHT
    book: Book = field(default_factory=Book)

    @property
    def running(self) -> tuple[Occurrence, ...]:
        return tuple(one for one in self.occurrences if one.start <= self.now < one.end)

    def top(self, control: Control) -> Intent | None:
        return self.book.top(control, self.running, self.now)

    def take(self, action: str, control: Control, on: bool, minutes: timedelta) -> None:
        """Let one input make another book, or time go by."""
        book, running, now, top = self.book, self.running, self.now, self.top(control)
        if action == "wait":
            self.now += minutes
            return
        until = now + minutes + timedelta(minutes=5)
        made: Mapping[str, Callable[[], Book | None]] = {
            "read": lambda: book.adopt({control: on}, now),
            "flip": lambda: book.flip(control, on, Source.TOGGLE, running, now),
            "command": lambda: book.command(Intent(control, on, Source.COMMAND, now, until)),
            "cancel": lambda: book.cancel(control, running, now),
            "refused": lambda: book.drop_refused(top, on, running, now) if top else None,
            "proven": lambda: book.prove(top) if top else None,
            "expire": lambda: book.expire(now),
            "begin": lambda: book.begin(running),
        }
        self.book = made[action]() or book


def live(edges: set[int], controls: list[Control], inputs: list[tuple[str, Control, bool, timedelta]]) -> Day:
    """Return a day after a sequence of inputs, with windows of these controls from one of the hours to the next."""
    spans = zip(controls, pairwise(sorted(edges)), strict=False)
    day = Day([occurrence(control, *span, f"window {span}") for control, span in spans])
    for one in inputs:
        day.take(*one)
    return day


DAYS = st.builds(
    live,
    edges=st.sets(st.integers(0, 12), min_size=2, max_size=6),
    controls=st.lists(st.sampled_from(Control), max_size=5),
    inputs=st.lists(INPUTS, max_size=10),
)


@given(DAYS)
def test_the_book_outlives_a_restart_unchanged(day: Day) -> None:
    assert Book.from_json(json.loads(json.dumps(day.book.to_json()))) == day.book


@given(DAYS)
def test_forgetting_what_is_over_changes_nothing_that_is_wanted(day: Day) -> None:
    assert resolve(day.book.expire(day.now), day.running, day.now) == resolve(day.book, day.running, day.now)


@given(DAYS, st.sampled_from(Control), st.booleans(), st.sampled_from(Source))
def test_a_flip_is_always_what_the_toggle_shows_then(day: Day, control: Control, on: bool, source: Source) -> None:
    top = day.book.flip(control, on, source, day.running, day.now).top(control, day.running, day.now)
    assert top is not None
    assert top.on is on


@given(DAYS, st.sampled_from(Control), st.booleans(), st.booleans(), MINUTES)
def test_a_flip_that_ended_a_timed_wish_and_was_flipped_back_might_never_have_been(
    day: Day, control: Control, on: bool, rival: bool, later: timedelta
) -> None:
    day.book = day.book.adopt(dict.fromkeys(Control, False), day.now)
    of = (control.rival or control) if rival else control
    without = day.book.command(Intent(of, on, Source.COMMAND, day.now, day.now + timedelta(hours=1.5)))
    before = without.top(control, day.running, day.now)
    assert before is not None
    flipped = without.flip(control, not before.on, Source.TOGGLE, day.running, day.now)
    assume(control in flipped.interruptions)
    day.now += later
    untouched = resolve(without, day.running, day.now)
    assume(day.now < flipped.interruptions[control].until and untouched[control].intent.on is before.on)
    back = flipped.flip(control, before.on, Source.TOGGLE, day.running, day.now)
    assert resolve(back, day.running, day.now) == untouched
    assert back.proven == without.proven


@given(DAYS, MINUTES, st.sets(st.sampled_from(Control)))
def test_after_release_nothing_is_wanted_on_at_any_later_time_but_what_the_cloud_had_on(
    day: Day, later: timedelta, controls: set[Control]
) -> None:
    standing = day.book.standing
    had_on = {key for key, one in standing.items() if one.on and one.source is Source.CLOUD}
    day.book = day.book.release(controls, day.now)
    day.now += later
    wanted = resolve(day.book.expire(day.now), day.running, day.now)
    assert controls <= wanted.keys()
    assert all(wanted[control].intent.on is wanted[control].switch is (control in had_on) for control in controls)


@given(DAYS, st.sampled_from(Control))
def test_after_a_cancel_the_standing_wishes_are_what_they_were(day: Day, control: Control) -> None:
    book = day.book.cancel(control, day.running, day.now)
    assert (book is None) is not bool(day.book.timed(control, day.running, day.now))
    assert book is None or book.standing == day.book.standing


@given(DAYS)
def test_charge_and_discharge_are_never_both_switched_on_while_one_of_them_is_timed(day: Day) -> None:
    wanted = resolve(day.book, day.running, day.now)
    both = [one for control, one in wanted.items() if control.rival is not None and one.switch]
    assert len(both) < 2 or not any(one.intent.timed for one in both)


# -- what the Enphase app ends, and what makes room -------------------------------------------------------------------


@pytest.mark.parametrize("edited", [False, True])
def test_a_command_whose_entry_a_person_took_is_over_and_the_window_under_it_goes_on(edited: bool) -> None:
    command = commanded(CHARGE, True, 1, 8)
    book = ALL_OFF.command(command).end(command, (NIGHT,), at(3), edited=edited)
    assert book.commands == {}
    assert wants(book, CHARGE, 3, NIGHT)
    assert book.standing[CHARGE].on is edited, "what a person made of it stays in force"


@pytest.mark.parametrize("edited", [False, True])
def test_an_occurrence_whose_entry_a_person_took_is_skipped_to_its_end(edited: bool) -> None:
    book = ALL_OFF.end(Intent.of_occurrence(NIGHT), (NIGHT,), at(3), edited=edited)
    assert book.skipped == {NIGHT.key: NIGHT.end}
    assert wants(book, CHARGE, 3, NIGHT) is edited, "what a person made of it stays in force"


def test_a_standing_wish_goes_off_when_a_person_removed_its_entry_and_stays_on_for_what_they_made_of_it() -> None:
    book = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1))
    removed = book.end(book.standing[CHARGE], (), at(2), edited=False)
    assert removed.standing[CHARGE] == Intent(CHARGE, False, Source.CLOUD, at(2))
    edited = book.end(book.standing[CHARGE], (), at(2), edited=True)
    assert edited.standing[CHARGE] == Intent(CHARGE, True, Source.CLOUD, at(2))


def test_a_wish_that_does_not_rule_any_more_cannot_be_ended() -> None:
    assert ALL_OFF.end(commanded(CHARGE, True, 1, 8), (NIGHT,), at(3), edited=False) is ALL_OFF
    skipped = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, (NIGHT,), at(2.5))
    assert skipped.end(Intent.of_occurrence(NIGHT), (NIGHT,), at(3), edited=True) is skipped


def test_a_standing_wish_that_wants_what_a_window_wants_lets_it_go_on() -> None:
    book = ALL_OFF.stand(CHARGE, True, Source.CLOUD, at(3))
    assert book.standing[CHARGE] == Intent(CHARGE, True, Source.CLOUD, at(3))
    assert book.top(CHARGE, (NIGHT,), at(3)) == Intent.of_occurrence(NIGHT)
    assert wants(book, CHARGE, 6)


def test_a_standing_wish_that_made_room_says_for_what() -> None:
    book = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), at(1)).flip(RESTRICT, True, Source.COMMAND, (), at(2))
    replaced = book.replace_standing(book.standing[CHARGE], book.standing[RESTRICT])
    assert replaced.standing[CHARGE] == Intent(CHARGE, False, Source.COMMAND, at(2), replaced_by=RESTRICT)
    assert replaced.standing[RESTRICT] == book.standing[RESTRICT]
    assert replaced.replace_standing(book.standing[CHARGE], book.standing[RESTRICT]) is replaced


def test_a_book_confined_to_other_controls_forgets_what_was_wished_of_the_rest() -> None:
    book = ALL_OFF.command(commanded(CHARGE, True, 1, 8)).confined_to((DISCHARGE,))
    assert set(book.standing) == {DISCHARGE}
    assert book.commands == {}
