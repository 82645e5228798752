"""The shell alone: what it registers with AppDaemon, and what it takes back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, PropertyMock, patch

import pytest

from enphase_battery import EnphaseBattery
from enphase_battery.control.controls import Control
from enphase_battery.enlighten.record import SessionRecord, fingerprint
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import Unreachable
from enphase_battery.store.store import Store
from tests.unit.framework import Framework

NAME = "enphase_battery"
EMAIL, PASSWORD = "owner@example.com", "correct horse battery"
NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.fixture
def framework(tmp_path: Path) -> Iterator[Framework]:
    framework = Framework(tmp_path)
    framework.time_is(NOW.replace(tzinfo=None))
    yield framework
    framework.close()


async def started(framework: Framework, **changes: object) -> Any:
    app = framework.app(EnphaseBattery, NAME, **{"email": EMAIL, "password": PASSWORD, **changes})
    await app.initialize()
    return app


async def started_without(framework: Framework, failing: str) -> Any:
    """Start the app on an AppDaemon that lacks something."""
    broken = RuntimeError("AppDaemon has changed")
    if failing in framework.hass:
        framework.hass[failing].side_effect = broken
        return await started(framework, base_url="http://127.0.0.1:9")
    with patch.object(EnphaseBattery, failing, PropertyMock(side_effect=broken)):
        return await started(framework)


def remember_refresh(folder: Path, at: datetime) -> None:
    """Leave behind what an earlier run would have: a session whose token was refreshed then."""
    store = Store(folder / "enphase_battery" / f"{NAME}.json", logging.getLogger("store"))
    account = fingerprint("salt", "https://enlighten.enphaseenergy.com", EMAIL)
    store.write("session", SessionRecord(salt="salt", account=account, refreshed_at=at).to_json())


async def timers(framework: Framework) -> dict[str, timedelta]:
    """Return the interval of every repeated timer, by its callback; all begin at once, or by a delay."""
    for begin, _delay in [call.args[-2:] for call in framework.hass["run_in"].call_args_list]:
        await begin()
    calls = [call.args for call in framework.hass["run_every"].call_args_list]
    assert {start for _callback, start, _interval in calls} == {"immediate"}, "all else is reckoned by the local clock"
    return {callback.__name__: interval for callback, _start, interval in calls}


def refresh_delay(framework: Framework) -> timedelta:
    """Return after which time the token is refreshed first."""
    return timedelta(seconds=framework.hass["run_in"].call_args.args[-1])


async def test_the_app_listens_to_the_toggles_and_to_commands(framework: Framework) -> None:
    app = await started(framework)

    toggles = [
        f"input_boolean.enphase_{one}" for one in ("charge_from_grid", "discharge_to_grid", "restrict_discharge")
    ]
    framework.hass["listen_state"].assert_called_once_with(app._on_toggle, toggles, attribute="all")
    framework.hass["listen_event"].assert_called_once_with(app._on_command, "enphase_battery_command")


async def test_only_the_toggles_of_controls_that_may_be_changed_are_listened_to(framework: Framework) -> None:
    app = await started(
        framework, controls=["discharge_to_grid"], toggles={"discharge_to_grid": "input_boolean.sell_now"}
    )

    framework.hass["listen_state"].assert_called_once_with(app._on_toggle, ["input_boolean.sell_now"], attribute="all")


async def test_three_timers_run_at_the_configured_intervals(framework: Framework) -> None:
    await started(framework, poll="00:05:00", token_refresh="06:00:00")

    minute = timedelta(minutes=1)
    assert await timers(framework) == {"_on_heartbeat": minute, "_on_poll": 5 * minute, "_on_refresh": 360 * minute}


async def test_timers_come_last_so_that_a_failing_start_leaves_none(framework: Framework) -> None:
    await started(framework)

    assert framework.registered == ["listen_state", "listen_event", "run_every", "run_every", "run_in"]
    assert len(framework.spawned) == 1


async def test_without_a_stored_refresh_the_first_poll_signs_in_and_the_timer_waits(framework: Framework) -> None:
    await started(framework)

    assert refresh_delay(framework) == timedelta(hours=12)


async def test_the_refresh_timer_starts_at_the_stored_refresh_plus_the_interval(
    framework: Framework, tmp_path: Path
) -> None:
    remember_refresh(tmp_path, NOW - timedelta(hours=8))

    await started(framework)

    assert refresh_delay(framework) == timedelta(hours=4)


async def test_a_refresh_that_is_overdue_is_done_at_once(framework: Framework, tmp_path: Path) -> None:
    remember_refresh(tmp_path, NOW - timedelta(hours=12))

    await started(framework)

    assert refresh_delay(framework) == timedelta(seconds=1)


@pytest.mark.parametrize("error", [None, Unreachable("down")], ids=["works", "fails"])
async def test_after_each_refresh_it_is_shown_how_the_sign_in_is(
    framework: Framework, error: Unreachable | None
) -> None:
    app = await started(framework)

    with patch.object(app._session, "refresh", side_effect=error), patch.object(app._coordinator, "show") as show:
        for _ in range(6):
            await app._refresh()

    assert show.call_count == 6


async def test_of_another_account_nothing_but_the_session_is_forgotten(
    framework: Framework, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    remember_refresh(tmp_path, NOW - timedelta(hours=8))
    path = tmp_path / "enphase_battery" / f"{NAME}.json"
    Store(path, logging.getLogger("store")).write("toggles", {"input_boolean.enphase_charge_from_grid": True})

    app = await started(framework, email="tenant@example.com")

    assert "The account has changed" in caplog.text
    assert refresh_delay(framework) == timedelta(hours=12)
    await app.terminate()
    sections = json.loads(path.read_text())["sections"]
    assert sections["toggles"] == {"input_boolean.enphase_charge_from_grid": True}
    assert "salt" not in sections.get("session", {}).values()


@pytest.mark.parametrize(
    "fault",
    [{"poll": 0}, {"token_refresh": 0}, {"email": None}, {"nonsense": 1}, {"windows": [{"name": "No times"}]}],
    ids=str,
)
async def test_a_faulty_configuration_registers_nothing_but_the_look_whether_it_is_mended(
    framework: Framework, fault: dict[str, object]
) -> None:
    await started(framework, **fault)

    assert framework.registered == ["run_in", "run_every"], "that look, and a notice once Home Assistant takes one"
    assert framework.spawned == []
    published = framework.hass["set_state"].call_args
    assert published.args == ("binary_sensor.enphase_battery_problem",)
    assert published.kwargs["state"] == "on"


async def test_without_any_argument_the_app_says_what_is_missing(
    framework: Framework, caplog: pytest.LogCaptureFixture
) -> None:
    app = framework.app(EnphaseBattery, NAME)

    await app.initialize()

    faults = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert faults == [f"apps.yaml, app {NAME}: {key} is missing" for key in ("email", "password")]
    assert framework.registered == ["run_in", "run_every"], "that look, and a notice once Home Assistant takes one"


@pytest.mark.parametrize("failing", ["listen_state", "listen_event", "run_every", "config_dir"])
async def test_initialize_never_raises(framework: Framework, caplog: pytest.LogCaptureFixture, failing: str) -> None:
    app = await started_without(framework, failing)

    assert "could not start" in caplog.text
    assert PASSWORD not in caplog.text
    assert len(framework.timers) == 1, "a notice is to follow once Home Assistant takes one"
    published = framework.hass["set_state"].call_args
    assert published.args == ("binary_sensor.enphase_battery_problem",)
    assert published.kwargs["state"] == "on"
    assert published.kwargs["attributes"]["reason_kind"] == "app_failed"
    assert framework.spawned == []
    await app._on_command("enphase_battery_command", {"command": "explode", "id": "a"})
    assert framework.hass["fire_event"].call_count == 0
    assert framework.hass["set_state"].call_args == published


async def test_initialize_does_not_raise_when_even_the_fault_cannot_be_published(framework: Framework) -> None:
    framework.hass["set_state"].side_effect = RuntimeError("no state today")

    await started(framework, poll=0)

    assert framework.registered == ["run_in", "run_every"], "that look, and a notice once Home Assistant takes one"


async def test_initialize_does_not_raise_where_appdaemon_keeps_no_record_of_the_app(framework: Framework) -> None:
    app = framework.app(EnphaseBattery, NAME, email=EMAIL, password=PASSWORD)
    framework.admin.clear()

    await app.initialize()

    assert len(framework.timers) == 3


async def test_terminate_cancels_the_timers_and_closes_the_session(framework: Framework) -> None:
    app = await started(framework)
    assert len(framework.timers) == 3

    await app.terminate()

    assert framework.timers == set()
    with pytest.raises(Unreachable, match="closed"):
        await app._session.refresh()


async def test_terminate_cancels_the_alarm_of_the_next_boundary_too(framework: Framework) -> None:
    window = {"name": "Night", "control": "charge_from_grid", "start": "02:00", "end": "05:00"}
    app = await started(framework, windows=[window], time_zone="Europe/London")
    await app._carry_out(AsyncMock())
    delay = timedelta(hours=14) - timedelta(minutes=15)
    assert framework.hass["run_in"].call_args.args[-2:] == (app._on_alarm, delay.total_seconds())

    await app.terminate()

    assert framework.timers == set()


async def test_terminate_after_a_refused_configuration_is_quiet(
    framework: Framework, caplog: pytest.LogCaptureFixture
) -> None:
    app = await started(framework, poll=0)
    caplog.clear()

    await app.terminate()

    assert caplog.records == []
    assert framework.timers == set()


async def test_after_terminate_no_callback_acts_any_more(framework: Framework) -> None:
    app = await started(framework)
    await app.terminate()
    published = framework.hass["set_state"].call_count

    await app._on_toggle("input_boolean.enphase_charge_from_grid", "state", "off", "on")
    await app._on_command("enphase_battery_command", {"command": "refresh", "id": "late"})
    await app._on_heartbeat()
    await app._on_poll()
    await app._on_refresh()
    await app._on_alarm()

    assert framework.hass["fire_event"].call_count == 0
    assert framework.hass["set_state"].call_count == published
    assert framework.timers == set()


async def test_an_older_instance_that_appdaemon_left_running_is_ended(framework: Framework) -> None:
    older = await started(framework)

    newer = await started(framework)

    assert len(framework.timers) == 3
    with pytest.raises(Unreachable, match="closed"):
        await older._session.refresh()
    await newer.terminate()
    assert framework.timers == set()


async def test_an_older_instance_that_cannot_be_ended_does_not_keep_the_new_one_from_its_work(
    framework: Framework, caplog: pytest.LogCaptureFixture
) -> None:
    older = await started(framework)

    with patch.object(older, "terminate", side_effect=RuntimeError("a bug")):
        await started(framework)

    assert "restart AppDaemon" in caplog.text
    assert framework.registered[-1] == "run_in"
    assert len(framework.timers) == 6


async def test_apps_of_other_names_are_left_alone(framework: Framework) -> None:
    await started(framework)
    names = {"entity_prefix": "theirs", "token_sensor": "sensor.theirs"}
    toggles = {control.value: f"input_boolean.their_{control.value}" for control in Control}
    account = {"email": EMAIL, "password": PASSWORD}
    neighbour = framework.app(EnphaseBattery, "the_neighbour", **account, **names, toggles=toggles)

    await neighbour.initialize()

    assert len(framework.timers) == 6


async def test_before_anything_was_asked_the_sign_in_is_unreachable(framework: Framework) -> None:
    app = await started(framework)

    assert app._coordinator.snapshot().condition.status is TokenStatus.UNREACHABLE
