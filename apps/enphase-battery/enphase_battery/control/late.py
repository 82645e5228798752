"""Creations that no read showed in time, or that were refused: they may turn up in the list all the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from .entries import Entry
from .owned import Owned

GIVEN_UP_FOR = timedelta(hours=1)
"""How long such a creation is remembered: if it is listed within that time, it is still the app's."""


def turned_up(
    creations: Iterable[Owned], entries: Iterable[Entry], taken: Collection[str | None], at: datetime
) -> tuple[list[Owned], list[Owned]]:
    """Return the creations that a read shows after all, with their ids, and those that may turn up yet.

    Args:
        creations: Those that were given up.
        entries: What the read shows.
        taken: Ids of the entries that are known already.
        at: Instant (aware, UTC) of the read.
    """
    found: list[Owned] = []
    left: list[Owned] = []
    free = [entry for entry in entries if entry.schedule_id not in taken]
    for one in (each for each in creations if timedelta(0) <= at - each.written_at < GIVEN_UP_FOR):
        made = next((entry for entry in free if one.made_after_all(entry)), None)
        if made is None:
            left.append(one)
            continue
        free.remove(made)
        found.append(replace(one, schedule_id=made.schedule_id, active=made.active, missing_since=None))
    return found, left
