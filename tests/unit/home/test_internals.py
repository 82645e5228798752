"""The app starts and works without any one of AppDaemon's internals, and loses only what that one gave."""

from __future__ import annotations

import ast
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from enphase_battery import app as shell
from enphase_battery.errors import InstallationError
from enphase_battery.home import internals
from enphase_battery.home.internals import Internals
from tests.lab.clock import Clock
from tests.lab.lab import APP, TOGGLES, Lab, lab

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
PACKAGE = Path(internals.__file__).parents[1]
CALL = "()"
GONE = [
    "AD.sched.get_now_sync",
    "AD.tz",
    "AD.production_mode",
    "AD.app_management.python_filecheck",
    "AD.app_management.python_filecheck.paths",
    "AD.app_management.app_config",
    "AD.app_management.app_config.root",
    "AD.app_management.config_filecheck",
    "AD.app_management.config_filecheck.mtimes",
    "AD.app_management.read_config_file",
    "AD.state.state",
    "AD.state.state.admin",
    "AD.plugins.get_plugin_object",
    "AD.plugins.get_plugin_object.().get_complete_state",
    "AD.plugins.get_plugin_object.().websocket_send_json",
]


class Without:
    """A part of AppDaemon from which one thing is gone; names are joined by dots, `()` is a call."""

    def __init__(self, part: Any, gone: str) -> None:
        self.__dict__.update(_part=part, _gone=gone)

    def _step(self, name: str, error: Exception, part: Any) -> Any:
        first, _, rest = self._gone.partition(".")
        if name != first:
            return part()
        if not rest:
            raise error
        return Without(part(), rest)

    def __getattr__(self, name: str) -> Any:
        return self._step(name, AttributeError(name), lambda: getattr(self._part, name))

    def __getitem__(self, name: str) -> Any:
        return self._step(name, KeyError(name), lambda: self._part[name])

    def __call__(self, *args: Any) -> Any:
        return self._step(CALL, TypeError(), lambda: self._part(*args))

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._part, name, value)


class Now(datetime):
    """The machine's clock, which the lab moves."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return Clock.current.now.astimezone(tz)


@asynccontextmanager
async def house_without(folder: Path, gone: str, **more: Any) -> AsyncIterator[Lab]:
    def reach(app: Any) -> Internals:
        return Internals(Without(app, gone))  # type: ignore[arg-type]  # it is an app to all appearances

    with patch.object(shell, "Internals", reach), patch.object(internals, "datetime", Now):
        async with lab(folder, start=NOON, **more) as one:
            yield one


@pytest.mark.parametrize("gone", GONE)
async def test_the_app_takes_a_flip_shows_what_is_so_and_survives_a_restart_of_home_assistant(
    tmp_path: Path, gone: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with house_without(tmp_path, gone) as one:
        await one.flip("restrict_discharge", "on")
        await one.advance(minutes=3)
        assert one.control("restrict_discharge").items() >= {"state": "on", "outcome": "confirmed"}.items()
        gateway: Any = one.cloud.model()["gateway"]
        assert gateway["restrict_discharge"] is True

        await one.restart_home_assistant()
        await one.advance(minutes=3)
        assert one.control("restrict_discharge").items() >= {"state": "on", "outcome": "confirmed"}.items()
        assert one.state(TOGGLES["restrict_discharge"]) == "on"
        await one.command(command="diagnose", id="look")
        assert one.results(id="look", outcome="confirmed")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("gone", [one for one in GONE if one.startswith("AD.state")])
async def test_where_the_password_cannot_be_masked_the_log_says_so(tmp_path: Path, gone: str) -> None:
    async with house_without(tmp_path, gone) as one:
        assert f"AppDaemon's admin API may show the password of {APP}: set a password for it" in one.log


async def test_a_faulty_configuration_is_told_without_a_websocket_too(tmp_path: Path) -> None:
    async with house_without(tmp_path, "AD.plugins.get_plugin_object", app={"poll": 0}) as one:
        assert "poll is 0" in one.ha.notices["enphase_battery_problem"]


async def test_without_a_websocket_a_missing_toggle_is_to_be_made_by_hand(tmp_path: Path) -> None:
    gone = "AD.plugins.get_plugin_object.().websocket_send_json"
    async with house_without(tmp_path, gone, toggles={}, app={"create_helpers": True}) as one:
        await one.advance(minutes=1)
        problem = one.attributes("binary_sensor.enphase_battery_problem")
    assert "does not exist in Home Assistant, and the app could not create it" in problem["problem"]


def test_an_appdaemon_that_does_not_say_how_it_reads_files_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("appdaemon.utils.read_config_file")
    with pytest.raises(InstallationError) as told:
        internals.read_config_file(tmp_path / "appdaemon.yaml")
    assert "diagnose" in told.value.hint


def test_an_appdaemon_that_is_no_package_is_of_an_unknown_version() -> None:
    with patch("importlib.metadata.version", side_effect=PackageNotFoundError):
        assert internals.appdaemon_version() == "unknown"


def test_nothing_else_in_the_package_touches_them() -> None:
    found = [
        f"{file.name}:{node.lineno}"
        for file in PACKAGE.rglob("*.py")
        if file.name != "internals.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Attribute, ast.Import, ast.ImportFrom)) and _touches(node)
    ]
    assert found == []


def _touches(node: ast.Attribute | ast.Import | ast.ImportFrom) -> bool:
    """Return whether a piece of code reaches for what AppDaemon does not document."""
    if isinstance(node, ast.Attribute):
        return node.attr in {"AD", "config_model"}
    modules = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    documented = "appdaemon.plugins.hass.hassapi"
    return any(one.partition(".")[0] == "appdaemon" and one != documented for one in modules)
