"""What was asked of the cloud: a log and counters."""

from __future__ import annotations

import json
from collections import Counter, deque
from datetime import datetime
from itertools import starmap

from .clock import iso
from .wire import Request, Response, shape

_KEPT = 10_000
_COUNTED = (
    "requests",
    "logins",
    "logins_refused",
    "token_refreshes",
    "reads",
    "writes",
    "validations",
    "unknown",
    "faults",
    "throttled",
    "mfa_challenges",
    "otps_sent",
    "otps_refused",
)


class Journal:
    """The request log (the last 10,000) and the counters since the last clearing."""

    def __init__(self) -> None:
        self._log: deque[tuple[datetime, Request, int]] = deque(maxlen=_KEPT)
        self._counters: Counter[str] = Counter()
        self._by_path: Counter[str] = Counter()

    def count(self, what: str) -> None:
        """Count one of the things that `counters` names."""
        self._counters[what] += 1

    def record(self, request: Request, response: Response, at: datetime) -> None:
        """Note a request and its answer."""
        self.count("requests")
        self._by_path[f"{request.method} {shape(request.path)}"] += 1
        self._log.append((at, request, response.status))

    def requests(self) -> list[dict[str, object]]:
        """Return the log, oldest first. Of the headers only the names are shown, of a password or a code nothing."""
        return [
            {
                "at": iso(at),
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "status": status,
                "headers": sorted(request.headers),
                "body": _masked(request),
            }
            for at, request, status in self._log
        ]

    def counters(self) -> dict[str, object]:
        """Return all counters, those at 0 too."""
        return {**{name: self._counters[name] for name in _COUNTED}, "by_path": dict(self._by_path)}

    def clear(self) -> None:
        """Forget the log and the counters."""
        self._log.clear()
        self._counters.clear()
        self._by_path.clear()


def _masked(request: Request) -> object:
    def shown(name: str, value: object) -> tuple[str, object]:
        return name, "***" if "password" in name or name == "otp" else value

    if form := request.form():
        return dict(starmap(shown, form.items()))
    try:
        body = json.loads(request.body) if request.body else None
    except ValueError:
        return f"<{len(request.body)} bytes>"
    return dict(starmap(shown, body.items())) if isinstance(body, dict) else body
