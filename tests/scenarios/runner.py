"""Runs a scenario: what is configured, what happens, what must come out. The format is described in README.md here."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import product, zip_longest
from pathlib import Path
from typing import Any, TypeGuard

import pytz
import yaml

from tests.lab.entries import line
from tests.lab.lab import TOGGLES, Lab, lab

HERE = Path(__file__).parent
PREFIX = "enphase_battery"
DISK_FAULTS = {"full": errno.ENOSPC, "read-only": errno.EROFS, "broken": errno.EIO, "well": None}
FAMILIES = {"charge_from_grid": "cfg", "discharge_to_grid": "dtg", "restrict_discharge": "rbd"}


def scenarios() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every scenario with its name; one with several eras or clouds is one scenario for each of them."""
    for path in sorted(HERE.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            for era, cloud in product(document.get("eras", ["2026-07"]), document.get("clouds", [{}])):
                mood = "".join(f", {switch} {value}" for switch, value in cloud.items())
                name = f"{path.stem}: {document['scenario']} [{era}{mood}]"
                yield name, {**document, "cloud": {"auth_era": era, **document.get("cloud", {}), **cloud}}


async def run(scenario: Mapping[str, Any], folder: Path) -> None:
    """Carry a scenario out. Raises AssertionError, naming the step, when something else comes out."""
    async with house(scenario, folder) as one:
        for number, step in enumerate(scenario["steps"], start=1):
            await take(one, number, step)
        check(one)


@asynccontextmanager
async def house(scenario: Mapping[str, Any], folder: Path) -> AsyncIterator[Lab]:
    """Run the lab in which a scenario happens for the length of a block, with what was before it."""
    zone = scenario.get("zone", "Europe/London")
    start = pytz.timezone(zone).localize(datetime.fromisoformat(scenario.get("start", "2026-11-22 12:00")))
    toggles = {TOGGLES[control]: _on_off(state) for control, state in scenario.get("toggles", {}).items()}

    async def before(one: Lab) -> None:
        for number, step in enumerate(scenario.get("before", []), start=1):
            await take(one, number, step)

    try:
        async with lab(
            folder,
            start=start,
            app=scenario.get("app", {}),
            switches=scenario["cloud"],
            toggles={**dict.fromkeys(TOGGLES.values(), "off"), **toggles},
            zone=zone,
            before=before,
        ) as one:
            yield one
    finally:
        # AppDaemon's loggers are the process's: each start adds a handler, and each line would go through all of them.
        for name in ("AppDaemon", "Error"):
            logging.getLogger(name).handlers.clear()


async def take(one: Lab, number: int, step: Mapping[str, Any]) -> None:
    """Take one step. Raises AssertionError, naming it, when something else comes out."""
    for action, argument in step.items():
        try:
            await ACTIONS[action](one, argument)
        except AssertionError as error:
            raise AssertionError(f"step {number}, {action}: {error}") from error


def check(one: Lab) -> None:
    """Assert what has to be so in every scenario: what others made is as they left it."""
    one.phone.check(one.clock.now)
    assert "DELETE" not in {request["method"] for request in one.cloud.requests()}, "the cloud refuses that verb"


# -- what happens -----------------------------------------------------------------------------------------------------


async def _flip(one: Lab, flips: Mapping[str, Any]) -> None:
    for control, state in flips.items():
        await one.flip(control, _on_off(state))


async def _command(one: Lab, data: Mapping[str, Any]) -> None:
    await one.command(**data)


async def _phone_app(one: Lab, settings: Mapping[str, Any]) -> None:
    one.phone.settings(settings)


async def _phone_app_adds(one: Lab, entries: Sequence[str]) -> None:
    for entry in entries:
        one.phone.add(entry)


async def _phone_app_edits(one: Lab, edits: Mapping[str, str]) -> None:
    for pattern, entry in edits.items():
        one.phone.edit(pattern, entry)


async def _phone_app_deletes(one: Lab, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        one.phone.delete(pattern)


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
            one.store.unlink()
        if "finds_store" in how:
            one.store.write_text(how["finds_store"], encoding="utf-8")

    one.configure(**how.get("app", {}))
    await one.restart_appdaemon(flips, minutes=how.get("minutes", 0))


def _set_quietly(home_assistant: Any, toggles: Mapping[str, Any], parent: str | None = None) -> None:
    """Set toggles while AppDaemon does not listen; `missing` takes one away."""
    for control, state in toggles.items():
        if state == "missing":
            home_assistant.states.pop(TOGGLES[control])
        else:
            home_assistant.preset(TOGGLES[control], _on_off(state), parent=parent)


async def _unheard(one: Lab, toggles: Mapping[str, Any]) -> None:
    _set_quietly(one.ha, toggles)


async def _disk(one: Lab, fault: str) -> None:
    one.disk_fault = DISK_FAULTS[fault]


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


def _own_entries_are(one: Lab, entries: Sequence[str]) -> None:
    _compare_lists(one.phone.entries(own=True), entries)


def _foreign_entries_are(one: Lab, entries: Sequence[str]) -> None:
    _compare_lists(one.phone.entries(own=False), entries)


def _gateway_did(one: Lab, controls: Mapping[str, Sequence[str]]) -> None:
    """Compare from when to when each control was enforced, in the site's local time."""
    zone, record = pytz.timezone(one.zone), one.cloud.enforcement()

    def local(moment: datetime | None, form: str) -> str:
        return f"{moment.astimezone(zone):{form}}".lower() if moment else ""

    for control, expected in controls.items():
        limits = "" if control == "restrict_discharge" else " {}%"
        actual = [
            f"{local(stretch.start, '%a %H:%M:%S')}-{local(stretch.end, '%H:%M:%S')}{limits.format(stretch.limit)}"
            for stretch in record[FAMILIES[control]]
        ]
        _compare_lists(actual, expected)


def _was_written(one: Lab, expected: Sequence[str]) -> None:
    requests = [_written(request) for request in one.cloud.requests()]
    _compare_lists([text for text in requests if text], expected)


def _written(request: Mapping[str, Any]) -> str:
    """Return a write in words; nothing for anything else."""
    path, body = str(request["path"]), request["body"]
    if "batteryConfig" not in path or request["method"] == "GET" or path.endswith("/isValid"):
        return ""
    if "acceptDisclaimer" in path:
        return "disclaimer"
    if "batterySettings" in path:
        return f"settings {json.dumps(body, separators=(',', ':'))}"
    if path.endswith("/delete"):
        return "delete"
    verb = {"POST": "create", "PUT": "update"}.get(request["method"], request["method"])
    return f"{verb} {line(body)}"


def _toggles_show(one: Lab, toggles: Mapping[str, Any]) -> None:
    _compare({control: one.state(TOGGLES[control]) for control in toggles}, _as_text(toggles))


def _entities_show(one: Lab, entities: Mapping[str, Mapping[str, Any]]) -> None:
    for name, expected in entities.items():
        entity_id = name if "." in name else f"binary_sensor.{PREFIX}_{name}"
        assert one.state(entity_id) is not None, f"{entity_id} does not exist"
        shown = {"state": one.state(entity_id), **one.attributes(entity_id)}
        _compare({key: shown.get(key, "") for key in expected}, _as_text(expected), entity_id)


def _notice_is(one: Lab, expected: str) -> None:
    assert len(one.ha.notices) <= 1, one.ha.notices
    _compare({"notice": "".join(one.ha.notices.values())}, {"notice": expected})


def _results_are(one: Lab, expected: list[Mapping[str, Any]]) -> None:
    for match in expected:
        values = _as_text(match)
        ids = [result for result in one.results() if result["id"] == values["id"] and result["outcome"] != "pending"]
        assert len(ids) == 1, f"one final result for {values['id']} expected, there are: {one.results(id=values['id'])}"
        _compare({key: ids[0].get(key) for key in values}, values)


def _counts_are(one: Lab, expected: Mapping[str, int]) -> None:
    counters = one.cloud.counters()
    _compare({key: counters[key] for key in expected}, dict(expected))


def _compare_lists(actual: Sequence[str], expected: Sequence[str]) -> None:
    fits = [fnmatchcase(one, other) for one, other in zip_longest(actual, expected, fillvalue="")]
    assert all(fits), f"there are {actual}, not {expected}"


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
    "phone_app_adds": _phone_app_adds,
    "phone_app_edits": _phone_app_edits,
    "phone_app_deletes": _phone_app_deletes,
    "wait": _wait,
    "until": _until,
    "cloud": _cloud,
    "session_ends": _session_ends,
    "restart_home_assistant": _restart_home_assistant,
    "restart_appdaemon": _restart_appdaemon,
    "unheard": _unheard,
    "disk": _disk,
    "forget_requests": _forget_requests,
    "expect": _expect,
}

EXPECTATIONS: Mapping[str, Callable[[Lab, Any], None]] = {
    "cloud": _cloud_shows,
    "gateway": _gateway_does,
    "own_entries": _own_entries_are,
    "foreign_entries": _foreign_entries_are,
    "enforced": _gateway_did,
    "written": _was_written,
    "toggles": _toggles_show,
    "entities": _entities_show,
    "notice": _notice_is,
    "results": _results_are,
    "counts": _counts_are,
}
