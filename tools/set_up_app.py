"""Make the environment of AppDaemon: `python3 -m tools.set_up_app FOLDER REQUIREMENTS.txt [newest|oldest]`."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.debian_python import fetched_python
from tools.environments import SetUpError, make_environment, pip_install
from tools.pythons import Python, Version, dotted, probe, working_pythons

# What AppDaemon 4.5.13 and 4.5.0 support.
_RANGES: dict[str, tuple[Version, Version]] = {"newest": ((3, 10), (3, 13)), "oldest": ((3, 10), (3, 12))}


def choose_python(lowest: Version, highest: Version) -> Python:
    """Return `python3` itself where it lies in the range, else the newest other Python that does, else one of Debian's.

    Raises:
        SetUpError: there is none to be had.
    """
    this = probe(sys.executable)
    if this and lowest <= this.version[:2] <= highest:
        return this
    if pythons := working_pythons(lowest, highest):
        return pythons[0]
    if python := fetched_python(lambda version: lowest <= version[:2] <= highest):
        return python
    raise SetUpError(
        f"AppDaemon needs a Python from {dotted(lowest)} to {dotted(highest)} with the modules venv, ssl and sqlite3, "
        f"and none was found: python3 is {sys.version.split()[0]}. Install one (on Debian: python3 and python3-venv) "
        "and try again."
    )


def main(folder: str, requirements: str, lane: str = "newest") -> int:
    """Make the environment and return the exit code."""
    try:
        interpreter = make_environment(Path(folder), choose_python(*_RANGES[lane]))
        pip_install(interpreter, ["-r", requirements], f"Installing {requirements} into {folder}")
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
