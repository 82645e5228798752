"""The XSRF token: where it comes from, when it is sent, when it is fetched anew."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from enphase_battery.errors import EnlightenError, Forbidden, Refused, Unreachable
from tests.unit.enlighten.stand_in import (
    BC,
    IS_VALID,
    MAINTENANCE,
    SETTINGS,
    SITE,
    STATUS,
    USER,
    Clock,
    Cloud,
    Handler,
    answering,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from enphase_battery.enlighten.record import SessionRecord
    from enphase_battery.enlighten.session import EnlightenSession

POISON = ("BP-XSRF-Token=poison; Path=/", "_enlighten_4_session=anonymous; Path=/")

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
    await write(session)
    assert cloud.seen[-2:] == [READ, WRITE]
    assert cloud.sent(READ)[0][0].query == {"userId": USER}


async def test_a_write_with_an_old_token_is_repeated_once_with_a_fresh_one(
    session: EnlightenSession, cloud: Cloud
) -> None:
    await session.request("GET", SETTINGS)
    cloud.xsrf = "x-1"
    await write(session)
    assert cloud.seen[-3:] == [WRITE, READ, WRITE]


async def test_a_write_that_stays_forbidden_is_given_up(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(WRITE, answering(403))
    with pytest.raises(Forbidden):
        await write(session)
    assert cloud.seen.count(READ) == 2
    assert cloud.logins() == 1
    before = len(cloud.seen)
    with pytest.raises(Forbidden):
        await write(session)
    assert cloud.seen[before:] == [WRITE, READ, WRITE]


async def test_a_write_in_an_outage_of_the_token_is_not_sent(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(503))
    with pytest.raises(Unreachable):
        await write(session)
    assert WRITE not in cloud.seen


async def test_a_site_that_hands_out_no_token_is_written_to_without(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(READ, answering(404))
    cloud.script(WRITE, answering(body={"message": "success"}))
    await write(session)
    assert "X-XSRF-Token" not in cloud.sent(WRITE)[0][0].headers


async def test_a_login_ends_the_xsrf_token(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    await session.request("GET", SETTINGS)
    clock.advance(minutes=5)
    cloud.session, cloud.xsrf = "other", "x-1"
    await write(session)
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


async def test_a_token_that_rotates_just_before_the_write_is_fetched_anew_once(
    session: EnlightenSession, cloud: Cloud
) -> None:
    await session.request("GET", SETTINGS)
    cloud.script(WRITE, answering(403), answering(body={"message": "success"}))
    before = len(cloud.seen)
    await write(session)
    assert cloud.seen[before:] == [WRITE, READ, WRITE]


@pytest.mark.parametrize(
    "reply",
    [
        answering(body={}, x_csrf_token="a=/b;c d"),
        answering(body={}, cookies=("BP-XSRF-Token=a%3D%2Fb%3Bc%20d; Path=/",)),
        answering(body={}, cookies=('BP-XSRF-Token="a%3D%2Fb%3Bc%20d"; Path=/elsewhere',)),
        answering(body={}, cookies=("bp-xsrf-token=a%3D%2Fb%3Bc%20d",)),
        answering(body={}, cookies=("BP-XSRF-Token=old; Path=/", "BP-XSRF-Token=a%3D%2Fb%3Bc%20d; Path=/x")),
    ],
)
async def test_header_and_cookie_always_say_the_same(session: EnlightenSession, cloud: Cloud, reply: Handler) -> None:
    await session.request("GET", SETTINGS)
    cloud.script(READ, reply)
    cloud.script(WRITE, answering(body={}))
    await session.request("GET", SETTINGS)
    await write(session)
    request, _ = cloud.sent(WRITE)[0]
    assert request.headers["X-XSRF-Token"] == "a=/b;c d"
    sent = [pair for pair in request.headers["Cookie"].split("; ") if pair.casefold().startswith("bp-xsrf-token=")]
    assert [unquote(pair.partition("=")[2].strip('"')) for pair in sent] == ["a=/b;c d"]


@pytest.mark.parametrize("value", ["a%0d%0aX:%20y", "%00", "%C3%BC", '""', "", "%20"])
async def test_a_token_that_could_not_be_sent_is_not_taken(session: EnlightenSession, cloud: Cloud, value: str) -> None:
    await session.request("GET", SETTINGS)
    cloud.script(READ, answering(body={}, cookies=(f"BP-XSRF-Token={value}; Path=/",)))
    await session.request("GET", SETTINGS)
    await write(session)
    assert cloud.sent(WRITE)[0][0].headers["X-XSRF-Token"] == "x-0"


@pytest.mark.parametrize(
    "reply",
    [
        answering(403, cookies=POISON, x_csrf_token="poison"),
        answering(400, cookies=POISON, x_csrf_token="poison"),
        answering(503, cookies=POISON, x_csrf_token="poison"),
        answering(text=MAINTENANCE, cookies=POISON, x_csrf_token="poison"),
        answering(body={"isValid": False}, cookies=POISON[:1], x_csrf_token="poison"),
    ],
)
async def test_a_bad_answer_poisons_neither_token_nor_session(
    session: EnlightenSession, cloud: Cloud, reply: Handler
) -> None:
    await session.request("GET", SETTINGS)
    cloud.script(f"POST {IS_VALID}", reply)
    with contextlib.suppress(EnlightenError):
        await session.request("POST", IS_VALID, body={}, xsrf_from=SETTINGS, optional=True)
    await write(session)
    request, _ = cloud.sent(WRITE)[0]
    assert request.headers["X-XSRF-Token"] == "x-0"
    assert request.cookies == {"_enlighten_4_session": cloud.session, "BP-XSRF-Token": "x-0"}


async def test_a_session_killed_between_a_schedule_and_its_apply_costs_one_login_and_a_new_token(
    session: EnlightenSession, cloud: Cloud
) -> None:
    create = f"{BC}/battery/sites/{SITE}/schedules"
    await session.request("GET", SETTINGS)
    await session.request("POST", create, body={}, xsrf_from=SETTINGS, wish=True)
    cloud.session, cloud.xsrf = "killed", "x-1"
    before = len(cloud.seen)
    await write(session)
    login = ["GET /users/self/token", "POST /login/login.json", "GET /users/self/token"]
    assert cloud.seen[before:] == [WRITE, *login, READ, WRITE]
    assert cloud.seen.count(f"POST {create}") == 1


async def test_the_token_outlives_a_restart(
    make_session: Callable[..., EnlightenSession], cloud: Cloud, saved: list[SessionRecord]
) -> None:
    session = make_session()
    await session.request("GET", SETTINGS)
    await session.close()
    before = len(cloud.seen)
    await write(make_session(record=saved[-1]))
    assert cloud.seen[before:] == [WRITE]


async def test_a_token_that_only_an_older_record_knows_gets_its_cookie(
    make_session: Callable[..., EnlightenSession], cloud: Cloud, saved: list[SessionRecord]
) -> None:
    await make_session().refresh()
    await write(make_session(record=replace(saved[-1], xsrf="x-0")))
    assert cloud.sent(WRITE)[0][0].cookies["BP-XSRF-Token"] == "x-0"
