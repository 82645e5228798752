"""The entries that the app owns. What is not in the ledger is foreign, and never touched.

Everything is noted before it is sent, so that a restart at the worst moment finds what there may be in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..store.decoding import as_sequence, as_text, attempt, each
from .controls import Control
from .entries import Entry, Terms
from .late import turned_up
from .losses import Loss, counted, losses_from_json, losses_to_json
from .owned import News, Owned
from .second_flag import SecondFlag, told_from_json

FLAG_AGAIN = timedelta(minutes=5)
"""Shortest time between two writes of the same second flag of charge from grid."""

MOST_DEAD = 20
"""How many entries that are gone are remembered: those of some days."""

MOST_MET = 500
"""How many entries are remembered as met: a year of them; then only those that are in force now."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that the app owns in the cloud. Every method returns a new ledger and leaves this one as it is.

    Attributes:
        owned: The entries, those that are leaving included.
        losses: How often entries of these terms vanished, as long as somebody wants them; not unapplied ones.
        owed: The families in which something was written that no apply has followed (6.8, "Activation").
        disable_owed: Whether an own entry of charge from grid is gone, and its second flag may have stayed on (S9).
        flag_told: What the second flag of charge from grid was last told, and when.
        flag: What reads have shown of that flag.
        met: Ids of all entries that were ever in force, or there when their family was to be off, whoever made them.
        given_up: Creations that no read showed in time, and those that were refused.
        dead: Own entries that are believed gone, the newest last: if they are listed again, they are still the app's.
    """

    owned: tuple[Owned, ...] = ()
    losses: Mapping[Terms, Loss] = field(default_factory=dict)
    owed: frozenset[Control] = frozenset()
    disable_owed: bool = False
    flag_told: tuple[bool, datetime] | None = None
    flag: SecondFlag = field(default_factory=SecondFlag)
    met: frozenset[str] = frozenset()
    given_up: tuple[Owned, ...] = ()
    dead: tuple[Owned, ...] = ()

    # -- asking -------------------------------------------------------------------------------------------------------

    def staying(self) -> tuple[Owned, ...]:
        """Return the owned entries that nobody has deleted."""
        return tuple(one for one in self.owned if not one.leaving)

    def terms(self) -> frozenset[Terms]:
        """Return the terms of the owned entries that are to stay."""
        return frozenset(one.terms for one in self.staying())

    def find(self, terms: Terms) -> Owned | None:
        """Return the owned entry of these terms that is to stay."""
        return next((one for one in self.owned if one.terms == terms and not one.leaving), None)

    def foreign(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Return the entries that the app does not own."""
        sent = [one for one in self.owned if one.schedule_id is None]
        return tuple(entry for entry in self._unknown(entries) if not any(one.may_be(entry) for one in sent))

    def told(self, on: bool, at: datetime) -> bool:
        """Return whether the second flag of charge from grid was told this a short while ago."""
        return self.flag_told is not None and self.flag_told[0] is on and at - self.flag_told[1] < FLAG_AGAIN

    def to_delete(self, wanted: Collection[Terms], entries: Iterable[Entry]) -> tuple[Owned, ...]:
        """Return the owned entries that are to go: nobody wants them, or their deletion had no answer and they stand.

        Args:
            wanted: What is to stand.
            entries: What the last read listed.
        """
        listed = {entry.schedule_id for entry in entries}
        return tuple(
            one
            for one in self.owned
            if one.schedule_id is not None
            and one.edited_since is None  # it may be somebody else's by now: the next look will tell
            and one.terms not in wanted
            and (not one.leaving or (one.schedule_id in listed and not one.answered))
        )

    def unlisted(self, wanted: Collection[Terms]) -> tuple[Owned, ...]:
        """Return the owned entries that nobody wants any more, and that no read has shown yet: they have no id."""
        return tuple(one for one in self.staying() if one.schedule_id is None and one.terms not in wanted)

    def contested(self, entries: Iterable[Entry]) -> tuple[Terms, ...]:
        """Return what the listed entries say that may be somebody else's by now: the next look will tell."""
        ids = {one.schedule_id for one in self.owned if one.edited_since is not None}
        return tuple(entry.terms for entry in entries if entry.schedule_id in ids)

    def may_hide(self, entries: Iterable[Entry], *some: Owned) -> bool:
        """Return whether an entry that cannot be read may be one of these creations; none: of all that are out."""
        sent = some or [one for one in self.owned if one.schedule_id is None]
        return any(one.may_be(entry) for entry in self._unknown(entries) if not entry.terms.readable for one in sent)

    def waits_for(self, control: Control) -> bool:
        """Return whether a read still has to show that something of this control is gone, or was never there."""
        leaving = any(one.terms.control is control and one.leaving and not one.gone for one in self.owned)
        return leaving or any(one.terms.control is control and self._may_stand(one) for one in self.given_up)

    def next_look(self, consistency: timedelta) -> datetime | None:
        """Return the instant from which a read can decide what is undecided now; None when nothing is."""
        looks = [at for one in self.owned if (at := one.second_look_at(consistency)) is not None]
        looks += [one.written_at + consistency for one in self.owned if one.schedule_id is None]
        looks += [one.written_at + consistency for one in self.given_up if one.missing_since is None]
        sure = [one for one in self.owned if not one.doubted and not one.gone]
        looks += [one.deleted_at + consistency for one in sure if one.deleted_at is not None]
        looks += [] if self.flag.off_since is None else [self.flag.off_since + consistency / 2]
        return min(looks, default=None)

    def taking_back(self, entries: Iterable[Entry]) -> Ledger:
        """Return the ledger with entries that are proven to be the app's, which it lost track of."""
        back = tuple(Owned.of(entry, entry.created_at) for entry in entries if entry.created_at is not None)
        unapplied = {one.terms.control for one in back if not one.active}
        return replace(self, owned=(*self.owned, *back), owed=self.owed | unapplied)

    # -- own writes ---------------------------------------------------------------------------------------------------

    def creating(self, terms: Terms, at: datetime, cloud_at: datetime, entries: Iterable[Entry]) -> Ledger:
        """Note a creation before it is sent.

        Args:
            terms: What is to be created.
            at: The current instant (aware, UTC).
            cloud_at: The same by the cloud's clock.
            entries: What the last read listed.
        """
        stood = frozenset(one.schedule_id for one in entries if one.terms.same_times(terms) or not one.terms.readable)
        return replace(self, owned=(*self.owned, Owned(terms, cloud_at, at, stood)), owed=self.owed | {terms.control})

    def updating(self, schedule_id: str, terms: Terms, at: datetime) -> Ledger:
        """Note an update before it is sent."""
        return self._changed(schedule_id, lambda one: one.updating(terms, at))

    def deleting(self, schedule_id: str, at: datetime) -> Ledger:
        """Note a deletion before it is sent."""
        deleted = self._changed(schedule_id, lambda one: one.deleting(at))
        flagged = any(one.schedule_id == schedule_id and one.terms.control.has_second_flag for one in self.owned)
        return _owing_disable(deleted) if flagged else deleted

    def ended(self, terms: Terms, cloud_at: datetime) -> Ledger:
        """Note that the creation or update to these terms got no success for an answer, and none can come any more.

        Args:
            terms: What was to be written.
            cloud_at: The present instant by the cloud's clock.
        """
        one = self.find(terms)
        return self if one is None else self._with(one, one.ended(cloud_at))

    def answered(self, terms: Terms, cloud_at: datetime) -> Ledger:
        """Note that the cloud answered the creation or update to these terms with success.

        Args:
            terms: What was written.
            cloud_at: The instant of the answer by the cloud's clock, which may have been set since the request.
        """
        one = self.find(terms)
        return self if one is None else self._with(one, replace(one.ended(cloud_at), answered=True))

    def not_sent(self, terms: Terms) -> Ledger:
        """Note that the creation or update to these terms never left: the cloud has nothing of it."""
        one = self.find(terms)
        return self if one is None else self._with(one, None if one.schedule_id is None else one.not_updated())

    def refused(self, terms: Terms) -> Ledger:
        """Note that the cloud refused the creation or update to these terms, and no read has shown it so far."""
        one = self.find(terms)
        if one is None:
            return self
        if one.schedule_id is not None:
            return self._with(one, one.update_refused())
        return replace(self._with(one, None), given_up=(*self.given_up, one))

    def deleted(self, schedule_id: str) -> Ledger:
        """Note that the cloud answered a deletion with success."""
        return self._changed(schedule_id, lambda one: replace(one, answered=True))

    def applied(self, control: Control, at: datetime) -> Ledger:
        """Note that the cloud answered an apply of this family with success."""
        owned = tuple(one.applied(at) if one.terms.control is control else one for one in self.owned)
        return replace(self, owned=owned, owed=self.owed - {control})

    def telling(self, on: bool, at: datetime) -> Ledger:
        """Note that the second flag of charge from grid is told something."""
        return replace(self, flag_told=(on, at))

    def saw_flag(self, on: bool, at: datetime, consistency: timedelta) -> tuple[Ledger, bool]:
        """Weigh a read of the second flag; return also whether it proves that a person switched it off."""
        flag, is_persons = self.flag.saw(on, at, consistency)
        return replace(self, flag=flag), is_persons

    def owing(self, control: Control) -> Ledger:
        """Owe this family an apply."""
        return replace(self, owed=self.owed | {control})

    def disabled(self) -> Ledger:
        """Note that a read shows the second flag of charge from grid off."""
        return replace(self, disable_owed=False) if self.disable_owed else self

    def owing_stuck(self, at: datetime) -> Ledger:
        """Owe another apply to the families whose entries stay pending for long."""
        stuck = {one.terms.control for one in self.owned if one.is_stuck(at)}
        return self if stuck <= self.owed else replace(self, owed=self.owed | stuck)

    def meeting(self, entries: Iterable[Entry]) -> Ledger:
        """Note which entries are in force, or were there when their family was to go off."""
        listed = frozenset(entry.schedule_id for entry in entries)
        met = self.met | listed if len(self.met) < MOST_MET else listed
        return self if met == self.met else replace(self, met=met)

    def settled(self, control: Control) -> Ledger:
        """Note that this family owes no apply: it is off, which tells the gateway enough."""
        return replace(self, owed=self.owed - {control}) if control in self.owed else self

    def confined_to(self, wanted: Iterable[Terms]) -> Ledger:
        """Forget the losses of entries that nobody wants any more."""
        terms = set(wanted)
        losses = {one: loss for one, loss in self.losses.items() if one in terms}
        return self if len(losses) == len(self.losses) else replace(self, losses=losses)

    # -- reads --------------------------------------------------------------------------------------------------------

    def saw(
        self, entries: Sequence[Entry], at: datetime, consistency: timedelta, unread: Collection[Control] = ()
    ) -> tuple[Ledger, tuple[tuple[Owned, News], ...]]:
        """Weigh one read of the list.

        Args:
            entries: What it shows, of all families.
            at: Instant (aware, UTC) of the read.
            consistency: How long reads may show what was before a write.
            unread: The families of which it cannot be told which entries they have: nothing is decided about those.
        """
        by_id = {entry.schedule_id: entry for entry in entries}
        taken = {one.schedule_id for one in (*self.dead, *self.owned)}
        dead = [one for one in self.dead if one.schedule_id not in by_id]
        kept: list[Owned] = []
        news: list[tuple[Owned, News]] = []
        for one in (*self.owned, *self._back(by_id, at)):
            found = one
            if one.schedule_id is None:
                made = next((each for each in entries if each.schedule_id not in taken and one.made(each)), None)
                if made is not None:
                    found = replace(one, schedule_id=made.schedule_id)
                    taken.add(made.schedule_id)
            entry = by_id.get(found.schedule_id or "")
            is_open = one.terms.control in unread or (found.schedule_id is None and self.may_hide(entries, one))
            after, told = (found, None) if is_open else found.weighed(entry, at, consistency)
            kept += [] if after is None else [after]
            if after is None and found.schedule_id is not None and told is not News.EDITED:
                dead.append(found)
            news += [] if told is None else [(found, told)]
        found_late, given_up = turned_up(self.given_up, entries, taken, at)
        kept += found_late
        owed = self.owed | {one.terms.control for one in found_late if not one.active}
        given_up += [one for one, told in news if told is News.LOST and one.schedule_id is None]
        given_up = [one if one.terms.control in unread else one.sought(at, consistency) for one in given_up]
        lost = [one for one, told in news if told is News.LOST and one.applies]
        flagged = any(one.terms.control.has_second_flag and told in (News.LOST, News.REMOVED) for one, told in news)
        ledger = replace(
            self,
            owned=tuple(kept),
            losses=counted(self.losses, [one.terms for one in lost if one.answered or one.schedule_id is not None], at),
            owed=owed,
            given_up=tuple(given_up),
            dead=tuple(dead[-MOST_DEAD:]),
        )
        return _owing_disable(ledger) if flagged else ledger, tuple(news)

    # -- the store ----------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, object]:
        """Return the ledger as the store keeps it."""
        return {
            "owned": [one.to_json() for one in self.owned],
            "losses": losses_to_json(self.losses),
            "owed": sorted(control.value for control in self.owed),
            "disable_owed": self.disable_owed,
            "met": sorted(self.met),
            "dead": [one.to_json() for one in self.dead],
            "given_up": [one.to_json() for one in self.given_up],
            "flag_told": [self.flag_told[0], self.flag_told[1].isoformat()] if self.flag_told else None,
            "flag": self.flag.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Ledger:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        return cls(
            owned=each(Owned.from_json, data["owned"]),
            losses=losses_from_json(data["losses"]),
            owed=frozenset(each(Control, data["owed"])),
            disable_owed=data["disable_owed"] is True,
            met=frozenset(each(as_text, data["met"])),
            dead=each(Owned.from_json, [one for one in as_sequence(data.get("dead", [])) if not isinstance(one, str)]),
            given_up=each(Owned.from_json, data.get("given_up", [])),
            flag_told=None if data["flag_told"] is None else attempt(told_from_json, data["flag_told"]),
            flag=(attempt(SecondFlag.from_json, data["flag"]) if "flag" in data else None) or SecondFlag(),
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _unknown(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries whose ids the app does not know as its own."""
        ids = {one.schedule_id for one in (*self.dead, *self.owned)}
        return [entry for entry in entries if entry.schedule_id not in ids]

    def _changed(self, schedule_id: str, change: Callable[[Owned], Owned]) -> Ledger:
        """Return the ledger with one entry changed, whose family owes an apply then."""
        one = next((one for one in self.owned if one.schedule_id == schedule_id), None)
        return self if one is None else replace(self._with(one, change(one)), owed=self.owed | {one.terms.control})

    def _may_stand(self, refused: Owned) -> bool:
        """Return whether a refused creation may have been carried out: nothing was taken in its place, nor shown."""
        return refused.missing_since is None and not any(one.terms.overlaps(refused.terms) for one in self.staying())

    def _back(self, listed: Collection[str], at: datetime) -> tuple[Owned, ...]:
        """Return the entries that were believed gone and are listed again: wanted or not, they are the app's.

        Where another own entry has taken the place they cannot stand, and only a later read can tell: they are leaving.
        """
        again = [one for one in self.dead if one.schedule_id in listed]
        taken = [one.terms for one in self.staying()]
        return tuple(one.back(at if any(one.terms.overlaps(each) for each in taken) else None) for one in again)

    def _with(self, one: Owned, other: Owned | None) -> Ledger:
        """Return the ledger with another entry in the place of one; None: without it."""
        owned = (other if each is one else each for each in self.owned)
        return replace(self, owned=tuple(each for each in owned if each is not None))


def _owing_disable(ledger: Ledger) -> Ledger:
    """Return the ledger after an entry of charge from grid went, which had the flag on whatever it was told before."""
    told = ledger.flag_told if ledger.flag_told is not None and ledger.flag_told[0] else None
    return replace(ledger, disable_owed=True, flag_told=told)
