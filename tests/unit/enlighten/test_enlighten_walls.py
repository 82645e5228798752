"""A dead session: who notices, what it costs, what never gets in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import SessionRejected, Unreachable
from tests.unit.enlighten.stand_in import (
    SETTINGS,
    STATUS,
    WALL,
    Clock,
    Cloud,
    Handler,
    answering,
    standing,
    write,
)

if TYPE_CHECKING:
    from enphase_battery.enlighten.record import SessionRecord


Make = Callable[..., EnlightenSession]
LOGIN, MINT = "POST /login/login.json", "GET /users/self/token"
READ = f"GET {SETTINGS}"
WRITE = f"PUT {SETTINGS}"


WALLS: list[Handler] = [
    answering(401),
    answering(text=WALL),
    answering(text=WALL, Content_Type="application/json; charset=utf-8"),
    answering(text="<html>window.OptanonWrapper"),
    answering(302, Location="/login?next=1"),
    answering(302, Location="https://elsewhere.example.org/login"),
]


@pytest.mark.parametrize("wall", WALLS)
async def test_a_dead_session_costs_one_login_and_the_request_is_answered(
    session: EnlightenSession, cloud: Cloud, clock: Clock, wall: Handler
) -> None:
    await session.refresh()
    cloud.session, cloud.wall = "other", wall
    clock.advance(minutes=5)
    before = len(cloud.seen)
    answer = await session.request("GET", SETTINGS)
    assert answer.json
    assert cloud.seen[before:] == [READ, MINT, LOGIN, MINT, READ]


async def test_twenty_requests_of_a_dead_session_share_one_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    cloud.session = "other"
    clock.advance(minutes=5)
    answers = await asyncio.gather(*(session.request("GET", SETTINGS) for _ in range(20)))
    assert all(answer.json for answer in answers)
    assert cloud.logins() == 2


async def test_parallel_first_requests_share_one_login(session: EnlightenSession, cloud: Cloud) -> None:
    await asyncio.gather(*(session.request("GET", SETTINGS) for _ in range(5)))
    assert cloud.logins() == 1


async def test_a_refused_login_is_shared_too(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    cloud.script(LOGIN, answering(401))
    outcomes = await asyncio.gather(*(session.request("GET", SETTINGS) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["SignInSuspended"] * 4 + ["WrongPassword"]
    assert cloud.seen == [LOGIN]


async def test_an_outage_at_login_is_shared_for_a_moment(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    cloud.script(LOGIN, answering(503))
    outcomes = await asyncio.gather(*(session.request("GET", SETTINGS) for _ in range(5)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Unreachable}
    assert cloud.seen == [LOGIN]
    clock.advance(seconds=31)
    cloud.scripted.clear()
    await session.request("GET", SETTINGS)
    assert standing(session) is TokenStatus.OK


@pytest.mark.parametrize("status", [200, 401])
async def test_a_wall_brings_neither_cookies_nor_xsrf(
    session: EnlightenSession, cloud: Cloud, saved: list[SessionRecord], status: int
) -> None:
    await session.request("GET", SETTINGS)
    poison = ("_enlighten_4_session=anonymous; Path=/", "BP-XSRF-Token=poison; Path=/")
    cloud.script(READ, answering(status, text=WALL, cookies=poison, x_csrf_token="poison"))
    with pytest.raises(SessionRejected):
        await session.request("GET", SETTINGS)
    await write(session)
    request, _ = cloud.sent(WRITE)[-1]
    assert request.cookies == {"_enlighten_4_session": cloud.session, "BP-XSRF-Token": cloud.xsrf}
    assert not [cookie for record in saved for cookie in record.cookies if cookie.value in ("anonymous", "poison")]


async def test_hops_towards_a_wall_set_no_cookies(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    await session.refresh()
    cloud.script(f"GET {STATUS}", answering(302, Location="/hop", cookies=("_enlighten_4_session=anonymous; Path=/",)))
    cloud.script("GET /hop", answering(text=WALL))
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    await session.request("GET", SETTINGS)
    assert cloud.logins() == 1


async def test_a_young_login_is_not_repeated(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    await session.refresh()
    cloud.script(f"GET {STATUS}", answering(401))
    clock.advance(seconds=29)
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    assert cloud.logins() == 1
    assert standing(session) is TokenStatus.OK


async def test_an_endpoint_that_stays_401_costs_one_login_and_one_question_a_day(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    await session.refresh()
    cloud.script(f"GET {STATUS}", answering(401))
    for _ in range(3):
        clock.advance(hours=1)
        with pytest.raises(SessionRejected):
            await session.request("GET", STATUS)
    again = make_session(record=saved[-1])
    with pytest.raises(SessionRejected):
        await again.request("GET", STATUS)
    assert (cloud.logins(), cloud.seen.count(f"GET {STATUS}")) == (2, 5)
    cloud.session = "other"
    await again.request("GET", SETTINGS)
    assert cloud.logins() == 3
    clock.advance(hours=23)
    with pytest.raises(SessionRejected):
        await again.request("GET", STATUS)
    assert cloud.logins() == 4


async def test_an_endpoint_that_answers_again_is_trusted_again(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(f"GET {STATUS}", answering(401), answering(body={}), answering(401))
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    await session.request("GET", STATUS)
    clock.advance(hours=1)
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    assert (cloud.logins(), cloud.seen.count(MINT)) == (2, 3)
