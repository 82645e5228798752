"""How entries get into the cloud and out of it: noted, sent, answered or not, refused and why."""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.reason import Kind, Reason, because
from enphase_battery.control.windows.window import Window
from enphase_battery.errors import Conflict, EnlightenError, Forbidden, NotAvailable, Refused, Unreachable
from enphase_battery.words.reasons import entry
from tests.unit.said import advice, said
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
BOOST = {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 600}
BOOST_ENTRY = "charge from grid 12:00-12:10 Sun"


@pytest.fixture
async def home(tmp_path: Path) -> SmallHome:
    """A home at noon whose cloud works with entries, holds none, and has been read."""
    home = SmallHome(tmp_path, has_schedules=True)
    await home.coordinator.poll()
    home.cloud.writes()
    return home


def theirs(start: str, end: str, control: Control = RESTRICT) -> Terms:
    limit = None if control is RESTRICT else 50
    return Terms(control, time.fromisoformat(start), time.fromisoformat(end), EVERY_DAY, "Europe/London", limit)


def owned(home: SmallHome) -> Ledger:
    return home.coordinator.reconciler.records.ledger


async def pass_by(home: SmallHome, minutes: int) -> None:
    """Let minutes go by with the heartbeat of the app."""
    for _ in range(minutes):
        await home.wait(minutes=1)


# -- in and out -------------------------------------------------------------------------------------------------------


async def test_a_boost_is_written_applied_confirmed_once_the_gateway_has_it_and_cleared_after_it(
    home: SmallHome,
) -> None:
    await home.command(**BOOST, id="a")
    assert [one for one in home.cloud.log if not one.startswith("read")] == [
        f"create {BOOST_ENTRY}",
        "validate charge_from_grid short",
        "write charge_from_grid on",
    ]
    assert home.outcomes() == [("a", "pending", "written and applied; waiting for the gateway")]
    await home.wait(seconds=10)
    assert home.outcomes() == [("a", "confirmed", "")]
    assert home.cloud.enforces(CHARGE)
    home.cloud.writes()
    await pass_by(home, 12)
    assert home.cloud.writes() == [f"delete {BOOST_ENTRY}", "write charge_from_grid off -schedule"]
    assert home.cloud.entries() == []
    assert not home.cloud.charge_schedule_on
    await home.wait(minutes=10, poll=True)
    assert home.cloud.writes() == []
    left = owned(home)
    assert left == Ledger(flag_told=left.flag_told, flag=left.flag, met=left.met, dead=left.dead)


async def test_an_entry_is_in_the_store_before_it_is_sent(home: SmallHome) -> None:
    kept: list[str] = []

    def look(action: str) -> None:
        if action == "create":
            stored = home.store.read("ledger", Ledger.from_json)
            assert stored is not None
            kept.extend(entry(one.terms) for one in stored.owned)

    home.cloud.meanwhile = look
    await home.command(**BOOST)
    assert kept == [BOOST_ENTRY]


async def test_an_entry_that_grows_is_rewritten_in_place_and_applied_anew(home: SmallHome) -> None:
    await home.command(**BOOST)
    await home.wait(seconds=10)
    home.cloud.writes()
    await home.command(**{**BOOST, "duration": 1200})
    assert home.cloud.writes() == ["update charge from grid 12:00-12:21 Sun", "write charge_from_grid on"]


async def test_between_a_deletion_and_a_creation_two_seconds_go_by(home: SmallHome) -> None:
    moments = {}
    home.cloud.meanwhile = lambda action: moments.update({action: home.clock.now})
    await home.command(**BOOST)
    await home.wait(seconds=10)
    await home.command(**{**BOOST, "control": "restrict_discharge"})
    assert home.cloud.entries() == ["restrict battery discharge 12:00-12:11 Sun"]
    assert moments["create"] - moments["delete"] >= timedelta(seconds=2)


# -- lost answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=4), timedelta(minutes=-4)], ids=str)
async def test_an_entry_whose_answer_was_lost_is_found_by_the_clouds_clock_and_not_written_twice(
    home: SmallHome, ahead: timedelta
) -> None:
    home.cloud.ahead = ahead
    home.cloud.trouble["answer to create"] = [Unreachable("no answer")]
    await home.command(**BOOST)
    await pass_by(home, 3)
    assert [one for one in home.cloud.writes() if one.startswith("create")] == [f"create {BOOST_ENTRY}"]
    assert home.cloud.enforces(CHARGE)


async def test_a_creation_that_is_carried_out_and_then_refused_is_owned_all_the_same(home: SmallHome) -> None:
    home.cloud.trouble["answer to create"] = [Refused("500 after the act")]
    await home.command(**BOOST, id="a")
    await pass_by(home, 1)
    assert home.outcomes()[-1] == ("a", "confirmed", "")
    await pass_by(home, 10)
    assert home.cloud.entries() == []


