"""What the app uses of AppDaemon beside its documented API; nothing else in the package touches it.

Any release may move one of these. Each says what happens without it: the app starts, and does its work, all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timezone, tzinfo
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appdaemon.plugins.hass.hassapi import Hass

from ..errors import InstallationError

_MISSING = (AttributeError, KeyError, TypeError)
"""What comes of reaching for a thing that is no longer there, or has become another."""


class NotOffered(Exception):
    """AppDaemon has no way to ask Home Assistant this; there is no point in asking again."""


class Internals:
    """The internals that an app reaches through its `AD`.

    Args:
        app: The AppDaemon app.
    """

    def __init__(self, app: Hass) -> None:
        self._app: Any = app

    def now(self) -> datetime:
        """Return the current instant by AppDaemon's clock (aware, UTC). Without it: by the machine's."""
        try:
            now: datetime = self._app.AD.sched.get_now_sync()
        except _MISSING:
            return datetime.now(timezone.utc)
        return now

    def zone(self) -> tzinfo:
        """Return AppDaemon's time zone, which is Home Assistant's. Without it: UTC, until the site's is known."""
        zone = getattr(self._app.AD, "tz", None)
        return zone if isinstance(zone, tzinfo) else timezone.utc

    def is_same_appdaemon(self, other: Hass) -> bool:
        """Return whether another instance of the app runs in this AppDaemon, and not in one before it (in tests)."""
        return self._app.AD is other.AD

    def watched_files(self) -> Collection[Path]:
        """Return the Python files that AppDaemon looks at each second. Without it: none, and nothing is said of it."""
        try:
            appdaemon = self._app.AD
            return () if appdaemon.production_mode else tuple(appdaemon.app_management.python_filecheck.paths)
        except _MISSING:
            return ()

    def entry(self) -> Any:
        """Return the app's entry in apps.yaml as AppDaemon has read it last, None if there is none.

        Without it: None; what is removed from the entry then counts from the next start of AppDaemon.
        """
        try:
            return self._app.AD.app_management.app_config.root.get(self._app.name)
        except _MISSING:
            return None

    def changed_at(self, entry: Any) -> float | None:
        """Return when the file of an entry was changed, as AppDaemon has seen it (seconds). Without it: None."""
        try:
            changed_at: float | None = self._app.AD.app_management.config_filecheck.mtimes.get(entry.config_path)
        except _MISSING:
            return None
        return changed_at

    async def read_entry(self, entry: Any) -> Any:
        """Read the app's entry anew from its file; None if it is not there. Without it: the entry that is known.

        Raises:
            Exception: whatever AppDaemon raises for a file that is no good; its errors differ from release to release.
        """
        try:
            read = self._app.AD.app_management.read_config_file
        except _MISSING:
            return entry
        return (await read(entry.config_path)).root.get(self._app.name)

    def restart_with(self, entry: Any) -> None:
        """Have AppDaemon's next start of the app use this entry. Without it: the old one is used once more."""
        self._app.config_model = entry  # AppDaemon starts an app anew with what it was made with
        try:
            self._app.AD.app_management.app_config.root[self._app.name] = entry
        except _MISSING:
            return

    def mask_arguments(self, shown: Mapping[str, object]) -> bool:
        """Let AppDaemon's admin API serve these arguments of the app in place of the real ones.

        Not with set_state(): that logs the real ones at debug level, and sends them out with an event.

        Returns:
            False where that cannot be done: secrets stand there in clear.
        """
        try:
            entity = self._app.AD.state.state["admin"].get(f"app.{self._app.name}")
            if entity is not None:
                entity["attributes"]["args"] = dict(shown)
        except _MISSING:
            return False
        return True

    async def states(self) -> Mapping[str, Mapping[str, Any]] | None:
        """Ask Home Assistant itself for all states, by entity id; None when it does not answer.

        Without it: AppDaemon's own copy, which may lag behind.

        Raises:
            Exception: whatever AppDaemon raises; its errors differ from release to release.
        """
        try:
            plugin = self._app.AD.plugins.get_plugin_object(self._app.namespace)
            ask = plugin.get_complete_state if plugin else None
        except _MISSING:
            copy: Mapping[str, Mapping[str, Any]] | None = await self._app.get_state()
            return copy
        states: Mapping[str, Mapping[str, Any]] | None = await ask() if ask else None
        return states

    async def websocket(self, command: str, fields: Mapping[str, str]) -> object:
        """Send a command over AppDaemon's websocket to Home Assistant; return what it answers.

        Raises:
            NotOffered: This AppDaemon cannot. No helpers are created then, and a notice of an earlier run is not known.
            Exception: whatever AppDaemon raises; its errors differ from release to release.
        """
        try:
            send = self._app.AD.plugins.get_plugin_object(self._app.namespace).websocket_send_json
        except _MISSING as error:
            raise NotOffered(command) from error
        answer: object = await send(type=command, silent=True, **fields)
        return answer


def appdaemon_version() -> str:
    """Return AppDaemon's version. Where it is not installed as a package: `unknown`."""
    try:
        return metadata.version("appdaemon")
    except metadata.PackageNotFoundError:
        return "unknown"


def read_config_file(file: Path) -> object:
    """Return what AppDaemon makes of one of its files, secrets included.

    Raises:
        InstallationError: This AppDaemon cannot be asked.
        Exception: whatever AppDaemon raises for a file that is no good; its errors differ from release to release.
    """
    try:
        read = import_module("appdaemon.utils").read_config_file
    except _MISSING:
        raise InstallationError(
            f"AppDaemon {appdaemon_version()} does not say how it reads its configuration",
            hint="start the app and use its command `diagnose`, which tells the same",
        ) from None
    return read(file)
