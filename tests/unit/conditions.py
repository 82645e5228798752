"""How a session stands in which all is well, for tests that look at something else."""

from __future__ import annotations

from enphase_battery.enlighten.condition import Condition
from enphase_battery.enlighten.login_guard import LoginGuard
from enphase_battery.enlighten.shapes import Shape
from enphase_battery.enlighten.tokens import TokenStatus

WELL = Condition(
    status=TokenStatus.OK,
    refreshed_at=None,
    expires_at=None,
    session_ends_at=None,
    second_factor=False,
    guard=LoginGuard(),
    requests=14,
    requests_per_hour=120,
    held_until=None,
    reads=Shape.TOKEN_AND_COOKIES,
    writes=Shape.COOKIES,
    mint="/users/self/token",
    refused=(),
    last_error=None,
)
"""Signed in; no token is known."""
