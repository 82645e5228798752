"""Names in the configuration that contradict each other, of one app and of two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from enphase_battery.config.configuration import Configuration, parse_configuration
from enphase_battery.config.names import own_sensors
from enphase_battery.config.neighbours import clashes
from enphase_battery.control.controls import Control
from enphase_battery.errors import ConfigurationError
from enphase_battery.home.entities import entities
from tests.unit.home.test_entities import SNAPSHOT

THEIRS: dict[str, Any] = {
    "entity_prefix": "theirs",
    "token_sensor": "sensor.their_jwt",
    "toggles": {control.value: f"input_boolean.their_{control.value}" for control in Control},
}


def configured(**keys: object) -> Configuration:
    return parse_configuration({"email": "a@example.com", "password": "x", **keys})


def published(configuration: Configuration) -> list[str]:
    """Return the ids of all that an app publishes when it knows of every control."""
    reports = {one.control: one for one in SNAPSHOT.controls}
    some = SNAPSHOT.controls[0]
    controls = tuple(reports.get(control) or replace(some, control=control) for control in Control)
    found = entities(
        replace(SNAPSHOT, controls=controls),
        prefix=configuration.entity_prefix,
        token_sensor=configuration.token_sensor,
        publish_token=False,
        poll=configuration.poll,
    )
    return list(found)


@pytest.mark.parametrize("prefix", ["enphase_battery", "a_1"])
def test_the_table_of_own_sensors_is_what_is_published(prefix: str) -> None:
    configuration = configured(entity_prefix=prefix)
    ids = published(configuration)
    assert len(ids) == len(set(ids))
    sensors = {one for one in ids if one.startswith("sensor.")}
    assert sensors == {*own_sensors(prefix), configuration.token_sensor}


@pytest.mark.parametrize("prefix", ["enphase_battery", "a_1"])
def test_the_token_sensor_is_none_of_the_apps_other_entities(prefix: str) -> None:
    for taken in own_sensors(prefix):
        with pytest.raises(ConfigurationError) as caught:
            configured(entity_prefix=prefix, token_sensor=taken)
        (fault,) = caught.value.faults
        assert fault.startswith(f"token_sensor: {taken} is another entity")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, None),
        ({"entity_prefix": "enphase_battery"}, "entity_prefix"),
        ({"token_sensor": "sensor.enphase_jwt"}, "token_sensor"),
        *(({"token_sensor": one}, "token_sensor") for one in own_sensors("enphase_battery")),
        ({"toggles": {"discharge_to_grid": "input_boolean.enphase_charge_from_grid"}}, "toggles"),
    ],
)
def test_two_apps_have_no_name_in_common(changes: dict[str, Any], key: str | None) -> None:
    toggles = {**THEIRS["toggles"], **changes.get("toggles", {})}
    ours, theirs = configured(), configured(**{**THEIRS, **changes, "toggles": toggles})
    for one, other in ((ours, theirs), (theirs, ours)):
        found = list(clashes(one, "the other", other))
        assert [fault.partition(":")[0] for fault in found] == ([key] if key else [])
        assert all("the app the other" in fault for fault in found)
    common = {*published(ours), *ours.toggles.model_dump().values()} & {
        *published(theirs),
        *theirs.toggles.model_dump().values(),
    }
    assert bool(common) is bool(key)


def test_a_toggle_that_an_app_does_not_use_is_free_for_another() -> None:
    ours = configured(controls=["charge_from_grid"])
    toggles = {**THEIRS["toggles"], "restrict_discharge": "input_boolean.enphase_restrict_discharge"}
    assert list(clashes(ours, "b", configured(**{**THEIRS, "toggles": toggles}))) == []
