"""Makes the wishes: in Home Assistant, by events, with the phone app."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tests.stack.chaos.cloud import Cloud
from tests.stack.chaos.diary import Diary, Made
from tests.stack.chaos.home import FLIP_EVENT, AwayError, Home
from tests.stack.chaos.machines import APP, Machines
from tests.stack.chaos.plan import BY_PHONE, How, Wish
from tests.stack.chaos.weather import now
from tests.stack.phone import CHARGE, DISCHARGE

_LOOK_SECONDS = 1.0
_BETWEEN_SECONDS = 0.3
_COMMAND = "enphase_battery_command"


@dataclass(slots=True)
class People:
    """Those who wish.

    Attributes:
        commands: The `set` commands by their id.
        skipped: How many wishes could not be made.
    """

    home: Home
    cloud: Cloud
    diary: Diary
    machines: Machines
    commands: dict[str, Made] = field(default_factory=dict)
    skipped: int = 0
    codes: list[str] = field(default_factory=list)
    """The codes of the second factor that were typed in."""

    async def answer_codes(self) -> None:
        """Type in every code that the cloud sends, once the app says that it waits for one; until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            code = self.cloud.otp_code()
            if code is None or code in self.codes or not self.machines.listening:
                continue
            try:
                states = await self.home.states()
                if states.get(f"sensor.{APP}_jwt", {}).get("state") == "MFA_REQUIRED":
                    self.codes.append(code)
                    await self.home.fire(_COMMAND, app=APP, id=f"code {len(self.codes)}", command="otp", code=code)
            except AwayError:
                continue

    async def play(self, wishes: Sequence[Wish]) -> None:
        """Make each wish at its time from now; one that nobody can make then is left out."""
        begun = asyncio.get_running_loop().time()
        for number, wish in enumerate(wishes):
            await asyncio.sleep(max(0.0, begun + wish.at - asyncio.get_running_loop().time()))
            try:
                made = not self.machines.cleared and await self._make(wish, f"wish {number}")
            except AwayError:
                made = False
            self.skipped += not made

    async def _make(self, wish: Wish, number: str) -> bool:
        if wish.how in (How.TOGGLE, How.AUTOMATION):
            return await self._flip(wish)
        if wish.how in BY_PHONE:
            return await self._by_phone(wish)
        if not self.machines.listening:
            return False  # an event that nobody hears is no wish
        if wish.how in (How.SET, How.TIMED):
            await self._set(wish, number)
        else:
            control = {"control": wish.control} if wish.how is How.CANCEL else {}
            await self.home.fire(_COMMAND, app=APP, id=number, command=wish.how.value, **control)
        return True

    async def _flip(self, wish: Wish) -> bool:
        """Flip a toggle to what it does not show."""
        entity = f"input_boolean.{APP}_{wish.control}"
        shown = (await self.home.states()).get(entity, {}).get("state")
        if wish.control in self.machines.touched or shown not in ("on", "off"):
            return False
        wish = replace(wish, on=shown == "off")
        to = "on" if wish.on else "off"
        # After a restart of Home Assistant only what an automation does can be told from what was restored.
        restored = "" if self.machines.kept or wish.how is How.AUTOMATION else "it may look like a restored state"
        self._note(wish, doubtful=restored)
        if wish.how is How.AUTOMATION:
            await self.home.fire(FLIP_EVENT, entity=entity, to=to)
        else:
            await self.home.service("input_boolean", f"turn_{to}", entity_id=entity)
        return True

    async def _set(self, wish: Wish, number: str) -> None:
        ends = {"duration": wish.seconds} if wish.how is How.TIMED else {}
        made = self._note(wish)
        if not ends:
            made.doubtful = made.doubtful or "the app may not have heard the event"  # until it answers
        self.commands[number] = made
        state = "on" if wish.on else "off"
        await self.home.fire(_COMMAND, app=APP, id=number, command="set", control=wish.control, state=state, **ends)

    async def _by_phone(self, wish: Wish) -> bool:
        """Act in the Enphase app; of that and a wish that is not carried out yet nobody can say which is newer."""
        if wish.how is How.PHONE_ENTRIES:
            self.cloud.phone_entries(DISCHARGE, 2 + wish.on)
            return True
        if wish.how is How.PHONE_FLAG:
            wish = replace(wish, control=CHARGE, on=False)
        late = self.diary.unsettled(wish.control) or self.diary.within_timed(wish.control, now())
        doubtful = "another wish was on its way" if late else ""
        if wish.how is How.PHONE_TWICE:
            self.cloud.phone(wish.control, not wish.on)
            await asyncio.sleep(_BETWEEN_SECONDS)
        elif wish.how is How.PHONE_FLAG:
            if not self.cloud.phone_unschedules():
                return False
        elif wish.how is How.PHONE_REMOVES:
            if not self.cloud.phone_removes(wish.control):
                return False
        elif self.cloud.switches_on()[wish.control] is wish.on:
            return False
        self._note(wish, doubtful=doubtful)
        if wish.how in (How.PHONE, How.PHONE_TWICE):
            self.cloud.phone(wish.control, wish.on)
        return True

    def _note(self, wish: Wish, doubtful: str = "") -> Made:
        at = now()
        until = at + timedelta(seconds=wish.seconds) if wish.how is How.TIMED else None
        return self.diary.add(Made(at, wish.control, wish.on, wish.how, until, doubtful))
