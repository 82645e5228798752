"""The app's YAML is read into exact values, or refused with one clear line for each fault."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import time, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.config.configuration import Configuration, ScheduleUse, parse_configuration
from enphase_battery.config.limits import PRODUCTION, Limits
from enphase_battery.control.controls import Control
from enphase_battery.control.holds import MOST_TURNS
from enphase_battery.control.windows.window import Window
from enphase_battery.enlighten.login_guard import IN_A_ROW
from enphase_battery.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
LOGIN = "email: me@example.com\npassword: opensesame\n"
LOOPBACK = LOGIN + "base_url: http://127.0.0.1:8000\n"
WINDOW = "{name: Night, control: charge_from_grid, start: '02:00', end: '05:00'}"


def read(text: str) -> Configuration:
    return parse_configuration(yaml.safe_load(text))


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return caught.value.faults


def only_window(members: str) -> Window:
    """Return the window that an entry becomes whose other members are right."""
    entry = {**yaml.safe_load(WINDOW), **yaml.safe_load(members)}
    (window,) = read(LOGIN + json.dumps({"windows": [entry]})[1:-1]).windows
    return window


# -- defaults and examples --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("site_id", None),
        ("user_id", None),
        ("base_url", "https://enlighten.enphaseenergy.com"),
        ("controls", (Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE)),
        ("create_helpers", False),
        ("token_refresh", timedelta(hours=12)),
        ("poll", timedelta(minutes=15)),
        ("settle", 0.0),
        ("lead", timedelta(minutes=15)),
        ("consistency", timedelta(minutes=2)),
        ("pending_timeout", timedelta(minutes=15)),
        ("requests_per_hour", 120),
        ("use_schedules", ScheduleUse.AUTO),
        ("time_zone", None),
        ("accept_itc_disclaimer", True),
        ("dry_run", False),
        ("token_sensor", "sensor.enphase_jwt"),
        ("publish_token", False),
        ("entity_prefix", "enphase_battery"),
        ("windows", ()),
    ],
)
def test_email_and_password_are_enough(key: str, default: object) -> None:
    assert getattr(read(LOGIN), key) == default
    assert getattr(read(f"{LOGIN}{key}:"), key) == default  # a key without a value counts as left out


def test_each_control_has_a_toggle_of_its_own_by_default() -> None:
    toggles = read(LOGIN).toggles
    assert {control: toggles.of(control) for control in Control} == {
        Control.CHARGE_FROM_GRID: "input_boolean.enphase_charge_from_grid",
        Control.DISCHARGE_TO_GRID: "input_boolean.enphase_discharge_to_grid",
        Control.RESTRICT_DISCHARGE: "input_boolean.enphase_restrict_discharge",
    }


def test_toggles_that_are_not_named_keep_their_defaults() -> None:
    toggles = read(LOGIN + "toggles: {discharge_to_grid: input_boolean.sell}").toggles
    assert toggles.of(Control.DISCHARGE_TO_GRID) == "input_boolean.sell"
    assert toggles.of(Control.CHARGE_FROM_GRID) == "input_boolean.enphase_charge_from_grid"


class _Loader(yaml.SafeLoader):
    """Reads `!secret name` as the text `secret name`."""


_Loader.add_constructor("!secret", lambda _, node: f"secret {node.value}")


def load_example(text: str) -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
    return loaded


def test_the_example_works_as_it_is() -> None:
    example = (ROOT / "apps/enphase-battery/apps.yaml.example").read_text()
    configuration = parse_configuration(load_example(example)["enphase_battery"])
    assert configuration.email.get_secret_value() == "secret enphase_email"


def test_the_example_shows_every_key_with_its_default() -> None:
    everything = re.sub(
        r"^  #(?=\S|  )", "  ", (ROOT / "apps/enphase-battery/apps.yaml.example").read_text(), flags=re.MULTILINE
    )
    shown = load_example(everything)["enphase_battery"]
    configuration, default = parse_configuration(shown), read(LOGIN)
    examples = {"email", "password", "site_id", "user_id", "time_zone", "windows"}
    keys = {field.alias or name for name, field in Configuration.model_fields.items()}
    assert keys == shown.keys() - {"module", "class"}
    assert [window.name for window in configuration.windows] == ["Night rate", "Evening peak"]
    for key in keys - examples:
        assert getattr(configuration, key) == getattr(default, key), key


def test_appdaemons_example_has_its_web_interface_off() -> None:
    example = load_example((ROOT / "appdaemon.yaml.example").read_text())
    assert example.keys() == {"appdaemon", "logs"}
    assert example["appdaemon"]["plugins"] == {
        "HASS": {"type": "hass", "ha_url": "http://homeassistant.local:8123", "token": "secret home_assistant_token"}
    }


def test_the_keys_of_appdaemon_itself_are_left_alone() -> None:
    of_every_app = "name: x\nconfig_path: /x\nmodule: enphase_battery\nclass: EnphaseBattery\n"
    order = "dependencies: [other]\ndisable: false\npriority: 3\npin_app: true\n"
    rest = "log: my_log\nlog_level: DEBUG\nglobal: false\nglobal_dependencies: []\n"
    assert read(LOGIN + of_every_app + order + rest) == read(LOGIN)


@pytest.mark.parametrize("key", ["constrain_days", "constrain_start_time", "constrain_nonsense", "pin_thread"])
def test_the_keys_of_appdaemon_that_break_the_app_are_refused_beside_other_faults(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(LOGIN + f"{key}: 1\npoll: 0\n")
    refused, other = caught.value.faults
    assert refused.startswith(f"{key} is not possible: ")
    assert other.startswith("poll")


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(LOGIN).dry_run = True


# -- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"01:30:00"', timedelta(hours=1, minutes=30)),
        ("01:30:00", timedelta(hours=1, minutes=30)),  # YAML leaves it as text
        ("5:30:00", timedelta(hours=5, minutes=30)),  # YAML makes 19800 of it
        ("5400", timedelta(hours=1, minutes=30)),
        ("90.5", timedelta(seconds=90.5)),
        ("{minutes: 90}", timedelta(hours=1, minutes=30)),
        ("{hours: 1, minutes: 29.5, seconds: 30}", timedelta(hours=1, minutes=30)),
        ("{days: 0, hours: 1}", timedelta(hours=1)),
    ],
)
def test_a_duration_is_text_a_mapping_or_seconds(written: str, meant: timedelta) -> None:
    assert read(f"{LOGIN}poll: {written}").poll == meant


_RANGES = [
    ("token_refresh", "00:10:00", "168:00:00"),
    ("poll", "00:01:00", "06:00:00"),
    ("settle", "00:00:00", "00:00:30"),
    ("lead", "00:02:00", "12:00:00"),
    ("consistency", "00:00:30", "00:10:00"),
    ("pending_timeout", "00:01:00", "24:00:00"),
]


def seconds(clock: str) -> int:
    hours, minutes, rest = (int(part) for part in clock.split(":"))
    return 3600 * hours + 60 * minutes + rest


def test_settle_is_given_in_seconds() -> None:
    assert read(LOGIN + "settle: 0").settle == 0.0
    assert read(LOGIN + "settle: 30").settle == 30.0
    assert read(LOGIN + "settle: 2.5").settle == 2.5


@pytest.mark.parametrize("base", [LOGIN, LOOPBACK], ids=["the cloud", "loopback"])
@pytest.mark.parametrize(("key", "least", "most"), _RANGES)
def test_a_duration_has_limits_whatever_the_address(base: str, key: str, least: str, most: str) -> None:
    for right in (seconds(least), seconds(most)):
        found = getattr(read(f"{base}{key}: {right}"), key)
        assert (found if key == "settle" else found.total_seconds()) == right
    rule = f'must be a duration from {least} to {most}, written "HH:MM:SS" in quotes, as a mapping'
    for wrong in (seconds(least) - 0.5, seconds(most) + 1, -1):
        (fault,) = faults(f"{base}{key}: {wrong}")
        assert fault.startswith(f"{key} is {wrong}: it {rule}")


@pytest.mark.parametrize("base", [LOGIN, LOOPBACK], ids=["the cloud", "loopback"])
def test_a_request_budget_has_limits_whatever_the_address(base: str) -> None:
    for right in (30, 600):
        assert read(f"{base}requests_per_hour: {right}").requests_per_hour == right
    for wrong in (29, 601):
        (fault,) = faults(f"{base}requests_per_hour: {wrong}")
        assert fault == f"requests_per_hour is {wrong}: it must be a whole number from 30 to 600"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"02:00"', time(2)),
        ("02:00", time(2)),  # YAML leaves it as text
        ("2:05", time(2, 5)),  # 125
        ("0:30", time(0, 30)),  # text
        ("16:00", time(16)),  # 960
        ("16:45:00", time(16, 45)),  # 60300
        ("1:00:00", time(1)),  # 3600
        ("00:00", time(0)),
        ("23:59", time(23, 59)),  # 1439
    ],
)
def test_a_time_of_day_may_stand_without_quotes(written: str, meant: time) -> None:
    assert only_window(f"{{start: {written}, end: '12:34'}}").start == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[mon]", {1}),
        ("[Mon, TUESDAY, wed]", {1, 2, 3}),
        ("[sat, sunday, sun]", {6, 7}),
        ("[thu, friday]", {4, 5}),
        ("", {1, 2, 3, 4, 5, 6, 7}),
    ],
)
def test_days_are_names_in_any_case_and_all_when_left_out(written: str, meant: set[int]) -> None:
    assert only_window(f"{{days: {written}}}").days == meant


def test_a_window_is_read_whole() -> None:
    assert only_window("{name: ' Night rate ', days: [sun], target_soc: 5}") == Window(
        "Night rate", Control.CHARGE_FROM_GRID, time(2), time(5), frozenset({7}), 5
    )
    assert only_window("{target_soc: 100}").target_soc == 100
    assert only_window("{}").target_soc is None


def test_windows_may_touch_and_keep_their_order() -> None:
    configuration = read(
        LOGIN
        + "windows:\n"
        + "- {name: b, control: discharge_to_grid, start: '05:00', end: '06:00', target_soc: 30}\n"
        + "- {name: a, control: charge_from_grid, start: '22:00', end: '05:00'}\n"
        + "- {name: c, control: restrict_discharge, start: '06:00', end: '22:00'}"
    )
    assert [window.name for window in configuration.windows] == ["b", "a", "c"]


@pytest.mark.parametrize(("written", "meant"), [("3141592", "3141592"), ("'3141592'", "3141592")])
def test_an_id_is_digits_with_or_without_quotes(written: str, meant: str) -> None:
    configuration = read(f"{LOGIN}site_id: {written}\nuser_id: {written}")
    assert (configuration.site_id, configuration.user_id) == (meant, meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://Example.com/", "https://example.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("'http://[::1]:8000'", "http://[::1]:8000"),
    ],
)
def test_an_address_is_https_or_loopback(written: str, meant: str) -> None:
    assert read(f"{LOGIN}base_url: {written}").base_url == meant


def test_the_rest_is_taken_as_written() -> None:
    configuration = read(
        LOGIN
        + "controls: [restrict_discharge, charge_from_grid, restrict_discharge]\ncreate_helpers: on\ndry_run: yes\n"
        + "use_schedules: never\ntime_zone: Australia/Lord_Howe\naccept_itc_disclaimer: off\n"
        + "token_sensor: sensor.my_token\npublish_token: true\nentity_prefix: battery_2"
    )
    assert configuration.controls == (Control.RESTRICT_DISCHARGE, Control.CHARGE_FROM_GRID)
    assert (configuration.create_helpers, configuration.dry_run, configuration.publish_token) == (True, True, True)
    assert configuration.accept_itc_disclaimer is False
    assert configuration.use_schedules is ScheduleUse.NEVER
    assert configuration.time_zone == "Australia/Lord_Howe"
    assert (configuration.token_sensor, configuration.entity_prefix) == ("sensor.my_token", "battery_2")


def test_without_controls_the_app_only_reads() -> None:
    assert read(LOGIN + "controls: []").controls == ()


# -- faults -----------------------------------------------------------------------------------------------------------

_TIME = 'it must be a time of day in whole minutes and in quotes, "00:00" to "23:59"'
_DURATION = 'written "HH:MM:SS" in quotes, as a mapping (minutes: 30) or in seconds'
_CHOICES = "it must be one of charge_from_grid, discharge_to_grid, restrict_discharge"
_ADDRESS = (
    "it must be an https address without user, path and query, such as https://enlighten.enphaseenergy.com; "
    "plain http is for a loopback address only"
)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ("site_id: abc", 'site_id is "abc": it must be a number, digits only'),
        ("site_id: 12/34", 'site_id is "12/34": it must be a number, digits only'),
        ("site_id: true", "site_id is true: it must be a number, digits only"),
        ("user_id: -5", "user_id is -5: it must be a number, digits only"),
        ("user_id: 1.5", "user_id is 1.5: it must be a number, digits only"),
        ("base_url: http://example.com", f'base_url is "http://example.com": {_ADDRESS}'),
        ("base_url: https://example.com/api", f'base_url is "https://example.com/api": {_ADDRESS}'),
        ("base_url: https://exam ple.com", f'base_url is "https://exam ple.com": {_ADDRESS}'),
        ("base_url: ftp://localhost", f'base_url is "ftp://localhost": {_ADDRESS}'),
        ("base_url: 5", f"base_url is 5: {_ADDRESS}"),
        ("toggles: input_boolean.x", 'toggles is "input_boolean.x": it must be a mapping of keys to values'),
        (
            "toggles: {charge_from_grid: switch.x}",
            'toggles.charge_from_grid is "switch.x": it must be an entity id such as input_boolean.my_name',
        ),
        (
            "toggles: {charge_from_grid: input_boolean.x, restrict_discharge: input_boolean.x}",
            "toggles: input_boolean.x is named for 2 controls, each needs its own",
        ),
        (
            "toggles: {charge_from_gird: input_boolean.x}",
            "toggles.charge_from_gird is not a known key; did you mean charge_from_grid?",
        ),
        (
            "toggles: {boost: input_boolean.x}",
            "toggles.boost is not a known key; known are charge_from_grid, discharge_to_grid, restrict_discharge",
        ),
        ("controls: charge_from_grid", 'controls is "charge_from_grid": it must be a list'),
        ("controls: [charge_from_grid, charge]", f'controls[1] is "charge": {_CHOICES}'),
        ("create_helpers: 'true'", 'create_helpers is "true": it must be true or false, without quotes'),
        ("dry_run: 1", "dry_run is 1: it must be true or false, without quotes"),
        ("poll: 0", f"poll is 0: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: true", f"poll is true: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: .nan", f"poll is nan: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: .inf", f"poll is a huge number: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: -900", f"poll is -900: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: abc", f'poll is "abc": it must be a duration from 00:01:00 to 06:00:00, {_DURATION}'),
        ("poll: '15:00'", f'poll is "15:00": it must be a duration from 00:01:00 to 06:00:00, {_DURATION}'),
        ("poll: '00:60:00'", f'poll is "00:60:00": it must be a duration from 00:01:00 to 06:00:00, {_DURATION}'),
        ("poll: {}", f"poll is a mapping: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: {minute: 5}", f"poll is a mapping: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: {minutes: x}", f"poll is a mapping: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: [5]", f"poll is a list: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("poll: 2025-01-01", f"poll is an object: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}"),
        ("requests_per_hour: 29", "requests_per_hour is 29: it must be a whole number from 30 to 600"),
        ("requests_per_hour: 601", "requests_per_hour is 601: it must be a whole number from 30 to 600"),
        ("requests_per_hour: 99.5", "requests_per_hour is 99.5: it must be a whole number from 30 to 600"),
        ("requests_per_hour: true", "requests_per_hour is true: it must be a whole number from 30 to 600"),
        ("requests_per_hour: many", 'requests_per_hour is "many": it must be a whole number from 30 to 600'),
        ("use_schedules: always", 'use_schedules is "always": it must be one of auto, never'),
        ("use_schedules: off", "use_schedules is false: it must be one of auto, never"),
        (
            "time_zone: Europe/Londn",
            'time_zone is "Europe/Londn": it must be the name of a time zone, such as Europe/London',
        ),
        ("time_zone: 1", "time_zone is 1: it must be the name of a time zone, such as Europe/London"),
        ("token_sensor: enphase", 'token_sensor is "enphase": it must be an entity id such as sensor.my_name'),
        ("entity_prefix: My Home", 'entity_prefix is "My Home": it must be made of a-z, 0-9 and single underscores'),
        ("entity_prefix: _x", 'entity_prefix is "_x": it must be made of a-z, 0-9 and single underscores'),
        ("windows: {}", "windows is a mapping: it must be a list"),
        ("windows: [5]", "windows[0] is 5: it must be a mapping of keys to values"),
        ("pol: 900", "pol is not a known key; did you mean poll?"),
        ("5: 900", "5 is not a known key; known are base_url, email, "),
        ("on: 900", "on is not a known key; known are base_url, email, "),
        ("off: 900", "off is not a known key; known are base_url, email, "),
        ('"a\\nb": 900', '"a\\nb" is not a known key; known are base_url, email, '),
    ],
)
def test_a_fault_names_the_key_the_value_and_the_choices(wrong: str, fault: str) -> None:
    (found,) = faults(LOGIN + wrong)
    assert found == fault or (fault.endswith(", ") and found.startswith(fault))


def test_a_wrong_text_is_shown_in_short() -> None:
    (fault,) = faults(f"{LOGIN}time_zone: {'x' * 1000}")
    assert fault.startswith('time_zone is "' + "x" * 60 + '...": it must')


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ("name:", "windows[0].name is missing"),
        ("name: ''", 'windows[0].name is "": it must be a text on one line, at most 100 characters; put it in quotes'),
        (
            'name: "a\\nb"',
            'windows[0].name is "a\\nb": it must be a text on one line, at most 100 characters; put it in quotes',
        ),
        (
            "name: off",
            "windows[0].name is false: it must be a text on one line, at most 100 characters; put it in quotes",
        ),
        ("control:", "windows[0].control is missing"),
        ("control: charge", f'windows[0].control is "charge": {_CHOICES}'),
        ("start:", "windows[0].start is missing"),
        ("start: '24:00'", f'windows[0].start is "24:00": {_TIME}'),
        ("start: 24:00", f"windows[0].start is 1440: {_TIME}"),
        ("start: 24:00:00", f"windows[0].start is 86400: {_TIME}"),
        ("start: 2", f"windows[0].start is 2: {_TIME}"),
        ("start: '02:00:30'", f'windows[0].start is "02:00:30": {_TIME}'),
        ("start: 16:00:30", f"windows[0].start is 57630: {_TIME}"),
        ("start: true", f"windows[0].start is true: {_TIME}"),
        ("start: 16:00.5", f"windows[0].start is 960.5: {_TIME}"),
        ("end: noon", f'windows[0].end is "noon": {_TIME}'),
        ("end: '02:00'", "windows[0]: start and end are both 02:00, a window must last longer than nothing"),
        ("days: []", "windows[0].days must not be empty"),
        ("days: mon", 'windows[0].days is "mon": it must be a list'),
        ("days: [mon, moon]", 'windows[0].days[1] is "moon": it must be one of mon, tue, wed, thu, fri, sat, sun'),
        ("days: [1]", "windows[0].days[0] is 1: it must be one of mon, tue, wed, thu, fri, sat, sun"),
        ("target_soc: 4", "windows[0].target_soc is 4: it must be a whole number from 5 to 100"),
        ("target_soc: 101", "windows[0].target_soc is 101: it must be a whole number from 5 to 100"),
        ("target_soc: .nan", "windows[0].target_soc is nan: it must be a whole number from 5 to 100"),
        (
            "control: restrict_discharge, target_soc: 50",
            "windows[0]: target_soc is 50, but restrict_discharge has no such limit; leave it out",
        ),
        ("strt: '02:00'", "windows[0].strt is not a known key; did you mean start?"),
    ],
)
def test_a_fault_in_a_window_says_in_which(members: str, fault: str) -> None:
    entry = {**yaml.safe_load(WINDOW), **yaml.safe_load(f"{{{members}}}")}
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration({**yaml.safe_load(LOGIN), "windows": [entry]})
    assert caught.value.faults == (fault,)


def test_windows_must_fit_together() -> None:
    assert faults(
        LOGIN
        + "controls: [charge_from_grid]\n"
        + "windows:\n"
        + "- {name: Night, control: charge_from_grid, start: '22:00', end: '05:00', days: [sun]}\n"
        + "- {name: Early, control: discharge_to_grid, start: '04:00', end: '06:00', days: [mon]}\n"
        + "- {name: Night, control: charge_from_grid, start: '12:00', end: '13:00'}"
    ) == (
        'windows: "Early" (04:00 to 06:00) is about discharge_to_grid, which is not in controls',
        'windows: the name "Night" is used 2 times, each window needs its own',
        (
            'windows: "Night" (22:00 to 05:00) and "Early" (04:00 to 06:00) overlap, '
            "of all windows only one may run at a time"
        ),
    )


def test_all_faults_are_reported_at_once() -> None:
    assert faults("password: x\npoll: 0\ndry_run: 5\nwindows: [{name: a}]") == (
        "email is missing",
        f"poll is 0: it must be a duration from 00:01:00 to 06:00:00, {_DURATION}",
        "dry_run is 5: it must be true or false, without quotes",
        "windows[0].control is missing",
        "windows[0].start is missing",
        "windows[0].end is missing",
    )


def test_a_wrong_control_is_not_followed_by_faults_about_the_windows() -> None:
    assert faults(f"{LOGIN}controls: [charge]\nwindows: [{WINDOW}]") == (f'controls[0] is "charge": {_CHOICES}',)


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["email", "password"])
@pytest.mark.parametrize("value", ["74921", "true", "''", "[hunter2]", "{hunter2: x}", "0x1F"])
def test_a_wrong_email_or_password_is_not_shown(key: str, value: str) -> None:
    wrong = {**yaml.safe_load(LOGIN), key: yaml.safe_load(value)}
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(wrong)
    assert caught.value.faults == (f"{key} must be a text; put it in quotes",)


def test_no_fault_carries_a_secret_in_its_text_or_behind_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read("email: me@example.com\npasword: hunter2\nbase_url: https://me:hunter2@example.com")
    assert caught.value.faults == (
        _ADDRESS.replace("it must", "base_url must"),
        "password is missing",
        "pasword is not a known key; did you mean password?",
    )
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_printed_configuration_hides_email_and_password() -> None:
    assert not re.search("opensesame|me@example", repr(read(LOGIN)) + str(read(LOGIN)))


# -- anything at all --------------------------------------------------------------------------------------------------

_keys = st.sampled_from([field.alias or name for name, field in Configuration.model_fields.items()]) | st.text()
_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**400, 10**401)  # more than fits into a float
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["02:00", "00:30:00", "mon", "charge_from_grid", "https://[", "http://localhost:x", "\ud800"])
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "control", "start", "end", "days", "target_soc", "minutes", "hours"])
            | st.text()
            | st.booleans()
            | st.integers()
            | st.just("\ud800"),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.dictionaries(_keys, _values, max_size=8))
def test_whatever_is_written_is_read_or_refused_in_printable_lines(args: Mapping[str, object]) -> None:
    assert all(fault.isprintable() for fault in refusal({**yaml.safe_load(LOGIN), **args}))


def refusal(args: Mapping[str, object]) -> tuple[str, ...]:
    try:
        parse_configuration(args)
    except ConfigurationError as error:
        return error.faults
    return ()


@pytest.mark.parametrize("key", [field.alias or name for name, field in Configuration.model_fields.items()])
def test_a_number_that_python_cannot_print_is_refused_as_well(key: str) -> None:
    (fault,) = refusal({**yaml.safe_load(LOGIN), key: 16**5000})
    assert fault.startswith(key)


def test_a_key_that_python_cannot_print_is_refused_as_well() -> None:
    args: dict[object, object] = {**yaml.safe_load(LOGIN), 16**5000: 1}
    (fault,) = refusal(args)  # type: ignore[arg-type]  # YAML allows any key
    assert fault.startswith("a huge number is not a known key")


# -- what is allowed and hardly meant ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "poll: 150", "{poll: 60, requests_per_hour: 270}"])
def test_polls_that_the_budget_allows_raise_no_doubt(text: str) -> None:
    assert read(LOGIN + text.strip("{}").replace(", ", "\n")).doubts == ()


def test_polls_that_use_more_than_their_part_of_the_budget_raise_a_doubt_with_the_numbers() -> None:
    (doubt,) = read(LOGIN + "poll: 60").doubts
    assert "poll: 0:01:00 makes 180 requests an hour" in doubt
    assert "requests_per_hour: 120 leaves 80 for polls" in doubt


# -- limits that are lifted -------------------------------------------------------------------------------------------


def test_lifted_limits_are_an_argument() -> None:
    lifted = Limits(shortest=timedelta(seconds=5), most_requests=1000)
    text = LOGIN + "poll: 5\ntoken_refresh: 5\nlead: 5\nconsistency: 5\npending_timeout: 5\nrequests_per_hour: 1000"
    found = parse_configuration(yaml.safe_load(text), lifted)
    assert {found.poll, found.token_refresh, found.lead, found.consistency, found.pending_timeout} == {
        timedelta(seconds=5)
    }
    assert found.requests_per_hour == 1000


def test_lifted_limits_are_limits() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(
            yaml.safe_load(LOGIN + "poll: 4\nrequests_per_hour: 1001"),
            Limits(shortest=timedelta(seconds=5), most_requests=1000),
        )
    polls, requests = caught.value.faults
    assert polls.startswith("poll is 4: it must be a duration from 00:00:05 to 06:00:00")
    assert requests == "requests_per_hour is 1001: it must be a whole number from 30 to 1000"


def test_a_least_that_is_lower_already_stays() -> None:
    assert parse_configuration(yaml.safe_load(LOGIN + "consistency: 30"), Limits(shortest=timedelta(minutes=1)))


@pytest.mark.parametrize("key", ["limits", *(one.name for one in fields(Limits))])
def test_no_key_lifts_a_limit(key: str) -> None:
    (fault,) = faults(f"{LOOPBACK}{key}: 1")
    assert fault.startswith(f"{key} is not a known key")


def test_in_production_what_is_limited_is_what_the_parts_limit_by_themselves() -> None:
    assert (PRODUCTION.most_turns, PRODUCTION.short_sessions) == (MOST_TURNS, IN_A_ROW) == (6, 3)
