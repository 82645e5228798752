"""The tariff service (section 8, statements 38 and 39): one tariff, and the same as dated rates."""

from __future__ import annotations

import re

from ..account import SITE_ID
from ..answers.html_pages import login_wall
from ..answers.refusals import spring_error
from ..clock import iso
from ..wire import RefusedError, Request, Response, as_json
from ..world import World
from .access import living_session, site_of

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_IMPORT = (0.24, 0.36)
_EXPORT = (0.0789, 0.12)
_PEAK = (960, 1140)
_DAY = 24 * 60


class TariffPages:
    """What a logged-in browser is told about prices; nothing here can be written."""

    def __init__(self, world: World) -> None:
        self._world = world

    def tariff(self, request: Request) -> Response:
        """GET tariff: flat, rates as texts, the fallback period without times (statement 38)."""
        world = self._world
        self._need_battery_site(request)
        settings, switches = world.site.state().readable, world.switches
        plan = {"typeKind": "single", "typeId": "tou"}
        must_charge = {"must_charge_start": "0", "must_charge_duration": "0", "must_charge_mode": "CP"}
        return as_json(
            {
                "site_id": SITE_ID,
                "country": "GB",
                "currency": "£",
                "zipcode": "",
                "hasAcb": False,
                "chargeFromGrid": settings.charge_from_grid,
                "chargeBeginTime": settings.charge_begin,
                "chargeEndTime": settings.charge_end,
                "showBatteryConfig": True,
                "hideChargeFromGrid": switches.hide_charge_from_grid or switches.region == "emea",
                "supports_mqtt": switches.supports_mqtt,
                "calibrationProgress": False,
                "purchase": {
                    **plan,
                    "hasNetMetering": False,
                    "source": "manual",
                    "seasons": _seasons(_IMPORT, {"updatedValue": "", **must_charge}),
                },
                "buyback": {
                    **plan,
                    "source": "netFit",
                    "seasons": [] if switches.dated_tariff else _seasons(_EXPORT, {"updatedValue": ""}),
                    "exportPlan": "netFit",
                },
                "nemVersion": "",
                "installDate": "2024-01-15",
                "showDTQuestion": False,
                "dtCustomChargeEnabled": True,
            }
        )

    def dated(self, request: Request) -> Response:
        """GET tariffs: the rates of one day, numbers, with minute ends that belong to them (statement 39)."""
        world = self._world
        self._need_battery_site(request)
        if not world.switches.dated_tariff:
            return spring_error(world, request, 404)
        if request.query.get("rateType") != "BUYBACK" or not _DATE.fullmatch(request.query.get("date", "")):
            return spring_error(world, request, 400)
        low, high = _EXPORT
        edges = ((0, _PEAK[0], low), (*_PEAK, high), (_PEAK[1], _DAY, low))
        place = {"currency": "£", "timezone": world.switches.timezone}
        plans = {"importPlanType": "tou", "exportPlanType": "netFit", "installDate": "2024-01-15"}
        data: dict[str, object] = {
            "tariff-version-id": "1",
            "tariff-type": "static",
            **place,
            "siteDetails": {**place, **plans},
            "buyback": [{"start": start, "end": end - 1, "rate": rate} for start, end, rate in edges],
        }
        return as_json({"type": "tariff-rates", "timestamp": iso(world.cloud_time()), "data": data})

    def _need_battery_site(self, request: Request) -> None:
        if living_session(self._world, request) is None:
            raise RefusedError(login_wall(self._world))
        if site_of(request) != str(SITE_ID):
            raise RefusedError(as_json({"error": "Forbidden"}, 403))


def _seasons(rates: tuple[float, float], more: dict[str, str]) -> list[dict[str, object]]:
    start, end = (str(minute) for minute in _PEAK)
    periods = [
        _period("off-peak", "off-peak", "", "", rates[0]),
        _period("peak-1", "peak", start, end, rates[1]),
    ]
    week = {"id": "week", "days": [1, 2, 3, 4, 5, 6, 7], "periods": periods, **more}
    return [{"id": "default", "startMonth": "1", "endMonth": "12", "days": [week]}]


def _period(name: str, kind: str, start: str, end: str, rate: float) -> dict[str, object]:
    times = {"startTime": start, "endTime": end}
    return {"id": name, **times, "rate": str(rate), "type": kind, "rateComponents": []}
