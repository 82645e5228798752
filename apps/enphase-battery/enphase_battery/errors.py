"""One tree of errors: what can go wrong, when it occurs, and what the caller does about it.

Every error carries its reason; its text and :attr:`EnphaseBatteryError.hint`, what a person can do, are made of that.
Neither ever holds a secret: no e-mail, password, token, cookie or answer body.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto
from typing import ClassVar

from .control.reason import Kind, Reason, because
from .words.reasons import hint, sentence


class EnphaseBatteryError(Exception):
    """Root of the tree. Callers catch a branch of it, never :class:`Exception`.

    Args:
        reason: Why; a text is the detail of a reason of the class's own kind: a request and its status, say.

    Attributes:
        kind: The kind of reason, where none is given.
        reason: Why.
    """

    kind: ClassVar[Kind]

    def __init__(self, reason: Reason | str = "") -> None:
        self.reason = reason if isinstance(reason, Reason) else because(self.kind, detail=reason)
        super().__init__(sentence(self.reason))

    @property
    def hint(self) -> str:
        """What a person can do about it; empty when nothing but waiting helps."""
        return hint(self.reason)

    def at_rest(self) -> None:
        """Forget where it came from, before it is kept: the frames it passed through hold secrets and whole answers."""
        self.__traceback__ = self.__cause__ = self.__context__ = None


class ConfigurationError(EnphaseBatteryError):
    """The app's YAML is wrong. The app does not start its work; each fault becomes one line in the log.

    Args:
        faults: One sentence per fault, naming the key, the value and the choices.
    """

    kind = Kind.CONFIGURATION

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class InstallationError(EnphaseBatteryError):
    """AppDaemon's configuration, or this app in it, cannot be found or read. `check` tells it and ends.

    Args:
        detail: What is wrong, and where.
        hint: What a person can do about it.
    """

    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__(because(Kind.INSTALLATION, detail=detail, hint=hint or None))


class CommandError(EnphaseBatteryError):
    """An `enphase_battery_command` event is malformed or impossible. The caller answers it with `rejected`."""

    kind = Kind.BAD_COMMAND


class EnlightenError(EnphaseBatteryError):
    """Anything that the Enlighten cloud did or did not do. Base of all errors of the `enlighten` package."""

    kind = Kind.UNEXPECTED_ANSWER


class Delivery(Enum):
    """How far a request came that has no usable answer."""

    FAILED = auto()
    """Not to those who carry it out: no connection, no budget, or turned away unread (429)."""
    UNKNOWN = auto()
    """It was sent, and no whole answer came: it may have been carried out."""
    ANSWERED = auto()
    """To a cloud that says that it is out of order."""


class Unreachable(EnlightenError):
    """No usable answer: time-out, broken connection, 5xx, maintenance page (section 9). Back off; no login.

    Attributes:
        delivery: How far the request came; the careful assumption where nobody can tell.
    """

    kind = Kind.CLOUD_UNREACHABLE

    delivery = Delivery.UNKNOWN

    def at_stage(self, delivery: Delivery) -> Unreachable:
        """The same error, of a request that came so far."""
        self.delivery = delivery
        return self


class RateLimited(Unreachable):
    """The cloud answered 429 (section 9.1). Wait as long as it asks.

    Args:
        retry_after: Seconds to wait, from the `Retry-After` header; 60 when the cloud names none.
    """

    kind = Kind.RATE_LIMITED

    delivery = Delivery.FAILED

    def __init__(self, detail: str, retry_after: float = 60.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BudgetExhausted(Unreachable):
    """The app's own hourly request budget is used up (`requests_per_hour`). Nothing was sent; wait.

    Args:
        next_at: Instant (aware, UTC) from which a request is allowed again.
        enough_at: Instant (aware, UTC) from which there are enough for a wish; None: the same.
    """

    kind = Kind.REQUEST_BUDGET

    delivery = Delivery.FAILED

    def __init__(self, detail: str, next_at: datetime, enough_at: datetime | None = None) -> None:
        super().__init__(detail)
        self.next_at = next_at
        self.enough_at = enough_at or next_at


class SignInError(EnlightenError):
    """The app cannot sign in. Base of the reasons below; all of them need a person or time (section 2).

    Attributes:
        until: Instant (aware, UTC) from which the login guard allows the next try (2.7); None: it holds nothing back.
    """

    kind = Kind.SIGN_IN_FAILED

    until: datetime | None = None


class WrongPassword(SignInError):
    """The cloud refused e-mail and password (2.1, 2.2). Ask the user; the login guard counts it."""

    kind = Kind.WRONG_PASSWORD


class MfaRequired(SignInError):
    """The account wants a second factor (2.4). Ask the user for the code."""

    kind = Kind.CODE_WANTED


class CodeRefused(SignInError):
    """The code of the second factor is wrong or too old (2.4). Ask the user again; the challenge stands."""

    kind = Kind.CODE_REFUSED


class NoCodeExpected(SignInError):
    """A code, or another one, was offered or asked for, and nobody waits for one (2.4). Nothing was sent."""

    kind = Kind.NO_CODE_WANTED


class AccountBlocked(SignInError):
    """The cloud says that the account is blocked (2.1). Only the user and Enphase can mend it."""

    kind = Kind.ACCOUNT_BLOCKED


class TooManySessions(SignInError):
    """The cloud says `Too many active sessions` (2.1). No login for 24 hours."""

    kind = Kind.TOO_MANY_SESSIONS


class SignInSuspended(SignInError):
    """The login guard forbids a login now (2.7). Nothing was sent.

    Args:
        until: Instant (aware, UTC) from which a login is allowed again.
    """

    kind = Kind.SIGN_IN_REFUSED

    def __init__(self, reason: Reason | str, until: datetime) -> None:
        super().__init__(reason)
        self.until: datetime = until


class SessionRejected(EnlightenError):
    """Still 401 or a login wall after the one relogin that a request is allowed (2.7, 2.8). No further login for it."""

    kind = Kind.SESSION_REJECTED


class Forbidden(EnlightenError):
    """403 also with a fresh XSRF token (9.2): not permitted, or a header shape that this site does not take."""

    kind = Kind.FORBIDDEN


class NotAvailable(EnlightenError):
    """404 or 405: this site or era does not have the endpoint (9.1). Go on without it."""

    kind = Kind.NOT_AVAILABLE


class NotFound(NotAvailable):
    """404: neither the endpoint nor what it names is there. A delete has nothing left to do; else as its base."""


class Refused(EnlightenError):
    """The cloud understood and said no: 400, 422, 500 with a reason, `isValid:false` (6.9, 9.1). Do not repeat."""

    kind = Kind.REFUSED


class Conflict(Refused):
    """409: the entry overlaps one that stands there, or the change was made before (6.8, 9.1). Read the list again.

    The cloud's word for it stands in the message only: it may name the wrong family (C26), so nothing follows from it.
    """

    kind = Kind.CONFLICT


class UnexpectedAnswer(EnlightenError):
    """The answer is not what section 6 or 7 describes: no JSON, members missing or of another type. Unreadable."""


class SiteNotFound(EnlightenError):
    """No site or user id could be found (section 3). The user has to configure `site_id` or `user_id`."""

    kind = Kind.SITE_NOT_FOUND


class SiteChanged(EnlightenError):
    """The account leads to another site than what is stored is of. The app restarts, with that site's own records."""

    kind = Kind.SITE_CHANGED


class NothingToControl(EnlightenError):
    """The site has AC Batteries only (15.4): nothing can be asked of it. It is asked again a day later.

    Args:
        until: Instant (aware, UTC) at which it is asked again.
    """

    kind = Kind.NOTHING_TO_CONTROL

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class SiteAmbiguous(EnlightenError):
    """The account has several sites and none is configured. The message lists them; the user picks one."""

    kind = Kind.SITE_AMBIGUOUS
