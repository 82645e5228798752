"""Typed access to what the store read back from JSON.

Whoever decodes a section uses these, and lets their errors pass: :meth:`.store.Store.read` takes any of them for a
section that its owner did not write. What consists of many members decodes each by itself (:func:`attempt`,
:func:`each`, :func:`by_name`), so that one which nobody understands, such as a newer version's, only loses itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TypeVar

Given = TypeVar("Given")
Key = TypeVar("Key")
Value = TypeVar("Value")

DECODING_ERRORS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a decoder raises when something is not what its owner wrote."""

_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]{1,100}")

_losses: ContextVar[list[str] | None] = ContextVar("losses", default=None)

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)
"""The instants that are believed, wherever they come from: beyond them something is wrong, or "never" is meant, and in
another time zone some could not even be told."""


@contextmanager
def counting_losses() -> Iterator[list[str]]:
    """Collect the names of the errors of all members that are lost within the block."""
    lost: list[str] = []
    token = _losses.set(lost)
    try:
        yield lost
    finally:
        _losses.reset(token)


def attempt(decode: Callable[[Given], Value], value: Given) -> Value | None:
    """Return a member as it is decoded; None, counted as a loss, when that is not what its owner wrote."""
    try:
        return decode(value)
    except DECODING_ERRORS as error:
        lost = _losses.get()
        if lost is not None:
            lost.append(type(error).__name__)
        return None


def each(decode: Callable[[object], Value], several: object) -> tuple[Value, ...]:
    """Return the members of a JSON list that can be decoded. Raises TypeError when it is none."""
    found = (attempt(decode, one) for one in as_sequence(several))
    return tuple(one for one in found if one is not None)


def by_name(name: Callable[[str], Key], decode: Callable[[object], Value], members: object) -> dict[Key, Value]:
    """Return the members of a JSON object whose name and value can be decoded. Raises TypeError when it is none."""
    found = (attempt(lambda one: (name(one[0]), decode(one[1])), member) for member in as_mapping(members).items())
    return dict(one for one in found if one is not None)


def as_mapping(value: object) -> Mapping[str, object]:
    """Return ``value`` as a JSON object. Raises TypeError when it is anything else."""
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, found {type(value).__name__}")
    return value


def as_sequence(value: object) -> Sequence[object]:
    """Return ``value`` as a JSON list. Raises TypeError when it is anything else."""
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return value


def as_text(value: object) -> str:
    """Return ``value`` as a text. Raises TypeError when it is anything else."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def as_optional_text(value: object) -> str | None:
    """Return ``value`` as a text, or None for null. Raises TypeError like :func:`as_text`."""
    return None if value is None else as_text(value)


def as_texts(data: Mapping[str, object]) -> dict[str, str]:
    """Return the members of a JSON object that are texts."""
    return by_name(str, as_text, data)


def as_whole(value: object, most: int = 1_000_000) -> int:
    """Return ``value`` as a whole number from 0 to ``most``. Raises ValueError when it is anything else."""
    found = int(str(value))
    if not 0 <= found <= most:
        raise ValueError(f"expected a number from 0 to {most}")
    return found


def as_percent(value: object) -> int:
    """Return ``value`` as a percentage. Raises ValueError when it is none."""
    return as_whole(value, 100)


def as_instant(value: object) -> datetime:
    """Return ``value`` as an aware instant of this century. Raises ValueError when it is no ISO text with an offset."""
    instant = datetime.fromisoformat(str(value))
    if instant.tzinfo is None:
        raise ValueError("expected an instant with an offset")
    if not EARLIEST <= instant <= LATEST:
        raise ValueError("expected an instant of this century")
    return instant


def as_identifier(value: object) -> str:
    """Return ``value`` as an id that can stand in a path. Raises ValueError when it is none, TypeError when no text."""
    if _IDENTIFIER.fullmatch(as_text(value)) is None:
        raise ValueError("expected an id")
    return as_text(value)


def as_optional_instant(value: object) -> datetime | None:
    """Return ``value`` as an aware instant, or None for null. Raises ValueError like :func:`as_instant`."""
    return None if value is None else as_instant(value)
