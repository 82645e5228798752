"""What apps.yaml says of the app by now.

AppDaemon starts an app anew when a key of its entry is added or changed, but not when one is gone (seen in 4.5.13): a
window that its owner has deleted would go on running. Over a mapping under a new key it trips (`KeyError` in its
`deep_compare`), and takes over nothing of the file that it has just read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .internals import Internals


class OwnEntry:
    """The entry of one app, as its file says.

    Args:
        internals: AppDaemon's.
        args: The arguments that the app was started with.
    """

    def __init__(self, internals: Internals, args: Mapping[str, Any]) -> None:
        self._internals = internals
        self._args = args
        self._differed = False
        self._newest: Any = None
        self._newest_of: float | None = None

    async def take_over(self) -> bool:
        """Give the app what its entry says by now; return whether that was another one, so that it has to start anew.

        Only the second time that it differs: in between, AppDaemon may be about to start the app anew by itself. To be
        called at every heartbeat.
        """
        entry = await self._newest_entry()
        differed, self._differed = self._differed, entry is not None and _arguments(entry) != self._args
        if not (differed and self._differed):
            return False
        self._internals.restart_with(entry)
        return True

    async def _newest_entry(self) -> Any:
        """Return the entry as its file says, read whenever AppDaemon has seen that the file has changed."""
        known = self._internals.entry()
        changed_at = self._internals.changed_at(known)
        if changed_at is None:
            return known
        if changed_at != self._newest_of:
            try:
                self._newest = await self._internals.read_entry(known)
            except Exception:  # noqa: BLE001  # whatever is wrong with the file: AppDaemon tells it, and so will the next look
                return known
            self._newest_of = changed_at
        return self._newest or known


def _arguments(entry: Any) -> dict[str, Any]:
    """Return what an app gets of its entry, made as AppDaemon makes it."""
    arguments: dict[str, Any] = entry.model_dump(by_alias=True, exclude_unset=True)
    return arguments
