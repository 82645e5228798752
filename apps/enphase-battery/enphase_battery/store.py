"""What outlives a restart: one small JSON file, replaced atomically, readable by its owner only."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

VERSION = 1

Value = TypeVar("Value")


class Store:
    """Sections of JSON under one file name.

    Each section belongs to one part of the app, which encodes and decodes it. A write replaces the file as a whole, so
    a crash leaves either the old or the new one. What cannot be written stays in memory and is tried again with the
    next change; what cannot be read is kept beside the file under another name, never overwritten.

    Args:
        path: The file; its folder is made when needed.
        logger: Where trouble with the file is told, once each time it begins or ends.
    """

    def __init__(self, path: Path, logger: logging.Logger) -> None:
        self._path = path
        self._logger = logger
        self._trouble = ""
        self._sections: dict[str, object] = self._load()

    @property
    def trouble(self) -> str:
        """Why the file cannot be written at the moment, in one sentence; empty when all is well."""
        return self._trouble

    def read(self, section: str, decode: Callable[[Mapping[str, object]], Value]) -> Value | None:
        """Return a section as its owner decodes it; None when there is none or it cannot be decoded (told in the log).

        Args:
            section: The section's name.
            decode: Turns the JSON object into a value; may raise ValueError, KeyError or TypeError.
        """
        data = self._sections.get(section)
        if not isinstance(data, Mapping):
            return None
        try:
            return decode(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._logger.warning("The stored %s cannot be used (%s) and is ignored", section, type(error).__name__)
            return None

    def write(self, section: str, data: Mapping[str, object]) -> None:
        """Replace a section and, when that changes anything, the file. Never raises because of the file."""
        self.write_all({section: data})

    def write_all(self, sections: Mapping[str, Mapping[str, object]]) -> None:
        """Replace several sections at once, as :meth:`write` does."""
        if self._trouble or any(self._sections.get(section) != data for section, data in sections.items()):
            self._sections.update({section: dict(data) for section, data in sections.items()})
            self._save()

    def forget(self) -> None:
        """Drop all sections: they are about another account."""
        self._sections.clear()
        self._save()

    def _load(self) -> dict[str, object]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(content, dict) or content.get("version") != VERSION:
                raise ValueError("it is of another version")
            sections = content.get("sections")
            if not isinstance(sections, dict):
                raise TypeError("it holds no sections")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            aside = self._path.with_suffix(".unreadable.json")
            self._logger.warning(
                "%s cannot be used (%s); it is kept as %s and the app starts without it",
                self._path,
                error.strerror if isinstance(error, OSError) else error,
                aside.name,
            )
            self._keep(aside)
            return {}
        return sections

    def _keep(self, aside: Path) -> None:
        try:
            self._path.replace(aside)
        except OSError as error:
            self._logger.warning("%s could not be renamed (%s)", self._path, error.strerror)

    def _save(self) -> None:
        temporary = self._path.with_suffix(".new")
        content = json.dumps({"version": VERSION, "sections": self._sections})
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(descriptor, 0o600)
                file.write(content)
            temporary.replace(self._path)
        except OSError as error:
            trouble = f"{self._path} cannot be written ({error.strerror}); nothing outlives a restart until it can"
            if not self._trouble:
                self._logger.warning(trouble)
            self._trouble = trouble
        else:
            if self._trouble:
                self._logger.info("%s can be written again", self._path)
            self._trouble = ""
