"""Statements 17 to 30 of section 14: sessions, the login wall, header shapes, XSRF; and the eras of section 5."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import API, IS_VALID, SCHEDULES, SETTINGS, Browser, cookies_of, document, entry
from simulator.wire import Response

Make = Callable[..., Simulator]
SESSION, MANAGER, XSRF = "_enlighten_4_session", "enlighten_manager_token_production", "BP-XSRF-Token"
JAR_ERAS = ["2026-07", "2026-06"]
ON = {"dtgControl": {"enabled": True}}


def is_wall(response: Response) -> bool:
    return response.status == 200 and response.body.startswith(b"<!DOCTYPE html>") and b"/login/login" in response.body


def test_a_jwt_alone_is_refused(make: Make) -> None:
    """17."""
    me = Browser(make()).sign_in()
    me.cookies = {}
    assert me.battery("GET", SETTINGS).status == 401


def test_a_jwt_alone_may_be_refused_with_403(make: Make) -> None:
    """17."""
    me = Browser(make(jwt_only_status="403")).sign_in()
    me.cookies = {}
    assert me.battery("GET", SETTINGS).status == 403


@pytest.mark.parametrize("era", JAR_ERAS)
@pytest.mark.parametrize("kept", [{SESSION}, {XSRF}, {MANAGER}, {SESSION, XSRF}, {MANAGER, XSRF}])
def test_18_any_incomplete_jar_is_refused(make: Make, era: str, kept: set[str]) -> None:
    me = Browser(make(auth_era=era)).sign_in()
    me.cookies = {name: value for name, value in me.cookies.items() if name in kept}
    assert me.battery("GET", SETTINGS).status == 401


def test_a_jar_with_a_foreign_manager_token_is_refused(make: Make) -> None:
    """18."""
    me = Browser(make()).sign_in()
    me.cookies[MANAGER] = "a.b.c"
    assert me.battery("GET", SETTINGS).status == 401


@pytest.mark.parametrize(
    ("era", "with_jwt", "without"), [("2026-07", 200, 200), ("2026-06", 200, 403), ("2025-10", 200, 401)]
)
def test_19_the_era_decides_whether_the_jwt_may_be_missing(make: Make, era: str, with_jwt: int, without: int) -> None:
    me = Browser(make(auth_era=era)).sign_in()
    assert me.battery("GET", SETTINGS).status == with_jwt
    assert me.battery("GET", SETTINGS, headers={"e-auth-token": ""}).status == without


@pytest.mark.parametrize("era", ["2025-10", "2025-07"])
def test_19_in_2025_a_read_needs_no_cookie_no_origin_and_no_referer(make: Make, era: str) -> None:
    me = Browser(make(auth_era=era)).sign_in()
    me.cookies = {}
    assert me.battery("GET", SETTINGS, headers={"origin": "", "referer": ""}).status == 200


@pytest.mark.parametrize("era", [*JAR_ERAS, "2025-10", "2025-07"])
def test_19_a_jwt_that_is_dead_or_foreign_is_refused_wherever_it_is_sent(make: Make, era: str) -> None:
    me = Browser(sim := make(auth_era=era, jwt_ttl=60)).sign_in()
    assert me.battery("GET", SETTINGS, headers={"e-auth-token": "a.b.c"}).status == 401
    assert me.battery("GET", SETTINGS, headers={"e-auth-token": me.token[:-1]}).status == 401
    sim.advance(60)
    assert me.battery("GET", SETTINGS).status == 401


@pytest.mark.parametrize("kind", ["html", "json"])
def test_20_a_dead_session_reads_a_login_page_with_status_200(make: Make, kind: str) -> None:
    me = Browser(sim := make(wall_content_type=kind)).sign_in()
    sim.expire_sessions()
    answer = me.battery("GET", SETTINGS)
    assert is_wall(answer)
    assert answer.content_type == {"html": "text/html", "json": "application/json"}[kind] + "; charset=utf-8"
    assert 25_000 < len(answer.body) < 35_000


def test_a_dead_session_cannot_write(make: Make) -> None:
    """20."""
    me = Browser(sim := make()).sign_in()
    sim.expire_sessions()
    assert me.put(ON).status == 401
    assert not sim.world.site.state().settings.discharge_to_grid


def test_who_takes_the_cookies_of_the_wall_loses_a_good_session(make: Make) -> None:
    """21."""
    me = Browser(make(refused_shape="wall")).sign_in()
    good = dict(me.cookies)
    wall = me.battery("GET", SETTINGS, headers={"username": ""})
    assert is_wall(wall)
    assert set(cookies_of(wall)) == {SESSION, XSRF}
    assert is_wall(me.battery("GET", SETTINGS))
    me.cookies = good
    assert document(me.battery("GET", SETTINGS))["type"] == "battery-details"


def test_a_session_dies_an_hour_after_its_last_request_while_the_jwt_lives(make: Make) -> None:
    """22."""
    me = Browser(sim := make()).sign_in()
    for _ in range(3):
        sim.advance(3599)
        assert not is_wall(me.battery("GET", SETTINGS))
    sim.advance(3600)
    assert is_wall(me.battery("GET", SETTINGS))


def test_a_session_may_die_an_hour_after_its_login(make: Make) -> None:
    """22."""
    me = Browser(sim := make(session_ttl_from="login")).sign_in()
    sim.advance(1800)
    assert not is_wall(me.battery("GET", SETTINGS))
    sim.advance(1800)
    assert is_wall(me.battery("GET", SETTINGS))


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2025-10"])
def test_23_a_fresh_login_makes_the_old_xsrf_token_invalid(make: Make, era: str) -> None:
    me = Browser(make(auth_era=era)).sign_in()
    me.login()
    assert me.put(ON).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_24_a_wrong_origin_is_refused_on_every_unsafe_verb(make: Make, method: str) -> None:
    me = Browser(make()).sign_in()
    path = {"POST": SCHEDULES, "PUT": SETTINGS, "DELETE": f"{SCHEDULES}/0"}[method]
    answer = me.battery(method, path, headers={"origin": "https://elsewhere.example"}, json={})
    assert (answer.status, answer.body) == (403, b"Invalid CORS request")


@pytest.mark.parametrize("missing", ["username", "origin", "referer"])
@pytest.mark.parametrize("era", JAR_ERAS)
def test_25_a_header_shape_without_one_of_the_three_is_refused(make: Make, era: str, missing: str) -> None:
    sim = make(auth_era=era)
    me = Browser(sim).sign_in()
    assert me.battery("GET", SETTINGS, headers={missing: ""}).status == 403
    sim.set(refused_shape="wall")
    assert is_wall(me.battery("GET", SETTINGS, headers={missing: ""}))


def test_a_foreign_username_user_id_or_site_is_refused(make: Make) -> None:
    """25."""
    me = Browser(make(sites=2)).sign_in()
    assert me.battery("GET", SETTINGS, headers={"username": "1"}).status == 403
    assert me.battery("GET", SETTINGS, query={"userId": "1"}).status == 403
    assert me.battery("GET", f"{API}/batterySettings/{SITE_ID + 1}").status == 403


@pytest.mark.parametrize("path", [SETTINGS, SCHEDULES, f"{API}/siteSettings/{SITE_ID}", f"{API}/profile/{SITE_ID}"])
def test_26_every_read_hands_out_a_new_token_in_header_and_cookie(make: Make, path: str) -> None:
    me = Browser(make()).sign_in()
    first, second = me.battery("GET", path), me.battery("GET", path)
    for answer in (first, second):
        assert dict(answer.headers)["x-csrf-token"] == cookies_of(answer)[XSRF]
    assert cookies_of(first) != cookies_of(second)


@pytest.mark.parametrize(("grace", "statuses"), [(0, [403, 403]), (1, [200, 403]), (2, [200, 200])])
def test_26_the_previous_token_is_good_for_some_requests_more(make: Make, grace: int, statuses: list[int]) -> None:
    me = Browser(make(xsrf_grace=grace)).sign_in()
    old = me.cookies[XSRF]
    me.battery("GET", SETTINGS)
    newest, me.cookies[XSRF] = me.cookies[XSRF], old
    assert [me.put(ON).status, me.put(ON).status] == statuses
    me.cookies[XSRF] = newest
    assert me.put(ON).status == 200


def test_the_token_before_the_previous_one_is_stale(make: Make) -> None:
    """26."""
    me = Browser(make()).sign_in()
    old = me.cookies[XSRF]
    me.battery("GET", SETTINGS)
    me.battery("GET", SETTINGS)
    me.cookies[XSRF] = old
    assert me.put(ON).status == 403


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2025-10"])
@pytest.mark.parametrize("fault", ["no header", "stale", "no cookie", "unlike the cookie"])
def test_27_29_a_write_without_a_good_token_is_refused_and_changes_nothing(make: Make, era: str, fault: str) -> None:
    me = Browser(sim := make(auth_era=era)).sign_in()
    headers = {"no header": {"x-xsrf-token": ""}, "unlike the cookie": {"x-xsrf-token": "x"}}.get(fault, {})
    if fault == "no cookie":
        headers = {"x-xsrf-token": me.cookies.pop(XSRF)}
    if fault == "stale":
        me.cookies[XSRF] = "c3RhbGU="
    answer = me.battery("PUT", SETTINGS, headers=headers, json=ON)
    body = document(answer)
    assert answer.status == 403
    assert body.pop("timestamp") == "2026-07-15T12:00:00.000+00:00"
    assert body == {"status": 403, "error": "Forbidden", "path": f"/api/v1/batterySettings/{SITE_ID}"}
    assert not sim.world.site.state().settings.discharge_to_grid


def test_the_newest_header_beside_an_older_cookie_is_refused(make: Make) -> None:
    """27."""
    me = Browser(make()).sign_in()
    old = me.cookies[XSRF]
    me.battery("GET", SETTINGS)
    newest, me.cookies[XSRF] = me.cookies[XSRF], old
    assert me.battery("PUT", SETTINGS, headers={"x-xsrf-token": newest}, json=ON).status == 403


@pytest.mark.parametrize(
    ("method", "path"), [("POST", SCHEDULES), ("PUT", f"{SCHEDULES}/0"), ("POST", f"{SCHEDULES}/0/delete")]
)
def test_27_schedule_writes_need_the_token_too(make: Make, method: str, path: str) -> None:
    me = Browser(make()).sign_in()
    body = entry("CFG", "01:00", "02:00")
    assert me.battery(method, path, headers={"x-xsrf-token": ""}, json=body).status == 403


def test_is_valid_without_the_header_is_refused_and_hands_out_a_token(make: Make) -> None:
    """28."""
    me = Browser(make()).sign_in()
    answer = me.battery("POST", IS_VALID, headers={"x-xsrf-token": ""}, json={"scheduleType": "dtg"})
    assert (answer.status, set(cookies_of(answer))) == (403, {XSRF})
    assert me.put(ON).status == 200


def test_is_valid_with_a_stale_header_hands_out_nothing(make: Make) -> None:
    """28."""
    me = Browser(make()).sign_in()
    answer = me.battery("POST", IS_VALID, headers={"x-xsrf-token": "stale"}, json={"scheduleType": "dtg"})
    assert (answer.status, cookies_of(answer)) == (403, {})


def test_a_good_is_valid_rotates_the_token_in_the_cookie_only(make: Make) -> None:
    """26, 28."""
    me = Browser(make()).sign_in()
    before = me.cookies[XSRF]
    answer = me.validate("dtg")
    assert me.cookies[XSRF] != before
    assert "x-csrf-token" not in dict(answer.headers)
    assert me.put(ON).status == 200


def test_is_valid_without_the_header_hands_out_nothing_in_emea(make: Make) -> None:
    """28."""
    me = Browser(make(region="emea")).sign_in()
    answer = me.battery("POST", IS_VALID, headers={"x-xsrf-token": ""}, json={"scheduleType": "dtg"})
    assert (answer.status, cookies_of(answer)) == (403, {})


def test_is_valid_may_be_refused_altogether(make: Make) -> None:
    """28, section 6.9."""
    assert Browser(make(isvalid_403=True)).sign_in().validate("dtg").status == 403


@pytest.mark.parametrize("form", ["percent", "quoted"])
def test_30_the_cookie_may_be_encoded_and_the_header_carries_the_decoded_value(make: Make, form: str) -> None:
    me = Browser(make(xsrf_cookie=form)).sign_in()
    token = dict(me.battery("GET", SETTINGS).headers)["x-csrf-token"]
    raw = me.cookies[XSRF]
    assert raw == {"percent": quote(token, safe=""), "quoted": f'"{token}"'}[form]
    assert me.battery("PUT", SETTINGS, headers={"x-xsrf-token": raw}, json=ON).status == 403
    assert me.battery("PUT", SETTINGS, headers={"x-xsrf-token": token}, json=ON).status == 200


def test_minting_a_token_keeps_the_xsrf_token_valid(make: Make) -> None:
    """12, 26."""
    me = Browser(make()).sign_in()
    me.send("GET", "/users/self/token")
    assert me.put(ON).status == 200
