"""The version of the app; CHANGELOG.md says what each one brought."""

from __future__ import annotations

from platform import python_version

from .home.internals import appdaemon_version

VERSION = "1.0.0"


def versions() -> str:
    """Return the versions of all that a bug may depend on, in one line."""
    return f"{VERSION}, AppDaemon {appdaemon_version()}, Python {python_version()}"
