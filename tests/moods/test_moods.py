"""Every scenario while reads come late or flap: no flip that nobody made, no wrong `confirmed`, the same in the end.

What a scenario expects, and when, is left to itself. `MOODS=all` plays every scenario, with each cloud that it names,
in every mood; else each is played once without a mood and once in one that differs from the next one's, and those about
truth and ownership in all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from enphase_battery.config.configuration import parse_configuration
from tests.lab.lab import ACCOUNT
from tests.moods.monitor import Monitor
from tests.moods.play import MOODS, play
from tests.scenarios.runner import home, scenarios, take

AT_ONCE, *MOODY = MOODS
CORE = ("truth", "ownership")
"""The files whose scenarios are always played in all moods."""

LATENESS_DECIDES = {
    "capability: One sign alone, or a mere hint, decides nothing": (
        "the newer wish is taken back before a late read can prove it, so the older one was never replaced"
    ),
    "ownership: A window's entry that a person removes before its start is not written again": (
        "it is removed before a late read can show that the gateway had it, as one that the cloud forgot"
    ),
    "refusals: A switch write that is refused and carried out": (
        "where no read contradicts a refusal soon the wish has failed, and what comes to light later is undone"
    ),
    "refusals: Entries whose creation, change or removal is refused": "as with the switches",
    "enphase_app: A wish that is newer than the removal of its entry is confirmed only once": (
        "while a switch is on its way there are looks between the polls, which find the removal before the newer wish"
    ),
    "on_its_way: A report from before the gateway had heard of an off proves nothing": (
        "where the cloud shows a switch when the gateway reports it, one that falls silent before leaves it on there"
    ),
    "refusals: Where an off is forbidden while it is on, that is a problem": (
        "an on that is still on its way was never confirmed: a refused off does not fall back on it"
    ),
}
"""Scenarios in which a late read rightly leads to another end, with the reason."""


THOROUGH = os.environ.get("MOODS") == "all"


def _distinct() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each scenario: with every mood of its own if all is to be played, else with the first one."""
    known = set()
    for name, scenario in scenarios():
        if "others" in scenario:
            continue  # the monitor knows of one app only
        cloud = {switch: value for switch, value in scenario["cloud"].items() if switch not in MOODS[AT_ONCE]}
        key = json.dumps({**scenario, "cloud": cloud, "clouds": (), "eras": ()}, sort_keys=True, default=str)
        if not THOROUGH:
            key = name.partition(" [")[0]
        if key not in known:
            known.add(key)
            yield name, scenario


def _played() -> Iterator[Any]:
    """Yield what is to be played: scenarios with their moods."""
    for (name, scenario), mood in zip(_distinct(), cycle(MOODY), strict=False):
        moods = MOODY if THOROUGH or name.startswith(CORE) else [mood]
        yield pytest.param(name, scenario, moods, id=name)


@pytest.mark.parametrize(("name", "scenario", "moods"), [*_played()])
async def test_a_mood_changes_nothing(name: str, scenario: dict[str, Any], moods: list[str], tmp_path: Path) -> None:
    usual = await play(scenario, MOODS[AT_ONCE], _room(tmp_path, AT_ONCE))
    assert usual.faults == [], AT_ONCE

    for mood in moods:
        if not _is_bearable(scenario, MOODS[mood]):
            continue
        played = await play(scenario, MOODS[mood], _room(tmp_path, mood))
        assert played.faults == [], mood
        assert played.logins <= usual.logins, mood
        assert played.late_writes <= usual.late_writes, mood
        if not name.startswith(tuple(LATENESS_DECIDES)):
            assert (played.cloud, played.wishes) == (usual.cloud, usual.wishes), mood
            assert played.trail == usual.trail, mood


def _room(home: Path, mood: str) -> Path:
    """Return a new folder for one play."""
    folder = home / mood
    folder.mkdir()
    return folder


def _is_bearable(scenario: Mapping[str, Any], mood: Mapping[str, Any]) -> bool:
    """Return whether reads are no later than the app was told that they may be."""
    app = parse_configuration({**ACCOUNT, "base_url": "http://127.0.0.1", **scenario.get("app", {})})
    return timedelta(seconds=mood["read_lag"]) <= app.consistency


async def test_the_monitor_sees_a_wrong_confirmed_and_a_flip_that_nobody_made(tmp_path: Path) -> None:
    monitor = Monitor(unseen=timedelta(0), lead=timedelta(minutes=15))
    with monitor.watching():
        async with home({"cloud": {}}, tmp_path) as one:
            await take(one, 1, {"command": {"command": "refresh", "id": "r"}})
            one.phone.settings({"dtgControl": {"enabled": True}})  # by somebody of whom the monitor does not know
            await one.advance(minutes=20)

    assert [fault[4:] for fault in monitor.faults] == [
        "12:00:00 discharge_to_grid is said to be confirmed off, and its switch is on",
        "12:16:00 nobody did this: Somebody switched discharge to grid on in the Enphase app",
    ]


async def test_the_monitor_sees_a_result_that_is_not_true_and_a_flip_of_a_toggle_that_nobody_made(
    tmp_path: Path,
) -> None:
    monitor = Monitor(unseen=timedelta(0), lead=timedelta(minutes=15))
    monitor.commands["a"] = {}
    with monitor.watching():
        async with home({"cloud": {}}, tmp_path) as one:
            result = {"command": "set", "control": "charge_from_grid", "state": "on", "id": "a", "outcome": "confirmed"}
            await one.ha.fire_plugin_event("enphase_battery_result", "default", **result)
            await take(one, 1, {"flip": {"discharge_to_grid": True}})

    assert [fault[4:] for fault in monitor.faults] == [
        "12:00:00 the result a says confirmed, and its switch is off",
        "12:00:00 nobody did this: Discharge to grid is wished on (toggle)",
    ]
