"""The hourly request budget: quotas are unpublished, and about 600 requests an hour bring trouble (10.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from enum import IntEnum

from ..errors import BudgetExhausted, RateLimited

_HOUR = timedelta(hours=1)

ONE_WISH = 7
"""Requests that a wish needs: two reads, entry, validation, switch, two reads. To begin with fewer is to waste them."""


class Purpose(IntEnum):
    """What requests are sent for, the least urgent first. None may spend what is kept for those that follow."""

    REFRESH = 0
    """A person or an automation asks for a token or a code, maybe again and again."""
    POLL = 1
    """To see what is so."""
    WISH = 2
    """To carry out what is wanted. Also every sign-in, and the token that is renewed in time."""
    END = 3
    """To end what is on, which on some sites nothing else does."""


_KEPT = {Purpose.REFRESH: 2, Purpose.POLL: 3, Purpose.WISH: 6}
"""Which part of the budget (half, a third, a sixth) is kept for what is more urgent than this. A sixth of the usual
budget lets all three controls end, one of the least lets one."""

_REST = {
    Purpose.REFRESH: ", but for what is kept for polls and wishes",
    Purpose.POLL: ", but for what is kept for wishes",
    Purpose.WISH: ", but for what is kept for ends",
    Purpose.END: "",
}

_purpose: ContextVar[Purpose | None] = ContextVar("purpose", default=None)


@contextmanager
def spending_for(purpose: Purpose | None) -> Iterator[None]:
    """Have all that is sent within the block be for a purpose, a sign-in on the way included; None: as it says itself.

    It holds for the task that enters the block and for no other, so that it reaches the budget from far above without
    being handed through everything between.
    """
    token = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(token)


class Budget:
    """Counts what was sent within the sliding hour, and holds everything back after a 429.

    A third is kept for wishes and ends, half of that for ends alone: neither polls nor wishes can make an end wait.

    Args:
        per_hour: Requests allowed in any hour, at least 1.

    Attributes:
        per_hour: As given.
        sent: When requests were sent, oldest first.
        spent: How many requests were sent in all, by this object.
        held_until: Nothing is sent before; None: the cloud asked for no pause.
    """

    def __init__(self, per_hour: int) -> None:
        if per_hour < 1:
            raise ValueError(f"requests_per_hour must be at least 1, not {per_hour}")
        self.per_hour = per_hour
        self.sent: tuple[datetime, ...] = ()
        self.spent = 0
        self.held_until: datetime | None = None

    def sent_within_hour(self, now: datetime) -> int:
        """Return how many requests were sent within the last hour."""
        return sum(now - _HOUR < sent <= now for sent in self.sent)

    def check(self, now: datetime, *, wish: bool) -> None:
        """Whether a request may be sent now.

        Args:
            now: Aware UTC.
            wish: It is for a wish, else for a poll, where :func:`spending_for` does not say otherwise.

        Raises:
            BudgetExhausted: None is left for this kind of request; it says when there will be enough for a wish.
            RateLimited: The cloud has asked to wait and the time is not over.
        """
        if self.held_until is not None and now < self.held_until <= now + _HOUR:
            wait = (self.held_until - now).total_seconds()
            raise RateLimited(f"the cloud asked to wait another {wait:.0f} s", retry_after=wait)
        # What lies in the future was counted under a wrong clock.
        self.sent = tuple(sent for sent in self.sent if now - _HOUR < sent <= now)
        purpose = _purpose.get()
        if purpose is None:
            purpose = Purpose.WISH if wish else Purpose.POLL
        allowed = self.per_hour - (self.per_hour // _KEPT[purpose] if purpose in _KEPT else 0)
        if len(self.sent) >= allowed:
            first = len(self.sent) - allowed
            next_at, enough_at = (
                self.sent[min(at, len(self.sent) - 1)] + _HOUR for at in (first, first + ONE_WISH - 1)
            )
            message = f"the budget of {self.per_hour} requests an hour is used up{_REST[purpose]}"
            raise BudgetExhausted(message, next_at, enough_at)

    def spend(self, now: datetime, *, wish: bool) -> None:
        """Takes one request out of the budget. Raises as :meth:`check`."""
        self.check(now, wish=wish)
        self.sent = (*self.sent, now)
        self.spent += 1

    def hold(self, now: datetime, seconds: float) -> None:
        """Sends nothing for so many seconds, at most an hour: the cloud asked for it (9.1). A longer hold stays."""
        until = now + timedelta(seconds=min(seconds, _HOUR.total_seconds()))
        if self.held_until is None or not now < self.held_until <= now + _HOUR or until > self.held_until:
            self.held_until = until

    def resume(self, sent: tuple[datetime, ...], held_until: datetime | None) -> None:
        """Goes on from what an earlier session left; what is older than an hour, or of the future, does not count."""
        self.sent, self.held_until = tuple(sorted(sent)), held_until
