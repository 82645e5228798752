"""What the cloud stores about a site."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .entries import Entries, Entry, NoEntryError
from .families import Family
from .on_its_way import different
from .profiles import Requested
from .settings import BatterySettings
from .storm import Alert


@dataclass(frozen=True, slots=True, eq=False)
class CloudState:
    """All that the cloud stores about the site; each write makes a new one, which equals no other."""

    settings: BatterySettings = field(default_factory=BatterySettings)
    entries: Entries = ()
    rbd_ever_saved: bool = False
    requested: Requested | None = None
    """The profile change that the gateway has not taken yet."""
    reported: BatterySettings | None = None
    """What the gateway last reported, while something is on its way (section 15.1)."""
    on_its_way: frozenset[str] = frozenset()
    """The members that were written, and that no report has shown yet."""
    alert: Alert | None = None
    """The severe-weather alert that is on."""

    @property
    def target(self) -> BatterySettings:
        """The settings with what was last asked for."""
        return self.requested.taken(self.settings) if self.requested else self.settings

    @property
    def readable(self) -> BatterySettings:
        """The settings as the top level of a read shows them: disclaimer and storm guard wait for no report."""
        if self.reported is None:
            return self.settings
        return replace(self.reported, disclaimer=self.settings.disclaimer, storm=self.settings.storm)

    def announced(self, before: CloudState) -> CloudState:
        """Return the state, one write later than `before`, with the members that the write changed on their way."""
        new = different(before.target, self.target)
        return replace(self, reported=before.readable, on_its_way=before.on_its_way | new) if new else self

    def confirmed(self, reported: BatterySettings) -> CloudState:
        """Return the state after a report of the gateway: what it does not have yet stays on its way."""
        left = self.on_its_way & different(reported, self.target)
        return replace(self, reported=reported if left else None, on_its_way=left)

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
