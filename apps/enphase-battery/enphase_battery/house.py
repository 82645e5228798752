"""Home Assistant as the controller sees it: shows what is so, takes flips, fires results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime

from .answers import Result
from .config import Configuration
from .control.decoding import as_mapping
from .control.names import Control
from .control.verdict import Verdict
from .controller import Controller
from .home.assistant import Assistant, State
from .home.display import Display, View
from .home.entities import entities
from .home.snapshot import Problem, SignIn
from .home.toggles import Toggles
from .report import Reporter, diagnosis
from .store import Store

RESULT_EVENT = "enphase_battery_result"


class HomeAssistantHouse:
    """The house of one app.

    Args:
        assistant: Home Assistant.
        name: The app's name in apps.yaml.
        configuration: The configuration.
        store: What outlives a restart.
        sign_in: Returns the state of the sign-in.
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
        spawn: Callable[[Coroutine[object, object, None]], object],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._assistant = assistant
        self._name = name
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._logger = logger
        self._started_at = clock()
        self._controller: Controller | None = None
        self._compared = False
        self._overtaken = False
        helpers = {control: configuration.toggles.of(control) for control in configuration.controls}
        seen = store.read("toggles", _seen_from_json) or {}
        self._toggles = Toggles(helpers, {control: seen[one] for control, one in helpers.items() if one in seen})
        assistant.own_user = store.read("own user", lambda data: str(data["id"]))
        self._reporter = Reporter(clock, configuration.pending_timeout, sign_in, self._problems)
        self._display = Display(assistant, self._toggles, view=self._view, noted=self._note, spawn=spawn)

    def attach(self, controller: Controller) -> None:
        """Name the controller whose state is shown and who takes the flips."""
        self._controller = controller

    async def compare_toggles(self) -> None:
        """Hold the toggles against what was seen last, as soon as Home Assistant answers; later calls do nothing."""
        if self._compared:
            return
        states = await self._newest_states()
        if states is None or self._compared:  # another call may have been quicker
            return
        self._compared = True
        stayed = f"binary_sensor.{self._configuration.entity_prefix}_problem" in states
        flips = self._toggles.start(states, home_assistant_stayed=stayed, own_user=self._assistant.own_user)
        self._note()
        for control in self._toggles.missing:
            problem = _missing(self._toggles.entity_ids[control], self._started_at)
            self._logger.warning("%s; %s", problem.text, problem.hint)
        for control, on in flips.items():
            await self._flip(control, on)

    async def toggled(self, entity_id: str, old: str | None, new: str | None) -> None:
        """Take a change of a toggle's state, as Home Assistant reports it."""
        control = self._toggles.control_of(entity_id)
        if control is None or not self._compared:
            self._overtaken = True
            return
        flip = self._toggles.changed(control, old, new)
        self._note()
        if flip is None:
            self.changed()
        else:
            await self._flip(control, flip)

    # -- what the controller asks and tells ---------------------------------------------------------------------------

    async def answer(self, result: Result) -> bool:
        """Fire a result event; False when Home Assistant did not take it."""
        envelope = result.envelope
        said = {
            "app": self._name,
            "id": envelope.id,
            "command": envelope.command,
            "control": envelope.control,
            "state": envelope.state,
            "outcome": result.outcome.value,
            "reason": result.reason,
            "error": result.error,
            "report": result.report,
        }
        return await self._assistant.fire(RESULT_EVENT, said)

    def changed(self, *, again: bool = False) -> None:
        """Show what is so now."""
        self._display.changed(again=again)

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Remember a verdict for the entities."""
        self._reporter.judged(control, verdict)

    def diagnosis(self) -> Mapping[str, object]:
        """Return the redacted report, and put it into the log."""
        report = diagnosis(self._reporter.snapshot(self._attached()))
        self._logger.info("Diagnosis: %s", report)
        return report

    # -- inside -------------------------------------------------------------------------------------------------------

    def _attached(self) -> Controller:
        if self._controller is None:
            raise RuntimeError("attach() comes first")
        return self._controller

    async def _newest_states(self) -> Mapping[str, State] | None:
        """Ask Home Assistant for all states; again if a toggle changed meanwhile, as the answer may be from before."""
        while True:
            self._overtaken = False
            states = await self._assistant.states()
            if not self._overtaken:
                return states

    async def _flip(self, control: Control, on: bool) -> None:
        await self._attached().flip(control, on)

    def _view(self) -> View:
        if not self._compared:
            return View({}, ())  # whether the entities are there still has to tell whether Home Assistant stayed
        controller = self._attached()
        wanted = {} if self._configuration.dry_run else controller.wanted()
        return View(
            toggles={control: one.intent.on for control, one in wanted.items()},
            entities=entities(
                self._reporter.snapshot(controller),
                prefix=self._configuration.entity_prefix,
                token_sensor=self._configuration.token_sensor,
                zone=controller.calendar.local,
            ),
        )

    def _problems(self) -> tuple[Problem, ...]:
        missing = [_missing(self._toggles.entity_ids[control], self._started_at) for control in self._toggles.missing]
        if self._store.trouble:
            missing.append(Problem(self._store.trouble, self._started_at, "see to it that the folder can be written"))
        return tuple(missing)

    def _note(self) -> None:
        """Store what was seen of the toggles, and the app's own user once it is known.

        By helper, not by control: nothing was seen of another helper that is configured for a control later.
        """
        helpers = self._toggles.entity_ids
        self._store.write("toggles", {helpers[control]: on for control, on in self._toggles.seen.items()})
        if self._assistant.own_user is not None:
            self._store.write("own user", {"id": self._assistant.own_user})


def _missing(entity_id: str, since: datetime) -> Problem:
    name = entity_id.partition(".")[2]
    return Problem(
        f"the toggle {entity_id} does not exist in Home Assistant",
        since,
        f"create it under Settings, Devices and services, Helpers, or paste into configuration.yaml: "
        f"input_boolean: {{{name}: {{name: {name.replace('_', ' ').capitalize()}}}}}",
    )


def _seen_from_json(data: Mapping[str, object]) -> dict[str, bool]:
    return {helper: value is True for helper, value in as_mapping(data).items()}
