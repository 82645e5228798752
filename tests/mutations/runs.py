"""Which tests judge a mutation, and how they are run: on a copy of the package, so that the checkout stays as it is."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.unit.pages import PACKAGE, ROOT

from .mutated import Mutation

DRIVEN = (
    *("tests/unit/control", "tests/unit/reconcile"),
    *("tests/unit/engine/test_coordinator*.py", "tests/unit/engine/test_holding.py"),
    "tests/unit/engine/test_meanwhile.py",
)
"""The tests that are always run: those of the rules, and those that drive the whole coordinator."""

REST = ("tests/unit", "tests/scenarios")
"""Where the others are."""

LONGEST = 3600.0
"""Seconds after which a run that has not ended counts as noticed: the fault has the app turn in circles."""

_FIRST_FAILURE = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)


def matching(patterns: Iterable[str]) -> list[str]:
    """Return the files and folders that tests are found by. Raises LookupError where there are none any more."""
    found = {pattern: sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)) for pattern in patterns}
    gone = [pattern for pattern, paths in found.items() if not paths]
    if gone:
        raise LookupError(f"there are no such tests any more: {', '.join(gone)}")
    return [path for paths in found.values() for path in paths]


def stages(*, everything: bool) -> list[list[str]]:
    """Return pytest's arguments, run by run."""
    driven = matching(DRIVEN)
    return [driven, [*matching(REST), *(f"--ignore={path}" for path in driven)]][: 2 if everything else 1]


def noticed_by(mutation: Mutation | None, runs: Iterable[list[str]]) -> str:
    """Run the tests on a copy of the package, changed or not; return the first that fails, empty if none does."""
    changed = None if mutation is None else mutation.applied()
    with TemporaryDirectory() as folder:
        copy = Path(folder) / PACKAGE.name
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        if changed is not None:
            (copy / changed[0]).write_text(changed[1], encoding="utf-8")
        path = f"pythonpath={shlex.quote(folder)} ."
        # The same examples each time, and none that another mutation left behind.
        options = ["-x", "-q", "-p", "no:cacheprovider", "-o", path, "--hypothesis-seed=0"]
        env = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(Path(folder) / "examples")}
        for tests in runs:
            command = [sys.executable, "-m", "pytest", *options, *tests]
            try:
                done = subprocess.run(  # noqa: S603  # this Python, and what stands above
                    command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LONGEST, check=False
                )
            except subprocess.TimeoutExpired:
                return f"no end within {LONGEST:.0f} s"
            if done.returncode:
                first = _FIRST_FAILURE.search(done.stdout)
                return first[1] if first else f"pytest's exit code {done.returncode}"
    return ""
