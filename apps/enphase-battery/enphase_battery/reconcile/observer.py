"""Reads what the cloud shows, weighs it, and draws the conclusions: what is proven, what somebody else did."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.arrival import arriving
from ..control.controls import Control
from ..control.entries import Entry, Terms
from ..control.evidence import Sight
from ..control.intent import Intent
from ..control.owned import News, Owned
from ..control.plan import terms_wanted
from ..control.site_state import SiteState, Switches
from ..control.steps import SwitchStep
from ..control.verdict import Outcome
from ..control.wanted import Wanted
from ..errors import EnlightenError
from ..words.reasons import entry as words_of
from .ladder import Ladder
from .ports import Site, Wishes
from .records import Failure, Records
from .said import Said


class Observer:
    """The eye of the reconciler.

    Args:
        site: The cloud side.
        wishes: Who is told what somebody did in the Enphase app.
        records: Where everything is kept that is known.
        ladder: Learns which form of a write worked.
        said: What was said of each control, which a read may take back.
        clock: Returns the current instant (aware, UTC).
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
        clock: Callable[[], datetime],
        consistency: timedelta,
        logger: logging.Logger,
    ) -> None:
        self._site = site
        self._wishes = wishes
        self._records = records
        self._ladder = ladder
        self._said = said
        self._clock = clock
        self._consistency = consistency
        self._logger = logger
        self.taken_over: list[tuple[datetime, Terms]] = []
        self._wanted_before: Mapping[Control, Wanted] = {}
        self._others_coming: Mapping[Control, bool] = {}

    async def look(self, *, everything: bool = False, urgent: bool = True) -> None:
        """Read, and weigh what the read shows of every control and every owned entry."""
        before = self._wishes.wanted()
        if everything:
            self._weigh(await self._site.read_all(), before)
        else:
            self._weigh(self._with_storage(await self._site.read_for_wish(urgent=urgent)), before)

    async def look_at_switches(self, *, urgent: bool = True) -> None:
        """Read the switches, and weigh them together with the entries that were read last."""
        before = self._wishes.wanted()
        self._weigh(self._with_storage(await self._site.read_switches(urgent=urgent)), before)

    async def look_at_entries(self, *, urgent: bool = True) -> bool:
        """Read the entries alone, and weigh them; return whether that worked.

        If not, the switches are read as well, which tells whether it is the list or the cloud that is away.
        """
        records, before = self._records, self._wishes.wanted()
        try:
            entries = await self._site.read_entries(urgent=urgent)
        except EnlightenError:
            await self.look(urgent=urgent)
            return False
        now = self._clock()
        records.read(replace(records.state, entries=entries, unread=frozenset()), now, self._consistency)
        self._weigh_list(now, self._known_on(), before)
        records.remember()
        return True

    def _with_storage(self, state: SiteState) -> SiteState:
        """Return what was read without the battery, which is as it was last read."""
        return replace(state, storage=self._records.state.storage)

    def _known_on(self) -> Mapping[Control, datetime | None]:
        """Return the controls that are known to be on, each with the instant of the last read that showed it."""
        return {control: one.known_at for control, one in self._records.evidence.items() if one.known}

    def _weigh(self, state: SiteState, before: Mapping[Control, Wanted]) -> None:
        """Weigh a read.

        Args:
            state: What it shows.
            before: What was wanted before it.
        """
        records, last, was_on, switches = self._records, self._records.state.switches, self._known_on(), state.switches
        assert switches is not None  # noqa: S101  # every read promises it; this tells the type checker
        records.read(state, switches.read_at, self._consistency)
        if last is None:  # only now is it known what the wishes need on this site
            before = self._wishes.wanted()
        for control in switches.on:
            on, before_it = switches.on[control], records.evidence[control]
            known_at, is_news = before_it.known_at, before_it.unproven is None or before_it.unproven.told_at is None
            told, pending = switches.requested.get(control), switches.is_pending
            evidence, sight = before_it.saw(on, switches.read_at, self._consistency, told=told, pending=pending)
            records.note(control, evidence)
            if sight is Sight.FOREIGN and control in before and self._is_outdated(known_at, before[control].intent):
                self._said.reconsider(control)
            else:
                self._take_note_of(control, sight, switches.read_at, is_news=is_news)
            is_untold = sight is Sight.ECHO or switches.charge_schedule_on is None
            if control.has_second_flag and is_untold and last is not None:
                switches = replace(switches, charge_schedule_on=last.charge_schedule_on)  # the other flag is as old
                records.state = replace(records.state, switches=switches)
            elif control.has_second_flag and switches.charge_schedule_on is not None:
                self._weigh_second_flag(control, switches, before)
        coming, records.arrivals = records.arrivals, arriving(records.arrivals, records.evidence, state)
        for control in coming.keys() - records.arrivals.keys():
            self._said.reconsider(control)
        for control, verdict in dict(self._said.verdicts).items():
            if verdict.outcome is Outcome.CONFIRMED and not verdict.wanted.switch and records.is_unheard(control):
                self._said.reconsider(control)
        self._tell_of_others_on_their_way(switches)
        self._weigh_list(switches.read_at, was_on, before)
        decided = (each for each in records.evidence.items() if each[1].unproven is None or each[1].known is None)
        known = {control: one.believed for control, one in decided if one.believed is not None}
        forgotten = self._wishes.forgotten()
        records.take_back(forgotten)
        for one in forgotten:
            said = words_of(one.terms)
            self._logger.info("The app made the entry %s before its store was lost: it is its own again", said)
        self._wishes.seen(known, switches.read_at, {one.terms.control for one in forgotten})
        records.remember()

    def _tell_of_others_on_their_way(self, switches: Switches) -> None:
        """Tell once what somebody else sends to the gateway."""
        own = {control for control, one in self._records.evidence.items() if one.writes}
        coming = {one: on for one, on in switches.on_its_way.items() if one not in own}
        for control, on in coming.items() - self._others_coming.items():
            state = "on" if on else "off"
            self._logger.info("%s is on its way to be %s, by somebody else", control.title.capitalize(), state)
        self._others_coming = coming

    def _weigh_list(
        self, read_at: datetime, was_on: Mapping[Control, datetime | None], before: Mapping[Control, Wanted]
    ) -> None:
        """Weigh the list, if it could be read."""
        records = self._records
        if records.state.entries is not None:
            self._weigh_entries(read_at, before)
            self._weigh_foreign(read_at, was_on, before)
            counting = (entry for entry in records.state.entries if _counts(entry, before))
            records.keep(records.ledger.meeting(counting))
            self._wanted_before = before

    def _is_outdated(self, was_so_at: datetime | None, wish: Intent) -> bool:
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

    def _is_switched_off_since(self, was_so_at: datetime | None, wanted: Wanted | None) -> bool:
        """Return whether somebody wanted a control off, and not just for a time, since it was last read."""
        if wanted is None or wanted.intent.on or wanted.intent.timed:
            return False
        return self._is_outdated(was_so_at, wanted.intent)

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
            self._worked(SwitchStep(control, on))
            self._logger.info("%s is %s in the cloud", title, "on" if on else "off")
        elif sight is Sight.LATE:
            self._said.reconsider(control)
        elif sight is Sight.FOREIGN:
            self._logger.info("Somebody switched %s %s in the Enphase app", control.title, "on" if on else "off")
            self._wishes.flipped_in_cloud(control, on, read_at)

    def _weigh_second_flag(self, control: Control, switches: Switches, before: Mapping[Control, Wanted]) -> None:
        """Draw the conclusions from what a read shows of a control's second flag."""
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
        if wanted is not None and wanted.intent.on and self._is_outdated(was_on_at, wanted.intent):
            records.keep(records.ledger.owing(control))
            self._said.reconsider(control)
        else:
            self._wishes.unscheduled_in_cloud(control, switches.read_at)

    def _weigh_foreign(
        self, read_at: datetime, was_on: Mapping[Control, datetime | None], before: Mapping[Control, Wanted]
    ) -> None:
        """Take note of entries that others put into a family that the app kept on.

        One that says just what the app wants there may be its own, of which it lost track: it is nobody's wish.

        Args:
            read_at: Instant (aware, UTC) of the read.
            was_on: The families that were on before the read, each with the instant of the last one that showed it.
            before: What was wanted before it.
        """
        ledger = self._records.ledger  # it outlives a restart, as what was wanted at the last read does not
        own = {*terms_wanted(before), *terms_wanted(self._wanted_before), *ledger.terms()}
        for entry in self._records.foreign():
            control = entry.terms.control
            is_new = entry.schedule_id not in ledger.met and entry.terms not in own and _counts(entry, before)
            if not is_new or control not in was_on:
                continue
            kept_on = any(control in wanted and wanted[control].switch for wanted in (before, self._wanted_before))
            kept_on = kept_on or any(one.terms.control is control for one in ledger.owned)
            if kept_on and not self._is_switched_off_since(was_on[control], before.get(control)):
                self._logger.info("Somebody added the entry %s in the Enphase app", words_of(entry.terms))
                self._wishes.joined_in_cloud(control, read_at)

    def _weigh_entries(self, read_at: datetime, before: Mapping[Control, Wanted]) -> None:
        """Hold what the list shows against what the app owns, and draw the conclusions."""
        claims = [claim for one in before.values() for claim in one.claims]
        ledger, news = self._records.ledger.saw(
            self._records.state.entries or (), read_at, self._consistency, self._records.state.unread
        )
        stuck = ledger.owing_stuck(read_at)
        for control in stuck.owed - ledger.owed:
            self._said.reconsider(control)
        self._records.keep(stuck.confined_to(terms for claim in claims for terms in claim.terms))
        for one, told in news:
            self._tell(one, told)
            if told is News.ACTIVE:
                self._worked(SwitchStep(one.terms.control, on=True))
            if told in (News.ACTIVE, News.LOST):
                self._said.reconsider(one.terms.control)
            else:
                # What is leaving is no wish's any more: one of the same terms will be written anew for a newer one.
                served = [] if one.leaving else [claim for claim in claims if one.terms in claim.terms]
                if told is News.EDITED and not served:
                    self._keep_on(one, read_at, before)
                for claim in served:
                    if self._is_outdated(one.seen_at, claim.intent):
                        self._said.reconsider(one.terms.control)
                    else:
                        self._wishes.ended_in_cloud(claim.intent, read_at, edited=told is News.EDITED)

    def _keep_on(self, one: Owned, read_at: datetime, before: Mapping[Control, Wanted]) -> None:
        """Leave a family on for an entry that a person made theirs, although the wish that it was for is over."""
        control, wish = one.terms.control, before.get(one.terms.control)
        if self._records.evidence[control].known and wish is not None and not wish.overrules(one.unchanged_at):
            self._wishes.joined_in_cloud(control, read_at)

    def _tell(self, one: Owned, told: News) -> None:
        """Say in the log what a read tells of an entry; keep for the problem sensor what a person has to know."""
        if told is News.ACTIVE:
            self._logger.info("The gateway has the entry %s", words_of(one.terms))
        elif told is News.LOST and one.schedule_id is None:
            self._logger.info("The entry %s did not arrive in the cloud", words_of(one.terms))
        elif told is News.LOST:
            self._logger.warning("The entry %s vanished before the gateway had it", words_of(one.terms))
        elif told is News.REMOVED:
            self._logger.info("Somebody removed the entry %s in the Enphase app", words_of(one.terms))
        else:
            self._logger.warning(
                "Somebody changed the entry %s in the Enphase app: it is not the app's now", words_of(one.terms)
            )
            self.taken_over.append((self._clock(), one.terms))

    def _worked(self, step: SwitchStep) -> None:
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


def _counts(entry: Entry, before: Mapping[Control, Wanted]) -> bool:
    """Return whether it is time to tell if an entry of somebody else's keeps its family on.

    One that the gateway does not have yet may be left for its owner to apply, but not where the family is to go off.
    """
    control = entry.terms.control
    return entry.active or (control in before and not before[control].switch)
