"""Watches the house: writes down all that Home Assistant tells, and finds each `confirmed` that is not true."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from demo.home_assistant import HomeAssistant
from demo.websocket import CallError
from tests.stack.chaos.applog import AppLog, Refusal
from tests.stack.chaos.catalogue import REPORT_SECONDS
from tests.stack.chaos.cloud import Cloud
from tests.stack.chaos.diary import Diary, Made
from tests.stack.chaos.home import AwayError, Home
from tests.stack.chaos.machines import APP
from tests.stack.chaos.weather import Weather, now
from tests.stack.phone import CONTROLS

SENSORS = {f"binary_sensor.{APP}_{control}": control for control in CONTROLS}

# What the app read a moment ago may have changed since.
_GRACE = timedelta(seconds=5)
# What the phone app changed is noticed by two reads that count; with nothing wrong they come within this time.
_PHONE_GRACE = timedelta(seconds=25)
# What the gateway does is known by its reports, and by the poll that reads one.
_GATEWAY_GRACE = timedelta(seconds=REPORT_SECONDS + 15)
_LOOK_SECONDS = 0.25
_SILENCE_SECONDS = 2.0
_SAME = timedelta(seconds=1)
# The app refuses by itself to wake the owner's entries.
_OWN_RULE = "would come alive"
_REFUSED_WITHIN = timedelta(minutes=1)


@dataclass(slots=True)
class Witness:
    """Sees every event of Home Assistant, over its restarts.

    Attributes:
        commands: The `set` commands by their id, as they are made.
        wrong: The wrong confirmations, in words.
        unlike: What was said of the gateway and was otherwise, in words.
        answers: Per id of a command the final outcomes.
    """

    home_assistant: HomeAssistant
    cloud: Cloud
    diary: Diary
    weather: Weather
    commands: Mapping[str, Made]
    transcript: Path
    log: AppLog
    wrong: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    connections: int = 0

    async def watch(self) -> None:
        """Watch until cancelled."""
        with self.transcript.open("w", encoding="utf-8") as transcript:
            await asyncio.gather(self._look(), self._listen(transcript))

    async def _look(self) -> None:
        while True:
            self.cloud.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self, transcript: TextIO) -> None:
        home = Home(self.home_assistant)
        while True:
            try:
                await home.states()  # it answers: worth a connection
                async with self.home_assistant.socket() as socket:
                    self.connections += 1
                    events = await socket.subscribe("*")
                    while True:
                        try:
                            event = await asyncio.wait_for(events.get(), _SILENCE_SECONDS)
                        except asyncio.TimeoutError:
                            await asyncio.wait_for(socket.call("get_config"), _SILENCE_SECONDS)
                            continue
                        transcript.write(json.dumps(event) + "\n")
                        self._hear(event)
            except (AwayError, aiohttp.ClientError, CallError, OSError, asyncio.TimeoutError, TypeError):
                await asyncio.sleep(_LOOK_SECONDS)

    def _hear(self, event: dict[str, Any]) -> None:
        data = event["data"]
        if event["event_type"] == "state_changed" and data["entity_id"] in SENSORS and data["new_state"]:
            self._sensor(SENSORS[data["entity_id"]], data["new_state"])
        elif event["event_type"] == "enphase_battery_result" and data.get("app") == APP:
            self._result(data)

    def _sensor(self, control: str, state: dict[str, Any]) -> None:
        told, at = state["attributes"], datetime.fromisoformat(state["last_updated"])
        wanted = {"on": True, "off": False}.get(told.get("wanted", ""))
        if wanted is None:
            return
        outcome, last = told.get("outcome"), self.diary.last(control)
        if last is not None and "until" not in told and wanted is last.on and at >= last.at:
            last.heard = True
            if outcome == "confirmed" and last.confirmed is None:
                last.confirmed = at
        said = f"sensor {state['state']} {json.dumps(told)}"
        if outcome == "confirmed":
            self._check(control, wanted, at, said)
        acts = {"yes": True, "no": False}.get(told.get("enforced", ""))
        if acts is not None and state["state"] != "unavailable":
            self._check_gateway(control, acts, at, said)

    def _check_gateway(self, control: str, acts: bool, at: datetime, said: str) -> None:
        """Hold `enforced` against what the gateway does; what is not known is no fault."""
        last = self.cloud.last_acted(control, acts, at)
        if last is None or self.weather.calm(last, at) > _GATEWAY_GRACE:
            since = "" if last is None else f" since {last:%H:%M:%S.%f}"
            self.unlike.append(f"{at:%H:%M:%S.%f} {control} enforced {acts}: not so{since}. {said}")

    def _check(self, control: str, on: bool, at: datetime, said: str) -> None:
        """Hold `confirmed` against what the cloud stores, which the app may see a moment late."""
        agreed = self.cloud.last_agreed(control, on, at)
        if agreed is None:
            self.wrong.append(f"{at:%H:%M:%S.%f} {control} {'on' if on else 'off'}: never so. {said}")
            return
        late = at - agreed - self.weather.programs_down(agreed, at)
        if late <= _GRACE:
            return
        phoned = self.cloud.phoned.get(control)
        if phoned is not None and -_SAME < agreed - phoned < self.cloud.delay + _SAME:
            if self.weather.calm(agreed, at) <= _PHONE_GRACE:
                return
            said = f"(changed in the phone app at {phoned:%H:%M:%S}) {said}"
        self.wrong.append(
            f"{at:%H:%M:%S.%f} {control} {'on' if on else 'off'}: not so since {agreed:%H:%M:%S.%f}. {said}"
        )

    def _result(self, data: dict[str, Any]) -> None:
        number, outcome = data.get("id", ""), data["outcome"]
        made = self.commands.get(number)
        if outcome != "pending":
            self.answers.setdefault(number, []).append(outcome)
        if made is None:
            return
        made.heard = True
        if made.doubtful.startswith("the app may not"):
            made.doubtful = ""
        if outcome == "failed":
            made.failed = data["reason"] or "failed"
        if outcome == "confirmed":
            if made.confirmed is None and made is self.diary.last(made.control):
                made.confirmed = now()
            if not self.cloud.agreed_since(made.control, made.on, made.at - _GRACE):
                self.wrong.append(f"{now():%H:%M:%S.%f} result {json.dumps(data)}: never so since {made.at:%H:%M:%S}")

    def refused(self) -> list[Refusal]:
        """Note which wishes the app's log says were refused; return those that no fault and no rule explains."""
        refusals = self.log.follow().refusals
        for one in refusals:
            before = [made for made in self.diary.made if made.control == one.control and made.at <= one.at]
            last = next((made for made in reversed(before) if made.is_flip), None)
            if last is not None and last.on is one.on:
                last.failed = one.reason
        return [one for one in refusals if _OWN_RULE not in one.reason and not self._explains(one.at)]

    def _explains(self, at: datetime) -> bool:
        return self.weather.refuses(at - _REFUSED_WITHIN, at)
