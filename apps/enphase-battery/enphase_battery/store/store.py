"""What outlives a restart: one small JSON file, replaced atomically, readable by its owner only."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from time import sleep
from typing import ClassVar, TypeVar

from .decoding import DECODING_ERRORS, as_mapping, counting_losses
from .safe_file import replace_file
from .section_texts import SectionTexts

VERSION = 1

Value = TypeVar("Value")

_KEPT = "%s cannot be used (%s) and is kept as %s"

_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM, errno.EINTR, errno.EAGAIN, errno.ESTALE})
_TRIES, _MOMENT = 5, 0.1  # seconds, and only where there is such trouble

_PATIENCE = 10.0
"""Seconds after which nobody waits any longer for a disk that hangs: an SD card may take some, a dead share forever."""


class DiskTrouble(Enum):
    """What is wrong with a disk that does not take a file."""

    FULL = "full"
    READ_ONLY = "read_only"
    HANGS = "hangs"
    NOT_ALLOWED = "not_allowed"
    OTHER = "other"


_DISK_TROUBLE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), DiskTrouble.FULL),
    errno.EROFS: DiskTrouble.READ_ONLY,
    errno.ETIMEDOUT: DiskTrouble.HANGS,
    **dict.fromkeys((errno.EACCES, errno.EPERM), DiskTrouble.NOT_ALLOWED),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a file cannot be written: the file, the machine's word for it, and the kind."""

    file: Path
    error: str
    disk: DiskTrouble


@dataclass(frozen=True, slots=True)
class Loss:
    """What could not be read: the file, why, and the name under which it is kept."""

    file: Path
    error: str
    aside: str


_Held = tuple[dict[str, object], dict[str, object], bool, bool, "Loss | None"]


