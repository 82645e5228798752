"""From the cloud's documents to the words of the rules: families become controls, members become facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..control.controls import Control, GridUse
from ..control.entries import Entry, Terms
from ..control.reason import Kind, Override, Reason, because
from ..control.site_state import Charging, Storage, Switches
from ..control.steps import SwitchStep
from ..enlighten.families import Family
from ..enlighten.models import BatterySettings, EntryTerms, ScheduleList
from ..enlighten.readings import BatteryStatus

FAMILIES: Mapping[Control, Family] = {
    Control.CHARGE_FROM_GRID: Family.CFG,
    Control.DISCHARGE_TO_GRID: Family.DTG,
    Control.RESTRICT_DISCHARGE: Family.RBD,
}
CONTROLS: Mapping[Family, Control] = {family: control for control, family in FAMILIES.items()}

NOT_SUPPORTED = "not_supported"

_FULL_BACKUP = "backup_only"
_USES = re.compile("|".join(use.value for use in GridUse))
_DENIED = re.compile(
    rf"(?:no|non|not|zero|without)[^a-z]*(?:{_USES.pattern})(?:[^a-z]*(?:or|nor|and)?[^a-z]*(?:{_USES.pattern}))*"
    rf"|(?:{_USES.pattern})[^a-z]*(?:not|none|disabled|forbidden|prohibited)"
)
"""What a grid mode denies, in lower case: `NoImportOrExport`, `Zero Export` (15.4). It may be one word or several."""

_LEAST_FLOOR = 5
"""Percent; the cloud takes no lower limit (6.8)."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides about writes beside settings and schedules.

    Attributes:
        may_write: Whether the account is the site's owner or installer (6.1).
        grid_mode: The interconnection as the site settings name it, where the battery settings do not.
        accept_disclaimer: Whether the ITC disclaimer may be accepted in the user's name (6.4).
    """

    may_write: bool = True
    grid_mode: str = ""
    accept_disclaimer: bool = True


def switches_of(
    settings: BatterySettings,
    schedules: ScheduleList | None,
    *,
    site: Circumstances,
    read_at: datetime,
) -> Switches:
    """Return what one read of the battery settings says of the switches.

    Args:
        settings: The settings (6.3).
        schedules: The schedule list (6.8); None: it was not, or could not be, read.
        site: What else decides about what may be written.
        read_at: Instant (aware, UTC) of the read.
    """
    on = {control: on for control, family in FAMILIES.items() if (on := settings.switch(family)) is not None}
    requested = settings.requested
    reserve = settings.backup_percentage if requested.backup_percentage is None else requested.backup_percentage
    refusals = {control: _refusal(control, settings, schedules, site) for control in Control}
    return Switches(
        on=on,
        charge_schedule_on=_charge_schedule(settings),
        override=_override(settings),
        read_at=read_at,
        refusals={control: refusal for control, refusal in refusals.items() if refusal is not None},
        floor=max(reserve or 0, settings.very_low_soc or 0, _LEAST_FLOOR),
        busy=settings.system_task,
        requested={CONTROLS[family]: value for family, value in requested.switches.items()},
        is_pending=requested.is_pending,
        charging=Charging(
            reserve=reserve,
            is_backing_up=settings.profile == _FULL_BACKUP,
            daily=settings.charge_hours if _charge_schedule(settings) else None,
        ),
    )


def is_missing(family: Family, settings: BatterySettings, schedules: ScheduleList | None) -> bool:
    """Return whether the site does not have a family at all.

    The schedule list has to say so, and the settings must not offer it either. UI hints such as `hideChargeFromGrid`
    decide nothing, and neither does an RBD control that is null before its first entry (6.1, 6.3).
    """
    if schedules is None or schedules.family_status(family) != NOT_SUPPORTED:
        return False
    control = settings.control(family)
    return family not in settings.top_switches and (control is None or control.show is False)


def entries_of(schedules: ScheduleList) -> tuple[Entry, ...]:
    """Return the entries of the schedule list."""
    return tuple(
        Entry(_terms(entry.terms), entry.schedule_id, entry.status == "active", entry.created_at)
        for entry in schedules.entries
    )


def storage_of(status: BatteryStatus, read_at: datetime) -> Storage:
    """Return what one read of the battery says (7.1).

    Args:
        status: The read.
        read_at: Its instant (aware, UTC).
    """
    return Storage(
        soc=status.soc,
        energy_kwh=status.energy_kwh,
        capacity_kwh=status.capacity_kwh,
        last_report=status.last_report,
        read_at=read_at,
        is_charging=status.is_charging,
        is_discharging=status.is_discharging,
    )


def cloud_terms(terms: Terms) -> EntryTerms:
    """Return what an entry is to say, in the cloud's words."""
    return EntryTerms(FAMILIES[terms.control], terms.start, terms.end, terms.days, terms.limit, terms.zone)


