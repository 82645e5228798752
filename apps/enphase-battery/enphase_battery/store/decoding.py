"""Typed access to what the store read back from JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime


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


def as_instant(value: object) -> datetime:
    """Return ``value`` as an aware instant. Raises ValueError when it is no ISO text with an offset."""
    instant = datetime.fromisoformat(str(value))
    if instant.tzinfo is None:
        raise ValueError("expected an instant with an offset")
    return instant


def as_optional_instant(value: object) -> datetime | None:
    """Return ``value`` as an aware instant, or None for null. Raises ValueError like :func:`as_instant`."""
    return None if value is None else as_instant(value)
