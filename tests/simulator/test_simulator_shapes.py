"""The header shapes of section 5, and contradictions C7 to C10 of section 12: what a site wants a call to carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator import Simulator
from simulator.browser import IS_VALID, SCHEDULES, SETTINGS, Browser, cookies_of, entry
from simulator.wire import Response

Make = Callable[..., Simulator]
SESSION, MANAGER, XSRF = "_enlighten_4_session", "enlighten_manager_token_production", "BP-XSRF-Token"
ON = {"dtgControl": {"enabled": True}}
NO_JWT = {"e-auth-token": ""}


def is_wall(response: Response) -> bool:
    return response.status == 200 and b"/login/login" in response.body


def bare(me: Browser) -> Browser:
    """Let a browser send no cookie from now on, but know its XSRF token."""
    me.headers["cookie"] = ""
    return me


def shape_d(me: Browser, **changed: str) -> dict[str, str]:
    """Return the headers of variant D: the manager token of the jar, and no Authorization."""
    headers = {"e-auth-token": me.cookies.get(MANAGER, ""), "x-requested-with": "XMLHttpRequest"}
    return {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}


def test_19_in_2026_03_the_jwt_is_enough_and_without_it_all_is_403(make: Make) -> None:
    me = Browser(sim := make(auth_era="2026-03")).sign_in()
    assert me.battery("GET", SETTINGS).status == me.put(ON).status == 200
    assert me.battery("GET", SETTINGS, headers=NO_JWT).status == 403
    assert me.battery("PUT", SETTINGS, headers=NO_JWT, json=ON).status == 403
    me.cookies = {XSRF: me.cookies[XSRF]}
    assert me.battery("GET", SETTINGS, headers={"origin": "", "referer": ""}).status == 200
    sim.expire_sessions()
    assert me.battery("GET", SETTINGS).status == me.put(ON).status == 200


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2026-03", "2025-10"])
def test_c7_the_jwt_may_be_required_in_any_era(make: Make, era: str) -> None:
    me = Browser(make(auth_era=era, e_auth="required")).sign_in()
    assert me.battery("GET", SETTINGS).status == 200
    assert me.battery("GET", SETTINGS, headers=NO_JWT).status == 403


@pytest.mark.parametrize(("switch", "write"), [("refused", "wall"), ("refused_reads", "done")])
def test_c7_a_call_that_carries_the_jwt_may_be_walled(make: Make, switch: str, write: str) -> None:
    me = Browser(sim := make()).sign_in()
    sim.set(e_auth=switch)
    good = dict(me.cookies)
    read = me.battery("GET", SETTINGS)
    assert (is_wall(read), set(cookies_of(read))) == (True, {SESSION, XSRF})
    me.cookies = dict(good)
    assert is_wall(me.put(ON)) == (write == "wall")
    assert sim.world.site.state().settings.discharge_to_grid == (write == "done")
    me.cookies = dict(good)
    assert me.battery("GET", SETTINGS, headers=NO_JWT).content_type.startswith("application/json")
    assert me.battery("PUT", SETTINGS, headers=NO_JWT, json=ON).status == 200


def test_c7_the_old_shape_is_walled_without_cookies_too(make: Make) -> None:
    """#758: it carried the JWT, and no cookies."""
    me = Browser(sim := make()).sign_in()
    sim.set(e_auth="refused")
    me.cookies = {}
    assert is_wall(me.battery("GET", SETTINGS))


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2026-03", "2025-10"])
def test_c9_a_site_may_refuse_the_cookies_and_take_the_jwt_alone(make: Make, era: str) -> None:
    me = Browser(sim := make(auth_era=era)).sign_in()
    sim.set(jar="refused")
    assert me.battery("GET", SETTINGS).status == 403
    assert me.put(ON).status == 403
    bare(me)
    assert me.battery("GET", SETTINGS).status == 200
    assert me.put(ON).status == 200
    assert me.battery("PUT", SETTINGS, headers={"x-xsrf-token": "stale"}, json=ON).status == 403
    assert me.battery("GET", SETTINGS, headers=NO_JWT).status == 403
    assert sim.world.site.state().settings.discharge_to_grid


