"""A year of a home: the client and the app's rules against the simulated cloud, with outages, restarts, power cuts.

What the gateway really enforced is held against the windows, minute for minute.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from enphase_battery.enlighten.wire import AiohttpWire, Wire
from enphase_battery.store.store import Store
from simulator import Simulator
from tests.unit.fake_cloud import Clock
from tests.year.household import LOGGER, Household
from tests.year.judge import Judge
from tests.year.luck import Luck
from tests.year.memory import MemoryStore, MemoryWire
from tests.year.place import LEAD, LONDON, LORD_HOWE, LOS_ANGELES, Place

POLL = timedelta(hours=6)

CALM = timedelta(hours=12)
"""Before the end nothing goes wrong any more, so that what is left then was left for good."""


class Life:
    """A home in its place for some days, from a morning on, and what is to be said of it afterwards.

    Attributes:
        cloud: The simulated cloud of the site.
    """

    def __init__(self, place: Place, start: str, days: int, seed: int) -> None:
        self._place, self._days = place, days
        morning = datetime.fromisoformat(start)
        self._start, self._end = place.instant(morning), place.instant(morning + timedelta(days=days))
        self._clock = Clock(self._start)
        self.cloud = place.open(self._clock)
        self._since = self._clock.now
        self._before = self._account()
        dues = place.occurrences(self._since, self._end)
        busy = [moment for one in dues for moment in (one.start - LEAD, one.start, one.end)]
        self._luck = Luck.drawn(seed, self._since, self._end - CALM, busy)
        self._away: list[tuple[datetime, datetime]] = []

    async def live(self, base_url: str, wire: Callable[[], Wire], store: Callable[[], Store]) -> None:
        """Live through it."""
        clock, luck = self._clock, self._luck
        home = Household(self._place.rules, POLL, store=store, clock=clock, base_url=base_url, wire=wire, luck=luck)
        await home.live(self._end)
        self._away = home.away

    def check(self) -> None:
        """Hold what the gateway did against the windows, and the account against what it was."""
        dead = [(one.start, one.end) for one in self._luck.outages]
        judge = Judge(self._place, self._since, self._end, self._away, dead)
        assert judge.faults(self.cloud, self._untouched()) == []
        assert self._account() == self._before, "something is left behind, or the owner's entries are not as they were"

    def requests_a_day(self) -> float:
        """Return how often the cloud was asked; print of what that consists."""
        counters = self.cloud.counters()
        kinds = {name: count for name, count in counters.items() if isinstance(count, int)}
        paths = {path: round(count / self._days, 2) for path, count in _numbers(counters["by_path"]).items()}
        trouble = f"{len(self._luck.outages)} outages, {len(self._away)} starts"
        print(f"{self._place.zone}: {self._days} days, {trouble}, {kinds}; a day {paths}")  # noqa: T201  # for pytest -s
        return kinds["requests"] / self._days

    def _account(self) -> object:
        return self.cloud.model()["cloud"]

    def _untouched(self) -> Simulator:
        """Return the same cloud at the end of the same time, without the app."""
        clock = Clock(self._start)
        cloud = self._place.open(clock)
        clock.now = self._end
        return cloud


def _numbers(value: object) -> dict[str, int]:
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("place", [LORD_HOWE, LONDON, LOS_ANGELES], ids=lambda place: place.zone)
async def test_a_year_of_windows_is_enforced_as_written_and_leaves_nothing_behind(place: Place) -> None:
    life, shelf = Life(place, "2026-01-06 09:00", days=365, seed=1), dict[str, str]()
    await life.live("http://127.0.0.1", lambda: MemoryWire(life.cloud), lambda: MemoryStore(shelf))
    life.check()
    assert life.requests_a_day() < 120
    assert _numbers(life.cloud.counters())["logins"] < 20


async def test_two_weeks_of_it_over_http_and_with_a_file(tmp_path: Path) -> None:
    life = Life(LONDON, "2026-03-17 09:00", days=14, seed=2)
    async with life.cloud.serve() as url:
        await life.live(url, AiohttpWire, lambda: Store(tmp_path / "home.json", LOGGER))
    life.check()
