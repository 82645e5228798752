"""What is said of the site at one moment: the snapshot that the entities show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..control.claims import Ground
from ..control.controls import Control
from ..control.enforcement import enforcement
from ..control.holds import CLOCK_HINT, clock_fault
from ..control.intent import Intent, Source
from ..control.shaping import limit_of
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..errors import BudgetExhausted, EnlightenError, SignInError, Unreachable
from .coordinator import Coordinator
from .resolver import LEFT_OVER_HINT
from .snapshot import ControlReport, Problem, SignIn, Snapshot

TOLERATED_SKEW = timedelta(minutes=2)
"""By how much the own clock may differ from the cloud's without being a problem."""

TELL_FOR = timedelta(hours=24)
"""How long the problem sensor names an entry that a person took over."""


@dataclass(slots=True)
class _History:
    """What the last verdicts on one control leave behind.

    ``undone_since`` is when the first of them in a row failed or was undecided, which a wish that only waits for
    another wish is not.
    """

    confirmed_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    undone_since: datetime | None = None


@dataclass(slots=True)
class SnapshotBuilder:
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
    _clock_wrong_since: datetime | None = None
    _found_since: dict[str, datetime] = field(default_factory=dict)
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
            history.last_error, history.last_error_at = verdict.reason, verdict.at

    def snapshot(self, coordinator: Coordinator) -> Snapshot:
        """Return what is to be shown now."""
        now = self.clock()
        reconciler = coordinator.reconciler
        read = reconciler.state.switches is not None
        return Snapshot(
            taken_at=now,
            controls=tuple(self._control(control, coordinator, now) for control in Control),
            readable=False if _is_out_of_reach(reconciler.contact.error) else True if read else None,
            storage=reconciler.state.storage,
            next_window=None if coordinator.wishes.book.released else coordinator.calendar.next_occurrence(),
            problems=self._problems(coordinator, now),
            sign_in=self.sign_in(),
        )

    def _control(self, control: Control, coordinator: Coordinator, now: datetime) -> ControlReport:
        reconciler, history = coordinator.reconciler, self._histories[control]
        wanted = coordinator.wanted().get(control)
        verdict = _verdict_on(wanted, reconciler.verdicts.get(control))
        local_now = now.astimezone(coordinator.calendar.local)
        enforced = enforcement(reconciler.state, control, local_now)
        outcome = verdict.outcome if verdict else None
        if verdict is None and wanted is not None:
            followed = control not in coordinator.controls and reconciler.evidence[control].known is wanted.switch
            outcome = Outcome.CONFIRMED if followed else Outcome.PENDING
        switches = reconciler.state.switches
        known = reconciler.evidence[control].known if switches is not None and control in switches.on else None
        begun = wanted is None or wanted.intent.on or not wanted.anyway
        return ControlReport(
            control=control,
            shown=known if begun else False,  # a window that is only written yet has not come
            wanted=wanted.intent.on if wanted else None,
            outcome=outcome,
            enforced=enforced.enforced,
            fail_safe=reconciler.state.by_entries(control),
            source=wanted.intent.source if wanted else None,
            reason=_reason(wanted, verdict, enforced.reason, coordinator.resolver.ground),
            until=wanted.intent.until if wanted else None,
            target_soc=wanted.intent.target_soc if wanted else None,
            confirmed_at=history.confirmed_at,
            last_error=history.last_error,
            last_error_at=history.last_error_at,
            window=wanted.intent.label if wanted and wanted.intent.source is Source.WINDOW else "",
            held_back=wanted is not None and wanted.held_back_by is not None,
        )

    def _problems(self, coordinator: Coordinator, now: datetime) -> tuple[Problem, ...]:
        problems = []
        reconciler = coordinator.reconciler
        error, since = reconciler.contact.error, reconciler.contact.error_since
        if error is not None and since is not None and self._lasts(error, since, now):
            # When the next try is does not belong there: the trouble is the same after it.
            text = str(error) if isinstance(error, SignInError) else reconciler.contact.reason
            problems.append(Problem(text, since, error.hint))
        for control, verdict in _rulings(coordinator.wanted(), reconciler.verdicts).items():
            undone_since = self._histories[control].undone_since
            if undone_since is None:
                continue
            if verdict.outcome is Outcome.FAILED or (now - undone_since >= self.pending_timeout and not error):
                problems.append(Problem(f"{control.title}: {verdict.reason}", undone_since, verdict.hint))
        return (
            *problems,
            *self._entry_problems(coordinator, now),
            *self._clock_problem(coordinator, now),
            *self._zone_problem(coordinator, now),
            *self.extra_problems(),
        )

    def _entry_problems(self, coordinator: Coordinator, now: datetime) -> tuple[Problem, ...]:
        """Return what people have to know of entries: what will keep a window from running, and what is not owned."""
        resolver = coordinator.resolver
        found = {
            f"{wish.label}: {obstacle.reason}": obstacle.hint
            for wish, obstacle in resolver.foreseen(coordinator.wishes.book).items()
        }
        for entry in resolver.left_over():
            text = f"an entry looks like the app's, but its store does not know it: {entry.terms}"
            found[text] = LEFT_OVER_HINT
        self._found_since = {text: self._found_since.get(text, now) for text in found}
        taken_over = tuple(
            Problem(text, since, "it is yours now; delete it in the Enphase app if you do not want it every week")
            for since, text in coordinator.reconciler.taken_over
            if now - since < TELL_FOR
        )
        return (*(Problem(text, self._found_since[text], hint) for text, hint in found.items()), *taken_over)

    def _clock_problem(self, coordinator: Coordinator, now: datetime) -> tuple[Problem, ...]:
        """Return the problem of a machine whose clock is wrong: what it does by the clock costs somebody money."""
        skew = coordinator.clock_skew
        if abs(skew) <= TOLERATED_SKEW:
            self._clock_wrong_since = None
            return ()
        self._clock_wrong_since = self._clock_wrong_since or now
        return (Problem(clock_fault(skew), self._clock_wrong_since, CLOCK_HINT),)

    def _zone_problem(self, coordinator: Coordinator, now: datetime) -> tuple[Problem, ...]:
        """Return the problem of a site whose time zone nobody knows, although it was read."""
        calendar, read = coordinator.calendar, coordinator.reconciler.state.switches is not None
        if not (calendar.windows and calendar.zone is None and read):
            self._without_zone_since = None
            return ()
        self._without_zone_since = self._without_zone_since or now
        hint = "set time_zone in the app's configuration"
        return (Problem("no window runs: the site's time zone is not known", self._without_zone_since, hint),)

    def _lasts(self, error: EnlightenError, since: datetime, now: datetime) -> bool:
        """Return whether an error is a problem yet: an outage only after a while, anything else at once."""
        return not isinstance(error, Unreachable) or now - since >= self.pending_timeout


