"""Draws a storm from a seed: which faults when and how long, which wishes when. Pure; times are seconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from tests.stack.chaos.catalogue import ENTRIES, KINDS, SITES, Group, Kind
from tests.stack.phone import CONTROLS, DISCHARGE

_SITE_WEIGHTS = {"entries": 3, "switches": 1}
_QUIET_START = 3.0
# Afterwards no program is stopped any more, so that the last wishes meet faults of the cloud, but are heard.
_QUIET_END = 12.0
_LAST_WISHES = 8.0
_WINDOW_EVERY = 4
_RECOVERY = {Group.HOME_ASSISTANT: 10.0, Group.APPDAEMON: 6.0, Group.STORE: 8.0, Group.CLOCK: 3.0}


class How(str, Enum):
    """Ways to wish."""

    TOGGLE = "toggle"
    AUTOMATION = "automation"
    SET = "set"
    TIMED = "timed set"
    CANCEL = "cancel"
    PHONE = "phone app"
    PHONE_TWICE = "phone app, twice between two polls"
    PHONE_FLAG = "phone app, the schedule alone"
    PHONE_REMOVES = "phone app, removes the app's entry"
    PHONE_ENTRIES = "phone app, adds, edits or deletes an entry"
    REFRESH = "refresh"
    DIAGNOSE = "diagnose"


BY_PHONE = {How.PHONE, How.PHONE_TWICE, How.PHONE_FLAG, How.PHONE_REMOVES, How.PHONE_ENTRIES}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: from when, for how long."""

    at: float
    seconds: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish; `seconds` is how long a timed one lasts. A toggle is flipped, whatever it shows, not set to `on`."""

    at: float
    how: How
    control: str
    on: bool
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A time-of-use window: full minutes after the first that can be kept, and how many it lasts."""

    minute: int
    minutes: int
    control: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A storm.

    Attributes:
        seed: What it is drawn from.
        seconds: How long it lasts.
        site: Its kind, of those in the catalogue.
        foreign: Whether the owner has an entry for discharge to grid.
        cloud: The faults of the cloud, which overlap.
        programs: The faults of programs, one at a time.
        wishes: In order of time.
        windows: The configured windows.
    """

    seed: int
    seconds: float
    site: str
    foreign: bool
    cloud: tuple[Fault, ...]
    programs: tuple[Fault, ...]
    wishes: tuple[Wish, ...]
    windows: tuple[WindowPlan, ...]

    @property
    def era(self) -> str:
        """The cloud's era."""
        return SITES[self.site][0]


def draw(seed: int, seconds: float, site: str | None = None) -> Plan:
    """Draw the storm of a seed; the same seed, length and site give the same storm.

    Args:
        seed: What it is drawn from.
        seconds: How long it lasts.
        site: The kind of the site; None: drawn, too.
    """

    def dice(what: str) -> Random:
        return Random(f"{seed} {what}")  # noqa: S311 - the same seed has to give the same storm

    house = dice("house")
    drawn = house.choices(list(_SITE_WEIGHTS), list(_SITE_WEIGHTS.values()))[0]
    site = site or drawn
    era = SITES[site][0]
    foreign = era == ENTRIES and house.random() < 0.5
    possible = [kind for kind in KINDS if kind.least <= seconds and era in kind.eras]
    return Plan(
        seed=seed,
        seconds=seconds,
        site=site,
        foreign=foreign,
        cloud=tuple(_cloud(dice("cloud"), possible, seconds)),
        programs=tuple(_programs(dice("programs"), possible, seconds)),
        wishes=tuple(_wishes(dice("wishes"), era, foreign, seconds)),
        windows=tuple(_windows(dice("windows"), seconds)),
    )


def _turns(random: Random, kinds: Sequence[Kind]) -> Iterator[Kind]:
    """Give kinds for ever: group after group in random order, in each another kind as long as there are others."""
    groups = {group: [kind for kind in kinds if kind.group is group] for group in Group}
    left: dict[Group, list[Kind]] = {}
    while True:
        for group in random.sample(sorted(groups), len(groups)):
            if not groups[group]:
                continue
            if not left.get(group):
                left[group] = random.sample(groups[group], len(groups[group]))
            yield left[group].pop()


def _cloud(random: Random, kinds: Sequence[Kind], seconds: float) -> Iterator[Fault]:
    at = _QUIET_START
    for kind in _turns(random, [kind for kind in kinds if not kind.of_programs]):
        lasts = random.uniform(*kind.seconds)
        if at >= seconds:
            return
        yield Fault(round(at, 1), round(min(lasts, seconds - at), 1), kind)
        # Often the next comes while this one lasts, at times there is a moment's peace.
        at += lasts * random.uniform(0.3, 1.2) + random.uniform(0, 2)


def _programs(random: Random, kinds: Sequence[Kind], seconds: float) -> Iterator[Fault]:
    at = _QUIET_START + random.uniform(2, 6)
    for kind in _turns(random, [kind for kind in kinds if kind.of_programs]):
        lasts = random.uniform(*kind.seconds)
        after = at + lasts + _RECOVERY[kind.group]
        if after > seconds - _QUIET_END:
            return
        yield Fault(round(at, 1), round(lasts, 1), kind)
        at = after + random.uniform(0, 4)


def _wishes(random: Random, era: str, foreign: bool, seconds: float) -> Iterator[Wish]:
    at = _QUIET_START
    weights = {
        How.TOGGLE: 8,
        How.AUTOMATION: 4,
        How.SET: 4,
        How.TIMED: 3,
        How.CANCEL: 1,
        How.PHONE: 2,
        How.PHONE_TWICE: 2,
        How.PHONE_FLAG: 1 if era == ENTRIES else 0,
        How.PHONE_REMOVES: 2 if era == ENTRIES else 0,
        How.PHONE_ENTRIES: 2 if foreign else 0,
        How.REFRESH: 1,
        How.DIAGNOSE: 1,
    }
    while at < seconds - _LAST_WISHES:
        how = random.choices(list(weights), list(weights.values()))[0]
        control, on = random.choice(CONTROLS), random.random() < 0.6
        # Where a family needs an entry to work, switching it on in the Enphase app alone is no wish that can stand.
        if how in BY_PHONE and era == ENTRIES and not (foreign and control == DISCHARGE):
            on = False
        yield Wish(round(at, 1), how, control, on, random.randint(10, 40) if how is How.TIMED else 0)
        at += random.uniform(1.0, 5.0)
    for number, control in enumerate(random.sample(CONTROLS, len(CONTROLS))):
        how = random.choice((How.TOGGLE, How.AUTOMATION, How.SET))
        yield Wish(round(seconds - _LAST_WISHES + 2 * number, 1), how, control, random.random() < 0.6)


def _windows(random: Random, seconds: float) -> Iterator[WindowPlan]:
    minute, last = 0, int(seconds // 60)
    while minute < max(last, 1):
        minutes = 1 if last <= 2 else random.randint(1, 2)
        yield WindowPlan(minute, minutes, random.choice(CONTROLS))
        minute += minutes + random.randint(1, _WINDOW_EVERY)
