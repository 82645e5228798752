"""Weighs what a read shows of the switches, and draws the conclusions: what is proven, what somebody else did."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.evidence import Sight
from ..control.intent import Intent
from ..control.site_state import Switches
from ..control.steps import SwitchStep
from ..control.wanted import Wanted
from .ladder import Ladder
from .ports import Site, Wishes
from .records import Failure, Records
from .said import Said


class SwitchObserver:
    """The part of the observer that looks at the switches.

    Args:
        site: The cloud side, of which is learnt how it takes writes.
        wishes: Who is told what somebody did in the Enphase app.
        records: Where everything is kept that is known.
        ladder: Learns which form of a write worked.
        said: What was said of each control, which a read may take back.
        consistency: How long reads may show old values after a write.
        logger: Where changes of state are told.
    """

    def __init__(
        self,
        site: Site,
        wishes: Wishes,
        records: Records,
        ladder: Ladder,
        said: Said,
        *,
        consistency: timedelta,
        logger: logging.Logger,
    ) -> None:
        self._site = site
        self._wishes = wishes
        self._records = records
        self._ladder = ladder
        self._said = said
        self._consistency = consistency
        self._logger = logger
        self._others_coming: Mapping[Control, bool] = {}

    def weigh(self, switches: Switches, last: Switches | None, before: Mapping[Control, Wanted]) -> None:
        """Weigh a read.

        Args:
            switches: What it shows of the switches.
            last: What the read before it showed; None: it is the first.
            before: What was wanted before it.
        """
        for control in switches.on:
            sight = self._weigh_switch(control, switches, before)
            if control.has_second_flag:
                self._weigh_second_flag(control, switches, last, before, is_echo=sight is Sight.ECHO)
        self._tell_of_others_on_their_way(switches)

    def is_outdated(self, was_so_at: datetime | None, wish: Intent) -> bool:
        """Return whether a change by somebody else is older than a wish: then the wish is carried out.

        Args:
            was_so_at: Instant of the last read before the change; None: it was never read.
            wish: The wish that is against the change.
        """
        is_older = was_so_at is not None and wish.is_newer_than(was_so_at)
        if is_older:
            title = wish.control.title.capitalize()
            self._logger.info("%s was changed in the Enphase app before the newest wish", title)
        return is_older

    def worked(self, step: SwitchStep) -> None:
        """Take note of the form that did it, and of the pause where that did."""
        worked, habits = self._ladder.worked(step), self._site.habits
        if worked is None:
            return
        self._site.remember(step, worked.form)
        if worked.by_pause and not habits.pauses:
            self._logger.info(
                "This cloud takes a switch only a second after its validation: that is waited from now on"
            )
            self._site.learn(replace(habits, pauses=True))

    def _weigh_switch(self, control: Control, switches: Switches, before: Mapping[Control, Wanted]) -> Sight:
        """Weigh what a read shows of one switch; return what it means."""
        one = self._records.evidence[control]
        evidence, sight = one.saw(
            switches.on[control],
            switches.read_at,
            self._consistency,
            told=switches.requested.get(control),
            pending=switches.is_pending,
        )
        self._records.note(control, evidence)
        if sight is Sight.FOREIGN and control in before and self.is_outdated(one.known_at, before[control].intent):
            self._said.reconsider(control)
        else:
            is_news = one.unproven is None or one.unproven.told_at is None
            self._take_note_of(control, sight, switches.read_at, is_news=is_news)
        return sight

    def _take_note_of(self, control: Control, sight: Sight, read_at: datetime, *, is_news: bool) -> None:
        """Draw the conclusions from what a read shows of a switch.

        Args:
            control: The control.
            sight: What the read means.
            read_at: Instant (aware, UTC) of the read.
            is_news: Whether no read has told of it as on its way before.
        """
        evidence, title = self._records.evidence[control], control.title.capitalize()
        on = evidence.known is True
        if sight is Sight.NOT_SHOWN and evidence.given_up is not None:
            step = SwitchStep(control, evidence.given_up.value)
            if evidence.given_up.told_at is None:  # else it was taken, and no other way of sending helps
                self._ladder.not_shown(step)
            if self._ladder.exhausted(step):
                self._records.failures[step] = Failure()
        elif sight is Sight.ON_ITS_WAY and is_news and evidence.unproven is not None:
            self._records.failures.pop(SwitchStep(control, evidence.unproven.value), None)
            self._logger.info("%s is on its way to be %s", title, "on" if evidence.unproven.value else "off")
        elif sight is Sight.SHOWN:
            self._records.failures.pop(SwitchStep(control, on), None)
            self.worked(SwitchStep(control, on))
            self._logger.info("%s is %s in the cloud", title, "on" if on else "off")
        elif sight is Sight.LATE:
            self._said.reconsider(control)
        elif sight is Sight.FOREIGN:
            self._logger.info("Somebody switched %s %s in the Enphase app", control.title, "on" if on else "off")
            self._wishes.flipped_in_cloud(control, on, read_at)

    def _weigh_second_flag(
        self,
        control: Control,
        switches: Switches,
        last: Switches | None,
        before: Mapping[Control, Wanted],
        *,
        is_echo: bool,
    ) -> None:
        """Weigh what a read shows of a control's second flag.

        Where the read may be old, or does not tell, it is as it was. While it is in doubt it may be either.
        """
        flag = switches.charge_schedule_on
        if (is_echo or flag is None) and last is not None:
            flag = last.charge_schedule_on
        elif flag is not None:
            self._conclude_from_second_flag(control, switches, before)
            flag = flag if self._records.ledger.flag.off_since is None else None
        if flag is not switches.charge_schedule_on:
            self._records.state = replace(self._records.state, switches=replace(switches, charge_schedule_on=flag))

    def _conclude_from_second_flag(
        self, control: Control, switches: Switches, before: Mapping[Control, Wanted]
    ) -> None:
        """Draw the conclusions from what a read that tells of it shows of a control's second flag."""
        records = self._records
        habits, told, was_on_at = self._site.habits, records.ledger.flag_told, records.ledger.flag.on_at
        on = switches.charge_schedule_on is True
        ledger, is_persons = records.ledger.saw_flag(on, switches.read_at, self._consistency)
        records.keep(ledger if on else ledger.disabled())
        if on and told is not None and told[0] and not habits.both_flags:
            self._logger.info("This cloud wants both flags of charge from grid: they go together from now on")
            self._site.learn(replace(habits, both_flags=True))
        wanted = before.get(control)
        counts = (control in switches.on and switches.heading(control)) or (wanted is not None and not wanted.switch)
        if not (is_persons and counts and records.state.by_entries(control)):
            return  # where somebody switched the switch itself off, that is what counts
        if wanted is not None and wanted.intent.on and self.is_outdated(was_on_at, wanted.intent):
            records.keep(records.ledger.owing(control))
            self._said.reconsider(control)
        else:
            self._wishes.unscheduled_in_cloud(control, switches.read_at)

    def _tell_of_others_on_their_way(self, switches: Switches) -> None:
        """Tell once what somebody else sends to the gateway."""
        own = {control for control, one in self._records.evidence.items() if one.writes}
        coming = {one: on for one, on in switches.on_its_way.items() if one not in own}
        for control, on in coming.items() - self._others_coming.items():
            state = "on" if on else "off"
            self._logger.info("%s is on its way to be %s, by somebody else", control.title.capitalize(), state)
        self._others_coming = coming
