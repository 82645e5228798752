"""The login guard: when a login is allowed after others that did not do (2.7). Values in, values out.

Every client without it has locked an account sooner or later. Four things close the door for a while: logins that were
refused, logins whose answer never came or was nonsense, logins that had a code sent with which nobody came, and
sessions that end as soon as they have begun. An outage does not: a login that was never sent, or was answered with a
5xx, leaves the guard as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .tokens import TokenStatus

COOLDOWN = timedelta(seconds=300)
SUSPENSION = timedelta(hours=24)
IN_A_ROW = 3
"""So many in a row, of each of the three things, are no accident."""
LONG_COOLDOWN = timedelta(hours=1)
"""After so many logins without an answer, or so many short sessions."""
LASTING = timedelta(minutes=20)
"""A session that is not replaced so soon was no short one. Longer than the default time between polls, which is when
the end of one is noticed; shorter than two of them."""
CLOCK_STEP = timedelta(hours=1)
"""By how much a clock may be set back without a block being taken for one of a wrong clock."""
BY_HAND = timedelta(hours=1)
"""How often a person may try within a suspension, or have a code sent when nobody came with the ones before."""


@dataclass(frozen=True, slots=True)
class LoginGuard:
    """What the guard remembers. The default is a clean slate.

    Attributes:
        rejections: Refused logins in a row.
        last_rejection: When the last one was, aware UTC.
        blocked_until: No login before, aware UTC.
        cause: What the cloud said at the last one; `UNREACHABLE`: nothing that could be understood.
        by_hand_from: A person may try from then on, aware UTC; None: only from `blocked_until` on.
        since: When the block was made, aware UTC.
        unanswered: Logins in a row that were sent, and no answer was understood; each is noted before it is sent.
        begun: Sessions in a row, each of which soon replaced the one before.
        begun_at: When the last of them began, aware UTC.
        asked: Logins in a row that ended in the question for a code, and nobody has answered it.
        asked_at: When the last of them was, aware UTC.
    """

    rejections: int = 0
    last_rejection: datetime | None = None
    blocked_until: datetime | None = None
    cause: TokenStatus | None = None
    by_hand_from: datetime | None = None
    since: datetime | None = None
    unanswered: int = 0
    begun: int = 0
    begun_at: datetime | None = None
    asked: int = 0
    asked_at: datetime | None = None

    @property
    def is_suspension(self) -> bool:
        """Whether there were so many rejections that a pause is a suspension."""
        return self.rejections >= IN_A_ROW

    @property
    def is_about_sessions(self) -> bool:
        """Whether nothing but short sessions closes the door: the account is well."""
        return self.cause is None

    def closed_until(self, now: datetime, *, by_hand: bool = False) -> datetime | None:
        """The instant from which a login is allowed again; None when it is allowed now.

        A block that was made in what is now the future was made under a wrong clock, and does not count.

        Args:
            now: Aware UTC.
            by_hand: A person wants it.
        """
        until = (by_hand and self.by_hand_from) or self.blocked_until
        since = self.since or self.last_rejection
        blocks = [(since, until), (self.asked_at, self._unanswered_until())]
        closed = (
            until for since, until in blocks if until is not None and (since is None or since <= now + CLOCK_STEP)
        )
        return max((until for until in closed if now < until), default=None)

    def _unanswered_until(self) -> datetime | None:
        """From when another code may be sent to somebody who does not come with it: what asks may be an automation."""
        if self.asked_at is None:
            return None
        return self.asked_at + (COOLDOWN if self.asked <= 1 else BY_HAND)

    def tried(self, now: datetime, *, by_code: bool) -> LoginGuard:
        """The state while a login is under way, and after one to which no answer was understood.

        Args:
            now: When it is sent, aware UTC.
            by_code: Each login sends somebody a code: then it is as bad as a refused one.
        """
        if by_code:
            return self.rejected(now, TokenStatus.UNREACHABLE)
        count = self.unanswered + 1
        pause = COOLDOWN if count < IN_A_ROW else LONG_COOLDOWN
        closed = _closed(self, now, pause, by_hand=COOLDOWN)
        return replace(closed, cause=TokenStatus.UNREACHABLE, unanswered=count)

    def answered(self) -> LoginGuard:
        """The state after an answer that says nothing against the account, made of the one before that login."""
        return replace(self, unanswered=0) if self.rejections else self.cleared()

    def cleared(self) -> LoginGuard:
        """The state once e-mail and password were taken."""
        return LoginGuard(begun=self.begun, begun_at=self.begun_at, asked=self.asked, asked_at=self.asked_at)

    def asked_for_code(self, now: datetime) -> LoginGuard:
        """The state after a login that ended in the question for a code."""
        return replace(self, asked=self.asked + 1, asked_at=now)

    def given_code(self) -> LoginGuard:
        """The state once somebody came with a code, be it the right one or not."""
        return replace(self, asked=0, asked_at=None)

    def rejected(self, now: datetime, cause: TokenStatus, *, suspend: bool = False) -> LoginGuard:
        """The state after one more refused login.

        Args:
            now: When, aware UTC.
            cause: What the cloud said.
            suspend: 24 hours at once: there are too many sessions already.
        """
        count = self.rejections + 1
        pause = SUSPENSION if suspend or count >= IN_A_ROW else COOLDOWN
        by_hand = pause if suspend else BY_HAND if self.is_suspension else COOLDOWN
        closed = _closed(self, now, pause, by_hand=by_hand)
        return replace(closed, rejections=count, last_rejection=now, cause=cause, unanswered=0)

    def signed_in(self, now: datetime, *, most: int | None) -> LoginGuard:
        """The state after a login.

        Args:
            now: When, aware UTC.
            most: So many short sessions in a row close the door; None: any number may be.
        """
        was_short = self.begun_at is not None and timedelta(0) <= now - self.begun_at < LASTING
        had_to_wait = most is not None and self.begun >= most
        state = LoginGuard(begun=self.begun + 1 if was_short or had_to_wait else 1, begun_at=now)
        is_closed = most is not None and state.begun >= most
        return _closed(state, now, LONG_COOLDOWN, by_hand=COOLDOWN) if is_closed else state

    def lives(self, now: datetime) -> LoginGuard:
        """The state after an answer to the session: one that lasts ends the count."""
        if self.begun_at is None or timedelta(0) <= now - self.begun_at < LASTING:
            return self
        is_all = not self.rejections and not self.unanswered
        none = LoginGuard(asked=self.asked, asked_at=self.asked_at)
        return none if is_all else replace(self, begun=0, begun_at=None)


def _closed(state: LoginGuard, now: datetime, pause: timedelta, *, by_hand: timedelta) -> LoginGuard:
    """The state with one more block; a longer one stands, which is there when a person tries within it."""
    until = max(now + pause, state.closed_until(now) or now)
    return replace(state, blocked_until=until, by_hand_from=now + by_hand, since=now)
