"""The simulated cloud of the storm, in the test's own process: it keeps every secret that it saw, and a history."""

import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from simulator import EMAIL, PASSWORD, Simulator, Switches
from simulator.wire import Request, Response
from tests.stack.chaos.catalogue import REPORT_SECONDS, SITES
from tests.stack.minutes import now
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, FAMILIES, RESTRICT

_KEPT = timedelta(minutes=5)
_LEAST_SECRET = 16
_SECRET_HEADERS = ("e-auth-token", "x-xsrf-token", "x-csrf-token")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the cloud really stored at one moment: per control the switch, and whether an entry makes it effective.

    `acts` is whether the gateway acts on it.
    """

    at: datetime
    switch: Mapping[str, bool]
    active: Mapping[str, bool]
    upcoming: Mapping[str, bool]
    acts: Mapping[str, bool]

    def agrees(self, control: str, on: bool) -> bool:
        """Tell whether `confirmed` may be said of this.

        On needs an active entry too. Off allows for a switch that is on for an entry of the app's that is yet to come.
        """
        if on:
            return self.switch[control] and self.active[control]
        return not self.switch[control] or self.upcoming[control]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the client."""

    at: datetime
    method: str
    path: str
    status: int


class Cloud(Simulator):
    """A simulator that remembers what was secret and what it stored when."""

    def __init__(self, site: str, seed: int) -> None:
        era, switches = SITES[site]
        common = {"activation_delay": 1.0, "login_limit": 0, "report_interval": REPORT_SECONDS}
        super().__init__(Switches().changed({"auth_era": era, **common, **switches}), seed=seed)
        self.delay = timedelta(seconds=REPORT_SECONDS if switches else 0)
        self.url = ""
        self.secrets: set[str] = {EMAIL, PASSWORD, base64.b64encode(EMAIL.encode()).decode()}
        self.asked: list[Asked] = []
        self.phoned: dict[str, datetime] = {}
        """When the owner last changed a control in the Enphase app."""
        self.foreign: dict[str, str] = {}
        """The owner's entries by id, as JSON."""
        self._shown: deque[Shown] = deque()
        self._first: set[str] = set()
        self._second_of = 0

    @property
    def by_entries(self) -> bool:
        """Whether entries exist."""
        return self.world.era.schedules

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Cloud"]:
        """Serve while the block runs."""
        async with self.serve() as self.url:
            yield self

    def handle(self, request: Request) -> Response:
        """Answer as the simulator does; note what was secret in it, and what is stored now."""
        response = super().handle(request)
        self._note_secrets(request, response)
        self.asked.append(Asked(_now(), request.method, request.path, response.status))
        self.look()
        return response

    def phone_unschedules(self) -> bool:
        """Switch the schedule of charge from grid off in the Enphase app; False where it is off, or the switch is."""
        document = self._document()
        if not (document["chargeFromGrid"] and document["chargeFromGridScheduleEnabled"]):
            return False
        self.act_as_app({"chargeFromGridScheduleEnabled": False})
        self.phoned[CHARGE] = _now()
        self.look()
        return True

    def phone_removes(self, control: str) -> bool:
        """Delete an entry for the whole day that the app made; False where there is none that the gateway has."""
        whole_day = [
            entry["scheduleId"]
            for entry in self.own_entries()
            if _is_of(entry, control) and (entry["startTime"], entry["scheduleStatus"]) == ("00:00", "active")
        ]
        if not whole_day:
            return False
        self.act_as_app(delete=whole_day[0])
        self.phoned[control] = _now()
        self.look()
        return True

    def phone_entries(self, control: str, weekday: int) -> None:
        """Delete the owner's second entry, or edit it if it is of another weekday; make it where there is none."""
        second = [number for number in self.foreign if number not in self._first]
        if not second:
            self.add_foreign(control, weekday)
        elif self._second_of == weekday:
            self.act_as_app(delete=second[0])
            del self.foreign[second[0]]
        else:
            self.act_as_app(update=(second[0], _entry(control, weekday)))
        self._second_of = weekday
        self.keep_foreign()
        self.look()

    def phone(self, control: str, on: bool) -> None:
        """Switch a control in the Enphase app."""
        member = {DISCHARGE: "dtgControl", RESTRICT: "rbdControl"}.get(control)
        self.act_as_app({member: {"enabled": on}} if member else {"chargeFromGrid": on, **self._schedule(on)})
        self.phoned[control] = _now()
        self.look()

    def add_foreign(self, control: str, weekday: int = 1) -> None:
        """Make an entry of the owner's, in the minute that an entry for the whole day leaves free."""
        number = str(self.act_as_app(create=_entry(control, weekday)))
        self._first = self._first or {number}
        self.foreign[number] = ""

    def keep_foreign(self) -> None:
        """Remember the owner's entries as they are now."""
        self.foreign = {number: text for number, text in self._texts().items() if number in self.foreign}

    def foreign_now(self) -> dict[str, str]:
        """Return the owner's entries as they are stored now, by id."""
        return {number: text for number, text in self._texts().items() if number in self.foreign}

    def own_entries(self) -> list[dict[str, Any]]:
        """Return the stored entries that are not the owner's."""
        return [entry for entry in self._entries() if entry["scheduleId"] not in self.foreign]

    def clear_out(self) -> None:
        """Switch all off in the Enphase app and delete every entry but the owner's."""
        for entry in self.own_entries():
            self.act_as_app(delete=entry["scheduleId"])
        for control in CONTROLS:
            self.phone(control, False)

    def switches_on(self) -> dict[str, bool]:
        """Return each control's switch as the cloud stores it."""
        return dict(self.look().switch)

    def look(self) -> Shown:
        """Note what is stored now, and return it."""
        model: Any = self.model()
        document, gateway = model["cloud"], model["gateway"]
        switch = {
            CHARGE: bool(document["chargeFromGrid"]),
            DISCHARGE: bool((document["dtgControl"] or {}).get("enabled")),
            RESTRICT: bool((document["rbdControl"] or {}).get("enabled")),
        }
        stored = [entry for entry in document["schedules"] if not entry["isDeleted"]]
        active = {entry["scheduleType"] for entry in stored if entry["scheduleStatus"] == "active"}
        own = [entry for entry in stored if entry["scheduleId"] not in self.foreign]
        local = now()
        shown = Shown(
            at=_now(),
            switch=switch,
            active={one: not self.by_entries or FAMILIES[one].upper() in active for one in CONTROLS},
            upcoming={one: _is_upcoming([entry for entry in own if _is_of(entry, one)], local) for one in CONTROLS},
            acts={one: bool(gateway[one]) for one in CONTROLS},
        )
        self._shown.append(shown)
        while self._shown[0].at < shown.at - _KEPT:
            self._shown.popleft()
        return shown

    def last_agreed(self, control: str, on: bool, at: datetime) -> datetime | None:
        """Return the last moment until `at` at which `confirmed` would have been true; None when there was none."""
        return self._last(at, lambda shown: shown.agrees(control, on))

    def last_acted(self, control: str, acts: bool, at: datetime) -> datetime | None:
        """Return the last moment until `at` at which the gateway acted on a control, or did not, if any."""
        return self._last(at, lambda shown: shown.acts[control] is acts)

    def _last(self, at: datetime, is_so: Callable[[Shown], bool]) -> datetime | None:
        ends, found = at, None
        for shown in reversed(self._shown):  # what was stored stays so until the next look
            if shown.at <= at and is_so(shown):
                found = min(ends, at)
                break
            ends = shown.at
        return found

    def agreed_since(self, control: str, on: bool, since: datetime) -> bool:
        """Tell whether `confirmed` would have been true at any moment since then."""
        last = self.last_agreed(control, on, _now())
        return last is not None and last >= since

    def _entries(self) -> list[dict[str, Any]]:
        return [entry for entry in self._document()["schedules"] if not entry["isDeleted"]]

    def _texts(self) -> dict[str, str]:
        """Return each entry as it is stored, without its status, which is the gateway's."""
        return {entry.pop("scheduleId"): json.dumps({**entry, "scheduleStatus": ""}) for entry in self._entries()}

    def _document(self) -> dict[str, Any]:
        document: Any = self.model()["cloud"]
        return dict(document)

    def _schedule(self, on: bool) -> dict[str, bool]:
        return {"chargeFromGridScheduleEnabled": on} if self.by_entries else {}

    def _note_secrets(self, request: Request, response: Response) -> None:
        for pair in request.header("cookie").split(";"):
            self._note(pair.partition("=")[2])
        for name in _SECRET_HEADERS:
            self._note(request.header(name))
        self._note(request.header("authorization").removeprefix("Bearer "))
        for name, value in response.headers:
            if name == "Set-Cookie":
                self._note(value.partition(";")[0].partition("=")[2])
            elif name in _SECRET_HEADERS:
                self._note(value)
        if "token" in request.path or "login" in request.path:
            self._note_document(response.body)

    def _note_document(self, body: bytes) -> None:
        try:
            document = json.loads(body)
        except ValueError:
            return
        if isinstance(document, dict):
            for name in ("token", "session_id", "manager_token"):
                self._note(str(document.get(name, "")))

    def _note(self, value: str) -> None:
        for form in (value.strip(), unquote(value.strip()).strip('"')):
            if len(form) >= _LEAST_SECRET:
                self.secrets.add(form)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _entry(control: str, weekday: int) -> dict[str, Any]:
    times = {"startTime": "23:59", "endTime": "00:00", "limit": 50, "days": [weekday]}
    return {"scheduleType": FAMILIES[control].upper(), **times}


def _is_of(entry: Mapping[str, Any], control: str) -> bool:
    return bool(entry["scheduleType"] == FAMILIES[control].upper())


def _is_upcoming(entries: list[dict[str, Any]], local: datetime) -> bool:
    """Tell whether there are entries, and none of them covers this minute."""
    return bool(entries) and not any(
        local.isoweekday() in entry["days"] and entry["startTime"] <= f"{local:%H:%M}" < entry["endTime"]
        for entry in entries
    )
