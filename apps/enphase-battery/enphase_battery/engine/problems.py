"""What is wrong and lasts, with the instant since which it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.holds import clock_fault
from ..control.problem import Problem
from ..control.reason import Kind, Reason, because
from ..control.verdict import Outcome, Verdict
from ..errors import EnlightenError, SignInError, Unreachable
from ..reconcile.reconciler import Reconciler
from ..site.site_store import LEFT_BEHIND_FOR, left_behind
from ..store.store import Store, Trouble
from .ports import Cloud
from .resolver import Resolver
from .stored_wishes import StoredWishes
from .watches import Watches

TOLERATED_SKEW = timedelta(minutes=2)
"""By how much the own clock may differ from the cloud's without being a problem."""

TELL_FOR = timedelta(hours=24)
"""How long it is told that a person took over an entry, and what the store lost."""

_ONE_AT_A_TIME = frozenset({Kind.CLOCK_WRONG, Kind.STORE_NOT_WRITTEN})
"""What goes on since it began, whatever is said of it meanwhile: by how much, or why."""


class Problems:
    """Finds the problems of the moment, and remembers since when there are those that have no instant of their own.

    Args:
        wishes: What is wanted.
        resolver: What follows from it.
        reconciler: What became of it.
        watches: What the battery makes of it.
        cloud: The cloud side.
        store: What outlives a restart.
        pending_timeout: How long something may stay undecided before it is a problem.
        clock: Returns the current instant (aware, UTC).
    """

    def __init__(
        self,
        *,
        wishes: StoredWishes,
        resolver: Resolver,
        reconciler: Reconciler,
        watches: Watches,
        cloud: Cloud,
        store: Store,
        pending_timeout: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._wishes = wishes
        self._resolver = resolver
        self._reconciler = reconciler
        self._watches = watches
        self._cloud = cloud
        self._store = store
        self._pending_timeout = pending_timeout
        self._left_behind = left_behind(store)
        self._started_at = clock()
        self._since: dict[str, datetime] = {}

    def found(
        self, rulings: Mapping[Control, Verdict], undone_since: Mapping[Control, datetime], now: datetime
    ) -> tuple[Problem, ...]:
        """Return the problems of the moment, the most important first.

        Args:
            rulings: The verdicts on what is wanted now.
            undone_since: Since when what is wanted of a control has failed or been undecided.
            now: The current instant (aware, UTC).
        """
        lasting = [*self._entries(now), *self._clock(now), *self._zone(now)]
        stored = [*self._stored(now)]
        self._since = {_trouble(one): one.since for one in (*lasting, *stored)}
        undone = (*self._undone(rulings, undone_since, now), *self._watches.problems())
        return (*self._contact(now), *undone, *lasting, *stored)

    def _contact(self, now: datetime) -> Iterator[Problem]:
        contact = self._reconciler.contact
        error, since, reason = contact.error, contact.error_since, contact.reason
        if error is not None and since is not None and reason is not None and self._lasts(error, since, now):
            # When the next try is does not belong there: the trouble is the same after it.
            yield Problem(error.reason if isinstance(error, SignInError) else reason, since)

    def _lasts(self, error: EnlightenError, since: datetime, now: datetime) -> bool:
        """Return whether an error is a problem yet: an outage only after a while, anything else at once."""
        return not isinstance(error, Unreachable) or now - since >= self._pending_timeout

    def _undone(
        self, rulings: Mapping[Control, Verdict], undone_since: Mapping[Control, datetime], now: datetime
    ) -> Iterator[Problem]:
        for control, verdict in rulings.items():
            since = undone_since.get(control)
            if since is None or verdict.reason in (None, self._reconciler.contact.reason):
                continue  # the site's trouble is told already
            takes_long = self._takes_long(control, since, now) and self._reconciler.contact.error is None
            if verdict.outcome is Outcome.FAILED or takes_long:
                yield Problem(verdict.reason, since, control)

    def _takes_long(self, control: Control, since: datetime, now: datetime) -> bool:
        """Return whether something is undecided for too long; what is on its way waits for the gateway's report (n)."""
        arrival = self._reconciler.records.arrivals.get(control)
        if arrival is not None:
            return arrival.is_overdue(now, self._pending_timeout)
        return now - since >= self._pending_timeout

    def _entries(self, now: datetime) -> Iterator[Problem]:
        """Yield what people have to know of entries: what will keep a window from running, and what is not owned."""
        for wish, obstacle in self._resolver.foreseen(self._wishes.book).items():
            yield self._lasting(obstacle, now, wish.label)
        for entry in self._resolver.left_over():
            yield self._lasting(because(Kind.ENTRY_LEFT_OVER, entry=entry.terms), now)
        for since, terms in self._reconciler.taken_over:
            if now - since < TELL_FOR:
                yield Problem(because(Kind.ENTRY_TAKEN_OVER, entry=terms), since)

    def _clock(self, now: datetime) -> Iterator[Problem]:
        """Yield the problem of a machine whose clock is wrong: what it does by the clock costs somebody money."""
        skew = self._cloud.clock_skew
        if abs(skew) > TOLERATED_SKEW:
            yield self._lasting(clock_fault(Kind.CLOCK_WRONG, skew), now)

    def _zone(self, now: datetime) -> Iterator[Problem]:
        """Yield the problem of a site whose time zone nobody knows, although it was read."""
        windows, read = self._resolver.windows, self._reconciler.state.switches is not None
        if windows.windows and windows.zone is None and read:
            yield self._lasting(because(Kind.NO_WINDOW_RUNS), now)

    def _stored(self, now: datetime) -> Iterator[Problem]:
        """Yield what was left at another site, that the store cannot be written, and for a day what it has lost."""
        store = self._store
        yield from (one for one in self._left_behind if now - one.since < LEFT_BEHIND_FOR)
        if store.trouble is not None:
            yield self._lasting(_not_written(store.trouble), now)
        if store.loss is not None and now - self._started_at < TELL_FOR:
            loss = store.loss
            reason = because(Kind.STORE_LOST, file=str(loss.file), error=loss.error, aside=loss.aside)
            yield Problem(reason, self._started_at)

    def _lasting(self, reason: Reason, now: datetime, about: str | None = None) -> Problem:
        """Return a problem as old as it was when it was last found."""
        problem = Problem(reason, now, about)
        since = self._since.get(_trouble(problem))
        return problem if since is None else Problem(reason, since, about)


def _trouble(problem: Problem) -> str:
    """Return what a problem is one with, as long as it lasts."""
    kind = problem.reason.kind
    return kind.value if kind in _ONE_AT_A_TIME else problem.key


def _not_written(trouble: Trouble) -> Reason:
    return because(
        Kind.STORE_NOT_WRITTEN,
        file=str(trouble.file),
        folder=str(trouble.file.parent),
        error=trouble.error,
        disk=trouble.disk.value,
    )
