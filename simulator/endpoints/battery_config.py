"""The batteryConfig service (section 6): reads, settings, schedules, validation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ..answers.documents import (
    Make,
    battery_details,
    envelope,
    profile_details,
    schedule_entry,
    schedule_list,
    site_settings,
    written,
)
from ..answers.refusals import spring_error
from ..site.entries import ConflictError, NoEntryError
from ..site.families import Family
from ..site.offer import unchangeable
from ..site.profiles import parse_profile
from ..site.settings import MalformedError, SettingsChange, parse_change
from ..site.windows import parse_window
from ..wire import RefusedError, Request, Response, as_json, as_text
from ..world import World
from .access import admit, check_xsrf
from .bodies import json_body, json_object

_SUCCESS = {"message": "success"}
_VALID_FOR = timedelta(minutes=5)
_NEEDS_OPTED = "Force schedule opted is null or empty for schedule type."
_Handler = Callable[[str, Request], Response]


class BatteryConfig:
    """Every public method answers one admitted request; `call` wraps it in the rules that all share."""

    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, handler: _Handler) -> Callable[[Request], Response]:
        """Return the handler behind admission, XSRF and token rotation (statements 17 to 30)."""

        def guarded(request: Request) -> Response:
            world = self._world
            is_validation = request.path.endswith("/isValid")
            kind = "reads" if request.method == "GET" else "validations" if is_validation else "writes"
            world.journal.count(kind)
            caller = admit(world, request)
            check_xsrf(world, caller, request)
            if kind == "writes" and world.switches.user_role == "none":
                raise RefusedError(spring_error(world, request, 403))
            try:
                response = handler(caller, request)
            except RefusedError as refusal:
                response = refusal.response
            except (MalformedError, ConflictError, NoEntryError, ValueError) as error:
                response = self._refusal(request, error)
            if kind == "writes":
                return response
            return world.xsrf.issue(caller, response, with_header=kind == "reads")

        return guarded

    # Reads

    def site_settings(self, _caller: str, _request: Request) -> Response:
        """GET siteSettings/<site>."""
        return self._wrapped("site-settings", self._read("site", site_settings))

    def profile(self, _caller: str, _request: Request) -> Response:
        """GET profile/<site>."""
        return self._wrapped("profile-details", self._read("profile", profile_details))

    def settings(self, _caller: str, _request: Request) -> Response:
        """GET batterySettings/<site>, with whatever `source` (statement 31)."""
        return self._wrapped("battery-details", self._read("settings", battery_details))

    def schedules(self, _caller: str, request: Request) -> Response:
        """GET battery/sites/<site>/schedules."""
        self._need_schedules(request)
        return Response(body=self._read("schedules", schedule_list).encode())

    def _read(self, document: str, make: Make) -> str:
        return written(make, self._world.site.visible_state(document), self._world.switches)

    def _wrapped(self, kind: str, data: str) -> Response:
        return Response(body=envelope(kind, self._world.cloud_time(), data).encode())

    # Settings

    def change_settings(self, caller: str, request: Request) -> Response:
        """PUT batterySettings/<site>: answers success, whether it did anything or not (statements 50, 51)."""
        switches = self._world.switches
        change = parse_change(json_body(request), dtg_times_required=switches.dtg_times_required)
        change = change.without(unchangeable(switches))
        if not self._is_ignored(caller, change, request.query.get("source", "")):
            self._world.site.change_settings(change)
        return as_json(_SUCCESS)

    def change_profile(self, _caller: str, request: Request) -> Response:
        """PUT or POST profile/<site>: pending until the gateway takes it (statements 52, 59 and 61)."""
        change = parse_profile(json_object(request))
        if change.has_devices:
            return spring_error(self._world, request, int(self._world.switches.profile_devices))
        self._world.site.request_profile(change)
        return as_json(_SUCCESS)

    def cancel_profile(self, _caller: str, request: Request) -> Response:
        """PUT cancel/profile/<site> (statement 60)."""
        json_object(request)
        if self._world.site.cancel_profile():
            return as_json(_SUCCESS)
        return as_json({"error": {"status": "ALREADY_PROCESSED", "message": "Changes already processed."}}, 409)

    def accept_disclaimer(self, _caller: str, request: Request) -> Response:
        """POST batterySettings/acceptDisclaimer/<site> (section 6.4)."""
        if json_object(request).get("disclaimer-type") != "itc":
            raise ValueError("disclaimer-type is not itc")
        self._world.site.change_settings(SettingsChange(disclaimer=True))
        return as_json(_SUCCESS)

    def validate(self, caller: str, request: Request) -> Response:
        """POST schedules/isValid (section 6.9): it validates the family's state, not a window."""
        if self._world.switches.isvalid_403:
            return spring_error(self._world, request, 403)
        body = json_object(request)
        family = str(body.get("scheduleType", "")).lower()
        if family not in {each.key for each in Family}:
            raise ValueError("scheduleType is not cfg, dtg or rbd")
        if family == Family.CFG.key and not isinstance(body.get("forceScheduleOpted"), bool):
            return as_text(_NEEDS_OPTED, 400)
        self._world.validations[caller, family] = self._world.clock.now()
        return as_json({"isValid": True})

    # Schedules

    def create(self, _caller: str, request: Request) -> Response:
        """POST schedules (statements 41, 42, 63 to 71)."""
        self._need_schedules(request)
        body = json_object(request)
        window = parse_window(body)
        if self._world.switches.isenabled_required and "isEnabled" not in body:
            raise ConflictError(window.family)  # statement 69: a conflict with nothing
        entry = self._world.site.create(window)
        return as_json(schedule_entry(entry) if self._world.switches.create_echoes else _SUCCESS)

    def update(self, _caller: str, request: Request) -> Response:
        """PUT schedules/<id>: the whole entry again, or `isDeleted` (statements 45, 46, 58)."""
        self._need_schedules(request)
        site, body, entry_id = self._world.site, json_object(request), _entry_id(request)
        family = site.state().entry(entry_id).family
        if body.get("isDeleted") is True:
            return as_json(schedule_entry(site.soft_delete(entry_id)))
        window = parse_window(body)
        if window.family is not family:
            raise ValueError("scheduleType is not that of the entry")
        return as_json(schedule_entry(site.update(entry_id, window)))

    def delete(self, _caller: str, request: Request) -> Response:
        """POST schedules/<id>/delete, with `{}` or without a body (statement 57)."""
        self._need_schedules(request)
        self._world.site.delete(_entry_id(request))
        return as_json(_SUCCESS)

    def _need_schedules(self, request: Request) -> None:
        if not self._world.era.schedules:
            raise RefusedError(spring_error(self._world, request, 404))

    # Rules

    def _is_ignored(self, caller: str, change: SettingsChange, source: str) -> bool:
        world = self._world
        if world.switches.supports_mqtt and (source == "enho" or change.is_short_rbd_off or change.has_devices):
            return True  # statement 51
        now = world.clock.now()
        validated = [world.validations.get((caller, family.key)) for family in change.families]
        latest = now - timedelta(seconds=world.switches.settle_needed)
        if any(moment is not None and moment > latest for moment in validated):
            return True  # statement 50
        if not (world.era.needs_validation or world.switches.isvalid_required):
            return False
        return any(moment is None or moment < now - _VALID_FOR for moment in validated)  # statement 50

    def _refusal(self, request: Request, error: Exception) -> Response:
        if isinstance(error, ConflictError):
            family = Family.CFG if self._world.switches.misleading_409 else error.family  # statement 64
            message = "Schedule conflicts with an existing schedule."
            return as_json({"error": {"status": f"CONFLICTING_SCHEDULE_{family.value}", "message": message}}, 409)
        if isinstance(error, NoEntryError):
            return spring_error(self._world, request, 404)
        status = error.status if isinstance(error, MalformedError) else 400
        return spring_error(self._world, request, status, str(error))


def _entry_id(request: Request) -> str:
    return request.path.partition("/schedules/")[2].removesuffix("/delete")
