"""What is wanted, by whom, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ..store.decoding import as_instant, as_mapping, as_optional_instant, as_percent, as_text, attempt
from .controls import Control
from .windows.window import Occurrence


class Source(str, Enum):
    """Where a wish came from, as the entities show it."""

    TOGGLE = "toggle"
    WINDOW = "window"
    COMMAND = "command"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish for one control.

    Attributes:
        control: What it is about.
        on: Whether the control is to be on.
        source: Who wished it.
        since: Instant (aware, UTC) at which it was wished; for a window, at which the occurrence starts; for what the
            cloud showed, that of the read.
        until: Instant (aware, UTC) at which a timed wish ends; None for a standing wish.
        target_soc: Percent at which charging stops or discharging ends; None when the wish names none.
        label: The window's name; else empty.
        completed: Whether the app adds the all-day entry that a standing wish needs. Not where others' entries decided
            when it was wished: they may go, and nobody wished the whole day then.
        replaced_by: The control whose newer standing wish made the app itself switch this one off; else None.
    """

    control: Control
    on: bool
    source: Source
    since: datetime
    until: datetime | None = None
    target_soc: int | None = None
    label: str = ""
    completed: bool = True
    replaced_by: Control | None = None

    @property
    def key(self) -> str:
        """Identity of the wish: the same over a restart, another one for each new wish."""
        until = self.until.isoformat() if self.until else ""
        state = "on" if self.on else "off"
        return f"{self.control.value} {state} {self.source.value} {self.label} {self.since.isoformat()}/{until}"

    @property
    def timed(self) -> bool:
        """Whether the wish ends by itself."""
        return self.until is not None

    def is_newer_than(self, change: datetime) -> bool:
        """Whether somebody wished this after a change in the Enphase app, so that it is carried out all the same.

        Windows are not wished at their start, and what a read showed never beats what a later one shows.
        """
        return self.source in (Source.TOGGLE, Source.COMMAND) and self.since > change

    def runs(self, now: datetime) -> bool:
        """Whether the wish has not ended at ``now`` (aware)."""
        return self.until is None or now < self.until

    @classmethod
    def of_occurrence(cls, occurrence: Occurrence) -> Intent:
        """Return the wish that one occurrence of a time-of-use window stands for."""
        window = occurrence.window
        return cls(
            control=window.control,
            on=True,
            source=Source.WINDOW,
            since=occurrence.start,
            until=occurrence.end,
            target_soc=window.target_soc,
            label=window.name,
        )

    def to_json(self) -> dict[str, object]:
        """Return the wish as the store keeps it."""
        return {
            "control": self.control.value,
            "on": self.on,
            "source": self.source.value,
            "since": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "target_soc": self.target_soc,
            "label": self.label,
            "completed": self.completed,
            "replaced_by": self.replaced_by.value if self.replaced_by else None,
        }

    @classmethod
    def from_json(cls, value: object) -> Intent:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        data = as_mapping(value)
        target_soc, replaced_by = data["target_soc"], data.get("replaced_by")
        return cls(
            control=Control(data["control"]),
            on=data["on"] is True,
            source=Source(data["source"]),
            since=as_instant(data["since"]),
            until=as_optional_instant(data["until"]),
            target_soc=None if target_soc is None else attempt(as_percent, target_soc),
            label=as_text(data["label"]),
            completed=data.get("completed") is not False,
            replaced_by=None if replaced_by is None else attempt(Control, replaced_by),
        )
