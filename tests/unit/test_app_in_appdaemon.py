"""The shell inside the real AppDaemon: faults, secrets, Home Assistant's moods, bursts, neighbours."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
import yaml
from appdaemon.events import Events
from appdaemon.exceptions import DomainException
from appdaemon.models.internal.app_management import UpdateMode

from simulator import Simulator
from tests.lab.clock import Clock
from tests.lab.lab import ACCOUNT, APP, TOGGLES, Lab, lab

CHARGE, DISCHARGE, RESTRICT = TOGGLES.values()
PROBLEM = "binary_sensor.enphase_battery_problem"
TOKEN = "sensor.enphase_jwt"
NEIGHBOUR = "the_neighbour"
THEIR_TOGGLES = {control: f"input_boolean.their_{control}" for control in TOGGLES}
NEIGHBOUR_KEYS: Mapping[str, Any] = {
    "entity_prefix": "their_battery",
    "token_sensor": "sensor.their_jwt",
    "toggles": THEIR_TOGGLES,
    "use_schedules": "never",
}

SWITCHES_ONLY: Mapping[str, Any] = {"use_schedules": "never"}
"""Configuration of an app for which a switch that is shown is all there is to wait for."""

Home = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A lab that begins at noon of a winter's day."""

    def make(**changes: Any) -> AbstractAsyncContextManager[Lab]:
        return lab(tmp_path, **{"start": datetime(2026, 11, 22, 12, tzinfo=timezone.utc), **changes})

    return make


def switch(cloud: Simulator, control: str) -> bool:
    """Return a control's switch as the cloud stores it."""
    stored: Any = cloud.model()["cloud"]
    if control == "charge_from_grid":
        return bool(stored["chargeFromGrid"])
    return bool((stored["dtgControl" if control == "discharge_to_grid" else "rbdControl"] or {}).get("enabled"))


def count(cloud: Simulator, what: str) -> int:
    number = cloud.counters()[what]
    assert isinstance(number, int)
    return number


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def timers(one: Lab, callback: str) -> int:
    """Return how many timers of the app lead to a callback."""
    assert one.ad is not None
    entries: Any = one.ad.sched.schedule.get(APP, {})
    functions = (getattr(entry["callback"], "func", entry["callback"]) for entry in entries.values())
    return sum(function.__name__ == callback for function in functions)


# -- a faulty configuration -------------------------------------------------------------------------------------------


