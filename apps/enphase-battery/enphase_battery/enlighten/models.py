"""What the cloud says about switches and schedules: frozen values, each with its own parser.

More are in :mod:`.readings`. Parsers take the decoded JSON of an answer and raise :class:`UnexpectedAnswer` only when
nothing of what the document is for can be read; single members that are null, `"N/A"`, missing or of an unknown value
do not spoil the rest. Percentages are 0 to 100, energies kWh, instants aware UTC, clock times local to the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import Enum

from ..errors import UnexpectedAnswer
from .families import Family
from .fields import (
    clock_time,
    enveloped,
    flag,
    identifier,
    instant,
    mapping,
    objects,
    percent,
    status,
    weekdays,
    whole,
    word,
)
from .requested import Requested


class WriteForm(str, Enum):
    """Ways to write a switch, to be tried in this order (6.3, silent failures S3 and S4 of 10.2)."""

    SHORT = "short"
    """Partial body, query `source=enho`."""
    NO_SOURCE = "no_source"
    """Partial body, no `source`."""
    RICH = "rich"
    """The family's control object complete and alone, no `source`; for CFG, whose switch is in none, as `NO_SOURCE`."""
    MERGED = "merged"
    """The whole document of a read without `devices`, only the wished members changed; no `source`."""


@dataclass(frozen=True, slots=True)
class FamilyControl:
    """`cfgControl`, `dtgControl` or `rbdControl` of the battery settings (6.3).

    Attributes:
        enabled: The effective switch of DTG and RBD; not authoritative for CFG. None when not said.
        show: Whether the Enphase app offers the family; None when not said.
        locked: Whether the user cannot change it.
        schedule_supported: Whether it works with schedule entries; None when not said.
        force_schedule_opted: CFG only; mirrors `chargeFromGridScheduleEnabled`.
    """

    enabled: bool | None
    show: bool | None
    locked: bool
    schedule_supported: bool | None
    force_schedule_opted: bool | None

    @classmethod
    def parse(cls, value: object) -> FamilyControl | None:
        """A control object; None when it is null or absent, which is how RBD looks before its first entry."""
        if value is None:
            return None
        value = mapping(value)
        return cls(
            enabled=flag(value.get("enabled")),
            show=flag(value.get("show")),
            locked=flag(value.get("locked")) or False,
            schedule_supported=flag(value.get("scheduleSupported")),
            force_schedule_opted=flag(value.get("forceScheduleOpted")),
        )


