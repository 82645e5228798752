"""Where a home stands: its tariff, the kind of its cloud, and what its owner made in the Enphase app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import pytz

from enphase_battery.control.controls import Control
from enphase_battery.control.windows.clock import occurrences
from enphase_battery.control.windows.window import Occurrence, Window
from enphase_battery.engine.coordinator import Rules
from simulator import Simulator, Switches
from tests.unit.fake_cloud import Clock

LEAD = timedelta(minutes=15)
CHARGE, DISCHARGE, _ = Control
WORKDAYS, WEEKEND = frozenset({1, 2, 3, 4, 5}), frozenset({6, 7})

TARIFF = (
    Window("night", CHARGE, time(23, 30), time(5, 30), frozenset({7, 1, 2, 3, 4}), 90),
    Window("weekend night", CHARGE, time(1, 30), time(6), WEEKEND, 85),
    Window("afternoon", CHARGE, time(14), time(16), WORKDAYS, None),
    Window("peak", DISCHARGE, time(16), time(19), WORKDAYS, 30),
    Window("saturday late", DISCHARGE, time(22), time(0), frozenset({6}), 40),
)
"""Two charges and a discharge on a workday. The night goes over midnight, the afternoon touches the peak, and the
weekend night is the one in which the clocks change, while it begins."""

SUNDAY_NOON = {"startTime": "12:00", "endTime": "12:45", "days": [7], "limit": 55}
EVERY_EVENING = {"startTime": "19:30", "endTime": "21:00", "days": [1, 2, 3, 4, 5, 6, 7], "limit": 55}


@dataclass(frozen=True, slots=True)
class Place:
    """One site.

    Attributes:
        zone: IANA name of its zone.
        cloud: Switches of the simulator that make its kind of cloud.
        entries: What its owner made in the Enphase app: the members of an entry, by the family's name.
        settings: What its owner switched on there.
    """

    zone: str
    cloud: Mapping[str, object]
    entries: Mapping[str, Mapping[str, object]]
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def switches(self) -> Switches:
        # Polls are six hours apart, so the session has to live longer than by default (statement 22).
        return Switches().changed({"timezone": self.zone, "session_ttl": 43_200, **self.cloud})

    @property
    def rules(self) -> Rules:
        """The app's configuration."""
        return Rules(
            controls=tuple(Control),
            windows=TARIFF,
            zone=None,
            lead=LEAD,
            settle=0.0,
            consistency=timedelta(minutes=2),
            most_turns=None,
            pending_timeout=timedelta(minutes=15),
            dry_run=False,
        )

    def open(self, clock: Clock) -> Simulator:
        """Return its cloud as the app finds it: all that the owner made is long since active."""
        cloud = Simulator(self.switches, clock=clock, seed=1)
        for family, entry in self.entries.items():
            cloud.act_as_app(create={**entry, "scheduleType": family, "timezone": self.zone})
        cloud.act_as_app(self.settings, acceptedItcDisclaimer=True)
        clock.now += timedelta(hours=1)
        cloud.clear_log()
        return cloud

    def instant(self, local: datetime) -> datetime:
        """Return a local time as an instant (aware, UTC)."""
        return pytz.timezone(self.zone).localize(local).astimezone(pytz.utc)

    def wall(self, instant: datetime) -> time:
        """Return what the local clock shows."""
        return instant.astimezone(pytz.timezone(self.zone)).time()

    def comes_twice(self, one: Occurrence) -> bool:
        """Return whether the clocks are set back while a window runs."""
        start, end = (each.astimezone(pytz.timezone(self.zone)) for each in (one.start, one.end))
        return (end.utcoffset() or timedelta(0)) < (start.utcoffset() or timedelta(0))

    def occurrences(self, since: datetime, until: datetime) -> tuple[Occurrence, ...]:
        """Return when the windows ought to run."""
        return occurrences(TARIFF, pytz.timezone(self.zone), since, until)


LONDON = Place(
    "Europe/London",
    {"isvalid_required": True},
    {"RBD": EVERY_EVENING, "DTG": SUNDAY_NOON},
    {"rbdControl": {"enabled": True}, "dtgControl": {"enabled": True}},
)
"""Restrict and discharge are on, with entries of the owner's beside which the app has to fit in its own."""

LOS_ANGELES = Place(
    "America/Los_Angeles",
    {"touching_ok": False, "misleading_409": True, "cfg_apply_enables_schedule": False, "clock_skew": -40.0},
    {"CFG": SUNDAY_NOON, "RBD": EVERY_EVENING},
    {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True},
)
"""Entries must not touch, and the refusal names the wrong family. Charge is on; restrict is off, and has to stay so."""

LORD_HOWE = Place(
    "Australia/Lord_Howe",
    {"overnight_ok": False, "supports_mqtt": True, "read_lag": 10, "activation_delay": 60.0},
    {"RBD": EVERY_EVENING},
)
"""The clocks change by half an hour. Entries must not go over midnight, reads are late and so is the gateway."""
