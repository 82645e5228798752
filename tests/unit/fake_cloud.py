"""A cloud of three switches, their schedule entries and a clock, for tests of reconciler and coordinator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

import pytz

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Entry, Terms
from enphase_battery.control.reason import Override, Reason
from enphase_battery.control.site_state import Habits, SiteState, Storage, Switches
from enphase_battery.control.steps import SwitchStep
from enphase_battery.enlighten.condition import Condition
from enphase_battery.enlighten.identity import Identity
from enphase_battery.enlighten.login_guard import LoginGuard
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.enlighten.shapes import READS, WRITES
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import Conflict, EnlightenError, NotFound, Refused, UnexpectedAnswer
from enphase_battery.words.reasons import entry

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)

FORGOTTEN_AFTER = timedelta(minutes=15)
"""How long an entry that nobody applied stays in the list."""


CONDITION = Condition(
    status=TokenStatus.OK,
    refreshed_at=None,
    expires_at=None,
    session_ends_at=None,
    second_factor=False,
    guard=LoginGuard(),
    requests=0,
    requests_per_hour=120,
    held_until=None,
    reads=READS[0],
    writes=WRITES[0],
    mint=None,
    refused=(),
    last_error=None,
)


@dataclass
class Clock:
    """A clock that goes on only when somebody waits, and by ``tick`` whenever the app looks at it."""

    now: datetime = NOON
    tick: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Stored:
    """An entry as the cloud keeps it.

    Attributes:
        terms: What it says.
        created_at: When it was made.
        written_at: When it was last written; the list is in this order.
        foreign: Whether somebody else made it.
        applied: Whether a write of its family's switch has followed.
        active_from: When the gateway has it; None: never, as far as is known.
    """

    terms: Terms
    created_at: datetime
    written_at: datetime
    foreign: bool
    applied: bool = False
    active_from: datetime | None = None

    def is_active(self, at: datetime) -> bool:
        return self.active_from is not None and self.active_from <= at


Content = tuple[dict[Control, bool], bool, dict[str, Stored]]


@dataclass
class FakeCloud:
    """Three switches and their entries behind a line that can be slow, deaf or broken. It forgives nothing.

    Attributes:
        clock: Its clock.
        has_schedules: Whether the families work with entries; else the switches alone rule.
        on: What the switches hold.
        charge_schedule_on: The second flag of charge from grid.
        stored: The entries, by id.
        lag: How old what a read shows is.
        deaf_to: Forms of writes that are answered with success and ignored.
        ignores: How many of the next writes of a switch are, in whatever form.
        trouble: Per action (read, validate, write, create, update, delete, refresh): what it raises, one after the
            other; None: nothing. `answer to create` and the like: the action is done, and its answer gets lost.
        log: What was asked, in order.
        meanwhile: Is called with each action, before its answer.
        activation: How long the gateway needs to take an applied entry; None: it is offline.
        list_answers: Whether the list of entries can be read.
        touching, overnight, one_flag: What it accepts: entries that touch, entries over midnight, and that its second
            flag follows charge from grid by itself.
        ahead: By how much its clock is ahead of the app's; the app knows.
        busy: Whether it is at work on the site itself.
        sweeps: Whether switching restrict discharge on takes its entries away.
        codes: The codes of the second factor that it was given.
    """

    clock: Clock
    has_schedules: bool = False
    on: dict[Control, bool] = field(default_factory=lambda: dict.fromkeys(Control, False))
    charge_schedule_on: bool = False
    stored: dict[str, Stored] = field(default_factory=dict)
    lag: timedelta = timedelta(0)
    deaf_to: set[WriteForm] = field(default_factory=set)
    ignores: int = 0
    trouble: dict[str, list[EnlightenError | None]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    meanwhile: Callable[[str], None] = lambda action: None
    time_zone: str | None = "Europe/London"
    ladder: tuple[WriteForm, ...] = (WriteForm.SHORT, WriteForm.NO_SOURCE, WriteForm.MERGED)
    remembered: list[WriteForm] = field(default_factory=list)
    others: Mapping[Control, bool] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    activation: timedelta | None = timedelta(seconds=10)
    list_answers: bool = True
    touching: bool = True
    overnight: bool = True
    one_flag: bool = True
    ahead: timedelta = timedelta(0)
    refusals: dict[Control, Reason] = field(default_factory=dict)
    override: Override | None = None
    floor: int = 5
    busy: bool = False
    sweeps: bool = False
    codes: list[str] = field(default_factory=list)
    storage: Storage | None = None
    _past: list[tuple[datetime, Content]] = field(default_factory=list)
    _listed: tuple[Entry, ...] | None = None
    _ids: int = 0

    def writes(self) -> list[str]:
        """Return the writes and forget everything that was asked."""
        asked, self.log = self.log, []
        return [one for one in asked if one.startswith(("write", "create", "update", "delete"))]

    # -- what the app asks --------------------------------------------------------------------------------------------

    def forms(self, step: SwitchStep) -> Sequence[WriteForm]:
        return self.ladder

    def remember(self, step: SwitchStep, form: WriteForm) -> None:
        self.remembered.append(form)

    def learn(self, habits: Habits) -> None:
        assert self.has_schedules or habits == Habits(pauses=True), "of entries, where switches alone rule"
        self.habits = habits

    def cloud_now(self) -> datetime:
        return self.clock.now + self.ahead

    async def read_for_wish(self, *, urgent: bool = True) -> SiteState:
        self._act("read")
        self._listed = self._list()
        return self._shown()

    async def read_entries(self, *, urgent: bool = True) -> tuple[Entry, ...]:
        self._act("read", "the list")
        self._listed = self._list()
        if self._listed is None:
            raise UnexpectedAnswer("no list")
        return self._listed

    async def read_switches(self, *, urgent: bool = True) -> SiteState:
        self._act("read", "the switches")
        return self._shown()

    def _shown(self) -> SiteState:
        on, schedule_on, _ = self._content()
        switches = Switches(
            dict(on),
            charge_schedule_on=schedule_on or not self.has_schedules,
            override=self.override,
            read_at=self.clock.now,
            refusals=dict(self.refusals),
            floor=self.floor,
            busy=self.busy,
        )
        return SiteState(switches, self._listed, dict.fromkeys(Control, self.has_schedules), storage=self.storage)

    def _list(self) -> tuple[Entry, ...] | None:
        seen, (_, _, stored) = self.clock.now - self.lag, self._content()
        entries = tuple(
            Entry(one.terms, schedule_id, one.is_active(seen), one.created_at)
            for schedule_id, one in sorted(stored.items(), key=lambda item: item[1].written_at, reverse=True)
        )
        return entries if self.list_answers else None

    def _content(self) -> Content:
        """Return what reads show, which may be late."""
        now = (self.on, self.charge_schedule_on, self.stored)
        return next((past for until, past in self._past if until > self.clock.now - self.lag), now)

    async def read_all(self) -> SiteState:
        state = await self.read_for_wish()
        self.log[-1] = "read all"
        return state

    async def validate(self, step: SwitchStep, form: WriteForm) -> None:
        self._act("validate", f"{step.control.value} {form.value}")

    async def write(self, step: SwitchStep, form: WriteForm, written: Mapping[Control, bool]) -> None:
        self.others = dict(written)
        flag = {None: "", True: " +schedule", False: " -schedule"}[step.schedule]
        self._act("write", f"{step.control.value} {'on' if step.on else 'off'}{flag}")
        is_ignored, self.ignores = form in self.deaf_to or self.ignores > 0, max(self.ignores - 1, 0)
        if not is_ignored:
            self.switch(step.control, step.on, schedule=step.schedule)
        self._answer("write")

    async def create(self, terms: Terms) -> None:
        self._act("create", entry(terms))
        self._check(terms, self.stored.values())
        self._change()
        self._store(terms, foreign=False)
        self._answer("create")

    async def update(self, schedule_id: str, terms: Terms) -> None:
        self._act("update", entry(terms))
        if schedule_id not in self.stored:
            raise NotFound("no such entry")
        assert not self.stored[schedule_id].foreign, "an entry of somebody else was updated"
        self._check(terms, (one for key, one in self.stored.items() if key != schedule_id))
        self._rewrite(schedule_id, terms, foreign=False)
        self._answer("update")

    async def delete(self, schedule_id: str) -> None:
        one = self.stored.get(schedule_id)
        self._act("delete", entry(one.terms) if one else "what is gone")
        if one is not None:
            assert not one.foreign, "an entry of somebody else was deleted"
            self.remove(schedule_id)
        self._answer("delete")

    @property
    def condition(self) -> Condition:
        return CONDITION

    @property
    def identity(self) -> Identity | None:
        return Identity("11", "22", "")

    @property
    def clock_skew(self) -> timedelta:
        return self.ahead

    async def refresh(self, *, by_hand: bool = False) -> None:
        self._act("refresh", "by hand" if by_hand else "")

    async def submit_code(self, code: str) -> None:
        self._act("submit code")
        self.codes.append(code)

    async def resend_code(self) -> None:
        self._act("resend code")

    # -- what happens to it -------------------------------------------------------------------------------------------

    def switch(self, control: Control, on: bool, *, schedule: bool | None = None) -> None:
        """Change a switch, as a write or as somebody in the Enphase app; on applies the entries of its family."""
        self._change()
        was_on, self.on[control] = self.on[control], on
        family = {key: one for key, one in self.stored.items() if one.terms.control is control}
        if self.sweeps and control is Control.RESTRICT_DISCHARGE and on and not was_on:
            for key in family:
                del self.stored[key]
            family = {}
        if control is Control.CHARGE_FROM_GRID:
            follows = self.charge_schedule_on or (on and self.one_flag and bool(family))
            self.charge_schedule_on = follows if schedule is None else schedule
        for key, one in family.items() if on else ():
            late = one.active_from is None and self.activation is not None
            active_from = self.clock.now + self.activation if late and self.activation is not None else one.active_from
            self.stored[key] = replace(one, applied=True, active_from=active_from)

    def come_online(self) -> None:
        """Let the gateway answer again; it takes what was applied while it was away."""
        self.activation = timedelta(seconds=10)
        for key, one in self.stored.items():
            if one.applied and one.active_from is None:
                self.stored[key] = replace(one, active_from=self.clock.now + self.activation)

    def add(self, terms: Terms, *, active: bool = True) -> str:
        """Let somebody make an entry in the Enphase app; return its id."""
        self._change()
        schedule_id = self._store(terms, foreign=True)
        if active:
            self.stored[schedule_id] = replace(self.stored[schedule_id], applied=True, active_from=self.clock.now)
        return schedule_id

    def edit(self, schedule_id: str, terms: Terms) -> None:
        """Let somebody change an entry in the Enphase app, which applies it too."""
        self._rewrite(schedule_id, terms, foreign=True)
        self.stored[schedule_id] = replace(self.stored[schedule_id], applied=True, active_from=self.clock.now)

    def remove(self, schedule_id: str) -> None:
        """Remove an entry, as a write or as somebody in the Enphase app."""
        self._change()
        del self.stored[schedule_id]

    # -- what it holds ------------------------------------------------------------------------------------------------

    def entries(self, *, foreign: bool = False) -> list[str]:
        """Return what the entries of the app (or of others) say."""
        return sorted(entry(one.terms) for one in self.stored.values() if one.foreign is foreign)

    def has_room_for(self, terms: Terms) -> bool:
        """Return whether an entry overlaps with none that stands there."""
        return not any(one.terms.overlaps(terms) for one in self.stored.values())

    def own_id(self) -> str:
        """Return the id of the only entry of the app."""
        (schedule_id,) = (key for key, one in self.stored.items() if not one.foreign)
        return schedule_id

    def enforces(self, control: Control) -> bool:
        """Return whether the gateway acts on a control now."""
        local = self.clock.now.astimezone(pytz.timezone(self.time_zone or "UTC"))
        flag = control is not Control.CHARGE_FROM_GRID or self.charge_schedule_on
        return (self.on[control] and flag) and any(
            one.terms.control is control and one.is_active(self.clock.now) and one.terms.covers(local)
            for one in self.stored.values()
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check(self, terms: Terms, others: Iterable[Stored]) -> None:
        """Refuse what the real cloud refuses. What nobody may send at all is an AssertionError."""
        assert self.has_schedules, "an entry was written where switches alone rule"
        assert terms.days, "an entry on no day"
        assert terms.start != terms.end, "an entry without a length"
        assert not any(wall.second or wall.microsecond for wall in (terms.start, terms.end)), "finer than a minute"
        if terms.control is Control.RESTRICT_DISCHARGE:
            assert terms.limit is None, "a family without a limit was given one"
        else:
            assert terms.limit in range(5, 101), "an impossible limit"
        if not self.overnight and terms.end <= terms.start:
            raise Refused("entries over midnight are not supported")
        for other in others:
            if other.terms.overlaps(terms) or (not self.touching and other.terms.touches(terms)):
                raise Conflict("CONFLICTING_SCHEDULE_CFG")

    def _store(self, terms: Terms, *, foreign: bool) -> str:
        self._ids += 1
        self.stored[f"id-{self._ids}"] = Stored(terms, self.cloud_now(), self.clock.now, foreign)
        return f"id-{self._ids}"

    def _rewrite(self, schedule_id: str, terms: Terms, *, foreign: bool) -> None:
        """Change an entry, which is pending then."""
        self._change()
        self.stored[schedule_id] = Stored(terms, self.stored[schedule_id].created_at, self.clock.now, foreign)

    def _change(self) -> None:
        """Keep what late reads still show."""
        self._past.append((self.clock.now, (dict(self.on), self.charge_schedule_on, dict(self.stored))))

    def _act(self, action: str, detail: str = "") -> None:
        self.log.append(f"{action} {detail}".strip())
        for key, one in list(self.stored.items()):
            if not one.applied and self.clock.now - one.written_at >= FORGOTTEN_AFTER:
                del self.stored[key]
        self.meanwhile(action)
        self._fail(action)

    def _answer(self, action: str) -> None:
        self._fail(f"answer to {action}")

    def _fail(self, what: str) -> None:
        errors = self.trouble.get(what, [])
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error
