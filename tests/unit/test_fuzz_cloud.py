"""Any answer of the cloud, to the app in the real AppDaemon: it runs on, says nothing untrue, and heals by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Simulator
from simulator.wire import Request, Response
from tests.lab.lab import TOGGLES, Lab
from tests.unit.fuzz.documents import Spoil, otherwise, spoilers, spoilt
from tests.unit.fuzz.living import Living, check_result, living
from tests.unit.fuzz.strange import looks

PROBLEM = "binary_sensor.enphase_battery_problem"
API = "/service/batteryConfig/api/v1"
CONFIGURATION = {"class": "TirelessBattery", "requests_per_hour": 1_000_000, "log_level": "DEBUG"}
YOURS = ("restrict_discharge 01:00-02:00 daily", "charge_from_grid 03:00-04:00 daily 80%")
ALWAYS = 1_000_000
ACTIONS = ("wait", "wish", "flip")
SWITCHES = {"charge_from_grid": "chargeFromGrid", "discharge_to_grid": "dtgControl", "restrict_discharge": "rbdControl"}
WISHED = {"charge_from_grid": "on", "discharge_to_grid": "on", "restrict_discharge": "off"}

ENDPOINTS = {
    "settings": f"GET {API}/batterySettings",
    "schedules": f"GET {API}/battery/sites",
    "status": "/battery_status.json",
    "site": f"GET {API}/siteSettings",
    "token": "GET /users/self/token",
    "validation": "/schedules/isValid",
    "switching": f"PUT {API}/batterySettings",
    "creation": f"POST {API}/battery/sites",
    "update": f"PUT {API}/battery/sites",
}


def stored(cloud: Simulator) -> dict[str, Any]:
    model: Any = cloud.model()["cloud"]
    return dict(model)


def switch(cloud: Simulator, control: str) -> str:
    found = stored(cloud)[SWITCHES[control]]
    return "on" if (found.get("enabled") if isinstance(found, dict) else found) else "off"


def check_truth(one: Lab, about: str) -> None:
    """Fail if something is called confirmed that the cloud does not hold."""
    for control in TOGGLES:
        said = one.control(control)
        if said.get("outcome") == "confirmed" and said["state"] != "unavailable":
            assert said["wanted"] == switch(one.cloud, control), f"{control}: {said} after {about}"


def check_health(one: Lab, about: str) -> None:
    """Fail if not everything is as it was wished."""
    assert one.state(PROBLEM) == "off", f"{one.attributes(PROBLEM)} after {about}"
    for control, entity in TOGGLES.items():
        assert one.state(entity) == WISHED[control], f"{control} after {about}"
        assert one.control(control)["outcome"] == "confirmed", f"{control}: {one.control(control)} after {about}"
        assert switch(one.cloud, control) == WISHED[control], f"{control} after {about}"
    own = [
        entry for entry in stored(one.cloud)["schedules"] if entry["scheduleType"] == "DTG" and not entry["isDeleted"]
    ]
    assert [entry["scheduleStatus"] for entry in own] == ["active"], f"{own} after {about}"


async def begin(one: Lab) -> None:
    await one.flip("charge_from_grid", "on")
    await one.command(command="set", control="discharge_to_grid", state="on", duration="06:00:00")
    await one.advance(minutes=5)


async def suffer(one: Lab, action: str) -> None:
    if action == "wish":
        await one.command(command="set", control="discharge_to_grid", state="on", duration="05:00:00")
    elif action == "flip":
        await one.flip("charge_from_grid", "off")
        await one.flip("charge_from_grid", "on")
    await one.advance(minutes=17)


async def entries_of_yours(one: Lab) -> None:
    for entry in YOURS:
        one.phone.add(entry)


@looks(8)
@given(
    name=st.sampled_from(list(ENDPOINTS)),
    spoil=spoilers,
    times=st.sampled_from([1, 2, ALWAYS]),
    action=st.sampled_from(ACTIONS),
)
def test_a_document_gone_wrong_breaks_nothing_and_is_got_over(
    caplog: pytest.LogCaptureFixture,
    tmp_path_factory: pytest.TempPathFactory,
    *,
    name: str,
    spoil: Spoil,
    times: int,
    action: str,
) -> None:
    about = f"{name} x {times}, {action}: {spoil!r:.300}"
    with living(tmp_path_factory.mktemp("house"), caplog, app=CONFIGURATION, before=entries_of_yours) as app:
        one = app.lab
        app.do(begin(one))
        check_health(one, f"before {about}")
        with spoilt(one.cloud, ENDPOINTS[name], spoil, times=times):
            app.do(suffer(one, action))
            app.watch(why=about)
            check_truth(one, about)
        app.do(one.advance(minutes=30))
        app.watch(why=f"the end of {about}")
        check_health(one, about)
        one.phone.check(one.clock.now)


async def first_start(app: Living, match: str, spoil: Spoil, times: int) -> None:
    """Start AppDaemon anew without a store, while the cloud's answers are odd; then they are good again."""
    one = app.lab
    (one.folder / "enphase_battery" / "enphase_battery.json").unlink()
    with spoilt(one.cloud, match, spoil, times=times):
        await one.restart_appdaemon(minutes=6)
        await one.advance(minutes=3)
    app.watch(why="the start")
    await one.advance(hours=2)


BEGINNINGS = {
    "sign-in": "POST /login/login.json",
    "token": "GET /users/self/token",
    "sites": "/search_sites.json",
    "site's page": "/data.json",
    "site": f"GET {API}/siteSettings",
    "settings": f"GET {API}/batterySettings",
}


