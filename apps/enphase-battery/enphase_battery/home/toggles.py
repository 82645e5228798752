"""The `input_boolean` toggles: what in them is a flip, and what the app has to set.

A change is the app's own by what it is, not by when it comes: it was asked for, and the app's own user made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..control.controls import Control
from .assistant import State

_VALUES = {"on": True, "off": False}


@dataclass(slots=True)
class Toggles:
    """The toggles of one app.

    A flip is noticed by its event, and by looking at the helpers now and then, should an event be lost.

    Attributes:
        entity_ids: The helper of each control.
        seen: Per control, the value that the app last saw or set. A change to another value is a flip, whoever made it;
            a change to this one is the app's own, since it is noted before the helper is set.
        missing: Controls whose helper Home Assistant does not have.
        silent: Controls whose helper is there, but says neither on nor off.
        moved: Controls whose helper changed or was set since this was last cleared: what Home Assistant was asked since
            then may be outdated.
        asked: Values that Home Assistant was asked to set without saying that it did: it may still do so, in turn and
            at any time, until it does what it was asked after that, or restarts.
        own_user: Returns the id of the app's own user; None while it is not known.
        noted: Is called with what is to outlive a restart: a call that is about to be made.
        _setting: What each helper showed that is being set, until Home Assistant answers or its event has come.
    """

    entity_ids: Mapping[Control, str]
    seen: dict[Control, bool] = field(default_factory=dict)
    missing: set[Control] = field(default_factory=set)
    silent: set[Control] = field(default_factory=set)
    moved: set[Control] = field(default_factory=set)
    asked: dict[Control, tuple[bool, ...]] = field(default_factory=dict)
    own_user: Callable[[], str | None] = lambda: None
    noted: Callable[[], None] = lambda: None
    _setting: dict[Control, bool | None] = field(default_factory=dict)

    @property
    def uncertain(self) -> bool:
        """Whether there is a helper of which it is not known what it shows, or will show."""
        return bool(self.missing or self.silent or self.asked)

    def control_of(self, entity_id: str) -> Control | None:
        """Return the control that a helper belongs to."""
        return next((control for control, one in self.entity_ids.items() if one == entity_id), None)

    def settled(self) -> tuple[Mapping[Control, bool], Mapping[Control, tuple[bool, ...]]]:
        """Return what was seen, and what is asked, as it is if no call under way is answered any more."""
        before = {control: one for control, one in self._setting.items() if one is not None}
        seen = {control: on for control, on in self.seen.items() if control not in self._setting} | before
        under_way = {control: self.seen[control] for control in self._setting if control in self.seen}
        return seen, self.asked | {control: self._with(control, on) for control, on in under_way.items()}

    def look(self, states: Mapping[str, State], *, home_assistant_stayed: bool) -> Mapping[Control, bool]:
        """Compare the helpers with what was seen last; return the flips that were made meanwhile.

        Args:
            states: All states, as Home Assistant itself holds them.
            home_assistant_stayed: Whether the app's own entities still exist, so that Home Assistant cannot have
                restarted: then a toggle that differs is a flip. Otherwise its value was restored, maybe from a stale
                copy, and only one that was changed by an automation or by another user since is a flip. The same goes
                for a helper that was missing or said nothing.
        """
        if not home_assistant_stayed:
            self.asked.clear()
        flips, own_user = {}, self.own_user()
        for control, entity_id in self.entity_ids.items():
            if control in self.moved or control in self._setting:
                continue
            state = states.get(entity_id)
            restored = not home_assistant_stayed or control in self.missing or control in self.silent
            value = self._heard(control, state.value if state else None)
            if state is None or value is None:
                continue
            last, self.seen[control] = self.seen.get(control), value
            if last is None or value is last or self._was_asked(control, state, value):
                continue
            somebody = state.parent or (state.user is not None and state.user != own_user)
            if somebody or not restored:
                flips[control] = value
        return flips

    def changed(self, control: Control, old: State | None, new: State | None) -> bool | None:
        """Take a change of a helper; return the new value when it is a flip, else None.

        `unavailable` and a helper that just appeared are no flips, but what they come back with is noted, so that the
        app can set it right.
        """
        self.moved.add(control)
        value = self._heard(control, new.value if new else None)
        if new is None or value is None:
            return None
        if (old is None or old.value != new.value) and self._was_asked(control, new, value):
            # A call that is under way comes after it.
            (self._setting if control in self._setting else self.seen)[control] = value
            return None
        known, self.seen[control] = self.seen.get(control), value
        if value is known:
            self._setting.pop(control, None)  # it is done, whether or not Home Assistant still says so
        return value if old is not None and old.value in _VALUES and value is not known else None

    def to_set(self, wanted: Mapping[Control, bool]) -> Mapping[Control, bool]:
        """Return the helpers that do not show what is wanted, or of which it is not known, with what they are to show.

        Home Assistant does one thing after the other: what it was asked before, it will not do after that.
        """
        return {
            control: on
            for control, on in wanted.items()
            if control in self.entity_ids
            and control not in self.missing
            and (self.seen.get(control) is not on or control in self.asked)
        }

    def expect(self, control: Control, on: bool) -> None:
        """Note what a helper is about to be set to: its event comes before Home Assistant has answered."""
        self.moved.add(control)
        self._setting[control], self.seen[control] = self.seen.get(control), on
        self.noted()

    def answered(self, control: Control, on: bool, *, done: bool) -> None:
        """Note whether Home Assistant has said that it has set a helper as :meth:`expect` announced."""
        self.moved.add(control)
        is_proven = control not in self._setting
        before = self._setting.pop(control, None)
        if done or is_proven:
            self.asked.pop(control, None)
            return
        self.asked[control] = self._with(control, on)
        if before is None:
            self.seen.pop(control)
        else:
            self.seen[control] = before

    def _heard(self, control: Control, state: str | None) -> bool | None:
        """Note whether a helper is there and says anything; return what, else None."""
        value = _VALUES.get(state or "")
        for group, belongs in ((self.missing, state is None), (self.silent, state is not None and value is None)):
            (group.add if belongs else group.discard)(control)
        return value

    def _with(self, control: Control, on: bool) -> tuple[bool, ...]:
        """Return what Home Assistant may still do when it was asked for this, too."""
        asked = self.asked.get(control, ())
        return asked if asked[-1:] == (on,) else (*asked, on)

    def _was_asked(self, control: Control, state: State, value: bool) -> bool:
        """Return whether a change is what Home Assistant was asked before, and does late; note what is left of that."""
        asked, own_user = self.asked.get(control, ()), self.own_user()
        is_own = own_user is None or (state.user == own_user and not state.parent)
        if value not in asked or not is_own:
            return False
        rest = asked[asked.index(value) + 1 :]
        if rest:
            self.asked[control] = rest
        else:
            del self.asked[control]
        return True
