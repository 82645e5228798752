"""The cloud side in the words of the rules: families become controls, documents become a site state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.entries import Entry, Terms
from ..control.site_state import Habits, SiteState, Storage
from ..control.steps import SwitchStep
from ..enlighten.battery import Battery
from ..enlighten.condition import Condition
from ..enlighten.families import Family
from ..enlighten.identity import Identity, find_identity
from ..enlighten.models import BatterySettings, ScheduleList, WriteForm
from ..enlighten.session import EnlightenSession
from ..errors import (
    BudgetExhausted,
    EnlightenError,
    Forbidden,
    NotAvailable,
    Refused,
    SignInError,
    SiteChanged,
    UnexpectedAnswer,
)
from ..store.store import Store
from .capabilities import ASK_AGAIN, Capabilities
from .knowledge import Knowledge
from .mapping import CONTROLS, FAMILIES, cloud_terms, entries_of, needs_disclaimer, storage_of, switches_of, unlike
from .site_store import is_stored_of

READS_ARE_LATE = timedelta(minutes=10)
"""How long a read may not show yet that the disclaimer was accepted."""

ASK_A_REFUSAL_AGAIN = timedelta(hours=1)
"""How long after a failure the site's own settings are asked for again, where its zone is known."""

SITE_SETTINGS = "site settings"
SCHEDULES = "schedules"
_UNREAD = "which entries there are cannot be told of every control"


