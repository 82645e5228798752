"""A session with the Enlighten cloud and its one request funnel.

Requests pass together, renewals alone (:mod:`.shared_lock`). What becomes of a request is for
:mod:`.funnel`, who gets in for :mod:`.sign_in`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import BudgetExhausted, EnlightenError, NoCodeExpected, SessionRejected, SignInSuspended
from .address import base_origin
from .budget import Budget, Purpose, spending_for
from .condition import Condition, usual_shapes
from .funnel import Errand, Funnel
from .login_guard import IN_A_ROW
from .saved_record import Account, SavedRecord
from .session_tokens import SessionTokens
from .shapes import Ladders
from .shared_lock import SharedLock
from .sign_in import SignInFlow
from .tokens import Token, TokenStatus, status_of
from .transport import Call, Transport, at_once
from .wire import AiohttpWire, Wire

if TYPE_CHECKING:
    from .record import SessionRecord
    from .reply import Answer


class EnlightenSession:
    """One account's session. Signs in when it has to, keeps the session alive, outlives restarts through its record.

    Args:
        base_url: Origin of the cloud: https, or http for a loopback host.
        email: Of the account.
        password: Of the account.
        record: What an earlier session left, or None. One of another account or base URL is ignored.
        save: Called with each record worth keeping; must not raise.
        kept: Waits until what was saved so far is safe from a crash, be it of the session or of whoever asks; awaited
            before anything is sent that may change something.
        clock: Now, aware UTC.
        logger: One debug line per request: method, masked path, status, milliseconds; one info line per login.
        requests_per_hour: Budget over the sliding hour; a third of it is kept for wishes.
        short_sessions: After so many sessions in a row that did not last, logins wait an hour; None: they never do.
        wire: Carries the bytes, closed with the session; None: aiohttp, over the network.

    Raises:
        ConfigurationError: `base_url` is not such an address.
        ValueError: `requests_per_hour` is below 1.
    """

    def __init__(
        self,
        *,
        base_url: str,
        email: str,
        password: str,
        record: SessionRecord | None,
        save: Callable[[SessionRecord], None],
        clock: Callable[[], datetime],
        logger: logging.Logger,
        requests_per_hour: int,
        kept: Callable[[], Awaitable[None]] = at_once,
        short_sessions: int | None = IN_A_ROW,
        wire: Wire | None = None,
    ) -> None:
        base = base_origin(base_url)
        budget, account = Budget(requests_per_hour), Account(str(base).rstrip("/"), email, password)
        self._saved = saved = SavedRecord(account, record, save=save, budget=budget, clock=clock)
        self._transport = Transport(base, wire or AiohttpWire(), budget=budget, kept=kept, clock=clock, logger=logger)
        self._tokens = SessionTokens(account.base_url, self._transport, saved, clock=clock)
        self._sign_in = SignInFlow(
            account, self._transport, self._tokens, saved, short_sessions=short_sessions, clock=clock, logger=logger
        )
        ladders = Ladders(lambda: dict(saved.record.shapes), lambda winners: saved.note(shapes=winners))
        self._lock = SharedLock()
        self._funnel = Funnel(self._tokens, self._sign_in, ladders, self._lock, logger=logger)
        self._budget = budget
        self._clock = clock
        self._trouble = self._sign_in.guard.cause if self._sign_in.guard.closed_until(clock()) else None
        self._last_error: EnlightenError | None = None
        self._answered_at: datetime | None = None

    @property
    def token_status(self) -> TokenStatus:
        """How the sign-in stands, by the last thing that happened."""
        if self._sign_in.awaits_code:
            return TokenStatus.MFA_REQUIRED
        if self._trouble is not None:
            return self._trouble
        if self.token is not None and self.token.expires_at <= self._clock():
            return TokenStatus.EXPIRED
        return TokenStatus.OK if self._tokens.alive else TokenStatus.UNREACHABLE

    @property
    def token(self) -> Token | None:
        """The last token; None before the first, and where the cloud gives out none."""
        return self._saved.record.token

    @property
    def refreshed_at(self) -> datetime | None:
        """When a token was last asked for with success, aware UTC."""
        return self._saved.record.refreshed_at

    @property
    def clock_offset(self) -> timedelta:
        """The cloud's clock minus our own, by the newest answer with a `Date`; zero before the first.

        For comparing `createdAt` (6.8) with own moments. `Date` has whole seconds and is older than the answer's
        arrival: the offset may be too small by a second and as long as the answer was on its way, never too large.
        """
        return self._transport.clock_offset

    @property
    def site_id(self) -> str | None:
        """A site of the account that the sign-in named; there may be more."""
        return self._saved.record.site_id

    @property
    def clock_skew(self) -> timedelta:
        """The cloud's clock minus our own, as the two newest answers with a `Date` agree on it.

        The smaller one in magnitude if both have the same sign, else zero; zero before two.
        """
        return self._transport.clock_skew

    @property
    def condition(self) -> Condition:
        """How it stands, for a report."""
        now, record, token, error = self._clock(), self._saved.record, self.token, self._last_error
        reads, writes = usual_shapes(record.shapes)
        return Condition(
            status=self.token_status,
            refreshed_at=record.refreshed_at,
            expires_at=token.expires_at if token else None,
            session_ends_at=self._tokens.session_ends_at,
            second_factor=record.second_factor,
            guard=record.guard,
            requests=self._budget.sent_within_hour(now),
            requests_per_hour=self._budget.per_hour,
            held_until=self._budget.held_until,
            reads=reads,
            writes=writes,
            mint=record.mint,
            refused=tuple(endpoint for endpoint, until in record.refused if now < until),
            last_error=None if error is None else error.reason,
            token=token.value if token else None,
        )

    def is_at_stake(self, idle: timedelta) -> bool:
        """Whether the session lives, was idle for so long, and could be had back only with a code from a person."""
        answered_at = self._answered_at
        is_idle = answered_at is not None and self._clock() - answered_at >= idle
        return is_idle and self._tokens.alive and self._saved.record.second_factor

    async def refresh(self, *, by_hand: bool = False) -> None:
        """Renews the token (2.6). A living session needs no login for it; a dead one gets exactly one, under the guard.

        Args:
            by_hand: A person wants it: where a login is needed, it is allowed once an hour within a suspension, and
                also while a code is awaited, 300 s after the last one (2.7).

        Raises:
            SignInError: A login was needed, and refused or forbidden by the guard.
            SessionRejected: The cloud gives a fresh session no token.
            Unreachable: No answer; the session stays as it is.
            UnexpectedAnswer: Not understood.
        """
        with spending_for(Purpose.REFRESH if by_hand else None):
            await self._alone(lambda: self._renew(by_hand=by_hand))

    async def submit_code(self, code: str) -> None:
        """Completes a sign-in with the code of the second factor (2.4). Raises as :meth:`SignInFlow.submit_code`."""
        await self._alone(lambda: self._sign_in.submit_code(code))

    async def resend_code(self) -> None:
        """Has the cloud send another code (2.4). Raises as :meth:`SignInFlow.resend_code`."""
        with spending_for(Purpose.REFRESH):
            await self._alone(self._sign_in.resend_code)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        username: str | None = None,
        xsrf_from: str | None = None,
        page: bool = False,
        wish: bool = False,
        optional: bool = False,
        question: bool = False,
    ) -> Answer:
        """Asks the cloud; the only way to do so.

        Args:
            method: GET, POST or PUT.
            path: Plain segments below the base URL.
            params: Query.
            body: Sent as JSON; None: no body.
            username: User id for the `Username` header of battery calls.
            xsrf_from: For battery writes: path of a battery read that hands out a fresh XSRF token.
            page: A page is asked for, not JSON.
            wish: May use the part of the budget that is kept for wishes.
            optional: The site may do without: on a refusal nothing but a fresh XSRF token is spent.
            question: It changes nothing, although it is no GET: what was saved need not be safe before it is sent.

        Raises:
            SignInError: A login was needed, and refused or forbidden by the guard; or a code is awaited.
            SessionRejected: 401 or a login wall from a living session, in every shape of headers (2.7, 2.8, section 5).
            Unreachable: No answer, 5xx, maintenance. RateLimited: 429. BudgetExhausted: not sent.
            Forbidden: 403, in every shape; for writes, also with a fresh XSRF token. 401 of what is optional.
            NotAvailable: 405. NotFound: 404.
            Refused: 400, 422, or 500 with a reason. Conflict: 409.
            UnexpectedAnswer: Anything else.
            ValueError: `path` is not plain.
        """
        call = Call(method, path, params=params or {}, body=body, page=page, wish=wish, question=question)
        read = Call("GET", xsrf_from, params={"userId": username} if username else {}, wish=wish) if xsrf_from else None
        try:
            answer = (await self._funnel.pursue(Errand(call, username, read, optional))).answer()
        except EnlightenError as error:
            self._failed(error)
            raise
        self._went_well()
        return answer

    async def close(self) -> None:
        """Ends the session's connections; afterwards nothing is sent. May be called again."""
        await self._transport.close()
        if self._saved.is_behind:
            self._tokens.note(ahead=0)

    async def _alone(self, act: Callable[[], Awaitable[None]]) -> None:
        """Does something that renews the proofs, while nothing else is under way."""
        try:
            async with self._lock.alone():
                await act()
        except NoCodeExpected:
            raise  # says nothing about the session
        except EnlightenError as error:
            self._failed(error)
            raise
        self._went_well()

    async def _renew(self, *, by_hand: bool) -> None:
        if self._tokens.alive:
            try:
                # Where nothing tells whether the session lives, a person who asks may know.
                if await self._tokens.refresh() or not by_hand:
                    return
            except SessionRejected:
                pass
        await self._sign_in.sign_in(by_hand=by_hand)

    def _went_well(self) -> None:
        self._trouble = self._last_error = None
        self._answered_at = self._clock()

    def _failed(self, error: EnlightenError) -> None:
        """Keeps the error and what it says about the sign-in; any answer shows that the session lives."""
        error.at_rest()
        self._last_error = error
        if isinstance(error, BudgetExhausted):
            return
        self._trouble = self._sign_in.guard.cause if isinstance(error, SignInSuspended) else status_of(error)
        if self._trouble is None and not self._tokens.alive:
            self._trouble = TokenStatus.LOGIN_FAILED
