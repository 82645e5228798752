"""Statements 41 to 47, 54, 57, 58 and 63 to 71 of section 14: the life of an entry and the rules it obeys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Simulator
from simulator.browser import SCHEDULES, Browser, document, entry
from simulator.site.families import Family
from simulator.site.windows import DAY, WEEK, Window

Make = Callable[..., Simulator]
APPLY: dict[str, dict[str, Any]] = {
    "CFG": {"chargeFromGrid": True},
    "DTG": {"dtgControl": {"enabled": True}},
    "RBD": {"rbdControl": {"enabled": True}},
}
ALL = list(APPLY)


def status_of(me: Browser, family: str = "CFG") -> list[str]:
    return [each["scheduleStatus"] for each in me.schedules()[family.lower()]["details"]]


def test_a_new_entry_is_pending_and_so_is_its_family(make: Make) -> None:
    """41."""
    me = Browser(make()).sign_in()
    me.create("CFG", "00:30", "05:25")
    listed = me.schedules()
    assert (listed["cfg"]["scheduleStatus"], listed["cfg"]["count"], listed["anySchedulePending"]) == (
        "pending",
        1,
        True,
    )
    assert listed["dtg"]["scheduleStatus"] == "active"
    found = listed["cfg"]["details"][0]
    assert (found["startTime"], found["endTime"], found["limit"]) == ("00:30", "05:25", 90)
    assert (found["scheduleStatus"], found["isDeleted"], found["isEnabled"]) == ("pending", False, True)


def test_the_answer_to_a_create_holds_no_id(make: Make) -> None:
    """42."""
    me = Browser(make()).sign_in()
    assert document(me.battery("POST", SCHEDULES, json=entry("CFG", "01:00", "02:00"))) == {"message": "success"}


def test_the_answer_to_a_create_may_echo_the_entry(make: Make) -> None:
    """42."""
    me = Browser(make(create_echoes=True)).sign_in()
    answer = document(me.battery("POST", SCHEDULES, json=entry("CFG", "01:00", "02:00")))
    assert answer == me.schedules()["cfg"]["details"][0]


@pytest.mark.parametrize("family", ALL)
def test_43_the_apply_of_its_family_makes_an_entry_active_after_a_while(make: Make, family: str) -> None:
    me = Browser(sim := make()).sign_in()
    me.create(family, "01:00", "02:00")
    me.put(APPLY[family])
    sim.advance(9.9)
    assert status_of(me, family) == ["pending"]
    sim.advance(0.1)
    assert status_of(me, family) == ["active"]
    assert me.schedules()["anySchedulePending"] is False


@pytest.mark.parametrize("family", ALL)
def test_43_another_family_or_an_off_switch_applies_nothing(make: Make, family: str) -> None:
    me = Browser(sim := make(activation_delay=0)).sign_in()
    me.create(family, "01:00", "02:00")
    for other in set(ALL) - {family}:
        me.put(APPLY[other])
    me.put({"chargeFromGrid": False, "dtgControl": {"enabled": False}, "rbdControl": {"enabled": False}})
    sim.advance(60)
    assert status_of(me, family) == ["pending"]


def test_switching_the_charge_schedule_off_applies_nothing(make: Make) -> None:
    """43."""
    me = Browser(sim := make(activation_delay=0)).sign_in()
    me.create("CFG", "01:00", "02:00")
    me.put({"chargeFromGrid": True, "chargeFromGridScheduleEnabled": False})
    sim.advance(60)
    assert status_of(me) == ["pending"]


def test_nothing_becomes_active_while_the_gateway_is_away(make: Make) -> None:
    """43, 79."""
    me = Browser(sim := make(gateway_online=False)).sign_in()
    me.create("CFG", "01:00", "02:00")
    me.put(APPLY["CFG"])
    sim.advance(3000)
    assert status_of(me) == ["pending"]
    sim.set(gateway_online=True)
    sim.advance(10)
    assert status_of(me) == ["active"]


def test_an_entry_that_nobody_applies_vanishes(make: Make) -> None:
    """44."""
    me = Browser(sim := make()).sign_in()
    me.create("CFG", "01:00", "02:00")
    sim.advance(899)
    assert status_of(me) == ["pending"]
    sim.advance(1)
    assert status_of(me) == []


def test_a_rewritten_entry_is_pending_again_and_needs_the_apply_again(make: Make) -> None:
    """45, 46."""
    me = Browser(sim := make(activation_delay=0)).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    me.put(APPLY["CFG"])
    assert status_of(me) == ["active"]
    sim.advance(60)
    answer = document(me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=entry("CFG", "03:00", "04:00", limit=80)))
    assert answer == me.schedules()["cfg"]["details"][0]
    assert (answer["startTime"], answer["limit"], answer["scheduleStatus"]) == ("03:00", 80, "pending")
    assert int(answer["updatedAt"]) - int(answer["createdAt"]) == 60_000
    sim.advance(60)
    assert status_of(me) == ["pending"]
    me.put(APPLY["CFG"])
    assert status_of(me) == ["active"]


def test_an_entry_rewritten_on_its_way_is_not_confirmed_by_the_earlier_apply(make: Make) -> None:
    """43, 45."""
    me = Browser(sim := make()).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    me.put(APPLY["CFG"])
    me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=entry("CFG", "03:00", "04:00"))
    sim.advance(60)
    assert status_of(me) == ["pending"]


@pytest.mark.parametrize("how", ["create", "update"])
def test_47_is_enabled_false_is_accepted_and_means_nothing(make: Make, how: str) -> None:
    me = Browser(make(activation_delay=0)).sign_in()
    entry_id = me.create("CFG", "12:00", "18:00", isEnabled=how == "update")
    if how == "update":
        body = entry("CFG", "12:00", "18:00", isEnabled=False)
        assert me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=body).status == 200
    me.put(APPLY["CFG"])
    assert me.schedules()["cfg"]["details"][0]["isEnabled"] is True
    assert me.battery("POST", SCHEDULES, json=entry("DTG", "13:00", "14:00")).status == 409


def test_deleting_the_last_charge_entry_leaves_its_schedule_flag(make: Make) -> None:
    """54."""
    me = Browser(make()).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    me.put(APPLY["CFG"])
    me.battery("POST", f"{SCHEDULES}/{entry_id}/delete", json={})
    assert me.settings()["chargeFromGridScheduleEnabled"] is True
    disable = {"chargeFromGrid": True, "chargeFromGridScheduleEnabled": False}
    me.put({**disable, "cfgControl": {"forceScheduleOpted": False}})
    assert me.settings()["chargeFromGridScheduleEnabled"] is False


def test_the_delete_verb_is_refused_and_deletes_nothing(make: Make) -> None:
    """57."""
    me = Browser(make()).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    answer = me.battery("DELETE", f"{SCHEDULES}/{entry_id}")
    assert (answer.status, answer.body) == (403, b"Invalid CORS request")
    assert me.schedules()["cfg"]["count"] == 1


@pytest.mark.parametrize("body", [{}, None])
def test_57_a_delete_by_post_works_once(make: Make, body: object) -> None:
    me = Browser(make()).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    answer = me.battery("POST", f"{SCHEDULES}/{entry_id}/delete", json=body)
    assert (answer.status, document(answer)) == (200, {"message": "success"})
    assert me.schedules()["cfg"]["count"] == 0
    assert me.battery("POST", f"{SCHEDULES}/{entry_id}/delete", json=body).status == 404


@pytest.mark.parametrize("listed", [False, True])
def test_58_a_soft_delete_takes_an_entry_out_of_effect(make: Make, *, listed: bool) -> None:
    me = Browser(make(list_deleted=listed)).sign_in()
    entry_id = me.create("CFG", "01:00", "02:00")
    assert document(me.battery("PUT", f"{SCHEDULES}/{entry_id}", json={"isDeleted": True}))["isDeleted"] is True
    assert [each["isDeleted"] for each in me.schedules()["cfg"]["details"]] == [True] * listed
    assert me.schedules()["anySchedulePending"] is False
    me.create("DTG", "01:30", "01:45")


@pytest.mark.parametrize("family", ALL)
def test_63_an_overlap_with_any_family_is_a_409_that_names_it(make: Make, family: str) -> None:
    me = Browser(make()).sign_in()
    me.create(family, "01:00", "03:00")
    for other in ALL:
        answer = me.battery("POST", SCHEDULES, json=entry(other, "02:00", "04:00"))
        assert answer.status == 409
        assert document(answer)["error"]["status"] == f"CONFLICTING_SCHEDULE_{family}"
    assert sum(me.schedules()[each.lower()]["count"] for each in ALL) == 1


def test_windows_on_different_weekdays_do_not_overlap(make: Make) -> None:
    """63."""
    me = Browser(make()).sign_in()
    me.create("CFG", "01:00", "03:00", days=[1, 2, 3])
    me.create("DTG", "01:00", "03:00", days=[4, 5, 6, 7])
    assert [me.schedules()[family]["count"] for family in ("cfg", "dtg")] == [1, 1]


def test_a_409_may_name_the_wrong_family(make: Make) -> None:
    """64."""
    me = Browser(make(misleading_409=True)).sign_in()
    me.create("RBD", "01:00", "03:00")
    answer = me.battery("POST", SCHEDULES, json=entry("DTG", "02:00", "04:00"))
    assert document(answer)["error"]["status"] == "CONFLICTING_SCHEDULE_CFG"


def test_an_update_is_not_in_its_own_way_but_in_that_of_others(make: Make) -> None:
    """65."""
    me = Browser(make()).sign_in()
    entry_id = me.create("CFG", "01:00", "03:00")
    me.create("DTG", "05:00", "06:00")
    assert me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=entry("CFG", "02:00", "04:00")).status == 200
    assert me.battery("PUT", f"{SCHEDULES}/{entry_id}", json=entry("CFG", "02:00", "05:30")).status == 409
    assert me.schedules()["cfg"]["details"][0]["endTime"] == "04:00"


def test_a_night_reaches_into_the_next_weekday_and_sunday_into_monday(make: Make) -> None:
    """66, 68."""
    me = Browser(make()).sign_in()
    me.create("CFG", "22:00", "05:00", days=[7])
    monday = entry("DTG", "04:00", "06:00", days=[1])
    assert me.battery("POST", SCHEDULES, json=monday).status == 409
    me.create("DTG", "04:00", "06:00", days=[2, 3, 4, 5, 6, 7])


@pytest.mark.parametrize(("touching_ok", "status"), [(True, 200), (False, 409)])
@pytest.mark.parametrize(("start", "end"), [("05:00", "06:00"), ("01:00", "02:00")])
def test_67_touching_windows_pass_or_fail(make: Make, *, touching_ok: bool, status: int, start: str, end: str) -> None:
    me = Browser(make(touching_ok=touching_ok)).sign_in()
    me.create("CFG", "02:00", "05:00")
    assert me.battery("POST", SCHEDULES, json=entry("DTG", start, end)).status == status


def test_a_create_without_is_enabled_may_be_a_409(make: Make) -> None:
    """69."""
    me = Browser(make(isenabled_required=True)).sign_in()
    assert me.battery("POST", SCHEDULES, json=entry("CFG", "01:00", "02:00", isEnabled=None)).status == 409
    me.create("CFG", "01:00", "02:00")


@pytest.mark.parametrize(("family", "status"), [("CFG", 400), ("DTG", 400), ("RBD", 200)])
def test_70_only_rbd_may_leave_the_limit_out(make: Make, family: str, status: int) -> None:
    me = Browser(make()).sign_in()
    assert me.battery("POST", SCHEDULES, json=entry(family, "01:00", "02:00", limit=None)).status == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"startTime": "1:00"},
        {"startTime": "0100"},
        {"endTime": "24:00"},
        {"endTime": "02:00:00"},
        {"endTime": "01:00"},
        {"limit": 4},
        {"limit": 101},
        {"limit": "90"},
        {"days": []},
        {"days": [0]},
        {"days": [8]},
        {"days": ["mon"]},
        {"days": None},
        {"scheduleType": "cfg"},
        {"timezone": None},
        {"timezone": "Europe/Nowhere"},
    ],
    ids=str,
)
def test_71_a_malformed_entry_is_a_400(make: Make, wrong: dict[str, object]) -> None:
    me = Browser(make()).sign_in()
    assert me.battery("POST", SCHEDULES, json=entry("CFG", "01:00", "02:00", **wrong)).status == 400
    assert me.schedules()["cfg"]["count"] == 0


def test_an_update_cannot_change_the_family_nor_be_partial_nor_hit_nothing(make: Make) -> None:
    """Section 6.8."""
    me = Browser(make()).sign_in()
    path = f"{SCHEDULES}/{me.create('CFG', '01:00', '02:00')}"
    assert me.battery("PUT", path, json=entry("DTG", "01:00", "02:00")).status == 400
    assert me.battery("PUT", path, json={"limit": 80}).status == 400
    assert me.battery("PUT", f"{SCHEDULES}/0", json=entry("CFG", "01:00", "02:00")).status == 404


WINDOWS = st.builds(
    Window,
    family=st.sampled_from(Family),
    start=st.sampled_from(range(0, DAY, 60)),
    end=st.sampled_from(range(30, DAY, 60)),
    days=st.sets(st.integers(1, 7), min_size=1, max_size=3).map(lambda days: tuple(sorted(days))),
    limit=st.just(90),
    timezone=st.just("UTC"),
)


def minutes_of(window: Window) -> set[int]:
    begins = ((day - 1) * DAY + window.start for day in window.days)
    return {(begin + minute) % WEEK for begin in begins for minute in range((window.end - window.start) % DAY)}


@given(WINDOWS, WINDOWS)
def test_63_66_windows_overlap_when_they_share_a_minute_of_the_week(one: Window, other: Window) -> None:
    assert one.overlaps(other, touching_ok=True) == bool(minutes_of(one) & minutes_of(other))
