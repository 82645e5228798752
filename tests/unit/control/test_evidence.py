"""What a read proves (steps 4 and 5 of "How a wish becomes true"), where the cloud shows old values and ignores writes.

What holds, and is tried here with every kind of trouble at once (the cloud shows, at each read, what it held at some
moment less than `consistency` ago; writes are applied, ignored, refused, or lost with or without effect):

- a write that is not shown is never called ignored while the cloud holds it (NOT_SHOWN), whatever reads show;
- as long as reads do not go back in time, or opposite writes are `consistency` apart, a write is never called shown
  that the cloud does not hold (SHOWN), and nothing is called foreign that nobody else did (FOREIGN).

What does not hold: SHOWN after two opposite writes within `consistency`, of which a read has shown the first, when the
cloud then answers the second with success, ignores it, and a read goes back to before the first. That is the price of
confirming a quick on and off at once. A second write that was not answered with success is confirmed later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from enphase_battery.control.evidence import Evidence, OwnWrite, Sight

START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CONSISTENCY = timedelta(minutes=2)
KNOWN_OFF = Evidence(known=False)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def saw(evidence: Evidence, value: bool, seconds: float) -> tuple[Evidence, Sight]:
    return evidence.saw(value, at(seconds), CONSISTENCY)


def written(evidence: Evidence, value: bool, seconds: float) -> Evidence:
    return evidence.sending(value, at(seconds)).answered(at(seconds))


# -- own writes -------------------------------------------------------------------------------------------------------


def test_the_first_read_of_all_is_believed() -> None:
    assert saw(Evidence(), True, 0) == (Evidence(known=True), Sight.SAME)


def test_nothing_is_believed_before_the_first_read() -> None:
    assert Evidence().believed is None
    assert Evidence().second_look_at(CONSISTENCY) is None


def test_while_the_cloud_waits_for_the_gateway_an_old_value_says_nothing_of_an_answered_write() -> None:
    sent = KNOWN_OFF.sending(True, at(0))
    late = at(600)
    assert sent.answered(at(0)).saw(False, late, CONSISTENCY, pending=True)[1] is Sight.ECHO
    assert sent.answered(at(0)).saw(False, late, CONSISTENCY)[1] is Sight.NOT_SHOWN
    assert sent.saw(False, late, CONSISTENCY, pending=True)[1] is Sight.ECHO  # without an answer it may have arrived
    assert sent.answered(at(0)).saw(True, late, CONSISTENCY, pending=True)[1] is Sight.SHOWN
    refused, _ = sent.refused().saw(False, late, CONSISTENCY, pending=True)
    assert refused.may_become is True
    assert refused.saw(False, late, CONSISTENCY)[0].may_become is None


@pytest.mark.parametrize("answered", [True, False])
def test_what_stood_before_a_write_that_may_still_arrive_proves_nothing_while_the_cloud_waits(answered: bool) -> None:
    on = written(KNOWN_OFF, True, 0)
    off = written(on, False, 240) if answered else on.sending(False, at(240))
    for seconds in (250, 600, 36000):
        assert off.saw(False, at(seconds), CONSISTENCY, pending=True) == (off, Sight.ECHO)
    assert off.saw(False, at(600), CONSISTENCY)[1] is Sight.SHOWN
    assert off.saw(True, at(600), CONSISTENCY)[1] is (Sight.NOT_SHOWN if answered else Sight.SAME)


def on_its_way(evidence: Evidence, told: bool, seconds: float) -> tuple[Evidence, Sight]:
    """Weigh a read of which the top level still shows off."""
    return evidence.saw(False, at(seconds), CONSISTENCY, told=told, pending=True)


def test_what_the_cloud_tells_of_a_write_is_taken_and_not_yet_so() -> None:
    unanswered = KNOWN_OFF.sending(True, at(0))
    told, sight = on_its_way(unanswered, True, 600)
    assert (sight, told.known, told.believed, told.surely_off) == (Sight.ON_ITS_WAY, False, True, False)
    assert Evidence.from_json(told.to_json()) == told
    shown, sight = told.saw(True, at(700), CONSISTENCY)
    assert (sight, shown.known, shown.unproven, shown.changed_at) == (Sight.SHOWN, True, None, at(0))
    assert told.saw(True, at(700), CONSISTENCY, told=True, pending=True)[1] is Sight.SHOWN


def test_what_the_cloud_tells_of_no_more_was_not_carried_out() -> None:
    told, _ = on_its_way(written(KNOWN_OFF, True, 0), True, 600)
    assert told.saw(False, at(719), CONSISTENCY) == (told, Sight.ECHO)
    dropped, sight = told.saw(False, at(600) + CONSISTENCY, CONSISTENCY)
    assert (sight, dropped.known, dropped.believed) == (Sight.NOT_SHOWN, False, False)


@pytest.mark.parametrize("told_twice", [True, False])
def test_what_was_on_its_way_and_now_is_told_otherwise_is_a_persons_change(told_twice: bool) -> None:
    told, _ = on_its_way(written(KNOWN_OFF, True, 0), True, 300)
    doubted, sight = on_its_way(told, False, 430)
    assert sight is Sight.SUSPECT
    assert on_its_way(doubted, False, 440) == (doubted, Sight.SUSPECT)
    assert on_its_way(doubted, True, 440)[0].suspect_since is None
    theirs, sight = on_its_way(doubted, False, 500) if told_twice else doubted.saw(False, at(500), CONSISTENCY)
    assert (sight, theirs.known, theirs.unproven) == (Sight.FOREIGN, False, None)


def test_an_own_write_that_the_cloud_tells_otherwise_of_was_ignored_and_what_was_before_it_stands() -> None:
    on, _ = on_its_way(written(KNOWN_OFF, True, 0), True, 60)
    off = written(on, False, 120)
    assert on_its_way(off, True, 130) == (off, Sight.ECHO)
    ignored, sight = on_its_way(off, True, 300)
    assert (sight, ignored.believed) == (Sight.NOT_SHOWN, True)
    unanswered = on.sending(False, at(120))
    assert on_its_way(unanswered, True, 36000) == (unanswered, Sight.ECHO)
    assert unanswered.believed is None


def test_what_is_on_its_way_when_nothing_is_known_yet_is_awaited_like_an_own_write() -> None:
    found, sight = on_its_way(Evidence(), True, 0)
    assert (sight, found.known, found.believed) == (Sight.ON_ITS_WAY, None, True)
    assert found.saw(True, at(600), CONSISTENCY)[1] is Sight.SHOWN
    assert on_its_way(Evidence(), False, 0) == (Evidence(known=False), Sight.SAME)
    assert on_its_way(KNOWN_OFF, True, 0) == (KNOWN_OFF, Sight.SAME)  # somebody else's


@pytest.mark.parametrize(
    ("before", "shown", "changed_at"),
    [
        (KNOWN_OFF, [(False, 10)], None),
        (written(KNOWN_OFF, True, 0), [(True, 10)], 0),
        (written(KNOWN_OFF, True, 0), [(True, 10), (True, 600)], 0),
        (written(KNOWN_OFF, True, 0), [(False, 10), (False, 600)], None),
        (KNOWN_OFF, [(True, 10), (True, 600)], 600),
        (Evidence(), [(True, 10)], None),
    ],
)
def test_from_when_the_cloud_has_held_what_is_known(
    before: Evidence, shown: list[tuple[bool, float]], changed_at: float | None
) -> None:
    evidence = before
    for value, second in shown:
        evidence, _ = saw(evidence, value, second)
    stored = Evidence.from_json(json.loads(json.dumps(evidence.to_json())))
    assert stored.changed_at == (None if changed_at is None else at(changed_at))


def test_a_read_that_shows_the_new_value_proves_the_write_at_once() -> None:
    evidence, sight = saw(written(KNOWN_OFF, True, 0), True, 1)
    assert (evidence.known, sight) == (True, Sight.SHOWN)
    assert evidence.unproven is None


def test_an_old_value_shortly_after_a_write_proves_nothing_and_the_write_is_still_believed() -> None:
    evidence = written(KNOWN_OFF, True, 0)
    assert saw(evidence, False, 119.9) == (evidence, Sight.ECHO)
    assert evidence.believed is True


def test_an_old_value_consistency_after_the_last_write_means_that_the_cloud_ignored_it() -> None:
    evidence, sight = saw(written(KNOWN_OFF, True, 0), False, 120)
    assert sight is Sight.NOT_SHOWN
    assert (evidence.known, evidence.believed) == (False, False)


def test_a_write_that_comes_true_after_it_was_given_up_is_no_foreign_change() -> None:
    given_up, _ = saw(written(KNOWN_OFF, True, 0), False, 120)
    assert Evidence.from_json(given_up.to_json()) == given_up
    still, _ = saw(given_up, False, 180)
    assert saw(still, True, 240) == (Evidence(known=True), Sight.LATE)


def test_long_after_a_write_was_given_up_a_change_to_its_value_is_somebody_elses() -> None:
    given_up, _ = saw(written(KNOWN_OFF, True, 0), False, 120)
    assert saw(given_up, True, 1200)[1] is Sight.SUSPECT


def test_the_time_counts_from_the_answer_because_the_write_may_have_taken_that_long() -> None:
    evidence = KNOWN_OFF.sending(True, at(0)).answered(at(30))
    assert saw(evidence, False, 149)[1] is Sight.ECHO
    assert saw(evidence, False, 150)[1] is Sight.NOT_SHOWN


def test_a_repeated_write_begins_the_time_anew_and_the_value_before_it_stays() -> None:
    evidence = written(written(KNOWN_OFF, True, 0), True, 60)
    assert evidence.writes == (OwnWrite(before=False, value=True, at=at(60), answered=True, repeated=True),)
    assert saw(evidence, False, 121)[1] is Sight.ECHO
    assert saw(evidence, False, 180)[1] is Sight.NOT_SHOWN


def test_a_write_without_an_answer_may_or_may_not_have_arrived_so_no_write_is_saved() -> None:
    evidence = KNOWN_OFF.sending(True, at(0))
    assert evidence.believed is None
    assert saw(evidence, True, 1)[1] is Sight.SHOWN
    assert saw(evidence, False, 120) == (KNOWN_OFF, Sight.SAME)  # nobody promised anything, so nobody failed


def test_a_refused_write_is_given_up_and_most_likely_changed_nothing() -> None:
    refused = KNOWN_OFF.sending(True, at(0)).refused()
    assert (refused.known, refused.believed, refused.unproven) == (False, False, None)
    assert refused.second_look_at(CONSISTENCY) == at(120)


def test_a_refused_write_that_a_read_shows_all_the_same_is_nobody_elses_change() -> None:
    refused = KNOWN_OFF.sending(True, at(0)).refused()
    shown, sight = saw(refused, True, 30)
    assert (shown.known, sight) == (True, Sight.LATE)
    assert saw(shown, False, 119)[1] is Sight.ECHO
    assert saw(refused, True, 36_000) == (Evidence(known=True), Sight.LATE)  # no read could tell before


def test_a_refused_write_that_a_read_that_counts_does_not_show_never_came_true() -> None:
    refused = KNOWN_OFF.sending(True, at(0)).refused()
    assert saw(refused, False, 119.9) == (refused, Sight.SAME)
    assert saw(refused, False, 120) == (KNOWN_OFF, Sight.SAME)


def test_what_may_have_been_switched_on_in_spite_of_a_refusal_is_not_surely_off() -> None:
    refused = KNOWN_OFF.sending(True, at(0)).refused()
    assert not refused.surely_off
    assert saw(refused, False, 120)[0].surely_off
    ignored, _ = saw(written(KNOWN_OFF, True, 0), False, 120)
    assert ignored.surely_off, "a read that counts has shown it"


def test_a_refusal_says_nothing_about_an_earlier_try_that_was_answered() -> None:
    answered = written(KNOWN_OFF, True, 0)
    assert answered.sending(True, at(5)).refused().believed is True
    assert answered.refused() is answered


def test_a_refusal_does_not_shorten_the_wait_for_what_was_promised_before() -> None:
    ignored, _ = saw(written(KNOWN_OFF, True, 0), False, 120)
    refused = ignored.sending(True, at(121)).refused()
    assert refused.given_up == OwnWrite(before=False, value=True, at=at(121), answered=True)
    assert saw(refused, False, 241)[0] == refused, "a refusal alone would have been believed by now"
    other = Evidence(known=True, given_up=ignored.given_up).sending(False, at(121)).refused()
    assert other.given_up == OwnWrite(before=True, value=False, at=at(121))
    twice = KNOWN_OFF.sending(True, at(0)).refused().sending(True, at(9)).refused()
    assert twice.given_up == OwnWrite(before=False, value=True, at=at(9))


def test_a_refusal_says_nothing_about_an_earlier_try_that_got_no_answer() -> None:
    evidence = KNOWN_OFF.sending(True, at(0)).sending(True, at(30)).refused()
    assert evidence.believed is None
    assert saw(evidence, True, 31)[1] is Sight.SHOWN  # the first try did arrive: nothing foreign about it


def test_without_a_write_there_is_nothing_to_answer_or_to_refuse() -> None:
    assert KNOWN_OFF.answered(at(0)) is KNOWN_OFF
    assert KNOWN_OFF.refused() is KNOWN_OFF


def test_the_value_from_before_an_earlier_write_that_was_never_shown_proves_nothing() -> None:
    evidence = written(written(KNOWN_OFF, True, 0), False, 10)
    assert saw(evidence, False, 11) == (evidence, Sight.ECHO)  # from before the first write, or from after the second?
    assert saw(evidence, False, 120)[1] is Sight.SHOWN  # the first is too old by now to be the question


def test_a_quick_on_and_off_is_proven_at_once_when_the_on_was() -> None:
    shown, _ = saw(written(KNOWN_OFF, True, 0), True, 1)
    assert saw(written(shown, False, 5), False, 6)[1] is Sight.SHOWN


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("fate", ["lost", "refused", "refused after it was lost"])
def test_a_read_from_before_an_on_that_was_shown_proves_no_off_that_was_not_answered_with_success(
    fate: str, on: bool
) -> None:
    evidence, _ = saw(written(Evidence(known=not on), on, 0), on, 1)
    if fate != "refused":
        evidence = evidence.sending(not on, at(60))
    if fate != "lost":
        evidence = evidence.sending(not on, at(65)).refused()
    assert saw(evidence, not on, 70) == (evidence, Sight.ECHO)
    assert saw(evidence, not on, 119.9) == (evidence, Sight.ECHO)
    assert saw(evidence, not on, 120)[1] is (Sight.LATE if fate == "refused" else Sight.SHOWN)
    assert saw(evidence, on, 200)[1] is Sight.SAME, "it did not arrive, and nobody else did anything"


def test_a_read_from_before_an_off_that_was_refused_and_carried_out_proves_no_on() -> None:
    evidence = written(KNOWN_OFF, True, 0).sending(False, at(60)).refused()
    assert saw(evidence, True, 61) == (evidence, Sight.ECHO)
    assert evidence.second_look_at(CONSISTENCY) == at(180)
    assert saw(evidence, True, 179.9) == (evidence, Sight.ECHO)
    assert saw(evidence, True, 180)[1] is Sight.SHOWN
    assert saw(evidence, False, 180)[1] is Sight.NOT_SHOWN


def test_a_flap_after_the_proof_proves_nothing() -> None:
    shown, _ = saw(written(KNOWN_OFF, True, 0), True, 1)
    assert saw(shown, False, 30) == (shown, Sight.ECHO)


# -- foreign changes --------------------------------------------------------------------------------------------------


def test_a_foreign_change_counts_when_two_reads_half_of_consistency_apart_show_it() -> None:
    suspicious, sight = saw(KNOWN_OFF, True, 0)
    assert (suspicious.known, sight) == (False, Sight.SUSPECT)
    assert suspicious.second_look_at(CONSISTENCY) == at(60)
    assert saw(suspicious, True, 59.9) == (suspicious, Sight.SUSPECT)
    assert saw(suspicious, True, 60) == (Evidence(known=True), Sight.FOREIGN)


def test_a_read_of_the_old_value_between_clears_the_suspicion() -> None:
    suspicious, _ = saw(KNOWN_OFF, True, 0)
    assert saw(suspicious, False, 30) == (KNOWN_OFF, Sight.SAME)


def test_a_foreign_change_cannot_be_told_from_an_echo_while_an_own_write_is_young() -> None:
    shown, _ = saw(written(KNOWN_OFF, True, 0), True, 1)
    assert saw(shown, False, 119)[1] is Sight.ECHO
    suspicious, sight = saw(shown, False, 120)
    assert sight is Sight.SUSPECT
    assert saw(suspicious, False, 180)[1] is Sight.FOREIGN


def test_an_own_write_ends_a_suspicion() -> None:
    suspicious, _ = saw(KNOWN_OFF, True, 0)
    assert suspicious.sending(True, at(1)).suspect_since is None
    unproven = written(suspicious, True, 1)
    assert unproven.second_look_at(CONSISTENCY) == at(121)


# -- whatever the cloud does ------------------------------------------------------------------------------------------


class Fate(Enum):
    """What becomes of a write."""

    APPLIED = "applied"
    IGNORED = "answered with success and ignored"
    REFUSED = "refused"
    REFUSED_AFTER = "applied, and refused all the same"
    LOST_AFTER = "applied, and the answer lost"
    LOST_BEFORE = "lost on the way"


@dataclass
class Cloud:
    """A cloud that shows, at each read, what it held at some moment less than `CONSISTENCY` ago."""

    now: float = 0
    past: list[tuple[float, bool]] = field(default_factory=lambda: [(-1e9, False)])
    latest_shown: float = -1e9

    @property
    def holds(self) -> bool:
        return self.past[-1][1]

    def shows(self, lag: float, *, in_order: bool) -> bool:
        moment = self.now - lag
        if in_order:
            moment = self.latest_shown = max(moment, self.latest_shown)
        return [value for since, value in self.past if since <= moment][-1]

    def write(self, evidence: Evidence, value: bool, fate: Fate) -> Evidence:
        evidence = evidence.sending(value, at(self.now))
        if fate in (Fate.APPLIED, Fate.LOST_AFTER, Fate.REFUSED_AFTER):
            self.past.append((self.now, value))
        if fate in (Fate.APPLIED, Fate.IGNORED):
            return evidence.answered(at(self.now))
        return evidence.refused() if fate in (Fate.REFUSED, Fate.REFUSED_AFTER) else evidence


lags = st.just(0.0) | st.floats(0, 119.9)
moments = st.tuples(
    st.floats(0.1, 100),  # seconds since the last moment
    st.none() | st.tuples(st.booleans(), st.sampled_from(Fate)),  # a write, or a read
    lags,
)


def live_through(events: list[tuple[float, tuple[bool, Fate] | None, float]], *, in_order: bool) -> None:
    """Send writes and reads to a cloud that nobody else changes; writes come as the plan would send them."""
    cloud, evidence = Cloud(), KNOWN_OFF
    last_write = (-1e9, False)
    for seconds, write, lag in events:
        cloud.now += seconds
        if write is not None:
            value, fate = write
            opposite_is_young = value is not last_write[1] and cloud.now - last_write[0] < 120
            if evidence.believed is not value and (in_order or not opposite_is_young):
                last_write = (cloud.now, value)
                evidence = cloud.write(evidence, value, fate)
        value = cloud.shows(lag, in_order=in_order)
        evidence, sight = saw(evidence, value, cloud.now)
        assert sight is not Sight.FOREIGN
        assert sight is not Sight.SHOWN or cloud.holds is value
        assert sight is not Sight.NOT_SHOWN or cloud.holds is value
        assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


@settings(max_examples=200)
@example([(1.0, (True, Fate.APPLIED), 1.0), (1.0, (False, Fate.REFUSED_AFTER), 1.0)])
@given(st.lists(moments, max_size=14))
def test_with_reads_that_are_late_but_in_order_no_verdict_is_ever_wrong(
    events: list[tuple[float, tuple[bool, Fate] | None, float]],
) -> None:
    live_through(events, in_order=True)


@settings(max_examples=200)
@given(st.lists(moments, max_size=14))
def test_with_reads_that_flap_no_verdict_is_ever_wrong_when_opposite_writes_are_far_apart(
    events: list[tuple[float, tuple[bool, Fate] | None, float]],
) -> None:
    live_through(events, in_order=False)


@settings(max_examples=200)
@given(st.lists(moments, max_size=14))
def test_a_write_that_the_cloud_holds_is_never_called_ignored_however_reads_flap(
    events: list[tuple[float, tuple[bool, Fate] | None, float]],
) -> None:
    cloud, evidence = Cloud(), KNOWN_OFF
    for seconds, write, lag in events:
        cloud.now += seconds
        if write is not None:
            evidence = cloud.write(evidence, *write)
        value = cloud.shows(lag, in_order=False)
        evidence, sight = saw(evidence, value, cloud.now)
        assert sight is not Sight.NOT_SHOWN or cloud.holds is value


@dataclass
class LateCloud(Cloud):
    """A cloud whose top level shows what the gateway reported last, and that may tell what is on its way (15.1)."""

    tells: bool = True
    reported: bool = False
    taken: bool = False
    """Whether it has taken a write since the last report."""

    def write(self, evidence: Evidence, value: bool, fate: Fate) -> Evidence:
        self.taken |= fate in (Fate.APPLIED, Fate.LOST_AFTER, Fate.REFUSED_AFTER)
        return super().write(evidence, value, fate)

    def report(self) -> None:
        self.reported, self.taken = self.holds, False

    def read(self, evidence: Evidence) -> tuple[Evidence, Sight]:
        told = self.holds if self.tells and self.taken else None
        return evidence.saw(self.reported, at(self.now), CONSISTENCY, told=told, pending=self.taken)


@settings(max_examples=300)
@example(True, [(1.0, (True, Fate.APPLIED), False), (1.0, (False, Fate.REFUSED_AFTER), False)])
@example(False, [(1.0, (True, Fate.APPLIED), False), (1.0, (False, Fate.REFUSED_AFTER), True), (120.0, None, False)])
@example(
    False,
    [
        (1.0, (True, Fate.LOST_AFTER), False),
        (1.0, (False, Fate.REFUSED_AFTER), True),
        (120.0, (True, Fate.IGNORED), False),
    ],
)
@given(
    st.booleans(),
    st.lists(
        st.tuples(st.floats(1, 400), st.none() | st.tuples(st.booleans(), st.sampled_from(Fate)), st.booleans()),
        max_size=14,
    ),
)
def test_where_the_gateway_reports_late_nothing_is_shown_that_the_cloud_does_not_hold_and_nothing_is_foreign(
    tells: bool, events: list[tuple[float, tuple[bool, Fate] | None, bool]]
) -> None:
    cloud, evidence = LateCloud(tells=tells), KNOWN_OFF
    for seconds, write, reports in events:
        cloud.now += seconds
        if reports:
            cloud.report()
        if write is not None and evidence.believed is not write[0]:
            evidence = cloud.write(evidence, *write)
        evidence, sight = cloud.read(evidence)
        assert sight is not Sight.FOREIGN
        assert sight is not Sight.SHOWN or cloud.holds is evidence.known
        assert not evidence.surely_off or evidence.given_up is not None or cloud.holds is False
    cloud.report()
    for _ in range(8):
        cloud.now += 130
        evidence, sight = cloud.read(evidence)
        assert sight is not Sight.FOREIGN
    assert evidence.known is cloud.holds


@given(lags, st.floats(60, 1000), st.floats(0, 119.9))
def test_a_foreign_change_is_found_by_any_two_reads_that_show_it_far_enough_apart(
    first_lag: float, apart: float, second_lag: float
) -> None:
    cloud = Cloud(past=[(-1e9, False), (0, True)])
    cloud.now = 120
    suspicious, _ = saw(KNOWN_OFF, cloud.shows(first_lag, in_order=False), cloud.now)
    cloud.now += apart
    evidence, sight = saw(suspicious, cloud.shows(second_lag, in_order=False), cloud.now)
    assert (evidence.known, sight) == (True, Sight.FOREIGN)


@given(st.lists(moments, min_size=1, max_size=10))
def test_what_was_just_answered_is_believed_and_asks_for_a_second_look(
    events: list[tuple[float, tuple[bool, Fate] | None, float]],
) -> None:
    cloud, evidence = Cloud(), KNOWN_OFF
    for seconds, write, _ in events:
        cloud.now += seconds
        if write is not None:
            evidence = cloud.write(evidence, *write)
    assume(evidence.unproven is not None and evidence.unproven.answered)
    assert evidence.unproven is not None
    assert evidence.believed is evidence.unproven.value
    last = max(one.at for one in (evidence.unproven, evidence.given_up) if one is not None)
    assert evidence.second_look_at(CONSISTENCY) == last + CONSISTENCY


@pytest.mark.parametrize("member", ["known", "writes", "suspect_since"])
def test_stored_evidence_with_a_member_missing_is_refused(member: str) -> None:
    data = written(KNOWN_OFF, True, 0).to_json()
    del data[member]
    with pytest.raises(KeyError):
        Evidence.from_json(data)


def test_stored_evidence_of_another_shape_is_refused() -> None:
    data = KNOWN_OFF.to_json()
    for spoilt in ({"writes": 3}, {"writes": ["x"]}):
        with pytest.raises((TypeError, ValueError)):
            Evidence.from_json({**data, **spoilt})


def test_a_suspicion_and_an_unknown_value_outlive_a_restart() -> None:
    suspicious, _ = saw(KNOWN_OFF, True, 0)
    for evidence in (suspicious, Evidence()):
        assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_when_it_was_last_so_is_known_while_it_is_in_doubt_and_after_a_restart() -> None:
    evidence = KNOWN_OFF
    for seconds, shown in ((0, False), (60, False), (300, True)):
        evidence, _ = saw(evidence, shown, seconds)
    assert evidence.suspect_since is not None
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))).known_at == at(60)
