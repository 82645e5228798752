"""The dashboard in a real browser: what a person sees and presses on a phone or on a tablet at the wall."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from demo.home_assistant import HomeAssistant
from tests.stack.browser import dashboard_of, take_pictures
from tests.stack.house import House
from tests.stack.minutes import now
from tests.stack.phone import CHARGE, CONTROLS, DISCHARGE, RESTRICT
from tests.stack.programs import OpenHouse

# The names that dashboard and package know: those of an app with the default configuration.
AS_INSTALLED = {
    "entity_prefix": "enphase_battery",
    "token_sensor": "sensor.enphase_jwt",
    "toggles": {control: f"input_boolean.enphase_{control}" for control in CONTROLS},
}
# Far enough from now to touch nothing that is tested here.
START = now() + timedelta(hours=6)
WINDOW = {
    "name": "Cheap hours",
    "control": CHARGE,
    "start": f"{START:%H}:00",
    "end": f"{START + timedelta(hours=3):%H}:00",
    "target_soc": 90,
}

NOTHING = "Nothing is forced: the battery follows its own profile."
UNWISHED = re.compile("^Nothing is (forced|wished)")
"""After an off it is not known that nothing is forced before the gateway has reported and a poll has read that."""


async def test_before_the_app_has_ever_run_the_page_says_so_and_shows_no_broken_card(
    home_assistant: HomeAssistant,
) -> None:
    async with dashboard_of(home_assistant) as page:
        await expect(page.get_by_text("The app is not running")).to_be_visible()
        await take_pictures(page, "new")
        await expect(page.get_by_text("Entity not found").filter(visible=True)).to_have_count(0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    async with open_house("pictured", windows=[WINDOW], **AS_INSTALLED) as opened:
        await opened.shows("sensor.enphase_jwt", "OK")
        await opened.shows("binary_sensor.enphase_battery_running", "on", 75.0)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(house: House, home_assistant: HomeAssistant) -> AsyncIterator[Page]:
    # Home Assistant's own word about the network that it runs in.
    await house.home.call_service("persistent_notification", "dismiss", notification_id="config_entry_discovery")
    async with dashboard_of(home_assistant) as opened:
        yield opened


async def test_at_rest_the_page_says_so_and_what_comes_next(page: Page) -> None:
    await expect(page.get_by_text(NOTHING)).to_be_visible()
    day = "today" if START.date() == now().date() else "tomorrow"
    words = f"Next: Cheap hours charges to 90 % {day} from {WINDOW['start']} until {WINDOW['end']}."
    await expect(page.get_by_text(words)).to_be_visible()
    await expect(page.get_by_text("Off, confirmed")).to_have_count(3)
    await take_pictures(page, "rest")


async def test_a_toggle_that_is_flipped_shows_what_is_wished_and_then_what_is_confirmed(
    page: Page, house: House
) -> None:
    await _tile(page, "Hold the charge").click()
    await expect(page.get_by_text("Holding the charge is not confirmed yet: ").first).to_be_visible()
    await expect(page.get_by_text("On, confirmed")).to_be_visible()
    await expect(page.get_by_text("Holds the charge until you switch it off.").first).to_be_visible()
    assert await house.gateway() == {control: control == RESTRICT for control in CONTROLS}

    await _tile(page, "Hold the charge").click()
    await expect(page.get_by_text("Off, confirmed")).to_have_count(3)


async def test_a_boost_shows_its_end_and_can_be_cancelled(page: Page, house: House) -> None:
    await page.get_by_role("button", name="1 hour").first.click()
    await expect(page.get_by_text(re.compile(r"A boost charges from the grid until \d\d:\d\d\.")).first).to_be_visible()
    await expect(_tile(page, "Charging ends")).to_contain_text(re.compile(r"In (1 hour|\d\d minutes)"))
    await expect(page.get_by_text("On, confirmed")).to_be_visible()
    assert (await house.gateway())[CHARGE]
    await take_pictures(page, "boost")

    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text(UNWISHED)).to_be_visible()
    await house.gateway_enforces(CHARGE, False)


async def test_the_boost_script_takes_a_target(page: Page, house: House) -> None:
    await house.home.call_service("script", "enphase_battery_boost", control=DISCHARGE, minutes=30.0, target_soc=45)
    await expect(page.get_by_text("A boost discharges to the grid down to 45 % until").first).to_be_visible()
    await house.home.call_service("script", "enphase_battery_cancel", control=DISCHARGE)
    await expect(page.get_by_text(UNWISHED)).to_be_visible()


async def test_what_sells_energy_asks_first(page: Page, house: House) -> None:
    for press in (page.get_by_role("button", name="30 min").nth(1), _tile(page, "Discharge to grid")):
        await press.click()
        await expect(page.get_by_text("Discharge the battery to the grid")).to_be_visible()
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_text("Discharge the battery to the grid")).to_have_count(0)
    await house.shows(f"input_boolean.enphase_{DISCHARGE}", "off")

    await _tile(page, "Discharge to grid").click()
    await page.get_by_role("button", name="OK", exact=True).click()
    await expect(page.get_by_text("Discharges to the grid until you switch it off.").first).to_be_visible()
    await _tile(page, "Discharge to grid").click()
    await expect(page.get_by_text(UNWISHED)).to_be_visible()


async def test_a_code_that_enphase_asks_for_is_entered_on_the_page(page: Page, house: House) -> None:
    await house.simulator.switch(mfa=True)
    await house.simulator.tell("session/expire")
    await house.command(command="refresh")
    await expect(page.get_by_text("Enphase wants to know that it is you")).to_be_visible()
    await take_pictures(page, "code")
    await _tile(page, "Enter the code from Enphase").click()
    await page.locator("ha-selector-text input").fill((await house.simulator.control("otp"))["code"])
    await page.get_by_role("button", name="Run", exact=True).click()
    await house.shows("sensor.enphase_jwt", "OK")
    await page.keyboard.press("Escape")
    await expect(_tile(page, "Enter the code from Enphase")).to_have_count(0)


async def test_home_assistant_finds_no_fault_with_package_and_dashboard(
    page: Page, home_assistant: HomeAssistant
) -> None:
    parts = r"config|setup|helpers|components\.(?:automation|input_\w+|script|template)"
    about = rf"enphase|lovelace|homeassistant\.(?:{parts})"
    complaints = re.findall(rf".* (?:WARNING|ERROR|CRITICAL) .*(?:{about}).*", home_assistant.process.output())
    assert complaints == []


def _tile(page: Page, name: str) -> Locator:
    return page.locator("hui-tile-card").filter(has_text=name, visible=True)
