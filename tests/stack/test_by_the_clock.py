"""What takes real minutes: windows, a boost, a killed AppDaemon. All of it goes on at once, in houses of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from demo.home_assistant import HomeAssistant
from demo.websocket import HomeAssistantSocket
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, RESTRICT
from tests.stack.programs import OpenHouse
from tests.stack.stories import TARGET, Stage, Told, boosted, orphaned, switched, tariff

Stories = dict[Callable[[Stage], Coroutine[Any, Any, Told]], "asyncio.Task[Told]"]

# The gateway keeps to the minutes of an entry by itself.
_PUNCTUAL = timedelta(seconds=1)
# What the app writes at a moment reaches the gateway within this time.
_PROMPT = timedelta(seconds=15)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(
    open_house: OpenHouse, folder: Path, home_assistant: HomeAssistant, home: HomeAssistantSocket
) -> AsyncIterator[Stories]:
    stage = Stage(open_house, folder, home_assistant, home)
    begun: Stories = {story: asyncio.create_task(story(stage)) for story in (orphaned, tariff, switched, boosted)}
    yield begun
    for task in begun.values():
        task.cancel()
    await asyncio.wait(begun.values())


async def test_where_switches_alone_decide_a_window_lasts_from_its_start_to_its_end_and_leaves_the_rest_alone(
    stories: Stories,
) -> None:
    told = await stories[switched]
    (charged,) = told.enforced[CHARGE]
    assert told.start <= charged.start <= told.start + _PROMPT
    assert charged.end is not None
    assert told.end <= charged.end <= told.end + _PROMPT
    assert [stretch.end for stretch in told.enforced[RESTRICT]] == [None]


async def test_the_gateway_enforces_a_window_from_its_start_to_its_end(stories: Stories) -> None:
    told = await stories[tariff]
    assert _minutes(told) == {CHARGE: [(told.start, told.end)], DISCHARGE: [], RESTRICT: []}


async def test_charging_stops_at_the_target_of_the_window(stories: Stories) -> None:
    told = await stories[tariff]
    before, inside, at_its_end, after = told.soc
    assert before < inside < at_its_end == after == TARGET
    assert [stretch.limit for stretch in told.enforced[CHARGE]] == [TARGET]


async def test_after_a_window_the_account_is_as_the_app_found_it(stories: Stories) -> None:
    told = await stories[tariff]
    assert told.left == told.found
    assert told.left["chargeFromGrid"] is told.left["chargeFromGridScheduleEnabled"] is True


async def test_the_gateway_ends_a_window_though_appdaemon_was_killed_inside_it(stories: Stories) -> None:
    told = await stories[orphaned]
    assert _minutes(told) == {CHARGE: [(told.start, told.end)], DISCHARGE: [], RESTRICT: []}


async def test_a_restart_clears_up_what_a_killed_appdaemon_left(stories: Stories) -> None:
    told = await stories[orphaned]
    assert told.meanwhile is not None
    assert len(told.meanwhile["schedules"]) == len(told.found["schedules"]) + 1
    assert told.meanwhile["chargeFromGrid"] is told.meanwhile["chargeFromGridScheduleEnabled"] is True
    assert told.left["chargeFromGrid"] is told.left["chargeFromGridScheduleEnabled"] is False
    assert told.left == told.found


async def test_a_boost_ends_by_itself_and_the_hold_that_lay_under_it_shows_through(stories: Stories) -> None:
    told = await stories[boosted]
    (charged,) = told.enforced[CHARGE]
    held, held_again = told.enforced[RESTRICT]
    assert held.end is not None
    assert charged.end is not None
    assert told.start < held.end <= charged.start <= told.start + _PROMPT
    assert told.end <= charged.end <= held_again.start <= told.end + _PROMPT
    assert held_again.end is None


async def test_while_a_boost_runs_its_entry_stands_in_the_place_of_the_holds(stories: Stories) -> None:
    told = await stories[boosted]
    assert told.meanwhile is not None
    assert _types(told.found) == _types(told.left) == ["DTG", "RBD"]
    assert _types(told.meanwhile) == ["CFG", "DTG"]


def _minutes(told: Told) -> dict[str, list[tuple[datetime, datetime | None]]]:
    """Return when each control was enforced, with the window's own start and end for what is near enough."""

    def rounded(moment: datetime | None) -> datetime | None:
        return next((one for one in (told.start, told.end) if moment and abs(moment - one) <= _PUNCTUAL), moment)

    return {
        control: [(rounded(each.start) or each.start, rounded(each.end)) for each in told.enforced[control]]
        for control in CONTROLS
    }


def _types(account: dict[str, Any]) -> list[str]:
    return sorted(entry["scheduleType"] for entry in account["schedules"])
