"""Make the environment of Home Assistant: `python3 -m tools.set_up_home_assistant FOLDER PYTHON-WITH-PIP [VERSION]`.

Home Assistant pins other versions than AppDaemon does, so it gets an environment of its own. Each version of Python has
a newest Home Assistant that it can run. Without VERSION the newest that exists is installed, and a Python for it is
fetched where this machine has none; only where none can be had, the newest that a Python of this machine can run.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tools.debian_python import fetched_python
from tools.environments import SetUpError, install_each, make_environment, newest_release, pip_install
from tools.pythons import Python, Version, dotted, working_pythons

_LOWEST_PYTHON: Version = (3, 11)

# The Pythons of older releases: pip knows only from which on each of them runs. Home Assistant itself came with 3.13.
_PYTHONS = {"2025.1": (3, 13)}


@dataclass(frozen=True)
class Choice:
    """What is to be installed: a version of Home Assistant, and the Python that runs it."""

    version: str
    python: Python
    remark: str = ""
    """Why it is not the newest."""


def choose_newest(index: Path) -> Choice:
    """Choose the newest Home Assistant, and a Python that runs it; `index` is an interpreter that has pip.

    The oldest Python that will do: that is the one with which Home Assistant's developers work.

    Raises:
        SetUpError: no Python here runs any, or one for the newest could not be fetched.
    """
    newest = newest_release(index, "homeassistant")
    if newest is None:
        raise SetUpError("The package index has no homeassistant. Is it the one of PyPI?")
    here = {
        python: newest_release(index, "homeassistant", python.version) for python in working_pythons(_LOWEST_PYTHON)
    }
    ready = sorted(python for python, runs in here.items() if runs == newest)
    complete = [python for python in ready if python.compiles]
    if complete:
        return Choice(newest, complete[0])
    if fetched := fetched_python(lambda version: newest_release(index, "homeassistant", version) == newest):
        return Choice(newest, fetched)
    if ready:
        return Choice(newest, ready[0])
    older = [(tuple(map(int, runs.split("."))), python) for python, runs in here.items() if runs]
    if not older:
        raise SetUpError(
            f"Home Assistant {newest} needs a newer Python than this machine has, and no older release runs on one "
            f"before {dotted(_LOWEST_PYTHON)}. Install a newer Python (on Debian: python3 and python3-venv)."
        )
    version, python = max(older)
    reason = f"{newest} needs a newer Python than this machine has, and Debian's packages are not to be had here"
    return Choice(dotted(version), python, reason)


def choose(version: str) -> Choice:
    """Choose a Python for an older release.

    Raises:
        SetUpError: there is none to be had.
    """
    minor = _PYTHONS[version.rpartition(".")[0]]
    pythons = working_pythons(minor, minor)
    python = pythons[0] if pythons else fetched_python(lambda offered: offered[:2] == minor)
    if python is None:
        raise SetUpError(f"Home Assistant {version} needs Python {dotted(minor)}. Install it and try again.")
    return Choice(version, python)


def install(folder: Path, choice: Choice) -> list[str]:
    """Install Home Assistant and all that its integrations would fetch at run time; return what had to be left out.

    Raises:
        SetUpError: it could not be installed; the reason has been printed, or is in the message.
    """
    interpreter = make_environment(folder, choice.python)
    wanted = f"homeassistant=={choice.version}"
    pip_install(interpreter, [wanted], f"Installing {wanted} with {choice.python}, some minutes the first time")
    needed = _output([str(interpreter), "-m", "tools.home_assistant_requirements"]).split()
    constraints, requirements = needed[:2], needed[2:]
    what = "Installing what its integrations need"
    if choice.python.compiles:
        try:
            pip_install(interpreter, needed, what)
        except SetUpError as error:
            print(error, flush=True)
        else:
            return []
    print(f"{what}, one by one ...", flush=True)
    return install_each(interpreter, requirements, constraints)


def main(folder: str, index: str, version: str = "") -> int:
    """Install it, say what it became, and return the exit code."""
    begun = time.monotonic()
    try:
        choice = choose(version) if version else choose_newest(Path(index))
        left_out = install(Path(folder), choice)
        installed = _output([str(Path(folder) / "bin" / "hass"), "--version"])
    except SetUpError as error:
        print(f"{error}\nHome Assistant could not be set up.", file=sys.stderr)
        return 1
    print(f"Home Assistant {installed} on {choice.python}: ready after {time.monotonic() - begun:.0f} s")
    if choice.remark:
        print(f"This is not the newest Home Assistant: {choice.remark}.")
    if left_out:
        compiler = "a C++ compiler and Python's headers (on Debian: g++ and python3-dev) are needed"
        print(f"Left out, because it could not be compiled: {', '.join(left_out)}; {compiler}.")
        print("Only Home Assistant's voice assistants need that: it logs errors about them, and works otherwise.")
    return 0


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetUpError(f"{' '.join(command)} failed:\n{getattr(error, 'stderr', None) or error}") from error


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
