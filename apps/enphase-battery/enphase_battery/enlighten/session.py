"""A session with the Enlighten cloud and its one request funnel.

The funnel decides, for every request: who goes together and who alone, what a status or a page means, when a login is
spent, when the XSRF token is fetched anew, and what is tried again (once, and not more).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from ..errors import BudgetExhausted, EnlightenError, SessionRejected, SignInSuspended
from .address import base_origin
from .budget import Budget
from .gate import Gate
from .keyring import Account, Keyring
from .tokens import Token, TokenStatus, status_of
from .transport import Call, Transport
from .wire import AiohttpWire, Wire

if TYPE_CHECKING:
    from .record import SessionRecord
    from .reply import Answer, Reply


class EnlightenSession:
    """One account's session. Signs in when it has to, keeps the session alive, outlives restarts through its record.

    Args:
        base_url: Origin of the cloud: https, or http for a loopback host.
        email: Of the account.
        password: Of the account.
        record: What an earlier session left, or None. One of another account or base URL is ignored.
        save: Called with each record worth keeping; must not raise.
        clock: Now, aware UTC.
        logger: One debug line per request: method, masked path, status, milliseconds; one info line per login.
        requests_per_hour: Budget over the sliding hour; a third of it is kept for wishes.
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
        wire: Wire | None = None,
    ) -> None:
        base = base_origin(base_url)
        self._transport = Transport(
            base, wire or AiohttpWire(), budget=Budget(requests_per_hour), clock=clock, logger=logger
        )
        account = Account(str(base).rstrip("/"), email, password)
        self._keys = Keyring(account, self._transport, record=record, save=save, clock=clock, logger=logger)
        self._clock = clock
        self._gate = Gate()
        self._trouble = self._keys.guard.cause if self._keys.guard.closed_until(clock()) else None
        self._last_error: EnlightenError | None = None

    @property
    def token_status(self) -> TokenStatus:
        """How the sign-in stands, by the last thing that happened."""
        if self._trouble is not None:
            return self._trouble
        if self.token is not None and self.token.expires_at <= self._clock():
            return TokenStatus.EXPIRED
        return TokenStatus.OK if self._keys.alive else TokenStatus.UNREACHABLE

    @property
    def token(self) -> Token | None:
        """The last token; None before the first, and where the cloud gives out none."""
        return self._keys.token

    @property
    def refreshed_at(self) -> datetime | None:
        """When a token was last asked for with success, aware UTC."""
        return self._keys.refreshed_at

    @property
    def clock_offset(self) -> timedelta:
        """The cloud's clock minus our own, by the newest answer with a `Date`; zero before the first.

        For comparing `createdAt` (6.8) with own moments. `Date` has whole seconds and is older than the answer's
        arrival: the offset may be too small by a second and as long as the answer was on its way, never too large.
        """
        return self._transport.clock_offset

    @property
    def user_id(self) -> str | None:
        """The user id that a token of this account named last."""
        return self._keys.user_id

    @property
    def site_id(self) -> str | None:
        """A site of the account that the sign-in named; there may be more."""
        return self._keys.site_id

    @property
    def last_error(self) -> EnlightenError | None:
        """What the latest request or refresh failed with; None when it went well."""
        return self._last_error

    async def refresh(self) -> None:
        """Renews the token (2.6). A living session needs no login for it; a dead one gets exactly one, under the guard.

        Raises:
            SignInError: A login was needed, and refused or forbidden by the guard.
            SessionRejected: The cloud gives a fresh session no token.
            Unreachable: No answer; the session stays as it is.
            UnexpectedAnswer: Not understood.
        """
        try:
            async with self._gate.alone():
                await self._renew()
        except EnlightenError as error:
            self._failed(error)
            raise
        self._trouble = self._last_error = None

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

        Raises:
            SignInError: A login was needed, and refused or forbidden by the guard.
            SessionRejected: 401 or a login wall also with a fresh session (2.7, 2.8).
            Unreachable: No answer, 5xx, maintenance. RateLimited: 429. BudgetExhausted: not sent.
            Forbidden: 403; for writes, also with a fresh XSRF token.
            NotAvailable: 405. NotFound: 404.
            Refused: 400, 422, or 500 with a reason. Conflict: 409.
            UnexpectedAnswer: Anything else.
            ValueError: `path` is not plain.
        """
        call = Call(method, path, params=params or {}, body=body, page=page, wish=wish)
        try:
            reply = await (self._ask(call, username) if xsrf_from is None else self._write(call, username, xsrf_from))
            answer = reply.answer()
        except EnlightenError as error:
            self._failed(error)
            raise
        self._trouble = self._last_error = None
        return answer

    async def close(self) -> None:
        """Ends the session's connections; afterwards nothing is sent. May be called again."""
        await self._transport.close()

    async def _write(self, call: Call, username: str | None, xsrf_from: str) -> Reply:
        """A battery write: a missing or old XSRF token gets 403, so it is tried again with a fresh one (9.2)."""
        read = Call("GET", xsrf_from, params={"userId": username} if username else {}, wish=call.wish)
        reply = await self._ask(call, username, xsrf_read=read)
        if reply.status != HTTPStatus.FORBIDDEN:
            return reply
        (await self._ask(read, username)).raise_for_outage()
        return await self._ask(call, username, xsrf_read=read)

    async def _ask(self, call: Call, username: str | None, *, xsrf_read: Call | None = None) -> Reply:
        """The reply of a session that lives: at most one renewal is spent on it, shared with all that ask for it."""
        if not self._keys.alive:
            await self._sign_in_unless_renewed_since(self._keys.generation)
        generation, reply = await self._exchange(call, username, xsrf_read)
        if reply.is_signed_out:
            await self._sign_in_unless_renewed_since(generation, call)
            _, reply = await self._exchange(call, username, xsrf_read)
        if reply.is_signed_out:
            if self._keys.just_signed_in:
                self._keys.refuses(call.name)
            raise SessionRejected(f"{call.name} refuses the session, also after a new sign-in")
        self._keys.accepts(call.name)
        return reply

    async def _exchange(self, call: Call, username: str | None, xsrf_read: Call | None) -> tuple[int, Reply]:
        """One exchange, and the generation of the proofs that went with it."""
        if xsrf_read is not None and self._keys.xsrf is None:
            (await self._ask(xsrf_read, username)).raise_for_outage()
        async with self._gate.shared():
            headers = self._keys.headers(call.path, username=username, write=call.is_write)
            return self._keys.generation, await self._keys.send(call.with_headers(headers))

    async def _sign_in_unless_renewed_since(self, generation: int, refused: Call | None = None) -> None:
        async with self._gate.alone():
            if self._keys.generation != generation or self._keys.just_signed_in:
                return
            if refused is not None and self._keys.no_login_for(refused.name):
                raise SessionRejected(f"{refused.name} refuses the session, and no login is spent on it again today")
            await self._keys.sign_in()

    async def _renew(self) -> None:
        if self._keys.alive:
            try:
                await self._keys.refresh()
            except SessionRejected:
                if self._keys.just_signed_in:
                    raise
            else:
                return
        await self._keys.sign_in()

    def _failed(self, error: EnlightenError) -> None:
        """Keeps the error and what it says about the sign-in; any answer shows that the session lives."""
        self._last_error = error
        if isinstance(error, BudgetExhausted):
            return
        self._trouble = self._keys.guard.cause if isinstance(error, SignInSuspended) else status_of(error)
        if self._trouble is None and not self._keys.alive:
            self._trouble = TokenStatus.LOGIN_FAILED
