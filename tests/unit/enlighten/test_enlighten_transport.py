"""One exchange: redirects, the size limit, broken connections."""

from __future__ import annotations

import asyncio
import gzip
import logging
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aioresponses import aioresponses

from enphase_battery.enlighten.cookies import Cookie
from enphase_battery.enlighten.record import SessionRecord, fingerprint
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.wire import LARGEST_ANSWER
from enphase_battery.errors import SessionRejected, UnexpectedAnswer, Unreachable
from tests.unit.enlighten.stand_in import EMAIL, PASSWORD, SETTINGS, STATUS, WALL, Clock, Cloud, answering

if TYPE_CHECKING:
    from collections.abc import Callable

READ = f"GET {SETTINGS}"
HOST = "https://cloud.example.org"


def living(base_url: str) -> SessionRecord:
    cookie = Cookie("_enlighten_4_session", "v", domain=base_url.split("/")[2], host_only=True)
    return SessionRecord(salt="s", account=fingerprint("s", base_url, EMAIL), cookies=(cookie,))


@pytest.fixture
async def mocked(clock: Clock) -> EnlightenSession:
    return EnlightenSession(
        base_url=HOST,
        email=EMAIL,
        password=PASSWORD,
        record=living(HOST),
        save=lambda record: None,
        clock=clock,
        logger=logging.getLogger("enlighten"),
        requests_per_hour=100,
    )


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (asyncio.TimeoutError(), "no answer in 30 s"),
        (aiohttp.ServerTimeoutError(), "no answer in 30 s"),
        (aiohttp.ServerDisconnectedError(), "ServerDisconnectedError"),
        (aiohttp.ClientPayloadError("https://secret"), "ClientPayloadError"),
        (aiohttp.ClientOSError(), "ClientOSError"),
        (OSError(), "OSError"),
    ],
)
async def test_broken_connections_are_unreachable(mocked: EnlightenSession, failure: Exception, message: str) -> None:
    with aioresponses() as cloud:
        cloud.get(f"{HOST}{SETTINGS}", exception=failure)
        with pytest.raises(Unreachable, match=message) as caught:
            await mocked.request("GET", SETTINGS)
    assert "secret" not in str(caught.value)
    await mocked.close()


async def test_an_unsafe_connection_is_named(mocked: EnlightenSession) -> None:
    class Unsafe(aiohttp.ClientSSLError):
        def __init__(self) -> None:
            Exception.__init__(self)

    with aioresponses() as cloud:
        cloud.get(f"{HOST}{SETTINGS}", exception=Unsafe())
        with pytest.raises(Unreachable, match="no safe connection") as caught:
            await mocked.request("GET", SETTINGS)
    assert caught.value.hint
    await mocked.close()


async def test_a_body_cut_in_the_middle_is_no_answer(session: EnlightenSession, cloud: Cloud) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"data":')
        assert request.transport is not None
        request.transport.close()
        return response

    cloud.script(READ, cut)
    with pytest.raises(Unreachable):
        await session.request("GET", SETTINGS)


async def test_a_host_that_is_not_there_is_unreachable(
    make_session: Callable[..., EnlightenSession], cloud: Cloud
) -> None:
    await cloud.server.close()
    session = make_session()
    with pytest.raises(Unreachable, match="no connection"):
        await session.request("GET", SETTINGS)


@pytest.mark.parametrize(("size", "taken"), [(LARGEST_ANSWER, True), (LARGEST_ANSWER + 1, False)])
async def test_answers_have_a_largest_size(session: EnlightenSession, cloud: Cloud, size: int, taken: bool) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b'"' + b"1" * (size - 2) + b'"'), headers={"Content-Encoding": "gzip"})

    cloud.script(READ, large)
    if taken:
        assert (await session.request("GET", SETTINGS)).json == "1" * (size - 2)
    else:
        with pytest.raises(UnexpectedAnswer, match="larger"):
            await session.request("GET", SETTINGS)


async def test_redirects_of_the_same_host_are_followed(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(302, Location="/a", cookies=("hop=1; Path=/",)))
    cloud.script("GET /a", answering(307, Location=f"{cloud.base_url}/b?c=d"))
    cloud.script("GET /b", answering(body={}))
    answer = await session.request("GET", SETTINGS)
    assert answer.path == "/b"
    request, _ = cloud.sent("GET /b")[0]
    assert request.cookies["hop"] == "1"
    assert request.query == {"c": "d"}


async def test_other_hosts_are_never_followed(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    other = Cloud(clock)
    await other.start()
    port = cloud.server.port
    for location in (
        other.base_url,
        f"http://localhost:{port}/x",
        "//elsewhere.example.org/x",
        f"https://127.0.0.1:{port}",
    ):
        cloud.script(READ, answering(302, Location=location))
        with pytest.raises(Unreachable, match="another host"):
            await session.request("GET", SETTINGS)
    cloud.script("POST /login/login.json", answering(307, Location=f"{other.base_url}/login"))
    cloud.session = "other"
    clock.advance(hours=1)
    with pytest.raises(Unreachable, match="another host"):
        await session.request("GET", STATUS)
    assert other.seen == []
    await other.server.close()


async def test_https_is_never_left(mocked: EnlightenSession) -> None:
    with aioresponses() as cloud:
        cloud.get(f"{HOST}{SETTINGS}", status=302, headers={"Location": f"http://cloud.example.org{SETTINGS}"})
        with pytest.raises(Unreachable, match="another host"):
            await mocked.request("GET", SETTINGS)
        assert len(cloud.requests) == 1
    await mocked.close()


async def test_a_write_is_not_led_elsewhere(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(f"PUT {SETTINGS}", answering(307, Location="/a"))
    with pytest.raises(UnexpectedAnswer, match="elsewhere"):
        await session.request("PUT", SETTINGS, body={}, xsrf_from=SETTINGS)
    assert "PUT /a" not in cloud.seen


async def test_a_write_that_is_led_to_the_login_is_a_wall(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(f"PUT {SETTINGS}", answering(302, Location="/login"))
    with pytest.raises(SessionRejected):
        await session.request("PUT", SETTINGS, body={}, xsrf_from=SETTINGS)


@pytest.mark.parametrize(("hops", "followed"), [(10, True), (11, False)])
async def test_ten_hops_are_enough(session: EnlightenSession, cloud: Cloud, hops: int, followed: bool) -> None:
    last = [answering(body={})] if followed else []
    cloud.script(READ, *(answering(302, Location=SETTINGS) for _ in range(hops)), *last)
    if followed:
        await session.request("GET", SETTINGS)
    else:
        with pytest.raises(UnexpectedAnswer, match="circles"):
            await session.request("GET", SETTINGS)
    assert cloud.seen.count(READ) == 11


@pytest.mark.parametrize("location", ["http://[broken", "mailto:x"])
async def test_a_redirect_to_nonsense_is_not_followed(session: EnlightenSession, cloud: Cloud, location: str) -> None:
    cloud.script(READ, answering(302, Location=location))
    with pytest.raises(UnexpectedAnswer):
        await session.request("GET", SETTINGS)


async def test_a_page_is_taken_where_a_page_is_asked_for(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script("GET /", answering(302, Location="/web/314"))
    cloud.script("GET /web/314", answering(text="<html>enphaseenergy.com</html>"))
    assert (await session.request("GET", "/", page=True)).path == "/web/314"
    cloud.script("GET /web/314", answering(text=WALL))
    with pytest.raises(SessionRejected):
        await session.request("GET", "/", page=True)
