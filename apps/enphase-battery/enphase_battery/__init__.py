"""AppDaemon app that puts an Enphase IQ Battery under Home Assistant's control.

Numbers in brackets, as in (6.8), are sections of docs/enlighten-api.md in the project's repository, which holds what is
known of the cloud; letters, as in (h), are rules of docs/design.md.
"""

from .app import EnphaseBattery

__all__ = ["EnphaseBattery"]
