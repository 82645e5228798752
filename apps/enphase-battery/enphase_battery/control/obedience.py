"""Whether the battery does what it is told, by what the gateway reports of it (rule (p)).

A switch that is on, with an entry that the gateway has, may move nothing all the same (15.3). Only the battery tells:
two reports a while apart, both within one wish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .controls import Control, Limit
from .enforcement import Enforced, Enforcement
from .problem import Problem
from .reason import Kind, because
from .site_state import SiteState, Storage

DOUBTED_AFTER = timedelta(minutes=30)
"""Two reports so far apart, and nothing has moved between them: it is in doubt."""

DENIED_AFTER = timedelta(minutes=60)
"""So long, and another report says the same: the battery does not act."""

_HOUR = timedelta(hours=1)
_LEAST_POINTS, _LEAST_KWH = 1.0, 0.1
"""Percent of charge, and energy, that count as movement."""

_MOST_LOST = 3.0
"""Percent of charge within an hour: more than a battery at rest loses."""

_NEARLY_FULL = 95.0
"""Percent, above which a charge slows down and a rest loses what was counted too much."""

_NEARLY_THERE = 2.0
"""Percent from what is to be reached."""

_FULL = 100

_KINDS = {
    Limit.CHARGE_UP_TO: Kind.DOES_NOT_CHARGE,
    Limit.DISCHARGE_DOWN_TO: Kind.DOES_NOT_DISCHARGE,
    None: Kind.DOES_NOT_HOLD,
}


@dataclass(frozen=True, slots=True)
class Watch:
    """What the gateway has reported of the battery since it acts on a control for one wish.

    Attributes:
        control: The control.
        wish: Key of the wish.
        told_at: Instant (aware, UTC) since which the battery is told.
        reports: The reports that count, oldest first. A charge, a discharge: the furthest back since it moved last, and
            the newest; a hold: those of the last hour.
        idle_since: Instant (aware, UTC) of the report since which it does not what it is told; None while it does.
        doubted_at: Instant (aware, UTC) of the report that left no other explanation; None while there is none.
    """

    control: Control
    wish: str
    told_at: datetime
    reports: tuple[Storage, ...] = ()
    idle_since: datetime | None = None
    doubted_at: datetime | None = None

    def saw(self, storage: Storage, goal: int | None) -> Watch:
        """Return the watch after a read.

        Args:
            storage: What it shows; a report that was looked at before, or is older than the telling, is none.
            goal: Percent of charge that is to be reached; None: none is.
        """
        at, soc = storage.last_report, storage.soc
        if at is None or soc is None or at <= self._last:
            return self
        if not _is_judged(self.control, soc, goal):
            return replace(self, reports=(), idle_since=None, doubted_at=None)
        watch = self._held(storage, soc, at) if self.control.limit is None else self._moved(storage, at)
        if watch.idle_since is None or at - watch.idle_since < DOUBTED_AFTER:
            return replace(watch, doubted_at=None)
        return replace(watch, doubted_at=self.doubted_at or at)

    @property
    def verdict(self) -> Enforcement | None:
        """What is to be said although the cloud shows all as it should be; None: nothing."""
        doubt = self._doubt
        if doubt is None:
            return None
        return Enforcement(Enforced.NO if self._is_sure(doubt.since) else Enforced.UNKNOWN, doubt.reason)

    @property
    def problem(self) -> Problem | None:
        """The problem that it is, once it is sure."""
        doubt = self._doubt
        return doubt if doubt is not None and self._is_sure(doubt.since) else None

    @property
    def _doubt(self) -> Problem | None:
        if self.doubted_at is None or self.idle_since is None:
            return None
        return Problem(because(_KINDS[self.control.limit], since=self.idle_since), self.idle_since, self.control)

    def _is_sure(self, since: datetime) -> bool:
        """Return whether it has gone on for long, and a later report than the doubtful one says so too."""
        return self._last - since >= DENIED_AFTER and self._last != self.doubted_at

    @property
    def _last(self) -> datetime:
        return (self.reports[-1].last_report if self.reports else None) or self.told_at

    def _moved(self, storage: Storage, at: datetime) -> Watch:
        """Return the watch on a charge or a discharge: any movement the way that is wished begins it anew."""
        way = 1 if self.control.limit is Limit.CHARGE_UP_TO else -1
        if self.idle_since is None or _moves(way, self.reports[0], storage):
            return replace(self, reports=(storage,), idle_since=at)
        furthest = replace(
            storage,
            soc=_furthest(way, self.reports[0].soc, storage.soc),
            energy_kwh=_furthest(way, self.reports[0].energy_kwh, storage.energy_kwh),
        )
        return replace(self, reports=(furthest, storage))

    def _held(self, storage: Storage, soc: float, at: datetime) -> Watch:
        """Return the watch on a hold: it holds as long as no more is lost within an hour than at rest."""
        recent = (one for one in self.reports if one.last_report is not None and at - one.last_report <= _HOUR)
        reports = (*recent, storage)
        fullest = max(reports, key=lambda one: one.soc or 0)
        lost = (fullest.soc or 0) - soc
        since = (self.idle_since or fullest.last_report) if lost >= _MOST_LOST else None
        return replace(self, reports=reports, idle_since=since)


def goal(state: SiteState, control: Control, local_now: datetime) -> int | None:
    """Return the percent of charge at which a control that is in effect stops; None: it has none.

    Where several say so, the one that is reached first: near it nothing is judged.

    Args:
        state: What was read last.
        control: The control.
        local_now: The current instant as the site's local time (aware).
    """
    if control.limit is None or state.switches is None:
        return None
    entries = [one.terms for one in state.entries or () if one.active and one.terms.control is control]
    limits = [terms.limit for terms in entries if terms.limit is not None and terms.covers(local_now)]
    if control.limit is Limit.DISCHARGE_DOWN_TO:
        return max([*limits, state.switches.floor])
    charging = state.switches.charging
    is_alone = not any(terms.covers(local_now) for terms in entries)
    if is_alone and not charging.is_backing_up and charging.daily is None and charging.reserve is not None:
        limits.append(charging.reserve)
    return min([*limits, _FULL])


def _is_judged(control: Control, soc: float, goal: int | None) -> bool:
    """Return whether a report tells anything: not of a battery that is nearly full, or nearly where it is to be."""
    if soc > _NEARLY_FULL or goal is None:
        return soc <= _NEARLY_FULL
    return soc < goal - _NEARLY_THERE if control.limit is Limit.CHARGE_UP_TO else soc > goal + _NEARLY_THERE


def _moves(way: int, before: Storage, now: Storage) -> bool:
    """Return whether a report shows movement: up (``way`` 1) or down (-1)."""
    if now.is_charging if way > 0 else now.is_discharging:
        return True
    points, energy = _distance(way, before.soc, now.soc), _distance(way, before.energy_kwh, now.energy_kwh)
    return points >= _LEAST_POINTS or energy >= _LEAST_KWH


def _distance(way: int, before: float | None, now: float | None) -> float:
    """Return how far it went; what is not told has not moved."""
    return 0.0 if before is None or now is None else round(way * (now - before), 3)


def _furthest(way: int, before: float | None, now: float | None) -> float | None:
    """Return the one that has furthest to go."""
    known = [value for value in (before, now) if value is not None]
    return min(known, key=lambda value: way * value, default=None)
