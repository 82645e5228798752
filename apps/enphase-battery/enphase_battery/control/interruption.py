"""What a flip ended, so that flipping back undoes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..store.decoding import as_instant, as_mapping, as_text, each
from .intent import Intent


@dataclass(frozen=True, slots=True)
class Interruption:
    """What a flip ended, kept so that flipping back before ``until`` undoes it (f).

    Attributes:
        flipped_to: The value of the flip.
        standing: The standing wish before the flip; None when none was known yet.
        commands: Commands that the flip ended, of this control and of its rival.
        skipped: Keys of the occurrences that the flip ended.
        until: Instant (aware, UTC) at which the ended timed wish would have ended by itself.
    """

    flipped_to: bool
    standing: Intent | None
    commands: tuple[Intent, ...]
    skipped: tuple[str, ...]
    until: datetime

    def to_json(self) -> dict[str, object]:
        """Return the interruption as the store keeps it."""
        return {
            "flipped_to": self.flipped_to,
            "standing": self.standing.to_json() if self.standing else None,
            "commands": [command.to_json() for command in self.commands],
            "skipped": list(self.skipped),
            "until": self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, value: object) -> Interruption:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        standing = data["standing"]
        return cls(
            flipped_to=data["flipped_to"] is True,
            standing=None if standing is None else Intent.from_json(standing),
            commands=each(Intent.from_json, data["commands"]),
            skipped=each(as_text, data["skipped"]),
            until=as_instant(data["until"]),
        )
