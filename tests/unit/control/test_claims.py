"""Where entries rule: which entries the wishes need, which may stand, and what is in the way. Rules (a) to (m)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
import pytz

from enphase_battery.control.claims import GIVE_WAY, Ground, claims
from enphase_battery.control.controls import Control
from enphase_battery.control.entries import ALL_DAY, EVERY_DAY, Entry, Terms
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.site_state import Habits
from enphase_battery.control.wanted import Wanted, resolve, rivals_of
from enphase_battery.control.windows.window import Occurrence, Window
from enphase_battery.control.wishes import Book
from enphase_battery.words import reasons
from tests.unit.said import advice, said

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALL_OFF = Book().adopt(dict.fromkeys(Control, False), NOON - 5 * HOUR)
EMPTY = Ground(by_entries=frozenset(Control), zone=pytz.timezone("Europe/London"))
"""A site that works with entries, and where nobody made any."""


def entry(times: str, control: Control = CHARGE, *, active: bool = True) -> Entry:
    start, end = map(time.fromisoformat, times.split("-"))
    limit = None if control is RESTRICT else 100
    return Entry(Terms(control, start, end, EVERY_DAY, "Europe/London", limit), f"{control.value} {times}", active)


def with_foreign(*foreign: Entry, ground: Ground = EMPTY) -> Ground:
    return replace(ground, foreign=foreign)


def on(
    control: Control, since: datetime = NOON - HOUR, *, book: Book = ALL_OFF, source: Source = Source.TOGGLE
) -> Book:
    return book.flip(control, True, source, (), since)


def command(control: Control, state: bool = True, since: datetime = NOON, hours: float = 1) -> Intent:
    return Intent(control, state, Source.COMMAND, since, since + hours * HOUR)


def window(control: Control, start: float, end: float, name: str = "Rate") -> Occurrence:
    """Return the occurrence of a window from so many hours after noon until so many hours after noon."""
    begin, finish = NOON + start * HOUR, NOON + end * HOUR
    return Occurrence(Window(name, control, begin.time(), finish.time(), frozenset({7}), None), begin, finish)


def due(wanted: Wanted) -> list[str]:
    return [reasons.entry(terms) for claim in wanted.claims for terms in claim.terms]


# -- (a) standing on --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", Control)
def test_a_standing_on_needs_an_entry_that_holds_the_whole_day(control: Control) -> None:
    wanted = resolve(on(control), (), NOON, EMPTY)[control]
    assert due(wanted) == [f"{control.title} 00:00-23:59 every day"]
    assert wanted.switch
    assert wanted.own is not None
    assert said(wanted.note) == "its entry holds the whole day, so the Enphase app takes no other schedule meanwhile"


def test_where_foreign_entries_stand_they_decide_when_and_are_named() -> None:
    ground = with_foreign(entry("02:00-05:00"), entry("06:00-07:00"))
    wanted = resolve(on(CHARGE), (), NOON, ground)[CHARGE]
    assert wanted.claims == ()
    assert wanted.switch
    assert said(wanted.note) == (
        "your own entries decide when: charge from grid 02:00-05:00 every day; charge from grid 06:00-07:00 every day"
    )


def test_foreign_entries_of_other_families_are_no_reason_to_do_without_an_entry() -> None:
    elsewhere = Entry(replace(entry("02:00-05:00", DISCHARGE).terms, days=frozenset()), "x", True)
    assert due(resolve(on(CHARGE), (), NOON, with_foreign(elsewhere))[CHARGE])


def test_where_foreign_entries_decided_when_it_was_wished_none_is_added_when_they_are_gone() -> None:
    book = ALL_OFF.flip(CHARGE, True, Source.TOGGLE, (), NOON, completed=False)
    wanted = resolve(book, (), NOON, EMPTY)[CHARGE]
    assert wanted.switch
    assert due(wanted) == []


@pytest.mark.parametrize("book", [Book().adopt({CHARGE: True}, NOON), on(CHARGE, source=Source.CLOUD)])
def test_what_the_enphase_app_switched_on_is_not_the_apps_to_complete(book: Book) -> None:
    wanted = resolve(book, (), NOON, EMPTY)[CHARGE]
    assert wanted.switch
    assert (wanted.claims, wanted.note) == ((), None)


def test_a_target_of_a_standing_wish_is_the_limit_of_its_entry() -> None:
    book = ALL_OFF.flip(CHARGE, True, Source.COMMAND, (), NOON, target_soc=70)
    assert resolve(book, (), NOON, EMPTY)[CHARGE].claims[0].terms == (
        Terms(CHARGE, *ALL_DAY, EVERY_DAY, "Europe/London", 70),
    )


# -- who waits for whom -----------------------------------------------------------------------------------------------


def test_what_overlaps_with_several_waits_for_the_highest_of_them() -> None:
    soon = window(DISCHARGE, 1 / 15, 1)
    book = on(RESTRICT).command(command(CHARGE, hours=1 / 20))
    wanted = resolve(book, (), NOON, EMPTY, (soon,))
    assert wanted[RESTRICT].held_back_by == wanted[CHARGE].intent
    assert due(wanted[DISCHARGE]) == ["discharge to grid 12:04-13:00 Sun"]


# -- (b) standing off, (d) timed off ----------------------------------------------------------------------------------


def test_a_standing_off_needs_nothing() -> None:
    wanted = resolve(ALL_OFF, (), NOON, EMPTY)[CHARGE]
    assert (wanted.claims, wanted.switch, wanted.note) == ((), False, None)


def test_a_standing_off_says_what_it_made_room_for() -> None:
    book = on(RESTRICT, NOON, book=on(CHARGE))
    book = book.replace_standing(book.standing[CHARGE], book.standing[RESTRICT])
    assert said(resolve(book, (), NOON, EMPTY)[CHARGE].note) == "replaced by restrict battery discharge"


def test_during_a_pause_the_switch_is_off_and_the_entries_stay() -> None:
    standing = resolve(on(CHARGE).command(command(CHARGE, False)), (), NOON, EMPTY)[CHARGE]
    assert not standing.switch
    assert due(standing) == ["charge from grid 00:00-23:59 every day"]
    running = resolve(ALL_OFF.command(command(CHARGE, False)), (window(CHARGE, -1, 1),), NOON, EMPTY)[CHARGE]
    assert not running.switch
    assert due(running) == ["charge from grid 11:00-13:00 Sun"]


# -- (c) timed on -----------------------------------------------------------------------------------------------------


def test_a_command_is_one_entry_from_now_to_its_end() -> None:
    wanted = resolve(ALL_OFF.command(command(DISCHARGE)), (), NOON, EMPTY)[DISCHARGE]
    assert due(wanted) == ["discharge to grid 12:00-13:00 Sun"]
    assert wanted.switch
    assert wanted.note is None


def test_a_window_is_written_before_its_start_and_the_control_counts_as_off_until_then() -> None:
    wanted = resolve(ALL_OFF, (), NOON, EMPTY, upcoming=(window(CHARGE, 0.2, 1),))[CHARGE]
    assert due(wanted) == ["charge from grid 12:12-13:00 Sun"]
    assert not wanted.intent.on
    assert wanted.own is None
    assert wanted.anyway
    assert wanted.switch
    begun = resolve(ALL_OFF, (window(CHARGE, 0.2, 1),), NOON + 0.2 * HOUR, EMPTY)[CHARGE]
    assert begun.intent.on
    assert begun.own is not None
    assert due(begun) == due(wanted), "nothing is written when it begins"


def test_a_window_before_its_start_does_not_break_a_pause() -> None:
    wanted = resolve(ALL_OFF.command(command(CHARGE, False)), (), NOON, EMPTY, (window(CHARGE, 0.2, 2),))[CHARGE]
    assert not wanted.switch


def test_a_skipped_window_needs_no_entry() -> None:
    running = (window(CHARGE, -1, 1),)
    book = ALL_OFF.flip(CHARGE, False, Source.TOGGLE, running, NOON)
    assert resolve(book, running, NOON, EMPTY)[CHARGE].claims == ()


# -- (f) what cannot stand beside a flip ------------------------------------------------------------------------------


def test_a_flip_that_needs_the_whole_day_ends_the_timed_wishes_of_all_others_that_work_with_entries() -> None:
    flip = Intent(CHARGE, True, Source.TOGGLE, NOON)
    assert rivals_of(CHARGE, EMPTY, flip) == {DISCHARGE, RESTRICT}
    assert rivals_of(CHARGE, with_foreign(entry("02:00-05:00")), flip) == frozenset()
    assert rivals_of(CHARGE, EMPTY, replace(flip, on=False)) == frozenset()


def test_where_switches_rule_only_charge_and_discharge_are_rivals() -> None:
    switches = Ground(zone=EMPTY.zone)
    assert rivals_of(CHARGE, switches, Intent(CHARGE, True, Source.TOGGLE, NOON)) == {DISCHARGE}
    assert rivals_of(RESTRICT, switches, Intent(RESTRICT, True, Source.TOGGLE, NOON)) == frozenset()


def test_where_only_one_of_both_works_with_entries_their_switches_are_rivals_still() -> None:
    mixed = replace(EMPTY, by_entries=frozenset({CHARGE, RESTRICT}))
    assert rivals_of(CHARGE, mixed, Intent(CHARGE, True, Source.TOGGLE, NOON)) == {DISCHARGE, RESTRICT}
    assert rivals_of(DISCHARGE, mixed, Intent(DISCHARGE, True, Source.TOGGLE, NOON)) == {CHARGE}
    book = Book().adopt({CHARGE: True}, NOON).command(command(DISCHARGE))
    assert resolve(book, (), NOON, mixed)[CHARGE].held_back_by == command(DISCHARGE)


def test_what_a_rivals_switch_holds_back_is_off_and_has_no_entry_though_it_works_with_entries() -> None:
    mixed = replace(EMPTY, by_entries=frozenset({CHARGE, RESTRICT}))
    alone = resolve(on(CHARGE), (), NOON, mixed)[CHARGE]
    assert alone.switch
    beside = resolve(on(CHARGE).command(command(DISCHARGE)), (), NOON, mixed)[CHARGE]
    assert not beside.switch
    assert due(beside) == []


def test_another_rival_is_another_thing_to_judge() -> None:
    mixed = replace(EMPTY, by_entries=frozenset({CHARGE, RESTRICT}))
    tasks = {
        resolve(on(CHARGE).command(command(DISCHARGE, hours=hours)), (), NOON, mixed)[CHARGE].task for hours in (1, 2)
    }
    assert len(tasks) == 2


# -- (g), (h) rank ----------------------------------------------------------------------------------------------------


def test_entries_of_different_times_stand_beside_each_other_whatever_their_families() -> None:
    book = ALL_OFF.command(command(CHARGE))
    wanted = resolve(book, (), NOON, EMPTY, upcoming=(window(DISCHARGE, 1, 2),))
    assert due(wanted[CHARGE]) == ["charge from grid 12:00-13:00 Sun"]
    assert due(wanted[DISCHARGE]) == ["discharge to grid 13:00-14:00 Sun"]
    assert wanted[CHARGE].switch
    assert wanted[DISCHARGE].switch, "their switches may be on beside each other"


def test_a_command_covers_a_window_of_its_control_and_the_window_stands_if_it_does_not_overlap() -> None:
    wanted = resolve(ALL_OFF.command(command(CHARGE)), (window(CHARGE, -1, 2),), NOON, EMPTY)[CHARGE]
    assert due(wanted) == ["charge from grid 12:00-13:00 Sun"]
    later = resolve(ALL_OFF.command(command(CHARGE)), (), NOON, EMPTY, (window(CHARGE, 1, 2),))[CHARGE]
    assert due(later) == ["charge from grid 12:00-13:00 Sun", "charge from grid 13:00-14:00 Sun"]


def test_a_command_holds_back_a_window_of_another_family_which_comes_back_after_it() -> None:
    book, running = ALL_OFF.command(command(CHARGE)), (window(RESTRICT, -1, 2),)
    held = resolve(book, running, NOON, EMPTY)[RESTRICT]
    assert held.held_back_by == command(CHARGE)
    assert (held.claims, held.switch, held.intent.on) == ((), False, True)
    assert resolve(book, running, NOON + HOUR, EMPTY)[RESTRICT].switch


def test_a_timed_wish_holds_back_a_standing_one_for_its_time() -> None:
    book = on(RESTRICT).command(command(CHARGE))
    wanted = resolve(book, (), NOON, EMPTY)
    assert wanted[RESTRICT].held_back_by == command(CHARGE)
    assert (wanted[RESTRICT].claims, wanted[RESTRICT].switch) == ((), False)
    assert due(resolve(book, (), NOON + HOUR, EMPTY)[RESTRICT])


def test_of_two_standing_wishes_the_newer_holds_the_older_back() -> None:
    book = on(RESTRICT, NOON - MINUTE, book=on(CHARGE))
    wanted = resolve(book, (), NOON, EMPTY)
    assert wanted[CHARGE].held_back_by == book.standing[RESTRICT]
    assert wanted[RESTRICT].effective


def test_a_standing_wish_that_foreign_entries_decide_stands_beside_another() -> None:
    book = on(RESTRICT, book=on(CHARGE, source=Source.CLOUD))
    wanted = resolve(book, (), NOON, EMPTY)
    assert wanted[CHARGE].effective
    assert wanted[RESTRICT].effective


def test_a_timed_charge_and_a_discharge_that_needs_no_entry_stand_beside_each_other() -> None:
    wanted = resolve(on(DISCHARGE, source=Source.CLOUD).command(command(CHARGE)), (), NOON, EMPTY)
    assert wanted[CHARGE].switch
    assert wanted[DISCHARGE].switch


def test_a_standing_wish_gives_way_to_a_window_five_minutes_before_it_starts_however_long_the_lead() -> None:
    coming, book = window(CHARGE, 0.25, 1), on(RESTRICT)
    start = NOON + 0.25 * HOUR
    early = resolve(book, (), start - GIVE_WAY - timedelta(seconds=1), EMPTY, (coming,))
    assert (due(early[RESTRICT]), due(early[CHARGE])) == (["restrict battery discharge 00:00-23:59 every day"], [])
    late = resolve(book, (), start - GIVE_WAY, EMPTY, (coming,))
    assert (due(late[RESTRICT]), due(late[CHARGE])) == ([], ["charge from grid 12:15-13:00 Sun"])


def test_a_standing_wish_gives_way_to_a_window_of_its_own_control_only_at_the_start() -> None:
    coming, book = window(RESTRICT, 0.25, 1), on(RESTRICT)
    early = resolve(book, (), coming.start - timedelta(seconds=1), EMPTY, (coming,))
    assert due(early[RESTRICT]) == ["restrict battery discharge 00:00-23:59 every day"]
    begun = resolve(book, (coming,), coming.start, EMPTY)
    assert due(begun[RESTRICT]) == ["restrict battery discharge 12:15-13:00 Sun"]


def test_a_command_that_lasts_into_a_window_holds_it_back() -> None:
    lasting = command(RESTRICT)
    coming = window(CHARGE, 0.25, 2)
    found = claims(ALL_OFF.command(lasting), (), (coming,), NOON + 0.2 * HOUR, EMPTY)
    assert found.held_back == {Intent.of_occurrence(coming).key: lasting}


# -- (l) what would come alive ----------------------------------------------------------------------------------------


def test_a_timed_wish_in_a_family_that_is_off_and_holds_foreign_entries_is_not_carried_out() -> None:
    ground = with_foreign(*(entry(times, DISCHARGE) for times in ("20:00-21:00", "21:00-22:00", "22:00-23:00")))
    wanted = resolve(ALL_OFF.command(command(DISCHARGE)), (), NOON, ground)[DISCHARGE]
    assert wanted.obstacle is not None
    assert said(wanted.obstacle) == '3 entries of yours in "discharge to grid" would come alive'
    assert advice(wanted.obstacle) == "switch the family on, or delete them, in the Enphase app"
    assert (wanted.claims, wanted.switch) == ((), False)


def test_one_foreign_entry_is_named_in_the_singular() -> None:
    ground = with_foreign(entry("20:00-21:00", DISCHARGE))
    wanted = resolve(ALL_OFF, (window(DISCHARGE, -1, 1),), NOON, ground)[DISCHARGE]
    assert wanted.obstacle is not None
    assert said(wanted.obstacle) == '1 entry of yours in "discharge to grid" would come alive'


def test_a_foreign_entry_that_cannot_be_read_is_there_and_in_the_way_of_no_other_family() -> None:
    obscure = Entry(Terms(DISCHARGE, time(0), time(0), frozenset(), "Europe/London"), "theirs", active=True)
    ground = with_foreign(obscure)
    wanted = resolve(ALL_OFF.command(command(DISCHARGE)).command(command(CHARGE)), (), NOON, ground)
    assert said(wanted[DISCHARGE].obstacle) == '1 entry of yours in "discharge to grid" would come alive'
    assert wanted[CHARGE].obstacle is None
    assert len(wanted[CHARGE].claims) == 1

    wanted = resolve(on(DISCHARGE), (), NOON, ground)
    assert (wanted[DISCHARGE].claims, wanted[DISCHARGE].switch) == ((), True)
    assert "discharge to grid at times that cannot be read" in said(wanted[DISCHARGE].note)


def test_a_flip_to_on_wakes_foreign_entries_because_that_is_what_was_asked() -> None:
    wanted = resolve(on(DISCHARGE), (), NOON, with_foreign(entry("20:00-21:00", DISCHARGE)))[DISCHARGE]
    assert wanted.obstacle is None
    assert wanted.switch


def test_where_the_family_is_on_a_timed_wish_stands_beside_foreign_entries() -> None:
    book = on(DISCHARGE).command(command(DISCHARGE))
    wanted = resolve(book, (), NOON, with_foreign(entry("20:00-21:00", DISCHARGE)))[DISCHARGE]
    assert due(wanted) == ["discharge to grid 12:00-13:00 Sun"]


def test_foreign_entries_that_sleep_with_the_second_flag_of_charge_from_grid_are_not_woken_either() -> None:
    asleep = replace(with_foreign(entry("20:00-21:00")), charge_schedule_on=False)
    book = on(CHARGE, source=Source.CLOUD).command(command(CHARGE))
    wanted = resolve(book, (), NOON, asleep)[CHARGE]
    assert wanted.obstacle is not None
    assert "would come alive" in said(wanted.obstacle)
    assert wanted.switch, "what lies under it stays on"
    assert resolve(on(CHARGE).command(command(CHARGE)), (), NOON, asleep)[CHARGE].obstacle is None, "a flip woke them"


# -- (m) overlaps with what is not the app's --------------------------------------------------------------------------


def test_an_overlap_with_a_foreign_entry_of_any_family_is_named_with_its_times_before_anything_is_written() -> None:
    ground = with_foreign(entry("12:30-14:00", RESTRICT, active=False), entry("20:00-21:00", RESTRICT))
    wanted = resolve(ALL_OFF.command(command(CHARGE)), (), NOON, ground)[CHARGE]
    assert wanted.obstacle is not None
    assert said(wanted.obstacle) == (
        "overlaps with an entry that is not the app's: restrict battery discharge 12:30-14:00 every day"
    )
    assert advice(wanted.obstacle)
    assert (wanted.claims, wanted.switch) == ((), False)
    assert resolve(ALL_OFF.command(command(CHARGE)), (), NOON, EMPTY)[CHARGE].switch, "the obstacle is gone"


def test_in_which_order_the_list_names_what_overlaps_is_no_news() -> None:
    some = (entry("12:30-14:00", RESTRICT), entry("12:10-12:20"), entry("12:40-12:50", DISCHARGE))
    found = [
        resolve(ALL_OFF.command(command(CHARGE)), (), NOON, with_foreign(*order))[CHARGE]
        for order in (some, some[::-1])
    ]
    assert found[0].obstacle == found[1].obstacle
    assert found[0].task == found[1].task


def test_an_obstructed_wish_holds_nothing_back() -> None:
    book = on(RESTRICT).command(command(CHARGE))
    elsewhere = replace(entry("12:30-13:00", DISCHARGE).terms, days=frozenset({7}))
    ground = with_foreign(Entry(elsewhere, "x", True))
    wanted = resolve(book, (), NOON, ground)
    assert wanted[CHARGE].obstacle is not None
    assert wanted[RESTRICT].held_back_by is None


def test_a_standing_on_under_an_obstructed_command_stays_on_where_it_needs_no_entry() -> None:
    book = on(CHARGE).command(command(CHARGE))
    wanted = resolve(book, (), NOON, with_foreign(entry("12:30-13:30")))[CHARGE]
    assert wanted.obstacle is not None
    assert wanted.anyway
    assert wanted.switch


def test_while_the_zone_is_not_known_no_entry_can_be_written() -> None:
    wanted = resolve(on(CHARGE), (), NOON, replace(EMPTY, zone=None))[CHARGE]
    assert wanted.obstacle is not None
    assert said(wanted.obstacle) == "the site's time zone is not known"
    assert "time_zone" in advice(wanted.obstacle)


# -- entries that may not touch ---------------------------------------------------------------------------------------

APART = replace(EMPTY, habits=Habits(touching=False))


def test_where_entries_may_not_touch_the_earlier_window_ends_a_minute_earlier() -> None:
    wanted = resolve(ALL_OFF, (window(CHARGE, -1, 1),), NOON, APART, (window(DISCHARGE, 1, 2),))
    assert due(wanted[CHARGE]) == ["charge from grid 11:00-12:59 Sun"]
    assert due(wanted[DISCHARGE]) == ["discharge to grid 13:00-14:00 Sun"]


def test_where_entries_may_not_touch_a_window_leaves_room_for_one_that_is_not_written_yet() -> None:
    later = replace(APART, window_begins=window(DISCHARGE, 1, 2).window.begins())
    assert due(resolve(ALL_OFF, (window(CHARGE, -1, 1),), NOON, later)[CHARGE]) == ["charge from grid 11:00-12:59 Sun"]


def test_where_entries_may_not_touch_foreign_ones_are_kept_away_from_at_both_ends() -> None:
    ground = with_foreign(entry("10:00-11:00", RESTRICT), entry("13:00-14:00", RESTRICT), ground=APART)
    wanted = resolve(ALL_OFF, (window(CHARGE, -1, 1),), NOON, ground)[CHARGE]
    assert due(wanted) == ["charge from grid 11:01-12:59 Sun"]


# -- the hour that comes twice ----------------------------------------------------------------------------------------


def test_a_window_after_the_clocks_are_set_back_is_not_written_while_the_first_pass_shows_its_time() -> None:
    midnight = datetime(2026, 10, 24, 23, tzinfo=timezone.utc)
    coming = Occurrence(
        Window("Rate", CHARGE, time(2), time(3), frozenset({7}), None), midnight + 3 * HOUR, midnight + 4 * HOUR
    )
    usual = resolve(ALL_OFF, (), midnight + 2.9 * HOUR, EMPTY, (coming,))[CHARGE]
    assert due(usual) == ["charge from grid 02:00-03:00 Sun"]
    early = replace(coming, start=midnight + 2.25 * HOUR, end=midnight + 4 * HOUR)  # 01:15, the second pass
    assert due(resolve(ALL_OFF, (), midnight + 1.2 * HOUR, EMPTY, (early,))[CHARGE]) == [
        "charge from grid 01:15-03:00 Sun"
    ]
    assert due(resolve(ALL_OFF, (), midnight + 1.5 * HOUR, EMPTY, (early,))[CHARGE]) == []


# -- whose key is another ---------------------------------------------------------------------------------------------


def test_another_verdict_is_needed_when_entries_obstacle_or_switch_change_and_not_when_time_goes_by() -> None:
    book = ALL_OFF.command(command(CHARGE))
    plain = resolve(book, (), NOON, EMPTY)[CHARGE]
    assert resolve(book, (), NOON + MINUTE, EMPTY)[CHARGE].task == plain.task
    others = [
        resolve(book, (), NOON, with_foreign(entry("12:30-13:30", RESTRICT)))[CHARGE],
        resolve(book, (), NOON, EMPTY, (window(CHARGE, 1, 2),))[CHARGE],
        resolve(book, (), NOON, Ground(zone=EMPTY.zone))[CHARGE],
        resolve(ALL_OFF.command(replace(command(CHARGE), target_soc=50)), (), NOON, EMPTY)[CHARGE],
    ]
    assert len({plain.task, *(one.task for one in others)}) == 5
