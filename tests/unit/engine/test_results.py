"""Every command gets exactly one final result, also over a restart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.said import said, some

if TYPE_CHECKING:
    from enphase_battery.store.store import Store

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.verdict import Outcome, Verdict
from enphase_battery.control.wanted import Wanted
from enphase_battery.engine.commands import CommandEnvelope
from enphase_battery.engine.results import POLL, Result, Results
from tests.unit.fake_cloud import NOON

BOOST = CommandEnvelope(id="boost", app=None, command="set", control="charge_from_grid", state="on")
OTHER = replace(BOOST, id="other")
WISH = Wanted(Intent(Control.CHARGE_FROM_GRID, True, Source.COMMAND, NOON, NOON + timedelta(hours=1)))
RIVAL = Wanted(Intent(Control.DISCHARGE_TO_GRID, True, Source.COMMAND, NOON, NOON + timedelta(hours=1)))
KEY = WISH.intent.key


class Ledger:
    """Results that remember what they last stored."""

    def __init__(self) -> None:
        self.stored: dict[str, object] = {}
        self.answers = Results(cast("Store", self))

    def read(self, section: str, decode: Callable[[Mapping[str, object]], object]) -> object:
        return decode(self.stored)

    def write(self, section: str, data: Mapping[str, object]) -> None:
        self.stored = json.loads(json.dumps(data))

    def put(self, section: str, key: str, value: Mapping[str, object] | None) -> None:
        if value is None:
            self.stored.pop(key, None)
        else:
            self.stored[key] = json.loads(json.dumps(value))

    def restart(self) -> None:
        self.answers = Results(cast("Store", self))

    def fire(self) -> list[tuple[str | None, Outcome, str]]:
        """Fire what is ready; return id, outcome and reason."""
        fired = self.answers.ready()
        for number in fired:
            self.answers.fired(number)
        return [(one.envelope.id, one.outcome, said(one.reason)) for one in fired.values()]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def verdict(outcome: Outcome, reason: str = "", wanted: Wanted = WISH) -> Verdict:
    return Verdict(wanted, outcome, NOON, some(reason) if reason else None)


def test_all_outcomes_but_pending_are_final() -> None:
    assert [outcome for outcome in Outcome if not outcome.final] == [Outcome.PENDING]


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.FAILED, Outcome.DRY_RUN])
def test_a_verdict_on_its_wish_answers_a_command_once(ledger: Ledger, outcome: Outcome) -> None:
    ledger.answers.open(BOOST, [KEY])
    ledger.answers.judged(verdict(outcome, "because"))
    ledger.answers.judged(verdict(outcome, "because"))
    assert ledger.fire() == [("boost", outcome, "because")]
    assert ledger.fire() == []


def test_a_verdict_on_another_wish_answers_nothing(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY])
    ledger.answers.judged(verdict(Outcome.CONFIRMED, wanted=RIVAL))
    assert ledger.fire() == []


def test_every_command_that_waits_for_a_wish_is_answered(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY])
    ledger.answers.open(OTHER, [KEY])
    ledger.answers.judged(verdict(Outcome.CONFIRMED))
    assert [one for one, _, _ in ledger.fire()] == ["boost", "other"]


def test_pending_is_told_once_for_each_new_reason_and_is_not_final(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY])
    for reason in ("cloud", "cloud", "gateway"):
        ledger.answers.judged(verdict(Outcome.PENDING, reason))
    ledger.answers.judged(verdict(Outcome.CONFIRMED))
    assert [(outcome, reason) for _, outcome, reason in ledger.fire()] == [
        (Outcome.PENDING, "cloud"),
        (Outcome.PENDING, "gateway"),
        (Outcome.CONFIRMED, ""),
    ]


def test_a_failure_is_given_as_error_too(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY])
    ledger.answers.judged(verdict(Outcome.FAILED, "refused"))
    (result,) = ledger.answers.ready().values()
    assert (result.outcome, said(result.reason)) == (Outcome.FAILED, "refused")


def test_a_command_about_several_wishes_waits_for_all_of_them(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY, RIVAL.intent.key])
    ledger.answers.judged(verdict(Outcome.CONFIRMED))
    assert ledger.fire() == []
    ledger.answers.judged(verdict(Outcome.CONFIRMED, wanted=RIVAL))
    assert ledger.fire() == [("boost", Outcome.CONFIRMED, "")]


def test_a_command_about_several_wishes_fails_with_the_first_that_fails_and_over_a_restart(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY, RIVAL.intent.key])
    ledger.answers.judged(verdict(Outcome.FAILED, "refused"))
    ledger.restart()
    ledger.answers.judged(verdict(Outcome.CONFIRMED, wanted=RIVAL))
    assert ledger.fire() == [("boost", Outcome.FAILED, "refused")]


def test_a_wish_that_rules_no_more_supersedes_its_command_and_says_why(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY])
    ledger.answers.supersede([WISH, RIVAL], NOON, {})
    assert ledger.fire() == []
    ledger.answers.supersede([RIVAL], NOON, {KEY: NOON + timedelta(hours=1)})
    assert ledger.fire() == [("boost", Outcome.SUPERSEDED, "a newer wish took its place")]


def test_a_wish_whose_end_has_passed_supersedes_its_command_with_that_reason(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [KEY])
    ledger.answers.supersede([RIVAL], NOON + timedelta(hours=1), {KEY: NOON + timedelta(hours=1)})
    assert ledger.fire() == [("boost", Outcome.SUPERSEDED, "its end passed first")]


def test_a_refresh_waits_for_the_poll_whatever_is_wanted(ledger: Ledger) -> None:
    ledger.answers.open(BOOST, [POLL])
    ledger.answers.supersede([], NOON, {})
    assert ledger.fire() == []
    ledger.answers.decided(POLL, Outcome.CONFIRMED, None)
    assert ledger.fire() == [("boost", Outcome.CONFIRMED, "")]


def test_a_diagnosis_is_a_confirmed_result_with_its_report(ledger: Ledger) -> None:
    ledger.answers.report(BOOST, {"soc": 50})
    ledger.restart()
    (result,) = ledger.answers.ready().values()
    assert (result.outcome, result.report) == (Outcome.CONFIRMED, {"soc": 50})


def test_a_result_that_could_not_be_fired_is_fired_after_a_restart_and_then_forgotten(ledger: Ledger) -> None:
    ledger.answers.close(BOOST, Outcome.REJECTED, some("malformed"))
    ledger.restart()
    assert ledger.fire() == [("boost", Outcome.REJECTED, "malformed")]
    ledger.restart()
    assert ledger.fire() == []


def test_equal_results_are_fired_once_each(ledger: Ledger) -> None:
    ledger.answers.close(BOOST, Outcome.CONFIRMED, some("so"))
    ledger.answers.close(BOOST, Outcome.CONFIRMED, some("so"))
    assert len(ledger.fire()) == 2


def test_results_come_in_the_order_in_which_they_were_decided(ledger: Ledger) -> None:
    ledger.answers.close(OTHER, Outcome.CONFIRMED, some("so"))
    ledger.answers.close(BOOST, Outcome.CONFIRMED, some("so"))
    assert [one for one, _, _ in ledger.fire()] == ["other", "boost"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"open": [], "ready": 1},
        {"open": {}, "ready": []},
    ],
)
def test_stored_answers_of_another_shape_are_refused(ledger: Ledger, spoilt: Mapping[str, object]) -> None:
    ledger.stored = dict(spoilt)
    with pytest.raises((KeyError, TypeError, ValueError)):
        ledger.restart()


@pytest.mark.parametrize(
    "spoilt",
    [
        {"1": {"envelope": {}, "waits": [], "failure": None}},
        {"1": {**Result(BOOST, Outcome.CONFIRMED).to_json(), "outcome": "splendid"}},
        {"first": Result(BOOST, Outcome.CONFIRMED).to_json()},
    ],
)
def test_a_stored_answer_that_nobody_understands_loses_only_itself(
    ledger: Ledger, spoilt: Mapping[str, object]
) -> None:
    ledger.stored = {"0": Result(OTHER, Outcome.CONFIRMED).to_json(), **spoilt}
    ledger.restart()
    assert ledger.fire() == [("other", Outcome.CONFIRMED, "")]


def test_what_an_older_version_stored_in_words_is_still_answered(ledger: Ledger) -> None:
    result = {**Result(BOOST, Outcome.FAILED).to_json(), "reason": "refused", "error": "refused"}
    waiting = {"envelope": asdict(OTHER), "waits": [KEY], "failure": ""}
    ledger.stored = {"open": [waiting], "ready": [result]}
    ledger.restart()
    ledger.answers.judged(verdict(Outcome.CONFIRMED))
    assert ledger.fire() == [("boost", Outcome.FAILED, "refused"), ("other", Outcome.CONFIRMED, "")]


keys = st.sampled_from(["a", "b", "c"])
events = st.one_of(
    st.tuples(st.just("open"), st.sets(keys, min_size=1)),
    st.tuples(st.just("decide"), keys, st.sampled_from([Outcome.CONFIRMED, Outcome.FAILED, Outcome.PENDING])),
    st.tuples(st.just("supersede")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("fire")),
)


@given(st.lists(events, max_size=20))
def test_whatever_happens_every_command_gets_exactly_one_final_result(events: list[tuple[object, ...]]) -> None:
    ledger = Ledger()
    opened: list[str] = []
    finals: list[str | None] = []

    def fire() -> None:
        finals.extend(one for one, outcome, _ in ledger.fire() if outcome.final)

    for name, *arguments in events:
        match name, arguments:
            case "open", [set() as waits]:
                opened.append(str(len(opened)))
                ledger.answers.open(replace(BOOST, id=opened[-1]), waits)
            case "decide", [str() as key, Outcome() as outcome]:
                ledger.answers.decided(key, outcome, some("so"))
            case "supersede", _:
                ledger.answers.supersede([], NOON, {})
            case "restart", _:
                ledger.restart()
            case _:
                fire()
    ledger.answers.supersede([], NOON, {})
    fire()
    assert sorted(finals, key=str) == sorted(opened)
