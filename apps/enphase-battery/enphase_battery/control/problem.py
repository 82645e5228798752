"""Something lasting that is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from .controls import Control
from .reason import Reason


@dataclass(frozen=True, slots=True)
class Problem:
    """Something lasting that is wrong.

    Attributes:
        reason: What.
        since: Instant (aware) at which it began.
        about: The control or the window's name that it is about; None: the app as a whole.
    """

    reason: Reason
    since: datetime
    about: Control | str | None = None

    @property
    def key(self) -> str:
        """Identity: the same as long as the same is wrong, whatever instants a sentence about it names."""
        about = self.about.value if isinstance(self.about, Control) else self.about
        return json.dumps([about, self.reason.kind.value, self.reason.lasting()], sort_keys=True)
