"""AppDaemon's timers, set so that they are right about a clock change, too.

Of all that AppDaemon 4.5 takes for a time, only a delay and `immediate` are reckoned in real time. Anything else goes
through the local clock and loses there in which pass of a doubled hour it is: it comes an hour early, late or at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from .assistant import settled

if TYPE_CHECKING:
    from appdaemon.plugins.hass.hassapi import Hass

Callback = Callable[..., Awaitable[None]]
"""What AppDaemon calls, with keywords only."""

_AT_ONCE = timedelta(seconds=1)


class Timers:
    """The timers of one app: repeated ones, and one alarm.

    Args:
        app: The AppDaemon app.
        clock: Returns the current instant (aware, UTC).
    """

    def __init__(self, app: Hass, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock
        self._handles: list[Any] = []
        self._alarm: Any = None
        self._alarm_at: datetime | None = None
        self._arming = asyncio.Lock()
        self._closed = False

    async def repeat(self, callback: Callback, interval: timedelta) -> None:
        """Call back once each interval, for the first time one interval from now."""
        due = self._clock() + interval / 2

        @wraps(callback)
        async def turn(**kwargs: Any) -> None:
            if self._clock() >= due:  # or it is the turn that comes at once
                await callback(**kwargs)

        await self._begin(turn, interval)

    async def repeat_from(self, callback: Callback, interval: timedelta, first: datetime) -> None:
        """Call back once each interval, for the first time at an instant (aware), which is soon where that is past."""

        async def begin(**_kwargs: Any) -> None:
            await self._begin(callback, interval)

        self._handles.append(await self._once(begin, first - self._clock()))

    async def wake_at(self, callback: Callback, instant: datetime | None) -> None:
        """Set the alarm in place of the one before, soon where its instant (aware) is past. None: there is none."""
        async with self._arming:  # callbacks overlap
            if self._closed or instant == self._alarm_at:
                return
            if self._alarm is not None:
                await self._cancel(self._alarm)
            self._alarm, self._alarm_at = None, instant
            if instant is not None:
                self._alarm = await self._once(callback, instant - self._clock())

    async def close(self) -> None:
        """Cancel all; none is set any more."""
        self._closed = True
        for handle in (*self._handles, self._alarm):
            if handle is not None:
                await self._cancel(handle)

    async def _begin(self, callback: Callback, interval: timedelta) -> None:
        if self._closed:
            return
        try:
            handle = await settled(self._app.run_every(callback, "immediate", interval))
        except ValueError:  # AppDaemon 4.5.0 does not know the word
            handle = await settled(self._app.run_every(callback, "now", interval))
        self._handles.append(handle)

    async def _once(self, callback: Callback, delay: timedelta) -> Any:
        return await settled(self._app.run_in(callback, max(delay, _AT_ONCE).total_seconds()))

    async def _cancel(self, handle: Any) -> None:
        await settled(self._app.cancel_timer(handle, silent=True))
