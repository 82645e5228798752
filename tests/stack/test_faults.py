"""A configuration with faults stops the app's work, says so, and harms nobody else."""

from demo.appdaemon import AppDaemon
from tests.stack.phone import CHARGE
from tests.stack.programs import OpenHouse

_OVERLAPPING = [
    {"name": "Night", "control": CHARGE, "start": "01:00", "end": "04:00"},
    {"name": "Early", "control": CHARGE, "start": "03:00", "end": "05:00"},
]


async def test_a_configuration_with_faults_is_named_and_the_other_apps_go_on(
    open_house: OpenHouse, appdaemon: AppDaemon
) -> None:
    async with open_house("sound") as sound, open_house("faulty", windows=_OVERLAPPING, polling=3) as faulty:
        problem = await faulty.shows(f"binary_sensor.{faulty.name}_problem", "on")
        told = problem["attributes"]["problem"]
        for part in ("polling", "Night", "Early"):
            assert part in told
            assert part in appdaemon.process.output()
        assert await faulty.requests() == []

        await sound.signed_in()
        await sound.flip(CHARGE, "on")
        await sound.shows(sound.sensor(CHARGE), "on", outcome="confirmed")


async def test_a_mended_configuration_clears_the_problem(open_house: OpenHouse, appdaemon: AppDaemon) -> None:
    async with open_house("faulty", poll=0) as house:
        await house.shows(f"binary_sensor.{house.name}_problem", "on")
        appdaemon.add_app(house.name, house.simulator.url, **house.settings(house.name))
        await house.signed_in()
        await house.shows(f"binary_sensor.{house.name}_problem", "off")
