"""The gateway in the house: it knows only what was delivered to it, and enforces only that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytz

from .battery import Enforced
from .families import Family
from .windows import DAY, Window

if TYPE_CHECKING:
    from .schedules import Entries
    from .settings import BatterySettings

_STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Orders:
    """One state of the site as the gateway is told it: the settings and the windows that were applied."""

    settings: BatterySettings
    windows: tuple[Window, ...] = ()

    @classmethod
    def of(cls, settings: BatterySettings, entries: Entries) -> Orders:
        """Return what the gateway is to do; an entry edited but not applied again counts as it was (statement 45)."""
        return cls(settings, tuple(entry.in_force for entry in entries if entry.in_force and not entry.deleted))

    def enforced(self, moment: datetime, switch_only: frozenset[Family]) -> Enforced:
        """Return what is enforced at a moment; families in `switch_only` need no window (era 2025-07)."""
        settings = self.settings
        covering = {window.family: window for window in self.windows if window.covers(moment)}

        def limit(family: Family, without_window: int, *switches: bool) -> int | None:
            if not all(switches):
                return None
            if family in switch_only:
                return without_window
            return covering[family].limit if family in covering else None

        charge = (settings.charge_from_grid, settings.charge_schedule or Family.CFG in switch_only)
        return Enforced(
            charge_to=limit(Family.CFG, 100, *charge),
            discharge_to=limit(Family.DTG, settings.reserve, settings.discharge_to_grid),
            hold=limit(Family.RBD, 100, settings.restrict_discharge) is not None,
            base_charge=settings.charge_from_grid,
            reserve=settings.reserve,
        )

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
        """Cut a time into spans of constant enforcement; yield each one's start and its hours.

        No span crosses a half hour of UTC, because zones change their offset only there; inside one the local wall
        clock runs evenly, so window boundaries are found by plain arithmetic.
        """
        while start < end:
            to_half_hour = _STEP - timedelta(seconds=start.timestamp() % _STEP.total_seconds())
            until = min(end, start + to_half_hour, *self._boundaries(start))
            yield start, (until - start).total_seconds() / 3600
            start = until

    def _boundaries(self, start: datetime) -> Iterator[datetime]:
        for window in self.windows:
            local = start.astimezone(pytz.timezone(window.timezone))
            past = timedelta(
                minutes=local.hour * 60 + local.minute, seconds=local.second, microseconds=local.microsecond
            )
            for minute in (window.start, window.end):
                ahead = (timedelta(minutes=minute) - past) % timedelta(minutes=DAY)
                yield start + (ahead or timedelta(minutes=DAY))


@dataclass(frozen=True, slots=True)
class Delivery:
    """Orders on their way; `confirms` are the (entry id, revision) that become active when they arrive."""

    due: datetime
    orders: Orders
    confirms: frozenset[tuple[str, int]] = frozenset()


class Gateway:
    """Holds the last orders that arrived; offline, none arrive (statements 43, 79)."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.online = True
        self._coming: list[Delivery] = []

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
            self.orders = arrived[-1].orders
        return arrived

    def connect(self, now: datetime, delay: float, *, online: bool) -> None:
        """Go on or off line; what came due meanwhile arrives `delay` seconds after the return."""
        if online and not self.online:
            earliest = now + timedelta(seconds=delay)
            self._coming = [replace(delivery, due=max(delivery.due, earliest)) for delivery in self._coming]
        self.online = online
