"""Any order of wishes, lost answers, late and neglected calls: no flip is invented, and none is lost for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from enphase_battery.control.controls import Control
from enphase_battery.home.assistant import State
from enphase_battery.home.toggles import Toggles

CHARGE = Control.CHARGE_FROM_GRID
HELPER = "input_boolean.charge"
APP, ANN = "the app's user", "ann"
ON_OFF = {True: "on", False: "off"}


@dataclass(slots=True)
class Call:
    """A call to Home Assistant, which takes them one after the other.

    Attributes:
        on: What the helper is to be set to.
        answer: Whether it was done; None while there is no answer, or when it got lost.
    """

    on: bool
    answer: bool | None = None


@dataclass(slots=True)
class Home:
    """A helper, an app that sets it, and a Home Assistant that has trouble."""

    luck: Random
    shown: bool = False
    wanted: bool = False
    toggles: Toggles = field(default_factory=lambda: Toggles({CHARGE: HELPER}, {CHARGE: False}, own_user=lambda: APP))
    flips: list[bool] = field(default_factory=list)
    _waiting: list[Call] = field(default_factory=list)
    _events: list[tuple[bool, bool, str]] = field(default_factory=list)
    _user: str = ANN
    _call: Call | None = None

    def wish(self) -> None:
        """A window begins or ends."""
        self.wanted = not self.wanted

    def show(self) -> None:
        """The app sets the helper, if need be."""
        for on in self.toggles.to_set({CHARGE: self.wanted}).values() if self._call is None else ():
            self.toggles.expect(CHARGE, on)
            self._call = Call(on)
            self._waiting.append(self._call)

    def carry_out(self, *, well: bool = False) -> None:
        """Home Assistant does what it was asked, or not, and says so, or not."""
        for call in self._waiting[:1]:
            self._waiting.remove(call)
            done = well or self.luck.random() < 0.8
            call.answer = done if well or self.luck.random() < 0.6 else None
            if done:
                self.set(call.on, APP)

    def set(self, on: bool, user: str) -> None:
        """The helper is set by somebody."""
        if on is not self.shown:
            self._events.append((self.shown, on, user))
            self._user = user
        self.shown = on

    def hear(self) -> None:
        """An event reaches the app."""
        for old, new, user in self._events[:1]:
            self._events.pop(0)
            flip = self.toggles.changed(CHARGE, State(ON_OFF[old], False, None), State(ON_OFF[new], False, user))
            if flip is not None:
                self.flips.append(flip)
                self.wanted = flip

    def answered(self, *, in_time: bool = True) -> None:
        """The answer reaches the app, after all events before it; or it was waited for long enough."""
        if self._call is not None and (self._call.answer is not None or not in_time):
            self.hear_all()
            self.toggles.answered(CHARGE, self._call.on, done=self._call.answer is True)
            self._call = None

    def hear_all(self) -> None:
        """Every event reaches the app."""
        while self._events:
            self.hear()

    def look(self) -> None:
        """The app asks for all states; what Home Assistant was asked before may still wait."""
        self.hear_all()
        self.toggles.moved.clear()
        states = {HELPER: State(ON_OFF[self.shown], parent=False, user=self._user)}
        self.flips += self.toggles.look(states, home_assistant_stayed=True).values()

    def restart(self) -> None:
        """The app starts anew: it hears of no event and of no answer that was on its way."""
        self._events.clear()
        self._call = None
        seen, asked = self.toggles.settled()
        self.toggles = Toggles({CHARGE: HELPER}, dict(seen), asked=dict(asked), own_user=lambda: APP)
        self.look()

    def give_up(self) -> None:
        """The app waits no longer for an answer."""
        self.answered(in_time=False)

    def recover(self) -> None:
        """Home Assistant works again, and the app has set the helper right."""
        for _ in range(5):
            while self._waiting:
                self.carry_out(well=True)
            self.give_up()
            self.hear_all()
            self.show()


def troubled(seed: int) -> Home:
    """Return a home after much trouble, in which nobody flipped anything."""
    home = Home(Random(seed))  # noqa: S311  # luck, no secret
    deeds: dict[Callable[[], None], int] = {
        **dict.fromkeys((home.carry_out, home.hear, home.show), 12),
        **dict.fromkeys((home.answered, home.give_up, home.wish), 5),
        **dict.fromkeys((home.look, home.restart), 2),
    }
    for deed in home.luck.choices(list(deeds), list(deeds.values()), k=60):
        deed()
    return home


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_no_flip_is_invented_however_late_home_assistant_does_what_it_was_asked(first: int) -> None:
    for seed in range(first, first + 250):
        assert troubled(seed).flips == [], f"seed {seed}"


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_once_home_assistant_works_again_a_flip_is_obeyed_at_once(first: int) -> None:
    for seed in range(first, first + 250):
        home = troubled(seed)
        home.recover()
        assert home.shown is home.wanted, f"seed {seed}"
        person = not home.shown
        home.set(person, ANN)
        home.hear_all()
        home.recover()
        assert (home.flips, home.shown) == ([person], person), f"seed {seed}"
