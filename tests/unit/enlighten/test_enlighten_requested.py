"""What is on its way to the gateway, as the battery settings tell it (15.1)."""

from __future__ import annotations

import pytest

from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.models import BatterySettings, WriteForm
from enphase_battery.enlighten.requested import Requested
from enphase_battery.enlighten.writes import switch_body

SETTINGS = {
    "chargeFromGrid": False,
    "chargeFromGridScheduleEnabled": False,
    "batteryBackupPercentage": 20,
    "veryLowSoc": 5,
    "dtgControl": {"show": True, "enabled": False, "startTime": 60},
    "rbdControl": None,
}


@pytest.mark.parametrize("empty", [{}, {"requestedConfig": {}}, {"requestedConfig": None}, {"requestedConfig": "N/A"}])
def test_nothing_is_on_its_way(empty: dict[str, object]) -> None:
    assert Requested.parse({**SETTINGS, **empty}) == Requested()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"chargeFromGrid": True}, {Family.CFG: True}),
        ({"chargeFromGrid": "false"}, {Family.CFG: False}),
        ({"chargeFromGrid": "N/A"}, {}),
        ({"cfgControl": {"enabled": True}}, {}),
        ({"dtgControl": {"enabled": True}, "rbdControl": {"enabled": False}}, {Family.DTG: True, Family.RBD: False}),
        ({"dtgControl": {"startTime": 60}, "rbdControl": None}, {}),
        ({"veryLowSoc": 10}, {}),
    ],
)
def test_a_member_that_is_there_is_on_its_way_and_one_that_is_missing_says_nothing(
    told: dict[str, object], expected: dict[Family, bool]
) -> None:
    requested = Requested.parse({**SETTINGS, "requestedConfig": told})
    assert (requested.switches, requested.is_pending) == (expected, True)


@pytest.mark.parametrize(
    "told", [{"requestedConfig": {"pendingGateways": ["1"]}}, {"requestedConfig": {}, "pendingGateways": ["1"]}]
)
def test_that_a_gateway_is_waited_for_may_be_all_that_is_told(told: dict[str, object]) -> None:
    assert Requested.parse({**SETTINGS, **told}) == Requested(is_pending=True)


def test_a_merged_write_carries_no_old_value_back_over_what_is_on_its_way() -> None:
    coming = {
        "batteryBackupPercentage": 45,
        "chargeFromGrid": True,
        "dtgControl": {"enabled": True},
        "pendingGateways": ["1"],
    }
    document = {**SETTINGS, "requestedConfig": coming, "pendingGateways": ["1"]}
    settings = BatterySettings.parse({"data": document})
    body = switch_body(Family.RBD, on=False, form=WriteForm.MERGED, settings=settings, disclaimer=None, others={})
    assert body["batteryBackupPercentage"] == 45
    assert body["chargeFromGrid"] is True
    assert body["dtgControl"] == {"show": True, "enabled": True, "startTime": 60}
    assert body["veryLowSoc"] == 5
    assert not body.keys() & {"requestedConfig", "pendingGateways"}
    assert settings.switch(Family.CFG) is False  # what the gateway reports is told as it is
