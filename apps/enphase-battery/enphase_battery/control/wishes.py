"""Standing and timed wishes, and what each input makes of them.

Every control has a standing wish and, at times, timed wishes: a command, a window's occurrence. Nothing is saved and
put back: when a timed wish ends, what lies under it shows through. The rules are those of docs/design.md,
lettered there; the letters stand beside the code that carries them out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..store.decoding import as_instant, by_name, each
from .controls import Control
from .intent import Intent, Source
from .interruption import Interruption
from .windows.window import Occurrence


@dataclass(frozen=True, slots=True)
class Book:
    """All wishes of one site at one moment. Every method returns a new book and leaves this one as it is.

    ``running`` is always the occurrences whose time it is at ``now`` (aware), skipped ones included.

    Attributes:
        standing: The standing wish per control; absent until the cloud has been read for the first time (j).
        proven: The last standing wish per control that the cloud has shown, or an `off` that a timed on rules over; a
            refused one falls back on it (i).
        commands: The timed command per control.
        skipped: Occurrences that a flip or `cancel` ended, by key, each with the instant at which it is over.
        interruptions: What the last flip of a control ended.
        released: True after `release`: windows rest until somebody wishes something again.
    """

    standing: Mapping[Control, Intent] = field(default_factory=dict)
    proven: Mapping[Control, Intent] = field(default_factory=dict)
    commands: Mapping[Control, Intent] = field(default_factory=dict)
    skipped: Mapping[str, datetime] = field(default_factory=dict)
    interruptions: Mapping[Control, Interruption] = field(default_factory=dict)
    released: bool = False

    def timed(self, control: Control, running: Iterable[Occurrence], now: datetime) -> tuple[Intent, ...]:
        """Return the timed wishes of a control that run at ``now``, the one that rules first (g)."""
        command = self.commands.get(control)
        return (*((command,) if command and command.runs(now) else ()), *self.occurrences(control, running))

    def occurrences(self, control: Control, some: Iterable[Occurrence]) -> tuple[Intent, ...]:
        """Return the wishes of those of some occurrences that are this control's and not skipped."""
        return tuple(
            Intent.of_occurrence(occurrence)
            for occurrence in some
            if occurrence.window.control is control and occurrence.key not in self.skipped and not self.released
        )

    def top(self, control: Control, running: Iterable[Occurrence], now: datetime) -> Intent | None:
        """Return what is wanted of a control by itself, whatever other controls want; None when nothing is known."""
        return next(iter(self.timed(control, running, now)), self.standing.get(control))

    def flip(
        self,
        control: Control,
        on: bool,
        source: Source,
        running: Sequence[Occurrence],
        now: datetime,
        *,
        rivals: Collection[Control] = (),
        target_soc: int | None = None,
        completed: bool = True,
    ) -> Book:
        """Make ``on`` the standing wish and end what cannot stand beside it, or undo the flip before (f).

        Args:
            control: Of which.
            on: To what.
            source: By whom.
            running: The occurrences whose time it is.
            now: The current instant (aware).
            rivals: The controls that cannot be on for a time beside this one when it is on.
            target_soc: Percent at which it is to stop.
            completed: Whether the app adds the entry that it needs; False where others' entries decide.
        """
        restored = self._flip_back(control, on, running, now)
        if restored is not None:
            return restored
        before = self.top(control, running, now)
        own = self.timed(control, running, now)
        beside = self._running(rivals, running, now) if on else ()
        ended = (*own, *beside)
        # A flip to on may have ended timed wishes of this control too; they are not to come back against this flip.
        interruptions = {
            key: value
            for key, value in self.interruptions.items()
            if key is not control and not (value.flipped_to and key in rivals)
        }
        if ended and (before is None or before.on is not on):
            interruptions[control] = Interruption(
                flipped_to=on,
                standing=self.standing.get(control),
                commands=tuple(intent for intent in ended if intent.source is not Source.WINDOW),
                skipped=tuple(_occurrence_key(intent, running) for intent in ended if intent.source is Source.WINDOW),
                until=max(intent.until for intent in own or beside if intent.until is not None),
            )
        book = self._without(ended, running)
        standing = Intent(control, on, source, since=now, target_soc=target_soc, completed=completed)
        return replace(
            book,
            standing={**self.standing, control: standing},
            interruptions=interruptions,
            released=self.released and source is Source.CLOUD,  # the Enphase app is used by those who left this one
        )

    def stand(self, control: Control, on: bool, source: Source, now: datetime) -> Book:
        """Make this the standing wish, and let what runs go on."""
        return replace(self, standing={**self.standing, control: Intent(control, on, source, since=now)})

    def command(self, intent: Intent) -> Book:
        """Let a timed command rule its control; it replaces an older one (g)."""
        return replace(
            self,
            proven=self._settled({intent.control} if intent.on else ()),
            commands={**self.commands, intent.control: intent},
            interruptions={key: value for key, value in self.interruptions.items() if key is not intent.control},
            released=False,
        )

    def cancel(self, control: Control, running: Sequence[Occurrence], now: datetime) -> Book | None:
        """End the command, else skip the running occurrence (g). None when there is nothing to cancel."""
        timed = self.timed(control, running, now)
        return self._without(timed[:1], running) if timed else None

    def end(self, intent: Intent, running: Sequence[Occurrence], now: datetime, *, edited: bool) -> Book:
        """End a wish because a person removed its entry in the Enphase app, or made it theirs by editing it.

        A command ends, an occurrence is skipped to its end, a standing wish goes off. Where the entry was edited the
        family stays on for what the person made of it. A wish that is no more is left as it is. ``now`` is the instant
        of the read that showed it.
        """
        control = intent.control
        if self.standing.get(control) == intent:
            return self.stand(control, edited, Source.CLOUD, now)
        timed = [one for one in self.timed(control, running, now) if one == intent]
        if not timed:
            return self
        ended = self._without(timed, running)
        return ended.stand(control, True, Source.CLOUD, now) if edited else ended

    def replace_standing(self, older: Intent, newer: Intent) -> Book:
        """Let a standing wish go off because a newer one needs its place (h): that is as old as the newer one."""
        control = older.control
        if self.standing.get(control) != older:
            return self
        off = Intent(control, False, newer.source, since=newer.since, replaced_by=newer.control)
        return replace(self, standing={**self.standing, control: off})

    def drop_refused(self, intent: Intent, shown: bool, running: Sequence[Occurrence], now: datetime) -> Book:
        """Drop a flip or command that the cloud refused: what was so before counts again (i).

        The timed wish that a refused flip ended goes on if that is what the cloud shows, and once it is over the
        standing wish before the flip rules: a switch that could not be changed in a window is not wished so for ever.

        Args:
            intent: The refused wish; one that is not a flip or command, or was replaced since, is left as it is. So is
                what a person did in the Enphase app: no refusal takes that back.
            shown: What the cloud shows for the control.
            running: The occurrences whose time it is at ``now``.
            now: The current instant (aware).
        """
        control = intent.control
        if self.commands.get(control) == intent:
            return replace(self, commands={key: value for key, value in self.commands.items() if key is not control})
        before = self.proven.get(control) or Intent(control, shown, Source.CLOUD, since=now)
        if self.standing.get(control) != intent or before == intent or intent.source is Source.CLOUD:
            return self
        restored = self._flip_back(control, shown, running, now)
        return restored or replace(
            self, standing={**self.standing, control: before}, proven={**self.proven, control: before}
        )

    def prove(self, intent: Intent) -> Book:
        """Note that the cloud has shown this standing wish."""
        control = intent.control
        if self.standing.get(control) != intent or self.proven.get(control) == intent:
            return self
        return replace(self, proven={**self.proven, control: intent})

    def adopt(self, shown: Mapping[Control, bool], now: datetime) -> Book:
        """Take what the cloud shows as the standing wish of every control that has none yet (j)."""
        missing = {
            control: Intent(control, on, Source.CLOUD, since=now)
            for control, on in shown.items()
            if control not in self.standing
        }
        if not missing:
            return self
        return replace(self, standing={**self.standing, **missing}, proven={**self.proven, **missing})

    def release(self, controls: Iterable[Control], now: datetime) -> Book:
        """Give everything up before the app is removed: no timed wish, no window, and off what the app switched on.

        What was on before the app, or was switched on in the Enphase app, stays on.
        """
        standing = {
            control: Intent(control, False, Source.COMMAND, since=now)
            for control in controls
            if not self._is_on_by_the_cloud(control)
        }
        return Book(standing={**self.standing, **standing}, proven=self.proven, released=True)

    def confined_to(self, controls: Collection[Control]) -> Book:
        """Return the book without the wishes for controls that may not be changed any more."""
        return replace(
            self,
            standing={control: intent for control, intent in self.standing.items() if control in controls},
            commands={control: intent for control, intent in self.commands.items() if control in controls},
        )

    def expire(self, now: datetime) -> Book:
        """Forget what is over at ``now``: ended commands, skips and interruptions."""
        commands = {control: intent for control, intent in self.commands.items() if intent.runs(now)}
        skipped = {key: end for key, end in self.skipped.items() if now < end}
        interruptions = {control: one for control, one in self.interruptions.items() if now < one.until}
        if (len(commands), len(skipped), len(interruptions)) == (
            len(self.commands),
            len(self.skipped),
            len(self.interruptions),
        ):
            return self
        return replace(self, commands=commands, skipped=skipped, interruptions=interruptions)

    def begin(self, running: Iterable[Occurrence]) -> Book:
        """Note that occurrences rule now: what a standing `off` beneath them was to end is over, whatever follows."""
        proven = self._settled({one.control for control in Control for one in self.occurrences(control, running)})
        return self if proven == self.proven else replace(self, proven=proven)

    def ends(self) -> tuple[datetime, ...]:
        """Return the instants at which commands end, for the scheduler."""
        return tuple(intent.until for intent in self.commands.values() if intent.until is not None)

    def to_json(self) -> dict[str, object]:
        """Return the book as the store keeps it."""
        return {
            "standing": [intent.to_json() for intent in self.standing.values()],
            "proven": [intent.to_json() for intent in self.proven.values()],
            "commands": [intent.to_json() for intent in self.commands.values()],
            "skipped": {key: end.isoformat() for key, end in self.skipped.items()},
            "interruptions": {control.value: one.to_json() for control, one in self.interruptions.items()},
            "released": self.released,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Book:
        """Read back what :meth:`to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
        return cls(
            standing=_by_control(data["standing"]),
            proven=_by_control(data["proven"]),
            commands=_by_control(data["commands"]),
            skipped=by_name(str, as_instant, data["skipped"]),
            interruptions=by_name(Control, Interruption.from_json, data["interruptions"]),
            released=data["released"] is True,
        )

    def _settled(self, controls: Collection[Control]) -> Mapping[Control, Intent]:
        """Return what refused wishes fall back on once timed wishes switch these controls on.

        The `off` that comes after such a wish ends it. If that is refused, the cloud is on because of what is over, not
        because of a standing `on` from before, which must not come back.
        """
        return {**self.proven, **{key: one for key, one in self.standing.items() if key in controls and not one.on}}

    def _is_on_by_the_cloud(self, control: Control) -> bool:
        standing = self.standing.get(control)
        return standing is not None and standing.on and standing.source is Source.CLOUD

    def _flip_back(self, control: Control, on: bool, running: Sequence[Occurrence], now: datetime) -> Book | None:
        """Return the book as it was before the flip that this one undoes; None when there is none to undo."""
        one = self.interruptions.get(control)
        if one is None or one.flipped_to is on or now >= one.until:
            return None
        standing = {key: value for key, value in self.standing.items() if key is not control}
        if one.standing is not None:
            standing[control] = one.standing
        restored = replace(
            self,
            standing=standing,
            commands={**{command.control: command for command in one.commands}, **self.commands},
            skipped={key: end for key, end in self.skipped.items() if key not in one.skipped},
            interruptions={key: value for key, value in self.interruptions.items() if key is not control},
        )
        top = restored.top(control, running, now)
        return restored if top is not None and top.on is on else None

    def _running(self, controls: Iterable[Control], running: Sequence[Occurrence], now: datetime) -> tuple[Intent, ...]:
        """Return the timed wishes that want some of these controls on."""
        return tuple(intent for control in controls for intent in self.timed(control, running, now) if intent.on)

    def _without(self, ended: Sequence[Intent], running: Sequence[Occurrence]) -> Book:
        """Return the book without these timed wishes: commands removed, occurrences skipped to their end."""
        gone = {intent.control for intent in ended if intent.source is not Source.WINDOW}
        skips = {
            _occurrence_key(intent, running): intent.until
            for intent in ended
            if intent.source is Source.WINDOW and intent.until is not None
        }
        return replace(
            self,
            commands={control: intent for control, intent in self.commands.items() if control not in gone},
            skipped={**self.skipped, **skips},
        )


def _by_control(value: object) -> dict[Control, Intent]:
    """Read back a list of intents, one per control."""
    return {intent.control: intent for intent in each(Intent.from_json, value)}


def _occurrence_key(intent: Intent, running: Iterable[Occurrence]) -> str:
    """Return the key of the running occurrence that an intent stands for."""
    return next(one.key for one in running if Intent.of_occurrence(one) == intent)
