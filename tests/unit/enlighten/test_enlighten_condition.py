"""How the session stands, for the reports that people read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.shapes import Shape
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import SessionRejected
from tests.unit.enlighten.stand_in import Clock, Cloud, answering
from tests.unit.said import said

Make = Callable[..., EnlightenSession]


def test_before_anything_was_asked_nothing_is_claimed(make_session: Make) -> None:
    condition = make_session(requests_per_hour=90).condition
    assert condition.status is TokenStatus.UNREACHABLE
    assert (condition.refreshed_at, condition.expires_at, condition.mint) == (None, None, None)
    assert (condition.requests, condition.requests_per_hour, condition.held_until) == (0, 90, None)
    assert (condition.reads, condition.writes) == (Shape.TOKEN_AND_COOKIES, Shape.TOKEN_AND_COOKIES)
    assert (condition.refused, condition.last_error) == ((), None)


async def test_requests_count_for_an_hour(make_session: Make, clock: Clock) -> None:
    session = make_session()
    await session.refresh()
    condition = session.condition
    assert (condition.status, condition.refreshed_at) == (TokenStatus.OK, clock.now)
    assert condition.requests > 1
    clock.advance(hours=1)
    assert session.condition.requests == 0


async def test_an_endpoint_that_refuses_everything_is_named_for_a_day_and_the_error_until_all_is_well(
    make_session: Make, cloud: Cloud, clock: Clock
) -> None:
    session = make_session()
    cloud.script("GET /nothing", *[answering(401)] * 9)
    with pytest.raises(SessionRejected):
        await session.request("GET", "/nothing")
    assert session.condition.refused == ("GET /nothing",)
    assert said(session.condition.last_error) == "GET /nothing refuses the session, although it lives"
    clock.advance(hours=24)
    assert not session.condition.refused
    await session.refresh()
    assert session.condition.last_error is None


async def test_it_holds_no_secret(make_session: Make, cloud: Cloud) -> None:
    session = make_session()
    await session.refresh()
    token = session.token
    assert token is not None
    assert token.value not in repr(session.condition)
    assert session.condition.expires_at == token.expires_at
