"""The check before a run: it tells what the app would find, changes nothing, and costs no login that can be spared."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from yarl import URL

from enphase_battery.__main__ import main
from enphase_battery.config.configuration import parse_configuration
from enphase_battery.diagnostics.borrowed_store import BorrowedStore
from enphase_battery.diagnostics.check import Check, ReadingWire
from enphase_battery.diagnostics.report import Findings, as_report, table
from enphase_battery.enlighten.address import BATTERY_CONFIG
from enphase_battery.enlighten.record import SessionRecord
from enphase_battery.enlighten.wire import AiohttpWire
from enphase_battery.errors import Unreachable
from enphase_battery.store.store import Store
from enphase_battery.words.reasons import entry
from simulator import EMAIL, PASSWORD, SITE_ID, USER_ID, Simulator, Switches
from tests.lab.lab import ACCOUNT, APP, Lab, lab
from tests.unit.fuzz.hunting import Eavesdropper

PACKAGE = Path(__file__).parents[3] / "apps" / "enphase-battery"
NIGHT = {"name": "Night", "control": "charge_from_grid", "start": "02:00", "end": "05:00"}
LOGGER = logging.getLogger("check")

Running = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """A running app, at noon of a winter's day."""

    def make(**changes: Any) -> AbstractAsyncContextManager[Lab]:
        return lab(tmp_path, **{"start": datetime(2026, 11, 22, 12, tzinfo=timezone.utc), **changes})

    return make


def install(folder: Path, url: str, **keys: object) -> Path:
    """Write what a person writes, with this address of the cloud; return AppDaemon's configuration folder."""
    (folder / "apps").mkdir(parents=True)
    (folder / "appdaemon.yaml").write_text("appdaemon: {time_zone: Europe/London}\n")
    (folder / "secrets.yaml").write_text(yaml.safe_dump({"enphase_email": EMAIL, "enphase_password": PASSWORD}))
    app = yaml.safe_dump({"module": "enphase_battery", "class": "EnphaseBattery", "base_url": url, **keys})
    lines = (
        "enphase_battery:",
        *app.splitlines(),
        "email: !secret enphase_email",
        "password: !secret enphase_password",
    )
    (folder / "apps" / "apps.yaml").write_text("\n  ".join(lines) + "\n")
    return folder


async def check(folder: Path, *more: str) -> int:
    """Run the command, which has a loop of its own."""
    return await asyncio.to_thread(main, ["check", "--config", str(folder), *more])


async def look(store: Path, url: str, clock: Callable[[], datetime], **keys: object) -> Findings:
    """Check an app by the clock of a test."""
    configuration = parse_configuration({**ACCOUNT, "base_url": url, **keys})
    return await Check(APP, configuration, BorrowedStore(store, LOGGER), clock=clock, logger=LOGGER).run()


async def beside(one: Lab, **keys: object) -> Findings:
    """Check the running app."""
    return await look(one.store, one.url, one.clock, **keys)


def rows(text: str) -> dict[str, str]:
    return {line[:20].strip(): line[21:] for line in text.splitlines() if line[:20].strip()}


def count(cloud: Simulator, what: str) -> int:
    number = cloud.counters()[what]
    assert isinstance(number, int)
    return number


