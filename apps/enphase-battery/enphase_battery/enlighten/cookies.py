"""The cookie jar: the session's real authority lies in it (2.5).

Own rules instead of aiohttp's jar, because cookies must be sent exactly as the server coded them, must outlive a
restart with their host-only mark and end, must work on a loopback address, and must age by the injected clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..store.decoding import EARLIEST, LATEST
from .address import is_loopback
from .fields import any_date

if TYPE_CHECKING:
    from yarl import URL


_AGE = re.compile(r"-?[0-9]+")

MOST_COOKIES, LONGEST_COOKIE, LONGEST_OF_ALL = 50, 4_096, 8_000
"""How many cookies are kept, and characters of one and of all. Servers refuse longer headers, and a refusal is no
sign-out, so nothing would ever empty the jar again."""

_KNOWN = frozenset(
    {
        *("_enlighten_4_session", "enlighten_session", "_enlighten_session", "enlighten_manager_token_production"),
        *("bp-xsrf-token", "xsrf-token", "login_otp_nonce", "email"),
    }
)
"""Names (lower case) of those without which nothing works (2.5): they go last."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie (RFC 6265).

    Attributes:
        name: As the server spells it.
        value: As the server coded it, quotes and escapes included: a secret.
        domain: Host, or domain that it is for with all below it; lower case.
        host_only: Only for that very host.
        path: Only below it.
        secure: Only over https, or to this machine.
        expires_at: Aware UTC; None for a session cookie, which is kept over restarts all the same, and for one whose
            end is so far that it means never.
    """

    name: str
    value: str = field(repr=False)
    domain: str
    host_only: bool
    path: str = "/"
    secure: bool = False
    expires_at: datetime | None = None

    def fits(self, url: URL) -> bool:
        """Whether it is sent to this URL."""
        host = url.host or ""
        return (
            (host == self.domain or (not self.host_only and host.endswith(f".{self.domain}")))
            and (url.path == self.path or url.path.startswith(self.path.rstrip("/") + "/"))
            and (not self.secure or url.scheme == "https" or is_loopback(host))
        )

    @property
    def size(self) -> int:
        """Characters that it takes in a header."""
        return len(self.name) + len(self.value) + len("=; ")

    def is_over(self, now: datetime) -> bool:
        """Whether its end has passed."""
        return self.expires_at is not None and self.expires_at <= now


def is_sendable(text: str) -> bool:
    """Whether it can stand in a header: no line breaks, no bytes that were no text."""
    return all(character.isprintable() for character in text)


def decoded(value: str | None) -> str | None:
    """The value that a cookie stands for: without quotes and escapes; None if no header could hold that (section 4)."""
    plain = unquote(value.strip('"')) if value else ""
    return plain if plain.isascii() and plain.isprintable() and plain.strip() else None


class CookieJar:
    """The cookies of one sign-in; the newest of the same name, domain and path counts.

    There is no room for any number of them: those that were set longest ago give way to new ones.
    """

    def __init__(self, cookies: Iterable[Cookie] = ()) -> None:
        self._cookies = {_key(cookie): cookie for cookie in cookies}
        self._make_room()

    def __iter__(self) -> Iterator[Cookie]:
        return iter(tuple(self._cookies.values()))

    def put(self, cookies: Iterable[Cookie], now: datetime) -> None:
        """Takes cookies over; one whose end has passed deletes its namesake."""
        for cookie in cookies:
            self._cookies.pop(_key(cookie), None)
            if not cookie.is_over(now):
                self._cookies[_key(cookie)] = cookie
        self._make_room()

    def _make_room(self) -> None:
        """Drop what is too much: the oldest of no known name first."""
        size = sum(cookie.size for cookie in self)
        while len(self._cookies) > MOST_COOKIES or size > LONGEST_OF_ALL:
            unknown = (key for key, one in self._cookies.items() if one.name.casefold() not in _KNOWN)
            size -= self._cookies.pop(next(unknown, None) or next(iter(self._cookies))).size

    def header(self, url: URL, now: datetime) -> str:
        """The value of the `Cookie` header for a URL, longer paths first; empty when none fits."""
        fitting = [cookie for cookie in self if cookie.fits(url) and not cookie.is_over(now)]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)

    def drop(self, name: str) -> None:
        """Forgets all cookies of a name, given in lower case."""
        self._cookies = {key: cookie for key, cookie in self._cookies.items() if cookie.name.casefold() != name}

    def find(self, *names: str) -> Cookie | None:
        """The first cookie with one of these names, in lower case; None when there is none."""
        return next((cookie for name in names for cookie in self if cookie.name.casefold() == name), None)

    def value(self, *names: str) -> str | None:
        """The value of that cookie."""
        found = self.find(*names)
        return None if found is None else found.value


def parse_set_cookie(line: str, url: URL, now: datetime) -> Cookie | None:
    """Parses one `Set-Cookie` line.

    Returns:
        None when it is malformed, too long, or for a domain that the answering host does not belong to.
    """
    if len(line) > LONGEST_COOKIE:
        return None
    pair, *rest = line.split(";")
    name, equals, value = pair.partition("=")
    if not equals or not name.strip() or not (is_sendable(name.strip()) and is_sendable(value.strip())):
        return None
    attributes = {key.strip().casefold(): content.strip() for key, _, content in (each.partition("=") for each in rest)}
    host = (url.host or "").casefold()
    domain = attributes.get("domain", "").removeprefix(".").casefold() or host
    if domain != host and not ("." in domain and host.endswith(f".{domain}")):
        return None
    path = attributes.get("path", "")
    return Cookie(
        name=name.strip(),
        value=value.strip(),
        domain=domain,
        host_only="domain" not in attributes or not attributes["domain"],
        path=path if path.startswith("/") else url.path.rpartition("/")[0] or "/",
        secure="secure" in attributes,
        expires_at=_end(attributes, now),
    )


def _end(attributes: dict[str, str], now: datetime) -> datetime | None:
    """The end of a cookie: `Max-Age` wins over `Expires`; an unreadable value does not count."""
    if (age := _AGE.fullmatch(attributes.get("max-age", ""))) is not None:
        seconds = -1.0 if age[0].startswith("-") else float(age[0])
        return now + timedelta(seconds=seconds) if seconds <= (LATEST - now).total_seconds() else None
    end = any_date(attributes.get("expires"))
    if end is None or end > LATEST:  # the year 9999 is the usual word for never
        return None
    return max(end, EARLIEST)


def _key(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.name, cookie.domain, cookie.path
