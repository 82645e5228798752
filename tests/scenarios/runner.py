"""Runs a scenario: what is configured, what happens, what must come out. The format is described in README.md here."""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytz
import yaml

from tests.lab.lab import TOGGLES, Lab, lab

from .bad_answers import BAD_ANSWERS, patience
from .expectations import EXPECTATIONS, on_off

HERE = Path(__file__).parent
DISK_FAULTS = {"full": errno.ENOSPC, "read-only": errno.EROFS, "broken": errno.EIO, "well": None}


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
    async with home(scenario, folder) as one:
        for number, step in enumerate(scenario["steps"], start=1):
            await take(one, number, step)
        check(one)


@asynccontextmanager
async def home(scenario: Mapping[str, Any], folder: Path) -> AsyncIterator[Lab]:
    """Run the lab in which a scenario happens for the length of a block, with what was before it."""
    zone = scenario.get("zone", "Europe/London")
    start = pytz.timezone(zone).localize(datetime.fromisoformat(scenario.get("start", "2026-11-22 12:00")))
    toggles = {TOGGLES[control]: on_off(state) for control, state in scenario.get("toggles", {}).items()}
    others: Mapping[str, Any] = scenario.get("others", {})
    helpers = (*TOGGLES.values(), *(helper for app in others.values() for helper in app["toggles"].values()))

    async def before(one: Lab) -> None:
        for number, step in enumerate(scenario.get("before", []), start=1):
            await take(one, number, step)

    laboratory = lab(
        folder,
        start=start,
        app=scenario.get("app", {}),
        others=others,
        switches=scenario["cloud"],
        toggles={**dict.fromkeys(helpers, "off"), **toggles},
        zone=zone,
        before=before,
    )
    try:
        with patience(scenario["cloud"], scenario.get("steps", ())):
            async with laboratory as one:
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
        await one.flip(control, on_off(state))


async def _command(one: Lab, data: Mapping[str, Any]) -> None:
    sent = {"code": one.cloud.otp_code()} if data.get("code") == "sent" else {}
    await one.command(**{**data, **sent})


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


async def _phone_app_profile(one: Lab, profile: str) -> None:
    one.phone.profile(profile)


async def _soc(one: Lab, percent: float) -> None:
    one.cloud.set_soc(percent)


async def _bad_answers(one: Lab, match: str) -> None:
    one.cloud.set(fault_script=[{"match": match, **kind} for kind in BAD_ANSWERS])


async def _session_ends(one: Lab, _argument: object) -> None:
    one.cloud.expire_sessions()


async def _restart_home_assistant(one: Lab, how: Mapping[str, Any]) -> None:
    def helpers() -> None:
        _set_quietly(one.ha, how.get("restores", {}))
        _set_quietly(one.ha, how.get("automation_flips", {}), parent="an automation")

    await one.restart_home_assistant(helpers, apps_start=how.get("apps_start", False), minutes=how.get("minutes", 0))


async def _restart_appdaemon(one: Lab, how: Mapping[str, Any]) -> None:
    home_assistant = one.ha

    def flips() -> None:
        _set_quietly(home_assistant, how.get("flips", {}))
        if how.get("loses_store"):
            one.store.unlink()
        if "finds_store" in how:
            one.store.write_text(how["finds_store"], encoding="utf-8")

    one.configure(**how.get("app", {}))
    if how.get("other_address"):
        one.configure(base_url=one.url.replace("127.0.0.1", "localhost"))
    await one.restart_appdaemon(flips, minutes=how.get("minutes", 0))


def _set_quietly(home_assistant: Any, toggles: Mapping[str, Any], parent: str | None = None) -> None:
    """Set toggles while AppDaemon does not listen; `missing` takes one away."""
    for control, state in toggles.items():
        if state == "missing":
            home_assistant.states.pop(TOGGLES[control])
        else:
            home_assistant.preset(TOGGLES[control], on_off(state), parent=parent)


async def _unheard(one: Lab, toggles: Mapping[str, Any]) -> None:
    _set_quietly(one.ha, toggles)


async def _disk(one: Lab, fault: str) -> None:
    one.disk_fault = DISK_FAULTS[fault]


async def _forget_requests(one: Lab, _argument: object) -> None:
    one.cloud.clear_log()
    one.log.clear()


async def _expect(one: Lab, expected: Mapping[str, Any]) -> None:
    for what, values in expected.items():
        EXPECTATIONS[what](one, values)


ACTIONS: Mapping[str, Callable[[Lab, Any], Awaitable[None]]] = {
    "flip": _flip,
    "command": _command,
    "phone_app": _phone_app,
    "phone_app_profile": _phone_app_profile,
    "phone_app_adds": _phone_app_adds,
    "phone_app_edits": _phone_app_edits,
    "phone_app_deletes": _phone_app_deletes,
    "wait": _wait,
    "until": _until,
    "cloud": _cloud,
    "soc": _soc,
    "bad_answers": _bad_answers,
    "session_ends": _session_ends,
    "restart_home_assistant": _restart_home_assistant,
    "restart_appdaemon": _restart_appdaemon,
    "unheard": _unheard,
    "disk": _disk,
    "forget_requests": _forget_requests,
    "expect": _expect,
}
