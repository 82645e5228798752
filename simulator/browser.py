"""A browser without a network: sends what a good client sends straight into the model, and keeps cookies."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from .account import EMAIL, PASSWORD, SITE_ID, USER_ID
from .credentials.xsrf import XSRF_COOKIE
from .simulator import Simulator
from .wire import Request, Response

API = "/service/batteryConfig/api/v1"
SETTINGS = f"{API}/batterySettings/{SITE_ID}"
SCHEDULES = f"{API}/battery/sites/{SITE_ID}/schedules"
IS_VALID = f"{SCHEDULES}/isValid"
_UI = "https://battery-profile-ui.enphaseenergy.com"


class Browser:
    """One visitor; `cookies` and `token` are what it holds, `headers` what it adds to every battery call."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.headers = {"username": str(USER_ID), "origin": _UI, "referer": f"{_UI}/"}

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Response:
        """Send one request and take the cookies of its answer; a header given as "" is left out."""
        sent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "cookie": self._cookie_header()}
        body = b""
        if form is not None:
            sent["content-type"], body = "application/x-www-form-urlencoded; charset=UTF-8", urlencode(form).encode()
        if json is not None:
            sent["content-type"], body = "application/json", jsonlib.dumps(json).encode()
        sent = {name: value for name, value in {**sent, **(headers or {})}.items() if value}
        response = self._simulator.handle(Request(method, path, query or {}, sent, body))
        self.cookies.update(cookies_of(response))
        return response

    def battery(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Response:
        """Send a battery call with the headers that it wants; POST and PUT carry the newest XSRF token."""
        added = dict(self.headers)
        if self.token:
            added["e-auth-token"] = self.token
        if method != "GET":
            added["x-xsrf-token"] = unquote(self.cookies.get(XSRF_COOKIE, "").strip('"'))
        return self.send(method, path, query=query, headers={**added, **(headers or {})}, json=json)

    def login(self, password: str = PASSWORD) -> Response:
        """Log in by login.json."""
        return self.send("POST", "/login/login.json", form={"user[email]": EMAIL, "user[password]": password})

    def sign_in(self) -> Browser:
        """Log in, mint a token, and read once for an XSRF token; return itself."""
        self.login()
        self.token = document(self.send("GET", "/app-api/jwt_token.json")).get("token", "")
        self.battery("GET", SETTINGS)
        return self

    def settings(self) -> dict[str, Any]:
        """Return `data` of the battery settings, as read."""
        return dict(document(self.battery("GET", SETTINGS))["data"])

    def put(self, body: object, **query: str) -> Response:
        """Write battery settings."""
        return self.battery("PUT", SETTINGS, query=query, json=body)

    def schedules(self) -> dict[str, Any]:
        """Return the schedule list, as read."""
        return document(self.battery("GET", SCHEDULES))

    def create(self, family: str, start: str, end: str, **more: object) -> str:
        """Create a schedule entry and return its id, found in the list."""
        response = self.battery("POST", SCHEDULES, json=entry(family, start, end, **more))
        if response.status != 200:  # noqa: PLR2004 - HTTP
            raise AssertionError(f"{response.status} {response.body!r}")
        return str(self.schedules()[family.lower()]["details"][-1]["scheduleId"])

    def validate(self, family: str) -> Response:
        """Validate a family."""
        opted = {"forceScheduleOpted": True} if family == "cfg" else {}
        return self.battery("POST", IS_VALID, json={"scheduleType": family, **opted})

    def _cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def entry(family: str, start: str, end: str, **more: object) -> dict[str, object]:
    """Return the body of a schedule entry: every day, limit 90, London, unless told otherwise; None leaves out."""
    body: dict[str, object] = {"timezone": "Europe/London", "startTime": start, "endTime": end, "limit": 90}
    body |= {"scheduleType": family, "days": [1, 2, 3, 4, 5, 6, 7], "isEnabled": True, **more}
    return {name: value for name, value in body.items() if value is not None}


def document(response: Response) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    return dict(jsonlib.loads(response.body))


def cookies_of(response: Response) -> dict[str, str]:
    """Return the cookies that an answer sets, raw."""
    pairs = (value.partition(";")[0].partition("=") for name, value in response.headers if name == "Set-Cookie")
    return {name: value for name, _, value in pairs}
