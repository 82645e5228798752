"""Which form a switch is written in next, and whether the write has to wait after its validation.

Sites differ in what they ignore (10.2, S1, S3 and S4), and an ignored write looks just like one
that is not shown yet. So there is one form at a time: the next one only once the last was refused, or a read late
enough to count has not shown it. What was sent at once after its validation and is not shown is first repeated in the
same form with a pause, which is what some sites want; what comes after it keeps the pause.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..control.controls import Control
from ..control.steps import SwitchStep
from ..enlighten.models import WriteForm


class Worked(NamedTuple):
    """What did it.

    Attributes:
        form: The form.
        by_pause: Whether the same form was ignored before, sent without the pause.
    """

    form: WriteForm
    by_pause: bool


@dataclass(frozen=True, slots=True)
class _Climb:
    """What was tried to take a step.

    Attributes:
        step: The step.
        tried: The forms, oldest first; a repetition is none of its own.
        at_once: Whether the last one was answered, and had been sent without the pause.
        pauses: Whether what is sent from now on has the pause.
        repeats: Whether the next one is the last one again.
        repeated: Whether the last one was such a repetition.
    """

    step: SwitchStep
    tried: tuple[WriteForm, ...] = ()
    at_once: bool = False
    pauses: bool = False
    repeats: bool = False
    repeated: bool = False


@dataclass(slots=True)
class Ladder:
    """The forms tried for the last step of each control.

    Attributes:
        forms: Returns the forms that a step may need, the most promising first.
    """

    forms: Callable[[SwitchStep], Sequence[WriteForm]]
    _climbs: dict[Control, _Climb] = field(default_factory=dict)

    def next(self, step: SwitchStep) -> WriteForm:
        """Return the form to try now; after the last one the first comes again."""
        forms, climb = self.forms(step), self._climb(step)
        if climb.repeats:
            return climb.tried[-1]
        rest = climb.tried[len(climb.tried) // len(forms) * len(forms) :]  # their order may have changed meanwhile
        return next(form for form in forms if form not in rest)

    def pauses(self, step: SwitchStep) -> bool:
        """Return whether it is to be sent only some time after its validation, because one was in vain without that."""
        climb = self._climb(step)
        return climb.pauses or climb.at_once

    def tried(self, step: SwitchStep, form: WriteForm) -> None:
        """Note that a form was tried."""
        climb = self._climb(step)
        forms = climb.tried if climb.repeats else (*climb.tried, form)
        self._climbs[step.control] = _Climb(step, forms, pauses=self.pauses(step), repeated=climb.repeats)

    def answered(self, step: SwitchStep, *, at_once: bool) -> None:
        """Note that the last one was answered with success, and whether it had been sent without the pause."""
        climb = self._climb(step)
        if climb.tried:
            self._climbs[step.control] = replace(climb, at_once=at_once)

    def not_shown(self, step: SwitchStep) -> None:
        """Note that a read that counts does not show the last one: sent at once, it is repeated with the pause."""
        climb = self._climb(step)
        if climb.at_once:
            self._climbs[step.control] = replace(climb, at_once=False, pauses=True, repeats=True)

    def is_at_first(self, step: SwitchStep) -> bool:
        """Return whether no more than one form was tried."""
        return len(self._climb(step).tried) <= 1

    def exhausted(self, step: SwitchStep) -> bool:
        """Return whether every form was tried."""
        climb = self._climb(step)
        return len(climb.tried) >= len(self.forms(step)) and not climb.repeats

    def worked(self, step: SwitchStep) -> Worked | None:
        """Note that a step is done; return what did it, None when it was not written since the app started."""
        climb = self._climbs.pop(step.control, None)
        if climb is None or climb.step != step or not climb.tried:
            return None
        return Worked(climb.tried[-1], by_pause=climb.repeated)

    def _climb(self, step: SwitchStep) -> _Climb:
        climb = self._climbs.get(step.control)
        return climb if climb is not None and climb.step == step else _Climb(step)
