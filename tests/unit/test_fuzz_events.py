"""Any event and any state of a toggle, at the app in the real AppDaemon: answered once each, in plain short words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.lab.lab import APP, TOGGLES
from tests.unit.fuzz.commands import commands
from tests.unit.fuzz.living import Living, check_result, living
from tests.unit.fuzz.strange import FORGED, LONG_TEXT, json_values, looks, names

EAGER = {
    "class": "TirelessBattery",
    "requests_per_hour": 1_000_000,
    "log_level": "DEBUG",
    "consistency": 0,
    "lead": 0,
}
"""Configuration of an app that may ask as often as it likes, and tells all that it does."""

FINAL = {"confirmed", "failed", "superseded", "rejected"}
LONGEST_ID = 255
ODD = "an odd id"

states = st.sampled_from(["on", "off", "unavailable", "unknown"]) | names
toggles = st.tuples(st.sampled_from(list(TOGGLES.values())), states)
happenings = st.lists(commands(json_values) | toggles, min_size=1, max_size=4)


async def fire(app: Living, data: dict[str, Any]) -> None:
    event = {"event_type": "enphase_battery_command", "data": {**data, "metadata": {"origin": "LOCAL"}}}
    assert app.lab.ad is not None
    await app.lab.ad.events.process_event("default", event)


async def happen(app: Living, several: list[Any]) -> None:
    """Let several things happen at once, then some time pass."""
    for one in several:
        if isinstance(one, dict):
            await fire(app, one)
        else:
            await app.lab.ha.change(*one, user="a person")
    await app.lab.settle()
    await app.lab.advance(seconds=10)


def own(several: list[Any]) -> list[dict[str, Any]]:
    """Return the commands that the app has to answer."""
    return [
        one
        for one in several
        if isinstance(one, dict) and (one.get("app") in (None, APP) or not isinstance(one["app"], str))
    ]


def told_id(data: dict[str, Any]) -> str:
    """Return the id that is to come back; one that is too long, or not printable, need not come back as it is."""
    name = data.get("id")
    if not isinstance(name, str):
        return ""
    return name if len(name) <= LONGEST_ID and name.isprintable() else ODD


def test_every_own_command_of_any_shape_is_answered_exactly_once_and_nothing_breaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: Counter[str] = Counter()
    answered: Counter[str] = Counter()

    with living(tmp_path, caplog, app=EAGER) as app:

        def note(why: object) -> None:
            for result in app.results():
                check_result(result, why)
                if result["outcome"] in FINAL:
                    answered[result["id"] if result["id"] in asked else ODD] += 1
            app.watch(why=why)

        @looks(40)
        @given(happenings)
        @example([{"command": FORGED, "id": FORGED, "control": FORGED, "state": FORGED}])
        @example([{FORGED: FORGED, "command": "diagnose", "id": "x"}])
        @example([{"command": "set", "control": FORGED, "app": 5, "state": "on"}])
        def anything_happens(several: list[Any]) -> None:
            asked.update(map(told_id, own(several)))
            app.do(happen(app, several))
            note(several)
            assert not answered - asked, several

        anything_happens()
        asked["the end"] += 1
        app.do(happen(app, [{"command": "release", "id": "the end"}]))
        app.do(app.lab.advance(minutes=20))
        note("the end")
        assert answered == asked
        app.do(happen(app, [{"command": "set", "control": "discharge_to_grid", "state": "on", "id": "still there"}]))
        assert [one["outcome"] for one in app.results()][-1] == "confirmed"


@pytest.mark.parametrize("member", ["id", "control", "state", "command", "an unknown one", "app"])
def test_a_megabyte_in_an_event_is_not_echoed(tmp_path: Path, caplog: pytest.LogCaptureFixture, member: str) -> None:
    right = {"command": "set", "control": "discharge_to_grid", "state": "on", "app": APP}
    key = LONG_TEXT if member == "an unknown one" else member
    with living(tmp_path, caplog, app=EAGER) as app:
        app.do(happen(app, [{**right, key: LONG_TEXT}]))
        for result in app.results():
            check_result(result, member)
        app.watch(why=member)


def test_ids_of_a_length_that_people_use_come_back_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with living(tmp_path, caplog, app=EAGER) as app:
        app.do(happen(app, [{"command": "diagnose", "id": "i" * LONGEST_ID}]))
        assert [one["id"] for one in app.results()] == ["i" * LONGEST_ID]


def test_a_flood_of_commands_leaves_a_small_store_and_one_answer_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flood = [
        {"command": "set", "control": "charge_from_grid", "state": ("on", "off")[n % 2], "id": str(n)}
        for n in range(60)
    ]
    with living(tmp_path, caplog, app=EAGER) as app:
        app.do(happen(app, flood))
        app.do(app.lab.advance(minutes=10))
        finals = Counter(one["id"] for one in app.results() if one["outcome"] in FINAL)
        assert finals == Counter(str(number) for number in range(60))
        app.watch(why="a flood")
