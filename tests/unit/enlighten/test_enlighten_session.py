"""The request funnel: what a request carries, and what each answer means."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import (
    ConfigurationError,
    Conflict,
    EnlightenError,
    Forbidden,
    NotAvailable,
    NotFound,
    RateLimited,
    Refused,
    UnexpectedAnswer,
    Unreachable,
)
from tests.unit.enlighten.stand_in import (
    EMAIL,
    MAINTENANCE,
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
    standing,
    write,
)

Make = Callable[..., EnlightenSession]
READ = f"GET {SETTINGS}"
WRITE = f"PUT {SETTINGS}"


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


async def test_the_clouds_clock_is_known_by_its_newest_answer(session: EnlightenSession, cloud: Cloud) -> None:
    assert session.clock_offset == timedelta(0)
    cloud.script(
        READ,
        answering(body={}, Date="Tue, 01 Sep 2026 11:58:00 GMT"),
        answering(503, Date="Tue, 01 Sep 2026 12:00:07 GMT"),
        answering(body={}, Date="soon"),
    )
    await session.request("GET", SETTINGS)
    assert session.clock_offset == timedelta(minutes=-2)
    with pytest.raises(Unreachable):
        await session.request("GET", SETTINGS)
    assert session.clock_offset == timedelta(seconds=7)
    await session.request("GET", SETTINGS)
    assert session.clock_offset == timedelta(seconds=7)


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


STATUSES: list[tuple[Handler, type[EnlightenError]]] = [
    (answering(400), Refused),
    (answering(409), Conflict),
    (answering(422), Refused),
    (answering(500, text="Request contains INVALID or missing parameters required for schedules"), Refused),
    (answering(403), Forbidden),
    (answering(404, text=WALL), NotFound),
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
    assert session.condition.last_error is None


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
    [
        ("7", 7),
        ("Tue, 01 Sep 2026 12:00:30 GMT", 30),
        ("Tue, 01 Sep 2026 11:00:00 GMT", 0),
        ("soon", 60),
        ("", 60),
        ("-5", 60),
        ("1.5", 60),
        ("²", 60),
        ("86400", 3600),
        ("9" * 400, 3600),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 60),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
    ],
)
async def test_the_cloud_says_how_long_to_wait(
    session: EnlightenSession, cloud: Cloud, header: str, seconds: float
) -> None:
    cloud.script(READ, answering(429, Retry_After=header, Date="Tue, 01 Sep 2026 12:00:00 GMT"))
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
    assert (await session.request("GET", SETTINGS)).json is None