def needs_disclaimer(step: SwitchStep) -> bool:
    """Return whether a step takes the ITC disclaimer (6.4)."""
    return FAMILIES[step.control].row.needs_disclaimer and step.on


def unlike(settings: BatterySettings, written: Mapping[Control, bool]) -> dict[Family, bool]:
    """Return the switches that a read shows otherwise than they are: a late read must not undo an earlier write.

    Args:
        settings: The read.
        written: What was written since.
    """
    others = {FAMILIES[control]: on for control, on in written.items()}
    return {family: on for family, on in others.items() if settings.switch(family) is not on}


def _terms(terms: EntryTerms) -> Terms:
    return Terms(CONTROLS[terms.family], terms.start, terms.end, terms.days, terms.timezone, terms.limit)


def _refusal(
    control: Control, settings: BatterySettings, schedules: ScheduleList | None, site: Circumstances
) -> Reason | None:
    """Return why a control cannot be changed; None when it can."""
    family = FAMILIES[control]
    if is_missing(family, settings, schedules):
        return because(Kind.NO_SUCH_CONTROL, control=control)
    if not site.may_write:
        return because(Kind.NO_RIGHTS)
    found = settings.control(family)
    if found is not None and found.locked:
        return because(Kind.LOCKED, control=control)
    if not _agrees(control, settings.grid_mode or site.grid_mode):
        return because(Kind.GRID_AGREEMENT)
    if family.row.needs_disclaimer and settings.itc_disclaimer is None and not site.accept_disclaimer:
        return because(Kind.DISCLAIMER)
    return None


def _charge_schedule(settings: BatterySettings) -> bool | None:
    """Return the second flag as it is to be; None where something is on its way and nobody tells whether it is this."""
    requested = settings.requested
    if requested.charge_schedule is not None:
        return requested.charge_schedule
    return None if requested.is_pending else settings.charge_from_grid_schedule_enabled


def _agrees(control: Control, grid_mode: str) -> bool:
    """Return whether the interconnection allows a control; one that is not known, or says neither word, allows all.

    A "no" is no consent. What it says of import alone decides nothing: charge from grid was switched on where the mode
    was `NoImportOrExport` (15.4).
    """
    use, mode = control.grid_use, grid_mode.casefold()
    named = {one for one in GridUse if one.value in mode}
    denied = {GridUse(word) for words in _DENIED.findall(mode) for word in _USES.findall(words)}
    allowed = named - denied
    return use is None or use in allowed or not (allowed or (use is GridUse.EXPORT and use in denied))


def _override(settings: BatterySettings) -> Override | None:
    """Return what overrides schedules and switches now (10.2, S15)."""
    if settings.storm_guard == "active":
        return Override.STORM
    if settings.dr_event_active:
        return Override.DEMAND_RESPONSE
    return Override.FULL_BACKUP if settings.profile == _FULL_BACKUP else None
