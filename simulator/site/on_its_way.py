"""The members of the settings, by the names that reads give them, and which of them a write changes (section 15.1)."""

from __future__ import annotations

from .settings import BatterySettings

PROFILE_MEMBERS = frozenset({"profile", "operationModeSubType", "batteryBackupPercentage"})
Members = dict[str, object]


def members(settings: BatterySettings) -> Members:
    """Return what a gateway is told of the settings, which the disclaimer is not.

    A name with a point is that of a member of a control object.
    """
    return {
        "profile": settings.profile,
        "operationModeSubType": settings.sub_type,
        "batteryBackupPercentage": settings.reserve,
        "chargeFromGrid": settings.charge_from_grid,
        "chargeFromGridScheduleEnabled": settings.charge_schedule,
        "chargeBeginTime": settings.charge_begin,
        "chargeEndTime": settings.charge_end,
        "veryLowSoc": settings.very_low_soc,
        "dtgControl.enabled": settings.discharge_to_grid,
        "dtgControl.startTime": settings.discharge_start,
        "dtgControl.endTime": settings.discharge_end,
        "rbdControl.enabled": settings.restrict_discharge,
    }


def different(one: BatterySettings, other: BatterySettings) -> frozenset[str]:
    """Return the names of the members in which two settings differ."""
    if one is other:
        return frozenset()
    theirs = members(other)
    return frozenset(name for name, value in members(one).items() if value != theirs[name])
