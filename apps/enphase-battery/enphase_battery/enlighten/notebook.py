"""What is worth keeping of a session: one record, always whole, saved with every change that matters."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .guard import GuardState
from .record import SessionRecord, fingerprint

if TYPE_CHECKING:
    from .budget import Budget


@dataclass(frozen=True, slots=True)
class Account:
    """Whose session it is."""

    base_url: str
    email: str = field(repr=False)
    password: str = field(repr=False)


_PAUSE = timedelta(minutes=1)
_FEW = 2


class Notebook:
    """Holds the record.

    Its slow hashes (:func:`fingerprint`) are made once each, and the one of the password only where something is held
    against it: 8 ms each on a small server, some 50 ms on a small board, at most three at a start and one later.

    Args:
        account: Whose.
        record: What an earlier session left, or None. One of another account is ignored. Of one with another password
            the login guard and the awaited code are: a corrected password is a new attempt.
        save: Called with each record worth keeping; must not raise.
        budget: Goes on from the record, and is kept in it.

    Attributes:
        record: As it stands; replaced with each change.
    """

    def __init__(
        self, account: Account, record: SessionRecord | None, *, save: Callable[[SessionRecord], None], budget: Budget
    ) -> None:
        self._account = account
        self._save = save
        self._budget = budget
        if record is None or not record.belongs_to(account.base_url, account.email):
            salt = secrets.token_hex(16)
            record = SessionRecord(salt=salt, account=fingerprint(salt, account.base_url, account.email))
        self.record = record
        if _holds_something(record) and record.credentials != self._credentials:
            self.record = replace(record, guard=GuardState(), challenge=None, credentials=None)
        budget.resume(record.sent, record.held_until)

    def note(self, **changes: Any) -> None:
        """Changes members of the record, by name, and saves it."""
        record = replace(self.record, **changes, sent=self._budget.sent, held_until=self._budget.held_until)
        self.record = replace(record, credentials=self._credentials if _holds_something(record) else None)
        self._save(self.record)

    def note_hold(self) -> None:
        """Saves a pause that the cloud has asked for, if it is new: a restart must not forget it."""
        if self._budget.held_until != self.record.held_until:
            self.note()

    def note_spending(self, now: datetime) -> None:
        """Saves what was spent of the budget: a crash, or many, must not refill it.

        Args:
            now: When the next request is sent: the first after a pause is saved before it, then every few.
        """
        newest, saved = self._budget.sent[-_FEW:], set(self.record.sent[-_FEW:])
        is_first = bool(newest) and now - newest[-1] >= _PAUSE and self.is_behind
        if is_first or (len(newest) == _FEW and not saved & set(newest)):
            self.note()

    @property
    def is_behind(self) -> bool:
        """Whether requests were sent since the record was saved."""
        return self._budget.sent != self.record.sent

    @cached_property
    def _credentials(self) -> str:
        account = self._account
        return fingerprint(self.record.salt, account.base_url, account.email, account.password)


def _holds_something(record: SessionRecord) -> bool:
    return record.guard.rejections > 0 or record.challenge is not None
