"""What travels between a client and the simulated cloud, free of any web framework."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl


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
        for pair in self.header("cookie").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
        return ""

    def form(self) -> dict[str, str]:
        """Return the fields of a urlencoded form; empty for any other content type."""
        if not self.header("content-type").startswith("application/x-www-form-urlencoded"):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; `headers` may hold several `Set-Cookie`, `delay` is in seconds."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0

    def with_header(self, name: str, value: str) -> Response:
        """Return the same answer with one header more."""
        return replace(self, headers=(*self.headers, (name, value)))

    def with_cookie(self, name: str, value: str, *, http_only: bool = False) -> Response:
        """Return the same answer with a host-only cookie for the whole site."""
        suffix = "; HttpOnly" if http_only else ""
        return self.with_header("Set-Cookie", f"{name}={value}; Path=/{suffix}")


class RefusedError(Exception):
    """The cloud answers with a refusal; whoever handles the request sends `response` and changes nothing."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.body[:120]!r}")
        self.response = response


def as_json(document: object, status: int = 200) -> Response:
    """Answer with a JSON document."""
    return Response(status, json.dumps(document, ensure_ascii=False).encode())


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
