"""Virtual environments: made once, filled by pip, with a sign of life while that takes minutes."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tools.pythons import Python, Version, dotted, probe

_SIGN_OF_LIFE_SECONDS = 15.0

# How the versions of pip say that a package was found and could not be compiled.
_NOT_BUILT = re.compile(r"(?i)failed (?:to build|building)|subprocess-exited-with-error|metadata-generation-failed")


class SetUpError(Exception):
    """Something could not be set up; the message says what the person at the keyboard can do."""


def make_environment(folder: Path, python: Python) -> Path:
    """Return the interpreter of the virtual environment `folder`, made with `python` unless it is one of that already.

    Raises:
        SetUpError: venv failed; the reason has been printed.
    """
    interpreter = folder / "bin" / "python"
    existing = probe(str(interpreter))
    if existing is None or existing.version != python.version:
        shutil.rmtree(folder, ignore_errors=True)
        run([python.path, "-m", "venv", str(folder)], f"Making {folder} with {python}")
    return interpreter


def pip_install(interpreter: Path, arguments: Sequence[str], what: str) -> None:
    """Install `arguments` (as pip takes them) into the environment of `interpreter`; `what` names it for a person.

    Raises:
        SetUpError: pip failed; its own words have been printed.
    """
    run([*_pip(interpreter), "install", "-qq", *arguments], what)


def newest_release(interpreter: Path, package: str, python: Version | None = None) -> str | None:
    """Return the newest version of a package that pip finds for a version of Python; None: for whichever it needs.

    Args:
        interpreter: An interpreter that has pip.
        package: The package.
        python: The version of Python; it need not be on this machine.

    Returns:
        The version; None if no version of the package takes this Python.

    Raises:
        SetUpError: the package index could not be asked.
    """
    condition = ["--python-version", dotted(python)] if python else ["--ignore-requires-python"]
    command = [*_pip(interpreter), "index", "versions", package, *condition]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.match(rf"{re.escape(package)} \(([^)]+)\)", asked.stdout)
    if found:
        return found[1]
    if "No matching distribution" in asked.stderr:
        return None
    raise SetUpError(f"pip could not be asked for the versions of {package}:\n{asked.stderr.strip()}")


def install_each(interpreter: Path, requirements: Sequence[str], options: Sequence[str]) -> list[str]:
    """Install requirements one after the other; return those that have to be compiled, and cannot be here.

    Args:
        interpreter: The interpreter of the environment.
        requirements: The requirements.
        options: More arguments for pip.

    Raises:
        SetUpError: pip failed for another reason; its own words are in the message.
    """
    left_out = []
    for requirement in requirements:
        command = [*_pip(interpreter), "install", "-q", *options, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if not done.returncode:
            continue
        if not _NOT_BUILT.search(done.stderr):
            raise SetUpError(f"pip could not install {requirement}:\n{done.stderr.strip()}")
        left_out.append(requirement)
    return left_out


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


def _pip(interpreter: Path) -> list[str]:
    return [str(interpreter), "-m", "pip", "--disable-pip-version-check"]


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_SIGN_OF_LIFE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True
