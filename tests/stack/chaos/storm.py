"""Brings the house up, lets the storm rage, waits until all is calm, and gives what was seen."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from demo.appdaemon import AppDaemon
from demo.home_assistant import TIME_ZONE, HomeAssistant
from demo.lane import LANE
from demo.ports import free_port
from demo.processes import Process, running
from tests.stack.chaos.applog import AppLog
from tests.stack.chaos.catalogue import ENTRIES, READ_LAG_SECONDS
from tests.stack.chaos.cloud import Cloud
from tests.stack.chaos.diary import Diary
from tests.stack.chaos.faults import CloudFaults
from tests.stack.chaos.gauges import Gauges
from tests.stack.chaos.home import AUTOMATION, AwayError, Home
from tests.stack.chaos.machines import APP, Machines
from tests.stack.chaos.plan import Plan
from tests.stack.chaos.weather import Weather
from tests.stack.chaos.wishes import People
from tests.stack.chaos.witness import SENSORS, Witness
from tests.stack.house import House, State
from tests.stack.minutes import MINUTE, eventually, next_minute, until
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, RESTRICT
from tests.stack.programs import TIRELESS

POLL_SECONDS = 5
REQUESTS_PER_HOUR = 3600
CONSISTENCY_SECONDS = int(2 * READ_LAG_SECONDS)

_SETTINGS: dict[str, Any] = {
    "poll": POLL_SECONDS,
    "consistency": CONSISTENCY_SECONDS,
    "lead": 20,
    "token_refresh": 45,
    "requests_per_hour": REQUESTS_PER_HOUR,
    "pending_timeout": 60,
}
_PATIENCE_SECONDS = 240.0
_LOST = "the app began anew"
# An end that has come is seen to within this time, if nothing is wrong.
_END_SEEN_TO = timedelta(seconds=5)
# So long nothing may change any more.
_STILL_SECONDS = 3.0 * POLL_SECONDS


@dataclass(slots=True)
class Aftermath:
    """All that was seen.

    Attributes:
        plan: The storm.
        folder: Where the files of all programs lie.
        unsettled: What was not as wished last when the patience ended; empty: all was.
        calm_after: Seconds from the storm's end until all was as wished last.
        stirred: What changed afterwards, although nobody wished anything.
        states: Home Assistant's states at the end.
    """

    plan: Plan
    folder: Path
    cloud: Cloud
    diary: Diary
    weather: Weather
    people: People
    machines: Machines
    witness: Witness
    gauges: Gauges
    unsettled: str = ""
    calm_after: float = 0.0
    stirred: str = ""
    states: dict[str, State] | None = None

    @property
    def log(self) -> Path:
        """AppDaemon's log."""
        return self.folder / "appdaemon.log"

    @property
    def transcript(self) -> Path:
        """Every event that Home Assistant told."""
        return self.folder / "events.jsonl"


async def rage(plan: Plan, folder: Path) -> Aftermath:
    """Play a storm."""
    async with _house(plan, folder) as seen:
        watching = [
            asyncio.create_task(one) for one in (seen.witness.watch(), seen.gauges.watch(), seen.people.answer_codes())
        ]
        try:
            await _unless_blind(watching, _play(seen))
        finally:
            for task in watching:
                task.cancel()
            await asyncio.wait(watching)
    return seen


async def _play(seen: Aftermath) -> None:
    await _signed_in(seen.machines.home)
    await _storm(seen)
    await _calm(seen)


