"""The snapshot as Home Assistant entities: names, icons, classes, units, states and attributes of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ..control.controls import Control
from ..engine.snapshot import ControlReport, Problem, SignIn, Snapshot
from .words import control_words, sign_in_words, status_words, verdict_words, window_words

UNKNOWN, UNAVAILABLE = "unknown", "unavailable"

_NAMES = {
    Control.CHARGE_FROM_GRID: "Enphase battery charge from grid",
    Control.DISCHARGE_TO_GRID: "Enphase battery discharge to grid",
    Control.RESTRICT_DISCHARGE: "Enphase battery restrict discharge",
}
_ICONS = {
    Control.CHARGE_FROM_GRID: "mdi:battery-charging",
    Control.DISCHARGE_TO_GRID: "mdi:transmission-tower-export",
    Control.RESTRICT_DISCHARGE: "mdi:battery-lock",
}

_LONGEST_STATE = 255
"""Characters that Home Assistant takes as a state."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One state as it is given to Home Assistant.

    Attributes:
        entity_id: The id.
        state: The state, always text: AppDaemon cannot send 0.
        attributes: The attributes, always text; empty ones are left out.
    """

    entity_id: str
    state: str
    attributes: Mapping[str, str]


def storage_entity_id(prefix: str) -> str:
    """Return the entity id of the state of charge, which nothing but an app at work publishes."""
    return f"sensor.{prefix}_soc"


def entities(
    snapshot: Snapshot, *, prefix: str, token_sensor: str, zone: tzinfo, poll: timedelta
) -> tuple[Entity, ...]:
    """Return every entity of the app.

    Args:
        snapshot: What is to be shown.
        prefix: The configured `entity_prefix`.
        token_sensor: Entity id of the token sensor.
        zone: The site's time zone, in which instants are shown.
        poll: How often all of them are published.
    """
    return (
        *(_control(report, prefix, snapshot.readable, zone) for report in snapshot.controls),
        *(_end(report, prefix, zone) for report in snapshot.controls),
        _status(snapshot, prefix, zone),
        _soc(snapshot, prefix, zone),
        _next_window(snapshot, prefix, zone),
        problem_entity(snapshot.problems, prefix, zone, poll),
        _token(snapshot.sign_in, token_sensor, zone),
    )


def problem_entity(problems: Iterable[Problem], prefix: str, zone: tzinfo, poll: timedelta | None = None) -> Entity:
    """Return the problem sensor; also used alone, without ``poll``, when the configuration keeps the app from its work.

    Its attribute `poll` (seconds) tells others, such as the template in `home_assistant/package.yaml`, how old its last
    report may be while the app is alive.
    """
    problems = tuple(problems)
    return _entity(
        f"binary_sensor.{prefix}_problem",
        "on" if problems else "off",
        friendly_name="Enphase battery problem",
        icon="mdi:alert-circle" if problems else "mdi:check-circle",
        device_class="problem",
        problem="; ".join(problem.text for problem in problems),
        since=_moment(min((problem.since for problem in problems), default=None), zone),
        hint="; ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)),
        poll=f"{poll.total_seconds():g}" if poll else "",
    )


def _control(report: ControlReport, prefix: str, readable: bool | None, zone: tzinfo) -> Entity:
    state = UNKNOWN if report.shown is None else _on_off(report.shown)
    return _entity(
        f"binary_sensor.{prefix}_{report.control.value}",
        UNAVAILABLE if readable is False else state,
        friendly_name=_NAMES[report.control],
        icon=_ICONS[report.control],
        summary=control_words(report, readable, zone),
        verdict=verdict_words(report, readable),
        wanted="" if report.wanted is None else _on_off(report.wanted),
        outcome=report.outcome.value if report.outcome else "",
        enforced=report.enforced.value,
        fail_safe="yes" if report.fail_safe else "no",
        source=report.source.value if report.source else "",
        window=report.window,
        reason=report.reason,
        until=_moment(report.until, zone),
        target_soc="" if report.target_soc is None else str(report.target_soc),
        confirmed_at=_moment(report.confirmed_at, zone),
        last_error=report.last_error,
        last_error_at=_moment(report.last_error_at, zone),
    )


def _end(report: ControlReport, prefix: str, zone: tzinfo) -> Entity:
    """Return when what runs for a time ends: as a state, because a dashboard's conditions look at nothing else."""
    return _entity(
        f"sensor.{prefix}_{report.control.value}_end",
        (_moment(report.until, zone) if not report.held_back else "") or UNKNOWN,
        friendly_name=f"{_NAMES[report.control]} end",
        icon="mdi:timer-sand",
        device_class="timestamp",
    )


def _status(snapshot: Snapshot, prefix: str, zone: tzinfo) -> Entity:
    """Return what the battery is told to do now, as text; whole in an attribute where it is too long for a state."""
    words = status_words(snapshot, zone)
    return _entity(
        f"sensor.{prefix}_status",
        words if len(words) <= _LONGEST_STATE else f"{words[: _LONGEST_STATE - 3]}...",
        friendly_name="Enphase battery status",
        icon="mdi:home-battery",
        summary=words,
    )


def _soc(snapshot: Snapshot, prefix: str, zone: tzinfo) -> Entity:
    storage = snapshot.storage
    soc = storage.soc if storage else None
    state = UNKNOWN if soc is None else f"{soc:g}"
    return _entity(
        storage_entity_id(prefix),
        UNAVAILABLE if snapshot.readable is False else state,
        friendly_name="Enphase battery state of charge",
        device_class="battery",
        state_class="measurement",
        unit_of_measurement="%",
        energy_available_kwh=_number(storage.energy_kwh if storage else None),
        capacity_kwh=_number(storage.capacity_kwh if storage else None),
        last_report=_moment(storage.last_report if storage else None, zone),
    )


def _next_window(snapshot: Snapshot, prefix: str, zone: tzinfo) -> Entity:
    occurrence = snapshot.next_window
    shared = {"friendly_name": "Enphase battery next window", "icon": "mdi:calendar-clock", "device_class": "timestamp"}
    if occurrence is None:
        return _entity(f"sensor.{prefix}_next_window", UNKNOWN, **shared)
    window = occurrence.window
    return _entity(
        f"sensor.{prefix}_next_window",
        _moment(occurrence.start, zone),
        **shared,
        summary=window_words(occurrence, zone, snapshot.taken_at),
        name=window.name,
        control=window.control.value,
        start=_moment(occurrence.start, zone),
        end=_moment(occurrence.end, zone),
        target_soc="" if window.target_soc is None else str(window.target_soc),
    )


def _token(sign_in: SignIn, token_sensor: str, zone: tzinfo) -> Entity:
    return _entity(
        token_sensor,
        sign_in.status,
        friendly_name="Enphase sign-in",
        icon="mdi:account-key",
        summary=sign_in_words(sign_in),
        refreshed_at=_moment(sign_in.refreshed_at, zone),
        expires_at=_moment(sign_in.expires_at, zone),
        session_ends_at=_moment(sign_in.session_ends_at, zone),
        site_id=sign_in.site_id or "",
        user_id=sign_in.user_id or "",
        token=sign_in.token or "",
    )


def _entity(entity_id: str, state: str, **attributes: str) -> Entity:
    return Entity(entity_id, state, {key: value for key, value in attributes.items() if value})


def _on_off(value: bool) -> str:
    return "on" if value else "off"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _moment(instant: datetime | None, zone: tzinfo) -> str:
    return "" if instant is None else instant.astimezone(zone).isoformat(timespec="seconds")
