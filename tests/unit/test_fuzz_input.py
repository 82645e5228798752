"""Commands and configurations of any shape: taken, or refused in a plain line that gives nothing away."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from appdaemon.utils import read_yaml_config
from hypothesis import example, given
from hypothesis import strategies as st

from enphase_battery.config.configuration import Configuration, WindowEntry, parse_configuration
from enphase_battery.control.controls import Control
from enphase_battery.engine.commands import CommandEnvelope
from enphase_battery.errors import CommandError, ConfigurationError
from enphase_battery.home.command_parser import command_envelope, parse_command
from tests.unit.fuzz.commands import commands
from tests.unit.fuzz.strange import (
    FORGED,
    LONG_TEXT,
    LONGEST_LINE,
    MOST_ATTRIBUTES,
    is_plain,
    keys,
    looks,
    names,
    values,
)

SECRET = "correct-horse-battery"
ACCOUNT = {"email": "owner@example.com", "password": SECRET}

# -- commands ---------------------------------------------------------------------------------------------------------


def refusal_of(data: dict[str, Any]) -> str:
    """Return why a command is refused, empty if it is not; any other error than that is the test's failure."""
    try:
        parse_command(data)
    except CommandError as error:
        return f"{error} {error.hint}"
    return ""


@looks(400)
@given(commands(values))
@example({"command": FORGED})
@example({FORGED: 1, "command": "refresh"})
def test_a_command_of_any_shape_is_read_or_refused_in_one_plain_line(data: dict[str, Any]) -> None:
    refusal = refusal_of(data)
    assert is_plain(refusal), refusal[:200]


@pytest.mark.parametrize("unknown", [{LONG_TEXT: 1}, dict.fromkeys(map(str, range(10_000)), 1)], ids=["long", "many"])
def test_however_much_does_not_belong_to_a_command_the_answer_is_short(unknown: dict[str, Any]) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command({"command": "refresh", **unknown})
    assert is_plain(str(caught.value)), len(str(caught.value))


@looks(200)
@given(commands(values))
def test_what_an_event_says_of_itself_can_always_be_told(data: dict[str, Any]) -> None:
    envelope = command_envelope(data)
    assert isinstance(envelope, CommandEnvelope)
    assert all(isinstance(getattr(envelope, one), str | None) for one in ("id", "app", "command", "control", "state"))


@looks(200)
@given(
    commands(values),
    st.sampled_from(["otp", "set", "refresh"]),
    st.sampled_from(["123456x", " 12-34", "1234567890" * 3]),
)
def test_a_code_with_a_slip_is_not_shown(data: dict[str, Any], name: str, code: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command({**data, "command": name, "code": code})
    assert code.strip() not in "".join(traceback.format_exception(caught.value))


# -- configurations ---------------------------------------------------------------------------------------------------

KEYS = [field.alias or name for name, field in Configuration.model_fields.items()]
windows = st.dictionaries(
    st.sampled_from(list(WindowEntry.model_fields)) | names,
    values | st.sampled_from(["02:00", 120, *Control]),
    max_size=8,
)
near = values | st.lists(windows, max_size=3) | st.dictionaries(st.sampled_from(list(Control)), values, max_size=3)
configurations = st.one_of(
    st.dictionaries(st.sampled_from(KEYS) | keys, near, max_size=8),
    st.dictionaries(st.sampled_from(KEYS), near, max_size=4).map(lambda some: {**ACCOUNT, **some}),
)


def faults_of(args: Any) -> tuple[str, ...]:
    """Return what is wrong with a configuration; any other error than that is the test's failure."""
    try:
        parse_configuration(args)
    except ConfigurationError as error:
        return error.faults
    return ()


def overlapping(name: str) -> list[dict[str, str]]:
    return [{"name": name, "control": "charge_from_grid", "start": "02:00", "end": "03:00"}] * 2


@looks(400)
@given(configurations)
@example({**ACCOUNT, FORGED: 1, "windows": [{FORGED: 1}]})
@example({**ACCOUNT, "windows": overlapping("\ud800")})
def test_a_configuration_of_any_shape_is_taken_or_refused_in_plain_lines(args: dict[Any, Any]) -> None:
    for fault in faults_of(args):
        assert is_plain(fault), fault[:200]


@pytest.mark.parametrize("args", [{LONG_TEXT: 1}, {"windows": overlapping(LONG_TEXT)}], ids=["key", "name"])
def test_however_long_a_key_or_a_name_is_its_fault_is_a_short_line(args: dict[str, Any]) -> None:
    faults = faults_of({**ACCOUNT, **args})
    assert faults
    assert max(map(len, faults)) <= LONGEST_LINE


def test_a_configuration_full_of_faults_is_answered_with_what_a_person_can_read() -> None:
    faults = faults_of({**ACCOUNT, **{f"key_{number}": 1 for number in range(10_000)}})
    assert sum(map(len, faults)) <= MOST_ATTRIBUTES


@looks(60)
@given(st.sampled_from(["email", "password"]), st.text("\ud800\udfff\udc80", min_size=1, max_size=3))
def test_an_account_that_cannot_be_encoded_is_a_fault_of_the_configuration(key: str, half: str) -> None:
    faults = faults_of({**ACCOUNT, key: f"{SECRET}{half}"})
    assert len(faults) == 1
    assert key in faults[0]
    assert SECRET not in faults[0]


misspelt = st.one_of(
    st.sampled_from(
        ["pasword", "passwrod", "passwd", "Password", "PASSWORD", "password ", "pass word", "secret", "e-mail", "mail"]
    ),
    st.integers(0, 7).map(lambda place: "password"[:place] + "password"[place + 1 :]),
    st.characters().map(lambda letter: f"password{letter}").filter(lambda key: not key.isspace()),
)
nesting = st.sampled_from(
    [
        lambda key, value: {key: value},
        lambda key, value: {key: {key: value}},
        lambda key, value: {key: [value]},
        lambda key, value: {"toggles": {key: value}},
        lambda key, value: {"windows": [{key: value}]},
        lambda key, value: {"windows": {key: value}},
        lambda key, value: {"poll": {key: value}},
        lambda key, value: {"controls": [{key: value}]},
        lambda key, value: {"site_id": {key: value}},
        lambda key, value: {"password": [value], "email": {key: value}},
        lambda key, value: {"password": value.encode()},
        lambda key, value: {"base_url": f"https://owner:{value}@example.com"},
        lambda key, value: {"base_url": f"https://owner@example.com/?password={value}"},
    ]
)


@looks(200)
@given(misspelt, nesting, st.booleans())
def test_a_misspelt_or_misplaced_secret_is_not_shown(key: str, nest: Any, complete: bool) -> None:
    args = {**({"email": "owner@example.com", "password": "another one"} if complete else {}), **nest(key, SECRET)}
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(args)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__) + repr(caught.value.args)
    assert SECRET not in told
    assert caught.value.__context__ is None, "a context would carry what pydantic knows"


