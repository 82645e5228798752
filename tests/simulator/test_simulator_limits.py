"""Statement 73 of section 14: the budget of requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from simulator import Simulator
from simulator.browser import SETTINGS, Browser

Make = Callable[..., Simulator]


@pytest.mark.parametrize(("rate", "most", "seconds"), [("10/min", 10, 60), ("600/h", 600, 3600)])
def test_73_above_the_budget_every_path_is_429(make: Make, rate: str, most: int, seconds: int) -> None:
    me = Browser(sim := make(session_ttl=9999)).sign_in()
    sim.set(rate_limit=rate)
    assert {me.battery("GET", SETTINGS).status for _ in range(most - 1)} == {200}
    sim.advance(4.5)
    assert me.send("GET", "/login").status == 200
    for path in (SETTINGS, "/login", "/users/self/token", "/nothing"):
        answer = me.battery("GET", path)
        assert (answer.status, dict(answer.headers)["Retry-After"]) == (429, str(seconds - 4))  # rounded up
    sim.advance(seconds - 4.5)
    assert [me.battery("GET", SETTINGS).status for _ in range(most)] == [200] * (most - 1) + [429]
    assert sim.counters()["throttled"] == 5


def test_a_refused_request_does_nothing_and_costs_nothing_of_the_budget(make: Make) -> None:
    """73."""
    me = Browser(sim := make()).sign_in()
    sim.set(rate_limit="1/min")
    me.settings()
    for _ in range(59):
        sim.advance(1)
        assert me.put({"veryLowSoc": 15}).status == 429
    sim.advance(1)
    assert me.settings()["veryLowSoc"] == 10


def test_73_a_429_may_say_when_as_a_date_by_the_clouds_clock(make: Make) -> None:
    me = Browser(sim := make(rate_limit="1/min", retry_after="date", clock_skew=300))
    me.login()
    answer = me.login()
    told = parsedate_to_datetime(dict(answer.headers)["Retry-After"])
    assert (answer.status, told) == (429, sim.world.clock.now() + timedelta(seconds=360))


def test_73_a_429_may_say_nothing(make: Make) -> None:
    me = Browser(make(rate_limit="1/min", retry_after="none"))
    me.login()
    answer = me.login()
    assert (answer.status, "Retry-After" in dict(answer.headers)) == (429, False)


def test_a_new_budget_begins_anew_and_control_requests_are_free(make: Make) -> None:
    """73."""
    me = Browser(sim := make(rate_limit="1/h")).sign_in()
    sim.set(rate_limit="2/h")
    assert [me.login().status for _ in range(3)] == [200, 200, 429]
    sim.set(rate_limit="off")
    assert me.login().status == 200
