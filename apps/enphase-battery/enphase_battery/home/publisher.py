"""Publishes what is so to Home Assistant: toggles, entities, the notification and results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial

from ..config.configuration import Configuration
from ..control.verdict import Outcome
from ..engine.results import Result
from ..engine.snapshot import Snapshot
from ..enlighten.tokens import TokenStatus
from ..store.store import Store
from ..words.reasons import When, hint, sentence
from .assistant import Assistant
from .display import Display, View
from .entities import entities
from .notices import Concern, Notices
from .toggle_watch import ToggleWatch

RESULT_EVENT = "enphase_battery_result"


class Publisher:
    """Shows snapshots in Home Assistant.

    Args:
        assistant: Home Assistant.
        watch: The toggles, as Home Assistant shows them.
        name: The app's name in apps.yaml.
        configuration: The configuration.
        store: What outlives a restart.
        spawn: Runs a coroutine as a task of the app.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told what cannot be shown.
    """

    def __init__(
        self,
        assistant: Assistant,
        watch: ToggleWatch,
        *,
        name: str,
        configuration: Configuration,
        store: Store,
        spawn: Callable[[Coroutine[object, object, None]], object],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._assistant = assistant
        self._watch = watch
        self._name = name
        self._configuration = configuration
        notices = Notices(assistant, configuration.entity_prefix, store, clock)
        self._display = Display(assistant, watch, notices, spawn, logger)

    def show(self, snapshot: Callable[[], Snapshot], *, again: bool = False) -> None:
        """Show soon what is so, and store what was seen of the toggles: after the wish that was made of it."""
        self._watch.remember()
        if self._watch.is_ready:
            self._display.show(partial(self._view, snapshot), again=again)

    async def fire(self, result: Result, when: When) -> bool:
        """Fire a result event, its instants put into words by ``when``; False when Home Assistant did not take it."""
        envelope, reason = result.envelope, result.reason
        said = sentence(reason, when) if reason else ""
        advice = hint(reason, when) if reason and result.advised else ""
        text = f"{said}; {advice}" if advice else said
        # An automation that reads a member expects it to be there, and AppDaemon leaves out what is None.
        data = {
            "app": self._name,
            "id": envelope.id or "",
            "command": envelope.command or "",
            "control": envelope.control or "",
            "state": envelope.state or "",
            "outcome": result.outcome.value,
            "reason": text,
            "reason_kind": reason.kind.value if reason else "",
            "error": text if result.outcome in (Outcome.FAILED, Outcome.REJECTED) else "",
            "report": result.report or {},
        }
        return await self._assistant.fire(RESULT_EVENT, data)

    def _view(self, take: Callable[[], Snapshot]) -> View:
        configuration, snapshot = self._configuration, take()
        snapshot = replace(snapshot, problems=(*snapshot.problems, *self._watch.problems()))
        concern = Concern(
            snapshot.problems,
            snapshot.zone or self._assistant.zone,
            at_once=snapshot.condition.status is TokenStatus.MFA_REQUIRED,
        )
        wanted = {} if configuration.dry_run else {one.control: one.wanted for one in snapshot.controls}
        return View(
            toggles={control: on for control, on in wanted.items() if on is not None},
            entities=entities(
                snapshot,
                prefix=configuration.entity_prefix,
                token_sensor=configuration.token_sensor,
                publish_token=configuration.publish_token,
                poll=configuration.poll,
            ),
            concern=None if snapshot.readable is None else concern,  # an older one may hold until the cloud was asked
        )
