"""The line between a home and its cloud: it takes time, breaks at times, and so does the power behind it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from enphase_battery.enlighten.wire import Received, Wire
from enphase_battery.errors import Unreachable
from tests.unit.fake_cloud import Clock
from tests.year.luck import Outage

if TYPE_CHECKING:
    from yarl import URL

TRAVEL = timedelta(seconds=0.3)
"""How long an exchange takes."""

PATIENCE = timedelta(seconds=10)
"""How long nobody answers before the client gives up."""


class PowerCut(BaseException):
    """The app is dead from one moment to the next: nothing in it may catch this."""


class Line:
    """A wire in bad weather.

    Attributes:
        cut_after: After how many more exchanges the power fails; None: it does not.
    """

    def __init__(self, wire: Wire, clock: Clock, outages: Sequence[Outage]) -> None:
        self._wire = wire
        self._clock = clock
        self._outages = outages
        self._starts = [outage.start for outage in outages]
        self.cut_after: int | None = None

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        outage = self._outage()
        received = None
        if outage is None or outage.one_way:
            received = await self._wire.exchange(method, url, headers, data)
            self._clock.now += TRAVEL
        self._fail_if_cut()
        if outage is not None or received is None:
            self._clock.now += PATIENCE
            raise Unreachable("no answer")
        return received

    async def close(self) -> None:
        await self._wire.close()

    def _outage(self) -> Outage | None:
        begun = bisect_right(self._starts, self._clock.now)
        last = self._outages[begun - 1] if begun else None
        return last if last is not None and self._clock.now < last.end else None

    def _fail_if_cut(self) -> None:
        if self.cut_after is None:
            return
        self.cut_after -= 1
        if self.cut_after == 0:
            raise PowerCut
