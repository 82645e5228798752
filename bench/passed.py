"""Which files of a package a piece of work passes, and how many calls cross from one of them into another.

Counted by Python's own hook for profilers, in the thread that asks.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

_GOES_ON = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Passed:
    """Counts the functions that begin while a block runs.

    What Python calls by itself (`__init__`, `__str__`: any name with two underscores on both sides) does not count, and
    a coroutine or generator that goes on after a wait has not begun. A call crosses if function and caller stand in
    different files of the package, with nobody else's function between them.

    Args:
        package: The package's folder; only paths below it matter, no names.

    Attributes:
        files: In which a function has begun.
        calls: Those that crossed.
    """

    def __init__(self, package: Path) -> None:
        self.files: set[str] = set()
        self.calls = 0
        self._below = f"{package}/"

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count for the length of a block."""
        before = sys.getprofile()
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(self._below) or not _begins(frame) or _is_magic(code):
            return
        self.files.add(code.co_filename)
        caller = frame.f_back.f_code.co_filename if frame.f_back else ""
        self.calls += caller != code.co_filename and caller.startswith(self._below)


def _begins(frame: FrameType) -> bool:
    return not frame.f_code.co_flags & _GOES_ON or frame.f_lasti <= _first_step(frame.f_code)


@cache
def _first_step(code: CodeType) -> int:
    """Return where a coroutine or generator stands when it begins: older versions of Python say -1."""
    return next((one.offset for one in dis.get_instructions(code) if one.opname == "RESUME"), -1)


def _is_magic(code: CodeType) -> bool:
    return code.co_name.startswith("__") and code.co_name.endswith("__")
