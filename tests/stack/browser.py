"""A person's browser: a headless Chromium of this machine, with Home Assistant's own pages in it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, ViewportSize, async_playwright, expect

from demo.home_assistant import HomeAssistant
from demo.onboarding import PASSWORD, USER
from demo.processes import CHECKOUT

SCREENSHOTS = CHECKOUT / ".build" / "screenshots"
"""Where pictures of the pages are left; `make pictures` takes those of the docs from there."""

_SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "tablet": {"width": 1280, "height": 800}}
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MS = 40_000  # until the cloud is read and the gateway has acknowledged, on a busy machine
_REPAINT_MS = 1_500  # the frontend draws a page anew after its size or its colours have changed

expect.set_options(timeout=_PATIENCE_MS)


def chromium() -> str:
    """Return the path of the browser: what CHROMIUM says, else what is on the PATH."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, (
        "The test of the dashboard needs Chromium, and there is none on the PATH. "
        "Install it (on Debian: apt-get install chromium), or say where it is: CHROMIUM=/path/to/chromium make stack"
    )
    return found


@asynccontextmanager
async def dashboard_of(home_assistant: HomeAssistant) -> AsyncIterator[Page]:
    """Open the dashboard, signed in as the owner."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium())
        page = await browser.new_page(viewport=_SIZES["tablet"])
        page.set_default_timeout(_PATIENCE_MS)
        await page.goto(f"{home_assistant.url}/lovelace/battery")
        await page.locator("input[name=username]").fill(USER)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_text("Connection").wait_for()
        yield page
        await browser.close()


async def take_pictures(page: Page, name: str) -> None:
    """Leave pictures of the page as a phone and a tablet show it, light and dark; then it is as it was."""
    await page.mouse.move(0, 0)
    for device, size in _SIZES.items():
        await page.set_viewport_size(size)
        for scheme in ("dark", "light"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await page.wait_for_timeout(_REPAINT_MS)
            await page.screenshot(path=SCREENSHOTS / f"{name}-{device}-{scheme}.png", animations="disabled")
