"""Keeps the sign-in alive: the token is renewed in time, and so is a session that only a person could bring back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from ..errors import EnlightenError
from .session import EnlightenSession
from .tokens import Token

EXPIRY_MARGIN = timedelta(hours=1)
"""How long before its end a token is refreshed (section 2.6)."""

KEEP_ALIVE = timedelta(minutes=15)
"""How long a session may be idle that could be had back only with a code (2.4): sessions die sooner than tokens."""

REFRESH_AGAIN = timedelta(minutes=15)
"""Shortest time between two refreshes out of turn."""


class KeepAlive:
    """Takes care of one session.

    Args:
        session: The session.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told, once, that the token cannot be refreshed, and that it can again.
    """

    def __init__(
        self,
        session: EnlightenSession,
        *,
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._session = session
        self._clock = clock
        self._logger = logger
        self._tried_at: datetime | None = None
        self._error: EnlightenError | None = None
        self._busy = False
        self._last_one: Token | None = None  # a token after which this cloud gives out none any more

    def next_turn(self, interval: timedelta) -> datetime:
        """Return when the token is to be refreshed: the last time plus the interval, whatever restarts came between.

        Without a token the first poll signs in, which brings one.
        """
        last = self._session.refreshed_at
        return (self._clock() if last is None else last) + interval

    def is_due(self) -> bool:
        """Return whether to refresh out of turn, unless that was just tried."""
        now, token = self._clock(), self._session.token
        if self._tried_at is not None and now - self._tried_at < REFRESH_AGAIN:
            return False
        is_near = token is not None and now >= token.expires_at - EXPIRY_MARGIN and token != self._last_one
        return is_near or self._session.is_at_stake(KEEP_ALIVE)

    async def refresh(self) -> None:
        """Refresh the token; a failure is told by the token sensor and by the next poll.

        Calls that come meanwhile do nothing: after a suspend AppDaemon makes up for all that it missed, at once.
        """
        if self._busy:
            return
        self._busy, self._tried_at = True, self._clock()
        try:
            await self._refresh()
        finally:
            self._busy = False

    async def _refresh(self) -> None:
        before, self._error = self._error, None
        token = self._session.token
        try:
            await self._session.refresh()
        except EnlightenError as error:
            error.at_rest()
            self._error = error
            if type(error) is not type(before):
                self._logger.warning("The token could not be refreshed: %s", error)
        else:
            self._last_one = token if self._session.token == token else None
            if before is not None:
                self._logger.info("The token was refreshed again")
