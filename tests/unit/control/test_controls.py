"""Controls have a name for people."""

from __future__ import annotations

from enphase_battery.control.controls import Control


def test_each_control_has_a_title() -> None:
    assert [control.title for control in Control] == [
        "charge from grid",
        "discharge to grid",
        "restrict battery discharge",
    ]
