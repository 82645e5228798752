"""What proves to the cloud who asks: cookies, token, XSRF token; how they are kept fresh (2.5, 2.6, section 4).

Whoever calls a method that renews must be alone with the session (see :mod:`.shared_lock`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from yarl import URL

from ..errors import SessionRejected, UnexpectedAnswer, Unreachable
from .address import BATTERY_CONFIG
from .cookies import Cookie, CookieJar, decoded
from .fields import flag, mapping
from .login import SESSION_COOKIES, site_in_path
from .login_guard import CLOCK_STEP, SUSPENSION
from .shapes import Proofs, Shape, headers
from .tokens import Token, read_token
from .transport import Call, Transport

if TYPE_CHECKING:
    from .reply import Reply
    from .saved_record import SavedRecord

MINTS = ("/users/self/token", "/app-api/jwt_token.json")
"""Where tokens come from; the first also gives the session a new cookie, and the old one may die."""
PROOF_LASTS = timedelta(minutes=30)
"""How long an endpoint that refuses everything is believed to do so although the session lives."""

_XSRF_COOKIE, _CSRF_COOKIE, _MANAGER_COOKIE = "bp-xsrf-token", "xsrf-token", "enlighten_manager_token_production"


class SessionTokens:
    """The session's proofs.

    Args:
        base_url: Of the cloud.
        transport: Carries requests.
        saved: Holds what an earlier session left, and keeps what changes.
        clock: Now, aware UTC.

    Attributes:
        alive: Whether there is a session that nothing speaks against.
        generation: Grows with each renewal: tells whether a reply was asked for with older proofs.
        used: Whether an answer of the cloud, other than a token, has shown that this very session is taken.
        proven_at: When an answer, a token or another, last showed that this session lives, aware UTC; None: none has.
    """

    def __init__(
        self, base_url: str, transport: Transport, saved: SavedRecord, *, clock: Callable[[], datetime]
    ) -> None:
        self._base_url = base_url
        self._transport = transport
        self._saved = saved
        self._clock = clock
        record = saved.record
        self._jar = CookieJar(record.cookies)
        if record.xsrf != self.xsrf:
            self._hold_xsrf(record.xsrf)
        self.alive = record.has_session
        self.generation = 0
        self.used = False
        self.proven_at: datetime | None = None

    @property
    def xsrf(self) -> str | None:
        """The XSRF token for headers: that of the cookie which goes along, decoded (double submit, section 4)."""
        return decoded(self._jar.value(_XSRF_COOKIE))

    @property
    def session_ends_at(self) -> datetime | None:
        """The end that the session cookie names, aware UTC."""
        cookie = self._jar.find(*SESSION_COOKIES)
        return None if cookie is None else cookie.expires_at

    @property
    def proofs(self) -> Proofs:
        """What headers are made of."""
        token = self._saved.record.token
        return Proofs(
            token=None if token is None else token.value,
            manager=decoded(self._jar.value(_MANAGER_COOKIE)),
            xsrf=self.xsrf,
            csrf=decoded(self._jar.value(_CSRF_COOKIE)),
        )

    async def send(self, call: Call, shape: Shape, *, username: str | None = None) -> Reply:
        """Sends a request with the proofs in a shape, and takes over what it brings."""
        made = headers(shape, self.proofs, base_url=self._base_url, write=call.is_write, username=username)
        jar = self._jar if shape.with_cookies else CookieJar()
        self._saved.note_spending(wish=call.wish)
        reply = await self._transport.send(call.with_headers(made), jar)
        self._saved.note_hold()
        if reply.is_good:
            self._absorb(reply, call, shape)
        return reply

    async def refresh(self, *, fresh: bool = False) -> bool:
        """A new token of the living session, which is no login (2.6).

        Args:
            fresh: The session was just begun: a mint that does not know it is none any more, so the others are asked.

        Returns:
            Whether the session is known to live; False: this cloud has no mint, and nothing else tells.

        Raises:
            SessionRejected: The session is dead; it is not used any more.
            Unreachable: No token to be had now; the session stays as it is.
        """
        failure: Unreachable | None = None
        signed_out = False
        for path in sorted(MINTS, key=lambda path: path != self._saved.record.mint):
            try:
                reply = await self.send(Call("GET", path, wish=True), Shape.SITE)
                reply.raise_for_outage()
            except Unreachable as error:
                failure = error
                continue
            refused = reply.is_signed_out or reply.status == HTTPStatus.FORBIDDEN
            if refused and not fresh and failure is None:  # behind one that is out of order may stand a retired one
                raise self._ended("the session has ended")
            token = read_token(reply.json, self._clock()) if reply.is_good else None
            if token is not None:
                self._renewed(token, path)
                return True
            signed_out = signed_out or refused or reply.ok
        if failure is not None:
            raise failure
        if signed_out:
            raise self._ended("the session gets no token")
        lives = not fresh and await self._is_let_in()
        self._renewed(self._saved.record.token, None)
        return lives

    def adopt(self, jar: CookieJar, **changes: Any) -> None:
        """Goes on with the cookies of a new sign-in, which has no XSRF token yet (section 4).

        Args:
            jar: Its cookies.
            changes: What is to be noted with them.
        """
        self._jar, self.alive, self.used, self.proven_at = jar, True, False, None
        self.generation += 1
        self.note(**changes)

    def note(self, **changes: Any) -> None:
        """Keeps the proofs as they are now, and what else has changed."""
        self._saved.note(cookies=tuple(self._jar), xsrf=self.xsrf, **changes)

    def was_proven_lately(self) -> bool:
        """Whether the session was seen to live within the last half hour.

        If not, an endpoint that was given up may refuse because the session has died meanwhile. To ask the mint now and
        then also keeps the session from dying.
        """
        now = self._clock()
        return self.proven_at is not None and now - PROOF_LASTS < self.proven_at <= now

    def may_sign_in_for(self, endpoint: str) -> bool:
        """Whether a login that only an endpoint asks for may be made: once a day, however often it comes and goes."""
        login = dict(self._saved.record.logins_for).get(endpoint)
        return login is None or not self._is_of_the_last_day(login)

    def signed_in_for(self, endpoint: str) -> None:
        """Notes that a login is made for the sake of an endpoint that refuses a session which may live."""
        logins = {name: at for name, at in self._saved.record.logins_for if self._is_of_the_last_day(at)}
        self.note(logins_for=tuple({**logins, endpoint: self._clock()}.items()))

    def gave_up_on(self, endpoint: str) -> bool:
        """Whether this endpoint refused everything within the last 24 hours (2.7)."""
        until = dict(self._saved.record.refused).get(endpoint)
        now = self._clock()
        return until is not None and now < until <= now + SUSPENSION + CLOCK_STEP

    def gives_up_on(self, endpoint: str) -> None:
        """Notes that an endpoint refuses everything."""
        refused = {**dict(self._saved.record.refused), endpoint: self._clock() + SUSPENSION}
        self.note(refused=tuple(refused.items()))

    def let_in_by(self, endpoint: str) -> None:
        """Notes that an endpoint takes the session."""
        self.used, self.proven_at = True, self._clock()
        record = self._saved.record
        refused, guard = dict(record.refused), record.guard.lives(self.proven_at)
        if refused.pop(endpoint, None) is not None or guard != record.guard:
            self.note(refused=tuple(refused.items()), guard=guard)

    async def _is_let_in(self) -> bool:
        """Whether the start page, which leads a session to its site (2.3), shows that this one lives.

        Raises:
            SessionRejected: It leads to the login instead: the session is dead.
            Unreachable: Outage.
        """
        try:
            reply = await self.send(Call("GET", "/", page=True, wish=True), Shape.SITE)
        except UnexpectedAnswer:
            return False
        reply.raise_for_outage()
        if reply.is_signed_out:
            raise self._ended("the session has ended")
        return site_in_path(reply.path) is not None

    def _is_of_the_last_day(self, instant: datetime) -> bool:
        now = self._clock()
        return now - SUSPENSION < instant <= now + CLOCK_STEP

    def _ended(self, message: str) -> SessionRejected:
        self.alive, self.proven_at = False, None
        return SessionRejected(message)

    def _renewed(self, token: Token | None, mint: str | None) -> None:
        self.generation += 1
        self.proven_at = self._clock()
        self.note(token=token, refreshed_at=self.proven_at, mint=mint)

    def _absorb(self, reply: Reply, call: Call, shape: Shape) -> None:
        """The cookies of a good answer only: refusals, walls and error pages set anonymous ones (2.5).

        A request without cookies is answered with new ones, which are not ours.
        """
        before = self._jar.value(*SESSION_COOKIES)
        if shape.with_cookies:
            self._jar.put((each for each in reply.cookies if each.name.casefold() != _XSRF_COOKIE), self._clock())
        if call.path.startswith(BATTERY_CONFIG) and flag(mapping(reply.json).get("isValid")) is not False:
            self._take_xsrf(reply)
        if self._jar.value(*SESSION_COOKIES) != before:
            self.note()

    def _take_xsrf(self, reply: Reply) -> None:
        """The battery service's newest XSRF token, from its cookie or else from its header (section 4)."""
        cookie = next((each for each in reversed(reply.cookies) if each.name.casefold() == _XSRF_COOKIE), None)
        if cookie is None:
            self._hold_xsrf(decoded(reply.csrf))
        elif decoded(cookie.value) is not None and not cookie.is_over(self._clock()):
            self._jar.drop(_XSRF_COOKIE)
            # Whatever path it names: it is compared with the header in all of the battery service.
            self._jar.put([replace(cookie, path="/")], self._clock())

    def _hold_xsrf(self, token: str | None) -> None:
        """Makes the cookie that a token without one needs: header and cookie have to say the same."""
        if token is None or token == self.xsrf:
            return
        self._jar.drop(_XSRF_COOKIE)
        host = URL(self._base_url).host or ""
        self._jar.put([Cookie("BP-XSRF-Token", quote(token, safe=""), domain=host, host_only=True)], self._clock())
