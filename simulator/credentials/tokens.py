"""Real three-part JWTs (HS256), as section 2.6 describes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from random import Random


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer:
    """Mints and checks the cloud's tokens."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._key = random.randbytes(32)
        self._expiries: dict[str, int] = {}

    def mint(self, user_id: int, now: datetime, ttl: float, claim: str) -> tuple[str, int]:
        """Return a new token and its `exp` (epoch seconds).

        The user id stands under `data.user_id` (claim "data") or at the top level (claim "top") (statement 14).
        """
        expires_at = int(now.timestamp() + ttl)
        about = {"user_id": user_id, "session_id": self._random.randbytes(16).hex()}
        claims = {"iat": int(now.timestamp()), "exp": expires_at, **({"data": about} if claim == "data" else about)}
        head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        content = f"{head}.{_encode(json.dumps(claims).encode())}"
        token = f"{content}.{self._seal(content)}"
        self._expiries[token] = expires_at
        return token, expires_at

    def is_own(self, token: str) -> bool:
        """Tell whether this cloud minted the token, living or not."""
        return token in self._expiries

    def is_living(self, token: str, now: datetime) -> bool:
        """Tell whether this cloud minted the token and `exp` has not passed."""
        return self._expiries.get(token, 0) > now.timestamp()

    def _seal(self, content: str) -> str:
        return _encode(hmac.new(self._key, content.encode(), hashlib.sha256).digest())
