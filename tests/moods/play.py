"""Plays a scenario in a mood of the cloud, and says what came of it, whatever the scenario itself expects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from enphase_battery.config.configuration import parse_configuration
from tests.lab.lab import ACCOUNT, Lab
from tests.moods.monitor import FAMILIES, Monitor
from tests.scenarios.runner import check, home, take

MOODS: Mapping[str, Mapping[str, Any]] = {
    "at once": {"read_lag": 0, "flapping": False, "requested_config": "off"},
    "5 s late": {"read_lag": 5, "flapping": False, "requested_config": "off"},
    "60 s late": {"read_lag": 60, "flapping": False, "requested_config": "off"},
    "120 s late": {"read_lag": 120, "flapping": False, "requested_config": "off"},
    "flapping": {"read_lag": 0, "flapping": True, "requested_config": "off"},
    "reported late": {"read_lag": 0, "flapping": False, "requested_config": "on", "requested_config_controls": True},
    "reported late, not told what": {"read_lag": 0, "flapping": False, "requested_config": "on"},
}
SET_ASIDE = ("expect", "forget_requests")
"""Steps that say what has to come out, and when: a late read changes that."""

FLIPS = ("flip", "unheard")
"""Steps in which somebody flips toggles; others may say so beside what else they do."""

CALM = timedelta(minutes=65)
"""An hour after the last step, and a bit: what ends on the hour is over by then."""

QUIET = timedelta(minutes=20)
"""A while after that, in which nothing is left to be done."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a scenario.

    Attributes:
        faults: What was wrong, in words.
        cloud: What the cloud stores at the end, as lines.
        wishes: Per control what is wanted at the end, what became of it and who wished it.
        trail: The states that each toggle went through.
        logins: How many times the app signed in.
        late_writes: How many writes it sent after the calm.
    """

    faults: list[str]
    cloud: list[str]
    wishes: dict[str, str]
    trail: dict[str, list[str]]
    logins: int
    late_writes: int


async def play(scenario: Mapping[str, Any], mood: Mapping[str, Any], folder: Path) -> Played:
    """Play a scenario in a mood, and let an hour of calm follow. Raises AssertionError when a step cannot be taken.

    Args:
        scenario: The scenario.
        mood: Switches of the cloud.
        folder: An empty one, where AppDaemon's configuration and the app's store live.
    """
    app = parse_configuration({**ACCOUNT, "base_url": "http://127.0.0.1", **scenario.get("app", {})})
    unseen = app.poll + 2 * app.consistency + timedelta(seconds=mood["read_lag"])
    if mood["requested_config"] != "off":
        unseen += timedelta(seconds=scenario["cloud"].get("report_interval", 600))
    monitor = Monitor(unseen, app.lead)
    with monitor.watching():
        async with home({**scenario, "cloud": {**scenario["cloud"], **mood}}, folder) as one:
            for number, step in enumerate(scenario["steps"], start=1):
                await _take(one, number, step, monitor)
            check(one)
            await one.advance(seconds=CALM.total_seconds())
            writes = _count(one, "writes")
            await one.advance(seconds=QUIET.total_seconds())
            return Played(
                faults=monitor.faults,
                cloud=_stored(one),
                wishes={control: _wish(one, control) for control in FAMILIES},
                trail=monitor.trail,
                logins=_count(one, "logins") + _count(one, "logins_refused"),
                late_writes=_count(one, "writes") - writes,
            )


async def _take(one: Lab, number: int, step: Mapping[str, Any], monitor: Monitor) -> None:
    """Take one step, and let the monitor know what somebody does in it."""
    for action, argument in step.items():
        if action in SET_ASIDE:
            continue
        about = argument if isinstance(argument, Mapping) else {}
        flips = [about if action in FLIPS else {}, about.get("flips", {}), about.get("automation_flips", {})]
        for control, state in ((control, state) for each in flips for control, state in each.items()):
            monitor.flips(control, "on" if state in (True, "on") else "off")
        if action == "command":
            monitor.commands[about.get("id", "")] = about
        with monitor.by_hand() if action.startswith("phone_app") else nullcontext():
            await take(one, number, {action: argument})


def _count(one: Lab, what: str) -> int:
    return int(str(one.cloud.counters()[what]))


def _stored(one: Lab) -> list[str]:
    """Return what the cloud stores of switches and entries."""
    settings = one.cloud.world.site.state().settings
    switches = [f"{control} {'on' if getattr(settings, control) else 'off'}" for control in FAMILIES]
    flag = f"schedule of charge_from_grid {'on' if settings.charge_schedule else 'off'}"
    return [*switches, flag, *one.phone.entries(own=True), *one.phone.entries(own=False)]


def _wish(one: Lab, control: str) -> str:
    about = one.control(control)
    return " ".join(about.get(key, "") for key in ("state", "wanted", "outcome", "source"))
