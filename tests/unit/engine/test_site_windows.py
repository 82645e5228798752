"""The site's local time."""

from __future__ import annotations

import logging
from datetime import datetime, time, timezone
from types import SimpleNamespace

import pytest
import pytz

from enphase_battery.control.controls import Control
from enphase_battery.control.windows.window import Window
from enphase_battery.engine.site_windows import SiteWindows

IN_THE_GAP = Window("Short", Control.CHARGE_FROM_GRID, time(1, 15), time(1, 45), frozenset(range(1, 8)), None)
ACROSS_THE_GAP = Window("Long", Control.RESTRICT_DISCHARGE, time(0, 30), time(1, 0), frozenset(range(1, 8)), None)


class Now:
    """A clock to be set."""

    def __init__(self, *moment: int) -> None:
        self.moment = datetime(*moment, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]  # a date and time follow

    def __call__(self) -> datetime:
        return self.moment


def calendar(now: Now, *, configured: str | None = None, of_cloud: str | None = "Europe/London") -> SiteWindows:
    zone = pytz.timezone(configured) if configured else None
    return SiteWindows(
        (IN_THE_GAP, ACROSS_THE_GAP), zone, SimpleNamespace(time_zone=of_cloud), now, logging.getLogger("calendar")
    )


def test_a_window_of_which_the_clock_change_leaves_nothing_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    one = calendar(Now(2026, 3, 29, 0, 0))
    one.tell_of_clock_change()
    one.tell_of_clock_change()
    assert [record.getMessage() for record in caplog.records] == [
        "The window Short does not run today: the clocks skip its time"
    ]


def test_on_an_ordinary_day_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    calendar(Now(2026, 3, 28, 0, 0)).tell_of_clock_change()
    assert caplog.records == []


def test_the_configured_zone_wins_over_that_of_the_cloud() -> None:
    assert str(calendar(Now(2026, 1, 1), configured="Asia/Tokyo").zone) == "Asia/Tokyo"


@pytest.mark.parametrize("of_cloud", [None, "Mars/Olympus_Mons"])
def test_without_a_zone_that_is_known_no_window_runs(of_cloud: str | None, caplog: pytest.LogCaptureFixture) -> None:
    one = calendar(Now(2026, 3, 29, 0, 45), of_cloud=of_cloud)
    one.tell_of_clock_change()
    assert one.zone is None
    assert one.running(one.clock()) == ()
    assert one.next_boundary() is None
    assert list(one.coming_week(7, time(0, 30))) == []
    assert one.next_occurrence(()) is None
    assert caplog.records == []
    assert one.when(one.clock()) == "00:45"
