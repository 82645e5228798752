"""Dashboard and package speak of entities that there are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from enphase_battery.config.configuration import Configuration
from enphase_battery.control.controls import Control
from enphase_battery.home.entities import entities
from tests.unit.home.test_entities import REPORT, SNAPSHOT

FILES = Path(__file__).parents[2] / "home_assistant"
DEFAULTS = Configuration.model_validate({"email": "me@example.com", "password": "secret"})
PUBLISHED = entities(
    replace(SNAPSHOT, controls=tuple(replace(REPORT, control=control) for control in Control)),
    prefix=DEFAULTS.entity_prefix,
    token_sensor=DEFAULTS.token_sensor,
    publish_token=False,
    poll=timedelta(minutes=15),
).keys()
PACKAGE = yaml.safe_load((FILES / "package.yaml").read_text(encoding="utf-8"))
BROUGHT = {
    *(f"{kind}.{name}" for kind in ("input_boolean", "input_text", "script") for name in PACKAGE[kind]),
    *(f"binary_sensor.{sensor['unique_id']}" for sensor in PACKAGE["template"][0]["binary_sensor"]),
}
_NAMED = re.compile(r"\b(?:binary_sensor|input_boolean|input_text|script|sensor)\.\w*enphase\w*[a-z]\b")


@pytest.mark.parametrize("file", ["dashboard.yaml", "package.yaml"])
def test_every_entity_that_is_named_is_published_by_the_app_or_brought_by_the_package(file: str) -> None:
    named = set(_NAMED.findall((FILES / file).read_text(encoding="utf-8")))
    assert named
    assert named <= PUBLISHED | BROUGHT


def test_the_packages_toggles_are_those_that_the_app_looks_for() -> None:
    assert {DEFAULTS.toggles.of(control) for control in Control} <= BROUGHT


def test_the_packages_toggles_look_like_those_that_the_app_makes() -> None:
    assert PACKAGE["input_boolean"] == {
        control.helper: {"name": control.title.capitalize(), "icon": control.helper_icon} for control in Control
    }


def test_every_script_and_field_says_what_it_is_for() -> None:
    for script in PACKAGE["script"].values():
        assert {"alias", "description", "icon"} <= script.keys()
        assert all({"name", "description", "selector"} <= field.keys() for field in script.get("fields", {}).values())
