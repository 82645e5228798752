"""What one exchange with the cloud brought, and what it means: wall, outage, refusal, or an answer (2.8, section 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING

from ..errors import (
    Conflict,
    Delivery,
    EnlightenError,
    Forbidden,
    NotAvailable,
    NotFound,
    RateLimited,
    Refused,
    UnexpectedAnswer,
    Unreachable,
)
from .fields import document, mapping

if TYPE_CHECKING:
    from .cookies import Cookie

DEFAULT_WAIT = 60.0
"""Seconds, where the cloud names none."""

_FORM_MARKERS = ("/login/login",)
_WALL_MARKERS = (*_FORM_MARKERS, "enphaseenergy.com", "window.optanonwrapper", "var otlang", "x-ua-compatible")
_MEANINGS: dict[int, type[EnlightenError]] = {
    400: Refused,
    404: NotFound,
    405: NotAvailable,
    409: Conflict,
    422: Refused,
    500: Refused,
}
_BAD_PARAMETERS = "invalid or missing parameters"
_PAGE = re.compile(r"[\ufeff\s]*<(?:!doctype|html)", re.IGNORECASE)
_CODE_WORD = re.compile(r"[A-Z][A-Z_]{2,60}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer of the cloud.

    Attributes:
        json: The decoded body; None when it is empty or not JSON.
        path: The path that answered; another than the asked one after redirects.
    """

    json: object = field(repr=False)
    path: str = field(repr=False)


class Refusal(Enum):
    """Two ways of not being let in."""

    SIGNED_OUT = auto()
    """401 or a login wall: the session is dead, or this endpoint does not take it so."""
    FORBIDDEN = auto()
    """403: the XSRF token is old, the headers have the wrong shape, or it is not permitted (9.2)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Any reply, not judged yet.

    Attributes:
        name: Method and masked path of the request, for messages.
        status: HTTP status.
        path: The path that answered.
        text: The body.
        cookies: What all hops set.
        csrf: The `x-csrf-token` header.
        retry_after: Seconds, from the `Retry-After` header.
        to_login: The cloud wanted to lead the request to the login page.
        page: A page was asked for, not JSON.
    """

    name: str
    status: int
    path: str = field(repr=False)
    text: str = field(repr=False)
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    csrf: str | None = field(default=None, repr=False)
    retry_after: float | None = None
    to_login: bool = False
    page: bool = False

    @property
    def ok(self) -> bool:
        """2xx; a login wall is one too."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_html(self) -> bool:
        """Whether the body is a page. `Content-Type` is not asked: it is wrong at times (2.8, #508)."""
        return _PAGE.match(self.text) is not None

    @property
    def is_login_wall(self) -> bool:
        """The login page instead of an answer: led there, or a page with one of the markers under 200 (2.8)."""
        if self.to_login:
            return True
        if not (self.ok and self.is_html):
            return False
        text = self.text.casefold()
        return any(marker in text for marker in (_FORM_MARKERS if self.page else _WALL_MARKERS))

    @property
    def is_signed_out(self) -> bool:
        """401 or a login wall."""
        return self.status == HTTPStatus.UNAUTHORIZED or self.is_login_wall

    @property
    def refusal(self) -> Refusal | None:
        """How it refuses who asks; None when it does not."""
        if self.is_signed_out:
            return Refusal.SIGNED_OUT
        return Refusal.FORBIDDEN if self.status == HTTPStatus.FORBIDDEN else None

    @property
    def lets_in(self) -> bool:
        """Whether it shows that who asked was recognised: a good answer, or a refusal of what was asked."""
        return self.is_good or self.status in (
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        )

    @property
    def is_good(self) -> bool:
        """2xx with what was asked for: no wall, and no page of maintenance."""
        return self.ok and not self.is_login_wall and (self.page or not self.is_html)

    @property
    def json(self) -> object:
        """The decoded body; None when it is not JSON."""
        try:
            return document(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def wait(self) -> float:
        """Seconds to wait after a 429 (9.1)."""
        return DEFAULT_WAIT if self.retry_after is None else self.retry_after

    @property
    def pause(self) -> float | None:
        """Seconds for which the cloud wants no requests at all: after any 429, and after a 503 that names a time."""
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self.wait
        return self.retry_after if self.status == HTTPStatus.SERVICE_UNAVAILABLE else None

    def raise_for_outage(self) -> None:
        """Raises what has nothing to do with the request itself: waiting is all that helps.

        Raises:
            RateLimited: 429.
            Unreachable: 5xx (but for a 500 that names a fault of the request), or a maintenance page (9.3).
        """
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(f"{self.name}: too many requests (429)", retry_after=self.wait)
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not self._names_a_fault:
            raise Unreachable(f"{self.name}: the cloud is out of order ({self.status})").at_stage(Delivery.ANSWERED)
        if self.ok and self.is_html and not self.page and not self.is_login_wall:
            message = f"{self.name}: a page instead of an answer, probably maintenance"
            raise Unreachable(message).at_stage(Delivery.ANSWERED)

    def answer(self) -> Answer:
        """The answer in it.

        Raises:
            Unreachable: Outage, maintenance.
            RateLimited: 429.
            Forbidden: 403.
            NotFound: 404.
            NotAvailable: 405.
            Conflict: 409.
            Refused: 400, 422, 500 with a reason.
            UnexpectedAnswer: Any other status.
        """
        self.raise_for_outage()
        if self.ok:
            return Answer(json=self.json, path=self.path)
        message = f"{self.name} was answered {self.status}{self._code_word}"
        if self.status == HTTPStatus.FORBIDDEN:
            raise Forbidden(message)
        raise _MEANINGS.get(self.status, UnexpectedAnswer)(message)

    @property
    def _names_a_fault(self) -> bool:
        return self.status == HTTPStatus.INTERNAL_SERVER_ERROR and _BAD_PARAMETERS in self.text.casefold()

    @property
    def _code_word(self) -> str:
        """The cloud's own code, as in `{"error": {"status": "CONFLICTING_SCHEDULE_CFG"}}`; nothing else of the body."""
        code = mapping(mapping(self.json).get("error")).get("status")
        return f" {code}" if isinstance(code, str) and _CODE_WORD.fullmatch(code) else ""
