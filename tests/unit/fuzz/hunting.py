"""Finds secrets: all that the cloud gave out or was given, in every spelling, in all that the app says and keeps."""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from simulator import Simulator

_OWN = "enphase_battery"
_SECRET_MEMBERS = ("token", "manager_token", "session_id", "otp")
_SHORTEST = 6


class Eavesdropper:
    """Notes every secret that passes between the app and the cloud.

    Attributes:
        secrets: All of them so far, as they were sent.
    """

    def __init__(self, cloud: Simulator, *known: str) -> None:
        self.secrets = set(known)
        answer = cloud._cloud

        def listening(request: Any) -> Any:
            response = answer(request)
            self._note_headers(response.headers)
            self._note_body(response.body)
            for header in ("e-auth-token", "x-xsrf-token", "x-csrf-token", "authorization"):
                self._note(request.header(header).removeprefix("Bearer "))
            return response

        cloud._cloud = listening  # type: ignore[method-assign]  # of this one cloud, as long as it lives

    def spellings(self) -> dict[str, str]:
        """Return every spelling of every secret (in forms, in base64, in quotes, a token's parts), with the secret."""
        spelt = dict[str, str]()
        for secret in self.secrets:
            plain = secret.encode()
            ways = {
                secret,
                quote(secret),
                quote_plus(secret),
                base64.b64encode(plain).decode(),
                json.dumps(secret)[1:-1],
            }
            ways |= {part for part in secret.split(".") if secret.count(".") == 2 and len(part) > 20}
            spelt |= {way: secret for way in ways if len(way) >= _SHORTEST}
        return spelt

    def leaks(self, text: str) -> list[str]:
        """Return the secrets in a text, each with what stands around it."""
        return [
            f"{secret!r} in {text[max(0, at - 150) : at + len(way) + 60]!r}"
            for way, secret in self.spellings().items()
            if (at := text.find(way)) >= 0
        ]

    def _note(self, value: object) -> None:
        if isinstance(value, str) and len(value) >= _SHORTEST:
            self.secrets.add(value)

    def _note_headers(self, headers: Any) -> None:
        for name, value in headers:
            if name.lower() == "set-cookie":
                self._note(value.partition(";")[0].partition("=")[2].strip('"'))
            elif name.lower() == "x-csrf-token":
                self._note(value)

    def _note_body(self, body: bytes) -> None:
        try:
            document = json.loads(body)
        except ValueError:
            for found in re.findall(rb'name="authenticity_token"[^>]*value="([^"]+)"', body):
                self._note(found.decode())
            return
        if isinstance(document, Mapping):
            for member in _SECRET_MEMBERS:
                self._note(document.get(member))


def kept(root: object) -> Iterator[object]:
    """Yield all that an object leads to, through attributes, slots, containers and closures of the app."""
    seen, waiting = set[int](), [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (str, bytes, int, float, type(None))):
            continue
        seen.add(id(one))
        yield one
        waiting += list(_inside(one))


def _inside(one: object) -> Iterator[object]:
    if isinstance(one, Mapping):
        yield from one.values()
    elif isinstance(one, (list, tuple, set, frozenset)):
        yield from one
    elif isinstance(one, BaseException):
        yield from (one.__cause__, one.__context__, *one.args, vars(one))
    elif is_own(one):
        yield from vars(one).values() if hasattr(one, "__dict__") else ()
        yield from (getattr(one, name, None) for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ()))
    elif callable(one) and str(getattr(one, "__module__", "")).startswith(_OWN):
        yield from (getattr(cell, "cell_contents", None) for cell in getattr(one, "__closure__", None) or ())
        yield getattr(one, "__self__", None)


def is_own(one: object) -> bool:
    """Whether an object is of a class of the app's."""
    return type(one).__module__.startswith(_OWN)


def in_words(error: BaseException) -> str:
    """Return an error with its causes and traces, locals included, as the cleverest of loggers would show it."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
