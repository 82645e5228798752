"""Storm guard: the alerts, opting out of one, and the owner's switch (section 6.5). `BatteryConfig.call` admits."""

from __future__ import annotations

from ..answers.documents import storm_alerts, written
from ..site.storm import parse_opt_out, parse_toggle
from ..wire import Request, Response, as_json
from ..world import World
from .bodies import json_object

_SUCCESS = {"message": "success"}


class StormGuardPages:
    """Every public method answers one admitted request; ValueError is refused with a 400."""

    def __init__(self, world: World) -> None:
        self._world = world

    def alerts(self, _caller: str, _request: Request) -> Response:
        """GET stormGuard/<site>/stormAlert, which has no envelope."""
        world = self._world
        return Response(body=written(storm_alerts, world.site.visible_state("storm"), world.switches).encode())

    def opt_out(self, _caller: str, request: Request) -> Response:
        """PUT stormGuard/<site>/stormAlert."""
        self._need_guard()
        self._world.site.change_storm_guard(parse_opt_out(json_object(request)))
        return as_json(_SUCCESS)

    def toggle(self, _caller: str, request: Request) -> Response:
        """PUT stormGuard/toggle/<site>."""
        self._need_guard()
        self._world.site.change_storm_guard(parse_toggle(json_object(request)))
        return as_json(_SUCCESS)

    def _need_guard(self) -> None:
        if not self._world.switches.show_storm_guard:
            raise ValueError("storm guard is not offered on this site")
