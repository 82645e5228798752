"""The cloud side in the words of the rules, against the simulated cloud: what scenarios do not reach."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Terms
from enphase_battery.control.site_state import FORBIDS_ON_ONLY, Habits, Switches
from enphase_battery.control.steps import SwitchStep
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.errors import AccountBlocked, BudgetExhausted, Conflict, Refused, UnexpectedAnswer, Unreachable
from enphase_battery.site.cloud_site import CloudSite
from enphase_battery.store.store import Store
from enphase_battery.words.texts import OVERRIDES
from simulator import EMAIL, PASSWORD, SITE_ID, USER_ID, Fault, Simulator
from tests.lab.clock import Clock
from tests.unit.fuzz.documents import spoilt
from tests.unit.said import advice, said

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
SCHEDULES, SETTINGS, ZONE = "/schedules", "GET /service/batteryConfig/api/v1/batterySettings", "/siteSettings"

MakeSite = Callable[..., CloudSite]


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 22, 12, tzinfo=timezone.utc))


@pytest.fixture
def cloud(clock: Clock) -> Simulator:
    return Simulator(clock=clock, seed=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "app.json", logging.getLogger("store"))


@pytest.fixture
async def make_site(cloud: Simulator, clock: Clock, store: Store) -> AsyncIterator[MakeSite]:
    """Build the site as a start of the app does: on what the store holds."""
    sessions: list[EnlightenSession] = []
    logger = logging.getLogger("site")
    async with cloud.serve() as url:

        def make(*, requests_per_hour: int = 10_000, **changes: Any) -> CloudSite:
            session = EnlightenSession(
                base_url=url,
                email=EMAIL,
                password=PASSWORD,
                record=store.read("session", SessionRecord.from_json),
                save=lambda record: store.write("session", record.to_json()),
                clock=clock,
                logger=logger,
                requests_per_hour=requests_per_hour,
            )
            sessions.append(session)
            arguments: dict[str, Any] = {
                "site_id": None,
                "user_id": None,
                "use_schedules": True,
                "accept_disclaimer": True,
                "store": store,
                "clock": clock,
                "logger": logger,
            }
            return CloudSite(session, **{**arguments, **changes})

        yield make
        for session in sessions:
            await session.close()


@pytest.fixture
def site(make_site: MakeSite) -> CloudSite:
    return make_site()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what was told since the last call, login lines left out."""
    caplog.set_level(logging.INFO, logger="site")

    def lines() -> list[str]:
        texts = [record.getMessage() for record in caplog.records if "signed in" not in record.getMessage()]
        caplog.clear()
        return texts

    return lines


def fault(match: str, status: int, body: object = "", times: int = 999) -> list[Fault]:
    return [Fault(match, status, body, times=times)]


def asked(cloud: Simulator, path: str) -> int:
    """Return how many requests to paths with this ending were made since the log was cleared."""
    return sum(str(request["path"]).rstrip("0123456789").rstrip("/").endswith(path) for request in cloud.requests())


def written(cloud: Simulator) -> dict[str, Any]:
    """Return the body of the last write."""
    bodies = [request["body"] for request in cloud.requests() if request["method"] == "PUT"]
    assert isinstance(bodies[-1], dict)
    return bodies[-1]


async def switches(site: CloudSite) -> Switches:
    """Return what a read shows of the switches."""
    found = (await site.read_for_wish(urgent=True)).switches
    assert found is not None
    return found


def settings_document(cloud: Simulator, **changes: object) -> dict[str, object]:
    """Return what a read of the battery settings answers, changed."""
    stored: Any = cloud.model()["cloud"]
    data = {name: value for name, value in stored.items() if name != "schedules"}
    return {"type": "battery-details", "timestamp": "", "data": {**data, **changes}}


# -- ids --------------------------------------------------------------------------------------------------------------


async def test_configured_ids_are_taken_without_asking(make_site: MakeSite, cloud: Simulator) -> None:
    site = make_site(site_id=str(SITE_ID), user_id=str(USER_ID))

    await site.read_all()

    assert site.identity is not None
    assert (site.identity.site_id, site.identity.user_id) == (str(SITE_ID), str(USER_ID))
    assert asked(cloud, "search_sites.json") == 0


