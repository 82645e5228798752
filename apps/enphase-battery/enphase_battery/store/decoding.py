"""Typed access to what the store read back from JSON.

Whoever decodes a section uses these, and lets their errors pass: :meth:`.store.Store.read` takes any of them for a
section that its owner did not write.
"""

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


def as_text(value: object) -> str:
    """Return ``value`` as a text. Raises TypeError when it is anything else."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def as_optional_text(value: object) -> str | None:
    """Return ``value`` as a text, or None for null. Raises TypeError like :func:`as_text`."""
    return None if value is None else as_text(value)


def as_texts(data: Mapping[str, object]) -> dict[str, str]:
    """Return the members of a JSON object, each as a text whatever it is."""
    return {key: str(value) for key, value in data.items()}


def as_whole(value: object) -> int:
    """Return ``value`` as a whole number. Raises ValueError when it is anything else."""
    return int(str(value))


def as_instant(value: object) -> datetime:
    """Return ``value`` as an aware instant. Raises ValueError when it is no ISO text with an offset."""
    instant = datetime.fromisoformat(str(value))
    if instant.tzinfo is None:
        raise ValueError("expected an instant with an offset")
    return instant


def as_optional_instant(value: object) -> datetime | None:
    """Return ``value`` as an aware instant, or None for null. Raises ValueError like :func:`as_instant`."""
    return None if value is None else as_instant(value)
