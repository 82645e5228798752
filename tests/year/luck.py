"""What goes wrong in a home and on its line: outages and restarts, drawn by lot, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without answers from the cloud.

    Attributes:
        start: Its first moment (aware, UTC).
        end: The first moment after it.
        one_way: Whether what is asked arrives and is carried out, and only the answer is lost.
    """

    start: datetime
    end: datetime
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """An end of the app, and its next start.

    Attributes:
        at: When (aware, UTC).
        down: For how long it is away.
        requests: After how many more requests the power fails; None: it is ended at once and in good order.
    """

    at: datetime
    down: timedelta
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class Luck:
    """What goes wrong in a time.

    Attributes:
        outages: By time, none inside another.
        restarts: By time.
    """

    outages: Sequence[Outage]
    restarts: Sequence[Restart]

    @classmethod
    def drawn(cls, seed: int, since: datetime, until: datetime, busy: Sequence[datetime]) -> Luck:
        """Draw two outages and three restarts a week, minutes to hours long, half of them at busy moments.

        Args:
            seed: The same luck for the same seed.
            since: Begin of the time.
            until: Its end.
            busy: When the app has much to do.
        """
        random = Random(seed)  # noqa: S311  # has to be repeatable, not secret

        def moments(number: int) -> list[datetime]:
            anywhen = [since + random.random() * (until - since) for _ in range(number - number // 2)]
            ill_timed = [random.choice(busy) + timedelta(seconds=random.uniform(-90, 20)) for _ in range(number // 2)]
            return sorted([*anywhen, *ill_timed])

        def outage(start: datetime, latest: datetime) -> Outage:
            one_way = random.random() < 0.3
            minutes = 2 ** random.uniform(0, 4 if one_way else 9)
            return Outage(start, min(start + timedelta(minutes=minutes), latest), one_way)

        def restart(at: datetime) -> Restart:
            down = timedelta(seconds=2 ** random.uniform(1, 13))
            return Restart(at, down, random.randint(1, 20) if random.random() < 0.6 else None)

        weeks = (until - since) // timedelta(weeks=1)
        starts = moments(2 * weeks)
        return cls(
            outages=[outage(start, latest) for start, latest in pairwise([*starts, until])],
            restarts=[restart(at) for at in moments(3 * weeks)],
        )
