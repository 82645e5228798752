"""The second factor: a sign-in that waits for its code, and what becomes of it."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.session import EnlightenSession
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import (
    AccountBlocked,
    CodeRefused,
    EnlightenError,
    MfaRequired,
    NoCodeExpected,
    RateLimited,
    SessionRejected,
    SignInSuspended,
    UnexpectedAnswer,
    Unreachable,
    WrongPassword,
)
from tests.unit.enlighten.stand_in import (
    EMAIL,
    MAINTENANCE,
    NOW,
    SETTINGS,
    WALL,
    Clock,
    Cloud,
    Handler,
    answering,
    standing,
)

if TYPE_CHECKING:
    from aiohttp import web

Make = Callable[..., EnlightenSession]
LOGIN, FORM, FORM_LOGIN = "POST /login/login.json", "GET /login", "POST /login/login"
VALIDATE, RESEND = "POST /app-api/validate_login_otp", "POST /app-api/generate_mfa_login_otp"
CODE = "123456"
NONCE = "login_otp_nonce=hush-1; Path=/"
PRE = "_enlighten_4_session=pre; Path=/"
CHALLENGE = answering(body={"requires_mfa": True}, cookies=(NONCE, PRE, "XSRF-TOKEN=a%3D; Path=/"))
WRONG = answering(body={"isValid": False, "isBlocked": False})
SENT = answering(body={"success": True, "isBlocked": False}, cookies=("login_otp_nonce=hush-2; Path=/",))
PAGE = '<!doctype html><input name="authenticity_token" value="x"><form action="/login/login">'


def right(cloud: Cloud, body: object = None) -> Handler:
    """The answer to the right code: the session cookie is upgraded."""
    full = {
        "message": "success",
        "session_id": "s",
        "manager_token": "m",
        "system_id": "42",
        "isValidMobileNumber": True,
    }
    return answering(body=full if body is None else body, cookies=(cloud.new_session(),))


@pytest.fixture
async def waiting(session: EnlightenSession, cloud: Cloud) -> EnlightenSession:
    """A session that waits for its code."""
    cloud.script(LOGIN, CHALLENGE)
    with pytest.raises(MfaRequired):
        await session.refresh()
    return session


# --- the question


@pytest.mark.parametrize(
    "challenge",
    [
        CHALLENGE,
        answering(body={"success": True, "isBlocked": False}, cookies=(NONCE, PRE)),
        answering(body={"mfa_required": True}, cookies=(PRE,)),
    ],
)
async def test_a_right_code_completes_the_sign_in(session: EnlightenSession, cloud: Cloud, challenge: Handler) -> None:
    cloud.script(LOGIN, challenge)
    with pytest.raises(MfaRequired) as caught:
        await session.request("GET", SETTINGS)
    assert "otp" in caught.value.hint
    assert standing(session) is TokenStatus.MFA_REQUIRED
    cloud.script(VALIDATE, right(cloud))
    await session.submit_code(f" {CODE[:3]} {CODE[3:]}\n")
    assert standing(session) is TokenStatus.OK
    assert (session.site_id, session.condition.second_factor, session.condition.last_error) == ("42", True, None)
    assert (await session.request("GET", SETTINGS)).json
    assert cloud.logins() == 1


async def test_the_form_asks_for_a_code_too(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(LOGIN, answering(406))
    cloud.script(FORM, answering(text=PAGE, cookies=("_enlighten_4_session=anonymous; Path=/",)))
    cloud.script(FORM_LOGIN, answering(text=PAGE, cookies=(NONCE, PRE)))
    with pytest.raises(MfaRequired):
        await session.refresh()
    cloud.script(VALIDATE, right(cloud))
    await session.submit_code(CODE)
    assert standing(session) is TokenStatus.OK
    assert cloud.sent(VALIDATE)[0][0].cookies["_enlighten_4_session"] == "pre"


async def test_the_code_is_sent_as_the_web_app_sends_it(waiting: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(VALIDATE, right(cloud))
    await waiting.submit_code(CODE)
    request, body = cloud.sent(VALIDATE)[0]
    assert parse_qs(body) == {
        "email": [base64.b64encode(EMAIL.encode()).decode()],
        "otp": [base64.b64encode(CODE.encode()).decode()],
        "xhrFields[withCredentials]": ["true"],
    }
    assert request.headers["X-CSRF-Token"] == "a="
    assert request.cookies == {
        "_enlighten_4_session": "pre",
        "login_otp_nonce": "hush-1",
        "XSRF-TOKEN": "a%3D",
        "email": EMAIL,
    }


async def test_nothing_is_sent_by_itself_while_a_code_is_awaited(
    waiting: EnlightenSession, make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    sent = len(cloud.seen)
    restarted = make_session(record=SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json()))))
    for session in (waiting, restarted):
        for _ in range(3):
            clock.advance(days=1)
            with pytest.raises(MfaRequired):
                await session.request("GET", SETTINGS)
            with pytest.raises(MfaRequired):
                await session.refresh()
            assert standing(session) is TokenStatus.MFA_REQUIRED
    assert len(cloud.seen) == sent


async def test_a_session_that_died_is_not_tried_again_after_a_restart_while_a_code_is_awaited(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    session = make_session()
    await session.request("GET", SETTINGS)
    clock.advance(hours=1)
    cloud.session = "other"
    cloud.script(LOGIN, CHALLENGE)
    with pytest.raises(MfaRequired):
        await session.request("GET", SETTINGS)
    sent = len(cloud.seen)
    with pytest.raises(MfaRequired):
        await make_session(record=saved[-1]).request("GET", SETTINGS)
    assert len(cloud.seen) == sent


async def test_the_code_may_come_after_a_restart(
    waiting: EnlightenSession, make_session: Make, cloud: Cloud, saved: list[SessionRecord]
) -> None:
    again = make_session(record=SessionRecord.from_json(json.loads(json.dumps(saved[-1].to_json()))))
    cloud.script(VALIDATE, right(cloud))
    await again.submit_code(CODE)
    assert cloud.sent(VALIDATE)[0][0].cookies["login_otp_nonce"] == "hush-1"
    assert standing(make_session(record=saved[-1])) is TokenStatus.OK
    assert make_session(record=saved[-1]).condition.second_factor


async def test_a_session_that_was_had_with_a_code_is_at_stake_once_it_was_idle_for_a_while(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    idle = timedelta(minutes=15)
    cloud.script(VALIDATE, right(cloud))
    await waiting.submit_code(CODE)
    clock.now += timedelta(minutes=14)
    assert not waiting.is_at_stake(idle)
    clock.now += timedelta(minutes=1)
    assert waiting.is_at_stake(idle)
    await waiting.refresh()
    assert not waiting.is_at_stake(idle)


async def test_a_session_that_the_app_can_have_back_by_itself_is_never_at_stake(
    session: EnlightenSession, clock: Clock
) -> None:
    await session.refresh()
    clock.now += timedelta(days=1)
    assert not session.is_at_stake(timedelta(minutes=15))


async def test_nobody_waits_for_a_code(session: EnlightenSession, cloud: Cloud) -> None:
    await session.refresh()
    sent = len(cloud.seen)
    with pytest.raises(NoCodeExpected):
        await session.submit_code(CODE)
    with pytest.raises(NoCodeExpected):
        await session.resend_code()
    assert len(cloud.seen) == sent
    assert standing(session) is TokenStatus.OK
    assert not session.condition.second_factor
    assert session.condition.last_error is None


# --- what the cloud says to a code


ANSWERS: list[tuple[Handler, type[EnlightenError]]] = [
    (WRONG, CodeRefused),
    (answering(body={"success": False}), CodeRefused),
    *((answering(status), CodeRefused) for status in (400, 401, 403, 404, 409, 422)),
    (answering(text=WALL, cookies=("_enlighten_4_session=anonymous; Path=/",)), CodeRefused),
    (answering(204), CodeRefused),
    (answering(text=""), CodeRefused),
    (answering(body={"manager_token": "m"}), CodeRefused),
    (answering(body={"isValid": True}), UnexpectedAnswer),
    (answering(418), UnexpectedAnswer),
    (answering(body={"isValid": False, "isBlocked": True}), AccountBlocked),
    (answering(429), AccountBlocked),
    (answering(500), Unreachable),
    (answering(text=MAINTENANCE), Unreachable),
]


@pytest.mark.parametrize(("answer", "error"), ANSWERS)
async def test_each_answer_to_a_code_has_its_meaning(
    waiting: EnlightenSession, cloud: Cloud, answer: Handler, error: type[EnlightenError]
) -> None:
    cloud.script(VALIDATE, answer)
    with pytest.raises(error) as caught:
        await waiting.submit_code(CODE)
    assert waiting.condition.last_error == caught.value.reason
    assert CODE not in str(caught.value) + caught.value.hint + repr(caught.value)
    assert cloud.logins() == 1


@pytest.mark.parametrize("answer", [each for each, error in ANSWERS if error in (CodeRefused, Unreachable)])
async def test_the_right_code_is_still_taken_after_a_wrong_one(
    waiting: EnlightenSession, cloud: Cloud, answer: Handler
) -> None:
    cloud.script(VALIDATE, answer, right(cloud))
    with pytest.raises(EnlightenError):
        await waiting.submit_code(CODE)
    assert standing(waiting) is TokenStatus.MFA_REQUIRED
    await waiting.submit_code(CODE)
    assert cloud.sent(VALIDATE)[1][0].cookies["_enlighten_4_session"] == "pre"
    assert standing(waiting) is TokenStatus.OK


@pytest.mark.parametrize(("status", "body"), [(204, None), (200, None), (200, {}), (200, {"message": "success"})])
async def test_a_thin_success_is_known_by_its_cookies(
    waiting: EnlightenSession, cloud: Cloud, status: int, body: object
) -> None:
    cloud.script(VALIDATE, answering(status, body=body, cookies=(cloud.new_session(),)))
    await waiting.submit_code(CODE)
    assert standing(waiting) is TokenStatus.OK


async def test_a_session_that_gets_no_token_leaves_the_question_open(waiting: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(VALIDATE, right(cloud))
    cloud.session = "other"
    with pytest.raises(SessionRejected):
        await waiting.submit_code(CODE)
    assert standing(waiting) is TokenStatus.MFA_REQUIRED


@pytest.mark.parametrize("code", ["", "  ", "12", "1234567890123", "12-34", "\uff11\uff12\uff13\uff14"])
async def test_what_is_no_code_is_not_sent(waiting: EnlightenSession, cloud: Cloud, code: str) -> None:
    for _ in range(4):
        with pytest.raises(CodeRefused):
            await waiting.submit_code(code)
    assert VALIDATE not in cloud.seen


async def test_a_session_that_was_restored_from_an_outage_of_the_mint_is_taken(
    waiting: EnlightenSession, cloud: Cloud
) -> None:
    cloud.script(VALIDATE, right(cloud))
    cloud.script("GET /users/self/token", answering(503))
    cloud.script("GET /app-api/jwt_token.json", answering(503))
    await waiting.submit_code(CODE)
    assert standing(waiting) is TokenStatus.OK


# --- three wrong codes


async def test_three_wrong_codes_suspend_for_a_day(
    waiting: EnlightenSession, make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(VALIDATE, WRONG)
    for _ in range(3):
        with pytest.raises(CodeRefused):
            await waiting.submit_code(CODE)
    again = make_session(record=saved[-1])
    for session in (waiting, again):
        for attempt in (session.submit_code(CODE), session.resend_code()):
            with pytest.raises(SignInSuspended) as caught:
                await attempt
            assert caught.value.until == NOW + timedelta(days=1)
    assert cloud.seen.count(VALIDATE) == 3
    assert standing(again) is TokenStatus.MFA_REQUIRED
    clock.advance(days=1)
    cloud.script(VALIDATE, right(cloud))
    await again.submit_code(CODE)
    assert saved[-1].guard.rejections == 0


async def test_a_sign_in_begun_by_hand_within_the_suspension_may_try_one_code(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(VALIDATE, WRONG)
    for _ in range(3):
        with pytest.raises(CodeRefused):
            await waiting.submit_code(CODE)
    clock.advance(hours=1)
    with pytest.raises(MfaRequired):
        await waiting.refresh(by_hand=True)
    clock.advance(seconds=1)
    with pytest.raises(CodeRefused):
        await waiting.submit_code(CODE)
    with pytest.raises(SignInSuspended):
        await waiting.submit_code(CODE)
    assert cloud.seen.count(VALIDATE) == 4


async def test_wrong_passwords_before_do_not_count_against_the_code(
    session: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(LOGIN, answering(401), answering(401), CHALLENGE)
    for error in (WrongPassword, WrongPassword, MfaRequired):
        with pytest.raises(error):
            await session.refresh()
        clock.advance(seconds=300)
    cloud.script(VALIDATE, WRONG, WRONG, right(cloud))
    for _ in range(2):
        with pytest.raises(CodeRefused):
            await session.submit_code(CODE)
    await session.submit_code(CODE)


async def test_a_blocked_account_waits_for_no_code(waiting: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(VALIDATE, answering(body={"isValid": False, "isBlocked": True}))
    with pytest.raises(AccountBlocked):
        await waiting.submit_code(CODE)
    assert standing(waiting) is TokenStatus.BLOCKED
    with pytest.raises(NoCodeExpected):
        await waiting.submit_code(CODE)


# --- another code


async def test_another_code_is_sent_once_in_thirty_seconds(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    cloud.script(RESEND, SENT)
    clock.advance(seconds=29)
    with pytest.raises(SignInSuspended) as caught:
        await waiting.resend_code()
    assert caught.value.until == NOW + timedelta(seconds=30)
    clock.advance(seconds=1)
    await waiting.resend_code()
    with pytest.raises(SignInSuspended):
        await waiting.resend_code()
    request, body = cloud.sent(RESEND)[0]
    assert parse_qs(body) == {"locale": ["en"]}
    assert request.cookies["login_otp_nonce"] == "hush-1"
    assert cloud.seen.count(RESEND) == 1
    cloud.script(VALIDATE, right(cloud))
    await waiting.submit_code(CODE)
    assert cloud.sent(VALIDATE)[0][0].cookies["login_otp_nonce"] == "hush-2"
    assert cloud.logins() == 1


@pytest.mark.parametrize("answer", [answering(204), answering(text=""), answering(body={})])
async def test_an_empty_answer_means_that_a_code_was_sent(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock, answer: Handler
) -> None:
    cloud.script(RESEND, answer)
    clock.advance(minutes=1)
    await waiting.resend_code()
    assert cloud.logins() == 1


DEAD: list[Handler] = [
    answering(401),
    answering(403),
    answering(422),
    answering(text=WALL),
    answering(body={"success": False}),
]


@pytest.mark.parametrize("answer", DEAD)
async def test_a_question_that_has_died_is_asked_anew_by_one_sign_in(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock, answer: Handler
) -> None:
    cloud.script(RESEND, answer)
    clock.advance(minutes=1)
    with pytest.raises(SignInSuspended) as caught:
        await waiting.resend_code()
    assert caught.value.until == NOW + timedelta(seconds=300)
    clock.advance(minutes=4)
    await waiting.resend_code()
    assert cloud.logins() == 2
    assert standing(waiting) is TokenStatus.MFA_REQUIRED


async def test_the_new_sign_in_may_need_no_code(waiting: EnlightenSession, cloud: Cloud, clock: Clock) -> None:
    cloud.script(RESEND, answering(401))
    cloud.scripted.pop(LOGIN)
    clock.advance(minutes=5)
    await waiting.resend_code()
    assert standing(waiting) is TokenStatus.OK
    assert not waiting.condition.second_factor


@pytest.mark.parametrize(
    ("answer", "error", "status"),
    [
        (answering(429), RateLimited, TokenStatus.MFA_REQUIRED),
        (answering(503), Unreachable, TokenStatus.MFA_REQUIRED),
        (answering(body={"success": False, "isBlocked": True}), AccountBlocked, TokenStatus.BLOCKED),
    ],
)
async def test_another_code_may_be_refused(
    *,
    waiting: EnlightenSession,
    cloud: Cloud,
    clock: Clock,
    answer: Handler,
    error: type[EnlightenError],
    status: TokenStatus,
) -> None:
    cloud.script(RESEND, answer)
    clock.advance(minutes=1)
    with pytest.raises(error):
        await waiting.resend_code()
    assert standing(waiting) is status
    assert cloud.logins() == 1


# --- a person begins anew


async def test_a_person_may_begin_another_sign_in_after_five_minutes(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    clock.advance(seconds=299)
    with pytest.raises(SignInSuspended) as caught:
        await waiting.refresh(by_hand=True)
    assert caught.value.until == NOW + timedelta(seconds=300)
    clock.advance(seconds=1)
    cloud.scripted.pop(LOGIN)
    await waiting.refresh(by_hand=True)
    assert standing(waiting) is TokenStatus.OK
    assert not waiting.condition.second_factor
    with pytest.raises(NoCodeExpected):
        await waiting.submit_code(CODE)


@pytest.mark.parametrize("every", [90, 301, 900])
@pytest.mark.parametrize(
    "lives", [False, True], ids=["no session", "a session of which nothing tells whether it lives"]
)
@pytest.mark.parametrize("restarted", [False, True], ids=["one run", "a restart each time"])
async def test_nobody_at_home_an_automation_that_refreshes_all_the_time_has_few_codes_sent(
    make_session: Make,
    cloud: Cloud,
    clock: Clock,
    saved: list[SessionRecord],
    *,
    every: int,
    lives: bool,
    restarted: bool,
) -> None:
    session = make_session()
    if lives:
        await session.request("GET", SETTINGS)
        for mint in ("/users/self/token", "/app-api/jwt_token.json"):
            cloud.script(f"GET {mint}", answering(404))
    before = cloud.logins()
    cloud.script(LOGIN, CHALLENGE)
    for _ in range(6 * 3600 // every):
        clock.advance(seconds=every)
        if restarted:
            session = make_session(record=saved[-1] if saved else None)
        with contextlib.suppress(EnlightenError):
            await session.refresh(by_hand=True)
        with contextlib.suppress(EnlightenError):
            await session.request("GET", SETTINGS)
    assert 3 <= cloud.logins() - before <= 8
    with pytest.raises(SignInSuspended) as caught:
        await session.refresh(by_hand=True)
    assert caught.value.until <= clock() + timedelta(hours=1)
    assert "second factor" in str(caught.value)
    if not lives:
        cloud.script(VALIDATE, right(cloud))
        await session.submit_code(CODE)  # somebody comes home
        assert standing(session) is TokenStatus.OK


@pytest.mark.parametrize("lives", [True, False], ids=["the cloud knows of the sign-in", "it does not any more"])
@pytest.mark.parametrize("every", [31, 301, 900])
async def test_nobody_at_home_an_automation_that_asks_for_codes_has_few_sent(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock, every: int, lives: bool
) -> None:
    cloud.script(RESEND, SENT if lives else answering(401))
    before = cloud.logins()
    for _ in range(6 * 3600 // every):
        clock.advance(seconds=every)
        with contextlib.suppress(SignInSuspended, RateLimited):
            await waiting.resend_code()
    sent = len(cloud.sent(RESEND)) if lives else cloud.logins() - before
    assert 3 <= sent <= 10
    cloud.script(VALIDATE, WRONG, right(cloud))
    with pytest.raises(CodeRefused):
        await waiting.submit_code(CODE)
    clock.advance(minutes=5)
    await waiting.resend_code()  # there is somebody who answers
    await waiting.submit_code(CODE)


async def test_another_password_may_be_tried_at_once_however_often_a_code_was_asked_for(
    make_session: Make, cloud: Cloud, clock: Clock, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, CHALLENGE)
    session = make_session()
    for _ in range(3):
        with contextlib.suppress(EnlightenError):
            await session.refresh(by_hand=True)
        clock.advance(minutes=6)
    before = cloud.logins()
    with pytest.raises(MfaRequired):
        await make_session(record=saved[-1], password="another").refresh(by_hand=True)
    assert cloud.logins() == before + 1


async def test_an_outage_of_that_sign_in_leaves_the_question_open(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock
) -> None:
    clock.advance(minutes=5)
    cloud.script(LOGIN, answering(503))
    with pytest.raises(Unreachable):
        await waiting.refresh(by_hand=True)
    cloud.script(VALIDATE, right(cloud))
    await waiting.submit_code(CODE)


async def test_another_password_ends_the_question(
    waiting: EnlightenSession, make_session: Make, cloud: Cloud, saved: list[SessionRecord]
) -> None:
    cloud.scripted.pop(LOGIN)
    again = make_session(record=saved[-1], password="another")
    await again.request("GET", SETTINGS)
    assert standing(again) is TokenStatus.OK


# --- secrets


async def test_neither_code_nor_nonce_are_ever_shown(
    waiting: EnlightenSession, cloud: Cloud, clock: Clock, saved: list[SessionRecord], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="enlighten")
    cloud.script(VALIDATE, WRONG, right(cloud))
    cloud.script(RESEND, SENT)
    assert "hush" not in repr(saved[-1])
    with pytest.raises(CodeRefused):
        await waiting.submit_code(CODE)
    clock.advance(minutes=1)
    await waiting.resend_code()
    await waiting.submit_code(CODE)
    encoded = base64.b64encode(CODE.encode()).decode()
    shown = "\n".join(record.getMessage() for record in caplog.records if record.name == "enlighten")
    assert "validate_login_otp -> 200" in shown
    for secret in (CODE, encoded, "hush", EMAIL, "pre;"):
        assert secret not in shown
        assert secret not in "".join(repr(record) for record in saved)


async def test_a_question_held_for_a_refusal_by_an_older_version_is_asked_anew(
    make_session: Make, cloud: Cloud, saved: list[SessionRecord]
) -> None:
    cloud.script(LOGIN, answering(401))
    with pytest.raises(WrongPassword):
        await make_session().refresh()
    document = replace(saved[-1], guard=replace(saved[-1].guard, cause=TokenStatus.MFA_REQUIRED)).to_json()
    guard = document["guard"]
    assert isinstance(guard, dict)
    del guard["by_hand_from"]
    cloud.script(LOGIN, CHALLENGE)
    with pytest.raises(MfaRequired):
        await make_session(record=SessionRecord.from_json(document)).refresh()


async def led_on(request: web.Request) -> web.StreamResponse:
    return await answering(302, Location="/web/1", cookies=(NONCE, PRE))(request)


async def test_a_form_that_leads_on_with_a_nonce_asks_for_a_code(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(LOGIN, answering(406))
    cloud.script(FORM, answering(text=PAGE))
    cloud.script(FORM_LOGIN, led_on)
    cloud.script("GET /web/1", answering(text="<html>enter the code</html>"))
    with pytest.raises(MfaRequired):
        await session.refresh()
