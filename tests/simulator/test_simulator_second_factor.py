"""Statements 8 to 10 of section 14, and section 2.4: accounts with a second factor."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest

from simulator import EMAIL, PASSWORD, SITE_ID, Request, Simulator
from simulator.browser import SETTINGS, Browser, cookies_of, document
from simulator.wire import Response

Make = Callable[..., Simulator]
SESSION, MANAGER, NONCE = "_enlighten_4_session", "enlighten_manager_token_production", "login_otp_nonce"
WRONG = {"isValid": False, "isBlocked": False}
BLOCKED = {"isValid": False, "isBlocked": True}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def verify(me: Browser, code: str | None, email: str = EMAIL) -> Response:
    form = {"email": encoded(email), "otp": encoded(code or ""), "xhrFields[withCredentials]": "true"}
    return me.send("POST", "/app-api/validate_login_otp", form=form)


def resend(me: Browser) -> Response:
    return me.send("POST", "/app-api/generate_mfa_login_otp", form={"locale": "en"})


def another(code: str | None) -> str:
    return f"{(int(code or 0) + 1) % 1_000_000:06}"


def waiting(make: Make, **switches: object) -> tuple[Simulator, Browser]:
    """Return a cloud, and a browser that has given the right password and is asked for a code."""
    me = Browser(sim := make(mfa=True, **switches))
    me.login()
    return sim, me


@pytest.mark.parametrize(
    ("form", "body"),
    [("requires_mfa", {"requires_mfa": True}), ("success", {"success": True, "isBlocked": False})],
)
def test_8_a_login_gets_a_nonce_and_a_session_that_is_good_for_nothing_yet(
    make: Make, form: str, body: dict[str, object]
) -> None:
    me = Browser(sim := make(mfa=True, mfa_form=form))
    answer = me.login()
    assert (answer.status, document(answer), set(cookies_of(answer))) == (200, body, {"email", NONCE, SESSION})
    assert me.battery("GET", SETTINGS).status == 401
    assert dict(me.send("GET", "/").headers)["Location"] == "/login"
    assert (sim.counters()["mfa_challenges"], sim.counters()["logins"], sim.counters()["logins_refused"]) == (1, 0, 0)


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2026-03", "2025-10", "2025-07"])
def test_8_in_no_era_a_battery_call_works_before_the_code_was_given(make: Make, era: str) -> None:
    sim, me = waiting(make, auth_era=era, mint_refusal="json")
    assert "token" not in document(me.send("GET", "/app-api/jwt_token.json"))
    assert me.battery("GET", SETTINGS).status in {401, 403}
    verify(me, sim.otp_code())
    me.token = document(me.send("GET", "/app-api/jwt_token.json"))["token"]
    assert me.battery("GET", SETTINGS).status == 200


def test_8_the_right_code_makes_a_session_as_a_login_does(make: Make) -> None:
    sim, me = waiting(make)
    before = me.cookies[SESSION]
    answer = verify(me, sim.otp_code())
    body = document(answer)
    assert (answer.status, body["message"], body["isValidMobileNumber"]) == (200, "success", True)
    assert (body["session_id"], body["manager_token"]) == (me.cookies[SESSION], me.cookies[MANAGER])
    assert body["system_id"] == str(SITE_ID)
    assert me.cookies[SESSION] != before
    assert me.battery("GET", SETTINGS).status == 200
    assert (sim.counters()["logins"], sim.counters()["otps_sent"], sim.counters()["otps_refused"]) == (1, 1, 0)


def test_8_a_form_login_is_asked_for_the_code_too(make: Make) -> None:
    me = Browser(sim := make(mfa=True))
    page = me.send("GET", "/login").body.decode()
    token = re.findall(r'name="authenticity_token" value="([^"]+)"', page)[0]
    form = {"authenticity_token": token, "user[email]": EMAIL, "user[password]": PASSWORD}
    answer = me.send("POST", "/login/login", form=form)
    assert (answer.status, set(cookies_of(answer))) == (200, {"email", NONCE})
    assert b"authenticity_token" not in answer.body
    assert document(verify(me, sim.otp_code()))["message"] == "success"
    assert me.battery("GET", SETTINGS).status == 200


def test_the_answer_to_the_right_code_may_be_thin(make: Make) -> None:
    """84, section 2.4."""
    sim, me = waiting(make, thin_login=True)
    assert document(verify(me, sim.otp_code())) == {}
    assert me.battery("GET", SETTINGS).status == 200


def test_a_wrong_password_brings_no_code(make: Make) -> None:
    """8."""
    me = Browser(sim := make(mfa=True))
    assert me.login("wrong").status == 401
    assert (sim.otp_code(), sim.counters()["otps_sent"]) == (None, 0)


@pytest.mark.parametrize("missing", [NONCE, SESSION, "email"])
def test_the_code_counts_only_beside_the_cookies_of_its_login(make: Make, missing: str) -> None:
    """8, section 2.4."""
    sim, me = waiting(make)
    kept = me.cookies.pop(missing)
    assert (verify(me, sim.otp_code()).status, MANAGER in me.cookies) == (401, False)
    me.cookies[missing] = kept
    assert verify(me, sim.otp_code()).status == 200


def test_a_code_counts_only_for_the_visitor_whom_it_was_sent_to(make: Make) -> None:
    """8. Two visitors may wait at once."""
    sim, one = waiting(make)
    first = sim.otp_code()
    other = Browser(sim)
    other.login()
    second = sim.otp_code()
    assert document(verify(other, first)) == WRONG
    assert document(verify(one, first))["message"] == document(verify(other, second))["message"] == "success"


def test_a_code_is_good_once(make: Make) -> None:
    """8."""
    sim, me = waiting(make)
    before = dict(me.cookies)
    verify(me, sim.otp_code())
    me.cookies = before
    assert verify(me, sim.otp_code()).status == 401


def test_9_a_wrong_code_is_told_and_the_third_blocks_the_account(make: Make) -> None:
    sim, me = waiting(make)
    wrong = another(sim.otp_code())
    assert [document(verify(me, wrong)) for _ in range(3)] == [WRONG, WRONG, BLOCKED]
    assert document(verify(me, sim.otp_code())) == BLOCKED
    assert document(resend(me)) == document(me.login()) == {"success": False, "isBlocked": True}
    sim.set(blocked=False)
    me.login()
    assert document(verify(me, sim.otp_code()))["message"] == "success"
    assert sim.counters()["otps_refused"] == 3


def test_9_a_right_code_forgives_the_wrong_ones(make: Make) -> None:
    sim, me = waiting(make, otp_tries=2)
    for _ in range(3):
        assert document(verify(me, another(sim.otp_code()))) == WRONG
        assert document(verify(me, sim.otp_code()))["message"] == "success"
        me.login()


def test_9_a_new_login_does_not_forgive_wrong_codes(make: Make) -> None:
    sim, me = waiting(make, otp_tries=2)
    verify(me, another(sim.otp_code()))
    me.login()
    assert document(verify(me, another(sim.otp_code()))) == BLOCKED


@pytest.mark.parametrize(
    "form",
    [{}, {"email": EMAIL, "otp": "code"}, {"email": encoded("b@example.com"), "otp": "encoded"}, {"otp": "%%%"}],
)
def test_9_what_is_not_the_code_in_base64_beside_the_own_address_is_wrong(make: Make, form: dict[str, str]) -> None:
    sim, me = waiting(make)
    code = sim.otp_code() or ""
    form = {name: {"code": code, "encoded": encoded(code)}.get(value, value) for name, value in form.items()}
    assert document(me.send("POST", "/app-api/validate_login_otp", form=form)) == WRONG


def test_9_a_code_dies(make: Make) -> None:
    sim, me = waiting(make, otp_ttl=120)
    sim.advance(119)
    assert document(verify(me, sim.otp_code()))["message"] == "success"
    me.login()
    sim.advance(120)
    assert document(verify(me, sim.otp_code())) == WRONG


def test_9_a_resent_code_replaces_the_old_one_and_rotates_the_nonce(make: Make) -> None:
    sim, me = waiting(make)
    old, before = sim.otp_code(), dict(me.cookies)
    sim.advance(30)
    answer = resend(me)
    assert (document(answer), set(cookies_of(answer))) == ({"success": True, "isBlocked": False}, {NONCE})
    assert (me.cookies[NONCE] != before[NONCE], sim.otp_code() != old) == (True, True)
    assert document(verify(me, old)) == WRONG
    late = Browser(sim)
    late.cookies = before
    assert verify(late, sim.otp_code()).status == 401
    assert document(verify(me, sim.otp_code()))["message"] == "success"
    assert sim.counters()["otps_sent"] == 2


def test_9_a_code_is_not_resent_within_30_seconds(make: Make) -> None:
    sim, me = waiting(make)
    sim.advance(29)
    answer = resend(me)
    assert (answer.status, dict(answer.headers)["Retry-After"], sim.counters()["otps_sent"]) == (429, "1", 1)
    sim.advance(1)
    assert resend(me).status == 200


def test_a_challenge_does_not_take_a_living_session_for_its_own(make: Make) -> None:
    """8."""
    me = Browser(sim := make()).sign_in()
    before = dict(me.cookies)
    sim.set(mfa=True)
    me.login()
    assert me.cookies[SESSION] != before[SESSION]
    assert me.battery("GET", SETTINGS).content_type.startswith("text/html")
    me.cookies = before
    assert me.battery("GET", SETTINGS).content_type.startswith("application/json")


def test_nobody_gets_a_code_who_did_not_give_the_password(make: Make) -> None:
    """8."""
    sim, me = waiting(make)
    assert resend(Browser(sim)).status == 401
    me.cookies[SESSION] = "x"
    sim.advance(30)
    assert resend(me).status == 401


def test_a_login_may_wait_to_be_asked_for_a_code(make: Make) -> None:
    """Section 2.4."""
    sim, me = waiting(make, mfa_sends="request")
    assert (sim.otp_code(), document(verify(me, ""))) == (None, WRONG)
    assert resend(me).status == 200
    assert document(verify(me, sim.otp_code()))["message"] == "success"


def test_73_the_fourth_code_in_ten_minutes_is_refused(make: Make) -> None:
    sim, me = waiting(make)
    for _ in range(3):
        sim.advance(30)
        assert resend(me).status == 200
    sim.advance(30)
    answer = resend(me)
    assert (answer.status, dict(answer.headers)["Retry-After"], sim.counters()["throttled"]) == (429, "510", 1)
    sim.advance(510)
    assert resend(me).status == 200


def test_73_the_fourth_try_in_ten_minutes_is_refused(make: Make) -> None:
    sim, me = waiting(make, otp_tries=0)
    for _ in range(3):
        assert document(verify(me, another(sim.otp_code()))) == WRONG
    assert verify(me, sim.otp_code()).status == 429
    sim.set(otp_limit=0)
    assert verify(me, sim.otp_code()).status == 200


def test_the_code_is_at_hand_over_the_control_api_and_in_no_log(make: Make) -> None:
    sim, me = waiting(make)
    shown = json.loads(sim.handle(Request("GET", "/__control/otp")).body)
    assert shown == {"code": sim.otp_code(), "sent": 1}
    assert re.fullmatch(r"\d{6}", shown["code"])
    assert sim.model()["otp"] == shown["code"]
    verify(me, shown["code"])
    assert encoded(shown["code"]) not in json.dumps(sim.requests())
