"""Lets requests pass together, and token refresh and login alone.

A refresh rotates the session cookie, and the old one may die at once (2.6): a request that is under way with it would
come back as signed out. So those under way end first, and later ones wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SharedLock:
    """A readers-writer lock in which a waiting writer stops new readers. Not re-entrant."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._inside = 0

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Together with others, never beside :meth:`alone`."""
        while not self._open.is_set():  # another writer may have come between the wake-up and now
            await self._open.wait()
        self._inside += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._idle.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """After all that is inside has left, beside nothing else."""
        async with self._turn:
            self._open.clear()
            try:
                await self._idle.wait()
                yield
            finally:
                self._open.set()
