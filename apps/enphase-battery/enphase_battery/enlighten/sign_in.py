"""Who gets in, and when: sign-ins under the guard, with a second factor where the account has one (2.1 to 2.7).

Whoever calls a method that sends must be alone with the session (see :mod:`.shared_lock`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..control.reason import Kind, because
from ..errors import (
    AccountBlocked,
    Delivery,
    EnlightenError,
    MfaRequired,
    NoCodeExpected,
    SessionRejected,
    SignInError,
    SignInSuspended,
    TooManySessions,
    UnexpectedAnswer,
    Unreachable,
)
from .cookies import CookieJar
from .login import SignedIn, sign_in
from .login_guard import BY_HAND, CLOCK_STEP, COOLDOWN, LoginGuard
from .second_factor import MOST_CODES, RESEND, Challenge, NoMoreCodes, NotACode, ask_for_code, submit_code
from .tokens import TokenStatus, status_of
from .transport import Call

if TYPE_CHECKING:
    from .reply import Reply
    from .saved_record import Account, SavedRecord
    from .second_factor import Send
    from .session_tokens import SessionTokens
    from .transport import Transport

REUSE = timedelta(seconds=30)
"""A login younger than this serves all who ask for one (2.7); so does a failure to reach the cloud for one."""

_SUSPENDED = {
    TokenStatus.MFA_REQUIRED: Kind.SIGN_IN_WAITS_FOR_CODE,
    TokenStatus.BLOCKED: Kind.SIGN_IN_BLOCKED,
    TokenStatus.UNREACHABLE: Kind.SIGN_IN_UNANSWERED,
}
"""Why no sign-in is made now, by what the last ones failed with; for any other: they were refused."""


class SignInFlow:
    """Signs in.

    Args:
        account: Whose.
        transport: Carries requests.
        tokens: Take over what a sign-in brings.
        saved: Keeps the guard and a sign-in that waits for its code.
        short_sessions: After so many sessions in a row that did not last, logins wait; None: they never do.
        clock: Now, aware UTC.
        logger: One line per login.

    Attributes:
        signed_in_at: When this session signed in last, aware UTC; None: not since it was made.
    """

    def __init__(
        self,
        account: Account,
        transport: Transport,
        tokens: SessionTokens,
        saved: SavedRecord,
        *,
        short_sessions: int | None,
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._account = account
        self._transport = transport
        self._tokens = tokens
        self._saved = saved
        self._short_sessions = short_sessions
        self._clock = clock
        self._logger = logger
        self.signed_in_at: datetime | None = None
        self._failed_at: datetime | None = None

    @property
    def guard(self) -> LoginGuard:
        """The login guard."""
        return self._saved.record.guard

    @property
    def awaits_code(self) -> bool:
        """Whether a sign-in waits for its code. Until it has one, nothing but a person may begin another."""
        return self._saved.record.challenge is not None

    @property
    def just_signed_in(self) -> bool:
        """Whether a login is so young that another could not mend anything: nothing has taken its session yet."""
        return self._is_recent(self.signed_in_at) and not self._tokens.used

    @property
    def may_sign_in_anew(self) -> bool:
        """Whether a login may be tried though a session lives: it is allowed, needs no code, and none was just made."""
        needless = self._saved.record.second_factor or self._is_recent(self.signed_in_at)
        return not needless and self._closed_until(by_hand=False) is None

    async def sign_in(self, *, by_hand: bool = False, for_wish: bool = False) -> None:
        """One login under the guard, then a token.

        Args:
            by_hand: A person wants it: once an hour within a suspension, and while a code is awaited.
            for_wish: A wish waits for it, maybe the end of a forced charge: short sessions do not hold it up for long.

        Raises:
            SignInSuspended: The guard forbids it; nothing was sent.
            MfaRequired: The cloud asks for a code, or has asked; in the latter case nothing was sent.
            SignInError: The cloud refused it.
            SessionRejected: Signed in, now or a moment ago, yet the session is not taken.
            Unreachable: The cloud cannot be reached. Only where the login may have got there, another has to wait.
            UnexpectedAnswer: Not understood; another has to wait too.
        """
        if self.awaits_code and not by_hand:
            raise MfaRequired
        if self.just_signed_in:
            raise SessionRejected("the session of a sign-in a moment ago was refused, and another would fare no better")
        if (until := self._closed_until(by_hand=by_hand or (for_wish and self.guard.is_about_sessions))) is not None:
            raise self._suspended(until)
        if self._is_recent(self._failed_at):
            raise Unreachable("the cloud could not be reached for a sign-in a moment ago")
        now, jar, account, before = self._clock(), CookieJar(), self._account, self.guard
        if before.cause is TokenStatus.UNREACHABLE:
            await self._knock()
        # Before it is sent: neither a lost answer nor the end of this program makes it forgotten.
        self._saved.note(guard=before.tried(now, by_code=self._saved.record.second_factor))
        try:
            done = await sign_in(
                self._sender(jar), jar, base_url=account.base_url, email=account.email, password=account.password
            )
            await self._enter(jar, done, with_code=False)
        except Unreachable as error:
            self._failed_at = now
            self._forgive(error.delivery, before)
            raise
        except MfaRequired:
            # While an older session lives it is worth more than a code.
            asked, last = before.asked_for_code(now), self._saved.record.challenge
            codes = 1 if last is None else last.codes + 1
            challenge = None if self._tokens.alive else Challenge(tuple(jar), began_at=now, sent_at=now, codes=codes)
            # The password is right; how many codes were wrong is not forgotten for it.
            guard = asked.answered() if before.cause is TokenStatus.MFA_REQUIRED else asked.cleared()
            self._saved.note(guard=guard, challenge=challenge, second_factor=True)
            self._logger.info("the Enlighten cloud asks for the code of the second factor")
            raise
        except (SignInError, SessionRejected) as error:
            self._count(error, before, challenge=None)
            raise

    async def submit_code(self, code: str) -> None:
        """Completes a sign-in with the code of the second factor (2.4).

        Raises:
            NoCodeExpected: Nobody waits for one.
            SignInSuspended: Three were wrong; nothing was sent.
            CodeRefused: It is wrong; the sign-in goes on waiting for the right one.
            AccountBlocked: The cloud says so, or takes no more codes.
            SessionRejected: Signed in, yet no token is given out.
            Unreachable: The cloud cannot be reached; this does not count as wrong.
            UnexpectedAnswer: Not understood.
        """
        challenge, jar = self._challenge()
        account = self._account
        try:
            done = await submit_code(
                self._sender(jar, taking_all=False),
                jar,
                base_url=account.base_url,
                email=account.email,
                code=code,
                now=self._clock(),
            )
            await self._enter(jar, done, with_code=True)
        except (NotACode, NoMoreCodes):
            raise
        except AccountBlocked as error:
            self._count(error, self.guard, challenge=None)
            raise
        except (SignInError, SessionRejected) as error:
            answered = replace(challenge, cookies=tuple(jar), codes=1)
            self._count(error, self.guard.given_code(), challenge=answered)
            raise

    async def resend_code(self) -> None:
        """Has another code sent; where the sign-in has died meanwhile, by a new one (2.4).

        Raises:
            NoCodeExpected: Nobody waits for one.
            SignInSuspended: Three codes were wrong, the last was sent within 30 s, or no new sign-in is allowed yet.
            SignInError: The new sign-in was refused. AccountBlocked: the cloud says so.
            Unreachable: The cloud cannot be reached. RateLimited: 429.
        """
        challenge, jar = self._challenge()
        now = self._clock()
        pause = RESEND if challenge.codes < MOST_CODES else BY_HAND
        if now < (until := challenge.sent_at + pause) <= now + pause:
            kind = Kind.CODE_JUST_SENT if pause == RESEND else Kind.CODES_UNUSED
            raise SignInSuspended(because(kind), until)
        try:
            lives = await ask_for_code(self._sender(jar, taking_all=False), jar, base_url=self._account.base_url)
        except AccountBlocked as error:
            self._count(error, self.guard, challenge=None)
            raise
        if lives:
            renewed = replace(challenge, cookies=tuple(jar), sent_at=now, codes=challenge.codes + 1)
            self._saved.note(challenge=renewed)
            return
        try:
            await self.sign_in(by_hand=True)
        except MfaRequired:
            return  # which is what was asked for: a new sign-in has a code sent

    async def _enter(self, jar: CookieJar, done: SignedIn, *, with_code: bool) -> None:
        """Goes on with the session of a sign-in that worked."""
        record = self._saved.record
        guard = record.guard.signed_in(self._clock(), most=self._short_sessions)
        self._tokens.adopt(
            jar, site_id=done.site_id or record.site_id, challenge=None, guard=guard, second_factor=with_code
        )
        try:
            await self._tokens.refresh(fresh=True)
        except (Unreachable, UnexpectedAnswer) as error:
            self._logger.debug("signed in without a token: %s", error)
        self.signed_in_at, self._failed_at = self._clock(), None
        self._logger.info("signed in to the Enlighten cloud")

    async def _knock(self) -> None:
        """Makes sure that the cloud answers at all, where the last sign-in had no answer.

        So an outage, however long, costs one such sign-in and no waiting after it; only those count that had no answer
        though the cloud gives some.

        Raises:
            Unreachable: It does not.
        """
        try:
            with suppress(UnexpectedAnswer):
                page = Call("GET", "/login", page=True, wish=True)
                (await self._sender(CookieJar())(page)).raise_for_outage()
        except Unreachable:
            self._failed_at = self._clock()
            raise

    def _sender(self, jar: CookieJar, *, taking_all: bool = True) -> Send:
        """Sends with a jar of its own. A login page's cookies are needed, those of a refused code only do harm."""

        async def send(call: Call) -> Reply:
            self._saved.note_spending(wish=call.wish)
            reply = await self._transport.send(call, jar, signing_in=True)
            self._saved.note_hold()
            if taking_all or reply.is_good:
                jar.put(reply.cookies, self._clock())
            return reply

        return send

    def _challenge(self) -> tuple[Challenge, CookieJar]:
        """The sign-in that waits, and its cookies. One that a person began within a suspension may be tried once."""
        challenge, guard = self._saved.record.challenge, self.guard
        if challenge is None:
            raise NoCodeExpected
        until = guard.closed_until(self._clock())
        tried = guard.last_rejection is not None and challenge.began_at <= guard.last_rejection
        if until is not None and guard.is_suspension and tried:
            raise self._suspended(until)
        return challenge, CookieJar(challenge.cookies)

    def _closed_until(self, *, by_hand: bool) -> datetime | None:
        """From when this kind of login is allowed; None: now."""
        now, challenge = self._clock(), self._saved.record.challenge
        closed = [self.guard.closed_until(now, by_hand=by_hand)]
        if challenge is not None and now < (until := challenge.began_at + COOLDOWN) <= now + COOLDOWN + CLOCK_STEP:
            closed.append(until)
        return max((until for until in closed if until is not None), default=None)

    def _suspended(self, until: datetime) -> SignInSuspended:
        guard = self.guard
        if guard.cause is None and not guard.asked and not self.awaits_code:
            return SignInSuspended(because(Kind.SHORT_SESSIONS), until)
        kind = _SUSPENDED.get(guard.cause or TokenStatus.MFA_REQUIRED, Kind.SIGN_IN_REFUSED)
        return SignInSuspended(because(kind, times=guard.rejections), until)

    def _count(self, error: EnlightenError, before: LoginGuard, *, challenge: Challenge | None) -> None:
        """Has the guard count a refusal, and keeps the sign-in that goes on waiting, if there is one."""
        cause = status_of(error) or TokenStatus.LOGIN_FAILED
        guard = before.rejected(self._clock(), cause, suspend=isinstance(error, TooManySessions))
        self._saved.note(guard=guard, challenge=challenge)
        if isinstance(error, SignInError):
            error.until = guard.blocked_until

    def _forgive(self, delivery: Delivery, before: LoginGuard) -> None:
        """Has the guard forget a sign-in that nothing can have come of: else an outage would delay the one after it.

        Where each may send somebody a code, only one that was not sent at all is such.
        """
        if delivery is Delivery.FAILED:
            self._saved.note(guard=before)
        elif delivery is Delivery.ANSWERED and not self._saved.record.second_factor:
            self._saved.note(guard=before.answered())

    def _is_recent(self, instant: datetime | None) -> bool:
        return instant is not None and timedelta(0) <= self._clock() - instant < REUSE
