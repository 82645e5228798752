"""What all parts of the cloud share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from .budgets import Budget, parse_rate
from .clock import Clock
from .credentials.sessions import Sessions
from .credentials.tokens import Signer
from .credentials.xsrf import Xsrf
from .eras import Era, rules
from .faults import FaultRun
from .journal import Journal
from .site.site import Site
from .site.storm import Toggle
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
        self.era = _era(switches)
        """The rules that are in force."""
        self.last_code: str | None = None
        """The code that the last SMS brought."""
        self._budget = Budget()
        self.login_406_left = switches.login_406
        self.validations: dict[tuple[str, str], datetime] = {}
        """When a caller last validated a family: (caller's key, family's lower-case name)."""

    def cloud_time(self) -> datetime:
        """Return the time on the cloud's own clock, which goes wrong by `clock_skew`."""
        return self.clock.now() + timedelta(seconds=self.switches.clock_skew)

    def wait_for_budget(self) -> float:
        """Count a request; return 0, or the seconds until the switch `rate_limit` lets one through."""
        rate = parse_rate(self.switches.rate_limit)
        return 0.0 if rate is None else self._budget.take(self.clock.now(), *rate)

    def set(self, changes: Mapping[str, object]) -> None:
        """Change switches; raise SwitchError for an unknown name or value."""
        switches = self.switches.changed(changes)
        self.site.switched(switches)
        self.switches = switches
        self.era = _era(switches)
        if "profile" in changes:
            self.site.set_profile(switches.profile)
        if "storm_guard" in changes:
            self.site.change_storm_guard(Toggle(switches.storm_guard == "enabled"), delay=0)
        if "stuck_scheduler" in changes:
            self.site.stick(stuck=switches.stuck_scheduler)
        if "rate_limit" in changes:
            self._budget.clear()
        if "login_406" in changes:
            self.login_406_left = switches.login_406
        if "fault_script" in changes:
            self.faults = FaultRun(switches.fault_script)

    def _switches(self) -> Switches:
        return self.switches


def _era(switches: Switches) -> Era:
    return rules(switches.auth_era, jar_refused=switches.jar == "refused", jwt_required=switches.e_auth == "required")
