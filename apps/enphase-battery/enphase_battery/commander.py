"""Obeys commands: turns what an event asks for into wishes, and lets its answer wait for what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from .answers import POLL, Answers
from .control.entries import listed
from .control.intent import Intent, Source
from .control.names import Control
from .control.verdict import Outcome
from .control.windows import next_local_time
from .errors import CommandError, EnlightenError
from .home.commands import (
    CancelCommand,
    Command,
    CommandEnvelope,
    DiagnoseCommand,
    RefreshCommand,
    ReleaseCommand,
    SetCommand,
)
from .keeper import Keeper
from .outlook import Outlook
from .ports import Cloud, House


class Commander:
    """The one who takes commands.

    Args:
        controls: The controls that may be changed.
        keeper: Keeps the wishes.
        outlook: What there is to reckon with.
        answers: The commands that wait for their answer.
        cloud: Asked for a fresh token.
        house: Asked for the report of `diagnose`.
        reconsider: Makes the next pass look at a control again.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told what is commanded.
    """

    def __init__(
        self,
        controls: Collection[Control],
        *,
        keeper: Keeper,
        outlook: Outlook,
        answers: Answers,
        cloud: Cloud,
        house: House,
        reconsider: Callable[[Control], None],
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._controls = tuple(controls)
        self._keeper = keeper
        self._outlook = outlook
        self._answers = answers
        self._cloud = cloud
        self._house = house
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
            if self._keeper.cancel(command.control):
                self._await_verdict(envelope, command.control)
            else:
                self._answers.close(envelope, Outcome.CONFIRMED, "nothing to cancel")
        elif isinstance(command, RefreshCommand):
            await self._refresh_and_poll(envelope)
        elif isinstance(command, ReleaseCommand):
            self._logger.info("Released: what the app switched on goes off, and windows rest until the next wish")
            self._keeper.release()
            self._await_verdict(envelope, *self._controls)
        elif isinstance(command, DiagnoseCommand):
            self._answers.report(envelope, self._house.diagnosis())
        else:
            raise CommandError(
                "this app cannot answer a request for a second factor yet",
                hint="switch the second factor off for the account, or use another account that has access to the site",
            )
        return isinstance(command, RefreshCommand)

    async def _refresh_and_poll(self, envelope: CommandEnvelope) -> None:
        """Carry `refresh` out: the token now, the state with the next round."""
        try:
            await self._cloud.refresh()
        except EnlightenError as error:
            self._answers.close(envelope, Outcome.FAILED, str(error), str(error))
        else:
            self._answers.open(envelope, (POLL,))

    def _await_verdict(self, envelope: CommandEnvelope, *controls: Control) -> None:
        """Let a command wait for fresh verdicts on what is now wanted of these controls."""
        wanted = self._keeper.wanted()
        for control in controls:
            self._reconsider(control)
        keys = [wanted[control].intent.key for control in controls if control in wanted]
        if keys:
            self._answers.open(envelope, keys)
        else:
            self._answers.close(envelope, Outcome.CONFIRMED, "nothing was wanted before")

    def _check_control(self, control: Control) -> None:
        if control not in self._controls:
            choices = ", ".join(one.value for one in self._controls)
            raise CommandError(f"control: {control.value} is not one that this app may change ({choices})")

    def _set(self, command: SetCommand) -> None:
        now = self._clock()
        until = self._until(command, now)
        control, target_soc = command.control, command.target_soc
        if until is not None:
            self._keeper.command(Intent(control, command.on, Source.COMMAND, now, until, target_soc=target_soc))
            return
        foreign = self._outlook.ground.foreign_of(control)
        if target_soc is not None and foreign:
            raise CommandError(
                f"target_soc: entries of yours decide: {listed(foreign)}", hint="set their limits in the Enphase app"
            )
        self._keeper.flip(control, command.on, Source.COMMAND, target_soc=target_soc)

    def _until(self, command: SetCommand, now: datetime) -> datetime | None:
        """Return the instant at which a `set` ends; None when it names no end."""
        if command.duration is not None:
            return now + command.duration
        if command.until is None:
            return None
        zone = self._outlook.calendar.zone
        if zone is None:
            raise CommandError("until: the site's time zone is not known yet", hint="use duration, or set time_zone")
        return next_local_time(zone, command.until, now)
