"""Which profiles a site offers, and what it refuses (sections 6.1, 6.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import SITE_ID, Simulator, SwitchError
from simulator.browser import API, SETTINGS, Browser, document
from simulator.site.settings import MalformedError

Make = Callable[..., Simulator]
PROFILE = f"{API}/profile/{SITE_ID}"
SITE_SETTINGS = f"{API}/siteSettings/{SITE_ID}"
OFFERS = {
    "cost_savings": "showSavingsMode",
    "backup_only": "showFullBackup",
    "ai_optimisation": "showAiOptiSavingsMode",
}
PATHS = pytest.mark.parametrize("path", [PROFILE, SETTINGS])


def read(me: Browser, path: str = PROFILE) -> dict[str, Any]:
    return dict(document(me.battery("GET", path))["data"])


def test_a_site_offers_every_profile_unless_told_otherwise(make: Make) -> None:
    """Section 6.1."""
    told = read(Browser(make()).sign_in(), SITE_SETTINGS)
    assert [told[member] for member in OFFERS.values()] == [True, True, True]


@PATHS
@pytest.mark.parametrize("missing", OFFERS)
def test_a_profile_that_is_not_offered_is_told_and_refused(make: Make, path: str, missing: str) -> None:
    """Section 6.1."""
    me = Browser(sim := make(profiles_missing=[missing])).sign_in()
    told = read(me, SITE_SETTINGS)
    assert {name for name, member in OFFERS.items() if not told[member]} == {missing}
    answer = me.battery("PUT", path, json={"profile": missing, "batteryBackupPercentage": 50})
    assert (answer.status, document(answer)["message"]) == (400, "profile is not offered on this site")
    sim.advance(10)
    data = read(me)
    assert (data["profile"], data["batteryBackupPercentage"]) == ("self-consumption", 20)
    for offered in [name for name in (*OFFERS, "expert", "self-consumption") if name != missing]:
        assert me.battery("PUT", path, json={"profile": offered}).status == 200
        sim.advance(10)
        assert read(me)["profile"] == offered


@pytest.mark.parametrize("name", ["economy", "", "Self-Consumption"])
@PATHS
def test_a_profile_that_nobody_knows_is_refused(make: Make, path: str, name: str) -> None:
    """Section 6.2."""
    me = Browser(sim := make()).sign_in()
    assert me.battery("PUT", path, json={"profile": name, "veryLowSoc": 15}).status == 400
    sim.advance(10)
    assert (read(me)["profile"], read(me)["veryLowSoc"]) == ("self-consumption", 10)


@pytest.mark.parametrize("profile", ["backup_only", "lunar"])
def test_a_settings_write_may_name_the_profile_in_force_whatever_it_is(make: Make, profile: str) -> None:
    """Section 6.3: the merged write holds what was read."""
    me = Browser(make(profile=profile, profiles_missing=["backup_only"])).sign_in()
    assert me.put({**me.settings(), "veryLowSoc": 15}).status == 200
    assert (me.settings()["profile"], me.settings()["veryLowSoc"]) == (profile, 15)


def test_the_app_is_refused_too(make: Make) -> None:
    """80."""
    sim = make(profiles_missing=["cost_savings"])
    with pytest.raises(MalformedError, match="not offered"):
        sim.act_as_app(profile="cost_savings")


def test_self_consumption_is_always_offered(make: Make) -> None:
    with pytest.raises(SwitchError, match="a list of cost_savings, backup_only, ai_optimisation"):
        make(profiles_missing=["self-consumption"])
