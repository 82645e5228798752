"""What the coordinator asks of Home Assistant and of the cloud side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..control.controls import Control
from ..control.verdict import Verdict
from ..reconcile.ports import Site
from .results import Result


class HomeAssistant(Protocol):
    """Home Assistant as the coordinator needs it."""

    async def answer(self, result: Result) -> bool:
        """Fire one result event; False when Home Assistant did not take it."""

    def changed(self, *, again: bool = False) -> None:
        """Hear that something shown may have changed. ``again``: publish it also when unchanged."""

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Hear what became of what is wanted of a control."""

    def diagnosis(self) -> Mapping[str, object]:
        """Return the redacted report of `diagnose`, as JSON."""


class Cloud(Site, Protocol):
    """The cloud side as the coordinator needs it."""

    @property
    def time_zone(self) -> str | None:
        """IANA name of the site's zone, as soon as it is known."""

    async def refresh(self, *, by_hand: bool = False) -> None:
        """Refresh the token; ``by_hand``: a person asks for it. Raises EnlightenError."""

    async def submit_code(self, code: str) -> None:
        """Complete a sign-in with the code of the second factor. Raises EnlightenError."""

    async def resend_code(self) -> None:
        """Have the cloud send another code. Raises EnlightenError."""
