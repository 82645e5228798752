"""What the cloud says about the battery's charge and its site: frozen values, each with its own parser.

They are parsed as tolerantly as the values of :mod:`.models`, and in the same units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..errors import UnexpectedAnswer
from .fields import amount, enveloped, flag, instant, mapping, number, objects, word

_MOST_KWH = 100_000.0
"""More than any site has; what is beyond is another unit, or nonsense."""

_CHARGES, _DISCHARGES = 12, 13
"""`led_status` of a battery that does so."""

_TOO_MUCH = 110.0
"""A charge in percent that cannot be meant; a little over 100 is a full battery whose capacity was rounded down."""


@dataclass(frozen=True, slots=True)
class BatteryStatus:
    """`GET battery_status.json` (7.1).

    Attributes:
        soc: State of charge, percent, 0 to 100.
        energy_kwh: Energy available.
        capacity_kwh: Capacity.
        last_report: Newest report of a battery; it stands still while the gateway is offline.
        is_charging: Whether the light of one of the batteries says that it charges.
        is_discharging: Likewise.
    """

    soc: float | None
    energy_kwh: float | None
    capacity_kwh: float | None
    last_report: datetime | None
    is_charging: bool = False
    is_discharging: bool = False

    @classmethod
    def parse(cls, document: object) -> BatteryStatus:
        """Parses the document; excluded units do not count.

        Raises:
            UnexpectedAnswer: It says nothing about a charge.
        """
        data = mapping(document)
        _demand(data, "battery status", "storages", "current_charge", "available_energy", "max_capacity")
        units = [unit for unit in objects(data.get("storages")) if flag(unit.get("excluded")) is not True]
        energy, capacity = _total(units, "available_energy"), _total(units, "max_capacity")
        if energy is None or capacity is None:
            energy, capacity = _kwh(data.get("available_energy")), _kwh(data.get("max_capacity"))
        if energy is not None and capacity:
            soc = _charge(100 * (energy / capacity))
        else:
            soc = _charge(number(data.get("current_charge")))
            soc = _mean(units) if soc is None else soc
        reports = [report for unit in units if (report := instant(unit.get("last_report"))) is not None]
        lights = {number(unit.get("led_status")) for unit in units}
        return cls(
            soc=soc,
            energy_kwh=energy,
            capacity_kwh=capacity,
            last_report=max(reports, default=None),
            is_charging=_CHARGES in lights,
            is_discharging=_DISCHARGES in lights,
        )


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """`GET siteSettings` (6.1).

    Attributes:
        timezone: IANA name as the cloud gives it, not checked against a database.
        grid_mode: Interconnection, such as `ImportExport`.
        is_owner: The account owns the site; None when not said.
        is_installer: The account is the site's installer; None when not said.
        ac_batteries_only: It has AC Batteries, and no batteries that can be controlled (15.4).
    """

    timezone: str | None
    grid_mode: str | None
    is_owner: bool | None
    is_installer: bool | None
    ac_batteries_only: bool = False

    @classmethod
    def parse(cls, document: object) -> SiteSettings:
        """Parses the enveloped document.

        Raises:
            UnexpectedAnswer: It holds nothing about a site.
        """
        data = enveloped(document)
        _demand(data, "site settings", "timezone", "countryCode", "batteryGridMode", "hasEncharge", "userDetails")
        user = mapping(data.get("userDetails"))
        return cls(
            timezone=word(data.get("timezone")),
            grid_mode=word(data.get("batteryGridMode")),
            is_owner=flag(user.get("isOwner")),
            is_installer=flag(user.get("isInstaller")),
            ac_batteries_only=flag(data.get("hasAcb")) is True and flag(data.get("hasEncharge")) is False,
        )

    @property
    def may_write(self) -> bool:
        """Whether writes have a chance: not when the cloud says that the account is neither owner nor installer."""
        return self.is_owner is not False or self.is_installer is not False


def _demand(data: Mapping[str, object], what: str, *members: str) -> None:
    """Raises UnexpectedAnswer when a document has none of the members that make it what it should be."""
    if not data.keys() & set(members):
        raise UnexpectedAnswer(f"the answer is no {what}")


def _kwh(value: object) -> float | None:
    return amount(value, _MOST_KWH)


def _charge(percent: float | None) -> float | None:
    """A state of charge; None for one that cannot be."""
    return round(min(percent, 100.0), 1) if percent is not None and 0 <= percent < _TOO_MUCH else None


def _total(units: list[Mapping[str, object]], member: str) -> float | None:
    """The sum over the units; None when there are none or one of them does not say."""
    values = [_kwh(unit.get(member)) for unit in units]
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _mean(units: list[Mapping[str, object]]) -> float | None:
    """The charge of units that say no energies (15.4): weighed by their capacity where all say that one."""
    charges = [_charge(number(unit.get("current_charge"))) for unit in units]
    known = [charge for charge in charges if charge is not None]
    if not known or len(known) < len(charges):
        return None
    sizes = [_kwh(unit.get("max_capacity")) or 0.0 for unit in units]
    weights = sizes if all(sizes) else [1.0] * len(known)
    total = sum(charge * weight for charge, weight in zip(known, weights, strict=True))
    return round(total / sum(weights), 1)
