"""What the parts of the app ask of each other: the controller and the reconciler know nothing but these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .answers import Result
from .control.names import Control
from .control.plan import SwitchStep
from .control.site_state import SiteState, Switches
from .control.verdict import Verdict
from .control.wanted import Wanted
from .enlighten.models import WriteForm


class Site(Protocol):
    """The cloud side as the reconciler needs it. Every method may raise :class:`EnlightenError`."""

    def forms(self, step: SwitchStep) -> Sequence[WriteForm]:
        """Return the ways to take a step, the one that worked last first."""

    async def read_switches(self) -> Switches:
        """Read the switches."""

    async def read_all(self) -> SiteState:
        """Read everything that a poll reads."""

    async def validate(self, step: SwitchStep, form: WriteForm) -> None:
        """Announce a write, as the cloud wants it. Raises Refused when the cloud will not have it."""

    async def write(self, step: SwitchStep, form: WriteForm, written: Mapping[Control, bool]) -> None:
        """Write a switch. ``written`` is what was just written to the others, whatever a late read may show."""

    def remember(self, step: SwitchStep, form: WriteForm) -> None:
        """Note which form worked."""


class Wishes(Protocol):
    """Who wishes, and is told what became of it."""

    def wanted(self) -> Mapping[Control, Wanted]:
        """Return what is wanted now."""

    def seen(self, shown: Mapping[Control, bool]) -> None:
        """Hear what counting reads show."""

    def flipped_in_cloud(self, control: Control, on: bool) -> None:
        """Hear of a change that somebody made in the Enphase app."""

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Hear what became of what is wanted of a control."""


class House(Protocol):
    """Home Assistant as the controller needs it."""

    async def answer(self, result: Result) -> bool:
        """Fire one result event; False when Home Assistant did not take it."""

    def changed(self, *, again: bool = False) -> None:
        """Hear that something shown may have changed. ``again``: publish it also when unchanged."""

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Hear what became of what is wanted of a control."""

    def diagnosis(self) -> Mapping[str, object]:
        """Return the redacted report of `diagnose`, as JSON."""


class Cloud(Site, Protocol):
    """The cloud side as the controller needs it."""

    @property
    def time_zone(self) -> str | None:
        """IANA name of the site's zone, as soon as it is known."""

    async def refresh(self) -> None:
        """Refresh the token. Raises EnlightenError."""