def problems(findings: Findings) -> list[str]:
    told = as_report(findings)["problems"]
    assert isinstance(told, list)
    return told


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    return {str(file): (file.read_text(), file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()}


# -- before the app runs ----------------------------------------------------------------------------------------------


async def test_it_tells_in_a_table_what_the_app_would_find(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = Simulator(Switches(), seed=1)
    cloud.act_as_app(
        create={"scheduleType": "DTG", "startTime": "17:00", "endTime": "19:00", "limit": 30, "days": [1, 2]}
    )
    async with cloud.serve() as url:
        assert await check(install(tmp_path / "conf", url, windows=[NIGHT])) == 0
    said = capsys.readouterr().out
    found = rows(said)
    assert found["site"] == f"{SITE_ID} (Home)"
    assert found["user"] == str(USER_ID)
    assert found["time zone"] == "Europe/London"
    assert found["clock"] == "agrees with the cloud's"
    assert found["sign-in"].startswith("OK; token of 20")
    assert found["sign-in"].endswith("; with a sign-in for this check")
    assert found["second factor"] == "not needed at the last sign-in"
    assert found["charge_from_grid"] == "switch off; works with entries"
    assert found["other entries"] == "discharge to grid 17:00-19:00 Mon, Tue, limit 30 %"
    assert found["problems"] == "none"
    assert "\nNothing is wrong with Enphase." in said


async def test_it_changes_nothing_neither_in_the_cloud_nor_on_the_disk(tmp_path: Path) -> None:
    cloud = Simulator(Switches(), seed=1)
    async with cloud.serve() as url:
        folder = install(tmp_path / "conf", url)
        before = contents(folder)
        await check(folder)
        assert contents(folder) == before
    assert (count(cloud, "logins"), count(cloud, "writes"), count(cloud, "validations")) == (1, 0, 0)
    assert {request["method"] for request in cloud.requests() if "batteryConfig" in str(request["path"])} == {"GET"}


async def test_no_write_to_the_battery_would_leave_the_machine() -> None:
    settings = URL(f"https://example.com{BATTERY_CONFIG}/batterySettings/1")
    with pytest.raises(Unreachable, match="a check changes nothing"):
        await ReadingWire(AiohttpWire(), borrowed=False).exchange("PUT", settings, {}, b"{}")


async def test_of_an_older_cloud_it_says_that_switches_are_all_there_is(tmp_path: Path, capsys: Any) -> None:
    async with Simulator(Switches(auth_era="2025-07"), seed=1).serve() as url:
        assert await check(install(tmp_path / "conf", url)) == 0
    assert rows(capsys.readouterr().out)["charge_from_grid"] == "switch off; works with its switch only"


async def test_of_several_sites_it_names_those_to_choose_from(tmp_path: Path, capsys: Any) -> None:
    async with Simulator(Switches(sites=2), seed=1).serve() as url:
        assert await check(install(tmp_path / "several", url)) == 1
        told = rows(capsys.readouterr().out)["problems"]
        assert told.startswith(f"the account has several sites: {SITE_ID} (Home), ")
        assert told.endswith(": set site_id to one of them")
        assert await check(install(tmp_path / "one", url, site_id=int(SITE_ID))) == 0


async def test_a_wrong_password_is_tried_once_and_told(tmp_path: Path, capsys: Any) -> None:
    cloud = Simulator(Switches(), seed=1)
    async with cloud.serve() as url:
        folder = install(tmp_path / "conf", url)
        (folder / "secrets.yaml").write_text(f"enphase_email: {EMAIL}\nenphase_password: opensesame\n")
        assert await check(folder) == 1
    said = capsys.readouterr().out
    assert "the cloud refused e-mail and password; no sign-in before 20" in rows(said)["problems"]
    assert "correct email or password" in said
    assert "opensesame" not in said
    assert count(cloud, "logins_refused") == 1


async def test_an_account_with_a_second_factor_is_told_that_the_app_takes_the_code(tmp_path: Path, capsys: Any) -> None:
    async with Simulator(Switches(mfa=True), seed=1).serve() as url:
        assert await check(install(tmp_path / "conf", url)) == 1
    said = rows(capsys.readouterr().out)
    assert said["sign-in"].startswith("MFA_REQUIRED")
    assert "start the app: it asks for a code of its own, and takes it by `command: otp`" in said["problems"]


async def test_a_cloud_that_cannot_be_reached_is_told(tmp_path: Path, capsys: Any) -> None:
    assert await check(install(tmp_path / "conf", "http://127.0.0.1:9")) == 1
    said = rows(capsys.readouterr().out)
    assert "no connection" in said["problems"]
    assert said["battery"] == "not read"


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ({"clock_skew": 200.0}, "this machine's clock is about 3 min behind the cloud's: set the clock of the machine"),
        ({"user_role": "none"}, "charge from grid cannot be changed: the account is neither owner nor installer"),
        ({"locked": ("dtg",)}, "discharge to grid cannot be changed: discharge to grid is locked on this site: ask"),
        ({"grid_mode": "ImportOnly"}, "discharge to grid cannot be switched on: the site's grid agreement does not"),
    ],
)
async def test_what_would_keep_the_app_from_working_is_told_with_what_to_do(
    tmp_path: Path, capsys: Any, switches: dict[str, Any], told: str
) -> None:
    async with Simulator(Switches(**switches), seed=1).serve() as url:
        assert await check(install(tmp_path / "conf", url)) == 1
    said = capsys.readouterr().out
    assert told in said
    assert said.endswith("Something is wrong: see problems, above.\n")


