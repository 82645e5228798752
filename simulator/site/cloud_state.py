"""What the cloud stores about a site."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .entries import Entries, Entry, NoEntryError
from .families import Family
from .profiles import Requested
from .settings import BatterySettings


@dataclass(frozen=True, slots=True, eq=False)
class CloudState:
    """All that the cloud stores about the site; each write makes a new one, which equals no other."""

    settings: BatterySettings = field(default_factory=BatterySettings)
    entries: Entries = ()
    rbd_ever_saved: bool = False
    requested: Requested | None = None
    """The profile change that the gateway has not taken yet."""

    def entry(self, entry_id: str) -> Entry:
        """Return a stored entry; raise NoEntryError."""
        for entry in self.entries:
            if entry.id == entry_id and not entry.deleted:
                return entry
        raise NoEntryError(entry_id)

    def with_entry(self, entry: Entry) -> CloudState:
        """Return the state with an entry added or replaced; the list is ordered by its last write (statement 34)."""
        others = [other for other in self.entries if other.id != entry.id]
        entries = tuple(sorted([*others, entry], key=lambda each: each.revision))
        return replace(self, entries=entries, rbd_ever_saved=self.rbd_ever_saved or entry.family is Family.RBD)

    def without(self, gone: Entries) -> CloudState:
        """Return the state without some entries."""
        ids = {entry.id for entry in gone}
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id not in ids))
