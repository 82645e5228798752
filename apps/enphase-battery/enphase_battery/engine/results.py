"""Commands that wait for their answer: exactly one final result each, also over a restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from ..control.reason import Kind, Reason, because
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..store.decoding import as_mapping, as_text, each
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
            "envelope": asdict(self.envelope),
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

    ``waits`` holds the keys of the wishes that decide it; ``told`` the reason of the last `pending`, if any was fired.
    """

    envelope: CommandEnvelope
    waits: frozenset[str]
    failure: Reason | None = None
    told: Reason | None = None
    is_told: bool = False


@dataclass(slots=True)
class Results:
    """The commands that wait, and the results that are ready to be fired.

    Attributes:
        store: What outlives a restart: what is open, and what is ready but not fired.
    """

    store: Store
    _open: list[_Open] = field(default_factory=list, init=False)
    _ready: list[Result] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.store.read(_SECTION, self._restore)

    def _restore(self, data: Mapping[str, object]) -> None:
        """Take up what waited when the app last ran. Raises ValueError, KeyError or TypeError for other JSON."""
        self._open = [*each(_waiting, data["open"])]
        self._ready = [*each(Result.from_json, data["ready"])]

    def open(self, envelope: CommandEnvelope, waits: Iterable[str]) -> None:
        """Let a command wait for verdicts on these wishes (keys of intents, or :data:`POLL`)."""
        self._open.append(_Open(envelope, frozenset(waits)))
        self._save()

    def close(self, envelope: CommandEnvelope, outcome: Outcome, reason: Reason, *, advised: bool = False) -> None:
        """Answer a command at once. ``advised``: what a person can do about it goes along."""
        self._ready.append(Result(envelope, outcome, reason, advised))
        self._save()

    def report(self, envelope: CommandEnvelope, report: Mapping[str, object]) -> None:
        """Answer `diagnose`."""
        self._ready.append(Result(envelope, Outcome.CONFIRMED, report=report))
        self._save()

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
                    self._open.append(replace(one, waits=rest, failure=failure))
                elif failure is not None:
                    self._ready.append(Result(one.envelope, Outcome.FAILED, failure))
                else:
                    self._ready.append(Result(one.envelope, outcome, reason))
        self._save()

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
                self._ready.append(Result(one.envelope, Outcome.SUPERSEDED, because(Kind.END_PASSED)))
            elif one.envelope.command == ReleaseCommand.name:
                self._ready.append(Result(one.envelope, Outcome.FAILED, because(Kind.REQUEST_MEANWHILE)))
            else:
                self._ready.append(Result(one.envelope, Outcome.SUPERSEDED, because(Kind.NEWER_REQUEST)))
        self._save()

    def ready(self) -> list[Result]:
        """Return what is to be fired now, oldest first."""
        return list(self._ready)

    def fired(self, result: Result) -> None:
        """Note that a result was fired."""
        self._ready.remove(result)
        self._save()

    def _tell_pending(self, one: _Open, reason: Reason | None) -> _Open:
        if one.is_told and reason == one.told:
            return one
        self._ready.append(Result(one.envelope, Outcome.PENDING, reason))
        return replace(one, told=reason, is_told=True)

    def _save(self) -> None:
        waiting = [
            {
                "envelope": asdict(one.envelope),
                "waits": sorted(one.waits),
                "failure": one.failure.to_json() if one.failure else None,
            }
            for one in self._open
        ]
        self.store.write(_SECTION, {"open": waiting, "ready": [result.to_json() for result in self._ready]})


def _reason(value: object) -> Reason | None:
    """Read back a reason. Older versions kept it as a sentence, which was empty when there was none."""
    if isinstance(value, str):
        return because(Kind.REFUSED, detail=value) if value else None
    if value is None:
        return None
    reason = Reason.from_json(value)
    sentence(reason), hint(reason)  # one of which nothing can be said would keep all results from being fired
    return reason


def _waiting(value: object) -> _Open:
    one = as_mapping(value)
    return _Open(
        envelope=_envelope(one["envelope"]),
        waits=frozenset(each(as_text, one["waits"])),
        failure=_reason(one["failure"]),
    )


def _envelope(value: object) -> CommandEnvelope:
    data = as_mapping(value)
    return CommandEnvelope(
        **{key: None if data[key] is None else str(data[key]) for key in ("id", "app", "command", "control", "state")}
    )
