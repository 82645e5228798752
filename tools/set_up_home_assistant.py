"""Make the environment of Home Assistant: `python3 -m tools.set_up_home_assistant FOLDER`.

Home Assistant pins other versions than AppDaemon does, so it gets an environment of its own. Each Python version has
a newest Home Assistant that it can run, hence the newest working Python of the machine is tried first.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.environments import SetUpError, make_environment, pip_install
from tools.pythons import Python, working_pythons

_LOWEST_PYTHON = (3, 11)
_LOWEST_HOME_ASSISTANT = "2024.3"


def install(folder: Path, python: Python) -> str | None:
    """Install Home Assistant and all that its integrations would fetch at run time.

    Returns its version; None if this Python cannot have it, for a reason that has been printed.
    """
    wanted = f"homeassistant>={_LOWEST_HOME_ASSISTANT}"
    try:
        interpreter = make_environment(folder, python)
        pip_install(interpreter, [wanted], f"Installing {wanted} with {python}, some minutes the first time")
        needed = _output([str(interpreter), "-m", "tools.home_assistant_requirements"]).split()
        pip_install(interpreter, needed, "Installing what its integrations need")
        return _output([str(folder / "bin" / "hass"), "--version"])
    except SetUpError as error:
        print(f"{error}\n{python} cannot have Home Assistant.", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def main(folder: str) -> int:
    """Try each working Python, the newest first, and return the exit code."""
    begun = time.monotonic()
    for python in working_pythons(_LOWEST_PYTHON):
        if version := install(Path(folder), python):
            print(f"Home Assistant {version} on {python}: ready after {time.monotonic() - begun:.0f} s")
            return 0
    print(
        f"Home Assistant {_LOWEST_HOME_ASSISTANT} or newer could not be installed: it needs Python 3.11 or newer, "
        "with the modules venv, ssl and sqlite3. Install one (on Debian: python3 and python3-venv) and try again.",
        file=sys.stderr,
    )
    return 1


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except subprocess.CalledProcessError as error:
        raise SetUpError(f"{' '.join(command)} failed:\n{error.stderr}") from error


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
