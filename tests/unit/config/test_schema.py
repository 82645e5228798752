"""Editors complete and check apps.yaml by a schema that says what the app takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from enphase_battery.__main__ import main
from enphase_battery.config.configuration import Configuration, Toggles, WindowEntry, parse_configuration
from enphase_battery.config.schema import file_schema
from enphase_battery.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "apps" / "enphase-battery" / "apps.schema.json"
EXAMPLE = ROOT / "apps" / "enphase-battery" / "apps.yaml.example"
VALIDATOR = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

LOGIN = {"email": "me@example.com", "password": "opensesame"}
APP = {"module": "enphase_battery", "class": "EnphaseBattery", **LOGIN}
WINDOW = {"name": "Night", "control": "charge_from_grid", "start": "02:00", "end": "05:00"}


def as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return loader.construct_scalar(node)


class Editor(yaml.SafeLoader):
    """Reads YAML 1.2 as editors do: of times and of on and off it makes texts; a tag it takes for what follows it."""


Editor.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if not tag.endswith((":bool", ":int", ":timestamp"))]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Editor.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))
Editor.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
Editor.add_constructor("!secret", as_text)


def complaints(document: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def of_app(**keys: object) -> list[str]:
    return complaints({"enphase_battery": {**APP, **keys}})


def of_window(**keys: object) -> list[str]:
    return of_app(windows=[{**WINDOW, **keys}])


def everything() -> str:
    """Return the example with every key in it."""
    return re.sub(r"^  #(?=\S|  )", "  ", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


# -- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_is_what_the_model_says() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == file_schema(), "make schema"


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == file_schema()


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(file_schema())


def test_the_example_names_it_as_it_lies_from_where_the_copy_belongs() -> None:
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", EXAMPLE.read_text(encoding="utf-8"))
    assert named is not None
    assert EXAMPLE.parents[1] / named[1] == SCHEMA


def test_appdaemon_does_not_take_it_for_apps() -> None:
    assert SCHEMA.suffix not in {".yaml", ".toml"}


@pytest.mark.parametrize("section", [Configuration, Toggles, WindowEntry])
def test_every_key_is_described(section: type[Configuration]) -> None:
    properties = file_schema()["definitions"][section.__name__]["properties"]
    for name, field in section.model_fields.items():
        assert properties[field.alias or name]["description"].endswith("."), name


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("poll", "00:15:00"),
        ("settle", 0.0),
        ("controls", ["charge_from_grid", "discharge_to_grid", "restrict_discharge"]),
        ("use_schedules", "auto"),
        ("dry_run", False),
    ],
)
def test_defaults_are_shown_as_a_person_writes_them(key: str, default: object) -> None:
    assert file_schema()["definitions"]["Configuration"]["properties"][key]["default"] == default


def test_every_default_is_one_that_passes_and_means_the_same() -> None:
    properties: Mapping[str, Any] = file_schema()["definitions"]["Configuration"]["properties"]
    defaults = {key: one["default"] for key, one in properties.items() if "default" in one}
    assert len(defaults) > 10
    assert of_app(**defaults) == []
    assert parse_configuration({**LOGIN, **defaults}) == parse_configuration(LOGIN)


# -- what passes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loader", [yaml.SafeLoader, Editor])
@pytest.mark.parametrize("text", [EXAMPLE.read_text(encoding="utf-8"), everything()], ids=["as it is", "every key"])
def test_the_example_passes_in_either_yaml(text: str, loader: type[yaml.SafeLoader]) -> None:
    class Loader(loader):  # type: ignore[valid-type, misc]  # a parameter, which mypy takes for no class
        pass

    Loader.add_constructor("!secret", as_text)
    assert complaints(yaml.load(text, Loader)) == []  # noqa: S506  # made of the safe one


RIGHT = [
    "site_id: 3141592",
    "site_id: '3141592'",
    "site_id: ",
    "toggles: {charge_from_grid: input_boolean.mine}",
    "toggles:",
    "controls: [charge_from_grid]",
    "controls: []",
    "dry_run: on",
    "dry_run: No",
    "poll: 00:15:00",
    "token_refresh: 12:00:00",
    "poll: '00:15:00'",
    "poll: 900",
    "poll: {minutes: 15, seconds: 0.5}",
    "settle: 0",
    "settle: 2.5",
    "settle: '00:00:05'",
    "base_url: http://127.0.0.1:8000\nrequests_per_hour: 600\npoll: 60\nlead: 120",
    "base_url: https://enlighten.enphaseenergy.com/",
    "requests_per_hour: '60'",
    "use_schedules: never",
    "time_zone: Australia/Lord_Howe",
    "windows: []",
    "windows: [{name: Peak, control: discharge_to_grid, start: 16:00, end: 19:00, days: [Mon, TUESDAY]}]",
    "windows: [{name: Peak, control: discharge_to_grid, start: '16:00', end: '19:00', target_soc: 30.0}]",
    "windows: [{name: Night, control: restrict_discharge, start: 22:30:00, end: '5:00', days: }]",
    "log_level: DEBUG\npriority: 3\ndependencies: [other]\ndisable: true",
]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, Editor])
@pytest.mark.parametrize("text", RIGHT)
def test_what_the_app_takes_passes(text: str, loader: type[yaml.SafeLoader]) -> None:
    parse_configuration({**LOGIN, **yaml.safe_load(text)})
    assert of_app(**yaml.load(text, loader)) == []  # noqa: S506  # one of two safe ones


def test_the_name_behind_a_secret_passes_as_an_id() -> None:
    assert of_app(**yaml.load("site_id: !secret my_site", Editor)) == []  # noqa: S506  # made of the safe one


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"other": {"module": "other", "class": "Other", "poll": "whenever"}},
        {"other": {"module": "other"}, "enphase_battery": APP},
        {"global_modules": ["tools"], "sequence": {"morning": {"steps": []}}},
        {"tools": {"module": "tools", "global": True}, "empty": None},
    ],
)
def test_other_apps_pass_unchecked(document: object) -> None:
    assert complaints(document) == []


# -- what does not ----------------------------------------------------------------------------------------------------

WRONG = [
    "pol: '00:15:00'",
    "poll: quarter of an hour",
    "poll: '15:00'",
    "poll: -5",
    "poll: 59",
    "lead: 119",
    "base_url: http://127.0.0.1:8000\npoll: 5",
    "poll: {minuts: 15}",
    "poll: {}",
    "poll: [15]",
    "settle: 31",
    "site_id: 0",
    "site_id: '31 41'",
    "base_url: enlighten.enphaseenergy.com",
    "base_url: https://me:secret@enlighten.enphaseenergy.com",
    "toggles: {charge_from_grid: switch.mine}",
    "toggles: {charge: input_boolean.mine}",
    "toggles: input_boolean.mine",
    "controls: [charge]",
    "controls: charge_from_grid",
    "dry_run: maybe",
    "dry_run: 1",
    "requests_per_hour: many",
    "requests_per_hour: 29",
    "base_url: http://127.0.0.1:8000\nrequests_per_hour: 601",
    "use_schedules: always",
    "token_sensor: jwt",
    "entity_prefix: My Battery",
    "email: 5",
    "email: ''",
    "password:",
    "windows: {name: Night}",
    "windows: [{name: Night, control: charge_from_grid, start: '02:00'}]",
    "windows: [{name: '', control: charge_from_grid, start: '02:00', end: '05:00'}]",
    "windows: [{name: N, control: charge, start: '02:00', end: '05:00'}]",
    "windows: [{name: N, control: charge_from_grid, start: '24:00', end: '05:00'}]",
    "windows: [{name: N, control: charge_from_grid, start: '02:00:30', end: '05:00'}]",
    "windows: [{name: N, control: charge_from_grid, start: 2, end: '05:00'}]",
    "windows: [{name: N, control: charge_from_grid, start: '02:00', end: '05:00', days: []}]",
    "windows: [{name: N, control: charge_from_grid, start: '02:00', end: '05:00', days: [monday, someday]}]",
    "windows: [{name: N, control: charge_from_grid, start: '02:00', end: '05:00', days: mon}]",
    "windows: [{name: N, control: charge_from_grid, start: '02:00', end: '05:00', target_soc: 4}]",
    "windows: [{name: N, control: charge_from_grid, start: '02:00', end: '05:00', target: 90}]",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_flagged_the_app_refuses_too(text: str) -> None:
    keys = yaml.safe_load(text)
    assert of_app(**keys) != []
    with pytest.raises(ConfigurationError):
        parse_configuration({**LOGIN, **keys})


def test_a_missing_password_and_a_misspelt_class_are_flagged() -> None:
    assert complaints({"enphase_battery": {key: APP[key] for key in ("module", "class", "email")}}) != []
    assert complaints({"enphase_battery": {**APP, "class": "EnphaseBatery"}}) != []
    assert complaints({"enphase_battery": {**APP, "module": "enphase-battery"}}) != []
    assert of_window() == []
    assert of_window(start=None) != []
