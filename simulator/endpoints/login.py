"""Signing in and minting tokens (section 2, statements 1 to 16)."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from enum import Enum, auto

from ..account import EMAIL, PASSWORD, SITE_ID, USER_ID
from ..answers.html_pages import login_page, login_wall, otp_page
from ..credentials.sessions import MANAGER_COOKIE, SESSION_COOKIE
from ..wire import Request, Response, as_html, as_json, redirect
from ..world import World
from .access import living_session
from .second_factor import SecondFactor

_TOO_MANY = "Too many active sessions. Please try again later."


class _Verdict(Enum):
    ACCEPTED = auto()
    WRONG = auto()
    BLOCKED = auto()
    TOO_MANY = auto()
    MFA = auto()


class Login:
    """Both logins, the second factor and both token mints."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._attempts: deque[datetime] = deque()
        self.second_factor = SecondFactor(world)

    def page(self, _request: Request) -> Response:
        """GET /login (statement 1)."""
        return login_page(self._world)

    def form(self, request: Request) -> Response:
        """POST /login/login (statements 2 to 4): success is a 302 that carries the cookies itself."""
        form = request.form()
        session = self._world.sessions.find(request.cookie(SESSION_COOKIE))
        belongs = session is not None and form.get("authenticity_token") == session.authenticity_token
        verdict = self._judge(form)
        if self._world.switches.authenticity_enforced and not belongs:
            verdict = _Verdict.WRONG
        self._count(verdict)
        if verdict is _Verdict.ACCEPTED:
            return self._signed_in(redirect(request, "/"))[0]
        if verdict is _Verdict.MFA:
            return self._challenged(request, otp_page())
        return login_page(self._world, _TOO_MANY if verdict is _Verdict.TOO_MANY else "Invalid email or password.")

    def login_json(self, request: Request) -> Response:
        """POST /login/login.json (section 2.1, statements 5 to 11 and 88)."""
        if self._world.login_406_left > 0:
            self._world.login_406_left -= 1
            return as_html("", 406)
        verdict = self._judge(request.form())
        self._count(verdict)
        if verdict is _Verdict.ACCEPTED:
            return self._json_success()
        if verdict is _Verdict.MFA:
            short = self._world.switches.mfa_form == "requires_mfa"
            asked = as_json({"requires_mfa": True} if short else {"success": True, "isBlocked": False})
            return self._challenged(request, asked)
        return {
            _Verdict.WRONG: as_json({"message": "Invalid"}, 401),
            _Verdict.BLOCKED: as_json({"success": False, "isBlocked": True}),
            _Verdict.TOO_MANY: as_json({"success": False, "message": _TOO_MANY}),
        }[verdict]

    def validate_otp(self, request: Request) -> Response:
        """POST validate_login_otp: the right code makes a session (section 2.4)."""
        refusal = self.second_factor.refusal(request)
        if refusal is not None:
            return refusal
        self._count(_Verdict.ACCEPTED)
        return self._json_success(isValidMobileNumber=True)

    def self_token(self, request: Request) -> Response:
        """GET /users/self/token: mints a JWT and rotates the session's cookie (statement 12)."""
        world, old = self._world, request.cookie(SESSION_COOKIE)
        if not world.era.self_token or world.switches.token_path not in {"both", "self"}:
            return as_json({"error": "Not Found"}, 404)
        session = living_session(world, request)
        if session is None:
            walled = world.switches.mint_refusal == "html"
            return login_wall(world) if walled else as_json({"error": "Unauthorized"}, 401)
        token, expires_at = self._mint()
        document = {"token": token, "expires_at": expires_at} if world.switches.token_expires_at else {"token": token}
        world.journal.count("token_refreshes")
        return self._with_session(as_json(document), world.sessions.rotate(old, session))

    def jwt_token(self, request: Request) -> Response:
        """GET /app-api/jwt_token.json: mints a JWT; without a session there is none in the answer (statement 13)."""
        world = self._world
        if world.era.self_token and world.switches.token_path not in {"both", "jwt"}:
            return as_json({"error": "Not Found"}, 404)
        if living_session(world, request) is None:
            return login_wall(world) if world.switches.mint_refusal == "html" else as_json({})
        world.journal.count("token_refreshes")
        return as_json({"token": self._mint()[0]})

    def retired_mint(self, _request: Request) -> Response:
        """POST /tokens, the mint that was retired (statement 15)."""
        return as_json({"error": "Bad Request"}, 400)

    def _judge(self, form: dict[str, str]) -> _Verdict:
        switches, now = self._world.switches, self._world.clock.now()
        while self._attempts and (now - self._attempts[0]).total_seconds() >= switches.login_window:
            self._attempts.popleft()
        self._attempts.append(now)
        locked_out = 0 < switches.login_limit < len(self._attempts)  # statement 16
        if switches.too_many_sessions or locked_out:
            return _Verdict.TOO_MANY
        if switches.blocked:
            return _Verdict.BLOCKED
        if (form.get("user[email]"), form.get("user[password]")) != (EMAIL, PASSWORD):
            return _Verdict.WRONG
        return _Verdict.MFA if switches.mfa else _Verdict.ACCEPTED

    def _count(self, verdict: _Verdict) -> None:
        if verdict is not _Verdict.MFA:
            self._world.journal.count("logins" if verdict is _Verdict.ACCEPTED else "logins_refused")

    def _json_success(self, **more: object) -> Response:
        response, cookie, manager = self._signed_in(as_json({}))
        if self._world.switches.thin_login:
            return response
        body = {
            "message": "success",
            "session_id": cookie,
            "manager_token": manager,
            "is_consumer": True,
            "system_id": str(SITE_ID) if self._world.switches.sites else "",
            "redirect_url": "",
            **more,
        }
        return Response(body=as_json(body).body, headers=response.headers)

    def _signed_in(self, response: Response) -> tuple[Response, str, str]:
        """Add the cookies of a new session; the account's old XSRF token dies with it (statement 23)."""
        cookie, _ = self._world.sessions.open(logged_in=True)
        self._world.xsrf.forget("account")
        manager = self._mint()[0]
        return self._with_session(response, cookie).with_cookie(MANAGER_COOKIE, manager), cookie, manager

    def _with_session(self, response: Response, cookie: str) -> Response:
        max_age = self._world.switches.session_cookie_max_age
        return response.with_cookie(SESSION_COOKIE, cookie, http_only=True, max_age=max_age)

    def _mint(self) -> tuple[str, int]:
        world = self._world
        return world.signer.mint(USER_ID, world.cloud_time(), world.switches.jwt_ttl, world.switches.jwt_user_claim)

    def _challenged(self, request: Request, response: Response) -> Response:
        """Ask for the second factor; the session stays the anonymous one that it was, or begins as one."""
        session = self._world.sessions.find(request.cookie(SESSION_COOKIE))
        if session is None or session.logged_in:
            cookie, session = self._world.sessions.open()
            response = response.with_cookie(SESSION_COOKIE, cookie, http_only=True)
        return self.second_factor.challenge(session, response)
