"""Shapes of headers: what each is made of, which is tried when, and what is remembered of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.shapes import READS, WRITES, Ladders, Proofs, Shape, headers
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.enlighten.transport import Call
from enphase_battery.errors import Forbidden, NoCodeExpected, SessionRejected, Unreachable
from tests.unit.enlighten.stand_in import (
    BC,
    IS_VALID,
    SETTINGS,
    SITE,
    USER,
    WALL,
    Clock,
    Cloud,
    Handler,
    answering,
    standing,
    write,
)

if TYPE_CHECKING:
    from aiohttp import web

Make = Callable[..., EnlightenSession]
LOGIN, MINT = "POST /login/login.json", "GET /users/self/token"
READ, WRITE = f"GET {SETTINGS}", f"PUT {SETTINGS}"
SCHEDULES = f"{BC}/battery/sites/{SITE}/schedules"
MANAGER = "enlighten_manager_token_production=manager; Path=/"
ALL = Proofs(token="jwt", manager="manager", xsrf="x", csrf="c")


def shape_of(request: web.Request) -> Shape:
    """By what it carries, the shape that a request has."""
    token, sent = request.headers.get("e-auth-token"), request.headers
    if "Cookie" not in sent:
        return Shape.TOKEN
    if "Authorization" in sent:
        return Shape.MIXED
    if token == "manager":
        return Shape.MANAGER_TOKEN
    return Shape.COOKIES if token is None else Shape.TOKEN_AND_COOKIES


def taking(shape: Shape | None, refusal: Handler, reply: Handler | None = None) -> Handler:
    """A cloud that answers one shape only; None: it answers none."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if shape_of(request) is not shape:
            return await refusal(request)
        fine = answering(body={"data": {"chargeFromGrid": True}}, cookies=("BP-XSRF-Token=x-0; Path=/",))
        return await (reply or fine)(request)

    return handler


def shapes(cloud: Cloud, name: str) -> list[Shape]:
    return [shape_of(request) for request, _ in cloud.sent(name)]