class CloudSite:
    """One site in the Enlighten cloud.

    Args:
        session: The signed-in session.
        site_id: The configured site id; None: found by itself.
        user_id: The configured user id; None: found by itself.
        use_schedules: Whether schedule entries are looked at; False: the switches alone rule.
        accept_disclaimer: Whether the ITC disclaimer may be accepted in the user's name (section 6.4).
        store: What outlives a restart.
        clock: Returns the current instant (aware, UTC).
        logger: Where changes of state are told.
    """

    def __init__(
        self,
        session: EnlightenSession,
        *,
        site_id: str | None,
        user_id: str | None,
        use_schedules: bool,
        accept_disclaimer: bool,
        store: Store,
        clock: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._session = session
        self._store = store
        self._configured = (site_id, user_id)
        self._accept_disclaimer = accept_disclaimer
        self._clock = clock
        self._logger = logger
        self._battery: Battery | None = None
        self._asked_at: datetime | None = None
        self._accepted_at: datetime | None = None
        self._failing: set[str] = set()
        self._settings: BatterySettings | None = None
        self._schedules: ScheduleList | None = None
        self._knowledge = Knowledge(store)
        self._offer = Capabilities(self._knowledge, use_schedules=use_schedules, clock=clock, logger=logger)
        self.identity: Identity | None = None

    @property
    def time_zone(self) -> str | None:
        """IANA name of the site's zone, from the cloud or the store."""
        return self._knowledge.time_zone

    @property
    def condition(self) -> Condition:
        """How the session stands."""
        return self._session.condition

    async def refresh(self, *, by_hand: bool = False) -> None:
        """Refresh the token (section 2.6); ``by_hand``: a person asks for it. Raises EnlightenError."""
        if by_hand:
            self._offer.idle_until = None
        await self._session.refresh(by_hand=by_hand)

    async def submit_code(self, code: str) -> None:
        """Complete a sign-in with the code of the second factor (section 2.4). Raises EnlightenError."""
        await self._session.submit_code(code)

    async def resend_code(self) -> None:
        """Have the cloud send another code (section 2.4). Raises EnlightenError."""
        await self._session.resend_code()

    # -- reading ------------------------------------------------------------------------------------------------------

    async def read_all(self) -> SiteState:
        """Read settings, schedule entries and the battery's state; once a day also the site's own settings.

        What can be done without (all but the battery settings) is left out where it cannot be read.
        """
        battery = await self._the_battery()
        self._offer.leave_idle()
        if self._asked_at is None or self._clock() - self._asked_at >= ASK_AGAIN:
            await self._read_site_settings(battery)
        state = await self._read(battery, wish=False)
        return replace(state, storage=await self._read_storage(battery))

    async def read_for_wish(self, *, urgent: bool) -> SiteState:
        """Read the battery settings, and the schedule entries where there are any.

        Args:
            urgent: It is for a wish that is carried out; else it only looks what became of one.
        """
        battery = await self._the_battery()
        self._offer.leave_idle()
        if urgent and not self._knowledge.may_write:
            await self._read_site_settings(battery)  # elsewhere once a day, but who asks may know of a change
        return await self._read(battery, wish=urgent)

    async def read_entries(self, *, urgent: bool) -> tuple[Entry, ...]:
        """Read the schedule entries alone (6.8). Raises EnlightenError, also where there is no list."""
        battery = await self._the_battery()
        self._schedules = schedules = await battery.schedules(wish=urgent)
        if schedules.unread:
            raise UnexpectedAnswer(_UNREAD)
        return entries_of(schedules)

    async def read_switches(self, *, urgent: bool) -> SiteState:
        """Read the battery settings alone; the entries are those that were read last."""
        battery = await self._the_battery()
        return self._state(await battery.settings(wish=urgent), self._schedules)

    async def _read(self, battery: Battery, *, wish: bool) -> SiteState:
        settings = await battery.settings(wish=wish)
        if self._offer.has_nothing(settings):
            self._asked_at = None  # the site's own settings say when that changes
        self._offer.leave_idle()
        self._schedules = await self._read_schedules(battery, settings, wish=wish)
        return self._state(settings, self._schedules)

    def _state(self, settings: BatterySettings, schedules: ScheduleList | None) -> SiteState:
        """Return what settings that were just read and the list say together."""
        self._settings = settings
        switches = switches_of(
            settings,
            schedules,
            site=self._knowledge.circumstances(accept_disclaimer=self._accept_disclaimer),
            read_at=self._clock(),
        )
        left_out = self._offer.left_out(settings)
        switches = replace(switches, on={one: on for one, on in switches.on.items() if one not in left_out})
        if settings.backup_percentage is None:  # a passing "N/A" must not move the limit of an entry that stands
            switches = replace(switches, floor=max(switches.floor, self._knowledge.floor))
        else:
            self._knowledge.learn_floor(switches.floor)
        if schedules is not None:
            unread = frozenset(CONTROLS[family] for family in schedules.unread)
            offered = self._offer.families(settings, schedules)
            return SiteState(switches, entries_of(schedules), offered, unread=unread)
        if not self._offer.has_list:
            unlisted = self._offer.unlisted(settings)
            return SiteState(switches, (), dict.fromkeys(Control, False), unlisted=unlisted)
        return SiteState(switches, None, self._knowledge.by_entries)

    async def _the_battery(self) -> Battery:
        """Return the battery's endpoints; finds out the ids when they are not known yet (section 3)."""
        if self._battery is None:
            site_id, user_id = self._configured
            self.identity = await find_identity(self._session, site_id=site_id, user_id=user_id)
            if not is_stored_of(self._store, self.identity.site_id):
                raise SiteChanged
            self._battery = Battery(self._session, self.identity)
        return self._battery

    async def _read_site_settings(self, battery: Battery) -> None:
        """Read zone, rights and grid agreement (6.1)."""
        try:
            settings = await battery.site_settings()
        except EnlightenError as error:
            self._cannot_read(SITE_SETTINGS, error)
            if self.time_zone is not None:  # what is missing can wait a while
                self._asked_at = self._clock() - ASK_AGAIN + ASK_A_REFUSAL_AGAIN
            return
        self._can_read(SITE_SETTINGS)
        self._asked_at = self._clock()
        self._knowledge.learn_site(settings)
        self._offer.ac_batteries_only = settings.ac_batteries_only

    async def _read_schedules(self, battery: Battery, settings: BatterySettings, *, wish: bool) -> ScheduleList | None:
        """Read the schedule list; 404 and 405 mean a site with switches only (`use_schedules` in docs/configure.md)."""
        if not self._offer.is_list_to_be_read():
            return None
        try:
            schedules = await battery.schedules(wish=wish)
        except NotAvailable as error:
            if self._offer.list_is_missing(settings):
                self._cannot_read(SCHEDULES, error)
            return None
        except EnlightenError as error:
            self._cannot_read(SCHEDULES, error)
            return None
        self._offer.list_was_read()
        if schedules.unread:
            self._cannot_read(SCHEDULES, UnexpectedAnswer(_UNREAD))
        else:
            self._can_read(SCHEDULES)
        return schedules

    async def _read_storage(self, battery: Battery) -> Storage | None:
        try:
            status = await battery.status()
        except EnlightenError as error:
            self._cannot_read("battery status", error)
            return None
        self._can_read("battery status")
        return storage_of(status, self._clock())

    # -- writing entries ----------------------------------------------------------------------------------------------

    @property
    def habits(self) -> Habits:
        """What was learnt of how this site's cloud takes writes."""
        return self._knowledge.habits

    def learn(self, habits: Habits) -> None:
        """Remember what was learnt, also over a restart."""
        self._knowledge.learn_habits(habits)

    def cloud_now(self) -> datetime:
        """Return the current instant by the cloud's clock (aware, UTC), as far as its answers tell."""
        return self._clock() + self._session.clock_offset

    @property
    def clock_skew(self) -> timedelta:
        """The cloud's clock minus the own, as far as its answers agree on it."""
        return self._session.clock_skew

    async def create(self, terms: Terms) -> None:
        """Write a new entry (6.8)."""
        await (await self._the_battery()).create_entry(cloud_terms(terms))

    async def update(self, schedule_id: str, terms: Terms) -> None:
        """Rewrite an entry in place (6.8)."""
        await (await self._the_battery()).update_entry(schedule_id, cloud_terms(terms))

    async def delete(self, schedule_id: str) -> None:
        """Delete an entry (6.8); one that is gone already is no error."""
        await (await self._the_battery()).delete_entry(schedule_id)

    # -- writing switches ---------------------------------------------------------------------------------------------

    def forms(self, step: SwitchStep) -> Sequence[WriteForm]:
        """Return the ways to take a step: the one that worked last first, else the one that this kind of site needs.

        A site that `supportsMqtt` ignores writes with a source, and restrict off in any but the merged form (10.2, S3
        and S4). Charge from grid has no control object that could be sent whole (6.3).
        """
        forms = [WriteForm.SHORT, WriteForm.NO_SOURCE, WriteForm.RICH, WriteForm.MERGED]
        if self._settings is not None and self._settings.supports_mqtt:
            forms = [WriteForm.NO_SOURCE, WriteForm.RICH, WriteForm.MERGED, WriteForm.SHORT]
            if step == SwitchStep(Control.RESTRICT_DISCHARGE, on=False):
                forms = [WriteForm.MERGED, WriteForm.NO_SOURCE, WriteForm.RICH, WriteForm.SHORT]
        if FAMILIES[step.control].row.switch_member is not None:
            forms.remove(WriteForm.RICH)
        worked = self._knowledge.form_of(step)
        forms.sort(key=lambda form: form.value != worked)
        # A whole document would undo what is on its way and not told of: that form comes last while anything is.
        is_stale = self._settings is not None and self._settings.requested.is_pending
        return tuple(sorted(forms, key=lambda form: is_stale and form is WriteForm.MERGED))

    def remember(self, step: SwitchStep, form: WriteForm) -> None:
        """Note which form worked."""
        self._knowledge.learn_form(step, form.value)

    async def validate(self, step: SwitchStep, form: WriteForm) -> None:
        """Announce a write with isValid (6.9) of every family that its body carries; 403, 404, 405 are passed over."""
        battery, own = await self._the_battery(), FAMILIES[step.control]
        for family in tuple(Family) if form is WriteForm.MERGED else (own,):
            try:
                await battery.validate(family, schedule=step.schedule if family is own else None)
            except (NotAvailable, Forbidden):
                self._logger.debug("isValid of %s is not available on this site", family.value)
            except Refused:
                if family is own:
                    raise

    async def write(self, step: SwitchStep, form: WriteForm, written: Mapping[Control, bool]) -> None:
        """Write a switch (6.3)."""
        battery = await self._the_battery()
        settings = self._settings
        if form is WriteForm.MERGED or settings is None:
            settings = await battery.settings(wish=True)
        disclaimer = await self._disclaimer(battery, settings) if needs_disclaimer(step) else None
        await battery.write_switch(
            FAMILIES[step.control],
            step.on,
            form=form,
            settings=settings,
            disclaimer=disclaimer,
            others=unlike(settings, written),
            schedule=step.schedule,
        )

    async def _disclaimer(self, battery: Battery, settings: BatterySettings) -> str | bool:
        """Return the ITC disclaimer to send along; accepts it once if it is not accepted yet (6.4)."""
        if settings.itc_disclaimer is not None:
            return settings.itc_disclaimer
        now = self._clock()
        if self._accepted_at is None or now - self._accepted_at > READS_ARE_LATE:
            with suppress(Forbidden):  # what goes along with the switch may do alone (C19)
                await battery.accept_itc_disclaimer()
            self._logger.info("Accepted the disclaimer for charging from the grid (accept_itc_disclaimer: true)")
            self._accepted_at = now
        return self._accepted_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    # -- what cannot be read -------------------------------------------------------------------------------------------

    def _cannot_read(self, what: str, error: EnlightenError) -> None:
        """Tell once that something cannot be read; what concerns every request is the caller's."""
        if isinstance(error, (SignInError, BudgetExhausted)):
            raise error
        if what not in self._failing:
            self._failing.add(what)
            self._logger.warning("The %s cannot be read: %s", what, error)

    def _can_read(self, what: str) -> None:
        if what in self._failing:
            self._failing.discard(what)
            self._logger.info("The %s can be read again", what)
