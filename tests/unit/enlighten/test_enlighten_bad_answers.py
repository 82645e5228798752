"""Whatever comes instead of an answer ends in one of the errors that are foreseen, in one line."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from enphase_battery.enlighten import wire as wire_module
from enphase_battery.enlighten.battery import Battery
from enphase_battery.enlighten.cookies import CookieJar, decoded, parse_set_cookie
from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.identity import Identity, find_identity
from enphase_battery.enlighten.login import authenticity_token
from enphase_battery.enlighten.models import BatterySettings, WriteForm
from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.reply import Reply
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import read_token
from enphase_battery.enlighten.wire import LARGEST_ANSWER, AiohttpWire, Received
from enphase_battery.errors import EnlightenError, SiteNotFound, UnexpectedAnswer, Unreachable
from tests.unit.enlighten.stand_in import EMAIL, NOW, PASSWORD, SETTINGS, SITE, USER, WALL, Cloud, answering, jwt

Make = Callable[..., EnlightenSession]
OK = b"HTTP/1.1 200 OK\r\n"
PACKED = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s"
QUIET = logging.getLogger("quiet")
HOUR = timedelta(hours=1)
EMPTY = SessionRecord(salt="s", account="a")
SETTINGS_READ = BatterySettings.parse({"data": {"chargeFromGrid": False, "rbdControl": None}})
EASY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def packed(encoding: bytes, body: bytes) -> bytes:
    return PACKED % (encoding, len(body), body)


@asynccontextmanager
async def answering_bytes(raw: bytes, *, then: str = "close") -> AsyncIterator[URL]:
    """A server that answers these very bytes, and then closes, resets or just stays."""
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            if then == "stay":
                await ended.wait()
            if then == "reset":
                writer.transport.abort()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x")
    ended.set()
    server.close()


async def exchanged(raw: bytes, *, then: str = "close") -> Received:
    wire = AiohttpWire()
    try:
        async with answering_bytes(raw, then=then) as url:
            return await wire.exchange("GET", url, {}, None)
    finally:
        await wire.close()


# --- bytes


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"hello\r\n\r\n",
    "no status": b"HTTP/1.1 abc OK\r\n\r\n",
    "an impossible length": OK + b"Content-Length: -5\r\n\r\n",
    "a cut body": OK + b"Content-Length: 50\r\n\r\nabc",
    "an endless header": OK + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    "a cut chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "no chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n",
    "not packed": packed(b"gzip", b"hello"),
    "a cut pack": packed(b"gzip", gzip.compress(b"x" * 100)[:12]),
    "a pack without its last byte": packed(b"gzip", gzip.compress(b"x" * 100)[:-1]),
    "not deflated": packed(b"deflate", b"hello"),
    "packed as nobody asked": packed(b"br", b"hello"),
}
TOO_LARGE: dict[str, bytes] = {
    "a bomb": packed(b"gzip", gzip.compress(b"0" * 50_000_000)),
    "a flood": packed(b"identity", b"0" * (LARGEST_ANSWER + 1)),
}


@pytest.mark.parametrize("what", [*BROKEN, *TOO_LARGE])
async def test_broken_bytes_are_no_answer(what: str) -> None:
    error = Unreachable if what in BROKEN else UnexpectedAnswer
    with pytest.raises(error) as caught:
        await exchanged({**BROKEN, **TOO_LARGE}[what])
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "identity"])
async def test_packed_answers_are_unpacked(encoding: str) -> None:
    body = "fühlt".encode()
    packers: dict[str, Callable[[bytes], bytes]] = {"deflate": zlib.compress, "identity": bytes}
    pack = packers.get(encoding, gzip.compress)
    assert (await exchanged(packed(encoding.encode(), pack(body)))).text == "fühlt"


async def test_an_empty_body_may_call_itself_packed() -> None:
    assert (await exchanged(packed(b"gzip", b""))).text == ""


async def test_a_connection_that_is_reset_is_no_answer() -> None:
    with pytest.raises(Unreachable):
        await exchanged(OK + b"Content-Length: 50\r\n\r\nabc", then="reset")


@pytest.mark.parametrize(
    "raw", [b"", OK + b"Content-Length: 50\r\n\r\nabc", OK + b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_an_answer_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(wire_module, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(Unreachable, match=r"no answer in 0\.05 s"):
        await exchanged(raw, then="stay")


async def test_cookies_of_no_text_are_not_taken_and_do_no_harm(session: EnlightenSession, cloud: Cloud) -> None:
    raw = (
        OK
        + b"Set-Cookie: a=\xff\xfe; Path=/\r\nSet-Cookie: b[ c=1\r\nSet-Cookie: d=e\x01f\r\nContent-Length: 0\r\n\r\n"
    )
    received = await exchanged(raw)
    lines = received.headers.getall("Set-Cookie")
    taken = [cookie for line in lines if (cookie := parse_set_cookie(line, URL(cloud.base_url), NOW))]
    assert [cookie.name for cookie in taken] == ["b[ c"]


# --- statuses and pages


@pytest.mark.parametrize("status", [466, 468, 472, 473, 402, 408, 418, 451])
async def test_unknown_refusals_are_unexpected(session: EnlightenSession, cloud: Cloud, status: int) -> None:
    cloud.script(f"GET {SETTINGS}", answering(status, body={"message": "x"}))
    with pytest.raises(UnexpectedAnswer, match=str(status)):
        await session.request("GET", SETTINGS)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 550, 551, 552, 599])
@pytest.mark.parametrize("text", ["", WALL, "<html>nginx", '{"status": 503}', "null"])
async def test_outages_are_unreachable_whatever_their_body(
    session: EnlightenSession, cloud: Cloud, status: int, text: str
) -> None:
    cloud.script(f"GET {SETTINGS}", answering(status, text=text))
    with pytest.raises(Unreachable, match=str(status)):
        await session.request("GET", SETTINGS)
    assert cloud.logins() == 1


async def test_a_hotspot_gets_neither_password_nor_cookies_and_is_no_refused_login(
    make_session: Make, cloud: Cloud, clock: Any
) -> None:
    hotspot = Cloud(clock)
    await hotspot.start()
    away = answering(302, Location=f"{hotspot.base_url}/welcome")
    session = make_session()
    for name in ("POST /login/login.json", "GET /users/self/token", "GET /app-api/jwt_token.json", f"GET {SETTINGS}"):
        cloud.script(name, away)
    for _ in range(4):
        clock.advance(minutes=10)
        with pytest.raises(Unreachable, match="another host"):
            await session.request("GET", SETTINGS)
    cloud.scripted.clear()
    clock.advance(minutes=1)
    await session.request("GET", SETTINGS)
    assert hotspot.seen == []
    await hotspot.server.close()


# --- any JSON, any text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("data", "sites", "items", "id", "site_id", "name", "title", "user_id", "app", "userId", "user"),
                    *("token", "expires_at", "isBlocked", "isValid", "success", "requires_mfa", "system_id", "error"),
                    *("status", "cfg", "details", "chargeFromGrid", "dtgControl", "enabled", "storages", "timezone"),
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
TEXT = st.text(max_size=60) | st.sampled_from(
    ["<![foo", "<!DOCTYPE html", "<html>", "\ufeff<html>/login/login", "&#xffffffff;"]
)


class AnyCloud:
    """Results the same whatever is asked, once the sign-in is done."""

    def __init__(self, status: int, text: str, headers: list[tuple[str, str]]) -> None:
        self.answer = Received(status, CIMultiDictProxy(CIMultiDict(headers)), text)
        self.asked = 0

    async def exchange(self, method: str, url: URL, headers: Any, data: bytes | None) -> Received:
        self.asked += 1
        for value in headers.values():
            value.encode()
            assert "\n" not in value
            assert "\r" not in value
        if url.path == "/login/login.json" and self.asked == 1:
            cookies = CIMultiDictProxy(CIMultiDict({"Set-Cookie": "_enlighten_4_session=s; Path=/"}))
            return Received(200, cookies, "{}")
        return self.answer

    async def close(self) -> None:
        return


NAMES = st.sampled_from(["Set-Cookie", "x-csrf-token", "Retry-After", "Date", "Location", "Content-Type"])
VALUES = st.text(st.characters(blacklist_characters="\r\n"), max_size=30) | st.sampled_from(
    [
        *(
            "BP-XSRF-Token=%0d%0a; Path=/",
            "_enlighten_4_session=; Max-Age=0",
            "a=b; Expires=Fri, 31 Dec 9999 23:59:59 -2359",
        ),
        *(
            "login_otp_nonce=n",
            "enlighten_manager_token_production=\ud800",
            "Fri, 31 Dec 9999 23:59:59 -2359",
            "9" * 400,
        ),
        *("http://[", "//", "/login", "https://x.example.org", "?", "/a b", "http:///x", "/\ud800"),
    ]
)


@EASY
@given(
    status=st.sampled_from([200, 204, 302, 307, 400, 401, 403, 404, 409, 429, 500, 503, 999]),
    text=JSON.map(json.dumps) | TEXT,
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=3),
)
@example(status=200, text="<![foo", headers=[])
@example(status=429, text="", headers=[("Retry-After", "9" * 400)])
def test_nothing_that_the_cloud_says_breaks_the_session(status: int, text: str, headers: list[tuple[str, str]]) -> None:
    async def everything() -> None:
        now = [NOW]
        cloud = AnyCloud(status, text, headers)
        saved: list[SessionRecord] = []
        session = EnlightenSession(
            base_url="https://cloud.example.org",
            email=EMAIL,
            password=PASSWORD,
            record=None,
            save=saved.append,
            clock=lambda: now[0],
            logger=QUIET,
            requests_per_hour=100_000,
            wire=cloud,
        )
        battery = Battery(session, Identity(site_id=SITE, user_id=USER))
        for act in (
            session.refresh,
            battery.settings,
            battery.schedules,
            battery.status,
            battery.site_settings,
            lambda: battery.validate(Family.CFG),
            battery.accept_itc_disclaimer,
            lambda: battery.write_switch(Family.RBD, True, form=WriteForm.MERGED, settings=SETTINGS_READ),
            lambda: find_identity(session, site_id=None, user_id=None),
            lambda: session.submit_code("123456"),
            session.resend_code,
            lambda: session.refresh(by_hand=True),
        ):
            with contextlib.suppress(EnlightenError):
                await act()
            said = str(session.condition.last_error or "all is well")
            assert said.isprintable()
            assert 0 < len(said) < 400
            now[0] += HOUR
        await session.close()
        assert session.token_status
        for record in saved[-1:]:
            assert SessionRecord.from_json(json.loads(json.dumps(record.to_json()))).cookies == record.cookies

    asyncio.run(everything())


@EASY
@given(page=TEXT | st.text("<!-[]>&;'\"=/ abINPUTinput", max_size=80))
@example(page="<![foo[")
@example(page="<!-")
def test_no_page_breaks_the_search_for_the_forms_token(page: str) -> None:
    authenticity_token(page)


@EASY
@given(line=VALUES | st.text(max_size=80))
@example(line="a=b; Max-Age=" + "9" * 5000)
@example(line="a=b; Expires=Fri, 31 Dec 9999 23:59:59 -2359")
def test_no_cookie_breaks_the_jar(line: str) -> None:
    cookie = parse_set_cookie(line, URL("https://cloud.example.org/a"), NOW)
    if cookie is not None:
        jar = CookieJar()
        jar.put([cookie], NOW)
        jar.header(URL("https://cloud.example.org/a"), NOW).encode()
        token = decoded(cookie.value)
        assert token is None or (token.isascii() and token.isprintable())


@EASY
@given(text=JSON.map(json.dumps) | TEXT, status=st.integers(100, 999), page=st.booleans(), to_login=st.booleans())
def test_every_reply_has_a_meaning(text: str, status: int, page: bool, to_login: bool) -> None:
    reply = Reply(name="GET /x", status=status, path="/x", text=text, page=page, to_login=to_login)
    assert not (reply.is_good and reply.refusal)
    assert reply.lets_in or not reply.is_good
    with contextlib.suppress(EnlightenError):
        reply.answer()
        assert reply.ok


@EASY
@given(document=JSON, claims=st.dictionaries(st.sampled_from(["exp", "user_id", "data", "sub"]), JSON, max_size=3))
def test_no_token_breaks_its_reader(document: object, claims: dict[str, object]) -> None:
    read_token(document, NOW)
    with contextlib.suppress(ValueError):
        token = read_token({"token": jwt(**claims)}, NOW)
        assert token is None or token.user_id is None or token.user_id.isdigit()


@EASY
@given(document=st.dictionaries(st.sampled_from(["version", "salt", "cookies", "guard", "sent", "shapes"]), JSON))
def test_a_record_is_read_or_it_is_not(document: dict[str, object]) -> None:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        SessionRecord.from_json({**EMPTY.to_json(), **document})


async def test_an_identity_that_is_no_identity_is_not_found(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script("GET /app-api/search_sites.json", answering(body={"sites": [{"id": "9" * 5000}, {"id": -1}, 5]}))
    with pytest.raises(SiteNotFound):
        await find_identity(session, site_id=None, user_id=None)
