"""Keeps Home Assistant's toggles, entities and notification in step with the app."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass

from ..control.controls import Control
from .assistant import Assistant
from .entities import UNKNOWN, Entity
from .notices import Concern, Notices
from .toggle_watch import ToggleWatch


@dataclass(frozen=True, slots=True)
class View:
    """What is to be shown now.

    Attributes:
        toggles: A value per toggle.
        entities: By its id what makes each entity.
        concern: What a notice is about; None while that is not known yet.
    """

    toggles: Mapping[Control, bool]
    entities: Mapping[str, Callable[[], Entity]]
    concern: Concern | None = None


class Display:
    """Shows the newest view; views that came while it was busy are skipped.

    What cannot be shown keeps nothing else away: it is told in the log once, and tried again with the next view.

    Args:
        assistant: Home Assistant.
        watch: The toggles; stores what was seen of them.
        notices: The notification.
        spawn: Runs a coroutine as a task of the app.
        logger: Where it is told what cannot be shown.
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
        self._failing: set[str] = set()
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
                toggles = self._watch.toggles
                for control, on in toggles.to_set(view.toggles).items():
                    await self._try(toggles.entity_ids[control], self._set(control, on))
                for entity_id, made in view.entities.items():
                    await self._try(entity_id, self._publish(entity_id, made))
                if view.concern is not None:
                    await self._try("the notification", self._notices.show(view.concern))
        finally:
            self._busy = False

    def _made(self, make: Callable[[], View]) -> View | None:
        """Return the view; None where a bug keeps it from being made: it is told, and the next one is tried."""
        try:
            return make()
        except Exception:
            self._logger.exception("What is so could not be shown; please report this")
            return None

    async def _try(self, what: str, act: Awaitable[object]) -> None:
        """Show one thing; tell once in the log that it cannot be shown."""
        try:
            await act
        except Exception as error:  # noqa: BLE001  # whatever it is, it is about this one thing
            if what not in self._failing:
                self._failing.add(what)
                self._logger.warning("%s cannot be shown (%s)", what, type(error).__name__)
        else:
            self._failing.discard(what)

    async def _publish(self, entity_id: str, make: Callable[[], Entity]) -> None:
        """Publish one entity, if it is new. Where it cannot be made, what it showed before may not be so any more."""
        try:
            entity = make()
        except Exception:
            self._published.pop(entity_id, None)
            await self._assistant.publish(Entity(entity_id, UNKNOWN, {}))
            raise
        if self._published.get(entity.entity_id) != entity and await self._assistant.publish(entity):
            self._published[entity.entity_id] = entity

    async def _set(self, control: Control, on: bool) -> None:
        """Set one toggle."""
        toggles = self._watch.toggles
        toggles.expect(control, on)
        done = await self._assistant.turn(toggles.entity_ids[control], on)
        toggles.answered(control, on, done=done)
        self._watch.remember()
