"""The second factor: what a sign-in that waits for a code is, how the code is sent, and what the answers mean (2.4)."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..control.reason import Kind
from ..errors import AccountBlocked, CodeRefused, UnexpectedAnswer
from .cookies import Cookie, decoded
from .fields import digits, flag, mapping
from .login import SESSION_COOKIES, SignedIn, raise_if_blocked, script_headers
from .transport import Call

if TYPE_CHECKING:
    from .cookies import CookieJar
    from .reply import Reply

RESEND = timedelta(seconds=30)
"""Not more than one code in that time; these endpoints answer 429 soon."""

MOST_CODES = 5
"""So many codes in a row may be sent that nobody comes with; then one an hour."""

_CODE = re.compile(r"[0-9A-Za-z]{4,12}")
_WRONG_CODE = frozenset({401, 403, 400, 404, 409, 422})

Send = Callable[[Call], Awaitable["Reply"]]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in whose password was right and that waits for the code.

    Attributes:
        cookies: What it left: the nonce and a session that is none yet.
        began_at: When the password was sent, aware UTC.
        sent_at: When a code was asked for last, aware UTC.
        codes: How many were sent since somebody came with one.
    """

    cookies: tuple[Cookie, ...] = field(repr=False)
    began_at: datetime
    sent_at: datetime
    codes: int = 1


async def submit_code(send: Send, jar: CookieJar, *, base_url: str, email: str, code: str, now: datetime) -> SignedIn:
    """Completes the sign-in.

    Args:
        send: Sends a request with the jar's cookies, and puts what it brings into the jar.
        jar: The challenge's cookies; afterwards those of the session.
        base_url: For the `Referer`.
        email: Of the account.
        code: As the user got it; blanks do not matter.
        now: Aware UTC.

    Raises:
        CodeRefused: It is wrong or too old, or no code.
        AccountBlocked: The cloud says so, or takes no more codes.
        UnexpectedAnswer: None of the known answers.
        Unreachable: Outage or maintenance; proves nothing about the code.
    """
    plain = "".join(code.split())
    if not _CODE.fullmatch(plain):
        raise NotACode
    if jar.find("email") is None and (session := jar.find(*SESSION_COOKIES)) is not None:
        mine = Cookie("email", quote(email, safe="@"), domain=session.domain, host_only=session.host_only)
        jar.put([mine], now)
    before = jar.value(*SESSION_COOKIES)
    form = {"email": _base64(email), "otp": _base64(plain), "xhrFields[withCredentials]": "true"}
    reply = await send(_call("validate_login_otp", jar, base_url, form))
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NoMoreCodes
    if reply.status in _WRONG_CODE or reply.is_login_wall:
        raise CodeRefused
    answer = reply.answer()
    body = mapping(answer.json)
    raise_if_blocked(body)
    if flag(body.get("isValid")) is False or flag(body.get("success")) is False:
        raise CodeRefused
    after = jar.value(*SESSION_COOKIES)
    if after is None or (after == before and "session_id" not in body):
        # Nothing came that could be used; an empty answer is a success only if the cookies say so.
        if not body or "manager_token" in body:
            raise CodeRefused
        raise UnexpectedAnswer("the answer to the code says neither that it is right nor that it is wrong")
    return SignedIn(site_id=digits(body.get("system_id")))


async def ask_for_code(send: Send, jar: CookieJar, *, base_url: str) -> bool:
    """Has the cloud send another code.

    Args:
        send: As for :func:`submit_code`.
        jar: The challenge's cookies; its nonce is renewed.
        base_url: For the `Referer`.

    Returns:
        False: the challenge has died; only a new sign-in helps.

    Raises:
        AccountBlocked: The cloud says so.
        Unreachable: Outage, maintenance. RateLimited: 429.
    """
    reply = await send(_call("generate_mfa_login_otp", jar, base_url, {"locale": "en"}))
    if reply.is_login_wall:
        return False
    reply.raise_for_outage()
    body = mapping(reply.json)
    raise_if_blocked(body)
    return reply.ok and flag(body.get("success")) is not False


class NoMoreCodes(AccountBlocked):
    """The cloud takes no more codes for a while (429). It says nothing of this one, which therefore does not count."""

    kind = Kind.TOO_MANY_CODES


class NotACode(CodeRefused):
    """What was given cannot be a code. Nothing was sent, so it does not count as a try."""

    kind = Kind.CODE_MALFORMED


def _call(name: str, jar: CookieJar, base_url: str, form: dict[str, str]) -> Call:
    headers = script_headers(base_url)
    if (token := decoded(jar.value("xsrf-token", "bp-xsrf-token"))) is not None:
        headers["X-CSRF-Token"] = token
    return Call("POST", f"/app-api/{name}", headers=headers, form=form, wish=True)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