async def test_ids_are_found_once_for_all_calls(site: CloudSite, cloud: Simulator) -> None:
    await site.read_all()
    await site.read_for_wish(urgent=True)
    await site.read_all()

    assert asked(cloud, "search_sites.json") == 1


async def test_ids_that_could_not_be_found_are_looked_for_again(site: CloudSite, cloud: Simulator) -> None:
    cloud.set(fault_script=fault("search_sites", 503))
    with pytest.raises(Unreachable):
        await site.read_all()
    assert site.identity is None

    cloud.set(fault_script=[])

    assert (await site.read_all()).switches is not None


# -- the schedule list ------------------------------------------------------------------------------------------------


async def test_entries_come_with_their_times_and_the_gateways_word_on_them(
    site: CloudSite, cloud: Simulator, clock: Clock
) -> None:
    cloud.act_as_app(
        create={"scheduleType": "CFG", "startTime": "20:00", "endTime": "05:00", "limit": 90, "days": [1, 7]}
    )

    state = await site.read_all()

    assert state.entries is not None
    (entry,) = state.entries
    assert entry.terms == Terms(CHARGE, time(20), time(5), frozenset({1, 7}), "Europe/London", 90)
    assert not entry.active
    assert entry.created_at == clock.now
    assert state.has_schedules == {CHARGE: True, DISCHARGE: True, RESTRICT: True}


async def test_a_family_that_the_site_does_not_support_works_with_its_switch(site: CloudSite, cloud: Simulator) -> None:
    cloud.set(schedules_not_supported=("dtg",))

    assert (await site.read_all()).has_schedules == {CHARGE: True, DISCHARGE: False, RESTRICT: True}


async def test_that_a_family_is_not_supported_any_more_is_believed_only_after_a_day_without_a_break(
    site: CloudSite, make_site: MakeSite, cloud: Simulator, clock: Clock
) -> None:
    async def charges_by_entries(site: CloudSite) -> bool:
        return (await site.read_all()).has_schedules[CHARGE]

    assert await charges_by_entries(site)
    cloud.set(schedules_not_supported=("cfg",))
    assert await charges_by_entries(site), "one answer proves nothing"
    clock.now += timedelta(hours=23)
    cloud.set(schedules_not_supported=())
    assert await charges_by_entries(site)
    cloud.set(schedules_not_supported=("cfg",))
    assert await charges_by_entries(site)
    clock.now += timedelta(hours=23)
    assert await charges_by_entries(site)
    clock.now += timedelta(hours=1)
    assert not await charges_by_entries(site)
    assert not await charges_by_entries(make_site()), "and remembered over a restart"


async def test_a_family_that_lists_entries_works_with_them_whatever_else_is_said_of_it(
    site: CloudSite, cloud: Simulator, clock: Clock
) -> None:
    await site.create(Terms(CHARGE, time(2), time(5), frozenset({1}), "Europe/London", 90))
    cloud.set(schedules_not_supported=("cfg", "dtg"))
    for _ in range(2):
        assert (await site.read_all()).has_schedules == {CHARGE: True, DISCHARGE: False, RESTRICT: True}
        clock.now += timedelta(days=1)


async def test_without_the_list_nothing_is_claimed_and_it_is_told_once(
    site: CloudSite, cloud: Simulator, told: Callable[[], list[str]]
) -> None:
    cloud.set(fault_script=fault(SCHEDULES, 503))
    for _ in range(2):
        state = await site.read_all()
        assert state.switches is not None
        assert state.entries is None
        assert state.has_schedules == {}
    assert [line.partition(":")[0] for line in told()] == ["The schedules cannot be read"]

    cloud.set(fault_script=[])

    assert (await site.read_all()).entries == ()
    assert told() == ["The schedules can be read again"]


