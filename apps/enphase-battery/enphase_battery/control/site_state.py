"""What the site's cloud says, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .controls import Control
from .entries import Entry
from .reason import Kind, Override, Reason


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


FORBIDS_ON_ONLY = frozenset({Kind.GRID_AGREEMENT, Kind.DISCLAIMER})
"""Why a control cannot be switched on, though it may still be switched off."""


@dataclass(frozen=True, slots=True)
class Switches:
    """The switches of the three controls, from one read of the battery settings (section 6.3).

    Attributes:
        on: The switch per control, of those of which the read says it.
        charge_schedule_on: The second flag of charge from grid, without which no entry charges (6.3, S9). None: the
            read does not tell.
        override: What keeps the battery from following its schedule now; None when nothing does.
        read_at: Instant (aware, UTC) of the read.
        refusals: Why controls cannot be changed on this site, or not by this account, as far as they cannot.
        floor: Percent of charge below which nothing is discharged to the grid: the higher of reserve and very-low SoC.
        busy: Whether the cloud is at work on the site itself, and writes should wait (`systemTask`).
    """

    on: Mapping[Control, bool]
    charge_schedule_on: bool | None
    override: Override | None
    read_at: datetime
    refusals: Mapping[Control, Reason] = field(default_factory=dict)
    floor: int = 5
    busy: bool = False


@dataclass(frozen=True, slots=True)
class SiteState:
    """All that was read of the site last.

    Attributes:
        switches: None before the first read.
        entries: Schedule entries, own and foreign; None while they could not be read.
        has_schedules: Per control, whether it works with schedule entries (False: the switch alone rules). A control
            is absent while that is not known.
        storage: The battery; None while it could not be read.
        unread: The controls of which it cannot be told which entries they have, though the list as such was read.
    """

    switches: Switches | None = None
    entries: tuple[Entry, ...] | None = None
    has_schedules: Mapping[Control, bool] = field(default_factory=dict)
    storage: Storage | None = None
    unread: frozenset[Control] = frozenset()

    def lists(self, control: Control) -> bool:
        """Return whether it is known which entries a control has."""
        return self.entries is not None and control not in self.unread

    def by_entries(self, control: Control) -> bool:
        """Return whether the control is known to work with schedule entries."""
        return self.has_schedules.get(control) is True


@dataclass(frozen=True, slots=True)
class Habits:
    """What was learnt of how this site's cloud takes writes, where its kind differ (6.8, C28; section 13).

    Attributes:
        touching: Whether one entry may end in the minute in which another begins.
        overnight: Whether an entry may end on the day after its start.
        both_flags: Whether charge from grid needs its second flag in the body that switches it on.
    """

    touching: bool = True
    overnight: bool = True
    both_flags: bool = False
