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


@dataclass(frozen=True, slots=True)
class GuardState:
    """What the guard remembers. The default is a clean slate, which is also what a login leaves behind.

    Attributes:
        rejections: Refused logins in a row.
        last_rejection: When the last one was, aware UTC.
        blocked_until: No login before, aware UTC.
        cause: What the cloud said at the last one.
    """

    rejections: int = 0
    last_rejection: datetime | None = None
    blocked_until: datetime | None = None
    cause: TokenStatus | None = None

    def closed_until(self, now: datetime) -> datetime | None:
        """The instant from which a login is allowed again; None when it is allowed now.

        A block that ends further away than any block can was written under a wrong clock, and does not count.
        """
        until = self.blocked_until
        return until if until is not None and now < until <= now + SUSPENSION else None

    def rejected(self, now: datetime, cause: TokenStatus, *, suspend: bool = False) -> GuardState:
        """The state after one more refused login.

        Args:
            now: When, aware UTC.
            cause: What the cloud said.
            suspend: 24 hours at once: there are too many sessions already.
        """
        count = self.rejections + 1
        pause = SUSPENSION if suspend or count >= REJECTIONS else COOLDOWN
        return GuardState(rejections=count, last_rejection=now, blocked_until=now + pause, cause=cause)
