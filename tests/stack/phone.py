"""The owner with the Enphase app in hand, and what has to stand as the owner left it."""

import json
from datetime import datetime
from typing import Any

from demo.simulator import Simulator
from tests.stack.minutes import eventually

CHARGE, DISCHARGE, RESTRICT = CONTROLS = ("charge_from_grid", "discharge_to_grid", "restrict_discharge")
FAMILIES = {CHARGE: "cfg", DISCHARGE: "dtg", RESTRICT: "rbd"}

_WEEK = tuple(range(1, 8))


class Phone:
    """Makes schedule entries and switches families, and remembers each entry as it was left."""

    def __init__(self, simulator: Simulator) -> None:
        """Take the cloud."""
        self.left: dict[str, str] = {}
        """The owner's entries by id, each as the JSON text that the cloud stores."""
        self._simulator = simulator

    async def switches(self, **settings: Any) -> None:
        """Write settings, by the names that they have in the cloud."""
        await self._simulator.tell("app/settings", **settings)

    async def adds(
        self, control: str, start: datetime, end: datetime, *, days: tuple[int, ...] = _WEEK, applied: bool = True
    ) -> None:
        """Make an entry between two wall-clock times, and wait until the gateway has it; not if it is not `applied`."""
        body = {
            "scheduleType": FAMILIES[control].upper(),
            "startTime": f"{start:%H:%M}",
            "endTime": f"{end:%H:%M}",
            "limit": 50,
            "days": days,
        }
        created = (await self._simulator.tell(f"app/schedules?applied={json.dumps(applied)}", **body))["scheduleId"]

        async def settled() -> dict[str, Any]:
            entry = (await self._stored())[created]
            assert entry["scheduleStatus"] == ("active" if applied else "pending")
            return entry

        self.left[created] = json.dumps(await eventually(settled))

    async def check(self) -> None:
        """Check that every entry of the owner's stands as the owner left it, to the letter."""
        stored = {number: json.dumps(entry) for number, entry in (await self._stored()).items()}
        assert {number: stored.get(number) for number in self.left} == self.left

    async def _stored(self) -> dict[str, dict[str, Any]]:
        entries = (await self._simulator.control("model"))["cloud"]["schedules"]
        return {entry["scheduleId"]: entry for entry in entries}