@dataclass(frozen=True, slots=True)
class BatterySettings:
    """`GET batterySettings` (6.3).

    Attributes:
        top_switches: The switches that stand beside the control objects, of the families that the site has; None when
            the document does not say.
        charge_from_grid_schedule_enabled: Whether the CFG schedule is in force; None when something else than that
            stands where it should be said.
        charge_hours: Local begin and end of the one daily window of charge from grid where it has no entries (15.2).
        itc_disclaimer: None when not accepted, True or the time of acceptance as the cloud wrote it (C18).
        controls: The control objects, of the families that have one (yet).
        profile: Such as `self-consumption`, in lower case; unknown names pass through.
        backup_percentage: Reserve, percent.
        very_low_soc: Shutdown level, percent.
        storm_guard: `enabled`, `disabled`, `active`, or what else the cloud says, in lower case.
        dr_event_active: A demand-response event overrides the settings.
        grid_mode: Interconnection, such as `ImportExport`.
        system_task: The cloud is busy with the site; writes should wait.
        supports_mqtt: The site on which writes with `source=enho` may do nothing (S3).
        requested: What is on its way to the gateway (15.1); the other members do not show it yet.
        raw: The document with what is on its way in its place, for the bodies of writes and nothing else.
    """

    top_switches: Mapping[Family, bool | None]
    charge_from_grid_schedule_enabled: bool | None
    charge_hours: tuple[time, time] | None
    itc_disclaimer: str | bool | None
    controls: Mapping[Family, FamilyControl]
    profile: str | None
    backup_percentage: int | None
    very_low_soc: int | None
    storm_guard: str | None
    dr_event_active: bool
    grid_mode: str | None
    system_task: bool
    supports_mqtt: bool
    requested: Requested
    raw: Mapping[str, object] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, document: object) -> BatterySettings:
        """Parses the enveloped document.

        Raises:
            UnexpectedAnswer: It holds none of the switches, or one that is neither on nor off.
        """
        data = enveloped(document)
        if not any(member in data for family in Family for member in family.row.members):
            raise UnexpectedAnswer("the battery settings hold none of the switches")
        found = {family: FamilyControl.parse(data.get(family.row.control_member)) for family in Family}
        top_switches = {
            family: flag(data[name])
            for family in Family
            if (name := family.row.switch_member) is not None and name in data
        }
        cfg = found[Family.CFG]
        told = data.get("chargeFromGridScheduleEnabled")
        schedule_enabled = flag(told)
        if schedule_enabled is None and cfg is not None:
            schedule_enabled = cfg.force_schedule_opted
        if schedule_enabled is None and told is None:
            schedule_enabled = False
        requested = Requested.parse(data)
        disclaimer, accepted = data.get("acceptedItcDisclaimer"), flag(data.get("acceptedItcDisclaimer"))
        return cls(
            top_switches=top_switches,
            charge_from_grid_schedule_enabled=schedule_enabled,
            charge_hours=_hours(data),
            itc_disclaimer=word(disclaimer) if accepted is None else accepted or None,
            controls={family: control for family, control in found.items() if control is not None},
            profile=status(data.get("profile")),
            backup_percentage=percent(data.get("batteryBackupPercentage")),
            very_low_soc=percent(data.get("veryLowSoc")),
            storm_guard=status(data.get("stormGuardState")),
            dr_event_active=flag(data.get("drEventActive")) or False,
            grid_mode=word(data.get("batteryGridMode")),
            system_task=flag(data.get("systemTask")) or False,
            supports_mqtt=flag(data.get("supportsMqtt")) or False,
            requested=requested,
            raw=requested.over(data),
        )

    def control(self, family: Family) -> FamilyControl | None:
        """The family's control object; None where the site has none (yet)."""
        return self.controls.get(family)

    def holds_switch(self, family: Family) -> bool:
        """Whether the document has the place where the family's switch stands."""
        return family in (self.controls if family.row.switch_member is None else self.top_switches)

    def switch(self, family: Family) -> bool | None:
        """Whether the family's switch is on; where the document has no place for it, it is off.

        Returns:
            None when the document should say it and does not: that must not be taken for off.
        """
        if family in self.top_switches:
            return self.top_switches[family]
        control = self.control(family)
        if control is None:
            return False
        if family.row.switch_member is not None:
            return None if control.show is True else False
        return control.enabled if control.show is not False else control.enabled is True


_DAY = 24 * 60


def _hours(data: Mapping[str, object]) -> tuple[time, time] | None:
    """The daily charging window, which the settings tell in minutes of the local day."""
    begin, end = whole(data.get("chargeBeginTime")), whole(data.get("chargeEndTime"))
    if begin is None or end is None or not (0 <= begin < _DAY and 0 <= end <= _DAY) or begin == end:
        return None
    return time(*divmod(begin, 60)), time(*divmod(end % _DAY, 60))


WEEK = frozenset(range(1, 8))
"""All weekdays, Monday is 1."""

MOST_ENTRIES = 1000
"""More than that no site has; to weigh them would keep all apps of AppDaemon waiting."""


