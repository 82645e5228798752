"""A cloud of three switches and a clock, for the tests of the reconciler and the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from enphase_battery.control.names import Control
from enphase_battery.control.plan import SwitchStep
from enphase_battery.control.site_state import SiteState, Switches
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.errors import EnlightenError

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@dataclass
class Clock:
    """A clock that goes on only when somebody waits."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class FakeCloud:
    """Three switches behind a line that can be slow, deaf or broken.

    Attributes:
        clock: Its clock.
        on: What the switches hold.
        lag: How old what a read shows is.
        deaf_to: Forms of writes that are answered with success and ignored.
        trouble: Per action (read, validate, write, refresh): what it raises, one after the other; None: nothing.
        log: What was asked, in order.
        meanwhile: Is called with each action, before its answer.
    """

    clock: Clock
    on: dict[Control, bool] = field(default_factory=lambda: dict.fromkeys(Control, False))
    lag: timedelta = timedelta(0)
    deaf_to: set[WriteForm] = field(default_factory=set)
    trouble: dict[str, list[EnlightenError | None]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    meanwhile: Callable[[str], None] = lambda action: None
    time_zone: str | None = "Europe/London"
    ladder: tuple[WriteForm, ...] = (WriteForm.SHORT, WriteForm.NO_SOURCE, WriteForm.MERGED)
    remembered: list[WriteForm] = field(default_factory=list)
    others: Mapping[Control, bool] = field(default_factory=dict)
    _past: list[tuple[datetime, dict[Control, bool]]] = field(default_factory=list)

    def writes(self) -> list[str]:
        """Return the writes and forget everything that was asked."""
        asked, self.log = self.log, []
        return [one for one in asked if one.startswith("write")]

    def forms(self, step: SwitchStep) -> Sequence[WriteForm]:
        return self.ladder

    def remember(self, step: SwitchStep, form: WriteForm) -> None:
        self.remembered.append(form)

    async def read_switches(self) -> Switches:
        self._act("read")
        seen = self.clock.now - self.lag
        shown = next((past for until, past in self._past if until > seen), self.on)
        return Switches(dict(shown), charge_schedule_on=True, override="", read_at=self.clock.now)

    async def read_all(self) -> SiteState:
        switches = await self.read_switches()
        self.log[-1] = "read all"
        return SiteState(switches, entries=(), has_schedules=dict.fromkeys(Control, False))

    async def validate(self, step: SwitchStep, form: WriteForm) -> None:
        self._act("validate", f"{step.control.value} {form.value}")

    async def write(self, step: SwitchStep, form: WriteForm, believed: Mapping[Control, bool]) -> None:
        self.others = dict(believed)
        self._act("write", f"{step.control.value} {'on' if step.on else 'off'}")
        if form not in self.deaf_to:
            self.switch(step.control, step.on)

    async def refresh(self) -> None:
        self._act("refresh")

    def switch(self, control: Control, on: bool) -> None:
        """Change a switch, as a write or as somebody in the Enphase app."""
        self._past.append((self.clock.now, dict(self.on)))
        self.on[control] = on

    def _act(self, action: str, detail: str = "") -> None:
        self.log.append(f"{action} {detail}".strip())
        self.meanwhile(action)
        errors = self.trouble.get(action, [])
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error
