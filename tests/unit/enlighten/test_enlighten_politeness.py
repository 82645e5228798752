"""Pauses that the cloud asks for, the budget over a restart, and the two clocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.errors import BudgetExhausted, EnlightenError, RateLimited, Unreachable
from tests.unit.enlighten.stand_in import NOW, SETTINGS, Clock, Cloud, Handler, answering

Make = Callable[..., EnlightenSession]
LOGIN, READ, OLD_MINT = "POST /login/login.json", f"GET {SETTINGS}", "GET /app-api/jwt_token.json"


def stored(saved: list[SessionRecord]) -> SessionRecord:
    """What a restart would find."""
    return SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json())))


# --- pauses


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_is_stored_at_once_and_outlives_a_restart(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord], status: int
) -> None:
    session = make_session()
    await session.refresh()
    cloud.script(READ, answering(status, Retry_After="90"), answering(body={}))
    with pytest.raises(Unreachable):
        await session.request("GET", SETTINGS)
    again = make_session(record=stored(saved))
    for each in (session, again):
        with pytest.raises(RateLimited) as caught:
            await each.request("GET", SETTINGS, wish=True)
        assert caught.value.retry_after == 90
    assert cloud.seen.count(READ) == 1
    clock.advance(seconds=90)
    await again.request("GET", SETTINGS)


async def test_a_503_that_names_no_time_holds_nothing_back(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(503), answering(body={}))
    with pytest.raises(Unreachable):
        await session.request("GET", SETTINGS)
    await session.request("GET", SETTINGS)


async def test_a_pause_asked_for_at_the_sign_in_is_stored_too(
    make_session: Make, cloud: Cloud, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(429, Retry_After="90"))
    with pytest.raises(RateLimited):
        await make_session().refresh()
    with pytest.raises(RateLimited):
        await make_session(record=stored(saved)).refresh()
    assert cloud.seen == [LOGIN]


async def test_a_date_to_wait_for_is_one_of_the_clouds_clock(session: EnlightenSession, cloud: Cloud) -> None:
    date, later = "Tue, 01 Sep 2026 11:00:00 GMT", "Tue, 01 Sep 2026 11:01:30 GMT"
    cloud.script(READ, answering(429, Date=date, Retry_After=later))
    with pytest.raises(RateLimited) as caught:
        await session.request("GET", SETTINGS)
    assert caught.value.retry_after == 90


# --- the budget


async def test_a_restart_does_not_refill_the_budget(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session(requests_per_hour=9)
    await session.refresh()
    for _ in range(3):
        clock.advance(minutes=1)
        await session.request("GET", SETTINGS)
    await session.close()
    again = make_session(requests_per_hour=9, record=stored(saved))
    await again.request("GET", SETTINGS)
    with pytest.raises(BudgetExhausted) as caught:
        await again.request("GET", SETTINGS)
    assert caught.value.next_at == NOW + timedelta(hours=1)
    for _ in range(2):
        await again.request("GET", SETTINGS, wish=True)
    with pytest.raises(BudgetExhausted):
        await again.request("GET", SETTINGS, wish=True)
    assert len(cloud.seen) == 8


async def test_closing_stores_only_what_is_new(make_session: Make, cloud: Cloud, saved: list[SessionRecord]) -> None:
    session, untouched = make_session(), make_session()
    await untouched.close()
    assert saved == []
    await session.request("GET", SETTINGS)
    for _ in range(2):
        before = len(saved)
        await session.close()
    assert len(saved) == before
    assert len(stored(saved).sent) == 3


async def test_wishes_keep_their_third_whatever_else_is_asked(make_session: Make, cloud: Cloud, clock: Clock) -> None:
    session = make_session(requests_per_hour=30)
    await session.refresh()
    cloud.script(READ, answering(401))
    for _ in range(40):
        clock.advance(seconds=30)
        with pytest.raises(EnlightenError):
            await session.request("GET", SETTINGS)
    assert len(cloud.seen) <= 20 + 5
    cloud.scripted.clear()
    for _ in range(5):
        await session.request("GET", SETTINGS, wish=True)


# --- clocks


def dated(*times: str) -> list[Handler]:
    return [answering(body={}, Date=f"Tue, 01 Sep 2026 {each} GMT") for each in times]


@pytest.mark.parametrize(
    ("times", "skew"),
    [
        (["12:06:00"], 0),
        (["12:06:00", "12:04:00"], 240),
        (["12:04:00", "12:06:00"], 240),
        (["11:55:00", "11:53:00"], -300),
        (["12:06:00", "11:53:00"], 0),
        (["12:06:00", "12:00:00"], 0),
        (["12:06:00", "12:00:00", "12:06:00"], 0),
        (["12:00:00", "11:50:00"], 0),
        (["11:53:00", "12:06:00", "12:05:00"], 300),
    ],
)
async def test_the_clocks_differ_as_far_as_two_answers_agree(
    make_session: Make, cloud: Cloud, saved: list[SessionRecord], times: list[str], skew: float
) -> None:
    await make_session().refresh()
    session = make_session(record=saved[-1])
    cloud.script(READ, *dated(*times))
    for _ in times:
        await session.request("GET", SETTINGS)
    assert session.clock_skew == timedelta(seconds=skew)


async def test_the_cookie_says_when_the_session_ends(session: EnlightenSession, cloud: Cloud) -> None:
    assert session.condition.session_ends_at is None
    await session.refresh()
    assert session.condition.session_ends_at is None
    ending = f"_enlighten_4_session={cloud.session}; Path=/; Max-Age=3600"
    cloud.script(READ, answering(body={}, cookies=(ending,)))
    await session.request("GET", SETTINGS)
    assert session.condition.session_ends_at == NOW + timedelta(hours=1)


# --- the mint that moved


async def test_a_mint_that_moved_is_remembered(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    cloud.script("GET /users/self/token", answering(404))
    cloud.script(OLD_MINT, answering(body=cloud.token_body()))
    await session.refresh()
    before = len(cloud.seen)
    await session.refresh()
    await make_session(record=stored(saved)).refresh()
    assert cloud.seen[before:] == [OLD_MINT] * 2


async def test_a_mint_that_knows_nobody_any_more_is_not_taken_for_a_refused_login(
    session: EnlightenSession, cloud: Cloud
) -> None:
    cloud.script("GET /users/self/token", answering(302, Location="/login"))
    cloud.script(OLD_MINT, answering(body=cloud.token_body()))
    await session.refresh()
    assert session.token is not None
    assert cloud.logins() == 1
