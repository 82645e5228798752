"""Reasons and problems in words, as tests read them: instants in UTC."""

from __future__ import annotations

from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, Reason, because
from enphase_battery.words import reasons


def said(reason: Reason | None) -> str:
    """Return a reason in words; empty when there is none."""
    return "" if reason is None else reasons.sentence(reason)


def advice(reason: Reason | None) -> str:
    """Return what a person can do about it; empty when nothing."""
    return "" if reason is None else reasons.hint(reason)


def told(problem: Problem) -> str:
    """Return in words what is wrong."""
    return reasons.problem(problem)


def some(detail: str) -> Reason:
    """Return a reason that says just this."""
    return because(Kind.REFUSED, detail=detail)
