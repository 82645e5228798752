"""Virtual environments: made once, filled by pip, with a sign of life while that takes minutes."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tools.pythons import Python, probe

_SIGN_OF_LIFE_SECONDS = 15.0


class SetUpError(Exception):
    """The environment could not be made; the message says what the person at the keyboard can do."""


def make_environment(folder: Path, python: Python) -> Path:
    """Return the interpreter of the virtual environment `folder`, which is made with `python` unless it works already.

    Raises:
        SetUpError: venv failed; the reason has been printed.
    """
    interpreter = folder / "bin" / "python"
    if probe(str(interpreter)) is None:
        shutil.rmtree(folder, ignore_errors=True)
        run([python.path, "-m", "venv", str(folder)], f"Making {folder} with {python}")
    return interpreter


def pip_install(interpreter: Path, arguments: Sequence[str], what: str) -> None:
    """Install `arguments` (as pip takes them) into the environment of `interpreter`; `what` names it for a person.

    Raises:
        SetUpError: pip failed; its own words have been printed.
    """
    run([str(interpreter), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments], what)


def run(command: Sequence[str], what: str) -> None:
    """Run `command`, whose output is shown, and say every quarter of a minute that it still runs.

    Raises:
        SetUpError: it ended with an error.
    """
    print(f"{what} ...", flush=True)
    begun = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        while not _ended(process):
            print(f"  ... {time.monotonic() - begun:.0f} s", flush=True)
    if process.returncode:
        raise SetUpError(f"{what}: failed (exit code {process.returncode}); what it said stands above")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_SIGN_OF_LIFE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True
