"""`check` reads a real AppDaemon's configuration, signs in, and says what the app would find."""

import asyncio
import os

from demo.appdaemon import AppDaemon
from demo.lane import CHECKOUT, LANE
from tests.stack.house import House
from tests.stack.phone import CHARGE
from tests.stack.programs import OpenHouse


async def test_check_tells_what_the_app_finds_and_changes_nothing(open_house: OpenHouse, appdaemon: AppDaemon) -> None:
    async with open_house("checked") as house:
        await house.signed_in()
        await house.flip(CHARGE, "on")
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")
        before = await house.counters()

        code, said = await _check(appdaemon, house)
        assert code == 0, said
        assert "Nothing is wrong with Enphase." in said
        assert "charge_from_grid" in said
        after = await house.counters()
        assert (after["writes"], after["logins"]) == (before["writes"], before["logins"])


async def _check(appdaemon: AppDaemon, house: House) -> tuple[int | None, str]:
    """Run the command as the page on installing says; return its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *(str(LANE.appdaemon / "bin" / "python"), "-m", "enphase_battery", "check"),
        *("--config", str(appdaemon.folder), "--app", house.name),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "apps" / "enphase-battery")},
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