async def test_a_family_whose_entries_cannot_be_told_leaves_the_others_and_is_told_once(
    site: CloudSite, cloud: Simulator, told: Callable[[], list[str]]
) -> None:
    await site.create(Terms(CHARGE, time(2), time(5), frozenset({1}), "Europe/London", 90))
    await site.create(Terms(DISCHARGE, time(6), time(7), frozenset({1}), "Europe/London", 20))

    def without_an_id(document: Any) -> Any:
        document["cfg"]["details"][0]["scheduleId"] = None
        return document

    with spoilt(cloud, SCHEDULES, without_an_id, times=4):
        for _ in range(2):
            state = await site.read_all()
            assert [entry.terms.control for entry in state.entries or ()] == [DISCHARGE]
            assert [state.lists(control) for control in (CHARGE, DISCHARGE, RESTRICT)] == [False, True, True]
        with pytest.raises(UnexpectedAnswer):
            await site.read_entries(urgent=True)
        assert not (await site.read_switches(urgent=True)).lists(CHARGE)
        assert [line.partition(":")[0] for line in told()] == ["The schedules cannot be read"]
        await site.read_all()

    assert (await site.read_all()).lists(CHARGE)
    assert told() == ["The schedules can be read again"]


async def test_a_site_without_the_list_has_switches_only_and_is_asked_again_after_a_day(
    site: CloudSite, cloud: Simulator, clock: Clock
) -> None:
    cloud.set(auth_era="2025-07")
    for _ in range(3):
        state = await site.read_all()
        assert state.entries == ()
        assert set(state.has_schedules.values()) == {False}
    assert asked(cloud, SCHEDULES) == 1

    cloud.set(auth_era="2025-10", session_ttl=999_999)  # the cloud has learnt it meanwhile
    clock.now += timedelta(hours=23)
    assert set((await site.read_all()).has_schedules.values()) == {False}

    clock.now += timedelta(hours=1)
    assert set((await site.read_all()).has_schedules.values()) == {True}


async def test_a_site_known_to_have_switches_only_keeps_them_while_the_list_does_not_answer(
    make_site: MakeSite, cloud: Simulator
) -> None:
    cloud.set(auth_era="2025-07")
    await make_site().read_all()
    cloud.clear_log()
    cloud.set(fault_script=fault(SCHEDULES, 503))

    state = await make_site().read_all()

    assert asked(cloud, SCHEDULES) == 1, "a new start asks once"
    assert state.entries == ()
    assert set(state.has_schedules.values()) == {False}


async def test_with_use_schedules_never_the_list_is_not_asked_for(make_site: MakeSite, cloud: Simulator) -> None:
    state = await make_site(use_schedules=False).read_all()

    assert asked(cloud, SCHEDULES) == 0
    assert set(state.has_schedules.values()) == {False}


async def test_a_sign_in_that_fails_in_the_middle_of_a_read_is_no_missing_list(
    site: CloudSite, cloud: Simulator, clock: Clock
) -> None:
    await site.read_all()
    clock.now += timedelta(minutes=15)
    cloud.set(fault_script=[{"match": SCHEDULES, "expire": True}], blocked=True)

    with pytest.raises(AccountBlocked):
        await site.read_all()


async def test_a_list_that_is_gone_is_believed_only_after_a_day(
    site: CloudSite, cloud: Simulator, clock: Clock, told: Callable[[], list[str]]
) -> None:
    await site.read_all()
    told()
    cloud.set(fault_script=fault(SCHEDULES, 404), session_ttl=999_999)
    for _ in range(2):
        state = await site.read_all()
        assert state.entries is None
        assert state.has_schedules == dict.fromkeys(Control, True)
        clock.now += timedelta(hours=12)
    assert [line.partition(":")[0] for line in told()] == ["The schedules cannot be read"]

    assert (await site.read_all()).has_schedules == dict.fromkeys(Control, False)


async def test_a_family_that_the_site_does_not_have_is_told_once_and_refused(
    site: CloudSite, cloud: Simulator, told: Callable[[], list[str]]
) -> None:
    cloud.set(schedules_not_supported=("rbd",), control_missing=("rbd",))

    for _ in range(2):
        state = await site.read_all()
        assert state.switches is not None
        assert state.switches.refusals.keys() == {RESTRICT}
    assert told().count("This site has no restrict battery discharge: its toggle can do nothing") == 1


# -- writing entries --------------------------------------------------------------------------------------------------

NIGHT = Terms(CHARGE, time(2), time(5), frozenset({1}), "Europe/London", 90)


async def listed(site: CloudSite) -> dict[str, Terms]:
    """Return what the list shows, by id."""
    entries = (await site.read_for_wish(urgent=True)).entries
    assert entries is not None
    return {entry.schedule_id: entry.terms for entry in entries}


