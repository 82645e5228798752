"""Whether, by all that was read, the gateway acts on a control now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .controls import Control
from .reason import Kind, Reason, because
from .site_state import SiteState, Storage, Switches

REPORT_AGE = timedelta(minutes=30)
"""A gateway that has not reported for longer may not have heard of the switch."""


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


def enforcement(state: SiteState, control: Control, local_now: datetime) -> Enforcement:
    """Return whether the gateway acts on ``control`` now.

    It does when the switch is on, an active entry (own or foreign) covers this minute or the site has switches only,
    the gateway reported lately, and no storm, demand-response event or backup profile overrides the settings
    (6.3, 6.5, 6.8 and 10.2, S14 and S15).

    Args:
        state: What was read last.
        control: The control.
        local_now: The current instant as the site's local time (aware).
    """
    if state.switches is None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.NOT_READ_YET))
    if control not in state.switches.on:
        return Enforcement(Enforced.UNKNOWN, because(Kind.SWITCH_NOT_TOLD))
    if not state.switches.on[control]:
        return Enforcement(Enforced.NO)
    return (
        _overridden(state.switches)
        or _without_entry(state, state.switches, control, local_now)
        or _out_of_touch(state.storage, local_now)
        or Enforcement(Enforced.YES)
    )


def _overridden(switches: Switches) -> Enforcement | None:
    """Return the verdict if something overrides the settings."""
    if switches.override is None:
        return None
    return Enforcement(Enforced.NO, because(Kind.OVERRIDDEN, override=switches.override))


def _without_entry(state: SiteState, switches: Switches, control: Control, local_now: datetime) -> Enforcement | None:
    """Return the verdict if the site works with schedules and no entry makes the switch effective now."""
    has_schedules = state.has_schedules.get(control)
    if has_schedules is False:
        return None
    if has_schedules is None or state.entries is None or control in state.unread:
        return Enforcement(Enforced.UNKNOWN, because(Kind.ENTRIES_NOT_READ))
    active = [entry.terms for entry in state.entries if entry.terms.control is control and entry.active]
    if not any(terms.covers(local_now) for terms in active):
        if not all(terms.readable for terms in active):
            return Enforcement(Enforced.UNKNOWN, because(Kind.ENTRIES_NOT_READ))
        return Enforcement(Enforced.NO, because(Kind.NO_ENTRY_NOW if active else Kind.NO_ENTRY))
    if control.has_second_flag and not switches.charge_schedule_on:
        return Enforcement(Enforced.NO, because(Kind.SCHEDULE_OFF, control=control))
    return None


def _out_of_touch(storage: Storage | None, local_now: datetime) -> Enforcement | None:
    """Return the verdict if it cannot be said that the gateway has heard of the switch."""
    if storage is None or storage.last_report is None:
        return Enforcement(Enforced.UNKNOWN, because(Kind.REPORT_NOT_READ))
    if local_now - storage.last_report > REPORT_AGE:
        return Enforcement(Enforced.NO, because(Kind.GATEWAY_SILENT, minutes=REPORT_AGE // timedelta(minutes=1)))
    return None
