"""Which form a switch is written in next.

Sites differ in what they ignore (10.2, S3 and S4), and an ignored write looks just like one
that is not shown yet. So there is one form at a time: the next one only once the last was refused, or a read late
enough to count has not shown it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..control.controls import Control
from ..control.steps import SwitchStep
from ..enlighten.models import WriteForm


@dataclass(frozen=True, slots=True)
class _Climb:
    """What was tried to take a step: the forms, oldest first."""

    step: SwitchStep
    tried: tuple[WriteForm, ...] = ()


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
        forms = self.forms(step)
        return forms[len(self._climb(step).tried) % len(forms)]

    def tried(self, step: SwitchStep, form: WriteForm) -> None:
        """Note that a form was tried."""
        self._climbs[step.control] = _Climb(step, (*self._climb(step).tried, form))

    def is_at_first(self, step: SwitchStep) -> bool:
        """Return whether no more than one form was tried."""
        return len(self._climb(step).tried) <= 1

    def exhausted(self, step: SwitchStep) -> bool:
        """Return whether every form was tried."""
        return len(self._climb(step).tried) >= len(self.forms(step))

    def worked(self, step: SwitchStep) -> WriteForm | None:
        """Note that a step is done; return the form that did it, None when it was not written since the app started."""
        climb = self._climbs.pop(step.control, None)
        return climb.tried[-1] if climb is not None and climb.step == step and climb.tried else None

    def _climb(self, step: SwitchStep) -> _Climb:
        climb = self._climbs.get(step.control)
        return climb if climb is not None and climb.step == step else _Climb(step)
