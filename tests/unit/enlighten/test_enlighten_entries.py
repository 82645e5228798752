"""The writes of schedule entries: what is sent, and what comes of the answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import time
from typing import TYPE_CHECKING

import pytest

from enphase_battery.enlighten.battery import Battery
from enphase_battery.enlighten.families import Family
from enphase_battery.enlighten.identity import Identity
from enphase_battery.enlighten.models import EntryTerms
from enphase_battery.enlighten.writes import entry_body
from enphase_battery.errors import Conflict, Forbidden, NotAvailable, NotFound, Refused, Unreachable
from tests.unit.enlighten.stand_in import BC, SITE, USER, WALL, Cloud, answering

if TYPE_CHECKING:
    from enphase_battery.enlighten.session import EnlightenSession

SCHEDULES = f"{BC}/battery/sites/{SITE}/schedules"
ENTRY_ID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
CREATE, UPDATE, DELETE = f"POST {SCHEDULES}", f"PUT {SCHEDULES}/{ENTRY_ID}", f"POST {SCHEDULES}/{ENTRY_ID}/delete"
TERMS = EntryTerms(Family.DTG, time(16), time(19), frozenset({1, 2}), 20, "Europe/London")

Write = Callable[[Battery], Awaitable[None]]
WRITES: dict[str, Write] = {
    CREATE: lambda battery: battery.create_entry(TERMS),
    UPDATE: lambda battery: battery.update_entry(ENTRY_ID, TERMS),
    DELETE: lambda battery: battery.delete_entry(ENTRY_ID),
}
REFUSALS: dict[type[Exception], int] = {Refused: 400, Forbidden: 403, NotAvailable: 405, Unreachable: 503}
every_write = pytest.mark.parametrize(("request_line", "write"), WRITES.items(), ids=["create", "update", "delete"])


@pytest.fixture
def battery(session: EnlightenSession) -> Battery:
    return Battery(session, Identity(site_id=SITE, user_id=USER))


@every_write
async def test_each_write_is_one_request_to_the_entry(
    battery: Battery, cloud: Cloud, request_line: str, write: Write
) -> None:
    cloud.script(request_line, answering(text=""))
    await write(battery)
    ((request, body),) = cloud.sent(request_line)
    assert json.loads(body) == ({} if request_line == DELETE else entry_body(TERMS))
    assert request.headers["X-XSRF-Token"] == cloud.xsrf
    assert request.headers["Username"] == USER
    assert not request.query
    assert not [name for name in cloud.seen if name.startswith("DELETE")]


@every_write
async def test_an_old_xsrf_token_costs_one_repetition(
    battery: Battery, cloud: Cloud, request_line: str, write: Write
) -> None:
    await battery.settings()
    cloud.xsrf = "x-1"
    await write(battery)
    assert [request.headers["X-XSRF-Token"] for request, _ in cloud.sent(request_line)] == ["x-0", "x-1"]


@every_write
async def test_an_overlap_is_a_conflict_and_is_not_repeated(
    battery: Battery, cloud: Cloud, request_line: str, write: Write
) -> None:
    cloud.script(request_line, answering(409, body={"error": {"status": "CONFLICTING_SCHEDULE_CFG", "message": "no"}}))
    with pytest.raises(Conflict, match=r"409 CONFLICTING_SCHEDULE_CFG$"):
        await write(battery)
    assert cloud.seen.count(request_line) == 1


@every_write
@pytest.mark.parametrize("error", REFUSALS)
async def test_other_refusals_have_their_usual_meaning(
    battery: Battery, cloud: Cloud, request_line: str, write: Write, error: type[Exception]
) -> None:
    cloud.script(request_line, answering(REFUSALS[error]))
    with pytest.raises(error) as caught:
        await write(battery)
    assert type(caught.value) is error
    assert ENTRY_ID not in str(caught.value)


async def test_an_entry_that_is_gone_needs_no_delete(battery: Battery, cloud: Cloud) -> None:
    cloud.script(DELETE, answering(404))
    await battery.delete_entry(ENTRY_ID)
    assert cloud.seen.count(DELETE) == 1


async def test_an_entry_that_is_gone_cannot_be_updated(battery: Battery, cloud: Cloud) -> None:
    cloud.script(UPDATE, answering(404))
    with pytest.raises(NotFound):
        await battery.update_entry(ENTRY_ID, TERMS)


async def test_what_a_create_answers_does_not_matter(battery: Battery, cloud: Cloud) -> None:
    cloud.script(CREATE, answering(201, body={"scheduleId": ["odd"], "data": None}))
    await battery.create_entry(TERMS)
    assert cloud.seen[-1] == CREATE


async def test_a_login_wall_before_a_create_leaves_one_entry(battery: Battery, cloud: Cloud) -> None:
    await battery.settings()
    cloud.clock.advance(minutes=5)
    cloud.script(CREATE, answering(text=WALL), answering(body={"message": "success"}))
    await battery.create_entry(TERMS)
    assert cloud.seen.count(CREATE) == 2
    assert cloud.logins() == 1


@pytest.mark.parametrize("schedule_id", ["", "..", "a/delete", "a?b", "a%2fb", "a b", "é", "isValid/../x"])
async def test_an_id_cannot_lead_elsewhere(battery: Battery, cloud: Cloud, schedule_id: str) -> None:
    with pytest.raises(ValueError, match="schedule_id"):
        await battery.update_entry(schedule_id, TERMS)
    with pytest.raises(ValueError, match="schedule_id"):
        await battery.delete_entry(schedule_id)
    assert cloud.seen == []
