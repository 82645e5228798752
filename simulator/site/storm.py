"""Severe weather: the alert that comes and goes by itself, and what the owner wants done about it (section 6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..switches import Switches

ALERT_NAME = "Severe Weather"
_OPTED_OUT = "opted-out"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that is on, since a moment of the cloud's clock.

    `forced`: by the switch `storm`, for which it does not matter whether the owner had the guard enabled before.
    """

    id: str
    since: datetime
    critical: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class StormGuard:
    """What the owner wants; `ev_charger` is stored and read, no more.

    `opted_out` are the alerts that are let pass; `disabled_in` is the one that was on when the guard was disabled.
    """

    enabled: bool = False
    ev_charger: bool = False
    opted_out: frozenset[str] = frozenset()
    disabled_in: str = ""

    def acts(self, alert: Alert | None) -> bool:
        """Tell whether the site is in full backup for an alert."""
        if alert is None or alert.id in self.opted_out:
            return False
        return self.enabled or (alert.forced and alert.id != self.disabled_in)

    def word(self, alert: Alert | None) -> str:
        """Return `stormGuardState` as reads say it."""
        if self.acts(alert):
            return "active"
        return "enabled" if self.enabled else "disabled"


OFF = StormGuard()


@dataclass(frozen=True, slots=True)
class Toggle:
    """The owner switches the guard; `ev_charger` None: the body does not say."""

    enabled: bool
    ev_charger: bool | None = None

    def applied_to(self, guard: StormGuard, alert: Alert | None) -> StormGuard:
        """Return the guard afterwards; an opt-out stays."""
        ev_charger = guard.ev_charger if self.ev_charger is None else self.ev_charger
        disabled_in = "" if self.enabled or alert is None else alert.id
        return replace(guard, enabled=self.enabled, ev_charger=ev_charger, disabled_in=disabled_in)


@dataclass(frozen=True, slots=True)
class OptOut:
    """The owner lets some alerts pass."""

    ids: frozenset[str]

    def applied_to(self, guard: StormGuard, alert: Alert | None) -> StormGuard:
        """Return the guard afterwards; raise ValueError for an alert that is not on."""
        if alert is None or self.ids != {alert.id}:
            raise ValueError("there is no such storm alert")
        return replace(guard, opted_out=guard.opted_out | self.ids)


def alert_of(switches: Switches, last: Alert | None, now: datetime, number: int) -> Alert | None:
    """Return the alert that the switches want, which is the last one if that is on already; a new one has a number."""
    if not switches.storm and switches.storm_alert == "off":
        return None
    alert = last or Alert(f"severe-weather-{number}", now)
    return replace(alert, critical=switches.storm_alert == "critical", forced=switches.storm)


def parse_toggle(body: Mapping[str, object]) -> Toggle:
    """Read the body of a toggle; raise ValueError."""
    state, ev_charger = body.get("stormGuardState"), body.get("evseStormEnabled")
    if state not in ("enabled", "disabled"):
        raise ValueError("stormGuardState is not enabled or disabled")
    if ev_charger is not None and not isinstance(ev_charger, bool):
        raise ValueError("evseStormEnabled is not a boolean")
    return Toggle(state == "enabled", ev_charger)


def parse_opt_out(body: Mapping[str, object]) -> OptOut:
    """Read the body of an opt-out: at least one alert, by its id; raise ValueError."""
    alerts = body.get("stormAlerts")
    if not isinstance(alerts, list) or not alerts:
        raise ValueError("stormAlerts is not a list of alerts")
    return OptOut(frozenset(_opted_out(alert if isinstance(alert, dict) else {}) for alert in alerts))


def _opted_out(alert: Mapping[str, object]) -> str:
    if alert.get("status") != _OPTED_OUT:
        raise ValueError("status is not opted-out")
    return str(alert.get("id"))


def alert_status(guard: StormGuard, alert: Alert) -> str:
    """Return the status of an alert as the list says it, whether the guard is enabled or not."""
    return _OPTED_OUT if alert.id in guard.opted_out else "active"
