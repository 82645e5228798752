"""Reads what the cloud shows, weighs it, and draws the conclusions: what is proven, what somebody else did."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.arrival import arriving
from ..control.controls import Control
from ..control.entries import Entry, Terms
from ..control.owned import News, Owned
from ..control.plan import terms_wanted
from ..control.site_state import SiteState
from ..control.steps import SwitchStep
from ..control.verdict import Outcome
from ..control.wanted import Wanted
from ..errors import EnlightenError
from ..words.reasons import entry as words_of
from .ladder import Ladder
from .ports import Site, Wishes
from .records import Records
from .said import Said
from .switch_observer import SwitchObserver


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
        self._switches = SwitchObserver(site, wishes, records, ladder, said, consistency=consistency, logger=logger)
        self._said = said
        self._clock = clock
        self._consistency = consistency
        self._logger = logger
        self.taken_over: list[tuple[datetime, Terms]] = []
        self._wanted_before: Mapping[Control, Wanted] = {}

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
        self._switches.weigh(switches, last, before)
        coming, records.arrivals = records.arrivals, arriving(records.arrivals, records.evidence, state)
        for control in coming.keys() - records.arrivals.keys():
            self._said.reconsider(control)
        for control, verdict in dict(self._said.verdicts).items():
            if verdict.outcome is Outcome.CONFIRMED and not verdict.wanted.switch and records.is_unheard(control):
                self._said.reconsider(control)
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

    def _is_switched_off_since(self, was_so_at: datetime | None, wanted: Wanted | None) -> bool:
        """Return whether somebody wanted a control off, and not just for a time, since it was last read."""
        if wanted is None or wanted.intent.on or wanted.intent.timed:
            return False
        return self._switches.is_outdated(was_so_at, wanted.intent)

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
                self._switches.worked(SwitchStep(one.terms.control, on=True))
            if told in (News.ACTIVE, News.LOST):
                self._said.reconsider(one.terms.control)
            else:
                # What is leaving is no wish's any more: one of the same terms will be written anew for a newer one.
                served = [] if one.leaving else [claim for claim in claims if one.terms in claim.terms]
                if told is News.EDITED and not served:
                    self._keep_on(one, read_at, before)
                for claim in served:
                    if self._switches.is_outdated(one.seen_at, claim.intent):
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


def _counts(entry: Entry, before: Mapping[Control, Wanted]) -> bool:
    """Return whether it is time to tell if an entry of somebody else's keeps its family on.

    One that the gateway does not have yet may be left for its owner to apply, but not where the family is to go off.
    """
    control = entry.terms.control
    return entry.active or (control in before and not before[control].switch)
