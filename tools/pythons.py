"""The Python interpreters of this machine that really run."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Version = tuple[int, ...]

# A Python built without one of these starts, and fails minutes later in the middle of an installation. The second line
# is "yes" where extension modules can be compiled: with Python's headers and the C++ compiler that it was built with.
_PROBE = """
import ctypes, ensurepip, os, shutil, sqlite3, ssl, sys, sysconfig, venv
print(*sys.version_info[:3])
header = os.path.join(sysconfig.get_path("include"), "Python.h")
compiler = (sysconfig.get_config_var("CXX") or "c++").split()[0]
print("yes" if os.path.exists(header) and shutil.which(compiler) else "no")
"""

# Newest first; a version that does not exist yet costs one look at PATH.
_MINORS = range(20, 9, -1)


@dataclass(frozen=True, order=True)
class Python:
    """One working interpreter; orders by version.

    Attributes:
        version: Three numbers.
        path: Where it is.
        compiles: Whether extension modules can be compiled for it here.
    """

    version: Version
    path: str
    compiles: bool = field(compare=False)

    def __str__(self) -> str:
        """Name it as a person would, with the place where it was found."""
        return f"Python {dotted(self.version)} ({self.path})"


def dotted(version: Version) -> str:
    """Write a version as a person does."""
    return ".".join(map(str, version))


def probe(path: str) -> Python | None:
    """Run the interpreter at `path`: None if it does not start, hangs, or lacks a standard module.

    Being on PATH proves nothing: the shims of a version manager stay there for versions that are not active.
    """
    try:
        run = subprocess.run([path, "-c", _PROBE], capture_output=True, text=True, timeout=30, check=True)
        version, compiles = run.stdout.splitlines()
        return Python(tuple(int(part) for part in version.split()), path, compiles == "yes")
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def working_pythons(lowest: Version, highest: Version = (3, 99)) -> list[Python]:
    """Return the working interpreters from `lowest` to `highest` (both included), newest first, each version once."""
    found = {python.version: python for python in map(probe, _candidates()) if python}
    return sorted((p for version, p in found.items() if lowest <= version[:2] <= highest), reverse=True)


def _candidates() -> Iterator[str]:
    """Yield each place where an interpreter may be; the ones on PATH last, as the last of a version is kept."""
    home = Path.home()
    for pattern in (".pyenv/versions/*/bin/python3", ".local/share/uv/python/*/bin/python3"):
        yield from map(str, sorted(home.glob(pattern)))
    names = itertools.chain((f"python3.{minor}" for minor in _MINORS), ["python3"])
    yield from filter(None, map(shutil.which, names))
    yield sys.executable
