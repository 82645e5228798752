"""Carries one request to the cloud and its reply back, over as many redirects of the same host as it takes.

Here, and only here: redirects, the budget, the cloud's clock, the debug log. The bytes are moved by :mod:`.wire`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from yarl import URL

from ..errors import Delivery, EnlightenError, UnexpectedAnswer, Unreachable
from .address import checked_path, masked, told
from .cookies import MOST_COOKIES, Cookie, CookieJar, parse_set_cookie
from .fields import any_date, header_date
from .reply import Reply

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

    from .budget import Budget
    from .wire import Received, Wire

MOST_HOPS = 10
LONGEST_WAIT = 3600.0
"""Seconds; no longer is believed to be meant."""
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
)
"""A browser's: the cloud answers 406 to agents that name Home Assistant or aiohttp (section 2)."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPING_THE_METHOD = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before cookies.

    Attributes:
        method: GET, POST, PUT.
        path: Below the base URL, checked.
        params: Query.
        headers: Headers but `Cookie`, `User-Agent` and `Content-Type`.
        body: Sent as JSON; None: no body.
        form: Sent as a form instead.
        page: A page is asked for, not JSON.
        wish: Counts against the part of the budget that is kept for wishes.
        question: It changes nothing, although it is sent like a write.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    page: bool = False
    wish: bool = False
    question: bool = False

    def __post_init__(self) -> None:
        checked_path(self.path)

    def with_headers(self, headers: Mapping[str, str]) -> Call:
        """The same request with these headers."""
        return replace(self, headers=headers)

    @property
    def name(self) -> str:
        """Method and masked path."""
        return f"{self.method} {masked(self.path)}"

    @property
    def is_write(self) -> bool:
        """Whether it is sent as what changes something is."""
        return self.method != "GET"

    @property
    def content(self) -> tuple[bytes, str] | None:
        """The encoded body and its type."""
        if self.form is not None:
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded; charset=UTF-8"
        return None if self.body is None else (json.dumps(self.body).encode(), "application/json")


async def at_once() -> None:
    """Wait for nothing: what is saved is kept."""


