"""The snapshot as Home Assistant entities: names, icons, classes, units, states and attributes of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial

import pytz

from ..control.problem import Problem
from ..engine.snapshot import ControlReport, Snapshot
from ..enlighten.condition import Condition
from ..enlighten.identity import Identity
from ..words.reasons import When, hint, local, sentence
from ..words.reasons import problem as problem_text
from .words import control_words, reasons_in_words, sign_in_words, status_words, verdict_words, window_words

UNKNOWN, UNAVAILABLE = "unknown", "unavailable"

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
    snapshot: Snapshot, *, prefix: str, token_sensor: str, publish_token: bool, poll: timedelta
) -> Mapping[str, Callable[[], Entity]]:
    """Return by its id what makes each entity of the app: one that cannot be made must not keep the others away.

    Args:
        snapshot: What is to be shown.
        prefix: The configured `entity_prefix`.
        token_sensor: Entity id of the token sensor.
        publish_token: Whether that one has the token itself.
        poll: How often all of them are published.
    """
    zone = snapshot.zone or pytz.utc
    when = local(zone, snapshot.taken_at)
    signed_in = partial(_token, snapshot.condition, snapshot.identity, publish_token=publish_token)
    controls = {f"binary_sensor.{prefix}_{report.control.value}": report for report in snapshot.controls}
    ends = {f"sensor.{prefix}_{report.control.value}_end": report for report in snapshot.controls}
    return {
        **{name: partial(_control, name, one, snapshot.readable, zone, when) for name, one in controls.items()},
        **{name: partial(_end, name, one, zone) for name, one in ends.items()},
        (status := f"sensor.{prefix}_status"): partial(_status, status, snapshot, zone, when),
        (soc := storage_entity_id(prefix)): partial(_soc, soc, snapshot, zone),
        (next_window := f"sensor.{prefix}_next_window"): partial(_next_window, next_window, snapshot, zone),
        _problem_id(prefix): partial(problem_entity, snapshot.problems, prefix, zone, when, poll),
        token_sensor: partial(signed_in, token_sensor, zone),
    }


def _problem_id(prefix: str) -> str:
    return f"binary_sensor.{prefix}_problem"


def problem_entity(
    problems: Iterable[Problem], prefix: str, zone: tzinfo, when: When, poll: timedelta | None = None
) -> Entity:
    """Return the problem sensor; also used alone, without ``poll``, when the configuration keeps the app from its work.

    Its attribute `poll` (seconds) tells others, such as the template in `home_assistant/package.yaml`, how old its last
    report may be while the app is alive.
    """
    problems = tuple(problems)
    hints = (hint(problem.reason, when) for problem in problems)
    return _entity(
        _problem_id(prefix),
        "on" if problems else "off",
        friendly_name="Enphase battery problem",
        icon="mdi:alert-circle" if problems else "mdi:check-circle",
        device_class="problem",
        problem="; ".join(problem_text(problem, when) for problem in problems),
        reason_kind=", ".join(dict.fromkeys(problem.reason.kind.value for problem in problems)),
        since=_moment(min((problem.since for problem in problems), default=None), zone),
        hint="; ".join(dict.fromkeys(filter(None, hints))),
        poll=f"{poll.total_seconds():g}" if poll else "",
    )


def _control(entity_id: str, report: ControlReport, readable: bool | None, zone: tzinfo, when: When) -> Entity:
    state = UNKNOWN if report.shown is None else _on_off(report.shown)
    return _entity(
        entity_id,
        UNAVAILABLE if readable is False else state,
        friendly_name=report.control.entity_name,
        icon=report.control.icon,
        summary=control_words(report, readable, zone, when),
        verdict=verdict_words(report, readable),
        wanted="" if report.wanted is None else _on_off(report.wanted),
        outcome=report.outcome.value if report.outcome else "",
        enforced=report.enforced.value,
        fail_safe="yes" if report.fail_safe else "no",
        source=report.source.value if report.source else "",
        window=report.window,
        reason=reasons_in_words(report.reasons, when),
        reason_kind=report.reasons[0].kind.value if report.reasons else "",
        until=_moment(report.until, zone),
        target_soc="" if report.target_soc is None else str(report.target_soc),
        confirmed_at=_moment(report.confirmed_at, zone),
        last_error=sentence(report.last_error, when) if report.last_error else "",
        last_error_at=_moment(report.last_error_at, zone),
    )


def _end(entity_id: str, report: ControlReport, zone: tzinfo) -> Entity:
    """Return when what runs for a time ends: as a state, because a dashboard's conditions look at nothing else."""
    return _entity(
        entity_id,
        (_moment(report.until, zone) if not report.held_back else "") or UNKNOWN,
        friendly_name=f"{report.control.entity_name} end",
        icon="mdi:timer-sand",
        device_class="timestamp",
    )


