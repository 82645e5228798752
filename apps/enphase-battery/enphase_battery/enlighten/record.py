"""What a session leaves behind for the next start, so that a restart costs no login."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..store.decoding import (
    DECODING_ERRORS,
    as_instant,
    as_mapping,
    as_optional_instant,
    as_optional_text,
    as_sequence,
    as_text,
    as_whole,
    attempt,
    by_name,
    each,
)
from .cookies import Cookie, CookieJar, is_sendable
from .fields import digits, instant
from .login import SESSION_COOKIES
from .login_guard import LoginGuard
from .second_factor import Challenge
from .shapes import Shape
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
        credentials: Hash of base URL, e-mail and password that `guard` and `challenge` are about; None: both empty.
        cookies: The whole jar.
        token: The last token.
        refreshed_at: When the token was last asked for with success, aware UTC.
        xsrf: The last XSRF token.
        guard: The login guard.
        site_id: A site that the sign-in named.
        refused: Endpoints that refuse everything, and until when nothing more is spent on them (2.7).
        logins_for: Endpoints that had a login made though the session may have lived, and when, aware UTC.
        shapes: Shapes of headers that worked where the usual one did not (section 5), by endpoint and their family.
        challenge: The sign-in that waits for the code of the second factor; None: none waits.
        second_factor: Whether the last sign-in needed a code.
        mint: Path of the token endpoint that gave the last token.
        sent: When requests were sent, for the budget, aware UTC; a few that are about to be are counted already.
        held_until: The cloud asked for no requests before, aware UTC.
    """

    salt: str = field(repr=False)
    account: str = field(repr=False)
    credentials: str | None = field(default=None, repr=False)
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    token: Token | None = None
    refreshed_at: datetime | None = None
    xsrf: str | None = field(default=None, repr=False)
    guard: LoginGuard = field(default_factory=LoginGuard)
    site_id: str | None = field(default=None, repr=False)
    refused: tuple[tuple[str, datetime], ...] = ()
    logins_for: tuple[tuple[str, datetime], ...] = ()
    shapes: tuple[tuple[str, Shape], ...] = field(default=(), repr=False)
    challenge: Challenge | None = None
    second_factor: bool = False
    mint: str | None = None
    sent: tuple[datetime, ...] = field(default=(), repr=False)
    held_until: datetime | None = None

    @property
    def has_session(self) -> bool:
        """Whether it holds a session, which may have ended meanwhile; one that waits for a code is none yet."""
        return self.challenge is None and CookieJar(self.cookies).find(*SESSION_COOKIES) is not None

    def belongs_to(self, base_url: str, email: str) -> bool:
        """Whether it is of this account."""
        return self.account == fingerprint(self.salt, base_url, email)

    def to_json(self) -> dict[str, object]:
        """A JSON object for :meth:`from_json`. Secrets are in it."""
        token, guard, challenge = self.token, self.guard, self.challenge
        return {
            "version": VERSION,
            "salt": self.salt,
            "account": self.account,
            "credentials": self.credentials,
            "cookies": _written_cookies(self.cookies),
            "token": token
            and {"value": token.value, "expires_at": _written(token.expires_at), "user_id": token.user_id},
            "refreshed_at": _written(self.refreshed_at),
            "xsrf": self.xsrf,
            "guard": {
                "rejections": guard.rejections,
                "last_rejection": _written(guard.last_rejection),
                "blocked_until": _written(guard.blocked_until),
                "cause": guard.cause and guard.cause.value,
                "by_hand_from": _written(guard.by_hand_from),
                "since": _written(guard.since),
                "unanswered": guard.unanswered,
                "begun": guard.begun,
                "begun_at": _written(guard.begun_at),
                "asked": guard.asked,
                "asked_at": _written(guard.asked_at),
            },
            "site_id": self.site_id,
            "refused": {endpoint: _written(until) for endpoint, until in self.refused},
            "logins_for": {endpoint: _written(login) for endpoint, login in self.logins_for},
            "shapes": {key: shape.value for key, shape in self.shapes},
            "challenge": challenge
            and {
                "cookies": _written_cookies(challenge.cookies),
                "began_at": _written(challenge.began_at),
                "sent_at": _written(challenge.sent_at),
                "codes": challenge.codes,
            },
            "second_factor": self.second_factor,
            "mint": self.mint,
            "sent": [round(sent.timestamp(), 3) for sent in self.sent],
            "held_until": _written(self.held_until),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> SessionRecord:
        """The record that :meth:`to_json` wrote; members that an older version did not write get their defaults.

        Each member that is damaged, or of a newer version, is lost, and nothing else with it.

        Raises:
            ValueError: Not usable at all: of another version, damaged, or edited by hand.
            KeyError: Likewise.
            TypeError: Likewise.
        """
        if document.get("version") != VERSION:
            raise ValueError("the session record is of another version")
        token, challenge = document["token"], document.get("challenge")
        return cls(
            salt=as_text(document["salt"]),
            account=as_text(document["account"]),
            credentials=as_optional_text(document["credentials"]),
            cookies=attempt(_cookies, document["cookies"]) or (),
            token=None if token is None else attempt(_token, token),
            refreshed_at=attempt(as_optional_instant, document["refreshed_at"]),
            xsrf=attempt(as_optional_text, document["xsrf"]),
            guard=attempt(_guard, document["guard"]) or LoginGuard(),
            site_id=digits(document["site_id"]),
            refused=attempt(_instants, document["refused"]) or (),
            logins_for=attempt(_instants, document.get("logins_for", {})) or (),
            shapes=attempt(_shapes, document.get("shapes", {})) or (),
            challenge=None if challenge is None else attempt(_challenge, challenge),
            second_factor=document.get("second_factor") is True,
            mint=attempt(as_optional_text, document.get("mint")),
            sent=attempt(_sent, document.get("sent", [])) or (),
            held_until=attempt(as_optional_instant, document.get("held_until")),
        )


def _guard(data: object) -> LoginGuard:
    value = as_mapping(data)
    cause = as_optional_text(value["cause"])
    if cause == TokenStatus.MFA_REQUIRED and "by_hand_from" not in value:
        return LoginGuard()  # of a version that could not take the code, and held the question for a refusal
    return LoginGuard(
        rejections=as_whole(value["rejections"]),
        last_rejection=as_optional_instant(value["last_rejection"]),
        blocked_until=as_optional_instant(value["blocked_until"]),
        cause=None if cause is None else TokenStatus(cause),
        by_hand_from=as_optional_instant(value.get("by_hand_from")),
        since=as_optional_instant(value.get("since")),
        unanswered=as_whole(value.get("unanswered", 0)),
        begun=as_whole(value.get("begun", 0)),
        begun_at=as_optional_instant(value.get("begun_at")),
        asked=as_whole(value.get("asked", 0)),
        asked_at=as_optional_instant(value.get("asked_at")),
    )


def _challenge(data: object) -> Challenge:
    value = as_mapping(data)
    return Challenge(
        cookies=_cookies(value["cookies"]),
        began_at=as_instant(value["began_at"]),
        sent_at=as_instant(value["sent_at"]),
        codes=as_whole(value.get("codes", 1)),
    )


def _written_cookies(cookies: tuple[Cookie, ...]) -> list[dict[str, object]]:
    return [
        {
            "name": cookie.name,
            "value": cookie.value,
            "domain": cookie.domain,
            "host_only": cookie.host_only,
            "path": cookie.path,
            "secure": cookie.secure,
            "expires_at": _written(cookie.expires_at),
        }
        for cookie in cookies
    ]


def _cookies(value: object) -> tuple[Cookie, ...]:
    return each(_cookie, value)


def _cookie(data: object) -> Cookie:
    value = as_mapping(data)
    if not (is_sendable(as_text(value["name"])) and is_sendable(as_text(value["value"]))):
        raise ValueError("a cookie of the session record could not be sent")
    return Cookie(
        name=as_text(value["name"]),
        value=as_text(value["value"]),
        domain=as_text(value["domain"]),
        host_only=value["host_only"] is True,
        path=as_text(value["path"]),
        secure=value["secure"] is True,
        expires_at=_end(value["expires_at"]),
    )


def _shapes(value: object) -> tuple[tuple[str, Shape], ...]:
    return tuple(by_name(str, Shape, value).items())


def _sent(value: object) -> tuple[datetime, ...]:
    return tuple(sent for one in as_sequence(value) if (sent := instant(one)) is not None)


def _end(value: object) -> datetime | None:
    """The end of a cookie. Older versions kept one in the year 9999 as it came: it is none."""
    try:
        return as_optional_instant(value)
    except DECODING_ERRORS:
        return None


def _token(data: object) -> Token:
    value = as_mapping(data)
    if not (as_text(value["value"]).isascii() and is_sendable(as_text(value["value"]))):
        raise ValueError("a token of the session record could not be sent")
    return Token(as_text(value["value"]), expires_at=as_instant(value["expires_at"]), user_id=digits(value["user_id"]))


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instants(value: object) -> tuple[tuple[str, datetime], ...]:
    return tuple(by_name(str, as_instant, value).items())
