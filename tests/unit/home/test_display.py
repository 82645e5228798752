"""Toggles and entities are kept in step with the app, whatever Home Assistant makes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, because
from enphase_battery.home.assistant import Assistant, State
from enphase_battery.home.display import Display, View
from enphase_battery.home.entities import Entity
from enphase_battery.home.notices import Concern, Notices
from enphase_battery.home.toggle_watch import ToggleWatch
from enphase_battery.home.toggles import Toggles
from enphase_battery.store.store import Store

CHARGE, DISCHARGE = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID
IDS = {CHARGE: "input_boolean.charge", DISCHARGE: "input_boolean.discharge"}
NOON = datetime(2026, 7, 22, 12, tzinfo=timezone.utc)
SOC = Entity("sensor.soc", "50", {})
PROBLEM = Entity("binary_sensor.problem", "off", {})


def made(*entities: Entity) -> dict[str, Callable[[], Entity]]:
    return {entity.entity_id: partial(replace, entity) for entity in entities}


class FakeAssistant:
    """Home Assistant, which may be slow, busy or away."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def turn(self, entity_id: str, on: bool) -> bool:
        self.asked.append(f"{entity_id} {'on' if on else 'off'}")
        return await self._answer()

    async def publish(self, entity: Entity) -> bool:
        self.asked.append(f"{entity.entity_id} {entity.state}")
        return await self._answer()

    async def notice(self, notice_id: str) -> bool:
        return False

    async def notify(self, notice_id: str, title: str, message: str) -> bool:
        self.asked.append(message)
        return await self._answer()

    async def _answer(self) -> bool:
        await asyncio.sleep(0)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return not self.away


class FakeWatch:
    """Toggles, and what was stored of them."""

    def __init__(self) -> None:
        self.toggles = Toggles(IDS, {CHARGE: False, DISCHARGE: False})
        self.noted: list[dict[Control, bool]] = []

    def remember(self) -> None:
        self.noted.append(dict(self.toggles.seen))


class Wall:
    """A display with the Home Assistant that it is in."""

    def __init__(self, folder: Path) -> None:
        self.assistant = FakeAssistant()
        self.watch = FakeWatch()
        self.toggles, self.noted = self.watch.toggles, self.watch.noted
        self.tasks: list[asyncio.Task[None]] = []
        assistant = cast("Assistant", self.assistant)
        store = Store(folder / "app.json", logging.getLogger("test"))
        self.display = Display(
            assistant,
            cast("ToggleWatch", self.watch),
            Notices(assistant, "battery", store, lambda: NOON),
            self.spawn,
            logging.getLogger("test"),
        )

    def spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        self.tasks.append(asyncio.ensure_future(coroutine))

    async def show(self, view: View, *, again: bool = False) -> list[str]:
        """Show a view; return what Home Assistant was asked."""
        self.assistant.asked.clear()
        self.display.show(lambda: view, again=again)
        await asyncio.gather(*self.tasks)
        return list(self.assistant.asked)


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


async def test_a_toggle_that_shows_something_else_is_set_and_stored(wall: Wall) -> None:
    assert await wall.show(View({CHARGE: True, DISCHARGE: False}, {})) == ["input_boolean.charge on"]
    assert wall.noted == [{CHARGE: True, DISCHARGE: False}]
    assert await wall.show(View({CHARGE: True, DISCHARGE: False}, {})) == []


async def test_the_event_of_an_own_change_comes_before_the_call_returns_and_is_no_flip(wall: Wall) -> None:
    flips = []
    wall.assistant.meanwhile = lambda: flips.append(
        wall.toggles.changed(CHARGE, State("off", False, None), State("on", False, "the app's user"))
    )
    await wall.show(View({CHARGE: True}, {}))
    assert flips == [None]


async def test_a_toggle_that_could_not_be_set_is_set_with_the_next_view(wall: Wall) -> None:
    wall.assistant.away = True
    await wall.show(View({CHARGE: True}, {}))
    assert wall.toggles.seen[CHARGE] is False
    wall.assistant.away = False
    assert await wall.show(View({CHARGE: True}, {})) == ["input_boolean.charge on"]


