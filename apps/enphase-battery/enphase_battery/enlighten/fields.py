"""Reads single members of what the cloud says, tolerantly: null, `"N/A"`, a missing or a strange value become None.

Everything has its range here, where it comes in: behind it nobody has to ask whether a percentage is one, whether an
instant can be told in another zone, or whether a word can stand in a log, a header or a state.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, time, timezone
from email.utils import parsedate_to_datetime

from ..errors import UnexpectedAnswer
from ..store.decoding import EARLIEST, LATEST

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138: anything above is in milliseconds
_ID_DIGITS = 20
_NO_ID = 10**_ID_DIGITS
_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]{1,100}")
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9](?:\.[0-9]{1,9})?)?")
_FULL = 100
_LONGEST_WORD = 100
_WEEK = frozenset(range(1, 8))


def document(written: str | bytes) -> object:
    """Decoded JSON, where numbers that no number can hold are null: they spoil nothing but themselves.

    Raises:
        ValueError: It is none.
        RecursionError: It is too deep.
    """
    return json.loads(written, parse_int=_number, parse_float=_number, parse_constant=_number)


def _number(written: str) -> int | float | None:
    try:
        found = float(written)
        return None if not math.isfinite(found) else int(written) if written.removeprefix("-").isdigit() else found
    except ValueError:  # Python makes none of thousands of digits
        return None


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


def word(value: object) -> str | None:
    """A short text that can stand in a log, a header and a state: a mode, a zone, a time as text."""
    found = text(value)
    return found if found is not None and len(found) <= _LONGEST_WORD and found.isprintable() else None


def status(value: object) -> str | None:
    """A status word, in lower case: its case varies (15.4)."""
    found = word(value)
    return None if found is None else found.casefold()


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
    """A number, rounded."""
    result = number(value)
    return None if result is None else round(result)


def percent(value: object) -> int | None:
    """A percentage, 0 to 100, rounded."""
    result = number(value)
    return round(result) if result is not None and 0 <= result <= _FULL else None


def amount(value: object, most: float) -> float | None:
    """A number from 0 to the most that can be meant."""
    result = number(value)
    return result if result is not None and 0 <= result <= most else None


def digits(value: object) -> str | None:
    """An id: a positive integer or a string of ASCII digits, not longer than an id can be."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or (isinstance(value, int) and value >= _NO_ID):
        return None
    result = str(value).strip()
    return result if result.isascii() and result.isdigit() and len(result) <= _ID_DIGITS else None


def identifier(value: object) -> str | None:
    """The id of an entry if it can stand in a path: up to 100 letters, digits, `-`, `_`. All seen are UUIDs (6.8)."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def instant(value: object) -> datetime | None:
    """Epoch seconds or milliseconds, as a number or a string, as an aware time in UTC, of this century."""
    epoch = number(value)
    if epoch is None:
        return None
    seconds = epoch / 1000 if epoch >= _MILLISECONDS_FROM else epoch
    if not EARLIEST.timestamp() <= seconds <= LATEST.timestamp():
        return None
    return datetime.fromtimestamp(seconds, tz=timezone.utc)


def header_date(value: str | None) -> datetime | None:
    """A date of an HTTP header, aware UTC, of this century."""
    date = any_date(value)
    return date if date is not None and EARLIEST <= date <= LATEST else None


def any_date(value: str | None) -> datetime | None:
    """A date of an HTTP header, aware UTC: of any year, so that it can be told from one that is none, and no more."""
    try:
        date = parsedate_to_datetime(value or "")
        return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def clock_time(value: object) -> time | None:
    """A local time of the site as `"HH:MM"` (6.8); seconds are left out where there are any (15.4)."""
    found = _CLOCK_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    return time(int(found[1]), int(found[2])) if found else None


def weekdays(value: object) -> frozenset[int]:
    """The days of an entry, Monday is 1 (6.8); none where they are not all told."""
    days = [number(each) for each in value] if isinstance(value, list) else []
    return frozenset(int(day) for day in days if day) if all(day in _WEEK for day in days) else frozenset()
