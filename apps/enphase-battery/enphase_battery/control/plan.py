"""Wanted against actual: the fewest steps, in a safe order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .names import Control
from .wanted import Wanted


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
    wanted: Mapping[Control, Wanted], believed: Mapping[Control, bool | None], controls: Collection[Control]
) -> tuple[Step, ...]:
    """Return the steps that lead from what the cloud holds to what is wanted; none when it is so already.

    What ends something comes before what begins something, so that a charge and a discharge never meet.

    Args:
        wanted: What is wanted per control.
        believed: What the cloud most likely holds; None where that cannot be said, so that the step is not saved.
        controls: The controls that may be touched now.
    """
    steps = [
        SwitchStep(control, one.switch)
        for control, one in wanted.items()
        if control in controls and believed.get(control) is not one.switch
    ]
    return tuple(sorted(steps, key=lambda step: step.on))
