"""What a session leaves behind for the next start, so that a restart costs no login."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .cookies import Cookie
from .fields import digits, mapping
from .guard import GuardState
from .tokens import Token, TokenStatus

VERSION = 1
_HASH_ROUNDS = 20_000


def fingerprint(salt: str, *secrets: str) -> str:
    """A salted, slow hash: tells whether secrets are the same without keeping them."""
    return hashlib.pbkdf2_hmac("sha256", "\n".join(secrets).encode(), salt.encode(), _HASH_ROUNDS).hex()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session at rest. Holds secrets: keep it in a file that only its owner can read.

    Attributes:
        salt: Of the two hashes.
        account: Hash of base URL and e-mail: a record of another account is ignored.
        credentials: Hash of base URL, e-mail and password that `guard` is about; None: nothing was refused.
        cookies: The whole jar.
        token: The last token.
        refreshed_at: When the token was last asked for with success, aware UTC.
        xsrf: The last XSRF token.
        guard: The login guard.
        site_id: A site that the sign-in named.
        user_id: The user that the last token named.
        refused: Endpoints that refuse even a fresh session, and until when no login is spent on them (2.7).
    """

    salt: str = field(repr=False)
    account: str = field(repr=False)
    credentials: str | None = field(default=None, repr=False)
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    token: Token | None = None
    refreshed_at: datetime | None = None
    xsrf: str | None = field(default=None, repr=False)
    guard: GuardState = field(default_factory=GuardState)
    site_id: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    refused: tuple[tuple[str, datetime], ...] = ()

    def belongs_to(self, base_url: str, email: str) -> bool:
        """Whether it is of this account."""
        return self.account == fingerprint(self.salt, base_url, email)

    def to_json(self) -> dict[str, object]:
        """A JSON object for :meth:`from_json`. Secrets are in it."""
        token, guard = self.token, self.guard
        return {
            "version": VERSION,
            "salt": self.salt,
            "account": self.account,
            "credentials": self.credentials,
            "cookies": [
                {
                    "name": cookie.name,
                    "value": cookie.value,
                    "domain": cookie.domain,
                    "host_only": cookie.host_only,
                    "path": cookie.path,
                    "secure": cookie.secure,
                    "expires_at": _written(cookie.expires_at),
                }
                for cookie in self.cookies
            ],
            "token": token
            and {"value": token.value, "expires_at": _written(token.expires_at), "user_id": token.user_id},
            "refreshed_at": _written(self.refreshed_at),
            "xsrf": self.xsrf,
            "guard": {
                "rejections": guard.rejections,
                "last_rejection": _written(guard.last_rejection),
                "blocked_until": _written(guard.blocked_until),
                "cause": guard.cause and guard.cause.value,
            },
            "site_id": self.site_id,
            "user_id": self.user_id,
            "refused": {endpoint: _written(until) for endpoint, until in self.refused},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> SessionRecord:
        """The record that :meth:`to_json` wrote.

        Raises:
            ValueError: Not usable: of another version, damaged, or edited by hand.
        """
        if document.get("version") != VERSION:
            raise ValueError("the session record is of another version")
        try:
            return _read(document)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the session record is damaged ({type(error).__name__})") from error


def _read(document: Mapping[str, object]) -> SessionRecord:
    token, guard = document["token"], _object(document["guard"])
    cause = _text_or_none(guard["cause"])
    return SessionRecord(
        salt=_text(document["salt"]),
        account=_text(document["account"]),
        credentials=_text_or_none(document["credentials"]),
        cookies=tuple(_cookie(_object(each)) for each in _list(document["cookies"])),
        token=None if token is None else _token(_object(token)),
        refreshed_at=_instant_or_none(document["refreshed_at"]),
        xsrf=_text_or_none(document["xsrf"]),
        guard=GuardState(
            rejections=int(_text(str(guard["rejections"]))),
            last_rejection=_instant_or_none(guard["last_rejection"]),
            blocked_until=_instant_or_none(guard["blocked_until"]),
            cause=None if cause is None else TokenStatus(cause),
        ),
        site_id=digits(document["site_id"]),
        user_id=digits(document["user_id"]),
        refused=tuple((endpoint, _instant(until)) for endpoint, until in _object(document["refused"]).items()),
    )


def _cookie(value: Mapping[str, object]) -> Cookie:
    return Cookie(
        name=_text(value["name"]),
        value=_text(value["value"]),
        domain=_text(value["domain"]),
        host_only=value["host_only"] is True,
        path=_text(value["path"]),
        secure=value["secure"] is True,
        expires_at=_instant_or_none(value["expires_at"]),
    )


def _token(value: Mapping[str, object]) -> Token:
    return Token(_text(value["value"]), expires_at=_instant(value["expires_at"]), user_id=digits(value["user_id"]))


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise TypeError
    return instant


def _instant_or_none(value: object) -> datetime | None:
    return None if value is None else _instant(value)


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return mapping(value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value