async def test_a_control_that_the_app_may_not_change_anyway_is_no_problem(tmp_path: Path) -> None:
    async with Simulator(Switches(locked=("dtg",)), seed=1).serve() as url:
        folder = install(tmp_path / "conf", url, controls=["charge_from_grid", "restrict_discharge"])
        assert await check(folder) == 0


async def test_a_window_that_an_entry_of_the_owner_is_in_the_way_of_is_told_once(tmp_path: Path, capsys: Any) -> None:
    cloud = Simulator(Switches(), seed=1)
    cloud.act_as_app(
        create={"scheduleType": "CFG", "startTime": "04:00", "endTime": "06:00", "limit": 80, "days": [1, 2]}
    )
    cloud.act_as_app(chargeFromGrid=True)
    async with cloud.serve() as url:
        assert await check(install(tmp_path / "conf", url, windows=[NIGHT])) == 1
    said = capsys.readouterr().out
    assert said.count("overlaps with an entry that is not the app's: charge from grid 04:00-06:00 Mon, Tue") == 1
    assert rows(said)["problems"].startswith("Night: ")


async def test_an_entry_that_looks_like_the_apps_own_but_is_not_in_its_store_is_told(
    tmp_path: Path, capsys: Any
) -> None:
    cloud = Simulator(Switches(), seed=1)
    cloud.act_as_app(
        create={"scheduleType": "CFG", "startTime": "02:00", "endTime": "05:00", "limit": 100, "days": [3]}
    )
    async with cloud.serve() as url:
        assert await check(install(tmp_path / "conf", url, windows=[NIGHT])) == 1
    assert "its store does not know it: charge from grid 02:00-05:00 Wed" in capsys.readouterr().out


async def test_windows_of_a_site_whose_zone_nobody_knows_are_told(tmp_path: Path, capsys: Any) -> None:
    unknown = [{"match": "siteSettings", "status": 404, "body": {}, "times": 99}]
    cloud = Simulator(Switches(), seed=1)
    cloud.set(fault_script=unknown)
    async with cloud.serve() as url:
        assert await check(install(tmp_path / "conf", url, windows=[NIGHT])) == 1
    said = capsys.readouterr().out
    assert "no window runs: the site's time zone is not known: set time_zone in the app's configuration" in said
    assert "Note: The site settings cannot be read" in said


async def test_what_is_hardly_meant_is_a_note_and_no_problem(tmp_path: Path, capsys: Any) -> None:
    async with Simulator(Switches(), seed=1).serve() as url:
        assert await check(install(tmp_path / "conf", url, poll=60, disable=True)) == 0
    said = capsys.readouterr().out
    assert "Note: poll: 0:01:00 makes 180 requests an hour" in said
    assert "Note: AppDaemon does not start this app: `disable: true`" in said


# -- beside the running app -------------------------------------------------------------------------------------------


async def test_beside_the_running_app_it_costs_no_login_and_leaves_its_session_and_store_alone(
    running: Running,
) -> None:
    async with running() as one:
        await one.command(command="set", control="charge_from_grid", state="on", duration="06:00:00")
        await one.advance(minutes=10)
        before, mints = contents(one.store.parent), count(one.cloud, "token_refreshes")
        findings = await beside(one)

        assert problems(findings) == []
        assert findings.access.startswith("with the session that the app keeps")
        assert [entry(terms) for terms in findings.snapshot.own] == ["charge from grid 12:00-18:00 Sun"]
        assert findings.snapshot.foreign == ()
        assert contents(one.store.parent) == before
        assert count(one.cloud, "token_refreshes") == mints

        await one.advance(hours=2)
        await one.command(command="set", control="charge_from_grid", state="off", id="a")
        assert [result["outcome"] for result in one.results(id="a")] == ["confirmed"]
        assert count(one.cloud, "logins") == 1


async def test_where_the_apps_session_has_ended_it_signs_in_once_for_itself(running: Running) -> None:
    async with running() as one:
        one.cloud.expire_sessions()
        before = contents(one.store.parent)
        findings = await beside(one)

        assert problems(findings) == []
        assert findings.access == "with a sign-in for this check"
        assert count(one.cloud, "logins") == 2
        assert contents(one.store.parent) == before

        await one.advance(minutes=20)
        assert one.state("sensor.enphase_jwt") == "OK"
        assert count(one.cloud, "logins") == 3


