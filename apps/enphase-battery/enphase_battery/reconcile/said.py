"""The verdicts that stand: what was last said of each control."""

from __future__ import annotations

from collections.abc import Mapping

from ..control.controls import Control
from ..control.verdict import Verdict
from .ports import Listener


class Said:
    """What was said of each control, and has not been taken back.

    Args:
        listener: Who is told.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._verdicts: dict[Control, Verdict] = {}

    @property
    def verdicts(self) -> Mapping[Control, Verdict]:
        """The verdicts, by control."""
        return self._verdicts

    def say(self, control: Control, verdict: Verdict) -> None:
        """Say what became of what is wanted of a control."""
        self._verdicts[control] = verdict
        self._listener.judged(control, verdict)

    def reconsider(self, control: Control) -> None:
        """Take a verdict back, so that the next pass looks at the control again."""
        if self._verdicts.pop(control, None) is not None:
            self._listener.undecided()

    def look_again_at_what_waits(self) -> None:
        """Take back, without a word, the verdicts that are not final: what they waited for has come."""
        self._verdicts = {control: verdict for control, verdict in self._verdicts.items() if verdict.outcome.final}
