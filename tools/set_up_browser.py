"""Find a Chromium for the tests of the pages, or fetch Debian's: `python3 -m tools.set_up_browser`.

Prints one line that says which it is, or what to install. Its exit code is 0 all the same: only the tests that need a
browser fail without one, with that line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tools.debian import archive, is_debian
from tools.debian_python import FETCHED
from tools.environments import SetUpError

MISSING = (
    "The tests of the dashboard need Chromium: install it (on Debian: apt-get install chromium), "
    "or say where it is: CHROMIUM=/path/to/chromium make stack"
)

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FETCHED = FETCHED / "chromium"
_PROGRAM = _FETCHED / "run"

# The C library and the display's drivers have to be this machine's own, or are not used without a display.
_WITHOUT = (
    "libc6",
    "libc-*",
    "perl*",
    "libperl*",
    "libllvm*",
    "libz3*",
    "libgl1-mesa-dri",
    "mesa-libgallium",
    "systemd",
)
_SCRIPT = """\
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
export FONTCONFIG_SYSROOT="$here"
for folder in "$here"/lib/*-linux-* "$here"/usr/lib/*-linux-* "$here"/usr/lib/*-linux-*/pulseaudio; do
  LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$here/usr/lib/chromium/chromium" "$@"
"""


def browser() -> str | None:
    """Return the path of a Chromium that runs: what CHROMIUM names, else one on the PATH, else the one fetched."""
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else [*map(shutil.which, _NAMES), str(_PROGRAM)]
    return next((one for one in candidates if one and _runs(one)), None)


def fetch() -> None:
    """Unpack Debian's Chromium into the checkout.

    Raises:
        SetUpError: it could not be fetched.
    """
    print(f"Fetching Debian's Chromium into {_FETCHED} ...", flush=True)
    shutil.rmtree(_FETCHED, ignore_errors=True)
    _FETCHED.mkdir(parents=True)
    with archive() as packages:
        packages.unpack(["chromium", "fonts-dejavu-core"], _FETCHED, _WITHOUT)
    _PROGRAM.write_text(_SCRIPT, encoding="utf-8")
    _PROGRAM.chmod(0o755)


def main() -> int:
    """Say which browser the tests use, and fetch one where there is none."""
    if browser() is None and not os.environ.get("CHROMIUM") and is_debian():
        try:
            fetch()
        except SetUpError as error:
            print(error, file=sys.stderr)
    found = browser()
    print(f"The tests of the dashboard use {found}" if found else MISSING)
    return 0


def _runs(program: str) -> bool:
    """Return whether it is a browser: on some systems the one on the PATH only says how to install one."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return "Chrom" in said.stdout


if __name__ == "__main__":
    sys.exit(main())