def _is_out_of_reach(error: EnlightenError | None) -> bool:
    """Return whether the cloud cannot be read; without a request left, what was read within the hour still stands."""
    return error is not None and not isinstance(error, BudgetExhausted)


def _verdict_on(wanted: Wanted | None, verdict: Verdict | None) -> Verdict | None:
    """Return the verdict if it is about what is wanted now, whatever else was written for the control since."""
    if wanted is None or verdict is None:
        return None
    of, now = verdict.wanted, wanted
    same = (of.intent, of.held_back_by, of.obstacle) == (now.intent, now.held_back_by, now.obstacle)
    return verdict if same else None


def _rulings(wanted: Mapping[Control, Wanted], verdicts: Mapping[Control, Verdict]) -> dict[Control, Verdict]:
    """Return the verdicts on what is wanted now."""
    rulings = {control: _verdict_on(wanted.get(control), verdicts.get(control)) for control in wanted}
    return {control: verdict for control, verdict in rulings.items() if verdict is not None}


def _reason(wanted: Wanted | None, verdict: Verdict | None, enforcement_reason: str, ground: Ground) -> str:
    """Return why a control is as it is: by the verdict, else why the gateway does not act; then what is not kept."""
    is_confirmed = verdict is not None and verdict.outcome is Outcome.CONFIRMED
    reasons = [wanted.note if wanted and is_confirmed else verdict.reason if verdict else ""]
    if wanted is not None and wanted.intent.on:
        reasons += ["" if verdict and not is_confirmed else enforcement_reason, _target_not_kept(wanted.intent, ground)]
    return "; ".join(reason for reason in reasons if reason)


def _target_not_kept(intent: Intent, ground: Ground) -> str:
    """Return what is not as the wish's target says; empty when all is."""
    target = intent.target_soc
    if target is None:
        return ""
    if intent.control not in ground.by_entries:
        return f"a target of {target} % needs a schedule entry and is not kept"
    limit = limit_of(intent, ground.floor)
    return "" if limit in (None, target) else f"stops at the reserve of {limit} %, not at {target} %"
