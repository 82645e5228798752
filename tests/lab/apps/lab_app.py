"""The app as AppDaemon loads it in the lab: the real one, waiting by the lab's clock."""

from __future__ import annotations

from enphase_battery import EnphaseBattery
from tests.lab.clock import Clock
from tests.lab.disk import AtOnce


class LabBattery(EnphaseBattery):
    """The real app; only its waits, its dice and its thread are the lab's."""

    wait = staticmethod(lambda seconds: Clock.current.wait(seconds))  # noqa: PLW0108  # each lab has its own clock
    dice = staticmethod(lambda: 0.0)
    disk = AtOnce()
