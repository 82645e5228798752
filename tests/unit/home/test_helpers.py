"""Missing toggles are created by the app, in a stand-in Home Assistant with the real AppDaemon: once, or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from tests.lab.fake_home_assistant import FakeHomeAssistant
from tests.lab.helper_desk import HelperDesk
from tests.lab.lab import TOGGLES, Lab, lab

CHARGE, DISCHARGE, RESTRICT = TOGGLES.values()
IDS = [entity_id.partition(".")[2] for entity_id in TOGGLES.values()]
PACKAGE = Path(__file__).parents[3] / "home_assistant" / "package.yaml"
PROBLEM = "binary_sensor.enphase_battery_problem"
BY_HAND = "create it under Settings, Devices and services, Helpers"

Home = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A lab without any helper, whose app is to create them."""

    def make(app: dict[str, Any] | None = None, **changes: Any) -> AbstractAsyncContextManager[Lab]:
        start = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
        settings = {"create_helpers": True, "use_schedules": "never", **(app or {})}
        return lab(tmp_path, **{"start": start, "toggles": {}, "app": settings, **changes})

    return make


@pytest.fixture
def furnish() -> Iterator[Callable[..., None]]:
    """Let every Home Assistant of the test have a desk that is furnished so, from its beginning."""
    furniture: dict[str, Any] = {}
    build = FakeHomeAssistant.__init__

    def furnished(self: FakeHomeAssistant, *about: Any) -> None:
        build(self, *about)
        vars(self.desk).update(furniture)

    with patch.object(FakeHomeAssistant, "__init__", furnished):
        yield furniture.update


def problem(one: Lab) -> str:
    """Return what the problem sensor says is wrong; empty when it is off."""
    return one.attributes(PROBLEM)["problem"] if one.state(PROBLEM) == "on" else ""


async def test_missing_toggles_are_created_as_the_package_has_them_and_work(home: Home) -> None:
    async with home() as one:
        assert one.ha.desk.helpers == yaml.safe_load(PACKAGE.read_text(encoding="utf-8"))["input_boolean"]
        assert [one.state(toggle) for toggle in TOGGLES.values()] == ["off"] * 3
        assert problem(one) == ""
        assert f"Created the helper {CHARGE} in Home Assistant" in one.log

        await one.flip("charge_from_grid", "on")

        assert one.control("charge_from_grid")["outcome"] == "confirmed"


async def test_a_name_of_the_owners_own_is_kept(home: Home) -> None:
    async with home(app={"toggles": {"discharge_to_grid": "input_boolean.sell_2_the_grid"}}) as one:
        assert one.ha.desk.helpers["sell_2_the_grid"]["name"] == "Sell 2 the grid"


async def test_without_the_option_nothing_is_created(home: Home) -> None:
    async with home(app={"create_helpers": False}) as one:
        await one.advance(minutes=10)
        assert one.ha.desk.log == []


async def test_a_dry_run_has_toggles_too(home: Home) -> None:
    async with home(app={"dry_run": True}) as one:
        assert list(one.ha.desk.helpers) == IDS


async def test_what_is_there_already_is_left_alone_over_restarts(home: Home) -> None:
    async with home(toggles={CHARGE: "off", DISCHARGE: "unavailable"}) as one:
        assert one.ha.desk.log == [f"create {IDS[2]}"]
        await one.restart_home_assistant()
        assert one.ha.desk.log == [f"create {IDS[2]}"]
        await one.restart_appdaemon()
        assert one.ha.desk.log == []


async def test_a_helper_that_is_created_anew_is_no_flip_and_shows_what_is_wanted(home: Home) -> None:
    async with home() as one:
        await one.flip("charge_from_grid", "on")
        states = one.ha.states

        await one.restart_appdaemon(lambda: states.pop(CHARGE) and None)

        assert one.ha.desk.log == [f"create {IDS[0]}"]
        assert one.state(CHARGE) == "on"
        assert one.control("charge_from_grid")["wanted"] == "on"


async def test_what_the_owner_removes_while_the_app_runs_stays_away_until_the_next_start(home: Home) -> None:
    async with home() as one:
        await one.ha.desk.answer("input_boolean/delete", {"input_boolean_id": IDS[0]})
        one.ha.desk.log.clear()
        await one.advance(minutes=20)
        assert one.ha.desk.log == []
        assert problem(one) == f"the toggle {CHARGE} does not exist in Home Assistant"

        await one.restart_home_assistant()
        assert one.ha.desk.log == [f"create {IDS[0]}"]
        assert problem(one) == ""


