"""Creates the toggles that Home Assistant does not have, where the configuration asks for it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from ..control.controls import Control
from ..control.reason import Kind, Reason, because
from .assistant import Assistant

_UNAUTHORIZED = "unauthorized"


class Helpers:
    """The helpers that are to be there when the app starts.

    Each is looked for once, and created at most once, in the life of an instance of the app: a second try could make a
    second helper, and one that is gone later was removed on purpose.

    Args:
        assistant: Home Assistant.
        entity_ids: The helper of each control (`input_boolean`).
        logger: Where it is told what was created.

    Attributes:
        obstacles: Why the helper of a control could not be created; to be cleared when it is there all the same.
    """

    def __init__(self, assistant: Assistant, entity_ids: Mapping[Control, str], logger: logging.Logger) -> None:
        self._assistant = assistant
        self._logger = logger
        self._untried = dict(entity_ids)
        self.obstacles: dict[Control, Reason] = {}

    async def create_missing(self) -> Collection[Control]:
        """Create the helpers that are missing; return the controls whose helper was not there before.

        To be called again: what Home Assistant did not say is asked once more. It costs nothing when all is decided.
        """
        states = await self._assistant.states() if self._untried else None
        if states is None:
            return ()
        missing = {control: entity_id for control, entity_id in self._untried.items() if entity_id not in states}
        self._untried = dict(missing)
        taken = await self._taken() if missing else None
        if taken is not None:
            for control, entity_id in missing.items():
                await self._try(control, entity_id, taken)
        return missing.keys()

    async def _taken(self) -> Collection[str] | None:
        """Return the ids of the helpers that were made in Home Assistant's pages; None when it does not tell."""
        reply = await self._assistant.ask("input_boolean/list")
        if reply is None:
            return None
        if reply.refusal:
            obstacle = because(Kind.HELPERS_NOT_TOLD, code=reply.refusal)
            self.obstacles.update(dict.fromkeys(self._untried, obstacle))
            return None
        return {_id_of(one) for one in (reply.result if isinstance(reply.result, list) else ())}

    async def _try(self, control: Control, entity_id: str, taken: Collection[str]) -> None:
        """Create one helper, if Home Assistant does not know the id in any way."""
        registered = await self._assistant.ask("config/entity_registry/get", entity_id=entity_id)
        if registered is None:
            return
        del self._untried[control]
        if _object_id(entity_id) in taken or not registered.refusal:
            self.obstacles[control] = because(Kind.HELPER_ID_TAKEN)
        else:
            await self._create(control, entity_id)

    async def _create(self, control: Control, entity_id: str) -> None:
        """Create one helper; undo it if Home Assistant makes another id of its name."""
        object_id, icon = _object_id(entity_id), control.helper_icon
        name = object_id.replace("_", " ").capitalize()
        reply = await self._assistant.ask("input_boolean/create", name=name, icon=icon)
        if reply is None:
            self.obstacles[control] = because(Kind.HELPER_UNANSWERED)
            return
        if reply.refusal:
            is_guest = reply.refusal == _UNAUTHORIZED
            refused = because(Kind.HELPER_NOT_CREATED, code=reply.refusal)
            self.obstacles[control] = because(Kind.NO_ADMINISTRATOR) if is_guest else refused
            return
        made = _id_of(reply.result)
        states = await self._assistant.states()
        if made != object_id or (states is not None and entity_id not in states):
            self.obstacles[control] = await self._undo(made)
            return
        self._logger.info("Created the helper %s in Home Assistant", entity_id)
        if object_id == control.helper:  # in a name of their own people find it
            title = control.title.capitalize()
            await self._assistant.ask("input_boolean/update", input_boolean_id=made, name=title, icon=icon)

    async def _undo(self, made: str) -> Reason:
        """Delete what was created under another id."""
        reply = await self._assistant.ask("input_boolean/delete", input_boolean_id=made)
        is_gone = reply is not None and not reply.refusal
        return because(Kind.HELPER_NAMED_OTHERWISE, made=made, removed=is_gone)


def _object_id(entity_id: str) -> str:
    return entity_id.partition(".")[2]


def _id_of(helper: object) -> str:
    """Return the id of a helper as Home Assistant describes it."""
    return str(helper.get("id")) if isinstance(helper, Mapping) else ""
