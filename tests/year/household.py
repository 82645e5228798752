"""A home that lives through a year: the app with the timers that it sets, its restarts, and what became of it all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from enphase_battery.engine.coordinator import Coordinator, Rules
from enphase_battery.engine.results import Result
from enphase_battery.engine.snapshot import Snapshot
from enphase_battery.enlighten.keep_alive import KeepAlive
from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.wire import Wire
from enphase_battery.site.cloud_site import CloudSite
from enphase_battery.store.store import Store
from enphase_battery.words.reasons import When
from simulator import EMAIL, PASSWORD
from tests.unit.fake_cloud import Clock
from tests.year.line import Line, PowerCut
from tests.year.luck import Luck

LOGGER = logging.getLogger("tests.year")
SECOND = timedelta(seconds=1)
REFRESH = timedelta(hours=12)
BUDGET = 120
"""Requests an hour."""

BUSIEST_DAY = 500
"""More wake-ups of the app a day than this are not a home, but a bug."""


class Household:
    """One home.

    Args:
        rules: The app's configuration.
        poll: How often the app polls.
        store: Opens the app's store; each start of the app opens it anew.
        clock: The time of home, cloud and gateway.
        base_url: Where the cloud is.
        wire: Makes a wire to the cloud; each start of the app gets its own.
        luck: What goes wrong.

    Attributes:
        away: When the app did not run, by time.
    """

    def __init__(
        self,
        rules: Rules,
        poll: timedelta,
        *,
        store: Callable[[], Store],
        clock: Clock,
        base_url: str,
        wire: Callable[[], Wire],
        luck: Luck,
    ) -> None:
        self._rules = rules
        self._poll = poll
        self._store = store
        self._clock = clock
        self._base_url = base_url
        self._wire = wire
        self._outages = luck.outages
        self._restarts = list(reversed(luck.restarts))
        self._random = Random(1)  # noqa: S311  # jitter that is the same in each run, no secret
        self._born, self._wakes = clock.now, 0
        self.away: list[tuple[datetime, datetime]] = []

    async def live(self, until: datetime) -> None:
        """Live up to a moment: the app is started, ended by the restarts, and at the end in good order."""
        while self._clock.now < until:
            await self._start()
            down = timedelta(0)
            try:
                down = await self._run(until)
            except PowerCut:
                down = self._restarts.pop().down
            finally:
                await self._session.close()
            self.away.append((self._clock.now, self._clock.now + down))
            self._clock.now += down

    async def _run(self, until: datetime) -> timedelta:
        """Let the timers fire until the app is ended in good order; return for how long."""
        coordinator, clock = self._coordinator, self._clock
        await coordinator.poll()
        started = clock.now
        poll, refresh = started + self._poll, (self._session.refreshed_at or started) + REFRESH
        while True:
            wake = coordinator.next_wake()
            alarm = max(wake, clock.now + SECOND) if wake else until
            restart = self._restarts[-1] if self._restarts else None
            armed = self._line.cut_after is not None
            end = restart.at if restart is not None and not armed else until
            clock.now = max(clock.now, min(alarm, poll, refresh, end, until))
            if clock.now >= until:
                return timedelta(0)
            self._wakes += 1
            assert self._wakes < BUSIEST_DAY * (1 + (clock.now - self._born) / timedelta(days=1)), "never at rest"
            if restart is not None and not armed and clock.now >= restart.at:
                if restart.requests is None:
                    return self._restarts.pop().down
                self._line.cut_after = restart.requests
            elif clock.now >= refresh:
                refresh = clock.now + REFRESH
                await self._care.refresh()
            elif clock.now >= poll:
                poll += self._poll
                await coordinator.poll()
            else:
                await coordinator.work()

    async def _start(self) -> None:
        """Start the app: nothing is known but what is in the store."""
        clock, store = self._clock, self._store()
        self._line = Line(self._wire(), clock, self._outages)
        self._session = EnlightenSession(
            base_url=self._base_url,
            email=EMAIL,
            password=PASSWORD,
            record=store.read("session", SessionRecord.from_json),
            save=lambda record: store.write("session", record.to_json()),
            clock=clock,
            logger=LOGGER,
            requests_per_hour=BUDGET,
            wire=self._line,
        )
        site = CloudSite(
            self._session,
            site_id=None,
            user_id=None,
            use_schedules=True,
            accept_disclaimer=True,
            store=store,
            clock=clock,
            logger=LOGGER,
        )
        self._coordinator = Coordinator(
            self._rules,
            cloud=site,
            home=_QuietHome(),
            store=store,
            clock=clock,
            sleep=clock.sleep,
            random=self._random.random,
            logger=LOGGER,
        )
        self._care = KeepAlive(self._session, clock=clock, logger=LOGGER)


class _QuietHome:
    """A Home Assistant that nobody looks at."""

    def show(self, snapshot: Callable[[], Snapshot], *, again: bool = False) -> None:
        pass

    async def fire(self, result: Result, when: When) -> bool:
        return True
