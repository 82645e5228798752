"""AppDaemon's log, read as it grows: at level DEBUG half an hour fills a hundred megabytes."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from demo.home_assistant import TIME_ZONE
from tests.stack.phone import CONTROLS

_REFUSED = re.compile(r"(\S+ \S+) WARNING \w+: Could not switch (.+?) (on|off): (.*)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line in which the app says that a wish was refused."""

    at: datetime
    control: str
    on: bool
    reason: str


@dataclass(slots=True)
class AppLog:
    """What the log says of one app.

    Attributes:
        refusals: The wishes that were refused so far.
        begun: How often AppDaemon has begun the app so far.
    """

    path: Path
    app: str
    refusals: list[Refusal] = field(default_factory=list)
    begun: int = 0
    _read: int = 0

    def follow(self) -> "AppLog":
        """Read what has been added, up to the last whole line."""
        with self.path.open("rb") as log:
            log.seek(self._read)
            added = log.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if line.endswith(f" INFO AppDaemon: Calling initialize() for {self.app}"):
                self.begun += 1
            elif f" WARNING {self.app}: Could not switch " in line and (found := _REFUSED.match(line)):
                self.refusals.append(_refusal(*found.groups()))
        return self


def _refusal(stamp: str, title: str, state: str, reason: str) -> Refusal:
    control = next(one for one in CONTROLS if title.startswith(one.partition("_")[0]))
    at = datetime.fromisoformat(stamp).replace(tzinfo=ZoneInfo(TIME_ZONE))
    return Refusal(at, control, state == "on", reason)
