"""The JSON documents of the battery service (section 6), made from the model."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .account import EMAIL
from .clock import iso
from .eras import ERAS
from .families import Family
from .settings import RESERVE_RANGE, VERY_LOW_RANGE, BatterySettings
from .windows import clock_time

if TYPE_CHECKING:
    from .schedules import Entry
    from .site import CloudState
    from .switches import Switches

_PROFILE = "self-consumption"
Document = dict[str, object]


def envelope(kind: str, now: datetime, data: Document) -> Document:
    """Wrap `data` as most battery reads are."""
    return {"type": kind, "timestamp": iso(now), "data": data}


def battery_details(state: CloudState, switches: Switches) -> Document:
    """Return `data` of GET batterySettings (section 6.3, statement 32)."""
    settings = state.settings
    return {
        **_common(settings, switches),
        "acceptedItcDisclaimer": settings.disclaimer or False,
        "hideChargeFromGrid": switches.region == "emea",
        "chargeFromGrid": settings.charge_from_grid,
        "chargeFromGridScheduleEnabled": settings.charge_schedule,
        "chargeBeginTime": settings.charge_begin,
        "chargeEndTime": settings.charge_end,
        "envoySupportsVls": True,
        "veryLowSoc": settings.very_low_soc,
        "veryLowSocMin": VERY_LOW_RANGE[0],
        "veryLowSocMax": VERY_LOW_RANGE[1],
        "batteryGridMode": "ImportExport",
        "systemTask": False,
        "devices": {"iqEvse": {"useBatteryFrSelfConsumption": True}},
        **_controls(state, switches),
    }


def profile_details(state: CloudState, switches: Switches) -> Document:
    """Return `data` of GET profile (section 6.2)."""
    return {
        **_common(state.settings, switches),
        "isTariffTou": True,
        "isBuybackTariffTou": False,
        "buybackExportPlan": "netFit",
        "veryLowSoc": state.settings.very_low_soc,
        "acceptedStormGuardDisclaimer": False,
        "devices": {"thirdPartyEvse": [], "iqEvse": [], "thirdPartyWaterHeater": []},
        "systemTask": False,
        "isIQGWScheduleSupported": ERAS[switches.auth_era].schedules,
        "isBatteryChangePending": False,
        **_controls(state, switches),
    }


def site_settings(switches: Switches) -> Document:
    """Return `data` of GET siteSettings (section 6.1)."""
    name, _, domain = EMAIL.partition("@")
    return {
        "hasEncharge": True,
        "hasEnpower": True,
        "isEnsemble": True,
        "countryCode": "GB",
        "region": "GB",
        "locale": "en-GB",
        "timezone": switches.timezone,
        "isEmea": switches.region == "emea",
        "showChargeFromGrid": True,
        "showSavingsMode": True,
        "showStormGuard": False,
        "showVLS": True,
        "showFullBackup": True,
        "showBatteryBackupPercentage": True,
        "batteryGridMode": "ImportExport",
        "isIQGWScheduleSupported": ERAS[switches.auth_era].schedules,
        "restrictCfg": False,
        "siteStage": 5,
        "isChangePending": False,
        "siteStatus": {"code": "normal", "text": "Normal", "severity": "warning"},
        "ownerOrHostMaskedEmail": f"{name[0]}***@{domain}",
        "userDetails": {
            "isHost": False,
            "isOwner": True,
            "isInstaller": False,
            "isMaintainer": False,
            "email": EMAIL,
            "isDemoUser": False,
        },
        "featureDetails": {"HEMS_EV_Custom_Schedule": False, "Disable_Storm_Guard_Grid_Charging": False},
    }


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


def _common(settings: BatterySettings, switches: Switches) -> Document:
    return {
        "supportsMqtt": switches.supports_mqtt,
        "pollingInterval": 60,
        "drEventActive": False,
        "drEventMode": "",
        "profile": _PROFILE,
        "operationModeSubType": "",
        "requestedConfig": {},
        "requestedConfigMqtt": {},
        "batteryBackupPercentage": settings.reserve,
        "batteryBackupPercentageMin": RESERVE_RANGE[0],
        "batteryBackupPercentageMax": RESERVE_RANGE[1],
        "previousBatteryBackupPercentage": {_PROFILE: settings.reserve, "cost_savings": 30, "backup_only": 100},
        "stormGuardState": "disabled",
        "showStormGuardAlert": False,
        "evseStormEnabled": False,
    }


def _controls(state: CloudState, switches: Switches) -> Document:
    settings = state.settings
    base: Document = {"show": True, "showDaySchedule": True, "locked": False}
    if ERAS[switches.auth_era].schedules:
        base["scheduleSupported"] = True
    no_rbd = switches.rbd_null_when_empty and not state.rbd_ever_saved
    return {
        # For CFG `enabled` is not authoritative (section 6.3), so it says nothing here.
        "cfgControl": {
            **base,
            "enabled": True,
            "forceScheduleSupported": True,
            "forceScheduleOpted": settings.charge_schedule,  # statement 48
        },
        "dtgControl": {
            **base,
            "enabled": settings.discharge_to_grid,
            "startTime": settings.discharge_start,
            "endTime": settings.discharge_end,
        },
        "rbdControl": None if no_rbd else {**base, "enabled": settings.restrict_discharge},
    }


def _milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))
