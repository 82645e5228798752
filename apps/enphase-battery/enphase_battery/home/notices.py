"""The one persistent notification: what is wrong, since when, and what a person can do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from ..control.problem import Problem
from ..store.decoding import as_sequence
from ..store.store import Store
from ..words.reasons import When, hint, local
from ..words.reasons import problem as problem_text
from .assistant import Assistant

GRACE = timedelta(minutes=5)
"""How long something has to be wrong before it is worth a notice: the cloud is asked several times within that."""

_CODE = re.compile(r"(`[^`]+`)")
_MARKUP = re.compile(r"[\\`*_{}\[\]<>&#|~]")

_SECTION = "notice"


@dataclass(frozen=True, slots=True)
class Concern:
    """What a notice is made of.

    Attributes:
        problems: What is wrong. Only what a person can help with makes a notice: what has a hint.
        zone: The zone in which times are told.
        at_once: Whether it does not come and go by itself, so that there is nothing to wait for.
    """

    problems: tuple[Problem, ...]
    zone: tzinfo
    at_once: bool = False


@dataclass(slots=True)
class Notices:
    """Keeps the notification in step with what is wrong: made once, rewritten when something else is, gone when mended.

    Home Assistant keeps it over a restart of the app, and is asked for it at the start. What a person dismisses stays
    away until something else is wrong.

    Attributes:
        assistant: Home Assistant.
        prefix: The configured `entity_prefix`, from which the notification has its id.
        store: What outlives a restart: which problems the notification names. None: nothing does.
        clock: Returns the current instant (aware, UTC).
    """

    assistant: Assistant
    prefix: str
    store: Store | None
    clock: Callable[[], datetime]
    _shown: frozenset[str] | None = None
    _since: dict[str, datetime] = field(default_factory=dict)
    _troubled_since: datetime | None = None

    async def show(self, concern: Concern) -> bool:
        """Make, rewrite or dismiss the notification as need be; False when Home Assistant did not take it."""
        notice_id, now = f"{self.prefix}_problem", self.clock()
        when = local(concern.zone, now)
        told = {one.key: one for one in concern.problems if one.reason.calls_for_a_person}
        self._since = {key: self._since.get(key, now) for key in told}
        self._troubled_since = (self._troubled_since or now) if told else None
        if self._shown is None:
            stands = await self.assistant.notice(notice_id)
            if stands is None:
                return False
            self._shown = self._stored() if stands else frozenset()
        due = self._due(self._shown, now, at_once=concern.at_once)
        if due == self._shown:
            return True
        if due:
            message = "\n\n".join(_paragraph(one, concern.zone, when) for key, one in told.items() if key in due)
            done = await self.assistant.notify(notice_id, self._title(), message)
        else:
            done = await self.assistant.dismiss(notice_id)
        if done:
            self._shown = due
            if self.store is not None:
                self.store.write(_SECTION, {"problems": sorted(due)})
        return done

    def _stored(self) -> frozenset[str]:
        """Return which problems the notification names that stands. One of which nothing is stored names some, too."""
        stored = self.store and self.store.read(
            _SECTION, lambda data: frozenset(map(str, as_sequence(data["problems"])))
        )
        return stored or frozenset({""})

    def _due(self, shown: frozenset[str], now: datetime, *, at_once: bool) -> frozenset[str]:
        """Return what is to be told: what is told already, or lasts; else whatever the trouble, which lasts, is now."""
        due = {key for key, since in self._since.items() if at_once or key in shown or now - since >= GRACE}
        lasts = shown or (self._troubled_since is not None and now - self._troubled_since >= GRACE)
        return frozenset(due or (self._since if lasts else ()))

    def _title(self) -> str:
        title = "Enphase battery problem"
        return title if self.prefix == "enphase_battery" else f"{title} ({self.prefix})"


def _paragraph(problem: Problem, zone: tzinfo, when: When) -> str:
    since = problem.since.astimezone(zone)
    moment = f"{since:%A} {since.day} {since:%B %Y}, {since:%H:%M %Z}"
    return f"**{_sentence(problem_text(problem, when))}** Since {moment}. {_sentence(hint(problem.reason, when))}"


def _sentence(text: str) -> str:
    """Return a text as a sentence of Markdown that shows its characters as they are, but for code in backticks."""
    parts = _CODE.split(" ".join(text.split()))
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
    marked = "".join(parts)
    return f"{marked[:1].upper()}{marked[1:]}".rstrip(".") + "."
