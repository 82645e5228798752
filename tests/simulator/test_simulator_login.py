"""Statements 1 to 16 of section 14: login and tokens. The number of the statement stands in each docstring or id."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest

from simulator import EMAIL, PASSWORD, SITE_ID, USER_ID, Simulator
from simulator.browser import SETTINGS, Browser, cookies_of, document
from simulator.wire import Response

Make = Callable[..., Simulator]
SESSION, MANAGER = "_enlighten_4_session", "enlighten_manager_token_production"


def authenticity_token(page: Response) -> str:
    found = re.findall(r'type="hidden" name="authenticity_token" value="([^"]+)"', page.body.decode())
    assert len(found) == 1
    return str(found[0])


def submit(me: Browser, token: str, password: str = PASSWORD) -> Response:
    form = {"utf8": "✓", "authenticity_token": token, "user[email]": EMAIL, "user[password]": password}
    return me.send("POST", "/login/login", form=form)


def location(response: Response) -> str:
    return dict(response.headers)["Location"]


def test_the_login_page_holds_one_token_and_sets_an_anonymous_session(make: Make) -> None:
    """1."""
    page = Browser(make()).send("GET", "/login")
    assert (page.status, page.content_type.split(";")[0]) == (200, "text/html")
    assert set(authenticity_token(page)) & set("+/=")
    assert set(cookies_of(page)) == {SESSION}


def test_a_form_login_is_a_302_that_carries_the_cookies_itself(make: Make) -> None:
    """2."""
    me = Browser(make())
    answer = submit(me, authenticity_token(me.send("GET", "/login")))
    assert answer.status == 302
    assert set(cookies_of(answer)) == {SESSION, MANAGER}
    hop = me.send("GET", location(answer))
    assert (hop.status, location(hop)) == (302, f"/web/{SITE_ID}?v=3.4.0")
    end = me.send("GET", f"/web/{SITE_ID}")
    assert (end.status, cookies_of(hop), cookies_of(end)) == (200, {}, {})


def test_who_reads_only_the_last_cookies_of_a_form_login_is_not_logged_in(make: Make) -> None:
    """2."""
    me = Browser(make())
    token = authenticity_token(me.send("GET", "/login"))
    anonymous = dict(me.cookies)
    submit(me, token)
    me.cookies = anonymous
    assert location(me.send("GET", "/")) == "/login"


def test_a_wrong_password_in_the_form_shows_the_form_again_and_mints_nothing(make: Make) -> None:
    """3."""
    me = Browser(make(mint_refusal="json"))
    page = submit(me, authenticity_token(me.send("GET", "/login")), "wrong")
    assert page.status == 200
    assert authenticity_token(page)
    assert document(me.send("GET", "/app-api/jwt_token.json")) == {}


@pytest.mark.parametrize("case", ["missing", "foreign", "of the session before"])
def test_4_a_form_with_a_token_that_does_not_belong_to_the_session_fails(make: Make, case: str) -> None:
    me, other = Browser(sim := make()), Browser(sim)
    old, foreign = (authenticity_token(browser.send("GET", "/login")) for browser in (me, other))
    me.send("GET", "/login")
    assert submit(me, {"missing": "", "foreign": foreign, "of the session before": old}[case]).status == 200
    assert location(me.send("GET", "/")) == "/login"


def test_a_form_without_any_cookie_or_token_fails(make: Make) -> None:
    """4."""
    form = {"user[email]": EMAIL, "user[password]": PASSWORD}
    assert Browser(make()).send("POST", "/login/login", form=form).status == 200


def test_a_form_without_a_token_passes_where_it_is_not_enforced(make: Make) -> None:
    """4."""
    assert submit(Browser(make(authenticity_enforced=False)), "").status == 302


def test_login_json_needs_the_two_fields_only(make: Make) -> None:
    """5."""
    answer = Browser(make()).login()
    body = document(answer)
    assert (answer.status, body["message"], body["system_id"]) == (200, "success", str(SITE_ID))
    assert cookies_of(answer) == {SESSION: body["session_id"], MANAGER: body["manager_token"]}


def test_login_json_with_a_bad_password_is_401_with_a_message(make: Make) -> None:
    """6."""
    answer = Browser(make()).login("wrong")
    assert (answer.status, document(answer), cookies_of(answer)) == (401, {"message": "Invalid"}, {})


def test_login_json_does_not_read_a_json_body(make: Make) -> None:
    """5."""
    body = {"user[email]": EMAIL, "user[password]": PASSWORD}
    assert Browser(make()).send("POST", "/login/login.json", json=body).status == 401


@pytest.mark.parametrize("agent", ["HomeAssistant/2026.7", "python-requests/2.32", "Python/3.11 aiohttp/3.11", ""])
@pytest.mark.parametrize("path", ["/login/login.json", SETTINGS])
def test_7_no_path_answers_an_agent_that_is_no_browser(make: Make, agent: str, path: str) -> None:
    assert Browser(make()).send("POST", path, headers={"user-agent": agent}).status == 406


def test_a_blocked_account_says_so(make: Make) -> None:
    """10."""
    answer = Browser(make(blocked=True)).login()
    assert (answer.status, document(answer)) == (200, {"success": False, "isBlocked": True})


def test_too_many_sessions_is_a_200_with_that_phrase(make: Make) -> None:
    """11."""
    answer = Browser(make(too_many_sessions=True)).login()
    assert answer.status == 200
    assert b"Too many active sessions" in answer.body
    assert cookies_of(answer) == {}


def test_too_many_sessions_shows_in_the_form_too(make: Make) -> None:
    """11."""
    me = Browser(make(too_many_sessions=True))
    assert b"Too many active sessions" in submit(me, authenticity_token(me.send("GET", "/login"))).body


def test_self_token_rotates_the_session_and_the_old_cookie_dies(make: Make) -> None:
    """12."""
    me = Browser(sim := make())
    me.login()
    old = dict(me.cookies)
    answer = me.send("GET", "/users/self/token")
    assert isinstance(document(answer)["expires_at"], int)
    assert me.cookies[SESSION] != old[SESSION]
    assert location(me.send("GET", "/")).startswith("/web/")
    late = Browser(sim)
    late.cookies = old
    assert location(late.send("GET", "/")) == "/login"


def test_the_old_cookie_may_live_on_for_a_while(make: Make) -> None:
    """12."""
    me = Browser(sim := make(old_session_grace=60))
    me.login()
    old = dict(me.cookies)
    me.send("GET", "/users/self/token")
    me.cookies = dict(old)
    sim.advance(59)
    assert location(me.send("GET", "/")).startswith("/web/")
    sim.advance(1)
    assert location(me.send("GET", "/")) == "/login"


def test_jwt_token_json_mints_and_does_not_rotate(make: Make) -> None:
    """13."""
    me = Browser(make())
    me.login()
    answer = me.send("GET", "/app-api/jwt_token.json")
    assert set(document(answer)) == {"token"}
    assert cookies_of(answer) == {}


@pytest.mark.parametrize("path", ["/users/self/token", "/app-api/jwt_token.json"])
def test_13_without_a_session_a_mint_answers_200_html(make: Make, path: str) -> None:
    answer = Browser(make()).send("GET", path)
    assert answer.status == 200
    assert answer.body.startswith(b"<!DOCTYPE html>")


def test_13_without_a_session_a_mint_may_answer_json(make: Make) -> None:
    me = Browser(make(mint_refusal="json"))
    assert document(me.send("GET", "/app-api/jwt_token.json")) == {}
    assert me.send("GET", "/users/self/token").status == 401


@pytest.mark.parametrize(
    ("switch", "alive", "dead"),
    [
        ("self", "/users/self/token", "/app-api/jwt_token.json"),
        ("jwt", "/app-api/jwt_token.json", "/users/self/token"),
    ],
)
def test_12_13_one_of_the_mints_can_be_away(make: Make, switch: str, alive: str, dead: str) -> None:
    me = Browser(make(token_path=switch))
    me.login()
    assert me.send("GET", dead).status == 404
    assert "token" in document(me.send("GET", alive))


@pytest.mark.parametrize("claim", ["data", "top"])
def test_14_the_jwt_has_three_parts_an_exp_and_the_user_id(make: Make, claim: str) -> None:
    me = Browser(sim := make(jwt_user_claim=claim, jwt_ttl=86_400))
    me.login()
    answer = document(me.send("GET", "/users/self/token"))
    head, payload, seal = (part + "=" * (-len(part) % 4) for part in answer["token"].split("."))
    claims = json.loads(base64.urlsafe_b64decode(payload))
    assert json.loads(base64.urlsafe_b64decode(head))["alg"] == "HS256"
    assert len(base64.urlsafe_b64decode(seal)) == 32
    assert claims["exp"] == answer["expires_at"] == sim.world.clock.now().timestamp() + 86_400
    assert (claims["data"] if claim == "data" else claims)["user_id"] == USER_ID


def test_the_retired_mint_is_400(make: Make) -> None:
    """15."""
    assert Browser(make()).send("POST", "/tokens", json={"session_id": "x", "email": EMAIL}).status == 400


def test_the_sixth_login_in_ten_minutes_is_one_too_many(make: Make) -> None:
    """16."""
    me = Browser(sim := make())
    for _ in range(5):
        assert "session_id" in document(me.login())
        sim.advance(60)
    assert b"Too many active sessions" in me.login().body
    sim.advance(600)
    assert "session_id" in document(me.login())


def test_wrong_passwords_count_as_logins_too(make: Make) -> None:
    """16."""
    me = Browser(make(login_limit=2))
    assert [me.login("wrong").status, me.login("wrong").status] == [401, 401]
    assert b"Too many active sessions" in me.login().body


def test_a_thin_login_answer_still_makes_a_session(make: Make) -> None:
    """84."""
    me = Browser(make(thin_login=True))
    assert document(me.login()) == {}
    assert location(me.send("GET", "/")).startswith("/web/")


def test_expires_at_may_be_missing(make: Make) -> None:
    """87."""
    me = Browser(make(token_expires_at=False))
    me.login()
    assert set(document(me.send("GET", "/users/self/token"))) == {"token"}


def test_login_json_may_be_406_so_many_times(make: Make) -> None:
    """88."""
    me = Browser(sim := make(login_406=2))
    assert [me.login().status for _ in range(3)] == [406, 406, 200]
    sim.set(login_406=1)
    assert me.login().status == 406
    assert submit(me, authenticity_token(me.send("GET", "/login"))).status == 302


def test_the_session_cookie_may_say_when_it_ends(make: Make) -> None:
    """22."""
    me = Browser(sim := make())
    assert "Max-Age" not in str(me.login().headers)
    sim.set(session_cookie_max_age=3600)
    for answer in (me.login(), me.send("GET", "/users/self/token")):
        assert [value.split("; ")[1:] for name, value in answer.headers if SESSION in value] == [
            ["Path=/", "Max-Age=3600", "HttpOnly"]
        ]


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2026-03", "2025-10"])
def test_two_clients_of_one_account_do_not_disturb_each_other(make: Make, era: str) -> None:
    """12, 23, 26."""
    sim = make(auth_era=era)
    one, other = Browser(sim).sign_in(), Browser(sim).sign_in()
    for _ in range(3):
        other.send("GET", "/users/self/token")
        other.settings()
    assert one.put({"veryLowSoc": 12}).status == other.put({"veryLowSoc": 13}).status == 200
