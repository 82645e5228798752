"""Home Assistant as the coordinator sees it, in the real AppDaemon: what scenarios do not reach."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from appdaemon.exceptions import DomainException

from enphase_battery.store.safe_file import replace_file
from enphase_battery.version import VERSION
from tests.lab.lab import ACCOUNT, APP, TOGGLES, Lab, lab

CHARGE, DISCHARGE, RESTRICT = TOGGLES.values()
PROBLEM = "binary_sensor.enphase_battery_problem"
OTHER = "input_boolean.sell_to_the_grid"

Home = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A lab that begins at noon of a winter's day."""

    def make(**changes: Any) -> AbstractAsyncContextManager[Lab]:
        return lab(tmp_path, **{"start": datetime(2026, 11, 22, 12, tzinfo=timezone.utc), **changes})

    return make


def switches(one: Lab) -> dict[str, bool]:
    """Return the switches as the cloud stores them."""
    cloud: Any = one.cloud.model()["cloud"]
    return {
        "charge_from_grid": cloud["chargeFromGrid"],
        "discharge_to_grid": cloud["dtgControl"]["enabled"],
        "restrict_discharge": (cloud["rbdControl"] or {}).get("enabled", False),
    }


# -- comparing the toggles at the start -------------------------------------------------------------------------------


async def test_until_home_assistant_answers_no_toggle_is_touched_and_no_flip_is_guessed(home: Home) -> None:
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        ask, answers = one.ha.get_complete_state, 0

        async def no_answer_to_the_app() -> Any:
            nonlocal answers
            answers += 1
            return await ask() if answers == 1 else None  # the first is AppDaemon's own

        def stale() -> None:
            one.ha.preset(DISCHARGE, "off")

        with patch.object(one.ha, "get_complete_state", no_answer_to_the_app):
            await one.restart_home_assistant(stale)
            one.ha.calls.clear()
            one.ha.published.clear()
            await one.advance(minutes=3)
            assert one.ha.calls == one.ha.published == []

        await one.advance(minutes=1)

        assert one.state(DISCHARGE) == "on"
        assert switches(one)["discharge_to_grid"]


async def test_another_helper_for_a_control_is_no_flip(home: Home) -> None:
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        one.configure(toggles={"discharge_to_grid": OTHER})

        one.ha.preset(OTHER, "off")
        await one.restart_appdaemon()

        assert switches(one)["discharge_to_grid"]
        assert one.state(OTHER) == "on"


async def test_a_flip_of_what_is_no_toggle_of_the_app_is_none_of_its_business(home: Home) -> None:
    async with home(app={"controls": ["charge_from_grid"]}) as one:
        await one.app._toggled(RESTRICT, "off", "on")
        await one.app._toggled(OTHER, "off", "on")
        await one.settle()

        assert not any(switches(one).values())


async def test_what_was_seen_of_the_toggles_outlives_a_damaged_section(home: Home, tmp_path: Path) -> None:
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        file = tmp_path / "enphase_battery" / f"{APP}.json"

        def damage() -> None:
            document = json.loads(file.read_text())
            document["sections"] |= {"toggles": ["not", "a", "mapping"], "own user": {"name": "no id"}}
            file.write_text(json.dumps(document))

        await one.restart_appdaemon(damage)

        assert one.state(DISCHARGE) == "on"
        assert switches(one)["discharge_to_grid"]


async def test_of_two_flips_none_is_lost_when_appdaemon_ends_before_the_first_is_carried_out(home: Home) -> None:
    async with home(app={"use_schedules": "never", "settle": 5}) as one:
        home_assistant = one.ha

        def flips() -> None:
            home_assistant.preset(CHARGE, "on")
            home_assistant.preset(DISCHARGE, "on")

        await one.restart_appdaemon(flips)
        assert not any(switches(one).values()), "the first is on its way"
        await one.restart_appdaemon()
        await one.advance(minutes=1)

        assert switches(one) == {"charge_from_grid": True, "discharge_to_grid": True, "restrict_discharge": False}