async def test_an_entry_is_created_rewritten_in_place_and_deleted(site: CloudSite) -> None:
    await site.create(NIGHT)
    ((schedule_id, terms),) = (await listed(site)).items()
    assert terms == NIGHT

    longer = replace(NIGHT, end=time(6))
    await site.update(schedule_id, longer)
    assert await listed(site) == {schedule_id: longer}

    await site.delete(schedule_id)
    await site.delete(schedule_id)
    assert await listed(site) == {}


async def test_an_entry_that_overlaps_another_family_is_a_conflict(site: CloudSite) -> None:
    await site.create(NIGHT)

    with pytest.raises(Conflict):
        await site.create(Terms(RESTRICT, time(4), time(6), frozenset({1}), "Europe/London"))


async def test_what_was_learnt_of_the_cloud_is_known_after_a_restart(make_site: MakeSite) -> None:
    assert make_site().habits == Habits(touching=True, overnight=True, both_flags=False, pauses=False)

    for habits in (Habits(touching=False), Habits(overnight=False), Habits(both_flags=True), Habits(pauses=True)):
        make_site().learn(habits)
        assert make_site().habits == habits


async def test_the_clouds_clock_is_known_from_its_answers(site: CloudSite, cloud: Simulator, clock: Clock) -> None:
    cloud.set(clock_skew=3600)

    await site.read_all()

    assert abs(site.cloud_now() - clock.now - timedelta(hours=1)) <= timedelta(seconds=1)


# -- the battery's state, and what overrides the switches -------------------------------------------------------------


async def test_without_the_batterys_state_the_rest_is_read_and_it_is_told_once(
    site: CloudSite, cloud: Simulator, told: Callable[[], list[str]]
) -> None:
    cloud.set(fault_script=fault("battery_status", 503))
    for _ in range(2):
        state = await site.read_all()
        assert state.switches is not None
        assert state.storage is None
    assert [line.partition(":")[0] for line in told()] == ["The battery status cannot be read"]

    cloud.set(fault_script=[])
    state = await site.read_all()

    assert state.storage is not None
    assert state.storage.soc == pytest.approx(50, abs=50)
    assert told() == ["The battery status can be read again"]


@pytest.mark.parametrize(
    ("changes", "override"),
    [
        ({"stormGuardState": "active"}, "a storm alert"),
        ({"stormGuardState": "enabled"}, ""),
        ({"drEventActive": True}, "a demand-response event"),
        ({"profile": "backup_only"}, "the full backup profile"),
    ],
)
async def test_what_overrides_the_switches_is_named(
    site: CloudSite, cloud: Simulator, changes: dict[str, object], override: str
) -> None:
    cloud.set(fault_script=fault(SETTINGS, 200, settings_document(cloud, **changes)))

    found = (await switches(site)).override
    assert ("" if found is None else OVERRIDES[found]) == override


async def test_the_list_and_the_switches_can_be_read_apart_and_are_seen_together(
    site: CloudSite, cloud: Simulator
) -> None:
    await site.read_for_wish(urgent=True)
    cloud.clear_log()
    await site.create(NIGHT)
    assert [entry.terms for entry in await site.read_entries(urgent=True)] == [NIGHT]
    assert (asked(cloud, "/batterySettings"), asked(cloud, SCHEDULES)) == (0, 2)  # the creation has the list's address
    state = await site.read_switches(urgent=True)
    assert (asked(cloud, "/batterySettings"), asked(cloud, SCHEDULES)) == (1, 2)
    assert [entry.terms for entry in state.entries or ()] == [NIGHT]
    assert state.switches is not None


async def test_a_list_that_cannot_be_read_alone_says_why_and_is_not_told(
    site: CloudSite, cloud: Simulator, told: Callable[[], list[str]]
) -> None:
    await site.read_for_wish(urgent=True)
    told()
    cloud.set(fault_script=fault(SCHEDULES, 503))
    with pytest.raises(Unreachable):
        await site.read_entries(urgent=True)
    assert told() == []


