"""Home Assistant through AppDaemon, with AppDaemon's traps closed in one place."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appdaemon.plugins.hass.hassapi import Hass

from .entities import Entity


@dataclass(frozen=True, slots=True)
class State:
    """The state of an entity as Home Assistant holds it.

    Attributes:
        value: The state.
        parent: Whether the change was made by an automation or script.
        user: Id of the user who made the change, if any.
    """

    value: str
    parent: bool
    user: str | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> State:
        """Read one state object of Home Assistant's API."""
        context = data.get("context") or {}
        return cls(str(data.get("state")), context.get("parent_id") is not None, context.get("user_id"))


async def settled(call: object) -> Any:
    """Return the result of an AppDaemon call, which in the event loop is a task, although it is typed as its result."""
    return await call if inspect.isawaitable(call) else call


class Assistant:
    """What the app asks of Home Assistant.

    No method raises when Home Assistant is away: AppDaemon then builds a new instance of the app anyway.

    Args:
        app: The AppDaemon app.
        logger: Where trouble is told.
    """

    def __init__(self, app: Hass, logger: logging.Logger) -> None:
        self._app = app
        self._logger = logger
        self.own_user: str | None = None

    async def states(self) -> Mapping[str, State] | None:
        """Ask Home Assistant itself, not AppDaemon's cache, for all states; None when it does not answer."""
        plugin: Any = self._app.AD.plugins.get_plugin_object(self._app.namespace)
        try:
            states = await plugin.get_complete_state() if plugin else None
        except Exception as error:  # noqa: BLE001  # as in turn()
            self._logger.debug("asking for all states: %s", type(error).__name__)
            return None
        if states is None:
            return None
        return {entity_id: State.parse(data) for entity_id, data in states.items()}

    async def turn(self, entity_id: str, on: bool) -> bool:
        """Set an `input_boolean`; False when Home Assistant did not do it."""
        service = f"input_boolean/turn_{'on' if on else 'off'}"
        try:
            result = await settled(self._app.call_service(service, entity_id=entity_id))
        except Exception as error:  # noqa: BLE001  # AppDaemon raises errors of its own that differ from release to release
            self._logger.debug("%s of %s: %s", service, entity_id, type(error).__name__)
            return False
        if not isinstance(result, Mapping) or not result.get("success"):
            return False
        context = (result.get("result") or {}).get("context") or {}
        self.own_user = context.get("user_id") or self.own_user
        return True

    async def publish(self, entity: Entity) -> bool:
        """Set the state of one of the app's own entities; False when Home Assistant did not take it."""
        try:
            await settled(
                self._app.set_state(
                    entity.entity_id,
                    state=entity.state,
                    attributes=dict(entity.attributes),
                    replace=True,
                    check_existence=False,  # AppDaemon would warn of every entity that does not exist yet
                )
            )
        except Exception as error:  # noqa: BLE001  # as in turn()
            self._logger.debug("publishing %s: %s", entity.entity_id, type(error).__name__)
            return False
        return True

    async def fire(self, event: str, data: Mapping[str, Any]) -> bool:
        """Fire an event; False when Home Assistant did not take it."""
        try:
            await settled(self._app.fire_event(event, **data))
        except Exception as error:  # noqa: BLE001  # as in turn()
            self._logger.debug("firing %s: %s", event, type(error).__name__)
            return False
        return True
