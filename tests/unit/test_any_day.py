"""Any day of a house: whatever people, the Enphase app, the line and the cloud do, what the app promises holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.control.names import Control
from enphase_battery.control.windows import Window
from enphase_battery.control.wishes import RIVALS
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.errors import EnlightenError, Forbidden, RateLimited, Refused, Unreachable
from tests.unit.fake_cloud import NOON
from tests.unit.small_house import SmallHouse, rules

EVERY_DAY = frozenset(range(1, 8))
RULES = rules(
    windows=(
        Window("charge", Control.CHARGE_FROM_GRID, time(12, 10), time(12, 40), EVERY_DAY, None),
        Window("discharge", Control.DISCHARGE_TO_GRID, time(13), time(13, 20), EVERY_DAY, None),
    )
)
SECOND, MINUTE, QUARTER = timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=15)

Event = tuple[str, Control, bool, int, list[EnlightenError | None]]

EVENTS: st.SearchStrategy[Event] = st.tuples(
    st.sampled_from(
        [
            *("flip", "set", "cancel", "release", "refresh", "restart", "wait", "wait", "enphase app", "lag", "deaf"),
            *("trouble with read", "trouble with validate", "trouble with write", "trouble with refresh"),
        ]
    ),
    st.sampled_from(Control),
    st.booleans(),
    st.sampled_from([1, 20, 100, 400, 1200]),
    st.lists(
        st.sampled_from([None, Unreachable("down"), Refused("no"), Forbidden("no"), RateLimited("slow", 90)]),
        max_size=3,
    ),
)


class Day:
    """A house with the timers that the app sets in AppDaemon: the next wake, the heartbeat, the poll."""

    def __init__(self, folder: Path) -> None:
        self.house = SmallHouse(folder, RULES)
        self.commands = 0
        self._poll, self._beat = NOON + QUARTER, NOON + MINUTE

    async def wait(self, span: timedelta) -> None:
        """Let the timers fire. Raises AssertionError when they fire far more often than anything asks for."""
        house, fired, end = self.house, 0, self.house.clock.now + span
        while True:
            wake = house.controller.next_wake()
            alarm = max(wake, house.clock.now + SECOND) if wake else end
            house.clock.now = max(house.clock.now, min(alarm, self._poll, self._beat))
            if house.clock.now >= end:
                return
            fired += 1
            assert fired < 10 + span / (20 * SECOND), "the app is never at rest"
            poll = house.clock.now >= self._poll
            self._poll += poll * QUARTER
            self._beat += (house.clock.now >= self._beat) * MINUTE
            await house.wait(poll=poll)

    async def command(self, **data: object) -> None:
        self.commands += 1
        await self.house.command(id=str(self.commands), **data)

    async def restart(self) -> None:
        self.house.start(RULES)
        await self.house.controller.poll()

    async def happen(
        self, name: str, control: Control, on: bool, seconds: int, errors: list[EnlightenError | None]
    ) -> None:
        cloud, state = self.house.cloud, "on" if on else "off"
        asked: Mapping[str, Callable[[], Awaitable[None]]] = {
            "flip": lambda: self.house.controller.flip(control, on),
            "set": lambda: self.command(command="set", control=control.value, state=state, duration=seconds),
            "cancel": lambda: self.command(command="cancel", control=control.value),
            "release": lambda: self.command(command="release"),
            "refresh": lambda: self.command(command="refresh"),
            "restart": self.restart,
            "wait": lambda: self.wait(timedelta(seconds=seconds)),
        }
        if name in asked:
            await asked[name]()
        elif name == "enphase app":
            cloud.switch(control, on)
        elif name == "lag":
            cloud.lag = timedelta(seconds=min(seconds, 100))
        elif name == "deaf":
            cloud.deaf_to = set(WriteForm) if on else {WriteForm.SHORT}
        else:
            cloud.trouble.setdefault(name.removeprefix("trouble with "), []).extend(errors * 50)  # an outage lasts

    def calm_down(self) -> None:
        """Let the cloud behave again."""
        cloud = self.house.cloud
        cloud.lag = timedelta(0)
        cloud.deaf_to.clear()
        cloud.trouble.clear()


async def live(day: Day, events: Sequence[Event]) -> None:
    house = day.house
    await house.controller.poll()
    for event in events:
        await day.happen(*event)
        wanted = house.controller.wanted()
        beside = [one for control in RIVALS if (one := wanted.get(control)) and one.switch]
        assert len(beside) < 2 or not any(one.intent.timed for one in beside), "charge beside discharge"
    day.calm_down()
    await day.wait(timedelta(hours=2))
    wanted = house.controller.wanted()
    assert {control: one.switch for control, one in wanted.items()} == house.cloud.on, "not carried out"
    assert not any(one.intent.timed for one in wanted.values()), "something never ends"
    finals = [one.envelope.id for one in house.results if one.outcome.final]
    assert sorted(finals, key=str) == sorted(str(number + 1) for number in range(day.commands)), "not one final result"
    house.cloud.writes()
    await house.controller.poll()
    assert house.cloud.writes() == [], "written again what is so already"


@settings(max_examples=25, deadline=None)
@given(st.lists(EVENTS, max_size=12))
def test_when_the_cloud_behaves_again_everything_wished_is_so_and_every_command_was_answered_once(
    events: list[Event],
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(live(Day(Path(folder)), events))
