"""What is wanted now of every control, with the wishes of all controls held against each other."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .claims import Claim, Claims, Ground, claims, rank
from .controls import Control
from .entries import terms_of
from .intent import Intent
from .reason import Kind, Reason, because
from .windows.window import Occurrence
from .wishes import Book

NOTHING_KNOWN = Ground()
"""The ground of a site of which nothing has been read: its switches alone rule."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of one control now.

    Attributes:
        intent: The wish that rules; its ``on`` is what the toggle shows.
        held_back_by: The wish that this one has to wait for; None when it can be carried out.
        obstacle: Why nothing is written for it; None when nothing is in the way.
        claims: The entries that are to stand in the cloud for this control: for this wish, for one that it covers or
            for a window that is about to begin.
        anyway: Whether the switch is to be on although this wish does not need it, or cannot be carried out.
        note: What is to be said of the wish once it is carried out; None when there is nothing.
    """

    intent: Intent
    held_back_by: Intent | None = None
    obstacle: Reason | None = None
    claims: tuple[Claim, ...] = ()
    anyway: bool = False
    note: Reason | None = None

    @property
    def effective(self) -> bool:
        """Whether the wish itself is to be carried out now."""
        return self.held_back_by is None and self.obstacle is None

    @property
    def switch(self) -> bool:
        """What the family's switch in the cloud is to be now."""
        return (self.intent.on and self.effective) or self.anyway

    def overrules(self, change: datetime) -> bool:
        """Return whether it is to be off whatever was done in the Enphase app since an instant (aware, UTC).

        If not, it is to be off only because nothing wants it on: a family that a person still needs stays on.
        """
        return not self.intent.on and (self.intent.timed or self.intent.is_newer_than(change))

    @property
    def own(self) -> Claim | None:
        """The claim of the wish itself; None when it needs no entry, or may have none now."""
        return next((claim for claim in self.claims if claim.intent == self.intent), None)

    @property
    def task(self) -> Hashable:
        """Identity of what has to be done: another one whenever another verdict is needed."""
        entries = tuple(terms for claim in self.claims for terms in claim.terms)
        return self.intent.key, self.switch, entries, self.obstacle, self.held_back_by and self.held_back_by.key


def resolve(
    book: Book,
    running: Sequence[Occurrence],
    now: datetime,
    ground: Ground = NOTHING_KNOWN,
    upcoming: Sequence[Occurrence] = (),
) -> Mapping[Control, Wanted]:
    """Return what is wanted now of every control of which anything is known.

    Where entries decide, wishes whose entries overlap cannot stand beside each other; where a switch alone decides, a
    timed charge and a discharge cannot, and the reverse. The lower rank is held back, inside a rank the older (h).

    Args:
        book: The wishes.
        running: The occurrences whose time it is at ``now``.
        now: The current instant (aware).
        ground: What the site gives to reckon with.
        upcoming: The occurrences that are to be written before they start.
    """
    tops = {control: top for control in Control if (top := book.top(control, running, now)) is not None}
    all_claims = claims(book, running, upcoming, now, ground)
    return {control: _wanted(top, tops, book, all_claims, ground) for control, top in tops.items()}


def rivals_of(control: Control, ground: Ground, standing: Intent) -> frozenset[Control]:
    """Return the controls whose timed wishes cannot stand beside this standing wish (f).

    Args:
        control: Whose wish it is.
        ground: What the site gives to reckon with.
        standing: The wish, as it would be.
    """
    rival = control.rival
    switched = frozenset({rival} if rival is not None and not {control, rival} <= ground.by_entries else ())
    return switched | (ground.by_entries - {control} if ground.needs_all_day(standing) else frozenset())


def _wanted(top: Intent, tops: Mapping[Control, Intent], book: Book, all_claims: Claims, ground: Ground) -> Wanted:
    control = top.control
    standing = book.standing.get(control)
    own = all_claims.of(control)
    held_back_by = all_claims.held_back.get(top.key)
    if (rival := _held_back_by_switch(top, tops, ground)) is not None:
        held_back_by, own = rival, ()
    obstacle = all_claims.obstructed.get(top.key)
    stands_below = standing is not None and standing.on and not ground.needs_all_day(standing)
    is_hindered = control in ground.by_entries and rival is None and (held_back_by or obstacle) is not None
    anyway = bool(own) or (is_hindered and stands_below and top != standing)
    if top.timed and not top.on:
        anyway = False  # a command to be off covers all that it finds (d)
    return Wanted(top, held_back_by, obstacle, own, anyway, _note(top, tops, ground))


def _held_back_by_switch(intent: Intent, tops: Mapping[Control, Intent], ground: Ground) -> Intent | None:
    """Return the rival's wish that outranks this one where a switch alone decides; None when nothing is against it."""
    rival = tops.get(intent.control.rival) if intent.control.rival is not None else None
    if rival is None or not (intent.on and rival.on) or not (intent.timed or rival.timed):
        return None
    if {intent.control, rival.control} <= ground.by_entries:
        return None
    return rival if rank(rival) > rank(intent) else None


def _note(top: Intent, tops: Mapping[Control, Intent], ground: Ground) -> Reason | None:
    """Return what people should know of a wish that is carried out."""
    if top.timed:
        return None
    if not top.on:
        by = None if top.replaced_by is None else tops.get(top.replaced_by)
        return because(Kind.REPLACED, control=by.control) if by is not None and by.on else None
    if ground.needs_all_day(top):
        return because(Kind.ALL_DAY_ENTRY)
    foreign = terms_of(ground.foreign_of(top.control))
    return because(Kind.YOUR_ENTRIES_DECIDE, entries=foreign) if foreign else None
