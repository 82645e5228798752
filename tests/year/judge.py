"""What the gateway did, held against what the windows say and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from enphase_battery.control.controls import Control
from enphase_battery.control.windows.window import Occurrence
from enphase_battery.engine.coordinator import HURRY
from simulator import Simulator
from tests.year.place import LEAD, TARIFF, Place

FAMILIES = {Control.CHARGE_FROM_GRID: "cfg", Control.DISCHARGE_TO_GRID: "dtg", Control.RESTRICT_DISCHARGE: "rbd"}
MINUTE = timedelta(minutes=1)

LONGEST_WAIT = LEAD / HURRY + MINUTE
"""How long after an outage that ends in a window's lead the app may try again, counted from the end of a try that may
have begun in the outage."""

PASS = timedelta(seconds=45)
"""How long the app may need to write a window: reads, validation, settling, reading back."""

AFTERMATH = timedelta(minutes=2)
"""How much longer it may need after trouble: until reads prove what became of a write whose answer was lost."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Judge:
    """Knows what may be asked of the app.

    Attributes:
        place: Where it lives.
        since: From when on the gateway is looked at.
        until: The end of it all.
        away: When the app did not run.
        dead: When its line gave no answers.
    """

    place: Place
    since: datetime
    until: datetime
    away: Sequence[Span]
    dead: Sequence[Span]

    def faults(self, cloud: Simulator, untouched: Simulator) -> list[str]:
        """Return in words all that was enforced without need, or was not although it had to be.

        Args:
            cloud: The cloud with the app.
            untouched: The same cloud on which no app ever wrote: what it enforces is the owner's.
        """
        return [fault for control in FAMILIES for fault in self._faults(control, cloud, untouched)]

    def _faults(self, control: Control, cloud: Simulator, untouched: Simulator) -> Iterator[str]:
        family = FAMILIES[control]
        stretches, owners = cloud.enforcement()[family], untouched.enforcement()[family]
        yield from (
            f"{family}: the owner's {one.start} to {one.end} is not as it was" for one in {*owners} - {*stretches}
        )
        enforced = [(one.start, one.end or self.until) for one in stretches if one not in owners]
        due = [one for one in self.place.occurrences(self.since, self.until) if one.window.control is control]
        for start, end in _less(enforced, [(one.start, one.end) for one in due]):
            yield f"{family}: enforced without a window from {start} to {end}"
        for one in due:
            for start, end in _less(self._owed(one), enforced):
                yield f"{family}: {one.window.name} of {one.start} to {one.end} not enforced from {start} to {end}"

    def _owed(self, one: Occurrence) -> list[Span]:
        """Return when an occurrence had to be enforced.

        The app is sure to try `lead` before the start, at the start, at its own start, and soon after each outage.
        The first of these tries that nothing disturbs has to succeed. In the night in which an hour comes twice, the
        entry would be in force during the first hour already: there it is written no earlier than at the start.
        """
        at_once = PASS + timedelta(seconds=self.place.switches.activation_delay)
        later = at_once + AFTERMATH
        ready = one.start if self.place.comes_twice(one) else one.start - LEAD
        tries = [(ready, ready + at_once), (one.start, one.start + later)]
        tries += [(end, end + later) for _, end in self.away]
        tries += [(end, end + LONGEST_WAIT + later) for _, end in self.dead]
        done = [done for calm, done in tries if ready <= calm < one.end and self._is_calm(calm, done)]
        begin = max(one.start, min(done, default=one.end))
        return _less([(begin, one.end)], self._minutes_left_out(one))

    def _is_calm(self, since: datetime, until: datetime) -> bool:
        return not any(start < until and since < end for start, end in (*self.away, *self.dead))

    def _minutes_left_out(self, one: Occurrence) -> Iterator[Span]:
        """Yield the minutes that the app has to leave out: before midnight, and where the cloud wants a gap."""
        touches = any(self.place.wall(one.end) == window.start for window in TARIFF)
        if self.place.wall(one.end) == time(0) or (touches and not self.place.switches.touching_ok):
            yield one.end - MINUTE, one.end
        if not self.place.switches.overnight_ok:
            minutes = (one.start + number * MINUTE for number in range((one.end - one.start) // MINUTE))
            yield from ((each, each + MINUTE) for each in minutes if self.place.wall(each) == time(23, 59))


def _less(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return what is left of some spans when others are taken away."""
    left = list(spans)
    for begin, end in others:
        left = [
            piece
            for start, finish in left
            for piece in ((start, min(finish, begin)), (max(start, end), finish))
            if piece[0] < piece[1]
        ]
    return left
