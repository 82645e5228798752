"""Home Assistant through AppDaemon, with AppDaemon's traps closed in one place."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appdaemon.plugins.hass.hassapi import Hass

from .entities import Entity
from .internals import Internals, NotOffered, appdaemon_version
from .scan import scan_remark

NOT_OFFERED = "not_offered"
"""The refusal of a command that AppDaemon has no way to send."""


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
        found, user = _mapping(data.get("context")), _mapping(data.get("context")).get("user_id")
        return cls(str(data.get("state")), found.get("parent_id") is not None, user if isinstance(user, str) else None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What Home Assistant answers to a websocket command.

    Attributes:
        result: The result, as JSON.
        refusal: Home Assistant's code for why it refused, such as `not_found`, or NOT_OFFERED; empty when it did not.
    """

    result: object
    refusal: str


async def settled(call: object) -> Any:
    """Return the result of an AppDaemon call, which in the event loop is a task, although it is typed as its result."""
    return await call if inspect.isawaitable(call) else call


class Assistant:
    """What the app asks of Home Assistant.

    No method raises when Home Assistant is away: AppDaemon then builds a new instance of the app anyway.

    Args:
        app: The AppDaemon app.
        internals: What the app uses of AppDaemon beside its API.
        logger: Where trouble is told.
    """

    def __init__(self, app: Hass, internals: Internals, logger: logging.Logger) -> None:
        self._app = app
        self._internals = internals
        self._logger = logger
        self.own_user: str | None = None

    @property
    def zone(self) -> tzinfo:
        """AppDaemon's time zone, which is Home Assistant's."""
        return self._internals.zone()

    def scan_remark(self) -> str:
        """Return what there is to say of AppDaemon's look at the app's files; empty when there is nothing."""
        return scan_remark(self._internals.watched_files(), appdaemon_version())

    async def states(self) -> Mapping[str, State] | None:
        """Ask Home Assistant itself, not AppDaemon's cache, for all states; None when it does not answer."""
        try:
            states = await self._internals.states()
        except Exception as error:  # noqa: BLE001  # as in _call()
            self._logger.debug("asking for all states: %s", type(error).__name__)
            return None
        if states is None:
            return None
        return {entity_id: State.parse(data) for entity_id, data in states.items() if isinstance(data, Mapping)}

    async def turn(self, entity_id: str, on: bool) -> bool:
        """Set an `input_boolean`; False when Home Assistant did not do it."""
        result = await self._call(f"input_boolean/turn_{'on' if on else 'off'}", entity_id=entity_id)
        if result is None:
            return False
        user = _mapping(_mapping(result.get("result")).get("context")).get("user_id")
        self.own_user = user if user and isinstance(user, str) else self.own_user
        return True

    async def find_own_user(self) -> None:
        """Ask whose token AppDaemon has. Where Home Assistant does not say, the answer to a service call may."""
        reply = await self.ask("auth/current_user")
        if reply is not None and isinstance(reply.result, Mapping):
            self.own_user = str(reply.result.get("id") or "") or self.own_user

    async def ask(self, command: str, **fields: str) -> Reply | None:
        """Send a command over the websocket; None when Home Assistant does not answer.

        Args:
            command: Its `type`, such as `input_boolean/list`.
            fields: The rest of it.
        """
        try:
            answer = await self._internals.websocket(command, fields)
        except NotOffered:
            return Reply(None, NOT_OFFERED)
        except Exception as error:  # noqa: BLE001  # as in _call()
            self._logger.debug("%s: %s", command, type(error).__name__)
            return None
        if not isinstance(answer, Mapping) or not ("result" in answer or "error" in answer):
            return None
        refused = answer.get("error")
        return Reply(answer.get("result"), str(_mapping(refused).get("code") or "unknown") if refused else "")

    async def notice(self, notice_id: str) -> bool | None:
        """Return whether a persistent notification stands; None for no answer."""
        reply = await self.ask("persistent_notification/get")
        if reply is None:
            return None
        notices = reply.result if isinstance(reply.result, list) else ()
        return any(_mapping(one).get("notification_id") == notice_id for one in notices)

    async def notify(self, notice_id: str, title: str, message: str) -> bool:
        """Show a persistent notification in place of the one with the same id; False when it was not taken."""
        service = "persistent_notification/create"
        return await self._call(service, notification_id=notice_id, title=title, message=message) is not None

    async def dismiss(self, notice_id: str) -> bool:
        """Take a persistent notification away, if it is there; False when Home Assistant did not do it."""
        return await self._call("persistent_notification/dismiss", notification_id=notice_id) is not None

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
        except Exception as error:  # noqa: BLE001  # as in _call()
            self._logger.debug("publishing %s: %s", entity.entity_id, type(error).__name__)
            return False
        return True

    async def fire(self, event: str, data: Mapping[str, Any]) -> bool:
        """Fire an event; False when Home Assistant did not take it."""
        try:
            await settled(self._app.fire_event(event, **data))
        except Exception as error:  # noqa: BLE001  # as in _call()
            self._logger.debug("firing %s: %s", event, type(error).__name__)
            return False
        return True

    async def _call(self, service: str, **data: Any) -> Mapping[str, Any] | None:
        """Call a service; return Home Assistant's answer, None when it did not do it."""
        try:
            result = await settled(self._app.call_service(service, **data))
        except Exception as error:  # noqa: BLE001  # AppDaemon raises errors of its own that differ from release to release
            self._logger.debug("%s: %s", service, type(error).__name__)
            return None
        return result if isinstance(result, Mapping) and result.get("success") else None


def _mapping(value: object) -> Mapping[str, Any]:
    """Return an object of Home Assistant's JSON; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}
