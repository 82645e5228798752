"""How an account's session stands, in values that hold no id, and no secret but the token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..control.reason import Reason
from .shapes import READS, WRITES, Shape

if TYPE_CHECKING:
    from .login_guard import LoginGuard
    from .tokens import TokenStatus


@dataclass(frozen=True, slots=True)
class Condition:
    """The session at one moment. Instants are aware UTC.

    Attributes:
        status: How the sign-in stands.
        refreshed_at: When a token was last asked for with success; None: never.
        expires_at: When the token expires; None: there is none.
        session_ends_at: When the cloud's cookie says that the session ends; None: it does not say.
        second_factor: Whether the last sign-in needed a code.
        guard: The login guard.
        requests: Requests sent within the last hour.
        requests_per_hour: How many are allowed.
        held_until: The cloud asked for no requests before; None: it did not.
        reads: The shape of headers in which battery reads are tried first.
        writes: The same of writes.
        mint: The endpoint that gave the last token; None: none has.
        refused: Names of the endpoints that refuse everything.
        last_error: What the latest request failed with; None when it went well.
        token: The token itself, for whoever may show it.
    """

    status: TokenStatus
    refreshed_at: datetime | None
    expires_at: datetime | None
    session_ends_at: datetime | None
    second_factor: bool
    guard: LoginGuard
    requests: int
    requests_per_hour: int
    held_until: datetime | None
    reads: Shape
    writes: Shape
    mint: str | None
    refused: tuple[str, ...]
    last_error: Reason | None
    token: str | None = field(default=None, repr=False)


def usual_shapes(winners: Iterable[tuple[str, Shape]]) -> tuple[Shape, Shape]:
    """Return the shapes in which reads and writes of the battery service are tried first.

    Args:
        winners: What was learnt, by endpoint and by family of endpoints, as the record keeps it.
    """
    learnt = {key.rpartition(" ")[2]: shape for key, shape in winners}
    return learnt.get("reads", READS[0]), learnt.get("writes", WRITES[0])
