"""What the reconciler asks of the cloud side, and whom it tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ..control.controls import Control
from ..control.entries import Entry, Terms
from ..control.intent import Intent
from ..control.site_state import Habits, SiteState
from ..control.steps import SwitchStep
from ..control.verdict import Verdict
from ..control.wanted import Wanted
from ..enlighten.models import WriteForm


class Site(Protocol):
    """The cloud side as the reconciler needs it. Every method that awaits may raise :class:`EnlightenError`."""

    @property
    def habits(self) -> Habits:
        """What was learnt of how this site's cloud takes writes."""

    def learn(self, habits: Habits) -> None:
        """Remember what was learnt, also over a restart."""

    def cloud_now(self) -> datetime:
        """Return the current instant by the cloud's clock (aware, UTC), as far as its answers tell."""

    @property
    def clock_skew(self) -> timedelta:
        """The cloud's clock minus the own, as far as its answers agree on it."""

    async def read_all(self) -> SiteState:
        """Read everything that a poll reads."""

    async def read_for_wish(self, *, urgent: bool) -> SiteState:
        """Read what a wish depends on: the switches, and the entries where there are any. Leaves the battery out.

        ``urgent``: it may use the part of the request budget that is kept for wishes.
        """

    async def read_entries(self, *, urgent: bool) -> tuple[Entry, ...]:
        """Read the entries alone. Raises also where there is no list of them."""

    async def read_switches(self, *, urgent: bool) -> SiteState:
        """Read the switches alone; the entries are those that were read last."""

    def forms(self, step: SwitchStep) -> Sequence[WriteForm]:
        """Return the ways to take a step, the one that worked last first."""

    def remember(self, step: SwitchStep, form: WriteForm) -> None:
        """Note which form worked."""

    async def validate(self, step: SwitchStep, form: WriteForm) -> None:
        """Announce a write, as the cloud wants it. Raises Refused when the cloud will not have it."""

    async def write(self, step: SwitchStep, form: WriteForm, written: Mapping[Control, bool]) -> None:
        """Write a switch. ``written`` is what was just written to the others, whatever a late read may show."""

    async def create(self, terms: Terms) -> None:
        """Write a new entry. Raises Conflict when it overlaps with another."""

    async def update(self, schedule_id: str, terms: Terms) -> None:
        """Rewrite an entry in place. Raises Conflict when it overlaps with another."""

    async def delete(self, schedule_id: str) -> None:
        """Delete an entry; one that is gone already is no error."""


class Wishes(Protocol):
    """What is wanted, and what follows from what people do in the Enphase app."""

    def wanted(self) -> Mapping[Control, Wanted]:
        """Return what is wanted now."""

    def forgotten(self) -> Collection[Entry]:
        """Return the entries that the app certainly made before its store was lost; nobody else's may be among them."""

    def seen(self, shown: Mapping[Control, bool], read_at: datetime, forgotten: Collection[Control]) -> None:
        """Hear what counting reads show.

        Args:
            shown: What they show.
            read_at: Instant (aware, UTC), here and below, of the last of them.
            forgotten: The controls of :meth:`forgotten`.
        """

    def flipped_in_cloud(self, control: Control, on: bool, read_at: datetime) -> None:
        """Hear of a change that somebody made in the Enphase app."""

    def unscheduled_in_cloud(self, control: Control, read_at: datetime) -> None:
        """Hear that somebody switched off, in the Enphase app, the schedule of a control that is still on."""

    def joined_in_cloud(self, control: Control, read_at: datetime) -> None:
        """Hear that somebody put an entry of their own into a family that is on for a timed wish."""

    def ended_in_cloud(self, intent: Intent, read_at: datetime, *, edited: bool) -> None:
        """Hear that somebody removed the entry of a wish in the Enphase app, or made it theirs by editing it."""


class Listener(Protocol):
    """Who is told what became of what is wanted."""

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Hear what became of what is wanted of a control."""

    def undecided(self) -> None:
        """Hear that what was said of a control holds no longer."""
