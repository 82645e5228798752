"""Whether, by all that was read, the gateway acts on a control now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum

from .controls import Control, Limit
from .entries import Entry
from .evidence import Evidence
from .reason import Kind, Reason, because
from .site_state import REPORT_AGE, Charging, SiteState, Storage, Switches

_UNTOUCHED = Evidence()


class Enforced(str, Enum):
    """What the gateway does with a control now."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Enforcement:
    """The verdict and, unless it is a plain yes or no, the reason."""

    enforced: Enforced
    reason: Reason | None = None


def enforcement(
    state: SiteState, control: Control, local_now: datetime, evidence: Evidence = _UNTOUCHED
) -> Enforcement:
    """Return whether the gateway acts on ``control`` now.

    It does when the switch is on, an active entry (own or foreign) covers this minute or the site has switches only,
    the gateway reported lately, and no storm, demand-response event or backup profile overrides the settings
    (6.3, 6.5, 6.8 and 10.2, S14 and S15).

    Args:
        state: What was read last.
        control: The control.
        local_now: The current instant as the site's local time (aware).
        evidence: What is known of the switch, and what was written to it.
    """
    if state.switches is None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.NOT_READ_YET))
    if control not in state.switches.on:
        return Enforcement(Enforced.UNKNOWN, because(Kind.SWITCH_NOT_TOLD))
    unsettled = _unsettled(state.switches, control, evidence)
    if unsettled is not None:
        return Enforcement(Enforced.UNKNOWN, because(unsettled))
    if not state.switches.on[control]:
        return _off(state.storage, evidence.changed_at)
    return (
        _overridden(state.switches, control)
        or _ineffective(state, state.switches, control, local_now)
        or _out_of_touch(state.storage, None if state.by_entries(control) else evidence.changed_at)
        or Enforcement(Enforced.YES)
    )


def _unsettled(switches: Switches, control: Control, evidence: Evidence) -> Kind | None:
    """Return why a switch may be otherwise at the gateway than the cloud shows it (rule (o)); None: it may not.

    What is on its way may be anything, an override too: the cloud need not tell all of it, nor what it was before.
    """
    if switches.is_pending:
        is_told = control in switches.on_its_way or evidence.unproven is not None
        return Kind.ON_ITS_WAY if is_told else Kind.CHANGE_ON_ITS_WAY
    if evidence.unproven is not None:
        return Kind.NOT_SHOWN_YET
    if evidence.known not in (None, switches.on[control]):
        return Kind.DOUBTED
    return Kind.IGNORED if evidence.given_up is not None and evidence.given_up.answered else None


def _off(storage: Storage | None, changed_at: datetime | None) -> Enforcement:
    """Return the verdict on a switch that is off: until the gateway has reported since, it may go on (rule (o))."""
    if changed_at is None:
        is_heard = storage is None or storage.silent_since is None
    else:
        is_heard = storage is not None and storage.has_reported_since(changed_at)
    return Enforcement(Enforced.NO) if is_heard else Enforcement(Enforced.UNKNOWN, because(Kind.OFF_NOT_REPORTED))


def _overridden(switches: Switches, control: Control) -> Enforcement | None:
    """Return the verdict if something overrides the settings."""
    override = switches.overrides(control)
    return None if override is None else Enforcement(Enforced.NO, because(Kind.OVERRIDDEN, override=override))


def _ineffective(state: SiteState, switches: Switches, control: Control, local_now: datetime) -> Enforcement | None:
    """Return the verdict if nothing makes the switch effective now; None if something does."""
    if control in state.unlisted:
        return Enforcement(Enforced.UNKNOWN, because(Kind.ENTRIES_NOT_LOOKED_AT))
    charges = control.limit is Limit.CHARGE_UP_TO
    has_schedules = state.has_schedules.get(control)
    if has_schedules is False:
        return _charging_alone(switches.charging, state.storage, local_now) if charges else None
    if has_schedules is None or state.entries is None or control in state.unread:
        return Enforcement(Enforced.UNKNOWN, because(Kind.ENTRIES_NOT_READ))
    if charges and _reaches(switches.charging, state.storage) is True:
        return None
    return _without_entry(state.entries, switches, control, local_now)


def _without_entry(
    entries: Iterable[Entry], switches: Switches, control: Control, local_now: datetime
) -> Enforcement | None:
    """Return the verdict if no entry makes a switch effective now, where it works with entries."""
    active = [entry.terms for entry in entries if entry.terms.control is control and entry.active]
    if not any(terms.covers(local_now) for terms in active):
        if not all(terms.readable for terms in active):
            return Enforcement(Enforced.UNKNOWN, because(Kind.ENTRIES_NOT_READ))
        return Enforcement(Enforced.NO, because(Kind.NO_ENTRY_NOW if active else Kind.NO_ENTRY))
    if control.has_second_flag and switches.charge_schedule_on is None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.DOUBTED))
    if control.has_second_flag and not switches.charge_schedule_on:
        return Enforcement(Enforced.NO, because(Kind.SCHEDULE_OFF, control=control))
    return None


def _charging_alone(charging: Charging, storage: Storage | None, local_now: datetime) -> Enforcement | None:
    """Return the verdict on a charge that no entry limits: in the daily window, or to the reserve."""
    if charging.daily is not None:
        begin, end = charging.daily
        if _is_between(begin, local_now.time(), end):
            return None
        return Enforcement(Enforced.NO, because(Kind.OUTSIDE_DAILY_WINDOW, begin=f"{begin:%H:%M}", end=f"{end:%H:%M}"))
    reaches = _reaches(charging, storage)
    if reaches is None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.RESERVE_NOT_READ))
    return None if reaches else Enforcement(Enforced.NO, because(Kind.ABOVE_RESERVE, reserve=charging.reserve))


def _reaches(charging: Charging, storage: Storage | None) -> bool | None:
    """Return whether the battery is where the switch alone charges it: below the reserve, or in Full Backup."""
    if charging.is_backing_up:
        return True
    soc = storage.soc if storage else None
    return None if soc is None or charging.reserve is None else soc < charging.reserve


def _is_between(begin: time, now: time, end: time) -> bool:
    return begin <= now < end if begin < end else now >= begin or now < end


def _out_of_touch(storage: Storage | None, changed_at: datetime | None) -> Enforcement | None:
    """Return the verdict if it cannot be said that the gateway had heard of the switch when it was read.

    Args:
        storage: What was read of the battery.
        changed_at: When the switch went on; None: nobody knows, or an active entry says that the gateway has it.
    """
    if storage is None or storage.last_report is None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.REPORT_NOT_READ))
    if storage.silent_since is not None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.GATEWAY_SILENT, minutes=REPORT_AGE // timedelta(minutes=1)))
    if changed_at is not None and not storage.has_reported_since(changed_at):
        return Enforcement(Enforced.UNKNOWN, because(Kind.ON_NOT_REPORTED))
    return None
