"""One house of the stack tests: a cloud of its own, an instance of the app, its toggles and its entities."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.simulator import Simulator
from demo.websocket import Event, HomeAssistantSocket
from tests.stack.minutes import PATIENCE_SECONDS, eventually
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, FAMILIES, RESTRICT, Phone

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the gateway enforced a control with one limit (percent); `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    limit: int | None

    @classmethod
    def parse(cls, document: State) -> "Stretch":
        """Read one of the simulator's."""
        start, end = document["start"], document["end"]
        return cls(datetime.fromisoformat(start), end and datetime.fromisoformat(end), document["limit"])


async def answer(results: asyncio.Queue[Event], number: str) -> dict[str, Any]:
    """Return the data of the next final result with this id."""
    while True:
        data: dict[str, Any] = (await asyncio.wait_for(results.get(), PATIENCE_SECONDS))["data"]
        if data["id"] == number and data["outcome"] != "pending":
            return data


def taken(events: asyncio.Queue[Event]) -> list[dict[str, Any]]:
    """Return the data of all events that have come."""
    return [events.get_nowait()["data"] for _ in range(events.qsize())]


class House:
    """What a person in this house does and sees, and what the cloud says about it."""

    def __init__(self, name: str, simulator: Simulator, home: HomeAssistantSocket) -> None:
        """Take the app's name, which is its entities' prefix too, its cloud, and a connection to Home Assistant."""
        self.name = name
        self.simulator = simulator
        self.home = home
        self.phone = Phone(simulator)
        self.found: State = {}
        """The account as the app found it."""

    @staticmethod
    def settings(name: str) -> dict[str, Any]:
        """Return the app's settings that keep its entities and toggles apart from other houses'."""
        return {
            "entity_prefix": name,
            "token_sensor": f"sensor.{name}_jwt",
            "toggles": {control: f"input_boolean.{name}_{control}" for control in CONTROLS},
            "settle": 0,
            "log_level": "DEBUG",
        }

    @staticmethod
    def helpers(name: str) -> dict[str, Any]:
        """Return the house's toggles, as in a package of Home Assistant."""
        return {f"{name}_{control}": {"name": control.replace("_", " ")} for control in CONTROLS}

    def toggle(self, control: str) -> str:
        """Return the entity id of a control's toggle."""
        return f"input_boolean.{self.name}_{control}"

    def sensor(self, control: str) -> str:
        """Return the entity id of a control's sensor."""
        return f"binary_sensor.{self.name}_{control}"

    async def flip(self, control: str, to: str) -> None:
        """Turn a control's toggle `on` or `off`, as a person in the browser does."""
        await self.home.call_service("input_boolean", f"turn_{to}", entity_id=self.toggle(control))

    async def shows(self, entity: str, state: str, seconds: float = PATIENCE_SECONDS, **attributes: str) -> State:
        """Wait until Home Assistant shows `entity` with this state and these attributes; return its state object."""

        async def check() -> State:
            shown = (await self.home.states()).get(entity)
            assert shown is not None, f"{entity} does not exist"
            assert (shown["state"], {**shown["attributes"], **attributes}) == (state, shown["attributes"]), entity
            return shown

        return await eventually(check, seconds)

    async def signed_in(self) -> None:
        """Wait until the app has signed in and has read the cloud."""
        await self.shows(f"sensor.{self.name}_jwt", "OK")
        for control in CONTROLS:
            await self.shows(self.sensor(control), "off")

    async def command(self, **data: Any) -> None:
        """Fire a command at this house's app."""
        await self.home.fire("enphase_battery_command", app=self.name, **data)

    async def account(self) -> State:
        """Return what the cloud stores: settings, switches, entries; not when the disclaimer was accepted."""
        cloud: State = (await self.simulator.control("model"))["cloud"]
        return {name: value for name, value in cloud.items() if name != "acceptedItcDisclaimer"}

    async def own_entries(self) -> list[State]:
        """Return the entries that the app has written, as the cloud stores them."""
        return [entry for entry in (await self.account())["schedules"] if entry["scheduleId"] not in self.phone.left]

    async def cloud(self) -> dict[str, bool]:
        """Return each control's switch as the cloud stores it."""
        cloud = await self.account()
        return {
            CHARGE: cloud["chargeFromGrid"],
            DISCHARGE: bool((cloud["dtgControl"] or {}).get("enabled")),
            RESTRICT: bool((cloud["rbdControl"] or {}).get("enabled")),
        }

    async def gateway(self) -> dict[str, bool]:
        """Return which controls the gateway enforces now."""
        gateway = (await self.simulator.control("model"))["gateway"]
        return {control: gateway[control] for control in CONTROLS}

    async def gateway_enforces(self, control: str, wanted: bool) -> None:
        """Wait until the gateway enforces a control, or no longer does."""

        async def check() -> None:
            assert (await self.gateway())[control] is wanted

        await eventually(check)

    async def enforced(self, control: str) -> list[Stretch]:
        """Return when the gateway has enforced a control, to the split second."""
        stretches = (await self.simulator.control("enforcement"))[FAMILIES[control]]
        return [Stretch.parse(one) for one in stretches]

    async def soc(self) -> float:
        """Return the battery's true state of charge in percent."""
        return float((await self.simulator.control("model"))["battery"]["soc"])

    async def requests(self) -> list[dict[str, Any]]:
        """Return the cloud's request log, oldest first."""
        log: list[dict[str, Any]] = await self.simulator.control("requests")
        return log

    async def counters(self) -> dict[str, Any]:
        """Return the cloud's counters."""
        counters: dict[str, Any] = await self.simulator.control("counters")
        return counters
