"""The owner with the Enphase app in hand, and what must be left as the owner made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from simulator import Simulator
from simulator.site.profiles import ProfileChange

from .entries import body, line

_PENDING = " pending"


@dataclass(slots=True)
class Phone:
    """Makes, edits and deletes schedule entries, and remembers each entry as it was left.

    Attributes:
        cloud: The simulated cloud.
        left: The entries of the owner by id, as JSON without the status, which is the gateway's.
        vanish: When the cloud forgets those that nobody applies.
    """

    cloud: Simulator
    left: dict[str, str] = field(default_factory=dict)
    vanish: dict[str, datetime] = field(default_factory=dict)

    def settings(self, settings: Mapping[str, Any]) -> None:
        """Write battery settings, which may apply what was left pending."""
        self.cloud.act_as_app(settings=dict(settings))
        self.vanish.clear()

    def profile(self, profile: str) -> None:
        """Choose a profile."""
        self.cloud.world.site.request_profile(ProfileChange(profile))

    def add(self, entry: str) -> None:
        """Make an entry; one that is `pending` is not applied."""
        created = self.cloud.act_as_app(create=body(entry), applied=not entry.endswith(_PENDING))
        assert created is not None
        self._remember(created, entry)

    def edit(self, pattern: str, entry: str) -> None:
        """Rewrite the entry whose line fits the pattern; it is the owner's from then on."""
        one = self._find(pattern)
        self.cloud.act_as_app(update=(one, body(entry)), applied=not entry.endswith(_PENDING))
        self._remember(one, entry)

    def delete(self, pattern: str) -> None:
        """Delete the entry whose line fits the pattern."""
        one = self._find(pattern)
        self.cloud.act_as_app(delete=one)
        self.left.pop(one, None)

    def entries(self, *, own: bool) -> list[str]:
        """Return the lines of the app's own entries in the cloud, or of the owner's, in the order of the alphabet."""
        listed = {one: entry for one, entry in self._listed().items() if not entry["isDeleted"]}
        return sorted(line(entry) for one, entry in listed.items() if (one not in self.left) is own)

    def check(self, now: datetime) -> None:
        """Assert that every entry of the owner is byte for byte as it was left."""
        listed = self._listed()
        for one, document in self.left.items():
            forgotten = one in self.vanish and now >= self.vanish[one]
            assert (one in listed) is not forgotten, f"an entry of the owner's is gone, or was applied: {document}"
            assert forgotten or _bytes(listed[one]) == document, f"an entry of the owner's was changed: {document}"

    def _remember(self, one: str, entry: str) -> None:
        self.left[one] = _bytes(self._listed()[one])
        self.vanish.pop(one, None)
        if entry.endswith(_PENDING):
            model: Any = self.cloud.model()
            self.vanish[one] = self.cloud.world.clock.now() + timedelta(seconds=model["switches"]["pending_ttl"])

    def _find(self, pattern: str) -> str:
        fitting = [one for one, entry in self._listed().items() if fnmatchcase(line(entry), pattern)]
        assert len(fitting) == 1, f"{len(fitting)} entries fit {pattern!r}: {self._listed().values()}"
        return fitting[0]

    def _listed(self) -> dict[str, dict[str, Any]]:
        model: Any = self.cloud.model()
        return {entry["scheduleId"]: entry for entry in model["cloud"]["schedules"]}


def _bytes(entry: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in entry.items() if key != "scheduleStatus"}, sort_keys=True)
