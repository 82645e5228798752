"""The request funnel: walls, relogin, XSRF, refresh, statuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import (
    BudgetExhausted,
    ConfigurationError,
    EnlightenError,
    Forbidden,
    NotAvailable,
    RateLimited,
    Refused,
    SessionRejected,
    SignInSuspended,
    UnexpectedAnswer,
    Unreachable,
    WrongPassword,
)
from tests.unit.enlighten.stand_in import (
    EMAIL,
    IS_VALID,
    MAINTENANCE,
    NOW,
    PASSWORD,
    SETTINGS,
    SITE,
    STATUS,
    USER,
    WALL,
    Clock,
    Cloud,
    Handler,
    answering,
    jwt,
)

Make = Callable[..., EnlightenSession]
LOGIN, MINT, OLD_MINT = "POST /login/login.json", "GET /users/self/token", "GET /app-api/jwt_token.json"
READ = f"GET {SETTINGS}"
WRITE = f"PUT {SETTINGS}"


def standing(session: EnlightenSession) -> TokenStatus:
    """The status, asked anew each time."""
    return session.token_status


async def write(session: EnlightenSession) -> int:
    answer = await session.request("PUT", SETTINGS, body={"a": 1}, username=USER, xsrf_from=SETTINGS, wish=True)
    return answer.status


# --- what a request carries


async def test_battery_calls_carry_the_one_header_shape(session: EnlightenSession, cloud: Cloud) -> None:
    await session.request("GET", SETTINGS, params={"source": "enlm"}, username=USER)
    await write(session)
    for name in (READ, WRITE):
        request, _ = cloud.sent(name)[-1]
        assert session.token is not None
        assert request.headers["e-auth-token"] == session.token.value
        assert request.headers["Username"] == USER
        assert request.headers["Origin"] == "https://battery-profile-ui.enphaseenergy.com"
        assert request.headers["Referer"] == "https://battery-profile-ui.enphaseenergy.com/"
        assert request.headers["Accept"] == "application/json, text/plain, */*"
        assert request.cookies["_enlighten_4_session"] == cloud.session
    request, body = cloud.sent(WRITE)[-1]
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"a": 1}
    assert cloud.sent(READ)[0][0].query == {"source": "enlm"}
    assert "X-XSRF-Token" not in cloud.sent(READ)[-1][0].headers


async def test_the_answer_brings_the_clouds_clock(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(body={"data": 1}, Date="Tue, 01 Sep 2026 11:58:00 GMT"))
    answer = await session.request("GET", SETTINGS)
    assert answer.date == NOW - timedelta(minutes=2)
    assert answer.json == {"data": 1}


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/a//b", "/a?b=c", "/a%2fb", "/a b", "/a#b", "/a/", ""])
async def test_paths_cannot_be_injected(session: EnlightenSession, cloud: Cloud, path: str) -> None:
    with pytest.raises(ValueError, match="plain segments"):
        await session.request("GET", path)
    assert cloud.seen == []


@pytest.mark.parametrize(
    "base_url",
    [
        "http://enlighten.enphaseenergy.com",
        "http://192.168.1.4",
        "http://127.0.0.1.example.org",
        "ftp://localhost",
        "https://user:secret@host",
        "https://host/path",
        "https://host?query=1",
        "nowhere",
        "",
    ],
)
def test_only_https_or_this_machine_is_spoken_to(make_session: Make, base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        make_session(base_url=base_url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("base_url", ["https://host", "https://host:8443/", "http://localhost:1", "http://[::1]:80"])
async def test_safe_addresses_are_taken(make_session: Make, base_url: str) -> None:
    assert make_session(base_url=base_url).token_status is TokenStatus.UNREACHABLE


async def test_the_log_names_requests_without_secrets_or_ids(
    session: EnlightenSession, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="enlighten")
    await session.request("GET", SETTINGS, params={"userId": USER}, username=USER)
    await write(session)
    assert "GET /service/batteryConfig/api/v1/batterySettings/* -> 200" in caplog.text
    assert session.token is not None
    for secret in (SITE, USER, EMAIL, PASSWORD, session.token.value, cloud.session, cloud.xsrf):
        assert secret not in "\n".join(record.getMessage() for record in caplog.records if record.name == "enlighten")


# --- statuses


STATUSES: list[tuple[Handler, type[EnlightenError]]] = [
    (answering(400), Refused),
    (answering(409), Refused),
    (answering(422), Refused),
    (answering(500, text="Request contains INVALID or missing parameters required for schedules"), Refused),
    (answering(403), Forbidden),
    (answering(404, text=WALL), NotAvailable),
    (answering(405), NotAvailable),
    (answering(406), UnexpectedAnswer),
    (answering(304), UnexpectedAnswer),
    (answering(429), RateLimited),
    (answering(500), Unreachable),
    (answering(503, text=WALL), Unreachable),
    (answering(552), Unreachable),
    (answering(503, text=MAINTENANCE), Unreachable),
    (answering(200, text=MAINTENANCE), Unreachable),
]


@pytest.mark.parametrize(("answer", "error"), STATUSES)
async def test_each_status_has_its_meaning_and_costs_no_login(
    session: EnlightenSession, cloud: Cloud, answer: Handler, error: type[EnlightenError]
) -> None:
    await session.refresh()
    cloud.script(READ, answer)
    with pytest.raises(error) as caught:
        await session.request("GET", SETTINGS)
    assert type(caught.value) is error
    assert SITE not in str(caught.value)
    assert cloud.logins() == 1
    assert (standing(session) is TokenStatus.UNREACHABLE) == issubclass(error, Unreachable)
    cloud.script(READ, answering(body={}))
    cloud.clock.advance(minutes=2)
    await session.request("GET", SETTINGS)
    assert standing(session) is TokenStatus.OK
    assert session.last_error is None


async def test_a_refusal_names_the_clouds_code_and_nothing_else_of_the_body(
    session: EnlightenSession, cloud: Cloud
) -> None:
    cloud.script(READ, answering(409, body={"error": {"status": "CONFLICTING_SCHEDULE_CFG", "message": "m@il"}}))
    with pytest.raises(Refused, match=r"409 CONFLICTING_SCHEDULE_CFG$"):
        await session.request("GET", SETTINGS)
    cloud.script(READ, answering(409, body={"error": {"status": "drop table"}}))
    with pytest.raises(Refused, match=r"409$"):
        await session.request("GET", SETTINGS)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("Tue, 01 Sep 2026 12:00:30 GMT", 30), ("Tue, 01 Sep 2026 11:00:00 GMT", 0), ("soon", 60), ("", 60)],
)
async def test_the_cloud_says_how_long_to_wait(
    session: EnlightenSession, cloud: Cloud, header: str, seconds: float
) -> None:
    cloud.script(READ, answering(429, Retry_After=header))
    with pytest.raises(RateLimited) as caught:
        await session.request("GET", SETTINGS)
    assert caught.value.retry_after == seconds


async def test_nothing_is_sent_while_the_cloud_asks_to_wait(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(READ, answering(429, Retry_After="90"), answering(body={}))
    with pytest.raises(RateLimited):
        await session.request("GET", SETTINGS)
    clock.advance(seconds=60)
    with pytest.raises(RateLimited) as caught:
        await session.request("GET", STATUS)
    assert caught.value.retry_after == 30
    assert f"GET {STATUS}" not in cloud.seen
    clock.advance(seconds=30)
    await session.request("GET", SETTINGS)


async def test_an_empty_answer_is_an_answer(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(204))
    answer = await session.request("GET", SETTINGS)
    assert (answer.status, answer.json, answer.text) == (204, None, "")


# --- the session dies


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
    answer = await session.request("GET", SETTINGS)
    assert answer.status == 200
    assert cloud.logins() == 2


async def test_twenty_requests_of_a_dead_session_share_one_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.refresh()
    cloud.session = "other"
    clock.advance(minutes=5)
    answers = await asyncio.gather(*(session.request("GET", SETTINGS) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
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
    assert await write(session) == 200
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


async def test_an_endpoint_that_stays_401_costs_one_login_a_day(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    await session.refresh()
    cloud.script(f"GET {STATUS}", answering(401))
    for _ in range(3):
        clock.advance(hours=1)
        with pytest.raises(SessionRejected):
            await session.request("GET", STATUS)
    assert cloud.logins() == 2
    again = make_session(record=saved[-1])
    with pytest.raises(SessionRejected):
        await again.request("GET", STATUS)
    assert cloud.logins() == 2
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
    cloud.script(f"GET {STATUS}", answering(401), answering(401), answering(body={}), answering(401))
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    await session.request("GET", STATUS)
    clock.advance(hours=1)
    with pytest.raises(SessionRejected):
        await session.request("GET", STATUS)
    assert cloud.logins() == 2


# --- XSRF


async def test_writes_carry_the_newest_xsrf_token(session: EnlightenSession, cloud: Cloud) -> None:
    await session.request("GET", SETTINGS)
    cloud.xsrf = "x-1"
    await session.request("GET", SETTINGS)
    await write(session)
    assert cloud.seen.count(READ) == 2
    assert cloud.sent(WRITE)[0][0].headers["X-XSRF-Token"] == "x-1"


async def test_a_write_without_a_token_fetches_one_first(session: EnlightenSession, cloud: Cloud) -> None:
    assert await write(session) == 200
    assert cloud.seen[-2:] == [READ, WRITE]
    assert cloud.sent(READ)[0][0].query == {"userId": USER}


async def test_a_write_with_an_old_token_is_repeated_once_with_a_fresh_one(
    session: EnlightenSession, cloud: Cloud
) -> None:
    await session.request("GET", SETTINGS)
    cloud.xsrf = "x-1"
    assert await write(session) == 200
    assert cloud.seen[-3:] == [WRITE, READ, WRITE]


async def test_a_write_that_stays_forbidden_is_given_up(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(WRITE, answering(403))
    with pytest.raises(Forbidden):
        await write(session)
    assert cloud.seen.count(WRITE) == 2
    assert cloud.logins() == 1


async def test_a_write_in_an_outage_of_the_token_is_not_sent(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(503))
    with pytest.raises(Unreachable):
        await write(session)
    assert WRITE not in cloud.seen


async def test_a_site_that_hands_out_no_token_is_written_to_without(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(404))
    cloud.script(WRITE, answering(body={"message": "success"}))
    assert await write(session) == 200
    assert "X-XSRF-Token" not in cloud.sent(WRITE)[0][0].headers


async def test_a_login_ends_the_xsrf_token(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    await session.request("GET", SETTINGS)
    clock.advance(minutes=5)
    cloud.session, cloud.xsrf = "other", "x-1"
    assert await write(session) == 200
    assert [name for name in cloud.seen if name in (READ, WRITE)] == [READ, WRITE, READ, WRITE]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answering(body={}, x_csrf_token="from-header"), "from-header"),
        (answering(body={}, cookies=("bp-xsrf-TOKEN=a%3D%2Fb; Path=/",)), "a=/b"),
        (answering(body={}, cookies=('BP-XSRF-Token="quoted"; Path=/',)), "quoted"),
        (answering(body={}, cookies=("BP-XSRF-Token=cookie; Path=/",), x_csrf_token="header"), "cookie"),
        (answering(body={}), "x-0"),
        (answering(409, body={}, cookies=("BP-XSRF-Token=failed; Path=/",), x_csrf_token="failed"), "x-0"),
    ],
)
async def test_where_the_xsrf_token_comes_from(
    session: EnlightenSession, cloud: Cloud, reply: Handler, expected: str
) -> None:
    await session.request("GET", SETTINGS)
    cloud.script(f"POST {IS_VALID}", reply)
    cloud.script(WRITE, answering(body={}))
    with contextlib.suppress(Refused):
        await session.request("POST", IS_VALID, body={}, xsrf_from=SETTINGS)
    await write(session)
    request, _ = cloud.sent(WRITE)[0]
    assert request.headers["X-XSRF-Token"] == expected
    assert "failed" not in request.headers["Cookie"]


async def test_no_xsrf_token_is_taken_from_elsewhere(session: EnlightenSession, cloud: Cloud) -> None:
    await session.request("GET", SETTINGS)
    cloud.script(f"GET {STATUS}", answering(body={}, x_csrf_token="rails"))
    await session.request("GET", STATUS)
    await write(session)
    assert cloud.sent(WRITE)[0][0].headers["X-XSRF-Token"] == "x-0"


# --- refresh


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
    assert session.token.user_id == session.user_id == USER
    assert session.refreshed_at == clock.now == saved[-1].refreshed_at
    assert [cookie.value for cookie in saved[-1].cookies] == [cloud.session]


async def test_a_refresh_under_twenty_reads_costs_no_login(session: EnlightenSession, cloud: Cloud) -> None:
    await session.request("GET", SETTINGS)
    cloud.hold = asyncio.Event()
    early = [asyncio.create_task(session.request("GET", SETTINGS)) for _ in range(10)]
    while cloud.waiting < 10:
        cloud.all_waiting.clear()
        await cloud.all_waiting.wait()
    refresh = asyncio.create_task(session.refresh())
    await asyncio.sleep(0)
    late = [asyncio.create_task(session.request("GET", SETTINGS)) for _ in range(10)]
    await asyncio.sleep(0)
    assert cloud.seen.count(MINT) == 1
    cloud.hold.set()
    answers = await asyncio.gather(*early, *late)
    await refresh
    assert {answer.status for answer in answers} == {200}
    assert cloud.logins() == 1
    assert cloud.seen.count(MINT) == 2
    assert cloud.seen.index(MINT, cloud.seen.index(MINT) + 1) == cloud.seen.index(READ) + 11


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


# --- guard


async def test_three_refused_logins_suspend_the_sign_in_for_a_day(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(401))
    session = make_session()
    for logins in (1, 2, 3):
        with pytest.raises(WrongPassword):
            await session.refresh()
        clock.advance(seconds=299)
        with pytest.raises(SignInSuspended) as caught:
            await session.request("GET", SETTINGS)
        assert cloud.logins() == logins
        clock.advance(seconds=1)
    assert caught.value.until == NOW + timedelta(seconds=600, days=1)
    again = make_session(record=saved[-1])
    assert standing(again) is TokenStatus.LOGIN_FAILED
    with pytest.raises(SignInSuspended):
        await again.refresh()
    assert cloud.logins() == 3
    clock.advance(days=1)
    cloud.scripted.clear()
    await again.refresh()
    assert standing(again) is TokenStatus.OK
    assert saved[-1].guard.rejections == 0


async def test_a_corrected_password_lifts_the_block(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(401), answering(body={}, cookies=(cloud.new_session(),)))
    with pytest.raises(WrongPassword):
        await make_session(password="wrong").refresh()
    with pytest.raises(SignInSuspended):
        await make_session(password="wrong", record=saved[-1]).refresh()
    await make_session(record=saved[-1]).refresh()
    assert cloud.logins() == 2


async def test_too_many_sessions_suspend_at_once_and_the_status_says_blocked(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(body={"message": "Too many active sessions"}))
    session = make_session()
    with pytest.raises(EnlightenError):
        await session.refresh()
    clock.advance(hours=23)
    with pytest.raises(SignInSuspended) as caught:
        await session.refresh()
    assert caught.value.until == NOW + timedelta(days=1)
    assert make_session(record=saved[-1]).token_status is TokenStatus.BLOCKED


async def test_outages_do_not_count_as_refused(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    cloud.script(LOGIN, answering(503))
    for _ in range(4):
        clock.advance(minutes=1)
        with pytest.raises(Unreachable):
            await session.refresh()
    cloud.scripted.clear()
    clock.advance(minutes=1)
    await session.refresh()
    assert standing(session) is TokenStatus.OK


# --- budget


async def test_polls_leave_a_third_of_the_budget_to_wishes(make_session: Make, cloud: Cloud, clock: Clock) -> None:
    session = make_session(requests_per_hour=9)
    await session.refresh()
    for _ in range(4):
        clock.advance(minutes=1)
        await session.request("GET", SETTINGS)
    with pytest.raises(BudgetExhausted) as caught:
        await session.request("GET", SETTINGS)
    assert standing(session) is TokenStatus.OK
    assert caught.value.next_at == NOW + timedelta(hours=1)
    for _ in range(3):
        await session.request("GET", SETTINGS, wish=True)
    with pytest.raises(BudgetExhausted):
        await session.request("GET", SETTINGS, wish=True)
    assert len(cloud.seen) == 9


# --- life cycle


async def test_a_restart_costs_no_login(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    await make_session().refresh()
    record = SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json())))
    session = make_session(record=record)
    assert standing(session) is TokenStatus.OK
    await session.request("GET", SETTINGS)
    assert cloud.logins() == 1
    assert (session.token, session.refreshed_at) == (record.token, record.refreshed_at)


@pytest.mark.parametrize("change", [{"email": "another@example.org"}, {"base_url": "http://localhost:1"}])
async def test_a_record_of_another_account_is_ignored(
    make_session: Make, cloud: Cloud, saved: list[SessionRecord], change: dict[str, str]
) -> None:
    await make_session().refresh()
    session = make_session(record=saved[-1], **change)
    assert session.token is None
    assert standing(session) is TokenStatus.UNREACHABLE


async def test_a_session_cookie_that_changes_is_stored(
    session: EnlightenSession, cloud: Cloud, saved: list[SessionRecord]
) -> None:
    await session.request("GET", SETTINGS)
    before = len(saved)
    cloud.script(READ, answering(body={}, cookies=("_enlighten_4_session=rotated; Path=/",)))
    await session.request("GET", SETTINGS)
    assert len(saved) == before + 1
    assert "rotated" in {cookie.value for cookie in saved[-1].cookies}


async def test_after_closing_nothing_is_sent(make_session: Make, cloud: Cloud) -> None:
    session, untouched = make_session(), make_session()
    await session.request("GET", SETTINGS)
    sent = len(cloud.seen)
    for each in (session, session, untouched):
        await each.close()
    for each in (session, untouched):
        with pytest.raises(Unreachable, match="closed"):
            await each.request("GET", SETTINGS)
    assert len(cloud.seen) == sent


async def test_closing_ends_a_request_under_way(session: EnlightenSession, cloud: Cloud) -> None:
    await session.request("GET", SETTINGS)
    cloud.hold = asyncio.Event()
    request = asyncio.create_task(session.request("GET", SETTINGS))
    await cloud.all_waiting.wait()
    await session.close()
    with pytest.raises(Unreachable):
        await request
    cloud.hold.set()


async def test_a_request_that_is_cancelled_lets_the_refresh_through(session: EnlightenSession, cloud: Cloud) -> None:
    await session.request("GET", SETTINGS)
    cloud.hold = asyncio.Event()
    request = asyncio.create_task(session.request("GET", SETTINGS))
    await cloud.all_waiting.wait()
    refresh = asyncio.create_task(session.refresh())
    await asyncio.sleep(0)
    request.cancel()
    await refresh
    cloud.hold.set()
    assert request.cancelled()
