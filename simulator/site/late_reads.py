"""What reads show of what the cloud stores: late, and at times the old once more (statements 77 and 78)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

LONGEST_LAG = timedelta(seconds=120)
_State = TypeVar("_State")


@dataclass(frozen=True, slots=True)
class _Shown(Generic[_State]):
    """What a document showed last, and what it showed before that until it has flapped back to it."""

    state: _State
    before: _State | None = None


class LateReads(Generic[_State]):
    """The recent states, and what each document has shown of them."""

    def __init__(self, first: _State) -> None:
        self._first = _Shown(first)
        self._replaced: deque[tuple[datetime, _State]] = deque()
        self._shown: dict[str, _Shown[_State]] = {}

    def replace(self, at: datetime, old: _State) -> None:
        """Note that a state was replaced."""
        self._replaced.append((at, old))
        while self._replaced[0][0] < at - LONGEST_LAG:
            self._replaced.popleft()

    def read(self, document: str, current: _State, at: datetime, *, flapping: bool) -> _State:
        """Return the state of the moment `at` for one read of a document.

        `flapping`: the second read after a change goes back to the old state, if it comes within two minutes.
        """
        state = next((old for replaced_at, old in self._replaced if replaced_at > at), current)
        last = self._shown.get(document, self._first)
        if state is not last.state:
            self._shown[document] = _Shown(state, last.state)
        elif flapping and last.before is not None and self._replaced[-1][0] > at - LONGEST_LAG:
            self._shown[document] = _Shown(state)
            return last.before
        return state
