"""Every reason can be said, kept and read back, and says what to do exactly where a person can do something."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta

import pytest
import pytz

from enphase_battery import errors
from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, Override, Reason, because
from enphase_battery.words.cloud_texts import NEXT_TRY_IS_TOLD
from enphase_battery.words.reasons import entry, hint, listed, local, problem, sentence
from enphase_battery.words.texts import OVERRIDES, TEXTS
from tests.unit.pages import PACKAGE
from tests.unit.words.examples import CHARGE, DISCHARGE, EVENING, EXAMPLES, NIGHT, NOON, RESTRICT

every_example = pytest.mark.parametrize("reason", EXAMPLES, ids=lambda reason: reason.kind.value)


def _errors(of: type[errors.EnphaseBatteryError]) -> Iterator[type[errors.EnphaseBatteryError]]:
    for one in of.__subclasses__():
        yield one
        yield from _errors(one)


def _given() -> dict[str, set[str]]:
    """Return by the name of a kind the values that the code gives it wherever it makes one."""
    given: dict[str, set[str]] = defaultdict(set)
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "because":
                kind = ast.unparse(node.args[0])
                given[kind.removeprefix("Kind.")] |= {one.arg for one in node.keywords if one.arg}
    return given


def test_there_is_an_example_of_every_kind_with_all_values_that_the_code_gives() -> None:
    examples: dict[str, set[str]] = defaultdict(set)
    for reason in EXAMPLES:
        examples[reason.kind.name] |= {name for name, _ in reason.values}
    assert examples.keys() == {kind.name for kind in Kind}
    for kind, names in _given().items():
        if kind in Kind.__members__:
            assert names <= examples[kind], kind


def test_every_kind_has_a_text() -> None:
    assert set(TEXTS) == set(Kind)
    assert set(OVERRIDES) == set(Override)


def test_the_names_that_entities_show_are_those_of_the_kinds() -> None:
    assert all(kind.value == kind.name.lower() for kind in Kind)


@every_example
def test_every_sentence_is_filled(reason: Reason) -> None:
    said, what_to_do = sentence(reason), hint(reason)
    for text in (said, what_to_do):
        assert not re.search(r"[{}]|None|True|False|<|Kind|Control\.|\bdatetime|  |^\s|\s$", _without_code(text))
        assert not text.endswith((".", ";", ":"))
    assert said
    assert said != what_to_do


def _without_code(text: str) -> str:
    return re.sub("`[^`]*`", "`code`", text)


@every_example
def test_a_reason_says_what_to_do_exactly_when_it_calls_for_a_person(reason: Reason) -> None:
    assert bool(hint(reason)) is reason.calls_for_a_person


@every_example
def test_a_reason_outlives_a_restart(reason: Reason) -> None:
    assert Reason.from_json(json.loads(json.dumps(reason.to_json()))) == reason


@every_example
def test_a_reason_can_be_compared_kept_in_sets_and_told_apart_by_what_lasts(reason: Reason) -> None:
    assert len({reason, because(reason.kind, reason.until, **dict(reason.values))}) == 1
    assert json.dumps(reason.lasting())
    assert not any(isinstance(reason.get(name), datetime) for name in reason.lasting())


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        {},
        {"kind": "locked"},
        {"kind": "of a later version", "values": {}, "until": None},
        {"kind": "locked", "values": {"control": {"Control": "coffee"}}, "until": None},
        {"kind": "locked", "values": {"control": {"Lamp": "on"}}, "until": None},
        {"kind": "locked", "values": {"control": {}}, "until": None},
        {"kind": "on_hold", "values": {}, "until": "tomorrow"},
    ],
)
def test_what_is_no_reason_is_not_read_as_one(damaged: object) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        Reason.from_json(damaged)


# -- forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            because(Kind.OVERLAP, entries=(NIGHT, EVENING)),
            f"overlaps with an entry that is not the app's: {listed((NIGHT, EVENING))}",
        ),
        (
            because(Kind.WOULD_WAKE_ENTRIES, count=1, control=CHARGE),
            '1 entry of yours in "charge from grid" would come alive',
        ),
        (
            because(Kind.WOULD_WAKE_ENTRIES, count=2, control=CHARGE),
            '2 entries of yours in "charge from grid" would come alive',
        ),
        (
            because(Kind.CLOCK_WRONG, skew=timedelta(minutes=7)),
            "this machine's clock is about 7 min behind the cloud's",
        ),
        (
            because(Kind.CLOCK_TOO_WRONG, skew=timedelta(hours=-2)),
            "nothing with an end is begun: this machine's clock is about 120 min ahead of the cloud's",
        ),
        (because(Kind.TOO_MANY_CHANGES, NOON, most=6), "switched 6 times within an hour: waits until 13:00"),
        (because(Kind.ON_HOLD, control=RESTRICT), "held back by restrict battery discharge"),
        (
            because(Kind.ON_HOLD, NOON + timedelta(hours=13), control=RESTRICT, window="Peak"),
            "held back by restrict battery discharge (Peak) until Thu 02:00",
        ),
        (because(Kind.CLOUD_UNREACHABLE, since=NOON), "cloud unreachable since 13:00"),
        (because(Kind.REQUEST_BUDGET, at=NOON), "request budget, next at 13:00"),
        (because(Kind.RATE_LIMITED, at=NOON), "the cloud asks to wait until 13:00"),
        (because(Kind.SWITCH_STEP, control=CHARGE, on=True), "switch charge from grid on"),
        (
            because(Kind.SWITCH_STEP, control=CHARGE, on=True, schedule=True),
            "switch charge from grid on, with its schedule",
        ),
        (
            because(Kind.SWITCH_STEP, control=CHARGE, on=False, schedule=False),
            "switch charge from grid off, and its schedule off",
        ),
        (
            because(
                Kind.WOULD_DO, steps=(because(Kind.DELETE_STEP, entry=NIGHT), because(Kind.CREATE_STEP, entry=EVENING))
            ),
            f"would delete the own entry {entry(NIGHT)}, then write the entry {entry(EVENING)}",
        ),
        (because(Kind.SIGN_IN_REFUSED, times=1), "the cloud refused to sign the account in"),
        (
            because(Kind.SIGN_IN_REFUSED, NOON, times=2),
            "the cloud refused to sign the account in 2 times; the next try is at 13:00",
        ),
        (
            because(Kind.CODE_JUST_SENT, possible_in=timedelta(seconds=20)),
            "a code was sent a moment ago; possible again in 00:00:20",
        ),
        (
            because(Kind.NO_SIGN_IN_BEFORE, error=because(Kind.CODE_REFUSED), at=NOON),
            "the cloud refused the code: it is wrong or too old; no sign-in before 13:00",
        ),
        (
            because(
                Kind.LEFT_AT_OTHER_SITE,
                left=(
                    because(Kind.LEFT_ENTRY, entry=NIGHT),
                    because(Kind.LEFT_SWITCH, control=CHARGE, on=True, sure=False),
                ),
            ),
            (
                "left behind at the previous site, which this app no longer controls: the entry charge from grid "
                "02:00-05:00 every day; charge from grid may be switched on"
            ),
        ),
        (
            because(Kind.CANNOT_BE_CHANGED, control=CHARGE, only_on=True, why=because(Kind.GRID_AGREEMENT)),
            "charge from grid cannot be switched on: the site's grid agreement does not allow it",
        ),
        (
            because(
                Kind.HELPER_MISSING,
                entity_id="input_boolean.charge",
                obstacle=because(Kind.HELPER_NOT_CREATED, code="x"),
            ),
            (
                "the toggle input_boolean.charge does not exist in Home Assistant, and the app could not create it: "
                "it refused (x)"
            ),
        ),
        (
            because(Kind.HELPER_NAMED_OTHERWISE, made="charge_2", removed=False),
            (
                "Home Assistant gave it another id, like input_boolean.charge_2; it could not be removed again: please "
                "do so"
            ),
        ),
    ],
)
def test_a_sentence_takes_the_form_that_its_values_ask_for(reason: Reason, said: str) -> None:
    assert sentence(reason, local(pytz.timezone("Europe/London"), NOON)) == said


def test_a_helper_that_the_app_could_not_create_is_created_by_hand_unless_its_obstacle_says_otherwise() -> None:
    by_hand = hint(because(Kind.HELPER_MISSING, entity_id="input_boolean.my_charge"))
    assert "`input_boolean: {my_charge: {name: My charge}}` into configuration.yaml" in by_hand
    refused = because(Kind.HELPER_NOT_CREATED, code="x")
    assert hint(because(Kind.HELPER_MISSING, entity_id="input_boolean.my_charge", obstacle=refused)) == by_hand
    taken = because(Kind.HELPER_ID_TAKEN)
    assert hint(because(Kind.HELPER_MISSING, entity_id="input_boolean.my_charge", obstacle=taken)) == hint(taken)


def test_the_next_try_is_told_of_every_error_of_the_sign_in_and_of_nothing_else() -> None:
    of_errors = {error.kind for error in _errors(errors.SignInError)} | {errors.SignInError.kind}
    assert of_errors <= NEXT_TRY_IS_TOLD
    for reason in EXAMPLES:
        later = sentence(because(reason.kind, NOON, **dict(reason.values)))
        assert later.endswith("; the next try is at 2026-07-22 12:00 UTC") is (
            reason.kind in NEXT_TRY_IS_TOLD and reason.get("possible_in") is None
        )


def test_without_a_zone_an_instant_is_told_in_utc_with_its_date() -> None:
    assert sentence(because(Kind.CLOUD_UNREACHABLE, since=NOON)) == "cloud unreachable since 2026-07-22 12:00 UTC"


def test_what_stands_in_a_value_is_no_template() -> None:
    assert sentence(because(Kind.REFUSED, detail="{control} {0} %s {")) == "{control} {0} %s {"


# -- entries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (EVERY_DAY, "charge from grid 02:00-05:00 every day"),
        (frozenset({7, 1}), "charge from grid 02:00-05:00 Mon, Sun"),
        (frozenset(), "charge from grid at times that cannot be read"),
    ],
)
def test_an_entry_is_told_by_control_times_and_days(days: frozenset[int], said: str) -> None:
    assert entry(Terms(CHARGE, time(2), time(5), days, "Europe/London", 90)) == said


def test_of_many_entries_the_first_few_are_named() -> None:
    many = [Terms(CHARGE, time(hour), time(hour, 30), EVERY_DAY, "Europe/London") for hour in range(12)]
    assert listed(reversed(many)).startswith("charge from grid 00:00-00:30 every day; charge from grid 01:00-")
    assert listed(many).endswith("04:00-04:30 every day; and 7 more")
    assert "more" not in listed(many[:5])


# -- problems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "said"), [(None, "the"), (CHARGE, "charge from grid: the"), ("Night rate", "Night rate: the")]
)
def test_a_problem_names_what_it_is_about(about: Control | str | None, said: str) -> None:
    assert problem(Problem(because(Kind.ZONE_UNKNOWN), NOON, about)) == f"{said} site's time zone is not known"


def test_a_problem_is_the_same_whatever_instants_it_names_and_whenever_it_began() -> None:
    def at(instant: datetime) -> Problem:
        return Problem(because(Kind.AWAITING_SILENT_GATEWAY, instant, since=instant), instant, CHARGE)

    later = at(NOON + timedelta(hours=1))
    assert at(NOON).key == later.key
    assert Problem(later.reason, later.since, DISCHARGE).key != later.key
    assert Problem(later.reason, later.since).key != later.key


def test_a_problem_with_other_entries_numbers_or_texts_is_another() -> None:
    reasons = (
        because(Kind.OVERLAP, entries=(NIGHT,)),
        because(Kind.OVERLAP, entries=(NIGHT, EVENING)),
        because(Kind.WOULD_WAKE_ENTRIES, count=1, control=CHARGE),
        because(Kind.WOULD_WAKE_ENTRIES, count=2, control=CHARGE),
        because(Kind.FORBIDDEN, detail="GET /a"),
        because(Kind.FORBIDDEN, detail="GET /b"),
        because(Kind.NOT_AVAILABLE, detail="GET /b"),
    )
    assert len({Problem(reason, NOON).key for reason in reasons}) == len(reasons)
