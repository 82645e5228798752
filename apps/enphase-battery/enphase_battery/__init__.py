"""AppDaemon app that puts an Enphase IQ Battery under Home Assistant's control."""

from .app import EnphaseBattery

__all__ = ["EnphaseBattery"]
