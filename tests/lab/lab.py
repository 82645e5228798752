"""The lab: everything between a flip in Home Assistant and the model of the cloud, without waiting for real time."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytz
import yaml
from appdaemon.appdaemon import AppDaemon
from appdaemon.dependency_manager import DependencyManager
from appdaemon.logging import Logging
from appdaemon.models.config.appdaemon import AppDaemonConfig

from enphase_battery.store.store import Store
from simulator import Simulator, Switches

from .clock import Clock
from .phone import Phone

APPS = Path(__file__).parent / "apps"
APP = "enphase_battery"
TOGGLES = {
    "charge_from_grid": "input_boolean.enphase_charge_from_grid",
    "discharge_to_grid": "input_boolean.enphase_discharge_to_grid",
    "restrict_discharge": "input_boolean.enphase_restrict_discharge",
}
ACCOUNT = {"email": "owner@example.com", "password": "correct horse battery"}
"""The simulator's account."""

_EARLIER = timedelta(minutes=5)
"""How long the cloud is there before AppDaemon starts: what was done in it before has reached the gateway."""

_BUSY = {
    *("async_worker", "process_event", "wrapper", "change", "check_app_updates"),
    *("_show", "_carry_out", "_write_behind"),
}
"""Names of AppDaemon's and the app's coroutines that end by themselves."""


class _Ear(logging.Handler):
    """Writes down what the app logs, from INFO on."""

    def __init__(self, log: list[str]) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.append(record.getMessage())


