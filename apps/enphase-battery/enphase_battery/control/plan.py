"""Wanted against actual: the fewest steps, in a safe order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .evidence import Evidence
from .names import Control
from .wanted import Wanted
from .wishes import RIVALS


@dataclass(frozen=True, slots=True)
class SwitchStep:
    """Set a control's switch: validate, write, read back.

    Attributes:
        control: Which.
        on: To what.
    """

    control: Control
    on: bool

    def __str__(self) -> str:
        return f"switch {self.control.title} {'on' if self.on else 'off'}"


Step = SwitchStep
"""Every kind of step that a plan may hold."""


def plan(
    wanted: Mapping[Control, Wanted], evidence: Mapping[Control, Evidence], controls: Collection[Control]
) -> tuple[Step, ...]:
    """Return the steps that lead from what the cloud holds to what is wanted; none when it is so already.

    What ends something comes before what begins something, and a charge waits until the discharge that is to end has
    ended, and the reverse.

    Args:
        wanted: What is wanted per control.
        evidence: What is known of every switch. Where it cannot be said what the cloud holds, no step is saved.
        controls: The controls that may be touched now.
    """
    waiting = in_the_way(wanted, evidence)
    steps = [
        SwitchStep(control, one.switch)
        for control, one in wanted.items()
        if control in controls and evidence[control].believed is not one.switch and control not in waiting
    ]
    return tuple(sorted(steps, key=lambda step: step.on))


def in_the_way(wanted: Mapping[Control, Wanted], evidence: Mapping[Control, Evidence]) -> Mapping[Control, Control]:
    """Return the controls that have to wait, each with the rival that is to be off and may still be on."""
    return {
        control: rival
        for control, rival in RIVALS.items()
        if control in wanted
        and wanted[control].switch
        and rival in wanted
        and not wanted[rival].switch
        and not evidence[rival].surely_off
    }
