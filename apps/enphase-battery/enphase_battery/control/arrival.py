"""What the cloud has taken and the gateway does not report yet: since when, and how long that is waited for (15.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .controls import Control
from .evidence import Evidence
from .site_state import SiteState, Switches

PATIENCE = timedelta(minutes=30)
"""After the first report of the gateway that could have shown it, a change has to have arrived (rule (n))."""

_SOONEST, _LATEST = timedelta(minutes=2), timedelta(hours=1)
"""Bounds of the time between two looks: a site reports within 5 to 15 minutes, and polls look, too."""

_SHARE = 4
"""A look comes when what is waited for has taken a quarter longer."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A switch of the app's own on its way to the gateway.

    Attributes:
        on: What it is to be.
        since: Instant (aware, UTC) of the write.
        reported_at: Instant (aware, UTC) of the gateway's first report after it; None as long as there is none.
    """

    on: bool
    since: datetime
    reported_at: datetime | None = None

    def is_overdue(self, now: datetime, patience: timedelta = PATIENCE) -> bool:
        """Return whether it should long have arrived; without a report of the gateway nothing can have."""
        return self.reported_at is not None and now - self.reported_at >= patience

    def next_look(self, now: datetime) -> datetime:
        """Return when a read may show it: less and less often the longer it takes."""
        return now + min(max((now - self.since) / _SHARE, _SOONEST), _LATEST)


def arriving(
    before: Mapping[Control, Arrival], evidence: Mapping[Control, Evidence], state: SiteState
) -> dict[Control, Arrival]:
    """Return what is on its way after a read; what somebody else sends there is not the app's, and left out.

    Args:
        before: What was on its way before it.
        evidence: What is known of every switch after it.
        state: What was read.
    """
    switches, report = state.switches, state.storage.last_report if state.storage else None
    found: dict[Control, Arrival] = {}
    if switches is None:
        return found
    for control, one in evidence.items():
        sent = _sent(control, one, switches)
        if sent is None:
            continue
        last = before.get(control)
        if last is None or (last.on, last.since) != (sent.on, sent.since):
            last = sent
        if last.reported_at is None and report is not None and report > last.since:
            last = replace(last, reported_at=report)
        found[control] = last
    return found


def _sent(control: Control, evidence: Evidence, switches: Switches) -> Arrival | None:
    """Return what the app sent to the gateway and no read has shown yet; None where there is nothing."""
    write = evidence.unproven
    if not switches.is_pending or write is None or not write.answered:
        return None
    return Arrival(write.value, write.at) if switches.requested.get(control, write.value) is write.value else None
