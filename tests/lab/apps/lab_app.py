"""The app as AppDaemon loads it in the lab: the real one, waiting by the lab's clock."""

from __future__ import annotations

from datetime import timedelta

from enphase_battery import EnphaseBattery
from enphase_battery.config.limits import Limits
from tests.lab.clock import Clock
from tests.lab.disk import AtOnce


class LabBattery(EnphaseBattery):
    """The real app; only its waits, its dice and its thread are the lab's."""

    wait = staticmethod(lambda seconds: Clock.current.wait(seconds))  # noqa: PLW0108  # each lab has its own clock
    dice = staticmethod(lambda: 0.0)
    disk = AtOnce()


class TirelessBattery(LabBattery):
    """One that asks, signs in and switches over as often as it is told to."""

    limits = Limits(most_turns=None, short_sessions=None, most_requests=1_000_000, shortest=timedelta(0))