async def test_a_toggle_that_was_never_seen_and_could_not_be_set_is_still_unseen(wall: Wall) -> None:
    wall.toggles.seen.clear()
    wall.assistant.away = True
    await wall.show(View({CHARGE: True}, {}))
    assert CHARGE not in wall.toggles.seen


async def test_an_unchanged_entity_is_published_once_unless_it_is_asked_for_again(wall: Wall) -> None:
    view = View({}, made(SOC, PROBLEM))
    assert await wall.show(view) == ["sensor.soc 50", "binary_sensor.problem off"]
    assert await wall.show(view) == []
    assert await wall.show(View({}, made(Entity("sensor.soc", "51", {}), PROBLEM))) == ["sensor.soc 51"]
    assert await wall.show(view, again=True) == ["sensor.soc 50", "binary_sensor.problem off"]


async def test_an_entity_that_home_assistant_did_not_take_is_published_with_the_next_view(wall: Wall) -> None:
    wall.assistant.away = True
    await wall.show(View({}, made(SOC)))
    wall.assistant.away = False
    assert await wall.show(View({}, made(SOC))) == ["sensor.soc 50"]


async def test_of_the_views_that_come_while_it_is_busy_only_the_newest_is_shown(wall: Wall) -> None:
    def burst() -> None:
        for soc in range(51, 60):
            wall.display.show(partial(View, {}, made(Entity("sensor.soc", str(soc), {}))))

    wall.assistant.meanwhile = burst
    assert await wall.show(View({}, made(SOC))) == ["sensor.soc 50", "sensor.soc 59"]
    assert len(wall.tasks) == 1


async def test_a_burst_before_it_begins_is_one_piece_of_work(wall: Wall) -> None:
    for _ in range(5):
        wall.display.show(lambda: View({}, made(SOC)))
    assert len(wall.tasks) == 1
    await asyncio.gather(*wall.tasks)
    assert wall.assistant.asked == ["sensor.soc 50"]


def unmakable() -> Entity:
    raise OverflowError("date value out of range")


async def test_an_entity_that_cannot_be_made_is_unknown_and_keeps_no_other_away(
    wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    concern = Concern((Problem(because(Kind.APP_FAILED), NOON),), timezone.utc, at_once=True)
    await wall.show(View({}, made(SOC)))
    view = View({CHARGE: True}, {SOC.entity_id: unmakable, **made(PROBLEM)}, concern)

    asked = await wall.show(view)
    assert asked[:-1] == ["input_boolean.charge on", "sensor.soc unknown", "binary_sensor.problem off"]
    assert asked[-1].startswith("**The app could not start.**")
    await wall.show(view)
    assert [record.message for record in caplog.records] == ["sensor.soc cannot be shown (OverflowError)"]

    assert await wall.show(View({}, made(SOC))) == ["sensor.soc 50"]
    await wall.show(view)
    assert len(caplog.records) == 2


@pytest.mark.parametrize("first", range(3))
async def test_what_raises_in_home_assistants_answer_keeps_nothing_else_away(
    wall: Wall, caplog: pytest.LogCaptureFixture, first: int
) -> None:
    answers = 0

    def broken() -> None:
        nonlocal answers
        answers += 1
        wall.assistant.meanwhile = broken
        if answers == first + 1:
            raise ValueError("an odd answer")

    wall.assistant.meanwhile = broken
    asked = await wall.show(View({CHARGE: True}, made(SOC, PROBLEM)))
    assert asked == ["input_boolean.charge on", "sensor.soc 50", "binary_sensor.problem off"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_view_that_cannot_be_made_is_told_and_does_not_stop_the_next(
    wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    def unmade() -> View:
        wall.display.show(lambda: View({}, made(SOC)))
        raise ValueError("a bug")

    wall.display.show(unmade)
    await asyncio.gather(*wall.tasks)
    assert wall.assistant.asked == ["sensor.soc 50"]
    assert "What is so could not be shown; please report this" in caplog.text


async def test_a_notice_comes_after_the_entities_that_it_is_about(wall: Wall) -> None:
    concern = Concern((Problem(because(Kind.APP_FAILED), NOON),), timezone.utc, at_once=True)
    asked = await wall.show(View({}, made(PROBLEM), concern))
    assert asked[0] == "binary_sensor.problem off"
    assert asked[1].startswith("**The app could not start.**")
