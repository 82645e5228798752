"""What may not be written at the moment although it is wanted, and why.

Nothing that ends is ever held, unless the cloud takes no writes at all: a forced mode must not last because of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .controls import Control
from .entries import EVERY_DAY
from .reason import Kind, Reason, because
from .steps import DeleteStep, Step, SwitchStep
from .wanted import Wanted

MOST_SKEW = timedelta(minutes=5)
"""By how much the own clock may differ from the cloud's for a timed wish to be begun."""

MOST_TURNS = 6
"""Changes of direction per control and hour that are carried out at once."""

PAUSE = timedelta(minutes=10)
"""How long after the last of them the next one waits."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Turns:
    """When each control was last switched over: on or off, by its switch or by an entry.

    Attributes:
        most: How many within an hour are carried out at once; None: any number.
        at: Per control the instants (aware, UTC) of the last hour's changes of direction, oldest first.
        on: Per control the direction of the last one.
    """

    most: int | None = MOST_TURNS
    at: Mapping[Control, tuple[datetime, ...]] = field(default_factory=dict)
    on: Mapping[Control, bool] = field(default_factory=dict)

    def taken(self, step: Step, now: datetime) -> Turns:
        """Return what is known after a step was taken."""
        control, on = step.control, _turns_on(step)
        if self.on.get(control) is on:
            return self
        recent = tuple(each for each in self.at.get(control, ()) if now - _HOUR < each <= now)
        return replace(self, at={**self.at, control: (*recent, now)}, on={**self.on, control: on})

    def held_until(self, step: Step, now: datetime) -> datetime | None:
        """Return until when a step has to wait; None when it need not. What switches off never waits."""
        recent = [each for each in self.at.get(step.control, ()) if now - _HOUR < each <= now]
        if self.most is None or len(recent) < self.most or not _turns_on(step) or self.on.get(step.control):
            return None
        until = recent[-1] + PAUSE
        return until if now < until else None


@dataclass(frozen=True, slots=True)
class Holds:
    """Everything that may hold a step.

    Attributes:
        busy: Whether the cloud is busy with a task of its own (`systemTask`, 6.3): writes should wait.
        skew: The cloud's clock minus the own.
        turns: The latest changes of direction.
        now: The current instant (aware, UTC).
    """

    busy: bool
    skew: timedelta
    turns: Turns
    now: datetime

    def on(self, step: Step, wanted: Mapping[Control, Wanted], *, is_on: bool) -> Reason | None:
        """Return what holds a step; None when it may be taken.

        Args:
            step: The step.
            wanted: What is wanted of all controls.
            is_on: Whether the step's control is on already: then a write of its switch only applies entries.
        """
        if self.busy:
            return because(Kind.CLOUD_BUSY)
        if abs(self.skew) > MOST_SKEW and _begins_timed(step, wanted.get(step.control), is_on=is_on):
            return clock_fault(Kind.CLOCK_TOO_WRONG, self.skew)
        until = self.turns.held_until(step, self.now)
        if until is not None:
            return because(Kind.TOO_MANY_CHANGES, until, most=self.turns.most)
        return None


def clock_fault(kind: Kind, skew: timedelta) -> Reason:
    """Return as a reason by how much the own clock is wrong, in whole minutes: a second more or less is no news."""
    minute = timedelta(minutes=1)
    return because(kind, skew=round(skew / minute) * minute)


def _turns_on(step: Step) -> bool:
    return step.on if isinstance(step, SwitchStep) else not isinstance(step, DeleteStep)


def _begins_timed(step: Step, wanted: Wanted | None, *, is_on: bool) -> bool:
    """Return whether a step begins a wish that has an end."""
    if isinstance(step, SwitchStep):
        return step.on and not is_on and wanted is not None and (wanted.intent.timed or not wanted.intent.on)
    return not isinstance(step, DeleteStep) and step.terms.days != EVERY_DAY
