"""What people write into YAML and into events, understood once: durations, times of day, numbers, choices, on and off.

Each reader takes whatever YAML or Home Assistant made of it and raises ValueError with a rule ("must be ..."), from
which :func:`sentence` makes the line that a person reads. Unquoted times need care: YAML 1.1 turns `16:00` into the
number 960 and `12:00:00` into 43200, but leaves `02:00` and `00:15:00` as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from typing import TypeVar

_Choice = TypeVar("_Choice", bound=Enum)

_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_UNQUOTED_HH_MM = range(60, 1_440)  # minutes; 0:30 without quotes stays text
_UNQUOTED_HH_MM_SS = range(3_600, 86_400, 60)  # seconds
_MOMENT = re.compile(
    r"(?:(2[0-9]{3}-[0-9]{2}-[0-9]{2})[Tt ]+(?=[0-9]{2}))?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
    r"(?(1)(Z|z|[+-][0-9]{2}:?[0-9]{2})?)"
)
"""Day, hour, minute, second, offset: the second and the offset may be missing, or all that has to do with a day."""
_HUGE = 10**18  # such a number means nothing here; it may not fit into a float, and Python may refuse to print it
_SHOWN = 60  # characters of a wrong text that are shown
_LONGEST = 100  # characters of a name


def duration(value: object, least: timedelta, most: timedelta) -> timedelta:
    """Read `"HH:MM:SS"`, a mapping of days, hours, minutes and seconds, or a number of seconds, within limits."""
    seconds = _seconds(value)
    if seconds is None or not least.total_seconds() <= seconds <= most.total_seconds():
        raise ValueError(
            f"must be a duration from {clock_text(least)} to {clock_text(most)}, "
            'written "HH:MM:SS" in quotes, as a mapping (minutes: 30) or in seconds'
        )
    return timedelta(seconds=seconds)


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        parts = re.fullmatch(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9])", value.strip())
        return 3_600.0 * int(parts[1]) + 60 * int(parts[2]) + int(parts[3]) if parts else None
    if not isinstance(value, Mapping):
        return _number(value)
    seconds = 0.0
    for unit, amount in value.items():
        number = _number(amount)
        if unit not in _UNITS or number is None:
            return None
        seconds += _UNITS[unit] * number
    return seconds if value else None


def clock_text(length: timedelta) -> str:
    """Return a duration as `HH:MM:SS`, the form in which the user can write it (a week is `168:00:00`)."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _number(value: object) -> float | None:
    """Return a number that is not negative, not a boolean and not beyond all use; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _HUGE:
        return None
    return float(value)


def time_of_day(value: object) -> time:
    """Read a wall-clock time with whole minutes, which is what the cloud stores (6.8): `"HH:MM"` or `"HH:MM:00"`."""
    minutes = None
    if isinstance(value, str):
        parts = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:00)?", value.strip())
        minutes = 60 * int(parts[1]) + int(parts[2]) if parts else None
    elif isinstance(value, int) and value in _UNQUOTED_HH_MM:
        minutes = value
    elif isinstance(value, int) and value in _UNQUOTED_HH_MM_SS:
        minutes = value // 60
    if minutes is None:
        raise ValueError('must be a time of day in whole minutes and in quotes, "00:00" to "23:59"')
    return time(minutes // 60, minutes % 60)


def moment(value: object) -> time | datetime:
    """Read a time of day, to the second, or an ISO timestamp with its date: aware if it has an offset, else naive."""
    if isinstance(value, int) and not isinstance(value, bool) and value in range(3_600, 86_400):
        return time(value // 3_600, value // 60 % 60, value % 60)  # what YAML 1.1 makes of 16:00:30
    if isinstance(value, str) and (parts := _MOMENT.fullmatch(value.strip())):
        day, hour, minute, second, offset = parts.groups()
        with suppress(ValueError):
            wall = time(int(hour), int(minute), int(second or 0))
            if day is None:
                return wall
            shown = datetime.combine(date.fromisoformat(day), wall)
            return shown if offset is None else shown.replace(tzinfo=_zone_of(offset))
    elif not isinstance(value, str):
        with suppress(ValueError):
            return time_of_day(value)
    raise ValueError('must be a time of day such as "19:00", or a date and time such as "2026-11-22T19:00:00+01:00"')


def _zone_of(offset: str) -> timezone:
    if offset in "Zz":
        return timezone.utc
    size = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-size if offset[0] == "-" else size)


def whole_number(value: object, least: int, most: int) -> int:
    """Read a whole number within limits; text and `90.0` count, because templates of Home Assistant make such."""
    text = str(value) if _number(value) is not None else value
    digits = re.fullmatch(r"([0-9]{1,9})(\.0+)?", text.strip()) if isinstance(text, str) else None
    if digits is None or not least <= int(digits[1]) <= most:
        raise ValueError(f"must be a whole number from {least} to {most}")
    return int(digits[1])


def target_soc(value: object) -> int:
    """Read a state of charge in percent, in the range that the cloud takes for a limit (6.8)."""
    return whole_number(value, 5, 100)


def choice(kind: type[_Choice], value: object) -> _Choice:
    """Read one of the values of an enumeration of texts."""
    for member in kind:
        if member.value == value:
            return member
    raise ValueError(f"must be one of {', '.join(str(member.value) for member in kind)}")


def on_off(value: object) -> bool:
    """Read a switch state: a boolean, or on and off as text in any case."""
    text = value.strip().lower() if isinstance(value, str) else value
    if isinstance(text, bool):
        return text
    if text not in ("on", "off"):
        raise ValueError("must be on or off")
    return text == "on"


def words(value: object) -> str:
    """Read a text that is not empty and fits on one line."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > _LONGEST:
        raise ValueError(f"must be a text on one line, at most {_LONGEST} characters; put it in quotes")
    return value.strip()


def key_text(key: object) -> str:
    """Return a key as text; YAML 1.1 reads the keys on, yes and their like as booleans."""
    if isinstance(key, bool):
        return "on" if key else "off"
    return key if isinstance(key, str) and key.isprintable() and len(key) <= _SHOWN else shown(key)


def some(texts: Sequence[str], most: int, what: str) -> tuple[str, ...]:
    """Return the first of many texts, and in the last one how many more there are.

    Args:
        texts: All of them.
        most: How many are given whole.
        what: What they are called.
    """
    rest = len(texts) - most
    return tuple(texts) if rest <= 0 else (*texts[:most], f"and {rest} more {what}")


def echo(value: str, longest: int) -> str:
    """Return a text of somebody else's as it may be given back or logged: short, on one line."""
    printable = value if value.isprintable() else "".join(one if one.isprintable() else "?" for one in value)
    return printable[:longest]


def shown(value: object) -> str:
    """Return a value as it may stand in a line for a person: short, printable, nothing of what is nested in it."""
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
        return json.dumps(short, ensure_ascii=not short.isprintable())
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return str(value) if not abs(value) >= _HUGE else "a huge number"
    return "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else "an object"


def sentence(key: str, value: object, rule: object) -> str:
    """Return the line that says which key is wrong, what it is, and what it must be."""
    return f"{key} is {shown(value)}: it {rule}"