async def test_what_a_living_session_is_refused_costs_no_login_either(running: Running) -> None:
    async with running() as one:
        one.cloud.set(fault_script=[{"match": "siteSettings", "status": 401, "body": {}, "times": 99}])
        findings = await beside(one)
        assert problems(findings) == []
        assert count(one.cloud, "logins") == 1


async def test_a_session_that_is_refused_what_matters_is_not_renewed_under_the_running_app(running: Running) -> None:
    async with running() as one:
        one.cloud.set(fault_script=[{"match": "batterySettings", "status": 401, "body": {}, "times": 99}])
        assert problems(await beside(one)) != []
        one.cloud.set(fault_script=[])
        logins = count(one.cloud, "logins")
        await one.advance(minutes=20)
        assert one.state("sensor.enphase_jwt") == "OK"
        assert count(one.cloud, "logins") == logins, "the app's session went on"


async def test_of_an_account_with_a_second_factor_it_never_has_a_code_sent_that_the_app_did_not_ask_for(
    running: Running,
) -> None:
    async with running(switches={"mfa": True}) as one:
        await one.command(command="otp", code=one.cloud.otp_code())
        assert one.state("sensor.enphase_jwt") == "OK"
        assert problems(await beside(one)) == []
        one.cloud.expire_sessions()
        sent = count(one.cloud, "otps_sent")
        (problem,) = problems(await beside(one))
        assert problem.startswith("the session that the app keeps is not taken any more: start the app")
        assert count(one.cloud, "otps_sent") == sent


async def test_while_the_app_waits_for_a_code_it_says_how_to_give_it_and_asks_for_none(running: Running) -> None:
    async with running(switches={"mfa": True}) as one:
        asked = count(one.cloud, "requests")
        (problem,) = problems(await beside(one))
        assert "with `command: otp` and" in problem
        assert count(one.cloud, "requests") == asked


async def test_while_the_apps_guard_is_closed_it_says_until_when_and_tries_no_login(running: Running) -> None:
    async with running() as one:
        one.cloud.set(blocked=True)
        one.cloud.expire_sessions()
        await one.advance(minutes=16)
        one.cloud.clear_log()
        findings = await beside(one)
        (problem,) = problems(findings)
        assert problem.startswith("the cloud says that the account is blocked")
        assert "; no sign-in before 2026-11-2" in problem
        assert {request["method"] for request in one.cloud.requests()} <= {"GET"}
        assert not any("/login" in str(request["path"]) for request in one.cloud.requests())
        assert rows(table(findings, with_ids=True))["login guard"].startswith("closed until 2026-11-2")


async def test_the_session_of_another_account_is_not_used_and_what_is_owned_belongs_to_the_site(
    running: Running,
) -> None:
    async with running() as one:
        await one.command(command="set", control="charge_from_grid", state="on", duration="06:00:00")
        await one.advance(minutes=10)
        findings = await beside(one, email="tenant@example.com", password="nobody knows")
        assert "refused e-mail and password" in problems(findings)[0]
        assert findings.snapshot.own != ()
        same_site = await beside(one, base_url=one.url.replace("127.0.0.1", "localhost"))
        assert (same_site.snapshot.own, same_site.snapshot.foreign) == (findings.snapshot.own, ())


@pytest.mark.parametrize("keys", [{}, {"site_id": SITE_ID}], ids=["found", "configured"])
async def test_what_the_app_owns_at_another_site_is_not_taken_for_this_one_s(
    running: Running, keys: dict[str, object]
) -> None:
    async with running() as one:
        await one.command(command="set", control="charge_from_grid", state="on", duration="06:00:00")
        await one.advance(minutes=10)
        stored = json.loads(one.store.read_text())
        stored["sections"]["site"] = {"id": "11"}
        one.store.write_text(json.dumps(stored))
        findings = await beside(one, **keys)
        assert (findings.snapshot.own, len(findings.snapshot.foreign)) == ((), 1)
        assert json.loads(one.store.read_text()) == stored


