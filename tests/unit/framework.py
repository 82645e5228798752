"""What appdaemontestframework 5.0.0 lacks for an asynchronous app on AppDaemon 4.5.

Its timers other than `run_in` are mocks without handles, and some members of `Hass` are not mocked at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Coroutine
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from appdaemon.models.config.app import AppConfig
from appdaemon.plugins.hass.hassapi import Hass
from appdaemontestframework.given_that import GivenThatWrapper
from appdaemontestframework.hass_mocks import HassMocks

REGISTRATIONS = ("listen_state", "listen_event", "run_every", "run_in")


class Framework:
    """The framework's mocks, repaired, around one app at a time.

    Args:
        folder: AppDaemon's configuration folder.

    Attributes:
        hass: The mocks, by the name of the function: those of `appdaemontestframework`.
        registered: The names of the functions that registered something, in the order of the calls.
        timers: The handles of the timers that run.
        spawned: The coroutines that the app gave to `create_task`; none of them runs.
        admin: AppDaemon's `admin` namespace.
    """

    def __init__(self, folder: Path) -> None:
        untyped: Any = HassMocks
        self._mocks = untyped()
        self._given: Any = GivenThatWrapper(self._mocks)
        self.hass: dict[str, Any] = self._mocks.hass_functions
        self.registered: list[str] = []
        self.timers: set[str] = set()
        self.spawned: list[Coroutine[object, object, None]] = []
        self.admin: dict[str, Any] = {}
        self._mocks.AD.state = SimpleNamespace(state={"admin": self.admin})
        self._mocks.AD.tz = timezone.utc
        self._mocks.AD.app_management = SimpleNamespace(
            app_config=SimpleNamespace(root={}), config_filecheck=SimpleNamespace(mtimes={})
        )
        for name in REGISTRATIONS:
            self.hass[name].side_effect = self._registers(name)
        self._patches: list[Any] = [
            patch.object(Hass, "config_dir", folder),
            patch.object(Hass, "namespace", "default"),
            patch.object(Hass, "create_task", lambda _app, coroutine: self.spawned.append(coroutine)),
            patch.object(Hass, "cancel_timer", self._cancel),
        ]
        for one in self._patches:
            one.start()

    def app(self, kind: type[Hass], name: str, **args: object) -> Any:
        """Return an app with these arguments, built but not initialized."""
        for key, value in args.items():
            self._given.passed_arg(key).is_set_to(value)
        self.admin[f"app.{name}"] = {"state": "idle", "attributes": {"args": dict(args)}}
        model = AppConfig.model_validate({"name": name, "module": kind.__module__, "class": kind.__name__})
        return kind(self._mocks.AD, model)

    def time_is(self, now: datetime) -> None:
        """Set the clock (naive, UTC)."""
        self._given.time_is(now)

    def close(self) -> None:
        """Undo everything."""
        for one in self._patches:
            one.stop()
        for coroutine in self.spawned:
            coroutine.close()
        self._mocks.unpatch_mocks()

    def _registers(self, name: str) -> Any:
        def register(*_args: object, **_kwargs: object) -> str:
            self.registered.append(name)
            handle = f"{name} {uuid.uuid4().hex}"
            if name.startswith("run_"):
                self.timers.add(handle)
            return handle

        return register

    def _cancel(self, handle: str, *, silent: bool = False) -> bool:
        """Take the place of `cancel_timer`; an unknown handle is a fault of the app."""
        self.timers.remove(handle)
        return True
