"""The record of what the gateway enforced, family by family."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from .battery import Enforced
from .families import Family


class Stretch(NamedTuple):
    """A time without a gap in which one family was enforced with one limit.

    `start` and `end` are UTC and exact; `end` is None while it lasts. `limit` is the SoC in percent that the window
    (or, without one, the switch; for CFG that is the reserve) asks for; RBD has none.
    """

    start: datetime
    end: datetime | None
    limit: int | None


class Record:
    """Takes note of enforcement while time passes; neighbours of one limit are one stretch."""

    def __init__(self) -> None:
        self._ended: dict[Family, list[Stretch]] = {family: [] for family in Family}
        self._lasting: dict[Family, Stretch] = {}
        self._last: Enforced | None = None

    def note(self, since: datetime, enforced: Enforced) -> None:
        """Note what is enforced from a moment on; the moment is not before the last one."""
        if enforced is self._last:
            return
        self._last = enforced
        self._follow(Family.CFG, since, enforced.charge_limit, is_on=enforced.charge_limit is not None)
        self._follow(Family.DTG, since, enforced.discharge_to, is_on=enforced.discharge_to is not None)
        self._follow(Family.RBD, since, None, is_on=enforced.hold)

    def stretches(self) -> dict[str, tuple[Stretch, ...]]:
        """Return the stretches of `cfg`, `dtg` and `rbd`, oldest first."""
        lasting = {family: (self._lasting[family],) if family in self._lasting else () for family in Family}
        return {family.key: (*self._ended[family], *lasting[family]) for family in Family}

    def clear(self, now: datetime) -> None:
        """Forget all before now; what lasts begins now."""
        for ended in self._ended.values():
            ended.clear()
        self._lasting = {family: stretch._replace(start=now) for family, stretch in self._lasting.items()}

    def _follow(self, family: Family, since: datetime, limit: int | None, *, is_on: bool) -> None:
        lasting, ended = self._lasting.pop(family, None), self._ended[family]
        if lasting is not None and is_on and lasting.limit == limit:
            self._lasting[family] = lasting
            return
        if lasting is not None and lasting.start < since:
            ended.append(lasting._replace(end=since))
        if is_on:
            continues = ended and (ended[-1].end, ended[-1].limit) == (since, limit)
            self._lasting[family] = ended.pop()._replace(end=None) if continues else Stretch(since, None, limit)
