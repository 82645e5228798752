"""Home Assistant as the controller sees it, in the real AppDaemon: what scenarios do not reach."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from enphase_battery.config import parse_configuration
from enphase_battery.home.assistant import Assistant
from enphase_battery.home.snapshot import SignIn
from enphase_battery.house import HomeAssistantHouse
from enphase_battery.store import Store
from tests.lab.lab import ACCOUNT, APP, TOGGLES, Lab, lab

CHARGE, DISCHARGE, RESTRICT = TOGGLES.values()
PROBLEM = "binary_sensor.enphase_battery_problem"
OTHER = "input_boolean.sell_to_the_grid"

House = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A lab that begins at noon of a winter's day."""

    def make(**changes: Any) -> AbstractAsyncContextManager[Lab]:
        return lab(tmp_path, **{"start": datetime(2026, 11, 22, 12, tzinfo=timezone.utc), **changes})

    return make


def switches(one: Lab) -> dict[str, bool]:
    """Return the switches as the cloud stores them."""
    cloud: Any = one.cloud.model()["cloud"]
    return {
        "charge_from_grid": cloud["chargeFromGrid"],
        "discharge_to_grid": cloud["dtgControl"]["enabled"],
        "restrict_discharge": (cloud["rbdControl"] or {}).get("enabled", False),
    }


# -- comparing the toggles at the start -------------------------------------------------------------------------------


async def test_until_home_assistant_answers_no_toggle_is_touched_and_no_flip_is_guessed(house: House) -> None:
    async with house() as one:
        await one.flip("discharge_to_grid", "on")
        ask, answers = one.ha.get_complete_state, 0

        async def no_answer_to_the_app() -> Any:
            nonlocal answers
            answers += 1
            return await ask() if answers == 1 else None  # the first is AppDaemon's own

        def stale() -> None:
            one.ha.preset(DISCHARGE, "off")

        with patch.object(one.ha, "get_complete_state", no_answer_to_the_app):
            await one.restart_home_assistant(stale)
            one.ha.calls.clear()
            one.ha.published.clear()
            await one.advance(minutes=3)
            assert one.ha.calls == one.ha.published == []

        await one.advance(minutes=1)

        assert one.state(DISCHARGE) == "on"
        assert switches(one)["discharge_to_grid"]


async def test_another_helper_for_a_control_is_no_flip(house: House) -> None:
    async with house() as one:
        await one.flip("discharge_to_grid", "on")
        one.configure(toggles={"discharge_to_grid": OTHER})

        one.ha.preset(OTHER, "off")
        await one.restart_appdaemon()

        assert switches(one)["discharge_to_grid"]
        assert one.state(OTHER) == "on"


async def test_a_flip_of_what_is_no_toggle_of_the_app_is_none_of_its_business(house: House) -> None:
    async with house(app={"controls": ["charge_from_grid"]}) as one:
        await one.app._house.toggled(RESTRICT, "off", "on")
        await one.app._house.toggled(OTHER, "off", "on")
        await one.settle()

        assert not any(switches(one).values())


async def test_what_was_seen_of_the_toggles_outlives_a_damaged_section(house: House, tmp_path: Path) -> None:
    async with house() as one:
        await one.flip("discharge_to_grid", "on")
        file = tmp_path / "enphase_battery" / f"{APP}.json"

        def damage() -> None:
            document = json.loads(file.read_text())
            document["sections"] |= {"toggles": ["not", "a", "mapping"], "own user": {"name": "no id"}}
            file.write_text(json.dumps(document))

        await one.restart_appdaemon(damage)

        assert one.state(DISCHARGE) == "on"
        assert switches(one)["discharge_to_grid"]


# -- answers ----------------------------------------------------------------------------------------------------------


async def test_a_result_that_home_assistant_did_not_take_is_fired_once_it_does(house: House) -> None:
    async with house(app={"use_schedules": "never"}) as one:
        with patch.object(one.ha, "fire_plugin_event", side_effect=ConnectionResetError("closing")):
            await one.command(command="set", id="a", control="charge_from_grid", state="on")
        assert switches(one)["charge_from_grid"]
        assert one.results(id="a") == []

        await one.advance(minutes=2)

        assert [result["outcome"] for result in one.results(id="a")] == ["confirmed"]


async def test_a_result_repeats_what_the_command_said(house: House) -> None:
    async with house(app={"use_schedules": "never"}) as one:
        await one.command(command="set", id="a", control="charge_from_grid", state=True)

        (result,) = one.results()
        assert result == {
            "app": APP,
            "id": "a",
            "command": "set",
            "control": "charge_from_grid",
            "state": "on",
            "outcome": "confirmed",
            "reason": "",
            "error": "",
            "report": None,
        }


async def test_a_diagnosis_is_in_the_result_and_in_the_log_without_ids(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with house() as one:
        await one.command(command="diagnose", id="a")

        (result,) = one.results(id="a")
        assert result["report"]["controls"]["charge_from_grid"]["shown"] is False
        assert result["report"]["sign_in"] == "OK"
        line = next(record.getMessage() for record in caplog.records if record.getMessage().startswith("Diagnosis"))
        assert str(result["report"]) in line
        token = one.attributes("sensor.enphase_jwt")
        assert token["site_id"] not in line
        assert token["user_id"] not in line


# -- problems ---------------------------------------------------------------------------------------------------------


async def test_a_store_that_cannot_be_written_is_a_problem_until_it_can(house: House, tmp_path: Path) -> None:
    in_the_way = tmp_path / "enphase_battery"
    in_the_way.write_text("a file where the folder should be")
    async with house() as one:
        assert one.state(PROBLEM) == "on"
        assert "cannot be written" in one.attributes(PROBLEM)["problem"]
        assert one.attributes(PROBLEM)["hint"]
        assert one.control("charge_from_grid")["state"] == "off", "the app works all the same"

        in_the_way.unlink()
        await one.flip("charge_from_grid", "on")

        assert one.state(PROBLEM) == "off"
        assert (in_the_way / f"{APP}.json").exists()


async def test_a_dry_run_leaves_the_toggles_as_people_set_them(house: House) -> None:
    async with house(app={"dry_run": True}, toggles={CHARGE: "on", DISCHARGE: "off", RESTRICT: "on"}) as one:
        await one.flip("discharge_to_grid", "on")
        await one.flip("restrict_discharge", "off")
        await one.advance(minutes=20)

        assert [one.state(toggle) for toggle in TOGGLES.values()] == ["on", "on", "off"]
        assert one.ha.calls == []
        assert not any(switches(one).values())


def test_a_house_without_a_controller_says_what_is_missing(tmp_path: Path) -> None:
    logger = logging.getLogger("house")
    nobody: Any = None
    alone = HomeAssistantHouse(
        Assistant(nobody, logger),
        name=APP,
        configuration=parse_configuration(ACCOUNT),
        store=Store(tmp_path / "app.json", logger),
        sign_in=lambda: SignIn("OK"),
        spawn=lambda coroutine: coroutine.close(),
        clock=lambda: datetime(2026, 11, 22, tzinfo=timezone.utc),
        logger=logger,
    )

    with pytest.raises(RuntimeError, match="attach"):
        alone.diagnosis()
