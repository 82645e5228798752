"""What is done next after a reply: one table of rules, values in and a value out (2.7, 2.8, section 5, 9.2).

A refusal has three causes that look alike: the session is dead, the XSRF token is old, or the headers have the wrong
shape. Each has its cure, and each cure its price; the cheapest that can be right comes first, and none comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from .reply import Refusal

if TYPE_CHECKING:
    from .shapes import Shape


class Step(Enum):
    """What is done next."""

    ANSWER = auto()
    """The reply is the answer."""
    FRESH_XSRF = auto()
    """Fetch a fresh XSRF token, and repeat."""
    ASK = auto()
    """Find out whether the session lives, which costs one cheap request; if not, sign in and repeat."""
    CLIMB = auto()
    """Try the next shape of headers."""
    SIGN_IN = auto()
    """Sign in anew although the session lives, and repeat: a cookie may have ended that no token brings back."""
    GIVE_UP = auto()
    """The refusal stands."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is known about a request that was refused.

    Attributes:
        xsrf: It carries an XSRF token, which may be old.
        optional: The site may do without the endpoint: nothing but a fresh XSRF token is spent on it.
        given_up: The endpoint refused everything within the last 24 hours: no login or climb for it (2.7).
        lives: The session is known to live.
        shapes: Shapes of headers that were not tried yet.
        taken: Steps that were taken.
    """

    xsrf: bool
    optional: bool = False
    given_up: bool = False
    lives: bool = False
    shapes: tuple[Shape, ...] = ()
    taken: frozenset[Step] = frozenset()

    def after(self, step: Step) -> Case:
        """The case once a step was taken."""
        return replace(self, taken=self.taken | {step})


def next_step(refusal: Refusal | None, case: Case) -> Step:
    """What is done next.

    Args:
        refusal: What kind of refusal the reply is; None: none.
        case: What is known.
    """
    if refusal is None:
        return Step.ANSWER
    forbidden = refusal is Refusal.FORBIDDEN
    if case.optional and forbidden and case.given_up:
        return Step.GIVE_UP
    untried = [
        (Step.FRESH_XSRF, forbidden and case.xsrf),
        (Step.GIVE_UP, forbidden and case.optional),
        (Step.ASK, not case.lives),
        (Step.GIVE_UP, case.given_up or case.optional),
        (Step.CLIMB, case.lives and bool(case.shapes)),
        (Step.SIGN_IN, True),
    ]
    return next(
        (step for step, fits in untried if fits and (step is Step.CLIMB or step not in case.taken)), Step.GIVE_UP
    )
