"""Browser sessions: the cookie `_enlighten_4_session` and what stands behind it (sections 2.5 and 2.6)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from ..switches import Switches

SESSION_COOKIE = "_enlighten_4_session"
MANAGER_COOKIE = "enlighten_manager_token_production"


@dataclass(slots=True)
class Session:
    """One session; it stays the same object when its cookie rotates."""

    number: int
    opened_at: datetime
    last_seen: datetime
    authenticity_token: str
    logged_in: bool = False
    expired: bool = False

    @property
    def key(self) -> str:
        """What XSRF tokens and validations of this session are filed under."""
        return f"session {self.number}"


class Sessions:
    """All sessions, found by their cookie's value."""

    def __init__(self, now: Callable[[], datetime], switches: Callable[[], Switches], random: Random) -> None:
        self._now = now
        self._switches = switches
        self._random = random
        self._count = 0
        self._by_cookie: dict[str, tuple[Session, datetime | None]] = {}

    def open(self, *, logged_in: bool = False) -> tuple[str, Session]:
        """Begin a session, anonymous or logged in; return its cookie's value and itself."""
        now = self._now()
        self._count += 1
        token = base64.b64encode(self._random.randbytes(64)).decode()
        session = Session(self._count, now, now, token, logged_in)
        return self._name(session), session

    def stray_cookie(self) -> str:
        """Return the value of an anonymous cookie with nothing behind it, as a login wall sets it (statement 21)."""
        return self._random.randbytes(16).hex()

    def find(self, cookie: str) -> Session | None:
        """Return the living session of a cookie and count this as its last request; else None (statement 22)."""
        session, dies_at = self._by_cookie.get(cookie, (None, None))
        now, switches = self._now(), self._switches()
        if session is None or session.expired or (dies_at is not None and now >= dies_at):
            return None
        since = session.last_seen if switches.session_ttl_from == "last_request" else session.opened_at
        if (now - since).total_seconds() >= switches.session_ttl:
            session.expired = True
            return None
        session.last_seen = now
        return session

    def known(self, cookie: str) -> Session | None:
        """Return the session of a cookie, dead or alive; this is no request of it."""
        return self._by_cookie.get(cookie, (None, None))[0]

    def rotate(self, cookie: str, session: Session) -> str:
        """Give the session a new cookie; the old value dies at once or after a grace (statement 12)."""
        dies_at = self._now() + timedelta(seconds=self._switches().old_session_grace)
        self._by_cookie[cookie] = (session, dies_at)
        return self._name(session)

    def expire_all(self) -> None:
        """End every session on the server's side; cookies and JWTs stay with their clients (statement 81)."""
        for session, _ in self._by_cookie.values():
            session.expired = True

    def _name(self, session: Session) -> str:
        cookie = self._random.randbytes(16).hex()
        self._by_cookie[cookie] = (session, None)
        return cookie