async def test_of_two_flips_none_is_lost_when_appdaemon_is_killed_once_it_has_stored_one_as_seen(home: Home) -> None:
    async with home(app={"use_schedules": "never", "settle": 5}) as one:
        home_assistant, killed = one.ha, False

        def flips() -> None:
            home_assistant.preset(CHARGE, "on")
            home_assistant.preset(DISCHARGE, "on")

        def write_until_killed(path: Path, text: str, **kept: Any) -> None:
            nonlocal killed
            if not killed:
                replace_file(path, text, **kept)
            killed |= any(json.loads(text)["sections"]["toggles"].values())

        with patch("enphase_battery.store.store.replace_file", write_until_killed):
            await one.restart_appdaemon(flips)
            await one.stop()
        assert killed
        assert not any(switches(one).values()), "the first is on its way"
        await one.start(home_assistant.states)
        await one.advance(minutes=1)

        assert switches(one) == {"charge_from_grid": True, "discharge_to_grid": True, "restrict_discharge": False}


# -- looking at the toggles now and then ------------------------------------------------------------------------------


async def test_a_flip_whose_event_got_lost_is_obeyed_within_minutes(home: Home) -> None:
    async with home() as one:
        one.ha.preset(DISCHARGE, "on")
        await one.advance(minutes=6)
        assert switches(one)["discharge_to_grid"]

        one.ha.preset(DISCHARGE, "off", user="a person")
        await one.advance(minutes=6)
        assert not switches(one)["discharge_to_grid"]


async def test_a_flip_whose_event_got_lost_while_the_machine_slept_is_obeyed_when_it_wakes(home: Home) -> None:
    async with home() as one:
        one.ha.preset(DISCHARGE, "on")
        await one.wake_after(hours=3)
        assert switches(one)["discharge_to_grid"]


async def test_what_a_home_assistant_restored_that_restarted_unnoticed_is_no_flip(home: Home) -> None:
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        one.ha.states = {toggle: one.ha.states[toggle] for toggle in TOGGLES.values()}
        one.ha.preset(DISCHARGE, "off")
        await one.wake_after(hours=3)

        assert switches(one)["discharge_to_grid"]
        assert one.state(DISCHARGE) == "on"


async def test_what_is_restored_while_the_configuration_is_wrong_is_no_flip(home: Home) -> None:
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        one.configure(poll=0)
        await one.restart_appdaemon()
        await one.restart_home_assistant(lambda: one.ha.preset(DISCHARGE, "off"))
        assert one.state(PROBLEM) == "on"

        one.configure(poll="00:15:00")
        await one.restart_appdaemon()

        assert switches(one)["discharge_to_grid"]
        assert one.state(DISCHARGE) == "on"


