"""What is said of the site at one moment: the snapshot that the entities show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .control.enforcement import enforcement
from .control.names import Control
from .control.verdict import Outcome, Verdict
from .control.wanted import Wanted
from .controller import Controller
from .errors import EnlightenError, Unreachable
from .home.snapshot import ControlReport, Problem, SignIn, Snapshot

_LONG_NUMBER = re.compile(r"\d{5,}")
"""Ids of sites and users."""


@dataclass(slots=True)
class _History:
    """What the last verdicts on one control leave behind.

    ``undone_since`` is when the first of them in a row failed or was undecided, which a wish that only waits for
    another wish is not.
    """

    confirmed_at: datetime | None = None
    last_error: str = ""
    undone_since: datetime | None = None


@dataclass(slots=True)
class Reporter:
    """Puts the snapshot together, and remembers of the verdicts what the last one alone does not say.

    Attributes:
        clock: Returns the current instant (aware, UTC).
        pending_timeout: How long something may stay undecided before it is a problem.
        sign_in: Returns the state of the sign-in.
        extra_problems: Returns what other parts of the app found wrong.
    """

    clock: Callable[[], datetime]
    pending_timeout: timedelta
    sign_in: Callable[[], SignIn]
    extra_problems: Callable[[], tuple[Problem, ...]]
    _without_zone_since: datetime | None = None
    _histories: dict[Control, _History] = field(default_factory=lambda: {control: _History() for control in Control})

    def judged(self, control: Control, verdict: Verdict) -> None:
        """Remember a verdict."""
        history = self._histories[control]
        undone = verdict.outcome is Outcome.FAILED or (
            verdict.outcome is Outcome.PENDING and not verdict.wanted.held_back_by
        )
        history.undone_since = (history.undone_since or verdict.at) if undone else None
        if verdict.outcome is Outcome.CONFIRMED:
            history.confirmed_at = verdict.at
        elif verdict.outcome is Outcome.FAILED:
            history.last_error = verdict.reason

    def snapshot(self, controller: Controller) -> Snapshot:
        """Return what is to be shown now."""
        now = self.clock()
        reconciler = controller.reconciler
        read = reconciler.state.switches is not None
        return Snapshot(
            controls=tuple(self._control(control, controller, now) for control in Control),
            readable=False if reconciler.error else True if read else None,
            storage=reconciler.state.storage,
            next_window=None if controller.book.released else controller.calendar.next_occurrence(),
            problems=self._problems(controller, now),
            sign_in=self.sign_in(),
        )

    def _control(self, control: Control, controller: Controller, now: datetime) -> ControlReport:
        reconciler, history = controller.reconciler, self._histories[control]
        wanted = controller.wanted().get(control)
        verdict = _verdict_on(wanted, reconciler.verdicts.get(control))
        local_now = now.astimezone(controller.calendar.local)
        enforced = enforcement(reconciler.state, control, local_now)
        outcome = verdict.outcome if verdict else None
        if verdict is None and wanted is not None:
            followed = control not in controller.controls and reconciler.evidence[control].known is wanted.switch
            outcome = Outcome.CONFIRMED if followed else Outcome.PENDING
        return ControlReport(
            control=control,
            shown=reconciler.evidence[control].known if reconciler.state.switches else None,
            wanted=wanted.intent.on if wanted else None,
            outcome=outcome,
            enforced=enforced.enforced,
            fail_safe=False,
            source=wanted.intent.source if wanted else None,
            reason=_reason(wanted, verdict, enforced.reason),
            until=wanted.intent.until if wanted else None,
            target_soc=wanted.intent.target_soc if wanted else None,
            confirmed_at=history.confirmed_at,
            last_error=history.last_error,
        )

    def _problems(self, controller: Controller, now: datetime) -> tuple[Problem, ...]:
        problems = []
        reconciler = controller.reconciler
        error, since = reconciler.error, reconciler.error_since
        if error is not None and since is not None and self._lasts(error, since, now):
            problems.append(Problem(reconciler.reason, since, error.hint))
        for control, verdict in _rulings(controller.wanted(), reconciler.verdicts).items():
            undone_since = self._histories[control].undone_since
            if undone_since is None:
                continue
            if verdict.outcome is Outcome.FAILED or (now - undone_since >= self.pending_timeout and not error):
                problems.append(Problem(f"{control.title}: {verdict.reason}", undone_since, verdict.hint))
        return (*problems, *self._zone_problem(controller, now), *self.extra_problems())

    def _zone_problem(self, controller: Controller, now: datetime) -> tuple[Problem, ...]:
        """Return the problem of a site whose time zone nobody knows, although it was read."""
        calendar, read = controller.calendar, controller.reconciler.state.switches is not None
        if not (calendar.windows and calendar.zone is None and read):
            self._without_zone_since = None
            return ()
        self._without_zone_since = self._without_zone_since or now
        hint = "set time_zone in the app's configuration"
        return (Problem("no window runs: the site's time zone is not known", self._without_zone_since, hint),)

    def _lasts(self, error: EnlightenError, since: datetime, now: datetime) -> bool:
        """Return whether an error is a problem yet: an outage only after a while, anything else at once."""
        return not isinstance(error, Unreachable) or now - since >= self.pending_timeout


def _verdict_on(wanted: Wanted | None, verdict: Verdict | None) -> Verdict | None:
    """Return the verdict if it is about what is wanted now."""
    return verdict if wanted and verdict and verdict.wanted.key == wanted.key else None


def _rulings(wanted: Mapping[Control, Wanted], verdicts: Mapping[Control, Verdict]) -> dict[Control, Verdict]:
    """Return the verdicts on what is wanted now."""
    rulings = {control: _verdict_on(wanted.get(control), verdicts.get(control)) for control in wanted}
    return {control: verdict for control, verdict in rulings.items() if verdict is not None}


def _reason(wanted: Wanted | None, verdict: Verdict | None, enforcement_reason: str) -> str:
    """Return why a control is as it is: by the verdict, else why the gateway does not act; then what is not kept."""
    reasons = [verdict.reason if verdict else ""]
    if wanted is not None and wanted.switch:
        if not reasons[0]:
            reasons = [enforcement_reason]
        if wanted.intent.target_soc is not None:
            reasons.append(f"a target of {wanted.intent.target_soc} % needs a schedule entry and is not kept")
    return "; ".join(reason for reason in reasons if reason)


def diagnosis(snapshot: Snapshot) -> dict[str, object]:
    """Return the snapshot as a report without secrets or ids, ready to be pasted into a bug report.

    Shape: `{"controls": {<control>: {"shown", "wanted", "outcome", "enforced", "reason", "source"}}, "readable",
    "sign_in", "soc", "problems": [<text>]}`.
    """
    return {
        "controls": {
            report.control.value: {
                "shown": report.shown,
                "wanted": report.wanted,
                "outcome": report.outcome.value if report.outcome else None,
                "enforced": report.enforced.value,
                "source": report.source.value if report.source else None,
                "reason": report.reason,
            }
            for report in snapshot.controls
        },
        "readable": snapshot.readable,
        "sign_in": snapshot.sign_in.status,
        "soc": snapshot.storage.soc if snapshot.storage else None,
        "problems": [_LONG_NUMBER.sub("...", problem.text) for problem in snapshot.problems],
    }