async def test_an_entry_that_never_arrived_is_written_again_once_a_read_counts(home: SmallHome) -> None:
    home.cloud.trouble["create"] = [Unreachable("no line")]
    await home.command(**BOOST)
    await pass_by(home, 1)
    assert home.cloud.entries() == []
    await pass_by(home, 3)
    assert home.cloud.entries() == [BOOST_ENTRY]
    assert home.cloud.enforces(CHARGE)


async def test_a_deletion_whose_answer_was_lost_leaves_nothing_behind(home: SmallHome) -> None:
    await home.command(**BOOST)
    await home.wait(seconds=10)
    home.cloud.trouble["delete"] = [Unreachable("no line")]
    await pass_by(home, 20)
    assert home.cloud.entries() == []
    await home.wait(minutes=1, poll=True)
    assert owned(home).owned == ()


async def test_an_update_whose_answer_was_lost_is_known_by_what_the_list_shows(home: SmallHome) -> None:
    await home.command(**BOOST)
    await home.wait(seconds=10)
    home.cloud.trouble["answer to update"] = [Unreachable("no answer")]
    await home.command(**{**BOOST, "duration": 1200}, id="a")
    await pass_by(home, 5)
    assert home.cloud.entries() == ["charge from grid 12:00-12:21 Sun"]
    assert home.outcomes()[-1] == ("a", "confirmed", "")


# -- refused, and why -------------------------------------------------------------------------------------------------


async def test_an_overlap_that_nobody_saw_coming_is_read_explained_and_not_repeated(home: SmallHome) -> None:
    def come_in_between(action: str) -> None:
        if action == "create" and not home.cloud.entries(foreign=True):
            home.cloud.add(theirs("12:05", "13:00"))

    home.cloud.meanwhile = come_in_between
    await home.command(**BOOST, id="a")
    ((_, outcome, reason),) = home.outcomes()
    assert outcome == "failed"
    assert reason == "overlaps with an entry that is not the app's: restrict battery discharge 12:05-13:00 every day"
    assert home.cloud.writes() == [f"create {BOOST_ENTRY}"]
    assert not home.cloud.on[CHARGE]


async def test_where_the_cloud_refuses_entries_that_touch_they_are_kept_a_minute_apart_from_then_on(
    home: SmallHome,
) -> None:
    home.cloud.touching = False
    home.cloud.add(theirs("12:10", "13:00"))
    await home.command(**BOOST, id="a")
    await home.wait(seconds=10)
    assert home.outcomes()[-1] == ("a", "confirmed", "")
    assert home.cloud.entries() == ["charge from grid 12:00-12:09 Sun"]
    assert not home.cloud.habits.touching


async def test_where_the_cloud_refuses_entries_over_midnight_they_are_split_from_then_on(home: SmallHome) -> None:
    home.cloud.overnight = False
    await home.command(**{**BOOST, "duration": 14 * 3600}, id="a")
    await home.wait(seconds=10)
    assert home.cloud.entries() == ["charge from grid 00:00-02:00 Mon", "charge from grid 12:00-23:59 Sun"]
    assert home.outcomes()[-1] == ("a", "confirmed", "")
    assert not home.cloud.habits.overnight


async def test_a_conflict_that_nothing_listed_explains_has_failed_with_a_hint_and_is_not_tried_at_once(
    tmp_path: Path,
) -> None:
    window = Window("Rate", CHARGE, time(12), time(14), EVERY_DAY, None)
    home = SmallHome(tmp_path, rules(windows=(window,)), has_schedules=True)
    home.cloud.trouble["create"] = [Conflict("CONFLICTING_SCHEDULE_RBD")]
    await home.coordinator.poll()
    verdict = home.coordinator.reconciler.verdicts[CHARGE]
    assert said(verdict.reason) == (
        "the cloud refuses charge from grid 12:00-14:00 Sun because of another entry, which it does not list "
        "(CONFLICTING_SCHEDULE_RBD)"
    )
    assert advice(verdict.reason) == "look at the schedules in the Enphase app"
    assert home.cloud.writes() == ["create charge from grid 12:00-14:00 Sun"]
    await home.wait(seconds=50)
    assert home.cloud.writes() == []
    await home.wait(seconds=10)
    assert home.cloud.entries() == ["charge from grid 12:00-14:00 Sun"]


@pytest.mark.parametrize("refusal", [Refused("no"), Forbidden("no"), NotAvailable("no")])
async def test_a_refused_creation_has_failed_and_the_switch_is_not_touched(
    home: SmallHome, refusal: EnlightenError, caplog: pytest.LogCaptureFixture
) -> None:
    home.cloud.trouble["create"] = [refusal]
    await home.command(**BOOST, id="a")
    assert home.outcomes() == [("a", "failed", "no")]
    assert not any(home.cloud.on.values())
    assert owned(home).owned == ()
    assert f"Could not write the entry {BOOST_ENTRY}: no" in caplog.text


