"""Whatever stands in the cloud and whatever is wished: the plan gets there or says why not, and harms nobody's entries.

The cloud is a small model of what is known of it (6.8): overlaps are refused, an entry is
pending until its family is switched on or applied, and that commits all that is pending there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone

import pytz
from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.control.claims import Ground
from enphase_battery.control.controls import Control
from enphase_battery.control.entries import EVERY_DAY, Entry, Terms
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.owned import Owned
from enphase_battery.control.plan import Actual, plan, unapplied_by_others
from enphase_battery.control.shaping import entries_for
from enphase_battery.control.site_state import Habits, SiteState, Switches
from enphase_battery.control.steps import CreateStep, DeleteStep, Step, SwitchStep, UpdateStep
from enphase_battery.control.wanted import Wanted, resolve
from enphase_battery.control.windows.clock import occurrences, overlaps
from enphase_battery.control.windows.window import Window
from enphase_battery.control.wishes import Book
from enphase_battery.words import reasons

ZONE = pytz.timezone("Europe/London")
CHARGE = Control.CHARGE_FROM_GRID
FLOOR = 20
CONSISTENCY, MINUTE = timedelta(minutes=2), timedelta(minutes=1)
LEAD = timedelta(minutes=15)
MOST_STEPS = 30


@dataclass
class Cloud:
    """The model. Refuses by AssertionError, because nothing that is refused may ever be sent.

    Attributes:
        switch: The families' switches.
        flag: The second flag of charge from grid.
        entries: All entries by id.
        habits: What it takes; `both_flags`: switching charge on does not switch its second flag on.
    """

    switch: dict[Control, bool]
    flag: bool
    entries: dict[str, Entry]
    habits: Habits

    def take(self, step: Step, at: datetime) -> None:
        """Carry a step out."""
        if isinstance(step, SwitchStep):
            self._switch(step)
        elif isinstance(step, DeleteStep):
            del self.entries[step.schedule_id]
        else:
            schedule_id = step.schedule_id if isinstance(step, UpdateStep) else f"{step.terms} of {at}"
            assert not self.refuses(step.terms, schedule_id), f"refused: {step.terms}"
            self.entries[schedule_id] = Entry(step.terms, schedule_id, active=False, created_at=at)

    def refuses(self, terms: Terms, but: str = "") -> bool:
        """Return whether an entry of these terms cannot be stored."""
        others = [entry.terms for entry in self.entries.values() if entry.schedule_id != but]
        overlap = any(terms.overlaps(one) or (not self.habits.touching and terms.touches(one)) for one in others)
        return overlap or (not self.habits.overnight and terms.end <= terms.start)

    def in_force(self, control: Control) -> bool:
        return self.switch[control] and (control is not CHARGE or self.flag)

    def _switch(self, step: SwitchStep) -> None:
        self.switch[step.control] = step.on
        own = [entry for entry in self.entries.values() if entry.terms.control is step.control]
        if step.control is CHARGE:
            follows = step.on and bool(own) and not self.habits.both_flags
            self.flag = step.schedule if step.schedule is not None else self.flag or follows
        if step.on:
            self.entries.update({entry.schedule_id: replace(entry, active=True) for entry in own})


class Situation:
    """A cloud, a ledger that fits it, and wishes.

    Attributes:
        cloud: What stands there.
        ledger: What of it is owned.
        book: Standing wishes and commands.
        at: The time of reads and writes, which goes on while the wishes' time stands still.
        taken: All steps that were taken.
    """

    def __init__(self, cloud: Cloud, ledger: Ledger, book: Book, windows: tuple[Window, ...], now: datetime) -> None:
        self.cloud, self.ledger, self.book = cloud, ledger, book
        self._windows, self._now = windows, now
        self.at = now
        self.taken: list[Step] = []
        self._evidence = {control: Evidence(known=self.cloud.switch[control]) for control in Control}
        self._foreign = {entry.schedule_id: entry for entry in self.ledger.foreign(self.cloud.entries.values())}
        self._alive = {one for one in self._foreign if self._is_alive(one)}
        self.look()

    def __repr__(self) -> str:
        local = self._now.astimezone(ZONE)
        wishes = [*self.book.standing.values(), *self.book.commands.values()]
        return "\n  ".join(
            [
                f"{local:%a %Y-%m-%d %H:%M:%S %Z}, {self.cloud.habits}, {self.cloud.switch}, flag: {self.cloud.flag}",
                f"owed: {sorted(self.ledger.owed)}, disable owed: {self.ledger.disable_owed}",
                *(f"entry {one.schedule_id}: {one.terms}, active: {one.active}" for one in self.cloud.entries.values()),
                *(f"owned {one.schedule_id}: {one.terms}" for one in self.ledger.owned),
                *(f"window {one.control.title} {one.start}-{one.end} {sorted(one.days)}" for one in self._windows),
                *(f"wish {one.key}" for one in wishes if one.on or one.timed),
                *(f"took: {step}" for step in self.taken),
            ]
        )

    def look(self) -> None:
        """Read everything, and weigh it."""
        on = dict(self.cloud.switch)
        switches = Switches(on, self.cloud.flag, override=None, read_at=self.at, floor=FLOOR)
        self._state = SiteState(switches, tuple(self.cloud.entries.values()), dict.fromkeys(Control, True))
        for control in Control:
            self._evidence[control], _ = self._evidence[control].saw(on[control], self.at, CONSISTENCY)
        self.ledger, _ = self.ledger.saw(self._state.entries or (), self.at, CONSISTENCY)
        if not self.cloud.flag:
            self.ledger = self.ledger.disabled()

    def wanted(self) -> Mapping[Control, Wanted]:
        ground = Ground(
            by_entries=frozenset(Control),
            foreign=self.ledger.foreign(self._state.entries or ()),
            habits=self.cloud.habits,
            floor=FLOOR,
            zone=ZONE,
            charge_schedule_on=self.cloud.flag,
            window_begins=frozenset(minute for window in self._windows for minute in window.begins()),
        )
        near = occurrences(self._windows, ZONE, self._now, self._now + LEAD + timedelta.resolution)
        running = [one for one in near if one.start <= self._now]
        return resolve(self.book, running, self._now, ground, [one for one in near if one.start > self._now])

    def actual(self) -> Actual:
        return Actual(self._evidence, self._state, self.ledger, self.cloud.habits, self.at)

    def plan(self) -> tuple[Step, ...]:
        return plan(self.wanted(), self.actual(), tuple(Control))

    def settle(self) -> None:
        """Take steps as the app does, one at a time, and read back what was written, until nothing is left to do."""
        unread = False
        for _ in range(MOST_STEPS):
            steps = self.plan()
            if not steps and not unread:
                return
            if steps:
                self._take(steps[0])
            unread = bool(steps) and not isinstance(steps[0], SwitchStep)
            if not unread:
                self.look()
        raise AssertionError(f"never at rest: {self.taken}")

    def _take(self, step: Step) -> None:
        """Take one step and note it in the ledger, as the writer does."""
        self.taken.append(step)
        ledger, entries = self.ledger, tuple(self.cloud.entries.values())
        if isinstance(step, SwitchStep):
            self._evidence[step.control] = self._evidence[step.control].sending(step.on, self.at).answered(self.at)
            told = ledger if step.schedule is None else ledger.telling(step.schedule, self.at)
            self.ledger = told.applied(step.control, self.at) if step.on else told.settled(step.control)
        elif isinstance(step, DeleteStep):
            self.ledger = ledger.deleting(step.schedule_id, self.at).deleted(step.schedule_id)
        elif isinstance(step, UpdateStep):
            self.ledger = ledger.updating(step.schedule_id, step.terms, self.at).answered(step.terms, self.at)
        else:
            self.ledger = ledger.creating(step.terms, self.at, self.at, entries).answered(step.terms, self.at)
        self.cloud.take(step, self.at)
        self._check_foreign(step)

    def _check_foreign(self, step: Step) -> None:
        for schedule_id, entry in self._foreign.items():
            found = self.cloud.entries.get(schedule_id)
            assert found is not None, f"{step} deletes {entry.terms}"
            assert found.terms == entry.terms, f"{step} changes {entry.terms}"
            if self._is_alive(schedule_id) and schedule_id not in self._alive:
                assert self._is_flipped_on(entry.terms.control), f"{step} wakes {entry.terms}: {self!r}"

    def _is_alive(self, schedule_id: str) -> bool:
        entry = self.cloud.entries[schedule_id]
        return entry.active and self.cloud.in_force(entry.terms.control)

    def _is_flipped_on(self, control: Control) -> bool:
        standing = self.book.standing.get(control)
        return standing is not None and standing.on and standing.source is not Source.CLOUD


SHORTEST = 15
MINUTES = st.sampled_from([0, 60, 90, 120, 330, 720, 735, 780, 840, 1410, 1439])
DAYS = st.sampled_from([EVERY_DAY, *(frozenset({day}) for day in range(1, 8)), frozenset({6, 7})])
MOMENTS = st.builds(
    lambda day, minute, delta: ZONE.localize(day + minute * MINUTE + delta * MINUTE).astimezone(timezone.utc),
    st.sampled_from([datetime.fromisoformat(f"2026-{day}") for day in ("03-28", "03-29", "06-10", "10-24", "10-25")]),
    MINUTES,
    st.sampled_from([-14, -4, 0, 0.25, 31]),
)


def wall(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    control, start, end = draw(st.sampled_from(Control)), draw(MINUTES), draw(MINUTES)
    end = end if (end - start) % 1440 >= SHORTEST else (start + 3 * SHORTEST) % 1440
    limit = None if control is Control.RESTRICT_DISCHARGE else draw(st.sampled_from([FLOOR, 90, 100]))
    return Terms(control, wall(start), wall(end), draw(DAYS), str(ZONE), limit)


@st.composite
def tariffs(draw: st.DrawFn) -> tuple[Window, ...]:
    windows: tuple[Window, ...] = ()
    for number in range(draw(st.integers(0, 3))):
        terms = draw(some_terms())
        more = (*windows, Window(f"w{number}", terms.control, terms.start, terms.end, terms.days, terms.limit))
        windows = windows if overlaps(more) else more
    return windows


@st.composite
def books(draw: st.DrawFn, now: datetime, switch: Mapping[Control, bool]) -> Book:
    standing, commands = {}, {}
    for control in Control:
        source = draw(st.sampled_from([Source.TOGGLE, Source.CLOUD]))
        on = switch[control] if source is Source.CLOUD else draw(st.booleans())
        standing[control] = Intent(control, on, source, now - draw(st.integers(1, 3)) * timedelta(days=1))
        if draw(st.booleans()):
            since, until = now - draw(st.integers(0, 70)) * MINUTE, now + draw(st.sampled_from([3, 44, 600])) * MINUTE
            commands[control] = Intent(control, draw(st.booleans()), Source.COMMAND, since, until)
    return Book(standing=standing, commands=commands)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw a cloud with entries of others, with what the app has left there before, and wishes of today."""
    now, windows = draw(MOMENTS), draw(tariffs())
    habits = Habits(draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    cloud = Cloud({control: draw(st.booleans()) for control in Control}, draw(st.booleans()), {}, habits)
    book = draw(books(now, cloud.switch))
    for number, terms in enumerate(draw(st.lists(some_terms(), max_size=3))):
        if not cloud.refuses(terms):
            cloud.entries[f"f{number}"] = Entry(terms, f"f{number}", draw(st.booleans()), now - timedelta(days=9))
    owned: list[Owned] = []
    written, owed = now - timedelta(minutes=9), set[Control]()
    for number, terms in enumerate(
        draw(st.lists(st.sampled_from(_likely(book, windows, now, habits)) | some_terms(), max_size=3))
    ):
        if cloud.refuses(terms) or any(one.terms.overlaps(terms) for one in owned):
            continue
        arrived, active = draw(st.sampled_from([(True, True), (True, True), (True, False), (False, False)]))
        one = Owned(terms, written, written, answered=arrived, active=active)
        if arrived:
            one = replace(one, schedule_id=f"o{number}", applied_at=written if active else None)
            cloud.entries[f"o{number}"] = Entry(terms, f"o{number}", active, written)
        owned.append(one)
        owed |= set() if active else {terms.control}
    ledger = Ledger(owned=tuple(owned), owed=frozenset(owed), disable_owed=draw(st.booleans()))
    return Situation(cloud, ledger, book, windows, now)


def _likely(book: Book, windows: Sequence[Window], now: datetime, habits: Habits) -> list[Terms]:
    """Return what the app may well have written a while ago: for the same wishes, or when they were a bit different."""
    coming = occurrences(windows, ZONE, now - timedelta(days=1), now + timedelta(hours=1))
    wishes: Iterable[Intent] = (*map(Intent.of_occurrence, coming), *book.commands.values(), *book.standing.values())
    terms = [each for wish in wishes for each in entries_for(wish, ZONE, habits, FLOOR)]
    return [
        *terms,
        *(replace(each, end=wall(each.end.hour * 60 + each.end.minute // 2)) for each in terms if each.end.minute),
    ]


def lived(situation: Situation) -> Situation:
    """Let the app work until everything is decided: also what it once sent and never saw."""
    situation.settle()
    situation.at += 2 * CONSISTENCY
    situation.look()
    situation.settle()
    return situation


@settings(max_examples=300)
@given(situations())
def test_the_plan_reaches_the_wish_or_names_what_is_in_the_way(situation: Situation) -> None:
    wanted, cloud = lived(situation).wanted(), situation.cloud
    due = {terms for one in wanted.values() for claim in one.claims for terms in claim.terms}
    stands = {one.terms for one in situation.ledger.staying() if one.schedule_id in cloud.entries}
    assert stands <= due
    for control, one in wanted.items():
        if unapplied_by_others(control, situation.actual()):
            continue  # waits until the gateway has them
        assert cloud.switch[control] is one.switch
        if not one.intent.on:
            assert not one.switch or (one.claims and not one.intent.timed), "only a window that is about to begin"
        elif one.held_back_by is None and one.obstacle is None:
            assert cloud.switch[control]
            assert not one.intent.timed or (one.own is not None and cloud.in_force(control))
        for claim in one.claims if one.switch else ():
            assert stands >= set(claim.terms)
            assert all(entry.active for entry in cloud.entries.values() if entry.terms in claim.terms)


@settings(max_examples=150)
@given(situations())
def test_applied_again_the_plan_writes_nothing(situation: Situation) -> None:
    taken = len(lived(situation).taken)
    for _ in range(2):
        situation.at += timedelta(hours=1)
        situation.look()
        assert situation.plan() == ()
    assert len(situation.taken) == taken


@settings(max_examples=150)
@given(situations())
def test_what_was_written_is_applied_and_after_the_last_charge_its_second_flag_is_off(situation: Situation) -> None:
    owed = situation.ledger.disable_owed
    cloud, taken = lived(situation).cloud, situation.taken
    written = [step.terms for step in taken if isinstance(step, (CreateStep, UpdateStep))]
    kept = [entry for entry in cloud.entries.values() if entry.terms in written]
    assert all(entry.active for entry in kept)
    deleted = owed or any(isinstance(step, DeleteStep) and step.control is CHARGE for step in taken)
    if deleted and not any(entry.terms.control is CHARGE for entry in cloud.entries.values()):
        assert not cloud.flag, situation


@settings(max_examples=150)
@given(situations())
def test_every_changed_entry_costs_one_write_and_every_changed_family_one_apply(situation: Situation) -> None:
    # In a family that waits for an entry of somebody else's it is two: that one's, then the app's.
    waiting = {control for control in Control if unapplied_by_others(control, situation.actual())}
    written: Counter[str] = Counter()
    switched: Counter[tuple[Control, bool]] = Counter()
    for step in lived(situation).taken:
        if not isinstance(step, SwitchStep):
            written[reasons.entry(step.terms) if isinstance(step, CreateStep) else step.schedule_id] += 1
        elif step.control not in waiting:
            switched[step.control, step.on] += 1
    assert all(count == 1 for count in (*written.values(), *switched.values())), f"{written} {switched} {situation}"
