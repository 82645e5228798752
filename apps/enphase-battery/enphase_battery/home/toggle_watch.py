"""Watches the toggles in Home Assistant: which flips were made, which helpers are missing, what was seen of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..config.configuration import Configuration
from ..control.controls import Control
from ..control.problem import Problem
from ..control.reason import Kind, because
from ..store.decoding import as_sequence, as_text, by_name
from ..store.store import Store
from ..words.reasons import hint, sentence
from .assistant import Assistant, State
from .entities import storage_entity_id
from .helpers import Helpers
from .toggles import Toggles

LOOK_AGAIN = timedelta(minutes=5)
"""How often the helpers are looked at, should an event get lost. It takes all states of Home Assistant at once."""

_NO_FLIPS: Mapping[Control, bool] = {}


class ToggleWatch:
    """The toggles of one app, as Home Assistant shows them.

    Args:
        assistant: Home Assistant.
        configuration: Which they are, and whether missing ones are created.
        store: What outlives a restart: what was seen of them.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told which are missing.

    Attributes:
        toggles: What is known of each.
        is_ready: Whether they were held against what was seen last. Nothing may be shown before: whether the app's
            entities are there still has to tell whether Home Assistant stayed.
    """

    def __init__(
        self,
        assistant: Assistant,
        configuration: Configuration,
        store: Store,
        *,
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._assistant = assistant
        self._prefix = configuration.entity_prefix
        self._store = store
        self._clock = clock
        self._logger = logger
        self._compared_at: datetime | None = None
        self._comparing = False
        self._missing_since: dict[Control, datetime] = {}
        helpers = {control: configuration.toggles.of(control) for control in configuration.controls}
        seen = store.read("toggles", _seen_from_json) or {}
        asked = store.read("toggles asked", _asked_from_json) or {}
        self.toggles = Toggles(
            helpers,
            seen={control: seen[one] for control, one in helpers.items() if one in seen},
            asked={control: asked[one] for control, one in helpers.items() if one in asked},
            own_user=lambda: assistant.own_user,
            noted=self.remember,
        )
        self._helpers = Helpers(assistant, helpers if configuration.create_helpers else {}, logger)
        assistant.own_user = store.read("own user", lambda data: as_text(data["id"]))

    @property
    def is_ready(self) -> bool:
        """Whether they were held against what was seen last."""
        return self._compared_at is not None

    async def compare(self) -> Mapping[Control, bool]:
        """Hold the toggles against what was seen last: as soon as Home Assistant answers, then now and then.

        To be called at every heartbeat. The flips that it returns have to be taken before anything else is awaited: if
        AppDaemon ends in between, they must be flips at the next start, too.
        """
        if self._comparing or not self._is_look_due():
            return _NO_FLIPS
        self._comparing = True
        try:
            self.toggles.missing.update(await self._helpers.create_missing())  # to be created is no flip
            if self._compared_at is None:
                await self._assistant.find_own_user()
            states = await self._newest_states()
        finally:
            self._comparing = False
        if states is None:
            return _NO_FLIPS
        self._compared_at = self._clock()
        stayed = storage_entity_id(self._prefix) in states
        flips = self.toggles.look(states, home_assistant_stayed=stayed)
        self._tell_of_missing()
        return flips

    def changed(self, entity_id: str, old: object, new: object) -> Mapping[Control, bool]:
        """Take a change of a toggle, as Home Assistant reports it; return the flip that it is, if it is one.

        Args:
            entity_id: The helper.
            old: Its state as it was, a state object of Home Assistant's API; None: it was not there.
            new: Its state as it is, likewise.
        """
        control = self.toggles.control_of(entity_id)
        if control is None:
            return _NO_FLIPS
        if self._compared_at is None:
            self.toggles.moved.add(control)
            return _NO_FLIPS
        was, now = (State.parse(one) if isinstance(one, Mapping) else None for one in (old, new))
        flip = self.toggles.changed(control, was, now)
        self._tell_of_missing()
        return _NO_FLIPS if flip is None else {control: flip}

    def remember(self) -> None:
        """Store what was seen of the toggles, and the app's own user once it is known.

        By helper, not by control: nothing was seen of another helper that is configured for a control later.
        """
        helpers, (seen, asked) = self.toggles.entity_ids, self.toggles.settled()
        self._store.write("toggles", {helpers[control]: on for control, on in seen.items()})
        self._store.write("toggles asked", {helpers[control]: list(values) for control, values in asked.items()})
        if self._assistant.own_user is not None:
            self._store.write("own user", {"id": self._assistant.own_user})

    def problems(self) -> tuple[Problem, ...]:
        """Return which helpers are missing."""
        return tuple(self._missing(control, since) for control, since in self._missing_since.items())

    # -- inside -------------------------------------------------------------------------------------------------------

    def _is_look_due(self) -> bool:
        """Return whether the helpers are to be looked at: more often while there is one that nobody can be sure of."""
        last = self._compared_at
        return last is None or self.toggles.uncertain or not timedelta(0) <= self._clock() - last < LOOK_AGAIN

    async def _newest_states(self) -> Mapping[str, State] | None:
        """Ask Home Assistant for all states; again if a toggle changed meanwhile, as the answer may be from before."""
        while True:
            self.toggles.moved.clear()
            states = await self._assistant.states()
            if not self.toggles.moved:
                return states

    def _tell_of_missing(self) -> None:
        """Tell once in the log which helpers are missing, and which are there again."""
        for control in self._missing_since.keys() - self.toggles.missing:
            self._logger.info("The toggle %s is there now", self.toggles.entity_ids[control])
        for control in self._helpers.obstacles.keys() - self.toggles.missing:
            del self._helpers.obstacles[control]  # should it go missing later, it was removed
        now = self._clock()
        for control in self.toggles.missing - self._missing_since.keys():
            reason = self._missing(control, now).reason
            self._logger.warning("%s; %s", sentence(reason), hint(reason))
        self._missing_since = {control: self._missing_since.get(control, now) for control in self.toggles.missing}

    def _missing(self, control: Control, since: datetime) -> Problem:
        """Return the problem that the helper of a control is missing."""
        obstacle = self._helpers.obstacles.get(control)
        reason = because(Kind.HELPER_MISSING, entity_id=self.toggles.entity_ids[control], obstacle=obstacle)
        return Problem(reason, since)


def _seen_from_json(data: Mapping[str, object]) -> dict[str, bool]:
    return {helper: value for helper, value in data.items() if isinstance(value, bool)}


def _asked_from_json(data: Mapping[str, object]) -> dict[str, tuple[bool, ...]]:
    return by_name(str, lambda values: tuple(one is True for one in as_sequence(values)), data)
