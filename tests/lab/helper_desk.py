"""Where the stand-in Home Assistant keeps the helpers that are made in its pages, behind its websocket commands."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

Answer = dict[str, Any]


class HelperDesk:
    """The storage of `input_boolean`, and the registry of entities, as far as the app asks for them.

    Args:
        show: Makes an entity appear with a state, or vanish with None.

    Attributes:
        helpers: Name and icon of each helper that was made, by its id.
        registered: Entity ids that belong to a helper, also to a disabled one.
        refuses: The code with which a command is refused.
        silent: Commands that are carried out, but not answered.
        twisted: The id that comes of a name against all rules.
        log: The commands that came, but for questions.
    """

    def __init__(self, show: Callable[[str, str | None], Awaitable[None]]) -> None:
        self._show = show
        self.helpers: dict[str, dict[str, str]] = {}
        self.registered: set[str] = set()
        self.refuses: dict[str, str] = {}
        self.silent: set[str] = set()
        self.twisted: dict[str, str] = {}
        self.log: list[str] = []

    async def answer(self, command: str, fields: dict[str, str]) -> Answer | None:
        """Carry a command out and answer it; None for one of another desk."""
        desks: dict[str, Callable[..., Awaitable[Answer]]] = {
            "input_boolean/list": self._list,
            "input_boolean/create": self._create,
            "input_boolean/update": self._update,
            "input_boolean/delete": self._delete,
            "config/entity_registry/get": self._get,
        }
        if command not in desks:
            return None
        answer = _refusal(self.refuses[command]) if command in self.refuses else await desks[command](**fields)
        return {"success": False, "ad_status": "TIMEOUT"} if command in self.silent else answer

    async def _list(self) -> Answer:
        return _result([{"id": one, **rest} for one, rest in self.helpers.items()])

    async def _create(self, name: str, icon: str) -> Answer:
        slug = self.twisted.get(name) or re.sub("[^a-z0-9]+", "_", name.lower())
        one = f"{slug}_2" if slug in self.helpers else slug
        self.helpers[one] = {"name": name, "icon": icon}
        self.registered.add(f"input_boolean.{one}")
        self.log.append(f"create {one}")
        await self._show(f"input_boolean.{one}", "off")
        return _result({"id": one, **self.helpers[one]})

    async def _update(self, input_boolean_id: str, name: str, icon: str) -> Answer:
        self.helpers[input_boolean_id] = {"name": name, "icon": icon}
        return _result({"id": input_boolean_id, **self.helpers[input_boolean_id]})

    async def _delete(self, input_boolean_id: str) -> Answer:
        if self.helpers.pop(input_boolean_id, None) is None:
            return _refusal("not_found")
        self.registered.discard(f"input_boolean.{input_boolean_id}")
        self.log.append(f"delete {input_boolean_id}")
        await self._show(f"input_boolean.{input_boolean_id}", None)
        return _result(None)

    async def _get(self, entity_id: str) -> Answer:
        return _result({"entity_id": entity_id}) if entity_id in self.registered else _refusal("not_found")


def _result(value: object) -> Answer:
    return {"success": True, "result": value, "ad_status": "OK"}


def _refusal(code: str) -> Answer:
    return {"success": False, "error": {"code": code, "message": ""}, "ad_status": "OK"}
