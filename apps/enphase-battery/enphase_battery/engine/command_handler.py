"""Obeys commands: turns what an event asks for into wishes, and lets its answer wait for what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from ..control.controls import Control
from ..control.entries import listed
from ..control.intent import Intent, Source
from ..control.verdict import Outcome
from ..control.windows.clock import next_local_time
from ..errors import CommandError, EnlightenError, NoCodeExpected, SignInSuspended
from .commands import (
    CancelCommand,
    Command,
    CommandEnvelope,
    DiagnoseCommand,
    OtpCommand,
    RefreshCommand,
    ReleaseCommand,
    SetCommand,
)
from .ports import Cloud, HomeAssistant
from .resolver import Resolver
from .results import POLL, Results
from .stored_wishes import StoredWishes


class CommandHandler:
    """The one who takes commands.

    Args:
        controls: The controls that may be changed.
        wishes: Keeps the wishes.
        resolver: What there is to reckon with.
        results: The commands that wait for their answer.
        cloud: Asked for a fresh token.
        home: Asked for the report of `diagnose`.
        reconsider: Makes the next pass look at a control again.
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
        home: HomeAssistant,
        reconsider: Callable[[Control], None],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._controls = tuple(controls)
        self._wishes = wishes
        self._resolver = resolver
        self._results = results
        self._cloud = cloud
        self._home = home
        self._reconsider = reconsider
        self._clock = clock
        self._logger = logger

    async def obey(self, command: Command, envelope: CommandEnvelope) -> bool:
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
                self._results.close(envelope, Outcome.CONFIRMED, "nothing to cancel")
        elif isinstance(command, RefreshCommand):
            return await self._sign_in(envelope, self._cloud.refresh(by_hand=True))
        elif isinstance(command, ReleaseCommand):
            self._logger.info("Released: what the app switched on goes off, and windows rest until the next wish")
            self._wishes.release()
            self._await_verdict(envelope, *self._controls)
        elif isinstance(command, DiagnoseCommand):
            self._results.report(envelope, self._home.diagnosis())
        elif isinstance(command, OtpCommand):
            return await self._sign_in(envelope, self._cloud.submit_code(command.code))
        else:
            return await self._sign_in(envelope, self._cloud.resend_code(), sent="the cloud sends another code")
        return False

    async def _sign_in(self, envelope: CommandEnvelope, attempt: Awaitable[None], *, sent: str = "") -> bool:
        """Make an attempt to sign in, or a part of one; return whether everything is to be read now.

        Args:
            envelope: The command that asked for it; it is answered with what the next poll brings.
            attempt: What is to be done.
            sent: What a success means that is only a part of a sign-in; the command is answered with it.
        """
        try:
            await attempt
        except EnlightenError as error:
            hint = f"; {error.hint}" if error.hint else ""
            reason = f"{error}{self._time_left(error)}{hint}"
            is_impossible = isinstance(error, (SignInSuspended, NoCodeExpected))
            self._results.close(envelope, Outcome.REJECTED if is_impossible else Outcome.FAILED, reason, reason)
        else:
            if not sent:
                self._results.open(envelope, (POLL,))
                return True
            self._results.close(envelope, Outcome.CONFIRMED, sent)
        self._home.changed()
        return False

    def _time_left(self, error: EnlightenError) -> str:
        """Return in words how long a sign-in is forbidden; empty when it is not."""
        if not isinstance(error, SignInSuspended):
            return ""
        minutes, seconds = divmod(max(0, round((error.until - self._clock()).total_seconds())), 60)
        hours, minutes = divmod(minutes, 60)
        return f"; possible again in {hours:02}:{minutes:02}:{seconds:02}"

    def _await_verdict(self, envelope: CommandEnvelope, *controls: Control) -> None:
        """Let a command wait for fresh verdicts on what is now wanted of these controls."""
        wanted = self._wishes.wanted()
        for control in controls:
            self._reconsider(control)
        keys = [wanted[control].intent.key for control in controls if control in wanted]
        if keys:
            self._results.open(envelope, keys)
        else:
            self._results.close(envelope, Outcome.CONFIRMED, "nothing was wanted before")

    def _check_control(self, control: Control) -> None:
        if control not in self._controls:
            choices = ", ".join(one.value for one in self._controls)
            raise CommandError(f"control: {control.value} is not one that this app may change ({choices})")

    def _set(self, command: SetCommand) -> None:
        now = self._clock()
        until = self._until(command, now)
        control, target_soc = command.control, command.target_soc
        if until is not None:
            self._wishes.command(Intent(control, command.on, Source.COMMAND, now, until, target_soc=target_soc))
            return
        foreign = self._resolver.ground.foreign_of(control)
        if target_soc is not None and foreign:
            raise CommandError(
                f"target_soc: entries of yours decide: {listed(foreign)}", hint="set their limits in the Enphase app"
            )
        self._wishes.flip(control, command.on, Source.COMMAND, target_soc=target_soc)

    def _until(self, command: SetCommand, now: datetime) -> datetime | None:
        """Return the instant at which a `set` ends; None when it names no end."""
        if command.duration is not None:
            return now + command.duration
        if command.until is None:
            return None
        zone = self._resolver.calendar.zone
        if zone is None:
            raise CommandError("until: the site's time zone is not known yet", hint="use duration, or set time_zone")
        return next_local_time(zone, command.until, now)