class Lab:
    """A running AppDaemon with the app, its Home Assistant and its cloud.

    Args:
        folder: Where AppDaemon's configuration and the app's store live.
        cloud: The simulated cloud.
        url: Its address.
        clock: The clock that all of them share.
        apps: The apps in apps.yaml by name, with their configuration beside the account and the address of the cloud.
        zone: AppDaemon's own time zone.

    Attributes:
        log: What the app has logged, from INFO on.
    """

    def __init__(
        self,
        folder: Path,
        cloud: Simulator,
        url: str,
        clock: Clock,
        *,
        apps: Mapping[str, Mapping[str, Any]],
        zone: str,
    ) -> None:
        self.folder = folder
        self.url = url
        self.cloud = cloud
        self.phone = Phone(cloud)
        self.clock = clock
        self.zone = zone
        shared = {"module": "lab_app", "class": "LabBattery", **ACCOUNT, "base_url": url, "settle": 0}
        self._entries = {name: {**shared, **app} for name, app in apps.items()}
        self.log: list[str] = []
        self.ad: AppDaemon | None = None
        self.disk_fault: int | None = None
        """What the disk says (an error number) when it is waited for; None: all is well."""

    @property
    def ha(self) -> Any:
        """The stand-in Home Assistant."""
        return self._running.plugins.get_plugin_object("default")

    @property
    def app(self) -> Any:
        """The app's running instance."""
        return self.instance(APP)

    def instance(self, name: str) -> Any:
        """Return the running instance of an app."""
        return self._running.app_management.get_app(name)

    @property
    def _running(self) -> Any:
        assert self.ad is not None, "AppDaemon is stopped"
        return self.ad

    @property
    def store(self) -> Path:
        """The file of the app's store."""
        return self.folder / "enphase_battery" / f"{APP}.json"

    def wait_for_disk(self, _descriptor: int) -> None:
        """Take the place of `os.fsync`."""
        if self.disk_fault is not None:
            raise OSError(self.disk_fault, os.strerror(self.disk_fault))

    def configure(self, **app: Any) -> None:
        """Change the app's configuration, for the next start of AppDaemon."""
        self._entries[APP].update(app)

    # -- AppDaemon's life ---------------------------------------------------------------------------------------------

    async def start(self, states: Mapping[str, Any], notices: Mapping[str, str] | None = None) -> None:
        """Start AppDaemon with a Home Assistant that holds these states and notices."""
        apps = self.folder / "apps"
        apps.mkdir(exist_ok=True)
        (apps / "apps.yaml").write_text(yaml.safe_dump(self._entries))
        (apps / "lab_app.py").write_text((APPS / "lab_app.py").read_text())
        (self.folder / "appdaemon.yaml").write_text("")
        config = _appdaemon_configuration(self.folder, self.zone)
        self.ad = AppDaemon(Logging({"main_log": {"filename": "STDOUT"}}), asyncio.get_running_loop(), config)
        for name in ("AppDaemon", "Error"):
            logging.getLogger(name).propagate = True
        logging.getLogger(f"AppDaemon.{APP}").handlers = [_Ear(self.log)]
        management: Any = self.ad.app_management
        management.dependency_manager = DependencyManager.from_app_directory(apps, exclude=config.exclude_dirs)

        async def no_kick() -> None:
            """The scheduler's own loop does not run, so there is nothing to wake."""

        async def no_statistics(*_about: object) -> None:
            """AppDaemon counts callbacks in its admin namespace, which takes as long as all that the app does."""

        scheduler: Any = self.ad.sched
        scheduler.now = self.clock.now
        scheduler.kick = no_kick
        scheduler.start = lambda: setattr(scheduler, "active", True)
        scheduler.stop = lambda: None
        threading: Any = self.ad.threading
        threading.update_thread_info = no_statistics
        Clock.current = self.clock
        self.ha.states.update(states)
        self.ha.notices.update(notices or {})
        self.ad.start()
        await self.started()

    async def stop(self) -> None:
        """Stop AppDaemon."""
        if self.ad is not None:
            await self.ad.stop()
            self.ad = None
        Store._unsaved.clear()  # the memory of the process is gone with it

    async def restart_appdaemon(self, meanwhile: Callable[[], None] = lambda: None, **span: float) -> None:
        """Restart AppDaemon; Home Assistant stays, and ``meanwhile`` happens while AppDaemon is down for ``span``."""
        home_assistant = self.ha
        await self.stop()
        self.clock.now += timedelta(**span)
        meanwhile()
        await self.start(home_assistant.states, home_assistant.notices)
        self.ha.events[:0] = home_assistant.events

    async def restart_home_assistant(
        self, meanwhile: Callable[[], None] = lambda: None, *, apps_start: bool = False, **span: float
    ) -> None:
        """Let Home Assistant restart: what was published is gone, helpers are restored, ``meanwhile`` changes them.

        Args:
            meanwhile: What happens before AppDaemon hears of Home Assistant again.
            apps_start: Whether AppDaemon starts the apps while Home Assistant is away; else they stay stopped.
            span: How long it is away.
        """
        await self.ha.go_away()
        await self._reached(lambda _name, entry: not entry.running)
        await self.settle()
        if apps_start:
            for name in self._entries:
                await self._running.app_management.start_app(name)
            await self._reached(lambda _name, entry: entry.running)
        await self.advance(**span)
        before = {name: self.instance(name) for name in self._entries}
        helpers = {one: entity["state"] for one, entity in self.ha.states.items() if one.startswith("input_boolean.")}
        self.ha.states.clear()
        self.ha.notices.clear()
        for entity_id, state in helpers.items():
            self.ha.preset(entity_id, state)
        meanwhile()
        await self.ha.come_up()
        await self.started(instead_of=before)

    # -- doing --------------------------------------------------------------------------------------------------------

    async def flip(self, control: str, state: str, *, user: str | None = "a person") -> None:
        """Flip a toggle (of a control, or by its entity id), as a person does in the browser."""
        await self.ha.change(TOGGLES.get(control, control), state, user=user)
        await self.settle()

    async def command(self, **data: Any) -> None:
        """Fire a command event."""
        await self.ha.fire("enphase_battery_command", **data)
        await self.settle()

    async def advance(self, **span: float) -> None:
        """Let time pass: timers fire and sleepers wake in order of time."""
        scheduler = self._running.sched
        target = self.clock.now + timedelta(**span)
        await self.settle()
        while (due := self._next_due(scheduler)) is not None and due <= target:
            self._set_time(max(self.clock.now, due))
            for wake, future, _task in list(self.clock.sleepers):
                if wake <= self.clock.now and not future.done():
                    future.set_result(None)
            await self._fire_timers(scheduler)
            await self.settle()
        self._set_time(target)
        await self.settle()

    async def wake_after(self, **span: float) -> None:
        """Let time jump, as when the machine slept: all timers that were missed fire in one burst."""
        self._set_time(self.clock.now + timedelta(**span))
        scheduler = self._running.sched
        while (due := self._next_due(scheduler)) is not None and due <= self.clock.now:
            await self._fire_timers(scheduler)
        await self.settle()

    async def until(self, local: datetime) -> None:
        """Let time pass until an aware instant."""
        await self.advance(seconds=(local - self.clock.now).total_seconds())

    async def _fire_timers(self, scheduler: Any) -> None:
        """Fire the timers that come next, if their time has come."""
        for entry in scheduler.get_next_entries():
            arguments = scheduler.schedule.get(entry["name"], {}).get(entry["uuid"])
            if arguments and entry["timestamp"] <= self.clock.now:
                await scheduler.exec_schedule(entry["name"], arguments, entry["uuid"])

    async def started(self, instead_of: Mapping[str, Any] | None = None) -> None:
        """Wait until AppDaemon has started every app, or a new instance of each."""
        before = instead_of or {}
        await self._reached(lambda name, entry: entry.running and entry.object is not before.get(name))
        await self.settle()

    async def _reached(self, condition: Callable[[str, Any], bool]) -> None:
        """Wait until AppDaemon's entry of every app fulfils a condition."""
        for _ in range(2000):
            entries = {name: self._running.app_management.objects.get(name) for name in self._entries}
            if all(entry is not None and condition(name, entry) for name, entry in entries.items()):
                return
            await asyncio.sleep(0.005)
        raise AssertionError("the app was not started or stopped in time")

    async def settle(self) -> None:
        """Let everything run that does not wait for time to pass."""
        quiet = 0
        for _ in range(20_000):
            await asyncio.sleep(0)
            quiet = 0 if self._busy() else quiet + 1
            if quiet >= 5:
                return
            if not quiet:
                await asyncio.sleep(0.0005)
        raise AssertionError(f"the app does not come to rest: {self._busy()}")

    # -- looking ------------------------------------------------------------------------------------------------------

    def state(self, entity_id: str) -> str | None:
        """Return an entity's state in Home Assistant."""
        entity = self.ha.states.get(entity_id)
        return entity["state"] if entity else None

    def attributes(self, entity_id: str) -> dict[str, str]:
        """Return an entity's attributes in Home Assistant."""
        return dict(self.ha.states[entity_id]["attributes"])

    def control(self, control: str) -> dict[str, str]:
        """Return state and attributes of a control's entity."""
        entity_id = f"binary_sensor.enphase_battery_{control}"
        return {"state": self.state(entity_id) or "", **self.attributes(entity_id)}

    def results(self, **match: Any) -> list[dict[str, Any]]:
        """Return the results fired so far, those that match only."""
        fired = (data for event, data in self.ha.events if event == "enphase_battery_result")
        return [data for data in fired if all(data.get(key) == value for key, value in match.items())]

    def _set_time(self, now: datetime) -> None:
        self.clock.now = self._running.sched.now = now

    def _next_due(self, scheduler: Any) -> datetime | None:
        wakes = [wake for wake, _future, _task in self.clock.sleepers]
        scheduled = scheduler.next_exec_time()
        return min((*wakes, *((scheduled,) if scheduled else ())), default=None)

    def _busy(self) -> list[str]:
        """Return what still runs and does not wait for time to pass."""
        sleeping = {task for _wake, _future, task in self.clock.sleepers}
        me = asyncio.current_task()
        waiting = self._blocked_by(sleeping)
        return [
            name
            for task in asyncio.all_tasks()
            if task is not me
            and task not in waiting
            and (name := getattr(task.get_coro(), "__qualname__", "").split(".")[-1]) in _BUSY
        ]

    def _blocked_by(self, sleeping: set[Any]) -> set[Any]:
        """Return the sleeping tasks and those that wait for one of them."""
        blocked = set(sleeping)
        while more := {
            task
            for task in asyncio.all_tasks()
            if task not in blocked and getattr(task, "_fut_waiter", None) in blocked
        }:
            blocked |= more
        return blocked


