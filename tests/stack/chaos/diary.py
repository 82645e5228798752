"""What was wished when, what became of it, and what has to stand in the end. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.stack.chaos.plan import How


@dataclass(slots=True)
class Made:
    """A wish that was made.

    Attributes:
        at: When.
        control: Of which control.
        on: To what.
        how: In which way.
        until: End of a timed one.
        doubtful: Why nobody can say which wish is the last: the app cannot know, or may never have heard. Empty: clear.
        heard: Whether the app was seen to want it.
        confirmed: Whether the app was seen to confirm it.
        failed: Whether the app said that the cloud refused it; then what stood before counts again.
    """

    at: datetime
    control: str
    on: bool
    how: How
    until: datetime | None = None
    doubtful: str = ""
    heard: bool = False
    confirmed: datetime | None = None
    failed: str = ""

    @property
    def is_flip(self) -> bool:
        """Whether it is to stand."""
        return self.until is None


@dataclass(slots=True)
class Diary:
    """All wishes in order of time.

    Attributes:
        rivals: Per control the others that cannot stand beside it.
        spans: When windows have their time: control, begin, end.
        made: The wishes.
    """

    rivals: dict[str, tuple[str, ...]]
    spans: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)

    def add(self, made: Made) -> Made:
        """Write a wish down; one that may undo the flip before may bring back what stood before that."""
        if made.is_flip and not made.doubtful and self._may_undo(made):
            made.doubtful = "it may undo the flip before"
        self.made.append(made)
        return made

    def last(self, control: str) -> Made | None:
        """Return the last wish for a control that is to stand."""
        return next((one for one in reversed(self.made) if one.control == control and one.is_flip), None)

    def unheard(self) -> list[Made]:
        """Return the standing wishes that the app has not been seen to want."""
        return [one for one in self.made if one.is_flip and not one.heard]

    def lose_unheard(self, why: str) -> None:
        """Note that wishes which were not heard yet may be lost."""
        for one in self.unheard():
            one.doubtful = one.doubtful or why

    def unsettled(self, control: str) -> bool:
        """Tell whether the app may yet write what was wished last for a control or one that cannot stand beside it."""
        lasts = [self.last(one) for one in (control, *self.rivals[control])]
        return any(one is not None and one.confirmed is None and not one.failed for one in lasts)

    def within_timed(self, control: str, at: datetime) -> bool:
        """Tell whether a timed wish for a control or a rival has its time."""
        concerned = (control, *self.rivals[control])
        return any(begin <= at < end for one in concerned for begin, end, _ in self._timed(one))

    def may_stand(self, control: str, initial: bool = False) -> set[bool]:
        """Return what may stand in the end for a control."""
        possible = {initial}
        for one in self._concerning(control):
            if one.control != control:
                possible = {False} if one.confirmed and not one.doubtful else possible | {False}
            elif one.doubtful or one.failed:
                possible = possible | {one.on}
            else:
                possible = {one.on}
        return possible

    def _concerning(self, control: str) -> Sequence[Made]:
        """Return the wishes that decide: a control's own, and a rival's to on, which takes its place once confirmed."""
        rivals = self.rivals[control]
        return [
            one for one in self.made if one.is_flip and (one.control == control or (one.on and one.control in rivals))
        ]

    def _may_undo(self, made: Made) -> bool:
        """Tell whether a timed wish for the same was ended by a flip, and its end has not come yet."""
        return any(
            begin <= one.at < end and made.at < end and made.on is on
            for begin, end, on in self._timed(made.control)
            for one in self.made
            if one.is_flip and one.control in (made.control, *self.rivals[made.control])
        )

    def _timed(self, control: str) -> Iterator[tuple[datetime, datetime, bool]]:
        """Give begin, end and value of the timed wishes for a control; a window wants it on."""
        yield from ((begin, end, True) for one, begin, end in self.spans if one == control)
        yield from ((one.at, one.until, one.on) for one in self.made if one.until and one.control == control)