async def test_a_token_that_may_not_create_helpers_is_said_once_with_what_to_do(
    home: Home, furnish: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    furnish(refuses={"input_boolean/create": "unauthorized"})
    async with home(toggles={CHARGE: "off", DISCHARGE: "off"}) as one:
        await one.advance(minutes=20)

        assert "could not create it: AppDaemon's token is not an administrator's" in problem(one)
        assert BY_HAND in one.attributes(PROBLEM)["hint"]
        assert sum("administrator" in line for line in one.log) == 1
        assert await attempts(one) == []


async def attempts(one: Lab) -> list[str]:
    """Return what is still done about helpers from now on, when nothing keeps the app from it any more."""
    vars(one.ha.desk).update(refuses={}, silent=set(), twisted={}, log=[])
    await one.advance(minutes=10)
    return list(one.ha.desk.log)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"helpers": {IDS[0]: {"name": "Renamed", "icon": ""}}}, "knows the id already"),
        ({"registered": {CHARGE}}, "knows the id already"),
        ({"refuses": {"input_boolean/create": "invalid_format"}}, "it refused (invalid_format)"),
        ({"silent": {"input_boolean/create"}, "refuses": {"input_boolean/create": ""}}, "did not say whether it did"),
    ],
    ids=["renamed", "disabled", "refused", "not answered"],
)
async def test_what_home_assistant_knows_or_refuses_is_told_and_not_tried_again(
    home: Home, furnish: Callable[..., None], known: dict[str, Any], told: str
) -> None:
    furnish(**known)
    async with home(toggles={DISCHARGE: "off", RESTRICT: "off"}) as one:
        assert told in problem(one)
        assert one.attributes(PROBLEM)["hint"]
        assert one.ha.desk.log == []
        vars(one.ha.desk).update(helpers={}, registered=set())
        assert await attempts(one) == []


@pytest.mark.parametrize("removable", [True, False])
async def test_a_helper_that_gets_another_id_is_removed_again_and_told(
    home: Home, furnish: Callable[..., None], removable: bool
) -> None:
    furnish(
        twisted={"Enphase charge from grid": "elsewhere"},
        refuses={} if removable else {"input_boolean/delete": "unauthorized"},
    )
    async with home(toggles={DISCHARGE: "off", RESTRICT: "off"}) as one:
        rest = "it was removed again" if removable else "it could not be removed again: please do so"
        assert f"gave it another id, like input_boolean.elsewhere; {rest}" in problem(one)
        assert (one.state("input_boolean.elsewhere") is None) is removable
        assert await attempts(one) == []


async def test_a_helper_whose_id_is_right_and_whose_entity_has_another_name_is_removed_again(
    home: Home,
) -> None:
    async def show_another(self: FakeHomeAssistant, entity_id: str, state: str | None) -> None:
        await show(self, f"{entity_id}_of_old", state)

    show = FakeHomeAssistant.show
    with patch.object(FakeHomeAssistant, "show", show_another):
        async with home(toggles={DISCHARGE: "off", RESTRICT: "off"}) as one:
            assert one.ha.desk.log == [f"create {IDS[0]}", f"delete {IDS[0]}"]
            assert "gave it another id" in problem(one)


async def test_a_helper_that_is_created_although_home_assistant_does_not_say_so_is_taken(
    home: Home, furnish: Callable[..., None]
) -> None:
    furnish(silent={"input_boolean/create"})
    async with home() as one:
        assert list(one.ha.desk.helpers) == IDS
        assert problem(one) == ""
        assert await attempts(one) == []


@pytest.mark.parametrize("deaf", ["input_boolean/list", "config/entity_registry/get"])
async def test_what_is_not_answered_yet_is_asked_again_and_nothing_is_created_before(
    home: Home, furnish: Callable[..., None], deaf: str
) -> None:
    furnish(silent={deaf})
    async with home(toggles={CHARGE: "off"}) as one:
        await one.advance(minutes=3)
        assert one.ha.desk.log == []
        await one.ha.forget(CHARGE)  # as its owner likes it
        assert await attempts(one) == [f"create {one}" for one in IDS[1:]]
        assert problem(one) == f"the toggle {CHARGE} does not exist in Home Assistant"


async def test_while_home_assistant_has_no_list_of_helpers_none_is_created_and_it_is_said(
    home: Home, furnish: Callable[..., None]
) -> None:
    furnish(refuses={"input_boolean/list": "unknown_command"})
    async with home() as one:
        await one.advance(minutes=3)
        assert one.ha.desk.log == []
        assert "does not tell which helpers there are (unknown_command)" in problem(one)
        assert await attempts(one) == [f"create {one}" for one in IDS]
        await one.ha.desk.answer("input_boolean/delete", {"input_boolean_id": IDS[0]})
        await one.advance(minutes=6)
        assert problem(one) == f"the toggle {CHARGE} does not exist in Home Assistant"


async def test_two_apps_with_the_same_toggles_leave_one_of_each(home: Home) -> None:
    both, answer = asyncio.Event(), HelperDesk.answer
    asked: list[str] = []

    async def when_both_have_asked(self: HelperDesk, command: str, fields: dict[str, str]) -> Any:
        asked.append(command)
        if asked.count("input_boolean/list") == 2:
            both.set()
        if command == "input_boolean/create":
            await both.wait()
        return await answer(self, command, fields)

    other = {"create_helpers": True, "use_schedules": "never", "entity_prefix": "other", "token_sensor": "sensor.other"}
    in_an_appdaemon_each = patch("enphase_battery.app.clashes", return_value=())  # in one the second would not start
    with in_an_appdaemon_each, patch.object(HelperDesk, "answer", when_both_have_asked):
        async with home(others={"other": other}) as one:
            assert f"delete {IDS[0]}_2" in one.ha.desk.log
            assert list(one.ha.desk.helpers) == IDS
            assert problem(one) == ""
            assert one.state("binary_sensor.other_problem") == "off"

            await one.ha.forget(CHARGE)
            await one.advance(minutes=6)
            assert one.attributes("binary_sensor.other_problem")["problem"] == problem(one)
            assert problem(one) == f"the toggle {CHARGE} does not exist in Home Assistant"