class Store:
    """Sections of JSON under one file name.

    Each section belongs to one part of the app, which encodes and decodes it. A write replaces the file as a whole, so
    a crash leaves either the old or the new one. What cannot be written stays in memory, also for the next instance of
    the app, and is tried again with every write, be it of something unchanged.

    The disk takes its time, and nobody may wait for it in an event loop: there an executor does. Writes that come while
    it is busy are joined, and who needs them on the disk waits for :meth:`kept`.

    Nothing is thrown away because it cannot be understood. A file that cannot be used is kept as
    `<name>.unreadable.json`, the newest one only, and the last good file before it, `<name>.backup.json`, takes its
    place. A section that its owner cannot use is kept inside the file, under `unreadable`.

    Args:
        path: The file; its folder is made when needed. Where it is a symbolic link, what it leads to is meant.
        logger: Where trouble with the file is told, once each time it begins or ends.
        disk: Writes the file, one thing after the other; the store is then used in an event loop. None: every write
            waits for the disk itself.
        told: Is called whenever trouble with the file begins or ends.

    Attributes:
        loss: What was lost when the file was read; None when nothing was.
        trouble: Why the file cannot be written at the moment; None when all is well.
    """

    _unsaved: ClassVar[dict[Path, _Held]] = {}
    """What is not written, or not yet: AppDaemon builds a new instance of the app whenever Home Assistant restarts."""

    def __init__(
        self,
        path: Path,
        logger: logging.Logger,
        disk: Executor | None = None,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = Path(os.path.realpath(path))
        self._backup = self._path.with_suffix(".backup.json")
        self._aside = self._path.with_suffix(".unreadable.json")
        self._logger = logger
        self._disk = disk
        self._unwritten = False
        self._writing: asyncio.Task[None] | None = None
        self._noted = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._told = told
        self.trouble: Trouble | None = None
        self.loss: Loss | None = None
        self._sound = False  # whether what stands there was read or written by the app
        self._in_the_way = False  # whether something stands there that could not be read
        self._unreadable: dict[str, object] = {}
        self._texts = SectionTexts()
        held = self._unsaved.get(self._path)
        if held is not None:
            self._sections, self._unreadable, self._sound, self._in_the_way, self.loss = held
        else:
            self._sections = self._load()
        if held is not None or self._in_the_way:
            self._save()

    def read(self, section: str, decode: Callable[[Mapping[str, object]], Value]) -> Value | None:
        """Return a section as its owner decodes it; None when there is none or it cannot be decoded (told in the log).

        Args:
            section: The section's name.
            decode: Turns the JSON object into a value; may raise any of DECODING_ERRORS, and leave out members that are
                not what they should be (see :mod:`.decoding`): they are told in the log, and kept like a whole section.
        """
        data = self._sections.get(section)
        if data is None:
            return None
        try:
            with counting_losses() as lost:
                value = decode(as_mapping(data))
        except DECODING_ERRORS as error:
            self._logger.warning("The stored %s cannot be used (%s) and is ignored", section, type(error).__name__)
            self._unreadable[section] = data
            return None
        if lost:
            errors = ", ".join(sorted(set(lost)))
            self._logger.warning("Of the stored %s, %d cannot be used (%s) and are ignored", section, len(lost), errors)
            self._unreadable[section] = data
        return value

    def write(self, section: str, data: Mapping[str, object]) -> None:
        """Replace a section and, when that changes anything, the file. Never raises because of the file."""
        self.write_all({section: data})

    def write_all(self, sections: Mapping[str, Mapping[str, object]]) -> None:
        """Replace several sections at once, as :meth:`write` does."""
        if self.trouble or any(self._sections.get(section) != data for section, data in sections.items()):
            for section, data in sections.items():
                self._sections[section] = dict(data)
                self._texts.forget(section)
            self._save()

    def put(self, section: str, key: str, value: Mapping[str, object] | None) -> None:
        """Replace one member of a section, or drop it (None), as :meth:`write` does.

        It costs the same however many members there are. A section is written either so or as a whole.
        """
        members = self._sections.get(section)
        if not isinstance(members, dict):
            members = self._sections[section] = {}
        if self.trouble or members.get(key) != value:
            if value is None:
                members.pop(key, None)
            else:
                members[key] = dict(value)
            self._texts.put(section, members, key)
            self._save()

    def forget(self, *sections: str) -> None:
        """Drop some sections, and the backup, which holds them too."""
        for one in sections:
            self._sections.pop(one, None)
            self._unreadable.pop(one, None)
            self._texts.forget(one)
        self._sound = False
        with suppress(OSError):
            self._backup.unlink(missing_ok=True)
        self._save()

    async def kept(self) -> None:
        """Wait until everything that was written so far is on the disk, or cannot get there (:attr:`trouble`)."""
        if self._writing is None:
            return
        tried = asyncio.get_running_loop().create_future()
        self._waiting.append((self._noted, tried))
        _, late = await asyncio.wait({tried}, timeout=_PATIENCE)
        if late:
            self._attempted(TimeoutError(errno.ETIMEDOUT, f"no answer from the disk within {_PATIENCE:g} s"))

    # -- the file -----------------------------------------------------------------------------------------------------

    def _load(self) -> dict[str, object]:
        try:
            sections, self._unreadable = _read_patiently(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, TypeError, RecursionError) as error:
            self._in_the_way = True
            return self._load_backup(_reason(error))
        self._sound = True
        return sections

    def _load_backup(self, reason: str) -> dict[str, object]:
        """Return what the last good file held, in place of one that cannot be used."""
        try:
            sections, self._unreadable = _read(self._backup)
        except (OSError, ValueError, TypeError, RecursionError):
            self.loss = Loss(self._path, reason, self._aside.name)
            self._logger.warning(f"{_KEPT}; the app began anew", self._path, reason, self._aside.name)  # noqa: G004
            return {}
        self._logger.warning(f"{_KEPT}; what stood there before is used", self._path, reason, self._aside.name)  # noqa: G004
        return sections

    def _save(self) -> None:
        if self._disk is None:
            self._attempted(_error_of(self._replacement()))
            return
        self._unwritten = True
        self._noted += 1
        self._hold()
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write_behind(self._disk))

    async def _write_behind(self, disk: Executor) -> None:
        """Write the file until it is what it should be."""
        try:
            while self._unwritten:
                self._unwritten, noted = False, self._noted
                work = partial(_error_of, self._replacement())
                self._attempted(await asyncio.get_running_loop().run_in_executor(disk, work))
                self._release(noted)
        finally:
            self._writing = None
            self._release(self._noted)

    def _release(self, noted: int) -> None:
        """Let those go who wait for no more than what was noted up to here."""
        for one in [one for one in self._waiting if one[0] <= noted]:
            self._waiting.remove(one)
            if not one[1].done():
                one[1].set_result(None)

    def _replacement(self) -> Callable[[], None]:
        """Return what replaces the file by all that there is to write now."""
        rest = f', "unreadable": {json.dumps(self._unreadable)}' if self._unreadable else ""
        return partial(
            replace_file,
            self._path,
            f'{{"version": {VERSION}, "sections": {self._texts.of(self._sections)}{rest}}}',
            backup=self._backup if self._sound else None,
            aside=self._aside if self._in_the_way else None,
        )

    def _attempted(self, error: OSError | None) -> None:
        """Conclude from a try to write the file."""
        before, self.trouble = self.trouble, None
        if error is not None:
            self.trouble = Trouble(self._path, _reason(error), _disk_of(error))
            self._hold()
        else:
            self._sound, self._in_the_way = True, False
            if not self._unwritten:
                self._unsaved.pop(self._path, None)
        if (before is None) == (self.trouble is None):
            return
        if self.trouble is None:
            self._logger.info("%s can be written again", self._path)
        else:
            said = "%s cannot be written (%s); nothing outlives a restart until it can"
            self._logger.warning(said, self._path, self.trouble.error)
        self._told()

    def _hold(self) -> None:
        """Keep what is not written for the next instance of the app."""
        self._unsaved[self._path] = self._sections, self._unreadable, self._sound, self._in_the_way, self.loss


def _error_of(act: Callable[[], None]) -> OSError | None:
    """Return what the disk says against something."""
    try:
        act()
    except OSError as error:
        return error
    return None


def _read_patiently(path: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Return what :func:`_read` does, a moment later if something has to pass: the good file must not be lost."""
    for _ in range(_TRIES - 1):
        try:
            return _read(path)
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            sleep(_MOMENT)
    return _read(path)


def _read(path: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Return the sections of a file, and what no owner could use. Raises OSError, ValueError, TypeError."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ValueError("it is of another version")
    sections, unreadable = content.get("sections"), content.get("unreadable")
    if not isinstance(sections, dict):
        raise TypeError("it holds no sections")
    return sections, unreadable if isinstance(unreadable, dict) else {}


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


def _disk_of(error: OSError) -> DiskTrouble:
    return _DISK_TROUBLE.get(error.errno or 0, DiskTrouble.OTHER)
