"""Keeps an eye on the battery while it is told something: whether the gateway acts, and whether the battery does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..control.controls import Control
from ..control.enforcement import Enforced, Enforcement, enforcement
from ..control.obedience import Watch, goal
from ..control.problem import Problem
from ..reconcile.records import Records
from .resolver import Resolver
from .stored_wishes import StoredWishes


@dataclass(slots=True)
class Watches:
    """One watch per control that the gateway acts on for a wish (rule (p)).

    Attributes:
        wishes: What is wanted.
        resolver: What follows from it.
        records: What was read.
        clock: Returns the current instant (aware, UTC).
    """

    wishes: StoredWishes
    resolver: Resolver
    records: Records
    clock: Callable[[], datetime]
    _watches: dict[Control, Watch] = field(default_factory=dict, init=False)

    def look(self) -> None:
        """Weigh what was read last."""
        now, state, watches = self.clock(), self.records.state, {}
        for control, one in self.wishes.wanted().items():
            is_told = one.intent.on and one.effective and self._by_cloud(control, now).enforced is Enforced.YES
            if state.storage is not None and is_told:
                watch = self._watch(control) or Watch(control, one.intent.key, told_at=now)
                watches[control] = watch.saw(state.storage, goal(state, control, self._local(now)))
        self._watches = watches

    def enforcement(self, control: Control, now: datetime) -> Enforcement:
        """Return whether a control is acted on, by what the cloud shows and by what the battery does.

        Args:
            control: The control.
            now: The current instant (aware, UTC).
        """
        by_cloud, watch = self._by_cloud(control, now), self._watch(control)
        if by_cloud.enforced is not Enforced.YES or watch is None:
            return by_cloud
        return watch.verdict or by_cloud

    def problems(self) -> Iterator[Problem]:
        """Yield what the battery is told and does not, once that is sure."""
        found = (watch.problem for control in self._watches if (watch := self._watch(control)) is not None)
        yield from (problem for problem in found if problem is not None)

    def _watch(self, control: Control) -> Watch | None:
        """Return the watch on a control, unless it is told something else by now."""
        watch, wanted = self._watches.get(control), self.wishes.wanted().get(control)
        return watch if watch is not None and wanted is not None and wanted.intent.key == watch.wish else None

    def _by_cloud(self, control: Control, now: datetime) -> Enforcement:
        return enforcement(self.records.state, control, self._local(now), self.records.evidence[control])

    def _local(self, now: datetime) -> datetime:
        return now.astimezone(self.resolver.windows.local)
