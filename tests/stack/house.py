"""One house of the stack tests: a cloud of its own, an instance of the app, its toggles and its entities."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from demo.simulator import Simulator
from demo.websocket import HomeAssistantSocket

CHARGE, DISCHARGE, RESTRICT = CONTROLS = ("charge_from_grid", "discharge_to_grid", "restrict_discharge")
FAMILIES = {CHARGE: "cfg", DISCHARGE: "dtg", RESTRICT: "rbd"}

State = dict[str, Any]
T = TypeVar("T")

_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.1


async def eventually(check: Callable[[], Awaitable[T]], seconds: float = _PATIENCE_SECONDS) -> T:
    """Call `check` until it no longer raises an AssertionError; after `seconds` let that through."""
    end = time.monotonic() + seconds
    while True:
        try:
            return await check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(_POLL_SECONDS)


class House:
    """What a person in this house does and sees, and what the cloud says about it."""

    def __init__(self, name: str, simulator: Simulator, home: HomeAssistantSocket) -> None:
        """Take the app's name, which is its entities' prefix too, its cloud, and a connection to Home Assistant."""
        self.name = name
        self.simulator = simulator
        self.home = home

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

    async def shows(self, entity: str, state: str, seconds: float = _PATIENCE_SECONDS, **attributes: str) -> State:
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

    async def cloud(self) -> dict[str, bool]:
        """Return each control's switch as the cloud stores it."""
        cloud = (await self.simulator.control("model"))["cloud"]
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

    async def requests(self) -> list[dict[str, Any]]:
        """Return the cloud's request log, oldest first."""
        log: list[dict[str, Any]] = await self.simulator.control("requests")
        return log

    async def counters(self) -> dict[str, Any]:
        """Return the cloud's counters."""
        counters: dict[str, Any] = await self.simulator.control("counters")
        return counters
