"""Refused logins, an empty budget, restarts, the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from enphase_battery.enlighten.budget import Purpose, spending_for
from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import BudgetExhausted, EnlightenError, SignInSuspended, Unreachable, WrongPassword
from tests.unit.enlighten.stand_in import (
    NOW,
    SETTINGS,
    Clock,
    Cloud,
    answering,
    standing,
)

Make = Callable[..., EnlightenSession]
LOGIN = "POST /login/login.json"
READ = f"GET {SETTINGS}"


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


async def test_a_dead_session_is_not_used_while_no_login_is_allowed(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await session.request("GET", SETTINGS)
    clock.advance(hours=1)
    cloud.session = "other"
    cloud.script(LOGIN, answering(401))
    with pytest.raises(WrongPassword):
        await session.request("GET", SETTINGS)
    sent = len(cloud.seen)
    with pytest.raises(SignInSuspended):
        await session.request("GET", SETTINGS)
    assert len(cloud.seen) == sent
    assert "Cookie" not in cloud.sent(LOGIN)[-1][0].headers


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


@pytest.mark.parametrize("change", ["email", "password", "base_url"])
async def test_a_suspension_ends_when_any_of_the_three_changes_and_not_by_a_restart(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord], change: str
) -> None:
    cloud.script(LOGIN, answering(401))
    session = make_session()
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await session.refresh()
        clock.advance(seconds=300)
    record = SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json())))
    for _ in range(2):
        with pytest.raises(SignInSuspended):
            await make_session(record=record).refresh()
    another = {"email": "b@example.org", "password": "b", "base_url": cloud.base_url.replace("127.0.0.1", "localhost")}
    with pytest.raises(WrongPassword):
        await make_session(record=record, **{change: another[change]}).refresh()
    assert cloud.logins() == 4
    assert "p+s&w" not in json.dumps(saved[-1].to_json())


async def test_a_person_may_try_once_an_hour_within_a_suspension(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(401))
    session = make_session()
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await session.refresh(by_hand=True)
        with pytest.raises(SignInSuspended) as caught:
            await session.refresh(by_hand=True)
        assert caught.value.until == clock.now + timedelta(seconds=300)
        clock.advance(seconds=300)
    for _ in range(2):
        with pytest.raises(SignInSuspended):
            await session.refresh()
        with pytest.raises(WrongPassword):
            await session.refresh(by_hand=True)
        session = make_session(record=saved[-1])
        with pytest.raises(SignInSuspended) as caught:
            await session.refresh(by_hand=True)
        assert caught.value.until == clock.now + timedelta(hours=1)
        clock.advance(hours=1)
    assert cloud.logins() == 5
    cloud.scripted.clear()
    await session.refresh(by_hand=True)
    assert standing(session) is TokenStatus.OK


async def test_a_refresh_by_hand_of_a_living_session_is_no_login(session: EnlightenSession, cloud: Cloud) -> None:
    await session.refresh()
    await session.refresh(by_hand=True)
    assert cloud.logins() == 1


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
    assert "other programs" in caught.value.hint
    with pytest.raises(SignInSuspended) as caught:
        await session.refresh(by_hand=True)
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
    for _ in range(2):
        await session.request("GET", SETTINGS, wish=True)
    with pytest.raises(BudgetExhausted):
        await session.request("GET", SETTINGS, wish=True)
    with spending_for(Purpose.END):
        await session.request("GET", SETTINGS)
        with pytest.raises(BudgetExhausted):
            await session.request("GET", SETTINGS)
    assert len(cloud.seen) == 9


async def test_refresh_by_hand_takes_none_of_what_polls_wishes_and_ends_need(
    make_session: Make, cloud: Cloud, clock: Clock
) -> None:
    session = make_session(requests_per_hour=60)
    for _ in range(90):
        clock.advance(seconds=20)
        with contextlib.suppress(BudgetExhausted):
            await session.refresh(by_hand=True)
    assert len(cloud.seen) == 30
    for _ in range(10):
        await session.request("GET", SETTINGS)
    await session.refresh()  # in its turn


async def test_an_end_may_sign_in_with_what_is_kept_for_ends(make_session: Make, cloud: Cloud) -> None:
    session = make_session(requests_per_hour=30)
    while True:
        try:
            await session.request("GET", SETTINGS, wish=True)
        except BudgetExhausted:
            break
    cloud.session = "another"  # the own one has ended
    with pytest.raises(BudgetExhausted):
        await session.request("GET", SETTINGS, wish=True)
    with spending_for(Purpose.END):
        await session.request("GET", SETTINGS)
    assert len(cloud.seen) <= 30


async def test_an_empty_budget_says_nothing_about_the_cloud(make_session: Make, cloud: Cloud) -> None:
    session = make_session(requests_per_hour=3)
    await session.refresh()
    cloud.script(READ, answering(503))
    with pytest.raises(Unreachable):
        await session.request("GET", SETTINGS, wish=True)
    with pytest.raises(BudgetExhausted):
        await session.request("GET", SETTINGS, wish=True)
    assert standing(session) is TokenStatus.UNREACHABLE


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
