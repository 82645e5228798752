"""The cloud's families of control, and all that sets one apart from another: one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Family(str, Enum):
    """The families of control; values as `isValid` and the schedule list spell them (6.8, 6.9)."""

    CFG = "cfg"
    """Charge from grid."""
    DTG = "dtg"
    """Discharge to grid."""
    RBD = "rbd"
    """Restrict battery discharge."""

    @property
    def row(self) -> FamilyRow:
        """What is so of this family and not of all."""
        return _TABLE[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """How a family is read and written.

    Attributes:
        control_member: The member of the battery settings that is its control object (6.3).
        switch_member: The member at their top level that is its switch; None: `enabled` of the control object is.
        has_limit: Whether its entries have a limit (6.8); the cloud echoes 100 for those that have none.
        has_times: Whether its control object has times; elsewhere they are answered with 500.
        has_second_flag: Whether its schedule has a flag of its own (6.3, #634).
        needs_disclaimer: Whether switching it on takes the ITC disclaimer (6.4).
        comes_and_goes: Whether its control object is null while it has no entry (6.3).
    """

    control_member: str
    switch_member: str | None = None
    has_limit: bool = True
    has_times: bool = False
    has_second_flag: bool = False
    needs_disclaimer: bool = False
    comes_and_goes: bool = False

    @property
    def members(self) -> tuple[str, ...]:
        """The members of the battery settings that are about its switch."""
        return (self.control_member,) if self.switch_member is None else (self.switch_member, self.control_member)


_TABLE: Mapping[Family, FamilyRow] = {
    Family.CFG: FamilyRow(
        control_member="cfgControl", switch_member="chargeFromGrid", has_second_flag=True, needs_disclaimer=True
    ),
    Family.DTG: FamilyRow(control_member="dtgControl", has_times=True),
    Family.RBD: FamilyRow(control_member="rbdControl", has_limit=False, comes_and_goes=True),
}
