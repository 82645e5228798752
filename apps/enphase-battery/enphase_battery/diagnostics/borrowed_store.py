"""The store of an app that may be running, for somebody who only looks into it."""

from __future__ import annotations

import logging
from pathlib import Path

from ..errors import InstallationError
from ..store.store import Store


class BorrowedStore(Store):
    """Reads as :class:`Store` does, and writes nothing: what is written to it stays in memory.

    Raises:
        InstallationError: There is a store that may not be read. Without it nobody knows when a sign-in is allowed.
    """

    def __init__(self, path: Path, logger: logging.Logger) -> None:
        try:
            path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            pass  # the app never ran
        except OSError as error:
            raise InstallationError(
                f"what the app keeps in {path} cannot be read: {error.strerror}",
                hint="run the check as the user that AppDaemon runs as",
            ) from None
        super().__init__(path, logger)

    def forget(self, *sections: str) -> None:
        """Drop some sections in memory."""
        for one in sections:
            self._sections.pop(one, None)

    def _save(self) -> None:
        """Leave the file as it stands."""
