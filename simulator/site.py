"""One site: what the cloud stores, what the gateway was told, and the battery, evaluated lazily from the clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from .account import USER_ID
from .battery import Battery, Enforced
from .eras import ERAS
from .families import Family
from .gateway import Delivery, Gateway, Orders
from .schedules import Entries, Entry, conflict, expired, is_unapplied
from .settings import BatterySettings, MalformedError, SettingsChange, changed

if TYPE_CHECKING:
    from .switches import Switches
    from .windows import Window

_REPORT_SECONDS = 60
_LONGEST_LAG = timedelta(seconds=120)


class ConflictError(Exception):
    """A window overlaps a stored one; `family` is the other's."""

    def __init__(self, family: Family) -> None:
        super().__init__(f"overlaps a window of {family.value}")
        self.family = family


class NoEntryError(Exception):
    """There is no entry with this id."""


@dataclass(frozen=True, slots=True)
class CloudState:
    """All that the cloud stores about the site; each write makes a new one."""

    settings: BatterySettings = field(default_factory=BatterySettings)
    entries: Entries = ()
    rbd_ever_saved: bool = False

    def entry(self, entry_id: str) -> Entry:
        """Return a stored entry; raise NoEntryError."""
        for entry in self.entries:
            if entry.id == entry_id and not entry.deleted:
                return entry
        raise NoEntryError(entry_id)

    def with_entry(self, entry: Entry) -> CloudState:
        """Return the state with an entry added or replaced; the list is ordered by its last write (statement 34)."""
        others = [other for other in self.entries if other.id != entry.id]
        entries = tuple(sorted([*others, entry], key=lambda each: each.revision))
        return replace(self, entries=entries, rbd_ever_saved=self.rbd_ever_saved or entry.family is Family.RBD)

    def without(self, gone: Entries) -> CloudState:
        """Return the state without some entries."""
        ids = {entry.id for entry in gone}
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id not in ids))


