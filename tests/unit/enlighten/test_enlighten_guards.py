"""What keeps sign-ins few when nothing else does: lost answers, short sessions, no mint, programs that are killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from enphase_battery.enlighten.login_guard import LONG_COOLDOWN
from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import (
    BudgetExhausted,
    EnlightenError,
    MfaRequired,
    SessionRejected,
    SignInSuspended,
    UnexpectedAnswer,
    Unreachable,
    WrongPassword,
)
from tests.unit.enlighten.stand_in import SETTINGS, SITE, Clock, Cloud, Handler, answering, standing

Make = Callable[..., EnlightenSession]
LOGIN, DOOR, READ, START = "POST /login/login.json", "GET /login", f"GET {SETTINGS}", "GET /"
MINTS = ("GET /users/self/token", "GET /app-api/jwt_token.json")
CHALLENGE = answering(body={"requires_mfa": True}, cookies=("login_otp_nonce=n; Path=/",))
NONSENSE = answering(body=None, text="null")


async def no_answer(request: web.Request) -> web.StreamResponse:
    """The request came, and its answer is lost."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def stored(saved: list[SessionRecord]) -> SessionRecord:
    """What a start after a power cut would find."""
    return SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json())))


async def outcome(request: Coroutine[Any, Any, object]) -> type[EnlightenError] | None:
    """What kind of failure it ends with."""
    try:
        await request
    except EnlightenError as error:
        return type(error)
    return None


# --- sign-ins without an answer


@pytest.mark.parametrize("answer", [no_answer, NONSENSE, answering(418)])
@pytest.mark.parametrize("hours_of_crashes", [0, 3])
async def test_sign_ins_become_rare_while_no_answer_is_understood_also_where_the_program_dies_each_minute(
    make_session: Make, cloud: Cloud, saved: list[SessionRecord], *, answer: Handler, hours_of_crashes: int
) -> None:
    cloud.script(LOGIN, answer)
    session, moments = make_session(), []
    for minute in range(24 * 60):
        before = cloud.logins()
        await outcome(session.request("GET", SETTINGS))
        moments += [minute] * (cloud.logins() - before)
        cloud.clock.advance(minutes=1)
        if minute < 60 * hours_of_crashes:
            session = make_session(record=stored(saved))
    assert moments[:5] == [0, 5, 10, 70, 130]
    assert len(moments) == 26
    cloud.scripted.clear()
    cloud.clock.advance(hours=1)
    await session.request("GET", SETTINGS)
    assert standing(session) is TokenStatus.OK
    assert saved[-1].guard.unanswered == 0


