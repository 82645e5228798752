"""Runs a scenario: what is configured, what happens, what must come out. The format is described in README.md here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeGuard

import pytz
import yaml

from tests.lab.lab import TOGGLES, Lab, lab

HERE = Path(__file__).parent
PREFIX = "enphase_battery"


def scenarios() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every scenario with its name; one with several eras is one scenario for each of them."""
    for path in sorted(HERE.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            for era in document.get("eras", ["2026-07"]):
                yield f"{path.stem}: {document['scenario']} [{era}]", {**document, "era": era}


async def run(scenario: Mapping[str, Any], folder: Path) -> None:
    """Carry a scenario out. Raises AssertionError, naming the step, when something else comes out."""
    zone = scenario.get("zone", "Europe/London")
    start = pytz.timezone(zone).localize(datetime.fromisoformat(scenario.get("start", "2026-11-22 12:00")))
    toggles = {TOGGLES[control]: _on_off(state) for control, state in scenario.get("toggles", {}).items()}
    house: AbstractAsyncContextManager[Lab] = lab(
        folder,
        start=start,
        app=scenario.get("app", {}),
        switches={"auth_era": scenario["era"], **scenario.get("cloud", {})},
        toggles={**dict.fromkeys(TOGGLES.values(), "off"), **toggles},
        zone=zone,
    )
    async with house as one:
        for number, step in enumerate(scenario["steps"], start=1):
            for action, argument in step.items():
                try:
                    await ACTIONS[action](one, argument)
                except AssertionError as error:
                    raise AssertionError(f"step {number}, {action}: {error}") from error


# -- what happens -----------------------------------------------------------------------------------------------------


async def _flip(one: Lab, flips: Mapping[str, Any]) -> None:
    for control, state in flips.items():
        await one.flip(control, _on_off(state))


async def _command(one: Lab, data: Mapping[str, Any]) -> None:
    await one.command(**data)


async def _phone_app(one: Lab, settings: Mapping[str, Any]) -> None:
    one.cloud.act_as_app(settings=dict(settings))


async def _wait(one: Lab, span: str) -> None:
    hours, minutes, seconds = (int(part) for part in span.split(":"))
    await one.advance(hours=hours, minutes=minutes, seconds=seconds)


async def _until(one: Lab, wall: str) -> None:
    zone = pytz.timezone(one.zone)
    now = one.clock.now.astimezone(zone)
    hour, minute, *second = (int(part) for part in wall.split(":"))
    naive = now.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0, tzinfo=None)
    target = zone.localize(naive, is_dst=True)  # in a doubled hour the first pass
    while target <= now:
        naive += timedelta(days=1)
        target = zone.localize(naive, is_dst=True)
    await one.until(target)


async def _cloud(one: Lab, switches: Mapping[str, Any]) -> None:
    one.cloud.set(**switches)


async def _session_ends(one: Lab, _argument: object) -> None:
    one.cloud.expire_sessions()


async def _restart_home_assistant(one: Lab, how: Mapping[str, Any]) -> None:
    def helpers() -> None:
        _set_quietly(one.ha, how.get("restores", {}))
        _set_quietly(one.ha, how.get("automation_flips", {}), parent="an automation")

    await one.restart_home_assistant(helpers)


async def _restart_appdaemon(one: Lab, how: Mapping[str, Any]) -> None:
    home_assistant = one.ha

    def flips() -> None:
        _set_quietly(home_assistant, how.get("flips", {}))
        if how.get("loses_store"):
            (one.folder / "enphase_battery" / f"{PREFIX}.json").unlink()

    await one.restart_appdaemon(flips, minutes=how.get("minutes", 0))


def _set_quietly(home_assistant: Any, toggles: Mapping[str, Any], parent: str | None = None) -> None:
    """Set toggles while AppDaemon does not listen."""
    for control, state in toggles.items():
        home_assistant.preset(TOGGLES[control], _on_off(state), parent=parent)


async def _forget_requests(one: Lab, _argument: object) -> None:
    one.cloud.clear_log()


# -- what must come out -----------------------------------------------------------------------------------------------


async def _expect(one: Lab, expected: Mapping[str, Any]) -> None:
    for what, values in expected.items():
        EXPECTATIONS[what](one, values)


def _cloud_shows(one: Lab, switches: Mapping[str, Any]) -> None:
    model: Any = one.cloud.model()
    cloud = model["cloud"]
    actual = {
        "charge_from_grid": cloud["chargeFromGrid"],
        "discharge_to_grid": (cloud["dtgControl"] or {}).get("enabled", False),
        "restrict_discharge": (cloud["rbdControl"] or {}).get("enabled", False),
    }
    _compare({control: _on_off(actual[control]) for control in switches}, _as_text(switches))


def _gateway_does(one: Lab, controls: Mapping[str, Any]) -> None:
    model: Any = one.cloud.model()
    _compare({control: _on_off(model["gateway"][control]) for control in controls}, _as_text(controls))


def _toggles_show(one: Lab, toggles: Mapping[str, Any]) -> None:
    _compare({control: one.state(TOGGLES[control]) for control in toggles}, _as_text(toggles))


def _entities_show(one: Lab, entities: Mapping[str, Mapping[str, Any]]) -> None:
    for name, expected in entities.items():
        entity_id = name if "." in name else f"binary_sensor.{PREFIX}_{name}"
        assert one.state(entity_id) is not None, f"{entity_id} does not exist"
        shown = {"state": one.state(entity_id), **one.attributes(entity_id)}
        _compare({key: shown.get(key, "") for key in expected}, _as_text(expected), entity_id)


def _results_are(one: Lab, expected: list[Mapping[str, Any]]) -> None:
    for match in expected:
        values = _as_text(match)
        ids = [result for result in one.results() if result["id"] == values["id"] and result["outcome"] != "pending"]
        assert len(ids) == 1, f"one final result for {values['id']} expected, there are: {one.results(id=values['id'])}"
        _compare({key: ids[0].get(key) for key in values}, values)


def _counts_are(one: Lab, expected: Mapping[str, int]) -> None:
    counters = one.cloud.counters()
    _compare({key: counters[key] for key in expected}, dict(expected))


def _as_text(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _on_off(value) if isinstance(value, bool) else value for key, value in values.items()}


def _on_off(value: object) -> str:
    """Return `on` or `off` for what YAML makes of it; other text as it is."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _compare(actual: Mapping[str, Any], expected: Mapping[str, Any], what: str = "") -> None:
    for key, value in expected.items():
        fits = fnmatchcase(str(actual[key]), value) if _is_pattern(value) else str(actual[key]) == str(value)
        assert fits, f"{what} {key} is {actual[key]!r}, not {value!r} (all: {dict(actual)})"


def _is_pattern(value: object) -> TypeGuard[str]:
    """`*text*` means that the text must occur; each star stands for anything."""
    return isinstance(value, str) and "*" in value


ACTIONS: Mapping[str, Callable[[Lab, Any], Awaitable[None]]] = {
    "flip": _flip,
    "command": _command,
    "phone_app": _phone_app,
    "wait": _wait,
    "until": _until,
    "cloud": _cloud,
    "session_ends": _session_ends,
    "restart_home_assistant": _restart_home_assistant,
    "restart_appdaemon": _restart_appdaemon,
    "forget_requests": _forget_requests,
    "expect": _expect,
}

EXPECTATIONS: Mapping[str, Callable[[Lab, Any], None]] = {
    "cloud": _cloud_shows,
    "gateway": _gateway_does,
    "toggles": _toggles_show,
    "entities": _entities_show,
    "results": _results_are,
    "counts": _counts_are,
}
