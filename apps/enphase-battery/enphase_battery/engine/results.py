"""Commands that wait for their answer: exactly one final result each, also over a restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import count

from ..control.reason import Kind, Reason, because
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..store.decoding import as_mapping, as_text, as_whole, attempt, by_name, each
from ..store.store import Store
from ..words.reasons import hint, sentence
from .commands import CommandEnvelope, ReleaseCommand

_SECTION = "answers"

POLL = "poll"
"""What `refresh` waits for: the next poll."""


@dataclass(frozen=True, slots=True)
class Result:
    """One `enphase_battery_result`.

    Attributes:
        envelope: Which command it answers.
        outcome: What became of it.
        reason: Why; None when there is nothing to add.
        advised: Whether what a person can do about it goes along.
        report: The redacted report of `diagnose`.
    """

    envelope: CommandEnvelope
    outcome: Outcome
    reason: Reason | None = None
    advised: bool = False
    report: Mapping[str, object] | None = None

    def to_json(self) -> dict[str, object]:
        """Return the result as the store keeps it until it is fired."""
        return {
            "envelope": self.envelope.to_json(),
            "outcome": self.outcome.value,
            "reason": self.reason.to_json() if self.reason else None,
            "advised": self.advised,
            "report": self.report,
        }

    @classmethod
    def from_json(cls, value: object) -> Result:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        return cls(
            envelope=_envelope(data["envelope"]),
            outcome=Outcome(data["outcome"]),
            reason=_reason(data["reason"]),
            advised=data.get("advised") is True,
            report=None if data["report"] is None else as_mapping(data["report"]),
        )


@dataclass(frozen=True, slots=True)
class _Open:
    """A command without a final result.

    ``number`` is the one under which it is stored, ``waits`` holds the keys of the wishes that decide it, ``told`` the
    reason of the last `pending`, if any was fired.
    """

    number: int
    envelope: CommandEnvelope
    waits: frozenset[str]
    failure: Reason | None = None
    told: Reason | None = None
    is_told: bool = False

    def to_json(self) -> dict[str, object]:
        """Return what the store keeps of it."""
        failure = self.failure.to_json() if self.failure else None
        return {"envelope": self.envelope.to_json(), "waits": sorted(self.waits), "failure": failure}


@dataclass(slots=True)
class Results:
    """The commands that wait, and the results that are ready to be fired.

    Each is stored by itself: what one costs does not depend on how many there are.

    Attributes:
        store: What outlives a restart: what is open, and what is ready but not fired.
    """

    store: Store
    _open: list[_Open] = field(default_factory=list, init=False)
    _ready: dict[int, Result] = field(default_factory=dict, init=False)
    _numbers: Iterator[int] = field(default_factory=count, init=False)

    def __post_init__(self) -> None:
        self.store.read(_SECTION, self._restore)

    def _restore(self, data: Mapping[str, object]) -> None:
        """Take up what waited when the app last ran. Raises ValueError, KeyError or TypeError for other JSON."""
        if "open" in data:
            self._restore_lists(data)
            return
        stored = sorted(by_name(as_whole, as_mapping, data).items())
        ready = {number: attempt(Result.from_json, one) for number, one in stored if "outcome" in one}
        opened = (attempt(partial(_opened, number), one) for number, one in stored if "outcome" not in one)
        self._open = [one for one in opened if one is not None]
        self._ready = {number: one for number, one in ready.items() if one is not None}
        self._numbers = count(max((number for number, _ in stored), default=-1) + 1)

    def _restore_lists(self, data: Mapping[str, object]) -> None:
        """Take up what a version left that stored all of it as two lists."""
        self._open = [*each(lambda one: _opened(next(self._numbers), one), data["open"])]
        self._ready = {next(self._numbers): result for result in each(Result.from_json, data["ready"])}
        stored = {one.number: one.to_json() for one in self._open}
        stored |= {number: result.to_json() for number, result in self._ready.items()}
        self.store.write(_SECTION, {str(number): one for number, one in stored.items()})

    def open(self, envelope: CommandEnvelope, waits: Iterable[str]) -> None:
        """Let a command wait for verdicts on these wishes (keys of intents, or :data:`POLL`)."""
        one = _Open(next(self._numbers), envelope, frozenset(waits))
        self._open.append(one)
        self._store(one)

    def close(self, envelope: CommandEnvelope, outcome: Outcome, reason: Reason, *, advised: bool = False) -> None:
        """Answer a command at once. ``advised``: what a person can do about it goes along."""
        self._answer(Result(envelope, outcome, reason, advised))

    def report(self, envelope: CommandEnvelope, report: Mapping[str, object]) -> None:
        """Answer `diagnose`."""
        self._answer(Result(envelope, Outcome.CONFIRMED, report=report))

    def judged(self, verdict: Verdict) -> None:
        """Pass a verdict on to the commands that wait for it."""
        self.decided(verdict.wanted.intent.key, verdict.outcome, verdict.reason)

    def decided(self, key: str, outcome: Outcome, reason: Reason | None) -> None:
        """Pass on what became of one thing that commands wait for."""
        waiting, self._open = self._open, []
        for one in waiting:
            if key not in one.waits:
                self._open.append(one)
            elif not outcome.final:
                self._open.append(self._tell_pending(one, reason))
            else:
                failure = reason if outcome is Outcome.FAILED else one.failure
                rest = one.waits - {key}
                if rest:
                    left = replace(one, waits=rest, failure=failure)
                    self._open.append(left)
                    self._store(left)
                elif failure is not None:
                    self._conclude(one, Outcome.FAILED, failure)
                else:
                    self._conclude(one, outcome, reason)

    def supersede(self, wanted: Iterable[Wanted], now: datetime, ended: Mapping[str, datetime]) -> None:
        """Answer the commands whose wish does not rule any more.

        Args:
            wanted: What rules now.
            now: The current instant (aware).
            ended: Ends of the timed wishes that ran before, by key, to tell an end from a newer wish.
        """
        ruling = {one.intent.key for one in wanted} | {POLL}
        waiting, self._open = self._open, []
        for one in waiting:
            if one.waits <= ruling:
                self._open.append(one)
            elif any(key in ended and ended[key] <= now for key in one.waits - ruling):
                self._conclude(one, Outcome.SUPERSEDED, because(Kind.END_PASSED))
            elif one.envelope.command == ReleaseCommand.name:
                self._conclude(one, Outcome.FAILED, because(Kind.REQUEST_MEANWHILE))
            else:
                self._conclude(one, Outcome.SUPERSEDED, because(Kind.NEWER_REQUEST))

    def ready(self) -> Mapping[int, Result]:
        """Return what is to be fired now, oldest first, each with its number."""
        return dict(self._ready)

    def fired(self, number: int) -> None:
        """Note that a result was fired."""
        del self._ready[number]
        self.store.put(_SECTION, str(number), None)

    def _conclude(self, one: _Open, outcome: Outcome, reason: Reason | None) -> None:
        """Answer a command that waited."""
        self._answer(Result(one.envelope, outcome, reason))
        self.store.put(_SECTION, str(one.number), None)

    def _answer(self, result: Result) -> None:
        """Have a result fired."""
        number = next(self._numbers)
        self._ready[number] = result
        self.store.put(_SECTION, str(number), result.to_json())

    def _tell_pending(self, one: _Open, reason: Reason | None) -> _Open:
        if one.is_told and reason == one.told:
            return one
        self._answer(Result(one.envelope, Outcome.PENDING, reason))
        return replace(one, told=reason, is_told=True)

    def _store(self, one: _Open) -> None:
        self.store.put(_SECTION, str(one.number), one.to_json())


def _opened(number: int, value: object) -> _Open:
    """Read back what :meth:`_Open.to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
    one = as_mapping(value)
    return _Open(number, _envelope(one["envelope"]), frozenset(each(as_text, one["waits"])), _reason(one["failure"]))


def _reason(value: object) -> Reason | None:
    """Read back a reason. Older versions kept it as a sentence, which was empty when there was none."""
    if isinstance(value, str):
        return because(Kind.REFUSED, detail=value) if value else None
    if value is None:
        return None
    reason = Reason.from_json(value)
    sentence(reason), hint(reason)  # one of which nothing can be said would keep all results from being fired
    return reason


def _envelope(value: object) -> CommandEnvelope:
    data = as_mapping(value)
    return CommandEnvelope(
        **{key: None if data[key] is None else str(data[key]) for key in ("id", "app", "command", "control", "state")}
    )
