"""The app as storm and benchmark run it, which crowd into minutes what takes a house days.

AppDaemon reads a copy of this file beside its apps.yaml.
"""

from __future__ import annotations

from datetime import timedelta

from enphase_battery import EnphaseBattery
from enphase_battery.config.limits import Limits


class TirelessBattery(EnphaseBattery):
    """The real app; it asks, signs in and switches over as often as it is told to."""

    limits = Limits(most_turns=None, short_sessions=None, most_requests=1_000_000, shortest=timedelta(seconds=1))
