"""Make a fresh Home Assistant usable by program: its first user, its first-start questions, a lasting token."""

from datetime import datetime, timezone
from typing import Any

import aiohttp

from demo.websocket import HomeAssistantSocket

USER = "demo"
PASSWORD = "demo"

_TOKEN_DAYS = 365


async def lasting_token(url: str, kept: str) -> str:
    """Return a token that works at the Home Assistant at `url`: `kept` if it still does, else a new one.

    The first time it creates the first user and answers the first-start questions, so that a browser is shown the
    login form.
    """
    async with aiohttp.ClientSession(url, raise_for_status=True) as session:
        if kept and await _accepted(session, kept):
            return kept
        access = await _onboard(session, url) or await _log_in(session, url)
    async with HomeAssistantSocket(url, access) as socket:
        name = f"AppDaemon {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
        return str(await socket.call("auth/long_lived_access_token", client_name=name, lifespan=_TOKEN_DAYS))


async def _accepted(session: aiohttp.ClientSession, token: str) -> bool:
    async with session.get("/api/", headers={"Authorization": f"Bearer {token}"}, raise_for_status=False) as response:
        return response.ok


async def _onboard(session: aiohttp.ClientSession, url: str) -> str | None:
    """Take all open steps of the onboarding; an access token, or None if the user existed before."""
    async with session.get("/api/onboarding", raise_for_status=False) as response:
        # Once all steps are done, Home Assistant no longer has this page.
        steps = await response.json() if response.ok else []
    pending = [step["step"] for step in steps if not step["done"]]
    if "user" not in pending:
        return None
    client = f"{url}/"
    created = await _post(
        session,
        "/api/onboarding/users",
        {"client_id": client, "name": "Demo", "username": USER, "password": PASSWORD, "language": "en"},
    )
    access = await _exchange(session, client, created["auth_code"])
    session.headers["Authorization"] = f"Bearer {access}"
    for step in pending:
        if step != "user":
            await _post(session, f"/api/onboarding/{step}", {"client_id": client, "redirect_uri": client})
    return access


async def _log_in(session: aiohttp.ClientSession, url: str) -> str:
    """Log in as the login form does; an access token."""
    client = f"{url}/"
    flow = await _post(
        session,
        "/auth/login_flow",
        {"client_id": client, "handler": ["homeassistant", None], "redirect_uri": client},
    )
    done = await _post(
        session,
        f"/auth/login_flow/{flow['flow_id']}",
        {"client_id": client, "username": USER, "password": PASSWORD},
    )
    return await _exchange(session, client, done["result"])


async def _exchange(session: aiohttp.ClientSession, client: str, code: str) -> str:
    form = {"client_id": client, "grant_type": "authorization_code", "code": code}
    async with session.post("/auth/token", data=form) as response:
        return str((await response.json())["access_token"])


async def _post(session: aiohttp.ClientSession, path: str, content: dict[str, Any]) -> Any:
    async with session.post(path, json=content) as response:
        return await response.json()
