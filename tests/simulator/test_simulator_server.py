"""The simulator behind a real HTTP server, and as a program."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from simulator import EMAIL, PASSWORD, SITE_ID, USER_ID, Simulator
from simulator.browser import SETTINGS
from simulator.server import is_local

Make = Callable[..., Simulator]
AGENT = {"User-Agent": "Mozilla/5.0"}
UI = "https://battery-profile-ui.enphaseenergy.com"
FORM = {"user[email]": EMAIL, "user[password]": PASSWORD}


async def test_a_whole_sign_in_and_write_over_http(make: Make) -> None:
    sim = make()
    jar = aiohttp.CookieJar(unsafe=True)
    async with sim.serve() as url, aiohttp.ClientSession(url, headers=AGENT, cookie_jar=jar) as http:
        assert url.startswith("http://127.0.0.1:")
        async with http.post("/login/login.json", data=FORM) as answer:
            assert answer.status == 200
            assert answer.headers["Date"] == "Wed, 15 Jul 2026 12:00:00 GMT"
        async with http.get("/users/self/token") as answer:
            assert "token" in await answer.json()
        headers = {"Username": str(USER_ID), "Origin": UI, "Referer": f"{UI}/"}
        async with http.get(SETTINGS, headers=headers) as answer:
            headers["X-XSRF-Token"] = answer.headers["X-CSRF-Token"]
        async with http.put(SETTINGS, headers=headers, json={"dtgControl": {"enabled": True}}) as answer:
            assert await answer.json() == {"message": "success"}
    assert sim.world.site.state().settings.discharge_to_grid


async def test_a_form_login_over_http_ends_at_the_sites_page(make: Make) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        make(authenticity_enforced=False).serve() as url,
        aiohttp.ClientSession(url, headers=AGENT, cookie_jar=jar) as http,
        http.post("/login/login", data=FORM) as answer,
    ):
        assert [hop.status for hop in answer.history] == [302, 302]
        assert str(answer.url).endswith(f"/web/{SITE_ID}?v=3.4.0")


async def test_control_answers_over_http_without_a_browser(make: Make) -> None:
    async with make().serve() as url, aiohttp.ClientSession(url) as http:
        async with http.get("/__control/model") as answer:
            assert (await answer.json())["battery"]["soc"] == 50
        async with http.get("/login") as answer:
            assert answer.status == 406


@pytest.mark.parametrize(
    ("remote", "local"), [("127.0.0.1", True), ("::1", True), ("192.168.1.5", False), ("fe80::1", False), (None, False)]
)
def test_only_this_machine_may_control(remote: str | None, *, local: bool) -> None:
    assert is_local(remote) is local


async def test_the_same_simulator_can_go_away_and_come_back_on_its_port(make: Make) -> None:
    sim = make()
    async with sim.serve() as url:
        port = int(url.rpartition(":")[2])
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(f"{url}/__control/model")
        async with sim.serve(port=port), http.get(f"{url}/__control/model") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("after", [False, True])
async def test_an_answer_that_is_lost_breaks_the_connection(
    make: Make, caplog: pytest.LogCaptureFixture, *, after: bool
) -> None:
    sim = make(fault_script=[{"match": "POST /login", "status": 0, "after": after}])
    async with sim.serve() as url, aiohttp.ClientSession(url, headers=AGENT) as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.post("/login/login.json", data=FORM)
        assert sim.counters()["logins"] == after
        async with http.post("/login/login.json", data=FORM) as answer:
            assert answer.status == 200
    assert not caplog.records


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_the_program_prints_one_line_and_ends_with_0(stop: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    arguments = ["-m", "simulator", "--era", "2025-07", "--set", "read_lag=5"]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=root, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("Simulator ready: http://127.0.0.1:")
    async with aiohttp.ClientSession() as http, http.get(f"{line.split()[-1]}/__control/model") as answer:
        switches = json.loads(await answer.read())["switches"]
    assert (switches["auth_era"], switches["read_lag"]) == ("2025-07", 5)
    process.send_signal(stop)
    rest, _ = await process.communicate()
    assert (process.returncode, rest) == (0, b"")
