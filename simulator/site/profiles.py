"""The battery's profile: its names, and what a profile PUT asks for (section 6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from .settings import RESERVE_RANGE, BatterySettings, MalformedError, ranged, whole

BACKUP_PROFILE = "backup_only"
_BACKUP_RESERVE = 100
MODES = {
    "self-consumption": "Self-Consumption",
    "cost_savings": "Savings",
    BACKUP_PROFILE: "Full Backup",
    "ai_optimisation": "AI Optimization",
    "expert": "Expert",
}
"""What `battery_mode` calls each profile that a PUT may name."""


def shown_reserve(settings: BatterySettings) -> int:
    """Return the reserve in percent that reads show: full backup has one of its own."""
    return _BACKUP_RESERVE if settings.profile == BACKUP_PROFILE else settings.reserve


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profile PUT, read once: None means that the body does not say. `reserve` is a SoC in percent."""

    profile: str
    sub_type: str | None = None
    reserve: int | None = None
    has_devices: bool = False

    def applied_to(self, settings: BatterySettings, *, clamp: bool) -> BatterySettings:
        """Return the settings after the change; raise MalformedError for a reserve out of range (statement 62)."""
        reserve = settings.reserve
        if self.reserve is not None:
            asked = ranged("batteryBackupPercentage", self.reserve, RESERVE_RANGE, clamp=clamp)
            reserve = reserve if self.profile == BACKUP_PROFILE else asked  # it always reads 100 there
        sub_type = settings.sub_type if self.sub_type is None else self.sub_type
        return replace(settings, profile=self.profile, sub_type=sub_type, reserve=reserve)


@dataclass(frozen=True, slots=True)
class Requested:
    """A change on its way to the gateway, which takes it at `due` if it is online then (statement 61)."""

    change: ProfileChange
    due: datetime


def parse_profile(body: Mapping[str, object]) -> ProfileChange:
    """Read the body of a profile PUT; raise MalformedError."""
    profile, sub_type = body.get("profile"), body.get("operationModeSubType")
    if not isinstance(profile, str) or profile not in MODES:
        raise MalformedError("profile is unknown")
    if not isinstance(sub_type, (str, type(None))):
        raise MalformedError("operationModeSubType is not a text")
    reserve = whole(body, "batteryBackupPercentage", None)
    return ProfileChange(profile, sub_type, reserve, has_devices="devices" in body)
