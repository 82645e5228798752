"""What proves to the cloud who asks: cookies, token, XSRF token; how they are renewed, and what of it is stored (2, 4).

Whoever calls a method that renews must be alone with the session (see :mod:`.gate`).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import EnlightenError, SessionRejected, SignInSuspended, TooManySessions, Unreachable
from .cookies import CookieJar
from .guard import SUSPENSION, GuardState
from .login import SESSION_COOKIES, sign_in
from .record import SessionRecord, fingerprint
from .tokens import Token, TokenStatus, read_token, status_of
from .transport import Call, Transport

if TYPE_CHECKING:
    from .reply import Reply

BATTERY_CONFIG = "/service/batteryConfig/api/v1"
REUSE = timedelta(seconds=30)
"""A login younger than this serves all who ask for one (2.7); so does a failure to reach the cloud for one."""

_MINTS = ("/users/self/token", "/app-api/jwt_token.json")
_BATTERY_UI = "https://battery-profile-ui.enphaseenergy.com"
_WHILE_SUSPENDED = {
    TokenStatus.LOGIN_FAILED: "correct email or password in the configuration, or wait",
    TokenStatus.MFA_REQUIRED: "switch two-factor sign-in off, and wait",
    TokenStatus.BLOCKED: "see in the Enphase app that the account is well, close other programs that use it, and wait",
}
_XSRF_COOKIE = "bp-xsrf-token"
_ACCEPT = "application/json, text/plain, */*"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose session it is."""

    base_url: str
    email: str = field(repr=False)
    password: str = field(repr=False)