@pytest.mark.parametrize("requests_per_hour", [60, 62])  # one of them ends before the list, not before the settings
async def test_a_list_for_which_no_request_is_left_is_no_list_that_cannot_be_read(
    make_site: MakeSite, told: Callable[[], list[str]], requests_per_hour: int
) -> None:
    site = make_site(requests_per_hour=requests_per_hour)
    await site.read_all()
    told()

    async def look_on() -> None:
        for _ in range(60):
            await site.read_for_wish(urgent=False)

    with pytest.raises(BudgetExhausted):
        await look_on()
    assert told() == []
    await site.read_for_wish(urgent=True)


@pytest.mark.parametrize("what", ["read_for_wish", "read_entries", "read_switches"])
async def test_each_read_may_use_what_is_kept_for_wishes_exactly_where_it_is_urgent(
    make_site: MakeSite, what: str
) -> None:
    site = make_site(requests_per_hour=60)
    await site.read_all()

    async def look_on() -> None:
        for _ in range(60):
            await getattr(site, what)(urgent=False)

    with pytest.raises(BudgetExhausted):
        await look_on()
    await getattr(site, what)(urgent=True)


async def test_a_reserve_that_cannot_be_read_does_not_move_the_floor_also_after_a_restart(
    make_site: MakeSite, cloud: Simulator
) -> None:
    site = make_site()
    before = (await switches(site)).floor
    assert before > 5
    unknown = settings_document(cloud, batteryBackupPercentage="N/A", veryLowSoc=5)
    cloud.set(fault_script=fault(SETTINGS, 200, unknown))

    for one in (site, make_site()):
        assert (await switches(one)).floor == before


# -- the zone ---------------------------------------------------------------------------------------------------------


async def test_the_zone_is_asked_for_once_a_day_and_followed(site: CloudSite, cloud: Simulator, clock: Clock) -> None:
    assert site.time_zone is None
    await site.read_all()
    await site.read_all()
    assert asked(cloud, ZONE) == 1

    cloud.set(timezone="Australia/Lord_Howe", session_ttl=999_999)
    clock.now += timedelta(hours=23)
    await site.read_all()
    assert site.time_zone == "Europe/London"

    clock.now += timedelta(hours=1)
    await site.read_all()
    assert site.time_zone == "Australia/Lord_Howe"


async def test_the_zone_of_the_store_serves_while_the_cloud_does_not_say(
    make_site: MakeSite, cloud: Simulator, clock: Clock, told: Callable[[], list[str]]
) -> None:
    await make_site().read_all()
    told()
    cloud.set(fault_script=fault(ZONE, 503))

    restarted = make_site()
    assert restarted.time_zone == "Europe/London"
    for _ in range(2):
        assert (await restarted.read_all()).switches is not None
    assert [line.partition(":")[0] for line in told()] == ["The site settings cannot be read"]
    assert restarted.time_zone == "Europe/London"

    cloud.set(fault_script=[])
    clock.now += timedelta(minutes=59)
    await restarted.read_all()
    assert told() == []
    clock.now += timedelta(minutes=1)
    await restarted.read_all()
    assert told() == ["The site settings can be read again"]


async def test_site_settings_without_a_zone_leave_it_as_it_was(site: CloudSite, cloud: Simulator) -> None:
    cloud.set(fault_script=fault(ZONE, 200, {"type": "site-settings", "data": {"countryCode": "GB"}}))

    await site.read_all()

    assert site.time_zone is None


# -- writing ----------------------------------------------------------------------------------------------------------


async def test_a_write_without_a_read_before_it_makes_one(site: CloudSite, cloud: Simulator) -> None:
    await site.validate(SwitchStep(DISCHARGE, on=True), WriteForm.SHORT)
    await site.write(SwitchStep(DISCHARGE, on=True), WriteForm.SHORT, {})

    assert (await switches(site)).on == {CHARGE: False, DISCHARGE: True, RESTRICT: False}
    assert written(cloud) == {"dtgControl": {"enabled": True}}


async def test_a_merged_write_carries_what_a_late_read_hides(site: CloudSite, cloud: Simulator, clock: Clock) -> None:
    await site.read_for_wish(urgent=True)
    clock.now += timedelta(minutes=5)
    cloud.set(read_lag=60)
    await site.write(SwitchStep(CHARGE, on=True), WriteForm.SHORT, {})
    clock.now += timedelta(seconds=1)
    assert not (await switches(site)).on[CHARGE], "the read is late"

    await site.write(SwitchStep(DISCHARGE, on=True), WriteForm.MERGED, {CHARGE: True, RESTRICT: False})
    clock.now += timedelta(minutes=5)

    assert (await switches(site)).on == {CHARGE: True, DISCHARGE: True, RESTRICT: False}
    assert "devices" not in written(cloud)


