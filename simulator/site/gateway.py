"""The gateway in the house: it knows only what was delivered to it, and enforces only that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .battery import Enforced
from .entries import Entries
from .families import Family
from .settings import BatterySettings
from .storm import Alert, StormGuard
from .windows import Window

_FULL = 100
_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the gateway obeys beside its orders.

    `switch_only`: families without entries (statements 33 and 95, era 2025-07).
    `suspended`: families whose windows an event keeps from working (S15, statement 80), or the backup profile, which
    leaves charge from grid alone (section 15.2).
    `full_backup`: the battery keeps all it has, as a reserve of 100 % does.
    `timezone`: the site's, for the daily window of its settings.
    `alert`: severe weather, for which the storm guard may act.
    """

    switch_only: frozenset[Family] = frozenset()
    suspended: frozenset[Family] = frozenset()
    full_backup: bool = False
    timezone: str = "UTC"
    alert: Alert | None = None

    def met_by(self, guard: StormGuard) -> Conditions:
        """Return the conditions with what the guard makes of an alert: full backup, and no window works (S15)."""
        if not guard.acts(self.alert):
            return self
        return replace(self, suspended=frozenset(Family), full_backup=True)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of time with constant enforcement, from `since` to before `until`."""

    since: datetime
    until: datetime
    enforced: Enforced


@dataclass(frozen=True, slots=True)
class Orders:
    """One state of the site as the gateway is told it: the settings and the windows that were applied."""

    settings: BatterySettings
    windows: tuple[Window, ...] = ()

    @classmethod
    def of(cls, settings: BatterySettings, entries: Entries) -> Orders:
        """Return what the gateway is to do; an entry edited but not applied again counts as it was (statement 45)."""
        return cls(settings, tuple(entry.in_force for entry in entries if entry.in_force and not entry.deleted))

    def enforced(self, moment: datetime, conditions: Conditions) -> Enforced:
        """Return what is enforced at a moment."""
        conditions = conditions.met_by(self.settings.storm)
        settings, daily = self.settings, self._daily(conditions)
        covering = {window.family: window for window in self.windows if window.covers(moment)}
        in_daily = _FULL if daily is not None and daily.covers(moment) else None

        def limit(family: Family, without_window: int | None, *, is_on: bool) -> int | None:
            if not is_on or family in conditions.suspended:
                return None
            if family in conditions.switch_only:
                return without_window
            return covering[family].limit if family in covering else None

        return Enforced(
            charge_to=limit(Family.CFG, in_daily, is_on=settings.charge_from_grid and settings.charge_schedule),
            discharge_to=limit(Family.DTG, settings.reserve, is_on=settings.discharge_to_grid),
            hold=limit(Family.RBD, _FULL, is_on=settings.restrict_discharge) is not None,
            base_charge=settings.charge_from_grid and daily is None,  # where there is a daily window, it confines
            by_switch=Family.CFG in conditions.switch_only,
            reserve=_FULL if conditions.full_backup else settings.reserve,
        )

    def _daily(self, conditions: Conditions) -> Window | None:
        """Return the one window of a site without entries (statement 95), to 100 %, while it is in use."""
        settings = self.settings
        is_used = settings.charge_from_grid and settings.charge_schedule and Family.CFG in conditions.switch_only
        if not is_used or Family.CFG in conditions.suspended:
            return None
        begin, end = settings.charge_begin, settings.charge_end
        return Window(Family.CFG, begin, end, _EVERY_DAY, _FULL, conditions.timezone)

    def piece(self, since: datetime, conditions: Conditions) -> Piece:
        """Return what is enforced from a moment on, and until when it surely stays so: a day at most."""
        daily = self._daily(conditions.met_by(self.settings.storm))
        ends = (window.constant_until(since) for window in (*self.windows, *((daily,) if daily else ())))
        return Piece(since, min(ends, default=since + timedelta(days=1)), self.enforced(since, conditions))


@dataclass(frozen=True, slots=True)
class Delivery:
    """Orders on their way; `confirms` are the (entry id, revision) that become active when they arrive."""

    due: datetime
    orders: Orders
    confirms: frozenset[tuple[str, int]] = frozenset()


class Gateway:
    """Holds the last orders that arrived; offline, none arrive (statements 43, 79)."""

    def __init__(self, orders: Orders) -> None:
        self.online = True
        self._orders = orders
        self._conditions = Conditions()
        self._coming: list[Delivery] = []
        self._piece: Piece | None = None

    @property
    def settings(self) -> BatterySettings:
        """The settings that it was told last."""
        return self._orders.settings

    @property
    def in_storm(self) -> bool:
        """Whether it is in full backup for severe weather."""
        return self.settings.storm.acts(self._conditions.alert)

    def piece(self, moment: datetime) -> Piece:
        """Return the piece of constant enforcement that a moment lies in; it is worked out once."""
        if self._piece is None or not self._piece.since <= moment < self._piece.until:
            self._piece = self._orders.piece(moment, self._conditions)
        return self._piece

    def send(self, delivery: Delivery) -> None:
        """Put orders on their way; they never overtake earlier ones."""
        due = max([delivery.due, *(earlier.due for earlier in self._coming)])
        self._coming.append(replace(delivery, due=due))

    def next_arrival(self) -> datetime | None:
        """Return when the next orders arrive, as far as can be said now."""
        return min((delivery.due for delivery in self._coming), default=None) if self.online else None

    def arrive(self, now: datetime) -> list[Delivery]:
        """Take over the orders that are due, in order, and return them."""
        if not self.online:
            return []
        arrived = [delivery for delivery in self._coming if delivery.due <= now]
        self._coming = [delivery for delivery in self._coming if delivery.due > now]
        if arrived:
            self._orders, self._piece = arrived[-1].orders, None
        return arrived

    def obey(self, conditions: Conditions) -> None:
        """Follow other conditions from now on."""
        self._conditions, self._piece = conditions, None

    def connect(self, now: datetime, delay: float, *, online: bool) -> None:
        """Go on or off line; what came due meanwhile arrives `delay` seconds after the return."""
        if online and not self.online:
            earliest = now + timedelta(seconds=delay)
            self._coming = [replace(delivery, due=max(delivery.due, earliest)) for delivery in self._coming]
        self.online = online
