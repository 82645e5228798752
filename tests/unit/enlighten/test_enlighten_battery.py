"""The battery's reads and switches: what is asked, and what comes of the answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from enphase_battery.enlighten.battery import Battery
from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.identity import Identity
from enphase_battery.enlighten.models import BatterySettings, WriteForm
from enphase_battery.errors import Forbidden, NotAvailable, Refused, UnexpectedAnswer
from tests.unit.enlighten.stand_in import BC, IS_VALID, SETTINGS, SITE, STATUS, USER, Cloud, answering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from enphase_battery.enlighten.session import EnlightenSession

ACCEPT = f"POST {BC}/batterySettings/acceptDisclaimer/{SITE}"
SCHEDULES = f"GET {BC}/battery/sites/{SITE}/schedules"


@pytest.fixture
def battery(session: EnlightenSession) -> Battery:
    return Battery(session, Identity(site_id=SITE, user_id=USER))


async def test_settings_are_read(battery: Battery, cloud: Cloud) -> None:
    read = await battery.settings()
    assert [read.switch(family) for family in Family] == [False, True, False]
    request, _ = cloud.sent(f"GET {SETTINGS}")[0]
    assert request.query == {"source": "enlm", "userId": USER}
    assert request.headers["Username"] == USER


async def test_schedules_are_read(battery: Battery, cloud: Cloud) -> None:
    cloud.script(SCHEDULES, answering(body={"cfg": {"scheduleStatus": "active", "count": 0}}))
    assert (await battery.schedules()).family_status(Family.CFG) == "active"


@pytest.mark.parametrize("status", [404, 405])
async def test_a_site_may_have_no_schedules(battery: Battery, cloud: Cloud, status: int) -> None:
    cloud.script(SCHEDULES, answering(status))
    with pytest.raises(NotAvailable):
        await battery.schedules()


async def test_the_status_is_read_from_the_site_itself(battery: Battery, cloud: Cloud) -> None:
    cloud.script(f"GET {STATUS}", answering(body={"current_charge": "57%"}))
    assert (await battery.status()).soc == 57
    request, _ = cloud.sent(f"GET {STATUS}")[0]
    assert request.headers["X-Requested-With"] == "XMLHttpRequest"
    assert request.headers["Referer"] == f"{cloud.base_url}/"
    assert "Origin" not in request.headers


async def test_the_site_is_read(battery: Battery, cloud: Cloud) -> None:
    cloud.script(f"GET {BC}/siteSettings/{SITE}", answering(body={"data": {"timezone": "Europe/London"}}))
    assert (await battery.site_settings()).timezone == "Europe/London"


DOCUMENTS = [
    "fine",
    "",
    "null",
    "[]",
    "{}",
    '"x"',
    "12",
    '{"data":',
    "[" * 100_000,
    '{"fine": true}',
    '{"data": {"x": 1}}',
    '{"data": []}',
    "9" * 5000,
    "NaN",
]


@pytest.mark.parametrize("text", DOCUMENTS, ids=[document[:12] for document in DOCUMENTS])
async def test_an_answer_that_is_not_the_document_is_not_taken(battery: Battery, cloud: Cloud, text: str) -> None:
    reads: dict[str, Callable[[], Awaitable[object]]] = {
        f"GET {SETTINGS}": battery.settings,
        SCHEDULES: battery.schedules,
        f"GET {STATUS}": battery.status,
        f"GET {BC}/siteSettings/{SITE}": battery.site_settings,
    }
    for name, read in reads.items():
        cloud.script(name, answering(text=text))
        with pytest.raises(UnexpectedAnswer) as caught:
            await read()
        assert "\n" not in str(caught.value)


async def test_a_write_believes_any_good_answer(battery: Battery, cloud: Cloud) -> None:
    read = await battery.settings()
    for text in DOCUMENTS:
        cloud.script(f"PUT {SETTINGS}", answering(text=text))
        await battery.write_switch(Family.DTG, False, form=WriteForm.SHORT, settings=read)


@pytest.mark.parametrize(
    ("family", "body"),
    [
        (Family.CFG, {"scheduleType": "cfg", "forceScheduleOpted": True}),
        (Family.DTG, {"scheduleType": "dtg"}),
        (Family.RBD, {"scheduleType": "rbd"}),
    ],
)
async def test_each_family_is_validated_in_its_way(
    battery: Battery, cloud: Cloud, family: Family, body: dict[str, object]
) -> None:
    await battery.settings()
    cloud.script(f"POST {IS_VALID}", answering(body={"isValid": True}))
    await battery.validate(family)
    request, sent = cloud.sent(f"POST {IS_VALID}")[0]
    assert json.loads(sent) == body
    assert request.headers["X-XSRF-Token"] == cloud.xsrf


async def test_a_disable_is_validated_as_such(battery: Battery, cloud: Cloud) -> None:
    cloud.script(f"POST {IS_VALID}", answering(body={"isValid": True}))
    await battery.validate(Family.CFG, schedule=False)
    assert json.loads(cloud.sent(f"POST {IS_VALID}")[0][1])["forceScheduleOpted"] is False


async def test_a_family_may_be_refused(battery: Battery, cloud: Cloud) -> None:
    cloud.script(f"POST {IS_VALID}", answering(body={"isValid": False}))
    with pytest.raises(Refused, match="dtg"):
        await battery.validate(Family.DTG)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotAvailable), (405, NotAvailable)])
async def test_a_site_may_have_no_validation(
    battery: Battery, cloud: Cloud, status: int, error: type[Exception]
) -> None:
    cloud.script(f"POST {IS_VALID}", answering(status))
    with pytest.raises(error):
        await battery.validate(Family.CFG)


async def test_the_disclaimer_is_accepted(battery: Battery, cloud: Cloud) -> None:
    cloud.script(ACCEPT, answering(body={"message": "success"}))
    await battery.accept_itc_disclaimer()
    assert json.loads(cloud.sent(ACCEPT)[0][1]) == {"disclaimer-type": "itc"}


async def test_a_disclaimer_that_is_forbidden_costs_one_fresh_token(battery: Battery, cloud: Cloud) -> None:
    cloud.script(ACCEPT, answering(403))
    with pytest.raises(Forbidden):
        await battery.accept_itc_disclaimer()
    assert cloud.seen.count(ACCEPT) == 2
    assert cloud.logins() == 1


@pytest.mark.parametrize("status", [404, 405])
async def test_a_site_may_have_no_disclaimer(battery: Battery, cloud: Cloud, status: int) -> None:
    cloud.script(ACCEPT, answering(status))
    await battery.accept_itc_disclaimer()
    assert cloud.seen.count(ACCEPT) == 1


@pytest.mark.parametrize(
    ("form", "query"),
    [
        (WriteForm.SHORT, {"userId": USER, "source": "enho"}),
        (WriteForm.NO_SOURCE, {"userId": USER}),
        (WriteForm.RICH, {"userId": USER}),
        (WriteForm.MERGED, {"userId": USER}),
    ],
)
async def test_switches_are_written(battery: Battery, cloud: Cloud, form: WriteForm, query: dict[str, str]) -> None:
    read = await battery.settings()
    await battery.write_switch(Family.DTG, False, form=form, settings=read)
    request, sent = cloud.sent(f"PUT {SETTINGS}")[0]
    assert request.query == query
    body = json.loads(sent)
    assert body["dtgControl"]["enabled"] is False
    assert (len(body["dtgControl"]) > 1) is (form is WriteForm.RICH)
    assert ("chargeFromGrid" in body) is (form is WriteForm.MERGED)
    assert "devices" not in body


async def test_a_write_with_missing_parameters_is_refused(battery: Battery, cloud: Cloud) -> None:
    read = BatterySettings.parse({"data": {"chargeFromGrid": False}})
    cloud.script(f"PUT {SETTINGS}", answering(500, text="Request contains invalid or missing parameters"))
    with pytest.raises(Refused):
        await battery.write_switch(Family.CFG, True, form=WriteForm.SHORT, settings=read)


async def test_both_flags_of_charge_from_grid_are_written_at_once(battery: Battery, cloud: Cloud) -> None:
    read = await battery.settings()
    await battery.write_switch(Family.CFG, True, form=WriteForm.NO_SOURCE, settings=read, schedule=True)
    assert json.loads(cloud.sent(f"PUT {SETTINGS}")[0][1]) == {
        "chargeFromGrid": True,
        "chargeFromGridScheduleEnabled": True,
    }
