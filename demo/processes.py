"""Programs that the harness starts, waits for and always ends."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from demo.lane import CHECKOUT

_POLL_SECONDS = 0.1
_TERMINATE_SECONDS = 15.0
_LOG_TAIL_LINES = 25


PartT = TypeVar("PartT", bound="Part")


class Part(Protocol):
    """A part of the stack."""

    async def start(self) -> None:
        """Start it and wait until it is usable."""

    async def stop(self) -> None:
        """End it, also when its start failed half-way."""


@contextlib.asynccontextmanager
async def running(part: PartT) -> AsyncIterator[PartT]:
    """Start a part, and end it whatever happens: also when its start fails or is interrupted."""
    try:
        await part.start()
        yield part
    finally:
        await part.stop()


class StartError(Exception):
    """A program ended, or was not ready in time; the message ends with the last lines of its log."""


class Process:
    """One program: its output is added to a file, and it never outlives the harness."""

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Describe the program; `environment` is added to the harness's own."""
        self.name = name
        self.log = log
        self._command = [*_die_with_parent(), *map(str, command)]
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None
        self._begin = 0

    async def start(self) -> None:
        """Start the program, out of reach of the terminal's Ctrl-C: the harness ends it in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._begin = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                env=self._environment,
                start_new_session=True,
            )

    async def until(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Poll until `ready` says yes.

        Raises:
            StartError: the program ended first, or `seconds` have passed.
        """
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._poll(ready), seconds)
            return
        raise StartError(f"{self.name} was not ready after {seconds:.0f} s. The end of {self.log}:\n{self._tail()}")

    async def ended(self) -> str:
        """Wait until the program ends by itself; return a message that says so, with the last lines of its log."""
        if self._process is not None:
            await self._process.wait()
        return f"{self.name} ended by itself. The end of {self.log}:\n{self._tail()}"

    async def _poll(self, ready: Callable[[], Awaitable[bool]]) -> None:
        while not await ready():
            if self._process is None or self._process.returncode is not None:
                raise StartError(await self.ended())
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """Ask the program to end, and after a while make it: with all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), _TERMINATE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def kill(self) -> None:
        """End the program at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
        await self.stop()

    def output(self) -> str:
        """Return what the program has written since it was last started."""
        return self.log.read_bytes()[self._begin :].decode(errors="replace")

    def _tail(self) -> str:
        return "\n".join(self.output().splitlines()[-_LOG_TAIL_LINES:])


def _die_with_parent() -> list[str]:
    """Return what makes the kernel end a program with the harness, were that killed: a prefix where there is one."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
