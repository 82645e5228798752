"""Puts the snapshot together: all that is so at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ..control.claims import Ground
from ..control.controls import Control
from ..control.enforcement import Enforcement
from ..control.intent import Intent, Source
from ..control.reason import Kind, Reason, because
from ..control.shaping import limit_of
from ..control.verdict import Outcome, Verdict
from ..control.wanted import Wanted
from ..errors import BudgetExhausted, EnlightenError
from ..reconcile.reconciler import Reconciler
from .ports import Cloud
from .problems import Problems
from .resolver import Resolver
from .snapshot import ControlReport, Snapshot
from .stored_wishes import StoredWishes
from .watches import Watches


@dataclass(slots=True)
class _History:
    """What the last verdicts on one control leave behind.

    ``undone_since`` is when the first of them in a row failed or was undecided, which a wish that only waits for
    another wish is not.
    """

    confirmed_at: datetime | None = None
    last_error: Reason | None = None
    last_error_at: datetime | None = None
    undone_since: datetime | None = None


class SnapshotBuilder:
    """Builds snapshots, and remembers of the verdicts what the last one alone does not say.

    Args:
        wishes: What is wanted.
        resolver: What follows from it.
        reconciler: What became of it.
        cloud: The cloud side.
        problems: Finds what is wrong.
        watches: Tells whether a control is acted on.
        clock: Returns the current instant (aware, UTC).
    """

    def __init__(
        self,
        *,
        wishes: StoredWishes,
        resolver: Resolver,
        reconciler: Reconciler,
        cloud: Cloud,
        problems: Problems,
        watches: Watches,
        clock: Callable[[], datetime],
    ) -> None:
        self._wishes = wishes
        self._resolver = resolver
        self._reconciler = reconciler
        self._cloud = cloud
        self._problems = problems
        self._watches = watches
        self._clock = clock
        self._histories = {control: _History() for control in Control}

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

    def build(self) -> Snapshot:
        """Return all that is so now."""
        now, wanted, reconciler = self._clock(), self._wishes.wanted(), self._reconciler
        book = self._wishes.book
        ground, windows, state = self._resolver.ground, self._resolver.windows, reconciler.state
        rulings = {one: _verdict_on(each, reconciler.verdicts.get(one)) for one, each in wanted.items()}
        undone = {one: each.undone_since for one, each in self._histories.items() if each.undone_since is not None}
        known = {one: verdict for one, verdict in rulings.items() if verdict is not None}
        return Snapshot(
            taken_at=now,
            condition=self._cloud.condition,
            identity=self._cloud.identity,
            zone=windows.zone,
            skew=self._cloud.clock_skew,
            controls=tuple(
                self._control(control, wanted.get(control), rulings.get(control), ground, now) for control in Control
            ),
            readable=_is_readable(reconciler.contact.error, read=state.switches is not None),
            state=state,
            own=tuple(one.terms for one in reconciler.records.ledger.owned if not one.gone),
            foreign=tuple(entry.terms for entry in ground.foreign),
            next_window=None if book.released else windows.next_occurrence(book.skipped),
            problems=self._problems.found(known, undone, now),
        )

    def _control(
        self, control: Control, wanted: Wanted | None, verdict: Verdict | None, ground: Ground, now: datetime
    ) -> ControlReport:
        reconciler, history = self._reconciler, self._histories[control]
        state, evidence = reconciler.state, reconciler.evidence[control]
        enforced = self._watches.enforcement(control, now)
        known = evidence.known if state.switches is not None and control in state.switches.on else None
        begun = wanted is None or wanted.intent.on or not wanted.anyway
        report = ControlReport(
            control=control,
            shown=known if begun else False,  # a window that is only written yet has not come
            wanted=None,
            outcome=None,
            enforced=enforced.enforced,
            fail_safe=state.by_entries(control),
            confirmed_at=history.confirmed_at,
            last_error=history.last_error,
            last_error_at=history.last_error_at,
        )
        return report if wanted is None else self._requested(report, wanted, verdict, enforced, ground)

    def _requested(
        self, report: ControlReport, wanted: Wanted, verdict: Verdict | None, enforced: Enforcement, ground: Ground
    ) -> ControlReport:
        """Return the report with what is wanted and what became of it."""
        intent, control = wanted.intent, report.control
        outcome = None if verdict is None else verdict.outcome
        if verdict is None:
            evidence, on_its_way = self._reconciler.evidence[control], self._reconciler.state.on_its_way
            is_so = evidence.known is wanted.switch and evidence.unproven is None and control not in on_its_way
            followed = not self._wishes.may_change(control) and is_so
            outcome = Outcome.CONFIRMED if followed else Outcome.PENDING
        return replace(
            report,
            wanted=intent.on,
            outcome=outcome,
            source=intent.source,
            reasons=tuple(_reasons(wanted, verdict, enforced.reason, ground)),
            until=intent.until,
            target_soc=intent.target_soc,
            window=intent.label if intent.source is Source.WINDOW else "",
            held_back=wanted.held_back_by is not None,
        )


def _is_readable(error: EnlightenError | None, *, read: bool) -> bool | None:
    """Return whether the cloud can be read; without a request left, what was read within the hour still stands."""
    if error is not None and not isinstance(error, BudgetExhausted):
        return False
    return True if read else None


def _verdict_on(wanted: Wanted, verdict: Verdict | None) -> Verdict | None:
    """Return the verdict if it is about what is wanted now, whatever else was written for the control since."""
    if verdict is None:
        return None
    of, now = verdict.wanted, wanted
    same = (of.intent, of.held_back_by, of.obstacle) == (now.intent, now.held_back_by, now.obstacle)
    return verdict if same else None


def _reasons(wanted: Wanted, verdict: Verdict | None, not_enforced: Reason | None, ground: Ground) -> Iterator[Reason]:
    """Yield why a control is as it is: why the gateway does not act, else by the verdict; then what is not kept."""
    is_confirmed = verdict is not None and verdict.outcome is Outcome.CONFIRMED
    found: list[Reason | None] = []
    if wanted.intent.on and (verdict is None or is_confirmed):
        found.append(not_enforced)
    found.append(wanted.note if is_confirmed else verdict.reason if verdict else None)
    if wanted.intent.on:
        found.append(_target_not_kept(wanted.intent, ground))
    yield from (reason for reason in found if reason is not None)


def _target_not_kept(intent: Intent, ground: Ground) -> Reason | None:
    """Return what is not as the wish's target says; None when all is."""
    target = intent.target_soc
    if target is None:
        return None
    if intent.control not in ground.by_entries:
        return because(Kind.TARGET_NEEDS_ENTRY, target=target)
    limit = limit_of(intent, ground.floor)
    return None if limit in (None, target) else because(Kind.STOPS_AT_RESERVE, limit=limit, target=target)
