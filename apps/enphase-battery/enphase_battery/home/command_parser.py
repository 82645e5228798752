"""The event `enphase_battery_command`, read into one command or refused with one sentence that says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TypeVar

from ..config.values import choice, duration, echo, key_text, moment, on_off, sentence, some, target_soc, words
from ..control.controls import Control
from ..engine.commands import (
    CancelCommand,
    Command,
    CommandEnvelope,
    DiagnoseCommand,
    OtpCommand,
    OtpResendCommand,
    RefreshCommand,
    ReleaseCommand,
    SetCommand,
)
from ..errors import CommandError

_Value = TypeVar("_Value")

_IGNORED = "metadata"  # AppDaemon adds it
_LONGEST_ID, _LONGEST_WORD = 255, 60  # characters that are given back
_MOST_NAMED = 5


_PLAIN: dict[str, type[RefreshCommand | DiagnoseCommand | ReleaseCommand | OtpResendCommand]] = {
    command.name: command for command in (RefreshCommand, DiagnoseCommand, ReleaseCommand, OtpResendCommand)
}
_NAMES = (SetCommand.name, CancelCommand.name, OtpCommand.name, *_PLAIN)


def command_envelope(data: Mapping[str, object]) -> CommandEnvelope:
    """Return what an event says about itself, however wrong the rest of it is: short, on one line. Never raises."""

    def text(member: str, longest: int = _LONGEST_WORD) -> str | None:
        value = data.get(member)
        return echo(value, longest) if isinstance(value, str) else None

    state = data.get("state")
    return CommandEnvelope(
        id=text("id", _LONGEST_ID),
        app=text("app", _LONGEST_ID),
        command=text("command"),
        control=text("control"),
        state=("on" if state else "off") if isinstance(state, bool) else text("state"),
    )


def parse_command(data: Mapping[str, object]) -> Command:
    """Read the data of one event. A member without a value (None) counts as left out.

    Raises:
        CommandError: With a sentence that names the member, its value and what it must be; the first fault only.
    """
    members = _Members(data)
    name = members.required("command", _name)
    sender, app = members.optional("id", _id), members.optional("app", words)
    command: Command
    if name == SetCommand.name:
        command = _set(members, sender, app)
    elif name == CancelCommand.name:
        command = CancelCommand(id=sender, app=app, control=members.required("control", _control))
    elif name == OtpCommand.name:
        command = OtpCommand(id=sender, app=app, code=members.required("code", _code))
    else:
        command = _PLAIN[name](id=sender, app=app)
    members.refuse_the_rest(name)
    return command


def _set(members: _Members, sender: str | None, app: str | None) -> SetCommand:
    command = SetCommand(
        id=sender,
        app=app,
        control=members.required("control", _control),
        on=members.required("state", on_off),
        duration=members.optional("duration", _duration),
        until=members.optional("until", moment),
        target_soc=members.optional("target_soc", target_soc),
    )
    if command.duration is not None and command.until is not None:
        raise CommandError("duration and until are both given: a wish has one end")
    if command.target_soc is not None and not command.on:
        raise CommandError(f"target_soc is {command.target_soc}, but state is off: there is nothing to limit")
    if command.target_soc is not None and not command.control.takes_target:
        raise CommandError(f"target_soc is {command.target_soc}, but {command.control.value} has no such limit")
    return command


class _Members:
    """The members of one event. Each is taken once; what nobody took does not belong there."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self._left = {key: value for key, value in data.items() if value is not None and key != _IGNORED}
        self._known: list[str] = []

    def required(self, member: str, read: Callable[[object], _Value]) -> _Value:
        self._known.append(member)
        value = self._left.pop(member, None)
        try:
            return read(value)
        except ValueError as error:
            if value is None:
                fault = f"{member} is missing: it {error}"
            elif member == "code":
                fault = f"{member} {error}"  # no value: a code with a slip is still most of a secret
            else:
                fault = sentence(member, value, error)
            raise CommandError(fault) from error

    def optional(self, member: str, read: Callable[[object], _Value]) -> _Value | None:
        if member in self._left:
            return self.required(member, read)
        self._known.append(member)
        return None

    def refuse_the_rest(self, command: str) -> None:
        if self._left:
            unknown = ", ".join(some([key_text(member) for member in self._left], _MOST_NAMED, "members"))
            raise CommandError(f"{unknown} does not belong to {command}, which takes {', '.join(self._known)}")


def _name(value: object) -> str:
    if isinstance(value, str) and value in _NAMES:
        return value
    raise ValueError(f"must be one of {', '.join(_NAMES)}")


def _id(value: object) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST_ID:
        return value
    raise ValueError(f"must be a text of at most {_LONGEST_ID} characters; put it in quotes")


def _code(value: object) -> str:
    digits = value.replace(" ", "") if isinstance(value, str) else ""  # people write them in groups, as messages do
    if re.fullmatch("[0-9]{1,20}", digits):
        return digits
    raise ValueError("must be a text of digits; put it in quotes, because a number loses its leading zeros")


_control = partial(choice, Control)
_duration = partial(duration, least=timedelta(seconds=1), most=timedelta(hours=23, minutes=59))
