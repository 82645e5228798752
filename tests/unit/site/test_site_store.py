"""What is stored stays with the account or the site that it belongs to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, time, timezone
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Terms
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.wishes import Book
from enphase_battery.enlighten.record import SessionRecord, fingerprint
from enphase_battery.site.knowledge import Knowledge
from enphase_battery.site.site_store import enter, has_moved, is_stored_of, left_behind, stored_session
from enphase_battery.store.store import Store
from enphase_battery.words import reasons
from tests.unit.said import told

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
LOGGER = logging.getLogger("site store")
_, SELL, HOLD = Control
OF_THE_SITE: Mapping[str, Mapping[str, object]] = {
    "wishes": {"a": 1},
    "wishes in a dry run": {"b": 1},
    "evidence": {"charge_from_grid": {"c": 1}},
    "ledger": {"d": 1},
    "knowledge": {"time_zone": "Europe/London"},
}
OF_THE_HOUSE: Mapping[str, Mapping[str, object]] = {
    "toggles": {"x": True},
    "own user": {"id": "u"},
    "answers": {"o": []},
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "app.json", LOGGER)


def standing(control: Control, on: bool, source: Source = Source.TOGGLE) -> Intent:
    return Intent(control, on, source, NOW)


def write(store: Store, *, book: Book, evidence: Mapping[Control, Evidence], ledger: Ledger | None = None) -> None:
    store.write("wishes", book.to_json())
    store.write("evidence", {control.value: one.to_json() for control, one in evidence.items()})
    store.write("ledger", (ledger or Ledger()).to_json())


def said(store: Store) -> list[str]:
    """Return what is said to be left behind, once the site is another one."""
    enter(store, "11", NOW, LOGGER)
    enter(store, "22", NOW, LOGGER)
    return [told(problem).partition("controls: ")[2] for problem in left_behind(store)]


def of(store: Store, sections: Mapping[str, object]) -> dict[str, object]:
    return {one: data for one in sections if (data := store.read(one, dict)) is not None}


@pytest.mark.parametrize("named", ["configured", "by the cloud"])
def test_what_is_stored_of_a_site_stays_with_it_and_comes_back_with_it(store: Store, named: str) -> None:
    def go_to(site_id: str) -> None:
        if named == "configured":
            enter(store, site_id, NOW, LOGGER)
        else:
            is_stored_of(store, site_id)
            enter(store, None, NOW, LOGGER)
        assert is_stored_of(store, site_id)
        assert not has_moved(store)

    store.write_all({**OF_THE_SITE, **OF_THE_HOUSE})
    go_to("11")
    assert of(store, OF_THE_SITE) == OF_THE_SITE  # of a version that did not write down whose it is

    go_to("22")
    assert of(store, OF_THE_SITE) == {}
    store.write("knowledge", {"time_zone": "Europe/Paris"})

    go_to("11")
    assert of(store, OF_THE_SITE) == OF_THE_SITE
    go_to("22")
    assert of(store, OF_THE_SITE) == {"knowledge": {"time_zone": "Europe/Paris"}}
    assert of(store, OF_THE_HOUSE) == OF_THE_HOUSE


def test_a_site_that_the_cloud_names_anew_is_entered_at_the_next_start_not_before(store: Store) -> None:
    store.write_all(OF_THE_SITE)
    assert is_stored_of(store, "11")
    assert not is_stored_of(store, "22")
    assert has_moved(store)
    assert of(store, OF_THE_SITE) == OF_THE_SITE

    assert is_stored_of(store, "11")  # a slip of the cloud
    assert not has_moved(store)


@pytest.mark.parametrize("site", range(10))
def test_of_many_sites_the_last_ones_are_remembered(store: Store, site: int) -> None:
    for one in range(10):
        enter(store, str(one), NOW, LOGGER)
        store.write("knowledge", {"site": str(one)})
    enter(store, str(site), NOW, LOGGER)
    assert (store.read("knowledge", dict) == {"site": str(site)}) is (site >= 4)


ON, OFF = Evidence(known=True), Evidence(known=False)
SENT = OFF.sending(True, NOW)


@pytest.mark.parametrize(
    ("wish", "evidence", "left"),
    [
        (standing(SELL, False), ON, "discharge to grid is switched on"),
        (standing(SELL, False), SENT, "discharge to grid may be switched on"),
        (standing(SELL, False), SENT.answered(NOW), "discharge to grid is switched on"),
        (standing(SELL, True), ON, "discharge to grid is switched on"),
        (standing(SELL, True, Source.CLOUD), OFF, "discharge to grid is switched off"),
        (standing(SELL, True, Source.CLOUD), ON, ""),
        (standing(SELL, False), OFF, ""),
        (standing(SELL, False), Evidence(), ""),
        (None, ON, ""),
    ],
    ids=[
        *("on for a time", "on, unanswered", "on, answered", "on by a toggle"),
        *("off for a time", "the owner's own", "off", "never read", "nobody's"),
    ],
)
def test_a_switch_is_left_behind_if_it_is_otherwise_than_without_the_app(
    store: Store, wish: Intent | None, evidence: Evidence, left: str
) -> None:
    write(store, book=Book(standing={} if wish is None else {SELL: wish}), evidence={SELL: evidence})
    assert said(store) == ([left] if left else [])


@pytest.mark.parametrize("control", Control)
def test_own_entries_are_left_behind_unless_they_are_deleted(store: Store, control: Control) -> None:
    terms = Terms(control, time(12), time(13), frozenset({7}), "Europe/London", None if control is HOLD else 20)
    ledger = Ledger().creating(terms, NOW, NOW, ())
    write(store, book=Book(standing={control: standing(control, False)}), evidence={control: ON}, ledger=ledger)
    assert said(store) == [f"the entry {reasons.entry(terms)}; {control.title} is switched on"]


def test_what_comes_back_is_not_left_behind_any_more(store: Store) -> None:
    write(store, book=Book(standing={SELL: standing(SELL, False)}), evidence={SELL: ON})
    assert said(store) != []
    enter(store, "11", NOW, LOGGER)
    assert left_behind(store) == ()


def test_what_is_put_aside_and_damaged_stops_nothing(store: Store) -> None:
    write(store, book=Book(), evidence={})
    store.write("ledger", {"of a newer": "version"})
    assert said(store) == []
    enter(store, "11", NOW, LOGGER)
    assert store.read("ledger", dict) == {"of a newer": "version"}


@pytest.mark.parametrize(
    ("base_url", "email"), [("https://cloud", "other@example.com"), ("https://other", "owner@example.com")]
)
def test_with_another_account_the_session_goes_and_what_it_was_allowed(store: Store, base_url: str, email: str) -> None:
    account = fingerprint("salt", "https://cloud", "owner@example.com")
    store.write("session", SessionRecord("salt", account).to_json())
    store.write_all({**OF_THE_SITE, "knowledge": {"may write": "no", "time_zone": "Europe/London"}})
    assert stored_session(store, "https://cloud", "owner@example.com", LOGGER) is not None
    assert not Knowledge(store).circumstances(accept_disclaimer=True).may_write

    assert stored_session(store, base_url, email, LOGGER) is None

    assert store.read("session", dict) is None
    assert Knowledge(store).circumstances(accept_disclaimer=True).may_write
    assert Knowledge(store).time_zone == "Europe/London"
    assert of(store, {"wishes": 0, "ledger": 0}) == {"wishes": {"a": 1}, "ledger": {"d": 1}}
