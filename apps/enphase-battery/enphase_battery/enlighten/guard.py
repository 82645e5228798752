"""The login guard: when a login is allowed after it was refused (2.7). Values in, values out.

Every client without it has locked an account sooner or later. Network errors and outages do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tokens import TokenStatus

COOLDOWN = timedelta(seconds=300)
SUSPENSION = timedelta(hours=24)
REJECTIONS = 3
"""So many in a row suspend the sign-in."""
CLOCK_STEP = timedelta(hours=1)
"""By how much a clock may be set back without a block being taken for one of a wrong clock."""
BY_HAND = timedelta(hours=1)
"""How often a person may try within a suspension."""


@dataclass(frozen=True, slots=True)
class GuardState:
    """What the guard remembers. The default is a clean slate, which is also what a login leaves behind.

    Attributes:
        rejections: Refused logins in a row.
        last_rejection: When the last one was, aware UTC.
        blocked_until: No login before, aware UTC.
        cause: What the cloud said at the last one.
        by_hand_from: A person may try from then on, aware UTC; None: only from `blocked_until` on.
    """

    rejections: int = 0
    last_rejection: datetime | None = None
    blocked_until: datetime | None = None
    cause: TokenStatus | None = None
    by_hand_from: datetime | None = None

    @property
    def is_suspension(self) -> bool:
        """Whether there were so many rejections that a pause is a suspension."""
        return self.rejections >= REJECTIONS

    def closed_until(self, now: datetime, *, by_hand: bool = False) -> datetime | None:
        """The instant from which a login is allowed again; None when it is allowed now.

        A block that ends further away than any block can was written under a wrong clock, and does not count.

        Args:
            now: Aware UTC.
            by_hand: A person wants it.
        """
        until = (by_hand and self.by_hand_from) or self.blocked_until
        return until if until is not None and now < until <= now + SUSPENSION + CLOCK_STEP else None

    def rejected(self, now: datetime, cause: TokenStatus, *, suspend: bool = False) -> GuardState:
        """The state after one more refused login.

        Args:
            now: When, aware UTC.
            cause: What the cloud said.
            suspend: 24 hours at once: there are too many sessions already.
        """
        count = self.rejections + 1
        pause = SUSPENSION if suspend or count >= REJECTIONS else COOLDOWN
        by_hand = pause if suspend else BY_HAND if self.is_suspension else COOLDOWN
        return GuardState(count, now, blocked_until=now + pause, cause=cause, by_hand_from=now + by_hand)