async def test_a_merged_write_is_made_from_a_fresh_read(site: CloudSite, cloud: Simulator) -> None:
    await site.read_for_wish(urgent=True)
    cloud.act_as_app(veryLowSoc=15)

    await site.write(SwitchStep(DISCHARGE, on=True), WriteForm.MERGED, {})

    assert written(cloud)["veryLowSoc"] == 15


async def test_a_no_of_the_own_family_stops_the_write(site: CloudSite, cloud: Simulator) -> None:
    cloud.set(fault_script=fault("isValid", 200, {"isValid": False}))

    with pytest.raises(Refused):
        await site.validate(SwitchStep(DISCHARGE, on=True), WriteForm.SHORT)


async def test_a_no_of_another_family_does_not_stop_a_merged_write(site: CloudSite, cloud: Simulator) -> None:
    cloud.set(fault_script=fault("isValid", 200, {"isValid": False}, times=2))  # of cfg and dtg

    await site.validate(SwitchStep(RESTRICT, on=False), WriteForm.MERGED)

    assert asked(cloud, "isValid") == 3


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_a_site_without_validation_is_written_all_the_same(
    site: CloudSite, cloud: Simulator, status: int
) -> None:
    cloud.set(fault_script=fault("isValid", status))
    step = SwitchStep(RESTRICT, on=True)

    await site.validate(step, WriteForm.SHORT)
    await site.write(step, WriteForm.SHORT, {})

    assert asked(cloud, "isValid") > 0
    assert (await switches(site)).on[RESTRICT]


async def test_the_form_that_worked_comes_first_also_after_a_restart(make_site: MakeSite) -> None:
    site, step = make_site(), SwitchStep(RESTRICT, on=True)
    assert list(site.forms(step)) == [WriteForm.SHORT, WriteForm.NO_SOURCE, WriteForm.RICH, WriteForm.MERGED]

    site.remember(step, WriteForm.MERGED)

    for one in (site, make_site()):
        assert list(one.forms(step)) == [WriteForm.MERGED, WriteForm.SHORT, WriteForm.NO_SOURCE, WriteForm.RICH]
        assert one.forms(SwitchStep(RESTRICT, on=False))[0] is WriteForm.SHORT
        assert one.forms(SwitchStep(DISCHARGE, on=True))[0] is WriteForm.SHORT


async def test_charge_from_grid_has_no_control_object_to_be_sent_whole(make_site: MakeSite) -> None:
    assert WriteForm.RICH not in make_site().forms(SwitchStep(CHARGE, on=True))


async def test_a_site_with_a_reply_stream_is_written_first_as_such_sites_need_it(
    site: CloudSite, cloud: Simulator
) -> None:
    cloud.set(supports_mqtt=True)
    await site.read_for_wish(urgent=True)
    assert site.forms(SwitchStep(CHARGE, on=True))[0] is WriteForm.NO_SOURCE
    assert site.forms(SwitchStep(RESTRICT, on=True))[0] is WriteForm.NO_SOURCE
    assert site.forms(SwitchStep(RESTRICT, on=False))[0] is WriteForm.MERGED


# -- the disclaimer ---------------------------------------------------------------------------------------------------


async def test_a_disclaimer_not_accepted_yet_is_accepted_once_and_told(
    site: CloudSite, cloud: Simulator, told: Callable[[], list[str]]
) -> None:
    cloud.set(disclaimer_required=True)
    step = SwitchStep(CHARGE, on=True)

    await site.read_for_wish(urgent=True)
    await site.write(step, WriteForm.SHORT, {})
    await site.read_for_wish(urgent=True)
    await site.write(step, WriteForm.SHORT, {})

    assert (await switches(site)).on[CHARGE]
    assert asked(cloud, "acceptDisclaimer") == 1
    assert len([line for line in told() if "disclaimer" in line]) == 1


