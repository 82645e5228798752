"""Time that moves only when the lab says so, for AppDaemon, the app and the cloud alike."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytz


class Clock:
    """The lab's clock.

    Attributes:
        now: The current instant (aware, UTC).
        sleepers: Who waits until when, with the task that waits.
        current: The clock of the running lab: AppDaemon builds the app, so nothing can be handed to it.
    """

    current: ClassVar[Clock]

    def __init__(self, start: datetime) -> None:
        self.now = start.astimezone(pytz.utc)
        self.sleepers: list[tuple[datetime, asyncio.Future[None], Any]] = []

    def __call__(self) -> datetime:
        return self.now

    async def wait(self, seconds: float) -> None:
        """Wait by this clock; zero seconds only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = (self.now + timedelta(seconds=seconds), future, asyncio.current_task())
        self.sleepers.append(sleeper)
        try:
            await future
        finally:
            self.sleepers.remove(sleeper)
