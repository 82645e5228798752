"""A clock, a cloud, sessions that are closed at the end, and all that they saved."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from enphase_battery.enlighten.session import EnlightenSession
from tests.unit.enlighten.stand_in import EMAIL, PASSWORD, Clock, Cloud

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from enphase_battery.enlighten.record import SessionRecord


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cloud(clock: Clock) -> AsyncIterator[Cloud]:
    cloud = Cloud(clock)
    await cloud.start()
    yield cloud
    await cloud.server.close()


@pytest.fixture
def saved() -> list[SessionRecord]:
    return []


@pytest.fixture
async def make_session(
    cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> AsyncIterator[Callable[..., EnlightenSession]]:
    made: list[EnlightenSession] = []

    def make(**changes: Any) -> EnlightenSession:
        arguments: dict[str, Any] = {
            "base_url": cloud.base_url,
            "email": EMAIL,
            "password": PASSWORD,
            "record": None,
            "save": saved.append,
            "clock": clock,
            "logger": logging.getLogger("enlighten"),
            "requests_per_hour": 600,
        }
        made.append(EnlightenSession(**{**arguments, **changes}))
        return made[-1]

    yield make
    for session in made:
        await session.close()


@pytest.fixture
def session(make_session: Callable[..., EnlightenSession]) -> EnlightenSession:
    return make_session()
