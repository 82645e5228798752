"""The three battery controls, under the names that the configuration, the events and the entities share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Control(str, Enum):
    """One of the three things that the app can switch. The value is its key in the configuration and in events."""

    CHARGE_FROM_GRID = "charge_from_grid"
    DISCHARGE_TO_GRID = "discharge_to_grid"
    RESTRICT_DISCHARGE = "restrict_discharge"

    @property
    def title(self) -> str:  # type: ignore[override]  # nobody title-cases an enum member; the name is the natural one
        """The control's name in a sentence for a person, in lower case."""
        return _TITLES[self]


_TITLES = {
    Control.CHARGE_FROM_GRID: "charge from grid",
    Control.DISCHARGE_TO_GRID: "discharge to grid",
    Control.RESTRICT_DISCHARGE: "restrict battery discharge",
}

RIVALS: Mapping[Control, Control] = {
    Control.CHARGE_FROM_GRID: Control.DISCHARGE_TO_GRID,
    Control.DISCHARGE_TO_GRID: Control.CHARGE_FROM_GRID,
}
"""Controls of which one, while it is on for a time, cannot stand beside the other where switches alone decide (h)."""