async def _unless_blind(watching: list["asyncio.Task[None]"], story: Coroutine[Any, Any, None]) -> None:
    """Let a story happen as long as those who watch do; what ends one of them ends it too."""
    playing = asyncio.create_task(story)
    try:
        done, _ = await asyncio.wait({*watching, playing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        playing.cancel()
    for task in done:
        task.result()


@asynccontextmanager
async def _house(plan: Plan, folder: Path) -> AsyncIterator[Aftermath]:
    rivals = _rivals(plan)
    diary, weather = Diary(rivals), Weather()
    packages = folder / "packages"
    packages.mkdir(parents=True)
    toggles, automation = packages / "toggles.yaml", packages / "automation.yaml"
    toggles.write_text(yaml.safe_dump({"input_boolean": House.helpers(APP)}), encoding="utf-8")
    automation.write_text(AUTOMATION, encoding="utf-8")
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(Cloud(plan.site, plan.seed).running())
        if plan.foreign:
            cloud.add_foreign(DISCHARGE)
            await asyncio.sleep(2)  # until the gateway has it
            cloud.keep_foreign()
        home_assistant = HomeAssistant(
            folder / "home-assistant", folder / "home-assistant.log", free_port(), [toggles, automation]
        )
        await stack.enter_async_context(running(home_assistant))
        log = folder / "appdaemon.log"
        appdaemon = AppDaemon(
            folder / "appdaemon", log, home_assistant, free_port(), follow_edits=False, subclass=TIRELESS
        )
        command = [str(LANE.appdaemon / "bin" / "appdaemon"), "-c", str(appdaemon.folder), "-D", "DEBUG"]
        appdaemon.process = Process("AppDaemon", command, log)
        await stack.enter_async_context(running(appdaemon))
        windows = _windows(plan, diary)
        appdaemon.add_app(APP, cloud.url, **{**House.settings(APP), **_SETTINGS, "windows": windows})
        home = Home(home_assistant)
        loaded = home_assistant.folder / "packages" / "enphase_battery_toggles.yaml"
        app_log = AppLog(log, APP)
        machines = Machines(home_assistant, appdaemon, home, cloud, diary, weather, app_log, loaded)
        people = People(home, cloud, diary, machines)
        transcript = folder / "events.jsonl"
        witness = Witness(home_assistant, cloud, diary, weather, people.commands, transcript, app_log)
        gauges = Gauges(machines, folder / "pages")
        yield Aftermath(plan, folder, cloud, diary, weather, people, machines, witness, gauges)


async def _storm(seen: Aftermath) -> None:
    plan = seen.plan
    faults = CloudFaults(seen.cloud, seen.weather)
    await asyncio.gather(
        faults.play(plan.cloud),
        seen.machines.play(plan.programs, plan.seconds),
        seen.people.play(plan.wishes),
        asyncio.sleep(plan.seconds),
    )


async def _calm(seen: Aftermath) -> None:
    """Wait until everything timed is over, then until all is as wished last; then see that it stays so."""
    timed = [made.until for made in seen.diary.made if made.until is not None]
    for end in (*timed, *(end for _, _, end in seen.diary.spans)):
        await until(end + _END_SEEN_TO)
    begun = asyncio.get_running_loop().time()

    async def as_wished() -> None:
        seen.states = await _states(seen.machines.home)
        # What was refused is known from the log only.
        seen.witness.refused()
        assert not (wrong := _wrong(seen)), wrong

    try:
        await eventually(as_wished, _PATIENCE_SECONDS)
    except AssertionError as error:
        seen.unsettled = str(error).partition("\n")[0]
    seen.calm_after = asyncio.get_running_loop().time() - begun
    before = seen.cloud.switches_on(), seen.cloud.counters()["writes"], seen.cloud.counters()["logins"]
    await asyncio.sleep(_STILL_SECONDS)
    after = seen.cloud.switches_on(), seen.cloud.counters()["writes"], seen.cloud.counters()["logins"]
    seen.stirred = "" if before == after else f"{before} became {after}"


def _wrong(seen: Aftermath) -> str:
    """Return what is not as wished last; empty when all is."""
    states = seen.states or {}
    found, on = [], seen.cloud.switches_on()
    for control in CONTROLS:
        shown = states.get(next(entity for entity, one in SENSORS.items() if one == control), {})
        told = shown.get("attributes", {})
        said = (states.get(f"input_boolean.{APP}_{control}", {}).get("state"), shown.get("state"), told.get("wanted"))
        state = "on" if on[control] else "off"
        if on[control] not in (possible := seen.diary.may_stand(control)):
            found.append(f"{control}: the cloud says {state}, wished was {possible}")
        if said != (state, state, state) or told.get("outcome") != "confirmed":
            found.append(f"{control}: the cloud says {state}; toggle, sensor, wanted: {said}, {told.get('outcome')}")
    entries = sorted((one["scheduleType"], one["startTime"], one["scheduleStatus"]) for one in seen.cloud.own_entries())
    due = [control for control in CONTROLS if on[control] and not (seen.plan.foreign and control == DISCHARGE)]
    types = {CHARGE: "CFG", DISCHARGE: "DTG", RESTRICT: "RBD"}
    wanted = sorted((types[control], "00:00", "active") for control in due) if seen.cloud.by_entries else []
    if entries != wanted:
        found.append(f"entries: {entries} instead of {wanted}")
    if states.get(f"sensor.{APP}_jwt", {}).get("state") != "OK":
        found.append(f"sensor.{APP}_jwt: {states.get(f'sensor.{APP}_jwt')}")
    problem = states.get(f"binary_sensor.{APP}_problem", {})
    # A store that was damaged, and its backup with it, is told for a day.
    if problem.get("state") != "off" and not problem.get("attributes", {}).get("problem", "").endswith(_LOST):
        found.append(f"binary_sensor.{APP}_problem: {problem}")
    return "; ".join(found)


async def _signed_in(home: Home) -> None:
    async def check() -> None:
        states = await _states(home)
        assert all(states.get(entity, {}).get("state") == "off" for entity in SENSORS)

    await eventually(check)


async def _states(home: Home) -> dict[str, State]:
    try:
        return await home.states()
    except AwayError:
        return {}


def _rivals(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return which controls cannot stand beside which: those that need an entry for the whole day."""
    needy = [one for one in CONTROLS if plan.era == ENTRIES and not (plan.foreign and one == DISCHARGE)]
    return {one: tuple(other for other in needy if other != one) if one in needy else () for one in CONTROLS}


def _windows(plan: Plan, diary: Diary) -> list[dict[str, str]]:
    """Return the windows as they are configured, and note in the diary when they have their time."""
    first, windows = next_minute(), []
    for number, window in enumerate(plan.windows):
        start = first + window.minute * MINUTE
        end = start + window.minutes * MINUTE
        diary.spans.append((window.control, start, end))
        times = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
        windows.append({"name": f"Window {number}", "control": window.control, **times})
    return windows


def describe(seen: Aftermath) -> str:
    """Return the storm in words, as it was."""
    begun = min((spell.begin for spell in seen.weather.spells), default=datetime.now().astimezone())

    def after(moment: datetime) -> float:
        return (moment - begun) / timedelta(seconds=1)

    lines = [
        (spell.begin, f"{spell.kind.group.value}: {spell.kind.name}, until {after(spell.end or begun):.1f}")
        for spell in seen.weather.spells
    ]
    lines += [
        (
            made.at,
            f"WISH {made.control} {'on' if made.on else 'off'} by {made.how.value}"
            + (f" for {(made.until - made.at).seconds} s" if made.until else "")
            + (", heard" if made.heard else "")
            + (f", confirmed {after(made.confirmed):.1f}" if made.confirmed else "")
            + (f", doubtful: {made.doubtful}" if made.doubtful else "")
            + (f", failed: {made.failed}" if made.failed else ""),
        )
        for made in seen.diary.made
    ]
    lines += [(begin, f"WINDOW {control} until {after(end):.1f}") for control, begin, end in seen.diary.spans]
    local = ZoneInfo(TIME_ZONE)
    return "\n".join(f"{at.astimezone(local):%H:%M:%S} {after(at):6.1f} {line}" for at, line in sorted(lines))