async def test_a_helper_that_is_removed_is_named_once_and_told_no_more_when_it_is_back(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        await one.ha.forget(DISCHARGE)
        await one.advance(minutes=20)

        assert one.state(PROBLEM) == "on"
        assert DISCHARGE in one.attributes(PROBLEM)["problem"]
        assert len(one.ha.notices) == 1
        assert switches(one)["discharge_to_grid"], "nobody wished it off"
        assert sum(f"{DISCHARGE} does not exist" in record.getMessage() for record in caplog.records) == 1

        await one.ha.change(DISCHARGE, "off")
        await one.settle()

        assert (one.state(PROBLEM), one.ha.notices) == ("off", {})
        assert one.state(DISCHARGE) == "on", "making it anew is no flip"
        assert f"{DISCHARGE} is there now" in caplog.text
        await one.flip("discharge_to_grid", "off")
        assert not switches(one)["discharge_to_grid"]


async def test_a_missing_helper_of_whose_creation_nothing_is_heard_is_noticed_within_a_minute(home: Home) -> None:
    async with home(toggles={CHARGE: "off", DISCHARGE: "off"}) as one:
        one.ha.preset(RESTRICT, "on")
        await one.advance(minutes=1)

        assert one.state(PROBLEM) == "off"
        assert one.state(RESTRICT) == "off", "creating it is no flip"
        assert not switches(one)["restrict_discharge"]


async def test_helpers_that_come_late_because_home_assistant_starts_slowly_keep_wish_and_peace(home: Home) -> None:
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        await one.restart_home_assistant(one.ha.states.clear)
        for toggle in TOGGLES.values():
            one.ha.preset(toggle, "off")
        await one.advance(minutes=2)

        assert switches(one) == {"charge_from_grid": False, "discharge_to_grid": True, "restrict_discharge": False}
        assert one.state(DISCHARGE) == "on"
        assert one.ha.notices == {}


async def test_a_toggle_that_could_not_be_set_in_time_may_be_flipped_by_a_person_later(home: Home) -> None:
    async with home(app={"use_schedules": "never"}) as one:
        assert one.ad is not None
        with patch.object(one.ad.services, "call_service", AsyncMock(return_value=None)):
            await one.command(command="set", control="charge_from_grid", state="on", duration="00:00:30")
            await one.advance(seconds=31)
        assert not switches(one)["charge_from_grid"]
        await one.advance(minutes=10)

        await one.flip("charge_from_grid", "on")

        assert switches(one)["charge_from_grid"]


async def test_a_toggle_that_could_not_be_set_in_time_may_be_flipped_by_a_person_at_once(home: Home) -> None:
    async with home(app={"use_schedules": "never"}) as one:
        assert one.ad is not None
        with patch.object(one.ad.services, "call_service", AsyncMock(return_value=None)):
            await one.command(command="set", control="charge_from_grid", state="on", duration="00:00:30")
            await one.advance(seconds=10)
        await one.advance(seconds=21)
        assert not switches(one)["charge_from_grid"]

        await one.flip("charge_from_grid", "on")

        assert switches(one)["charge_from_grid"]
        assert one.state(CHARGE) == "on"


async def test_a_toggle_that_was_set_without_an_answer_may_be_flipped_back_by_a_person_at_once(home: Home) -> None:
    async with home(app={"use_schedules": "never"}) as one:
        assert one.ad is not None
        call = one.ad.services.call_service

        async def lose_the_answer(*about: Any, **data: Any) -> None:
            await call(*about, **data)
            for _ in range(50):  # meanwhile the event comes
                await asyncio.sleep(0)

        with patch.object(one.ad.services, "call_service", lose_the_answer):
            await one.command(command="set", control="charge_from_grid", state="on")
        assert one.state(CHARGE) == "on"

        await one.flip("charge_from_grid", "off")

        assert one.state(CHARGE) == "off"
        assert not switches(one)["charge_from_grid"]


# -- notices ----------------------------------------------------------------------------------------------------------


def notice(one: Lab) -> str:
    return str(one.ha.notices.get("enphase_battery_problem", ""))


async def test_a_wrong_configuration_is_a_notice_and_the_next_good_start_takes_it_away(home: Home) -> None:
    async with home(app={"poll": 0, "settle": 99}) as one:
        assert "Configuration: poll is 0" in notice(one)
        assert "settle" in notice(one)
        assert "12:00 GMT" in notice(one)
        assert notice(one).endswith("Correct the app's entry in apps.yaml.")

        one.configure(poll="00:15:00")
        await one.restart_appdaemon()
        assert "settle" in notice(one)
        assert "poll" not in notice(one)

        one.configure(settle=0)
        await one.restart_appdaemon()
        assert one.ha.notices == {}


async def test_a_wrong_configuration_is_told_as_soon_as_home_assistant_takes_notices(home: Home) -> None:
    late = DomainException("default", "persistent_notification")
    async with home() as one:
        one.configure(poll=0)
        with patch("appdaemon.services.Services.call_service", AsyncMock(side_effect=late)):
            await one.restart_appdaemon()
            await one.advance(minutes=5)
            assert one.ha.notices == {}
        await one.advance(minutes=1)
        assert "poll" in notice(one)


async def test_a_wrong_password_is_a_notice_until_it_is_right(home: Home) -> None:
    async with home(app={"password": "wrong"}) as one:
        assert notice(one) == "", "it may be a blip"
        await one.advance(minutes=7)
        assert "password" in notice(one)
        assert "12:00 GMT" in notice(one)

        await one.restart_appdaemon(minutes=10)
        await one.advance(minutes=3)
        assert "refused e-mail and password" in notice(one)
        assert [call for call, _data in one.ha.calls].count("persistent_notification/create") == 0, "it says so already"

        one.configure(password=ACCOUNT["password"])
        await one.restart_appdaemon(minutes=30)
        assert one.ha.notices == {}


async def test_an_account_that_wants_a_second_factor_is_a_notice_at_once(home: Home) -> None:
    async with home(switches={"mfa": True}) as one:
        for part in (
            "second factor",
            "`enphase_battery_command`",
            "`command: otp`",
            '`code: "123456"`',
            "`command: otp_resend`",
        ):
            assert part in notice(one)


@pytest.mark.parametrize("minutes", [1, 10, 14])
async def test_an_outage_makes_no_notice_and_a_restart_within_it_none_either(home: Home, minutes: int) -> None:
    async with home() as one:
        for _ in range(3):
            one.cloud.set(fault_script=[{"match": "/service", "status": 503, "body": "", "times": 9999}])
            await one.advance(minutes=minutes)
            one.cloud.set(fault_script=[])
            await one.advance(minutes=20)
        calls = [call for call, _data in one.ha.calls]
        assert "persistent_notification/create" not in calls


async def test_a_cloud_that_answers_nonsense_for_a_moment_makes_no_notice(home: Home) -> None:
    async with home() as one:
        for body in ("null", "[]", "<html>", '{"data": null}'):
            one.cloud.set(fault_script=[{"match": "/service", "status": 200, "body": body, "times": 1}])
            await one.advance(minutes=30)
        one.cloud.set(fault_script=[{"match": "/service", "status": 403, "body": {"status": 403}, "times": 2}])
        await one.advance(minutes=30)
        assert "persistent_notification/create" not in [call for call, _data in one.ha.calls]


async def test_no_secret_is_in_a_notice(home: Home) -> None:
    async with home(app={"pasword": "s3cret", "base_url": "https://me:s3cret@example.com"}) as one:
        assert notice(one)
        assert "s3cret" not in notice(one)
        assert ACCOUNT["password"] not in notice(one)
        assert ACCOUNT["email"] not in notice(one)


# -- answers ----------------------------------------------------------------------------------------------------------


async def test_a_result_that_home_assistant_did_not_take_is_fired_once_it_does(home: Home) -> None:
    async with home(app={"use_schedules": "never"}) as one:
        with patch.object(one.ha, "fire_plugin_event", side_effect=ConnectionResetError("closing")):
            await one.command(command="set", id="a", control="charge_from_grid", state="on")
        assert switches(one)["charge_from_grid"]
        assert one.results(id="a") == []

        await one.advance(minutes=2)

        assert [result["outcome"] for result in one.results(id="a")] == ["confirmed"]


async def test_a_result_repeats_what_the_command_said(home: Home) -> None:
    async with home(app={"use_schedules": "never"}) as one:
        await one.command(command="set", id="a", control="charge_from_grid", state=True)

        (result,) = one.results()
        assert result == {
            "app": APP,
            "id": "a",
            "command": "set",
            "control": "charge_from_grid",
            "state": "on",
            "outcome": "confirmed",
            "reason": "",
            "reason_kind": "",
            "error": "",
            "report": {},
        }


async def test_every_member_of_a_result_is_there_though_the_command_said_nothing(home: Home) -> None:
    async with home() as one:
        await one.command()

        (result,) = one.results()
        assert {key: one for key, one in result.items() if key not in ("reason", "error")} == {
            "app": APP,
            "id": "",
            "command": "",
            "control": "",
            "state": "",
            "outcome": "rejected",
            "reason_kind": "bad_command",
            "report": {},
        }


async def test_a_result_names_the_kind_of_its_reason(home: Home) -> None:
    async with home(app={"controls": ["charge_from_grid"]}) as one:
        await one.command(command="cancel", id="a", control="charge_from_grid")
        await one.command(command="set", id="b", control="discharge_to_grid", state="on")
        await one.command(command="set", id="c", control="charge_from_grid", state="on", duration="01:00:00")
        await one.command(command="set", id="d", control="charge_from_grid", state="off")

        told = {key: [(one["outcome"], one["reason_kind"]) for one in one.results(id=key)] for key in "abc"}
        assert told["a"] == [("confirmed", "nothing_to_cancel")]
        assert told["b"] == [("rejected", "not_in_controls")]
        assert told["c"][-1] == ("superseded", "newer_request")
        assert one.results(id="a")[0]["reason"] == "nothing to cancel"


async def test_a_control_and_the_problem_sensor_name_the_kind_of_their_reason(home: Home) -> None:
    async with home(app={"dry_run": True}, switches={"clock_skew": 200.0}) as one:
        await one.flip("discharge_to_grid", "on")

        control = one.control("discharge_to_grid")
        assert (control["outcome"], control["reason_kind"]) == ("dry_run", "would_do")
        assert control["reason"].startswith("would write the entry discharge to grid ")
        problem = one.attributes(PROBLEM)
        assert problem["reason_kind"] == "clock_wrong"
        assert problem["problem"] == "this machine's clock is about 3 min behind the cloud's"


async def test_a_diagnosis_is_in_the_result_and_in_the_log_without_ids(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with home() as one:
        await one.command(command="diagnose", id="a")

        (result,) = one.results(id="a")
        assert result["report"]["controls"]["charge_from_grid"]["shown"] is False
        assert result["report"]["sign_in"] == "OK"
        line = next(record.getMessage() for record in caplog.records if record.getMessage().startswith("Diagnosis"))
        assert result["report"]["text"] in line
        token = one.attributes("sensor.enphase_jwt")
        for said in (line, str(result["report"])):
            assert token["site_id"] not in said
            assert token["user_id"] not in said


async def test_a_diagnosis_tells_in_a_table_what_a_maintainer_asks_for(home: Home) -> None:
    windows = [{"name": "Night", "control": "charge_from_grid", "start": "02:00", "end": "05:00"}]
    async with home(app={"windows": windows}, switches={"report_interval": 60}) as one:
        evening = {"scheduleType": "DTG", "startTime": "17:00", "endTime": "19:00", "limit": 30, "days": [7]}
        one.cloud.act_as_app(create=evening)
        await one.command(command="set", control="charge_from_grid", state="on", duration="01:00:00")
        await one.advance(minutes=16)
        await one.command(command="diagnose", id="a")

        (result,) = one.results(id="a")
        fence, *rows, end = result["report"]["text"].splitlines()
        table = {row[:20].strip(): row[21:] for row in rows if row[:20].strip()}
        assert (fence, end) == ("```text", "```")
        assert table["Enphase battery"].startswith(f"{VERSION}, AppDaemon 4.")
        assert table["app"].startswith("enphase_battery: may change charge_from_grid, discharge_to_grid, restrict_")
        assert "windows: 1; use_schedules auto; dry_run false" in table["app"]
        assert table["sign-in"] == "OK; token of 2026-11-22 12:00 GMT, ends 2026-11-25 12:00 GMT"
        assert table["login guard"] == "open"
        assert re.fullmatch(r"\d+ of 120 within the last hour", table["requests"])
        assert table["headers"].endswith("token from /users/self/token")
        assert table["site and user"] == "known"
        assert table["time zone"] == "Europe/London"
        assert table["clock"] == "agrees with the cloud's"
        assert table["battery"] == "charge 59.1 % of 10 kWh, reported 2026-11-22 12:15 GMT"
        assert table["charge_from_grid"].startswith(
            "switch on; works with entries; wanted on by command, confirmed; enforced yes"
        )
        assert table["own entries"] == "charge from grid 12:00-13:00 Sun, limit 100 %"
        assert table["other entries"] == "discharge to grid 17:00-19:00 Sun, limit 30 %"
        assert table["problems"] == "none"


# -- problems ---------------------------------------------------------------------------------------------------------


async def test_a_store_that_cannot_be_written_is_a_problem_until_it_can_which_is_tried_by_itself(
    home: Home, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "enphase_battery"
    in_the_way.write_text("a file where the folder should be")
    async with home() as one:
        await one.advance(minutes=7)
        assert one.state(PROBLEM) == "on"
        assert "cannot be written" in one.attributes(PROBLEM)["problem"]
        assert one.attributes(PROBLEM)["since"] == "2026-11-22T12:00:00+00:00"
        assert "can be written" in notice(one)
        assert one.control("charge_from_grid")["state"] == "off", "the app works all the same"

        in_the_way.unlink()
        await one.advance(minutes=1)

        assert (one.state(PROBLEM), one.ha.notices) == ("off", {})
        assert (in_the_way / f"{APP}.json").exists()


async def test_a_wrong_clock_is_one_problem_though_it_differs_by_more_or_less(home: Home) -> None:
    async with home(switches={"clock_skew": 200.0}) as one:
        for skew in (195.0, 205.0, 190.0, 200.0):
            await one.advance(minutes=20)
            one.cloud.set(clock_skew=skew)
        assert "clock is about 3 min behind" in notice(one)
        assert [call for call, _data in one.ha.calls].count("persistent_notification/create") == 1

        one.cloud.set(clock_skew=600.0)
        await one.advance(minutes=20)
        assert "clock is about 10 min behind" in notice(one)
        assert one.attributes(PROBLEM)["since"] == "2026-11-22T12:00:00+00:00"


async def test_a_wish_that_could_not_be_stored_outlives_a_restart_of_home_assistant(home: Home, tmp_path: Path) -> None:
    in_the_way = tmp_path / "enphase_battery"
    in_the_way.write_text("a file where the folder should be")
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        logins = one.cloud.counters()["logins"]
        await one.restart_home_assistant(lambda: one.ha.preset(DISCHARGE, "off"))

        assert one.state(DISCHARGE) == "on"
        assert switches(one)["discharge_to_grid"]
        assert one.cloud.counters()["logins"] == logins


@pytest.mark.parametrize("damage", [b"", b"{", b"\x80"])
async def test_a_damaged_store_costs_no_wish_and_no_login(home: Home, tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "enphase_battery" / f"{APP}.json"
    async with home() as one:
        await one.flip("discharge_to_grid", "on")
        await one.advance(minutes=20)
        logins = one.cloud.counters()["logins"]

        def spoil() -> None:
            file.write_bytes(damage)

        await one.restart_appdaemon(spoil)

        assert switches(one)["discharge_to_grid"]
        assert one.control("discharge_to_grid")["source"] == "toggle"
        assert one.cloud.counters()["logins"] == logins
        assert one.state(PROBLEM) == "off", "nothing was lost"


async def test_a_store_that_is_lost_is_said_for_a_day(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "enphase_battery"
    async with home() as one:

        def damage() -> None:
            for file in folder.iterdir():
                file.write_text("{")

        await one.restart_appdaemon(damage)
        await one.advance(minutes=7)
        assert "began anew" in notice(one)
        assert "unreadable.json" in notice(one).replace("\\", "")
        await one.advance(hours=24)
        assert (one.state(PROBLEM), one.ha.notices) == ("off", {})


async def test_a_dry_run_leaves_the_toggles_as_people_set_them(home: Home) -> None:
    async with home(app={"dry_run": True}, toggles={CHARGE: "on", DISCHARGE: "off", RESTRICT: "on"}) as one:
        await one.flip("discharge_to_grid", "on")
        await one.flip("restrict_discharge", "off")
        await one.advance(minutes=20)

        assert [one.state(toggle) for toggle in TOGGLES.values()] == ["on", "on", "off"]
        assert one.ha.calls == []
        assert not any(switches(one).values())
