"""Whether the cloud can be reached and takes what it is asked; if not, since when, why, and when to try again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.reason import Kind, Reason, because
from ..errors import (
    BudgetExhausted,
    EnlightenError,
    NothingToControl,
    RateLimited,
    SessionRejected,
    SignInError,
    Unreachable,
)
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
        logger: Where the begin and the end of trouble are told.

    Attributes:
        hurry: The longest time between two tries while something is soon to be written; None while nothing is.
        error: What the last pass ended with; None when it went well.
        error_since: Instant (aware, UTC) since when passes have failed.
        reason: Why wishes wait; None when they need not.
        retry_at: Instant (aware, UTC) of the next try; None when none is needed.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        when: Callable[[datetime], str],
        backoff: Backoff,
        logger: logging.Logger,
    ) -> None:
        self._clock = clock
        self._when = when
        self._backoff = backoff
        self._logger = logger
        self._complaints = Complaints(clock)
        self.hurry: timedelta | None = None
        self.error: EnlightenError | None = None
        self.error_since: datetime | None = None
        self.reason: Reason | None = None
        self.retry_at: datetime | None = None

    def failed(self, error: EnlightenError) -> None:
        """Note that a pass could not be finished."""
        now = self._clock()
        if isinstance(error, BudgetExhausted):  # nothing was sent, and nothing is known of the cloud
            self.retry_at = max(now + FIRST, error.enough_at)
        else:
            wait = self._backoff.after_failure(_CLOUD)
            self.retry_at = max(now + min(wait, self.hurry or wait), _earliest_retry(error, now))
        # Outages differ from request to request, and are one trouble.
        trouble = error.reason.kind if isinstance(error, Unreachable) else error.reason
        if self._complaints.is_news(trouble):
            self._logger.warning("%s; trying again at %s", error, self._when(self.retry_at))
        error.at_rest()
        self.error, self.error_since = error, self.error_since or now
        self.reason = self._why(error, self.error_since)

    def succeeded(self) -> None:
        """Note that a pass went well."""
        self._backoff.succeeded(_CLOUD)
        if self.error is not None and self._complaints.is_mended():
            own = isinstance(self.error, BudgetExhausted)
            self._logger.info("There are requests left again" if own else "The cloud answers again")
        self.error = self.error_since = self.retry_at = self.reason = None

    def _why(self, error: EnlightenError, since: datetime) -> Reason:
        if isinstance(error, BudgetExhausted):
            return because(Kind.REQUEST_BUDGET, at=_minute(error.enough_at))
        if isinstance(error, RateLimited):
            return because(Kind.RATE_LIMITED, at=_minute(self._clock() + timedelta(seconds=error.retry_after)))
        if isinstance(error, SignInError):
            return replace(error.reason, until=error.until)
        if isinstance(error, Unreachable):
            is_unsafe = error.reason.kind is Kind.CONNECTION_UNSAFE
            return because(Kind.CLOUD_UNREACHABLE, since=since, unsafe=is_unsafe or None)
        return error.reason


def _minute(instant: datetime) -> datetime:
    """Return the minute of an instant: the same reason in other seconds is no other one."""
    return instant.replace(second=0, microsecond=0)


def _earliest_retry(error: EnlightenError, now: datetime) -> datetime:
    """Return the instant that the error itself names as the earliest for another try; ``now`` when it names none."""
    if isinstance(error, RateLimited):
        return now + timedelta(seconds=error.retry_after)
    return (isinstance(error, (SignInError, NothingToControl)) and error.until) or now
