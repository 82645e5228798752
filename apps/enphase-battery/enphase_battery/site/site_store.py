"""Keeps what is stored of one account, or of one site, apart from what is stored of another.

Only the session belongs to the account. What the app owns, what was requested and what was learnt belong to the site,
whatever account or address leads there. What is stored of another site is put aside, not forgotten: nothing of it may
be applied here, and a site that is named again later, be it after a slip in `apps.yaml`, gets its own back, so that
what was forced there still ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..control.controls import Control
from ..control.evidence import Evidence
from ..control.intent import Source
from ..control.ledger import Ledger
from ..control.problem import Problem
from ..control.reason import Kind, Reason, because
from ..control.wishes import Book
from ..enlighten.fields import digits
from ..enlighten.record import SessionRecord
from ..store.decoding import as_instant, as_mapping, attempt, by_name
from ..store.store import Store
from ..words.reasons import hint
from ..words.reasons import problem as words_of
from .knowledge import Knowledge

_SECTIONS = ("wishes", "wishes in a dry run", "evidence", "ledger", "knowledge")
"""The sections that belong to a site. Beside them stand those of the account and of Home Assistant."""

SESSION = "session"
"""The section of the account."""

_SITE, _ASIDE = "site", "other sites"

_MOST_ASIDE = 5
"""How many other sites are remembered, the ones that were left last."""


LEFT_BEHIND_FOR = timedelta(days=7)
"""How long it is told what was left behind: a weekly entry has come round by then."""


def stored_session(store: Store, base_url: str, email: str, logger: logging.Logger) -> SessionRecord | None:
    """Return the session of an account; one of another account is forgotten, with what that one was allowed to do."""
    record = store.read(SESSION, SessionRecord.from_json)
    if record is None or record.belongs_to(base_url, email):
        return record
    logger.info("The account has changed: the session of the other one is forgotten")
    store.forget(SESSION)
    Knowledge(store).forget_rights()
    return None


def is_stored_of(store: Store, site_id: str) -> bool:
    """Return whether what is stored is of this site; if not, the next :func:`enter` puts it aside.

    A store that names no site is of this one: it is new, or of a version that did not write down which.
    """
    known = _site(store).get("id", site_id)
    store.write(_SITE, {"id": known} if known == site_id else {"id": known, "next": site_id})
    return known == site_id


def has_moved(store: Store) -> bool:
    """Return whether the cloud has named another site than what is stored is of, so that the app has to restart."""
    return "next" in _site(store)


def enter(store: Store, configured: str | None, now: datetime, logger: logging.Logger) -> None:
    """Put aside what is stored of another site, and take up what was put aside of this one.

    To be called before anything of the site is read.

    Args:
        store: The store.
        configured: The configured site id; None: the one that the cloud named, as soon as it has.
        now: The current instant (aware, UTC).
        logger: Where it is told that the site is another one, and what was left behind.
    """
    site = _site(store)
    before, here = site.get("id"), configured or site.get("next") or site.get("id")
    if here is None:
        return
    store.write(_SITE, {"id": here})
    if before is not None and before != here:
        aside = store.read(_ASIDE, _left) or {}
        returning = aside.pop(here, _Left(now, {}))
        aside[before] = _Left(now, {one: data for one in _SECTIONS if (data := store.read(one, dict)) is not None})
        kept = {one: left.to_json() for one, left in [*aside.items()][-_MOST_ASIDE:]}
        store.forget(*_SECTIONS)
        store.write_all({**returning.sections, _ASIDE: kept})
        logger.info("This is another site than before; what is stored of that one is kept for when it comes back")
        for problem in left_behind(store):
            logger.warning("%s; %s", words_of(problem), hint(problem.reason))


def left_behind(store: Store) -> tuple[Problem, ...]:
    """Return for each other site what the app left there, since when, and what a person can do about it."""
    sites = (store.read(_ASIDE, _left) or {}).values()
    return tuple(one for left in sites for one in attempt(tuple[Problem, ...], left.problems()) or ())


@dataclass(frozen=True, slots=True)
class _Left:
    """What is stored of a site that was left: when (aware, UTC), and its sections."""

    at: datetime
    sections: Mapping[str, Mapping[str, object]]

    def to_json(self) -> dict[str, object]:
        return {"left_at": self.at.isoformat(), "sections": self.sections}

    def problems(self) -> Iterator[Problem]:
        left = (*self._entries(), *self._switches())
        if left:
            yield Problem(because(Kind.LEFT_AT_OTHER_SITE, left=left), self.at)

    def _entries(self) -> Iterator[Reason]:
        for one in Ledger.from_json(self.sections["ledger"]).owned if "ledger" in self.sections else ():
            if not (one.leaving and (one.answered or one.gone)):
                yield because(Kind.LEFT_ENTRY, entry=one.terms)

    def _switches(self) -> Iterator[Reason]:
        """Yield each switch that is otherwise than without the app: on because of a request, on or off for a time."""
        book = Book.from_json(self.sections["wishes"]) if "wishes" in self.sections else Book()
        for name, data in self.sections.get("evidence", {}).items():
            evidence, control = attempt(Evidence.from_json, data), attempt(Control, name)
            standing = None if control is None else book.standing.get(control)
            if evidence is None:
                continue
            is_on = evidence.writes[-1].value if evidence.writes else evidence.known
            if standing is None or is_on is None:
                continue
            if is_on is not standing.on or (is_on and standing.source is not Source.CLOUD):
                sure = evidence.believed is not None
                yield because(Kind.LEFT_SWITCH, control=standing.control, on=is_on, sure=sure)


def _left(data: Mapping[str, object]) -> dict[str, _Left]:
    """Read back what was put aside, by site."""
    return by_name(str, _left_at_one, data)


def _left_at_one(value: object) -> _Left:
    data = as_mapping(value)
    sections = by_name(str, as_mapping, data["sections"])
    return _Left(as_instant(data["left_at"]), sections)


def _site(store: Store) -> Mapping[str, str]:
    return store.read(_SITE, lambda data: {key: site for key, one in data.items() if (site := digits(one))}) or {}
