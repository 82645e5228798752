"""The JSON web token that goes with battery calls, and the one word that sums up how the sign-in stands (2.6)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from ..errors import (
    AccountBlocked,
    BudgetExhausted,
    CodeRefused,
    EnlightenError,
    MfaRequired,
    SignInError,
    TooManySessions,
    Unreachable,
)
from .fields import digits, document, instant, mapping, text

ASSUMED_LIFETIME = timedelta(hours=24)
"""For a token that says nowhere when it ends; every token seen lives for days."""

_THREE_PARTS = 3


class TokenStatus(str, Enum):
    """How the sign-in stands, in the words of the token sensor."""

    OK = "OK"
    EXPIRED = "EXPIRED"
    """The token is past its end and was not renewed."""
    LOGIN_FAILED = "LOGIN_FAILED"
    """E-mail or password refused, or the sign-in gave no usable session."""
    MFA_REQUIRED = "MFA_REQUIRED"
    BLOCKED = "BLOCKED"
    """The account is blocked, or has too many sessions."""
    UNREACHABLE = "UNREACHABLE"
    """No usable answer, or nothing asked yet."""


@dataclass(frozen=True, slots=True)
class Token:
    """A JSON web token of the cloud.

    Attributes:
        value: The token itself: a secret.
        expires_at: Its end, aware UTC.
        user_id: The user id that it names, digits only.
    """

    value: str = field(repr=False)
    expires_at: datetime
    user_id: str | None = field(default=None, repr=False)


def read_token(answered: object, now: datetime) -> Token | None:
    """The token in an answer of one of the mints (2.6): any of the member names that clients have met.

    Args:
        answered: Decoded JSON, such as `{"token": "<jwt>", "expires_at": <epoch s>}`.
        now: Aware UTC; only for a token that says nowhere when it ends.

    Returns:
        None when there is no token in it, which is how the cloud says that nobody is signed in.
    """
    answer = mapping(answered)
    value = next((found for name in ("token", "auth_token", "access_token") if (found := text(answer.get(name)))), None)
    if value is None or not value.isascii() or not value.isprintable():
        return None
    claims = _claims(value)
    ends = (claims.get("exp"), *(answer.get(name) for name in ("expires_at", "expiresAt", "expiration")))
    return Token(
        value=value,
        expires_at=next((end for each in ends if (end := instant(each)) is not None), now + ASSUMED_LIFETIME),
        user_id=_user_id(claims),
    )


def status_of(error: EnlightenError) -> TokenStatus | None:
    """What an error says about the sign-in; None when it says nothing about it."""
    if isinstance(error, (MfaRequired, CodeRefused)):
        return TokenStatus.MFA_REQUIRED
    if isinstance(error, (AccountBlocked, TooManySessions)):
        return TokenStatus.BLOCKED
    if isinstance(error, SignInError):
        return TokenStatus.LOGIN_FAILED
    if isinstance(error, Unreachable) and not isinstance(error, BudgetExhausted):
        return TokenStatus.UNREACHABLE
    return None


def _claims(value: str) -> Mapping[str, object]:
    """The payload of a JSON web token, its signature unchecked: only the cloud can check it, and it does."""
    parts = value.split(".")
    if len(parts) != _THREE_PARTS:
        return {}
    payload = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return mapping(document(base64.urlsafe_b64decode(payload)))
    except (binascii.Error, ValueError, RecursionError):
        return {}


def _user_id(claims: Mapping[str, object]) -> str | None:
    """The user id, at the top level or inside `data`."""
    for holder in (claims, mapping(claims.get("data"))):
        for name in ("user_id", "userId", "userid"):
            if (found := digits(holder.get(name))) is not None:
                return found
    return digits(claims.get("sub"))
