"""The store's sections as JSON text, of which only what has changed is made anew."""

from __future__ import annotations

import json
from collections.abc import Mapping


class SectionTexts:
    """Remembers the text of each section, and of each member where members change by themselves."""

    def __init__(self) -> None:
        self._sections: dict[str, str] = {}
        self._members: dict[str, dict[str, str]] = {}

    def forget(self, section: str) -> None:
        """Hear that a section has changed, or is gone."""
        self._sections.pop(section, None)
        self._members.pop(section, None)

    def put(self, section: str, members: Mapping[str, object], key: str) -> None:
        """Hear that one member of a section has changed, or is gone.

        Args:
            section: The section's name.
            members: All its members, as they are now.
            key: Which of them.
        """
        if section not in self._members:
            self._sections.pop(section, None)
            self._members[section] = {one: _member(one, value) for one, value in members.items()}
        elif key in members:
            self._members[section][key] = _member(key, members[key])
        else:
            self._members[section].pop(key, None)

    def of(self, sections: Mapping[str, object]) -> str:
        """Return the sections as a JSON object."""
        return f"{{{', '.join(self._text(section, data) for section, data in sections.items())}}}"

    def _text(self, section: str, data: object) -> str:
        if section in self._members:
            return f"{json.dumps(section)}: {{{', '.join(self._members[section].values())}}}"
        if section not in self._sections:
            self._sections[section] = _member(section, data)
        return self._sections[section]


def _member(name: str, value: object) -> str:
    return f"{json.dumps(name)}: {json.dumps(value)}"
