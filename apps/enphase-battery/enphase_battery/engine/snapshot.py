"""What the entities show, as values, before it is put into Home Assistant's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..control.controls import Control
from ..control.enforcement import Enforced
from ..control.intent import Source
from ..control.site_state import Storage
from ..control.verdict import Outcome
from ..control.windows.window import Occurrence


@dataclass(frozen=True, slots=True)
class ControlReport:
    """All that is said of one control.

    Attributes:
        control: Which.
        shown: The switch by the last read that counted; None while there was none.
        wanted: What is wanted now; None while nothing is known.
        outcome: What became of that; None before the first verdict.
        enforced: Whether the gateway acts on it.
        fail_safe: Whether the cloud itself ends what is forced for a time.
        source: Who wished it.
        reason: Why it is as it is, in words.
        until: End of the timed wish (aware).
        target_soc: Percent at which it is to stop.
        confirmed_at: Instant (aware) at which it was confirmed.
        last_error: The last thing that failed, in words.
        last_error_at: Instant (aware) at which that failed.
        window: Name of the window that wishes it; empty when none does.
        held_back: Whether it waits for a wish for another control.
    """

    control: Control
    shown: bool | None
    wanted: bool | None
    outcome: Outcome | None
    enforced: Enforced
    fail_safe: bool
    source: Source | None
    reason: str
    until: datetime | None
    target_soc: int | None
    confirmed_at: datetime | None
    last_error: str
    last_error_at: datetime | None = None
    window: str = ""
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something lasting that is wrong.

    Attributes:
        text: What, in one sentence.
        since: Instant (aware) at which it began.
        hint: What the user can do about it.
    """

    text: str
    since: datetime
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The state of the sign-in.

    Attributes:
        status: `OK`, `EXPIRED`, `LOGIN_FAILED`, `MFA_REQUIRED`, `BLOCKED` or `UNREACHABLE`.
        refreshed_at: Instant (aware) of the last token refresh.
        expires_at: Instant (aware) at which the token expires.
        site_id: The site, as soon as it is known.
        user_id: The user, as soon as it is known.
        token: The token itself, only where the user asked for it.
        session_ends_at: Instant (aware) at which a new sign-in is needed, with a code where the account has a second
            factor; None where the cloud does not say. The session may end sooner.
    """

    status: str
    refreshed_at: datetime | None = None
    expires_at: datetime | None = None
    site_id: str | None = None
    user_id: str | None = None
    token: str | None = None
    session_ends_at: datetime | None = None

    @property
    def needs_code(self) -> bool:
        """Whether a person has to say the code of the second factor."""
        return self.status == "MFA_REQUIRED"

    def __repr__(self) -> str:
        return f"SignIn(status={self.status!r})"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the entities show at one moment.

    Attributes:
        taken_at: The moment (aware).
        controls: One report per control.
        readable: Whether the last try to read the cloud succeeded; None before the first.
        storage: The battery; None while it could not be read.
        next_window: The next occurrence of a time-of-use window.
        problems: What is wrong, the most important first.
        sign_in: The state of the sign-in.
    """

    taken_at: datetime
    controls: tuple[ControlReport, ...]
    readable: bool | None
    storage: Storage | None
    next_window: Occurrence | None
    problems: tuple[Problem, ...]
    sign_in: SignIn
