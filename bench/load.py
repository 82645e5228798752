"""What a process of this machine has taken: memory and processor time (Linux)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import clock_gettime

from demo.appdaemon import AppDaemon
from tests.stack.chaos.machines import children

_KIB = 1024.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a process has taken.

    Attributes:
        memory: Resident memory, in MiB.
        processor: Processor time since it was started, in seconds.
    """

    memory: float
    processor: float

    @classmethod
    def of(cls, appdaemon: AppDaemon) -> Load:
        """Look at an AppDaemon that this process has started."""
        pid = next(pid for pid, line in children().items() if str(appdaemon.folder) in line.split())
        # The number of another process's clock, which counts in nanoseconds, is made of the process's number.
        return cls(resident(pid), clock_gettime(~pid << 3 | 2))


def resident(process: int | str) -> float:
    """Return the resident memory of a process, by its number or `self`, in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / _KIB
