"""AppDaemon shell: timers, listeners, wiring. No rules, no HTTP.

AppDaemon terminates the app whenever Home Assistant goes away and later builds a new instance, so nothing that matters
lives only here: the cloud session, the wishes and the open commands are in the store.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import random
from typing import Any, ClassVar

import pytz
from appdaemon.plugins.hass.hassapi import Hass

from .config.configuration import Configuration, entity_prefix, parse_configuration
from .config.limits import PRODUCTION, Limits
from .config.neighbours import clashes
from .control.controls import Control
from .control.problem import Problem
from .control.reason import Kind, Reason, because
from .diagnostics.report import Findings, as_report
from .engine.commands import CommandEnvelope, DiagnoseCommand
from .engine.coordinator import Coordinator, Rules
from .enlighten.keep_alive import KeepAlive
from .enlighten.session import EnlightenSession
from .errors import CommandError, ConfigurationError
from .home.assistant import Assistant, settled
from .home.command_parser import command_envelope, parse_command
from .home.entities import problem_entity
from .home.internals import Internals
from .home.notices import Concern, Notices
from .home.own_entry import OwnEntry
from .home.publisher import Publisher
from .home.timers import Timers
from .home.toggle_watch import ToggleWatch
from .site.connection import connect, take_up
from .site.site_store import has_moved
from .store.file_names import claim_file
from .store.store import Store
from .words.reasons import utc

COMMAND_EVENT = "enphase_battery_command"
HEARTBEAT = timedelta(seconds=60)
"""Between two looks at what should be true now; a missed, late or doubled timer never matters."""

HARMLESS = {
    *("name", "module", "class"),
    *(field.alias or name for name, field in Configuration.model_fields.items()),
} - {"email", "password", "base_url"}
"""Arguments that anybody may see. Any other may hold a secret: a misspelt key, or an address with a user in it."""


class EnphaseBattery(Hass):
    """The app. Its configuration is described in :mod:`.config`.

    Attributes:
        wait: Waits so many seconds; tests put one of their own here.
        dice: Returns a number from 0 to 1, for the jitter of retries.
        disk: Waits for the disk in the event loop's stead; one for all apps, so that no older instance of one has the
            last word.
        limits: What it allows, to its configuration and to itself; nothing in apps.yaml lifts any of it.
    """

    wait: Callable[[float], Awaitable[None]] = staticmethod(asyncio.sleep)
    dice: Callable[[], float] = staticmethod(random)
    disk: ClassVar[Executor] = ThreadPoolExecutor(1, "enphase_battery_disk")
    limits: ClassVar[Limits] = PRODUCTION

    _instances: ClassVar[dict[str, EnphaseBattery]] = {}
    """The running instance of each app of this class, by the app's name."""

    async def initialize(self) -> None:
        """Start. Never raises: AppDaemon would leave the timers of a half-started app alive."""
        self._closing = False
        self._session: EnlightenSession | None = None
        self._store: Store | None = None
        self._is_built = False
        self._queue = asyncio.Lock()
        self._internals = Internals(self)
        self._timers = Timers(self, self._clock)
        self._entry = OwnEntry(self._internals, self.args)
        try:
            self._mask_secrets()
            await self._take_over()
            file = claim_file(self.config_dir / "enphase_battery", self.name)
            self._store = Store(file, self.logger, self.disk, told=self._store_told)
            configuration = parse_configuration(self.args, self.limits)
            self._compare_names(configuration)
            self._build(configuration, self._store)
            await self._listen(configuration)
        except ConfigurationError as error:
            for fault in error.faults:
                self.logger.error("apps.yaml, app %s: %s", self.name, fault)  # noqa: TRY400  # a trace would not help
            await self._give_up(*(because(Kind.CONFIGURATION, detail=fault) for fault in error.faults))
            await self._timers.repeat(self._on_heartbeat, HEARTBEAT)
        except Exception:
            self.logger.exception("The app could not start; please report this")
            await self._give_up(because(Kind.APP_FAILED))

    async def terminate(self) -> None:
        """Stop: no callback acts any more, then the cloud session is closed. Makes no request."""
        self._closing = True
        if self._instances.get(self.name) is self:
            del self._instances[self.name]
        await self._timers.close()
        if self._session is not None:
            await self._session.close()
        if self._store is not None:
            await self._store.kept()

    async def _take_over(self) -> None:
        """End an older instance: after a change of code while Home Assistant is away AppDaemon leaves one running."""
        older, self._instances[self.name] = self._instances.get(self.name), self
        if older is not None and self._internals.is_same_appdaemon(older):
            try:
                await older.terminate()
            except Exception:
                self.logger.exception("An older instance of the app could not be ended; restart AppDaemon")

    def _neighbours(self) -> list[EnphaseBattery]:
        """Return the other apps of this kind that are at work in this AppDaemon."""
        others = [one for one in self._instances.values() if one is not self and self._internals.is_same_appdaemon(one)]
        return [one for one in others if one._is_built and not one._closing]  # noqa: SLF001  # of its own kind

    def _compare_names(self, configuration: Configuration) -> None:
        """Raise ConfigurationError where names are those of another app, too."""
        others = {one.name: one._configuration for one in self._neighbours()}  # noqa: SLF001  # of its own kind
        faults = tuple(fault for name, other in others.items() for fault in clashes(configuration, name, other))
        if faults:
            raise ConfigurationError(faults)

    # -- building -----------------------------------------------------------------------------------------------------

    def _build(self, configuration: Configuration, store: Store) -> None:
        """Build the parts and connect them."""
        clock, logger = self._clock, self.logger
        record = take_up(configuration, store, clock=clock, logger=logger)
        self._session, site = connect(configuration, store, record, clock=clock, logger=logger, limits=self.limits)
        self._configuration = configuration
        self._assistant = Assistant(self, self._internals, self.logger)
        self._watch = ToggleWatch(self._assistant, configuration, store, clock=self._clock, logger=self.logger)
        self._coordinator = Coordinator(
            Rules.of(configuration, self.limits),
            cloud=site,
            home=Publisher(
                self._assistant,
                self._watch,
                name=self.name,
                configuration=configuration,
                store=store,
                spawn=self._spawn,
                clock=self._clock,
                logger=self.logger,
            ),
            store=store,
            clock=self._clock,
            sleep=self.wait,
            random=self.dice,
            logger=self.logger,
        )
        self._care = KeepAlive(self._session, clock=self._clock, logger=self.logger)
        self._is_built = True

    async def _listen(self, configuration: Configuration) -> None:
        """Register listeners, then timers, and begin."""
        for doubt in configuration.doubts:
            self.logger.warning("apps.yaml, app %s: %s", self.name, doubt)
        toggles = [configuration.toggles.of(control) for control in configuration.controls]
        # All of it: the context tells who made a change.
        await settled(self.listen_state(self._on_toggle, toggles, attribute="all"))
        listen_event: Any = self.listen_event  # typed for plain functions, although AppDaemon takes coroutines too
        await settled(listen_event(self._on_command, COMMAND_EVENT))
        refresh = configuration.token_refresh
        await self._timers.repeat(self._on_heartbeat, HEARTBEAT)
        await self._timers.repeat(self._on_poll, configuration.poll)
        await self._timers.repeat_from(self._on_refresh, refresh, self._care.next_turn(refresh))
        self._start(self._begin)

    # -- callbacks ----------------------------------------------------------------------------------------------------

    async def _on_toggle(
        self,
        entity: str,
        attribute: str,  # noqa: ARG002  # AppDaemon's signature
        old: Any,
        new: Any,
        **_kwargs: Any,
    ) -> None:
        """Take a change of a toggle."""
        self._start(partial(self._toggled, entity, old, new))

    async def _on_command(self, _event: str, data: Mapping[str, Any], **_kwargs: Any) -> None:
        """Take an event; one for another app is none of this app's business."""
        envelope = command_envelope(data)
        if envelope.app in (None, self.name):
            self._start(partial(self._obey, data, envelope))

    async def _on_heartbeat(self, **_kwargs: Any) -> None:
        """Do what should be true now; restart if the entry in apps.yaml, or the site, has become another one."""
        if await self._entry.take_over():
            await self._restart("apps.yaml says something else by now")
        elif self._store is not None and has_moved(self._store):
            await self._restart("the account leads to another site by now")
        else:
            self._start(self._beat)

    async def _restart(self, why: str) -> None:
        """Have AppDaemon restart the app."""
        self.logger.info("The app restarts: %s", why)
        restart_app: Any = self.restart_app  # typed for threads
        await settled(restart_app(self.name))

    async def _on_poll(self, **_kwargs: Any) -> None:
        """Read everything."""
        self._start(self._coordinator.poll)

    async def _on_refresh(self, **_kwargs: Any) -> None:
        """Refresh the token."""
        self._start(self._refresh)

    async def _on_alarm(self, **_kwargs: Any) -> None:
        """Do what is to be done at a boundary."""
        self._start(self._coordinator.work)

    # -- work ---------------------------------------------------------------------------------------------------------

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do work in a task of its own: the cloud may take longer than AppDaemon lets a callback take."""
        if not self._closing:
            self._spawn(self._carry_out(work))

    async def _carry_out(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do work, then set the timer for what comes next. A bug in it must not keep the next work from being done."""
        try:
            await work()
            await self._timers.wake_at(self._on_alarm, self._coordinator.next_wake())
        except Exception:
            self.logger.exception("Something unexpected went wrong; please report this")

    async def _begin(self) -> None:
        """Compare the toggles with what was seen last, read the cloud, do what is to be done."""
        await self._compare_toggles()
        await self._coordinator.poll()
        state = self._coordinator.snapshot().state
        switched = [one for one in self._configuration.controls if state.has_schedules.get(one) is False]
        if switched:
            names = ", ".join(control.title for control in switched)
            self.logger.info("%s: nothing in the cloud ends what is on when this app is dead (fail_safe: no)", names)

    async def _obey(self, data: Mapping[str, Any], envelope: CommandEnvelope) -> None:
        """Carry a command out, or answer what is wrong with it."""
        async with self._queue:
            await asyncio.sleep(0)  # of a thousand at once each has its turn, and so has everything else in AppDaemon
        try:
            command = parse_command(data)
        except CommandError as error:
            await self._coordinator.reject(envelope, error)
            return
        if isinstance(command, DiagnoseCommand):
            await self._coordinator.report(envelope, self._diagnosis())
        else:
            await self._coordinator.command(command, envelope)

    async def _beat(self) -> None:
        """Do what should be true now, and see to a token that is about to expire and to a session that falls asleep."""
        await self._compare_toggles()
        if self._care.is_due():
            await self._refresh()
        await self._coordinator.work()

    async def _compare_toggles(self) -> None:
        """Take the flips that no event has told of."""
        flips = await self._watch.compare()
        await self._take(flips)

    async def _toggled(self, entity: str, old: Any, new: Any) -> None:
        """Take the flip that a change of a toggle is, if it is one."""
        await self._take(self._watch.changed(entity, old, new))

    async def _take(self, flips: Mapping[Control, bool]) -> None:
        if flips:
            await self._coordinator.flip(flips)
        else:
            self._coordinator.show()

    async def _refresh(self) -> None:
        """Refresh the token, and show how the sign-in is then."""
        await self._care.refresh()
        self._coordinator.show()

    def _diagnosis(self) -> Mapping[str, object]:
        """Return the redacted report of `diagnose`, and put it into the log."""
        snapshot = self._coordinator.snapshot()
        problems = (*snapshot.problems, *self._watch.problems())
        findings = Findings(
            app=self.name,
            configuration=self._configuration,
            snapshot=replace(snapshot, problems=problems),
            appdaemon=self._assistant.scan_remark(),
        )
        report = as_report(findings)
        self.logger.info("Diagnosis:\n%s", report["text"])
        return report

    # -- inside -------------------------------------------------------------------------------------------------------

    def _clock(self) -> datetime:
        """Return the current instant by AppDaemon's clock (aware, UTC)."""
        return self._internals.now()

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run a coroutine as a task that AppDaemon cancels when the app ends."""
        self.create_task(coroutine)

    def _store_told(self) -> None:
        """Show that trouble with the store begins or ends."""
        if self._is_built and not self._closing:
            self._coordinator.show()

    def _mask_secrets(self) -> None:
        """Mask the secrets where AppDaemon serves an app's arguments to whoever asks: its admin API."""
        shown = {key: one if key in HARMLESS else "***" for key, one in self.args.items()}
        if not self._internals.mask_arguments(shown):
            self.logger.warning("AppDaemon's admin API may show the password of %s: set a password for it", self.name)

    async def _give_up(self, *reasons: Reason) -> None:
        """Show why the app does not work, and let no callback act that is registered already."""
        self._closing = True
        prefix = entity_prefix(self.args)
        if any(one._configuration.entity_prefix == prefix for one in self._neighbours()):  # noqa: SLF001  # as above
            prefix += re.sub("[^a-z0-9]+", "_", f"_{self.name.lower()}")
        problems = tuple(Problem(reason, self._clock()) for reason in reasons)
        assistant = Assistant(self, self._internals, self.logger)
        await assistant.publish(problem_entity(problems, prefix, pytz.utc, utc))
        concern = Concern(problems, assistant.zone, at_once=True)
        self._leave_notice = partial(Notices(assistant, prefix, self._store, self._clock).show, concern)
        await self._complain()

    async def _complain(self, **_kwargs: Any) -> None:
        """Leave a notice of why the app does not work; again later while Home Assistant is not ready to take one."""
        if not await self._leave_notice():
            await self._timers.wake_at(self._complain, self._clock() + HEARTBEAT)