def state_of(entity_id: str, state: str, *, user: str | None = None, parent: str | None = None) -> dict[str, Any]:
    """Return a state as Home Assistant's API shows it."""
    context = {"id": "x", "parent_id": parent, "user_id": user}
    return {"entity_id": entity_id, "state": state, "attributes": {}, "context": context}


@asynccontextmanager
async def lab(
    folder: Path,
    *,
    start: datetime,
    app: Mapping[str, Any] | None = None,
    others: Mapping[str, Mapping[str, Any]] | None = None,
    switches: Mapping[str, Any] | None = None,
    toggles: Mapping[str, str] | None = None,
    zone: str = "Europe/London",
    before: Callable[[Lab], Awaitable[None]] | None = None,
) -> AsyncIterator[Lab]:
    """Run the app for the length of a block.

    Args:
        folder: Where AppDaemon's configuration and the app's store live.
        start: The instant at which it begins (aware).
        app: The app's configuration beside the account and the address of the cloud; `class: TirelessBattery` makes
            it one whose limits are lifted.
        others: More apps in the same apps.yaml, by name, likewise.
        switches: The simulator's switches.
        toggles: The helpers that exist, with their states; None: all three, off.
        zone: The site's time zone, and AppDaemon's.
        before: What happens in the cloud a while before AppDaemon starts.
    """
    clock = Clock(start - _EARLIER)
    cloud = Simulator(Switches(**{"timezone": zone, **(switches or {})}), clock=clock, seed=1)
    states = dict.fromkeys(TOGGLES.values(), "off") if toggles is None else toggles
    async with cloud.serve() as url:
        one = Lab(folder, cloud, url, clock, apps={APP: app or {}, **(others or {})}, zone=zone)
        if before is not None:
            await before(one)
        clock.now = start.astimezone(pytz.utc)
        cloud.clear_log()
        try:
            with patch("os.fsync", one.wait_for_disk):
                await one.start({entity_id: state_of(entity_id, state) for entity_id, state in states.items()})
                yield one
        finally:
            await one.stop()


def _appdaemon_configuration(folder: Path, zone: str) -> AppDaemonConfig:
    plugin = {"type": "fake", "plugin_module": "tests.lab.fake_home_assistant", "plugin_class": "FakeHomeAssistant"}
    return AppDaemonConfig.model_validate(
        {
            "latitude": 51.5,
            "longitude": -0.1,
            "elevation": 0,
            "time_zone": zone,
            "config_file": folder / "appdaemon.yaml",
            "app_dir": folder / "apps",
            "timewarp": 2,  # anything but 1 makes AppDaemon use the scheduler's clock, which the lab moves
            "production_mode": True,
            "utility_delay": 3600,
            "plugins": {"HASS": plugin},
        }
    )
