"""AppDaemon shell: timers, listeners, wiring. No rules, no HTTP.

AppDaemon terminates the app whenever Home Assistant goes away and later builds a new instance, so nothing that matters
lives only here: the cloud session, the wishes and the open commands are in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from random import random
from typing import Any

import pytz
from appdaemon.plugins.hass.hassapi import Hass

from .config import Configuration, ScheduleUse, parse_configuration
from .controller import Controller, Rules
from .enlighten.record import SessionRecord
from .enlighten.session import EnlightenSession
from .errors import CommandError, ConfigurationError
from .home.assistant import Assistant, settled
from .home.commands import command_envelope, parse_command
from .home.entities import problem_entity
from .home.snapshot import Problem, SignIn
from .house import HomeAssistantHouse
from .site import CloudSite
from .store import Store

COMMAND_EVENT = "enphase_battery_command"
HEARTBEAT = 60
"""Seconds between two looks at what should be true now; a missed, late or doubled timer never matters."""

SECRETS = ("email", "password")
EXPIRY_MARGIN = timedelta(hours=1)
"""How long before its end a token is refreshed (section 2.6 of `enlighten-battery-api.md`)."""

REFRESH_AGAIN = timedelta(minutes=15)
"""Shortest time between two refreshes because of an expiry."""


class EnphaseBattery(Hass):
    """The app. Its configuration is described in :mod:`.config`.

    Attributes:
        wait: Waits so many seconds; tests put one of their own here.
        dice: Returns a number from 0 to 1, for the jitter of retries.
    """

    wait: Callable[[float], Awaitable[None]] = staticmethod(asyncio.sleep)
    dice: Callable[[], float] = staticmethod(random)

    async def initialize(self) -> None:
        """Start. Never raises: AppDaemon would leave the timers of a half-started app alive."""
        self._closing = False
        self._session: EnlightenSession | None = None
        self._timers: list[Any] = []
        self._alarm: Any = None
        self._alarm_at: datetime | None = None
        self._refreshed_at: datetime | None = None
        await self._mask_secrets()
        try:
            configuration = parse_configuration(self.args)
        except ConfigurationError as error:
            await self._refuse(error)
            return
        try:
            self._build(configuration)
            await self._listen(configuration)
        except Exception:
            self.logger.exception("The app could not start; please report this")

    async def terminate(self) -> None:
        """Stop: no callback acts any more, then the cloud session is closed. Makes no request."""
        self._closing = True
        for handle in (*self._timers, self._alarm):
            if handle is not None:
                await settled(self.cancel_timer(handle, silent=True))
        if self._session is not None:
            await self._session.close()

    # -- building -----------------------------------------------------------------------------------------------------

    def _build(self, configuration: Configuration) -> None:
        """Build the parts and connect them."""
        store = Store(self.config_dir / "enphase_battery" / f"{self.name}.json", self.logger)
        self._session = EnlightenSession(
            base_url=configuration.base_url,
            email=configuration.email.get_secret_value(),
            password=configuration.password.get_secret_value(),
            record=store.read("session", SessionRecord.from_json),
            save=lambda record: store.write("session", record.to_json()),
            clock=self._clock,
            logger=self.logger,
            requests_per_hour=configuration.requests_per_hour,
        )
        self._site = CloudSite(
            self._session,
            site_id=configuration.site_id,
            user_id=configuration.user_id,
            use_schedules=configuration.use_schedules is ScheduleUse.AUTO,
            accept_disclaimer=configuration.accept_itc_disclaimer,
            store=store,
            clock=self._clock,
            logger=self.logger,
        )
        self._publish_token = configuration.publish_token
        self._house = HomeAssistantHouse(
            Assistant(self, self.logger),
            name=self.name,
            configuration=configuration,
            store=store,
            sign_in=self._sign_in,
            spawn=self._spawn,
            clock=self._clock,
            logger=self.logger,
        )
        self._controller = Controller(
            Rules(
                controls=configuration.controls,
                windows=configuration.windows,
                zone=pytz.timezone(configuration.time_zone) if configuration.time_zone else None,
                settle=configuration.settle,
                consistency=configuration.consistency,
                dry_run=configuration.dry_run,
            ),
            cloud=self._site,
            house=self._house,
            store=store,
            clock=self._clock,
            sleep=self.wait,
            random=self.dice,
            logger=self.logger,
        )
        self._house.attach(self._controller)

    async def _listen(self, configuration: Configuration) -> None:
        """Register listeners, then timers, and begin."""
        toggles = [configuration.toggles.of(control) for control in configuration.controls]
        await settled(self.listen_state(self._on_toggle, toggles))
        listen_event: Any = self.listen_event  # typed for plain functions, although AppDaemon takes coroutines too
        await settled(listen_event(self._on_command, COMMAND_EVENT))
        self._spawn(self._begin())
        start = self._refresh_start(configuration.token_refresh)
        self._timers = [
            await settled(self.run_every(self._on_heartbeat, "now", HEARTBEAT)),
            await settled(self.run_every(self._on_poll, "now", configuration.poll)),
            await settled(self.run_every(self._on_refresh, start, configuration.token_refresh)),
        ]

    def _refresh_start(self, interval: timedelta) -> datetime | str:
        """Return the start of the refresh timer: the last refresh plus the interval, whatever restarts came between.

        Without a token the first poll signs in, which brings one.
        """
        now = self._clock()
        last = self._session.refreshed_at if self._session else None
        if last is None:
            return now + interval
        return last + interval if last + interval > now else "immediate"

    # -- callbacks ----------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Compare the toggles with what was seen last, read the cloud, do what is to be done."""
        await self._house.compare_toggles()
        await self._controller.poll()
        if self._controller.windows and not self._closing:
            self.logger.info("Nothing in the cloud ends a window when this app is dead (fail_safe: no)")
        await self._arm()

    async def _on_toggle(
        self,
        entity: str,
        attribute: str,  # noqa: ARG002  # AppDaemon's signature
        old: Any,
        new: Any,
        **_kwargs: Any,
    ) -> None:
        """Take a change of a toggle."""
        if not self._closing:
            await self._house.toggled(entity, old, new)
            await self._arm()

    async def _on_command(self, _event: str, data: Mapping[str, Any], **_kwargs: Any) -> None:
        """Take an event; one for another app is none of this app's business."""
        envelope = command_envelope(data)
        if self._closing or envelope.app not in (None, self.name):
            return
        try:
            command = parse_command(data)
        except CommandError as error:
            self._controller.reject(envelope, error)
            await self._controller.work()
        else:
            await self._controller.command(command, envelope)
        await self._arm()

    async def _on_heartbeat(self, **_kwargs: Any) -> None:
        """Do what should be true now, and see to a token that is about to expire."""
        if self._closing:
            return
        await self._house.compare_toggles()
        if self._is_token_about_to_expire():
            await self._refresh()
        await self._controller.work()
        await self._arm()

    async def _on_poll(self, **_kwargs: Any) -> None:
        if not self._closing:
            await self._controller.poll()
            await self._arm()

    async def _on_refresh(self, **_kwargs: Any) -> None:
        if not self._closing:
            await self._refresh()

    async def _on_alarm(self, **_kwargs: Any) -> None:
        """Do what is to be done at a boundary."""
        self._alarm = self._alarm_at = None
        if not self._closing:
            await self._controller.work()
            await self._arm()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _arm(self) -> None:
        """Set the one-shot timer to the next instant at which something is to be done."""
        instant = self._controller.next_wake()
        if self._closing or instant == self._alarm_at:
            return
        old, self._alarm, self._alarm_at = self._alarm, None, instant
        if old is not None:
            await settled(self.cancel_timer(old, silent=True))
        if instant is not None:
            # run_at() moves an instant that is past by days.
            earliest = self._clock() + timedelta(seconds=1)
            self._alarm = await settled(self.run_at(self._on_alarm, max(instant, earliest)))

    async def _refresh(self) -> None:
        self._refreshed_at = self._clock()
        await self._controller.refresh()

    def _is_token_about_to_expire(self) -> bool:
        """Return whether the token ends within the hour, unless a refresh was just tried."""
        token = self._session.token if self._session else None
        if token is None or token.expires_at is None:
            return False
        now = self._clock()
        tried_lately = self._refreshed_at is not None and now - self._refreshed_at < REFRESH_AGAIN
        return now >= token.expires_at - EXPIRY_MARGIN and not tried_lately

    def _clock(self) -> datetime:
        """Return the current instant by AppDaemon's clock (aware, UTC)."""
        now: datetime = self.AD.sched.get_now_sync()  # type: ignore[no-untyped-call]  # AppDaemon does not type it
        return now

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run a coroutine as a task that AppDaemon cancels when the app ends."""
        self.create_task(coroutine)

    def _sign_in(self) -> SignIn:
        """Return the state of the sign-in, with the token only where the user asked for it."""
        session, identity = self._session, self._site.identity
        if session is None:
            return SignIn("UNREACHABLE")
        token = session.token
        return SignIn(
            status=session.token_status.value,
            refreshed_at=session.refreshed_at,
            expires_at=token.expires_at if token else None,
            site_id=identity.site_id if identity else None,
            user_id=identity.user_id if identity else None,
            token=token.value if token and self._publish_token else None,
        )

    async def _mask_secrets(self) -> None:
        """Mask the secrets where AppDaemon serves an app's arguments to whoever asks: its admin API."""
        masked = {key: "***" if key in SECRETS else value for key, value in self.args.items()}
        await settled(self.set_state(f"app.{self.name}", namespace="admin", args=masked))

    async def _refuse(self, error: ConfigurationError) -> None:
        """Say what is wrong with the configuration, and do nothing else."""
        for fault in error.faults:
            self.logger.error("apps.yaml, app %s: %s", self.name, fault)
        given = self.args.get("entity_prefix")
        prefix = given if isinstance(given, str) else "enphase_battery"
        problems = [Problem(f"configuration: {fault}", self._clock(), error.hint) for fault in error.faults]
        await Assistant(self, self.logger).publish(problem_entity(problems, prefix, pytz.utc))
