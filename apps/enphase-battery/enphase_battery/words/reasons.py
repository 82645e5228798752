"""Puts reasons, and what schedule entries say, into words: by the table of :mod:`.texts`, values filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from ..control.controls import Control
from ..control.entries import EVERY_DAY, Terms
from ..control.problem import Problem
from ..control.reason import Override, Reason
from .cloud_texts import NEXT_TRY_IS_TOLD, Text
from .texts import OVERRIDES, TEXTS

When = Callable[[datetime], str]
"""Puts an instant (aware) into words."""

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_NAMED = 5


def utc(instant: datetime) -> str:
    """Put an instant into words where no zone is known: in UTC."""
    return f"{instant.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def local(zone: tzinfo, now: datetime) -> When:
    """Return what puts instants into words in a zone: the local time, with the weekday unless it is today (``now``)."""
    today = now.astimezone(zone).date()

    def when(instant: datetime) -> str:
        moment = instant.astimezone(zone)
        return moment.strftime("%H:%M" if moment.date() == today else "%a %H:%M")

    return when


def sentence(reason: Reason, when: When = utc) -> str:
    """Return what a reason says, without capital and full stop.

    Args:
        reason: The reason.
        when: Puts an instant into words.
    """
    said = _filled(TEXTS[reason.kind][0], reason, when)
    possible_in = reason.get("possible_in")
    if isinstance(possible_in, timedelta):
        return f"{said}; possible again in {_clock(possible_in)}"
    if reason.until is None or reason.kind not in NEXT_TRY_IS_TOLD:
        return said
    return f"{said}; the next try is at {when(reason.until)}"


def hint(reason: Reason, when: When = utc) -> str:
    """Return what a person can do about it; empty when nothing but waiting helps."""
    return _filled(TEXTS[reason.kind][1], reason, when)


def problem(found: Problem, when: When = utc) -> str:
    """Return in one sentence what is wrong, and with what."""
    about = found.about.title if isinstance(found.about, Control) else found.about
    return f"{about}: {sentence(found.reason, when)}" if about else sentence(found.reason, when)


def entry(terms: Terms) -> str:
    """Return what a schedule entry says: control, times (local), days."""
    if not terms.readable:
        return f"{terms.control.title} at times that cannot be read"
    days = "every day" if terms.days == EVERY_DAY else ", ".join(_WEEKDAYS[day - 1] for day in sorted(terms.days))
    return f"{terms.control.title} {terms.start:%H:%M}-{terms.end:%H:%M} {days}"


def listed(several: Iterable[Terms]) -> str:
    """Return what entries say, in the order of their times: the first few of many."""
    texts = sorted(map(entry, several))
    rest = len(texts) - _MOST_NAMED
    return "; ".join([*texts[:_MOST_NAMED], f"and {rest} more"] if rest > 0 else texts)


def _clock(length: timedelta) -> str:
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _filled(text: Text, reason: Reason, when: When) -> str:
    until = f" until {when(reason.until)}" if reason.until else ""
    values = {name: _said(value, when) for name, value in reason.values} | {"until": until}
    values |= {f"{name}_hint": hint(value, when) for name, value in reason.values if isinstance(value, Reason)}
    return text(values) if callable(text) else text.format_map(values)


def _said(value: object, when: When) -> object:
    """Return a value as it stands in a sentence; a number, a duration or a truth is left to what makes the sentence."""
    if isinstance(value, tuple):
        entries = [one for one in value if isinstance(one, Terms)]
        return listed(entries) if len(entries) == len(value) else [_said(one, when) for one in value]
    put = _PUT.get(type(value))
    return value if put is None else put(value, when)


_PUT: Mapping[type, Callable[[Any, When], str]] = {
    Reason: sentence,
    datetime: lambda value, when: when(value),
    Control: lambda value, _: value.title,
    Override: lambda value, _: OVERRIDES[value],
    Terms: lambda value, _: entry(value),
}
