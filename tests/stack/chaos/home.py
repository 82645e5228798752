"""Home Assistant as the people of the house have it: over HTTP, with little patience; it may be away at any time."""

import asyncio
from typing import Any

import aiohttp

from demo.home_assistant import HomeAssistant

_SECONDS = 5.0

FLIP_EVENT = "chaos_flip"

# What flips a toggle from inside Home Assistant: an automation that an event starts.
AUTOMATION = f"""\
automation:
  - alias: Flip a toggle of the storm
    mode: queued
    trigger:
      - platform: event
        event_type: {FLIP_EVENT}
    action:
      - service: "input_boolean.turn_{{{{ trigger.event.data.to }}}}"
        target:
          entity_id: "{{{{ trigger.event.data.entity }}}}"
"""


class AwayError(Exception):
    """Home Assistant did not answer, or not with success."""


class Home:
    """Calls of Home Assistant's REST API."""

    def __init__(self, home_assistant: HomeAssistant) -> None:
        self._home_assistant = home_assistant

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id. Raises AwayError."""
        return {state["entity_id"]: state for state in await self._call("GET", "states")}

    async def service(self, domain: str, name: str, **data: Any) -> None:
        """Call a service and wait until it is done. Raises AwayError."""
        await self._call("POST", f"services/{domain}/{name}", data)

    async def fire(self, event: str, **data: Any) -> None:
        """Fire an event. Raises AwayError."""
        await self._call("POST", f"events/{event}", data)

    async def show(self, entity: str, state: str, attributes: dict[str, Any]) -> None:
        """Let an entity show a state that it does not have. Raises AwayError."""
        await self._call("POST", f"states/{entity}", {"state": state, "attributes": attributes})

    async def _call(self, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(_SECONDS),
                    headers={"Authorization": f"Bearer {self._home_assistant.token}"},
                    raise_for_status=True,
                ) as session,
                session.request(method, f"{self._home_assistant.url}/api/{path}", json=data) as response,
            ):
                return await response.json()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise AwayError(f"{method} {path}: {type(error).__name__}") from error
