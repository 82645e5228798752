"""The map of the cloud: which paths there are, and who answers each."""

from __future__ import annotations

from collections.abc import Callable

from ..answers.refusals import SERVICE
from ..wire import Request, Response
from ..world import World
from .account_pages import AccountPages
from .battery_config import BatteryConfig
from .login import Login
from .storm_guard import StormGuardPages
from .tariff_pages import TariffPages

Handler = Callable[[Request], Response]


def handlers(world: World) -> dict[tuple[str, str], Handler]:
    """Return who answers, by method and by the path's shape."""
    login, account, battery = Login(world), AccountPages(world), BatteryConfig(world)
    api = f"{SERVICE}/api/v1"
    storm = StormGuardPages(world)
    tariff, prices = TariffPages(world), "/service/tariff/tariff-ms/systems/<site>"
    schedules = f"{api}/battery/sites/<site>/schedules"
    return {
        ("GET", "/login"): login.page,
        ("POST", "/login/login"): login.form,
        ("POST", "/login/login.json"): login.login_json,
        ("POST", "/app-api/generate_mfa_login_otp"): login.second_factor.resend,
        ("POST", "/app-api/validate_login_otp"): login.validate_otp,
        ("GET", "/users/self/token"): login.self_token,
        ("GET", "/app-api/jwt_token.json"): login.jwt_token,
        ("POST", "/tokens"): login.retired_mint,
        ("GET", "/"): account.home,
        ("GET", "/pv/systems"): account.home,
        ("GET", "/web/<site>"): account.site,
        ("GET", "/app-api/search_sites.json"): account.search_sites,
        ("GET", "/app-api/<site>/data.json"): account.bootstrap,
        ("GET", "/pv/settings/<site>/battery_status.json"): account.battery_status,
        ("GET", f"{prices}/tariff"): tariff.tariff,
        ("GET", f"{prices}/tariffs"): tariff.dated,
        ("GET", f"{api}/siteSettings/<site>"): battery.call(battery.site_settings),
        ("GET", f"{api}/profile/<site>"): battery.call(battery.profile),
        ("PUT", f"{api}/profile/<site>"): battery.call(battery.change_profile),
        ("POST", f"{api}/profile/<site>"): battery.call(battery.change_profile),  # section 15.3
        ("PUT", f"{api}/cancel/profile/<site>"): battery.call(battery.cancel_profile),
        ("GET", f"{api}/batterySettings/<site>"): battery.call(battery.settings),
        ("PUT", f"{api}/batterySettings/<site>"): battery.call(battery.change_settings),
        ("POST", f"{api}/batterySettings/acceptDisclaimer/<site>"): battery.call(battery.accept_disclaimer),
        ("GET", f"{api}/stormGuard/<site>/stormAlert"): battery.call(storm.alerts),
        ("PUT", f"{api}/stormGuard/<site>/stormAlert"): battery.call(storm.opt_out),
        ("PUT", f"{api}/stormGuard/toggle/<site>"): battery.call(storm.toggle),
        ("GET", schedules): battery.call(battery.schedules),
        ("POST", schedules): battery.call(battery.create),
        ("POST", f"{schedules}/isValid"): battery.call(battery.validate),
        ("PUT", f"{schedules}/<id>"): battery.call(battery.update),
        ("POST", f"{schedules}/<id>/delete"): battery.call(battery.delete),
        ("DELETE", f"{schedules}/<id>"): battery.call(battery.delete),  # admission refuses the verb (statement 57)
    }
