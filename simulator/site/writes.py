"""What a write of settings or of the profile makes of what the cloud stores, before the gateway knows of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..switches import Switches
from .cloud_state import CloudState
from .entries import is_unapplied
from .families import Family
from .offer import check_profile, reserve_range
from .profiles import ProfileChange, Requested, requested
from .settings import BatterySettings, MalformedError, SettingsChange, changed, ranged, within


def with_settings(
    state: CloudState, change: SettingsChange, switches: Switches, stamp: datetime, profile_due: datetime
) -> CloudState:
    """Return the state after a settings write: the entries of the families that it switches on are committed.

    `stamp` is the cloud's own time; `profile_due` is when the gateway takes another profile. Raises MalformedError
    (statements 55, 62), also for a profile that is not offered.
    """
    change, old = within(change, reserve_range(switches), clamp=switches.out_of_range == "clamp"), state.settings
    entry_enables = switches.cfg_apply_enables_schedule and any(
        entry.family is Family.CFG and not entry.deleted for entry in state.entries
    )
    settings = changed(old, change, stamp, entry_enables=entry_enables)
    if switches.disclaimer_required and change.charge_from_grid and settings.disclaimer is None:
        raise MalformedError("the ITC disclaimer is not accepted")
    state = _with_profile(state, settings, change, switches, profile_due)
    enabled = settings.restrict_discharge and not old.restrict_discharge
    if switches.rbd_enable_deletes and enabled:  # statement 72: off -> on, or nothing could ever be applied
        state = state.without(tuple(entry for entry in state.entries if entry.family is Family.RBD))
    for entry in [entry for entry in state.entries if entry.family in change.applies and is_unapplied(entry)]:
        state = state.with_entry(entry.committed())
    return state


def with_profile(state: CloudState, change: ProfileChange, switches: Switches, due: datetime) -> CloudState:
    """Return the state after a profile write, which the gateway takes at `due`; raise MalformedError (62, not offered).

    By switch a change within the same profile is forgotten (52).
    """
    reserve = ranged(
        "batteryBackupPercentage", change.reserve, reserve_range(switches), clamp=switches.out_of_range == "clamp"
    )
    if switches.same_profile_ignored and change.profile == state.settings.profile:
        return state
    return replace(state, requested=_asked(state, state.settings, replace(change, reserve=reserve), switches, due))


def _with_profile(
    state: CloudState, settings: BatterySettings, change: SettingsChange, switches: Switches, due: datetime
) -> CloudState:
    """Return the state with changed settings, of which reserve and charge switch belong to what was last asked for.

    That is the profile that the body names, or one that is pending, or the present one (statement 96).
    """
    old, asked, target = state.settings, state.requested, state.target
    sub_type = target.sub_type if change.sub_type is None else change.sub_type
    if change.profile is not None and (change.profile, sub_type) != (target.profile, target.sub_type):
        move = ProfileChange(change.profile, change.sub_type, change.reserve, change.charge_from_grid)
        asked = _asked(state, settings, move, switches, due)
    elif asked is not None:
        asked = asked.with_own(change.reserve, charge_from_grid=change.charge_from_grid)
    if asked is not None and asked.profile != old.profile:
        settings = replace(settings, reserve=old.reserve, charge_from_grid=old.charge_from_grid)
    return replace(state, settings=settings, requested=asked)


def _asked(
    state: CloudState, settings: BatterySettings, change: ProfileChange, switches: Switches, due: datetime
) -> Requested | None:
    if change.profile != settings.profile:
        check_profile(change.profile, switches)
    asked, pending = requested(settings, change, switches.profile_first_charge, due), state.requested
    if pending is not None and pending.profile == change.profile:  # what was said of it before still counts
        told = pending.with_own(change.reserve, charge_from_grid=change.charge_from_grid)
        asked = replace(told, due=due, sub_type=pending.sub_type if change.sub_type is None else change.sub_type)
    return None if asked.taken(settings) == settings else asked
