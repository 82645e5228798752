"""A schedule entry in one line, as tests write and read it: `charge_from_grid 02:00-05:00 sat,sun 80% active`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES = {"charge_from_grid": "CFG", "discharge_to_grid": "DTG", "restrict_discharge": "RBD"}
_CONTROLS = {kind: control for control, kind in _TYPES.items()}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAILY = "daily"


def line(entry: Mapping[str, Any]) -> str:
    """Return an entry of the cloud as a line; restrict battery discharge has no percentage, and a new one no status."""
    days = [_DAYS[day - 1] for day in sorted(entry["days"])]
    words = [
        _CONTROLS[entry["scheduleType"]],
        f"{entry['startTime']}-{entry['endTime']}",
        _DAILY if len(days) == len(_DAYS) else ",".join(days),
        "" if entry["scheduleType"] == "RBD" else f"{entry['limit']}%",
        entry.get("scheduleStatus", ""),
    ]
    return " ".join(word for word in words if word)


def body(line: str) -> dict[str, Any]:
    """Return what the Enphase app sends for such a line; a status in it says nothing here."""
    control, times, days, *rest = line.split()
    start, end = times.split("-")
    limits = [int(word[:-1]) for word in rest if word.endswith("%")]
    return {
        "scheduleType": _TYPES[control],
        "startTime": start,
        "endTime": end,
        "days": [_DAYS.index(day) + 1 for day in (_DAYS if days == _DAILY else days.split(","))],
        "isEnabled": True,
        **({"limit": limits[0]} if limits else {}),
    }
