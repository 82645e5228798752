"""A time-of-use window runs by the real clock: on at its start, off at its end, what lies under it shows through."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from demo.home_assistant import TIME_ZONE
from tests.stack.house import CHARGE, DISCHARGE, House
from tests.stack.programs import OpenHouse

# The app needs this long to start, sign in and read the cloud, before the window begins.
_HEAD_START = timedelta(seconds=8)
_LATE_SECONDS = 20.0


async def test_a_window_is_on_from_its_start_to_its_end_and_what_lay_under_it_shows_through(
    open_house: OpenHouse,
) -> None:
    start = _next_minute()
    end = start + timedelta(minutes=1)
    window = {"name": "Test rate", "control": CHARGE, "start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    async with open_house("windows", "2025-07", {"activation_delay": 1}, windows=[window]) as house:
        await house.signed_in()
        # What lies under the window: another control stands on, this one off.
        await house.flip(DISCHARGE, "on")
        await house.shows(house.sensor(DISCHARGE), "on", outcome="confirmed")
        upcoming = await house.shows(f"sensor.{house.name}_next_window", start.isoformat(), name="Test rate")
        assert upcoming["attributes"]["end"] == end.isoformat()
        assert not (await house.cloud())[CHARGE]

        began = await _shows_charging(house, "on", start)
        assert began >= start
        assert (await house.cloud())[CHARGE]
        await house.shows(house.toggle(CHARGE), "on")
        await house.gateway_enforces(CHARGE, True)

        ended = await _shows_charging(house, "off", end)
        assert ended >= end
        assert not (await house.cloud())[CHARGE]
        await house.shows(house.toggle(CHARGE), "off")
        await house.shows(house.sensor(DISCHARGE), "on", outcome="confirmed")
        await house.gateway_enforces(DISCHARGE, True)


async def _shows_charging(house: House, state: str, when: datetime) -> datetime:
    """Wait for the sensor to change; return when Home Assistant saw it change."""
    patience = (when - _now()).total_seconds() + _LATE_SECONDS
    shown = await house.shows(house.sensor(CHARGE), state, patience, outcome="confirmed")
    return datetime.fromisoformat(shown["last_changed"])


def _now() -> datetime:
    return datetime.now(ZoneInfo(TIME_ZONE))


def _next_minute() -> datetime:
    return (_now() + _HEAD_START).replace(second=0, microsecond=0) + timedelta(minutes=1)
