"""Redirects over the real wire: e-mail, password, cookies and tokens go to the one origin and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict, CIMultiDictProxy

from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.wire import Received, Wire
from enphase_battery.errors import EnlightenError

if TYPE_CHECKING:
    from yarl import URL

EMAIL, PASSWORD = "owner@example.com", "correct horse battery"
NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
SETTINGS = "/service/batteryConfig/api/v1/batterySettings/3141592"
SECRETS = ("owner", "correct", "session-cookie", "token-of-the-session", "xsrf-of-the-session")
CODES = (301, 302, 303, 307, 308)


class Host:
    """A server that keeps what it was sent, and answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.leads: dict[str, tuple[int, str]] = {}
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        name = f"{request.method} {request.path}"
        self.heard.append(f"{name} {request.query_string} {dict(request.headers)} {body}")
        if name in self.leads:
            status, target = self.leads[name]
            return web.Response(
                status=status, headers={"Location": target, "Set-Cookie": "more=session-cookie; Path=/"}
            )
        if name == "GET /login":
            form = '<form action="/login/login"><input name="authenticity_token" value="abc="></form>'
            return web.Response(text=f"<!DOCTYPE html>{form}", content_type="text/html")
        if name == "POST /login/login.json" and "form" in self.leads:
            return web.Response(status=406)
        response = web.json_response(
            {"message": "success", "token": "token-of-the-session", "data": {"chargeFromGrid": True}}
        )
        response.headers.add("Set-Cookie", "_enlighten_4_session=session-cookie; Path=/")
        response.headers.add("Set-Cookie", "BP-XSRF-Token=xsrf-of-the-session; Path=/")
        return response

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


def new_session(base_url: str, wire: Wire | None = None) -> EnlightenSession:
    return EnlightenSession(
        base_url=base_url,
        email=EMAIL,
        password=PASSWORD,
        record=None,
        save=lambda _record: None,
        clock=lambda: NOW,
        logger=logging.getLogger("redirects"),
        requests_per_hour=1000,
        wire=wire,
    )


@asynccontextmanager
async def two_hosts() -> AsyncIterator[tuple[Host, Host, EnlightenSession]]:
    """Give the cloud, another host (another port is another origin), and a session with the cloud."""
    cloud, other = Host(), Host()
    await cloud.server.start_server()
    await other.server.start_server()
    session = new_session(cloud.url)
    try:
        yield cloud, other, session
    finally:
        await session.close()
        await cloud.server.close()
        await other.server.close()


def elsewhere(other: Host, kind: str) -> str:
    """Return an address that is not the cloud's own, in one of its disguises."""
    port = other.server.port
    return {
        "host": f"{other.url}/login/login",
        "name": f"http://localhost:{port}/login/login",
        "no scheme": f"//127.0.0.1:{port}/login/login",
        "user": f"http://127.0.0.1:1@127.0.0.1:{port}/login/login",
        "backslash": f"http://127.0.0.1:{port}\\@127.0.0.1/login/login",
        "upper case": f"HTTP://127.0.0.1:{port}/login/login",
        "number": f"http://2130706433:{port}/login/login",
        "blank": f" http://127.0.0.1:{port}/login/login",
    }[kind]


KINDS = ("host", "name", "no scheme", "user", "backslash", "upper case", "number", "blank")


@pytest.mark.parametrize(("code", "kind"), [*((code, "host") for code in CODES), *((307, kind) for kind in KINDS[1:])])
async def test_a_sign_in_that_is_led_elsewhere_sends_nothing_there(code: int, kind: str) -> None:
    async with two_hosts() as (cloud, other, session):
        cloud.leads["POST /login/login.json"] = (code, elsewhere(other, kind))
        with pytest.raises(EnlightenError):
            await session.request("GET", SETTINGS)
        assert other.heard == []
        assert any("correct" in one for one in cloud.heard), "the password went to the cloud itself"


@pytest.mark.parametrize("code", CODES)
async def test_the_login_form_that_is_led_elsewhere_sends_nothing_there(code: int) -> None:
    async with two_hosts() as (cloud, other, session):
        cloud.leads["form"] = (0, "")
        cloud.leads["POST /login/login"] = (code, f"{other.url}/login/login")
        with pytest.raises(EnlightenError):
            await session.request("GET", SETTINGS)
        assert other.heard == []
        assert any(one.startswith("POST /login/login ") and "correct" in one for one in cloud.heard)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_request_with_cookies_and_tokens_that_is_led_elsewhere_sends_nothing_there(
    code: int, method: str
) -> None:
    async with two_hosts() as (cloud, other, session):
        await session.request("GET", SETTINGS, username="1")
        cloud.leads[f"{method} {SETTINGS}"] = (code, f"{other.url}{SETTINGS}")
        with pytest.raises(EnlightenError) as caught:
            await session.request(
                method, SETTINGS, username="1", body={"a": 1} if method == "PUT" else None, xsrf_from=SETTINGS
            )
        assert other.heard == []
        assert not any(secret in str(caught.value) for secret in SECRETS)
        assert any("session-cookie" in one and "token-of-the-session" in one for one in cloud.heard), (
            "the cloud had them"
        )


@pytest.mark.parametrize("code", CODES)
async def test_a_token_that_is_minted_elsewhere_is_not_fetched(code: int) -> None:
    async with two_hosts() as (cloud, other, session):
        for mint in ("GET /users/self/token", "GET /app-api/jwt_token.json"):
            cloud.leads[mint] = (code, f"{other.url}/users/self/token")
        with suppress(EnlightenError):  # a session can do without a token
            await session.refresh()
        assert other.heard == []
        assert any(one.startswith("GET /users/self/token") for one in cloud.heard)


@pytest.mark.parametrize("code", CODES)
async def test_a_chain_over_the_own_host_is_left_where_it_leaves_it(code: int) -> None:
    async with two_hosts() as (cloud, other, session):
        await session.request("GET", SETTINGS, username="1")
        cloud.leads["GET /"] = (302, "/one")
        cloud.leads["GET /one"] = (code, "/two")
        cloud.leads["GET /two"] = (code, f"{other.url}/three")
        with pytest.raises(EnlightenError):
            await session.request("GET", "/", page=True)
        assert [one.split()[1] for one in cloud.heard if "/two" in one.split()[1]] == ["/two"]
        assert other.heard == []


async def test_a_cookie_for_another_host_is_neither_kept_nor_sent() -> None:
    async with two_hosts() as (cloud, other, session):
        await session.request("GET", SETTINGS, username="1")
        cloud.leads["GET /"] = (302, "/web/1")
        await session.request("GET", "/", page=True)
        assert other.heard == []
        assert "more=session-cookie" in cloud.heard[-1], "a cookie of a hop goes with the next one"


class Downgrading:
    """A wire to a cloud over https that leads everything to plain http."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: list[URL] = []

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        self.asked.append(url)
        location = str(url.with_scheme("http").with_port(None))
        return Received(self.status, CIMultiDictProxy(CIMultiDict({"Location": location})), "")

    async def close(self) -> None:
        """There is nothing to close."""


@pytest.mark.parametrize("code", CODES)
async def test_a_session_over_https_is_never_led_to_plain_http(code: int) -> None:
    wire = Downgrading(code)
    session = new_session("https://enlighten.enphaseenergy.com", wire)
    for ask in (session.request("GET", SETTINGS), session.request("GET", "/", page=True), session.refresh()):
        with pytest.raises(EnlightenError):
            await ask
    assert {url.scheme for url in wire.asked} == {"https"}
