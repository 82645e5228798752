"""Replacing a small file so that neither a crash nor a full disk nor a power cut leaves a bad one in its place."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: str, *, backup: Path | None = None, aside: Path | None = None) -> None:
    """Replace a file as a whole; its folder is made when needed. Only its owner can read it.

    The new content is on the disk before it takes the old one's place, so whatever happens meanwhile leaves the one or
    the other. The disk is waited for: some 10 ms a file, more on an SD card.

    Args:
        path: The file; no symbolic link, which would be replaced by a file.
        content: What it is to hold.
        backup: The name under which the file that stands there is kept, where the file system can do that.
        aside: The name under which whatever stands there must be kept, or it is not replaced.

    Raises:
        OSError: It could not be done. The file stands as it stood.
    """
    temporary = path.with_suffix(".new")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary.unlink(missing_ok=True)  # a crash left it, or somebody put a link there: nothing is written through it
    try:
        _write(temporary, content)
        if backup is not None:
            _keep(path, backup)
        if aside is not None:
            _set_aside(path, aside)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def _write(path: Path, content: str) -> None:
    """Write a new file, to the disk itself."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _keep(path: Path, backup: Path) -> None:
    """Give a file a second name, under which it stays when it is replaced. The backup before it stays until then."""
    spare = backup.with_suffix(".spare")
    with suppress(OSError):
        spare.unlink(missing_ok=True)
        os.link(path, spare)
        spare.replace(backup)


def _set_aside(path: Path, aside: Path) -> None:
    """Give a file another name for good. It keeps its own until it is replaced: there is a file at any moment."""
    try:
        aside.unlink(missing_ok=True)
        os.link(path, aside)
    except FileNotFoundError:
        return
    except OSError:  # no such links here, or a folder stands there
        path.replace(aside)


def _settle(folder: Path) -> None:
    """Have the disk note at once which file has the name now; where a folder cannot be synchronised, a little later."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
