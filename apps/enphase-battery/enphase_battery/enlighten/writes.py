"""The bodies of the battery's writes: switches in each of the forms that sites need (6.3), validation, entries."""

from __future__ import annotations

from collections.abc import Mapping

from .families import Family
from .fields import mapping
from .models import WEEK, BatterySettings, EntryTerms, WriteForm

_COMPLETE_CONTROL = {"show": True, "showDaySchedule": True, "locked": False, "scheduleSupported": True}
"""What a control that comes and goes needs beside `enabled` where the read shows none (6.3, live 2026-04-18)."""

_TIMES = ("startTime", "endTime")
"""Members of a control object that has times."""

_LIMITS = range(5, 101)


def entry_body(terms: EntryTerms) -> dict[str, object]:
    """The JSON body that creates or updates an entry (6.8).

    `isEnabled` is always sent, because some sites refuse a create without it (S13); it switches nothing.

    Raises:
        ValueError: Terms whose meaning to the cloud is not known (section 13).
    """
    has_limit = terms.family.row.has_limit
    faults = {
        "no time zone": not terms.timezone,
        "days other than 1 to 7, or none": not terms.days or not terms.days <= WEEK,
        "times finer than a minute": any(each.second or each.microsecond for each in (terms.start, terms.end)),
        "no length": terms.start == terms.end,
        "a limit other than 5 to 100": has_limit and terms.limit not in _LIMITS,
    }
    if any(faults.values()):
        raise ValueError(f"an entry cannot have {next(fault for fault, found in faults.items() if found)}")
    limit = {"limit": terms.limit} if has_limit else {}
    return {
        "timezone": terms.timezone,
        "startTime": f"{terms.start:%H:%M}",
        "endTime": f"{terms.end:%H:%M}",
        **limit,
        "scheduleType": terms.family.value.upper(),
        "days": sorted(terms.days),
        "isEnabled": True,
    }


def validation_body(family: Family, schedule: bool | None) -> dict[str, object]:
    """The JSON body that asks whether a family may be switched (6.9).

    Args:
        family: Whose switch.
        schedule: False before the disable of CFG's schedule; else None or True.

    Raises:
        ValueError: `schedule` is given for another family than CFG.
    """
    _check(family, schedule)
    opted = {"forceScheduleOpted": schedule is not False} if family.row.has_second_flag else {}
    return {"scheduleType": family.value, **opted}


def switch_body(
    family: Family,
    on: bool,
    *,
    form: WriteForm,
    settings: BatterySettings,
    disclaimer: str | bool | None,
    others: Mapping[Family, bool],
    schedule: bool | None = None,
) -> dict[str, object]:
    """The JSON body that switches one family.

    CFG members stand at the top level and RBD gets no times: both would be answered with 500 (6.3).

    Arguments and errors are those of :meth:`.battery.Battery.write_switch`; `settings` stay as they are. `schedule`
    False makes the disable body (#634).
    """
    _check(family, schedule)
    if schedule is False:
        disclaimer = disclaimer or settings.itc_disclaimer
    merged = form is WriteForm.MERGED
    known = settings.raw if merged else {}
    body = {name: value for name, value in known.items() if name != "devices"}
    for other, value in others.items() if merged else ():
        body |= _members(other, value, known)
    rich = form is WriteForm.RICH and family.row.switch_member is None
    body |= _rich_members(family, on, settings.raw) if rich else _members(family, on, known)
    if family.row.needs_disclaimer and disclaimer and (on or schedule is False):
        body["acceptedItcDisclaimer"] = disclaimer
    if schedule is not None:
        body |= _schedule_members(family.row.control_member, schedule, known)
    return body


def _check(family: Family, schedule: bool | None) -> None:
    if schedule is not None and not family.row.has_second_flag:
        raise ValueError(f"{family.value} has no switch for its schedule: only cfg has one")


def _members(family: Family, on: bool, known: Mapping[str, object]) -> dict[str, object]:
    """The switch of one family; `known` is the document that a control object is completed from."""
    row = family.row
    if row.switch_member is not None:
        return {row.switch_member: on}
    control = dict(mapping(known.get(row.control_member)))
    if known and not control and row.comes_and_goes:
        control = dict(_COMPLETE_CONTROL)
    return {row.control_member: {**control, "enabled": on}}


def _rich_members(family: Family, on: bool, read: Mapping[str, object]) -> dict[str, object]:
    """The control object with all that belongs to it, as the read has it, and nothing else."""
    row = family.row
    control = {member: value for member, value in mapping(read.get(row.control_member)).items() if value is not None}
    complete = {member: control.get(member, default) for member, default in _COMPLETE_CONTROL.items()}
    times = {member: control[member] for member in _TIMES if row.has_times and member in control}
    return {row.control_member: {**complete, "enabled": on, **times}}


def _schedule_members(name: str, schedule: bool, known: Mapping[str, object]) -> dict[str, object]:
    """CFG's second flag, and its mirror where the disable needs it or the document has it: the two must not differ."""
    control = mapping(known.get(name))
    mirror = {name: {**control, "forceScheduleOpted": schedule}} if control or not schedule else {}
    return {"chargeFromGridScheduleEnabled": schedule, **mirror}
