"""Statements 38 and 39 of section 14: the tariff."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from simulator import SITE_ID, Simulator
from simulator.browser import Browser, document

Make = Callable[..., Simulator]
TARIFF = f"/service/tariff/tariff-ms/systems/{SITE_ID}/tariff"
TODAY = {"rateType": "BUYBACK", "date": "2026-07-15", "includeUtility": ""}


def test_38_the_tariff_is_flat_with_rates_as_texts_and_a_period_without_times(make: Make) -> None:
    me = Browser(make(supports_mqtt=True)).sign_in()
    me.put({"chargeFromGrid": True, "chargeBeginTime": 60})
    tariff = document(me.send("GET", TARIFF, query={"include-site-details": "true"}))
    assert (tariff["site_id"], tariff["chargeFromGrid"], tariff["chargeBeginTime"]) == (SITE_ID, True, 60)
    assert tariff["supports_mqtt"] is True
    for plan in ("purchase", "buyback"):
        off_peak, peak = tariff[plan]["seasons"][0]["days"][0]["periods"]
        assert (off_peak["startTime"], off_peak["endTime"], off_peak["type"]) == ("", "", "off-peak")
        assert (peak["startTime"], peak["endTime"], peak["type"]) == ("960", "1140", "peak")
        assert 0 < float(off_peak["rate"]) < float(peak["rate"])
        assert isinstance(peak["rate"], str)


def test_39_dated_rates_are_numbers_and_their_ends_belong_to_them(make: Make) -> None:
    me = Browser(make(dated_tariff=True)).sign_in()
    answer = document(me.send("GET", f"{TARIFF}s", query=TODAY))
    rates = answer["data"]["buyback"]
    assert (answer["type"], rates[0]["start"], rates[-1]["end"]) == ("tariff-rates", 0, 1439)
    assert all(later["start"] == earlier["end"] + 1 for earlier, later in pairwise(rates))
    assert all(isinstance(each["rate"], float) for each in rates)
    assert document(me.send("GET", TARIFF))["buyback"]["seasons"] == []


@pytest.mark.parametrize("query", [{}, {**TODAY, "date": "today"}, {**TODAY, "rateType": "PURCHASE"}])
def test_39_dated_rates_want_a_date_and_a_type(make: Make, query: dict[str, str]) -> None:
    assert Browser(make(dated_tariff=True)).sign_in().send("GET", f"{TARIFF}s", query=query).status == 400


def test_39_dated_rates_may_not_be_there(make: Make) -> None:
    assert Browser(make()).sign_in().send("GET", f"{TARIFF}s", query=TODAY).status == 404


@pytest.mark.parametrize("path", [TARIFF, f"{TARIFF}s"])
def test_the_tariff_needs_a_session_and_the_own_site(make: Make, path: str) -> None:
    """20."""
    sim = make(dated_tariff=True)
    assert Browser(sim).send("GET", path, query=TODAY).body.startswith(b"<!DOCTYPE html>")
    other = path.replace(str(SITE_ID), "1")
    assert Browser(sim).sign_in().send("GET", other, query=TODAY).status == 403
