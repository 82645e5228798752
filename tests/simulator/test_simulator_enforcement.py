"""The record of what the gateway enforced (a reading aid; what is enforced is statements 37, 41, 43 to 49 and 80)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import Request, Simulator, Stretch, Switches
from simulator.browser import Browser, entry
from simulator.site.battery import Enforced
from simulator.site.entries import ConflictError, NoEntryError
from simulator.site.families import Family
from simulator.site.gateway import Conditions, Orders
from simulator.site.settings import BatterySettings
from simulator.site.windows import Window

Make = Callable[..., Simulator]
FRIDAY = datetime(2026, 10, 23, 12, 0, tzinfo=timezone.utc)  # two days before the clocks of London go back
ON: dict[str, dict[str, Any]] = {
    "CFG": {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True},
    "DTG": {"dtgControl": {"enabled": True}},
    "RBD": {"rbdControl": {"enabled": True}},
}
OFF: dict[str, dict[str, Any]] = {
    "CFG": {"chargeFromGrid": False},
    "DTG": {"dtgControl": {"enabled": False}},
    "RBD": {"rbdControl": {"enabled": False}},
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def test_a_week_is_recorded_window_by_window_though_nobody_looks_meanwhile(make: Make) -> None:
    sim = make(FRIDAY, activation_delay=10)
    sim.act_as_app(ON["CFG"], create=entry("CFG", "23:30", "05:00", days=[5, 6], limit=80))
    sim.advance(7 * 86_400)
    assert sim.enforcement() == {
        "cfg": (
            Stretch(utc("2026-10-23T22:30"), utc("2026-10-24T04:00"), 80),
            Stretch(utc("2026-10-24T22:30"), utc("2026-10-25T05:00"), 80),  # the night of the change: an hour longer
        ),
        "dtg": (),
        "rbd": (),
    }


def test_a_stretch_is_exact_to_the_second_and_open_while_it_lasts(make: Make) -> None:
    sim = make(FRIDAY, activation_delay=7)
    sim.act_as_app(ON["RBD"], create=entry("RBD", "00:00", "23:59"))
    sim.advance(600)
    assert sim.enforcement()["rbd"] == (Stretch(FRIDAY + timedelta(seconds=7), None, None),)
    sim.act_as_app(OFF["RBD"])
    sim.advance(600)
    assert sim.enforcement()["rbd"] == (Stretch(FRIDAY + timedelta(seconds=7), FRIDAY + timedelta(seconds=607), None),)


def test_another_limit_is_another_stretch_and_neighbours_of_one_limit_are_one(make: Make) -> None:
    sim = make(utc("2026-07-15T00:00"), activation_delay=0)
    sim.act_as_app(ON["DTG"], create=entry("DTG", "08:00", "09:00", limit=30))
    sim.act_as_app(create=entry("DTG", "09:00", "10:00", limit=30))
    sim.act_as_app(create=entry("DTG", "10:00", "11:00", limit=40))
    sim.advance(86_400)
    assert sim.enforcement()["dtg"] == (
        Stretch(utc("2026-07-15T07:00"), utc("2026-07-15T09:00"), 30),
        Stretch(utc("2026-07-15T09:00"), utc("2026-07-15T10:00"), 40),
    )


def test_what_changes_and_changes_back_within_one_moment_leaves_no_trace(make: Make) -> None:
    sim = make(FRIDAY, activation_delay=0)
    sim.act_as_app(ON["DTG"], create=entry("DTG", "00:00", "23:59", limit=30))
    sim.advance(60)
    sim.act_as_app(OFF["DTG"])
    assert sim.enforcement()["dtg"] == (Stretch(FRIDAY, FRIDAY + timedelta(seconds=60), 30),)
    sim.act_as_app(ON["DTG"])
    assert sim.enforcement()["dtg"] == (Stretch(FRIDAY, None, 30),)


def test_what_begins_and_ends_within_one_moment_leaves_no_trace(make: Make) -> None:
    sim = make(FRIDAY, activation_delay=0)
    sim.act_as_app(ON["DTG"], create=entry("DTG", "00:00", "23:59", limit=30))
    assert sim.enforcement()["dtg"] == (Stretch(FRIDAY, None, 30),)
    sim.act_as_app(OFF["DTG"])
    assert sim.enforcement()["dtg"] == ()


def test_clearing_the_log_begins_the_record_anew(make: Make) -> None:
    sim = make(FRIDAY, activation_delay=0)
    sim.act_as_app(ON["DTG"], create=entry("DTG", "13:00", "14:00", limit=30))
    sim.advance(1800)
    sim.clear_log()
    later = FRIDAY + timedelta(minutes=30)
    assert sim.enforcement()["dtg"] == (Stretch(later, None, 30),)
    sim.advance(3600)
    sim.clear_log()
    assert sim.enforcement() == {"cfg": (), "dtg": (), "rbd": ()}


def test_the_record_is_at_hand_over_the_control_api(make: Make) -> None:
    sim = make(utc("2026-07-15T16:00"), activation_delay=0)
    sim.act_as_app({**ON["DTG"], **ON["RBD"]}, create=entry("DTG", "17:00", "18:00", limit=30))
    sim.act_as_app(create=entry("RBD", "18:00", "19:00"))
    sim.advance(3601)
    answer = sim.handle(Request("GET", "/__control/enforcement"))
    assert json.loads(answer.body) == {
        "cfg": [],
        "dtg": [{"start": "2026-07-15T16:00:00.000+00:00", "end": "2026-07-15T17:00:00.000+00:00", "limit": 30}],
        "rbd": [{"start": "2026-07-15T17:00:00.000+00:00", "end": None, "limit": None}],
    }


def test_a_switch_alone_is_recorded_where_there_are_no_entries(make: Make) -> None:
    sim = make(FRIDAY, auth_era="2025-07", activation_delay=0)
    Browser(sim).sign_in()
    sim.act_as_app({"chargeFromGrid": True})
    sim.advance(60)
    sim.act_as_app({"chargeFromGrid": False})
    assert sim.enforcement()["cfg"] == (Stretch(FRIDAY, FRIDAY + timedelta(seconds=60), 20),)


def test_a_year_of_windows_is_walked_from_boundary_to_boundary(make: Make) -> None:
    """Else a year of simulated time would take minutes of a test."""
    window = Window(Family.CFG, 60, 300, (1, 2, 3, 4, 5), 90, "Europe/London")
    orders = Orders(BatterySettings(), (window,))
    moment, pieces = FRIDAY, 0
    while moment < FRIDAY + timedelta(days=365):
        moment, pieces = orders.piece(moment, Conditions()).until, pieces + 1
    assert 2 * 365 <= pieces < 2 * 365 + 100


FAMILIES = st.sampled_from(["CFG", "DTG", "RBD"])
MINUTES = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
ENTRIES = st.builds(
    entry,
    FAMILIES,
    MINUTES,
    MINUTES,
    days=st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True),
    limit=st.sampled_from([30, 60]),
    timezone=st.sampled_from(["Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
ACTS = st.one_of(
    st.tuples(st.just("create"), ENTRIES),
    st.tuples(st.just("create"), ENTRIES),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("settings"), st.builds(lambda family, on: (ON if on else OFF)[family], FAMILIES, st.booleans())),
    st.tuples(st.just("switch"), st.fixed_dictionaries({"storm": st.booleans()})),
    st.tuples(st.just("switch"), st.fixed_dictionaries({"gateway_online": st.booleans()})),
)
GAPS = st.one_of(st.sampled_from([0, 5, 60]), st.integers(0, 40 * 3600))


def act(sim: Simulator, what: str, how: Any) -> None:
    """Do something to a site; what the cloud refuses is refused on every twin alike."""
    entries: Any = sim.model()["cloud"]
    try:
        if what == "create":
            sim.act_as_app(create=how)
        elif what == "delete" and how < len(entries["schedules"]):
            sim.act_as_app(delete=entries["schedules"][how]["scheduleId"])
        elif what == "settings":
            sim.act_as_app(how)
        elif what == "switch":
            sim.set(**how)
    except (ConflictError, NoEntryError, ValueError):
        pass


def says(record: dict[str, tuple[Stretch, ...]], moment: datetime) -> tuple[int | None, int | None, bool]:
    """Return what a record says about a moment, as charge_to, discharge_to and hold."""
    found = {
        family: [each for each in stretches if each.start <= moment and (each.end is None or moment < each.end)]
        for family, stretches in record.items()
    }
    assert all(len(each) <= 1 for each in found.values())
    charge, discharge = ([each.limit for each in found[family]] for family in ("cfg", "dtg"))
    return (charge or [None])[0], (discharge or [None])[0], bool(found["rbd"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(GAPS, ACTS, st.lists(GAPS, max_size=3)), min_size=1, max_size=8))
def test_the_record_agrees_with_what_was_enforced_at_any_moment_and_does_not_depend_on_being_asked(
    story: list[tuple[int, tuple[str, Any], list[int]]],
) -> None:
    asked, left_alone = (
        Simulator(Switches().changed({"activation_delay": 7.0}), clock=lambda: FRIDAY, seed=1) for _ in range(2)
    )
    for sim in (asked, left_alone):
        sim.act_as_app({**ON["CFG"], **ON["DTG"], **ON["RBD"]})
    seen: dict[datetime, Enforced] = {}
    for gap, (what, how), looks in story:
        for look in looks:
            asked.advance(look)
            seen[asked.world.clock.now()] = asked.world.site.enforced()
        left_alone.advance(sum(looks))
        for sim in (asked, left_alone):
            sim.advance(gap)
            act(sim, what, how)
        seen.pop(asked.world.clock.now(), None)  # what was enforced at this moment has just changed
    for sim in (asked, left_alone):
        sim.advance(3 * 86_400)
    record = asked.enforcement()
    assert record == left_alone.enforcement()
    for moment, enforced in seen.items():
        assert says(record, moment) == (enforced.charge_to, enforced.discharge_to, enforced.hold), moment
