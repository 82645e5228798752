"""Whether the cloud can be reached and takes what it is asked; if not, since when, why, and when to try again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from ..errors import BudgetExhausted, EnlightenError, RateLimited, SessionRejected, SignInError, Unreachable
from .backoff import FIRST, Backoff
from .complaints import Complaints

_CLOUD = "cloud"

SILENT = (BudgetExhausted, RateLimited, SessionRejected, SignInError)
"""Errors of a read after which a write would not be taken, or not be sent, either."""


class Contact:
    """The contact with one site's cloud.

    Args:
        clock: Returns the current instant (aware, UTC).
        when: Puts an instant into words for people, in the site's local time.
        backoff: Grows the time between tries.
        hurry: Returns the longest time between two tries while something is soon to be written; None while nothing is.
        logger: Where the begin and the end of trouble are told.

    Attributes:
        error: What the last pass ended with; None when it went well.
        error_since: Instant (aware, UTC) since when passes have failed.
        reason: Why wishes wait, in words; empty when they need not.
        retry_at: Instant (aware, UTC) of the next try; None when none is needed.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        when: Callable[[datetime], str],
        backoff: Backoff,
        hurry: Callable[[], timedelta | None],
        logger: logging.Logger,
    ) -> None:
        self._clock = clock
        self._when = when
        self._backoff = backoff
        self._hurry = hurry
        self._logger = logger
        self._complaints = Complaints(clock)
        self.error: EnlightenError | None = None
        self.error_since: datetime | None = None
        self.reason = ""
        self.retry_at: datetime | None = None

    def failed(self, error: EnlightenError) -> None:
        """Note that a pass could not be finished."""
        now = self._clock()
        if isinstance(error, BudgetExhausted):  # nothing was sent, and nothing is known of the cloud
            self.retry_at = max(now + FIRST, error.enough_at)
        else:
            wait = self._backoff.after_failure(_CLOUD)
            self.retry_at = max(now + min(wait, self._hurry() or wait), _earliest_retry(error, now))
        # Outages differ from request to request, and are one trouble.
        trouble = type(error).__name__ if isinstance(error, Unreachable) else str(error)
        if self._complaints.is_news(trouble):
            self._logger.warning("%s; trying again at %s", error, self._when(self.retry_at))
        error.at_rest()
        self.error, self.error_since = error, self.error_since or now
        self.reason = self._in_words(error, self.error_since)

    def succeeded(self) -> None:
        """Note that a pass went well."""
        self._backoff.succeeded(_CLOUD)
        if self.error is not None and self._complaints.is_mended():
            own = isinstance(self.error, BudgetExhausted)
            self._logger.info("There are requests left again" if own else "The cloud answers again")
        self.error = self.error_since = self.retry_at = None
        self.reason = ""

    def _in_words(self, error: EnlightenError, since: datetime) -> str:
        if isinstance(error, BudgetExhausted):
            return f"request budget, next at {self._when(error.enough_at)}"
        if isinstance(error, RateLimited):
            until = self._clock() + timedelta(seconds=error.retry_after)
            return f"the cloud asks to wait until {self._when(until)}"
        if isinstance(error, SignInError) and error.until is not None:
            return f"{error}; the next try is at {self._when(error.until)}"
        return f"cloud unreachable since {self._when(since)}" if isinstance(error, Unreachable) else str(error)


def _earliest_retry(error: EnlightenError, now: datetime) -> datetime:
    """Return the instant that the error itself names as the earliest for another try; ``now`` when it names none."""
    if isinstance(error, RateLimited):
        return now + timedelta(seconds=error.retry_after)
    return (isinstance(error, SignInError) and error.until) or now
