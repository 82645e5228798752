"""A battery whose state of charge follows what the gateway enforces (statement 37)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .families import Family

POWER_KW = 3.84
_FULL = 100


@dataclass(frozen=True, slots=True)
class Enforced:
    """What the gateway does now; SoC in percent.

    `charge_to`: charges from the grid up to it, then idles; `discharge_to`: discharges to the grid down to it, then
    idles; `hold`: does not discharge. All None or False: self-consumption above the reserve. `base_charge`: the
    battery may be charged from the grid up to the reserve (statements 48a, 95); `by_switch`: nothing but the switch
    says so, as there are no entries.
    """

    charge_to: int | None = None
    discharge_to: int | None = None
    hold: bool = False
    base_charge: bool = False
    by_switch: bool = False
    reserve: int = 20

    @property
    def charge_limit(self) -> int | None:
        """The SoC up to which CFG charges from the grid, by its window or where it has none by its switch."""
        return self.reserve if self.charge_to is None and self.base_charge and self.by_switch else self.charge_to

    def without(self, families: frozenset[Family]) -> Enforced:
        """Return what is left of it for a battery that disobeys some families."""
        charges, discharges = Family.CFG not in families, Family.DTG not in families
        return replace(
            self,
            charge_to=self.charge_to if charges else None,
            base_charge=self.base_charge and charges,
            discharge_to=self.discharge_to if discharges else None,
            hold=self.hold and Family.RBD not in families,
        )


@dataclass(frozen=True, slots=True)
class Hindrances:
    """What keeps the battery from doing what it is told.

    `stuck`: it does nothing (statement 97); `cold`: it does not charge; `grid_kw`: so much may be taken from the grid
    to charge it; `disobeyed`: it goes on as if it were not told of these families.
    """

    stuck: bool = False
    cold: bool = False
    grid_kw: float = POWER_KW
    disobeyed: frozenset[Family] = frozenset()


_NONE = Hindrances()


class Battery:
    """Energy over time, without losses; `capacity_kwh` is what it holds."""

    def __init__(self, soc: float, capacity_kwh: float = 10.0) -> None:
        self.capacity_kwh = capacity_kwh
        self.energy_kwh = 0.0
        self.set_soc(soc)

    @property
    def soc(self) -> float:
        """State of charge in percent."""
        return 100 * self.energy_kwh / self.capacity_kwh

    def set_soc(self, soc: float) -> None:
        """Set the state of charge; raise ValueError outside 0 to 100."""
        if not 0 <= soc <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"soc: {soc} is not 0 to 100")
        self.energy_kwh = self._kwh(soc)

    def resize(self, capacity_kwh: float) -> None:
        """Have another capacity from now on, and the same state of charge."""
        if capacity_kwh != self.capacity_kwh:
            self.energy_kwh *= capacity_kwh / self.capacity_kwh
            self.capacity_kwh = capacity_kwh

    def run(self, hours: float, now: Enforced, surplus_kw: float, hindrances: Hindrances = _NONE) -> None:
        """Let time pass under constant orders; `surplus_kw` is solar minus the house's load."""
        while hours > 0:
            power, end = self._drive(now, surplus_kw, hindrances)
            if not power:
                return
            needed = (end - self.energy_kwh) / power
            if needed > hours:
                self.energy_kwh += power * hours
                return
            self.energy_kwh, hours = end, hours - needed

    def power_kw(self, now: Enforced, surplus_kw: float, hindrances: Hindrances = _NONE) -> float:
        """Return the power at this moment, as `run` takes it: positive while it charges."""
        return self._drive(now, surplus_kw, hindrances)[0]

    def _drive(self, now: Enforced, surplus_kw: float, hindrances: Hindrances) -> tuple[float, float]:
        """Return the power, and the energy at which it will be another one."""
        if hindrances.disobeyed:
            now = now.without(hindrances.disobeyed)
        power, end = self._told(now, surplus_kw, hindrances.grid_kw)
        is_kept = hindrances.stuck or (hindrances.cold and power > 0)
        return (0.0 if is_kept else power), end

    def _told(self, now: Enforced, surplus_kw: float, grid_kw: float) -> tuple[float, float]:
        charge_kw = min(POWER_KW, grid_kw + max(0.0, surplus_kw))
        if now.charge_to is not None:
            return self._up(charge_kw, max(now.charge_to, now.reserve) if now.base_charge else now.charge_to)
        if now.discharge_to is not None:
            return self._down(POWER_KW, max(now.discharge_to, now.reserve))
        if now.base_charge and self.energy_kwh < self._kwh(now.reserve):
            return self._up(charge_kw, now.reserve)
        if surplus_kw >= 0:
            return self._up(min(surplus_kw, POWER_KW), _FULL)
        if now.hold:
            return 0.0, self.energy_kwh
        return self._down(min(-surplus_kw, POWER_KW), now.reserve)

    def _up(self, power: float, soc: int) -> tuple[float, float]:
        ceiling = self._kwh(soc)
        return (power, ceiling) if self.energy_kwh < ceiling else (0.0, self.energy_kwh)

    def _down(self, power: float, soc: int) -> tuple[float, float]:
        floor = self._kwh(soc)
        return (-power, floor) if self.energy_kwh > floor else (0.0, self.energy_kwh)

    def _kwh(self, soc: float) -> float:
        return self.capacity_kwh * soc / 100
