"""The two ways to sign in, and what each of their answers means (2.1, 2.2)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import unescape
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import AccountBlocked, MfaRequired, TooManySessions, UnexpectedAnswer, WrongPassword
from .fields import digits, flag, mapping
from .transport import Call

if TYPE_CHECKING:
    from .cookies import CookieJar
    from .reply import Reply

SESSION_COOKIES = ("_enlighten_4_session", "enlighten_session", "_enlighten_session")
"""The session cookie under its known names (2.5)."""

_NOT_TAKEN = frozenset({404, 405, 406})
_TOO_MANY = "too many active sessions"  # the bare word "session" also stands in answers of success
_TOKEN = "authenticity_token"  # noqa: S105  # what the input is called
_TOKEN_NAME = re.compile(_TOKEN)
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_ASIDE = (("<!--", "-->"), ("<script", "</script"))
_LONGEST_PAGE, _LONGEST_TAG, _MOST_NAMED = 500_000, 4_000, 20
"""Characters of a page and of a tag, and how often the name may stand there, as far as it is looked at."""

_SITE_IN_PATH = re.compile(r"/(?:web|pv/systems|systems)/(\d+)")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that worked; what counts are the cookies that it left in the jar.

    Attributes:
        site_id: A site of the account, if the cloud named one.
    """

    site_id: str | None


async def sign_in(
    send: Callable[[Call], Awaitable[Reply]], jar: CookieJar, *, base_url: str, email: str, password: str
) -> SignedIn:
    """Signs in: `login.json`, or the form where that is not taken (406, 404, 405).

    Args:
        send: Sends a request with the jar's cookies, and puts what it brings into the jar.
        jar: Fresh: an old session only disturbs.
        base_url: For the `Referer`.
        email: Of the account.
        password: Of the account.

    Raises:
        WrongPassword: Refused.
        MfaRequired: A second factor is asked for.
        AccountBlocked: The cloud says so.
        TooManySessions: The cloud says so.
        UnexpectedAnswer: None of the known answers.
        Unreachable: Outage or maintenance; proves nothing about the password.
    """
    credentials = {"user[email]": email, "user[password]": password}
    headers = script_headers(base_url)
    reply = await send(Call("POST", "/login/login.json", headers=headers, form=credentials, wish=True))
    if reply.status not in _NOT_TAKEN:
        return _judge_json(reply, jar)
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Referer": f"{base_url}/login"}
    page = await send(Call("GET", "/login", headers=headers, wish=True))
    token = authenticity_token(page.text) if page.ok else None
    if token is None:
        page.answer()  # an outage, maintenance or a refusal is named as such
        raise UnexpectedAnswer("the login page holds no form")
    form = {"utf8": "✓", "authenticity_token": token, **credentials}
    return _judge_form(await send(Call("POST", "/login/login", headers=headers, form=form, wish=True)), jar)


def authenticity_token(page: str) -> str | None:
    """The form's hidden `authenticity_token`, entities decoded; None when the page has no login form (2.2)."""
    found = _TOKEN_NAME.finditer(page, 0, _LONGEST_PAGE)
    tokens = (_token_of(page, match.start()) for match in islice(found, _MOST_NAMED))
    return next((token for token in tokens if token), None)


def _token_of(page: str, at: int) -> str | None:
    """The value of the input whose name stands here; None when that is no input, or one that does not count.

    The page is not parsed from its beginning: Python's parser takes seconds for some megabytes of nonsense.
    """
    before = page[max(0, at - _LONGEST_TAG) : at].lower()
    start = before.rfind("<input")
    if start < 0 or any(page.rfind(opened, 0, at) > page.rfind(closed, 0, at) for opened, closed in _ASIDE):
        return None
    tag, place = page[at - len(before) + start + len("<input") : at + _LONGEST_TAG], 0
    attributes: dict[str, str] = {}
    while (attribute := _ATTRIBUTE.match(tag, place)) is not None:
        name, *values = attribute.groups()
        attributes.setdefault(name.lower(), unescape(next((value for value in values if value is not None), "")))
        place = attribute.end()
    return attributes.get("value") if attributes.get("name") == _TOKEN else None


def site_in_path(path: str) -> str | None:
    """The site id in an address such as `/web/3141592` (3.1)."""
    found = _SITE_IN_PATH.match(path)
    return digits(found[1]) if found else None


def script_headers(base_url: str) -> dict[str, str]:
    """The headers of what the login page's scripts send."""
    return {"Accept": "*/*", "X-Requested-With": "XMLHttpRequest", "Referer": f"{base_url}/"}


def raise_if_blocked(body: Mapping[str, object]) -> None:
    """Raises AccountBlocked where an answer says that the account is (2.1, 2.4)."""
    if flag(body.get("isBlocked")):
        raise AccountBlocked


def _judge_json(reply: Reply, jar: CookieJar) -> SignedIn:
    """The table of section 2.1."""
    _raise_if_refused(reply)
    if reply.is_login_wall:
        raise UnexpectedAnswer("the sign-in was answered with a page of the login")
    reply.answer()
    body = mapping(reply.json)
    raise_if_blocked(body)
    challenged = jar.value("login_otp_nonce") is not None and not body.keys() & {"session_id", "manager_token"}
    if flag(body.get("requires_mfa")) or flag(body.get("mfa_required")) or challenged:
        raise MfaRequired
    if flag(body.get("success")) is False:
        raise WrongPassword
    _demand_session(jar)
    return SignedIn(site_id=digits(body.get("system_id")))


def _judge_form(reply: Reply, jar: CookieJar) -> SignedIn:
    """Section 2.2: success leads away from the login page; failure shows it again, without an error status."""
    _raise_if_refused(reply)
    if jar.value("login_otp_nonce") is not None:
        raise MfaRequired
    if (reply.path + "/").startswith("/login/"):
        if authenticity_token(reply.text) is not None:
            raise WrongPassword
        reply.answer()
        raise UnexpectedAnswer("the sign-in ended at a page that is not known")
    if not reply.ok:
        reply.answer()
    _demand_session(jar)
    return SignedIn(site_id=site_in_path(reply.path))


def _raise_if_refused(reply: Reply) -> None:
    if _TOO_MANY in reply.text.casefold():
        raise TooManySessions
    if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise WrongPassword


def _demand_session(jar: CookieJar) -> None:
    if jar.value(*SESSION_COOKIES) is None:
        raise UnexpectedAnswer("the sign-in gave no session cookie")
