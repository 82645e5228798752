"""Enlighten's own pages and documents: finding the site and the user, and the battery's status (sections 3 and 7.1)."""

from __future__ import annotations

from ..account import EMAIL, SITE_ID, USER_ID
from ..answers.documents import Document
from ..answers.html_pages import login_wall, site_page
from ..answers.odd_members import odd
from ..site.battery import POWER_KW
from ..site.profiles import MODES
from ..wire import RefusedError, Request, Response, as_json, redirect
from ..world import World
from .access import living_session, site_of

_CHARGING, _DISCHARGING, _IDLE = 12, 13, 17


class AccountPages:
    """What a logged-in browser may see."""

    def __init__(self, world: World) -> None:
        self._world = world

    def home(self, request: Request) -> Response:
        """GET / and /pv/systems lead to the site's page, or to the login (section 3.1)."""
        if living_session(self._world, request) is None:
            return redirect(request, "/login")
        return redirect(request, f"/web/{SITE_ID}?v=3.4.0") if self._world.switches.sites else site_page("none")

    def site(self, request: Request) -> Response:
        """GET /web/<site>."""
        if living_session(self._world, request) is None:
            return redirect(request, "/login")
        return site_page(site_of(request))

    def search_sites(self, request: Request) -> Response:
        """GET search_sites.json; by switch several sites, none, or one of them twice (statements 40, 85)."""
        self._need_session(request)
        ids = self._site_ids()
        if self._world.switches.site_listed_twice:
            ids = [*ids[:1], *ids]
        names = {site: "Home" if site == SITE_ID else f"House {site - SITE_ID + 1}" for site in ids}
        return self._answer(
            {
                "sites": [
                    {"id": site, "path": f"/web/{site}?v=3.4.0", "title": names[site], "favourite": False}
                    for site in ids
                ]
            }
        )

    def bootstrap(self, request: Request) -> Response:
        """GET data.json, which knows the user's id (section 3.2)."""
        self._need_site(request)
        site = site_of(request)
        user = {"id": USER_ID, "email": EMAIL, "country": "GB", "isHost": False, "isAdmin": False}
        user["isInstaller"] = self._world.switches.user_role == "installer"
        return self._answer(
            {
                "app": {
                    "userId": USER_ID,
                    "timezone": self._world.switches.timezone,
                    "locale": "en-GB",
                    "basePath": f"/pv/systems/{site}",
                    "user": user,
                    "tariff": None,
                    "update_pending": False,
                }
            }
        )

    def battery_status(self, request: Request) -> Response:
        """GET battery_status.json (statement 36): what the gateway last reported."""
        world = self._world
        world.journal.count("reads")
        jwt_is_enough = not world.era.needs_jar and world.signer.is_living(
            request.header("e-auth-token"), world.cloud_time()
        )
        if not jwt_is_enough:
            self._need_session(request)
        if site_of(request) != str(SITE_ID):
            raise RefusedError(as_json({"error": "Forbidden"}, 403))
        report, capacity = world.site.report(), world.switches.battery_kwh
        numbers = {
            "current_charge": f"{round(report.soc)}%",
            "available_energy": round(report.soc * capacity / 100, 2),
            "max_capacity": capacity,
            "available_power": POWER_KW,
            "max_power": POWER_KW,
        }
        micros = {"total_micros": 6, "active_micros": 6, "inactive_micros": 0, "inactive_micros_sn": []}
        storage = {
            "id": 100000001,
            "serial_number": "482100000001",
            **numbers,
            **micros,
            "led_status": _led(report.power_kw),
            "excluded": False,
            "error_code": None,
            "error_text": None,
            "statusText": "Normal",
            "status": "normal",
            "last_report": int(report.at.timestamp()),
            "cycle_count": 115,
            "battery_mode": self._mode(),
            "rated_power": round(1000 * POWER_KW),
            "battery_soh": "100%",
        }
        head = {"show_battery_banner": False, "included_count": 1, "excluded_count": 0}
        status = _numberless({**numbers, **micros, **head}, world.switches.status_numbers)
        storages = [_numberless(storage, world.switches.status_numbers)]
        return self._answer({**status, "storages": storages})

    def _mode(self) -> str:
        profile = self._world.site.shown_profile()
        return MODES.get(profile, profile)

    def _answer(self, document: Document) -> Response:
        members = self._world.switches.odd_members
        return as_json(odd(document, members) if members else document)

    def _need_session(self, request: Request) -> None:
        if living_session(self._world, request) is None:
            raise RefusedError(login_wall(self._world))

    def _need_site(self, request: Request) -> None:
        self._need_session(request)
        if site_of(request) not in {str(site) for site in [SITE_ID, *self._site_ids()]}:
            raise RefusedError(as_json({"error": "Forbidden"}, 403))

    def _site_ids(self) -> list[int]:
        return [SITE_ID + number for number in range(self._world.switches.sites)]


def _led(power_kw: float) -> int:
    if not power_kw:
        return _IDLE
    return _CHARGING if power_kw > 0 else _DISCHARGING


def _numberless(document: Document, form: str) -> Document:
    if form == "numbers":
        return document
    instead = "N/A" if form == "na" else None
    return {name: instead if name != "id" and _is_number(value) else value for name, value in document.items()}


def _is_number(value: object) -> bool:
    percent = isinstance(value, str) and value.endswith("%")
    return percent or (isinstance(value, (int, float)) and not isinstance(value, bool))
