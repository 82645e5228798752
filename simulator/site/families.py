"""The three families of battery control."""

from __future__ import annotations

from enum import Enum


class Family(str, Enum):
    """Charge from grid, discharge to grid, restrict battery discharge; the value is the cloud's upper-case name."""

    CFG = "CFG"
    DTG = "DTG"
    RBD = "RBD"

    key: str
    """The lower-case name, as in the schedule list."""

    def __init__(self, name: str) -> None:
        self.key = name.lower()