class Site:
    """The site's model. Every public method first lets time pass up to now."""

    def __init__(self, now: Callable[[], datetime], switches: Callable[[], Switches], random: Random) -> None:
        self._clock = now
        self._switches = switches
        self._random = random
        self._revision = 0
        self._state = CloudState()
        self._history: deque[tuple[datetime, CloudState]] = deque()
        self._gateway = Gateway(Orders(self._state.settings))
        self._battery = Battery(soc=50)
        self._at = now()
        self._report = (self._at, self._battery.energy_kwh)

    # Reading

    def state(self) -> CloudState:
        """Return what the cloud stores now."""
        self.advance()
        return self._state

    def visible_state(self) -> CloudState:
        """Return what reads show: the state of `read_lag` seconds ago (statement 77)."""
        since = self.advance() - timedelta(seconds=self._switches().read_lag)
        return next((old for replaced_at, old in self._history if replaced_at > since), self._state)

    def enforced(self) -> Enforced:
        """Return what the gateway enforces now."""
        now = self.advance()
        return self._gateway.orders.enforced(now, self._switch_only())

    def report(self) -> tuple[datetime, float]:
        """Return the gateway's last report: when, and the battery's energy in kWh (statements 36, 79)."""
        now = self.advance()
        if self._gateway.online:
            age = timedelta(seconds=now.timestamp() % _REPORT_SECONDS)
            self._report = (now - age, self._battery.energy_kwh)
        return self._report

    def battery(self) -> Battery:
        """Return the battery itself, as it is now."""
        self.advance()
        return self._battery

    # Writing

    def change_settings(self, change: SettingsChange) -> None:
        """Store a settings change, commit the entries of the families it switches on, tell the gateway.

        Raises MalformedError (statements 55, 62).
        """
        now, switches = self.advance(), self._switches()
        entry_enables = switches.cfg_apply_enables_schedule and any(
            entry.family is Family.CFG and not entry.deleted for entry in self._state.entries
        )
        settings = changed(
            self._state.settings, change, now, entry_enables=entry_enables, clamp=switches.out_of_range == "clamp"
        )
        if switches.disclaimer_required and change.charge_from_grid and settings.disclaimer is None:
            raise MalformedError("the ITC disclaimer is not accepted")
        state = replace(self._state, settings=settings)
        if switches.rbd_enable_deletes and change.restrict_discharge:  # statement 72
            state = state.without(tuple(entry for entry in state.entries if entry.family is Family.RBD))
        applied = [entry for entry in state.entries if entry.family in change.applies and is_unapplied(entry)]
        for entry in applied:
            state = state.with_entry(entry.committed())
        self._commit(state, tell_gateway=True)

    def create(self, window: Window, *, committed: bool = False) -> Entry:
        """Store a new entry, pending (statement 41); raise ConflictError (63). `committed`: applied at once."""
        now = self.advance()
        self._check(window, but="")
        entry_id = str(UUID(int=self._random.getrandbits(128), version=4))
        entry = Entry(entry_id, window, now, now, USER_ID, USER_ID, self._next_revision())
        return self._store(entry, committed=committed)

    def update(self, entry_id: str, window: Window, *, committed: bool = False) -> Entry:
        """Rewrite an entry, pending again (statement 45); raise NoEntryError, ConflictError."""
        now = self.advance()
        entry = self._state.entry(entry_id)
        self._check(window, but=entry_id)
        return self._store(entry.rewritten(window, now, USER_ID, self._next_revision()), committed=committed)

    def delete(self, entry_id: str) -> None:
        """Remove an entry, from the gateway too; raise NoEntryError (statement 57)."""
        self.advance()
        self._commit(self._state.without((self._state.entry(entry_id),)), tell_gateway=True)

    def soft_delete(self, entry_id: str) -> Entry:
        """Take an entry out of effect but keep it stored; return it; raise NoEntryError (statement 58)."""
        now = self.advance()
        entry = self._state.entry(entry_id)
        entry = entry.rewritten(entry.window, now, USER_ID, self._next_revision())
        entry = replace(entry, deleted=True)
        self._commit(self._state.with_entry(entry), tell_gateway=True)
        return entry

    # Time

    def advance(self) -> datetime:
        """Let time pass up to now: deliveries arrive, forgotten entries vanish, the battery runs; return now."""
        now = max(self._clock(), self._at)
        while (event := self._next_event()) is not None and event <= now:
            self._run_battery(max(event, self._at))
            self._receive()
            self._forget()
        self._run_battery(now)
        return now

    def switched(self, switches: Switches) -> None:
        """Follow a change of the switches that is about to happen."""
        now = self.advance()
        self.report()
        self._gateway.connect(now, switches.activation_delay, online=switches.gateway_online)

    def _next_event(self) -> datetime | None:
        ttl = timedelta(seconds=self._switches().pending_ttl)
        ends = [entry.updated_at + ttl for entry in self._state.entries if is_unapplied(entry)]
        arrival = self._gateway.next_arrival()
        return min([*ends, *([arrival] if arrival else [])], default=None)

    def _receive(self) -> None:
        for delivery in self._gateway.arrive(self._at):
            state = self._state
            for entry in state.entries:
                if (entry.id, entry.revision) in delivery.confirms:
                    state = state.with_entry(replace(entry, active=True))
            if state is not self._state:
                self._commit(state, tell_gateway=False)

    def _forget(self) -> None:
        gone = expired(self._state.entries, self._at, self._switches().pending_ttl)
        if gone:
            self._commit(self._state.without(gone), tell_gateway=any(entry.in_force for entry in gone))

    def _run_battery(self, until: datetime) -> None:
        orders, switch_only = self._gateway.orders, self._switch_only()
        surplus = self._switches().solar_kw - self._switches().house_kw
        for start, hours in orders.spans(self._at, until):
            self._battery.run(hours, orders.enforced(start, switch_only), surplus)
        self._at = until

    # Storing

    def _switch_only(self) -> frozenset[Family]:
        switches = self._switches()
        if not ERAS[switches.auth_era].schedules:
            return frozenset(Family)
        return frozenset(family for family in Family if family.key in switches.schedules_not_supported)

    def _check(self, window: Window, but: str) -> None:
        other = conflict(self._state.entries, window, but=but, touching_ok=self._switches().touching_ok)
        if other is not None:
            raise ConflictError(other)

    def _next_revision(self) -> int:
        self._revision += 1
        return self._revision

    def _store(self, entry: Entry, *, committed: bool) -> Entry:
        entry = entry.committed() if committed else entry
        self._commit(self._state.with_entry(entry), tell_gateway=committed)
        return entry

    def _commit(self, state: CloudState, *, tell_gateway: bool) -> None:
        self._history.append((self._at, self._state))
        while self._history[0][0] < self._at - _LONGEST_LAG:
            self._history.popleft()
        self._state = state
        if tell_gateway:
            coming = (entry for entry in state.entries if entry.applied and not entry.active)
            confirms = frozenset((entry.id, entry.revision) for entry in coming)
            due = self._at + timedelta(seconds=self._switches().activation_delay)
            self._gateway.send(Delivery(due, Orders.of(state.settings, state.entries), confirms))
