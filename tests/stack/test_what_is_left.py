"""What a run leaves behind, read after all other files of this folder: logs, states, files. No secret is in them."""

import asyncio
import json
import stat
from pathlib import Path
from urllib.parse import quote, quote_plus

import aiohttp

from demo.appdaemon import STORE, AppDaemon
from demo.websocket import HomeAssistantSocket
from simulator import EMAIL, PASSWORD
from tests.stack.phone import CHARGE
from tests.stack.programs import OpenHouse

# A faulty configuration; Home Assistant's restarts; libraries that Home Assistant's cameras would need.
_EXPECTED = ("ERROR faulty:", "ERROR HASS:", "components.camera", "haffmpeg")

# A shorter cookie is a word or a number that may stand anywhere.
_LEAST_SECRET = 20
_PATIENCE_SECONDS = 30.0


async def test_no_secret_is_in_any_log_state_result_admin_page_or_file_but_the_stores_of_their_owner(
    open_house: OpenHouse, appdaemon: AppDaemon, home: HomeAssistantSocket, folder: Path
) -> None:
    async with open_house("secretive") as house:
        await house.signed_in()
        await house.flip(CHARGE, "on")
        await house.shows(house.sensor(CHARGE), "on", outcome="confirmed")
        results = await home.subscribe("enphase_battery_result")
        await home.fire("enphase_battery_command", app=house.name, id="report", command="diagnose")

        places = {
            "states": json.dumps(await home.states()).encode(),
            "report": json.dumps(await asyncio.wait_for(results.get(), _PATIENCE_SECONDS)).encode(),
            "admin": await _admin_page(appdaemon, house.name),
        }
    # Not before: a running app may be replacing its store just now, which then has another name for a moment.
    stores = _stores(folder)
    secrets = {EMAIL, PASSWORD, quote(EMAIL), quote_plus(PASSWORD), *_session_secrets(stores)}
    places |= {str(path): path.read_bytes() for path in _files(folder) - stores if path.name != "secrets.yaml"}

    assert {stat.S_IMODE(store.stat().st_mode) for store in stores} == {0o600}
    found = [(place, secret) for place, content in places.items() for secret in secrets if secret.encode() in content]
    assert found == []


def test_no_program_logged_an_unexpected_error(folder: Path) -> None:
    lines = [line for log in folder.rglob("*.log") for line in log.read_text(encoding="utf-8").splitlines()]
    assert lines
    assert [line for line in lines if " ERROR " in line and not any(name in line for name in _EXPECTED)] == []


def _stores(folder: Path) -> set[Path]:
    return set(folder.rglob(f"{STORE}/*.json"))


def _session_secrets(stores: set[Path]) -> set[str]:
    """Return the cookies and tokens that the stores hold."""
    sessions = [json.loads(store.read_text(encoding="utf-8"))["sections"]["session"] for store in stores]
    tokens = {session["token"]["value"] for session in sessions if session["token"]}
    cookies = {cookie["value"] for session in sessions for cookie in session["cookies"]}
    assert tokens
    return {secret for secret in tokens | cookies if len(secret) >= _LEAST_SECRET}


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


async def _admin_page(appdaemon: AppDaemon, name: str) -> bytes:
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.get(f"{appdaemon.url}/api/appdaemon/state/admin/app.{name}") as response,
    ):
        return await response.read()