@looks(8)
@given(st.sampled_from(list(BEGINNINGS)), spoilers, st.sampled_from([1, 2, ALWAYS]))
def test_a_first_start_with_a_document_gone_wrong_is_got_over(
    caplog: pytest.LogCaptureFixture, tmp_path_factory: pytest.TempPathFactory, name: str, spoil: Spoil, times: int
) -> None:
    about = f"{name} x {times}: {spoil!r:.300}"
    with living(tmp_path_factory.mktemp("house"), caplog, app=CONFIGURATION) as app:
        app.do(first_start(app, BEGINNINGS[name], spoil, times))
        app.watch(why=about)
        assert app.lab.state(PROBLEM) == "off", f"{app.lab.attributes(PROBLEM)} after {about}"
        assert app.lab.control("charge_from_grid")["state"] == "off", about


# -- headers ----------------------------------------------------------------------------------------------------------

FITTING = {"Location": 302, "Retry-After": 429}
"""The status that makes a header count."""

DATES = [
    "Mon, 01 Jan 99999999999 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2300",
    "1 Jan 2026 00:00:00 +99999999999999",
    "yesterday",
]
HEADERS = {
    "Date": [*DATES, "Mon, 01 Jan 0100 00:00:00 +2300", "Fri, 31 Dec 9999 23:59:59 GMT"],
    "Retry-After": [*DATES, "9" * 400, "9" * 5000, "-1", "nan", "٣"],
    "Set-Cookie": [
        *(f"a=b; Expires={date}" for date in DATES),
        "a=b; Max-Age=" + "9" * 5000,
        "BP-XSRF-Token=%0d%0aevil: 1",
        ";=",
        "ÿ=ÿ",
    ],
    "x-csrf-token": ["ÿ", " ", "x" * 4000],
    "Location": ["http://[", "//", "http://a:99999/", "../" * 50, "/web/" + "x" * 4000],
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_gone_wrong_break_nothing_and_are_got_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    def change(_request: Request, response: Response) -> Response:
        return replace(response, headers=((name, value), *response.headers), status=FITTING.get(name, response.status))

    with living(tmp_path, caplog, app=CONFIGURATION, before=entries_of_yours) as app:
        one = app.lab
        app.do(begin(one))
        for value in HEADERS[name]:
            about = f"{name}: {value[:100]}"
            with otherwise(one.cloud, change):
                app.do(one.flip("restrict_discharge", "on"))
                app.do(one.advance(minutes=2))
                app.watch(why=about)
            app.do(one.flip("restrict_discharge", "off"))
            app.do(one.advance(minutes=3))
            app.watch(why=f"the end of {about}")
        app.do(one.advance(minutes=65))
        check_health(one, name)


@pytest.mark.parametrize("member", ["days", "limit", "startTime", "endTime", "scheduleId"])
@pytest.mark.parametrize("value", [None, "N/A", []])
def test_an_own_entry_that_one_read_shows_without_a_member_stays_the_apps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, member: str, value: Any
) -> None:
    def without_the_member(document: Any) -> Any:
        for entry in document["dtg"]["details"]:
            entry[member] = value
        return document

    with living(tmp_path, caplog, app=CONFIGURATION) as app:
        one = app.lab
        app.do(one.command(command="set", control="discharge_to_grid", state="on", duration="00:30:00"))
        app.do(one.advance(minutes=5))
        with spoilt(one.cloud, ENDPOINTS["schedules"], without_the_member, times=1):
            app.do(one.advance(minutes=11))
        assert one.state(PROBLEM) == "off", one.attributes(PROBLEM)

        app.do(one.advance(minutes=25))

        assert [entry for entry in stored(one.cloud)["schedules"] if not entry["isDeleted"]] == []
        assert switch(one.cloud, "discharge_to_grid") == "off"


@pytest.mark.parametrize(
    "page", ["<![ foo", "<![x[y]]>", "<!DOCTYPE html><![endif", "<" * 10_000, "<!--" * 10_000, "&" * 10_000]
)
def test_an_odd_page_in_the_place_of_the_login_form_breaks_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, page: str
) -> None:
    async def odd_page(one: Lab) -> None:
        script = [
            {"match": "/login/login.json", "status": 406, "body": "", "times": 1},
            {"match": "GET /login", "status": 200, "body": f"<html>{page}", "times": 1},
        ]
        one.cloud.set(fault_script=script)

    with living(tmp_path, caplog, app=CONFIGURATION, before=odd_page) as app:
        app.do(app.lab.advance(minutes=30))
        app.watch(why=page[:100])
        assert app.lab.state(PROBLEM) == "off"


def test_a_list_of_thousands_of_entries_does_not_make_the_app_talkative(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def endless(document: Any) -> Any:
        for family in ("cfg", "dtg", "rbd"):
            document[family]["details"] = [
                {
                    "scheduleId": f"{family}-{n}",
                    "startTime": "06:00",
                    "endTime": "07:00",
                    "days": [1],
                    "limit": 50,
                    "scheduleStatus": "active",
                }
                for n in range(1000)
            ]
        return document

    async def live(one: Lab) -> None:
        with spoilt(one.cloud, ENDPOINTS["schedules"], endless, times=ALWAYS):
            await one.flip("charge_from_grid", "on")
            await one.advance(minutes=17)
            await one.command(command="diagnose", id="a")
            await one.command(command="set", control="charge_from_grid", state="on", target_soc=50, id="b")

    with living(tmp_path, caplog, app=CONFIGURATION) as app:
        app.do(live(app.lab))
        for result in app.results():
            check_result(result, "a long list")
        app.watch(why="a long list")