class Transport:
    """The connection to the cloud.

    Args:
        base: Origin; nothing is ever sent to another.
        wire: Moves the bytes; closed with the transport.
        budget: Asked before everything that is sent.
        kept: Awaited before anything is sent that may change something: what was noted of it must outlive a crash.
        clock: Now, aware UTC.
        logger: For one debug line per exchange.

    Attributes:
        clock_offset: The cloud's clock minus our own, by the newest answer that had a `Date` header.
        clock_skew: The same, as far as the two newest such answers agree on it; zero when they do not.
    """

    def __init__(
        self,
        base: URL,
        wire: Wire,
        *,
        budget: Budget,
        kept: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._base = base
        self._wire = wire
        self._budget = budget
        self._kept = kept
        self._clock = clock
        self._logger = logger
        self._closed = False
        self.clock_offset = self.clock_skew = timedelta(0)
        self._compared = False

    async def send(self, call: Call, jar: CookieJar, *, signing_in: bool = False) -> Reply:
        """Sends a request and follows redirects; the jar is read, not changed.

        Args:
            call: The request.
            jar: Whose cookies go with it; hops see what earlier hops set.
            signing_in: The login page is where it should go, and writes may be redirected.

        Raises:
            Unreachable: No answer, or not in time, or led to another host.
            BudgetExhausted: Not sent.
            RateLimited: Not sent, because the cloud has asked to wait.
            UnexpectedAnswer: Too large, or led in circles; a page led to another host.
        """
        if call.is_write and not call.question:
            await self._kept()
        return await self._follow(call, jar, signing_in=signing_in)

    async def close(self) -> None:
        """Closes the wire; afterwards nothing is sent."""
        self._closed = True
        await self._wire.close()

    async def _follow(self, call: Call, jar: CookieJar, *, signing_in: bool) -> Reply:
        """Sends a request and follows redirects."""
        url, method, content = self._base.with_path(call.path).with_query(call.params), call.method, call.content
        hop_jar, cookies = CookieJar(jar), list[Cookie]()
        for hop in range(MOST_HOPS + 1):
            headers = {**call.headers, "User-Agent": USER_AGENT}
            if known := hop_jar.header(url, self._clock()):
                headers["Cookie"] = known
            if content:
                headers["Content-Type"] = content[1]
            received = await self._hop(hop, method, url, headers, content and content[0], wish=call.wish)
            now, status, answered = self._clock(), received.status, received.headers
            if (date := header_date(answered.get("Date"))) is not None:
                self._compare(date - now)
            lines = answered.getall("Set-Cookie", [])[-2 * MOST_COOKIES :]
            new = [cookie for line in lines if (cookie := parse_set_cookie(line, url, now)) is not None]
            cookies += new
            hop_jar.put(new, now)
            target = _target(url, status, answered)
            to_login = target is not None and not signing_in and (target.path + "/").startswith("/login/")
            if target is None or to_login:
                reply = Reply(
                    name=call.name,
                    status=status,
                    path=url.path,
                    text=received.text,
                    cookies=tuple(cookies),
                    csrf=answered.get("x-csrf-token"),
                    retry_after=_seconds(answered.get("Retry-After"), date or now),
                    to_login=to_login,
                    page=call.page,
                )
                if (pause := reply.pause) is not None:
                    self._budget.hold(now, pause)
                return reply
            if target.origin() != self._base:
                # For a page that is where the page is now; else something between us and the cloud, such as a hotspot.
                message = f"{call.name} was led to another host, and not followed"
                raise UnexpectedAnswer(message) if call.page else Unreachable(message).at_stage(Delivery.ANSWERED)
            if call.is_write and not signing_in:
                raise UnexpectedAnswer(f"{call.name} was led elsewhere, and not followed")
            if status not in _KEEPING_THE_METHOD:
                method, content = "GET", None
            url = target
        raise UnexpectedAnswer(f"{call.name} was led in circles")

    def _compare(self, offset: timedelta) -> None:
        """Takes over how far the clocks are apart by one more answer, which may be old or have been long on its way."""
        agree = self._compared and (offset > timedelta(0)) == (self.clock_offset > timedelta(0))
        self.clock_skew = min(offset, self.clock_offset, key=abs) if agree else timedelta(0)
        self.clock_offset, self._compared = offset, True

    async def _hop(
        self, hop: int, method: str, url: URL, headers: Mapping[str, str], data: bytes | None, *, wish: bool
    ) -> Received:
        """One exchange; behind a redirect its failure does not mean that the request itself was not carried out."""
        try:
            return await self._exchange(method, url, headers, data, wish=wish)
        except Unreachable as error:
            if hop:
                error.delivery = Delivery.UNKNOWN
            raise

    async def _exchange(
        self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None, *, wish: bool
    ) -> Received:
        """One request, one answer, within the budget; whatever becomes of it is logged."""
        if self._closed:
            raise Unreachable("the connection to the cloud is closed").at_stage(Delivery.FAILED)
        self._budget.spend(self._clock(), wish=wish)
        name, loop = f"{method} {told(url.path)}", asyncio.get_running_loop()
        started = loop.time()
        try:
            received = await self._wire.exchange(method, url, headers, data)
        except EnlightenError as error:
            reason = type(error.__cause__ or error).__name__
            self._logger.debug("%s -> %s, %.0f ms", name, reason, 1000 * (loop.time() - started))
            raise
        self._logger.debug("%s -> %d, %.0f ms", name, received.status, 1000 * (loop.time() - started))
        return received


def _target(url: URL, status: int, headers: CIMultiDictProxy[str]) -> URL | None:
    """Where a redirect leads; None when the answer is none."""
    location = headers.get("Location")
    if status not in _REDIRECTS or not location:
        return None
    try:
        target = url.join(URL(location))
        target.origin()
    except ValueError:
        raise UnexpectedAnswer("a redirect leads to no address") from None
    return target


def _seconds(value: str | None, now: datetime) -> float | None:
    """`Retry-After`: seconds, or a date by the cloud's clock; at most an hour, None when unreadable."""
    if value is not None and value.strip().isascii() and value.strip().isdigit():
        return min(float(value), LONGEST_WAIT)
    date = any_date(value)
    return None if date is None else min(max(0.0, (date - now).total_seconds()), LONGEST_WAIT)
