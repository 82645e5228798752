"""Looks at one app's account and site before the app runs, or beside it: signs in, reads, changes nothing.

A session that the app keeps is used as it stands: never renewed, because that gives it a new cookie of which the app
would know nothing. Only where there is none that lives, one sign-in is made, under the app's login guard.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytz

from ..config.configuration import Configuration, ScheduleUse
from ..control.claims import Ground
from ..control.entries import Entry
from ..control.holds import CLOCK_HINT, clock_fault
from ..control.ledger import Ledger
from ..control.site_state import SiteState
from ..control.wishes import Book
from ..engine.resolver import LEFT_OVER_HINT, Resolver
from ..engine.site_windows import SiteWindows
from ..engine.snapshot import Problem
from ..engine.snapshot_builder import TOLERATED_SKEW
from ..enlighten.address import BATTERY_CONFIG
from ..enlighten.cookies import CookieJar
from ..enlighten.login import SESSION_COOKIES
from ..enlighten.record import SessionRecord
from ..enlighten.session import EnlightenSession
from ..enlighten.session_tokens import MINTS
from ..enlighten.wire import AiohttpWire, Received, Wire
from ..errors import EnlightenError, MfaRequired, SignInError, SiteChanged, Unreachable
from ..site.cloud_site import CloudSite
from ..site.site_store import enter, stored_session
from .borrowed_store import BorrowedStore
from .report import Findings

if TYPE_CHECKING:
    from yarl import URL

_WEEK = timedelta(days=7)
_NO_OTHER_CODE = (
    "start the app: it asks for a code of its own, and takes it by `command: otp`; one that came now is void"
)


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
        self._email = configuration.email.get_secret_value()
        self._store = store
        self._clock = clock
        self._logger = logger
        self._make_wire = make_wire

    async def run(self) -> Findings:
        """Sign in if that is needed, and read. What goes wrong is in the findings."""
        record = stored_session(self._store, self._configuration.base_url, self._email, self._logger)
        enter(self._store, self._configuration.site_id, self._clock(), self._logger)
        if record is not None and _has_session(record):
            findings, has_ended = await self._look(record, borrowed=True)
            if not has_ended:
                return replace(findings, access="with the session that the app keeps; the password was not tried")
            if record.second_factor:
                ended = Problem("the session that the app keeps is not taken any more", self._clock(), _NO_OTHER_CODE)
                return replace(findings, problems=(ended,))
            record = replace(record, cookies=(), token=None, xsrf=None)
        findings, _ = await self._look(record, borrowed=False)
        return replace(findings, access="with a sign-in for this check")

    async def _look(self, record: SessionRecord | None, *, borrowed: bool) -> tuple[Findings, bool]:
        """Read everything with a session; return what was found, and whether a borrowed session proved dead."""
        configuration = self._configuration
        wire = ReadingWire(self._make_wire(), borrowed=borrowed)
        session = EnlightenSession(
            base_url=configuration.base_url,
            email=self._email,
            password=configuration.password.get_secret_value(),
            record=record,
            save=lambda _record: None,
            clock=self._clock,
            logger=self._logger,
            requests_per_hour=configuration.requests_per_hour,
            wire=wire,
        )
        make_site = partial(
            CloudSite,
            session,
            site_id=configuration.site_id,
            user_id=configuration.user_id,
            use_schedules=configuration.use_schedules is ScheduleUse.AUTO,
            accept_disclaimer=configuration.accept_itc_disclaimer,
            store=self._store,
            clock=self._clock,
            logger=self._logger,
        )
        site, state, problem = make_site(), SiteState(), None
        try:
            try:
                state = await site.read_all()
            except SiteChanged:  # the app would restart
                enter(self._store, configuration.site_id, self._clock(), self._logger)
                site = make_site()
                state = await site.read_all()
        except EnlightenError as error:
            awaited = record is not None and record.challenge is not None
            hint = _NO_OTHER_CODE if isinstance(error, MfaRequired) and not awaited else error.hint
            problem = Problem(_why(error), self._clock(), hint)
        finally:
            await session.close()
        return self._findings(session, site, state, problem), problem is not None and wire.is_refused

    def _findings(
        self, session: EnlightenSession, site: CloudSite, state: SiteState, problem: Problem | None
    ) -> Findings:
        configuration = self._configuration
        ledger = self._store.read("ledger", Ledger.from_json) or Ledger()
        zone_name = configuration.time_zone
        calendar = SiteWindows(
            configuration.windows,
            pytz.timezone(zone_name) if zone_name else None,
            lambda: site.time_zone,
            self._clock,
            self._logger,
            lead=_WEEK,
        )
        foreign = ledger.foreign(state.entries or ())
        ground = Ground(
            by_entries=frozenset(control for control, has in state.has_schedules.items() if has),
            foreign=foreign,
            habits=site.habits,
            floor=state.switches.floor if state.switches else Ground().floor,
            charge_schedule_on=state.switches is None or state.switches.charge_schedule_on,
            on=frozenset(control for control, on in (state.switches.on if state.switches else {}).items() if on),
        )
        resolver = Resolver(calendar, lambda: ground, self._clock)
        now = self._clock()
        found = self._problems(state, resolver, site.clock_skew) if problem is None else ()
        return Findings(
            app=self._name,
            configuration=configuration,
            condition=session.condition,
            identity=site.identity,
            zone=calendar.zone,
            skew=site.clock_skew,
            state=state,
            own=tuple(one.terms for one in ledger.staying()),
            foreign=tuple(entry.terms for entry in foreign),
            problems=(*((problem,) if problem else ()), *(Problem(text, now, hint) for text, hint in found)),
            now=now,
        )

    def _problems(self, state: SiteState, resolver: Resolver, skew: timedelta) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a site that can be read, each with what can be done about it."""
        configuration = self._configuration
        if abs(skew) > TOLERATED_SKEW:
            yield clock_fault(skew), CLOCK_HINT
        if configuration.windows and resolver.calendar.zone is None:
            yield "no window runs: the site's time zone is not known", "set time_zone in the app's configuration"
        refusals = state.switches.refusals if state.switches else {}
        for control, refusal in refusals.items():
            if control in configuration.controls:
                yield (
                    f"{control.title} cannot be {'switched on' if refusal.only_on else 'changed'}: {refusal.reason}",
                    refusal.hint,
                )
        foreseen = resolver.foreseen(Book())
        yield from dict.fromkeys((f"{wish.label}: {one.reason}", one.hint) for wish, one in foreseen.items())
        yield from map(_left_over, resolver.left_over())


def _left_over(entry: Entry) -> tuple[str, str]:
    return (
        f"an entry looks like the app's, but its store does not know it: {entry.terms}",
        LEFT_OVER_HINT,
    )


def _why(error: EnlightenError) -> str:
    """Return why nothing could be read, and how long a sign-in is forbidden."""
    until = error.until if isinstance(error, SignInError) else None
    return f"{error}; no sign-in before {until:%Y-%m-%d %H:%M} UTC" if until else str(error)


def _has_session(record: SessionRecord) -> bool:
    return record.challenge is None and CookieJar(record.cookies).find(*SESSION_COOKIES) is not None
