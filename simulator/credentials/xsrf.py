"""The double-submit token of batteryConfig: cookie `BP-XSRF-Token`, header `X-XSRF-Token` (section 4)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote, unquote

from ..switches import Switches
from ..wire import Request, Response

XSRF_COOKIE = "BP-XSRF-Token"


@dataclass(slots=True)
class _Tokens:
    newest: str
    previous: str = ""
    grace: int = 0
    all: set[str] = field(default_factory=set)
    """Those that were issued while `write_shape` is `cookie_eauth`: a stored cookie string stays good there."""


class Xsrf:
    """Issues tokens, one line of them per caller, and checks them."""

    def __init__(self, switches: Callable[[], Switches], random: Random) -> None:
        self._switches = switches
        self._random = random
        self._tokens: dict[str, _Tokens] = {}

    def issue(self, caller: str, response: Response, *, with_header: bool) -> Response:
        """Rotate the caller's token and hand the new one out: in the cookie, and in `x-csrf-token` (statement 26)."""
        token = base64.b64encode(self._random.randbytes(20)).decode()  # ends with "=": its percent form differs
        old, switches = self._tokens.get(caller), self._switches()
        new = _Tokens(token, old.newest if old else "", switches.xsrf_grace)
        if switches.write_shape == "cookie_eauth":
            new.all = old.all if old else set()
            new.all.add(token)
        self._tokens[caller] = new
        response = response.with_cookie(XSRF_COOKIE, self._written(token))
        return response.with_header("x-csrf-token", token) if with_header else response

    def stray_cookie(self) -> str:
        """Return a cookie value that no write will pass with, as a login wall sets it (statement 21)."""
        return self._written(base64.b64encode(self._random.randbytes(20)).decode())

    def accepts(self, caller: str, request: Request) -> bool:
        """Tell whether header and cookie agree and hold a valid token (statements 26, 27, 30).

        It is one of the caller's, or of those whom the cloud saw without a session. Where cookies are refused the
        header is enough.
        """
        sent, switches = request.header("x-xsrf-token"), self._switches()
        agrees = switches.jar == "refused" or sent == unquote(request.cookie(XSRF_COOKIE).strip('"'))
        return bool(sent) and agrees and any(self._holds(each, sent) for each in {caller, "account"})

    def _holds(self, caller: str, sent: str) -> bool:
        tokens = self._tokens.get(caller)
        if tokens is None:
            return False
        if sent == tokens.newest or sent in tokens.all:
            return True
        if sent == tokens.previous and tokens.grace > 0:
            tokens.grace -= 1
            return True
        return False

    def forget(self, caller: str) -> None:
        """Make the caller's tokens invalid: it has logged in anew (statement 23)."""
        self._tokens.pop(caller, None)

    def _written(self, token: str) -> str:
        form = self._switches().xsrf_cookie
        if form == "plain":
            return token
        return quote(token, safe="") if form == "percent" else f'"{token}"'
