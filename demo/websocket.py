"""A small client of Home Assistant's websocket API: calls, events and states."""

import asyncio
import itertools
from types import TracebackType
from typing import Any

import aiohttp
from typing_extensions import Self

Event = dict[str, Any]


class CallError(Exception):
    """Home Assistant refused a call; the message is its own."""


class HomeAssistantSocket:
    """One authenticated connection. Results and events find their callers by the message's id."""

    def __init__(self, url: str, token: str) -> None:
        """Take Home Assistant's address (http) and an access token; connects on entering the context."""
        self._url = url
        self._token = token
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, asyncio.Queue[Event]] = {}

    async def __aenter__(self) -> Self:
        """Connect and authenticate.

        Raises:
            CallError: the token was refused.
        """
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(f"{self._url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        answer = await self._socket.receive_json()
        if answer["type"] != "auth_ok":
            await self._session.close()
            raise CallError(answer["message"])
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Disconnect; calls still waiting fail."""
        self._reader.cancel()
        await self._socket.close()
        await self._session.close()

    async def call(self, kind: str, **fields: Any) -> Any:
        """Send the command `kind` and return its result.

        Raises:
            CallError: Home Assistant refused it.
            ConnectionError: Home Assistant went away.
        """
        return await self._send(next(self._ids), kind, fields)

    async def subscribe(self, event_type: str) -> asyncio.Queue[Event]:
        """Return a queue into which every event of this type comes from now on, with `data`, `origin` and `context`."""
        number = next(self._ids)
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._events[number] = queue
        await self._send(number, "subscribe_events", {"event_type": event_type})
        return queue

    async def call_service(self, domain: str, service: str, **data: Any) -> None:
        """Call a service and wait until it is done."""
        await self.call("call_service", domain=domain, service=service, service_data=data)

    async def fire(self, event_type: str, **data: Any) -> None:
        """Fire an event."""
        await self.call("fire_event", event_type=event_type, event_data=data)

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return every entity's state object (`state`, `attributes`, ...) by entity id."""
        return {state["entity_id"]: state for state in await self.call("get_states")}

    async def _send(self, number: int, kind: str, fields: dict[str, Any]) -> Any:
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "type": kind, **fields})
        return await answer

    async def _read(self) -> None:
        async for message in self._socket:
            content = message.json()
            if content["type"] == "event":
                self._events[content["id"]].put_nowait(content["event"])
            elif content["success"]:
                self._answers.pop(content["id"]).set_result(content["result"])
            else:
                self._answers.pop(content["id"]).set_exception(CallError(content["error"]["message"]))
        for answer in self._answers.values():
            answer.set_exception(ConnectionError("Home Assistant went away"))
