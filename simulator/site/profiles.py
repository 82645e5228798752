"""The battery's profile: its names, what each keeps of its own, what a write asks for (sections 6.2 and 15.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from .settings import BACKUP_PROFILE, BACKUP_RESERVE, FIRST_RESERVE, BatterySettings, MalformedError, Own, text, whole
from .storm import StormGuard

MODES = {
    "self-consumption": "Self-Consumption",
    "cost_savings": "Savings",
    BACKUP_PROFILE: "Full Backup",
    "ai_optimisation": "AI Optimization",
    "expert": "Expert",
}
"""What `battery_mode` calls each profile that a write may name."""
_FIRST_RESERVES = {"self-consumption": FIRST_RESERVE, "cost_savings": 30, BACKUP_PROFILE: BACKUP_RESERVE}


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What a write asks of the profile: None means that the body does not say. `reserve` is a SoC in percent."""

    profile: str
    sub_type: str | None = None
    reserve: int | None = None
    charge_from_grid: bool | None = None
    has_devices: bool = False


@dataclass(frozen=True, slots=True)
class Requested:
    """A change on its way to the gateway, which takes it at `due` if it is online then (statement 61).

    `own` is what the profile brings along (statement 96), with what the write and later ones say of it.
    """

    profile: str
    sub_type: str
    own: Own
    due: datetime

    def taken(self, settings: BatterySettings) -> BatterySettings:
        """Return the settings after the change; the profile that goes keeps what it has."""
        return entered(settings, self.profile, self.sub_type, self.own)

    def with_own(self, reserve: int | None, *, charge_from_grid: bool | None) -> Requested:
        """Return it with what a later write says of the profile; None: nothing."""
        return replace(self, own=_told(self.own, self.profile, reserve, charge_from_grid))


def first_settings(profile: str, storm: StormGuard) -> BatterySettings:
    """Return the settings of a site that begins in a profile."""
    settings = BatterySettings(profile=profile, storm=storm)
    return replace(settings, reserve=BACKUP_RESERVE) if profile == BACKUP_PROFILE else settings


def entered(settings: BatterySettings, profile: str, sub_type: str, own: Own) -> BatterySettings:
    """Return the settings in a profile with its own reserve and switch; the one that goes keeps its own."""
    kept = dict(settings.others)
    if profile != settings.profile:
        kept[settings.profile] = Own(settings.reserve, settings.charge_from_grid)
        kept.pop(profile, None)
    others = tuple(sorted(kept.items()))
    reserve, charges = own
    return replace(
        settings, profile=profile, sub_type=sub_type, reserve=reserve, charge_from_grid=charges, others=others
    )


def requested(settings: BatterySettings, change: ProfileChange, first_charge: str, due: datetime) -> Requested:
    """Return the change as the gateway will take it: with what the profile keeps of its own (statement 96).

    `first_charge`: the charge switch of a profile that was never in use: `follows` the present one, `on` or `off`.
    """
    own = own_of(settings, change.profile)
    if own is None:
        charges = settings.charge_from_grid if first_charge == "follows" else first_charge == "on"
        own = Own(first_reserve(change.profile), charges)
    own = _told(own, change.profile, change.reserve, change.charge_from_grid)
    sub_type = settings.sub_type if change.sub_type is None else change.sub_type
    return Requested(change.profile, sub_type, own, due)


def own_of(settings: BatterySettings, profile: str) -> Own | None:
    """Return what a profile keeps of its own; None if it was never in use."""
    if profile == settings.profile:
        return Own(settings.reserve, settings.charge_from_grid)
    return dict(settings.others).get(profile)


def first_reserve(profile: str) -> int:
    """Return the reserve of a profile that was never in use."""
    return _FIRST_RESERVES.get(profile, FIRST_RESERVE)


def reserves(settings: BatterySettings) -> dict[str, int]:
    """Return the reserve of each profile that reads name (`previousBatteryBackupPercentage`)."""
    names = [*_FIRST_RESERVES, *dict(settings.others), settings.profile]
    found = {name: own_of(settings, name) for name in names}
    return {name: first_reserve(name) if own is None else own.reserve for name, own in found.items()}


def _told(own: Own, profile: str, reserve: int | None, charge_from_grid: bool | None) -> Own:
    return Own(
        own.reserve if reserve is None or profile == BACKUP_PROFILE else reserve,  # which always has 100 (6.2)
        own.charge_from_grid if charge_from_grid is None else charge_from_grid,
    )


def parse_profile(body: Mapping[str, object]) -> ProfileChange:
    """Read the body of a profile PUT; raise MalformedError."""
    profile = text(body, "profile")
    if profile is None or profile not in MODES:
        raise MalformedError("profile is unknown")
    reserve = whole(body, "batteryBackupPercentage", None)
    return ProfileChange(profile, text(body, "operationModeSubType"), reserve, has_devices="devices" in body)
