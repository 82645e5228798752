"""Keeps Home Assistant's toggles and entities in step with the app, and takes flips from it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from ..control.names import Control
from .assistant import Assistant
from .entities import Entity
from .toggles import Toggles


@dataclass(frozen=True, slots=True)
class View:
    """What is to be shown now: a value per toggle, and the entities."""

    toggles: Mapping[Control, bool]
    entities: tuple[Entity, ...]


class Display:
    """Shows the newest view; views that came while it was busy are skipped.

    Args:
        assistant: Home Assistant.
        toggles: The toggles.
        view: Returns what is to be shown now.
        noted: Is called when what was seen of the toggles changed, to store it.
        spawn: Runs a coroutine as a task of the app.
    """

    def __init__(
        self,
        assistant: Assistant,
        toggles: Toggles,
        *,
        view: Callable[[], View],
        noted: Callable[[], None],
        spawn: Callable[[Coroutine[object, object, None]], object],
    ) -> None:
        self._assistant = assistant
        self._toggles = toggles
        self._view = view
        self._noted = noted
        self._spawn = spawn
        self._published: dict[str, Entity] = {}
        self._stale = False
        self._busy = False

    def changed(self, *, again: bool = False) -> None:
        """Show the newest view soon. ``again``: publish every entity, also an unchanged one."""
        if again:
            self._published.clear()
        self._stale = True
        if not self._busy:
            self._busy = True
            self._spawn(self._show())

    async def _show(self) -> None:
        try:
            while self._stale:
                self._stale = False
                view = self._view()
                for control, on in self._toggles.to_set(view.toggles).items():
                    await self._set(control, on)
                for entity in view.entities:
                    if self._published.get(entity.entity_id) != entity and await self._assistant.publish(entity):
                        self._published[entity.entity_id] = entity
        finally:
            self._busy = False

    async def _set(self, control: Control, on: bool) -> None:
        """Set one toggle; the expected value is noted first, because its event comes before the call returns."""
        before = self._toggles.seen.get(control)
        self._toggles.seen[control] = on
        if await self._assistant.turn(self._toggles.entity_ids[control], on):
            self._toggles.asked.pop(control, None)
        else:
            self._toggles.asked[control] = on
            if before is None:
                self._toggles.seen.pop(control)
            else:
                self._toggles.seen[control] = before
        self._noted()
