"""A few handlers on a real server, just enough cloud for one test: real cookies, real redirects, real connections."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from enphase_battery.enlighten.session import EnlightenSession
    from enphase_battery.enlighten.tokens import TokenStatus

EMAIL, PASSWORD = "someone@example.org", "p+s&w=rd ü"
SITE, USER = "3141592", "2718281"
BC = "/service/batteryConfig/api/v1"
SETTINGS = f"{BC}/batterySettings/{SITE}"
IS_VALID = f"{BC}/battery/sites/{SITE}/schedules/isValid"
STATUS = f"/pv/settings/{SITE}/battery_status.json"
WALL = '\ufeff \n<!DOCTYPE html><html><body><form action="/LOGIN/login">Enlighten</form></body></html>'
MAINTENANCE = "<!DOCTYPE html><html><body>We will be back soon</body></html>"
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=timezone.utc)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def jwt(**claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def answering(
    status: int = 200, body: object = None, *, text: str = "", cookies: tuple[str, ...] = (), **headers: str
) -> Handler:
    """A handler that always answers the same."""

    async def handler(request: web.Request) -> web.StreamResponse:
        plain = json.dumps(body) if body is not None else text
        response = web.Response(status=status, text=plain, content_type="application/json")
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        for cookie in cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    return handler


async def turns() -> None:
    """Lets everything happen that can happen now, on both sides of the sockets."""
    for _ in range(100):
        await asyncio.sleep(0)


@dataclass
class Cloud:
    """The stand-in.

    Attributes:
        seen: All requests, as `METHOD path`.
        requests: All requests with their headers and bodies.
        scripted: Handlers that take the place of the usual ones, each for one request, in order; the last one stays.
        session: The one cookie value that is signed in; empty: none.
        wall: How a request without it is answered.
        hold: While set, battery reads wait for it before their cookies are looked at.
        walled: How many requests came without a session.
    """

    clock: Clock
    seen: list[str] = field(default_factory=list)
    requests: list[tuple[str, web.Request, str]] = field(default_factory=list)
    scripted: dict[str, list[Handler]] = field(default_factory=dict)
    session: str = ""
    count: int = 0
    xsrf: str = "x-0"
    wall: Handler = field(default_factory=lambda: answering(401))
    hold: asyncio.Event | None = None
    waiting: int = 0
    walled: int = 0
    all_waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._dispatch)
        self.server = TestServer(app)
        await self.server.start_server()
        self.base_url = f"http://127.0.0.1:{self.server.port}"

    def script(self, request: str, *handlers: Handler) -> None:
        self.scripted[request] = list(handlers)

    def sent(self, request: str) -> list[tuple[web.Request, str]]:
        """The requests of this name, with their bodies."""
        return [(each, body) for name, each, body in self.requests if name == request]

    def logins(self) -> int:
        return sum(name in ("POST /login/login.json", "POST /login/login") for name in self.seen)

    def new_session(self) -> str:
        self.count += 1
        self.session = f"session-{self.count}"
        return f"_enlighten_4_session={self.session}; Path=/; HttpOnly"

    def token_body(self) -> dict[str, object]:
        expiry = int((self.clock.now + timedelta(days=7)).timestamp())
        return {"token": jwt(exp=expiry, user_id=int(USER), n=self.count), "expires_at": expiry}

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path}"
        self.seen.append(name)
        self.requests.append((name, request, await request.text()))
        script = self.scripted.get(name)
        if script:
            return await (script.pop(0) if len(script) > 1 else script[0])(request)
        return await self._usual(name, request)

    async def _usual(self, name: str, request: web.Request) -> web.StreamResponse:
        if name == "POST /login/login.json":
            return await answering(body={"message": "success", "session_id": "s"}, cookies=(self.new_session(),))(
                request
            )
        if self.hold is not None and request.path.startswith(BC):
            self.waiting += 1
            self.all_waiting.set()
            await self.hold.wait()
        if request.cookies.get("_enlighten_4_session") != (self.session or None):
            self.walled += 1
            return await self.wall(request)
        if name == "GET /users/self/token":
            return await answering(body=self.token_body(), cookies=(self.new_session(),))(request)
        if request.path.startswith(BC):
            return await self._battery(request)
        return await answering(body={"fine": True})(request)

    async def _battery(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET" and request.headers.get("X-XSRF-Token") != self.xsrf:
            return await answering(403, body={"status": 403, "error": "Forbidden"})(request)
        data = {"chargeFromGrid": False, "dtgControl": {"enabled": True}, "rbdControl": None, "devices": {}}
        fresh = f"BP-XSRF-Token={self.xsrf}; Path=/"
        return await answering(body={"type": "battery-details", "data": data}, cookies=(fresh,))(request)


def standing(session: EnlightenSession) -> TokenStatus:
    """The status, asked anew each time."""
    return session.token_status


async def write(session: EnlightenSession) -> None:
    await session.request("PUT", SETTINGS, body={"a": 1}, username=USER, xsrf_from=SETTINGS, wish=True)
