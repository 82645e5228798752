"""Home Assistant as the coordinator sees it: shows what is so, takes flips, fires results."""

from __future__ import annotations

import logging
from asyncio import ensure_future
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime, timedelta

from ..config.configuration import Configuration
from ..control.controls import Control
from ..control.verdict import Verdict
from ..diagnostics.report import Findings, as_report
from ..engine.coordinator import Coordinator
from ..engine.results import Result
from ..engine.snapshot import Problem, SignIn
from ..engine.snapshot_builder import TELL_FOR, SnapshotBuilder
from ..enlighten.condition import Condition
from ..enlighten.identity import Identity
from ..site.site_store import LEFT_BEHIND_FOR, left_behind
from ..store.decoding import as_mapping
from ..store.store import Store
from .assistant import Assistant, State
from .display import Display, View
from .entities import entities, storage_entity_id
from .helpers import Helpers, Obstacle
from .notices import Concern, Notices
from .toggles import Toggles

RESULT_EVENT = "enphase_battery_result"

LOOK_AGAIN = timedelta(minutes=5)
"""How often the helpers are looked at, should an event get lost. It takes all states of Home Assistant at once."""


class Publisher:
    """Home Assistant, for one app.

    Args:
        assistant: Home Assistant.
        name: The app's name in apps.yaml.
        configuration: The configuration.
        store: What outlives a restart.
        sign_in: Returns the state of the sign-in.
        condition: Returns how the session stands, and site and user as soon as they are known.
        spawn: Runs a coroutine as a task of the app.
        clock: Returns the current instant (aware, UTC).
        logger: Where changes of state are told.
    """

    def __init__(
        self,
        assistant: Assistant,
        *,
        name: str,
        configuration: Configuration,
        store: Store,
        sign_in: Callable[[], SignIn],
        condition: Callable[[], tuple[Condition, Identity | None]],
        spawn: Callable[[Coroutine[object, object, None]], object],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._assistant = assistant
        self._name = name
        self._configuration = configuration
        self._store = store
        self._condition = condition
        self._clock = clock
        self._logger = logger
        self._started_at = clock()
        self._coordinator: Coordinator | None = None
        self._compared_at: datetime | None = None
        self._comparing = False
        self._unbooked: set[Control] = set()
        self._missing_since: dict[Control, datetime] = {}
        self._unsaved_since: datetime | None = None
        self._left_behind = left_behind(store)
        helpers = {control: configuration.toggles.of(control) for control in configuration.controls}
        seen = store.read("toggles", _seen_from_json) or {}
        self._toggles = Toggles(helpers, {control: seen[one] for control, one in helpers.items() if one in seen})
        self._helpers = Helpers(assistant, helpers if configuration.create_helpers else {}, logger)
        assistant.own_user = store.read("own user", lambda data: str(data["id"]))
        self._reporter = SnapshotBuilder(clock, configuration.pending_timeout, sign_in, self._problems)
        notices = Notices(assistant, configuration.entity_prefix, clock)
        self._display = Display(assistant, self._toggles, notices, view=self._view, noted=self._note, spawn=spawn)

    def attach(self, coordinator: Coordinator) -> None:
        """Name the coordinator whose state is shown and who takes the flips."""
        self._coordinator = coordinator
        self._store.told = self.changed

    async def compare_toggles(self) -> None:
        """Hold the toggles against what was seen last: as soon as Home Assistant answers, then now and then.

        To be called at every heartbeat.
        """
        if self._comparing or not self._is_look_due():
            return
        self._comparing = True
        try:
            self._toggles.missing.update(await self._helpers.create_missing())  # to be created is no flip
            states = await self._newest_states()
        finally:
            self._comparing = False
        if states is None:
            return
        self._compared_at = self._clock()
        stayed = storage_entity_id(self._configuration.entity_prefix) in states
        flips = self._toggles.look(states, home_assistant_stayed=stayed, own_user=self._assistant.own_user)
        self._tell_of_missing()
        # All of them are in the book before the work on the first is done, and before any is stored as seen.
        self._unbooked |= flips.keys()
        for flip in [ensure_future(self._flip(control, on)) for control, on in flips.items()]:
            await flip
        self.changed()

    async def toggled(self, entity_id: str, old: str | None, new: str | None) -> None:
        """Take a change of a toggle's state, as Home Assistant reports it."""
        control = self._toggles.control_of(entity_id)
        if control is None:
            return
        if self._compared_at is None:
            self._toggles.moved.add(control)
            return
        flip = self._toggles.changed(control, old, new)
        self._tell_of_missing()
        if flip is None:
            self.changed()
        else:
            await self._flip(control, flip)

    # -- what the coordinator asks and tells ---------------------------------------------------------------------------

    async def answer(self, result: Result) -> bool:
        """Fire a result event; False when Home Assistant did not take it."""
        envelope = result.envelope
        # An automation that reads a member expects it to be there, and AppDaemon leaves out what is None.
        said = {
            "app": self._name,
            "id": envelope.id or "",
            "command": envelope.command or "",
            "control": envelope.control or "",
            "state": envelope.state or "",
            "outcome": result.outcome.value,
            "reason": result.reason,
            "error": result.error,
            "report": result.report or {},
        }
        return await self._assistant.fire(RESULT_EVENT, said)

    def changed(self, *, again: bool = False) -> None:
        """Show what is so now, and store what was seen of the toggles: after the wish that was made of it."""
        self._note()
        self._display.changed(again=again)

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Remember a verdict for the entities."""
        self._reporter.judged(control, verdict)

    def diagnosis(self) -> Mapping[str, object]:
        """Return the redacted report, and put it into the log."""
        coordinator = self._attached()
        snapshot, (condition, identity) = self._reporter.snapshot(coordinator), self._condition()
        records = coordinator.reconciler.records
        findings = Findings(
            app=self._name,
            configuration=self._configuration,
            condition=condition,
            identity=identity,
            zone=coordinator.calendar.zone,
            skew=coordinator.clock_skew,
            state=records.state,
            own=tuple(one.terms for one in records.ledger.owned if not one.gone),
            foreign=tuple(entry.terms for entry in records.foreign()),
            problems=snapshot.problems,
            now=self._clock(),
            snapshot=snapshot,
            appdaemon=self._assistant.scan_remark(),
        )
        report = as_report(findings)
        self._logger.info("Diagnosis:\n%s", report["text"])
        return report

    # -- inside -------------------------------------------------------------------------------------------------------

    def _attached(self) -> Coordinator:
        if self._coordinator is None:
            raise RuntimeError("attach() comes first")
        return self._coordinator

    def _is_look_due(self) -> bool:
        """Return whether the helpers are to be looked at: more often while there is one that nobody can be sure of."""
        last = self._compared_at
        return last is None or self._toggles.uncertain or not timedelta(0) <= self._clock() - last < LOOK_AGAIN

    async def _newest_states(self) -> Mapping[str, State] | None:
        """Ask Home Assistant for all states; again if a toggle changed meanwhile, as the answer may be from before."""
        while True:
            self._toggles.moved.clear()
            states = await self._assistant.states()
            if not self._toggles.moved:
                return states

    def _tell_of_missing(self) -> None:
        """Tell once in the log which helpers are missing, and which are there again."""
        for control in self._missing_since.keys() - self._toggles.missing:
            self._logger.info("The toggle %s is there now", self._toggles.entity_ids[control])
        for control in self._helpers.obstacles.keys() - self._toggles.missing:
            del self._helpers.obstacles[control]  # should it go missing later, it was removed
        now = self._clock()
        for control in self._toggles.missing - self._missing_since.keys():
            problem = self._missing(control, now)
            self._logger.warning("%s; %s", problem.text, problem.hint)
        self._missing_since = {control: self._missing_since.get(control, now) for control in self._toggles.missing}

    def _missing(self, control: Control, since: datetime) -> Problem:
        """Return the problem that the helper of a control is missing, with what to do."""
        entity_id, obstacle = self._toggles.entity_ids[control], self._helpers.obstacles.get(control, Obstacle(""))
        name = entity_id.partition(".")[2]
        text = f"the toggle {entity_id} does not exist in Home Assistant"
        tried = f", and the app could not create it: {obstacle.reason}" if obstacle.reason else ""
        by_hand = (
            f"create it under Settings, Devices and services, Helpers, or paste "
            f"`input_boolean: {{{name}: {{name: {name.replace('_', ' ').capitalize()}}}}}` into configuration.yaml; "
            f"if it has another name now, say so under `toggles` in apps.yaml"
        )
        return Problem(text + tried, since, obstacle.hint or by_hand)

    async def _flip(self, control: Control, on: bool) -> None:
        self._unbooked.discard(control)
        await self._attached().flip(control, on)

    def _view(self) -> View:
        if self._compared_at is None:
            return View({}, ())  # whether the entities are there still has to tell whether Home Assistant stayed
        coordinator, configuration = self._attached(), self._configuration
        wanted = {} if configuration.dry_run else coordinator.wanted()
        snapshot, zone = self._reporter.snapshot(coordinator), coordinator.calendar.local
        concern = Concern(
            snapshot.problems, coordinator.calendar.zone or self._assistant.zone, at_once=snapshot.sign_in.needs_code
        )
        return View(
            toggles={control: one.intent.on for control, one in wanted.items()},
            entities=entities(
                snapshot,
                prefix=configuration.entity_prefix,
                token_sensor=configuration.token_sensor,
                zone=zone,
                poll=configuration.poll,
            ),
            concern=None if snapshot.readable is None else concern,  # an older one may hold until the cloud was asked
        )

    def _problems(self) -> tuple[Problem, ...]:
        return (
            *(self._missing(control, since) for control, since in self._missing_since.items()),
            *self._store_problems(),
        )

    def _store_problems(self) -> Iterator[Problem]:
        """Yield what was left at another site, that the store cannot be written, and for a day what it has lost."""
        now, store = self._clock(), self._store
        yield from (one for one in self._left_behind if now - one.since < LEFT_BEHIND_FOR)
        self._unsaved_since = (self._unsaved_since or now) if store.trouble else None
        if self._unsaved_since is not None:
            yield Problem(store.trouble, self._unsaved_since, store.hint)
        if store.loss and now - self._started_at < TELL_FOR:
            yield Problem(store.loss, self._started_at, "see to it that toggles and windows are as you want them")

    def _note(self) -> None:
        """Store what was seen of the toggles, and the app's own user once it is known.

        By helper, not by control: nothing was seen of another helper that is configured for a control later. Not while
        there is a flip that is not in the book yet: if AppDaemon ends now, it has to be one at the next start too.
        """
        if self._unbooked:
            return
        helpers = self._toggles.entity_ids
        self._store.write("toggles", {helpers[control]: on for control, on in self._toggles.seen.items()})
        if self._assistant.own_user is not None:
            self._store.write("own user", {"id": self._assistant.own_user})


def _seen_from_json(data: Mapping[str, object]) -> dict[str, bool]:
    return {helper: value is True for helper, value in as_mapping(data).items()}
