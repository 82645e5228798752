"""Signing in: every answer of the cloud to it that is known."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from enphase_battery.enlighten.login import authenticity_token, site_in_path
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import (
    AccountBlocked,
    EnlightenError,
    MfaRequired,
    RateLimited,
    TooManySessions,
    UnexpectedAnswer,
    Unreachable,
    WrongPassword,
)
from tests.unit.enlighten.stand_in import EMAIL, MAINTENANCE, PASSWORD, SETTINGS, WALL, Cloud, Handler, answering

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from enphase_battery.enlighten.session import EnlightenSession

JSON_LOGIN, FORM, FORM_LOGIN = "POST /login/login.json", "GET /login", "POST /login/login"
NONCE = "login_otp_nonce=n; Path=/"
PAGE = '<!doctype html><input value="a+/b=&amp;" type="hidden" name="authenticity_token"><form action="/login/login">'


async def test_signs_in_and_the_request_is_answered(session: EnlightenSession, cloud: Cloud) -> None:
    answer = await session.request("GET", SETTINGS)
    assert answer.json
    assert cloud.seen == [JSON_LOGIN, "GET /users/self/token", f"GET {SETTINGS}"]
    assert session.token_status is TokenStatus.OK


async def test_the_password_is_encoded_and_the_agent_is_a_browser(session: EnlightenSession, cloud: Cloud) -> None:
    await session.refresh()
    request, body = cloud.sent(JSON_LOGIN)[0]
    assert parse_qs(body) == {"user[email]": [EMAIL], "user[password]": [PASSWORD]}
    assert "Mozilla" in request.headers["User-Agent"]
    assert "Cookie" not in request.headers


async def test_a_challenge_that_is_over_does_not_matter(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(JSON_LOGIN, answering(body={"manager_token": "m"}, cookies=(cloud.new_session(), NONCE)))
    await session.request("GET", SETTINGS)
    assert session.token_status is TokenStatus.OK


@pytest.mark.parametrize("body", [{}, None, {"message": "success", "session_id": "s", "manager_token": "m"}])
async def test_thin_and_full_answers_sign_in(session: EnlightenSession, cloud: Cloud, body: object) -> None:
    cloud.script(JSON_LOGIN, answering(body=body, cookies=(cloud.new_session(),)))
    await session.request("GET", SETTINGS)
    assert session.token_status is TokenStatus.OK


@pytest.mark.parametrize("name", ["enlighten_session", "_Enlighten_Session"])
async def test_other_names_of_the_session_cookie_count(session: EnlightenSession, cloud: Cloud, name: str) -> None:
    cloud.script(JSON_LOGIN, answering(body={}, cookies=(f"{name}=v",)))
    cloud.script("GET /users/self/token", answering(body=cloud.token_body()))
    await session.refresh()
    assert session.token_status is TokenStatus.OK


REFUSALS: list[tuple[Handler, type[EnlightenError], TokenStatus]] = [
    (answering(body={"requires_mfa": True}, cookies=(NONCE,)), MfaRequired, TokenStatus.MFA_REQUIRED),
    (answering(body={"mfa_required": True}), MfaRequired, TokenStatus.MFA_REQUIRED),
    (answering(body={"success": True, "isBlocked": False}, cookies=(NONCE,)), MfaRequired, TokenStatus.MFA_REQUIRED),
    (answering(body={"success": False, "isBlocked": True}), AccountBlocked, TokenStatus.BLOCKED),
    (answering(body={"isBlocked": True}, cookies=(NONCE,)), AccountBlocked, TokenStatus.BLOCKED),
    (answering(body={"success": False}), WrongPassword, TokenStatus.LOGIN_FAILED),
    (answering(401, body={"message": "Invalid"}), WrongPassword, TokenStatus.LOGIN_FAILED),
    (answering(403), WrongPassword, TokenStatus.LOGIN_FAILED),
    (answering(body={"message": "Too many active sessions. Sign out"}), TooManySessions, TokenStatus.BLOCKED),
    (answering(422, text="TOO MANY ACTIVE SESSIONS"), TooManySessions, TokenStatus.BLOCKED),
    (answering(body={"success": True}), UnexpectedAnswer, TokenStatus.LOGIN_FAILED),
    (answering(text=WALL), UnexpectedAnswer, TokenStatus.LOGIN_FAILED),
    (answering(429), RateLimited, TokenStatus.UNREACHABLE),
    (answering(503), Unreachable, TokenStatus.UNREACHABLE),
    (answering(text=MAINTENANCE), Unreachable, TokenStatus.UNREACHABLE),
]


@pytest.mark.parametrize(("answer", "error", "status"), REFUSALS)
async def test_each_refusal_has_its_own_error(
    session: EnlightenSession, cloud: Cloud, answer: Handler, error: type[EnlightenError], status: TokenStatus
) -> None:
    cloud.script(JSON_LOGIN, answer)
    with pytest.raises(error) as caught:
        await session.request("GET", SETTINGS)
    assert type(caught.value) is error
    assert session.token_status is status
    assert session.condition.last_error == caught.value.reason
    assert PASSWORD not in str(caught.value)
    assert f"GET {SETTINGS}" not in cloud.seen


@pytest.mark.parametrize(("error", "answer"), [(error, answer) for answer, error, _ in REFUSALS[:9:2]])
async def test_refusals_say_what_a_person_can_do(
    session: EnlightenSession, cloud: Cloud, error: type[EnlightenError], answer: Handler
) -> None:
    cloud.script(JSON_LOGIN, answer)
    with pytest.raises(error) as caught:
        await session.refresh()
    assert caught.value.hint


async def led_on(request: web.Request) -> web.StreamResponse:
    response = await answering(302, Location="/web/3141592?v=3.4.0", cookies=("hop=1; Path=/",))(request)
    response.headers.add("Set-Cookie", "_enlighten_4_session=form; Path=/")
    return response


@pytest.mark.parametrize("status", [404, 405, 406])
async def test_the_form_is_used_where_json_is_not_taken(
    make_session: Callable[..., EnlightenSession], cloud: Cloud, status: int
) -> None:
    cloud.session = "form"
    cloud.script(JSON_LOGIN, answering(status, text="<html>no</html>"))
    cloud.script(FORM, answering(text=PAGE, cookies=("_enlighten_4_session=anonymous; Path=/",)))
    cloud.script(FORM_LOGIN, led_on)
    cloud.script("GET /web/3141592", answering(text="<html>enphaseenergy.com</html>"))
    session = make_session()
    await session.request("GET", SETTINGS)
    request, body = cloud.sent(FORM_LOGIN)[0]
    assert parse_qs(body) == {
        "utf8": ["✓"],
        "authenticity_token": ["a+/b=&"],
        "user[email]": [EMAIL],
        "user[password]": [PASSWORD],
    }
    assert request.cookies["_enlighten_4_session"] == "anonymous"
    assert cloud.sent("GET /users/self/token")[0][0].cookies == {"_enlighten_4_session": "form", "hop": "1"}
    assert session.site_id == "3141592"


FORM_REFUSALS: list[tuple[Handler, Handler, type[EnlightenError]]] = [
    (answering(text=PAGE), answering(text=PAGE), WrongPassword),
    (answering(text=PAGE), answering(302, Location="/login"), WrongPassword),
    (answering(text=PAGE), answering(403), WrongPassword),
    (answering(text=PAGE), answering(text="<html>too many active sessions"), TooManySessions),
    (answering(text=PAGE), answering(text=PAGE, cookies=(NONCE,)), MfaRequired),
    (answering(text=PAGE), answering(text=MAINTENANCE), Unreachable),
    (answering(text=PAGE), answering(502), Unreachable),
    (answering(text=PAGE), answering(text="{}"), UnexpectedAnswer),
    (answering(text=PAGE), answering(302, Location="/web/1"), UnexpectedAnswer),
    (answering(text=PAGE), answering(302, Location="/gone"), Unreachable),
    (answering(text=MAINTENANCE), answering(), Unreachable),
    (answering(503), answering(), Unreachable),
    (answering(text=WALL), answering(), UnexpectedAnswer),
]


@pytest.mark.parametrize(("page", "answer", "error"), FORM_REFUSALS)
async def test_the_form_shows_failure_without_a_status(
    session: EnlightenSession, cloud: Cloud, page: Handler, answer: Handler, error: type[EnlightenError]
) -> None:
    cloud.script(JSON_LOGIN, answering(406))
    cloud.script(FORM, page)
    cloud.script(FORM_LOGIN, answer)
    cloud.script("GET /web/1", answering(text="<html>no cookie"))
    cloud.script("GET /gone", answering(503))
    with pytest.raises(error) as caught:
        await session.refresh()
    assert type(caught.value) is error


def test_the_forms_token_is_found_whatever_the_order_of_attributes() -> None:
    assert authenticity_token(PAGE) == "a+/b=&"
    assert (
        authenticity_token('<input name="authenticity_token" value="x"/><input name="authenticity_token" value="y">')
        == "x"
    )
    assert authenticity_token('<input name="other" value="x"><p name="authenticity_token" value="y">') is None
    assert authenticity_token("<INPUT type=hidden NAME = 'authenticity_token' VALUE=a/b=>") == "a/b="
    assert authenticity_token('<input value="<input" name="authenticity_token">') is None


@pytest.mark.parametrize(
    "page",
    [
        '<!-- <input name="authenticity_token" value="old"> -->',
        '<!-- <input name="authenticity_token" value="old">',
        '<script>a = \'<input name="authenticity_token" value="old">\'</script>',
        "authenticity_token",
    ],
)
def test_a_token_that_stands_aside_does_not_count(page: str) -> None:
    assert authenticity_token(page) is None
    assert authenticity_token(f"{page}-->{PAGE}") == "a+/b=&"


@pytest.mark.parametrize(
    "unit",
    [
        *("<", "<a ", "<!--", "<a a=", "<!", "</", "<?", "<script><", "<a '", '<a x="', "&a", "<![CDATA[", "</script"),
        *("<input ", "<input name=authenticity_token ", "authenticity_token", "<!-->", "<input authenticity_token='"),
        *('<input name="authenticity_token" value=', '<input name="authenticity_token" value="&', " "),
    ],
)
def test_no_page_keeps_the_event_loop_for_long(unit: str) -> None:
    page = f"<html>{unit * (1_000_000 // len(unit))}"
    before = perf_counter()
    authenticity_token(page)
    assert perf_counter() - before < 0.5  # 0.02 on an idle machine


@pytest.mark.parametrize("path", ["/web/314", "/pv/systems/314", "/systems/314/overview"])
def test_the_site_is_read_from_an_address(path: str) -> None:
    assert site_in_path(path) == "314"


def test_other_addresses_name_no_site() -> None:
    assert site_in_path("/web/home") is None
