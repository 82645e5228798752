"""The app's timers in the real AppDaemon: each fires when it is due, also about the hours that the clocks skip or show
twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import APP, TOGGLES, Lab, lab

CHANGES = {
    "Europe/London": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/Los_Angeles": ("2026-03-08T10:00", "2026-11-01T09:00"),
    "Australia/Lord_Howe": ("2026-10-03T15:30", "2026-04-04T15:00"),
}
"""The instants (UTC) at which clocks go forward and back."""

ABOUT = (-90, -58, -31, -1, 0, 1, 31, 58)
"""Minutes between a change and the start of the app: before it, in each pass of a doubled hour, after it."""

STARTS = [
    pytest.param(zone, datetime.fromisoformat(f"{one}+00:00") + timedelta(minutes=apart), id=f"{zone} {one} {apart}")
    for zone, changes in CHANGES.items()
    for one in changes
    for apart in ABOUT
]


def due(one: Lab, callback: str) -> list[datetime]:
    """Return when the app's timers that lead to a callback fire next."""
    assert one.ad is not None
    entries: Any = one.ad.sched.schedule[APP]
    functions = ((getattr(entry["callback"], "func", entry["callback"]), entry) for entry in entries.values())
    return [entry["timestamp"] for function, entry in functions if function.__name__ == callback]


@pytest.mark.parametrize(("zone", "start"), STARTS)
async def test_heartbeat_poll_and_refresh_come_once_each_interval_whatever_the_clocks_do(
    tmp_path: Path, zone: str, start: datetime
) -> None:
    async with lab(tmp_path, start=start, zone=zone, app={"poll": "00:10:00", "token_refresh": "00:30:00"}) as one:
        assert due(one, "begin") == [start + timedelta(minutes=30)], "the first refresh"
        before = one.cloud.counters()["requests"]
        await one.advance(minutes=9)
        assert one.cloud.counters()["requests"] == before, "a poll that is not due"
        await one.advance(minutes=21)

        assert due(one, "_on_heartbeat") == [start + timedelta(minutes=31)]
        assert due(one, "_on_poll") == [start + timedelta(minutes=40)]
        assert due(one, "_on_refresh") == [start + timedelta(minutes=60)]


@pytest.mark.parametrize(("zone", "start"), STARTS)
async def test_an_end_comes_when_it_is_due_whatever_the_clocks_do(tmp_path: Path, zone: str, start: datetime) -> None:
    async with lab(tmp_path, start=start, zone=zone, app={"use_schedules": "never"}) as one:
        await one.command(command="set", control="charge_from_grid", state="on", duration=45 * 60 + 7)
        await one.advance(minutes=44)

        assert due(one, "_on_alarm") == [start + timedelta(minutes=45, seconds=7)]
        assert one.state(TOGGLES["charge_from_grid"]) == "on"


async def test_a_faulty_entry_is_looked_at_again_a_heartbeat_later_in_a_doubled_hour(tmp_path: Path) -> None:
    start = datetime.fromisoformat("2026-10-25T00:59:30+00:00")
    async with lab(tmp_path, start=start, app={"poll": 0}) as one:
        await one.advance(minutes=1)
        assert due(one, "_on_heartbeat") == [start + timedelta(minutes=2)]
