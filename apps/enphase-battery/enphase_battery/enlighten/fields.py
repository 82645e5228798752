"""Reads single members of what the cloud says, tolerantly: null, `"N/A"`, a missing or a strange value become None."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, time, timezone
from email.utils import parsedate_to_datetime

from ..errors import UnexpectedAnswer

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138: anything above is in milliseconds
_ID_DIGITS = 20
_NO_ID = 10**_ID_DIGITS
_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]+")
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def enveloped(document: object) -> Mapping[str, object]:
    """The content of the envelope `{"type", "timestamp", "data"}` that most battery reads have (section 6).

    Raises:
        UnexpectedAnswer: There is none, or nothing in it.
    """
    data = mapping(mapping(document).get("data"))
    if not data:
        raise UnexpectedAnswer("the answer has no data")
    return data


def objects(value: object) -> tuple[Mapping[str, object], ...]:
    """The JSON objects of a list; empty for anything else (an empty list comes as `[]`, null or not at all)."""
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def flag(value: object) -> bool | None:
    """A boolean, also as the text `"true"` or `"false"`."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold())
    return value if isinstance(value, bool) else None


def text(value: object) -> str | None:
    """A string that is not blank, without surrounding blanks."""
    return (value.strip() or None) if isinstance(value, str) else None


def number(value: object) -> float | None:
    """A number, also as a string with or without a percent sign (`"57%"`)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        result = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def whole(value: object) -> int | None:
    """A number, rounded: percentages, minutes of the day."""
    result = number(value)
    return None if result is None else round(result)


def digits(value: object) -> str | None:
    """An id: a positive integer or a string of ASCII digits, not longer than an id can be."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or (isinstance(value, int) and value >= _NO_ID):
        return None
    result = str(value).strip()
    return result if result.isascii() and result.isdigit() and len(result) <= _ID_DIGITS else None


def identifier(value: object) -> str | None:
    """The id of an entry if it can stand in a path: letters, digits, `-`, `_`. Every one seen is a UUID (6.8)."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def instant(value: object) -> datetime | None:
    """Epoch seconds or milliseconds, as a number or a string, as an aware time in UTC. 0 means never."""
    epoch = number(value)
    if epoch is None or epoch <= 0:
        return None
    try:
        return datetime.fromtimestamp(epoch / 1000 if epoch >= _MILLISECONDS_FROM else epoch, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None


def header_date(value: str | None) -> datetime | None:
    """A date of an HTTP header, aware UTC."""
    try:
        date = parsedate_to_datetime(value or "")
        return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def clock_time(value: object) -> time | None:
    """A local time of the site as `"HH:MM"` (6.8)."""
    found = _CLOCK_TIME.fullmatch(value) if isinstance(value, str) else None
    return time(int(found[1]), int(found[2])) if found else None
