"""What was learnt of one site's cloud and holds for long: in the store, so that a restart need not learn it anew."""

from __future__ import annotations

from collections.abc import Mapping

import pytz

from ..control.controls import Control
from ..control.site_state import Habits
from ..control.steps import SwitchStep
from ..enlighten.readings import SiteSettings
from ..store.decoding import as_percent, as_texts, attempt
from ..store.store import Store
from .mapping import Circumstances

_SECTION = "knowledge"
_ZONE, _MAY_WRITE, _GRID_MODE, _FLOOR = "time_zone", "may write", "grid mode", "floor"
_TOUCHING, _OVERNIGHT, _BOTH_FLAGS = "touching entries", "entries over midnight", "both flags"
_PAUSES = "pause after validation"
_LIST = "schedules"


class Knowledge:
    """Facts about one site; each stays what it is until the cloud says otherwise.

    Args:
        store: What outlives a restart.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._facts: dict[str, str] = store.read(_SECTION, _read) or {}

    # -- the site ------------------------------------------------------------------------------------------------------

    @property
    def time_zone(self) -> str | None:
        """IANA name of the site's zone; None before the first answer."""
        return self._facts.get(_ZONE)

    def learn_site(self, settings: SiteSettings) -> None:
        """Note zone, rights and grid agreement (6.1). A zone that nobody knows leaves the one that was told before."""
        if settings.timezone in pytz.all_timezones_set:
            self._note(_ZONE, settings.timezone)
        self._note(_MAY_WRITE, _yes_no(settings.may_write))
        self._note(_GRID_MODE, settings.grid_mode or "")

    @property
    def may_write(self) -> bool:
        """Whether the account may change anything, as it was last told; true before."""
        return self._facts.get(_MAY_WRITE) != "no"

    def forget_rights(self) -> None:
        """Forget what the account may do: it was another account's."""
        if _MAY_WRITE in self._facts:
            self._note(_MAY_WRITE, _yes_no(True))

    def circumstances(self, *, accept_disclaimer: bool) -> Circumstances:
        """Return what decides about writes beside settings and schedules."""
        return Circumstances(
            may_write=self.may_write,
            grid_mode=self._facts.get(_GRID_MODE, ""),
            accept_disclaimer=accept_disclaimer,
        )

    @property
    def floor(self) -> int:
        """Percent of charge below which nothing was discharged to the grid when that was last said; 0 before."""
        return int(self._facts.get(_FLOOR, "0"))

    def learn_floor(self, floor: int) -> None:
        """Note the floor."""
        self._note(_FLOOR, str(floor))

    # -- schedules -----------------------------------------------------------------------------------------------------

    @property
    def has_list(self) -> bool | None:
        """Whether the site has a list of schedule entries; None before the first answer."""
        return _flag(self._facts.get(_LIST))

    def learn_list(self, *, exists: bool) -> None:
        """Note whether there is a list."""
        self._note(_LIST, _yes_no(exists))

    @property
    def by_entries(self) -> Mapping[Control, bool]:
        """Whether a control works with entries, for those of which that was ever read."""
        found = {control: _flag(self._facts.get(_entries_of(control))) for control in Control}
        return {control: flag for control, flag in found.items() if flag is not None}

    def learn_family(self, control: Control, *, by_entries: bool) -> None:
        """Note whether a control works with entries."""
        self._note(_entries_of(control), _yes_no(by_entries))

    def had_switch(self, control: Control) -> bool:
        """Return whether the battery settings had the control's switch when they were read last."""
        return self._facts.get(_switch_of(control)) == "yes"

    def learn_switch(self, control: Control, *, exists: bool) -> None:
        """Note whether the settings have the control's switch."""
        self._note(_switch_of(control), _yes_no(exists))

    # -- writes --------------------------------------------------------------------------------------------------------

    @property
    def habits(self) -> Habits:
        """How this site's cloud takes writes."""
        return Habits(
            touching=self._facts.get(_TOUCHING) != "no",
            overnight=self._facts.get(_OVERNIGHT) != "no",
            both_flags=self._facts.get(_BOTH_FLAGS) == "yes",
            pauses=self._facts.get(_PAUSES) == "yes",
        )

    def learn_habits(self, habits: Habits) -> None:
        """Note how it takes writes."""
        self._note(_TOUCHING, _yes_no(habits.touching))
        self._note(_OVERNIGHT, _yes_no(habits.overnight))
        self._note(_BOTH_FLAGS, _yes_no(habits.both_flags))
        self._note(_PAUSES, _yes_no(habits.pauses))

    def form_of(self, step: SwitchStep) -> str | None:
        """Return the form of a write that worked last for a step; None before the first."""
        return self._facts.get(_form_of(step))

    def learn_form(self, step: SwitchStep, form: str) -> None:
        """Note which form worked."""
        self._note(_form_of(step), form)

    def _note(self, what: str, value: str) -> None:
        if self._facts.get(what) != value:
            self._facts[what] = value
            self._store.write(_SECTION, self._facts)


def _entries_of(control: Control) -> str:
    return f"{_LIST} of {control.value}"


def _switch_of(control: Control) -> str:
    return f"switch of {control.value}"


def _form_of(step: SwitchStep) -> str:
    return f"form of {step.control.value} {'on' if step.on else 'off'}"


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _flag(value: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(value or "")


def _read(data: Mapping[str, object]) -> dict[str, str]:
    facts = as_texts(data)
    if _FLOOR in facts and attempt(as_percent, facts[_FLOOR]) is None:
        del facts[_FLOOR]
    return facts
