"""One odd member of what is stored only loses itself: each section with one member damaged or of a newer version."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Terms
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.interruption import Interruption
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.losses import Loss
from enphase_battery.control.owned import Owned
from enphase_battery.control.reason import Kind, because
from enphase_battery.control.second_flag import SecondFlag
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.wishes import Book
from enphase_battery.engine.commands import CommandEnvelope
from enphase_battery.engine.results import Result, Results
from enphase_battery.reconcile.records import Records
from enphase_battery.site.knowledge import Knowledge
from enphase_battery.site.site_store import left_behind
from enphase_battery.store.decoding import EARLIEST, LATEST, as_instant
from enphase_battery.store.store import Store

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
LOGGER = logging.getLogger("test")
CHARGE, HOLD = Control.CHARGE_FROM_GRID, Control.RESTRICT_DISCHARGE
NIGHT = Terms(CHARGE, time(2), time(5), frozenset({7}), "Europe/London", 90)
LATER = Terms(HOLD, time(6), time(8), frozenset({7}), "Europe/London")
WISHES = [Intent(control, True, Source.TOGGLE, NOON, NOON + timedelta(hours=1), 80) for control in (CHARGE, HOLD)]
OWNED = [
    Owned(terms, NOON, NOON, frozenset({"a"}), schedule_id=name, before=(NIGHT,), applied_at=NOON, seen_at=NOON)
    for terms, name in ((NIGHT, "one"), (LATER, "two"))
]
EVIDENCE = Evidence(known=True, known_at=NOON).sending(False, NOON)
ENVELOPES = [CommandEnvelope(name, None, "set", "charge_from_grid", "on") for name in "ab"]
RESULTS = [Result(one, Outcome.FAILED, because(Kind.REFUSED, NOON, detail="no")) for one in ENVELOPES]

SECTIONS: dict[str, Any] = {
    "evidence": {CHARGE.value: EVIDENCE.to_json(), HOLD.value: EVIDENCE.to_json()},
    "ledger": Ledger(
        owned=tuple(OWNED),
        losses={NIGHT: Loss(2, NOON), LATER: Loss(1, NOON)},
        owed=frozenset({CHARGE, HOLD}),
        flag_told=(True, NOON),
        flag=SecondFlag(on_at=NOON),
        met=frozenset({"a", "b"}),
        given_up=tuple(OWNED),
        dead=tuple(OWNED),
    ).to_json(),
    "wishes": Book(
        standing={one.control: replace(one, until=None) for one in WISHES},
        proven={one.control: replace(one, until=None) for one in WISHES},
        commands={one.control: one for one in WISHES},
        skipped={"x": NOON, "y": NOON},
        interruptions={
            one.control: Interruption(True, replace(one, until=None), (one,), ("x",), NOON) for one in WISHES
        },
    ).to_json(),
    "answers": {
        "open": [
            {"envelope": RESULTS[0].to_json()["envelope"], "waits": [name], "failure": None} for name in ("x", "y")
        ],
        "ready": [one.to_json() for one in RESULTS],
    },
    "knowledge": {"time_zone": "Europe/London", "floor": "20", "schedules": "yes", "may write": "no"},
}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        5,
        -1,
        10**30,
        "",
        "of a newer version",
        "9999-12-31T23:59:59+00:00",
        "0001-01-01T00:00:00+14:00",
        [],
        {},
        True,
    ]
)


def members(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every member."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield (*above, key)
        yield from members(value, (*above, key))


def damaged(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    """Return a document with another value at the end of a way."""
    found = holder = copy.deepcopy(document)
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return found


def read_back(folder: Path, section: str, data: Mapping[str, object]) -> tuple[Store, Any]:
    """Return a store that holds one section, and that section as its owner reads and writes it."""
    store = Store(folder / "app.json", LOGGER)
    store.forget(*SECTIONS)
    store.write(section, data)
    if section == "evidence":
        return store, {one.value: known.to_json() for one, known in Records(store).evidence.items()}
    if section == "ledger":
        return store, Records(store).ledger.to_json()
    if section == "wishes":
        return store, (store.read("wishes", Book.from_json) or Book()).to_json()
    if section == "answers":
        return store, {"ready": [one.to_json() for one in Results(store).ready().values()]}
    known = Knowledge(store)
    return store, {"zone": known.time_zone, "floor": known.floor, "list": known.has_list}


PLACES = [
    (section, way)
    for section, document in SECTIONS.items()
    for way in members(document)
    if len(way) > 1 and section != "knowledge"
]
"""All members of lists and of objects in the sections, and all that is in them."""


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PLACES), ODD)
def test_what_is_odd_in_one_member_costs_no_other(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str, tuple[Any, ...]], value: Any
) -> None:
    section, (group, member, *_) = place
    folder = tmp_path_factory.mktemp("store")
    _, good = read_back(folder, section, SECTIONS[section])
    _, read = read_back(folder, section, damaged(SECTIONS[section], place[1], value))

    if section == "evidence":
        assert [name for name in good if read[name] != good[name]] in ([], [group])
        return
    for each, several in good.items():
        if each != group:
            assert read[each] == several
        elif isinstance(several, list) and not isinstance(several[0], bool) and len(several) == 2:
            others = [one for one in several if one != several[member]] if isinstance(member, int) else several
            assert [one for one in read[each] if one in others] == others
        elif isinstance(several, dict) and each != "flag":
            assert {name: one for name, one in read[each].items() if name in several and name != member} == {
                name: one for name, one in several.items() if name != member
            }


def test_evidence_of_a_control_that_this_version_does_not_have_costs_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = {**SECTIONS["evidence"], "reserve": {"known": 30}}
    store, read = read_back(tmp_path, "evidence", stored)

    assert {name: read[name] for name in SECTIONS["evidence"]} == SECTIONS["evidence"]
    assert [record.message for record in caplog.records] == [
        "Of the stored evidence, 1 cannot be used (ValueError) and are ignored"
    ]
    store.write("evidence", read)
    kept = json.loads((tmp_path / "app.json").read_text())
    assert kept["unreadable"]["evidence"] == stored, "a newer version finds it there"


@pytest.mark.parametrize(
    ("fact", "value", "left"),
    [
        ("floor", "150", {"floor": 0}),
        ("floor", "-5", {"floor": 0}),
        ("floor", 20, {"floor": 0}),
        ("schedules", "N/A", {"list": None}),
        ("schedules", True, {"list": None}),
        ("time_zone", 5, {"zone": None}),
    ],
)
def test_a_fact_that_is_none_is_not_known(tmp_path: Path, fact: str, value: object, left: dict[str, object]) -> None:
    _, good = read_back(tmp_path, "knowledge", SECTIONS["knowledge"])
    _, read = read_back(tmp_path, "knowledge", {**SECTIONS["knowledge"], fact: value})
    assert read == {**good, **left}


def test_a_result_of_which_nothing_can_be_said_keeps_no_other_from_being_fired(tmp_path: Path) -> None:
    speechless = damaged(SECTIONS["answers"], ("ready", 0, "reason", "values"), {})
    _, read = read_back(tmp_path, "answers", speechless)
    assert read == {"ready": [RESULTS[1].to_json()]}


def test_what_is_damaged_of_one_other_site_costs_no_other(tmp_path: Path) -> None:
    store = Store(tmp_path / "app.json", LOGGER)
    left: dict[str, Any] = {"left_at": NOON.isoformat(), "sections": {"ledger": SECTIONS["ledger"]}}
    store.write("other sites", {"22": left})
    (told,) = left_behind(store)
    odd = [{**left, "left_at": "soon"}, "x", {**left, "sections": {"ledger": 5}}, {**left, "sections": {"ledger": {}}}]
    for one in odd:
        store.write("other sites", {"11": one, "22": left})
        assert told in left_behind(store)
    newer = {**left, "sections": {**left["sections"], "evidence": {"reserve": {}, CHARGE.value: []}}}
    store.write("other sites", {"22": newer})
    assert left_behind(store) == (told,)


@given(st.datetimes())
def test_no_instant_of_the_store_leaves_its_range(instant: datetime) -> None:
    for zone in (timezone.utc, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        written = instant.replace(tzinfo=zone)
        try:
            assert EARLIEST <= as_instant(written.isoformat()) <= LATEST
        except ValueError:
            assert not 2001 <= instant.year <= 2098
