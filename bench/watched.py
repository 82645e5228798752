"""AppDaemon with its event loop under watch: `python bench/watched.py FILE`, then AppDaemon's own arguments.

Every step of every asyncio task is timed. One that takes long is added to FILE as a line of JSON: whose it was, and how
long it took by the clock and on the processor.

A step is the app's when its task runs a coroutine of the app's, or AppDaemon's call of one of the app's callbacks. A
step of AppDaemon's own in which the app is started or ended along the way is told apart: most of it is AppDaemon's.
"""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
import time
from collections.abc import Coroutine, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

PACKAGE = "enphase_battery"
LONG = 0.002
"""Seconds from which on a step is noted."""


@dataclass(slots=True)
class Watched(Coroutine[Any, Any, Any]):
    """A coroutine each of whose steps is timed; a task takes it for the coroutine itself."""

    coroutine: Any
    file: Path
    is_own: bool = False

    def __post_init__(self) -> None:
        frame = getattr(self.coroutine, "cr_frame", None)
        if frame is not None:
            arguments = frame.f_locals.get("args")
            is_callback = isinstance(arguments, dict) and _is_of_the_app(arguments.get("function"))
            self.is_own = is_callback or _is_in_the_app(frame.f_globals.get("__name__"))

    def send(self, value: Any) -> Any:
        """Take a step."""
        return self._timed(self.coroutine.send, value)

    def throw(self, *error: Any) -> Any:
        """Take a step with an error."""
        return self._timed(self.coroutine.throw, *error)

    def close(self) -> None:
        """End it."""
        self.coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from self.coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.coroutine, name)

    def _timed(self, step: Any, *arguments: Any) -> Any:
        touches = self._touches_the_app()
        clock, processor = time.perf_counter(), time.thread_time()
        try:
            return step(*arguments)
        finally:
            took = time.perf_counter() - clock
            if took >= LONG:
                self._note(touches or self._touches_the_app(), took, time.thread_time() - processor)

    def _touches_the_app(self) -> bool:
        return any(_is_in_the_app(frame.f_globals.get("__name__")) for frame in self._frames())

    def _frames(self) -> Iterator[FrameType]:
        """Yield what is being awaited, from the outermost to the innermost."""
        awaited = self.coroutine
        while (frame := getattr(awaited, "cr_frame", None)) is not None:
            yield frame
            awaited = awaited.cr_await

    def _note(self, touches: bool, took: float, processor: float) -> None:
        inside = " > ".join(frame.f_code.co_name for frame in self._frames()) or self.coroutine.__qualname__
        line = {
            "whose": "app" if self.is_own else "both" if touches else "appdaemon",
            "at": time.time(),
            "took": took,
            "processor": processor,
            "inside": inside,
        }
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Makes event loops whose tasks are watched."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        loop.set_task_factory(
            lambda loop, coroutine, **more: asyncio.Task(Watched(coroutine, self._file), loop=loop, **more)
        )
        return loop


def _is_of_the_app(function: object) -> bool:
    """Return whether a callback is a method of the app's, or a partial one."""
    return _is_in_the_app(getattr(getattr(function, "func", function), "__module__", None))


def _is_in_the_app(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == PACKAGE


def main() -> None:
    """Run AppDaemon."""
    sys.path.pop(0)  # AppDaemon is not to find the benchmarks' modules
    file = Path(sys.argv.pop(1))
    asyncio.set_event_loop_policy(_Policy(file))
    runpy.run_module("appdaemon", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
