"""Renewing the token, beside whatever else is going on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import SessionRejected, SignInSuspended, Unreachable
from tests.unit.enlighten.stand_in import (
    MAINTENANCE,
    NOW,
    SETTINGS,
    STATUS,
    USER,
    WALL,
    Clock,
    Cloud,
    Handler,
    answering,
    jwt,
    standing,
    turns,
)

if TYPE_CHECKING:
    from aiohttp import web

    from enphase_battery.enlighten.record import SessionRecord
    from enphase_battery.enlighten.session import EnlightenSession

MINT, OLD_MINT = "GET /users/self/token", "GET /app-api/jwt_token.json"
READ = f"GET {SETTINGS}"


async def test_a_refresh_of_a_living_session_is_no_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    await session.refresh()
    first = session.token
    clock.advance(hours=12)
    await session.refresh()
    assert cloud.logins() == 1
    assert session.token is not None
    assert session.token != first
    assert session.token.expires_at == NOW + timedelta(days=7, hours=12)
    assert session.token.user_id == USER
    assert session.refreshed_at == clock.now == saved[-1].refreshed_at
    assert [cookie.value for cookie in saved[-1].cookies] == [cloud.session]


async def test_a_refresh_under_twenty_reads_costs_no_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.request("GET", SETTINGS)
    clock.advance(hours=12)
    cloud.hold = asyncio.Event()
    early = [asyncio.create_task(session.request("GET", SETTINGS)) for _ in range(10)]
    while cloud.waiting < 10:
        cloud.all_waiting.clear()
        await cloud.all_waiting.wait()
    refresh = asyncio.create_task(session.refresh())
    await turns()
    late = [asyncio.create_task(session.request("GET", SETTINGS)) for _ in range(10)]
    await turns()
    assert cloud.seen.count(MINT) == 1
    assert cloud.seen.count(READ) == 11
    cloud.hold.set()
    answers = await asyncio.gather(*early, *late)
    await refresh
    assert all(answer.json for answer in answers)
    assert (cloud.logins(), cloud.walled) == (1, 0)
    assert cloud.seen.count(MINT) == 2
    assert cloud.seen[-10:] == [READ] * 10


async def refused_while_a_refresh_waits(session: EnlightenSession, cloud: Cloud, *then: Handler) -> None:
    """A read that is answered 401 when a refresh is already waiting for it to end, and what the cloud answers after."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def late_refusal(request: web.Request) -> web.StreamResponse:
        asked.set()
        await go.wait()
        return await answering(401)(request)

    cloud.script(f"GET {STATUS}", late_refusal, *then)
    read = asyncio.create_task(session.request("GET", STATUS))
    await asked.wait()
    refresh = asyncio.create_task(session.refresh())
    await turns()
    go.set()
    await refresh
    await read


async def test_a_request_refused_before_a_refresh_is_repeated_without_a_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    clock.advance(hours=12)
    await refused_while_a_refresh_waits(session, cloud, answering(body={}))
    assert cloud.logins() == 1


async def test_also_where_the_endpoint_has_refused_a_fresh_session(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(f"GET {STATUS}", answering(401))
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    clock.advance(hours=12)
    await refused_while_a_refresh_waits(session, cloud, answering(body={}))
    assert cloud.logins() == 1


async def test_a_refresh_meanwhile_answers_the_question_whether_the_session_lives(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    clock.advance(hours=12)
    with pytest.raises(SessionRejected):
        await refused_while_a_refresh_waits(session, cloud, answering(401))
    assert (cloud.logins(), cloud.seen.count(MINT)) == (2, 3)


async def test_a_refresh_of_a_dead_session_costs_exactly_one_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    for wall in (answering(401), answering(text=WALL), answering(403)):
        cloud.session, cloud.wall = "other", wall
        clock.advance(hours=12)
        before = cloud.logins()
        await session.refresh()
        assert cloud.logins() == before + 1
        assert standing(session) is TokenStatus.OK


@pytest.mark.parametrize("first", [404, 405, 410, 422, 429, 500, 200])
async def test_the_older_mint_is_asked_where_the_newer_gives_none(
    session: EnlightenSession, cloud: Cloud, first: int
) -> None:
    cloud.script(MINT, answering(first, body={}, Retry_After="0"))
    cloud.script(OLD_MINT, answering(body={"token": jwt(exp=NOW.timestamp() + 3600)}))
    await session.refresh()
    assert session.token is not None
    assert session.token.expires_at == NOW + timedelta(hours=1)


async def test_a_session_that_gets_no_token_any_more_is_dead(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    clock.advance(hours=12)
    cloud.script(MINT, answering(404))
    cloud.script(OLD_MINT, answering(body={}), answering(body=cloud.token_body()))
    await session.refresh()
    assert cloud.logins() == 2


async def test_a_fresh_session_without_a_token_counts_as_a_refused_login(
    session: EnlightenSession, cloud: Cloud
) -> None:
    cloud.script(MINT, answering(body={}))
    cloud.script(OLD_MINT, answering(text="{}"))
    with pytest.raises(SessionRejected):
        await session.refresh()
    assert standing(session) is TokenStatus.LOGIN_FAILED
    with pytest.raises(SignInSuspended):
        await session.refresh()
    assert cloud.logins() == 1


async def test_where_neither_mint_exists_the_cookies_do(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(MINT, answering(404))
    cloud.script(OLD_MINT, answering(404))
    await session.refresh()
    await session.request("GET", SETTINGS)
    assert session.token is None
    assert standing(session) is TokenStatus.OK
    assert "e-auth-token" not in cloud.sent(READ)[0][0].headers


async def test_an_outage_of_the_mints_leaves_the_session_as_it_is(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    token, at = session.token, session.refreshed_at
    clock.advance(days=6)
    cloud.script(MINT, answering(503))
    cloud.script(OLD_MINT, answering(text=MAINTENANCE))
    with pytest.raises(Unreachable):
        await session.refresh()
    assert (session.token, session.refreshed_at) == (token, at)
    assert standing(session) is TokenStatus.UNREACHABLE
    await session.request("GET", SETTINGS)
    assert cloud.logins() == 1
    clock.advance(days=1)
    assert standing(session) is TokenStatus.EXPIRED


async def test_an_outage_of_the_mints_does_not_spoil_a_login(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(MINT, answering(500))
    cloud.script(OLD_MINT, answering(500))
    await session.request("GET", SETTINGS)
    assert session.token is None
    assert standing(session) is TokenStatus.OK


async def test_a_session_that_dies_right_after_its_login_is_not_renewed_again(
    session: EnlightenSession, cloud: Cloud
) -> None:
    await session.refresh()
    cloud.session = "other"
    with pytest.raises(SessionRejected):
        await session.refresh()
    assert cloud.logins() == 1