async def test_each_fault_of_the_configuration_is_one_line_that_names_key_value_and_choices(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(app={"poll": 0, "use_schedules": "perhaps", "pasword": "s3cret", "base_url": "ftp://x"}) as one:
        faults = errors(caplog)
        assert len(faults) == 4
        assert all(fault.startswith("apps.yaml, app enphase_battery: ") for fault in faults)
        assert any("poll" in fault and "0" in fault and "06:00:00" in fault for fault in faults), faults
        assert any("use_schedules" in fault and "perhaps" in fault and "never" in fault for fault in faults), faults
        assert any("pasword" in fault and "password" in fault and "s3cret" not in fault for fault in faults), faults

        assert one.state(PROBLEM) == "on"
        problem = one.attributes(PROBLEM)
        assert all(fault.partition(": ")[2] in problem["problem"] for fault in faults)
        assert "apps.yaml" in problem["hint"]
        assert count(one.cloud, "requests") == 0


async def test_a_prefix_that_is_itself_at_fault_does_not_hide_the_problem(home: Home) -> None:
    async with home(app={"entity_prefix": "My Battery!"}) as one:
        assert one.state(PROBLEM) == "on"
        assert "My Battery!" in one.attributes(PROBLEM)["problem"]
        assert one.ha.published == [PROBLEM]


async def test_beside_a_faulty_app_another_one_goes_on_working(home: Home) -> None:
    async with home(
        app={"poll": 0},
        others={NEIGHBOUR: NEIGHBOUR_KEYS},
        toggles=dict.fromkeys((*TOGGLES.values(), *THEIR_TOGGLES.values()), "off"),
    ) as one:
        await one.flip("discharge_to_grid", "on")
        assert not switch(one.cloud, "discharge_to_grid")

        await one.ha.change(THEIR_TOGGLES["discharge_to_grid"], "on")
        await one.settle()

        assert switch(one.cloud, "discharge_to_grid")
        assert one.state("binary_sensor.their_battery_problem") == "off"
        assert one.state(PROBLEM) == "on"


async def test_a_start_that_fails_by_a_bug_is_shown_and_leaves_nothing_alive(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    with patch("enphase_battery.app.connect", side_effect=RuntimeError("a bug")):
        async with home() as one:
            assert one.state(PROBLEM) == "on"
            assert timers(one, "_on_heartbeat") == 0
    assert "could not start" in caplog.text
    assert ACCOUNT["password"] not in caplog.text


# -- toggles that are missing, unavailable, restored ------------------------------------------------------------------


async def test_a_missing_toggle_is_named_once_with_what_to_paste_and_the_others_work(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(toggles={CHARGE: "off", DISCHARGE: "off"}) as one:
        await one.advance(minutes=40)
        await one.flip("discharge_to_grid", "on")

        named = [
            record.getMessage() for record in caplog.records if f"{RESTRICT} does not exist" in record.getMessage()
        ]
        assert len(named) == 1
        assert "input_boolean: {enphase_restrict_discharge: {name: Enphase restrict discharge}}" in named[0]
        assert RESTRICT in one.attributes(PROBLEM)["problem"]
        assert "input_boolean: {enphase_restrict_discharge" in one.attributes(PROBLEM)["hint"]
        assert switch(one.cloud, "discharge_to_grid")
        assert one.state(RESTRICT) is None


@pytest.mark.parametrize("created", ["off", "on"])
async def test_a_missing_toggle_works_as_soon_as_it_is_created(home: Home, created: str) -> None:
    async with home(toggles={CHARGE: "off", DISCHARGE: "off"}) as one:
        await one.ha.change(RESTRICT, created)
        await one.settle()
        assert one.state(RESTRICT) == "off", "creating it is no flip"
        assert not switch(one.cloud, "restrict_discharge")
        assert one.state(PROBLEM) == "off"

        await one.flip("restrict_discharge", "on")

        assert switch(one.cloud, "restrict_discharge")


async def test_a_toggle_that_is_unavailable_for_a_while_is_no_flip_and_is_set_right_after(home: Home) -> None:
    async with home() as one:
        one.cloud.clear_log()
        for state in ("unavailable", "unknown", "on"):
            await one.ha.change(DISCHARGE, state)
            await one.advance(minutes=2)

        assert count(one.cloud, "writes") == 0
        assert one.state(DISCHARGE) == "off"

        await one.ha.change(DISCHARGE, "unavailable")
        await one.ha.change(DISCHARGE, "off")
        await one.flip("discharge_to_grid", "on")
        assert switch(one.cloud, "discharge_to_grid")


async def test_a_flip_while_the_toggles_are_being_compared_at_the_start_is_not_lost(home: Home) -> None:
    async with home() as one:
        ask, answers = one.ha.get_complete_state, 0

        async def flip_behind_the_answer() -> Any:
            nonlocal answers
            answer, answers = await ask(), answers + 1
            if answers == 2:  # the first is for AppDaemon itself
                await one.ha.change(DISCHARGE, "on", user="a person")
                for _ in range(20):
                    await asyncio.sleep(0)
            return answer

        with patch.object(one.ha, "get_complete_state", flip_behind_the_answer):
            await one.restart_home_assistant()

        assert switch(one.cloud, "discharge_to_grid")
        assert one.state(DISCHARGE) == "on"


# -- Home Assistant that does not answer or refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"return_value": {"success": False, "error": {"code": "not_found"}}},
        {"return_value": None},
        {"side_effect": DomainException("default", "input_boolean")},
    ],
    ids=["refused", "lost", "unknown to AppDaemon yet"],
)
async def test_a_service_call_that_fails_is_tried_again(home: Home, answer: dict[str, Any]) -> None:
    async with home(app=SWITCHES_ONLY) as one:
        assert one.ad is not None
        with patch.object(one.ad.services, "call_service", AsyncMock(**answer)):
            await one.command(command="set", control="charge_from_grid", state="on", id="a")
            assert one.state(CHARGE) == "off"
            assert one.results(id="a", outcome="confirmed")
            await one.advance(minutes=2)

        await one.advance(minutes=1)

        assert one.state(CHARGE) == "on"
        assert switch(one.cloud, "charge_from_grid")


async def test_an_app_whose_home_assistant_breaks_off_at_the_start_works_from_the_next_heartbeat_on(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home() as one:
        ask, questions = one.ha.get_complete_state, 0

        async def break_off() -> Any:
            nonlocal questions
            questions += 1
            if questions == 2:  # the first is AppDaemon's own
                raise ConnectionResetError("Cannot write to closing transport")
            return await ask()

        with patch.object(one.ha, "get_complete_state", break_off):
            one.cloud.clear_log()
            await one.restart_home_assistant()
        assert count(one.cloud, "reads") > 0, "the cloud is read all the same"

        await one.advance(minutes=1)
        assert one.state(PROBLEM) == "off"
        await one.flip("discharge_to_grid", "on")

        assert switch(one.cloud, "discharge_to_grid")
        assert errors(caplog) == []


async def test_entities_are_published_at_every_poll_also_unchanged(home: Home) -> None:
    async with home(app={"poll": "00:05:00"}) as one:
        await one.advance(minutes=6)
        ours = {entity for entity in one.ha.states if not entity.startswith("input_boolean.")}
        assert len(ours) == 11
        one.ha.published.clear()

        await one.advance(minutes=5)

        assert sorted(one.ha.published) == sorted(ours)


# -- secrets ----------------------------------------------------------------------------------------------------------


def arguments(one: Lab, name: str = APP) -> dict[str, Any]:
    """Return the app's arguments as AppDaemon's admin API serves them."""
    assert one.ad is not None
    served: dict[str, Any] = one.ad.state.state["admin"][f"app.{name}"]["attributes"]["args"]
    return served


async def test_the_secrets_in_appdaemons_admin_api_are_masked_also_after_a_restart_of_home_assistant(
    home: Home,
) -> None:
    async with home() as one:
        for _ in range(2):
            assert arguments(one)["password"] == "***"
            assert arguments(one)["email"] == "***"
            assert arguments(one)["settle"] == 0
            await one.restart_home_assistant()


async def test_a_misspelt_secret_is_masked_too(home: Home) -> None:
    async with home(app={"pasword": "s3cret", "base_url": "https://me:s3cret@example.com"}) as one:
        assert "s3cret" not in json.dumps(arguments(one), default=str)


def secrets_in(folder: Path) -> set[str]:
    """Return every secret that the store holds now."""
    session = json.loads((folder / "enphase_battery" / f"{APP}.json").read_text())["sections"]["session"]
    values = {cookie["value"] for cookie in session["cookies"]} | {session["token"]["value"], session["xsrf"]}
    return {value for value in values if value is not None and len(value) > 8}


@pytest.fixture
def events() -> Iterator[list[str]]:
    """Every event, in whatever namespace, as text; not AppDaemon's own by which it announces an app before it lives."""
    seen: list[str] = []
    process: Any = Events.process_event

    async def note(self: Any, namespace: str, data: dict[str, Any]) -> None:
        new_state = data["data"].get("new_state") or data["data"].get("state")
        announced = isinstance(new_state, dict) and new_state["state"] in ("loaded", "created", "initializing")
        if not announced:
            seen.append(repr(data))
        await process(self, namespace, data)

    with patch.object(Events, "process_event", note):
        yield seen


@pytest.mark.parametrize("publish", [False, True])
async def test_no_secret_is_in_a_log_a_state_an_attribute_or_an_event(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture, events: list[str], publish: bool
) -> None:
    secrets = set(ACCOUNT.values())
    caplog.set_level(logging.DEBUG)
    async with home(app={"publish_token": publish, "log_level": "DEBUG"}) as one:
        secrets |= secrets_in(tmp_path)
        assert len(secrets) >= 5
        await one.flip("charge_from_grid", "on")
        secrets |= secrets_in(tmp_path)
        await one.command(command="refresh", id="a")
        await one.command(command="diagnose", id="b")
        secrets |= secrets_in(tmp_path)
        one.cloud.set(fault_script=[{"match": "PUT", "status": 403, "body": {"status": 403}, "times": 3}])
        await one.flip("restrict_discharge", "on")
        one.cloud.expire_sessions()
        one.cloud.set(blocked=True)
        await one.advance(minutes=20)
        one.cloud.set(blocked=False)
        await one.advance(minutes=20)
        secrets |= secrets_in(tmp_path)
        with patch.object(one.app._coordinator, "work", side_effect=RuntimeError("a bug")):
            await one.command(command="otp", id="c", code="123456")
        await one.restart_home_assistant()
        secrets |= secrets_in(tmp_path)

        states = {entity: dict(state) for entity, state in one.ha.states.items()}
        assert ("token" in states[TOKEN]["attributes"]) is publish
        if publish:
            assert states[TOKEN]["attributes"].pop("token") in secrets
        assert one.ad is not None
        admin = one.ad.state.state["admin"]
        seen = "\n".join((caplog.text, *map(repr, (states, one.ha.calls, one.ha.events, admin))))
        seen = "\n".join((seen, *(event for event in events if not (publish and TOKEN in event))))

    leaks = {secret for secret in secrets if secret in seen}
    assert leaks == set(), [line for line in seen.splitlines() if any(leak in line for leak in leaks)][:5]


# -- bursts and bugs --------------------------------------------------------------------------------------------------


async def test_twenty_quick_flips_end_with_the_last_one_and_few_writes(home: Home) -> None:
    async with home(app={"settle": 1}) as one:
        one.cloud.clear_log()
        for number in range(20):
            await one.ha.change(DISCHARGE, "off" if number % 2 else "on", user="a person")
        await one.flip("discharge_to_grid", "on")
        await one.advance(seconds=30)

        assert switch(one.cloud, "discharge_to_grid")
        assert one.state(DISCHARGE) == "on"
        assert one.control("discharge_to_grid")["outcome"] == "confirmed"
        assert count(one.cloud, "writes") <= 2


async def test_flips_in_the_middle_of_a_write_end_with_the_last_one(home: Home) -> None:
    async with home() as one:
        answer, flips = one.cloud._cloud, iter(["off", "on", "off"])

        def flip_at_every_write(request: Any) -> Any:
            if request.method == "PUT" and (state := next(flips, None)):
                asyncio.get_running_loop().create_task(one.ha.change(DISCHARGE, state, user="a person"))
            return answer(request)

        with patch.object(one.cloud, "_cloud", flip_at_every_write):
            await one.flip("discharge_to_grid", "on")
            await one.advance(minutes=3)  # after a flip back and forth only a late read can decide

        assert one.state(DISCHARGE) == "off"
        assert not switch(one.cloud, "discharge_to_grid")
        assert one.control("discharge_to_grid")["outcome"] == "confirmed"


async def test_a_burst_of_missed_heartbeats_and_polls_is_one_piece_of_work(home: Home) -> None:
    async with home() as one:
        one.cloud.clear_log()

        burst = (callback() for _ in range(10) for callback in (one.app._on_heartbeat, one.app._on_poll))
        await asyncio.gather(*burst)
        await one.settle()

        # A poll asked for while one is on its way is done after it: together they are two, however many asked.
        assert count(one.cloud, "reads") <= 6
        assert count(one.cloud, "writes") == count(one.cloud, "logins") == 0


async def test_a_machine_that_wakes_from_a_long_sleep_does_not_flood_the_cloud(home: Home) -> None:
    async with home() as one:
        one.cloud.clear_log()

        await one.wake_after(hours=8)  # 480 heartbeats and 32 polls at once

        assert count(one.cloud, "requests") <= 10
        assert one.state(PROBLEM) == "off"


async def test_commands_that_come_together_leave_one_timer_for_the_next_boundary(home: Home) -> None:
    async with home(app={"settle": 1}) as one:
        for minutes in (50, 40, 30, 20, 10):
            command = {"command": "set", "control": "charge_from_grid", "state": "on", "duration": 60 * minutes}
            await one.ha.fire("enphase_battery_command", **command)
        await one.settle()
        await one.advance(seconds=10)

        assert timers(one, "_on_alarm") == 1
        await one.advance(minutes=10)
        assert not switch(one.cloud, "charge_from_grid")
        assert timers(one, "_on_alarm") <= 1


async def test_an_unexpected_error_in_a_callback_leaves_the_app_working(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(app=SWITCHES_ONLY) as one:
        with patch.object(one.app._coordinator.reconciler, "run", side_effect=RuntimeError("a bug")):
            await one.flip("discharge_to_grid", "on")
        assert "a bug" in caplog.text, "the log tells of it"
        assert not switch(one.cloud, "discharge_to_grid")

        await one.advance(minutes=1)

        assert switch(one.cloud, "discharge_to_grid")
        assert one.control("discharge_to_grid")["outcome"] == "confirmed"


async def test_an_unexpected_error_while_showing_is_over_with_the_next_change(home: Home) -> None:
    async with home() as one:
        with patch("enphase_battery.engine.snapshot_builder.SnapshotBuilder.build", side_effect=RuntimeError("a bug")):
            await one.command(command="set", control="charge_from_grid", state="on")
        assert one.state(CHARGE) == "off"

        await one.advance(minutes=1)

        assert one.state(CHARGE) == "on"


# -- the token --------------------------------------------------------------------------------------------------------


async def test_a_token_is_refreshed_in_its_last_hour_whatever_the_interval(home: Home) -> None:
    async with home(app={"token_refresh": 7 * 24 * 3600}, switches={"jwt_ttl": 2 * 3600}) as one:
        one.cloud.clear_log()
        await one.advance(minutes=58)
        assert count(one.cloud, "token_refreshes") == 0

        await one.advance(minutes=4)

        assert count(one.cloud, "token_refreshes") == 1
        assert count(one.cloud, "logins") == 0
        assert one.state(TOKEN) == "OK"


async def test_a_refresh_that_fails_is_tried_again_a_few_times_an_hour_and_told(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(app={"token_refresh": 7 * 24 * 3600}, switches={"jwt_ttl": 2 * 3600}) as one:
        await one.advance(minutes=58)
        mints = [{"match": match, "status": 503, "times": 999} for match in ("/users/self/token", "jwt_token.json")]
        one.cloud.set(fault_script=mints)
        one.cloud.clear_log()

        await one.advance(minutes=32)

        paths: Any = one.cloud.counters()["by_path"]
        assert paths["GET /users/self/token"] in (2, 3)
        assert "The token could not be refreshed" in caplog.text
        one.cloud.set(fault_script=[])
        await one.advance(minutes=16)
        assert one.state(TOKEN) == "OK"
        assert count(one.cloud, "token_refreshes") == 1


# -- the end in the middle of work ------------------------------------------------------------------------------------


async def test_an_app_that_ends_between_validation_and_write_writes_after_its_restart(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(app={"settle": 5, **SWITCHES_ONLY}) as one:
        await one.flip("discharge_to_grid", "on")
        assert count(one.cloud, "validations") == 1
        assert count(one.cloud, "writes") == 0

        await one.restart_home_assistant()
        await one.advance(seconds=20)

        assert switch(one.cloud, "discharge_to_grid")
        assert one.state(DISCHARGE) == "on"
        assert count(one.cloud, "writes") == 1
        assert errors(caplog) == []


async def test_an_app_that_ends_while_its_write_is_on_the_wire_believes_only_a_read(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home() as one:
        answer = one.cloud._cloud
        gone: list[asyncio.Task[None]] = []

        def lose_home_assistant_at_the_write(request: Any) -> Any:
            if request.method == "PUT" and not gone:
                gone.append(asyncio.get_running_loop().create_task(one.restart_home_assistant()))
            return answer(request)

        with patch.object(one.cloud, "_cloud", lose_home_assistant_at_the_write):
            await one.flip("discharge_to_grid", "on")
            await gone[0]
        await one.advance(minutes=3)

        assert switch(one.cloud, "discharge_to_grid")
        assert one.control("discharge_to_grid")["outcome"] == "confirmed"
        assert one.state(DISCHARGE) == "on"
        assert count(one.cloud, "logins") == 1
        assert errors(caplog) == []


async def test_stopping_appdaemon_in_the_middle_of_a_write_is_quiet(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(app={"settle": 5, **SWITCHES_ONLY}) as one:
        await one.flip("discharge_to_grid", "on")
        await one.stop()
        loud = [
            record.getMessage()
            for record in caplog.records
            if record.levelno >= logging.WARNING and record.name.startswith(("AppDaemon.enphase", "Error", "asyncio"))
        ]
        assert loud == []
        assert count(one.cloud, "writes") == 0


# -- neighbours -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def two_houses(home: Home, *, accounts: int) -> AsyncIterator[tuple[Lab, Simulator]]:
    """Run two apps in one AppDaemon: on the account of one cloud, or each on its own."""
    toggles = dict.fromkeys((*TOGGLES.values(), *THEIR_TOGGLES.values()), "off")
    if accounts == 1:
        async with home(app=SWITCHES_ONLY, others={NEIGHBOUR: NEIGHBOUR_KEYS}, toggles=toggles) as one:
            yield one, one.cloud
        return
    Clock.current = Clock(datetime(2026, 11, 22, 12, tzinfo=timezone.utc))
    other = Simulator(clock=lambda: Clock.current.now, seed=2)
    async with other.serve() as url:
        others = {NEIGHBOUR: {**NEIGHBOUR_KEYS, "base_url": url}}
        async with home(app=SWITCHES_ONLY, others=others, toggles=toggles) as one:
            yield one, other


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"entity_prefix": "enphase_battery"}, "entity_prefix"),
        ({"token_sensor": "sensor.enphase_jwt"}, "token_sensor"),
        ({"token_sensor": "sensor.enphase_battery_soc"}, "token_sensor"),
        ({"toggles": {**THEIR_TOGGLES, "restrict_discharge": RESTRICT}}, RESTRICT),
    ],
    ids=["prefix", "token sensor", "an entity", "toggle"],
)
async def test_of_two_apps_with_a_name_in_common_the_second_says_so_and_leaves_the_first_in_peace(
    home: Home, changes: dict[str, Any], named: str
) -> None:
    toggles = dict.fromkeys((*TOGGLES.values(), *THEIR_TOGGLES.values()), "off")
    async with home(app=SWITCHES_ONLY, others={NEIGHBOUR: {**NEIGHBOUR_KEYS, **changes}}, toggles=toggles) as one:
        await one.advance(minutes=5)
        prefix = changes.get("entity_prefix", "their_battery")
        told = f"{prefix}_{NEIGHBOUR}" if "entity_prefix" in changes else prefix
        assert named in one.attributes(f"binary_sensor.{told}_problem")["problem"]
        assert f"the app {APP}" in one.attributes(f"binary_sensor.{told}_problem")["problem"]

        assert one.state(PROBLEM) == "off"
        await one.flip("charge_from_grid", "on")
        assert switch(one.cloud, "charge_from_grid")
        await one.ha.change(THEIR_TOGGLES["discharge_to_grid"], "on")
        await one.settle()
        assert not switch(one.cloud, "discharge_to_grid")


async def test_two_apps_with_an_account_each_do_not_disturb_each_other(home: Home) -> None:
    async with two_houses(home, accounts=2) as (one, other):
        await one.flip("charge_from_grid", "on")
        await one.ha.change(THEIR_TOGGLES["discharge_to_grid"], "on")
        await one.settle()

        assert [switch(one.cloud, control) for control in TOGGLES] == [True, False, False]
        assert [switch(other, control) for control in TOGGLES] == [False, True, False]
        assert one.state(CHARGE) == "on"
        assert one.state(THEIR_TOGGLES["charge_from_grid"]) == "off"
        assert one.state("binary_sensor.their_battery_discharge_to_grid") == "on"
        assert one.state("binary_sensor.enphase_battery_discharge_to_grid") == "off"
        assert one.state(TOKEN) == one.state("sensor.their_jwt") == "OK"

        await one.command(command="set", app=NEIGHBOUR, control="restrict_discharge", state="on", id="a")
        assert not switch(one.cloud, "restrict_discharge")
        assert switch(other, "restrict_discharge")
        assert [result["app"] for result in one.results(id="a")] == [NEIGHBOUR]

        await one.command(command="diagnose", id="b")
        assert sorted(result["app"] for result in one.results(id="b")) == [APP, NEIGHBOUR]


async def test_two_apps_on_one_account_see_each_others_changes_as_those_of_the_enphase_app(home: Home) -> None:
    async with two_houses(home, accounts=1) as (one, cloud):
        await one.flip("discharge_to_grid", "on")
        await one.advance(minutes=30)

        assert switch(cloud, "discharge_to_grid")
        assert one.state(THEIR_TOGGLES["discharge_to_grid"]) == "on"
        assert count(cloud, "writes") == 1
        assert count(cloud, "logins") == 2

        await one.ha.change(THEIR_TOGGLES["discharge_to_grid"], "off")
        await one.settle()
        await one.advance(minutes=30)

        assert not switch(cloud, "discharge_to_grid")
        assert one.state(DISCHARGE) == "off"
        assert count(cloud, "writes") == 2


# -- apps.yaml --------------------------------------------------------------------------------------------------------


async def edit(lab: Lab, **keys: Any) -> None:
    """Save apps.yaml with other keys for the app, None for one that is taken out, and let AppDaemon look at it."""
    file = lab.folder / "apps" / "apps.yaml"
    entries, later = yaml.safe_load(file.read_text()), max(4e9, file.stat().st_mtime + 1)
    entries[APP] = {key: value for key, value in {**entries[APP], **keys}.items() if value is not None}
    file.write_text(yaml.safe_dump(entries))
    os.utime(file, (later, later))  # whatever the resolution of the file system's times
    management: Any = lab.ad and lab.ad.app_management
    with suppress(KeyError):  # AppDaemon 4.5.13 trips over a mapping under a new key
        await management.check_app_updates(mode=UpdateMode.NORMAL)
    await lab.settle()


async def test_a_window_that_is_taken_out_of_apps_yaml_does_not_run(home: Home) -> None:
    rate = {"name": "Rate", "control": "charge_from_grid", "start": "12:30", "end": "14:00"}
    async with home(app={"windows": [rate]}) as lab:
        await lab.settle()
        await edit(lab, windows=None)
        assert lab.ha.states["sensor.enphase_battery_next_window"]["attributes"]["name"] == "Rate"  # not noticed
        await lab.advance(minutes=3)
        assert lab.ha.states["sensor.enphase_battery_next_window"]["state"] == "unknown"
        await lab.advance(minutes=60)
        assert not switch(lab.cloud, "charge_from_grid")


async def test_a_wrong_key_that_is_taken_out_of_apps_yaml_lets_the_app_start(home: Home) -> None:
    async with home(app={"widnows": []}) as lab:
        assert lab.ha.states[PROBLEM]["state"] == "on"
        await edit(lab, widnows=None)
        await lab.advance(minutes=3)
        assert lab.ha.states[PROBLEM]["state"] == "off"


OTHER_HELPER = "input_boolean.charge_now"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ({}, {"controls": {}}, "controls"),
        ({}, {"windows": {}}, "windows"),
        ({}, {"toggles": {"charge_from_grid": OTHER_HELPER}}, OTHER_HELPER),
        ({}, {"poll": {"nonsense": 1}}, "poll"),
        ({"toggles": {"charge_from_grid": OTHER_HELPER}}, {"toggles": {}}, ""),
        ({"controls": {}}, {"controls": ["charge_from_grid"]}, ""),
    ],
    ids=["an empty one", "another", "a new one", "nested in a new one", "emptied", "mended"],
)
async def test_a_mapping_that_appdaemon_does_not_notice_is_found_by_the_app(
    home: Home, before: dict[str, Any], after: dict[str, Any], problem: str
) -> None:
    async with home(app=before) as lab:
        await lab.advance(minutes=2)
        await edit(lab, **after)
        await lab.advance(minutes=3)
        assert (lab.state(PROBLEM) == "on") is bool(problem)
        assert problem in lab.attributes(PROBLEM).get("problem", "")


CONSTRAINTS: Mapping[str, Any] = {
    "constrain_start_time": "06:00:00",
    "constrain_end_time": "12:30:00",
    "constrain_days": "sun",
    "constrain_input_boolean": CHARGE,
    "constrain_input_select": "input_select.mode,Away",
    "constrain_presence": "everyone",
    "constrain_person": "anyone",
    "constrain_state": "on",
    "constrain_anything": 1,
}


@pytest.mark.parametrize("key", CONSTRAINTS)
async def test_a_constraint_is_refused_at_once_with_the_reason_and_nothing_is_begun(home: Home, key: str) -> None:
    async with home(app={key: CONSTRAINTS[key]}) as lab:
        problem = lab.attributes(PROBLEM)["problem"]
        assert key in problem
        assert "would not end" in problem
        assert count(lab.cloud, "requests") == 0


async def test_a_constraint_that_is_taken_out_lets_the_app_start(home: Home) -> None:
    async with home(app={"constrain_end_time": "11:00:00"}) as lab:  # it is noon: no timer would ever come
        await edit(lab, constrain_end_time=None)
        await lab.advance(minutes=3)
        assert lab.state(PROBLEM) == "off"


async def test_a_constraint_that_is_added_while_something_is_on_is_told_and_taken_out_it_ends(home: Home) -> None:
    async with home(switches={"auth_era": "2025-07"}) as lab:
        await lab.command(command="set", control="discharge_to_grid", state="on", duration="01:00:00", id="sell")
        await lab.advance(minutes=5)
        await edit(lab, constrain_start_time="01:00:00", constrain_end_time="02:00:00")
        assert "constrain_end_time" in lab.attributes(PROBLEM)["problem"]
        await lab.advance(minutes=30)
        await edit(lab, constrain_start_time=None, constrain_end_time=None)
        await lab.advance(minutes=30)
        assert not switch(lab.cloud, "discharge_to_grid")


@pytest.mark.parametrize("keys", [{"pin_thread": 0}, {"pin_thread": -1}], ids=str)
async def test_a_thread_of_its_own_is_refused(home: Home, keys: dict[str, Any]) -> None:
    async with home(app=keys) as lab:
        assert "pin_thread" in lab.attributes(PROBLEM)["problem"]


@pytest.mark.parametrize(
    "keys",
    [
        *({"pin_app": pinned} for pinned in (True, False)),
        *({"priority": 1.0}, {"dependencies": []}, {"log_level": "ERROR"}, {"disable": False}),
    ],
    ids=str,
)
async def test_appdaemon_s_other_keys_leave_the_end_in_time(home: Home, keys: dict[str, Any]) -> None:
    async with home(app=keys, switches={"auth_era": "2025-07"}) as lab:
        await lab.command(command="set", control="discharge_to_grid", state="on", duration="01:00:00", id="sell")
        await lab.advance(minutes=5)
        assert switch(lab.cloud, "discharge_to_grid")
        await lab.advance(minutes=55, seconds=5)
        assert not switch(lab.cloud, "discharge_to_grid")
        assert lab.state(PROBLEM) == "off"


async def test_an_entry_that_stays_as_it_is_starts_nothing_anew(home: Home) -> None:
    async with home() as lab:
        await edit(lab)
        await lab.advance(minutes=10)
        assert not any("restarts" in line for line in lab.log)
        assert count(lab.cloud, "logins") == 1


# -- another site -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", TOGGLES)
@pytest.mark.parametrize("era", ["2025-07", "2026-07"])
async def test_an_account_that_leads_to_another_site_leaves_what_is_stored_of_the_one_before_alone(
    home: Home, control: str, era: str
) -> None:
    async with home(switches={"auth_era": era}) as lab:
        await lab.command(command="set", control=control, state="on", duration="01:00:00", id="boost")
        await lab.advance(minutes=5)
        writes = count(lab.cloud, "writes")

        def pretend_another_site() -> None:
            stored = json.loads(lab.store.read_text())
            stored["sections"]["site"] = {"id": "11"}
            lab.store.write_text(json.dumps(stored))

        await lab.restart_appdaemon(pretend_another_site, minutes=2)
        await lab.advance(minutes=5)

        assert any("another site" in line for line in lab.log)
        assert lab.control(control)["source"] == "cloud"  # this site's own wishes are what it shows
        assert control.replace("_", " ").split()[0] in lab.attributes(PROBLEM)["problem"]
        await lab.advance(hours=2)
        assert count(lab.cloud, "writes") == writes
        assert switch(lab.cloud, control)
        assert lab.state(PROBLEM) == "on"
        await lab.restart_appdaemon(days=8)
        assert lab.state(PROBLEM) == "off"
