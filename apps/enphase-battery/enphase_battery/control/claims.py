"""Which entries the wishes need, and which of them may stand in the cloud now.

A wish that needs entries makes a claim. Claims whose entries overlap cannot stand beside each other, whatever their
families: the cloud refuses that (6.8). The lower rank gives way for as long as the higher
one stands (h). A claim that somebody else's entry is in the way of is obstructed: nothing is written for it (l, m).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from .controls import Control
from .entries import Entry, Terms, terms_of
from .intent import Intent, Source
from .reason import Kind, Reason, because
from .shaping import apart, entries_for
from .site_state import Habits
from .weekly import meetings
from .windows.window import Occurrence
from .wishes import Book

GIVE_WAY = timedelta(minutes=5)
"""How long before its start a window makes a standing wish give way, however long the configured `lead` is: enough for
the cloud and the gateway, and no more of what is wanted now is lost."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the site gives the rules to reckon with.

    Attributes:
        by_entries: The controls that work with schedule entries.
        foreign: The entries that the app does not own.
        habits: What this site's cloud accepts.
        floor: Percent of charge below which nothing is discharged to the grid.
        zone: The site's zone; None while it is not known.
        window_begins: Minutes of the week at which the configured windows begin.
        charge_schedule_on: The second flag of charge from grid: while it is off, entries sleep though the switch is on.
        on: The controls whose switch is on by the last read that counted.
    """

    by_entries: frozenset[Control] = frozenset()
    foreign: tuple[Entry, ...] = ()
    habits: Habits = field(default_factory=Habits)
    floor: int = 5
    zone: tzinfo | None = None
    window_begins: frozenset[int] = frozenset()
    charge_schedule_on: bool = True
    on: frozenset[Control] = frozenset()

    def foreign_of(self, control: Control) -> tuple[Entry, ...]:
        """Return the entries of one family that the app does not own."""
        return tuple(entry for entry in self.foreign if entry.terms.control is control)

    def needs_all_day(self, standing: Intent | None) -> bool:
        """Return whether a standing wish needs an entry of the app's (a).

        Foreign entries decide when, where there are any. What the cloud showed first, or somebody did in the Enphase
        app, is not the app's to complete (j and step 4 of "How a wish becomes true").
        """
        return (
            standing is not None
            and standing.on
            and standing.source is not Source.CLOUD
            and standing.completed
            and standing.control in self.by_entries
            and not self.foreign_of(standing.control)
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A wish and the entries that have to stand for it."""

    intent: Intent
    terms: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of all controls, held against each other and against what others made.

    Attributes:
        standing: Those that may stand, of all controls.
        held_back: The wishes that have to wait, by key, each with the wish that they wait for.
        obstructed: The wishes for which nothing is written, by key, each with the reason.
    """

    standing: tuple[Claim, ...] = ()
    held_back: Mapping[str, Intent] = field(default_factory=dict)
    obstructed: Mapping[str, Reason] = field(default_factory=dict)

    def of(self, control: Control) -> tuple[Claim, ...]:
        """Return the claims of one control that may stand."""
        return tuple(claim for claim in self.standing if claim.intent.control is control)


def claims(
    book: Book, running: Sequence[Occurrence], upcoming: Sequence[Occurrence], now: datetime, ground: Ground
) -> Claims:
    """Return which entries may stand now.

    Args:
        book: The wishes.
        running: The occurrences whose time it is at ``now``.
        upcoming: The occurrences that are to be written before they start.
        now: The current instant (aware).
        ground: What there is to reckon with.
    """
    whole_days = {control for control, one in book.standing.items() if ground.needs_all_day(one)}

    def order(wish: Intent) -> tuple[int, datetime, str]:
        """Put a window that has not come last: it gives way to what is wanted now, for its own control to its start."""
        layer, since, name = rank(wish)
        near = now if wish.control in whole_days else now + GIVE_WAY
        return (layer if wish.since <= near else -1, since, name)

    wishes = sorted(_wishes(book, running, upcoming, now, ground), key=order, reverse=True)
    if ground.zone is None:
        unknown = because(Kind.ZONE_UNKNOWN)
        return Claims(obstructed={wish.key: unknown for wish in wishes})
    local = now.astimezone(ground.zone)
    claimed = [Claim(wish, entries_for(wish, ground.zone, ground.habits, ground.floor)) for wish in wishes]
    # In the hour that comes twice a window that has not come would begin in the first pass already.
    claimed = [one for one in claimed if one.intent.since <= now or not any(each.covers(local) for each in one.terms)]
    standing: dict[int, Claim] = {}
    held_back: dict[str, Intent] = {}
    obstructed: dict[str, Reason] = {}
    for position, (claim, higher) in enumerate(zip(claimed, _higher(claimed), strict=True)):
        obstacle = _obstacle(claim, book, ground)
        rival = next((standing[other].intent for other in higher if other in standing), None)
        if obstacle is not None:
            obstructed[claim.intent.key] = obstacle
        elif rival is not None:
            held_back[claim.intent.key] = rival
        else:
            standing[position] = claim
    left = tuple(standing.values())
    return Claims(left if ground.habits.touching else _set_apart(left, ground), held_back, obstructed)


def rank(intent: Intent) -> tuple[int, datetime, str]:
    """Order of the wishes: command, window, standing wish; then the newer; the name only breaks a tie."""
    layer = 0 if not intent.timed else 1 if intent.source is Source.WINDOW else 2
    return (layer, intent.since, intent.control.value)


def _wishes(
    book: Book, running: Sequence[Occurrence], upcoming: Sequence[Occurrence], now: datetime, ground: Ground
) -> Iterable[Intent]:
    """Yield every wish that needs entries now: what is covered by a higher wish of its control included."""
    for control in sorted(ground.by_entries, key=lambda one: one.value):
        yield from (intent for intent in book.timed(control, running, now) if intent.on)
        yield from book.occurrences(control, upcoming)
        standing = book.standing.get(control)
        if standing is not None and ground.needs_all_day(standing):
            yield standing


def _higher(claimed: Sequence[Claim]) -> list[list[int]]:
    """Return for each claim the positions of those before it that the cloud would not let stand beside it."""
    parts = [(terms, position) for position, claim in enumerate(claimed) for terms in claim.terms]
    met = {(parts[one][1], parts[other][1]) for one, other in meetings([terms for terms, _ in parts])}
    higher: list[list[int]] = [[] for _ in claimed]
    for before, after in sorted(met):
        higher[after].append(before)
    return higher


def _obstacle(claim: Claim, book: Book, ground: Ground) -> Reason | None:
    """Return why nothing may be written for a claim, because of what others made."""
    control = claim.intent.control
    # Where the switch is on already, only what its owner has applied is in force; the rest is not the app's to decide.
    siblings = [entry for entry in ground.foreign_of(control) if entry.active or control not in ground.on]
    blocking = [entry for entry in ground.foreign if any(entry.terms.overlaps(terms) for terms in claim.terms)]
    if blocking:
        return because(Kind.OVERLAP, entries=terms_of(blocking))
    if siblings and claim.intent.timed and not _are_awake(control, book.standing.get(control), ground):
        return because(Kind.WOULD_WAKE_ENTRIES, count=len(siblings), control=control)
    return None


def _are_awake(control: Control, standing: Intent | None, ground: Ground) -> bool:
    """Return whether the entries that others made in a family are in force without the app's timed wishes."""
    if standing is None or not standing.on:
        return False
    sleeps = control.has_second_flag and not ground.charge_schedule_on
    return not sleeps or standing.source is not Source.CLOUD


def _set_apart(standing: Sequence[Claim], ground: Ground) -> tuple[Claim, ...]:
    """Return the claims with a minute between entries, for a cloud that refuses entries that touch (section 13)."""
    begins = _minutes((entry.terms for entry in ground.foreign), Terms.begins) | ground.window_begins
    ends = _minutes((entry.terms for entry in ground.foreign), Terms.ends)
    begins |= _minutes((terms for claim in standing for terms in claim.terms), Terms.begins)
    return tuple(Claim(claim.intent, tuple(apart(terms, begins, ends) for terms in claim.terms)) for claim in standing)


def _minutes(several: Iterable[Terms], of: Callable[[Terms], frozenset[int]]) -> frozenset[int]:
    return frozenset(minute for terms in several for minute in of(terms))