@dataclass(frozen=True, slots=True)
class EntryTerms:
    """What a schedule entry says, apart from who it is and how it stands; two entries with equal terms are alike (6.8).

    Attributes:
        family: Whose entry.
        start: Local to the site, to the minute.
        end: Local to the site, to the minute; before `start` means the next day, never later than 23:59.
        days: Weekdays of the start, Monday is 1. None where times or days cannot be read: nobody knows when it is.
        limit: Percent; charge until, discharge down to. Always None for RBD, which has none (the cloud echoes 100).
        timezone: IANA name of the site's zone; empty when the cloud names none.
    """

    family: Family
    start: time
    end: time
    days: frozenset[int]
    limit: int | None
    timezone: str

    def __post_init__(self) -> None:
        if not self.family.row.has_limit:
            object.__setattr__(self, "limit", None)


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One window of the schedule list (6.8). Its position in the list means nothing; `isEnabled` is a lie and not read.

    Attributes:
        schedule_id: The identity; it can stand in a path.
        terms: What it says, to be compared with what was to be written. Its family is the one under which it is listed.
        status: `active` once the gateway has it, `pending` before; unknown words pass through.
        created_at: When it was made.
    """

    schedule_id: str
    terms: EntryTerms
    status: str | None
    created_at: datetime | None

    @classmethod
    def parse(cls, entry: Mapping[str, object], family: Family) -> ScheduleEntry | None:
        """One entry; None: it cannot be told which.

        Where its times or days cannot be read it is there all the same, and says of no day that it runs: to skip it
        would hide an obstacle from the planner.
        """
        schedule_id = identifier(entry.get("scheduleId"))
        if schedule_id is None:
            return None
        start, end = clock_time(entry.get("startTime")), clock_time(entry.get("endTime"))
        days = weekdays(entry.get("days")) if start is not None and end is not None else frozenset[int]()
        terms = EntryTerms(
            family=family,
            start=start or time(0),
            end=end or time(0),
            days=days,
            limit=percent(entry.get("limit")),
            timezone=word(entry.get("timezone")) or "",
        )
        return cls(
            schedule_id=schedule_id,
            terms=terms,
            status=status(entry.get("scheduleStatus")),
            created_at=instant(entry.get("createdAt")),
        )


@dataclass(frozen=True, slots=True)
class ScheduleList:
    """`GET schedules` (6.8), which has no envelope.

    Attributes:
        entries: All entries that are not deleted, of the families that could be read, in the cloud's order.
        statuses: What the cloud says of each family; see :meth:`family_status`.
        unread: The families of which it cannot be told which entries they have.
    """

    entries: tuple[ScheduleEntry, ...]
    statuses: tuple[tuple[Family, str], ...]
    unread: frozenset[Family] = frozenset()

    @classmethod
    def parse(cls, document: object) -> ScheduleList:
        """Parses the list.

        Raises:
            UnexpectedAnswer: No family is listed, or there are thousands of entries.
        """
        listed = mapping(document)
        if not any(listed.get(family.value) for family in Family):
            raise UnexpectedAnswer("the schedule list names no family")
        families = {family: _entries(listed.get(family.value), family) for family in Family}
        entries = tuple(entry for found in families.values() for entry in found or ())
        if len(entries) > MOST_ENTRIES:
            raise UnexpectedAnswer(f"{len(entries)} schedule entries are more than any site has")
        statuses = ((family, status(mapping(listed.get(family.value)).get("scheduleStatus"))) for family in Family)
        return cls(
            entries=entries,
            statuses=tuple((family, said) for family, said in statuses if said is not None),
            unread=frozenset(family for family, found in families.items() if found is None),
        )

    def family_status(self, family: Family) -> str | None:
        """`active`, `pending`, `not_supported` or another word of the cloud; None when it is missing."""
        return dict(self.statuses).get(family)


def _entries(members: object, family: Family) -> tuple[ScheduleEntry, ...] | None:
    """The entries of a family; None come as `[]`, null or not at all.

    Returns:
        None where it cannot be told which they are: what is no list of entries, or counts more than it shows, may hide
        an obstacle from the planner, and is no proof that an own entry is gone.
    """
    if members is None:
        return ()
    details = mapping(members).get("details")
    listed = objects(details)
    is_whole = isinstance(members, dict) and (
        details is None or (isinstance(details, list) and len(listed) == len(details))
    )
    count = whole(mapping(members).get("count"))
    if not is_whole or len(listed) < (count or 0) <= MOST_ENTRIES:
        return None
    entries = [ScheduleEntry.parse(entry, family) for entry in listed if flag(entry.get("isDeleted")) is not True]
    found = tuple(entry for entry in entries if entry is not None)
    return found if len(found) == len(entries) else None