class Keyring:
    """The session's proofs.

    Args:
        account: Whose.
        transport: Carries requests.
        record: What an earlier session of this account left; one of another account is ignored.
        save: Called with everything worth keeping, right after each login, refresh and change of the session cookie.
        clock: Now, aware UTC.
        logger: One line per login.

    Attributes:
        token: The last token.
        refreshed_at: When it was last asked for with success.
        xsrf: The newest XSRF token.
        site_id: A site that the sign-in named.
        user_id: The user that the last token named.
        guard: The login guard.
        alive: Whether there is a session that nothing speaks against.
        generation: Grows with each renewal: tells whether a reply was asked for with older proofs.
    """

    def __init__(
        self,
        account: Account,
        transport: Transport,
        *,
        record: SessionRecord | None,
        save: Callable[[SessionRecord], None],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._account = account
        self._transport = transport
        self._save = save
        self._clock = clock
        self._logger = logger
        if record is None or not record.belongs_to(account.base_url, account.email):
            salt = secrets.token_hex(16)
            record = SessionRecord(salt=salt, account=fingerprint(salt, account.base_url, account.email))
        self._salt, self._account_hash = record.salt, record.account
        self._jar = CookieJar(record.cookies)
        self._refused = dict(record.refused)
        self.token = record.token
        self.refreshed_at = record.refreshed_at
        self.xsrf = record.xsrf
        self.site_id = record.site_id
        self.user_id = record.user_id
        # A corrected password is a new attempt: what was held against the old one is forgotten.
        self.guard = record.guard if record.credentials == self._credentials(record.guard) else GuardState()
        self.alive = self._jar.value(*SESSION_COOKIES) is not None
        self.generation = 0
        self._signed_in_at: datetime | None = None
        self._failed_at: datetime | None = None

    @property
    def just_signed_in(self) -> bool:
        """Whether a login is so young that another could not mend anything."""
        return self._is_recent(self._signed_in_at)

    async def send(self, call: Call) -> Reply:
        """Sends a request with the cookies, and takes over what the reply brings."""
        reply = await self._transport.send(call, self._jar)
        self._absorb(reply, call)
        return reply

    def headers(self, path: str, *, username: str | None = None, write: bool = False) -> dict[str, str]:
        """The one shape of headers that serves every era here (5, G).

        Args:
            path: Battery calls come from the battery page, all others from the site itself.
            username: The user id.
            write: Writes carry the XSRF token, reads must not (4).
        """
        headers = {"Accept": _ACCEPT}
        if self.token is not None:
            headers["e-auth-token"] = self.token.value
        if username is not None:
            headers["Username"] = username
        if path.startswith(BATTERY_CONFIG):
            headers |= {"Origin": _BATTERY_UI, "Referer": f"{_BATTERY_UI}/"}
        else:
            headers |= {"Referer": f"{self._account.base_url}/", "X-Requested-With": "XMLHttpRequest"}
        if write and self.xsrf is not None:
            headers["X-XSRF-Token"] = self.xsrf
        return headers

    async def sign_in(self) -> None:
        """One login under the guard, then a token (2.1 to 2.7).

        Raises:
            SignInSuspended: The guard forbids it; nothing was sent.
            SignInError: The cloud refused it.
            SessionRejected: Signed in, yet no token is given out.
            Unreachable: The cloud cannot be reached; this does not count as refused.
            UnexpectedAnswer: Not understood.
        """
        now = self._clock()
        self.alive = False
        if (until := self.guard.closed_until(now)) is not None:
            raise SignInSuspended(
                f"no sign-in before {until:%Y-%m-%d %H:%M} UTC, after {self.guard.rejections} refused "
                f"({(self.guard.cause or TokenStatus.LOGIN_FAILED).value})",
                until=until,
                hint=_WHILE_SUSPENDED.get(self.guard.cause or TokenStatus.LOGIN_FAILED, ""),
            )
        if self._is_recent(self._failed_at):
            raise Unreachable("the cloud could not be reached for a sign-in a moment ago")
        try:
            await self._sign_in()
        except Unreachable:
            self._failed_at = now
            raise
        except EnlightenError as error:
            cause = status_of(error) or TokenStatus.LOGIN_FAILED
            self.guard = self.guard.rejected(now, cause, suspend=isinstance(error, TooManySessions))
            self._store()
            raise
        self.alive, self.guard, self._signed_in_at, self._failed_at = True, GuardState(), now, None
        self._store()
        self._logger.info("signed in to the Enlighten cloud")

    async def refresh(self) -> None:
        """A new token of the living session, which is no login (2.6).

        Raises:
            SessionRejected: The session is dead.
            Unreachable: No token to be had now; the session stays as it is.
        """
        failure: Unreachable | None = None
        signed_out = False
        for path in _MINTS:
            call = Call("GET", path, headers=self.headers(path), wish=True)
            try:
                reply = await self.send(call)
                reply.raise_for_outage()
            except Unreachable as error:
                failure = error
                continue
            if reply.is_signed_out or reply.status == HTTPStatus.FORBIDDEN:
                raise SessionRejected("the session has ended")
            token = read_token(reply.json, self._clock()) if reply.ok else None
            if token is not None:
                self._renewed(token)
                return
            signed_out = signed_out or reply.ok
        if failure is not None:
            raise failure
        if signed_out:
            raise SessionRejected("the session gets no token")
        self._renewed(self.token)  # neither mint exists here: the cookies alone have to do

    def no_login_for(self, endpoint: str) -> bool:
        """Whether this endpoint refused a fresh session within the last 24 hours (2.7)."""
        until = self._refused.get(endpoint)
        now = self._clock()
        return until is not None and now < until <= now + SUSPENSION

    def refuses(self, endpoint: str) -> None:
        """Notes that an endpoint refuses even a fresh session."""
        self._refused[endpoint] = self._clock() + SUSPENSION
        self._store()

    def accepts(self, endpoint: str) -> None:
        """Notes that an endpoint takes the session."""
        if self._refused.pop(endpoint, None) is not None:
            self._store()

    async def _sign_in(self) -> None:
        jar = CookieJar()

        async def send(call: Call) -> Reply:
            reply = await self._transport.send(call, jar, signing_in=True)
            jar.put(reply.cookies, self._clock())
            return reply

        account = self._account
        done = await sign_in(send, jar, base_url=account.base_url, email=account.email, password=account.password)
        self._jar, self.xsrf = jar, None  # a login ends the old XSRF token (4)
        self.site_id = done.site_id or self.site_id
        self.generation += 1
        self._store()
        try:
            await self.refresh()
        except Unreachable as error:
            self._logger.debug("signed in without a token: %s", error)

    def _renewed(self, token: Token | None) -> None:
        self.token = token
        self.user_id = (token and token.user_id) or self.user_id
        self.refreshed_at = self._clock()
        self.generation += 1
        self._store()

    def _absorb(self, reply: Reply, call: Call) -> None:
        """Cookies of anything but a login wall (2.5), the XSRF token of good battery answers only (4)."""
        if reply.is_signed_out:
            return
        before = self._jar.value(*SESSION_COOKIES)
        xsrf = next((cookie.value for cookie in reply.cookies if cookie.name.casefold() == _XSRF_COOKIE), None)
        self._jar.put(
            (cookie for cookie in reply.cookies if reply.ok or cookie.name.casefold() != _XSRF_COOKIE), self._clock()
        )
        if reply.ok and call.path.startswith(BATTERY_CONFIG):
            self.xsrf = (unquote(xsrf.strip('"')) if xsrf else reply.csrf) or self.xsrf
        if self._jar.value(*SESSION_COOKIES) != before:
            self._store()

    def _is_recent(self, instant: datetime | None) -> bool:
        return instant is not None and timedelta(0) <= self._clock() - instant < REUSE

    def _credentials(self, guard: GuardState) -> str | None:
        """The hash that goes with a guard that holds something against the password."""
        account = self._account
        if not guard.rejections:
            return None
        return fingerprint(self._salt, account.base_url, account.email, account.password)

    def _store(self) -> None:
        self._save(
            SessionRecord(
                salt=self._salt,
                account=self._account_hash,
                credentials=self._credentials(self.guard),
                cookies=tuple(self._jar),
                token=self.token,
                refreshed_at=self.refreshed_at,
                xsrf=self.xsrf,
                guard=self.guard,
                site_id=self.site_id,
                user_id=self.user_id,
                refused=tuple(self._refused.items()),
            )
        )
