"""The storm's own rules: the same seed gives the same storm, the diary knows the last wish, and secrets are found."""

from datetime import datetime, timedelta, timezone

import pytest

from tests.stack.chaos.catalogue import KINDS, Group
from tests.stack.chaos.diary import Diary, Made
from tests.stack.chaos.plan import How, draw
from tests.stack.chaos.secrecy import numbers_in, secrets_in
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, RESTRICT

_BEGIN = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
_ALONE: dict[str, tuple[str, ...]] = dict.fromkeys(CONTROLS, ())
_RIVALS = {CHARGE: (RESTRICT,), RESTRICT: (CHARGE,), DISCHARGE: ()}


def _made(second: int, control: str, on: bool, **more: object) -> Made:
    until = more.pop("lasts", None)
    at = _BEGIN + timedelta(seconds=second)
    end = at + timedelta(seconds=until) if isinstance(until, int) else None
    made = Made(at, control, on, How.TOGGLE, end)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_the_same_seed_and_length_give_the_same_storm() -> None:
    assert draw(7, 90) == draw(7, 90)
    assert draw(7, 90) != draw(8, 90)


@pytest.mark.parametrize("seed", range(5))
def test_half_an_hour_shows_every_group_and_nearly_every_kind_of_fault(seed: int) -> None:
    storm = draw(seed, 1800)
    shown = {fault.kind.name for fault in (*storm.cloud, *storm.programs)}
    possible = {kind.name for kind in KINDS if storm.era in kind.eras}
    assert {fault.kind.group for fault in (*storm.cloud, *storm.programs)} == set(Group)
    assert len(possible - shown) <= len(possible) // 4


def test_a_short_storm_ends_with_wishes_for_every_control_and_leaves_programs_alone_before_it_ends() -> None:
    storm = draw(3, 90)
    assert {wish.control for wish in storm.wishes[-3:]} == set(CONTROLS)
    assert all(fault.at + fault.seconds < 90 - 10 for fault in storm.programs)


def test_the_last_wish_has_to_stand() -> None:
    diary = Diary(_ALONE)
    for number, on in enumerate((True, False, True)):
        diary.add(_made(number, CHARGE, on))
    assert diary.may_stand(CHARGE) == {True}
    assert diary.may_stand(RESTRICT) == {False}


def test_of_a_refused_wish_and_of_a_doubtful_one_what_was_before_may_stand_too() -> None:
    diary = Diary(_ALONE)
    diary.add(_made(0, CHARGE, True, failed="refused"))
    diary.add(_made(1, RESTRICT, True, doubtful="unheard"))
    assert diary.may_stand(CHARGE) == diary.may_stand(RESTRICT) == {True, False}


def test_a_confirmed_rival_takes_the_place() -> None:
    diary = Diary(_RIVALS)
    diary.add(_made(0, CHARGE, True, confirmed=_BEGIN))
    rival = diary.add(_made(1, RESTRICT, True))
    assert diary.may_stand(CHARGE) == {True, False}
    rival.confirmed = _BEGIN
    assert diary.may_stand(CHARGE) == {False}
    assert diary.may_stand(RESTRICT) == {True}


def test_a_timed_wish_leaves_what_stands_but_may_go_on_when_the_flip_that_ended_it_is_undone() -> None:
    diary = Diary(_ALONE)
    diary.add(_made(0, CHARGE, True, lasts=30))
    assert diary.may_stand(CHARGE) == {False}
    assert diary.add(_made(5, CHARGE, False)).doubtful == ""
    assert diary.add(_made(6, CHARGE, True)).doubtful != ""
    assert diary.add(_made(7, CHARGE, False)).doubtful == ""
    assert diary.add(_made(40, CHARGE, True)).doubtful == ""


@pytest.mark.parametrize(
    "spelling", ["owner@example.com", "owner%40example.com", "correct+horse+battery", "eyJhbGciOiJIUzI1NiIsInR5cCI6"]
)
def test_the_account_and_any_token_are_found_in_every_spelling(spelling: str) -> None:
    assert secrets_in(f"so {spelling} stands there".encode(), ())


def test_a_secret_is_found_whole_and_when_it_was_cut() -> None:
    secret = "0123456789abcdef0123456789ABCDEF"
    assert secrets_in(f"x{secret}y".encode(), [secret])
    assert secrets_in(f"x{secret[:20]}".encode(), [secret])
    assert not secrets_in(b"nothing of it is here", [secret])


def test_a_code_is_found_but_not_in_a_fraction_of_a_second() -> None:
    assert numbers_in("code 123456 came", ["123456"])
    assert not numbers_in("12:00:00.123456", ["123456"])
