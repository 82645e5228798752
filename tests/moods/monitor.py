"""Watches a home while a scenario happens in it: what is said, held against what the cloud really stores."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytz

from simulator.site.cloud_state import CloudState
from simulator.site.entries import Entry
from simulator.site.windows import DAY, WEEK, Window
from tests.lab.fake_home_assistant import FakeHomeAssistant
from tests.lab.lab import TOGGLES, Lab

FAMILIES = {"charge_from_grid": "CFG", "discharge_to_grid": "DTG", "restrict_discharge": "RBD"}
CONTROLS = {toggle: control for control, toggle in TOGGLES.items()}
SENSORS = {f"binary_sensor.enphase_battery_{control}": control for control in FAMILIES}
TITLES = {
    "charge_from_grid": "charge from grid",
    "discharge_to_grid": "discharge to grid",
    "restrict_discharge": "restrict battery discharge",
}
ROUNDING = timedelta(minutes=1)
"""An entry may begin or end so much sooner or later than the wish: it knows whole minutes, and none after 23:59."""

SPLIT = timedelta(hours=2)
"""How much later than its window an entry may begin: it is the half after midnight, or the clocks go forward."""

Deed = tuple[str, str, str]
"""What somebody did: with what (`flip`, `switch`, `add`, `remove`, `change`), to which control, and to what state."""


class Monitor(logging.Handler):
    """Looks at every state published, every event fired, every line logged and every jump of the clock.

    Args:
        unseen: How long what others do in the cloud may stay unseen by the app.
        lead: How long before its start a window is written.

    Attributes:
        faults: What was wrong, in words.
        trail: The states that each toggle went through.
        commands: The commands that were fired, by id.
    """

    def __init__(self, unseen: timedelta, lead: timedelta) -> None:
        super().__init__()
        self._one: Any = None
        self._unseen = unseen
        self._lead = lead
        self._deeds: list[Deed] = []
        self._touched: dict[str, datetime] = {}
        self.commands: dict[str, Mapping[str, Any]] = {}
        self._said: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.trail: dict[str, list[str]] = {control: [] for control in FAMILIES}

    # -- what is to be looked at --------------------------------------------------------------------------------------

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for the length of a block."""
        preset, fire = FakeHomeAssistant.preset, FakeHomeAssistant.fire_plugin_event
        set_time, start = Lab._set_time, Lab.start

        def shown(ha: FakeHomeAssistant, entity_id: str, state: str, **about: Any) -> None:
            preset(ha, entity_id, state, **about)
            self._shown(entity_id, state, about)

        async def fired(ha: FakeHomeAssistant, event: str, namespace: str, **data: Any) -> None:
            self._fired(event, data)
            await fire(ha, event, namespace, **data)

        def jumped(one: Lab, now: datetime) -> None:
            for control in self._said:
                self._look(control)
            set_time(one, now)

        async def started(one: Lab, *there: Any) -> None:
            self._one = one
            await start(one, *there)

        root = logging.getLogger()
        root.addHandler(self)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FakeHomeAssistant, "preset", shown)
            patch.setattr(FakeHomeAssistant, "fire_plugin_event", fired)
            patch.setattr(Lab, "_set_time", jumped)
            patch.setattr(Lab, "start", started)
            try:
                yield
            finally:
                root.removeHandler(self)

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """Note what is done in the Enphase app meanwhile."""
        before = self._stored()
        yield
        after = self._stored()
        for control in FAMILIES:
            old, new = _entries(before, control), _entries(after, control)
            deeds = [("add", "")] * len(new.keys() - old.keys()) + [("remove", "")] * len(old.keys() - new.keys())
            deeds += [("change", "") for one in old.keys() & new.keys() if old[one].window != new[one].window]
            on = getattr(after.settings, control)
            if getattr(before.settings, control) is not on:
                deeds.append(("switch", "on" if on else "off"))
            self._deeds += [(what, control, state) for what, state in deeds]
            if deeds or after.settings != before.settings:
                self._touched[control] = self._one.clock.now

    def flips(self, control: str, state: str) -> None:
        """Note that somebody flips a toggle."""
        # The last one counts, and may be heard again: after a restart, where it could not be stored.
        self._deeds = [deed for deed in self._deeds if deed[:2] != ("flip", control)]
        self._deeds.append(("flip", control, state))

    def emit(self, record: logging.LogRecord) -> None:
        """Hold what the app says of others against what they did."""
        text = record.getMessage()
        if record.levelno >= logging.ERROR:
            self._blame(f"an error is logged: {text}")
        for control, title in TITLES.items():
            for what, state, words in (
                ("switch", "on", f"Somebody switched {title} on"),
                ("switch", "off", f"Somebody switched {title} off"),
                ("add", "", f"Somebody added the entry {title}"),
                ("remove", "", f"Somebody removed the entry {title}"),
                ("change", "", f"Somebody changed the entry {title}"),
                ("flip", "on", f"{title.capitalize()} is wished on (toggle)"),
                ("flip", "off", f"{title.capitalize()} is wished off (toggle)"),
            ):
                if text.startswith(words) and (what, control, state) not in self._deeds:
                    self._blame(f"nobody did this: {text}")
                elif text.startswith(words) and what != "flip":
                    self._deeds.remove((what, control, state))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _shown(self, entity_id: str, state: str, about: Mapping[str, Any]) -> None:
        """Look at a state that Home Assistant has now."""
        if entity_id in CONTROLS and self.trail[CONTROLS[entity_id]][-1:] != [state]:
            self.trail[CONTROLS[entity_id]].append(state)
        if entity_id in SENSORS and "friendly_name" in about:
            self._said[SENSORS[entity_id]] = {"state": state, "by": self._one.ad, **about}
            self._look(SENSORS[entity_id])

    def _fired(self, event: str, data: Mapping[str, Any]) -> None:
        """Look at the result of a command."""
        if event == "enphase_battery_result" and data["outcome"] == "confirmed" and data["command"] == "set":
            asked = self.commands[data["id"]]
            until = str(asked.get("until") or asked.get("duration") or "")
            told = {"wanted": data["state"], "until": until, "source": "command"}
            wrong = self._wrong(data["control"], {**self._said[data["control"]], **told})
            if wrong:
                self._blame(f"the result {data['id']} says confirmed, and {wrong}")

    def _look(self, control: str) -> None:
        """Hold the last that was said of a control against what the cloud stores."""
        said = self._said[control]
        if said["by"] is not self._one.ad or not self._one.ha.up:  # nobody says anything, nor sees it
            return
        if said["state"] == "unavailable" or said.get("outcome") != "confirmed":
            return
        wrong = self._wrong(control, said)
        if wrong:
            self._blame(f"{control} is said to be confirmed {said.get('wanted')}, and {wrong}")

    def _wrong(self, control: str, said: Mapping[str, str]) -> str:
        """Return in words what of a wish the cloud does not store; empty when it stores it all.

        What others changed a short while ago the app may not have seen yet.
        """
        now, state = self._one.clock.now, self._stored()
        if control in self._touched and now - self._touched[control] < self._unseen:
            return ""
        timed = bool(said.get("until"))
        if said.get("wanted") == "off":
            return self._wrong_off(state, control, timed=timed)
        if not getattr(state.settings, control):
            return "its switch is off"
        needs_entry = said.get("fail_safe") == "yes" and (timed or said.get("source") != "cloud")
        return self._wrong_entries(state, control, timed=timed) if needs_entry else ""

    def _wrong_entries(self, state: CloudState, control: str, *, timed: bool) -> str:
        """Return in words what is missing of the entry that a wish to be on needs."""
        now = self._one.clock.now
        active = [entry for entry in _entries(state, control).values() if entry.active]
        if not active:
            return "no entry is active"
        if control == "charge_from_grid" and not state.settings.charge_schedule:
            return "its schedule is off"
        around = (now - ROUNDING, now, now + ROUNDING)
        covered = any(entry.window.covers(moment) for entry in active for moment in around)
        return "no active entry covers this time" if timed and not covered else ""

    def _wrong_off(self, state: CloudState, control: str, *, timed: bool) -> str:
        """Return in words what of a wish to be off is not so in the cloud; below a timed one its entries wait."""
        own = [one for key, one in _entries(state, control).items() if key not in self._one.phone.left]
        coming = [entry for entry in own if self._is_coming(entry.window)]
        if not timed and len(coming) < len(own):
            return "an own entry stands"
        return "its switch is on" if getattr(state.settings, control) and (timed or not coming) else ""

    def _is_coming(self, window: Window) -> bool:
        """Return whether an own entry is for a window that is about to begin."""
        local = self._one.clock.now.astimezone(pytz.timezone(self._one.zone))
        minute = local.weekday() * DAY + local.hour * 60 + local.minute
        ahead = min(((day - 1) * DAY + window.start - minute) % WEEK for day in window.days)
        return timedelta(minutes=ahead) <= self._lead + SPLIT

    def _stored(self) -> CloudState:
        state: CloudState = self._one.cloud.world.site.state()
        return state

    def _blame(self, fault: str) -> None:
        if not self.faults or not self.faults[-1].endswith(fault):
            self.faults.append(f"{self._one.clock.now.astimezone(pytz.timezone(self._one.zone)):%a %H:%M:%S} {fault}")


def _entries(state: CloudState, control: str) -> dict[str, Entry]:
    """Return the entries of a control's family, by id."""
    return {one.id: one for one in state.entries if one.family.value == FAMILIES[control] and not one.deleted}
