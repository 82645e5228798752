"""The second factor: codes that an SMS brings, and visitors who wait for one (section 2.4, statements 8 and 9)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from ..account import EMAIL
from ..answers.refusals import too_many
from ..budgets import Budget
from ..credentials.sessions import SESSION_COOKIE, Session
from ..wire import Request, Response, as_json
from ..world import World

NONCE_COOKIE = "login_otp_nonce"
_EMAIL_COOKIE = "email"
_RESEND_SECONDS = 30


@dataclass(slots=True)
class _Challenge:
    """One visitor with the right password; `code` is the last one sent to it."""

    session: Session
    code: str = ""
    sent_at: datetime | None = None


class SecondFactor:
    """Challenges by their nonce. A code belongs to its challenge; wrong ones are counted for the account."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._challenges: dict[str, _Challenge] = {}
        self._wrong = 0
        self._sends, self._checks = Budget(), Budget()

    def challenge(self, session: Session, response: Response) -> Response:
        """Begin a challenge for a session that is not logged in, and hand out what it takes to answer it.

        By switch the login itself sends a code, or only `generate_mfa_login_otp` does.
        """
        self._world.journal.count("mfa_challenges")
        waiting = _Challenge(session)
        if self._world.switches.mfa_sends == "login":
            self._send(waiting)
        return self._with_nonce(waiting, response.with_cookie(_EMAIL_COOKIE, quote(EMAIL, safe="")))

    def resend(self, request: Request) -> Response:
        """POST generate_mfa_login_otp: sends a new code and rotates the nonce."""
        world, waiting = self._world, self._find(request)
        if world.switches.blocked:
            return as_json({"success": False, "isBlocked": True})
        if waiting is None:
            return _unknown()
        now = world.clock.now()
        if waiting.sent_at is not None and (age := (now - waiting.sent_at).total_seconds()) < _RESEND_SECONDS:
            return too_many(world, _RESEND_SECONDS - age)
        if wait := self._wait(self._sends):
            return too_many(world, wait)
        self._send(waiting)
        del self._challenges[request.cookie(NONCE_COOKIE)]
        return self._with_nonce(waiting, as_json({"success": True, "isBlocked": False}))

    def refusal(self, request: Request) -> Response | None:
        """Check what POST validate_login_otp brings; None: it is right, and the challenge is over."""
        world, waiting = self._world, self._find(request)
        if world.switches.blocked:
            return as_json({"isValid": False, "isBlocked": True})
        if waiting is None or not request.cookie(_EMAIL_COOKIE):
            return _unknown()
        if wait := self._wait(self._checks):
            return too_many(world, wait)
        if not self._is_right(request.form(), waiting):
            world.journal.count("otps_refused")
            self._wrong += 1
            if self._wrong == world.switches.otp_tries:
                self._forgive()
                world.set({"blocked": True})
            return as_json({"isValid": False, "isBlocked": world.switches.blocked})
        self._forgive()
        del self._challenges[request.cookie(NONCE_COOKIE)]
        return None

    def _forgive(self) -> None:
        self._wrong = 0
        self._checks.clear()

    def _wait(self, budget: Budget) -> float:
        switches = self._world.switches
        if not switches.otp_limit:
            return 0.0
        return budget.take(self._world.clock.now(), switches.otp_limit, timedelta(seconds=switches.otp_window))

    def _find(self, request: Request) -> _Challenge | None:
        waiting = self._challenges.get(request.cookie(NONCE_COOKIE))
        session = self._world.sessions.find(request.cookie(SESSION_COOKIE))
        return waiting if waiting is not None and waiting.session is session else None

    def _send(self, waiting: _Challenge) -> None:
        world = self._world
        waiting.code, waiting.sent_at = f"{world.random.randrange(1_000_000):06}", world.clock.now()
        world.last_code = waiting.code
        world.journal.count("otps_sent")

    def _is_right(self, form: dict[str, str], waiting: _Challenge) -> bool:
        world = self._world
        known = waiting.sent_at is not None and (
            (world.clock.now() - waiting.sent_at).total_seconds() < world.switches.otp_ttl
        )
        return known and (_decoded(form.get("email", "")), _decoded(form.get("otp", ""))) == (EMAIL, waiting.code)

    def _with_nonce(self, waiting: _Challenge, response: Response) -> Response:
        nonce = self._world.random.randbytes(16).hex()
        self._challenges[nonce] = waiting
        return response.with_cookie(NONCE_COOKIE, nonce, http_only=True)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _unknown() -> Response:
    return as_json({"message": "Invalid"}, 401)
