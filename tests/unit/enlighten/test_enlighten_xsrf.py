"""The XSRF token: where it comes from, when it is sent, when it is fetched anew."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from enphase_battery.errors import (
    Forbidden,
    Refused,
    Unreachable,
)
from tests.unit.enlighten.stand_in import (
    IS_VALID,
    SETTINGS,
    STATUS,
    USER,
    Clock,
    Cloud,
    Handler,
    answering,
    write,
)

if TYPE_CHECKING:
    from enphase_battery.enlighten.session import EnlightenSession

READ = f"GET {SETTINGS}"
WRITE = f"PUT {SETTINGS}"


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
