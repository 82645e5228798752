"""A battery whose state of charge follows what the gateway enforces (statement 37)."""

from __future__ import annotations

from dataclasses import dataclass

CAPACITY_KWH = 10.0
POWER_KW = 3.84


@dataclass(frozen=True, slots=True)
class Enforced:
    """What the gateway does now; SoC in percent.

    `charge_to`: charges from the grid up to it, then idles; `discharge_to`: discharges to the grid down to it, then
    idles; `hold`: does not discharge. All None or False: self-consumption above the reserve. `base_charge`: the
    battery may be charged from the grid up to the reserve (statement 48a).
    """

    charge_to: int | None = None
    discharge_to: int | None = None
    hold: bool = False
    base_charge: bool = False
    reserve: int = 20


class Battery:
    """Energy over time, without losses."""

    def __init__(self, soc: float) -> None:
        self.energy_kwh = 0.0
        self.set_soc(soc)

    @property
    def soc(self) -> float:
        """State of charge in percent."""
        return 100 * self.energy_kwh / CAPACITY_KWH

    def set_soc(self, soc: float) -> None:
        """Set the state of charge; raise ValueError outside 0 to 100."""
        if not 0 <= soc <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"soc: {soc} is not 0 to 100")
        self.energy_kwh = _kwh(soc)

    def run(self, hours: float, now: Enforced, surplus_kw: float) -> None:
        """Let time pass under constant orders; `surplus_kw` is solar minus the house's load."""
        if now.charge_to is not None:
            self._rise(POWER_KW * hours, _kwh(now.charge_to))
            return
        if now.discharge_to is not None:
            self._fall(POWER_KW * hours, _kwh(max(now.discharge_to, now.reserve)))
            return
        if now.base_charge and self.energy_kwh < _kwh(now.reserve):
            needed = (_kwh(now.reserve) - self.energy_kwh) / POWER_KW
            self._rise(POWER_KW * hours, _kwh(now.reserve))
            hours = max(0.0, hours - needed)
        energy = min(abs(surplus_kw), POWER_KW) * hours
        if surplus_kw >= 0:
            self._rise(energy, CAPACITY_KWH)
        elif not now.hold:
            self._fall(energy, _kwh(now.reserve))

    def _rise(self, energy: float, ceiling: float) -> None:
        if self.energy_kwh < ceiling:
            self.energy_kwh = min(ceiling, self.energy_kwh + energy)

    def _fall(self, energy: float, floor: float) -> None:
        if self.energy_kwh > floor:
            self.energy_kwh = max(floor, self.energy_kwh - energy)


def _kwh(soc: float) -> float:
    return CAPACITY_KWH * soc / 100