@pytest.mark.parametrize("era", ["2026-07", "2026-06", "2026-03", "2025-10"])
def test_a_460_site_writes_only_in_the_raw_cookie_shape(make: Make, era: str) -> None:
    """Section 5, variant D."""
    me = Browser(sim := make(auth_era=era)).sign_in()
    sim.set(write_shape="cookie_eauth")
    me.settings()
    assert me.put(ON).status == 403
    assert not sim.world.site.state().settings.discharge_to_grid
    assert me.battery("PUT", SETTINGS, headers=shape_d(me), json=ON).status == 200
    assert sim.world.site.state().settings.discharge_to_grid


@pytest.mark.parametrize(
    "changed",
    [
        {"e_auth_token": ""},
        {"x_requested_with": ""},
        {"authorization": "Bearer x"},
        {"x_xsrf_token": "x"},
    ],
)
def test_a_460_site_refuses_every_other_shape(make: Make, changed: dict[str, str]) -> None:
    """Section 5, variant D."""
    me = Browser(make(write_shape="cookie_eauth", auth_era="2026-03")).sign_in()
    assert me.battery("PUT", SETTINGS, headers=shape_d(me, **changed), json=ON).status == 403


def test_a_460_site_wants_the_manager_token_of_the_cookie_and_no_other_jwt(make: Make) -> None:
    """Section 5, variant D."""
    me = Browser(make(write_shape="cookie_eauth")).sign_in()
    assert me.battery("PUT", SETTINGS, headers=shape_d(me, e_auth_token=me.token), json=ON).status == 403
    assert me.battery("PUT", SETTINGS, headers=shape_d(me), json=ON).status == 200


@pytest.mark.parametrize(("missing", "status"), [(SESSION, 403), (MANAGER, 403), (XSRF, 403)])
def test_a_460_site_wants_the_raw_cookie_complete(make: Make, missing: str, status: int) -> None:
    """Section 5, variant D."""
    me = Browser(make(write_shape="cookie_eauth", auth_era="2026-03")).sign_in()
    headers = shape_d(me, x_xsrf_token=me.cookies[XSRF])
    del me.cookies[missing]
    assert me.battery("PUT", SETTINGS, headers=headers, json=ON).status == status


@pytest.mark.parametrize("method", ["create", "validate", "delete"])
def test_a_460_site_wants_its_shape_for_every_write(make: Make, method: str) -> None:
    """Section 5, variant D."""
    me = Browser(sim := make(write_shape="cookie_eauth")).sign_in()
    entry_id = sim.act_as_app(create=entry("DTG", "01:00", "02:00"))
    path, body = {
        "create": (SCHEDULES, entry("CFG", "03:00", "04:00")),
        "validate": (IS_VALID, {"scheduleType": "dtg"}),
        "delete": (f"{SCHEDULES}/{entry_id}/delete", {}),
    }[method]
    assert me.battery("POST", path, json=body).status == 403
    assert me.battery("POST", path, headers=shape_d(me), json=body).status == 200


def test_a_460_site_takes_the_token_of_a_stored_cookie_and_no_fresher_one(make: Make) -> None:
    """Section 4: refreshing it first turns a working request into a 403."""
    me = Browser(make(write_shape="cookie_eauth")).sign_in()
    stored = dict(me.cookies)
    for _ in range(3):
        me.settings()
    newest, me.cookies = me.cookies[XSRF], stored
    assert me.battery("PUT", SETTINGS, headers=shape_d(me, x_xsrf_token=newest), json=ON).status == 403
    assert me.battery("PUT", SETTINGS, headers=shape_d(me), json=ON).status == 200


@pytest.mark.parametrize("era", ["2026-07", "2026-03"])
def test_a_460_site_refuses_a_dead_session_with_401(make: Make, era: str) -> None:
    """20, section 5."""
    me = Browser(sim := make(write_shape="cookie_eauth", auth_era=era)).sign_in()
    sim.expire_sessions()
    assert me.battery("PUT", SETTINGS, headers=shape_d(me), json=ON).status == 401
