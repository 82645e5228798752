"""One life of the app with all that happens to secrets in it; then everything it said, showed and keeps is searched."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from appdaemon.events import Events

from tests.lab.lab import ACCOUNT, APP, Lab
from tests.unit.fuzz.hunting import Eavesdropper, in_words, is_own, kept
from tests.unit.fuzz.living import Living, living

STORE = Path("enphase_battery") / f"{APP}.json"
COMMAND = "enphase_battery_command"
WRONG_CODE = "000741"


@pytest.fixture
def events() -> Iterator[list[str]]:
    """Every event, but for two: commands, because a code comes over Home Assistant's bus, and AppDaemon's own, by which
    it announces an app before that lives."""
    seen: list[str] = []
    process: Any = Events.process_event

    async def note(self: Any, namespace: str, data: dict[str, Any]) -> None:
        state = data["data"].get("new_state") or data["data"].get("state")
        announced = isinstance(state, dict) and state.get("state") in ("loaded", "created", "initializing")
        if not announced and data["event_type"] != COMMAND:
            seen.append(repr(data))
        await process(self, namespace, data)

    with patch.object(Events, "process_event", note):
        yield seen


def everything_at_debug() -> None:
    for name in list(logging.root.manager.loggerDict):
        if not name.startswith(("hypothesis", "_pytest")):
            logging.getLogger(name).setLevel(logging.DEBUG)


def check_files(folder: Path) -> None:
    """Fail if anybody but the owner may read the store, or what lies beside it."""
    home = (folder / STORE).parent
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for file in home.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def echo(*parts: str) -> str:
    """Return a page that repeats what it was sent, as careless servers do."""
    return f"<html>{' '.join(parts)}</html>"


async def live(one: Lab, eavesdropper: Eavesdropper) -> None:
    """Let everything happen in which secrets are used, and in which a careless app would show them."""
    cloud = one.cloud
    await one.flip("charge_from_grid", "on")
    await one.command(command="refresh", id="a token")
    await one.command(command="diagnose", id="a report")
    cloud.expire_sessions()  # the next poll meets a wall
    await one.advance(minutes=20)
    careless = echo(*eavesdropper.secrets)
    for match, status in (
        ("batterySettings", 500),
        ("batterySettings", 401),
        ("schedules", 403),
        ("PUT", 409),
        ("GET", 200),
    ):
        cloud.set(fault_script=[{"match": match, "status": status, "body": careless, "times": 2}])
        await one.flip("restrict_discharge", "on" if status % 2 else "off")
        await one.advance(minutes=16)
    cloud.set(fault_script=[{"match": " /", "status": 429, "body": careless, "times": 3}])
    await one.advance(minutes=31)
    cloud.set(
        fault_script=[
            {"match": "/users/self/token", "status": 200, "body": {"token": 5, "error": careless}, "times": 9}
        ]
    )
    await one.command(command="refresh", id="no token")
    cloud.set(fault_script=[{"match": "GET", "status": 0, "times": 3}])
    await one.advance(minutes=31)
    cloud.set(fault_script=[])
    with patch.object(type(one.app._session), "request", side_effect=RuntimeError("a bug")):
        await one.advance(minutes=16)


async def be_refused(one: Lab) -> None:
    """Let the password be refused, until the guard closes the door."""
    refusal = {"message": "Invalid", "email": ACCOUNT["email"], "password": ACCOUNT["password"]}
    one.cloud.set(mfa=False, fault_script=[{"match": "/login/login.json", "status": 401, "body": refusal, "times": 99}])
    one.cloud.expire_sessions()
    await one.advance(minutes=40)
    await one.command(command="refresh", id="refused")
    await one.command(command="diagnose", id="a report of it")


async def meet_a_second_factor(one: Lab, eavesdropper: Eavesdropper) -> None:
    """Let the account ask for a code; one is wrong and one is right."""
    one.cloud.set(fault_script=[], mfa=True)
    one.cloud.expire_sessions()
    await one.advance(minutes=16)
    await one.command(command="otp", id="wrong", code=WRONG_CODE)
    await one.command(command="otp", id="a slip", code=f"{WRONG_CODE}x")
    await one.command(command="otp_resend", id="again")
    await one.advance(minutes=1)
    code = getattr(one.cloud, "otp_code", lambda: None)()
    if code:
        eavesdropper.secrets.add(code)
        await one.command(command="otp", id="right", code=code)
    await one.advance(minutes=20)


def damage(folder: Path) -> str:
    """Cut the store in the middle, as a full disk does."""
    whole = (folder / STORE).read_text()
    (folder / STORE).write_text(whole[: len(whole) * 3 // 4])
    return whole


def said(app: Living, events: list[str], log: str) -> str:
    assert app.lab.ad is not None
    states = {entity: dict(state) for entity, state in app.lab.ha.states.items()}
    seen = (states, app.lab.ha.calls, app.lab.ha.events, app.lab.ad.state.state["admin"])
    return "\n".join((log, *map(repr, seen), *events))


def what_is_kept(app: Living) -> list[object]:
    """Return the app's own objects, and errors, that the app holds."""
    reached = kept(list(vars(app.lab.app).values()))
    return [one for one in reached if is_own(one) or isinstance(one, BaseException)]


def test_no_secret_is_said_shown_or_readable_in_a_whole_life(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, events: list[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with living(tmp_path, caplog, app={"log_level": "DEBUG", "requests_per_hour": 600}) as app:
        everything_at_debug()
        app.loop.set_debug(True)
        eavesdropper = Eavesdropper(app.lab.cloud, *ACCOUNT.values(), WRONG_CODE)
        log = []

        def search(where: str) -> None:
            log.append("\n".join(line for line in caplog.text.splitlines() if COMMAND not in line))
            caplog.clear()
            objects = "\n".join(map(repr, what_is_kept(app)))
            errors = [one for one in what_is_kept(app) if isinstance(one, BaseException)]
            told = "\n".join(map(in_words, errors))
            for what, text in {"said": said(app, events, log[-1]), "kept": objects, "errors": told}.items():
                leaks = eavesdropper.leaks(text)
                assert leaks == [], f"{where}, {what}: {leaks[:3]}"
            check_files(tmp_path)

        app.do(live(app.lab, eavesdropper))
        app.loop.set_debug(False)  # it takes its time
        search("life")
        app.do(meet_a_second_factor(app.lab, eavesdropper))
        search("second factor")
        app.do(be_refused(app.lab))
        search("refused")
        whole: list[str] = []
        app.do(app.lab.restart_appdaemon(lambda: whole.append(damage(tmp_path))))
        everything_at_debug()
        search("damaged store")
        app.do(app.lab.restart_home_assistant())
        search("restart")

        assert len(eavesdropper.secrets) >= 30, "it did hear secrets"
        stored = json.loads(whole[0])["sections"]["session"]
        assert eavesdropper.leaks(json.dumps(stored)), "it does find them where they are"
        assert "AppDaemon" in "".join(log)
        assert len(what_is_kept(app)) > 20


async def be_refused_at_once(one: Lab) -> None:
    one.cloud.set(fault_script=[{"match": "/login/login.json", "status": 401, "body": "no", "times": 99}])


def test_an_error_that_is_kept_keeps_no_frame_that_holds_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with living(tmp_path, caplog, before=be_refused_at_once) as app:
        eavesdropper = Eavesdropper(app.lab.cloud, *ACCOUNT.values())
        errors = [one for one in what_is_kept(app) if isinstance(one, BaseException)]
        assert errors, "a refused sign-in is remembered"
        assert eavesdropper.leaks("".join(map(in_words, errors))) == []