async def test_a_refused_creation_is_tried_again_when_other_entries_stand_there(tmp_path: Path) -> None:
    window = Window("Rate", CHARGE, time(12), time(14), EVERY_DAY, None)
    home = SmallHome(tmp_path, rules(windows=(window,)), has_schedules=True)
    in_the_way = home.cloud.add(theirs("20:00", "21:00"))
    home.cloud.trouble["create"] = [Refused("no")] * 3  # after the third the next try is four minutes away
    await home.coordinator.poll()
    await home.wait(minutes=1, seconds=1)
    await home.wait(minutes=2, seconds=1)
    assert home.cloud.entries() == []
    assert home.cloud.trouble["create"] == []
    home.cloud.remove(in_the_way)
    await home.wait(seconds=20, poll=True)
    await home.wait(minutes=1, poll=True)
    assert home.cloud.entries() == ["charge from grid 12:00-14:00 Sun"]


async def test_an_entry_that_cannot_be_updated_is_deleted_and_created_anew(home: SmallHome) -> None:
    await home.command(**BOOST)
    await home.wait(seconds=10)
    home.cloud.trouble["update"] = [Forbidden("no")]
    await home.command(**{**BOOST, "duration": 1200})
    assert home.cloud.entries() == ["charge from grid 12:00-12:21 Sun"]


async def test_an_entry_that_may_not_be_deleted_stays_owned_and_is_tried_again(home: SmallHome) -> None:
    await home.command(**BOOST)
    await home.wait(seconds=10)
    home.cloud.trouble["delete"] = [Forbidden("no")]
    await home.wait(minutes=10)
    assert home.cloud.entries() == [BOOST_ENTRY]
    assert not home.cloud.on[CHARGE], "the gateway stops all the same"
    assert home.why(CHARGE) == "an own entry cannot be deleted yet: no"
    await pass_by(home, 4)
    assert home.cloud.entries() == []


@pytest.mark.parametrize("refusal", [because(Kind.LOCKED, control=CHARGE), because(Kind.GRID_AGREEMENT)])
async def test_what_the_site_does_not_allow_has_failed_before_anything_is_sent(
    home: SmallHome, refusal: Reason
) -> None:
    home.cloud.refusals[CHARGE] = refusal
    await home.coordinator.poll()
    home.cloud.writes()
    await home.command(**BOOST, id="a")
    assert home.outcomes() == [("a", "failed", said(refusal))]
    assert all(one.startswith("read") for one in home.cloud.log)


async def test_what_may_only_not_be_switched_on_is_switched_off_and_cleared(home: SmallHome) -> None:
    await home.command(**BOOST)
    await home.wait(seconds=10)
    home.cloud.refusals[CHARGE] = because(Kind.GRID_AGREEMENT)
    await home.wait(minutes=10)
    assert home.cloud.entries() == []
    assert not home.cloud.on[CHARGE]


# -- both flags of charge from grid -----------------------------------------------------------------------------------


async def test_where_the_second_flag_does_not_follow_it_is_written_once_with_the_first_and_that_is_learnt(
    home: SmallHome,
) -> None:
    home.cloud.one_flag = False
    await home.command(**BOOST, id="a")
    await home.wait(seconds=10)
    assert home.cloud.writes() == [
        f"create {BOOST_ENTRY}",
        "write charge_from_grid on",
        "write charge_from_grid on +schedule",
    ]
    assert home.outcomes()[-1] == ("a", "confirmed", "")
    assert home.cloud.enforces(CHARGE)
    await pass_by(home, 30)
    home.cloud.writes()
    await home.command(**BOOST)
    assert [one for one in home.cloud.writes() if one.startswith("write")] == ["write charge_from_grid on +schedule"]


async def test_a_cloud_whose_second_flag_follows_is_told_nothing_of_it(home: SmallHome) -> None:
    await home.command(**BOOST)
    await pass_by(home, 5)
    assert "write charge_from_grid on +schedule" not in home.cloud.writes()
    assert not home.cloud.habits.both_flags


async def test_an_entry_that_stays_pending_is_applied_again_in_the_next_form_three_times_at_most(
    home: SmallHome,
) -> None:
    home.cloud.activation = None
    home.cloud.switch(CHARGE, True)
    await home.wait(minutes=2, poll=True)
    await home.wait(minutes=2, poll=True)
    home.cloud.writes()
    await home.command(**{**BOOST, "duration": 3600})
    for _ in range(40):
        await home.wait(minutes=1)
    assert [one for one in home.cloud.log if one.startswith("validate")] == [
        "validate charge_from_grid short",
        "validate charge_from_grid no_source",
        "validate charge_from_grid merged",
    ]


async def test_what_is_written_and_deleted_is_told_in_the_log(
    home: SmallHome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await home.command(**BOOST)
    await pass_by(home, 11)
    for line in (f"Wrote the entry {BOOST_ENTRY}", f"The gateway has the entry {BOOST_ENTRY}"):
        assert line in caplog.text
    assert f"Deleted the entry {BOOST_ENTRY}" in caplog.text
