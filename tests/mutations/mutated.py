"""The mutations of the list, and the app's code with one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.unit.pages import PACKAGE

LIST = Path(__file__).with_name("mutations.yaml")


class NotOnce(LookupError):
    """The code that a mutation changes occurs not at all, or more than once."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One fault that somebody could make.

    Attributes:
        id: Its short name.
        fault: What is wrong then, in words.
        find: The code that it changes, wherever that stands; a blank fits any white space.
        replace: What stands there instead.
    """

    id: str
    fault: str
    find: str
    replace: str

    def applied(self) -> tuple[Path, str]:
        """Return the one file that it changes, as a path inside the package, and the file's text then.

        Raises:
            NotOnce: It is not clear what it changes.
        """
        pattern = re.compile(r"\s+".join(re.escape(part) for part in self.find.split(" ")))
        texts = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
        found = [(path, match) for path, text in texts.items() for match in pattern.finditer(text)]
        if len(found) != 1:
            places = ", ".join(str(path.relative_to(PACKAGE)) for path, _ in found) or "nowhere"
            raise NotOnce(f"{self.id}: the code to be changed is to be found once, and is in {places}")
        ((path, match),) = found
        text = texts[path]
        return path.relative_to(PACKAGE), text[: match.start()] + self.replace + text[match.end() :]


def mutations() -> tuple[Mutation, ...]:
    """Return the list."""
    return tuple(Mutation(**one) for one in yaml.safe_load(LIST.read_text(encoding="utf-8")))
