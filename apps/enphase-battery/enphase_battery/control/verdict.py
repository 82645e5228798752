"""What became of a wish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from .reason import Reason
from .wanted import Wanted


class Outcome(str, Enum):
    """The outcomes of the contract; all but `pending` are final."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    DRY_RUN = "dry_run"

    @property
    def final(self) -> bool:
        """Whether nothing more will be said about the wish."""
        return self is not Outcome.PENDING


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said about a wish now.

    Attributes:
        wanted: What the verdict is about.
        outcome: Confirmed, pending, failed or dry run.
        at: Instant (aware, UTC) of the verdict.
        reason: Why, or what is waited for; None when there is nothing to add.
        retry_at: Instant (aware, UTC) of the next look or try; None when only a new wish or another event brings one.
    """

    wanted: Wanted
    outcome: Outcome
    at: datetime
    reason: Reason | None = None
    retry_at: datetime | None = None
