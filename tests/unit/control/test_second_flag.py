"""When the second flag of charge from grid counts as switched off by a person, and when it never came on."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from enphase_battery.control.second_flag import SecondFlag

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CONSISTENCY = timedelta(minutes=2)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def weighed(flag: SecondFlag, *reads: tuple[float, bool]) -> list[bool]:
    """Return of each read, minutes after noon with what it shows, whether it proves that a person did it."""
    proofs = []
    for minutes, on in reads:
        flag, is_persons = flag.saw(on, at(minutes), CONSISTENCY)
        proofs.append(is_persons)
    return proofs


@pytest.mark.parametrize(
    ("reads", "proofs"),
    [
        ([(0, False), (5, False), (9, False)], [False] * 3),  # it never came on
        ([(0, True), (5, False), (5.5, False), (6, False), (9, False)], [False, False, False, True, False]),
        ([(0, True), (5, False), (5.5, True), (6, False)], [False] * 4),  # one read was old
    ],
)
def test_a_flag_that_was_on_and_is_off_in_two_reads_apart_was_switched_off_by_a_person(
    reads: list[tuple[float, bool]], proofs: list[bool]
) -> None:
    assert weighed(SecondFlag(), *reads) == proofs


def test_within_consistency_of_a_write_that_applies_entries_no_read_says_that_it_is_off() -> None:
    applied = SecondFlag(on_at=at(-5)).writing(NOON, changes=False, told=None)
    assert weighed(applied, (0.5, False), (1.9, False), (2, False), (2.9, False), (3, False)) == [*[False] * 4, True]


def test_after_a_write_that_may_have_changed_it_what_was_seen_before_says_nothing() -> None:
    switched = SecondFlag(on_at=at(-5), off_since=at(-1)).writing(NOON, changes=True, told=None)
    assert switched == SecondFlag(written_at=NOON)
    assert weighed(switched, (3, False), (6, False), (9, True), (12, False), (13, False)) == [*[False] * 4, True]


@pytest.mark.parametrize("flag", [SecondFlag(), SecondFlag(NOON, at(1), at(2), told_off=True)])
def test_it_is_stored_and_read_back(flag: SecondFlag) -> None:
    assert SecondFlag.from_json(flag.to_json()) == flag