async def test_a_program_that_is_killed_while_it_signs_in_does_not_do_it_again_at_once(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    found: list[SessionRecord] = []

    async def killing(request: web.Request) -> web.StreamResponse:
        found.append(stored(saved))
        return await no_answer(request)

    cloud.script(LOGIN, killing)
    await outcome(make_session().refresh())
    again = make_session(record=found[0])
    assert standing(again) is TokenStatus.UNREACHABLE
    with pytest.raises(SignInSuspended, match="did not answer a sign-in") as caught:
        await again.refresh()
    assert caught.value.until == clock.now + timedelta(seconds=300)
    assert standing(again) is TokenStatus.UNREACHABLE
    assert cloud.seen == [LOGIN]


async def test_a_person_may_sign_in_five_minutes_after_a_lost_answer_however_many_were_lost(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(LOGIN, no_answer)
    for _ in range(4):
        assert await outcome(session.refresh(by_hand=True)) is Unreachable
        assert await outcome(session.refresh(by_hand=True)) is SignInSuspended
        clock.advance(seconds=300)
    with pytest.raises(SignInSuspended):
        await session.refresh()
    cloud.scripted.clear()
    await session.refresh(by_hand=True)
    assert standing(session) is TokenStatus.OK


async def test_a_lost_answer_within_a_suspension_does_not_shorten_it(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(LOGIN, answering(401))
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await session.refresh()
        clock.advance(seconds=300)
    cloud.script(LOGIN, no_answer)
    assert await outcome(session.refresh(by_hand=True)) is Unreachable
    clock.advance(hours=2)
    with pytest.raises(SignInSuspended):
        await session.refresh()
    assert cloud.logins() == 4


@pytest.mark.parametrize("answer", [answering(503), answering(401), CHALLENGE])
async def test_an_answer_that_is_understood_begins_the_count_anew(
    session: EnlightenSession, cloud: Cloud, clock: Clock, saved: list[SessionRecord], answer: Handler
) -> None:
    cloud.script(LOGIN, no_answer, no_answer, answer, no_answer)
    for logins in (1, 2, 3, 4):
        await outcome(session.refresh(by_hand=True))
        assert cloud.logins() == logins
        clock.advance(seconds=300)
    guard = saved[-1].guard
    assert guard.unanswered == (0 if answer is CHALLENGE else 1)  # where it sends a code, it is a rejection
    assert guard.closed_until(clock.now) is None


async def test_a_cloud_that_cannot_be_reached_delays_no_sign_in(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    away = make_session(base_url="http://127.0.0.1:1")
    for _ in range(60):
        assert await outcome(away.refresh()) is Unreachable
        clock.advance(seconds=30)
    assert stored(saved).guard.unanswered == 0
    assert await outcome(away.refresh(by_hand=True)) is Unreachable


async def test_an_outage_in_which_answers_get_lost_costs_one_sign_in_and_no_waiting_after_it(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    for name in (LOGIN, DOOR):
        cloud.script(name, no_answer)
    for _ in range(40):
        await outcome(session.refresh())
        clock.advance(minutes=15)
        session = make_session(record=stored(saved))
    assert cloud.logins() == 1
    cloud.scripted.clear()
    await session.refresh()
    assert standing(session) is TokenStatus.OK


async def test_a_sign_in_that_was_led_on_counts_though_its_last_step_was_not_sent(
    make_session: Make, cloud: Cloud, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(302, Location="/web/1"))
    assert await outcome(make_session(requests_per_hour=1).refresh()) is BudgetExhausted
    assert saved[-1].guard.unanswered == 1


async def test_where_each_sign_in_sends_a_code_a_lost_answer_counts_as_a_rejection(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, CHALLENGE, no_answer)
    session = make_session()
    with pytest.raises(MfaRequired):
        await session.refresh()
    for _ in range(6):
        clock.advance(seconds=300)
        await outcome(session.refresh(by_hand=True))
    assert (cloud.logins(), stored(saved).guard.rejections) == (5, 4)  # as many as a person may have refused


async def test_where_each_sign_in_sends_a_code_one_that_never_left_does_not_count(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, CHALLENGE)
    session = make_session()
    with pytest.raises(MfaRequired):
        await session.refresh()
    await cloud.server.close()
    session = make_session(record=stored(saved))
    for _ in range(6):
        clock.advance(seconds=300)
        assert await outcome(session.refresh(by_hand=True)) is Unreachable
    assert saved[-1].guard.rejections == 0


# --- sessions that end as soon as they have begun


async def polls(session: EnlightenSession, cloud: Cloud, clock: Clock, *, times: int, ended_by_others: bool) -> None:
    """Polls by the default, with another program that signs in between."""
    for _ in range(times):
        await outcome(session.request("GET", SETTINGS))
        if ended_by_others:
            cloud.session = "of another program"
        clock.advance(minutes=15)


async def test_after_three_short_sessions_in_a_row_the_app_signs_in_once_an_hour_also_over_restarts(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    await polls(make_session(), cloud, clock, times=3, ended_by_others=True)
    assert cloud.logins() == 3
    for _ in range(24):
        await polls(make_session(record=stored(saved)), cloud, clock, times=4, ended_by_others=True)
    assert 3 + 23 <= cloud.logins() <= 3 + 24
    session = make_session(record=stored(saved))
    with pytest.raises(SignInSuspended, match="another program") as caught:
        await session.request("GET", SETTINGS)
    assert clock.now < caught.value.until <= clock.now + LONG_COOLDOWN
    assert "other programs" in caught.value.hint
    assert standing(session) is TokenStatus.LOGIN_FAILED


async def test_sessions_of_a_second_cost_no_two_logins_a_poll(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    for _ in range(10):
        await polls(session, cloud, clock, times=1, ended_by_others=True)
        clock.advance(minutes=-15)
    assert cloud.logins() == 3


async def test_a_person_may_take_the_session_back_from_another_program(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await polls(session, cloud, clock, times=4, ended_by_others=True)
    await session.refresh(by_hand=True)
    assert standing(session) is TokenStatus.OK
    assert cloud.logins() == 4
    cloud.session = "of another program"
    clock.advance(minutes=1)
    with pytest.raises(SignInSuspended) as caught:
        await session.refresh(by_hand=True)
    assert caught.value.until == clock.now + timedelta(minutes=4)


async def test_a_session_that_lasts_ends_the_caution(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    await polls(session, cloud, clock, times=2, ended_by_others=True)
    await polls(session, cloud, clock, times=1, ended_by_others=False)
    session = make_session(record=stored(saved))
    await polls(session, cloud, clock, times=2, ended_by_others=False)
    cloud.session = "of another program"
    await polls(session, cloud, clock, times=2, ended_by_others=True)
    assert cloud.logins() == 5


async def test_sessions_of_half_an_hour_cost_a_login_each(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    for _ in range(10):
        await polls(session, cloud, clock, times=1, ended_by_others=False)
        await polls(session, cloud, clock, times=1, ended_by_others=True)
    assert cloud.logins() == 10


async def test_where_the_limit_is_lifted_sessions_may_be_as_short_as_they_like(
    make_session: Make, cloud: Cloud, clock: Clock
) -> None:
    await polls(make_session(short_sessions=None), cloud, clock, times=9, ended_by_others=True)
    assert cloud.logins() == 9


# --- a cloud that gives out no tokens any more


@pytest.fixture
def without_mints(cloud: Cloud) -> None:
    for mint in MINTS:
        cloud.script(mint, answering(404))


@pytest.mark.usefixtures("without_mints")
async def test_where_nothing_tells_an_endpoint_that_refuses_now_and_then_costs_one_login_a_day(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    for hour in range(3 * 24):
        session = make_session(record=stored(saved) if saved else None)
        await session.request("GET", "/pv/x")
        cloud.script(READ, *([answering(401)] if hour % 2 else [answering(body={})]))
        await outcome(session.request("GET", SETTINGS))
        clock.advance(hours=1)
    assert cloud.logins() <= 1 + 3


@pytest.mark.usefixtures("without_mints")
async def test_the_start_page_tells_that_a_session_lives(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    cloud.script(START, answering(302, Location=f"/web/{SITE}?v=3.4.0"))
    await session.request("GET", "/pv/x")
    cloud.script(READ, answering(401), answering(body={}))
    clock.advance(hours=1)
    await session.request("GET", SETTINGS)
    assert cloud.logins() == 1


@pytest.mark.usefixtures("without_mints")
async def test_the_start_page_tells_that_a_session_has_died_as_often_as_it_does(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(START, answering(302, Location="/login/login"))
    for _ in range(5):
        await session.request("GET", SETTINGS)
        cloud.session = "other"
        clock.advance(hours=1)
        await session.request("GET", SETTINGS)
        clock.advance(hours=1)
    assert cloud.logins() == 6


@pytest.mark.usefixtures("without_mints")
async def test_a_start_page_that_leads_elsewhere_tells_nothing(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(START, answering(302, Location="https://example.org/"))
    await session.request("GET", "/pv/x")
    cloud.script(READ, answering(401))
    clock.advance(hours=1)
    with pytest.raises(SessionRejected):
        await session.request("GET", SETTINGS)
    assert cloud.logins() == 2


@pytest.mark.usefixtures("without_mints")
async def test_where_nothing_tells_a_person_may_sign_in_anew_now_and_then(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(START, answering(404))
    for deaths in range(3):
        await session.refresh(by_hand=deaths > 0)
        cloud.session = "other"
        clock.advance(hours=1)
        await outcome(session.request("GET", SETTINGS))
        cloud.session = "yet another"
        clock.advance(hours=1)
    assert cloud.logins() == 4, "one for the endpoint, two for the person"
    for _ in range(9):
        await outcome(session.refresh(by_hand=True))
        clock.advance(minutes=1)
    assert cloud.logins() <= 4 + 4


# --- a program that is killed again and again


@pytest.mark.parametrize("reads", [1, 3, 9])
async def test_a_program_that_is_killed_all_the_time_keeps_to_its_budget(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord], reads: int
) -> None:
    await make_session(requests_per_hour=60).request("GET", SETTINGS)
    sent: list[int] = []
    for _ in range(180):
        clock.advance(minutes=1)
        before, session = len(cloud.seen), make_session(requests_per_hour=60, record=stored(saved))
        for _ in range(reads):
            await outcome(session.request("GET", SETTINGS, wish=True))
        sent.append(len(cloud.seen) - before)
    assert max(sum(sent[first : first + 60]) for first in range(120)) <= 60
    assert sum(sent) >= 36, "and does not starve either"


async def test_at_rest_a_poll_is_saved_once(
    session: EnlightenSession, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    await session.request("GET", SETTINGS)
    for _ in range(3):
        clock.advance(minutes=30)
        for _ in range(3):
            await session.request("GET", SETTINGS)
    before = len(saved)
    clock.advance(minutes=15)
    for _ in range(3):
        await session.request("GET", SETTINGS)
    assert len(saved) - before == 1


async def test_a_sign_in_that_leaves_no_session_cookie_is_nonsense(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(LOGIN, NONSENSE)
    with pytest.raises(UnexpectedAnswer):
        await session.refresh()
