"""What reads prove about a switch in the cloud, given what was written to it.

The cloud shows old values for a while after a write, and flaps. So a read counts only when it cannot be such an echo,
and a change that nobody here made counts only when two reads apart from each other show it
(10.3; steps 4 and 5 of "How a wish becomes true" in docs/design.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from ..store.decoding import as_instant, as_mapping, as_optional_instant, as_sequence, attempt

LAST_LOOK = 5
"""How many times `consistency` after a write that was given up a last look is taken whether it came true after all."""

GIVEN_UP_FOR = 10
"""How many times `consistency` after it a change to its value is its doing, if no look was possible before."""


class Sight(Enum):
    """What one read means for one control."""

    SAME = "same"
    """It shows what was known already."""
    SHOWN = "shown"
    """It shows what was written: the write is proven."""
    ECHO = "echo"
    """It may be an old value; it proves nothing."""
    ON_ITS_WAY = "on its way"
    """It tells that the cloud has taken what was written, and that the gateway does not report it yet (15.1)."""
    NOT_SHOWN = "not shown"
    """It is late enough to count, and the cloud ignored an answered write."""
    LATE = "late"
    """It shows an own write that was given up: it came true after all, and nobody else changed anything."""
    SUSPECT = "suspect"
    """It differs from what was known, and nobody here wrote; a second look has to confirm it."""
    FOREIGN = "foreign"
    """The second look: somebody else changed it."""


@dataclass(frozen=True, slots=True)
class OwnWrite:
    """One write of this app.

    Attributes:
        before: The value that was believed before the write.
        value: The value written.
        at: Instant (aware, UTC) at which it was sent, or sent again.
        answered: Whether the cloud answered it with success; a write without an answer may or may not have arrived.
        repeated: Whether it was sent before, to an answer or to none, of which a refusal now says nothing.
        shown: Whether a read has shown its value since.
        told_at: Instant (aware, UTC) of the last read that told of it as on its way to the gateway; None: none did.
    """

    before: bool
    value: bool
    at: datetime
    answered: bool = False
    repeated: bool = False
    shown: bool = False
    told_at: datetime | None = None

    def is_young(self, at: datetime, consistency: timedelta) -> bool:
        """Return whether a read at an instant may come from before it, or from before it was last told of."""
        return at - max(self.at, self.told_at or self.at) < consistency

    def to_json(self) -> dict[str, object]:
        """Return the write as the store keeps it."""
        return {
            "before": self.before,
            "value": self.value,
            "at": self.at.isoformat(),
            "answered": self.answered,
            "repeated": self.repeated,
            "shown": self.shown,
            "told_at": self.told_at.isoformat() if self.told_at else None,
        }

    @classmethod
    def from_json(cls, data: object) -> OwnWrite:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        one = as_mapping(data)
        return cls(
            before=one["before"] is True,
            value=one["value"] is True,
            at=as_instant(one["at"]),
            answered=one["answered"] is True,
            repeated=one["repeated"] is True,
            shown=one["shown"] is True,
            told_at=attempt(as_optional_instant, one.get("told_at")),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about one switch. Every method returns a new object.

    Attributes:
        known: Value of the last read that counted; None before the first.
        writes: Own writes young enough to echo, and the last one as long as it is not proven; oldest first.
        suspect_since: Instant of the first read that showed a change nobody here made.
        given_up: The last write that was answered and not shown in time, or that was refused: it may come true yet.
        known_at: Instant (aware, UTC) of the last read that counted: a change that later ones show was made after it.
        changed_at: Instant (aware, UTC) from which the cloud has held what is known; None: it was never seen to change.
    """

    known: bool | None = None
    writes: tuple[OwnWrite, ...] = ()
    suspect_since: datetime | None = None
    given_up: OwnWrite | None = None
    known_at: datetime | None = field(default=None, compare=False)
    changed_at: datetime | None = field(default=None, compare=False)

    @property
    def unproven(self) -> OwnWrite | None:
        """The last own write, as long as no read has shown its value."""
        return self.writes[-1] if self.writes and not self.writes[-1].shown else None

    @property
    def believed(self) -> bool | None:
        """What the cloud most likely holds; None when that cannot be said, so that a write must not be saved."""
        write = self.unproven
        if write is None:
            return self.known
        return write.value if write.answered else None

    @property
    def surely_off(self) -> bool:
        """Whether a read that counts has shown the switch off, and nothing was written since, refused or not."""
        return self.known is False and self.unproven is None and self.may_become is not True

    @property
    def may_become(self) -> bool | None:
        """What a refused write was to make of it, as long as no read that counts has shown otherwise; else None."""
        return self.given_up.value if self.given_up is not None and not self.given_up.answered else None

    def sending(self, value: bool, at: datetime) -> Evidence:
        """Note a write before it is sent, so that it is known even if no answer ever comes."""
        write = self.unproven
        if write is not None and write.value is value:
            return replace(self, writes=(*self.writes[:-1], replace(write, at=at, repeated=True)), suspect_since=None)
        before = write.value if write is not None else self.known is True
        return replace(self, writes=(*self.writes, OwnWrite(before, value, at)), suspect_since=None)

    def answered(self, at: datetime) -> Evidence:
        """Note that the cloud answered the last write with success."""
        write = self.unproven
        return (
            self if write is None else replace(self, writes=(*self.writes[:-1], replace(write, at=at, answered=True)))
        )

    def refused(self) -> Evidence:
        """Note that the cloud refused the last write: it is given up, but may have been carried out all the same.

        A refusal says nothing about an earlier try of the same write.
        """
        write, late = self.unproven, self.given_up
        if write is None or write.answered or write.repeated:
            return self
        if late is not None and late.answered and late.value is write.value:
            write = replace(write, answered=True)  # it was promised once, and is waited for longer
        return replace(self, writes=self.writes[:-1], given_up=write)

    def saw(
        self,
        value: bool,
        at: datetime,
        consistency: timedelta,
        *,
        told: bool | None = None,
        pending: bool = False,
    ) -> tuple[Evidence, Sight]:
        """Weigh one read.

        Args:
            value: What the read shows.
            at: Instant (aware, UTC) of the read.
            consistency: How long reads may show old values after a write.
            told: What it tells of the switch as on its way to the gateway (15.1); None: nothing.
            pending: Whether the cloud waits for the gateway, whatever it tells of that. Then the old value says nothing
                of a write, and neither does the new one where a write before that one may still arrive.
        """
        write = self.unproven
        if write is not None and told is not None and told is not write.value:
            return self._saw_against(write, told, at, consistency)
        if write is not None:
            return self._saw_asked(write, value, at, consistency, told=told is not None, pending=pending)
        if self.known is None and told is not None and told is not value:  # nobody knows who sent it: maybe the app
            sent = OwnWrite(before=value, value=told, at=at, answered=True, told_at=at)
            return replace(self, writes=(sent,)), Sight.ON_ITS_WAY
        return self._saw_unasked(value, at, consistency, pending=pending)

    def _saw_asked(
        self, write: OwnWrite, value: bool, at: datetime, consistency: timedelta, *, told: bool, pending: bool
    ) -> tuple[Evidence, Sight]:
        """Weigh a read while an own write waits for its proof; ``told``: it tells of that one as on its way."""
        young = [one for one in self.writes if one.is_young(at, consistency)]
        if value is write.value:
            # What stood before another write may come from that time, a refused one included: it may have been carried
            # out. A read has shown that other write? Then an answer with success has to say so too: the next read may
            # be older again, and a write without that may never have arrived.
            # While the cloud waits for the gateway every read is as old as its last report.
            earlier = self.writes[:-1] if pending else young[:-1]
            others = [*earlier, *self._refused_since(None if pending else at - consistency)]
            is_answered = told or write.answered
            if not any(one.before is value for one in others if not (one.shown and is_answered)):
                proven = tuple(replace(one, shown=True) for one in young)
                return Evidence(known=value, writes=proven, known_at=at, changed_at=write.at), Sight.SHOWN
        elif not pending and self.suspect_since is not None and at - self.suspect_since >= consistency / 2:
            return self._seen(value, at), Sight.FOREIGN  # one read told it, this one shows it
        elif not pending and not write.is_young(at, consistency):
            if write.answered:
                return self._seen(value, at, given_up=write), Sight.NOT_SHOWN
            return self._seen(value, at), Sight.SAME
        if not told:
            return self, Sight.ECHO
        taken = (*self.writes[:-1], replace(write, answered=True, told_at=at))
        return replace(self, writes=taken, suspect_since=None), Sight.ON_ITS_WAY

    def _saw_against(self, write: OwnWrite, told: bool, at: datetime, consistency: timedelta) -> tuple[Evidence, Sight]:
        """Weigh a read that tells of the opposite of the last write as on its way.

        Where an earlier one told of that write somebody has changed it since. Else the write was ignored, or it was
        not answered, and is told again.
        """
        late = self.given_up
        if late is not None and late.value is told and late.at > write.at:  # refused, and carried out all the same
            sent = (*self.writes, replace(late, answered=True, told_at=at))
            return replace(self, writes=sent, suspect_since=None, given_up=None), Sight.LATE
        echoes = any(one.is_young(at, consistency) and one.value is told for one in self.writes)
        if echoes or not write.answered or (write.told_at is None and write.is_young(at, consistency)):
            return self, Sight.ECHO
        if write.told_at is None:
            return replace(self, writes=self.writes[:-1], given_up=write), Sight.NOT_SHOWN
        if self.suspect_since is None:
            return replace(self, suspect_since=at), Sight.SUSPECT
        if at - self.suspect_since < consistency / 2:
            return self, Sight.SUSPECT
        return Evidence(told, known_at=at, changed_at=at), Sight.FOREIGN

    def second_look_at(self, consistency: timedelta) -> datetime | None:
        """Return the instant from which a read can decide what is undecided now; None when nothing is."""
        if self.unproven is not None:
            return max(one.at for one in (self.unproven, *self._refused_since(self.unproven.at))) + consistency
        if self.suspect_since is not None:
            return self.suspect_since + consistency / 2
        return None if self.given_up is None else _last_look_at(self.given_up, consistency)

    def _refused_since(self, since: datetime | None) -> tuple[OwnWrite, ...]:
        """Return the write that was given up, if that was sent, and so refused, after an instant; None: whenever."""
        late = self.given_up
        return (late,) if late is not None and (since is None or late.at > since) else ()

    def _saw_unasked(
        self, value: bool, at: datetime, consistency: timedelta, *, pending: bool
    ) -> tuple[Evidence, Sight]:
        """Weigh a read while no own write waits for its proof. What others send counts once the gateway reports it."""
        young, late = tuple(one for one in self.writes if one.is_young(at, consistency)), self.given_up
        if self.known is None or value is self.known:
            looked = late is not None and not pending and at >= _last_look_at(late, consistency)
            late = None if looked else late
            return self._seen(value, at, writes=young, given_up=late), Sight.SAME
        if young:
            return self, Sight.ECHO
        is_over = late is not None and late.answered and at - late.at >= GIVEN_UP_FOR * consistency
        if late is not None and value is late.value and not is_over:
            came_true = (replace(late, shown=True),) if at - late.at < consistency else ()
            return self._seen(value, at, writes=came_true), Sight.LATE
        if self.suspect_since is None:
            return replace(self, writes=(), suspect_since=at), Sight.SUSPECT
        if at - self.suspect_since < consistency / 2:
            return self, Sight.SUSPECT
        return self._seen(value, at), Sight.FOREIGN

    def _seen(
        self, value: bool, at: datetime, *, writes: tuple[OwnWrite, ...] = (), given_up: OwnWrite | None = None
    ) -> Evidence:
        """Return what is known after a read that counts."""
        changed = self.known is not None and value is not self.known
        return Evidence(value, writes, None, given_up, known_at=at, changed_at=at if changed else self.changed_at)

    def to_json(self) -> dict[str, object]:
        """Return the evidence as the store keeps it."""
        return {
            "known": self.known,
            "writes": [one.to_json() for one in self.writes],
            "suspect_since": self.suspect_since.isoformat() if self.suspect_since else None,
            "given_up": self.given_up.to_json() if self.given_up else None,
            "known_at": self.known_at.isoformat() if self.known_at else None,
            "changed_at": self.changed_at.isoformat() if self.changed_at else None,
        }

    @classmethod
    def from_json(cls, value: object) -> Evidence:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        known, given_up = data["known"], data["given_up"]
        return cls(
            known=known if isinstance(known, bool) else None,
            writes=tuple(OwnWrite.from_json(one) for one in as_sequence(data["writes"])),
            suspect_since=attempt(as_optional_instant, data["suspect_since"]),
            given_up=None if given_up is None else attempt(OwnWrite.from_json, given_up),
            known_at=attempt(as_optional_instant, data.get("known_at")),
            changed_at=attempt(as_optional_instant, data.get("changed_at")),
        )


def _last_look_at(given_up: OwnWrite, consistency: timedelta) -> datetime:
    """Return from when a read that does not show a write means that it never came true.

    After a refusal the first read that counts is believed; a write that was promised may take longer.
    """
    return given_up.at + (LAST_LOOK if given_up.answered else 1) * consistency
