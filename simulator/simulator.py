"""The stand-in cloud: its map of paths, the one entrance for a request, and its server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from .account_pages import AccountPages
from .battery_config import BatteryConfig
from .clock import http_date, wall_clock
from .control import PREFIX as CONTROL
from .control import Control
from .login import Login
from .mishaps import play
from .operator import Operator
from .refusals import SERVICE, too_many
from .server import serve
from .tariff_pages import TariffPages
from .wire import RefusedError, Request, Response, as_html, as_json, shape

if TYPE_CHECKING:
    from .switches import Switches

_Handler = Callable[[Request], Response]
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
        self._routes = {(method, path): handler for method, path, handler in self._map()}

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
        try:
            return self._find(request)(request)
        except RefusedError as refusal:
            return refusal.response

    def _find(self, request: Request) -> _Handler:
        if handler := self._routes.get((request.method, shape(request.path))):
            return handler
        self.world.journal.count("unknown")
        return lambda _request: as_json({"error": "Not Found"}, 404)

    def _map(self) -> list[tuple[str, str, _Handler]]:
        login, account, battery = Login(self.world), AccountPages(self.world), BatteryConfig(self.world)
        api = f"{SERVICE}/api/v1"
        tariff, prices = TariffPages(self.world), "/service/tariff/tariff-ms/systems/<site>"
        schedules = f"{api}/battery/sites/<site>/schedules"
        return [
            ("GET", "/login", login.page),
            ("POST", "/login/login", login.form),
            ("POST", "/login/login.json", login.login_json),
            ("POST", "/app-api/generate_mfa_login_otp", login.second_factor.resend),
            ("POST", "/app-api/validate_login_otp", login.validate_otp),
            ("GET", "/users/self/token", login.self_token),
            ("GET", "/app-api/jwt_token.json", login.jwt_token),
            ("POST", "/tokens", login.retired_mint),
            ("GET", "/", account.home),
            ("GET", "/pv/systems", account.home),
            ("GET", "/web/<site>", account.site),
            ("GET", "/app-api/search_sites.json", account.search_sites),
            ("GET", "/app-api/<site>/data.json", account.bootstrap),
            ("GET", "/pv/settings/<site>/battery_status.json", account.battery_status),
            ("GET", f"{prices}/tariff", tariff.tariff),
            ("GET", f"{prices}/tariffs", tariff.dated),
            ("GET", f"{api}/siteSettings/<site>", battery.call(battery.site_settings)),
            ("GET", f"{api}/profile/<site>", battery.call(battery.profile)),
            ("PUT", f"{api}/profile/<site>", battery.call(battery.change_profile)),
            ("PUT", f"{api}/cancel/profile/<site>", battery.call(battery.cancel_profile)),
            ("GET", f"{api}/batterySettings/<site>", battery.call(battery.settings)),
            ("PUT", f"{api}/batterySettings/<site>", battery.call(battery.change_settings)),
            ("POST", f"{api}/batterySettings/acceptDisclaimer/<site>", battery.call(battery.accept_disclaimer)),
            ("GET", schedules, battery.call(battery.schedules)),
            ("POST", schedules, battery.call(battery.create)),
            ("POST", f"{schedules}/isValid", battery.call(battery.validate)),
            ("PUT", f"{schedules}/<id>", battery.call(battery.update)),
            ("POST", f"{schedules}/<id>/delete", battery.call(battery.delete)),
            ("DELETE", f"{schedules}/<id>", battery.call(battery.delete)),  # admission refuses the verb (statement 57)
        ]
