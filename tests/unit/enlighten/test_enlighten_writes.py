"""The bodies of the battery's writes: switches, in each of the forms that sites need, and schedule entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.models import BatterySettings, EntryTerms, WriteForm
from enphase_battery.enlighten.writes import entry_body, switch_body, validation_body

DTG = {"show": True, "enabled": True, "locked": False, "scheduleSupported": True, "startTime": 960, "endTime": 1140}
CFG = {"show": True, "locked": False, "scheduleSupported": True, "forceScheduleOpted": True}
NIGHT = EntryTerms(
    Family.CFG, start=time(23, 30), end=time(5, 5), days=frozenset({7, 1, 3}), limit=90, timezone="Europe/London"
)


def settings(**data: object) -> BatterySettings:
    return BatterySettings.parse({"type": "battery-details", "data": {"chargeFromGrid": False, **data}})


def merged(read: BatterySettings, family: Family, on: bool, **more: Any) -> dict[str, object]:
    arguments = {"disclaimer": None, "others": {}, **more}
    return switch_body(family, on, form=WriteForm.MERGED, settings=read, **arguments)


# --- switches


@pytest.mark.parametrize("form", [WriteForm.SHORT, WriteForm.NO_SOURCE])
def test_partial_bodies(form: WriteForm) -> None:
    def body(family: Family, on: bool, disclaimer: str | bool | None = None) -> dict[str, object]:
        read = settings(dtgControl=DTG)
        return switch_body(family, on, form=form, settings=read, disclaimer=disclaimer, others={Family.RBD: True})

    assert body(Family.CFG, True) == {"chargeFromGrid": True}
    assert body(Family.CFG, True, "2026") == {"chargeFromGrid": True, "acceptedItcDisclaimer": "2026"}
    assert body(Family.CFG, True, True) == {"chargeFromGrid": True, "acceptedItcDisclaimer": True}
    assert body(Family.CFG, False, "2026") == {"chargeFromGrid": False}
    assert body(Family.DTG, True, "2026") == {"dtgControl": {"enabled": True}}
    assert body(Family.RBD, False) == {"rbdControl": {"enabled": False}}


def test_a_merged_body_changes_only_what_is_wished() -> None:
    read = settings(dtgControl=DTG, rbdControl={"enabled": False, "show": True}, devices={"iqEvse": {}}, veryLowSoc=5)
    before = dict(read.raw)
    body = merged(read, Family.DTG, False, disclaimer="2026", others={Family.CFG: True})
    assert body == {
        "chargeFromGrid": True,
        "dtgControl": {**DTG, "enabled": False},
        "rbdControl": {"enabled": False, "show": True},
        "veryLowSoc": 5,
    }
    assert read.raw == before


def test_a_merged_body_of_a_site_that_never_had_the_family() -> None:
    read = settings(rbdControl=None)
    rbd = merged(read, Family.RBD, True)
    rich = {"show": True, "showDaySchedule": True, "enabled": True, "locked": False, "scheduleSupported": True}
    assert rbd == {"chargeFromGrid": False, "rbdControl": rich}
    dtg = merged(read, Family.DTG, True)
    assert dtg == {"chargeFromGrid": False, "rbdControl": None, "dtgControl": {"enabled": True}}


CFG_SWITCHES: list[tuple[bool, dict[str, Any]]] = [
    (True, {"disclaimer": "2026"}),
    (True, {"schedule": True}),
    (False, {"schedule": False}),
]


def rich(read: BatterySettings, family: Family, on: bool, **more: Any) -> dict[str, object]:
    arguments = {"disclaimer": None, "others": {Family.CFG: True}, **more}
    return switch_body(family, on, form=WriteForm.RICH, settings=read, **arguments)


def test_a_rich_body_is_the_whole_control_as_it_was_read_and_nothing_else() -> None:
    odd = {"show": False, "showDaySchedule": False, "enabled": False, "locked": True, "scheduleSupported": False}
    strange = {**odd, "startTime": 0, "endTime": 60, "forceScheduleOpted": None, "new": 1}
    read = settings(dtgControl=strange, rbdControl=strange, veryLowSoc=5)
    assert rich(read, Family.DTG, True) == {"dtgControl": {**odd, "enabled": True, "startTime": 0, "endTime": 60}}
    assert rich(read, Family.RBD, True) == {"rbdControl": {**odd, "enabled": True}}
    assert read.raw["dtgControl"] == strange


@pytest.mark.parametrize("control", [None, {"enabled": False, "show": None, "startTime": None}])
def test_a_rich_body_is_complete_where_the_read_is_not(control: object) -> None:
    complete = {"show": True, "showDaySchedule": True, "enabled": False, "locked": False, "scheduleSupported": True}
    read = settings(dtgControl=control, rbdControl=control)
    assert rich(read, Family.DTG, False) == {"dtgControl": complete}
    assert rich(read, Family.RBD, False) == {"rbdControl": complete}


def test_charge_from_grid_has_no_control_to_be_rich() -> None:
    read = settings(cfgControl=CFG, acceptedItcDisclaimer="2026")
    for on, arguments in CFG_SWITCHES:
        forms = [
            switch_body(Family.CFG, on, form=form, settings=read, **{"disclaimer": None, "others": {}, **arguments})
            for form in (WriteForm.RICH, WriteForm.NO_SOURCE)
        ]
        assert forms[0] == forms[1]


def test_the_wish_wins_over_what_is_said_of_its_own_family() -> None:
    others = {Family.CFG: False, Family.RBD: True}
    body = merged(settings(), Family.CFG, True, disclaimer=True, others=others)
    assert (body["chargeFromGrid"], body["acceptedItcDisclaimer"]) == (True, True)


# --- the second flag of charge from grid


def short(read: BatterySettings, on: bool, schedule: bool, disclaimer: str | None = None) -> dict[str, object]:
    arguments: dict[str, Any] = {"settings": read, "disclaimer": disclaimer, "others": {}, "schedule": schedule}
    first, second = (
        switch_body(Family.CFG, on, form=form, **arguments) for form in (WriteForm.SHORT, WriteForm.NO_SOURCE)
    )
    assert first == second
    return first


def test_both_flags_go_on_together() -> None:
    both = {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": True}
    assert short(settings(cfgControl=CFG), True, True) == both
    assert short(settings(), True, True, disclaimer="2026") == {**both, "acceptedItcDisclaimer": "2026"}


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(
    ("known", "sent"), [("2026-04-17T10:41:56.440Z", "2026-04-17T10:41:56.440Z"), (True, True), (None, None)]
)
def test_the_disable_body_leaves_the_switch_and_the_disclaimer_as_they_are(
    on: bool, known: object, sent: object
) -> None:
    body = short(settings(acceptedItcDisclaimer=known, cfgControl=CFG), on, False)
    assert body.pop("acceptedItcDisclaimer", None) == sent
    assert body == {
        "chargeFromGrid": on,
        "chargeFromGridScheduleEnabled": False,
        "cfgControl": {"forceScheduleOpted": False},
    }


@pytest.mark.parametrize("schedule", [True, False])
def test_a_merged_body_never_contradicts_itself(schedule: bool) -> None:
    stale = {**CFG, "forceScheduleOpted": not schedule}
    read = settings(
        cfgControl=stale,
        chargeFromGridScheduleEnabled=not schedule,
        acceptedItcDisclaimer="2026",
        dtgControl=DTG,
        devices={"iqEvse": {}},
    )
    assert merged(read, Family.CFG, True, schedule=schedule) == {
        "chargeFromGrid": True,
        "chargeFromGridScheduleEnabled": schedule,
        "acceptedItcDisclaimer": "2026",
        "cfgControl": {**CFG, "forceScheduleOpted": schedule},
        "dtgControl": DTG,
    }


def test_a_merged_body_makes_up_no_control_that_the_site_does_not_have() -> None:
    read = settings(cfgControl=None)
    assert merged(read, Family.CFG, True, schedule=True)["cfgControl"] is None
    assert merged(read, Family.CFG, False, schedule=False)["cfgControl"] == {"forceScheduleOpted": False}


def test_a_switch_that_does_not_speak_of_the_schedule_leaves_it_alone() -> None:
    read = settings(cfgControl=CFG, chargeFromGridScheduleEnabled=True)
    assert merged(read, Family.CFG, False) == {**read.raw, "chargeFromGrid": False}


@pytest.mark.parametrize("family", [Family.DTG, Family.RBD])
@pytest.mark.parametrize("schedule", [True, False])
def test_only_charge_from_grid_has_a_second_flag(family: Family, schedule: bool) -> None:
    with pytest.raises(ValueError, match=family.value):
        merged(settings(), family, True, schedule=schedule)
    with pytest.raises(ValueError, match=family.value):
        validation_body(family, schedule)


# --- validation


@pytest.mark.parametrize(("schedule", "opted"), [(None, True), (True, True), (False, False)])
def test_charge_from_grid_says_whether_its_schedule_shall_be_in_force(schedule: bool | None, opted: bool) -> None:
    assert validation_body(Family.CFG, schedule) == {"scheduleType": "cfg", "forceScheduleOpted": opted}


@pytest.mark.parametrize("family", [Family.DTG, Family.RBD])
def test_the_other_families_say_nothing_more(family: Family) -> None:
    assert validation_body(family, None) == {"scheduleType": family.value}


# --- entries


def test_an_entry_as_documented() -> None:
    assert entry_body(NIGHT) == {
        "timezone": "Europe/London",
        "startTime": "23:30",
        "endTime": "05:05",
        "limit": 90,
        "scheduleType": "CFG",
        "days": [1, 3, 7],
        "isEnabled": True,
    }


def test_discharge_has_a_limit_and_restrict_has_none() -> None:
    discharge, restrict = (entry_body(replace(NIGHT, family=family)) for family in (Family.DTG, Family.RBD))
    assert (discharge["scheduleType"], discharge["limit"]) == ("DTG", 90)
    assert restrict["scheduleType"] == "RBD"
    assert "limit" not in restrict


@pytest.mark.parametrize("limit", [5, 100])
def test_the_limits_of_limits_are_written(limit: int) -> None:
    assert entry_body(replace(NIGHT, limit=limit))["limit"] == limit


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"timezone": ""}, "time zone"),
        ({"days": frozenset()}, "days"),
        ({"days": frozenset({1, 8})}, "days"),
        ({"start": time(23, 30, 1)}, "minute"),
        ({"end": time(5, 5, 0, 1)}, "minute"),
        ({"end": time(23, 30)}, "length"),
        ({"limit": None}, "limit"),
        ({"limit": 4}, "limit"),
        ({"limit": 101}, "limit"),
    ],
)
def test_what_the_cloud_might_take_otherwise_is_not_written(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        entry_body(replace(NIGHT, **change))
