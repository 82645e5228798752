"""One owned entry: found by what it says, kept through old reads, lost, removed, edited, deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Entry, Terms
from enphase_battery.control.owned import News, Owned

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CONSISTENCY, SECOND, MINUTE = timedelta(minutes=2), timedelta(seconds=1), timedelta(minutes=1)
NIGHT = Terms(Control.CHARGE_FROM_GRID, time(2), time(5), frozenset({7}), "Europe/London", 90)
LONGER = replace(NIGHT, end=time(6))
LONGEST = replace(NIGHT, end=time(7))
CREATED = Owned(NIGHT, asked_at=NOON, written_at=NOON, answered=True)
FOUND = replace(CREATED, schedule_id="mine")
ACTIVE = replace(FOUND, active=True)


def entry(terms: Terms = NIGHT, *, active: bool = False, created: datetime | None = NOON, name: str = "mine") -> Entry:
    return Entry(terms, name, active, created)


def weighed(one: Owned, listed: Entry | None, after: timedelta) -> tuple[Owned | None, News | None]:
    return one.weighed(listed, NOON + after, CONSISTENCY)


# -- which listed entry it is -----------------------------------------------------------------------------------------


def test_a_creation_made_the_entry_that_says_the_same_and_did_not_stand_before() -> None:
    one = replace(CREATED, stood=frozenset({"theirs"}))
    assert one.made(entry())
    assert one.made(entry(replace(NIGHT, zone="GB"))), "the cloud may name the zone otherwise"
    assert not one.made(entry(name="theirs"))
    assert not one.made(entry(LONGER))


LONGEST_WAIT = 40 * SECOND
"""How long the app waited for the answer in these cases."""


@pytest.mark.parametrize(
    ("created", "unanswered", "answered", "killed"),
    [
        (NOON - timedelta(hours=1), False, False, False),
        (NOON - MINUTE - SECOND, False, False, False),
        (NOON - MINUTE, False, True, False),
        (NOON - 3 * SECOND, False, True, False),
        (NOON - 2 * SECOND, True, True, True),
        (NOON, True, True, True),
        (NOON + MINUTE, True, True, True),
        (NOON + MINUTE + SECOND, True, True, False),
        (NOON + LONGEST_WAIT + MINUTE, True, True, False),
        (NOON + LONGEST_WAIT + MINUTE + SECOND, False, False, False),
        (NOON + timedelta(hours=1), False, False, False),
        (None, False, True, False),
    ],
)
def test_the_time_of_the_request_bounds_when_its_entry_was_created_on_both_sides(
    created: datetime | None, unanswered: bool, answered: bool, killed: bool
) -> None:
    asked = replace(CREATED, answered=False)
    over = asked.ended(NOON + LONGEST_WAIT)
    assert over.made(entry(created=created)) is unanswered
    assert replace(over, answered=True).made(entry(created=created)) is answered
    assert asked.made(entry(created=created)) is killed, "AppDaemon was killed before the request was over"
    assert replace(over, answered=True).made_after_all(entry(created=created)) is unanswered


@pytest.mark.parametrize("jump", [timedelta(minutes=4), -timedelta(minutes=4)], ids=str)
def test_where_the_clouds_clock_was_set_during_the_request_both_clocks_count(jump: timedelta) -> None:
    one = replace(CREATED, answered=False).ended(NOON + jump)
    assert one.made(entry(created=NOON))
    assert one.made(entry(created=NOON + jump))
    assert not one.made(entry(created=NOON + 2 * jump))


# -- applies ----------------------------------------------------------------------------------------------------------


def test_an_entry_that_stays_pending_for_five_minutes_is_applied_again_three_times_at_most() -> None:
    one, now = FOUND, NOON
    for applies in (1, 2, 3):
        one = one.applied(now)
        assert one.applies == applies
        assert not one.is_stuck(now + 5 * MINUTE - SECOND)
        assert one.is_stuck(now + 5 * MINUTE) is (applies < 3)
        now += 5 * MINUTE


def test_what_is_active_or_leaving_or_not_found_or_not_applied_is_not_stuck() -> None:
    late = NOON + timedelta(hours=1)
    applied = FOUND.applied(NOON)
    assert applied.is_stuck(late)
    assert not replace(applied, active=True).is_stuck(late)
    assert not replace(applied, deleted_at=NOON).is_stuck(late)
    assert not replace(applied, schedule_id=None).is_stuck(late)
    assert not FOUND.is_stuck(late)


def test_an_apply_says_nothing_new_of_what_is_active_or_leaving() -> None:
    leaving = replace(FOUND, deleted_at=NOON)
    assert ACTIVE.applied(NOON) is ACTIVE
    assert leaving.applied(NOON) is leaving


def test_an_update_is_pending_and_unapplied_again() -> None:
    one = ACTIVE.updating(LONGER, NOON + MINUTE)
    assert (one.terms, one.before, one.written_at) == (LONGER, (NIGHT,), NOON + MINUTE)
    assert (one.active, one.answered, one.applied_at, one.applies) == (False, False, None, 0)


def test_an_update_that_never_left_says_what_it_said_before() -> None:
    unsent = ACTIVE.updating(LONGER, NOON).not_updated()
    assert (unsent.terms, unsent.before) == (NIGHT, ())
    assert ACTIVE.not_updated() is ACTIVE


def test_a_refused_update_says_what_it_said_before_or_what_it_was_refused_to_say() -> None:
    refused = ACTIVE.updating(LONGER, NOON).updating(LONGEST, NOON).update_refused()
    assert (refused.terms, refused.before) == (LONGER, (NIGHT, LONGEST))
    assert ACTIVE.update_refused() is ACTIVE


# -- reads of what is to stay -----------------------------------------------------------------------------------------


def test_the_gateways_word_is_news_once() -> None:
    active, news = weighed(FOUND, entry(active=True), MINUTE)
    assert (active, news) == (ACTIVE, News.ACTIVE)
    assert weighed(ACTIVE, entry(active=True), 2 * MINUTE) == (ACTIVE, None)
    assert weighed(FOUND, entry(), MINUTE) == (FOUND, None)


def test_right_after_a_write_a_list_without_it_proves_nothing() -> None:
    for one in (CREATED, FOUND, ACTIVE):
        assert weighed(one, None, CONSISTENCY - SECOND) == (one, None)


def test_a_creation_that_is_not_listed_in_time_never_arrived() -> None:
    assert weighed(CREATED, None, CONSISTENCY) == (None, News.LOST)


@pytest.mark.parametrize(("one", "news"), [(FOUND, News.LOST), (ACTIVE, News.REMOVED)], ids=["pending", "active"])
def test_what_two_reads_apart_do_not_show_is_lost_if_the_gateway_never_had_it_and_else_removed_by_a_person(
    one: Owned, news: News
) -> None:
    suspect, nothing = weighed(one, None, 5 * MINUTE)
    assert nothing is None
    assert suspect is not None
    assert suspect.missing_since == NOON + 5 * MINUTE
    assert weighed(suspect, None, 6 * MINUTE - SECOND) == (suspect, None)
    assert weighed(suspect, None, 6 * MINUTE) == (None, news)


def test_a_list_that_flaps_loses_nothing() -> None:
    suspect, _ = weighed(ACTIVE, None, 5 * MINUTE)
    assert suspect is not None
    assert weighed(suspect, entry(active=True), 6 * MINUTE) == (ACTIVE, None)


@pytest.mark.parametrize(
    "edited",
    [
        LONGER,
        replace(NIGHT, start=time(1)),
        replace(NIGHT, days=frozenset({1})),
        replace(NIGHT, limit=50),
    ],
    ids=["end", "start", "days", "limit"],
)
def test_what_two_reads_apart_show_saying_something_else_is_the_persons_now(edited: Terms) -> None:
    listed = entry(edited, active=True)
    suspected, told = weighed(ACTIVE, listed, MINUTE)
    assert suspected is not None
    assert told is None
    assert weighed(suspected, listed, MINUTE + timedelta(seconds=59))[0] == suspected
    assert weighed(suspected, listed, 2 * MINUTE) == (None, News.EDITED)


def test_one_read_that_shows_nonsense_takes_nothing_away() -> None:
    suspected, _ = weighed(ACTIVE, entry(replace(NIGHT, days=frozenset()), active=True), MINUTE)
    assert suspected is not None
    assert weighed(suspected, entry(NIGHT, active=True), 2 * MINUTE) == (ACTIVE, None)


def test_a_limit_that_a_read_leaves_out_changes_nothing() -> None:
    assert weighed(ACTIVE, entry(replace(NIGHT, limit=None), active=True), MINUTE) == (ACTIVE, None)


def test_after_an_update_the_terms_from_before_are_an_old_read_and_later_an_update_that_did_not_arrive() -> None:
    one = ACTIVE.updating(LONGER, NOON)
    assert weighed(one, entry(NIGHT, active=True), CONSISTENCY - SECOND) == (one, None)
    late, news = weighed(one, entry(NIGHT, active=True), CONSISTENCY)
    assert news is None
    assert late is not None
    assert late.terms == NIGHT
    shown, news = weighed(one, entry(LONGER, active=True), CONSISTENCY)
    assert news is News.ACTIVE
    assert shown is not None
    assert shown.terms == LONGER


def test_after_two_updates_in_a_row_the_first_terms_are_an_old_read_too() -> None:
    one = ACTIVE.updating(LONGER, NOON).updating(LONGEST, NOON + MINUTE)
    for old in (NIGHT, LONGER):
        kept, news = one.weighed(entry(old, active=True), NOON + 1.5 * MINUTE, CONSISTENCY)
        assert news is None
        assert kept is not None
        assert kept.terms == LONGEST


@pytest.mark.parametrize("limit", [80, None], ids=["listed", "not listed"])
@pytest.mark.parametrize("terms", [NIGHT, replace(NIGHT, limit=80)])
def test_a_read_from_before_an_update_that_no_read_has_shown_is_no_proof_of_the_next(
    terms: Terms, limit: int | None
) -> None:
    one = replace(ACTIVE, terms=replace(NIGHT, limit=80))
    back = one.updating(replace(NIGHT, limit=90), NOON).updating(terms, NOON + MINUTE)
    old = entry(replace(NIGHT, limit=limit), active=True)
    assert weighed(back, old, 2 * MINUTE) == (back, None)
    if terms == one.terms:
        assert weighed(back, old, MINUTE + CONSISTENCY)[1] is News.ACTIVE


def test_an_update_that_takes_back_one_that_was_shown_is_proven_at_once() -> None:
    shown, _ = weighed(ACTIVE.updating(LONGER, NOON), entry(LONGER), SECOND)
    assert shown is not None
    assert weighed(shown.updating(NIGHT, NOON + MINUTE), entry(NIGHT, active=True), 2 * MINUTE)[1] is News.ACTIVE


def test_a_refused_update_leaves_no_old_value_behind() -> None:
    assert ACTIVE.updating(LONGER, NOON).not_updated().echoes == ()


def test_what_the_first_apply_swept_away_is_lost_once_a_read_counts_that_has_not_shown_it() -> None:
    hold = replace(FOUND, terms=replace(NIGHT, control=Control.RESTRICT_DISCHARGE, limit=None)).applied(NOON + SECOND)
    missing, _ = weighed(hold, None, 2 * SECOND)
    assert missing is not None
    assert missing.second_look_at(CONSISTENCY) == NOON + SECOND + CONSISTENCY
    assert weighed(missing, None, CONSISTENCY)[1] is None
    assert weighed(missing, entry(hold.terms), MINUTE) == (hold, None)
    assert weighed(missing, None, CONSISTENCY + SECOND) == (None, News.LOST)


def test_a_change_by_a_person_counts_only_when_no_read_can_be_from_before_the_last_write() -> None:
    listed = entry(LONGER, active=True)
    suspected, _ = weighed(ACTIVE, listed, SECOND)
    assert suspected is not None
    assert weighed(suspected, listed, CONSISTENCY - SECOND) == (suspected, None)
    assert weighed(suspected, listed, CONSISTENCY) == (None, News.EDITED)


def test_what_was_shown_after_an_update_is_not_taken_back_by_an_old_read() -> None:
    shown, _ = weighed(ACTIVE.updating(LONGER, NOON), entry(LONGER), SECOND)
    assert shown is not None
    kept, news = weighed(shown, entry(NIGHT, active=True), 2 * SECOND)
    assert news is None
    assert kept is not None
    assert kept.terms == LONGER


# -- reads of what is to go -------------------------------------------------------------------------------------------

LEAVING = replace(ACTIVE, deleted_at=NOON)


def test_what_was_deleted_is_forgotten_only_when_a_read_that_counts_does_not_show_it() -> None:
    gone, _ = weighed(LEAVING, None, SECOND)
    assert gone == replace(LEAVING, gone=True)
    assert weighed(LEAVING, None, CONSISTENCY) == (None, None)
    assert weighed(replace(LEAVING, gone=True), None, CONSISTENCY) == (None, None)


def test_what_an_old_read_still_shows_is_not_deleted_twice() -> None:
    assert weighed(LEAVING, entry(active=True), CONSISTENCY - SECOND) == (LEAVING, None)


def test_what_a_late_read_still_shows_has_to_be_deleted_again() -> None:
    again, news = weighed(replace(LEAVING, gone=True), entry(active=True), CONSISTENCY)
    assert (again, news) == (ACTIVE, None)


@pytest.mark.parametrize("after", [SECOND, CONSISTENCY], ids=["while reads may be echoes", "later"])
def test_what_was_deleted_in_vain_is_the_persons_once_two_reads_apart_show_what_the_app_never_wrote(
    after: timedelta,
) -> None:
    edited = entry(LONGER, active=True)
    suspected, told = weighed(LEAVING, edited, after)
    assert suspected == replace(LEAVING, edited_since=NOON + after)
    assert told is None
    second_look = max(after + CONSISTENCY / 2, CONSISTENCY)
    assert weighed(suspected, edited, second_look - SECOND) == (suspected, None)
    assert weighed(suspected, edited, second_look) == (None, News.EDITED)


def test_what_one_read_shows_changed_while_it_is_leaving_is_gone_or_has_to_be_deleted_as_the_next_one_shows() -> None:
    suspected = replace(LEAVING, edited_since=NOON + SECOND)
    assert weighed(suspected, None, MINUTE) == (replace(LEAVING, gone=True), None)
    assert weighed(suspected, None, CONSISTENCY) == (None, None)
    assert weighed(suspected, entry(active=True), MINUTE) == (LEAVING, None)
    assert weighed(suspected, entry(active=True), CONSISTENCY) == (ACTIVE, None)


def test_what_it_said_before_an_update_is_nobodys_change_while_it_is_leaving() -> None:
    updated = replace(LEAVING, terms=LONGER, before=(NIGHT,))
    assert weighed(updated, entry(active=True), SECOND) == (updated, None)


# -- the store --------------------------------------------------------------------------------------------------------

INSTANTS = st.integers(0, 10**6).map(lambda seconds: NOON + timedelta(seconds=seconds))
ANY_OWNED = st.builds(
    Owned,
    st.sampled_from([NIGHT, LONGER, replace(NIGHT, control=Control.RESTRICT_DISCHARGE, limit=None)]),
    INSTANTS,
    INSTANTS,
    stood=st.frozensets(st.text(max_size=3)),
    answered=st.booleans(),
    schedule_id=st.none() | st.from_regex(r"[0-9A-Za-z_-]{1,40}", fullmatch=True),
    applied_at=st.none() | INSTANTS,
    applies=st.integers(0, 3),
    active=st.booleans(),
    missing_since=st.none() | INSTANTS,
    deleted_at=st.none() | INSTANTS,
    gone=st.booleans(),
    over_at=st.none() | INSTANTS,
)


@given(ANY_OWNED, st.booleans())
def test_an_owned_entry_outlives_a_restart_unchanged(one: Owned, updated: bool) -> None:
    one = one.updating(LONGEST, NOON) if updated else one
    assert Owned.from_json(json.loads(json.dumps(one.to_json()))) == one


ADDED_LATER = {"edited_since", "seen_at", "echoes", "over_at"}
"""Members that a store of an older version does not have."""


def test_an_entry_that_an_older_version_stored_is_read() -> None:
    data = ACTIVE.to_json()
    for member in ADDED_LATER:
        del data[member]
    assert Owned.from_json(data) == ACTIVE


@pytest.mark.parametrize("member", sorted(ACTIVE.to_json().keys() - ADDED_LATER))
def test_a_stored_entry_with_a_member_missing_is_refused(member: str) -> None:
    data = ACTIVE.to_json()
    del data[member]
    with pytest.raises(KeyError):
        Owned.from_json(data)


def test_when_it_was_last_seen_as_it_was_written_is_known_while_it_is_in_doubt_and_after_a_restart() -> None:
    seen, _ = ACTIVE.weighed(entry(ACTIVE.terms, active=True), NOON + 5 * MINUTE, CONSISTENCY)
    assert seen is not None
    doubted, _ = seen.weighed(None, NOON + 9 * MINUTE, CONSISTENCY)
    assert doubted is not None
    assert Owned.from_json(json.loads(json.dumps(doubted.to_json()))).seen_at == NOON + 5 * MINUTE
