"""Schedule entries as the cloud stores them: pending until applied, then on their way, then active."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .families import Family
from .windows import Window


class ConflictError(Exception):
    """A window overlaps a stored one; `family` is the other's."""

    def __init__(self, family: Family) -> None:
        super().__init__(f"overlaps a window of {family.value}")
        self.family = family


class NoEntryError(Exception):
    """There is no entry with this id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored entry.

    `window` is what was last written; `in_force` what was last applied, which the gateway keeps until the next apply
    (statement 45). `created_at` and `updated_at` are read from the cloud's own clock, `written_at` is the true time of
    the last write. `revision` counts all writes of the site and orders the list where two share a millisecond (34).
    """

    id: str
    window: Window
    created_at: datetime
    updated_at: datetime
    created_by: int
    updated_by: int
    written_at: datetime
    revision: int
    in_force: Window | None = None
    applied: bool = False
    active: bool = False
    deleted: bool = False

    @property
    def family(self) -> Family:
        """The family, which no write can change."""
        return self.window.family

    @property
    def status(self) -> str:
        """`active` once the gateway has what was last written, else `pending`."""
        return "active" if self.active else "pending"

    def rewritten(self, window: Window, stamp: datetime, user: int, now: datetime, revision: int) -> Entry:
        """Return the entry with new contents: pending again, the old window still in force (statement 45)."""
        written = replace(self, window=window, updated_at=stamp, updated_by=user, written_at=now, revision=revision)
        return replace(written, applied=False, active=False)

    def committed(self) -> Entry:
        """Return the entry as an apply leaves it: on its way to the gateway."""
        return replace(self, in_force=self.window, applied=True)


Entries = tuple[Entry, ...]


def conflict(entries: Entries, window: Window, *, but: str, touching_ok: bool) -> Family | None:
    """Return the family of a stored entry that `window` overlaps: any family, any state (statements 63, 65)."""
    for entry in entries:
        if entry.id != but and not entry.deleted and entry.window.overlaps(window, touching_ok=touching_ok):
            return entry.family
    return None


def expired(entries: Entries, now: datetime, ttl: float) -> Entries:
    """Return the entries that nobody applied in time (statement 44)."""
    return tuple(entry for entry in entries if is_unapplied(entry) and entry.written_at + timedelta(seconds=ttl) <= now)


def is_unapplied(entry: Entry) -> bool:
    """Tell whether the entry's last write still waits for an apply."""
    return not entry.applied and not entry.deleted
