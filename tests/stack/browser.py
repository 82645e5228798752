"""A person's browser: a headless Chromium with Home Assistant's own pages in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, ViewportSize, async_playwright, expect

from demo.home_assistant import HomeAssistant
from demo.lane import CHECKOUT
from demo.onboarding import PASSWORD, USER
from tools.set_up_browser import MISSING, browser

SCREENSHOTS = CHECKOUT / ".build" / "screenshots"
"""Where pictures of the pages are left; `make pictures` takes those of the docs from there."""

_SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "tablet": {"width": 1280, "height": 800}}
_PATIENCE_MS = 40_000  # until the cloud is read and the gateway has acknowledged, on a busy machine
_REPAINT_MS = 1_500  # the frontend draws a page anew after its size or its colours have changed

expect.set_options(timeout=_PATIENCE_MS)


def chromium() -> str:
    """Return the path of the browser that `make browser` has found or fetched."""
    found = browser()
    assert found, MISSING
    return found


@asynccontextmanager
async def dashboard_of(home_assistant: HomeAssistant) -> AsyncIterator[Page]:
    """Open the dashboard, signed in as the owner."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium())
        page = await launched.new_page(viewport=_SIZES["tablet"])
        page.set_default_timeout(_PATIENCE_MS)
        await page.goto(home_assistant.dashboard_url)
        await page.locator("input[name=username]").fill(USER)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_text("Connection").wait_for()
        yield page
        await launched.close()


async def take_pictures(page: Page, name: str) -> None:
    """Leave pictures of the page as a phone and a tablet show it, light and dark; then it is as it was."""
    await page.mouse.move(0, 0)
    for device, size in _SIZES.items():
        await page.set_viewport_size(size)
        for scheme in ("dark", "light"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await page.wait_for_timeout(_REPAINT_MS)
            await page.screenshot(path=SCREENSHOTS / f"{name}-{device}-{scheme}.png", animations="disabled")
