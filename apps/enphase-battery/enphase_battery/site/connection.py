"""Connects an app with its account and its site in the cloud, as its configuration and its store say.

The running app and the check of one build the same: they differ in the store, and in how the bytes are carried.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ..config.configuration import Configuration, ScheduleUse
from ..config.limits import PRODUCTION, Limits
from ..enlighten.record import SessionRecord
from ..enlighten.session import EnlightenSession
from ..enlighten.wire import Wire
from ..store.store import Store
from .cloud_site import CloudSite
from .site_store import SESSION, enter, stored_session


def take_up(
    configuration: Configuration, store: Store, *, clock: Callable[[], datetime], logger: logging.Logger
) -> SessionRecord | None:
    """Take up what is stored of the configured account and site; what is of others is forgotten, or put aside.

    Args:
        configuration: What the user configured.
        store: What outlives a restart.
        clock: Returns the current instant (aware, UTC).
        logger: Where it is told that account or site is another one.

    Returns:
        The account's session; None where none is stored.
    """
    email = configuration.email.get_secret_value()
    record = stored_session(store, configuration.base_url, email, logger)
    enter(store, configuration.site_id, clock(), logger)
    return record


def connect(
    configuration: Configuration,
    store: Store,
    record: SessionRecord | None,
    *,
    clock: Callable[[], datetime],
    logger: logging.Logger,
    limits: Limits = PRODUCTION,
    wire: Wire | None = None,
) -> tuple[EnlightenSession, CloudSite]:
    """Return the session of the configured account, and the site. Nothing is sent yet.

    Args:
        configuration: What the user configured.
        store: Keeps the session, and what is learnt of the site.
        record: The session to go on with; None: a sign-in is needed.
        clock: Returns the current instant (aware, UTC).
        logger: Is told what session and site have to tell.
        limits: How many sessions may end soon after their sign-in before the next one waits.
        wire: Carries the bytes; None: over the network.

    Raises:
        ConfigurationError: The address of the cloud is none.
    """
    session = EnlightenSession(
        base_url=configuration.base_url,
        email=configuration.email.get_secret_value(),
        password=configuration.password.get_secret_value(),
        record=record,
        save=lambda record: store.write(SESSION, record.to_json()),
        kept=store.kept,
        clock=clock,
        logger=logger,
        requests_per_hour=configuration.requests_per_hour,
        short_sessions=limits.short_sessions,
        wire=wire,
    )
    return session, site_of(configuration, store, session, clock=clock, logger=logger)


def site_of(
    configuration: Configuration,
    store: Store,
    session: EnlightenSession,
    *,
    clock: Callable[[], datetime],
    logger: logging.Logger,
) -> CloudSite:
    """Return the site behind a session, with what the store knows of it by now. Arguments as of :func:`connect`."""
    return CloudSite(
        session,
        site_id=configuration.site_id,
        user_id=configuration.user_id,
        use_schedules=configuration.use_schedules is ScheduleUse.AUTO,
        accept_disclaimer=configuration.accept_itc_disclaimer,
        store=store,
        clock=clock,
        logger=logger,
    )
