"""How long the app keeps AppDaemon's event loop to itself at a time, while a storm of faults and wishes rages."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

from bench.table import Figure, Mark
from demo.lane import CHECKOUT
from demo.processes import Process
from tests.stack.chaos.plan import draw
from tests.stack.chaos.storm import Aftermath, rage

_LONGEST = 10.0
_NAMED = 2
_SUSPENDED = "machine suspended"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a task in AppDaemon's event loop that took long, as `bench.watched` has noted it.

    Attributes:
        whose: `app`, `appdaemon`, or `both`: AppDaemon's, and in it the app is started or ended.
        begin: When it began.
        end: When it ended.
        took: Milliseconds by the clock.
        processor: Milliseconds on the processor.
        inside: Which coroutines awaited each other at its end.
    """

    whose: str
    begin: datetime
    end: datetime
    took: float
    processor: float
    inside: str

    @classmethod
    def parse(cls, line: str) -> Step:
        """Read one line."""
        one = json.loads(line)
        end = datetime.fromtimestamp(one["at"], timezone.utc)
        took, processor = (1000 * one[name] for name in ("took", "processor"))
        return cls(one["whose"], end - timedelta(seconds=one["took"]), end, took, processor, one["inside"])


async def measure(seconds: float, seed: int) -> list[Figure]:
    """Let a storm rage over the real Home Assistant and a watched AppDaemon, and weigh the longest steps."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "steps.jsonl"
        file.touch()

        def watched(name: str, command: Sequence[str | Path], log: Path) -> Process:
            python, script = CHECKOUT / ".venv" / "bin" / "python", CHECKOUT / "bench" / "watched.py"
            return Process(name, [python, script, file, *command[1:]], log)

        # The storm starts AppDaemon by its own command line, which is not for it to know of.
        with patch("tests.stack.chaos.storm.Process", watched):
            seen = await rage(draw(seed, seconds), Path(folder) / "storm")
        steps = [Step.parse(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return list(_figures([step for step in steps if not _is_suspended(step, seen)], seen))


def _figures(steps: Sequence[Step], seen: Aftermath) -> Iterator[Figure]:
    own = [step for step in steps if step.whose == "app"]
    longest = max(own, key=lambda step: step.took)
    storm = f"{len(seen.weather.spells)} faults, {len(seen.diary.made)} wishes"
    yield Figure(f"longest step of the app ({storm})", "ms", [longest.took], Mark(at_most=_LONGEST))
    yield Figure(f"of that, on the processor, in {_end_of(longest)}", "ms", [longest.processor])
    yield Figure("most on the processor in a step of the app", "ms", [max(step.processor for step in own)])
    yield Figure("steps of the app above 2 ms", "ms", [step.took for step in own])
    yield Figure("how many of them above 10 ms", "", [sum(step.took > _LONGEST for step in own)])
    for whose, what in (("both", "AppDaemon's in which the app starts or ends"), ("appdaemon", "AppDaemon's own")):
        if theirs := [step for step in steps if step.whose == whose]:
            worst = max(theirs, key=lambda step: step.took)
            yield Figure(f"longest step of {what}, in {_end_of(worst)}", "ms", [worst.took])
            yield Figure(f"how many of {what} above 10 ms", "", [sum(step.took > _LONGEST for step in theirs)])


def _end_of(step: Step) -> str:
    """Return the outermost coroutine, and the innermost ones."""
    outermost, *inner = step.inside.split(" > ")
    return " > ".join([outermost, *(["..."] if len(inner) > _NAMED else []), *inner[-_NAMED:]])


def _is_suspended(step: Step, seen: Aftermath) -> bool:
    """Return whether the storm stopped AppDaemon's time in a step."""
    spells = (spell for spell in seen.weather.spells if spell.kind.name == _SUSPENDED)
    return any(spell.begin <= step.end and (spell.end is None or step.begin <= spell.end) for spell in spells)
