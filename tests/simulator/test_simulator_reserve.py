"""The reserve: every way to write it, its range, and that all reads tell the same (sections 6.2, 15.3; 52, 62, 93)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator, SwitchError
from simulator.account import GATEWAY_SERIAL
from simulator.browser import API, SETTINGS, Browser, document
from simulator.credentials.xsrf import XSRF_COOKIE
from simulator.wire import Response

Make = Callable[..., Simulator]
PROFILE = f"{API}/profile/{SITE_ID}"
MODE = {"profile": "self-consumption"}
Way = Callable[[Browser, object], Response]


def by_put(me: Browser, reserve: object) -> Response:
    return me.battery("PUT", PROFILE, query={"source": "enho"}, json={**MODE, "batteryBackupPercentage": reserve})


def by_post(me: Browser, reserve: object) -> Response:
    return me.battery("POST", PROFILE, json={**MODE, "batteryBackupPercentage": reserve})


def by_settings(me: Browser, reserve: object) -> Response:
    return me.put({"batteryBackupPercentage": reserve})


def by_merged_settings(me: Browser, reserve: object) -> Response:
    """S5: all that is read, without `devices`."""
    body = {**read(me), "batteryBackupPercentage": reserve}
    del body["devices"]
    return me.put(body)


WAYS = pytest.mark.parametrize("way", [by_put, by_post, by_settings, by_merged_settings])


def read(me: Browser, path: str = SETTINGS) -> dict[str, Any]:
    return dict(document(me.battery("GET", path))["data"])


def shown(me: Browser) -> set[int]:
    """Return the reserves that the two documents show."""
    return {read(me, path)["batteryBackupPercentage"] for path in (SETTINGS, PROFILE)}


@WAYS
@pytest.mark.parametrize("switches", [{}, {"supports_mqtt": True}], ids=str)
def test_a_written_reserve_is_read_in_both_documents_and_obeyed(
    make: Make, way: Way, switches: dict[str, object]
) -> None:
    me = Browser(sim := make(**switches)).sign_in()
    answer = way(me, 45)
    assert (answer.status, document(answer)) == (200, {"message": "success"})
    sim.advance(10)
    assert shown(me) == {45}
    assert sim.world.site.enforced().reserve == 45
    for path in (SETTINGS, PROFILE):
        assert read(me, path)["previousBatteryBackupPercentage"]["self-consumption"] == 45


@WAYS
def test_93_a_written_reserve_is_on_its_way_until_it_is_reported(make: Make, way: Way) -> None:
    me = Browser(sim := make(requested_config="on")).sign_in()
    way(me, 45)
    for wait in (0, 599):
        sim.advance(wait)
        assert shown(me) == {20}
        for path in (SETTINGS, PROFILE):
            assert read(me, path)["requestedConfig"] == {
                "batteryBackupPercentage": 45,
                "pendingGateways": [GATEWAY_SERIAL],
            }
    sim.advance(1)
    assert (shown(me), read(me)["requestedConfig"]) == ({45}, {})


@pytest.mark.parametrize(("way", "reserve"), [(by_put, 20), (by_post, 20), (by_settings, 45), (by_merged_settings, 45)])
def test_52_a_site_may_forget_a_reserve_that_comes_with_its_own_profile(make: Make, way: Way, reserve: int) -> None:
    me = Browser(sim := make(same_profile_ignored=True)).sign_in()
    assert way(me, 45).status == 200
    sim.advance(10)
    assert shown(me) == {reserve}


@WAYS
@pytest.mark.parametrize("least", [0, 5, 10])
def test_62_the_range_is_the_one_that_reads_tell(make: Make, way: Way, least: int) -> None:
    me = Browser(sim := make(reserve_min=least)).sign_in()
    for path in (SETTINGS, PROFILE):
        told = read(me, path)
        assert (told["batteryBackupPercentageMin"], told["batteryBackupPercentageMax"]) == (least, 100)
    assert (way(me, least - 1).status, way(me, 101).status) == (400, 400)
    sim.advance(10)
    assert shown(me) == {20}
    for reserve in (least, 100):
        assert way(me, reserve).status == 200
        sim.advance(10)
        assert shown(me) == {reserve}


@WAYS
@pytest.mark.parametrize(("asked", "taken"), [(-3, 5), (4, 5), (101, 100)])
def test_62_a_reserve_out_of_range_may_be_clamped(make: Make, way: Way, asked: int, taken: int) -> None:
    me = Browser(sim := make(reserve_min=5, out_of_range="clamp")).sign_in()
    assert way(me, asked).status == 200
    sim.advance(10)
    assert shown(me) == {taken}


@WAYS
@pytest.mark.parametrize("reserve", ["45", 45.5, True, [45]])
def test_a_reserve_that_is_no_whole_number_is_a_400(make: Make, way: Way, reserve: object) -> None:
    me = Browser(sim := make()).sign_in()
    assert way(me, reserve).status == 400
    sim.advance(10)
    assert shown(me) == {20}


@pytest.mark.parametrize("way", [by_put, by_post, by_settings])
@pytest.mark.parametrize(("role", "token"), [("none", None), ("owner", "stale")])
def test_who_may_not_write_is_refused(make: Make, way: Way, role: str, token: str | None) -> None:
    """Sections 4, 6.1."""
    me = Browser(sim := make(user_role=role)).sign_in()
    me.cookies[XSRF_COOKIE] = token or me.cookies[XSRF_COOKIE]
    assert way(me, 45).status == 403
    sim.advance(10)
    assert shown(me) == {20}


def test_a_least_reserve_that_no_site_has_is_no_choice(make: Make) -> None:
    with pytest.raises(SwitchError, match="reserve_min"):
        make(reserve_min=21)
