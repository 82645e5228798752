"""What is wanted now of every control, with the wishes of all controls held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .intent import Intent, Source
from .names import Control
from .windows import Occurrence
from .wishes import RIVALS, Book


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of one control now.

    Attributes:
        intent: The wish that rules; its ``on`` is what the toggle shows.
        held_back_by: The wish of another control that this one has to wait for; None when it can be carried out.
    """

    intent: Intent
    held_back_by: Intent | None = None

    @property
    def switch(self) -> bool:
        """What the family's switch in the cloud is to be now."""
        return self.intent.on and self.held_back_by is None

    @property
    def key(self) -> str:
        """Identity of what has to be done: another one whenever another verdict is needed."""
        return f"{self.intent.key}={'on' if self.switch else 'off'}"


def resolve(book: Book, running: Sequence[Occurrence], now: datetime) -> Mapping[Control, Wanted]:
    """Return what is wanted now of every control of which anything is known.

    A timed charge and a timed or standing discharge cannot stand beside each other; of two, the lower rank is held
    back, inside a rank the older (h). Standing switches are independent of each other.

    Args:
        book: The wishes.
        running: The occurrences whose time it is at ``now``.
        now: The current instant (aware).
    """
    tops = {control: top for control in Control if (top := book.top(control, running, now)) is not None}
    return {control: Wanted(intent, _obstacle(intent, tops)) for control, intent in tops.items()}


def _obstacle(intent: Intent, tops: Mapping[Control, Intent]) -> Intent | None:
    """Return the rival's wish that outranks this one; None when nothing stands against it."""
    rival = tops.get(RIVALS[intent.control]) if intent.control in RIVALS else None
    if rival is None or not (intent.on and rival.on) or not (intent.timed or rival.timed):
        return None
    return rival if _rank(rival) > _rank(intent) else None


def _rank(intent: Intent) -> tuple[int, datetime, str]:
    """Order of the wishes: command, window, standing wish; then the newer; the name only breaks a tie."""
    layer = 0 if not intent.timed else 1 if intent.source is Source.WINDOW else 2
    return (layer, intent.since, intent.control.value)
