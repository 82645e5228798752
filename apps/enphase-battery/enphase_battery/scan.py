"""AppDaemon's look at the app's files: 4.5 parses all that it watches anew each second, in its event loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from appdaemon.version import __version__ as appdaemon_version

_PACKAGE = __name__.partition(".")[0]
_LAST_KNOWN_TO_PARSE = (4, 5, 13)
_REMARK = (
    f"parses all files of the app each second; `exclude_dirs: [{_PACKAGE}]` in appdaemon.yaml spares the processor that"
)


def scan_remark(
    watched: Callable[[], Iterable[Path]], *, production_mode: bool, version: str = appdaemon_version
) -> str:
    """Return what there is to say of it, with the remedy; empty when it is not so, or not known to be so.

    Args:
        watched: Returns the Python files that AppDaemon watches; not called where it does not matter.
        production_mode: AppDaemon's option of that name: it does not look at all.
        version: AppDaemon's.
    """
    if production_mode or tuple(map(int, re.findall(r"\d+", version)))[:3] > _LAST_KNOWN_TO_PARSE:
        return ""
    return _REMARK if any(file.parts[-2:] == (_PACKAGE, "__init__.py") for file in watched()) else ""
