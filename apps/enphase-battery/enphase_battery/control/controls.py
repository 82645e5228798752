"""The battery controls, and all that sets one apart from another: one row each, which the rest of the app asks.

What the cloud calls a control, and how it is read and written there, is told by the row of its family
(`enlighten/families.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Limit(Enum):
    """In which direction a control works towards a percent of charge at which it stops."""

    CHARGE_UP_TO = "charge up to"
    DISCHARGE_DOWN_TO = "discharge down to"


class GridUse(Enum):
    """What the site's interconnection has to allow; values as its name in the cloud contains them (6.3)."""

    IMPORT = "import"
    EXPORT = "export"


class Control(str, Enum):
    """One of the things that the app can switch. The value is its key in the configuration and in events."""

    CHARGE_FROM_GRID = "charge_from_grid"
    DISCHARGE_TO_GRID = "discharge_to_grid"
    RESTRICT_DISCHARGE = "restrict_discharge"

    @property
    def title(self) -> str:  # type: ignore[override]  # nobody title-cases an enum member; the name is the natural one
        """The control's name in a sentence for a person, in lower case."""
        return _TABLE[self].title

    @property
    def entity_name(self) -> str:
        """The name of its entity."""
        return _TABLE[self].entity_name

    @property
    def icon(self) -> str:
        """The icon of its entity."""
        return _TABLE[self].icon

    @property
    def helper_icon(self) -> str:
        """The icon of its helper, as in home_assistant/package.yaml."""
        return _TABLE[self].helper_icon

    @property
    def helper(self) -> str:
        """Object id of the helper that it has unless the configuration names another."""
        return f"enphase_{self.value}"

    @property
    def verbs(self) -> Verbs:
        """What the battery does because of it, to be made sentences of."""
        return _TABLE[self].verbs

    @property
    def rival(self) -> Control | None:
        """The control that cannot stand beside this one where switches alone decide, while either is timed (h)."""
        return _TABLE[self].rival

    @property
    def limit(self) -> Limit | None:
        """How it is limited by a percent of charge; None: it is not."""
        return _TABLE[self].limit

    @property
    def takes_target(self) -> bool:
        """Whether a wish for it may name a `target_soc`."""
        return self.limit is not None

    @property
    def grid_use(self) -> GridUse | None:
        """What it needs of the grid; None: nothing."""
        return _TABLE[self].grid_use

    @property
    def has_second_flag(self) -> bool:
        """Whether its entries sleep, though its switch is on, until a flag of its schedule is on too (6.3, S9)."""
        return _TABLE[self].has_second_flag

    @property
    def may_be_swept(self) -> bool:
        """Whether switching it on may take the entries of its family away (S11)."""
        return _TABLE[self].may_be_swept


@dataclass(frozen=True, slots=True)
class Verbs:
    """What the battery does because of a control, without a subject.

    Attributes:
        does: As in "the battery ...".
        doing: As in "the battery is ...".
        does_to: The same with `{}` for the percent of charge at which it stops; empty where there is no such limit.
        doing_to: Likewise.
    """

    does: str
    doing: str
    does_to: str = ""
    doing_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What is so of one control. What an attribute means is told by the property of its name."""

    title: str
    entity_name: str
    icon: str
    helper_icon: str
    verbs: Verbs
    rival: Control | None = None
    limit: Limit | None = None
    grid_use: GridUse | None = None
    has_second_flag: bool = False
    may_be_swept: bool = False


_TABLE: Mapping[Control, _Row] = {
    Control.CHARGE_FROM_GRID: _Row(
        title="charge from grid",
        entity_name="Enphase battery charge from grid",
        icon="mdi:battery-charging",
        helper_icon="mdi:transmission-tower-import",
        verbs=Verbs(
            does="charges from the grid",
            doing="charging from the grid",
            does_to="charges to {} %",
            doing_to="charging to {} %",
        ),
        rival=Control.DISCHARGE_TO_GRID,
        limit=Limit.CHARGE_UP_TO,
        grid_use=GridUse.IMPORT,
        has_second_flag=True,
    ),
    Control.DISCHARGE_TO_GRID: _Row(
        title="discharge to grid",
        entity_name="Enphase battery discharge to grid",
        icon="mdi:transmission-tower-export",
        helper_icon="mdi:transmission-tower-export",
        verbs=Verbs(
            does="discharges to the grid",
            doing="discharging to the grid",
            does_to="discharges to the grid down to {} %",
            doing_to="discharging to the grid down to {} %",
        ),
        rival=Control.CHARGE_FROM_GRID,
        limit=Limit.DISCHARGE_DOWN_TO,
        grid_use=GridUse.EXPORT,
    ),
    Control.RESTRICT_DISCHARGE: _Row(
        title="restrict battery discharge",
        entity_name="Enphase battery restrict discharge",
        icon="mdi:battery-lock",
        helper_icon="mdi:battery-lock",
        verbs=Verbs(does="holds the charge", doing="holding the charge"),
        may_be_swept=True,
    ),
}
