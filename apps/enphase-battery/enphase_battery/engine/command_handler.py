"""Obeys commands: turns what an event asks for into wishes, and lets its answer wait for what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, time, timedelta, timezone

from ..control.controls import Control
from ..control.intent import Intent, Source
from ..control.reason import Kind, Reason, because
from ..control.verdict import Outcome
from ..control.windows.clock import local_instant, next_local_time
from ..errors import CommandError, EnlightenError, NoCodeExpected, SignInSuspended
from ..reconcile.reconciler import Reconciler
from .commands import (
    CancelCommand,
    CommandEnvelope,
    OtpCommand,
    OtpResendCommand,
    RefreshCommand,
    ReleaseCommand,
    SetCommand,
)
from .ports import Cloud
from .resolver import Resolver
from .results import POLL, Results
from .stored_wishes import StoredWishes

Request = SetCommand | CancelCommand | RefreshCommand | ReleaseCommand | OtpCommand | OtpResendCommand
"""What asks for something to be done; a report is nobody's wish."""

_LESS_THAN = timedelta(hours=24)
"""How far away an end must be: an entry is known to the cloud by times of day (6.8)."""


class CommandHandler:
    """The one who takes commands.

    Args:
        controls: The controls that may be changed.
        wishes: Keeps the wishes.
        resolver: What there is to reckon with.
        results: The commands that wait for their answer.
        cloud: Asked for a fresh token.
        reconciler: Looks at a control again.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told what is commanded.
    """

    def __init__(
        self,
        controls: Collection[Control],
        *,
        wishes: StoredWishes,
        resolver: Resolver,
        results: Results,
        cloud: Cloud,
        reconciler: Reconciler,
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._controls = tuple(controls)
        self._wishes = wishes
        self._resolver = resolver
        self._results = results
        self._cloud = cloud
        self._reconciler = reconciler
        self._clock = clock
        self._logger = logger

    async def obey(self, command: Request, envelope: CommandEnvelope) -> bool:
        """Carry a command out as far as that can be done at once; return whether everything is to be read now.

        Raises:
            CommandError: It is impossible.
        """
        if isinstance(command, SetCommand):
            self._check_control(command.control)
            self._logger.info("%s is commanded %s", command.control.title.capitalize(), "on" if command.on else "off")
            self._set(command)
            self._await_verdict(envelope, command.control)
        elif isinstance(command, CancelCommand):
            self._check_control(command.control)
            if self._wishes.cancel(command.control):
                self._await_verdict(envelope, command.control)
            else:
                self._results.close(envelope, Outcome.CONFIRMED, because(Kind.NOTHING_TO_CANCEL))
        elif isinstance(command, RefreshCommand):
            return await self._sign_in(envelope, self._cloud.refresh(by_hand=True))
        elif isinstance(command, ReleaseCommand):
            self._logger.info("Released: what the app switched on goes off, and windows rest until the next wish")
            self._wishes.release()
            self._await_verdict(envelope, *self._controls)
        elif isinstance(command, OtpCommand):
            return await self._sign_in(envelope, self._cloud.submit_code(command.code))
        else:
            return await self._sign_in(envelope, self._cloud.resend_code(), sent=Kind.CODE_SENT)
        return False

    async def _sign_in(self, envelope: CommandEnvelope, attempt: Awaitable[None], *, sent: Kind | None = None) -> bool:
        """Make an attempt to sign in, or a part of one; return whether everything is to be read now.

        Args:
            envelope: The command that asked for it; it is answered with what the next poll brings.
            attempt: What is to be done.
            sent: What a success means that is only a part of a sign-in; the command is answered with it.
        """
        try:
            await attempt
        except EnlightenError as error:
            is_impossible = isinstance(error, (SignInSuspended, NoCodeExpected))
            outcome = Outcome.REJECTED if is_impossible else Outcome.FAILED
            self._results.close(envelope, outcome, self._why(error), advised=True)
        else:
            if sent is None:
                self._results.open(envelope, (POLL,))
                return True
            self._results.close(envelope, Outcome.CONFIRMED, because(sent))
        return False

    def _why(self, error: EnlightenError) -> Reason:
        """Return why an attempt failed, and for how long a sign-in is forbidden, where it is."""
        if not isinstance(error, SignInSuspended):
            return error.reason
        left = max(timedelta(0), error.until - self._clock())
        return because(error.reason.kind, **dict(error.reason.values), possible_in=left)

    def _await_verdict(self, envelope: CommandEnvelope, *controls: Control) -> None:
        """Let a command wait for fresh verdicts on what is now wanted of these controls."""
        wanted = self._wishes.wanted()
        for control in controls:
            self._reconciler.reconsider(control)
        keys = [wanted[control].intent.key for control in controls if control in wanted]
        if keys:
            self._results.open(envelope, keys)
        else:
            self._results.close(envelope, Outcome.CONFIRMED, because(Kind.NOTHING_WANTED))

    def _check_control(self, control: Control) -> None:
        if control not in self._controls:
            choices = ", ".join(one.value for one in self._controls)
            raise CommandError(because(Kind.NOT_IN_CONTROLS, name=control.value, choices=choices))

    def _set(self, command: SetCommand) -> None:
        now = self._clock()
        until = self._until(command, now)
        control, target_soc = command.control, command.target_soc
        if until is not None:
            self._wishes.command(Intent(control, command.on, Source.COMMAND, now, until, target_soc=target_soc))
            return
        foreign = self._resolver.ground.foreign_of(control)
        if target_soc is not None and foreign:
            raise CommandError(because(Kind.TARGET_NOT_YOURS, entries=tuple(entry.terms for entry in foreign)))
        self._wishes.flip({control: command.on}, Source.COMMAND, target_soc=target_soc)

    def _until(self, command: SetCommand, now: datetime) -> datetime | None:
        """Return the instant at which a `set` ends; None when it names no end."""
        if command.duration is not None:
            return now + command.duration
        if command.until is None:
            return None
        instant, given = self._instant(command.until, now), command.until.isoformat()
        if instant <= now:
            raise CommandError(because(Kind.UNTIL_PAST, given=given))
        if instant - now >= _LESS_THAN:
            raise CommandError(because(Kind.UNTIL_TOO_FAR, given=given))
        return instant

    def _instant(self, moment: time | datetime, now: datetime) -> datetime:
        """Return the instant (aware, UTC) that is meant."""
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment.astimezone(timezone.utc)
        zone = self._resolver.windows.zone
        if zone is None:
            raise CommandError(because(Kind.UNTIL_NEEDS_ZONE))
        if isinstance(moment, datetime):
            return local_instant(zone, moment, now)
        return next_local_time(zone, moment, now)
