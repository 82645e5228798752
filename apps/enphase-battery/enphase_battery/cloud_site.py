"""The cloud side in the words of the rules: families become controls, documents become a site state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from .control.names import Control
from .control.plan import SwitchStep
from .control.site_state import Entry, SiteState, Storage, Switches
from .enlighten.battery import Battery
from .enlighten.identity import Identity, find_identity
from .enlighten.models import BatterySettings, Family, ScheduleList, WriteForm
from .enlighten.session import EnlightenSession
from .errors import EnlightenError, Forbidden, NotAvailable, Refused, SignInError
from .store import Store

FAMILIES: Mapping[Control, Family] = {
    Control.CHARGE_FROM_GRID: Family.CFG,
    Control.DISCHARGE_TO_GRID: Family.DTG,
    Control.RESTRICT_DISCHARGE: Family.RBD,
}
CONTROLS: Mapping[Family, Control] = {family: control for control, family in FAMILIES.items()}

ASK_AGAIN = timedelta(days=1)
"""How long the answers on the site's zone and on whether it has schedules are relied on."""

SITE_SETTINGS = "site settings"
SCHEDULES = "schedules"


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
        self._configured = (site_id, user_id)
        self._use_schedules = use_schedules
        self._accept_disclaimer = accept_disclaimer
        self._store = store
        self._clock = clock
        self._logger = logger
        self._battery: Battery | None = None
        self._asked: dict[str, datetime] = {}
        self._failing: set[str] = set()
        self._settings: BatterySettings | None = None
        self._knowledge: dict[str, str] = store.read("knowledge", _texts) or {}
        self.identity: Identity | None = None

    @property
    def time_zone(self) -> str | None:
        """IANA name of the site's zone, from the cloud or the store."""
        return self._knowledge.get("time_zone")

    async def refresh(self) -> None:
        """Refresh the token (section 2.6). Raises EnlightenError."""
        await self._session.refresh()

    # -- reading ------------------------------------------------------------------------------------------------------

    async def read_switches(self) -> Switches:
        """Read the battery settings (6.3) for a wish that is being carried out."""
        return await self._read_switches(wish=True)

    async def read_all(self) -> SiteState:
        """Read settings, schedule entries and the battery's state; once a day also the site's own settings.

        What can be done without (all but the battery settings) is left out where it cannot be read.
        """
        battery = await self._the_battery()
        if self._is_time_to_ask(SITE_SETTINGS):
            await self._read_time_zone(battery)
        switches = await self._read_switches(wish=False)
        entries, has_schedules = await self._read_schedules(battery)
        return SiteState(switches, entries, has_schedules, await self._read_storage(battery))

    async def _read_switches(self, *, wish: bool) -> Switches:
        self._settings = await (await self._the_battery()).settings(wish=wish)
        return _switches(self._settings, self._clock())

    async def _the_battery(self) -> Battery:
        """Return the battery's endpoints; finds out the ids when they are not known yet (section 3)."""
        if self._battery is None:
            site_id, user_id = self._configured
            self.identity = await find_identity(self._session, site_id=site_id, user_id=user_id)
            self._battery = Battery(self._session, self.identity)
        return self._battery

    async def _read_time_zone(self, battery: Battery) -> None:
        try:
            settings = await battery.site_settings()
        except EnlightenError as error:
            self._cannot_read(SITE_SETTINGS, error)
            return
        self._can_read(SITE_SETTINGS)
        self._asked[SITE_SETTINGS] = self._clock()
        if settings.timezone:
            self._know("time_zone", settings.timezone)

    async def _read_schedules(self, battery: Battery) -> tuple[tuple[Entry, ...] | None, Mapping[Control, bool]]:
        """Read the schedule list; 404 and 405 mean a site with switches only (the design's `use_schedules`)."""
        switches_only: tuple[tuple[Entry, ...], Mapping[Control, bool]] = ((), dict.fromkeys(Control, False))
        if not self._use_schedules:
            return switches_only
        if self._knowledge.get(SCHEDULES) == "no" and not self._is_time_to_ask(SCHEDULES):
            return switches_only
        try:
            schedules = await battery.schedules()
        except NotAvailable:
            self._asked[SCHEDULES] = self._clock()
            self._know(SCHEDULES, "no")
            return switches_only
        except EnlightenError as error:
            self._cannot_read(SCHEDULES, error)
            return (None, {}) if self._knowledge.get(SCHEDULES) != "no" else switches_only
        self._can_read(SCHEDULES)
        self._know(SCHEDULES, "yes")
        return _entries(schedules), {
            control: schedules.family_status(family) != "not_supported" for control, family in FAMILIES.items()
        }

    async def _read_storage(self, battery: Battery) -> Storage | None:
        try:
            status = await battery.status()
        except EnlightenError as error:
            self._cannot_read("battery status", error)
            return None
        self._can_read("battery status")
        return Storage(status.soc, status.energy_kwh, status.capacity_kwh, status.last_report)

    # -- writing ------------------------------------------------------------------------------------------------------

    def forms(self, step: SwitchStep) -> Sequence[WriteForm]:
        """Return the ways to take a step: the one that worked last first, else the one that this kind of site needs.

        A site that `supportsMqtt` ignores writes with a source, and restrict off in any but the merged form (10.2, S3
        and S4).
        """
        forms = (WriteForm.SHORT, WriteForm.NO_SOURCE, WriteForm.MERGED)
        if self._settings is not None and self._settings.supports_mqtt:
            restrict_off = step == SwitchStep(Control.RESTRICT_DISCHARGE, on=False)
            forms = (WriteForm.NO_SOURCE, WriteForm.MERGED, WriteForm.SHORT)
            if restrict_off:
                forms = (WriteForm.MERGED, WriteForm.NO_SOURCE, WriteForm.SHORT)
        worked = self._knowledge.get(_form_of(step))
        return tuple(sorted(forms, key=lambda form: form.value != worked))

    def remember(self, step: SwitchStep, form: WriteForm) -> None:
        """Note which form worked."""
        self._know(_form_of(step), form.value)

    async def validate(self, step: SwitchStep, form: WriteForm) -> None:
        """Announce a write with isValid (6.9) of every family that its body carries; 403, 404, 405 are passed over."""
        battery, own = await self._the_battery(), FAMILIES[step.control]
        for family in tuple(Family) if form is WriteForm.MERGED else (own,):
            try:
                await battery.validate(family)
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
        disclaimer = await self._disclaimer(battery, settings) if _needs_disclaimer(step) else None
        await battery.write_switch(
            FAMILIES[step.control],
            step.on,
            form=form,
            settings=settings,
            disclaimer=disclaimer,
            others=_unlike(settings, written),
        )

    async def _disclaimer(self, battery: Battery, settings: BatterySettings) -> str | bool:
        """Return the ITC disclaimer to send along; accepts it once if it is not accepted and that is allowed (6.4)."""
        if settings.itc_disclaimer is not None:
            return settings.itc_disclaimer
        if not self._accept_disclaimer:
            raise Refused(
                "the disclaimer for charging from the grid is not accepted",
                hint="accept it in the Enphase app (battery, charge from grid), or set accept_itc_disclaimer: true",
            )
        await battery.accept_itc_disclaimer()
        self._logger.info("Accepted the disclaimer for charging from the grid (accept_itc_disclaimer: true)")
        return self._clock().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    # -- what is known ------------------------------------------------------------------------------------------------

    def _know(self, what: str, value: str) -> None:
        self._knowledge[what] = value
        self._store.write("knowledge", self._knowledge)

    def _is_time_to_ask(self, what: str) -> bool:
        asked = self._asked.get(what)
        return asked is None or self._clock() - asked >= ASK_AGAIN

    def _cannot_read(self, what: str, error: EnlightenError) -> None:
        """Tell once that something cannot be read; what concerns the whole session is the caller's."""
        if isinstance(error, SignInError):
            raise error
        if what not in self._failing:
            self._failing.add(what)
            self._logger.warning("The %s cannot be read: %s", what, error)

    def _can_read(self, what: str) -> None:
        if what in self._failing:
            self._failing.discard(what)
            self._logger.info("The %s can be read again", what)


