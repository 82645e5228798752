"""Keeps Home Assistant's toggles, entities and notification in step with the app."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from ..control.controls import Control
from .assistant import Assistant
from .entities import Entity
from .notices import Concern, Notices
from .toggle_watch import ToggleWatch


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
        watch: The toggles; stores what was seen of them.
        notices: The notification.
        spawn: Runs a coroutine as a task of the app.
        logger: Where it is told that something could not be shown.
    """

    def __init__(
        self,
        assistant: Assistant,
        watch: ToggleWatch,
        notices: Notices,
        spawn: Callable[[Coroutine[object, object, None]], object],
        logger: logging.Logger,
    ) -> None:
        self._assistant = assistant
        self._watch = watch
        self._notices = notices
        self._spawn = spawn
        self._logger = logger
        self._published: dict[str, Entity] = {}
        self._newest: Callable[[], View] | None = None
        self._busy = False

    def show(self, view: Callable[[], View], *, again: bool = False) -> None:
        """Show a view soon: it is made when there is time for it, and only if no newer one has come.

        Args:
            view: Makes the view.
            again: Publish every entity, also an unchanged one.
        """
        if again:
            self._published.clear()
        self._newest = view
        if not self._busy:
            self._busy = True
            self._spawn(self._show())

    async def _show(self) -> None:
        try:
            while self._newest is not None:
                make, self._newest = self._newest, None
                view = self._made(make)
                if view is None:
                    continue
                for control, on in self._watch.toggles.to_set(view.toggles).items():
                    await self._set(control, on)
                for entity in view.entities:
                    if self._published.get(entity.entity_id) != entity and await self._assistant.publish(entity):
                        self._published[entity.entity_id] = entity
                if view.concern is not None:
                    await self._notices.show(view.concern)
        finally:
            self._busy = False

    def _made(self, make: Callable[[], View]) -> View | None:
        """Return the view; None where a bug keeps it from being made: it is told, and the next one is tried."""
        try:
            return make()
        except Exception:
            self._logger.exception("What is so could not be shown; please report this")
            return None

    async def _set(self, control: Control, on: bool) -> None:
        """Set one toggle."""
        toggles = self._watch.toggles
        toggles.expect(control, on)
        done = await self._assistant.turn(toggles.entity_ids[control], on)
        toggles.answered(control, on, done=done)
        self._watch.remember()
