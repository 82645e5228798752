"""The wire: a cloud without sockets carries the whole client, and what a wire reports reaches the log."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from enphase_battery.enlighten import wire as wire_module
from enphase_battery.enlighten.battery import Battery
from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.identity import Identity
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.wire import AiohttpWire, Received
from enphase_battery.errors import Delivery, UnexpectedAnswer, Unreachable
from tests.unit.enlighten.stand_in import EMAIL, PASSWORD, SETTINGS, SITE, USER, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

XSRF = "x-1"


class MemoryCloud:
    """A cloud of one switch that is a plain object; it gives no `Date`."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        self.closed = 0
        self.trouble: Exception | None = None

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        self.seen.append(f"{method} {url.path}")
        if self.trouble is not None:
            raise self.trouble
        if url.path == "/login/login.json":
            return self.answer({}, "_enlighten_4_session=s; Path=/", "locale=en; Path=/")
        assert headers["Cookie"].startswith("_enlighten_4_session=s; locale=en")
        if method == "PUT":
            assert (headers["X-XSRF-Token"], headers["Content-Type"]) == (XSRF, "application/json")
            self.on = json.loads(data or b"")["dtgControl"]["enabled"]
            return self.answer({"message": "success"})
        data_of_read = {"chargeFromGrid": False, "dtgControl": {"enabled": self.on}}
        return self.answer({"data": data_of_read, "token": "t"}, f"BP-XSRF-Token={XSRF}; Path=/")

    async def close(self) -> None:
        self.closed += 1

    @staticmethod
    def answer(body: object, *cookies: str) -> Received:
        lines = CIMultiDict([("set-cookie", cookie) for cookie in cookies])
        return Received(200, CIMultiDictProxy(lines), json.dumps(body))


@pytest.fixture
def memory() -> MemoryCloud:
    return MemoryCloud()


@pytest.fixture
def session(memory: MemoryCloud, clock: Clock) -> EnlightenSession:
    return EnlightenSession(
        base_url="https://cloud.example.org",
        email=EMAIL,
        password=PASSWORD,
        record=None,
        save=lambda record: None,
        clock=clock,
        logger=logging.getLogger("enlighten"),
        requests_per_hour=100,
        wire=memory,
    )


async def test_the_whole_client_works_on_a_cloud_without_sockets(
    session: EnlightenSession, memory: MemoryCloud
) -> None:
    battery = Battery(session, Identity(site_id=SITE, user_id=USER))
    before = await battery.settings()
    await battery.write_switch(Family.DTG, True, form=WriteForm.SHORT, settings=before)
    after = await battery.settings()
    assert [read.switch(Family.DTG) for read in (before, after)] == [False, True]
    assert not session.clock_offset
    read, write = f"GET {SETTINGS}", f"PUT {SETTINGS}"
    assert memory.seen == ["POST /login/login.json", "GET /users/self/token", read, write, read]


@pytest.mark.parametrize("trouble", [Unreachable("the line is down"), UnexpectedAnswer("a flood of bytes")])
async def test_what_a_wire_raises_arrives_as_it_is_and_is_logged(
    session: EnlightenSession, memory: MemoryCloud, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    caplog.set_level(logging.DEBUG, logger="enlighten")
    memory.trouble = trouble
    with pytest.raises(type(trouble)) as caught:
        await session.refresh()
    assert caught.value is trouble
    assert f"POST /login/login.json -> {type(trouble).__name__}, 0 ms" in caplog.text


async def test_the_wire_is_closed_with_the_session_and_not_used_again(
    session: EnlightenSession, memory: MemoryCloud
) -> None:
    await session.close()
    assert memory.closed == 1
    with pytest.raises(Unreachable, match="closed"):
        await session.refresh()
    assert memory.seen == []


# --- whether a request was sent


async def failure(url: str) -> Unreachable:
    wire = AiohttpWire()
    try:
        with pytest.raises(Unreachable) as caught:
            await wire.exchange("POST", URL(url), {}, b"x")
    finally:
        await wire.close()
    return caught.value


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    await asyncio.sleep(0.2)
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.transport.abort()


@pytest.mark.parametrize(
    ("scheme", "server", "delivery"),
    [
        ("http", None, Delivery.FAILED),
        ("https", resets, Delivery.FAILED),  # the handshake comes before the request
        ("http", silence, Delivery.UNKNOWN),
        ("http", resets, Delivery.UNKNOWN),
    ],
)
async def test_it_is_known_whether_a_request_can_have_come_to_the_cloud(
    monkeypatch: pytest.MonkeyPatch, scheme: str, server: Callable[..., Any] | None, delivery: Delivery
) -> None:
    monkeypatch.setattr(wire_module, "TIMEOUT_SECONDS", 0.1)
    port = unused_port()
    running = server and await asyncio.start_server(server, "127.0.0.1", port)
    assert (await failure(f"{scheme}://127.0.0.1:{port}/")).delivery is delivery
    if running:
        running.close()


async def test_a_name_that_nobody_resolves_in_time_means_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> list[Any]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(wire_module, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(aiohttp.resolver.DefaultResolver, "resolve", never)
    assert (await failure("http://cloud.example.org/")).delivery is Delivery.FAILED
