"""The second flag of charge from grid: whether it never came on, or came on and was switched off by a person.

Without `chargeFromGridScheduleEnabled` no entry charges. Most clouds switch it on together with the first flag while an
entry stands; some have to be told (statement 48a), and there the app tells it. A flag
that a read has shown on needs no telling: if it is off later, a person switched it off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..store.decoding import as_instant, as_mapping, as_optional_instant, as_sequence


@dataclass(frozen=True, slots=True)
class SecondFlag:
    """What reads have shown of the flag since the app last changed it, or may have. Every method returns a new object.

    Attributes:
        on_at: Instant (aware, UTC) of the last read that showed it on; None: none has since that change.
        off_since: Instant of the first read that showed it off after that.
        written_at: When the app last wrote the switch of charge from grid, be it only to apply entries.
        told_off: Whether it told the flag to go off then.
    """

    on_at: datetime | None = None
    off_since: datetime | None = None
    written_at: datetime | None = None
    told_off: bool = False

    def writing(self, at: datetime, *, changes: bool, told: bool | None) -> SecondFlag:
        """Note a write of the switch before it is sent.

        Args:
            at: The current instant (aware, UTC).
            changes: Whether it changes the switch, and may change this flag too.
            told: What it tells this flag; None: nothing.
        """
        if changes or told is not None:
            return SecondFlag(written_at=at, told_off=told is False)
        return replace(self, off_since=None, written_at=at)

    def saw(self, on: bool, at: datetime, consistency: timedelta) -> tuple[SecondFlag, bool]:
        """Weigh one read; return also whether it proves that a person switched the flag off.

        As with the switches, two reads apart have to agree, and none within ``consistency`` of an own write counts.
        """
        is_young = self.written_at is not None and at - self.written_at < consistency
        if on:
            return (self if is_young and self.told_off else replace(self, on_at=at, off_since=None)), False
        if self.on_at is None or is_young:
            return self, False
        if self.off_since is None:
            return replace(self, off_since=at), False
        if at - self.off_since < consistency / 2:
            return self, False
        return SecondFlag(written_at=self.written_at), True

    def to_json(self) -> dict[str, object]:
        """Return it as the store keeps it."""
        return {
            "on_at": self.on_at.isoformat() if self.on_at else None,
            "off_since": self.off_since.isoformat() if self.off_since else None,
            "written_at": self.written_at.isoformat() if self.written_at else None,
            "told_off": self.told_off,
        }

    @classmethod
    def from_json(cls, value: object) -> SecondFlag:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        return cls(
            on_at=as_optional_instant(data["on_at"]),
            off_since=as_optional_instant(data["off_since"]),
            written_at=as_optional_instant(data["written_at"]),
            told_off=data["told_off"] is True,
        )


def told_from_json(data: object) -> tuple[bool, datetime]:
    """Read back what the flag was last told, and when. Raises ValueError, KeyError or TypeError on anything else."""
    on, at = as_sequence(data)
    return on is True, as_instant(at)
