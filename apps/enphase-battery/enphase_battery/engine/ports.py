"""What the coordinator asks of Home Assistant and of the cloud side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..enlighten.condition import Condition
from ..enlighten.identity import Identity
from ..reconcile.ports import Site
from ..words.reasons import When
from .results import Result
from .snapshot import Snapshot


class HomeAssistant(Protocol):
    """Home Assistant as the coordinator needs it."""

    def show(self, snapshot: Callable[[], Snapshot], *, again: bool = False) -> None:
        """Show soon what is so: the snapshot is taken when there is time for it, and only if no newer one is to be.

        Args:
            snapshot: Takes it.
            again: Publish it also where it is unchanged.
        """

    async def fire(self, result: Result, when: When) -> bool:
        """Fire one result event, its instants put into words by ``when``; False when Home Assistant did not take it."""


class Cloud(Site, Protocol):
    """The cloud side as the coordinator needs it."""

    @property
    def time_zone(self) -> str | None:
        """IANA name of the site's zone, as soon as it is known."""

    @property
    def condition(self) -> Condition:
        """How the session stands."""

    @property
    def identity(self) -> Identity | None:
        """Site and user; None while they are not known."""

    async def refresh(self, *, by_hand: bool = False) -> None:
        """Refresh the token; ``by_hand``: a person asks for it. Raises EnlightenError."""

    async def submit_code(self, code: str) -> None:
        """Complete a sign-in with the code of the second factor. Raises EnlightenError."""

    async def resend_code(self) -> None:
        """Have the cloud send another code. Raises EnlightenError."""
