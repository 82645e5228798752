"""How often the cloud lost own entries: applied, and gone before the gateway had them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..store.decoding import as_instant, as_mapping, as_whole, each
from .entries import EVERY_DAY, Terms

MOST_LOSSES = 2
"""How often an entry that vanished before the gateway had it is written again."""

STANDING_AGAIN = timedelta(hours=1)
"""How long after that a standing wish, which has no end, is given another try."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How often entries of the same terms were lost, and when (aware, UTC) the last time."""

    count: int
    at: datetime


def counted(losses: Mapping[Terms, Loss], lost: Iterable[Terms], at: datetime) -> Mapping[Terms, Loss]:
    """Return the losses with those that a read at that instant has shown."""
    after = dict(losses)
    for terms in lost:
        before = after.get(terms)
        after[terms] = Loss(before.count + 1 if before else 1, at)
    return after


def is_given_up(terms: Terms, losses: Mapping[Terms, Loss], now: datetime) -> bool:
    """Return whether an entry vanished too often to be written once more; a standing wish's is tried again at times."""
    loss = losses.get(terms)
    if loss is None or loss.count <= MOST_LOSSES:
        return False
    return terms.days != EVERY_DAY or now - loss.at < STANDING_AGAIN


def losses_to_json(losses: Mapping[Terms, Loss]) -> list[dict[str, object]]:
    """Return the losses as the store keeps them."""
    return [
        {"terms": terms.to_json(), "count": loss.count, "at": loss.at.isoformat()} for terms, loss in losses.items()
    ]


def losses_from_json(data: object) -> Mapping[Terms, Loss]:
    """Read back what :func:`losses_to_json` made. Raises ValueError, KeyError or TypeError on anything else."""
    return dict(each(_loss_from_json, data))


def _loss_from_json(data: object) -> tuple[Terms, Loss]:
    one = as_mapping(data)
    return Terms.from_json(one["terms"]), Loss(as_whole(one["count"]), as_instant(one["at"]))
