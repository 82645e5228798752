"""Which file is an app's: no two apps have one in common, be it the file itself or what the store keeps beside it."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path

_PLAIN = re.compile(r"\w[\w .-]{0,99}")
_BESIDE = (".backup", ".unreadable")
"""What stands in the names of the files that the store keeps beside an app's own."""


def file_of(folder: Path, app: str) -> Path:
    """Return the file of an app: by its name, or by a hash of it where that is no plain name of a file.

    An app `battery.backup` was once given the name of the backup of an app `battery`.
    """
    by_name, by_hash = folder / f"{app}.json", _by_hash(folder, app)
    if not _PLAIN.fullmatch(app):
        return by_hash
    if not app.casefold().endswith(_BESIDE):
        return by_name
    return by_name if _is_older(by_name, by_hash) else by_hash


def claim_file(folder: Path, app: str) -> Path:
    """Return the file of an app, renamed where an older version gave it the name of another app's backup."""
    file, by_hash = file_of(folder, app), _by_hash(folder, app)
    if app.casefold().endswith(_BESIDE) and file != by_hash:
        with suppress(OSError):
            file.replace(by_hash)
            return by_hash
    return file


def _by_hash(folder: Path, app: str) -> Path:
    return folder / f"{hashlib.sha256(app.encode(errors='replace')).hexdigest()[:16]}.json"


def _is_older(by_name: Path, by_hash: Path) -> bool:
    """Whether an older version left an app's file under its name, and it cannot be what another app's store left."""
    return by_name.exists() and not by_hash.exists() and not by_name.with_suffix("").with_suffix(".json").exists()
