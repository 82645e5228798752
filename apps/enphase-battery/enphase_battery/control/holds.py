"""What may not be written at the moment although it is wanted, and why.

Nothing that ends is ever held, unless the cloud takes no writes at all: a forced mode must not last because of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .controls import Control
from .entries import EVERY_DAY
from .plan import DeleteStep, Step, SwitchStep
from .wanted import Wanted

MOST_SKEW = timedelta(minutes=5)
"""By how much the own clock may differ from the cloud's for a timed wish to be begun."""

MOST_TURNS = 6
"""Changes of direction per control and hour that are carried out at once."""

PAUSE = timedelta(minutes=10)
"""How long after the last of them the next one waits."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a step is not taken now.

    Attributes:
        reason: Why, in words.
        hint: What a person can do about it.
        until: Instant (aware, UTC) at which it ends; None when nobody knows.
    """

    reason: str
    hint: str = ""
    until: datetime | None = None


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

    def on(self, step: Step, wanted: Mapping[Control, Wanted], *, is_on: bool) -> Hold | None:
        """Return what holds a step; None when it may be taken.

        Args:
            step: The step.
            wanted: What is wanted of all controls.
            is_on: Whether the step's control is on already: then a write of its switch only applies entries.
        """
        if self.busy:
            return Hold("the cloud is busy with a task of its own and takes no changes")
        if abs(self.skew) > MOST_SKEW and _begins_timed(step, wanted.get(step.control), is_on=is_on):
            return Hold(f"nothing with an end is begun: {clock_fault(self.skew)}", CLOCK_HINT)
        until = self.turns.held_until(step, self.now)
        if until is not None:
            return Hold(f"switched {self.turns.most} times within an hour: waits", until=until)
        return None


CLOCK_HINT = "set the clock of the machine that runs AppDaemon (NTP)"


def clock_fault(skew: timedelta) -> str:
    """Return in words by how much the own clock is wrong.

    Args:
        skew: The cloud's clock minus the own.
    """
    minutes = round(abs(skew) / timedelta(minutes=1))  # a second more or less is no news
    side = "behind" if skew > timedelta(0) else "ahead of"
    return f"this machine's clock is about {minutes} min {side} the cloud's"


def _turns_on(step: Step) -> bool:
    return step.on if isinstance(step, SwitchStep) else not isinstance(step, DeleteStep)


def _begins_timed(step: Step, wanted: Wanted | None, *, is_on: bool) -> bool:
    """Return whether a step begins a wish that has an end."""
    if isinstance(step, SwitchStep):
        return step.on and not is_on and wanted is not None and (wanted.intent.timed or not wanted.intent.on)
    return not isinstance(step, DeleteStep) and step.terms.days != EVERY_DAY
