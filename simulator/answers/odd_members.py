"""Documents with odd members, as the switch `odd_members` wants them (statement 86)."""

from __future__ import annotations

from collections.abc import Mapping

_MISSING = "@missing"
"""In the place of a value: the member is left out."""


def odd(document: object, members: Mapping[str, object]) -> object:
    """Return a document with some members replaced by other values, at any depth, or left out (statement 86)."""
    if isinstance(document, list):
        return [odd(each, members) for each in document]
    if not isinstance(document, dict):
        return document
    changed = {name: members[name] if name in members else odd(value, members) for name, value in document.items()}
    return {name: value for name, value in changed.items() if value != _MISSING}
