"""The steps that a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass

from .controls import Control
from .entries import Terms
from .reason import Kind, Reason, because


@dataclass(frozen=True, slots=True)
class SwitchStep:
    """Set a control's switch, which also applies the entries of its family: validate, write, read back.

    Attributes:
        control: Which.
        on: To what.
        schedule: The second flag of charge from grid that goes along; None: it is not mentioned.
    """

    control: Control
    on: bool
    schedule: bool | None = None

    def described(self) -> Reason:
        """Return what it does."""
        return because(Kind.SWITCH_STEP, control=self.control, on=self.on, schedule=self.schedule)


class _EntryStep:
    """What the steps that write an entry have in common."""

    __slots__ = ()
    terms: Terms

    @property
    def control(self) -> Control:
        """The control that the entry is for."""
        return self.terms.control


@dataclass(frozen=True, slots=True)
class CreateStep(_EntryStep):
    """Write a new entry."""

    terms: Terms

    def described(self) -> Reason:
        """Return what it does."""
        return because(Kind.CREATE_STEP, entry=self.terms)


@dataclass(frozen=True, slots=True)
class UpdateStep(_EntryStep):
    """Rewrite an owned entry in place."""

    schedule_id: str
    terms: Terms

    def described(self) -> Reason:
        """Return what it does."""
        return because(Kind.UPDATE_STEP, entry=self.terms)


@dataclass(frozen=True, slots=True)
class DeleteStep(_EntryStep):
    """Delete an owned entry."""

    schedule_id: str
    terms: Terms

    def described(self) -> Reason:
        """Return what it does."""
        return because(Kind.DELETE_STEP, entry=self.terms)


Step = SwitchStep | CreateStep | UpdateStep | DeleteStep
"""Every kind of step that a plan may hold."""


def is_end(step: Step) -> bool:
    """Return whether a step ends something, and begins nothing."""
    return isinstance(step, DeleteStep) or (isinstance(step, SwitchStep) and not step.on)
