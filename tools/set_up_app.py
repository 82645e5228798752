"""Make the environment of the app and its tests: `python3 -m tools.set_up_app FOLDER REQUIREMENTS.txt`."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.environments import SetUpError, make_environment, pip_install
from tools.pythons import Python, probe, working_pythons

# What AppDaemon 4.5 supports.
_LOWEST, _HIGHEST = (3, 10), (3, 13)


def choose_python() -> Python:
    """Return `python3` itself where AppDaemon runs on it, else the newest other Python that does.

    Raises:
        SetUpError: this machine has none.
    """
    this = probe(sys.executable)
    if this and _LOWEST <= this.version[:2] <= _HIGHEST:
        return this
    if pythons := working_pythons(_LOWEST, _HIGHEST):
        return pythons[0]
    raise SetUpError(
        "AppDaemon needs a Python from 3.10 to 3.13 with the modules venv, ssl and sqlite3, and none was found: "
        f"python3 is {sys.version.split()[0]}. Install one (on Debian: python3 and python3-venv) and try again."
    )


def main(folder: str, requirements: str) -> int:
    """Make the environment and return the exit code."""
    try:
        interpreter = make_environment(Path(folder), choose_python())
        pip_install(interpreter, ["-r", requirements], f"Installing {requirements} into {folder}")
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
