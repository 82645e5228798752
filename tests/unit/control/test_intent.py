"""One wish: whom it is from, when it ends, and how the store keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.windows.window import Occurrence, Window

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
STANDING = Intent(Control.CHARGE_FROM_GRID, True, Source.TOGGLE, NOON)
TIMED = Intent(Control.CHARGE_FROM_GRID, True, Source.COMMAND, NOON, NOON + HOUR, target_soc=90)

instants = st.integers(0, 10**15).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))
intents = st.builds(
    Intent,
    control=st.sampled_from(Control),
    on=st.booleans(),
    source=st.sampled_from(Source),
    since=instants,
    until=st.none() | instants,
    target_soc=st.none() | st.integers(5, 100),
    label=st.text(max_size=20),
    replaced_by=st.none() | st.sampled_from(Control),
)


def test_a_standing_wish_never_ends() -> None:
    assert not STANDING.timed
    assert STANDING.runs(NOON + 1000 * HOUR)


def test_a_timed_wish_runs_until_just_before_its_end() -> None:
    assert TIMED.timed
    assert TIMED.runs(NOON + HOUR - timedelta.resolution)
    assert not TIMED.runs(NOON + HOUR)


def test_an_occurrence_of_a_window_is_a_timed_wish_for_on() -> None:
    window = Window("Night rate", Control.CHARGE_FROM_GRID, time(2), time(5), frozenset({1}), 80)
    assert Intent.of_occurrence(Occurrence(window, NOON, NOON + HOUR)) == Intent(
        Control.CHARGE_FROM_GRID, True, Source.WINDOW, NOON, NOON + HOUR, target_soc=80, label="Night rate"
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(TIMED, control=Control.DISCHARGE_TO_GRID),
        replace(TIMED, on=False),
        replace(TIMED, source=Source.WINDOW),
        replace(TIMED, since=NOON + timedelta.resolution),
        replace(TIMED, until=None),
        replace(TIMED, label="another"),
    ],
)
def test_every_new_wish_has_an_identity_of_its_own(other: Intent) -> None:
    assert other.key != TIMED.key


@given(intents)
def test_a_wish_outlives_a_restart_unchanged(intent: Intent) -> None:
    again = Intent.from_json(intent.to_json())
    assert again == intent
    assert again.key == intent.key


@pytest.mark.parametrize(
    "spoilt",
    [
        {"control": "dishwasher"},
        {"source": "nobody"},
        {"since": "yesterday"},
        {"since": None},
        {"since": "2026-11-22T12:00:00"},  # no offset: nobody knows which instant that is
        {"until": 17},
    ],
)
def test_a_stored_wish_that_makes_no_sense_is_refused(spoilt: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Intent.from_json({**TIMED.to_json(), **spoilt})


@pytest.mark.parametrize("member", ["control", "on", "source", "since", "until", "target_soc", "label"])
def test_a_stored_wish_with_a_member_missing_is_refused(member: str) -> None:
    data = TIMED.to_json()
    del data[member]
    with pytest.raises(KeyError):
        Intent.from_json(data)


def test_a_stored_target_that_is_no_number_counts_as_none() -> None:
    assert Intent.from_json({**TIMED.to_json(), "target_soc": "full"}).target_soc is None


@pytest.mark.parametrize("source", Source)
def test_only_what_somebody_wished_here_is_newer_than_a_change_in_the_enphase_app(source: Source) -> None:
    wish = Intent(Control.CHARGE_FROM_GRID, True, source, NOON)
    assert wish.is_newer_than(NOON - timedelta(seconds=1)) is (source in (Source.TOGGLE, Source.COMMAND))
    assert not wish.is_newer_than(NOON)
