"""Scripted faults: what is to go wrong, and when (section 14.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from .wire import Request

NAMED_BODIES = (
    "@maintenance",
    "@wall",
    "@error",
    "@spring",
    "@not json",
    "@null",
    "@list",
    "@text",
    "@empty",
    "@deep",
    "@bytes",
    "@gzip",
)
"""Bodies that a script calls by name; `answers/scripted.py` knows what is in them."""
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fault:
    """A step of the switch `fault_script`.

    `match` is a part of "METHOD /path"; the next `times` such requests wait `delay` seconds and are answered with
    `status` and `body` (a JSON value, text, or one of NAMED_BODIES); 0 is no answer: the connection breaks. With
    `after` the cloud carries the request out all the same, and only its own answer is lost. A body without a status
    comes with 200; without either the cloud's own answer is given.

    To whichever answer it is, `headers` are added, each in the place of one with its name; `huge` fills the body with
    blanks up to that many bytes; `cut` breaks the connection in the middle of the body; `endless` sends headers and
    then nothing (True) or a blank every second ("drip"), until the client hangs up.

    Before all this `expire` ends the session of the request (statement 81), and `rotate_xsrf` makes its XSRF tokens
    invalid (82).
    """

    match: str
    status: int | None = None
    body: object = ""
    delay: float = 0.0
    times: int = 1
    after: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    endless: bool | str = False
    huge: int = 0
    expire: bool = False
    rotate_xsrf: bool = False

    def __post_init__(self) -> None:
        wrong = [name for name, accepts in _RULES.items() if not accepts(getattr(self, name))]
        if wrong:
            raise ValueError(f"fault_script: {self} has a member of the wrong type: {', '.join(wrong)}")
        if isinstance(self.body, str) and self.body.startswith("@") and self.body not in NAMED_BODIES:
            raise ValueError(f"fault_script: no body {self.body!r}; choices: {', '.join(NAMED_BODIES)}")
        if self.cut and self.endless:
            raise ValueError("fault_script: a body is either cut or endless")

    @classmethod
    def parse(cls, step: object) -> Fault:
        """Read one step from JSON; raise ValueError when it is not one."""
        if isinstance(step, Fault):
            return step
        if not isinstance(step, Mapping):
            raise ValueError(f"fault_script: {step!r} is not an object")  # noqa: TRY004 - one error for all bad switches
        try:
            return cls(**step)
        except TypeError as error:
            raise ValueError(f"fault_script: {error}; choices: {STEP_MEMBERS}") from error

    @property
    def is_own_answer(self) -> bool:
        """Whether the cloud's own answer is given, whatever happens to it on its way."""
        return self.status is None and self.body == ""

    @property
    def is_carried_out(self) -> bool:
        """Whether the cloud carries the request out."""
        return self.is_own_answer or self.after


STEP_MEMBERS = ", ".join(each.name for each in fields(Fault))


def _is_number(value: object, kinds: type | tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)


_RULES: dict[str, Callable[[object], bool]] = {
    "match": lambda value: isinstance(value, str),
    "status": lambda value: value is None or _is_number(value, int),
    "delay": lambda value: _is_number(value, (int, float)),
    "times": lambda value: _is_number(value, int),
    "after": _is_flag,
    "headers": _is_headers,
    "cut": _is_flag,
    "endless": lambda value: _is_flag(value) or value == "drip",
    "huge": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST,
    "expire": _is_flag,
    "rotate_xsrf": _is_flag,
}


class FaultRun:
    """A fault script on its way: knows how often each step is still to be played."""

    def __init__(self, script: tuple[Fault, ...]) -> None:
        self._left: list[tuple[Fault, int]] = [(fault, fault.times) for fault in script]

    def next_for(self, request: Request) -> Fault | None:
        """Return the first step that meets this request and is not used up, and count it."""
        for position, (fault, left) in enumerate(self._left):
            if left > 0 and fault.match in f"{request.method} {request.path}":
                self._left[position] = (fault, left - 1)
                return fault
        return None
