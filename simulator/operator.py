"""What can be done to the simulated cloud from outside the client: look inside, set switches, play the phone app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from .answers.documents import battery_details, schedule_entry
from .clock import Clock, iso, wall_clock
from .site.enforcement import Stretch
from .site.settings import parse_change
from .site.storm import parse_toggle
from .site.windows import Window, parse_window
from .switches import Switches
from .world import World


class Operator:
    """The Python side of the control API; its JSON shapes are those that tests read."""

    def __init__(
        self, switches: Switches | None = None, *, clock: Callable[[], datetime] = wall_clock, seed: int | None = None
    ) -> None:
        random = Random(seed)  # noqa: S311 - a repeatable run needs a seed, and nothing here is secret
        self.world = World(switches or Switches(), Clock(clock), random)

    def model(self) -> dict[str, object]:
        """Return the whole model: time, switches, cloud (stored), gateway (enforced right now), otp, battery."""
        world, site = self.world, self.world.site
        state, now = site.state(), site.enforced()
        entries = [schedule_entry(entry) for entry in state.entries]
        return {
            "now": iso(world.clock.now()),
            "switches": world.switches.as_document(),
            "cloud": {**battery_details(state, world.switches), "schedules": entries},
            "gateway": {
                "online": world.switches.gateway_online,
                "charge_from_grid": now.charge_limit is not None,
                "discharge_to_grid": now.discharge_to is not None,
                "restrict_discharge": now.hold,
            },
            "otp": self.otp_code(),
            "battery": {
                "soc": round(site.battery().soc, 3),
                "energy_kwh": round(site.battery().energy_kwh, 4),
                "capacity_kwh": site.battery().capacity_kwh,
                "last_report": int(site.report().at.timestamp()),
            },
        }

    def requests(self) -> list[dict[str, object]]:
        """Return the request log, oldest first."""
        return self.world.journal.requests()

    def counters(self) -> dict[str, object]:
        """Return the counters since the last clearing."""
        return self.world.journal.counters()

    def otp_code(self) -> str | None:
        """Return the code that the last SMS brought, alive or not; None before the first (section 2.4)."""
        return self.world.last_code

    def enforcement(self) -> dict[str, tuple[Stretch, ...]]:
        """Return what the gateway enforced since the start or the last clearing.

        By family (`cfg`, `dtg`, `rbd`) the stretches (start, end or None while it lasts, limit in percent or None),
        oldest first, in UTC and exact.
        """
        return self.world.site.enforcement()

    def clear_log(self) -> None:
        """Forget the request log, the counters and what the gateway enforced."""
        self.world.journal.clear()
        self.world.site.forget_enforcement()

    def set(self, **changes: object) -> None:
        """Set switches by name; raise SwitchError with the choices."""
        self.world.set(changes)

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock ahead of the one it was given."""
        self.world.clock.advance(seconds)

    def expire_sessions(self) -> None:
        """End every login session; JWTs live on (statement 81)."""
        self.world.sessions.expire_all()

    def set_soc(self, soc: float) -> None:
        """Set the battery's state of charge in percent; raise ValueError outside 0 to 100."""
        self.world.site.set_soc(soc)

    def act_as_app(
        self,
        settings: Mapping[str, object] | None = None,
        *,
        create: Mapping[str, object] | None = None,
        update: tuple[str, Mapping[str, object]] | None = None,
        delete: str | None = None,
        storm_guard: Mapping[str, object] | None = None,
        applied: bool = True,
        **more_settings: object,
    ) -> str | None:
        """Change something as the owner does in the Enphase app (statement 80); return the id of a created entry.

        `settings` and further keywords are a partial batterySettings body; `create` is the body of a schedule entry,
        `update` an id and such a body, `delete` an id, `storm_guard` the body of a toggle (section 6.5). An entry
        written by the app is applied at once, or left pending with `applied=False`; its family's switch stays as it is.
        Raises MalformedError, ValueError, ConflictError or NoEntryError, as the cloud refuses.
        """
        site, created = self.world.site, None
        if body := {**(settings or {}), **more_settings}:
            site.change_settings(parse_change(body))
        if storm_guard is not None:
            site.change_storm_guard(parse_toggle(storm_guard))
        if delete is not None:
            site.delete(delete)
        if update is not None:
            site.update(update[0], self._window(update[1]), committed=applied)
        if create is not None:
            created = site.create(self._window(create), committed=applied).id
        return created

    def _window(self, body: Mapping[str, object]) -> Window:
        return parse_window({"timezone": self.world.switches.timezone, **body})
