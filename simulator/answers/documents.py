"""The JSON documents of the battery service (section 6), made from the model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from ..account import EMAIL, GATEWAY_SERIAL
from ..clock import iso
from ..eras import ERAS
from ..site.cloud_state import CloudState
from ..site.entries import Entry
from ..site.families import Family
from ..site.offer import reserve_range
from ..site.on_its_way import PROFILE_MEMBERS, members
from ..site.profiles import reserves
from ..site.settings import VERY_LOW_RANGE
from ..site.storm import ALERT_NAME, alert_status
from ..site.windows import clock_time
from ..switches import Switches
from ..wire import to_json
from .odd_members import odd

_ALERT_LASTS = timedelta(days=1)
Document = dict[str, object]
Make = Callable[[CloudState, Switches], Document]


@lru_cache(maxsize=16)
def written(make: Make, state: CloudState, switches: Switches) -> str:
    """Write a document as JSON; from the same state and switches it is made only once."""
    document = make(state, switches)
    return to_json(odd(document, switches.odd_members) if switches.odd_members else document)


def envelope(kind: str, now: datetime, data: str) -> str:
    """Wrap `data`, which is JSON, as most battery reads are."""
    return f'{{"type": "{kind}", "timestamp": "{iso(now)}", "data": {data}}}'


def battery_details(state: CloudState, switches: Switches) -> Document:
    """Return `data` of GET batterySettings (section 6.3, statement 32)."""
    settings = state.readable
    return {
        **_common(state, switches),
        "acceptedItcDisclaimer": settings.disclaimer or False,
        "hideChargeFromGrid": switches.hide_charge_from_grid or switches.region == "emea",
        **({} if "cfg" in _missing(switches) else {"chargeFromGrid": settings.charge_from_grid}),
        "chargeFromGridScheduleEnabled": settings.charge_schedule,
        "chargeBeginTime": settings.charge_begin,
        "chargeEndTime": settings.charge_end,
        "envoySupportsVls": True,
        "veryLowSoc": settings.very_low_soc,
        "veryLowSocMin": VERY_LOW_RANGE[0],
        "veryLowSocMax": VERY_LOW_RANGE[1],
        **_grid_mode(switches),
        "systemTask": switches.system_task,
        "devices": {"iqEvse": {"useBatteryFrSelfConsumption": True}},
        **_controls(state, switches),
    }


def profile_details(state: CloudState, switches: Switches) -> Document:
    """Return `data` of GET profile (section 6.2)."""
    return {
        **_common(state, switches),
        "isTariffTou": True,
        "isBuybackTariffTou": False,
        "buybackExportPlan": "netFit",
        "veryLowSoc": state.readable.very_low_soc,
        "acceptedStormGuardDisclaimer": False,
        "devices": {"thirdPartyEvse": [], "iqEvse": [], "thirdPartyWaterHeater": []},
        "systemTask": switches.system_task,
        "isIQGWScheduleSupported": ERAS[switches.auth_era].schedules,
        "isBatteryChangePending": _is_profile_pending(state),
        **_controls(state, switches),
    }


def site_settings(state: CloudState, switches: Switches) -> Document:
    """Return `data` of GET siteSettings (section 6.1)."""
    name, _, domain = EMAIL.partition("@")
    return {
        "hasEncharge": not switches.ac_battery_only,
        "hasAcb": switches.ac_battery_only,
        "hasEnpower": True,
        "isEnsemble": True,
        "countryCode": "GB",
        "region": "GB",
        "locale": "en-GB",
        "timezone": switches.timezone,
        "isEmea": switches.region == "emea",
        "showChargeFromGrid": switches.show_charge_from_grid,
        "showSavingsMode": "cost_savings" not in switches.profiles_missing,
        "showAiOptiSavingsMode": "ai_optimisation" not in switches.profiles_missing,
        "showStormGuard": switches.show_storm_guard,
        "showVLS": True,
        "showFullBackup": "backup_only" not in switches.profiles_missing,
        "showBatteryBackupPercentage": True,
        **_grid_mode(switches),
        "isIQGWScheduleSupported": ERAS[switches.auth_era].schedules,
        "restrictCfg": False,
        "siteStage": 5,
        "isChangePending": _is_profile_pending(state),
        "siteStatus": {"code": "normal", "text": "Normal", "severity": "warning"},
        "ownerOrHostMaskedEmail": f"{name[0]}***@{domain}",
        "userDetails": {
            "isHost": False,
            "isOwner": switches.user_role == "owner",
            "isInstaller": switches.user_role == "installer",
            "isMaintainer": False,
            "email": EMAIL,
            "isDemoUser": False,
        },
        "featureDetails": {"HEMS_EV_Custom_Schedule": False, "Disable_Storm_Guard_Grid_Charging": False},
    }


def storm_alerts(state: CloudState, _switches: Switches) -> Document:
    """Return the storm alerts, which have no `data` wrapper (section 6.5)."""
    alert, listed = state.alert, []
    if alert is not None:
        listed.append(
            {
                "id": alert.id,
                "name": ALERT_NAME,
                "source": "simulator",
                "status": alert_status(state.settings.storm, alert),
                "startTime": int(_milliseconds(alert.since)),
                "endTime": int(_milliseconds(alert.since + _ALERT_LASTS)),
                "critical": alert.critical,
            }
        )
    is_critical = alert is not None and alert.critical
    return {"criticalAlertsOverride": False, "stormAlerts": listed, "criticalAlertActive": is_critical}


def schedule_list(state: CloudState, switches: Switches) -> Document:
    """Return the schedule list, which has no `data` wrapper (section 6.8, statement 33)."""
    entries = [entry for entry in state.entries if switches.list_deleted or not entry.deleted]
    families = {family.key: _family(family, entries, switches) for family in Family}
    pending = any(entry.status == "pending" for entry in entries if not entry.deleted)
    return {"type": "BATTERY_SCHEDULES_CONFIG", **families, "anySchedulePending": pending}


def schedule_entry(entry: Entry) -> Document:
    """Return one entry; `isEnabled` reads true whatever was written (statements 35, 46, 47)."""
    window = entry.window
    return {
        "createdBy": str(entry.created_by),
        "updatedBy": str(entry.updated_by),
        "createdAt": _milliseconds(entry.created_at),
        "updatedAt": _milliseconds(entry.updated_at),
        "scheduleId": entry.id,
        "timezone": window.timezone,
        "startTime": clock_time(window.start),
        "endTime": clock_time(window.end),
        "limit": window.limit,
        "scheduleType": entry.family.value,
        "scheduleStatus": entry.status,
        "days": list(window.days),
        "isDeleted": entry.deleted,
        "isEnabled": True,
    }


def _family(family: Family, entries: list[Entry], switches: Switches) -> Document:
    own = [entry for entry in entries if entry.family is family]
    status = "pending" if any(entry.status == "pending" for entry in own if not entry.deleted) else "active"
    if family.key in switches.schedules_not_supported:
        status = "not_supported"
    document: Document = {} if switches.schedule_status_missing else {"scheduleStatus": status}
    document["count"] = len(own)
    if own or switches.empty_details == "list":
        document["details"] = [schedule_entry(entry) for entry in own]
    elif switches.empty_details == "null":
        document["details"] = None
    return document


def _grid_mode(switches: Switches) -> Document:
    return {"batteryGridMode": switches.grid_mode} if switches.grid_mode else {}


def _is_profile_pending(state: CloudState) -> bool:
    return state.requested is not None or bool(state.on_its_way & PROFILE_MEMBERS)


def _requested_config(state: CloudState, switches: Switches) -> Document:
    """Return what is on its way (section 15.1, statement 93), as a member of a document, or no member."""
    if not state.on_its_way:
        forms: dict[str, Document] = {"object": {"requestedConfig": {}}, "null": {"requestedConfig": None}}
        return forms.get(switches.requested_config_empty, {})
    config: dict[str, Any] = {}
    for name, value in members(state.target).items():
        control, _, inner = name.rpartition(".")
        if name not in state.on_its_way and switches.requested_config != "whole":
            continue
        if not control:
            config[name] = value
        elif switches.requested_config_controls:
            config.setdefault(control, {})[inner] = value
    return {"requestedConfig": {**config, "pendingGateways": [GATEWAY_SERIAL]}}


def _common(state: CloudState, switches: Switches) -> Document:
    settings = state.readable
    return {
        "supportsMqtt": switches.supports_mqtt,
        "pollingInterval": 60,
        "drEventActive": switches.dr_event,
        "drEventMode": "",
        "profile": settings.profile,
        "operationModeSubType": settings.sub_type,
        **_requested_config(state, switches),
        "requestedConfigMqtt": {},
        "batteryBackupPercentage": settings.reserve,
        "batteryBackupPercentageMin": reserve_range(switches)[0],
        "batteryBackupPercentageMax": reserve_range(switches)[1],
        "previousBatteryBackupPercentage": reserves(settings),
        "stormGuardState": settings.storm.word(state.alert),
        "showStormGuardAlert": settings.storm.acts(state.alert),
        "evseStormEnabled": settings.storm.ev_charger,
    }


def _controls(state: CloudState, switches: Switches) -> Document:
    settings = state.readable
    controls: dict[Family, Document] = {
        # For CFG `enabled` is not authoritative (section 6.3), so it says nothing here.
        Family.CFG: {
            "enabled": True,
            "forceScheduleSupported": True,
            "forceScheduleOpted": settings.charge_schedule,  # statement 48
        },
        Family.DTG: {
            "enabled": settings.discharge_to_grid,
            "startTime": settings.discharge_start,
            "endTime": settings.discharge_end,
        },
        Family.RBD: {"enabled": settings.restrict_discharge},
    }
    supported: Document = {"scheduleSupported": True} if ERAS[switches.auth_era].schedules else {}
    gone = _missing(switches)
    if switches.rbd_null_when_empty and not state.rbd_ever_saved:
        gone.add("rbd")
    return {
        f"{family.key}Control": None
        if family.key in gone
        else {
            "show": family.key not in switches.show_false,
            "showDaySchedule": True,
            "locked": family.key in switches.locked,
            **supported,
            **own,
        }
        for family, own in controls.items()
    }


def _missing(switches: Switches) -> set[str]:
    """Return the keys of the families that the site does not have."""
    return {family.key for family in Family} if switches.ac_battery_only else set(switches.control_missing)


def _milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))
