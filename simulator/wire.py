"""What travels between a client and the simulated cloud, free of any web framework."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from urllib.parse import parse_qsl

_JSON = json.JSONEncoder(ensure_ascii=False)
_ENTRY = re.compile(r"(?<=/schedules/)[0-9a-f-]+(?=/|$)")
_NUMBER = re.compile(r"/\d+(?=/|$)")
LOST = 0
"""The status of an answer that never arrives: the connection breaks instead."""


class Ending(str, Enum):
    """How the body of an answer ends; without a network the caller has to play what follows (statement 76)."""

    WHOLE = "whole"
    CUT = "cut"
    """The connection breaks in the body: `body` is all that arrives, and the promised length is larger."""
    SILENT = "silent"
    """Only the headers arrive, and the connection stays open until the client hangs up."""
    DRIP = "drip"
    """The same, with a blank every second."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; header names are in lower case (statement 25: their case does not matter)."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, or an empty text."""
        return self.headers.get(name, "")

    def cookie(self, name: str) -> str:
        """Return a cookie's raw value, or an empty text; of two with one name the first counts."""
        return _cookies(self.header("cookie")).get(name, "")

    def form(self) -> dict[str, str]:
        """Return the fields of a urlencoded form; empty for any other content type."""
        if not self.header("content-type").startswith("application/x-www-form-urlencoded"):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; `status` may be LOST, `headers` may hold several `Set-Cookie`, `delay` is in seconds.

    `body` is what arrives of it; unless `ending` is WHOLE a client never gets to its end.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    ending: Ending = Ending.WHOLE

    def with_header(self, name: str, value: str) -> Response:
        """Return the same answer with one header more."""
        headers = (*self.headers, (name, value))
        return Response(self.status, self.body, self.content_type, headers, self.delay, self.ending)

    def with_cookie(self, name: str, value: str, *, http_only: bool = False, max_age: int = 0) -> Response:
        """Return the same answer with a host-only cookie for the whole site; `max_age` 0 does not say how long."""
        suffix = (f"; Max-Age={max_age}" if max_age else "") + ("; HttpOnly" if http_only else "")
        return self.with_header("Set-Cookie", f"{name}={value}; Path=/{suffix}")


@lru_cache(maxsize=8)
def _cookies(header: str) -> Mapping[str, str]:
    pairs = (pair.strip().partition("=") for pair in reversed(header.split(";")))
    return {name: value for name, _, value in pairs}


@lru_cache(maxsize=1024)
def shape(path: str) -> str:
    """Return a path with `<id>` for the id of a schedule entry and `<site>` for any other number."""
    return _NUMBER.sub("/<site>", _ENTRY.sub("<id>", path))


class RefusedError(Exception):
    """The cloud answers with a refusal; whoever handles the request sends `response` and changes nothing."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.body[:120]!r}")
        self.response = response


def to_json(document: object) -> str:
    """Write a JSON document."""
    return _JSON.encode(document)


def as_json(document: object, status: int = 200) -> Response:
    """Answer with a JSON document."""
    return Response(status, to_json(document).encode())


def as_text(text: str, status: int = 200) -> Response:
    """Answer with plain text."""
    return Response(status, text.encode(), "text/plain; charset=utf-8")


def as_html(text: str, status: int = 200) -> Response:
    """Answer with an HTML page."""
    return Response(status, text.encode(), "text/html; charset=utf-8")


def redirect(request: Request, path: str) -> Response:
    """Answer 302 with an absolute address on the host that was asked."""
    host = request.header("host")
    location = f"http://{host}{path}" if host else path
    return Response(302, b"", "text/html; charset=utf-8", (("Location", location),))