@pytest.mark.parametrize(("member", "control"), [("chargeFromGrid", CHARGE), ("dtgControl", DISCHARGE)])
async def test_a_switch_that_is_left_out_is_unknown_and_the_others_are_read(
    make_site: MakeSite, cloud: Simulator, clock: Clock, member: str, control: Control
) -> None:
    await switches(make_site())
    cloud.set(odd_members={member: "@missing", "cfgControl": None}, session_ttl=999_999)
    for site in (make_site(), make_site()):
        assert set(Control) - set((await switches(site)).on) == {control}, "also after a restart"
    clock.now += timedelta(days=1)
    assert (await switches(site)).on[control] is False, "after a day it is believed gone"
    cloud.set(odd_members={})
    assert set((await switches(site)).on) == set(Control)


async def test_a_restrict_control_that_is_null_without_entries_is_off(site: CloudSite, cloud: Simulator) -> None:
    await site.read_all()
    cloud.set(odd_members={"rbdControl": None})
    switches = (await site.read_all()).switches
    assert switches is not None
    assert not switches.on[RESTRICT]


async def test_where_the_disclaimer_cannot_be_accepted_its_time_goes_with_the_switch(
    site: CloudSite, cloud: Simulator
) -> None:
    cloud.set(fault_script=[{"match": "acceptDisclaimer", "status": 403, "times": 9}])
    await site.read_for_wish(urgent=True)
    await site.write(SwitchStep(CHARGE, on=True), WriteForm.SHORT, {})
    cloud.set(fault_script=[])
    assert (await switches(site)).on[CHARGE]


async def test_reads_that_are_late_do_not_make_it_accept_the_disclaimer_twice(
    site: CloudSite, cloud: Simulator, clock: Clock
) -> None:
    cloud.set(read_lag=60)
    step = SwitchStep(CHARGE, on=True)
    for _ in range(3):
        await site.read_for_wish(urgent=True)
        await site.write(step, WriteForm.SHORT, {})
        clock.now += timedelta(seconds=10)
    assert asked(cloud, "acceptDisclaimer") == 1


@pytest.mark.parametrize("accepted", [True, "2026-01-02T03:04:05.000Z"])
async def test_a_disclaimer_accepted_before_is_sent_again_as_the_cloud_wrote_it(
    make_site: MakeSite, cloud: Simulator, accepted: object
) -> None:
    site = make_site(accept_disclaimer=False)
    document = settings_document(cloud, acceptedItcDisclaimer=accepted)
    cloud.set(fault_script=fault(SETTINGS, 200, document, times=1))
    await site.read_for_wish(urgent=True)

    await site.write(SwitchStep(CHARGE, on=True), WriteForm.NO_SOURCE, {})

    assert written(cloud) == {"chargeFromGrid": True, "acceptedItcDisclaimer": accepted}
    assert asked(cloud, "acceptDisclaimer") == 0


async def test_where_it_may_not_be_accepted_charging_may_not_be_switched_on_until_somebody_accepts_it(
    make_site: MakeSite, cloud: Simulator
) -> None:
    site = make_site(accept_disclaimer=False)
    refusal = (await switches(site)).refusals[CHARGE]
    assert refusal.kind in FORBIDS_ON_ONLY
    assert "accept_itc_disclaimer" in advice(refusal)

    cloud.act_as_app(settings={"acceptedItcDisclaimer": "2026-01-02T03:04:05.000Z"})

    assert (await switches(site)).refusals == {}


def in_words(step: SwitchStep) -> str:
    return said(step.described())


@pytest.mark.parametrize("step", [SwitchStep(CHARGE, on=False), SwitchStep(DISCHARGE, on=True)], ids=in_words)
async def test_nothing_else_needs_the_disclaimer(make_site: MakeSite, cloud: Simulator, step: SwitchStep) -> None:
    site = make_site(accept_disclaimer=False)
    await site.read_for_wish(urgent=True)

    await site.write(step, WriteForm.SHORT, {})

    assert cloud.counters()["writes"] == 1


async def test_a_refresh_is_the_sessions(site: CloudSite, cloud: Simulator) -> None:
    await site.read_all()
    cloud.clear_log()

    await site.refresh()

    assert cloud.counters()["token_refreshes"] == 1
    assert cloud.counters()["requests"] == 1
