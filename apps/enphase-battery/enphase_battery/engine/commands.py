"""The commands of the event `enphase_battery_command`, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import ClassVar

from ..control.controls import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addressed:
    """What every command may say.

    Attributes:
        id: Comes back in the result; None when the sender gave none.
        app: Name of the app that is meant, as in apps.yaml; None means every app.
    """

    id: str | None = None
    app: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCommand(_Addressed):
    """A wish: with `duration` or `until` a timed one, with neither a flip.

    `until` is a time of day in the site's local time, or a moment, which is in the site's local time if it is naive.
    """

    name: ClassVar[str] = "set"
    control: Control
    on: bool
    duration: timedelta | None = None
    until: time | datetime | None = None
    target_soc: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCommand(_Addressed):
    """Ends a command or skips the running window of the control."""

    name: ClassVar[str] = "cancel"
    control: Control


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCommand(_Addressed):
    """Token and state, now."""

    name: ClassVar[str] = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseCommand(_Addressed):
    """A redacted report."""

    name: ClassVar[str] = "diagnose"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCommand(_Addressed):
    """All that is owned is deleted, all wishes are off."""

    name: ClassVar[str] = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpCommand(_Addressed):
    """The second factor's code, which is a secret for as long as it is valid."""

    name: ClassVar[str] = "otp"
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpResendCommand(_Addressed):
    """Asks the cloud to send another code."""

    name: ClassVar[str] = "otp_resend"


Command = SetCommand | CancelCommand | RefreshCommand | DiagnoseCommand | ReleaseCommand | OtpCommand | OtpResendCommand


@dataclass(frozen=True, slots=True)
class CommandEnvelope:
    """What can be read of an event that is refused, for the result that answers it. None: absent or unreadable."""

    id: str | None
    app: str | None
    command: str | None
    control: str | None
    state: str | None

    def to_json(self) -> dict[str, object]:
        """Return it as the store keeps it."""
        return {
            "id": self.id,
            "app": self.app,
            "command": self.command,
            "control": self.control,
            "state": self.state,
        }
