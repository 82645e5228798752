"""What is known of the cloud and what was written to it: kept by the reconciler, saved before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..control.arrival import Arrival
from ..control.claims import Ground
from ..control.controls import Control
from ..control.entries import Entry, Terms
from ..control.evidence import Evidence
from ..control.ledger import Ledger
from ..control.plan import Actual
from ..control.reason import Reason
from ..control.site_state import Habits, SiteState
from ..control.steps import DeleteStep, Step, SwitchStep
from ..control.wanted import Wanted
from ..store.decoding import by_name
from ..store.store import Store

SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=15)
"""Bounds of the time until the next look at an entry that the gateway does not have yet."""

UNREADABLE = timedelta(minutes=5)
"""Time until the next look at a list that could not be read, or not all of it, though the settings could."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that was tried in vain.

    Attributes:
        reason: Why; None when the cloud answered with success and still shows the old value.
        until: When it may be tried again (aware, UTC); None: in the next pass.
        listed: The foreign entries that stood then: once there are others it may be tried again.
        passing: Whether it is nothing but a matter of time.
    """

    reason: Reason | None = None
    until: datetime | None = None
    listed: tuple[Entry, ...] = ()
    passing: bool = False


@dataclass(slots=True)
class Records:
    """All that the app knows of the cloud.

    Attributes:
        store: What outlives a restart: evidence and ledger, written whenever they change.
        evidence: What is known of every switch.
        ledger: The entries that the app owns.
        state: What was read last.
        listed: The last list of entries that could be read; None before the first.
        fading: Entries of others that the last reads did not show, each with the first of them.
        failures: The steps that were tried in vain.
        forbidden: Why steps were not even tried, by control, as the last read then told it.
        tried: The wish that was carried out last, by control.
        read_at: Instant (aware, UTC) of the last read; None before the first.
        arrivals: Own switches on their way to the gateway.
    """

    store: Store
    evidence: dict[Control, Evidence] = field(init=False)
    ledger: Ledger = field(init=False)
    state: SiteState = field(default_factory=SiteState)
    listed: tuple[Entry, ...] | None = None
    fading: dict[Entry, datetime] = field(default_factory=dict)
    failures: dict[Step, Failure] = field(default_factory=dict)
    forbidden: dict[Control, Reason] = field(default_factory=dict)
    tried: dict[Control, str] = field(default_factory=dict)
    read_at: datetime | None = None
    arrivals: Mapping[Control, Arrival] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self.store.read("evidence", _evidence_from_json) or {}
        self.evidence = {control: known.get(control, Evidence()) for control in Control}
        self.ledger = self.store.read("ledger", Ledger.from_json) or Ledger()

    def read(self, state: SiteState, at: datetime, consistency: timedelta) -> None:
        """Keep what was read. An entry of others that one read does not show counts as standing for a while (10.3)."""
        before, self.state, self.read_at = self.foreign(), state, at
        if state.entries is None:
            return
        known = {entry.schedule_id: entry for entry in self.listed or ()}
        kept = tuple(entry for entry in known.values() if entry.terms.control in state.unread)
        # What cannot be read of an entry now is most likely what was read of it before.
        self.listed = (
            *(known.get(one.schedule_id, one) if not one.terms.readable else one for one in state.entries),
            *kept,
        )
        ids = {entry.schedule_id for entry in self.listed}
        missing = {entry: self.fading.get(entry, at) for entry in before if entry.schedule_id not in ids}
        self.fading = {entry: since for entry, since in missing.items() if at - since < consistency / 2}

    def note(self, control: Control, evidence: Evidence) -> None:
        """Keep what is known of a switch."""
        is_new, self.evidence[control] = evidence != self.evidence[control], evidence
        if is_new:
            self.remember()

    def keep(self, ledger: Ledger) -> None:
        """Keep a ledger."""
        is_new, self.ledger = ledger != self.ledger, ledger
        if is_new:
            self.remember()

    def remember(self) -> None:
        """Save everything, also when nothing is new but the time of a read: it tells which wish is newer."""
        switches = {control.value: one.to_json() for control, one in self.evidence.items()}
        self.store.write_all({"evidence": switches, "ledger": self.ledger.to_json()})

    def take_back(self, entries: Collection[Entry]) -> None:
        """Own entries again that are proven to be the app's, and that the ledger knows nothing of."""
        if entries:
            self.keep(self.ledger.taking_back(entries))

    def foreign(self) -> tuple[Entry, ...]:
        """Return the entries that the app does not own, by the last list that could be read and the one before."""
        return self.ledger.foreign((*(self.listed or ()), *self.fading))

    def ground(self, habits: Habits) -> Ground:
        """Return what the site gives the rules to reckon with; the zone is the caller's."""
        switches = self.state.switches
        return Ground(
            by_entries=frozenset(control for control in Control if self.state.by_entries(control)),
            foreign=self.foreign(),
            habits=habits,
            floor=switches.floor if switches else Ground().floor,
            charge_schedule_on=switches is None or switches.charge_schedule_on is True,
            on=frozenset(control for control, one in self.evidence.items() if one.known),
        )

    def actual(self, habits: Habits, now: datetime) -> Actual:
        """Return what a plan starts from."""
        return Actual(self.evidence, self.state, self.ledger, habits, now, self.failures.keys())

    def begin_pass(self, due: Mapping[Control, Wanted]) -> None:
        """Let every switch be tried again, and everything that another wish than the last one needs."""
        wishes = {control: wanted.intent.key for control, wanted in due.items()}
        new = {control for control, key in wishes.items() if self.tried.get(control) != key}
        self.tried |= wishes
        self.failures = {
            step: one
            for step, one in self.failures.items()
            if not isinstance(step, SwitchStep) and (step.control not in new or isinstance(step, DeleteStep))
        }

    def forget_failures(self, now: datetime) -> frozenset[Control]:
        """Forget the failures after which another try is due; return the controls whose wait ends early.

        What a read forbade is as old as that read: it holds no longer once another one tells otherwise.
        """
        listed, switches = self.foreign(), self.state.switches
        refusals = {} if switches is None else switches.refusals
        allowed = {control for control, refusal in self.forbidden.items() if refusals.get(control) != refusal}
        self.forbidden = {control: one for control, one in self.forbidden.items() if control not in allowed}
        over = {step: one for step, one in self.failures.items() if one.until is not None and now >= one.until}
        early = {
            step
            for step, one in self.failures.items()
            if step.control in allowed or (one.until is not None and one.listed != listed)
        }
        self.failures = {step: one for step, one in self.failures.items() if step not in over and step not in early}
        return frozenset(step.control for step in early) | allowed

    def forget_failures_of(self, terms: Terms) -> None:
        """Forget that an entry could not be written: it is."""
        self.failures = {
            step: one
            for step, one in self.failures.items()
            if isinstance(step, (SwitchStep, DeleteStep)) or step.terms != terms
        }

    def may_sweep(self, step: Step) -> bool:
        """Return whether a step may take its family's entries away (S11): only one whose id is known is missed soon."""
        switches_on = isinstance(step, SwitchStep) and step.on
        return switches_on and step.control.may_be_swept and self.evidence[step.control].believed is not True

    def is_unseen(self, control: Control) -> bool:
        """Return whether the list does not show yet what was written for a control."""
        created = any(one.schedule_id is None for one in self.ledger.staying() if one.terms.control is control)
        return created or self.ledger.waits_for(control)

    def is_unheard(self, control: Control) -> bool:
        """Return whether a switch changed in the cloud while the gateway was offline, which may not have heard yet."""
        changed_at, storage = self.evidence[control].changed_at, self.state.storage
        if changed_at is None or storage is None or storage.silent_since is None:
            return False
        return not storage.has_reported_since(changed_at)

    @property
    def is_legible(self) -> bool:
        """Whether the last list told of all own entries, so that the next one may tell more."""
        entries = self.state.entries
        return entries is not None and not self.state.unread and not self.ledger.may_hide(entries)

    def next_look(self, consistency: timedelta) -> datetime | None:
        """Return when a read may show something new of the entries: less and less often the longer it takes."""
        read_at = self.read_at
        if read_at is None:
            return None
        looks = self._doubts(consistency)
        for one in self.ledger.staying():
            since = one.applied_at if one.applies == 1 else one.written_at
            if since is not None and not one.active:
                looks.append(read_at + min(read_at - since, LATEST))
        earliest = read_at + (SOONEST if self.is_legible else UNREADABLE)
        return min((max(look, earliest) for look in looks), default=None)

    def looks(self, consistency: timedelta) -> list[datetime]:
        """Return when reads may decide what the last ones left open of entries and switches."""
        entries = self.next_look(consistency)
        return [*([] if entries is None else [entries]), *self.second_looks(consistency)]

    def arrival_looks(self) -> list[datetime]:
        """Return when a read may show something new of each switch on its way, also where no wish waits for it."""
        return [] if self.read_at is None else [one.next_look(self.read_at) for one in self.arrivals.values()]

    def second_looks(self, consistency: timedelta) -> list[datetime]:
        """Return from when a read can decide about each switch that the last ones left in doubt.

        Not where the last read did not tell of it: nobody knows when one will.
        """
        told = self.evidence if self.state.switches is None else self.state.switches.on
        return [
            at
            for control, one in self.evidence.items()
            if control in told and one.unproven is None and (at := one.second_look_at(consistency)) is not None
        ]

    def awaits_gateway(self, now: datetime, consistency: timedelta) -> bool:
        """Return whether the gateway lacks an own entry, the list tells of it, and no doubt is due to be decided."""
        if self.state.entries is None or all(one.active for one in self.ledger.staying()):
            return False
        return all(now < at for at in (*self.second_looks(consistency), *self._doubts(consistency)))

    def _doubts(self, consistency: timedelta) -> list[datetime]:
        """Return from when a read can decide about the entries that the last ones left in doubt."""
        own = self.ledger.next_look(consistency)
        return [*([] if own is None else [own]), *(since + consistency / 2 for since in self.fading.values())]


def _evidence_from_json(data: Mapping[str, object]) -> dict[Control, Evidence]:
    """Read back what is kept of the switches, of the controls that this version has."""
    return by_name(Control, Evidence.from_json, data)
