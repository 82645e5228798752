"""Statements 73 to 76, 81 to 83 and 86 of section 14: scripted faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from simulator import EMAIL, LOST, PASSWORD, Ending, Simulator
from simulator.browser import SCHEDULES, SETTINGS, Browser, cookies_of, document, entry
from simulator.faults import NAMED_BODIES

Make = Callable[..., Simulator]
AGENT = {"User-Agent": "Mozilla/5.0"}
ON = {"dtgControl": {"enabled": True}}
XSRF = "BP-XSRF-Token"


def faulty(make: Make, **step: Any) -> tuple[Simulator, Browser]:
    """Return a simulator and who is signed in to it; then the next settings read (or `match`) meets the step."""
    me = Browser(sim := make()).sign_in()
    sim.set(fault_script=[{"match": f"GET {SETTINGS}", **step}])
    return sim, me


def test_73_headers_are_added_to_a_scripted_answer(make: Make) -> None:
    _, me = faulty(make, status=429, headers={"Retry-After": "7", "Content-Type": "text/html"})
    answer = me.battery("GET", SETTINGS)
    assert (answer.status, dict(answer.headers)["Retry-After"], answer.content_type) == (429, "7", "text/html")


def test_headers_take_the_place_of_the_clouds_own(make: Make) -> None:
    _, me = faulty(make, headers={"date": "yesterday", "X-CSRF-Token": "x"})
    answer = me.battery("GET", SETTINGS)
    names = [name.lower() for name, _ in answer.headers]
    assert (answer.status, names.count("date"), names.count("x-csrf-token")) == (200, 1, 1)
    assert dict(answer.headers)["date"] == "yesterday"
    assert "data" in document(answer)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 550, 552])
@pytest.mark.parametrize("body", ["@error", "@empty", {"status": 503}])
def test_74_a_server_error_comes_as_html_json_or_nothing(make: Make, status: int, body: object) -> None:
    sim, me = faulty(make, status=status, body=body)
    answer = me.battery("GET", SETTINGS)
    kind = "text/html" if body == "@error" else "application/json"
    assert (answer.status, answer.content_type.split(";")[0], sim.counters()["faults"]) == (status, kind, 1)
    assert me.battery("GET", SETTINGS).status == 200


@pytest.mark.parametrize("status", [None, 503])
def test_75_a_maintenance_page_shows_no_sign_of_a_login(make: Make, status: int | None) -> None:
    _, me = faulty(make, status=status, body="@maintenance")
    answer = me.battery("GET", SETTINGS)
    page = answer.body.decode().lower()
    assert (answer.status, answer.content_type.split(";")[0]) == (status or 200, "text/html")
    assert page.startswith("<!doctype html>")
    marks = ("window.optanonwrapper", "var otlang", "x-ua-compatible", "enphaseenergy.com", "/login", "authenticity")
    assert not any(mark in page for mark in marks)
    assert cookies_of(answer) == {}


def test_a_scripted_wall_is_that_of_a_dead_session(make: Make) -> None:
    """20, 21: with its cookies, which lose a good session."""
    _, me = faulty(make, body="@wall")
    answer = me.battery("GET", SETTINGS)
    assert (answer.status, b"/login/login" in answer.body, XSRF in cookies_of(answer)) == (200, True, True)
    assert me.battery("GET", SETTINGS).body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("body", "text"),
    [("@null", b"null"), ("@list", b"[]"), ("@text", b'"success"'), ("@empty", b"")],
)
def test_86_json_that_is_no_object(make: Make, body: str, text: bytes) -> None:
    _, me = faulty(make, body=body)
    answer = me.battery("GET", SETTINGS)
    assert (answer.status, answer.body, answer.content_type.split(";")[0]) == (200, text, "application/json")


@pytest.mark.parametrize(
    ("body", "error"),
    [("@not json", json.JSONDecodeError), ("@bytes", UnicodeDecodeError), ("@deep", RecursionError)],
)
def test_86_what_says_that_it_is_json_and_cannot_be_read(make: Make, body: str, error: type[Exception]) -> None:
    _, me = faulty(make, body=body)
    answer = me.battery("GET", SETTINGS)
    assert answer.content_type.startswith("application/json")
    with pytest.raises(error):
        json.loads(answer.body)


def test_a_spring_error_names_the_path_without_its_prefix(make: Make) -> None:
    """Section 9.2."""
    sim, me = faulty(make, match="PUT", status=403, body="@spring")
    assert document(me.put(ON))["path"] == SETTINGS.removeprefix("/service/batteryConfig")
    assert not sim.world.site.state().settings.discharge_to_grid


@pytest.mark.parametrize("name", NAMED_BODIES)
def test_every_named_body_keeps_the_status_that_the_step_gives(make: Make, name: str) -> None:
    _, me = faulty(make, status=418, body=name)
    assert me.battery("GET", SETTINGS).status == 418


def test_a_body_without_a_status_comes_in_the_place_of_the_clouds_own_answer(make: Make) -> None:
    sim, me = faulty(make, match="PUT", body="@null")
    assert (me.put(ON).status, sim.world.site.state().settings.discharge_to_grid) == (200, False)
    sim.set(fault_script=[{"match": "PUT", "body": "@null", "after": True}])
    assert (me.put(ON).body, sim.world.site.state().settings.discharge_to_grid) == (b"null", True)


def test_76_a_body_may_break_off_in_the_middle(make: Make) -> None:
    _, me = faulty(make, cut=True)
    cut, whole = me.battery("GET", SETTINGS), me.battery("GET", SETTINGS)
    assert (cut.status, cut.ending, whole.ending) == (200, Ending.CUT, Ending.WHOLE)
    assert cut.body == whole.body[: len(whole.body) // 2]


def test_76_without_an_end_nothing_of_the_body_arrives(make: Make) -> None:
    sim, me = faulty(make, match="PUT", endless=True)
    answer = me.put(ON)
    assert (answer.status, answer.body, answer.ending) == (200, b"", Ending.SILENT)
    assert sim.world.site.state().settings.discharge_to_grid


def test_a_body_may_be_filled_up_to_any_size(make: Make) -> None:
    _, me = faulty(make, huge=1_000_000)
    answer = me.battery("GET", SETTINGS)
    assert len(answer.body) == 1_000_000
    assert document(answer)["type"] == "battery-details"


def test_81_a_session_ends_exactly_at_a_request_of_a_sequence(make: Make) -> None:
    sim, me = faulty(make, match=f"PUT {SETTINGS}", expire=True)
    other = Browser(sim).sign_in()
    me.create("DTG", "01:00", "02:00")
    assert me.put(ON).status == 401
    assert me.battery("GET", SETTINGS).body.startswith(b"<!DOCTYPE html>")
    assert other.schedules()["dtg"]["scheduleStatus"] == "pending"  # another session of the account lives on


@pytest.mark.parametrize("era", ["2026-07", "2025-10"])
def test_82_a_token_dies_exactly_at_a_request_of_a_sequence(make: Make, era: str) -> None:
    me = Browser(sim := make(auth_era=era)).sign_in()
    sim.set(fault_script=[{"match": f"PUT {SETTINGS}", "rotate_xsrf": True}])
    assert me.battery("POST", SCHEDULES, json=entry("DTG", "01:00", "02:00")).status == 200
    assert me.put(ON).status == 403
    assert me.put(ON).status == 403
    me.settings()
    assert me.put(ON).status == 200


def test_82_a_token_that_needs_no_session_dies_too(make: Make) -> None:
    me = Browser(sim := make(auth_era="2026-03")).sign_in()
    me.cookies = {}
    me.settings()
    sim.set(fault_script=[{"match": f"PUT {SETTINGS}", "rotate_xsrf": True}])
    assert me.put(ON).status == 403
    me.settings()
    assert me.put(ON).status == 200


def test_83_an_endpoint_may_be_401_for_ever_while_the_session_lives(make: Make) -> None:
    _, me = faulty(make, match="schedules", status=401, times=1_000_000)
    assert {me.battery("GET", SCHEDULES).status for _ in range(20)} == {401}
    assert me.battery("GET", SETTINGS).status == 200


def test_the_first_step_that_is_not_used_up_is_played(make: Make) -> None:
    me = Browser(sim := make()).sign_in()
    sim.set(fault_script=[{"match": "PUT"}, {"match": "PUT", "status": 500}])  # the second PUT fails
    assert [me.put(ON).status for _ in range(3)] == [200, 500, 200]


def test_no_answer_can_be_after_a_disturbance(make: Make) -> None:
    """81, 76."""
    _, me = faulty(make, match="PUT", status=LOST, after=True, expire=True)
    assert me.put(ON).status == LOST
    assert me.put(ON).status == 401


async def test_over_http_a_cut_body_is_shorter_than_promised(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """76."""
    sim = make(fault_script=[{"match": "/login", "cut": True, "times": 1}])
    async with sim.serve() as url, aiohttp.ClientSession(url, headers=AGENT) as http:
        async with http.get("/login") as answer:
            assert answer.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        async with http.get("/login") as answer:
            assert b"</html>" in await answer.read()
    assert not caplog.records


@pytest.mark.parametrize(("endless", "first"), [(True, b""), ("drip", b" ")])
async def test_over_http_an_endless_body_lasts_until_the_client_hangs_up(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, endless: object, first: bytes
) -> None:
    """76."""
    monkeypatch.setattr("simulator.server._DRIP_SECONDS", 0.01)
    sim = make(fault_script=[{"match": "/login", "endless": endless}])
    async with sim.serve() as url, aiohttp.ClientSession(url, headers=AGENT) as http:
        async with http.get("/login") as answer:
            assert answer.status == 200
            try:
                arrived = await asyncio.wait_for(answer.content.readany(), 0.1)
            except asyncio.TimeoutError:
                arrived = b""
            assert arrived[:1] == first
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(answer.read(), 0.1)
        async with http.get("/login") as answer:
            assert b"</html>" in await answer.read()
    assert not caplog.records


async def test_over_http_a_slow_answer_outlasts_the_client(make: Make) -> None:
    """76. What was asked is carried out all the same."""
    sim = make(fault_script=[{"match": "POST /login", "delay": 60}])
    form = {"user[email]": EMAIL, "user[password]": PASSWORD}
    async with sim.serve() as url, aiohttp.ClientSession(url, headers=AGENT) as http:
        with pytest.raises(asyncio.TimeoutError):
            await http.post("/login/login.json", data=form, timeout=aiohttp.ClientTimeout(total=0.2))
    assert sim.counters()["logins"] == 1


async def test_over_http_a_body_that_is_not_what_its_encoding_says_cannot_be_read(make: Make) -> None:
    """86."""
    sim = make(fault_script=[{"match": "/login", "body": "@gzip"}])
    async with sim.serve() as url, aiohttp.ClientSession(url, headers=AGENT) as http:
        with pytest.raises(aiohttp.ClientPayloadError):
            async with http.get("/login") as answer:
                await answer.read()
