"""An example of every kind of reason."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.reason import Kind, Override, because
from enphase_battery.control.site_state import REPORT_AGE
from enphase_battery.store.store import DiskTrouble

NOON = datetime(2026, 7, 22, 12, tzinfo=timezone.utc)
CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NIGHT = Terms(CHARGE, time(2), time(5), EVERY_DAY, "Europe/London", 90)
EVENING = Terms(DISCHARGE, time(17), time(19), frozenset({1, 2}), "Europe/London", 20)
REQUEST = "PUT /service/batteryConfig/api/v1/batterySettings/*: 400"
LOCKED = because(Kind.LOCKED, control=CHARGE)
REFUSED = because(Kind.REFUSED, detail=REQUEST)

EXAMPLES = (
    # what was read, and whether the gateway acts on it
    because(Kind.NOT_READ_YET),
    because(Kind.SWITCH_NOT_TOLD),
    because(Kind.SWITCH_NOT_TOLD_OF, control=CHARGE),
    *(because(Kind.OVERRIDDEN, override=override) for override in Override),
    because(Kind.ENTRIES_NOT_READ),
    because(Kind.NO_ENTRY),
    because(Kind.NO_ENTRY_NOW),
    because(Kind.SCHEDULE_OFF, control=CHARGE),
    because(Kind.ABOVE_RESERVE, reserve=20),
    because(Kind.RESERVE_NOT_READ),
    because(Kind.OUTSIDE_DAILY_WINDOW, begin="02:00", end="05:00"),
    because(Kind.ENTRIES_NOT_LOOKED_AT),
    because(Kind.CHANGE_ON_ITS_WAY),
    because(Kind.ON_NOT_REPORTED),
    because(Kind.OFF_NOT_REPORTED),
    because(Kind.REPORT_NOT_READ),
    because(Kind.GATEWAY_SILENT, minutes=REPORT_AGE // timedelta(minutes=1)),
    because(Kind.DOES_NOT_CHARGE, since=NOON),
    because(Kind.DOES_NOT_DISCHARGE, since=NOON),
    because(Kind.DOES_NOT_HOLD, since=NOON),
    because(Kind.TARGET_NEEDS_ENTRY, target=80),
    because(Kind.STOPS_AT_RESERVE, limit=20, target=10),
    # why nothing is written
    because(Kind.ZONE_UNKNOWN),
    because(Kind.OVERLAP, entries=(NIGHT, EVENING)),
    because(Kind.WOULD_WAKE_ENTRIES, count=1, control=CHARGE),
    because(Kind.CLOUD_BUSY),
    because(Kind.CLOCK_WRONG, skew=timedelta(minutes=3)),
    because(Kind.CLOCK_TOO_WRONG, skew=timedelta(minutes=-120)),
    because(Kind.TOO_MANY_CHANGES, NOON, most=6),
    because(Kind.ON_HOLD, NOON, control=RESTRICT, window="Night rate"),
    because(Kind.ON_HOLD, control=RESTRICT),
    because(Kind.NO_SUCH_CONTROL, control=DISCHARGE),
    because(Kind.NO_RIGHTS),
    LOCKED,
    because(Kind.GRID_AGREEMENT),
    because(Kind.DISCLAIMER),
    because(Kind.CANNOT_BE_CHANGED, control=CHARGE, only_on=False, why=LOCKED),
    because(Kind.CANNOT_BE_CHANGED, control=CHARGE, only_on=True, why=because(Kind.DISCLAIMER)),
    # what is waited for
    because(Kind.ON_ITS_WAY, reported=NOON),
    because(Kind.ON_ITS_WAY_SILENT, since=NOON),
    because(Kind.OFF_UNHEARD, since=NOON),
    because(Kind.NOT_SHOWN_YET),
    because(Kind.DOUBTED),
    because(Kind.REFUSED_YET_OPEN),
    because(Kind.RIVAL_STILL_ON, control=DISCHARGE),
    because(Kind.LIST_UNREADABLE),
    because(Kind.CLOUD_UNDECIDED),
    because(Kind.OWN_ENTRY_STILL_LISTED),
    because(Kind.OWN_ENTRY_MAY_STAND),
    because(Kind.OWN_ENTRY_IN_THE_WAY),
    because(Kind.OWN_ENTRY_LEAVING),
    because(Kind.OWN_ENTRY_NOT_DELETED, error=REFUSED),
    because(Kind.YOUR_ENTRY_NOT_ACTIVE, entries=(NIGHT,)),
    because(Kind.NOT_LISTED_YET),
    because(Kind.AWAITING_GATEWAY),
    because(Kind.AWAITING_SILENT_GATEWAY, since=NOON),
    because(Kind.AWAITING_OVERRIDDEN_GATEWAY, override=Override.FULL_BACKUP),
    because(Kind.SCHEDULE_NOT_SHOWN, control=CHARGE),
    # what went wrong with a write
    because(Kind.IGNORED),
    because(Kind.NOT_ARRIVED, since=NOON),
    because(Kind.ENTRY_VANISHED, entry=NIGHT),
    because(Kind.UNLISTED_CONFLICT, entry=NIGHT, error=because(Kind.CONFLICT, detail=REQUEST)),
    because(Kind.SWITCH_NOT_TAKEN, family="cfg"),
    # what is to be said of what is so
    because(Kind.ALL_DAY_ENTRY),
    because(Kind.YOUR_ENTRIES_DECIDE, entries=(EVENING,)),
    because(Kind.REPLACED, control=DISCHARGE),
    because(
        Kind.WOULD_DO,
        steps=(because(Kind.CREATE_STEP, entry=NIGHT), because(Kind.SWITCH_STEP, control=CHARGE, on=True)),
    ),
    because(Kind.NOTHING_TO_DO),
    # what is done
    because(Kind.SWITCH_STEP, control=CHARGE, on=True),
    because(Kind.SWITCH_STEP, control=CHARGE, on=True, schedule=True),
    because(Kind.SWITCH_STEP, control=CHARGE, on=False, schedule=False),
    because(Kind.CREATE_STEP, entry=NIGHT),
    because(Kind.UPDATE_STEP, entry=NIGHT),
    because(Kind.DELETE_STEP, entry=NIGHT),
    # what becomes of commands
    because(Kind.NOTHING_TO_CANCEL),
    because(Kind.NOTHING_WANTED),
    because(Kind.END_PASSED),
    because(Kind.NEWER_REQUEST),
    because(Kind.REQUEST_MEANWHILE),
    because(Kind.CODE_SENT),
    because(Kind.BAD_COMMAND, detail="command is missing: it must be one of set, cancel"),
    because(Kind.NOT_IN_CONTROLS, name="discharge_to_grid", choices="charge_from_grid, restrict_discharge"),
    because(Kind.TARGET_NOT_YOURS, entries=(EVENING,)),
    because(Kind.UNTIL_NEEDS_ZONE),
    because(Kind.UNTIL_PAST, given="2026-11-21T19:00:00+00:00"),
    because(Kind.UNTIL_TOO_FAR, given="2026-11-24T19:00:00"),
    # the cloud, out of reach or refusing
    because(Kind.CLOUD_UNREACHABLE, since=NOON),
    because(Kind.CLOUD_UNREACHABLE, since=NOON, unsafe=True),
    because(Kind.CLOUD_UNREACHABLE, detail="GET /x: no answer in 30 s"),
    because(Kind.CONNECTION_UNSAFE, request="GET /x", error="ClientConnectorCertificateError"),
    because(Kind.RATE_LIMITED, at=NOON),
    because(Kind.RATE_LIMITED, detail="GET /x: too many requests (429)"),
    because(Kind.REQUEST_BUDGET, at=NOON),
    because(Kind.REQUEST_BUDGET, detail="the hourly request budget is used up"),
    REFUSED,
    because(Kind.FORBIDDEN, detail=REQUEST),
    because(Kind.NOT_AVAILABLE, detail=REQUEST),
    because(Kind.CONFLICT, detail=REQUEST),
    because(Kind.UNEXPECTED_ANSWER, detail="the answer has no data"),
    because(Kind.SESSION_REJECTED, detail=REQUEST),
    because(Kind.SITE_NOT_FOUND, detail=""),
    because(Kind.USER_NOT_FOUND),
    because(Kind.SITE_ID_WRONG, name="site_id"),
    because(Kind.SITE_AMBIGUOUS, sites="11 (Home), 12 (Office)"),
    because(Kind.NOTHING_TO_CONTROL),
    because(Kind.SITE_CHANGED, detail=""),
    # the sign-in
    because(Kind.SIGN_IN_FAILED, detail="the cloud refused it"),
    because(Kind.SIGN_IN_REFUSED, NOON, times=1),
    because(Kind.SIGN_IN_REFUSED, times=2, possible_in=timedelta(hours=1, minutes=2, seconds=3)),
    because(Kind.SIGN_IN_WAITS_FOR_CODE, NOON, times=2),
    because(Kind.SIGN_IN_BLOCKED, NOON, times=1),
    because(Kind.SIGN_IN_UNANSWERED, NOON, times=1),
    because(Kind.SHORT_SESSIONS, NOON),
    because(Kind.WRONG_PASSWORD, NOON, detail=""),
    because(Kind.CODE_WANTED, NOON, detail=""),
    because(Kind.CODE_REFUSED, NOON, detail=""),
    because(Kind.CODE_MALFORMED, detail=""),
    because(Kind.TOO_MANY_CODES, NOON, detail=""),
    because(Kind.CODE_JUST_SENT, possible_in=timedelta(seconds=20)),
    because(Kind.CODES_UNUSED, possible_in=timedelta(minutes=59)),
    because(Kind.NO_CODE_WANTED, detail=""),
    because(Kind.ACCOUNT_BLOCKED, NOON, detail=""),
    because(Kind.TOO_MANY_SESSIONS, NOON, detail=""),
    because(Kind.BORROWED_SESSION_ENDED),
    because(Kind.CODE_FOR_THE_APP),
    because(Kind.NO_SIGN_IN_BEFORE, error=because(Kind.WRONG_PASSWORD, detail=""), at=NOON),
    because(Kind.NO_SIGN_IN_BEFORE, error=because(Kind.SIGN_IN_UNANSWERED, times=3), at=NOON),
    # the installation, and what is left somewhere
    because(Kind.CONFIGURATION, detail="poll is 0: it must be at least 0:01:00"),
    because(Kind.INSTALLATION, detail="there is no appdaemon.yaml in /conf", hint="name it with --config"),
    because(Kind.INSTALLATION, detail="no app of this class is called third"),
    because(Kind.APP_FAILED),
    because(Kind.NO_WINDOW_RUNS),
    because(Kind.ENTRY_TAKEN_OVER, entry=NIGHT),
    because(Kind.ENTRY_LEFT_OVER, entry=NIGHT),
    because(
        Kind.LEFT_AT_OTHER_SITE,
        left=(because(Kind.LEFT_ENTRY, entry=NIGHT), because(Kind.LEFT_SWITCH, control=CHARGE, on=True, sure=True)),
    ),
    because(Kind.LEFT_ENTRY, entry=NIGHT),
    because(Kind.LEFT_SWITCH, control=CHARGE, on=False, sure=False),
    *(
        because(Kind.STORE_NOT_WRITTEN, file="/conf/app.json", folder="/conf", error="No space", disk=disk.value)
        for disk in DiskTrouble
    ),
    because(Kind.STORE_LOST, file="/conf/app.json", error="it is damaged", aside="app.unreadable.json"),
    because(Kind.HELPER_MISSING, entity_id="input_boolean.enphase_charge_from_grid"),
    because(Kind.HELPER_MISSING, entity_id="input_boolean.charge", obstacle=because(Kind.HELPER_ID_TAKEN)),
    because(Kind.HELPER_MISSING, entity_id="input_boolean.charge", obstacle=because(Kind.NO_ADMINISTRATOR)),
    because(Kind.HELPER_ID_TAKEN),
    because(Kind.HELPER_NAMED_OTHERWISE, made="enphase_charge_2", removed=True),
    because(Kind.HELPER_NOT_CREATED, code="invalid_format"),
    because(Kind.HELPERS_NOT_TOLD, code="unknown_command"),
    because(Kind.HELPER_UNANSWERED),
    because(Kind.NO_ADMINISTRATOR),
)
"""At least one of each kind, with values such as the code gives; several where a sentence has several forms."""
