"""The token is renewed in time and without a flood, and a session that needs a code does not fall asleep."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from enphase_battery.enlighten.keep_alive import KeepAlive
from enphase_battery.enlighten.tokens import Token
from enphase_battery.errors import EnlightenError, Unreachable, WrongPassword
from tests.unit.fake_cloud import Clock

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Session:
    """A session that notes how often it was refreshed."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.token: Token | None = None
        self.refreshed_at: datetime | None = None
        self.errors: list[EnlightenError] = []
        self.asleep_after: timedelta | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.refreshes = 0

    def is_at_stake(self, idle: timedelta) -> bool:
        return self.asleep_after is not None and idle <= self.asleep_after

    async def refresh(self, *, by_hand: bool = False) -> None:
        assert not by_hand
        self.refreshes += 1
        await self.open.wait()
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(clock: Clock) -> Session:
    return Session(clock)


@pytest.fixture
def care(session: Session, clock: Clock) -> KeepAlive:
    logger = logging.getLogger("test")
    return KeepAlive(session, clock=clock, logger=logger)  # type: ignore[arg-type]  # all that is asked of it


# -- in turn ----------------------------------------------------------------------------------------------------------


def test_the_next_turn_counts_from_the_last_refresh_whatever_restarts_came_between(
    care: KeepAlive, session: Session, clock: Clock
) -> None:
    assert care.next_turn(12 * HOUR) == clock.now + 12 * HOUR
    session.refreshed_at = clock.now - 8 * HOUR
    assert care.next_turn(12 * HOUR) == clock.now + 4 * HOUR


async def test_turns_that_come_all_at_once_after_a_suspend_are_one(care: KeepAlive, session: Session) -> None:
    session.open.clear()
    burst = asyncio.gather(*(care.refresh() for _ in range(6)))
    await asyncio.sleep(0)
    session.open.set()
    await burst
    assert session.refreshes == 1
    await care.refresh()
    assert session.refreshes == 2


# -- out of turn ------------------------------------------------------------------------------------------------------


async def test_a_token_is_renewed_in_its_last_hour_and_not_every_minute(
    care: KeepAlive, session: Session, clock: Clock
) -> None:
    session.token = Token("t", expires_at=clock.now + 2 * HOUR)
    assert not care.is_due()
    clock.now += HOUR
    assert care.is_due()
    session.errors = [Unreachable("down")]
    await care.refresh()
    clock.now += 14 * MINUTE
    assert not care.is_due()
    clock.now += MINUTE
    assert care.is_due()


async def test_a_cloud_that_gives_out_no_token_any_more_is_not_asked_out_of_turn(
    care: KeepAlive, session: Session, clock: Clock
) -> None:
    session.token = Token("t", expires_at=clock.now)
    await care.refresh()
    clock.now += 5 * HOUR
    assert not care.is_due()
    session.token = Token("another", expires_at=clock.now)
    assert care.is_due()


async def test_a_session_that_only_a_code_could_bring_back_is_kept_awake(
    care: KeepAlive, session: Session, clock: Clock
) -> None:
    session.asleep_after = 14 * MINUTE
    assert not care.is_due()
    session.asleep_after = 15 * MINUTE
    assert care.is_due()
    await care.refresh()
    assert not care.is_due()


# -- told -------------------------------------------------------------------------------------------------------------


async def test_a_refresh_that_fails_is_told_once_until_it_fails_otherwise_or_works_again(
    care: KeepAlive, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    session.errors = [Unreachable("down")] * 3 + [WrongPassword()]
    for _ in range(6):
        await care.refresh()
    assert caplog.messages == [
        "The token could not be refreshed: down",
        "The token could not be refreshed: the cloud refused e-mail and password",
        "The token was refreshed again",
    ]
