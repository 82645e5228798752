"""All that is so at one moment, as values, before it is put into Home Assistant's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from ..control.controls import Control
from ..control.enforcement import Enforced
from ..control.entries import Terms
from ..control.intent import Source
from ..control.problem import Problem
from ..control.reason import Reason
from ..control.site_state import SiteState, Storage
from ..control.verdict import Outcome
from ..control.windows.window import Occurrence
from ..enlighten.condition import Condition
from ..enlighten.identity import Identity


@dataclass(frozen=True, slots=True)
class ControlReport:
    """All that is said of one control.

    Attributes:
        control: Which.
        shown: The switch by the last read that counted; None while there was none.
        wanted: What is wanted now; None while nothing is known.
        outcome: What became of that; None before the first verdict.
        enforced: Whether the gateway acts on it.
        fail_safe: Whether the cloud itself ends what is forced for a time.
        source: Who wished it.
        reasons: Why it is as it is, what matters most first.
        until: End of the timed wish (aware).
        target_soc: Percent at which it is to stop.
        confirmed_at: Instant (aware) at which it was confirmed.
        last_error: The last thing that failed; None when nothing has.
        last_error_at: Instant (aware) at which that failed.
        window: Name of the window that wishes it; empty when none does.
        held_back: Whether it waits for a wish for another control.
    """

    control: Control
    shown: bool | None
    wanted: bool | None
    outcome: Outcome | None
    enforced: Enforced
    fail_safe: bool
    source: Source | None = None
    reasons: tuple[Reason, ...] = ()
    until: datetime | None = None
    target_soc: int | None = None
    confirmed_at: datetime | None = None
    last_error: Reason | None = None
    last_error_at: datetime | None = None
    window: str = ""
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is so at one moment. Whoever shows or tells anything has it from here.

    Attributes:
        taken_at: The moment (aware).
        condition: How the session stands.
        identity: Site and user; None while they are not known.
        zone: The site's time zone; None while it is not known.
        skew: The cloud's clock minus the own.
        controls: One report per control; none where nothing is wanted, as of a check.
        readable: Whether the last try to read the cloud succeeded; None before the first.
        state: What was read of the site last.
        own: What the app's own entries say.
        foreign: What the others say.
        next_window: The next occurrence of a time-of-use window.
        problems: What is wrong, the most important first.
    """

    taken_at: datetime
    condition: Condition
    identity: Identity | None = None
    zone: tzinfo | None = None
    skew: timedelta = timedelta(0)
    controls: tuple[ControlReport, ...] = ()
    readable: bool | None = None
    state: SiteState = field(default_factory=SiteState)
    own: tuple[Terms, ...] = ()
    foreign: tuple[Terms, ...] = ()
    next_window: Occurrence | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def storage(self) -> Storage | None:
        """The battery; None while it could not be read."""
        return self.state.storage
