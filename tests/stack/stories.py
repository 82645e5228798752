"""What happens in a house while real minutes pass; each story returns what was seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from demo.home_assistant import HomeAssistant
from demo.websocket import HomeAssistantSocket
from tests.stack.house import House, State, Stretch, answer
from tests.stack.minutes import MINUTE, eventually, next_minute, now, until
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, RESTRICT
from tests.stack.programs import OpenHouse, appdaemon_in, house_in

TARGET = 80
"""Percent at which the windows' charge stops."""

# In one minute the simulated battery charges by 0.64 percent: it reaches the target inside the window.
_BELOW_TARGET = 0.4
_NEXT_POLL_SECONDS = 75.0

# A window's entry is written as soon as the app runs.
_LEAD = 2 * MINUTE

_LATE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What the stories are played with."""

    open_house: OpenHouse
    folder: Path
    home_assistant: HomeAssistant
    home: HomeAssistantSocket


@dataclass(frozen=True, slots=True)
class Told:
    """What was seen in a story.

    Attributes:
        start: When the window or the command began.
        end: When it was to end.
        enforced: When the gateway enforced each control; in the story of the dead AppDaemon while that was dead.
        found: The account as the app found it.
        left: The account at the story's end.
        soc: The battery's state of charge in percent before, inside, at the end of, and after the window.
        meanwhile: The account while AppDaemon was dead, or while the command ran.
    """

    start: datetime
    end: datetime
    enforced: dict[str, list[Stretch]]
    found: State
    left: State
    soc: tuple[float, ...] = ()
    meanwhile: State | None = None


async def switched(stage: Stage) -> Told:
    """A window where switches alone decide; another control stands on, beside it."""
    start = next_minute()
    end = start + MINUTE
    async with stage.open_house("switched", "2025-07", windows=[_charge_window(start, end)]) as house:
        await house.signed_in()
        await house.flip(RESTRICT, "on")
        await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed")
        upcoming = await house.shows(f"sensor.{house.name}_next_window", start.isoformat(), name="Test rate")
        assert upcoming["attributes"]["end"] == end.isoformat()
        assert not (await house.cloud())[CHARGE]

        await _shows_charging(house, "on", start, source="window", fail_safe="no")
        await house.shows(house.toggle(CHARGE), "on")
        await _shows_charging(house, "off", end, source="cloud")
        await house.shows(house.toggle(CHARGE), "off")
        await house.gateway_enforces(CHARGE, False)
        await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed")
        await house.gateway_enforces(RESTRICT, True)
        return await _told(house, start, end)


async def tariff(stage: Stage) -> Told:
    """A window in a family that the owner keeps on with an entry for later, beside other entries of the owner's."""

    async def furnish(house: House) -> None:
        await house.simulator.switch(house_kw=0, report_interval=1)  # nothing but the window moves the battery
        await house.simulator.tell("battery", soc=TARGET - _BELOW_TARGET)
        await house.phone.adds(CHARGE, *_later(hours=3))
        await house.phone.switches(chargeFromGrid=True)
        await house.phone.adds(DISCHARGE, *_later(hours=5))
        await house.phone.adds(RESTRICT, *_later(hours=7), applied=False)

    start = next_minute()
    end = start + MINUTE
    window = _charge_window(start, end)
    async with stage.open_house("tariff", furnish=furnish, windows=[window], lead=_LEAD.seconds) as house:
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed", source="cloud", enforced="no")
        await _own_entry_is_active(house)
        soc = [await house.soc()]
        await until(start + timedelta(seconds=10))
        soc.append(await house.soc())
        await house.shows(house.sensor(CHARGE), "on", source="window", enforced="yes", target_soc=str(TARGET))
        await until(end - timedelta(seconds=5))
        soc.append(await house.soc())
        await house.shows(
            house.sensor(CHARGE), "on", _patience(end), outcome="confirmed", source="cloud", enforced="no"
        )
        await house.shows(f"sensor.{house.name}_soc", str(TARGET), _NEXT_POLL_SECONDS)
        soc.append(await house.soc())
        return await _told(house, start, end, soc=tuple(soc))


