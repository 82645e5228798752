"""An event becomes one command, or one sentence that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from enphase_battery.engine.commands import (
    CancelCommand,
    Command,
    CommandEnvelope,
    DiagnoseCommand,
    OtpCommand,
    OtpResendCommand,
    RefreshCommand,
    ReleaseCommand,
    SetCommand,
)
from enphase_battery.errors import CommandError
from enphase_battery.home.command_parser import command_envelope, parse_command

CHARGE = Control.CHARGE_FROM_GRID
SET = {"command": "set", "control": "charge_from_grid", "state": "on"}


def parsed_set(**members: object) -> SetCommand:
    command = parse_command({**SET, **members})
    assert isinstance(command, SetCommand)
    return command


def rejection(data: Mapping[str, object]) -> str:
    with pytest.raises(CommandError) as caught:
        parse_command(data)
    return str(caught.value)


# -- what is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "command"),
    [
        (SET, SetCommand(control=CHARGE, on=True)),
        ({"command": "cancel", "control": "charge_from_grid"}, CancelCommand(control=CHARGE)),
        ({"command": "refresh"}, RefreshCommand()),
        ({"command": "diagnose"}, DiagnoseCommand()),
        ({"command": "release"}, ReleaseCommand()),
        ({"command": "otp", "code": "012345"}, OtpCommand(code="012345")),
        ({"command": "otp", "code": " 012 345 "}, OtpCommand(code="012345")),
        ({"command": "otp_resend"}, OtpResendCommand()),
    ],
)
def test_each_command_is_known_by_its_name(data: dict[str, object], command: Command) -> None:
    assert parse_command(data) == command
    assert command.name == data["command"]


@pytest.mark.parametrize("control", Control)
def test_each_control_can_be_set(control: Control) -> None:
    assert parsed_set(control=control.value).control is control


def test_a_command_keeps_the_senders_id_and_the_app_that_is_meant() -> None:
    command = parse_command({"command": "refresh", "id": "", "app": "my_battery"})
    assert (command.id, command.app) == ("", "my_battery")


@pytest.mark.parametrize(
    ("state", "on"), [("on", True), ("OFF", False), (" On ", True), (True, True), (False, False), ("off", False)]
)
def test_a_state_is_text_or_boolean(state: object, on: bool) -> None:
    assert parsed_set(state=state).on is on


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("01:30:00", timedelta(hours=1, minutes=30)),
        ({"hours": 1, "minutes": 30}, timedelta(hours=1, minutes=30)),
        (5400, timedelta(hours=1, minutes=30)),
        ("23:59:00", timedelta(hours=23, minutes=59)),
        (1, timedelta(seconds=1)),
    ],
)
def test_a_duration_has_the_forms_of_the_configuration(written: object, meant: timedelta) -> None:
    assert parsed_set(duration=written).duration == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("05:00", time(5)), ("5:05", time(5, 5)), (" 23:59:00 ", time(23, 59)), ("23:59:59", time(23, 59, 59))),
        *((1140, time(19)), (68_400, time(19)), (68_430, time(19, 0, 30))),  # what YAML makes of 19:00, 19:00:30
        ("2026-11-22T19:00:00+01:00", datetime(2026, 11, 22, 18, tzinfo=timezone.utc)),
        ("2026-11-22T19:00:00.123456+0100", datetime(2026, 11, 22, 18, tzinfo=timezone.utc)),
        ("2026-11-22T19:00-03:30", datetime(2026, 11, 22, 22, 30, tzinfo=timezone.utc)),
        ("2026-11-22 19:00:30Z", datetime(2026, 11, 22, 19, 0, 30, tzinfo=timezone.utc)),
        ("2026-11-22 19:00:00", datetime(2026, 11, 22, 19)),  # noqa: DTZ001  # the site's
        ("2026-11-22T19:00", datetime(2026, 11, 22, 19)),  # noqa: DTZ001
    ],
)
def test_until_is_a_time_of_day_or_a_date_with_a_time(written: object, meant: time | datetime) -> None:
    assert parsed_set(until=written).until == meant


@pytest.mark.parametrize(
    "written",
    [
        *("24:00", "12:60", "12:00:60", "12", "", "noon", "now", "12:00Z", "-1:00", "12:00:00.5.5"),
        *("2026-11-22", "2026-02-30T12:00", "2026-13-01 12:00", "1026-11-22T12:00", "99999-11-22T12:00"),
        *("2026-11-22T12:00+25:00", "2026-11-22T12:00 +01:00", "2026-11-22T12:00[Europe/London]", "22/11/2026 12:00"),
        *(59, 1440, 86_400, -1, True, 12.5, 10**30, [], {}),
    ],
)
def test_until_is_nothing_else(written: object) -> None:
    with pytest.raises(
        CommandError, match=r'^until is .*: it must be a time of day such as "19:00", or a date and time'
    ):
        parsed_set(until=written)


@pytest.mark.parametrize("written", [90, 90.0, "90", "90.0", " 90 "])
def test_a_target_may_be_text_because_templates_give_text(written: object) -> None:
    assert parsed_set(target_soc=written).target_soc == 90


@pytest.mark.parametrize("edge", [5, 100])
def test_a_target_reaches_from_5_to_100_percent(edge: int) -> None:
    assert parsed_set(target_soc=edge).target_soc == edge


def test_a_member_without_a_value_counts_as_left_out() -> None:
    assert parsed_set(duration=None, until=None, target_soc=None, id=None, app=None) == SetCommand(
        control=CHARGE, on=True
    )


def test_what_appdaemon_adds_is_ignored() -> None:
    assert parse_command({**SET, "metadata": {"origin": "LOCAL"}}) == parse_command(SET)


def test_a_control_can_be_set_off_for_a_time() -> None:
    command = parsed_set(state="off", until="05:00")
    assert (command.on, command.until) == (False, time(5))


# -- what is rejected -------------------------------------------------------------------------------------------------

_NAMES = "it must be one of set, cancel, otp, refresh, diagnose, release, otp_resend"
_CONTROLS = "it must be one of charge_from_grid, discharge_to_grid, restrict_discharge"
_DURATION = (
    "it must be a duration from 00:00:01 to 23:59:00, "
    'written "HH:MM:SS" in quotes, as a mapping (minutes: 30) or in seconds'
)
_CODE = "code must be a text of digits; put it in quotes, because a number loses its leading zeros"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, f"command is missing: {_NAMES}"),
        ({"command": "sett"}, f'command is "sett": {_NAMES}'),
        ({"command": ["set"]}, f"command is a list: {_NAMES}"),
        ({"command": "set", "state": "on"}, f"control is missing: {_CONTROLS}"),
        ({"command": "cancel"}, f"control is missing: {_CONTROLS}"),
        ({**SET, "control": "charge"}, f'control is "charge": {_CONTROLS}'),
        ({**SET, "state": None}, "state is missing: it must be on or off"),
        ({**SET, "state": "maybe"}, 'state is "maybe": it must be on or off'),
        ({**SET, "state": 1}, "state is 1: it must be on or off"),
        ({**SET, "duration": 0}, f"duration is 0: {_DURATION}"),
        ({**SET, "duration": -60}, f"duration is -60: {_DURATION}"),
        ({**SET, "duration": "23:59:01"}, f'duration is "23:59:01": {_DURATION}'),
        ({**SET, "duration": "90"}, f'duration is "90": {_DURATION}'),
        ({**SET, "duration": True}, f"duration is true: {_DURATION}"),
        (
            {**SET, "until": "24:00"},
            (
                'until is "24:00": it must be a time of day such as "19:00", or a date and time such as '
                '"2026-11-22T19:00:00+01:00"'
            ),
        ),
        (
            {**SET, "duration": "01:00:00", "until": "05:00"},
            "duration and until are both given: a wish has one end",
        ),
        ({**SET, "target_soc": 4}, "target_soc is 4: it must be a whole number from 5 to 100"),
        ({**SET, "target_soc": "101"}, 'target_soc is "101": it must be a whole number from 5 to 100'),
        ({**SET, "target_soc": 90.5}, "target_soc is 90.5: it must be a whole number from 5 to 100"),
        ({**SET, "target_soc": True}, "target_soc is true: it must be a whole number from 5 to 100"),
        (
            {**SET, "control": "restrict_discharge", "target_soc": 50},
            "target_soc is 50, but restrict_discharge has no such limit",
        ),
        ({**SET, "state": "off", "target_soc": 50}, "target_soc is 50, but state is off: there is nothing to limit"),
        ({**SET, "id": 5}, "id is 5: it must be a text of at most 255 characters; put it in quotes"),
        ({**SET, "app": 5}, "app is 5: it must be a text on one line, at most 100 characters; put it in quotes"),
        ({**SET, "app": ""}, 'app is "": it must be a text on one line, at most 100 characters; put it in quotes'),
        (
            {**SET, "end": "05:00", "power": 5},
            "end, power does not belong to set, which takes command, id, app, control, state, duration, until, target",
        ),
        ({"command": "refresh", "control": "x"}, "control does not belong to refresh, which takes command, id, app"),
        ({"command": "otp"}, "code is missing: it must be a text of digits; put it in quotes, because"),
        ({"command": "otp", "code": 123456}, _CODE),
        ({"command": "otp", "code": "12-34-56"}, _CODE),
        ({"command": "otp", "code": ""}, _CODE),
    ],
)
def test_a_rejection_names_the_member_the_value_and_the_choices(data: dict[str, object], sentence: str) -> None:
    assert rejection(data).startswith(sentence)


def test_a_code_is_not_printed() -> None:
    assert "012345" not in repr(parse_command({"command": "otp", "code": "012345"}))


# -- what can be said about a rejected event -------------------------------------------------------------------------


def test_a_rejected_event_is_answered_with_what_it_says_of_itself() -> None:
    data = {"command": "sett", "id": "a-1", "app": "my_battery", "control": "charge", "state": True, "x": 5}
    assert command_envelope(data) == CommandEnvelope(
        id="a-1", app="my_battery", command="sett", control="charge", state="on"
    )
    assert command_envelope({"state": False}).state == "off"
    assert command_envelope({"state": "maybe"}).state == "maybe"


def test_what_is_not_text_cannot_be_repeated() -> None:
    unreadable = {"command": 1, "id": 2, "app": [], "control": {}, "state": 1}
    assert command_envelope(unreadable) == CommandEnvelope(None, None, None, None, None)


# -- anything at all --------------------------------------------------------------------------------------------------

_members = st.sampled_from(["command", "control", "state", "duration", "until", "target_soc", "code", "id", "app"])
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**400, 10**401)  # more than fits into a float
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["set", "cancel", "otp", "refresh", "on", "charge_from_grid", "05:00", "01:00:00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("minutes"), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.dictionaries(_members | st.text(), _values, max_size=8), st.sampled_from(["set", "cancel", "otp", "x"]))
def test_whatever_is_sent_is_read_or_rejected_in_a_printable_line(data: dict[str, object], command: str) -> None:
    data.setdefault("command", command)
    command_envelope(data)
    try:
        parse_command(data)
    except CommandError as error:
        sentence = str(error)
    else:
        sentence = ""
    assert sentence.isprintable()


@pytest.mark.parametrize("member", ["command", "control", "state", "duration", "until", "target_soc", "id", "app"])
def test_a_number_that_python_cannot_print_is_rejected_as_well(member: str) -> None:
    assert rejection({**SET, member: 16**5000}).startswith(f"{member} is a huge number: it must")
