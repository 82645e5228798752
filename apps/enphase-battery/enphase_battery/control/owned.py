"""One entry that the app owns: from the moment before it is sent until a read shows that it is gone.

An entry is owned only if the app can show that it made it. Its id is found by re-reading, because the answer to a
creation has none and the list reorders itself (6.8). As with switches, a read proves
nothing within `consistency` of an own write: it may show what was before (10.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from ..store.decoding import (
    as_identifier,
    as_instant,
    as_mapping,
    as_optional_instant,
    as_text,
    as_whole,
    attempt,
    each,
)
from .entries import Entry, Terms

CLOCK_TOLERANCE = timedelta(seconds=2)
"""By how much `createdAt` may seem to precede the request: clocks are compared by a header that has whole seconds."""

LONGEST_REQUEST = timedelta(minutes=1)
"""How long after the app has its answer, or has given up waiting for it, a creation may be carried out."""

APPLY_AGAIN = timedelta(minutes=5)
"""How long an applied entry may stay pending before it is applied again; sites differ in which form they ignore."""

MOST_APPLIES = 3
"""How often an entry is applied; afterwards only the gateway can help."""

LONGEST_DOUBT = timedelta(minutes=5)
"""How long an end waits for the second look at an entry that a person may have changed: looks may be in vain."""

ANSWERED_TOLERANCE = timedelta(minutes=1)
"""The same where an answer says that the creation was carried out: then only the echo of an older one is to be told."""


class News(Enum):
    """What a read tells of an owned entry, once."""

    ACTIVE = "active"
    """The gateway has it."""
    LOST = "lost"
    """It vanished before the gateway ever had it, or its creation never arrived: it has to be written again."""
    REMOVED = "removed"
    """It vanished after the gateway had it: a person removed it."""
    EDITED = "edited"
    """A person changed it: it is theirs now."""


@dataclass(frozen=True, slots=True)
class Owned:
    """One entry that the app made, or is about to make. Every method returns a new object.

    Attributes:
        terms: What it says, or is to say.
        asked_at: When the creation was sent, by the cloud's clock (aware, UTC).
        written_at: When it was last written, by the own clock (aware, UTC).
        stood: Ids of entries of the same terms that were listed before: they are somebody else's.
        answered: Whether the cloud answered the last write, or the deletion, with success.
        schedule_id: Its identity; None until a read shows it.
        before: What else reads may show: what it said before its updates, oldest first, or was refused to say.
        echoes: Those of them that it said before an update which no read has shown: one that shows them proves nothing.
        applied_at: When it was last applied since it was written.
        applies: How often it was applied since it was written.
        active: Whether the gateway has it as it was written last.
        missing_since: Instant of the first read that did not show it although it should.
        edited_since: Instant of the first read that showed it saying what the app never wrote.
        deleted_at: When a deletion was last sent.
        gone: Whether a read after the deletion did not show it.
        seen_at: Instant of the last read that showed it as it was written: what later ones show was done after it.
        over_at: When the request for its creation was over, by the cloud's clock (aware, UTC); None: nobody knows.
    """

    terms: Terms
    asked_at: datetime
    written_at: datetime
    stood: frozenset[str] = frozenset()
    answered: bool = False
    schedule_id: str | None = None
    before: tuple[Terms, ...] = ()
    echoes: tuple[Terms, ...] = ()
    applied_at: datetime | None = None
    applies: int = 0
    active: bool = False
    missing_since: datetime | None = None
    edited_since: datetime | None = None
    deleted_at: datetime | None = None
    gone: bool = False
    seen_at: datetime | None = field(default=None, compare=False)
    over_at: datetime | None = None

    @classmethod
    def of(cls, entry: Entry, created_at: datetime) -> Owned:
        """Return what the app once made and forgot: a listed entry, and when it was made (aware, UTC)."""
        return cls(
            entry.terms, created_at, created_at, answered=True, schedule_id=entry.schedule_id, active=entry.active
        )

    @property
    def doubted(self) -> bool:
        """Whether the last read did not show it as it was written; a second look has to tell."""
        return self.missing_since is not None or self.edited_since is not None

    @property
    def leaving(self) -> bool:
        """Whether it was deleted, as far as the app can do that."""
        return self.deleted_at is not None

    @property
    def unchanged_at(self) -> datetime:
        """Instant (aware, UTC) at which it certainly said what the app wrote."""
        return self.seen_at or self.written_at

    def may_be_theirs(self, at: datetime) -> bool:
        """Return whether a read showed that a person changed it, and a second look may still tell."""
        return self.edited_since is not None and at - self.edited_since < LONGEST_DOUBT

    def is_stuck(self, at: datetime) -> bool:
        """Return whether it was applied and did not become active for so long that another apply may help."""
        if self.active or self.leaving or self.schedule_id is None or self.applied_at is None:
            return False
        return at - self.applied_at >= APPLY_AGAIN and self.applies < MOST_APPLIES

    def made(self, entry: Entry) -> bool:
        """Return whether a listed entry is what this creation made: it says the same, and was born with the request.

        Where the answer was lost, only its time of creation proves it: somebody else may make the same entry later.
        """
        if entry.schedule_id in self.stood or not entry.terms.same_times(self.terms):
            return False
        if entry.created_at is None:
            return self.answered
        earliest = self.asked_at - (ANSWERED_TOLERANCE if self.answered else CLOCK_TOLERANCE)
        return earliest <= entry.created_at <= (self.over_at or self.asked_at) + LONGEST_REQUEST

    def may_be(self, entry: Entry) -> bool:
        """Return whether a listed entry is what this creation made, or may be: it is new, and cannot be read."""
        if entry.terms.readable:
            return self.made(entry)
        return entry.terms.control is self.terms.control and entry.schedule_id not in self.stood

    def made_after_all(self, entry: Entry) -> bool:
        """Return whether a listed entry is what a creation made that was given up: nothing but its birth proves it."""
        return replace(self, answered=False).made(entry)

    def sought(self, at: datetime, consistency: timedelta) -> Owned:
        """Return the creation after a read that did not show it; a late one decides that it never arrived."""
        is_decided = self.missing_since is None and at - self.written_at >= consistency
        return replace(self, missing_since=at) if is_decided else self

    # -- own writes ---------------------------------------------------------------------------------------------------

    def ended(self, cloud_at: datetime) -> Owned:
        """Note that the request for its creation is over, answered or not.

        Args:
            cloud_at: The present instant by the cloud's clock, which may have been set since the request was sent.
        """
        return replace(self, asked_at=min(self.asked_at, cloud_at), over_at=max(self.asked_at, cloud_at))

    def updating(self, terms: Terms, at: datetime) -> Owned:
        """Note an update before it is sent: it is pending again, whatever it was (statement 45 of section 14)."""
        return replace(
            self,
            terms=terms,
            before=(*self.before, self.terms),
            echoes=(*self.echoes, self.terms),
            written_at=at,
            answered=False,
            applied_at=None,
            applies=0,
            active=False,
        )

    def not_updated(self) -> Owned:
        """Note that an update never left: it says what it said before."""
        if not self.before:
            return self
        return replace(self, terms=self.before[-1], before=self.before[:-1], echoes=self.echoes[:-1])

    def update_refused(self) -> Owned:
        """Note that an update was refused: most likely it says what it said before, but reads decide that."""
        if not self.before:
            return self
        *earlier, last = self.before
        return replace(self, terms=last, before=(*earlier, self.terms), echoes=self.echoes[:-1])

    def deleting(self, at: datetime) -> Owned:
        """Note a deletion before it is sent."""
        return replace(self, deleted_at=at, missing_since=None, gone=False, answered=False)

    def applied(self, at: datetime) -> Owned:
        """Note an apply that was answered with success."""
        return self if self.active or self.leaving else replace(self, applied_at=at, applies=self.applies + 1)

    # -- reads --------------------------------------------------------------------------------------------------------

    @property
    def _is_sweepable(self) -> bool:
        """Whether its first apply may just have taken it away: some sites delete the family's entries then (S11)."""
        is_first = self.applies == 1 and self.schedule_id is not None and not self.active
        return is_first and self.terms.control.may_be_swept

    def second_look_at(self, consistency: timedelta) -> datetime | None:
        """Return the instant from which a read can decide what the last ones cast doubt on; None: nothing."""
        since = self.missing_since or self.edited_since
        if since is None:
            return None
        writes = (at for at in (self.written_at, self.applied_at, self.deleted_at) if at is not None)
        return max(since + consistency / 2, max(writes) + consistency)

    def back(self, deleted_at: datetime | None) -> Owned:
        """Return it as it is listed again after it was believed gone."""
        return replace(self, deleted_at=deleted_at, gone=False, answered=True, missing_since=None, edited_since=None)

    def weighed(self, entry: Entry | None, at: datetime, consistency: timedelta) -> tuple[Owned | None, News | None]:
        """Weigh one read; None instead of the object: it is not, or no longer, the app's.

        Args:
            entry: The listed entry of its id; None: none is listed.
            at: Instant (aware, UTC) of the read.
            consistency: How long reads may show what was before a write.
        """
        if self.deleted_at is not None:
            return self._weighed_while_leaving(entry, at, consistency, fresh=at - self.deleted_at < consistency)
        young = at - self.written_at < consistency
        if entry is None:
            return self._weighed_as_missing(at, consistency, young=young)
        is_echo = young and any(entry.terms.same_times(terms) for terms in self.echoes)
        if is_echo or not entry.terms.readable:  # then it is there, and nobody knows what it says
            return self if is_echo else replace(self, missing_since=None), None
        if entry.terms.same_times(self.terms):
            before = self.before if young else ()
            shown = replace(self, before=before, echoes=(), missing_since=None, edited_since=None, seen_at=at)
            return replace(shown, active=entry.active), News.ACTIVE if entry.active and not self.active else None
        earlier = next((terms for terms in self.before if entry.terms.same_times(terms)), None)
        if earlier is None:
            return self._weighed_as_edited(at, consistency)
        return (self if young else replace(self, terms=earlier, before=(), echoes=())), None

    def _weighed_while_leaving(
        self, entry: Entry | None, at: datetime, consistency: timedelta, *, fresh: bool
    ) -> tuple[Owned | None, News | None]:
        """Weigh a read after a deletion: a fresh one may be an echo, a late one that shows it needs another try.

        Not where it says what the app never wrote: somebody made it theirs, before or after the deletion was tried.
        """
        is_readable = entry is not None and entry.terms.readable
        if (
            entry is not None
            and is_readable
            and not any(entry.terms.same_times(terms) for terms in (self.terms, *self.before))
        ):
            return self._weighed_as_edited(at, consistency)
        shown = replace(self, edited_since=None)
        if entry is None:
            return (replace(shown, gone=True) if fresh else None), None
        return (shown if fresh else replace(shown, deleted_at=None, gone=False)), None

    def _weighed_as_missing(
        self, at: datetime, consistency: timedelta, *, young: bool
    ) -> tuple[Owned | None, News | None]:
        """Weigh a read that does not show it: two reads apart from each other have to agree."""
        if young and not self._is_sweepable:
            return self, None
        if self.schedule_id is None:
            return None, News.LOST
        if self.missing_since is None:
            return replace(self, missing_since=at), None
        if not self._is_time_for_second_look(at, consistency):
            return self, None
        return None, News.REMOVED if self.active else News.LOST

    def _weighed_as_edited(self, at: datetime, consistency: timedelta) -> tuple[Owned | None, News | None]:
        """Weigh a read that shows it saying something else: as with switches, two reads apart have to agree."""
        if self.edited_since is None:
            return replace(self, edited_since=at, missing_since=None), None
        return (None, News.EDITED) if self._is_time_for_second_look(at, consistency) else (self, None)

    def _is_time_for_second_look(self, at: datetime, consistency: timedelta) -> bool:
        looks_at = self.second_look_at(consistency)
        return looks_at is not None and at >= looks_at

    # -- the store ----------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, object]:
        """Return it as the store keeps it."""
        return {
            "terms": self.terms.to_json(),
            "asked_at": self.asked_at.isoformat(),
            "written_at": self.written_at.isoformat(),
            "stood": sorted(self.stood),
            "answered": self.answered,
            "schedule_id": self.schedule_id,
            "before": [terms.to_json() for terms in self.before],
            "echoes": [terms.to_json() for terms in self.echoes],
            "applied_at": self.applied_at.isoformat() if self.applied_at else None,
            "applies": self.applies,
            "active": self.active,
            "missing_since": self.missing_since.isoformat() if self.missing_since else None,
            "edited_since": self.edited_since.isoformat() if self.edited_since else None,
            "deleted_at": self.deleted_at.isoformat() if self.deleted_at else None,
            "gone": self.gone,
            "seen_at": self.seen_at.isoformat() if self.seen_at else None,
            "over_at": self.over_at.isoformat() if self.over_at else None,
        }

    @classmethod
    def from_json(cls, value: object) -> Owned:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        schedule_id = data["schedule_id"]
        return cls(
            terms=Terms.from_json(data["terms"]),
            asked_at=as_instant(data["asked_at"]),
            written_at=as_instant(data["written_at"]),
            stood=frozenset(each(as_text, data["stood"])),
            answered=data["answered"] is True,
            schedule_id=None if schedule_id is None else as_identifier(schedule_id),
            before=each(Terms.from_json, data["before"]),
            echoes=each(Terms.from_json, data.get("echoes", [])),
            applied_at=attempt(as_optional_instant, data["applied_at"]),
            applies=attempt(as_whole, data["applies"]) or 0,
            active=data["active"] is True,
            missing_since=attempt(as_optional_instant, data["missing_since"]),
            edited_since=attempt(as_optional_instant, data.get("edited_since")),
            deleted_at=attempt(as_optional_instant, data["deleted_at"]),
            gone=data["gone"] is True,
            seen_at=attempt(as_optional_instant, data.get("seen_at")),
            over_at=attempt(as_optional_instant, data.get("over_at")),
        )