async def signed_in(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    """With a manager cookie, and a while ago."""
    cloud.script(LOGIN, answering(body={"session_id": "s"}, cookies=(cloud.new_session(), MANAGER)))
    await session.refresh()
    cloud.scripted.clear()
    clock.advance(hours=1)


# --- what they are made of


def test_each_shape_carries_its_proofs_and_no_others() -> None:
    def made(shape: Shape, *, write: bool) -> dict[str, str]:
        usual = {"Accept", "Origin", "Referer", "Username", "requestid"}
        found = headers(shape, ALL, base_url="https://host", write=write, username=USER)
        assert found["Username"] == USER
        return {name: value for name, value in found.items() if name not in usual}

    by_token = {"e-auth-token": "jwt"}
    xsrf = {"X-XSRF-Token": "x"}
    assert made(Shape.TOKEN_AND_COOKIES, write=False) == made(Shape.TOKEN, write=False) == by_token
    assert made(Shape.TOKEN_AND_COOKIES, write=True) == made(Shape.TOKEN, write=True) == {**by_token, **xsrf}
    assert made(Shape.COOKIES, write=False) == {}
    assert made(Shape.COOKIES, write=True) == xsrf
    by_manager = {"e-auth-token": "manager", "X-Requested-With": "XMLHttpRequest"}
    assert made(Shape.MANAGER_TOKEN, write=True) == {**by_manager, **xsrf}
    everything = {**by_token, "Authorization": "Bearer manager"}
    assert made(Shape.MIXED, write=False) == everything
    assert made(Shape.MIXED, write=True) == {**everything, **xsrf, "X-CSRF-Token": "c"}


@pytest.mark.parametrize("shape", [*READS, *WRITES])
def test_the_battery_service_is_asked_as_by_its_own_page(shape: Shape) -> None:
    made = headers(shape, ALL, base_url="https://host", write=True, username=None)
    assert made["Origin"] == "https://battery-profile-ui.enphaseenergy.com"
    assert made["Referer"] == "https://battery-profile-ui.enphaseenergy.com/"
    assert ("requestid" in made) is (shape in (Shape.COOKIES, Shape.TOKEN))
    assert "Username" not in made
    assert shape.with_cookies is (shape is not Shape.TOKEN)


def test_each_request_has_an_id_of_its_own() -> None:
    first, second = (headers(Shape.COOKIES, ALL, base_url="https://host", write=False, username=None) for _ in range(2))
    assert first["requestid"] != second["requestid"]


def test_a_shape_without_its_proofs_is_none() -> None:
    nothing = Proofs()
    assert {shape for shape in Shape if nothing.suffice(shape)} == {
        Shape.SITE,
        Shape.TOKEN_AND_COOKIES,
        Shape.COOKIES,
    }
    assert all(ALL.suffice(shape) for shape in Shape)
    assert not Proofs(token="jwt", manager="manager").suffice(Shape.MANAGER_TOKEN)
    without_manager = headers(Shape.MIXED, Proofs(token="jwt"), base_url="https://host", write=False, username=None)
    assert without_manager["Authorization"] == "Bearer jwt"


def test_proofs_are_not_shown() -> None:
    assert "jwt" not in repr(ALL)
    assert "manager" not in repr(ALL)


# --- which is tried when


@pytest.mark.parametrize("refusal", [answering(401), answering(403), answering(text=WALL)])
@pytest.mark.parametrize("taken", [Shape.COOKIES, Shape.MIXED, Shape.TOKEN])
async def test_a_read_finds_the_shape_that_the_cloud_takes(
    session: EnlightenSession, cloud: Cloud, clock: Clock, refusal: Handler, taken: Shape
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, taking(taken, refusal))
    before = len(cloud.seen)
    assert (await session.request("GET", SETTINGS, username=USER)).json
    climbed = list(READS[: READS.index(taken) + 1])
    assert shapes(cloud, READ) == climbed
    assert cloud.seen[before:] == [READ, MINT, *[READ] * (len(climbed) - 1)]
    await session.request("GET", SETTINGS, username=USER)
    assert shapes(cloud, READ)[-1] is taken
    assert cloud.seen.count(MINT) == 2
    assert cloud.logins() == 1


@pytest.mark.parametrize("refusal", [answering(403), answering(401)])
@pytest.mark.parametrize("taken", [Shape.MANAGER_TOKEN, Shape.COOKIES, Shape.MIXED, Shape.TOKEN])
async def test_a_write_finds_the_shape_that_the_cloud_takes(
    session: EnlightenSession, cloud: Cloud, clock: Clock, refusal: Handler, taken: Shape
) -> None:
    await signed_in(session, cloud, clock)
    await session.request("GET", SETTINGS)
    cloud.script(WRITE, taking(taken, refusal))
    await write(session)
    tried = shapes(cloud, WRITE)
    assert list(dict.fromkeys(tried)) == list(WRITES[: WRITES.index(taken) + 1])
    await write(session)
    assert shapes(cloud, WRITE) == [*tried, taken]
    assert cloud.logins() == 1


async def test_the_manager_tokens_write_says_the_same_in_header_and_cookie(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.xsrf = "a%3D%2Fb"
    await session.request("GET", SETTINGS)
    cloud.script(WRITE, taking(Shape.MANAGER_TOKEN, answering(401)))
    reads = cloud.seen.count(READ)
    await write(session)
    request, _ = cloud.sent(WRITE)[-1]
    assert request.headers["X-XSRF-Token"] == "a=/b"
    assert "BP-XSRF-Token=a%3D%2Fb" in request.headers["Cookie"]
    assert "enlighten_manager_token_production=manager" in request.headers["Cookie"]
    assert cloud.seen.count(READ) == reads


async def test_who_comes_without_cookies_is_given_new_ones_which_are_not_kept(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    stranger = answering(body={"data": 1}, cookies=("_enlighten_4_session=anonymous; Path=/",))
    cloud.script(READ, taking(Shape.TOKEN, answering(401), stranger))
    await session.request("GET", SETTINGS)
    await session.refresh()
    assert "anonymous" not in cloud.sent(MINT)[-1][0].headers["Cookie"]
    assert cloud.logins() == 1


async def test_a_dead_session_is_not_climbed_on(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    await signed_in(session, cloud, clock)
    cloud.session = "other"
    before = len(cloud.seen)
    await session.request("GET", SETTINGS)
    assert cloud.seen[before:] == [READ, MINT, LOGIN, MINT, READ]
    assert shapes(cloud, READ) == [Shape.TOKEN_AND_COOKIES] * 2


async def test_a_session_that_dies_in_an_era_that_has_changed_climbs_after_its_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.session = "other"
    cloud.script(READ, taking(Shape.COOKIES, answering(text=WALL)))
    await session.request("GET", SETTINGS)
    assert shapes(cloud, READ) == [Shape.TOKEN_AND_COOKIES, Shape.TOKEN_AND_COOKIES, Shape.COOKIES]
    assert cloud.logins() == 2


async def test_many_requests_at_once_ask_once_whether_the_session_lives(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, taking(Shape.COOKIES, answering(text=WALL)))
    answers = await asyncio.gather(*(session.request("GET", SETTINGS) for _ in range(10)))
    assert all(answer.json for answer in answers)
    assert (cloud.logins(), cloud.seen.count(MINT)) == (1, 2)
    assert len(cloud.sent(READ)) <= 30


async def test_an_outage_does_not_climb(session: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, answering(401))
    cloud.script(MINT, answering(503))
    cloud.script("GET /app-api/jwt_token.json", answering(503))
    with pytest.raises(Unreachable):
        await session.request("GET", SETTINGS)
    assert len(cloud.sent(READ)) == 1
    assert cloud.logins() == 1


# --- what is remembered


async def test_the_shape_that_worked_outlives_a_restart(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    await signed_in(session, cloud, clock)
    cloud.script(READ, taking(Shape.COOKIES, answering(text=WALL)))
    await session.request("GET", SETTINGS)
    record = SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json())))
    before = len(cloud.seen)
    await make_session(record=record).request("GET", SETTINGS)
    assert cloud.seen[before:] == [READ]


async def test_another_endpoint_learns_from_the_first_and_another_site_does_not(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    only_cookies = taking(Shape.COOKIES, answering(text=WALL))
    cloud.script(READ, only_cookies)
    cloud.script(f"GET {SCHEDULES}", only_cookies)
    await session.request("GET", SETTINGS)
    await session.request("GET", SCHEDULES)
    await session.request("GET", f"{BC}/batterySettings/1")
    assert shapes(cloud, f"GET {SCHEDULES}") == [Shape.COOKIES]
    assert shapes(cloud, f"GET {BC}/batterySettings/1") == [Shape.TOKEN_AND_COOKIES]


async def test_endpoints_that_need_different_shapes_do_not_climb_for_ever(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, taking(Shape.TOKEN_AND_COOKIES, answering(401)))
    cloud.script(f"GET {SCHEDULES}", taking(Shape.COOKIES, answering(401)))
    for _ in range(2):
        await session.request("GET", SETTINGS)
        await session.request("GET", SCHEDULES)
    before = len(cloud.seen)
    for _ in range(3):
        await session.request("GET", SETTINGS)
        await session.request("GET", SCHEDULES)
    assert len(cloud.seen) == before + 6


@pytest.mark.parametrize(("refusal", "error"), [(answering(401), SessionRejected), (answering(403), Forbidden)])
async def test_an_endpoint_that_refuses_everything_costs_one_climb_and_one_login_a_day(
    session: EnlightenSession, cloud: Cloud, clock: Clock, refusal: Handler, error: type[Exception]
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, refusal)
    with pytest.raises(error):
        await session.request("GET", SETTINGS)
    assert shapes(cloud, READ) == [*READS, Shape.TOKEN_AND_COOKIES]
    assert (cloud.logins(), cloud.seen.count(MINT)) == (2, 3)
    before = len(cloud.seen)
    for _ in range(8):
        clock.advance(hours=1)
        with pytest.raises(error):
            await session.request("GET", SETTINGS)
    asked = cloud.seen[before:]
    assert (asked.count(READ), asked.count(MINT), len(asked)) == (8, 8, 16), "one cheap question an hour"
    usual, *others = READS
    assert shapes(cloud, READ)[-8:] == [usual, others[0], usual, others[1], usual, others[2], usual, usual]


async def test_an_endpoint_that_was_given_up_is_found_again_in_another_shape(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, answering(401))
    with pytest.raises(SessionRejected):
        await session.request("GET", SETTINGS)
    cloud.script(READ, taking(Shape.MIXED, answering(text=WALL)))
    answered = 0
    for _ in range(6):
        try:
            await session.request("GET", SETTINGS)
        except SessionRejected:
            assert not answered
        else:
            answered += 1
    assert answered >= 3
    assert cloud.logins() == 2


async def test_endpoints_that_refuse_everything_at_once_share_that_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    paths = (SETTINGS, SCHEDULES, f"{BC}/profile/{SITE}")
    for path in paths:
        cloud.script(f"GET {path}", answering(403))
    outcomes = await asyncio.gather(*(session.request("GET", path) for path in paths), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Forbidden}
    assert cloud.logins() == 2


async def test_without_a_mint_that_could_tell_a_refused_session_costs_one_login_a_day(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(MINT, answering(404))
    cloud.script("GET /app-api/jwt_token.json", answering(404))
    await session.refresh()
    cloud.script("GET /pv/x", answering(401))
    for _ in range(3):
        clock.advance(hours=1)
        with pytest.raises(SessionRejected):
            await session.request("GET", "/pv/x")
    assert cloud.logins() == 2


async def test_a_login_that_is_only_tried_does_not_cost_the_living_session(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, answering(403))
    cloud.script(LOGIN, answering(401))
    with pytest.raises(Forbidden):
        await session.request("GET", SETTINGS)
    assert (await session.request("GET", SCHEDULES)).json
    assert cloud.logins() == 2


async def test_nobody_is_asked_for_a_code_because_of_one_endpoint(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    cloud.script(READ, answering(403))
    cloud.script(LOGIN, answering(body={"requires_mfa": True}, cookies=("login_otp_nonce=n; Path=/",)))
    with pytest.raises(Forbidden):
        await session.request("GET", SETTINGS)
    assert (await session.request("GET", SCHEDULES)).json
    assert standing(session) is TokenStatus.OK
    with pytest.raises(NoCodeExpected):
        await session.submit_code("123456")
    clock.advance(days=2)
    with pytest.raises(Forbidden):
        await session.request("GET", SETTINGS)
    assert cloud.logins() == 2


# --- what is optional


@pytest.mark.parametrize("status", [401, 403])
async def test_what_is_optional_costs_neither_climb_nor_login(
    session: EnlightenSession, cloud: Cloud, clock: Clock, status: int
) -> None:
    await signed_in(session, cloud, clock)
    await session.request("GET", SETTINGS)
    cloud.script(f"POST {IS_VALID}", answering(status))

    async def validate() -> None:
        await session.request("POST", IS_VALID, body={}, username=USER, xsrf_from=SETTINGS, optional=True)

    before = len(cloud.seen)
    with pytest.raises(Forbidden):
        await validate()
    spent = [f"POST {IS_VALID}", READ, f"POST {IS_VALID}"] if status == 403 else [f"POST {IS_VALID}", MINT]
    assert cloud.seen[before:] == spent
    with pytest.raises(Forbidden):
        await validate()
    assert cloud.seen[before + len(spent) :] == [f"POST {IS_VALID}"]
    assert cloud.logins() == 1


async def test_what_is_optional_also_notices_a_dead_session(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    await signed_in(session, cloud, clock)
    await session.request("GET", SETTINGS)
    cloud.session = "other"
    await session.request("POST", IS_VALID, body={}, username=USER, xsrf_from=SETTINGS, optional=True)
    assert cloud.logins() == 2


# --- the ladder by itself


def test_a_winner_of_the_other_kind_is_not_taken_over() -> None:
    known = {f"{SITE} reads": Shape.MANAGER_TOKEN}
    ladders = Ladders(lambda: known, lambda winners: None)
    assert ladders.order(Call("GET", SETTINGS)) == READS
    assert ladders.order(Call("GET", "/pv/x")) == (Shape.SITE,)


def test_what_worked_at_once_is_not_stored() -> None:
    stored: list[object] = []
    ladders = Ladders(dict, stored.append)
    ladders.worked(Call("GET", SETTINGS), Shape.TOKEN_AND_COOKIES)
    ladders.worked(Call("GET", "/pv/x"), Shape.SITE)
    assert stored == []
