"""What the site's cloud says, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from .controls import Control, Limit
from .entries import Entry
from .reason import Kind, Override, Reason

REPORT_AGE = timedelta(minutes=30)
"""A gateway that had not reported for longer when it was asked about may not have heard of a switch."""

HEARD_AFTER = timedelta(minutes=2, seconds=30)
"""A report so much younger than a change was made by a gateway that had heard of it: it obeys within 20 seconds (15.3),
and two clocks may differ by two minutes before that is told."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The battery itself (section 7.1).

    Attributes:
        soc: State of charge in percent; None when the cloud does not say.
        energy_kwh: Energy available, in kWh.
        capacity_kwh: Capacity, in kWh.
        last_report: Instant (aware, UTC) of the gateway's last report.
        read_at: Instant (aware, UTC) of the read.
        is_charging: Whether a battery of it shows that it charges, as of the report.
        is_discharging: Likewise.
    """

    soc: float | None = None
    energy_kwh: float | None = None
    capacity_kwh: float | None = None
    last_report: datetime | None = None
    read_at: datetime | None = None
    is_charging: bool = False
    is_discharging: bool = False

    @property
    def silent_since(self) -> datetime | None:
        """The last report where that was long ago when it was read; None while the gateway reports, or nobody knows."""
        if self.last_report is None or self.read_at is None or self.read_at - self.last_report <= REPORT_AGE:
            return None
        return self.last_report

    def has_reported_since(self, change: datetime) -> bool:
        """Return whether the gateway has reported since it must have heard of a change at an instant (aware, UTC)."""
        return self.last_report is not None and self.last_report >= change + HEARD_AFTER


@dataclass(frozen=True, slots=True)
class Charging:
    """What charge from grid does where no entry makes it act (15.2).

    Attributes:
        reserve: Percent up to which it charges; None when not said.
        is_backing_up: Whether the profile is Full Backup, in which it charges up to 100 %.
        daily: Local begin and end of the site's one daily window, outside which it does not charge; None: without one.
    """

    reserve: int | None = None
    is_backing_up: bool = False
    daily: tuple[time, time] | None = None


FORBIDS_ON_ONLY = frozenset({Kind.GRID_AGREEMENT, Kind.DISCLAIMER})
"""Why a control cannot be switched on, though it may still be switched off."""


@dataclass(frozen=True, slots=True)
class Switches:
    """The switches of the three controls, from one read of the battery settings (section 6.3).

    Attributes:
        on: The switch per control, of those of which the read says it.
        requested: What the cloud tells of a switch as on its way to the gateway (15.1), the same as ``on`` or another.
        charging: What charge from grid does without an entry.
        is_pending: Whether the cloud waits for the gateway, with what it tells of that or with something else.
        charge_schedule_on: The second flag of charge from grid, without which no entry charges (6.3, S9); as it is on
            its way to be, where it is. None: the read does not tell.
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
    requested: Mapping[Control, bool] = field(default_factory=dict)
    is_pending: bool = False
    charging: Charging = field(default_factory=Charging)

    def overrides(self, control: Control) -> Override | None:
        """Return what keeps the battery from doing what a control says; Full Backup does not keep it from charging."""
        charges = control.limit is Limit.CHARGE_UP_TO
        return None if charges and self.override is Override.FULL_BACKUP else self.override

    @property
    def on_its_way(self) -> Mapping[Control, bool]:
        """What each switch is on its way to be, where that is something else than it is."""
        return {one: value for one, value in self.requested.items() if self.on.get(one, value) is not value}

    def heading(self, control: Control) -> bool:
        """Return what the cloud holds of a switch: what is on its way, else what it shows.

        Raises:
            KeyError: The read does not tell of it.
        """
        return self.requested.get(control, self.on[control])


@dataclass(frozen=True, slots=True)
class SiteState:
    """All that was read of the site last.

    Attributes:
        switches: None before the first read.
        entries: Schedule entries, own and foreign; None while they could not be read.
        has_schedules: Per control, whether it works with schedule entries (False: the switch alone rules). A control
            is absent while that is not known.
        storage: The battery; None while it could not be read.
        unlisted: Controls that may have entries at which nobody looks, because the configuration says so.
        unread: The controls of which it cannot be told which entries they have, though the list as such was read.
    """

    switches: Switches | None = None
    entries: tuple[Entry, ...] | None = None
    has_schedules: Mapping[Control, bool] = field(default_factory=dict)
    storage: Storage | None = None
    unlisted: frozenset[Control] = frozenset()
    unread: frozenset[Control] = frozenset()

    @property
    def on_its_way(self) -> Mapping[Control, bool]:
        """What each switch is on its way to be, where the gateway does not report it yet."""
        return self.switches.on_its_way if self.switches else {}

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
        pauses: Whether a switch is written in vain within a second after its validation (S1).
    """

    touching: bool = True
    overnight: bool = True
    both_flags: bool = False
    pauses: bool = False
