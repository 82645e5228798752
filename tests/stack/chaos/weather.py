"""When what was wrong: the faults in force, as intervals."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from tests.stack.chaos.catalogue import Kind


def now() -> datetime:
    """Return the instant, in UTC."""
    return datetime.now(timezone.utc)


@dataclass(slots=True)
class Spell:
    """One fault: when it was in force; `end` is None while it is."""

    kind: Kind
    begin: datetime
    end: datetime | None = None


@dataclass(slots=True)
class Weather:
    """All faults so far."""

    spells: list[Spell] = field(default_factory=list)

    @contextmanager
    def spell(self, kind: Kind) -> Iterator[None]:
        """Note that a fault is in force while the block runs."""
        spell = Spell(kind, now())
        self.spells.append(spell)
        try:
            yield
        finally:
            spell.end = now()

    def calm(self, since: datetime, until: datetime) -> timedelta:
        """Return how much of a time nothing was wrong."""
        calm, at = timedelta(), since
        for begin, end in sorted((spell.begin, spell.end or until) for spell in self.spells):
            calm += max(min(begin, until) - at, timedelta())
            at = max(at, end)
        return calm + max(until - at, timedelta())

    def programs_down(self, since: datetime, until: datetime) -> timedelta:
        """Return how much of a time a program was stopped, killed or suspended."""
        overlaps = (
            min(spell.end or until, until) - max(spell.begin, since) for spell in self.spells if spell.kind.of_programs
        )
        return sum((max(one, timedelta()) for one in overlaps), timedelta())

    def refuses(self, since: datetime, until: datetime) -> bool:
        """Tell whether a fault that refuses writes was in force at any moment of a time."""
        return any(
            spell.kind.refuses and spell.begin <= until and (spell.end is None or spell.end >= since)
            for spell in self.spells
        )

    def logins(self) -> int:
        """Return how many logins all that happened may have cost."""
        return sum(spell.kind.logins for spell in self.spells)
