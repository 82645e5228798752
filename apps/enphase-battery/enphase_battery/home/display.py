"""Keeps Home Assistant's toggles and entities in step with the app, and takes flips from it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from ..control.controls import Control
from .assistant import Assistant
from .entities import Entity
from .notices import Concern, Notices
from .toggles import Toggles


@dataclass(frozen=True, slots=True)
class View:
    """What is to be shown now: a value per toggle, the entities, and what a notice is about if that is known yet."""

    toggles: Mapping[Control, bool]
    entities: tuple[Entity, ...]
    concern: Concern | None = None


class Display:
    """Shows the newest view; views that came while it was busy are skipped.

    Args:
        assistant: Home Assistant.
        toggles: The toggles.
        notices: The notification.
        view: Returns what is to be shown now.
        noted: Is called when what was seen of the toggles changed, to store it.
        spawn: Runs a coroutine as a task of the app.
    """

    def __init__(
        self,
        assistant: Assistant,
        toggles: Toggles,
        notices: Notices,
        *,
        view: Callable[[], View],
        noted: Callable[[], None],
        spawn: Callable[[Coroutine[object, object, None]], object],
    ) -> None:
        self._assistant = assistant
        self._toggles = toggles
        self._notices = notices
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
                if view.concern is not None:
                    await self._notices.show(view.concern)
        finally:
            self._busy = False

    async def _set(self, control: Control, on: bool) -> None:
        """Set one toggle."""
        self._toggles.expect(control, on)
        done = await self._assistant.turn(self._toggles.entity_ids[control], on)
        self._toggles.answered(control, on, done=done)
        self._noted()
