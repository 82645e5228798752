"""Any day of a home: whatever people, the Enphase app, the line and the cloud do, what the app promises holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.losses import is_given_up
from enphase_battery.control.plan import terms_wanted
from enphase_battery.control.windows.window import Window
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.errors import Conflict, EnlightenError, Forbidden, RateLimited, Refused, Unreachable
from enphase_battery.words.reasons import entry
from tests.unit.fake_cloud import NOON
from tests.unit.small_home import SmallHome, rules

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
SWITCHES_ONLY = rules(
    windows=(
        Window("charge", CHARGE, time(12, 10), time(12, 40), EVERY_DAY, None),
        Window("discharge", DISCHARGE, time(13), time(13, 20), EVERY_DAY, None),
    )
)
SCHEDULED = replace(SWITCHES_ONLY, lead=timedelta(minutes=5))
THEIRS = (
    Terms(CHARGE, time(15), time(16), EVERY_DAY, "Europe/London", 90),
    Terms(DISCHARGE, time(12, 30), time(13, 10), EVERY_DAY, "Europe/London", 20),
    Terms(RESTRICT, time(23), time(1), EVERY_DAY, "Europe/London"),
)
"""What somebody may put into the Enphase app, per family."""

SECOND, MINUTE, QUARTER = timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=15)

Event = tuple[str, Control, bool, int, list[EnlightenError | None]]

ANYWHERE = (
    *("flip", "set", "cancel", "release", "refresh", "restart", "wait", "wait", "enphase app", "lag", "deaf"),
    *("trouble with read", "trouble with validate", "trouble with write", "trouble with refresh"),
)
WITH_ENTRIES = (
    *("their entry", "their removal", "their edit", "no list", "offline", "flags", "touching"),
    *("trouble with create", "trouble with delete", "trouble with update", "trouble with answer to write"),
    *("trouble with answer to create", "trouble with answer to delete", "trouble with answer to update"),
)


def events(names: Sequence[str], *errors: EnlightenError) -> st.SearchStrategy[list[Event]]:
    trouble = [None, Unreachable("down"), Refused("no"), Forbidden("no"), RateLimited("slow", 90), *errors]
    return st.lists(
        st.tuples(
            st.sampled_from(names),
            st.sampled_from(Control),
            st.booleans(),
            st.sampled_from([1, 20, 100, 400, 1200]),
            st.lists(st.sampled_from(trouble), max_size=3),
        ),
        max_size=12,
    )


class Day:
    """A home with the timers that the app sets in AppDaemon: the next wake, the heartbeat, the poll."""

    def __init__(self, folder: Path, *, has_schedules: bool) -> None:
        self.rules = SCHEDULED if has_schedules else SWITCHES_ONLY
        self.home = SmallHome(folder, self.rules, has_schedules=has_schedules)
        self.commands = 0
        self._poll, self._beat = NOON + QUARTER, NOON + MINUTE

    async def wait(self, span: timedelta) -> None:
        """Let the timers fire. Raises AssertionError when they fire far more often than anything asks for."""
        home, fired, end = self.home, 0, self.home.clock.now + span
        while True:
            wake = home.coordinator.next_wake()
            alarm = max(wake, home.clock.now + SECOND) if wake else end
            home.clock.now = max(home.clock.now, min(alarm, self._poll, self._beat))
            if home.clock.now >= end:
                return
            fired += 1
            assert fired < 10 + span / (20 * SECOND), "the app is never at rest"
            poll = home.clock.now >= self._poll
            self._poll += poll * QUARTER
            self._beat += (home.clock.now >= self._beat) * MINUTE
            await home.wait(poll=poll)

    async def command(self, **data: object) -> None:
        self.commands += 1
        await self.home.command(id=str(self.commands), **data)

    async def restart(self) -> None:
        self.home.start(self.rules)
        await self.home.coordinator.poll()

    async def happen(
        self, name: str, control: Control, on: bool, seconds: int, errors: list[EnlightenError | None]
    ) -> None:
        cloud, state = self.home.cloud, "on" if on else "off"
        asked: Mapping[str, Callable[[], Awaitable[None]]] = {
            "flip": lambda: self.home.flip(control, on),
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
        elif name.startswith("trouble with "):
            cloud.trouble.setdefault(name.removeprefix("trouble with "), []).extend(errors * 50)  # an outage lasts
        else:
            self._happen_to_entries(name, control, on)

    def _happen_to_entries(self, name: str, control: Control, on: bool) -> None:
        cloud = self.home.cloud
        some = next((key for key, one in cloud.stored.items() if one.terms.control is control), None)
        if name == "their entry":
            terms = next(one for one in THEIRS if one.control is control)
            if cloud.has_room_for(terms):
                cloud.add(terms)
        elif name == "their removal" and some is not None:
            cloud.remove(some)
        elif name == "their edit" and some is not None:
            cloud.edit(some, replace(cloud.stored[some].terms, days=frozenset({2})))
        elif name == "no list":
            cloud.list_answers = not cloud.list_answers
        elif name == "offline":
            cloud.activation = None
        elif name == "flags":
            cloud.one_flag = on
        elif name == "touching":
            cloud.touching = on

    def calm_down(self) -> None:
        """Let the cloud behave again."""
        cloud = self.home.cloud
        cloud.lag = timedelta(0)
        cloud.deaf_to.clear()
        cloud.trouble.clear()
        cloud.list_answers = True
        cloud.come_online()

    async def settle_down(self) -> None:
        """Let two hours go by in which nothing happens, and look at what is left of the day."""
        self.calm_down()
        await self.wait(timedelta(hours=2))
        wanted, cloud = self.home.coordinator.wishes.wanted(), self.home.cloud
        assert {control: one.switch for control, one in wanted.items()} == cloud.on, "not carried out"
        assert not any(one.intent.timed for one in wanted.values()), "something never ends"
        ledger = self.home.coordinator.reconciler.records.ledger
        due = [
            entry(terms) for terms in terms_wanted(wanted) if not is_given_up(terms, ledger.losses, self.home.clock.now)
        ]
        assert cloud.entries() == sorted(due), "not the entries that are wanted"
        cloud.writes()
        await self.home.coordinator.poll()
        assert cloud.writes() == [], "written again what is so already"

    async def boost(self) -> None:
        """Let somebody wish something for a while, which has to come true unless an entry of theirs is in the way."""
        home, cloud = self.home, self.home.cloud
        await self.command(command="set", control="restrict_discharge", state="on", duration=600)
        await self.wait(3 * MINUTE)
        obstacle = home.coordinator.wishes.wanted()[RESTRICT].obstacle
        assert obstacle is None or cloud.entries(foreign=True), "an obstacle that is none"
        acts = cloud.enforces(RESTRICT) if cloud.has_schedules else cloud.on[RESTRICT]
        assert acts or (cloud.entries(foreign=True) and not cloud.entries()), "a wish does not come true"


async def live(day: Day, events: Sequence[Event]) -> None:
    home = day.home
    await home.coordinator.poll()
    for event in events:
        await day.happen(*event)
        wanted = home.coordinator.wishes.wanted()
        beside = [one for control in Control if control.rival and (one := wanted.get(control)) and one.switch]
        if not home.cloud.has_schedules:
            assert len(beside) < 2 or not any(one.intent.timed for one in beside), "charge beside discharge"
    await day.settle_down()
    theirs = home.cloud.entries(foreign=True)
    await day.command(command="release")
    await day.settle_down()
    assert home.cloud.entries() == [], "something of the app's is left"
    assert home.coordinator.reconciler.records.ledger.owned == ()
    assert home.cloud.entries(foreign=True) == theirs
    await day.boost()
    await day.settle_down()
    finals = [one.envelope.id for one in home.results if one.outcome.final]
    assert sorted(finals, key=str) == sorted(str(number + 1) for number in range(day.commands)), "not one final result"


def spend(*, has_schedules: bool, events: Sequence[Event]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(live(Day(Path(folder), has_schedules=has_schedules), events))


@settings(max_examples=25, deadline=None)
@given(events(ANYWHERE))
def test_where_switches_rule_everything_wished_is_so_in_the_end_and_every_command_was_answered_once(
    events: list[Event],
) -> None:
    spend(has_schedules=False, events=events)


@settings(max_examples=25, deadline=None)
@given(events((*ANYWHERE, *WITH_ENTRIES), Conflict("CONFLICTING_SCHEDULE_CFG")))
def test_where_entries_rule_just_those_wanted_stand_in_the_end_and_nobody_elses_was_touched(
    events: list[Event],
) -> None:
    spend(has_schedules=True, events=events)
