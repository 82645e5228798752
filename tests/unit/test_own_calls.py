"""A Home Assistant that takes its time over what the app asks of it: what the app does itself is never a flip."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.lab.fake_home_assistant import APP_USER
from tests.lab.lab import TOGGLES, Lab, lab

CHARGE = TOGGLES["charge_from_grid"]
START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTES = pytest.mark.parametrize("minutes", [0, 1, 3, 10, 25, 90])
"""How long Home Assistant takes; the command is over after 30."""


def told(one: Lab) -> tuple[str | None, str, str]:
    """Return the toggle, what is wanted, and by whom."""
    report = one.control("charge_from_grid")
    return one.state(CHARGE), report["wanted"], report["source"]


async def boost(one: Lab) -> None:
    """Have the toggle show on for half an hour, which Home Assistant is slow to do."""
    one.ha.slow = True
    await one.command(command="set", control="charge_from_grid", state="on", duration="00:30:00")


@MINUTES
async def test_the_apps_own_call_is_no_flip_however_late_it_is_done(tmp_path: Path, minutes: int) -> None:
    async with lab(tmp_path, start=START, app={"use_schedules": "never"}) as one:
        await boost(one)
        await one.advance(minutes=minutes)
        await one.ha.catch_up()
        await one.advance(minutes=35)

        assert told(one) == ("off", "off", "cloud")


@MINUTES
async def test_nor_is_one_that_is_done_while_the_app_is_away(tmp_path: Path, minutes: int) -> None:
    async with lab(tmp_path, start=START, app={"use_schedules": "never"}) as one:
        await boost(one)
        await one.advance(minutes=minutes)
        home_assistant = one.ha
        await one.restart_appdaemon(lambda: home_assistant.preset(CHARGE, "on", user=APP_USER), minutes=1)
        await one.advance(minutes=35)

        assert told(one) == ("off", "off", "cloud")


@MINUTES
async def test_a_person_who_is_faster_than_home_assistant_flips(tmp_path: Path, minutes: int) -> None:
    async with lab(tmp_path, start=START, app={"use_schedules": "never"}) as one:
        await boost(one)
        await one.advance(minutes=minutes)
        await one.flip("charge_from_grid", "on")
        await one.ha.catch_up()
        await one.advance(minutes=35)

        assert told(one) == ("on", "on", "toggle")