def _form_of(step: SwitchStep) -> str:
    return f"form of {step.control.value} {'on' if step.on else 'off'}"


def _needs_disclaimer(step: SwitchStep) -> bool:
    return step.control is Control.CHARGE_FROM_GRID and step.on


def _unlike(settings: BatterySettings, written: Mapping[Control, bool]) -> dict[Family, bool]:
    """Return the switches that a read shows otherwise than they are: a late read must not undo an earlier write."""
    others = {FAMILIES[control]: on for control, on in written.items()}
    return {family: on for family, on in others.items() if settings.switch(family) is not on}


def _switches(settings: BatterySettings, read_at: datetime) -> Switches:
    return Switches(
        on={control: settings.switch(family) for control, family in FAMILIES.items()},
        charge_schedule_on=settings.charge_from_grid_schedule_enabled is True,
        override=_override(settings),
        read_at=read_at,
    )


def _override(settings: BatterySettings) -> str:
    """Return what overrides schedules and switches now (10.2, S15), in words."""
    if settings.storm_guard == "active":
        return "a storm alert"
    if settings.dr_event_active:
        return "a demand-response event"
    return "the full backup profile" if settings.profile == "backup_only" else ""


def _entries(schedules: ScheduleList) -> tuple[Entry, ...]:
    return tuple(
        Entry(CONTROLS[entry.family], entry.start, entry.end, entry.days, active=entry.status == "active")
        for entry in schedules.entries
    )


def _texts(data: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in data.items()}
