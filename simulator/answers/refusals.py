"""How the cloud says no: the service's errors, and too many requests (section 9.2, statement 73)."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from ..clock import http_date, iso
from ..wire import Request, Response, as_json
from ..world import World

SERVICE = "/service/batteryConfig"
"""What the paths of the battery service begin with."""

_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def spring_error(world: World, request: Request, status: int, message: str = "") -> Response:
    """Answer as the service does, its path without the prefix (section 9.2)."""
    document: dict[str, object] = {"timestamp": iso(world.cloud_time()), "status": status}
    document["error"] = _REASONS.get(status, "Internal Server Error")
    if message:
        document["message"] = message
    return as_json({**document, "path": request.path.removeprefix(SERVICE)}, status)


def too_many(world: World, wait: float) -> Response:
    """Answer 429; by switch it says how many seconds to wait, or until when by the cloud's clock."""
    world.journal.count("throttled")
    refusal = as_json({"error": "Too Many Requests"}, 429)
    form = world.switches.retry_after
    if form == "none":
        return refusal
    until = world.cloud_time() + timedelta(seconds=wait)
    return refusal.with_header(
        "Retry-After", str(ceil(wait)) if form == "seconds" else http_date(ceil(until.timestamp()))
    )
