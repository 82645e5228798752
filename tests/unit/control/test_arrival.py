"""What is on its way to the gateway: whose it is, from when it is waited for, and how long (rule (n))."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from enphase_battery.control.arrival import PATIENCE, Arrival, arriving
from enphase_battery.control.controls import Control
from enphase_battery.control.evidence import Evidence, OwnWrite
from enphase_battery.control.site_state import SiteState, Storage, Switches

CHARGE = Control.CHARGE_FROM_GRID
WRITTEN = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
KNOWN_ON = Evidence(known=True, changed_at=WRITTEN)
UNPROVEN = Evidence(known=False, writes=(OwnWrite(before=False, value=True, at=WRITTEN, answered=True),))
ON_ITS_WAY = Switches(
    {CHARGE: False},
    charge_schedule_on=False,
    override=None,
    read_at=WRITTEN + timedelta(minutes=1),
    requested={CHARGE: True},
    is_pending=True,
)
UNTOLD = replace(ON_ITS_WAY, requested={})
SENT = {CHARGE: Arrival(on=True, since=WRITTEN)}


def minutes(after: float) -> datetime:
    return WRITTEN + timedelta(minutes=after)


@pytest.mark.parametrize(
    ("switches", "evidence", "expected"),
    [
        (ON_ITS_WAY, UNPROVEN, SENT),
        (ON_ITS_WAY, Evidence(known=False), {}),  # somebody else's
        (replace(ON_ITS_WAY, requested={CHARGE: False}), UNPROVEN, {}),
        (UNTOLD, UNPROVEN, SENT),
        (UNTOLD, KNOWN_ON, {}),
        (UNTOLD, Evidence(known=False, writes=(replace(UNPROVEN.writes[0], answered=False),)), {}),
        (replace(UNTOLD, on={CHARGE: True}), UNPROVEN, SENT),  # the read may be older
        (replace(UNTOLD, is_pending=False), UNPROVEN, {}),
        (None, KNOWN_ON, {}),
    ],
)
def test_what_the_app_sent_is_on_its_way(
    switches: Switches | None, evidence: Evidence, expected: dict[Control, Arrival]
) -> None:
    assert arriving({}, {CHARGE: evidence}, SiteState(switches)) == expected


def test_the_first_report_after_the_write_is_what_patience_counts_from() -> None:
    found: dict[Control, Arrival] = {}
    for report, expected in [(None, None), (-5, None), (0, None), (7, 7), (17, 7)]:
        storage = None if report is None else Storage(last_report=minutes(report))
        found = arriving(found, {CHARGE: UNPROVEN}, SiteState(ON_ITS_WAY, storage=storage))
        assert found[CHARGE].reported_at == (None if expected is None else minutes(expected))
    later = replace(UNPROVEN, writes=(replace(UNPROVEN.writes[0], at=minutes(20)),))
    again = arriving(found, {CHARGE: later}, SiteState(ON_ITS_WAY))
    assert again == {CHARGE: Arrival(on=True, since=minutes(20))}


def test_nothing_is_overdue_before_the_gateway_has_reported() -> None:
    sent = SENT[CHARGE]
    assert not sent.is_overdue(minutes(600))
    reported = replace(sent, reported_at=minutes(7))
    assert not reported.is_overdue(minutes(7) + PATIENCE - timedelta(seconds=1))
    assert reported.is_overdue(minutes(7) + PATIENCE)


@pytest.mark.parametrize(("waited", "pause"), [(0, 2), (8, 2), (12, 3), (60, 15), (600, 60)])
def test_looks_come_less_and_less_often(waited: float, pause: float) -> None:
    assert SENT[CHARGE].next_look(minutes(waited)) == minutes(waited + pause)
