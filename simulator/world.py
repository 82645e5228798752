"""What all parts of the cloud share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from .eras import ERAS, Era
from .faults import FaultRun
from .journal import Journal
from .sessions import Sessions
from .site import Site
from .tokens import Signer
from .xsrf import Xsrf

if TYPE_CHECKING:
    from .clock import Clock
    from .switches import Switches


class World:
    """The clock, the switches, and the parts that hold state."""

    def __init__(self, switches: Switches, clock: Clock, random: Random) -> None:
        self.clock = clock
        self.switches = switches
        self.faults = FaultRun(switches.fault_script)
        self.random = random
        self.journal = Journal()
        self.signer = Signer(random)
        self.sessions = Sessions(clock.now, self._switches, random)
        self.xsrf = Xsrf(self._switches, random)
        self.site = Site(clock.now, self._switches, random)
        self.site.switched(switches)
        self.validations: dict[tuple[str, str], datetime] = {}
        """When a caller last validated a family: (caller's key, family's lower-case name)."""

    @property
    def era(self) -> Era:
        """The rules of the era that is switched on."""
        return ERAS[self.switches.auth_era]

    def cloud_time(self) -> datetime:
        """Return the time on the cloud's own clock, which goes wrong by `clock_skew`."""
        return self.clock.now() + timedelta(seconds=self.switches.clock_skew)

    def set(self, changes: Mapping[str, object]) -> None:
        """Change switches; raise SwitchError for an unknown name or value."""
        switches = self.switches.changed(changes)
        self.site.switched(switches)
        self.switches = switches
        if "fault_script" in changes:
            self.faults = FaultRun(switches.fault_script)

    def _switches(self) -> Switches:
        return self.switches