# -- as AppDaemon reads it --------------------------------------------------------------------------------------------

SCALARS = """16:00 16:00:00 07:30 0:30 190:20:30 1e3 1_000 0x1F 0o17 017 .inf -.inf .nan ~ null yes No
    on OFF y 2026-11-22
    2026-11-22T12:00:00Z !!binary/aGk= !!str/5 "\\ud800" "\\0" '' "a\\nb" [] {} [*x] &x/[*x] &x/{a:/*x} !!set/{a,b}
    !!omap/[a:/1] !!pairs/[a:/1] !!timestamp/2026-01-01 |- > * & ! % @ ` [ { 1. +1 12e03 -0 0b1 9999999999999999999
    {minutes:/30} {minutes:/.inf} {5:/5} {[a]:/b} {?/a} <<: {<<:/{a:/b}} !secret/x !env_var/NOT_THERE
    !!python/object:os.system/x"""
"""What YAML reads in its own way, or not at all; a slash stands for a blank."""

scalars = st.sampled_from([word.replace("/", " ") for word in SCALARS.split()])
lines = st.tuples(st.sampled_from(KEYS) | scalars | st.text(max_size=8), scalars | st.text(max_size=12)).map(": ".join)
documents = st.lists(lines, max_size=6).map(lambda each: "\n".join(f"  {line}" for line in each))


@looks(150)
@given(documents)
@example('  email: "\\ud800"\n  password: x')
@example("  password: &x [*x]\n  windows: &y [{name: *y}]")
@example("  poll: 16:00\n  token_refresh: 12:00:00\n  lead: .inf\n  settle: .nan")
def test_whatever_yaml_makes_of_a_file_is_taken_or_refused_in_plain_lines(
    tmp_path_factory: pytest.TempPathFactory, document: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "apps.yaml"
    try:
        file.write_text(f"enphase_battery:\n  module: enphase_battery\n  class: EnphaseBattery\n{document}\n")
        args = read_yaml_config(file)["enphase_battery"]
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return  # AppDaemon never gets as far as the app
    if isinstance(args, dict):
        for fault in faults_of(args):
            assert is_plain(fault), fault[:200]


def test_yaml_that_makes_objects_is_not_loaded(tmp_path: Path) -> None:
    """The app loads no YAML of its own, and no pickle."""
    package = Path(__file__).parents[2] / "apps" / "enphase-battery" / "enphase_battery"
    loaders = ("import yaml", "from yaml", "import pickle", "import shelve", "import marshal", "eval(", "exec(")
    found = [
        f"{file.name}: {word}" for file in sorted(package.rglob("*.py")) for word in loaders if word in file.read_text()
    ]
    assert found == []
