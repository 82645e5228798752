"""What the app allows, to its configuration and to itself.

Handed in, as the clock is: tests and measurements crowd into minutes what takes a home days, and subclass the app for
that. Nothing in apps.yaml lifts a limit, and no address does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ..control.holds import MOST_TURNS


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that can be lifted; the default of each is production's.

    Attributes:
        most_turns: Changes of direction per control and hour that are carried out at once; None: any number.
        short_sessions: Sessions that end at once, in a row, after which sign-ins wait; None: any number.
        most_requests: The greatest `requests_per_hour`.
        shortest: How short a duration may be whatever its own least is; None: each keeps its own.
    """

    most_turns: int | None = MOST_TURNS
    short_sessions: int | None = 3
    most_requests: int = 600
    shortest: timedelta | None = None

    def least(self, own: timedelta) -> timedelta:
        """Return the least of a duration whose own least is this."""
        return own if self.shortest is None else min(own, self.shortest)


PRODUCTION = Limits()
"""What everybody has who does not subclass the app."""
