"""One site on one clock: what the cloud stores, what the gateway was told, and the battery, evaluated lazily."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from ..account import USER_ID
from ..switches import Switches
from .battery import Battery, Enforced, Hindrances
from .cloud_state import CloudState
from .enforcement import Record, Stretch
from .entries import ConflictError, Entries, Entry, conflict, expired, is_unapplied
from .gateway import Delivery, Gateway, Orders
from .late_reads import LateReads
from .offer import check_window, conditions, hindrances
from .profiles import ProfileChange, entered, first_settings, requested
from .reports import Report, last_due, next_due
from .settings import BACKUP_PROFILE, SettingsChange
from .storm import OptOut, StormGuard, Toggle, alert_of
from .windows import Window
from .writes import with_profile, with_settings

_SPLIT_LASTS = timedelta(hours=1)


class Site:
    """The site's model. Every public method first lets time pass up to now."""

    def __init__(self, now: Callable[[], datetime], switches: Callable[[], Switches], random: Random) -> None:
        self._clock = now
        self._switches = switches
        self._random = random
        self._revision = 0
        guard = StormGuard(switches().storm_guard == "enabled")
        alert = alert_of(switches(), None, now(), 0)
        self._state = CloudState(first_settings(switches().profile, guard), alert=alert)
        self._unapplied: Entries = ()
        self._reads = LateReads(self._state)
        self._gateway = Gateway(Orders(self._state.settings))
        self._battery = Battery(50, switches().battery_kwh)
        self._record = Record()
        self._at = now()
        self._stuck = switches().stuck_scheduler
        self._report = Report(last_due(self._at, switches().report_interval), self._battery.soc, 0.0)
        self._settings_due: datetime | None = None
        self._shown_before = (self._state.settings.profile, self._at)

    # Reading

    def state(self) -> CloudState:
        """Return what the cloud stores now."""
        self.advance()
        return self._state

    def visible_state(self, document: str) -> CloudState:
        """Return what a read of a document shows: the state of `read_lag` seconds ago (statements 77, 78)."""
        now, switches = self.advance(), self._switches()
        at = now - timedelta(seconds=switches.read_lag)
        return self._reads.read(document, self._state, at, flapping=switches.flapping)

    def enforced(self) -> Enforced:
        """Return what the gateway enforces now."""
        return self._gateway.piece(self.advance()).enforced

    def enforcement(self) -> dict[str, tuple[Stretch, ...]]:
        """Return the record of what the gateway enforced, up to now."""
        self._record.note(self.advance(), self.enforced())
        return self._record.stretches()

    def forget_enforcement(self) -> None:
        """Begin the record anew."""
        now = self.advance()
        self._record.note(now, self.enforced())
        self._record.clear(now)

    def report(self) -> Report:
        """Return the gateway's last report (statements 36, 79); one of this very moment tells of all of it."""
        if self.advance() == self._report.at:
            self._report_battery(self._at)
        return self._report

    def shown_profile(self) -> str:
        """Return the profile that the hardware reports: by switch the one before the last change (statement 61).

        For severe weather it is full backup (section 6.5).
        """
        shown = self._shown_at(self.advance())
        return BACKUP_PROFILE if self._gateway.in_storm else shown

    def _shown_at(self, now: datetime) -> str:
        split, (before, since) = self._switches().profile_split, self._shown_before
        if split == "never" or (split == "late" and now < since + _SPLIT_LASTS):
            return before
        return self._state.settings.profile

    def battery(self) -> Battery:
        """Return the battery itself, as it is now."""
        self.advance()
        return self._battery

    # What an operator does

    def set_soc(self, soc: float) -> None:
        """Set the state of charge, which the last report then tells; raise ValueError outside 0 to 100."""
        self.battery().set_soc(soc)
        self._report_battery(self._report.at)

    def stick(self, *, stuck: bool) -> None:
        """Have the battery do nothing until another profile frees it, or free it (statement 97)."""
        self.advance()
        self._stuck = stuck

    def set_profile(self, profile: str) -> None:
        """Give cloud, gateway and hardware another profile at once."""
        self._shown_before = (profile, self.advance())
        state = self._state
        change = requested(state.settings, ProfileChange(profile), self._switches().profile_first_charge, self._at)
        shown = replace(entered(state.readable, profile, change.sub_type, change.own), sub_type=state.readable.sub_type)
        state = replace(state, settings=change.taken(state.settings), requested=None)
        self._change_profile(state.confirmed(shown))

    # Writing

    def change_storm_guard(self, change: Toggle | OptOut, *, delay: float | None = None) -> None:
        """Store what the owner wants done in severe weather, and tell the gateway; raise ValueError (section 6.5)."""
        self.advance()
        guard = change.applied_to(self._state.settings.storm, self._state.alert)
        state = replace(self._state, settings=replace(self._state.settings, storm=guard))
        self._commit(state, tell_gateway=True, delay=delay)

    def change_settings(self, change: SettingsChange) -> None:
        """Store a settings change, commit the entries of the families it switches on, tell the gateway.

        Another profile in it is pending as in `request_profile`. Raises MalformedError (statements 55, 62).
        """
        self.advance()
        state = with_settings(self._state, change, self._switches(), self._stamp(), self._profile_due())
        self._commit(self._announced(state), tell_gateway=True)

    def request_profile(self, change: ProfileChange) -> None:
        """Ask the gateway for another profile or reserve (statement 61); raise MalformedError (62)."""
        self.advance()
        state = with_profile(self._state, change, self._switches(), self._profile_due())
        if state is not self._state:
            self._commit(self._announced(state), tell_gateway=False)

    def cancel_profile(self) -> bool:
        """Take back a profile change that is still pending; tell whether there was one (statement 60)."""
        self.advance()
        if self._state.requested is None:
            return False
        state = replace(self._state, requested=None)
        self._commit(state.confirmed(state.readable), tell_gateway=False)
        return True

    def create(self, window: Window, *, committed: bool = False) -> Entry:
        """Store a new entry, pending (statement 41). `committed`: applied at once.

        Raises ConflictError (63), ValueError for a window that this site does not take.
        """
        now, stamp = self.advance(), self._stamp()
        self._check(window, but="")
        entry_id = str(UUID(int=self._random.getrandbits(128), version=4))
        entry = Entry(entry_id, window, stamp, stamp, USER_ID, USER_ID, now, self._next_revision())
        return self._store(entry, committed=committed)

    def update(self, entry_id: str, window: Window, *, committed: bool = False) -> Entry:
        """Rewrite an entry, pending again (statement 45); raise NoEntryError, and as `create` does."""
        self.advance()
        entry = self._state.entry(entry_id)
        self._check(window, but=entry_id)
        return self._store(self._rewritten(entry, window), committed=committed)

    def delete(self, entry_id: str) -> None:
        """Remove an entry, from the gateway too; raise NoEntryError (statement 57)."""
        self.advance()
        self._commit(self._state.without((self._state.entry(entry_id),)), tell_gateway=True)

    def soft_delete(self, entry_id: str) -> Entry:
        """Take an entry out of effect but keep it stored; return it; raise NoEntryError (statement 58)."""
        self.advance()
        entry = self._state.entry(entry_id)
        entry = replace(self._rewritten(entry, entry.window), deleted=True)
        self._commit(self._state.with_entry(entry), tell_gateway=True)
        return entry

    # Time

    def advance(self) -> datetime:
        """Let time pass up to now: deliveries arrive, forgotten entries vanish, the battery runs; return now."""
        now = max(self._clock(), self._at)
        while (event := self._next_event()) is not None and event <= now:
            self._run_battery(max(event, self._at))
            self._take_profile()
            self._receive()
            self._report_settings()
            self._forget()
        self._run_battery(now)
        return now

    def switched(self, switches: Switches) -> None:
        """Follow a change of the switches that is about to happen."""
        now, was_online = self.advance(), self._gateway.online
        self.report()
        alert = alert_of(switches, self._state.alert, self._stamp(), self._next_revision())
        if alert != self._state.alert:
            self._commit(replace(self._state, alert=alert), tell_gateway=False)
        self._gateway.obey(conditions(switches, self._state.settings.profile, alert))
        self._gateway.connect(now, switches.activation_delay, online=switches.gateway_online)
        self._battery.resize(switches.battery_kwh)
        if switches.requested_config == "off" and self._state.reported is not None:
            self._commit(replace(self._state, reported=None, on_its_way=frozenset()), tell_gateway=False)
        if switches.gateway_online and not was_online:  # it begins with a report
            self._report_battery(now)
            self._show_settings()
        if self._settings_due is not None:
            self._settings_due = next_due(now, switches.report_interval)

    def _next_event(self) -> datetime | None:
        ttl = timedelta(seconds=self._switches().pending_ttl)
        ends = [entry.written_at + ttl for entry in self._unapplied]
        arrival, requested = self._gateway.next_arrival(), self._state.requested
        if arrival is not None:
            ends.append(arrival)
        if requested is not None and self._gateway.online:
            ends.append(requested.due)
        if self._settings_due is not None and self._gateway.online:
            ends.append(self._settings_due)
        return min(ends, default=None)

    def _take_profile(self) -> None:
        requested = self._state.requested
        if requested is None or requested.due > self._at or not self._gateway.online:
            return
        self._shown_before = (self._shown_at(self._at), self._at)
        self._change_profile(replace(self._state, settings=self._state.target, requested=None))

    def _change_profile(self, state: CloudState) -> None:
        if state.settings.profile != self._state.settings.profile:
            self._stuck = False  # statement 97
        self._commit(state, tell_gateway=True, delay=0)
        self._gateway.obey(conditions(self._switches(), state.settings.profile, state.alert))

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

    def _report_settings(self) -> None:
        if self._settings_due is not None and self._settings_due <= self._at and self._gateway.online:
            self._show_settings()

    def _show_settings(self) -> None:
        """Show what the gateway has, as far as reads wait for that (statement 93)."""
        self._settings_due = None
        if self._state.on_its_way:
            self._commit(self._state.confirmed(self._gateway.settings), tell_gateway=False)
        if self._state.on_its_way:
            self._settings_due = next_due(self._at, self._switches().report_interval)

    def _report_battery(self, at: datetime) -> None:
        if self._gateway.online:
            power = self._battery.power_kw(self._gateway.piece(self._at).enforced, *self._circumstances())
            self._report = Report(at, self._battery.soc, power)

    def _run_battery(self, until: datetime) -> None:
        due = last_due(until, self._switches().report_interval)
        if due > self._report.at:
            self._run_to(due)
            self._report_battery(due)
        self._run_to(until)

    def _run_to(self, until: datetime) -> None:
        surplus, hindered = self._circumstances()
        while self._at < until:
            piece = self._gateway.piece(self._at)
            end = min(piece.until, until)
            self._battery.run((end - self._at).total_seconds() / 3600, piece.enforced, surplus, hindered)
            self._record.note(self._at, piece.enforced)
            self._at = end

    def _circumstances(self) -> tuple[float, Hindrances]:
        """Return the surplus of the sun in kW, and what keeps the battery from doing what it is told."""
        switches = self._switches()
        return switches.solar_kw - switches.house_kw, hindrances(switches, stuck=self._stuck)

    # Storing

    def _stamp(self) -> datetime:
        """Return the time on the cloud's own clock."""
        return self._at + timedelta(seconds=self._switches().clock_skew)

    def _profile_due(self) -> datetime:
        return self._at + timedelta(seconds=self._switches().profile_delay)

    def _check(self, window: Window, but: str) -> None:
        check_window(window, self._switches())
        other = conflict(self._state.entries, window, but=but, touching_ok=self._switches().touching_ok)
        if other is not None:
            raise ConflictError(other)

    def _rewritten(self, entry: Entry, window: Window) -> Entry:
        return entry.rewritten(window, self._stamp(), USER_ID, self._at, self._next_revision())

    def _next_revision(self) -> int:
        self._revision += 1
        return self._revision

    def _store(self, entry: Entry, *, committed: bool) -> Entry:
        entry = entry.committed() if committed else entry
        self._commit(self._state.with_entry(entry), tell_gateway=committed)
        return entry

    def _announced(self, state: CloudState) -> CloudState:
        """Return the state as a write leaves it: by switch reads wait for the gateway's next report (statement 93)."""
        if self._switches().requested_config == "off":
            return state
        state = state.announced(self._state)
        if state.on_its_way and self._settings_due is None:
            self._settings_due = next_due(self._at, self._switches().report_interval)
        return state

    def _commit(self, state: CloudState, *, tell_gateway: bool, delay: float | None = None) -> None:
        self._reads.replace(self._at, self._state)
        self._state = state
        self._unapplied = tuple(filter(is_unapplied, state.entries))
        if tell_gateway:
            coming = (entry for entry in state.entries if entry.applied and not entry.active)
            confirms = frozenset((entry.id, entry.revision) for entry in coming)
            due = self._at + timedelta(seconds=self._switches().activation_delay if delay is None else delay)
            self._gateway.send(Delivery(due, Orders.of(state.settings, state.entries), confirms))
