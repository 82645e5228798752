"""What the app owns in the cloud: noted before it is sent, found by re-reading, never what somebody else made."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Entry, Terms
from enphase_battery.control.ledger import MOST_DEAD, MOST_MET, Ledger
from enphase_battery.control.owned import News

CHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CONSISTENCY, SECOND, MINUTE = timedelta(minutes=2), timedelta(seconds=1), timedelta(minutes=1)
NIGHT = Terms(CHARGE, time(2), time(5), frozenset({7}), "Europe/London", 90)
LATER = replace(NIGHT, start=time(3))
HOLD = Terms(RESTRICT, time(6), time(8), frozenset({7}), "Europe/London")


def entry(name: str, terms: Terms = NIGHT, *, active: bool = False, created: datetime | None = NOON) -> Entry:
    return Entry(terms, name, active, created)


def creating(*terms: Terms, listed: tuple[Entry, ...] = ()) -> Ledger:
    ledger = Ledger()
    for one in terms:
        ledger = ledger.creating(one, NOON, NOON, listed)
    return ledger


def read(ledger: Ledger, *listed: Entry, after: timedelta = SECOND) -> Ledger:
    return ledger.saw(listed, NOON + after, CONSISTENCY)[0]


MINE = read(creating(NIGHT).answered(NIGHT, NOON), entry("mine"))
"""A ledger with one entry whose id is known."""


def news(ledger: Ledger, *listed: Entry, after: timedelta = SECOND) -> list[News]:
    return [told for _, told in ledger.saw(listed, NOON + after, CONSISTENCY)[1]]


# -- whose it is ------------------------------------------------------------------------------------------------------


def test_a_creation_is_owned_before_it_is_sent_and_has_its_id_once_it_is_listed() -> None:
    ledger = creating(NIGHT)
    assert ledger.find(NIGHT) is not None
    assert [one.schedule_id for one in read(ledger.answered(NIGHT, NOON), entry("mine")).owned] == ["mine"]


def test_an_entry_that_stood_before_stays_foreign_although_it_says_the_same() -> None:
    theirs, mine = entry("theirs"), entry("mine")
    ledger = read(creating(NIGHT, listed=(theirs,)).answered(NIGHT, NOON), theirs)
    assert ledger.foreign((theirs,)) == (theirs,)
    assert [one.schedule_id for one in ledger.owned] == [None]
    ledger = read(ledger, mine, theirs)
    assert [one.schedule_id for one in ledger.owned] == ["mine"]
    assert ledger.foreign((mine, theirs)) == (theirs,)


def test_after_a_lost_answer_an_older_entry_is_not_owned_and_a_newer_one_is() -> None:
    older, newer = entry("older", created=NOON - MINUTE), entry("newer", created=NOON + SECOND)
    ledger = read(creating(NIGHT), older)
    assert ledger.foreign((older,)) == (older,)
    assert [one.schedule_id for one in read(ledger, older, newer).owned] == ["newer"]


def test_the_clouds_clock_counts_for_when_an_entry_was_made() -> None:
    ahead = timedelta(minutes=10)
    ledger = Ledger().creating(NIGHT, NOON, NOON + ahead, ())
    before, after = entry("before", created=NOON + 5 * MINUTE), entry("after", created=NOON + ahead)
    assert [one.schedule_id for one in read(ledger, before).owned] == [None]
    assert [one.schedule_id for one in read(ledger, before, after).owned] == ["after"]


def test_an_entry_that_was_just_created_is_not_foreign_in_the_read_that_shows_it_first() -> None:
    assert creating(NIGHT).answered(NIGHT, NOON).foreign((entry("mine"),)) == ()


def test_two_creations_of_the_same_terms_are_two_entries() -> None:
    ledger = read(creating(NIGHT, NIGHT).answered(NIGHT, NOON), entry("one"), entry("other"))
    assert sorted(str(one.schedule_id) for one in ledger.owned) == ["one", "other"]


def test_the_order_of_the_list_means_nothing() -> None:
    both = read(creating(NIGHT, HOLD).answered(NIGHT, NOON).answered(HOLD, NOON), entry("hold", HOLD), entry("night"))
    assert {one.terms: one.schedule_id for one in both.owned} == {NIGHT: "night", HOLD: "hold"}
    assert read(both, entry("night"), entry("hold", HOLD)) == both


def test_what_a_person_edited_leaves_the_ledger_and_is_told_once() -> None:
    edited = entry("mine", LATER, active=True)
    suspected = read(MINE, edited)
    assert (len(suspected.owned), news(MINE, edited)) == (1, [])
    assert news(suspected, edited, after=2 * MINUTE) == [News.EDITED]
    ledger = read(suspected, edited, after=2 * MINUTE)
    assert ledger.owned == ()
    assert news(ledger, edited) == []
    assert ledger.foreign((edited,)) == (edited,)


def test_what_a_person_may_have_edited_is_not_deleted_until_that_is_known() -> None:
    suspected = read(MINE, entry("mine", LATER, active=True))
    assert suspected.to_delete((), ()) == ()
    again_its_own = read(suspected, entry("mine", active=True), after=2 * MINUTE)
    assert len(again_its_own.to_delete((), ())) == 1


def test_what_is_to_stay_is_known_by_its_terms_and_what_was_deleted_is_not() -> None:
    assert MINE.terms() == {NIGHT}
    assert MINE.deleting("mine", NOON).terms() == frozenset()


def test_what_nobody_wants_any_more_may_still_be_about_to_appear() -> None:
    (one,) = creating(NIGHT, HOLD).unlisted({HOLD})
    assert one.terms == NIGHT
    assert MINE.unlisted(()) == ()


# -- answers ----------------------------------------------------------------------------------------------------------


def test_what_was_not_sent_never_was() -> None:
    assert creating(NIGHT).not_sent(NIGHT) == Ledger(owed=frozenset({CHARGE}))
    ledger = MINE.updating("mine", LATER, NOON + MINUTE)
    assert ledger.find(NIGHT) is None
    unsent = ledger.not_sent(LATER)
    assert unsent.find(NIGHT) is not None
    assert unsent.find(LATER) is None


@pytest.mark.parametrize("active", [False, True])
def test_a_refused_creation_is_not_owned_until_a_read_shows_it_all_the_same(active: bool) -> None:
    refused = creating(NIGHT).refused(NIGHT).settled(CHARGE)
    assert refused.owned == ()
    mine = replace(born(SECOND), active=active)
    ledger = read(refused, mine, after=MINUTE)
    assert [(one.schedule_id, one.active) for one in ledger.owned] == [("mine", active)]
    assert ledger.owed == (frozenset() if active else {CHARGE}), "what is pending has to be applied"


@pytest.mark.parametrize(("listed", "says"), [(NIGHT, NIGHT), (LATER, LATER)], ids=["refused", "carried out"])
def test_a_refused_update_is_the_apps_entry_whatever_it_says(listed: Terms, says: Terms) -> None:
    refused = MINE.updating("mine", LATER, NOON + MINUTE).refused(LATER)
    assert refused.find(NIGHT) is not None
    assert refused.find(LATER) is None
    for after in (2, 3, 10):
        refused = read(refused, entry("mine", listed), after=after * MINUTE)
        assert news(refused, entry("mine", listed), after=after * MINUTE) == []
    assert refused.terms() == {says}


def test_answers_about_what_is_not_owned_change_nothing() -> None:
    for changed in (
        MINE.answered(HOLD, NOON),
        MINE.refused(HOLD),
        MINE.not_sent(HOLD),
        MINE.ended(HOLD, NOON),
        MINE.updating("x", HOLD, NOON),
    ):
        assert changed is MINE


def test_what_is_deleted_does_not_stay_and_is_waited_for_until_a_read_does_not_show_it() -> None:
    ledger = MINE.deleting("mine", NOON + MINUTE)
    assert ledger.staying() == ()
    assert ledger.find(NIGHT) is None
    assert ledger.foreign((entry("mine"),)) == ()
    assert ledger.waits_for(CHARGE)
    assert not ledger.waits_for(RESTRICT)
    shown_gone = read(ledger, after=MINUTE + SECOND)
    assert not shown_gone.waits_for(CHARGE)
    assert shown_gone.owned, "an echo may still show it"
    assert read(shown_gone, after=MINUTE + CONSISTENCY).owned == ()


def test_a_deletion_without_success_is_open_until_a_read_counts() -> None:
    ledger = MINE.deleting("mine", NOON + MINUTE)
    assert [one.schedule_id for one in ledger.to_delete((), (entry("mine"),))] == ["mine"], "it is tried again"
    assert ledger.to_delete({NIGHT}, (entry("mine"),)) == (), "but not if it is wanted by now"
    assert ledger.to_delete((), ()) == ()
    late = read(ledger, entry("mine"), after=MINUTE + CONSISTENCY)
    assert [one.schedule_id for one in late.staying()] == ["mine"]
    assert read(ledger, after=MINUTE + CONSISTENCY).owned == ()


# -- applies ----------------------------------------------------------------------------------------------------------


def test_every_write_of_an_entry_owes_its_family_an_apply() -> None:
    assert creating(NIGHT).owed == {CHARGE}
    settled = MINE.applied(CHARGE, NOON)
    assert settled.owed == frozenset()
    assert settled.updating("mine", LATER, NOON).owed == {CHARGE}
    assert settled.deleting("mine", NOON).owed == {CHARGE}


def test_an_apply_counts_for_the_entries_of_its_family() -> None:
    both = read(creating(NIGHT, HOLD).answered(NIGHT, NOON).answered(HOLD, NOON), entry("n"), entry("h", HOLD))
    applied = both.applied(CHARGE, NOON + MINUTE)
    assert {one.terms: one.applied_at for one in applied.owned} == {NIGHT: NOON + MINUTE, HOLD: None}
    assert applied.owed == {RESTRICT}
    assert applied.settled(RESTRICT).owed == frozenset()
    assert applied.settled(CHARGE) is applied


def test_an_entry_that_stays_pending_owes_another_apply() -> None:
    applied = MINE.applied(CHARGE, NOON)
    assert applied.owing_stuck(NOON + 5 * MINUTE - SECOND) is applied
    assert applied.owing_stuck(NOON + 5 * MINUTE).owed == {CHARGE}


# -- the second flag of charge from grid ------------------------------------------------------------------------------


def test_a_deleted_entry_of_charge_from_grid_owes_a_disable_and_one_of_another_family_none() -> None:
    deleted = MINE.deleting("mine", NOON)
    assert deleted.disable_owed
    assert not deleted.disabled().disable_owed
    assert MINE.disabled() is MINE
    hold = read(creating(HOLD).answered(HOLD, NOON), entry("hold", HOLD)).deleting("hold", NOON)
    assert not hold.disable_owed
    assert deleted.deleting("hold", NOON).disable_owed, "what is owed stays owed"


def test_an_entry_that_goes_owes_another_disable_whatever_the_flag_was_told_before() -> None:
    told = MINE.telling(False, NOON)
    assert not told.deleting("mine", NOON + MINUTE).told(False, NOON + MINUTE)
    assert MINE.telling(True, NOON).deleting("mine", NOON + MINUTE).told(True, NOON + MINUTE)
    gone = read(read(told, after=3 * MINUTE), after=4 * MINUTE + SECOND)
    assert gone.disable_owed
    assert not gone.told(False, NOON + 4 * MINUTE + SECOND)


def test_what_the_flag_was_told_counts_for_five_minutes() -> None:
    assert not MINE.told(True, NOON)
    told = MINE.telling(True, NOON)
    assert told.told(True, NOON + 5 * MINUTE - SECOND)
    assert not told.told(True, NOON + 5 * MINUTE)
    assert not told.told(False, NOON + SECOND)


# -- losses -----------------------------------------------------------------------------------------------------------


def test_losses_are_counted_as_long_as_somebody_wants_the_entry() -> None:
    ledger = creating(NIGHT).answered(NIGHT, NOON).applied(CHARGE, NOON)
    assert news(ledger, after=CONSISTENCY) == [News.LOST]
    ledger = read(ledger, after=CONSISTENCY)
    assert [loss.count for loss in ledger.losses.values()] == [1]
    ledger = read(ledger.creating(NIGHT, NOON, NOON, ()).answered(NIGHT, NOON).applied(CHARGE, NOON), after=CONSISTENCY)
    assert [loss.count for loss in ledger.losses.values()] == [2]
    assert ledger.confined_to([NIGHT]) is ledger
    assert ledger.confined_to([HOLD]).losses == {}


def test_what_never_arrived_or_was_never_applied_is_no_loss() -> None:
    for ledger in (creating(NIGHT).answered(NIGHT, NOON), creating(NIGHT).applied(CHARGE, NOON)):
        assert news(ledger, after=CONSISTENCY) == [News.LOST]
        assert read(ledger, after=CONSISTENCY).losses == {}


def test_what_a_person_removed_is_no_loss() -> None:
    active = read(MINE, entry("mine", active=True))
    suspect = read(active, after=5 * MINUTE)
    assert news(suspect, after=6 * MINUTE) == [News.REMOVED]
    assert read(suspect, after=6 * MINUTE).losses == {}


# -- when a look helps ------------------------------------------------------------------------------------------------


def test_a_look_helps_once_it_can_decide_what_is_undecided() -> None:
    assert MINE.next_look(CONSISTENCY) is None
    assert creating(NIGHT).next_look(CONSISTENCY) == NOON + CONSISTENCY
    missing = read(MINE, after=5 * MINUTE)
    assert missing.next_look(CONSISTENCY) == NOON + 6 * MINUTE
    deleted = MINE.deleting("mine", NOON + MINUTE)
    assert deleted.next_look(CONSISTENCY) == NOON + MINUTE + CONSISTENCY
    assert read(deleted, after=MINUTE + SECOND).next_look(CONSISTENCY) is None


# -- the store --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(),
        creating(NIGHT, HOLD),
        MINE.applied(CHARGE, NOON).telling(True, NOON),
        MINE.deleting("mine", NOON).telling(False, NOON),
        read(creating(NIGHT), after=CONSISTENCY),
        MINE.updating("mine", LATER, NOON),
    ],
)
def test_the_ledger_outlives_a_restart_unchanged(ledger: Ledger) -> None:
    assert Ledger.from_json(json.loads(json.dumps(ledger.to_json()))) == ledger


@pytest.mark.parametrize("member", sorted(Ledger().to_json().keys() - {"given_up", "dead", "flag"}))
def test_a_stored_ledger_with_a_member_missing_is_refused(member: str) -> None:
    data = MINE.to_json()
    del data[member]
    with pytest.raises(KeyError):
        Ledger.from_json(data)


def test_a_ledger_that_an_older_version_stored_knows_nothing_of_the_second_flag() -> None:
    data = MINE.saw_flag(True, NOON, CONSISTENCY)[0].to_json()
    del data["flag"]
    assert Ledger.from_json(data) == MINE


# -- the second flag of charge from grid ------------------------------------------------------------------------------


def test_a_second_flag_that_was_told_to_go_off_and_is_still_shown_on_is_an_old_value() -> None:
    told = replace(MINE, flag=MINE.flag.writing(NOON, changes=True, told=False))
    assert told.saw_flag(True, NOON + MINUTE, CONSISTENCY) == (told, False)
    later, _ = told.saw_flag(True, NOON + CONSISTENCY, CONSISTENCY)
    assert later.flag.on_at == NOON + CONSISTENCY


def test_a_second_flag_in_doubt_is_looked_at_again() -> None:
    doubted = MINE.saw_flag(True, NOON, CONSISTENCY)[0].saw_flag(False, NOON + MINUTE, CONSISTENCY)[0]
    assert doubted.next_look(CONSISTENCY) == NOON + MINUTE + CONSISTENCY / 2


# -- who was met ------------------------------------------------------------------------------------------------------


def test_what_is_in_force_was_met_and_what_was_met_long_ago_is_forgotten_in_the_end() -> None:
    def met(*ids: str) -> list[Entry]:
        return [Entry(NIGHT, one, active=True) for one in ids]

    ledger = Ledger().meeting(met("a", "b")).meeting(met("c"))
    assert ledger.met == {"a", "b", "c"}
    assert ledger.meeting(met("c")) is ledger
    full = Ledger(met=frozenset(str(number) for number in range(MOST_MET)))
    assert full.meeting(met("a")).met == {"a"}


# -- what no read showed in time --------------------------------------------------------------------------------------


def given_up() -> Ledger:
    """Return a ledger whose creation was answered, and that no read showed for as long as reads may be late."""
    ledger = read(creating(NIGHT).answered(NIGHT, NOON), after=3 * MINUTE)
    assert ledger.owned == ()
    return ledger


def born(after: timedelta) -> Entry:
    return replace(entry("mine"), created_at=NOON + after)


def test_a_creation_that_is_listed_after_it_was_given_up_is_the_apps_and_can_be_deleted() -> None:
    ledger = read(given_up(), born(SECOND), after=10 * MINUTE)
    assert [one.schedule_id for one in ledger.to_delete((), (born(SECOND),))] == ["mine"]
    assert ledger.given_up == ()


@pytest.mark.parametrize(
    ("listed", "after"),
    [
        (born(2 * MINUTE), 10 * MINUTE),
        (born(-MINUTE), 10 * MINUTE),
        (replace(born(SECOND), created_at=None), 10 * MINUTE),
        (replace(born(SECOND), terms=LATER), 10 * MINUTE),
        (born(SECOND), timedelta(hours=2)),
    ],
    ids=["made later", "made before", "nobody knows when", "says something else", "listed hours later"],
)
def test_what_only_looks_like_it_is_somebody_elses(listed: Entry, after: timedelta) -> None:
    ledger = read(given_up(), listed, after=after)
    assert ledger.owned == ()
    assert ledger.foreign((listed,)) == (listed,)


def test_what_was_given_up_outlives_a_restart_and_an_older_store_knows_of_none() -> None:
    data = json.loads(json.dumps(given_up().to_json()))
    assert Ledger.from_json(data) == given_up()
    del data["given_up"]
    assert Ledger.from_json(data).given_up == ()


def test_an_entry_that_the_app_deleted_is_never_adopted_again_nor_taken_for_somebody_elses() -> None:
    deleted = MINE.deleting("mine", NOON).deleted("mine")
    gone = read(deleted, after=3 * MINUTE)
    assert [one.schedule_id for one in gone.dead] == ["mine"]
    again = gone.creating(NIGHT, NOON + 4 * MINUTE, NOON + 4 * MINUTE, ()).answered(NIGHT, NOON + 4 * MINUTE)
    echo = entry("mine", active=True, created=NOON)
    assert [one.schedule_id for one in read(again, echo, after=5 * MINUTE).staying()] == [None]
    assert again.foreign((echo,)) == ()
    new = entry("new", created=NOON + 4 * MINUTE)
    assert [one.schedule_id for one in read(again, echo, new, after=5 * MINUTE).staying()] == ["new"]


def test_no_more_than_the_last_that_are_gone_are_remembered() -> None:
    (mine,) = MINE.owned
    ledger = replace(MINE, dead=tuple(replace(mine, schedule_id=f"old-{number}") for number in range(MOST_DEAD)))
    gone = read(ledger.deleting("mine", NOON).deleted("mine"), after=3 * MINUTE)
    ids = [one.schedule_id for one in gone.dead]
    assert (len(ids), ids[0], ids[-1]) == (MOST_DEAD, "old-1", "mine")


def test_of_what_an_older_version_remembered_as_gone_only_the_name_was_kept_which_is_not_enough() -> None:
    data = MINE.to_json() | {"dead": ["old"]}
    assert Ledger.from_json(data) == MINE


# -- what was believed gone and is listed again -----------------------------------------------------------------------


def believed_gone(how: str) -> Ledger:
    """Return a ledger whose entry is believed gone: deleted, removed by a person, or lost before it was active."""
    active = how != "lost"
    ledger = read(MINE, entry("mine", active=active))
    if how == "deleted":
        ledger = ledger.deleting("mine", NOON).deleted("mine")
    for minutes in (5, 6):
        ledger = read(ledger, after=minutes * MINUTE)
    assert ledger.owned == ()
    return ledger


@pytest.mark.parametrize("how", ["deleted", "removed", "lost"])
def test_what_was_believed_gone_and_is_listed_again_is_owned_and_deleted_if_nobody_wants_it(how: str) -> None:
    listed = entry("mine", active=True)
    gone = believed_gone(how)
    assert gone.foreign((listed,)) == ()
    back = read(Ledger.from_json(json.loads(json.dumps(gone.to_json()))), listed, after=9 * MINUTE)
    assert [one.schedule_id for one in back.staying()] == ["mine"]
    assert back.dead == ()
    assert [one.schedule_id for one in back.to_delete((), (listed,))] == ["mine"]
    assert back.to_delete((NIGHT,), (listed,)) == ()


@pytest.mark.parametrize("how", ["deleted", "removed", "lost"])
def test_what_is_listed_again_in_the_place_of_another_own_entry_is_leaving(how: str) -> None:
    later = NOON + 8 * MINUTE
    again = believed_gone(how).creating(NIGHT, later, later, ())
    back = read(again, entry("mine", active=True), after=9 * MINUTE)
    assert [(one.schedule_id, one.leaving) for one in back.owned] == [(None, False), ("mine", True)]
    assert back.waits_for(CHARGE)
    assert news(back, entry("new", active=True, created=later), after=9 * MINUTE + SECOND) == [News.ACTIVE]
    still = read(back, entry("mine", active=True), after=11 * MINUTE)
    assert [one.schedule_id for one in still.to_delete((), (entry("mine"),))] == ["mine"]


def test_an_entry_that_a_person_made_theirs_is_not_owned_again() -> None:
    edited = entry("mine", replace(NIGHT, start=time(4)), active=True)
    theirs = read(read(MINE, edited, after=5 * MINUTE), edited, after=6 * MINUTE)
    assert (theirs.owned, theirs.dead, theirs.foreign((edited,))) == ((), (), (edited,))
    assert read(theirs, edited, after=7 * MINUTE).owned == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(["create", "delete", "edit", "remove", "look"]), st.integers(1, 150), st.booleans()),
        max_size=25,
    )
)
def test_whatever_happens_each_listed_entry_is_either_owned_or_foreign(
    events: list[tuple[str, int, bool]],
) -> None:
    ledger, now, states = Ledger(), NOON, [dict[str, Entry]()]
    for number, (what, seconds, old) in enumerate(events):
        now += seconds * SECOND
        stored = dict(states[-1])
        ids = [one.schedule_id for one in ledger.staying() if one.schedule_id in stored]
        if what == "create" and not stored:
            ledger = ledger.creating(NIGHT, now, now, ()).answered(NIGHT, now)
            stored[f"id-{number}"] = entry(f"id-{number}", created=now)
        elif what == "delete" and ids:
            ledger = ledger.deleting(str(ids[0]), now).deleted(str(ids[0]))
            del stored[str(ids[0])]
        elif what == "edit" and stored:
            stored = {one: replace(each, terms=HOLD) for one, each in stored.items()}
        elif what == "remove":
            stored = {}
        states.append({one: replace(each, active=True) for one, each in stored.items()})
        listed = tuple(states[-2 if old else -1].values())
        ledger, _ = ledger.saw(listed, now, CONSISTENCY)
        owned = [one.schedule_id for one in ledger.owned]
        foreign = [each.schedule_id for each in ledger.foreign(listed)]
        assert all((each.schedule_id in owned) is not (each.schedule_id in foreign) for each in listed)


# -- what the last read casts doubt on --------------------------------------------------------------------------------


def test_what_a_person_may_have_made_of_an_entry_is_contested_until_the_second_look_tells() -> None:
    edited = Entry(replace(NIGHT, start=time(4)), "mine", True, NOON)
    assert MINE.contested((edited,)) == ()
    doubted, _ = MINE.saw((edited,), NOON + 5 * MINUTE, CONSISTENCY)
    assert doubted.contested((edited,)) == (edited.terms,)
    assert [one.doubted for one in doubted.owned] == [True]


# -- what cannot be read ----------------------------------------------------------------------------------------------

OBSCURE = replace(NIGHT, start=time(0), end=time(0), days=frozenset(), limit=None)
"""What is known of an entry whose times or days nobody can read."""

LONG = timedelta(minutes=30)


def test_an_own_entry_that_cannot_be_read_is_neither_gone_nor_somebody_elses() -> None:
    missed = read(MINE, after=CONSISTENCY)
    for before in (MINE, missed):
        ledger = before
        for after in (CONSISTENCY, LONG, 2 * LONG):
            ledger, told = ledger.saw((entry("mine", OBSCURE),), NOON + after, CONSISTENCY)
            assert not told
        assert [one.schedule_id for one in ledger.staying()] == ["mine"]
        assert ledger.foreign((entry("mine", OBSCURE),)) == ()
    assert missed.owned[0].missing_since is not None
    assert ledger.owned[0].missing_since is None


def test_an_own_entry_that_is_deleted_and_cannot_be_read_is_deleted_again() -> None:
    leaving = MINE.deleting("mine", NOON)
    assert [one.leaving for one in read(leaving, entry("mine", OBSCURE)).owned] == [True]
    assert [one.leaving for one in read(leaving, entry("mine", OBSCURE), after=CONSISTENCY).owned] == [False]


def test_a_new_entry_that_cannot_be_read_may_be_the_creation_that_is_out_and_is_not_made_again() -> None:
    theirs, new = entry("theirs", OBSCURE), entry("new", OBSCURE)
    ledger = creating(NIGHT, listed=(theirs,)).answered(NIGHT, NOON)
    assert ledger.foreign((theirs, new)) == (theirs,)
    assert news(ledger, theirs, new, after=LONG) == []
    assert news(ledger, theirs, after=LONG) == [News.LOST]
    assert news(ledger, entry("new", replace(OBSCURE, control=RESTRICT)), after=LONG) == [News.LOST]
    assert [one.schedule_id for one in read(ledger, theirs, entry("new"), after=LONG).owned] == ["new"]


def test_in_a_family_that_cannot_be_read_nothing_is_decided() -> None:
    ledger = creating(NIGHT, HOLD)
    given_up = Ledger().creating(LATER, NOON, NOON, ()).refused(LATER)
    for one in (MINE, MINE.deleting("mine", NOON), replace(ledger, given_up=given_up.given_up)):
        after, told = one.saw((), NOON + LONG, CONSISTENCY, {CHARGE})
        assert [each for each in after.owned if each.terms.control is CHARGE] == [
            each for each in one.owned if each.terms.control is CHARGE
        ]
        assert after.given_up[: len(one.given_up)] == one.given_up
        assert {each.terms.control for each, _ in told} <= {RESTRICT}
    assert news(ledger, after=LONG) == [News.LOST, News.LOST]