def _status(entity_id: str, snapshot: Snapshot, zone: tzinfo, when: When) -> Entity:
    """Return what the battery is told to do now, as text; whole in an attribute where it is too long for a state."""
    words = status_words(snapshot, zone, when)
    return _entity(
        entity_id,
        words if len(words) <= _LONGEST_STATE else f"{words[: _LONGEST_STATE - 3]}...",
        friendly_name="Enphase battery status",
        icon="mdi:home-battery",
        summary=words,
    )


def _soc(entity_id: str, snapshot: Snapshot, zone: tzinfo) -> Entity:
    storage = snapshot.storage
    soc = storage.soc if storage else None
    state = UNKNOWN if soc is None else f"{soc:g}"
    return _entity(
        entity_id,
        UNAVAILABLE if snapshot.readable is False else state,
        friendly_name="Enphase battery state of charge",
        device_class="battery",
        state_class="measurement",
        unit_of_measurement="%",
        energy_available_kwh=_number(storage.energy_kwh if storage else None),
        capacity_kwh=_number(storage.capacity_kwh if storage else None),
        last_report=_moment(storage.last_report if storage else None, zone),
    )


def _next_window(entity_id: str, snapshot: Snapshot, zone: tzinfo) -> Entity:
    occurrence = snapshot.next_window
    shared = {"friendly_name": "Enphase battery next window", "icon": "mdi:calendar-clock", "device_class": "timestamp"}
    if occurrence is None:
        return _entity(entity_id, UNKNOWN, **shared)
    window = occurrence.window
    return _entity(
        entity_id,
        _moment(occurrence.start, zone),
        **shared,
        summary=window_words(occurrence, zone, snapshot.taken_at),
        name=window.name,
        control=window.control.value,
        start=_moment(occurrence.start, zone),
        end=_moment(occurrence.end, zone),
        target_soc="" if window.target_soc is None else str(window.target_soc),
    )


def _token(
    condition: Condition, identity: Identity | None, token_sensor: str, zone: tzinfo, *, publish_token: bool
) -> Entity:
    return _entity(
        token_sensor,
        condition.status.value,
        friendly_name="Enphase sign-in",
        icon="mdi:account-key",
        summary=sign_in_words(condition.status),
        refreshed_at=_moment(condition.refreshed_at, zone),
        expires_at=_moment(condition.expires_at, zone),
        session_ends_at=_moment(condition.session_ends_at, zone),
        site_id=identity.site_id if identity else "",
        user_id=identity.user_id if identity else "",
        token=(condition.token or "") if publish_token else "",
    )


def _entity(entity_id: str, state: str, **attributes: str) -> Entity:
    return Entity(entity_id, state, {key: value for key, value in attributes.items() if value})


def _on_off(value: bool) -> str:
    return "on" if value else "off"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _moment(instant: datetime | None, zone: tzinfo) -> str:
    return "" if instant is None else instant.astimezone(zone).isoformat(timespec="seconds")
