"""AppDaemon's look at the app's files: 4.5 parses all that it watches anew each second, in its event loop."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_PACKAGE = __name__.partition(".")[0]
_LAST_KNOWN_TO_PARSE = (4, 5, 13)
_REMARK = (
    f"parses all files of the app each second; `exclude_dirs: [{_PACKAGE}]` in appdaemon.yaml spares the processor that"
)


def scan_remark(watched: Iterable[Path], version: str) -> str:
    """Return what there is to say of it, with the remedy; empty when it is not so, or not known to be so.

    Args:
        watched: The Python files that AppDaemon watches.
        version: AppDaemon's.
    """
    if tuple(map(int, re.findall(r"\d+", version)))[:3] > _LAST_KNOWN_TO_PARSE:
        return ""
    return _REMARK if any(file.parts[-2:] == (_PACKAGE, "__init__.py") for file in watched) else ""
