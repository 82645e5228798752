"""Moves the bytes of one exchange to the cloud and back; decides nothing.

The one place that knows aiohttp's client: its errors, the time-out, the size limit.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from ..control.reason import Kind, because
from ..errors import Delivery, UnexpectedAnswer, Unreachable
from .address import told

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes, packed and unpacked."""
TIMEOUT_SECONDS = 30.0
"""For one exchange in all: answers beyond 15 s have been seen (9.1)."""
CONNECT_SECONDS = 20.0
"""Of these, until there is a connection: name resolution and handshake included."""

_WINDOWS = {"gzip": 31, "deflate": 15}


@dataclass(frozen=True, slots=True)
class Received:
    """What one exchange brought.

    Attributes:
        status: HTTP status.
        headers: All of them, each `Set-Cookie` by itself; the case of names does not matter.
        text: The body.
    """

    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    text: str = field(repr=False)


class Wire(Protocol):
    """A way to the cloud. It follows no redirect, keeps no cookie and repeats nothing of its own."""

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        """One request, one answer.

        Args:
            method: GET, POST, PUT.
            url: With the query.
            headers: All that is to be sent, `Cookie`, `User-Agent` and `Content-Type` included.
            data: The body; None: no body.

        Raises:
            Unreachable: No answer, a broken one, or not in time; it says whether the request was sent.
            UnexpectedAnswer: The answer is too large.
        """
        ...

    async def close(self) -> None:
        """Ends all connections and breaks off what is under way; nothing is exchanged afterwards."""
        ...


class AiohttpWire:
    """The network, by aiohttp, which checks certificates."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None
        self._connector: aiohttp.BaseConnector | None = None

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        """See :class:`Wire`."""
        if self._http is None:
            self._connector = aiohttp.TCPConnector()
            self._http = aiohttp.ClientSession(
                connector=self._connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": ", ".join(_WINDOWS)},
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            )
        name = f"{method} {told(url.path)}"
        try:
            async with self._http.request(method, url, headers=headers, data=data, allow_redirects=False) as response:
                body = bytearray()
                async for chunk in response.content.iter_chunked(64 * 1024):
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise UnexpectedAnswer(f"{name}: the answer is larger than {LARGEST_ANSWER} bytes")
        except aiohttp.ConnectionTimeoutError as error:
            raise Unreachable(f"{name}: no connection in {CONNECT_SECONDS:g} s").at_stage(Delivery.FAILED) from error
        except asyncio.TimeoutError as error:
            raise Unreachable(f"{name}: no answer in {TIMEOUT_SECONDS:g} s") from error
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            raise _unreachable(name, error) from error
        plain = _unpacked(name, bytes(body), response.headers.get("Content-Encoding", ""))
        return Received(response.status, response.headers, plain.decode("utf-8", errors="replace"))

    async def close(self) -> None:
        """See :class:`Wire`."""
        # Not the ClientSession: it would drop its connector under a request that is just being repeated.
        if self._connector is not None:
            await self._connector.close()


def _unpacked(name: str, body: bytes, encoding: str) -> bytes:
    """The body unpacked. Done here, because aiohttp takes a cut one for whole, and unpacks a bomb to its end."""
    encoding = encoding.strip().casefold()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in _WINDOWS:
        raise Unreachable(f"{name}: the answer is packed in a way that was not asked for")
    unpacker = zlib.decompressobj(_WINDOWS[encoding])
    try:
        plain = unpacker.decompress(body, LARGEST_ANSWER + 1)
    except zlib.error as error:
        raise Unreachable(f"{name}: the answer cannot be unpacked") from error
    if len(plain) > LARGEST_ANSWER:
        raise UnexpectedAnswer(f"{name}: the answer is larger than {LARGEST_ANSWER} bytes")
    if not unpacker.eof:
        raise Unreachable(f"{name}: the answer broke off")
    return plain


def _unreachable(name: str, error: Exception) -> Unreachable:
    """The one place where aiohttp's errors become ours; their texts may hold addresses and are left out."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientSSLError):
        failed = Unreachable(because(Kind.CONNECTION_UNSAFE, request=name, error=kind))
    else:
        failed = Unreachable(f"{name}: no connection, or it broke ({kind})")
    # Name resolution, connection and handshake come before the first byte of the request.
    return failed.at_stage(Delivery.FAILED) if isinstance(error, aiohttp.ClientConnectorError) else failed
