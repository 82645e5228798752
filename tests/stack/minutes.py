"""The real clock: the minutes that windows go by, and patience."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from demo.home_assistant import TIME_ZONE

MINUTE = timedelta(minutes=1)
PATIENCE_SECONDS = 30.0

T = TypeVar("T")

_POLL_SECONDS = 0.1

# The app needs this long to start, sign in, read the cloud and write what is to come, before a window begins.
_HEAD_START = timedelta(seconds=15)


def now() -> datetime:
    """Return the local time."""
    return datetime.now(ZoneInfo(TIME_ZONE))


def next_minute() -> datetime:
    """Return the next full minute that an app which is configured now can be ready for."""
    return (now() + _HEAD_START).replace(second=0, microsecond=0) + MINUTE


async def until(moment: datetime) -> None:
    """Let time pass."""
    await asyncio.sleep(max(0.0, (moment - now()).total_seconds()))


async def eventually(check: Callable[[], Awaitable[T]], seconds: float = PATIENCE_SECONDS) -> T:
    """Call `check` until it no longer raises an AssertionError; after `seconds` let that through."""
    end = time.monotonic() + seconds
    while True:
        try:
            return await check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(_POLL_SECONDS)
