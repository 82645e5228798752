"""AppDaemon plugin that stands in for Home Assistant: no network, keeps states, records calls and events."""

from __future__ import annotations

import copy
from typing import Any

from appdaemon.plugin_management import PluginBase

from tests.lab.helper_desk import HelperDesk

APP_USER = "user of appdaemon"
SERVICES = (
    *(("input_boolean", service) for service in ("turn_on", "turn_off")),
    *(("persistent_notification", service) for service in ("create", "dismiss")),
)

State = dict[str, Any]


class FakeHomeAssistant(PluginBase):
    """What the app sees of Home Assistant.

    Attributes:
        states: Every entity as Home Assistant's API shows it.
        calls: Services called by apps, with their data.
        events: Events fired by apps, with their data.
        published: Entity ids in the order in which apps set them.
        notices: The messages of the persistent notifications, by their ids.
        desk: Where helpers are made.
        slow: Whether it lets services wait, until AppDaemon waits no longer, and does them when it catches up.
    """

    first_time = True

    def __init__(self, ad: Any, name: str, config: Any) -> None:
        super().__init__(ad, name, config)
        self.states: dict[str, State] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.published: list[str] = []
        self.notices: dict[str, str] = {}
        self.desk = HelperDesk(self.show)
        self.up = False
        self.slow = False
        self._waiting: list[tuple[str, str, dict[str, Any]]] = []

    # -- what AppDaemon asks of a plugin ------------------------------------------------------------------------------

    async def get_updates(self) -> None:
        await self.come_up()

    async def get_complete_state(self) -> dict[str, State] | None:
        return copy.deepcopy(self.states) if self.up else None

    async def call_plugin_service(self, namespace: str, domain: str, service: str, **data: Any) -> Any:
        if not self.up:
            return None
        self.calls.append((f"{domain}/{service}", {key: one for key, one in data.items() if key != "timeout"}))
        if self.slow:
            self._waiting.append((domain, service, data))
            return {"success": False, "ad_status": "TIMEOUT"}
        await self._do(domain, service, data)
        return {"success": True, "result": {"context": {"id": "call", "user_id": APP_USER}}, "ad_status": "OK"}

    async def _do(self, domain: str, service: str, data: dict[str, Any]) -> None:
        if domain == "input_boolean" and data.get("entity_id") in self.states:
            await self.change(data["entity_id"], "on" if service == "turn_on" else "off", user=APP_USER)
        elif (domain, service) == ("persistent_notification", "create"):
            self.notices[data["notification_id"]] = data["message"]
        elif (domain, service) == ("persistent_notification", "dismiss"):
            self.notices.pop(data["notification_id"], None)

    async def websocket_send_json(self, *, type: str, silent: bool, **fields: str) -> dict[str, Any] | None:  # noqa: A002  # as it is
        if not self.up:
            return None
        if type == "auth/current_user":
            return {"success": True, "result": {"id": APP_USER}, "ad_status": "OK"}
        if type != "persistent_notification/get":
            return await self.desk.answer(type, fields)
        return {"success": True, "result": [{"notification_id": one, "message": m} for one, m in self.notices.items()]}

    async def fire_plugin_event(self, event: str, namespace: str, timeout: Any = None, **data: Any) -> None:
        said = {key: value for key, value in data.items() if value is not None}  # AppDaemon leaves out what is None
        if self.up:
            self.events.append((event, said))
            await self.fire(event, **said)

    async def set_plugin_state(self, namespace: str, entity_id: str, state: Any = None, attributes: Any = None) -> Any:
        if not self.up:
            return None
        self.published.append(entity_id)
        # All of it, as a coming AppDaemon keeps it; 4.5 drops 0 and False, which the tests of the stack run with.
        await self.change(entity_id, str(state), user=APP_USER, **(attributes or {}))
        return copy.deepcopy(self.states[entity_id])

    # -- what a test does ---------------------------------------------------------------------------------------------

    async def come_up(self) -> None:
        """Home Assistant is there (again)."""
        for domain, service in SERVICES:
            self.AD.services.register_service(self.namespace, domain, service, self.call_plugin_service, silent=True)
        self.up = True
        self.connect_event.set()
        self.ready_event.set()
        await self.notify_plugin_started({}, await self.get_complete_state())
        self.first_time = False

    async def go_away(self) -> None:
        """Home Assistant goes away: AppDaemon terminates the app."""
        self.up = False
        self._waiting.clear()
        self.ready_event.clear()
        self.connect_event.clear()
        await self.AD.plugins.notify_plugin_stopped(self.name, self.namespace)

    async def catch_up(self) -> None:
        """Home Assistant does all that waits, and is slow no longer."""
        self.slow = False
        waiting, self._waiting = self._waiting, []
        for domain, service, data in waiting:
            await self._do(domain, service, data)

    def preset(
        self, entity_id: str, state: str, *, user: str | None = None, parent: str | None = None, **attributes: Any
    ) -> None:
        """Put a state there without an event, as when AppDaemon does not listen."""
        self.states[entity_id] = {
            "entity_id": entity_id,
            "state": state,
            "attributes": attributes,
            "last_changed": "",
            "last_updated": "",
            "context": {"id": "x", "parent_id": parent, "user_id": user},
        }

    async def change(self, entity_id: str, state: str, *, user: str | None = None, **attributes: Any) -> None:
        """Change a state, and say so if it is another one."""
        old = copy.deepcopy(self.states.get(entity_id))
        self.preset(entity_id, state, user=user, **attributes)
        if old is not None and old["state"] == state and old["attributes"] == attributes:
            return
        data = {"entity_id": entity_id, "old_state": old, "new_state": copy.deepcopy(self.states[entity_id])}
        await self.fire("state_changed", **data)

    async def show(self, entity_id: str, state: str | None) -> None:
        """Let an entity appear, or vanish."""
        await (self.forget(entity_id) if state is None else self.change(entity_id, state))

    async def forget(self, entity_id: str) -> None:
        """Remove an entity, as when somebody deletes a helper."""
        old = self.states.pop(entity_id)
        await self.fire("state_changed", entity_id=entity_id, old_state=old, new_state=None)

    async def fire(self, event: str, **data: Any) -> None:
        """Fire an event as Home Assistant does."""
        await self.AD.events.process_event(self.namespace, {"event_type": event, "data": {**data, "metadata": {}}})