async def orphaned(stage: Stage) -> Told:
    """A window in a family that is off; AppDaemon is killed inside it, and started again after its end."""

    async def furnish(house: House) -> None:
        await house.phone.adds(DISCHARGE, *_later(hours=3))
        await house.phone.adds(RESTRICT, *_later(hours=5))
        await house.phone.switches(rbdControl={"enabled": True})

    folder = stage.folder / "orphaned"
    async with appdaemon_in(folder, stage.home_assistant) as appdaemon:
        start = next_minute()
        end = start + MINUTE
        window, lead = _charge_window(start, end), _LEAD.seconds
        async with house_in(
            folder, appdaemon, stage.home, "orphaned", furnish=furnish, windows=[window], lead=lead
        ) as house:
            await _own_entry_is_active(house)
            await house.shows(house.sensor(CHARGE), "off", wanted="off", outcome="confirmed")
            await house.shows(house.toggle(CHARGE), "off")
            assert (await house.cloud())[CHARGE]

            await _shows_charging(house, "on", start, source="window", fail_safe="yes", enforced="yes")
            await house.shows(house.toggle(CHARGE), "on")
            await appdaemon.process.kill()
            await until(end + timedelta(seconds=2))
            enforced = {control: await house.enforced(control) for control in CONTROLS}
            meanwhile = await house.account()

            await appdaemon.start()
            await house.shows(house.sensor(CHARGE), "off", wanted="off", outcome="confirmed")
            await house.shows(house.toggle(CHARGE), "off")
            return Told(start, end, enforced, house.found, await house.account(), meanwhile=meanwhile)


async def boosted(stage: Stage, length: timedelta = MINUTE) -> Told:
    """A timed charge while the charge of the battery is held the whole day."""

    async def furnish(house: House) -> None:
        # The only minute of the day that the hold leaves free.
        midnight = now().replace(hour=0, minute=0)
        weekday = (now() + timedelta(days=3)).isoweekday()
        await house.phone.adds(DISCHARGE, midnight - MINUTE, midnight, days=(weekday,))

    async with stage.open_house("boosted", furnish=furnish) as house:
        await house.signed_in()
        await house.flip(RESTRICT, "on")
        await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed", enforced="yes")
        house.found = await house.account()

        results = await house.home.subscribe("enphase_battery_result")
        start = now()
        await house.command(id="boost", command="set", control=CHARGE, state="on", duration=str(length))
        assert (await answer(results, "boost"))["outcome"] == "confirmed"
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed", source="command", enforced="yes")
        held = await house.shows(house.sensor(RESTRICT), "off", wanted="on", outcome="pending", enforced="unknown")
        assert held["attributes"]["reason"].startswith("held back by charge from grid until ")
        for control in (CHARGE, RESTRICT):
            await house.shows(house.toggle(control), "on")
        meanwhile = await house.account()

        end = start + length
        await _shows_charging(house, "off", end, source="cloud", wanted="off")
        await house.shows(house.toggle(CHARGE), "off")
        await house.shows(house.sensor(RESTRICT), "on", outcome="confirmed", source="toggle", enforced="yes")
        await house.gateway_enforces(RESTRICT, True)
        return await _told(house, start, end, meanwhile=meanwhile)


def _charge_window(start: datetime, end: datetime) -> dict[str, Any]:
    times = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    return {"name": "Test rate", "control": CHARGE, "target_soc": TARGET, **times}


def _later(hours: int) -> tuple[datetime, datetime]:
    start = now() + timedelta(hours=hours)
    return start, start + timedelta(hours=1)


async def _own_entry_is_active(house: House) -> None:
    """Wait until the gateway has what the app wrote."""

    async def check() -> None:
        assert [entry["scheduleStatus"] for entry in await house.own_entries()] == ["active"]

    await eventually(check)


async def _shows_charging(house: House, state: str, when: datetime, **attributes: str) -> None:
    """Wait until the sensor of charge from grid changes, which Home Assistant must not see before `when`."""
    shown = await house.shows(house.sensor(CHARGE), state, _patience(when), outcome="confirmed", **attributes)
    assert datetime.fromisoformat(shown["last_changed"]) >= when


def _patience(when: datetime) -> float:
    return (when - now()).total_seconds() + _LATE_SECONDS


async def _told(house: House, start: datetime, end: datetime, **more: Any) -> Told:
    enforced = {control: await house.enforced(control) for control in CONTROLS}
    return Told(start, end, enforced, house.found, await house.account(), **more)