async def test_a_store_that_may_not_be_read_ends_the_check_before_anything_is_asked(
    tmp_path: Path, capsys: Any
) -> None:
    cloud = Simulator(Switches(), seed=1)
    async with cloud.serve() as url:
        folder = install(tmp_path / "conf", url)
        (folder / "enphase_battery" / "enphase_battery.json").mkdir(parents=True)
        assert await check(folder) == 1
    said = capsys.readouterr().out
    assert "cannot be read: " in said
    assert said.endswith("; run the check as the user that AppDaemon runs as\n")
    assert count(cloud, "requests") == 0


def test_what_is_written_to_a_borrowed_store_stays_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "app.json"
    Store(file, LOGGER).write("wishes", {"one": 1})
    (tmp_path / "app.json").rename(tmp_path / "app.backup.json")
    file.write_text("{ damaged")
    before = contents(tmp_path)
    store = BorrowedStore(file, LOGGER)
    store.write("wishes", {"one": 2})
    assert store.read("wishes", dict) == {"one": 2}
    store.forget("wishes")
    assert store.read("wishes", dict) is None
    assert contents(tmp_path) == before


# -- secrets ----------------------------------------------------------------------------------------------------------

MOODS: list[dict[str, Any]] = [
    {},
    {"sites": 2},
    {"mfa": True},
    {"blocked": True},
    {"too_many_sessions": True},
    {"token_path": "jwt", "e_auth": "refused"},
]


@pytest.mark.parametrize("mood", MOODS, ids=str)
@pytest.mark.parametrize("fault", [None, 200, 401, 403, 500])
async def test_no_secret_is_shown_whatever_the_cloud_answers(
    tmp_path: Path, capsys: Any, mood: dict[str, Any], fault: int | None
) -> None:
    cloud = Simulator(Switches(**mood), seed=1)
    eavesdropper = Eavesdropper(cloud, EMAIL, PASSWORD)
    if fault is not None:
        careless = f"<html>{EMAIL} {PASSWORD}</html>"
        cloud.set(fault_script=[{"match": "batterySettings", "status": fault, "body": careless, "times": 99}])
    async with cloud.serve() as url:
        await check(install(tmp_path / "conf", url, log_level="DEBUG"))
    captured = capsys.readouterr()
    assert rows(captured.out)["problems"]
    assert eavesdropper.leaks(captured.out + captured.err) == []


async def test_no_secret_of_the_running_app_is_shown(running: Running) -> None:
    async with running() as one:
        record = json.loads(one.store.read_text())["sections"]["session"]
        secrets = {cookie["value"] for cookie in record["cookies"]} | {record["token"]["value"], *ACCOUNT.values()}
        assert len(secrets) >= 5
        assert SessionRecord.from_json(record).token is not None
        told = table(await beside(one), with_ids=True)
        assert not any(secret in told for secret in secrets if len(secret) > 5)


# -- as people run it -------------------------------------------------------------------------------------------------


async def test_it_runs_beside_the_package_whatever_its_folder_is_called(tmp_path: Path) -> None:
    cloud = Simulator(Switches(), seed=1)
    async with cloud.serve() as url:
        folder = install(tmp_path / "conf", url)
        package = folder / "apps" / "some-repository"
        shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "enphase_battery", "check", "--config", folder),
            cwd=package,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    found = rows(out.decode())
    assert found["site"] == f"{SITE_ID} (Home)"
    assert "`exclude_dirs: [enphase_battery]` in appdaemon.yaml" in found["AppDaemon"]


async def test_a_file_that_cannot_be_read_is_wrong_though_the_app_is_well(tmp_path: Path, capsys: Any) -> None:
    async with Simulator(Switches(), seed=1).serve() as url:
        folder = install(tmp_path / "conf", url)
        (folder / "apps" / "bad.yaml").write_text("a: [1")
        assert await check(folder) == 1
    assert "bad.yaml cannot be read" in capsys.readouterr().out


async def test_only_the_app_that_is_named_is_checked(tmp_path: Path, capsys: Any) -> None:
    async with Simulator(Switches(), seed=1).serve() as url:
        folder = install(tmp_path / "conf", url)
        (folder / "apps" / "more.yaml").write_text("second: {class: EnphaseBattery, module: enphase_battery, pol: 5}")
        assert await check(folder, "--app", "enphase_battery") == 0
        assert await check(folder) == 1
        said = capsys.readouterr().out
        assert "more.yaml, app second: pol is not a known key; did you mean poll?" in said
        assert await check(folder, "--app", "third") == 1
        assert "no app of this class is called third; there are " in capsys.readouterr().out
