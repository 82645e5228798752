"""The stand-in cloud: the one entrance for a request, without a network or over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from .answers.refusals import too_many
from .answers.scripted import play
from .clock import http_date, wall_clock
from .control_api import PREFIX as CONTROL
from .control_api import Control
from .endpoints.paths import handlers
from .operator import Operator
from .server import serve
from .switches import Switches
from .wire import RefusedError, Request, Response, as_html, as_json, shape

_NO_BROWSER = re.compile(r"home ?assistant|python-requests|aiohttp", re.IGNORECASE)


class Simulator(Operator):
    """A stateful Enlighten cloud for one account.

    `handle` answers requests without a network; `serve` puts it behind a real HTTP server. `clock` returns the
    current aware time; `seed` makes ids and tokens repeatable.
    """

    def __init__(
        self, switches: Switches | None = None, *, clock: Callable[[], datetime] = wall_clock, seed: int | None = None
    ) -> None:
        super().__init__(switches, clock=clock, seed=seed)
        self._control = Control(self)
        self._handlers = handlers(self.world)

    def handle(self, request: Request) -> Response:
        """Answer one request; every one but a control request is counted and logged."""
        if request.path.startswith(CONTROL):
            return self._control.handle(request)
        response = self._cloud(request)
        if not any(name.lower() == "date" for name, _ in response.headers):  # a script may have set it
            response = response.with_header("Date", http_date(int(self.world.cloud_time().timestamp())))
        self.world.journal.record(request, response, self.world.clock.now())
        return response

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve over HTTP while the block runs; gives the base address. Port 0 takes a free one."""
        async with serve(self.handle, host, port) as url:
            yield url

    def _cloud(self, request: Request) -> Response:
        agent = request.header("user-agent")
        if not agent or _NO_BROWSER.search(agent):
            return as_html("", 406)  # statement 7, and section 2: on every path
        if wait := self.world.wait_for_budget():
            return too_many(self.world, wait)
        fault = self.world.faults.next_for(request)
        return self._answer(request) if fault is None else play(self.world, fault, request, self._answer)

    def _answer(self, request: Request) -> Response:
        handler = self._handlers.get((request.method, shape(request.path)))
        if handler is None:
            self.world.journal.count("unknown")
            return as_json({"error": "Not Found"}, 404)
        try:
            return handler(request)
        except RefusedError as refusal:
            return refusal.response
