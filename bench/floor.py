"""The floor: the same requests, sent again by as little code as can send them, one by one on one connection."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from urllib.parse import unquote, urlencode

from yarl import URL

from simulator import Request

_TOKEN = re.compile(rb"bp-xsrf-token=([^;\r\n]+)", re.IGNORECASE)
_ENTRY = re.compile(rb'"scheduleId": ?"([0-9a-f-]+)"')
_OLD_TOKEN = re.compile(r"(bp-xsrf-token=)[^;]+", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Replay:
    """A sequence of requests that an app has sent.

    Only what the cloud changes meanwhile is put in anew: the XSRF token, and the id of the entry that is deleted.

    Attributes:
        url: Where they are sent.
        requests: In their order.
    """

    url: str
    requests: Sequence[Request]

    async def play(self) -> float:
        """Send them; return the moment (of the performance counter) at which the last answer was there.

        Raises:
            RuntimeError: An answer was not 200: what was measured is not what it should be.
        """
        url = URL(self.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        token, entry = b"", b""
        try:
            for request in self.requests:
                writer.write(_wire(request, token.decode(), entry.decode()))
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if b" 200 " not in head.partition(b"\r\n")[0]:
                    raise RuntimeError(f"{request.method} {request.path}: {head[:40]!r} {body[:200]!r}")
                token = found[1] if (found := _TOKEN.search(head)) else token
                entry = found[1] if (found := _ENTRY.search(body)) else entry
            return perf_counter()
        finally:
            writer.close()


def _wire(request: Request, token: str, entry: str) -> bytes:
    """Return a request as it goes over the line."""
    if token:
        cookies = _OLD_TOKEN.sub(lambda found: found[1] + token, request.header("cookie"))
        headers = {**request.headers, "cookie": cookies}
        if "x-xsrf-token" in headers:
            headers["x-xsrf-token"] = unquote(token)
        request = replace(request, headers=headers)
    path = re.sub(r"[^/]+/delete$", f"{entry}/delete", request.path) if entry else request.path
    query = f"?{urlencode(request.query)}" if request.query else ""
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"{request.method} {path}{query} HTTP/1.1\r\n{head}\r\n".encode() + request.body
