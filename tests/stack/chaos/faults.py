"""Injects the faults of the cloud: each for its time, several at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.stack.chaos.catalogue import KINDS, Kind
from tests.stack.chaos.cloud import Cloud
from tests.stack.chaos.plan import Fault
from tests.stack.chaos.weather import Weather


@dataclass(slots=True)
class CloudFaults:
    """Plays faults of the cloud, and ends them all when it is cancelled."""

    cloud: Cloud
    weather: Weather
    _active: list[Kind] = field(default_factory=list)
    _calm: dict[str, Any] = field(default_factory=dict)

    async def play(self, faults: Sequence[Fault]) -> None:
        """Play all faults, each at its time from now."""
        switches = self.cloud.world.switches.as_document()
        self._calm = {name: switches[name] for kind in KINDS for name in kind.switches}
        await asyncio.gather(*map(self._play, faults))

    async def _play(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        with self.weather.spell(fault.kind):
            self._active.append(fault.kind)
            self._apply()
            if fault.kind.ends_session:
                self.cloud.expire_sessions()
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                self._active.remove(fault.kind)
                self._apply()

    def _apply(self) -> None:
        switches = dict(self._calm)
        for kind in self._active:
            switches |= kind.switches
        script = [step for kind in reversed(self._active) for step in kind.script]
        self.cloud.set(**switches, fault_script=script)
        self.cloud.look()
