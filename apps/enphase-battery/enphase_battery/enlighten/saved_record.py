"""What is worth keeping of a session: one record, always whole, saved with every change that matters."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .login_guard import LoginGuard
from .record import SessionRecord, fingerprint

if TYPE_CHECKING:
    from .budget import Budget


@dataclass(frozen=True, slots=True)
class Account:
    """Whose session it is."""

    base_url: str
    email: str = field(repr=False)
    password: str = field(repr=False)


_AHEAD = 4
"""Requests that are counted as sent in what is saved: a poll, or a sign-in, is then saved once."""
_AHEAD_LASTS = timedelta(minutes=1)


class SavedRecord:
    """Holds the record.

    Its slow hashes (:func:`fingerprint`) are made once each, and the one of the password only where something is held
    against it: 8 ms each on a small server, some 50 ms on a small board, at most three at a start and one later.

    Args:
        account: Whose.
        record: What an earlier session left, or None. One of another account is ignored. Of one with another password
            the login guard and the awaited code are: a corrected password is a new attempt.
        save: Called with each record worth keeping; must not raise.
        budget: Goes on from the record, and is kept in it.
        clock: Now, aware UTC.

    Attributes:
        record: As it stands; replaced with each change.
    """

    def __init__(
        self,
        account: Account,
        record: SessionRecord | None,
        *,
        save: Callable[[SessionRecord], None],
        budget: Budget,
        clock: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._save = save
        self._budget = budget
        self._clock = clock
        self._counted, self._counted_at = 0, datetime.min.replace(tzinfo=timezone.utc)
        if record is None or not record.belongs_to(account.base_url, account.email):
            salt = secrets.token_hex(16)
            record = SessionRecord(salt=salt, account=fingerprint(salt, account.base_url, account.email))
        self.record = record
        if _holds_something(record) and record.credentials != self._credentials:
            self.record = replace(record, guard=LoginGuard(), challenge=None, credentials=None)
        budget.resume(record.sent, record.held_until)

    def note(self, *, ahead: int = _AHEAD, **changes: Any) -> None:
        """Changes members of the record, by name, and saves it.

        Args:
            ahead: Requests that may be sent before it is saved again, and are counted already.
            changes: The members.
        """
        now = self._clock()
        self._counted, self._counted_at = self._budget.spent + ahead, now
        sent = (*self._budget.sent, *[now] * ahead)
        record = replace(self.record, **changes, sent=sent, held_until=self._budget.held_until)
        self.record = replace(record, credentials=self._credentials if _holds_something(record) else None)
        self._save(self.record)

    def note_hold(self) -> None:
        """Saves a pause that the cloud has asked for, if it is new: a restart must not forget it."""
        if self._budget.held_until != self.record.held_until:
            self.note()

    def note_spending(self, *, wish: bool) -> None:
        """Sees to it that the next request counts in what is saved by then: no crash refills the budget.

        What is saved may still be on its way to the disk when a read is sent; a write waits for it.

        Raises:
            BudgetExhausted: It may not be sent. RateLimited: not yet.
        """
        now = self._clock()
        self._budget.check(now, wish=wish)
        is_fresh = timedelta(0) <= now - self._counted_at < _AHEAD_LASTS
        if self._budget.spent >= self._counted or not is_fresh:
            self.note()

    @property
    def is_behind(self) -> bool:
        """Whether the saved record counts other requests than were sent."""
        return self._budget.sent != self.record.sent

    @cached_property
    def _credentials(self) -> str:
        account = self._account
        return fingerprint(self.record.salt, account.base_url, account.email, account.password)


def _holds_something(record: SessionRecord) -> bool:
    return record.guard.rejections > 0 or record.guard.asked > 0 or record.challenge is not None
