"""A coordinator with its snapshot builder, between a fake cloud and a Home Assistant that notes what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from enphase_battery.control.controls import Control
from enphase_battery.control.intent import Source
from enphase_battery.control.reason import Reason
from enphase_battery.engine.commands import DiagnoseCommand
from enphase_battery.engine.coordinator import Coordinator, Rules
from enphase_battery.engine.results import Result
from enphase_battery.engine.snapshot import ControlReport, Snapshot
from enphase_battery.home.command_parser import command_envelope, parse_command
from enphase_battery.store.store import Store
from enphase_battery.words.reasons import When, hint, problem, sentence
from tests.unit.fake_cloud import Clock, FakeCloud

RULES = Rules(
    controls=tuple(Control),
    windows=(),
    zone=None,
    lead=timedelta(0),
    settle=0.0,
    consistency=timedelta(minutes=2),
    most_turns=None,
    pending_timeout=timedelta(minutes=15),
    dry_run=False,
)


class SmallHome:
    """One home: its clock, its cloud, its coordinator, and what Home Assistant was told.

    Attributes:
        listens: Whether Home Assistant takes the results.
        results: The results that were fired.
        shown: The snapshots that were pushed, the newest last.
    """

    def __init__(self, folder: Path, rules: Rules = RULES, *, has_schedules: bool = False) -> None:
        self.clock = Clock()
        self.cloud = FakeCloud(self.clock, has_schedules)
        self.listens = True
        self.results: list[Result] = []
        self.shown: list[Snapshot] = []
        self.published_again = 0
        self._path = folder / "home.json"
        self.start(rules)

    def start(self, rules: Rules) -> None:
        """Start the app, as after a restart: nothing is known but what is in the store."""
        self.store = Store(self._path, logging.getLogger("test"))
        self.coordinator = Coordinator(
            rules,
            cloud=self.cloud,
            home=self,
            store=self.store,
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.0,
            logger=logging.getLogger("test"),
        )

    def at_ease(self) -> None:
        """Let other tasks come in whenever the app waits. Two that wait at a time are an AssertionError."""
        waiting = 0

        async def sleep(seconds: float) -> None:
            nonlocal waiting
            waiting += 1
            assert waiting == 1, "two writers at a time"
            await self.clock.sleep(seconds)
            await asyncio.sleep(0)
            waiting -= 1

        self.coordinator.reconciler._sleep = self.coordinator.reconciler._writer._sleep = sleep

    async def command(self, **data: object) -> None:
        command = parse_command(data)
        assert not isinstance(command, DiagnoseCommand)
        await self.coordinator.command(command, command_envelope(data))

    async def wait(self, *, poll: bool = False, **span: float) -> None:
        """Let time go by, then do what is to be done."""
        self.clock.now += timedelta(**span)
        await (self.coordinator.poll() if poll else self.coordinator.work())

    def outcomes(self) -> list[tuple[str | None, str, str]]:
        """Return the id, outcome and reason of the results that were fired, and forget them."""
        fired, self.results = self.results, []
        return [(one.envelope.id, one.outcome.value, self.told(one)) for one in fired]

    def said(self, reason: Reason | None) -> str:
        """Return a reason in words; empty when there is none."""
        return "" if reason is None else sentence(reason, self.coordinator.windows.when)

    def told(self, result: Result) -> str:
        """Return the reason of a result in words, with what can be done about it where that goes along."""
        advice = hint(result.reason) if result.reason is not None and result.advised else ""
        return "; ".join(filter(None, (self.said(result.reason), advice)))

    def why(self, control: Control) -> str:
        """Return the reasons for which a control is as it is, in words."""
        return "; ".join(map(self.said, self.report(control).reasons))

    def problems(self) -> list[str]:
        """Return what is wrong, in words."""
        return [problem(one, self.coordinator.windows.when) for one in self.snapshot().problems]

    async def flip(self, control: Control, on: bool, source: Source = Source.TOGGLE) -> None:
        await self.coordinator.flip({control: on}, source)

    def snapshot(self) -> Snapshot:
        return self.coordinator.snapshot()

    def report(self, control: Control) -> ControlReport:
        return next(one for one in self.snapshot().controls if one.control is control)

    async def fire(self, result: Result, _when: When) -> bool:
        if self.listens:
            self.results.append(result)
        return self.listens

    def show(self, snapshot: Callable[[], Snapshot], *, again: bool = False) -> None:
        self.shown.append(snapshot())
        self.published_again += again


def rules(**changes: object) -> Rules:
    return replace(RULES, **changes)  # type: ignore[arg-type]  # names and values of Rules
