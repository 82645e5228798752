"""What is done next after a refusal: the whole table, by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.enlighten.reply import Refusal
from enphase_battery.enlighten.retry_rules import Case, Step, next_step
from enphase_battery.enlighten.shapes import Shape

READ, WRITE, OPTIONAL = Case(xsrf=False), Case(xsrf=True), Case(xsrf=True, optional=True)
SIGNED_OUT, FORBIDDEN = Refusal.SIGNED_OUT, Refusal.FORBIDDEN
FINAL = (Step.ANSWER, Step.GIVE_UP)


def course(refusal: Refusal, case: Case, *, shapes: int = 2) -> list[Step]:
    """The steps for a request that is refused the same way whatever is done, and whose session lives."""
    steps = list[Step]()
    case = replace(case, shapes=tuple(Shape)[:shapes])
    while not steps or steps[-1] not in FINAL:
        steps.append(step := next_step(refusal, case))
        case = case.after(step)
        if step is Step.ASK or (step is Step.FRESH_XSRF and not case.given_up):
            case = replace(case, lives=not case.given_up)
        if step is Step.CLIMB:
            case = replace(case, shapes=case.shapes[1:])
        assert len(steps) < 20
    return steps


def test_an_answer_needs_nothing_more() -> None:
    assert next_step(None, WRITE) is Step.ANSWER


UP = [Step.CLIMB, Step.CLIMB, Step.SIGN_IN, Step.GIVE_UP]


@pytest.mark.parametrize(
    ("refusal", "case", "expected"),
    [
        (SIGNED_OUT, READ, [Step.ASK, *UP]),
        (SIGNED_OUT, WRITE, [Step.ASK, *UP]),
        (FORBIDDEN, READ, [Step.ASK, *UP]),
        (FORBIDDEN, WRITE, [Step.FRESH_XSRF, *UP]),
        (FORBIDDEN, OPTIONAL, [Step.FRESH_XSRF, Step.GIVE_UP]),
        (SIGNED_OUT, OPTIONAL, [Step.ASK, Step.GIVE_UP]),
        (SIGNED_OUT, replace(READ, given_up=True), [Step.ASK, Step.GIVE_UP]),
        (FORBIDDEN, replace(WRITE, given_up=True), [Step.FRESH_XSRF, Step.ASK, Step.GIVE_UP]),
        (FORBIDDEN, replace(OPTIONAL, given_up=True), [Step.GIVE_UP]),
    ],
)
def test_a_refusal_that_stays_is_met_step_by_step(refusal: Refusal, case: Case, expected: list[Step]) -> None:
    assert course(refusal, case) == expected


def test_without_other_shapes_nothing_is_climbed() -> None:
    assert course(SIGNED_OUT, READ, shapes=0) == [Step.ASK, Step.SIGN_IN, Step.GIVE_UP]


@given(
    refusal=st.sampled_from(Refusal),
    xsrf=st.booleans(),
    optional=st.booleans(),
    given_up=st.booleans(),
    shapes=st.integers(0, 5),
)
def test_every_course_ends_and_no_step_but_a_climb_is_taken_twice(
    refusal: Refusal, xsrf: bool, optional: bool, given_up: bool, shapes: int
) -> None:
    steps = course(refusal, Case(xsrf, optional=optional, given_up=given_up), shapes=shapes)
    others = [step for step in steps if step is not Step.CLIMB]
    assert len(others) == len(set(others))
    assert steps.count(Step.CLIMB) <= shapes
    assert steps[-1] is Step.GIVE_UP
    if given_up or optional:
        assert not {Step.CLIMB, Step.SIGN_IN} & set(steps)
