"""The shapes of headers that the cloud has asked for over the years, and which of them is tried first (section 5).

What was enough last month may be walled off today, and sites differ; so a refused request climbs a small ladder, and
what worked is remembered per site, for reads and for writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from uuid import uuid4

from .address import BATTERY_CONFIG, masked

if TYPE_CHECKING:
    from .transport import Call

_ACCEPT = "application/json, text/plain, */*"
_BATTERY_UI = "https://battery-profile-ui.enphaseenergy.com"
_SITE = re.compile(r"/(\d+)(?=/|$)")


class Shape(str, Enum):
    """Ways to prove who asks; the letters are those of section 5."""

    SITE = "site"
    """For everything outside the battery service (7.1)."""
    TOKEN_AND_COOKIES = "token_and_cookies"  # noqa: S105 -- the name of a shape
    """Variant G: works for most accounts, with the old mint and the new."""
    COOKIES = "cookies"
    """Variant A for reads, variant H for writes: the web app's since July 2026."""
    MANAGER_TOKEN = "manager_token"  # noqa: S105 -- the name of a shape
    """Variant D: the manager cookie's value as `e-auth-token`; the one that #460-type sites take for writes."""
    MIXED = "mixed"
    """Variant E: everything at once, with `Authorization`."""
    TOKEN = "token"  # noqa: S105 -- the name of a shape
    """Variant B: no cookies at all; enough until June 2026."""

    @property
    def with_cookies(self) -> bool:
        """Whether the cookie jar goes along."""
        return self is not Shape.TOKEN


READS = (Shape.TOKEN_AND_COOKIES, Shape.COOKIES, Shape.MIXED, Shape.TOKEN)
WRITES = (Shape.TOKEN_AND_COOKIES, Shape.MANAGER_TOKEN, Shape.COOKIES, Shape.MIXED, Shape.TOKEN)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What headers are made of; each None where there is none.

    Attributes:
        token: The minted token.
        manager: Value of the manager cookie, which is a token too (2.5).
        xsrf: The battery service's XSRF token: the one of the cookie that goes along (double submit, section 4).
        csrf: The site-wide CSRF token.
    """

    token: str | None = field(default=None, repr=False)
    manager: str | None = field(default=None, repr=False)
    xsrf: str | None = field(default=None, repr=False)
    csrf: str | None = field(default=None, repr=False)

    def suffice(self, shape: Shape) -> bool:
        """Whether there is all that makes a shape what it is."""
        return {
            Shape.MANAGER_TOKEN: self.manager is not None and self.xsrf is not None,
            Shape.MIXED: self.token is not None or self.manager is not None,
            Shape.TOKEN: self.token is not None,
        }.get(shape, True)


def headers(shape: Shape, proofs: Proofs, *, base_url: str, write: bool, username: str | None) -> dict[str, str]:
    """The headers of a shape, but for `Cookie`, `User-Agent` and `Content-Type`.

    Args:
        shape: Which.
        proofs: What there is; it suffices.
        base_url: For the `Referer` outside the battery service.
        write: Writes carry the XSRF token, reads must not (section 4).
        username: The user id.
    """
    made: dict[str, str | None] = {"Accept": _ACCEPT, "Username": username, "e-auth-token": proofs.token}
    if shape is Shape.SITE:
        made |= {"Referer": f"{base_url}/", "X-Requested-With": "XMLHttpRequest"}
    else:
        made |= {"Origin": _BATTERY_UI, "Referer": f"{_BATTERY_UI}/", "X-XSRF-Token": proofs.xsrf if write else None}
    if shape is Shape.COOKIES:
        made["e-auth-token"] = None
    elif shape is Shape.MANAGER_TOKEN:
        made |= {"e-auth-token": proofs.manager, "X-Requested-With": "XMLHttpRequest"}
    elif shape is Shape.MIXED:
        made["Authorization"] = f"Bearer {proofs.manager or proofs.token}"
        made["X-CSRF-Token"] = (proofs.csrf or proofs.xsrf) if write else None
    if shape in (Shape.COOKIES, Shape.TOKEN):
        made["requestid"] = str(uuid4())
    return {name: value for name, value in made.items() if value is not None}


class Ladders:
    """Which shapes a request is tried in, and what was learnt of that.

    Args:
        known: The winners as they stand, by endpoint and by family of endpoints.
        keep: Stores them.
    """

    def __init__(
        self, known: Callable[[], Mapping[str, Shape]], keep: Callable[[tuple[tuple[str, Shape], ...]], None]
    ) -> None:
        self._known = known
        self._keep = keep
        self._turns: dict[str, int] = {}

    def order(self, call: Call) -> tuple[Shape, ...]:
        """The shapes for a request, the most promising first."""
        keys = _keys(call)
        if keys is None:
            return (Shape.SITE,)
        winners, usual = self._known(), WRITES if call.is_write else READS
        first = next((winners[key] for key in keys if winners.get(key) in usual), usual[0])
        return (first, *(shape for shape in usual if shape is not first))

    def turned(self, call: Call) -> tuple[Shape, ...]:
        """The same, beginning every second time with another one.

        For an endpoint that was refused in all of them lately, so that there is one try only: to change its shape costs
        nothing, and finds what the cloud takes by now. In between the most promising one has its turn, because most
        refusals pass.
        """
        order = self.order(call)
        turns = self._turns[call.name] = self._turns.get(call.name, -1) + 1
        turn = (1 + turns // 2) % len(order) if turns % 2 else 0
        return (*order[turn:], *order[:turn])

    def worked(self, call: Call, shape: Shape) -> None:
        """Notes that a request was taken in a shape.

        The family learns it with the endpoint, so that the next endpoint need not find it out. That one may need
        another, and keeps it for itself: what serves one endpoint never makes another climb at each poll.
        """
        keys = _keys(call)
        if keys is None or self.order(call)[0] is shape:
            return
        self._keep(tuple({**self._known(), **dict.fromkeys(keys, shape)}.items()))


def _keys(call: Call) -> tuple[str, str] | None:
    """Names of the endpoint and of its family, per site; None outside the battery service."""
    if not call.path.startswith(BATTERY_CONFIG):
        return None
    path = call.path.removeprefix(BATTERY_CONFIG)
    site = _SITE.search(path)
    prefix = f"{site[1]} " if site else ""
    return f"{prefix}{call.method} {masked(path)}", f"{prefix}{'writes' if call.is_write else 'reads'}"
