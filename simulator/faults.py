"""Scripted faults: answers given instead of the cloud's own (a small part of section 14.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .wire import Request, Response, as_html, as_json, as_text


@dataclass(frozen=True, slots=True)
class Fault:
    """A step of the switch `fault_script`.

    `match` is a part of "METHOD /path"; the next `times` such requests wait `delay` seconds and are answered with
    `status` and `body` (a JSON value, or text); 0 is no answer: the connection breaks. With `after` the cloud carries
    the request out all the same, and only its own answer is lost. Without `status` requests are only slow.
    """

    match: str
    status: int | None = None
    body: object = ""
    delay: float = 0.0
    times: int = 1
    after: bool = False

    def __post_init__(self) -> None:
        numbers = isinstance(self.status, (int, type(None))) and isinstance(self.times, int)
        others = isinstance(self.delay, (int, float)) and isinstance(self.after, bool)
        if not isinstance(self.match, str) or not numbers or not others:
            raise ValueError(f"fault_script: {self} has a member of the wrong type")

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
            raise ValueError(f"fault_script: {error}; choices: match, status, body, delay, times, after") from error

    @property
    def is_carried_out(self) -> bool:
        """Whether the cloud carries the request out."""
        return self.status is None or self.after

    def instead_of(self, own: Response) -> Response:
        """Return what is answered instead of the cloud's own answer."""
        if self.status is None:
            return replace(own, delay=self.delay)
        return replace(self._scripted(self.status), delay=self.delay)

    def _scripted(self, status: int) -> Response:
        if not isinstance(self.body, str):
            return as_json(self.body, status)
        return as_html(self.body, status) if self.body.startswith("<") else as_text(self.body, status)


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
