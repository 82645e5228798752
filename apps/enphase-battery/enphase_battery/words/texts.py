"""The sentence and the hint of every reason. To say it otherwise, or in another language, is to change this table.

A sentence stands without capital and full stop, as it is joined to others. Names in braces are the reason's values, as
:mod:`.reasons` puts them; `{until}` is its end, with the word that leads to it. Where there are several forms of one
sentence a function makes it. What is said of the cloud itself and of the sign-in stands in :mod:`.cloud_texts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..control.reason import Kind, Override
from .cloud_texts import CLOUD_TEXTS, Text

_Values = Mapping[str, Any]

_APP = "look at it in the Enphase app"
_GATEWAY = "look in the Enphase app whether the gateway is online"
_CLOCK = "set the clock of the machine that runs AppDaemon (NTP)"
_SET_ZONE = "set time_zone in the app's configuration"
_ASK_INSTALLER = "ask the installer or Enphase"
_GONE = "waits until the cloud shows that an own entry is gone"
_FREES = f"{_APP}; if nothing of that is so, change the profile there and back, which has freed a battery before"
_AWAITING = "written and applied; waiting for the gateway"

OVERRIDES = {
    Override.STORM: "a storm alert",
    Override.DEMAND_RESPONSE: "a demand-response event",
    Override.FULL_BACKUP: "the full backup profile",
}


def _clock(values: _Values) -> str:
    skew: timedelta = values["skew"]
    minutes = round(abs(skew) / timedelta(minutes=1))
    side = "behind" if skew > timedelta(0) else "ahead of"
    return f"this machine's clock is about {minutes} min {side} the cloud's"


def _on_hold(values: _Values) -> str:
    window = f" ({values['window']})" if "window" in values else ""
    return f"held back by {values['control']}{window}{values['until']}"


def _woken(values: _Values) -> str:
    count = values["count"]
    return f'{count} {"entries" if count > 1 else "entry"} of yours in "{values["control"]}" would come alive'


def _switching(values: _Values) -> str:
    flag = {None: "", True: ", with its schedule", False: ", and its schedule off"}[values.get("schedule")]
    return f"switch {values['control']} {'on' if values['on'] else 'off'}{flag}"


def _cannot_be_changed(values: _Values) -> str:
    said = f"cannot be {'switched on' if values['only_on'] else 'changed'}: {values['why']}"
    return f"{values['control']} {said}" if "control" in values else said


def _left_switch(values: _Values) -> str:
    verb = "is" if values["sure"] else "may be"
    return f"{values['control']} {verb} switched {'on' if values['on'] else 'off'}"


def _missing_helper(values: _Values) -> str:
    tried = f", and the app could not create it: {values['obstacle']}" if "obstacle" in values else ""
    return f"the toggle {values['entity_id']} does not exist in Home Assistant{tried}"


def _create_by_hand(values: _Values) -> str:
    if values.get("obstacle_hint"):
        return str(values["obstacle_hint"])
    name = str(values["entity_id"]).partition(".")[2]
    return (
        f"create it under Settings, Devices and services, Helpers, or paste "
        f"`input_boolean: {{{name}: {{name: {name.replace('_', ' ').capitalize()}}}}}` into configuration.yaml; "
        f"if it has another name now, say so under `toggles` in apps.yaml"
    )


def _named_otherwise(values: _Values) -> str:
    rest = "it was removed again" if values["removed"] else "it could not be removed again: please do so"
    return f"Home Assistant gave it another id, like input_boolean.{values['made']}; {rest}"


_DISKS = {
    "full": "make room on the disk that holds {folder}",
    "read_only": "the disk that holds {folder} is read-only, which it often becomes when it fails: look at it",
    "hangs": "look at the disk that holds {folder}: it hangs, or has far too much to do",
    "not_allowed": "let the user that AppDaemon runs as write to {folder}",
    "other": "see to it that {folder} can be written",
}

TEXTS: Mapping[Kind, tuple[Text, Text]] = {
    # what was read, and whether the gateway acts on it
    Kind.NOT_READ_YET: ("the cloud has not been read yet", ""),
    Kind.SWITCH_NOT_TOLD: ("the cloud does not say whether it is on", ""),
    Kind.SWITCH_NOT_TOLD_OF: ("the cloud does not say whether {control} is on", _APP),
    Kind.OVERRIDDEN: ("switch is on; {override} overrides it", ""),
    Kind.ENTRIES_NOT_READ: ("switch is on; the schedule list could not be read", ""),
    Kind.NO_ENTRY: ("switch is on; without a schedule entry the gateway does nothing", ""),
    Kind.NO_ENTRY_NOW: ("switch is on; no schedule entry covers this time", ""),
    Kind.SCHEDULE_OFF: ("switch is on; the schedule of {control} is switched off", ""),
    Kind.ABOVE_RESERVE: (
        "switch is on; without a schedule entry it charges up to the reserve of {reserve} % only",
        "",
    ),
    Kind.RESERVE_NOT_READ: (
        "switch is on; without a schedule entry it charges up to the reserve only, and reserve or charge were not read",
        "",
    ),
    Kind.OUTSIDE_DAILY_WINDOW: (
        "switch is on; the site's own schedule lets it charge from {begin} to {end} only",
        "",
    ),
    Kind.ENTRIES_NOT_LOOKED_AT: (
        "switch is on; use_schedules: never leaves it open whether an entry makes it act",
        "",
    ),
    Kind.CHANGE_ON_ITS_WAY: ("something is on its way to the gateway, and the cloud does not say all of it", ""),
    Kind.ON_NOT_REPORTED: ("switched on; the gateway has not reported since", ""),
    Kind.OFF_NOT_REPORTED: ("switched off; the gateway has not reported since", ""),
    Kind.REPORT_NOT_READ: ("switch is on; the gateway's last report could not be read", ""),
    Kind.GATEWAY_SILENT: ("switch is on; the gateway has not reported for more than {minutes} minutes", ""),
    Kind.DOES_NOT_CHARGE: (
        "told to charge, the battery has not done so since {since}",
        f"the battery may be cold, the site or the grid may leave nothing for it, or it calibrates itself: {_FREES}",
    ),
    Kind.DOES_NOT_DISCHARGE: (
        "told to discharge, the battery has not done so since {since}",
        f"the battery may be cold, the site or the grid may take no more, or it calibrates itself: {_FREES}",
    ),
    Kind.DOES_NOT_HOLD: (
        "told to hold its charge, the battery has gone on losing it since {since}",
        f"there may be a power cut, or the battery calibrates itself: {_FREES}",
    ),
    Kind.TARGET_NEEDS_ENTRY: ("a target of {target} % needs a schedule entry and is not kept", ""),
    Kind.STOPS_AT_RESERVE: ("stops at the reserve of {limit} %, not at {target} %", ""),
    # why nothing is written
    Kind.ZONE_UNKNOWN: ("the site's time zone is not known", _SET_ZONE),
    Kind.OVERLAP: (
        "overlaps with an entry that is not the app's: {entries}",
        "change or delete that entry in the Enphase app, or move the window",
    ),
    Kind.WOULD_WAKE_ENTRIES: (_woken, "switch the family on, or delete them, in the Enphase app"),
    Kind.CLOUD_BUSY: ("the cloud is busy with a task of its own and takes no changes", ""),
    Kind.CLOCK_WRONG: (_clock, _CLOCK),
    Kind.CLOCK_TOO_WRONG: (lambda values: f"nothing with an end is begun: {_clock(values)}", _CLOCK),
    Kind.TOO_MANY_CHANGES: ("switched {most} times within an hour: waits{until}", ""),
    Kind.ON_HOLD: (_on_hold, ""),
    Kind.NO_SUCH_CONTROL: ("this site has no {control}", "remove it from controls in the app's configuration"),
    Kind.NO_RIGHTS: (
        "the account is neither owner nor installer of the site",
        "use the account of the system's owner",
    ),
    Kind.LOCKED: ("{control} is locked on this site", "ask the installer or Enphase to unlock it"),
    Kind.GRID_AGREEMENT: ("the site's grid agreement does not allow it", _ASK_INSTALLER),
    Kind.DISCLAIMER: (
        "the disclaimer for charging from the grid is not accepted",
        "accept it in the Enphase app (battery, charge from grid), or set accept_itc_disclaimer: true",
    ),
    Kind.CANNOT_BE_CHANGED: (
        _cannot_be_changed,
        "{why_hint}",
    ),
    # what is waited for
    Kind.ON_ITS_WAY: ("taken by the cloud, and on its way to the gateway", ""),
    Kind.ON_ITS_WAY_SILENT: (
        "taken by the cloud, and on its way to the gateway, which has not reported since {since}",
        _GATEWAY,
    ),
    Kind.OFF_UNHEARD: ("off in the cloud; the gateway has not reported since {since}", _GATEWAY),
    Kind.NOT_SHOWN_YET: ("written; the cloud does not show it yet", ""),
    Kind.DOUBTED: ("the cloud shows something else; a second look has to decide", ""),
    Kind.REFUSED_YET_OPEN: ("a later read has to show that a refused write was not carried out", ""),
    Kind.RIVAL_STILL_ON: ("waits until {control} is off", ""),
    Kind.LIST_UNREADABLE: ("the schedule list of the cloud cannot be read", ""),
    Kind.CLOUD_UNDECIDED: ("waiting for the cloud", ""),
    Kind.OWN_ENTRY_STILL_LISTED: (_GONE, ""),
    Kind.OWN_ENTRY_MAY_STAND: (f"{_GONE}; its schedule list cannot be read", ""),
    Kind.OWN_ENTRY_IN_THE_WAY: ("waits until an own entry is gone", ""),
    Kind.OWN_ENTRY_LEAVING: ("waits until an own entry is gone from the cloud", ""),
    Kind.OWN_ENTRY_NOT_DELETED: ("an own entry cannot be deleted yet: {error}", ""),
    Kind.YOUR_ENTRY_NOT_ACTIVE: ("waits until the gateway has an entry of yours: {entries}", ""),
    Kind.NOT_LISTED_YET: ("written; the cloud does not list it yet", ""),
    Kind.AWAITING_GATEWAY: (_AWAITING, _GATEWAY),
    Kind.AWAITING_SILENT_GATEWAY: (f"{_AWAITING}, which has not reported since {{since}}", _GATEWAY),
    Kind.AWAITING_OVERRIDDEN_GATEWAY: (f"{_AWAITING}; {{override}} overrides schedules", _GATEWAY),
    Kind.SCHEDULE_NOT_SHOWN: ("the cloud does not show the schedule of {control} switched on", ""),
    # what went wrong with a write
    Kind.IGNORED: ("the cloud answered with success and still shows the old value", ""),
    Kind.NOT_ARRIVED: (
        "taken by the cloud; the gateway did not take it, though it has reported since {since}",
        _GATEWAY,
    ),
    Kind.ENTRY_VANISHED: ("the entry {entry} vanished from the cloud again and again", _GATEWAY),
    Kind.UNLISTED_CONFLICT: (
        "the cloud refuses {entry} because of another entry, which it does not list ({error})",
        "look at the schedules in the Enphase app",
    ),
    Kind.SWITCH_NOT_TAKEN: ("the cloud does not let {family} be switched now", _APP),
    # what is to be said of what is so
    Kind.ALL_DAY_ENTRY: ("its entry holds the whole day, so the Enphase app takes no other schedule meanwhile", ""),
    Kind.YOUR_ENTRIES_DECIDE: ("your own entries decide when: {entries}", ""),
    Kind.REPLACED: ("replaced by {control}", ""),
    Kind.WOULD_DO: (lambda values: f"would {', then '.join(values['steps'])}", ""),
    Kind.NOTHING_TO_DO: ("nothing to do", ""),
    # what is done
    Kind.SWITCH_STEP: (_switching, ""),
    Kind.CREATE_STEP: ("write the entry {entry}", ""),
    Kind.UPDATE_STEP: ("change an own entry to {entry}", ""),
    Kind.DELETE_STEP: ("delete the own entry {entry}", ""),
    # what becomes of commands
    Kind.NOTHING_TO_CANCEL: ("nothing to cancel", ""),
    Kind.NOTHING_WANTED: ("nothing was wanted before", ""),
    Kind.END_PASSED: ("its end passed first", ""),
    Kind.NEWER_REQUEST: ("a newer wish took its place", ""),
    Kind.REQUEST_MEANWHILE: ("somebody wished something else meanwhile", ""),
    Kind.CODE_SENT: ("the cloud sends another code", ""),
    Kind.BAD_COMMAND: ("{detail}", ""),
    Kind.NOT_IN_CONTROLS: ("control: {name} is not one that this app may change ({choices})", ""),
    Kind.TARGET_NOT_YOURS: (
        "target_soc: entries of yours decide: {entries}",
        "set their limits in the Enphase app",
    ),
    Kind.UNTIL_NEEDS_ZONE: ("until: the site's time zone is not known yet", "use duration, or set time_zone"),
    Kind.UNTIL_PAST: ("until is {given}, which is past", ""),
    Kind.UNTIL_TOO_FAR: ("until is {given}, which is 24 hours or more away", "command it again nearer to the end"),
    **CLOUD_TEXTS,
    # the installation, and what is left somewhere
    Kind.CONFIGURATION: ("configuration: {detail}", "correct the app's entry in apps.yaml"),
    Kind.INSTALLATION: ("{detail}", lambda values: values.get("hint", "")),
    Kind.APP_FAILED: ("the app could not start", "report what AppDaemon's log says of it"),
    Kind.NO_WINDOW_RUNS: ("no window runs: the site's time zone is not known", _SET_ZONE),
    Kind.ENTRY_TAKEN_OVER: (
        "the entry {entry} was changed in the Enphase app",
        "it is yours now; delete it in the Enphase app if you do not want it every week",
    ),
    Kind.ENTRY_LEFT_OVER: (
        "an entry looks like the app's, but its store does not know it: {entry}",
        (
            "delete it in the Enphase app, then the window is written anew; switch the control off if you did not "
            "switch it on"
        ),
    ),
    Kind.LEFT_AT_OTHER_SITE: (
        lambda values: (
            "left behind at the previous site, which this app no longer controls: " + "; ".join(values["left"])
        ),
        (
            "put it right in the Enphase app, signed in to that site; or have apps.yaml lead to that site again "
            "(site_id, or the account), and the app does"
        ),
    ),
    Kind.LEFT_ENTRY: ("the entry {entry}", ""),
    Kind.LEFT_SWITCH: (_left_switch, ""),
    Kind.STORE_NOT_WRITTEN: (
        "{file} cannot be written ({error}); nothing outlives a restart until it can",
        lambda values: _DISKS[values["disk"]].format(folder=values["folder"]),
    ),
    Kind.STORE_LOST: (
        "{file} cannot be used ({error}) and is kept as {aside}; the app began anew",
        "see to it that toggles and windows are as you want them",
    ),
    Kind.HELPER_MISSING: (_missing_helper, _create_by_hand),
    Kind.HELPER_ID_TAKEN: (
        "Home Assistant knows the id already, of a helper that is disabled or has another name",
        (
            "look for it under Settings, Devices and services, Entities, and enable it, rename it or remove it; if "
            "it is to have another name, say so under `toggles` in apps.yaml"
        ),
    ),
    Kind.HELPER_NAMED_OTHERWISE: (_named_otherwise, ""),
    Kind.HELPER_NOT_CREATED: ("it refused ({code})", ""),
    Kind.HELPERS_NOT_TOLD: ("Home Assistant does not tell which helpers there are ({code})", ""),
    Kind.HELPER_UNANSWERED: ("Home Assistant did not say whether it did", ""),
    Kind.NO_ADMINISTRATOR: ("AppDaemon's token is not an administrator's", ""),
}
