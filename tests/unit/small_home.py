"""A coordinator with its snapshot builder, between a fake cloud and a Home Assistant that notes what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from enphase_battery.control.controls import Control
from enphase_battery.control.verdict import Verdict
from enphase_battery.engine.coordinator import Coordinator, Rules
from enphase_battery.engine.results import Result
from enphase_battery.engine.snapshot import ControlReport, Problem, SignIn, Snapshot
from enphase_battery.engine.snapshot_builder import SnapshotBuilder
from enphase_battery.home.command_parser import command_envelope, parse_command
from enphase_battery.store.store import Store
from tests.unit.fake_cloud import Clock, FakeCloud

RULES = Rules(
    controls=tuple(Control),
    windows=(),
    zone=None,
    lead=timedelta(0),
    settle=1.0,
    consistency=timedelta(minutes=2),
    most_turns=None,
    dry_run=False,
)


class SmallHome:
    """One home: its clock, its cloud, its coordinator, and what Home Assistant was told.

    Attributes:
        listens: Whether Home Assistant takes the results.
        results: The results that were fired.
        trouble: What other parts of the app found wrong.
    """

    def __init__(self, folder: Path, rules: Rules = RULES, *, has_schedules: bool = False) -> None:
        self.clock = Clock()
        self.cloud = FakeCloud(self.clock, has_schedules)
        self.listens = True
        self.results: list[Result] = []
        self.trouble: tuple[Problem, ...] = ()
        self.published_again = 0
        self._path = folder / "home.json"
        self.start(rules)

    def start(self, rules: Rules) -> None:
        """Start the app, as after a restart: nothing is known but what is in the store."""
        self.store = Store(self._path, logging.getLogger("test"))
        self.reporter = SnapshotBuilder(
            self.clock, timedelta(minutes=15), lambda: SignIn("OK", site_id="11"), lambda: self.trouble
        )
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
        await self.coordinator.command(parse_command(data), command_envelope(data))

    async def wait(self, *, poll: bool = False, **span: float) -> None:
        """Let time go by, then do what is to be done."""
        self.clock.now += timedelta(**span)
        await (self.coordinator.poll() if poll else self.coordinator.work())

    def outcomes(self) -> list[tuple[str | None, str, str]]:
        """Return the id, outcome and reason of the results that were fired, and forget them."""
        fired, self.results = self.results, []
        return [(one.envelope.id, one.outcome.value, one.reason) for one in fired]

    def snapshot(self) -> Snapshot:
        return self.reporter.snapshot(self.coordinator)

    def report(self, control: Control) -> ControlReport:
        return next(one for one in self.snapshot().controls if one.control is control)

    async def answer(self, result: Result) -> bool:
        if self.listens:
            self.results.append(result)
        return self.listens

    def changed(self, *, again: bool = False) -> None:
        self.published_again += again

    def judged(self, control: Control, verdict: Verdict) -> None:
        self.reporter.judged(control, verdict)

    def diagnosis(self) -> Mapping[str, object]:
        return {"fine": True}


def rules(**changes: object) -> Rules:
    return replace(RULES, **changes)  # type: ignore[arg-type]  # names and values of Rules
