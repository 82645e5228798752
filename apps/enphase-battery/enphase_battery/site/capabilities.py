"""What this site's cloud offers: a list of schedule entries or not, and which families work with entries.

That something is there is believed at once; that it is not there any more only after a day: wrong beliefs either write
entries that nobody reads, or forget those that stand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..control.controls import Control
from ..enlighten.families import Family
from ..enlighten.models import BatterySettings, ScheduleList
from ..errors import NothingToControl
from .knowledge import Knowledge
from .mapping import FAMILIES, NOT_SUPPORTED, is_missing

PROMISED_FOR = timedelta(hours=1)
"""How long a list is waited for of which nothing is known but that the settings speak of schedules."""

ASK_AGAIN = timedelta(days=1)
"""How long it is relied on that the site has no list, and how long something must be missing to be believed gone."""


class Capabilities:
    """The offer of one site.

    Args:
        knowledge: What was learnt of it.
        use_schedules: Whether schedule entries are looked at; False: the switches alone rule.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told what the site does not have.

    Attributes:
        ac_batteries_only: Whether the site's own settings said so when they were read last (15.4).
        idle_until: Until when (aware, UTC) a site with nothing to control is left alone; None: it is not.
    """

    def __init__(
        self, knowledge: Knowledge, *, use_schedules: bool, clock: Callable[[], datetime], logger: logging.Logger
    ) -> None:
        self._knowledge = knowledge
        self._use_schedules = use_schedules
        self._clock = clock
        self._logger = logger
        self._asked_at: datetime | None = None
        self._without_list_since: datetime | None = None
        self._unsupported_since: dict[Control, datetime] = {}
        self._missing: set[Control] = set()
        self._left_out_since: dict[Control, datetime] = {}
        self.ac_batteries_only = False
        self.idle_until: datetime | None = None

    def has_nothing(self, settings: BatterySettings) -> bool:
        """Return whether the site has nothing to control, and never had; then it is left alone for a day (15.4)."""
        offered = any(settings.control(family) or family in settings.top_switches for family in Family)
        if not self.ac_batteries_only or offered or any(map(self._knowledge.had_switch, Control)):
            return False
        self.idle_until = self._clock() + ASK_AGAIN
        return True

    def leave_idle(self) -> None:
        """Raise NothingToControl while the site is left alone."""
        if self.idle_until is not None and self._clock() < self.idle_until:
            raise NothingToControl(self.idle_until)

    @property
    def has_list(self) -> bool:
        """Whether the site has a list of entries, as far as is known; without one the switches alone rule."""
        return self._use_schedules and self._knowledge.has_list is not False

    def unlisted(self, settings: BatterySettings) -> frozenset[Control]:
        """Return the controls that may have entries at which nobody looks, because the configuration says so."""
        if self._use_schedules:
            return frozenset()
        found = {control: settings.control(family) for control, family in FAMILIES.items()}
        return frozenset(one for one, each in found.items() if each is None or each.schedule_supported is not False)

    def is_list_to_be_read(self) -> bool:
        """Return whether to ask for the list: also once a day where there was none."""
        is_old = self._asked_at is None or self._clock() - self._asked_at >= ASK_AGAIN
        return self.has_list or (self._use_schedules and is_old)

    def list_was_read(self) -> None:
        """Note that the list answers."""
        self._knowledge.learn_list(exists=True)
        self._without_list_since = None

    def list_is_missing(self, settings: BatterySettings) -> bool:
        """Note that the cloud knows no list (404, 405); return whether that may pass.

        It may where there was one until lately, and where the settings say that a family supports schedules (6.3).
        """
        now, had_list = self._clock(), self._knowledge.has_list
        controls = (settings.control(family) for family in Family)
        is_promised = any(one is not None and one.schedule_supported is True for one in controls)
        if had_list or (had_list is None and is_promised):
            self._without_list_since = self._without_list_since or now
            if now - self._without_list_since < (ASK_AGAIN if had_list else PROMISED_FOR):
                return True
        self._asked_at = now
        self._knowledge.learn_list(exists=False)
        return False

    def left_out(self, settings: BatterySettings) -> frozenset[Control]:
        """Return the controls whose switch is not there any more though it was: told once, believed after a day.

        A switch that is not there counts as off, and twice off as somebody's flip. One that comes and goes tells
        nothing by being away.
        """
        now, gone = self._clock(), set()
        for control, family in FAMILIES.items():
            if family.row.comes_and_goes:
                continue
            is_there = settings.holds_switch(family)
            since = self._left_out_since.get(control)
            if is_there or not self._knowledge.had_switch(control):
                self._left_out_since.pop(control, None)
                self._knowledge.learn_switch(control, exists=is_there)
            elif since is not None and now - since >= ASK_AGAIN:
                self._knowledge.learn_switch(control, exists=False)
            else:
                gone.add(control)
                if since is None:
                    self._left_out_since[control] = now
                    self._logger.warning("The battery settings leave out %s, which was there before", control.title)
        return frozenset(gone)

    def families(self, settings: BatterySettings, schedules: ScheduleList) -> Mapping[Control, bool]:
        """Return which controls work with entries; remember it, and tell once which this site does not have."""
        found = {}
        for control, family in FAMILIES.items():
            found[control] = self._works_with_entries(control, family, schedules)
            self._knowledge.learn_family(control, by_entries=found[control])
            missing = is_missing(family, settings, schedules)
            if missing and control not in self._missing:
                self._logger.warning("This site has no %s: its toggle can do nothing", control.title)
            (self._missing.add if missing else self._missing.discard)(control)
        return found

    def _works_with_entries(self, control: Control, family: Family, schedules: ScheduleList) -> bool:
        supported = schedules.family_status(family) != NOT_SUPPORTED
        if supported or any(entry.terms.family is family for entry in schedules.entries):
            self._unsupported_since.pop(control, None)
            return True
        now = self._clock()
        lasts = now - self._unsupported_since.setdefault(control, now) >= ASK_AGAIN
        return self._knowledge.by_entries.get(control) is True and not lasts
