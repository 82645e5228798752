"""Playing one scripted fault: what it does to the session, and what the client gets (section 14.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from ..credentials.sessions import SESSION_COOKIE
from ..faults import Fault
from ..wire import LOST, Ending, Request, Response, as_html, as_json, as_text
from ..world import World
from .html_pages import ERROR_PAGE, MAINTENANCE_PAGE, login_wall
from .refusals import spring_error

_DEPTH = 100_000
_Body = Callable[[World, Request, int], Response]


def play(world: World, fault: Fault, request: Request, carry_out: Callable[[Request], Response]) -> Response:
    """Return what the client gets of a request that meets a fault; `carry_out` is what the cloud would do."""
    world.journal.count("faults")
    _disturb(world, fault, request)
    own = carry_out(request) if fault.is_carried_out else Response(LOST)
    answer = own if fault.is_own_answer else _scripted(world, fault, request)
    return _mangled(answer, fault)


def _disturb(world: World, fault: Fault, request: Request) -> None:
    """Statements 81 and 82."""
    session = world.sessions.known(request.cookie(SESSION_COOKIE))
    if fault.rotate_xsrf:
        world.xsrf.forget("account")
        if session is not None:
            world.xsrf.forget(session.key)
    if fault.expire and session is not None:
        session.expired = True


def _scripted(world: World, fault: Fault, request: Request) -> Response:
    status = 200 if fault.status is None else fault.status
    if not isinstance(fault.body, str):
        return as_json(fault.body, status)
    if fault.body in _NAMED:
        return _NAMED[fault.body](world, request, status)
    return as_html(fault.body, status) if fault.body.startswith("<") else as_text(fault.body, status)


def _mangled(answer: Response, fault: Fault) -> Response:
    for name, value in fault.headers.items():
        kept = tuple(header for header in answer.headers if header[0].lower() != name.lower())
        answer = replace(answer, headers=kept)
        is_type = name.lower() == "content-type"
        answer = replace(answer, content_type=value) if is_type else answer.with_header(name, value)
    body, ending = answer.body.ljust(fault.huge), Ending.WHOLE
    if fault.cut:
        body, ending = body[: len(body) // 2], Ending.CUT
    if fault.endless:
        body, ending = b"", Ending.DRIP if fault.endless == "drip" else Ending.SILENT
    return replace(answer, body=body, ending=ending, delay=fault.delay)


def _fixed(body: bytes) -> _Body:
    return lambda _world, _request, status: Response(status, body)


def _html(page: str) -> _Body:
    return lambda _world, _request, status: as_html(page, status)


_NAMED: dict[str, _Body] = {
    "@maintenance": _html(MAINTENANCE_PAGE),  # statement 75
    "@wall": lambda world, _request, status: replace(login_wall(world), status=status),
    "@error": _html(ERROR_PAGE),  # statement 74
    "@spring": spring_error,
    # All the others say that they are JSON (statement 86).
    "@not json": _fixed(b'{"type": "battery-details", "data": {'),
    "@null": _fixed(b"null"),
    "@list": _fixed(b"[]"),
    "@text": _fixed(json.dumps("success").encode()),
    "@empty": _fixed(b""),
    "@deep": _fixed(b"[" * _DEPTH + b"]" * _DEPTH),
    "@bytes": _fixed(b'{"message": "\xff\xfe\x00"}'),
    "@gzip": lambda _world, _request, status: as_json({}, status).with_header("Content-Encoding", "gzip"),
}
