"""What the site offers: which families it has and which may be changed (sections 6.1, 6.3 and 6.8)."""

from __future__ import annotations

from collections.abc import Iterable

from ..eras import ERAS
from ..switches import Switches
from .battery import Hindrances
from .families import Family
from .gateway import Conditions
from .profiles import MODES
from .settings import BACKUP_PROFILE, BACKUP_RESERVE, MalformedError
from .storm import Alert
from .windows import Window


def missing(switches: Switches) -> frozenset[Family]:
    """Return the families that the site does not have.

    Such a family takes no entries, and its control object is null or says `show: false`; for CFG it is null, and
    `chargeFromGrid` is absent too. Each sign alone decides nothing.
    """
    hidden = _named(switches.control_missing) | (_named(switches.show_false) - {Family.CFG})
    return _without_entries(switches) & hidden


def unchangeable(switches: Switches) -> frozenset[Family]:
    """Return the families whose members in a settings PUT are ignored."""
    return _named(switches.locked) | missing(switches)


def reserve_range(switches: Switches) -> tuple[int, int]:
    """Return the least and the most reserve that the site takes, in percent (section 6.2, statement 62)."""
    return switches.reserve_min, BACKUP_RESERVE


def check_profile(profile: str, switches: Switches) -> None:
    """Raise MalformedError for a profile that the site does not offer to anybody (section 6.1)."""
    if profile not in MODES:
        raise MalformedError("profile is unknown")
    if profile in switches.profiles_missing:
        raise MalformedError("profile is not offered on this site")


def conditions(switches: Switches, profile: str, alert: Alert | None) -> Conditions:
    """Return what the gateway obeys beside its orders."""
    is_backup = profile == BACKUP_PROFILE
    suspended: frozenset[Family] = frozenset()
    if switches.dr_event:
        suspended = frozenset(Family)
    elif is_backup:  # no override of charge from grid (section 15.2)
        suspended = frozenset((Family.DTG, Family.RBD))
    switch_only = _without_entries(switches) - missing(switches)
    return Conditions(switch_only, suspended, is_backup, switches.timezone, alert)


def hindrances(switches: Switches, *, stuck: bool) -> Hindrances:
    """Return what keeps the battery from doing what it is told (statements 37, 97)."""
    return Hindrances(stuck, switches.battery_cold, switches.charge_limit_kw, _named(switches.battery_disobeys))


def check_window(window: Window, switches: Switches) -> None:
    """Raise ValueError for a window that the site takes from nobody (statement 33, C28)."""
    if window.family in _named(switches.schedules_not_supported):
        raise ValueError("schedules of this type are not supported")
    if window.start > window.end and not switches.overnight_ok:
        raise ValueError("endTime is before startTime")


def _without_entries(switches: Switches) -> frozenset[Family]:
    return _named(switches.schedules_not_supported) if ERAS[switches.auth_era].schedules else frozenset(Family)


def _named(keys: Iterable[str]) -> frozenset[Family]:
    return frozenset(Family(key.upper()) for key in keys)
