"""A Python that this machine lacks, out of Debian's packages, in a folder of the checkout.

It brings its own C library, because a newer Python needs a newer one than an older Debian has. So it runs wherever a
kernel does, but only from the folder into which it was fetched: the absolute path of that library is written into it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.debian import Archive, archive, is_debian
from tools.environments import SetUpError
from tools.pythons import Python, Version, dotted, probe

FETCHED = Path(__file__).resolve().parent.parent / ".fetched"
"""What is fetched besides Python's packages; git ignores it, and `make clean` removes it."""

# Newest first: an older release has the older Pythons.
_SUITES = ("testing", "stable", "oldstable")


def fetched_python(suits: Callable[[Version], bool]) -> Python | None:
    """Return the oldest Python for which `suits` says yes, among those fetched earlier and those that Debian has.

    Args:
        suits: Whether a version will do; the oldest that does has the most packages ready-made.

    Returns:
        The Python; None if this machine has no access to Debian's packages, or Debian has none that suits.

    Raises:
        SetUpError: it could not be fetched, or does not run.
    """
    earlier = filter(None, (probe(str(one)) for one in FETCHED.glob("python*/usr/bin/python3.*[0-9]")))
    for python in sorted(earlier):
        if suits(python.version):
            return python
    if not is_debian():
        return None
    for suite in _SUITES:
        with archive(suite) as packages:
            if minor := _suitable(packages, suits):
                return _fetch(packages, minor)
    return None


def _suitable(packages: Archive, suits: Callable[[Version], bool]) -> str | None:
    """Return the oldest Python of a release that suits, as `3.14`."""
    offered = sorted(
        tuple(int(part) for part in re.findall(r"\d+", version)[:3])
        for version in packages.versions(r"python3\.\d+-venv").values()
    )
    return next((dotted(version[:2]) for version in offered if suits(version)), None)


def _fetch(packages: Archive, minor: str) -> Python:
    root = FETCHED / f"python{minor}"
    print(f"Fetching Debian's Python {minor} into {root} ...", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    packages.unpack([f"python{minor}-venv", f"libpython{minor}-dev", "patchelf"], root)
    _settle(root, minor)
    path = root / "usr" / "bin" / f"python{minor}"
    python = probe(str(path))
    if python is None:
        raise SetUpError(f"Debian's Python {minor} does not run in {root}. Install a Python of your own and try again.")
    return python


def _settle(root: Path, minor: str) -> None:
    """Let a Python find its C library, headers and pip in the folder where it lies."""
    python, standard = root / "usr" / "bin" / f"python{minor}", root / "usr" / "lib" / f"python{minor}"
    loader = next(one for one in sorted(root.glob("usr/lib/*/ld-linux*.so.*")) if one.is_file())
    libraries = loader.parent
    # Debian's own header only leads to that of the architecture, by way of /usr/include.
    include = root / "usr" / "include"
    shutil.copy(include / libraries.name / f"python{minor}" / "pyconfig.h", include / f"python{minor}")
    for settings in standard.glob("_sysconfigdata_*.py"):
        text = settings.read_text(encoding="utf-8")
        wheels = f"'{root}/usr/share/python-wheels/'"
        settings.write_text(text.replace("'/usr/share/python-wheels/'", wheels), encoding="utf-8")
    for archived in standard.glob("config-*/*.a"):
        archived.unlink()
    patchelf = [loader, "--library-path", libraries, root / "usr" / "bin" / "patchelf"]
    # One after the other: with both in one call patchelf 0.18 writes a program that crashes.
    for change in (["--force-rpath", "--set-rpath", libraries], ["--set-interpreter", loader]):
        try:
            subprocess.run(
                [str(part) for part in (*patchelf, *change, python)], check=True, capture_output=True, text=True
            )
        except subprocess.CalledProcessError as error:
            raise SetUpError(f"patchelf could not change {python}:\n{error.stderr}") from error
