"""The `input_boolean` toggles: what in them is a flip, and what the app has to set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..control.names import Control
from .assistant import State

_VALUES = {"on": True, "off": False}


@dataclass(slots=True)
class Toggles:
    """The toggles of one app.

    Attributes:
        entity_ids: The helper of each control.
        seen: Per control, the value that the app last saw or set. A change to another value is a flip, whoever made it;
            a change to this one is the app's own, since it is noted before the helper is set.
        missing: Controls whose helper Home Assistant does not have.
        asked: Values that Home Assistant was asked to set without saying that it did: it may still do so, later.
    """

    entity_ids: Mapping[Control, str]
    seen: dict[Control, bool] = field(default_factory=dict)
    missing: set[Control] = field(default_factory=set)
    asked: dict[Control, bool] = field(default_factory=dict)

    def control_of(self, entity_id: str) -> Control | None:
        """Return the control that a helper belongs to."""
        return next((control for control, one in self.entity_ids.items() if one == entity_id), None)

    def start(
        self, states: Mapping[str, State], *, home_assistant_stayed: bool, own_user: str | None
    ) -> Mapping[Control, bool]:
        """Compare the helpers with what was seen last; return the flips that were made meanwhile.

        Args:
            states: All states, as Home Assistant itself holds them.
            home_assistant_stayed: Whether the app's own entities still exist, so that Home Assistant cannot have
                restarted: then a toggle that differs is a flip. Otherwise its value was restored, maybe from a stale
                copy, and only one that was changed by an automation or by another user since is a flip.
            own_user: Id of the app's own user, if known.
        """
        flips = {}
        for control, entity_id in self.entity_ids.items():
            state = states.get(entity_id)
            if state is None:
                self.missing.add(control)
                continue
            value = _VALUES.get(state.value)
            if value is None:
                continue
            last = self.seen.get(control)
            somebody = state.parent or (state.user is not None and state.user != own_user)
            if last is not None and value is not last and (home_assistant_stayed or somebody):
                flips[control] = value
            self.seen[control] = value
        return flips

    def changed(self, control: Control, old: str | None, new: str | None) -> bool | None:
        """Take a change of a helper; return the new value when it is a flip, else None.

        `unavailable` and a helper that just appeared are no flips, but what they come back with is noted, so that the
        app can set it right.
        """
        value = _VALUES.get(new or "")
        if value is None:
            return None
        self.missing.discard(control)
        known, self.seen[control] = self.seen.get(control), value
        if self.asked.pop(control, None) is value:
            return None
        return value if old in _VALUES and value is not known else None

    def to_set(self, wanted: Mapping[Control, bool]) -> Mapping[Control, bool]:
        """Return the helpers that do not show what is wanted, with the value that they have to show."""
        return {
            control: on
            for control, on in wanted.items()
            if control in self.entity_ids and control not in self.missing and self.seen.get(control) is not on
        }
