"""Looks at one app's account and site before the app runs, or beside it: signs in, reads, changes nothing.

A session that the app keeps is used as it stands: never renewed, because that gives it a new cookie of which the app
would know nothing. Only where there is none that lives, one sign-in is made, under the app's login guard.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytz

from ..config.configuration import Configuration
from ..control.evidence import Evidence
from ..control.holds import clock_fault
from ..control.problem import Problem
from ..control.reason import Kind, Reason, because
from ..control.site_state import FORBIDS_ON_ONLY, SiteState
from ..control.wishes import Book
from ..engine.problems import TOLERATED_SKEW
from ..engine.resolver import Resolver
from ..engine.site_windows import SiteWindows
from ..engine.snapshot import Snapshot
from ..enlighten.address import BATTERY_CONFIG
from ..enlighten.record import SessionRecord
from ..enlighten.session import EnlightenSession
from ..enlighten.session_tokens import MINTS
from ..enlighten.wire import AiohttpWire, Received, Wire
from ..errors import EnlightenError, MfaRequired, SignInError, SiteChanged, Unreachable
from ..reconcile.records import Records
from ..site.cloud_site import CloudSite
from ..site.connection import connect, site_of, take_up
from .borrowed_store import BorrowedStore
from .report import Findings

if TYPE_CHECKING:
    from yarl import URL

_WEEK = timedelta(days=7)


class ReadingWire:
    """A way to the cloud on which nothing is changed.

    Args:
        wire: The way.
        borrowed: The session belongs to an app that may be running: neither is it renewed, nor another begun.

    Attributes:
        is_refused: Whether something was not sent for that reason: then the session lives no more.
    """

    def __init__(self, wire: Wire, *, borrowed: bool) -> None:
        self._wire = wire
        self._borrowed = borrowed
        self.is_refused = False

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        """See :class:`Wire`."""
        if method != "GET" and url.path.startswith(BATTERY_CONFIG):
            raise Unreachable("not sent: a check changes nothing")
        if self._borrowed and (method != "GET" or url.path in MINTS):
            self.is_refused = True
            raise Unreachable("the session that the app keeps is not taken any more")
        return await self._wire.exchange(method, url, headers, data)

    async def close(self) -> None:
        """See :class:`Wire`."""
        await self._wire.close()


class Check:
    """A check of one app.

    Args:
        name: The app's name in apps.yaml.
        configuration: Its configuration.
        store: What it keeps.
        clock: Returns the current instant (aware, UTC).
        logger: Is told what a running app would be told.
        make_wire: Makes a way to the cloud.
    """

    def __init__(
        self,
        name: str,
        configuration: Configuration,
        store: BorrowedStore,
        *,
        clock: Callable[[], datetime],
        logger: logging.Logger,
        make_wire: Callable[[], Wire] = AiohttpWire,
    ) -> None:
        self._name = name
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._logger = logger
        self._make_wire = make_wire

    async def run(self) -> Findings:
        """Sign in if that is needed, and read. What goes wrong is in the findings."""
        record = take_up(self._configuration, self._store, clock=self._clock, logger=self._logger)
        if record is not None and record.has_session:
            findings, has_ended = await self._look(record, borrowed=True)
            if not has_ended:
                return replace(findings, access="with the session that the app keeps; the password was not tried")
            if record.second_factor:
                ended = Problem(because(Kind.BORROWED_SESSION_ENDED), self._clock())
                return replace(findings, snapshot=replace(findings.snapshot, problems=(ended,)))
            record = replace(record, cookies=(), token=None, xsrf=None)
        findings, _ = await self._look(record, borrowed=False)
        return replace(findings, access="with a sign-in for this check")

    async def _look(self, record: SessionRecord | None, *, borrowed: bool) -> tuple[Findings, bool]:
        """Read everything with a session; return what was found, and whether a borrowed session proved dead."""
        configuration, store = self._configuration, self._store
        wire = ReadingWire(self._make_wire(), borrowed=borrowed)
        session, site = connect(configuration, store, record, clock=self._clock, logger=self._logger, wire=wire)
        state, problem = SiteState(), None
        try:
            try:
                state = await site.read_all()
            except SiteChanged:  # the app would restart
                take_up(configuration, store, clock=self._clock, logger=self._logger)
                site = site_of(configuration, store, session, clock=self._clock, logger=self._logger)
                state = await site.read_all()
        except EnlightenError as error:
            awaited = record is not None and record.challenge is not None
            problem = Problem(_why(error, awaits_code=awaited), self._clock())
        finally:
            await session.close()
        return self._findings(session, site, state, problem), problem is not None and wire.is_refused

    def _findings(
        self, session: EnlightenSession, site: CloudSite, state: SiteState, problem: Problem | None
    ) -> Findings:
        configuration, records, now = self._configuration, Records(self._store), self._clock()
        zone = pytz.timezone(configuration.time_zone) if configuration.time_zone else None
        windows = SiteWindows(configuration.windows, zone, site, self._clock, self._logger, lead=_WEEK)
        records.read(state, now, configuration.consistency)
        for control, on in (state.switches.on if state.switches else {}).items():
            records.note(control, Evidence(known=on))
        resolver = Resolver(windows, records, site, self._clock)
        found = self._problems(state, resolver, session.clock_skew) if problem is None else ()
        snapshot = Snapshot(
            taken_at=now,
            condition=session.condition,
            identity=site.identity,
            zone=windows.zone,
            skew=session.clock_skew,
            state=state,
            own=tuple(one.terms for one in records.ledger.staying()),
            foreign=tuple(entry.terms for entry in records.foreign()),
            problems=(*((problem,) if problem else ()), *found),
        )
        return Findings(app=self._name, configuration=configuration, snapshot=snapshot)

    def _problems(self, state: SiteState, resolver: Resolver, skew: timedelta) -> Iterator[Problem]:
        """Yield what is wrong with a site that can be read."""
        configuration, now = self._configuration, self._clock()
        if abs(skew) > TOLERATED_SKEW:
            yield Problem(clock_fault(Kind.CLOCK_WRONG, skew), now)
        if configuration.windows and resolver.windows.zone is None:
            yield Problem(because(Kind.NO_WINDOW_RUNS), now)
        refusals = state.switches.refusals if state.switches else {}
        for control, refusal in refusals.items():
            if control in configuration.controls:
                only_on = refusal.kind in FORBIDS_ON_ONLY
                yield Problem(because(Kind.CANNOT_BE_CHANGED, control=control, only_on=only_on, why=refusal), now)
        foreseen = resolver.foreseen(Book())
        yield from dict.fromkeys(Problem(one, now, wish.label) for wish, one in foreseen.items())
        for entry in resolver.left_over():
            yield Problem(because(Kind.ENTRY_LEFT_OVER, entry=entry.terms), now)


def _why(error: EnlightenError, *, awaits_code: bool) -> Reason:
    """Return why nothing could be read, and how long a sign-in is forbidden."""
    if isinstance(error, MfaRequired) and not awaits_code:
        return because(Kind.CODE_FOR_THE_APP)
    until = error.until if isinstance(error, SignInError) else None
    return because(Kind.NO_SIGN_IN_BEFORE, error=error.reason, at=until) if until else error.reason
