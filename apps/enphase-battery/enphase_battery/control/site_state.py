"""What the site's cloud says, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from .names import Control


@dataclass(frozen=True, slots=True)
class Entry:
    """One schedule entry in the cloud, own or foreign (`enlighten-battery-api.md` 6.8).

    Attributes:
        control: The control whose family it belongs to.
        start: Local wall-clock start.
        end: Local wall-clock end; before ``start`` it means the next day. The minute of ``end`` is outside.
        days: ISO weekdays (Monday is 1) on which it starts.
        active: Whether the gateway has acknowledged it.
    """

    control: Control
    start: time
    end: time
    days: frozenset[int]
    active: bool

    def covers(self, local: datetime) -> bool:
        """Return whether the entry's time includes this local wall-clock moment."""
        wall, today = local.time(), local.isoweekday()
        if self.start < self.end:
            return today in self.days and self.start <= wall < self.end
        yesterday = 7 if today == 1 else today - 1
        return (today in self.days and wall >= self.start) or (yesterday in self.days and wall < self.end)


@dataclass(frozen=True, slots=True)
class Storage:
    """The battery itself (section 7.1).

    Attributes:
        soc: State of charge in percent; None when the cloud does not say.
        energy_kwh: Energy available, in kWh.
        capacity_kwh: Capacity, in kWh.
        last_report: Instant (aware, UTC) of the gateway's last report.
    """

    soc: float | None = None
    energy_kwh: float | None = None
    capacity_kwh: float | None = None
    last_report: datetime | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """The switches of the three controls, from one read of the battery settings (section 6.3).

    Attributes:
        on: The switch per control.
        charge_schedule_on: The second flag of charge from grid, without which no entry charges (6.3, S9).
        override: What keeps the battery from following its schedule now, in words; empty when nothing does.
        read_at: Instant (aware, UTC) of the read.
    """

    on: Mapping[Control, bool]
    charge_schedule_on: bool
    override: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class SiteState:
    """All that was read of the site last.

    Attributes:
        switches: None before the first read.
        entries: Schedule entries, own and foreign; None while they could not be read.
        has_schedules: Per control, whether it works with schedule entries (False: the switch alone rules). A control
            is absent while that is not known.
        storage: The battery; None while it could not be read.
    """

    switches: Switches | None = None
    entries: tuple[Entry, ...] | None = None
    has_schedules: Mapping[Control, bool] = field(default_factory=dict)
    storage: Storage | None = None
