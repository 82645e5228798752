"""A site with AC Batteries only: there is nothing to control, which is told once, and asked once a day (15.4)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import TOGGLES, Lab, lab

START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
PROBLEM = "binary_sensor.enphase_battery_problem"
KIND = "nothing_to_control"
AC_ONLY = {"ac_battery_only": True, "session_ttl": 315_360_000}
ERAS = pytest.mark.parametrize("era", ["2025-07", "2026-07"])


def asked(one: Lab) -> Counter[str]:
    """Return how often the battery service was asked for what, since this was last looked at."""
    paths = [str(request["path"]) for request in one.cloud.requests()]
    one.cloud.clear_log()
    return Counter(path.split("/")[5] for path in paths if path.startswith("/service/batteryConfig"))


@ERAS
async def test_it_is_told_once_and_asked_once_a_day(tmp_path: Path, era: str) -> None:
    window = {"name": "Night", "control": "charge_from_grid", "start": "02:00", "end": "05:00"}
    async with lab(tmp_path, start=START, switches={**AC_ONLY, "auth_era": era}, app={"windows": [window]}) as one:
        assert asked(one) == {"siteSettings": 1, "batterySettings": 1}
        for _day in range(3):
            await one.advance(hours=24)
            assert asked(one) == {"siteSettings": 1, "batterySettings": 1}
        assert one.attributes(PROBLEM)["reason_kind"] == KIND
        told = [line for line in one.log if "AC Batteries" in line]
        assert [line.partition(" ")[0] for line in told] == ["this", "Could"], "the site, and the first window"
        assert sum(call == "persistent_notification/create" for call, _data in one.ha.calls) == 1


@ERAS
async def test_what_is_wished_fails_at_once_and_costs_nothing(tmp_path: Path, era: str) -> None:
    async with lab(tmp_path, start=START, switches={**AC_ONLY, "auth_era": era}) as one:
        asked(one)
        await one.command(command="set", control="charge_from_grid", state="on", id="a")
        await one.command(command="set", control="discharge_to_grid", state="on", duration="01:00:00", id="b")
        await one.flip("restrict_discharge", "on")
        await one.advance(minutes=90)
        finals = [(r["id"], r["outcome"], r["reason_kind"]) for r in one.results() if r["outcome"] != "pending"]
        assert sorted(finals) == [("a", "failed", KIND), ("b", "failed", KIND)]
        assert {one.state(toggle) for toggle in TOGGLES.values()} == {"off"}
        assert not asked(one)


async def test_once_it_has_other_batteries_it_works_within_a_day_or_at_once_when_asked_to(tmp_path: Path) -> None:
    for refresh in (False, True):
        folder = tmp_path / str(refresh)
        folder.mkdir()  # a moment
        async with lab(folder, start=START, switches=AC_ONLY) as one:
            await one.advance(hours=3)
            one.cloud.set(ac_battery_only=False)
            if refresh:
                await one.command(command="refresh", id="now")
                await one.advance(minutes=1)
            else:
                await one.advance(hours=22)
            assert one.state(PROBLEM) == "off"
            await one.command(command="set", control="charge_from_grid", state="on", id="a")
            await one.advance(minutes=5)
            assert one.results(id="a")[-1]["outcome"] == "confirmed"


async def test_a_site_that_had_controls_is_not_left_alone_because_of_an_odd_answer(tmp_path: Path) -> None:
    async with lab(tmp_path, start=START) as one:
        await one.command(command="set", control="discharge_to_grid", state="on", duration="02:00:00")
        await one.advance(minutes=5)
        one.cloud.set(ac_battery_only=True)
        await one.restart_appdaemon()
        await one.advance(minutes=45)
        one.cloud.set(ac_battery_only=False)
        await one.advance(hours=2)
        assert one.state(PROBLEM) == "off"
        stored: Any = one.cloud.model()["cloud"]
        assert not [entry for entry in stored["schedules"] if not entry["isDeleted"]]
