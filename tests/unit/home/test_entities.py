"""The snapshot in Home Assistant's words: docs/entities.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
import pytz

from enphase_battery.control.controls import Control
from enphase_battery.control.enforcement import Enforced
from enphase_battery.control.intent import Source
from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, because
from enphase_battery.control.site_state import SiteState, Storage
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Occurrence, Window
from enphase_battery.engine.snapshot import ControlReport, Snapshot
from enphase_battery.enlighten.identity import Identity
from enphase_battery.home.entities import Entity, entities, problem_entity
from enphase_battery.words.reasons import local
from tests.unit.conditions import WELL
from tests.unit.said import advice, some, told

NOON = datetime(2026, 7, 22, 12, 0, 0, 123456, tzinfo=timezone.utc)
LONDON = pytz.timezone("Europe/London")
WHEN = local(LONDON, NOON)
SIGNED_IN = replace(WELL, refreshed_at=NOON, expires_at=NOON + timedelta(days=1), token="eyJ.secret")

REPORT = ControlReport(
    control=Control.CHARGE_FROM_GRID,
    shown=True,
    wanted=True,
    outcome=Outcome.CONFIRMED,
    enforced=Enforced.YES,
    fail_safe=False,
    source=Source.COMMAND,
    reasons=(some("because"),),
    until=NOON + timedelta(hours=1),
    target_soc=90,
    confirmed_at=NOON,
    last_error=some("it was refused"),
    last_error_at=NOON - timedelta(minutes=5),
)
NOTHING_KNOWN = ControlReport(
    control=Control.RESTRICT_DISCHARGE,
    shown=None,
    wanted=None,
    outcome=None,
    enforced=Enforced.UNKNOWN,
    fail_safe=False,
)
SNAPSHOT = Snapshot(
    taken_at=NOON,
    condition=SIGNED_IN,
    identity=Identity("11", "22"),
    zone=LONDON,
    controls=(REPORT, NOTHING_KNOWN),
    readable=True,
    state=SiteState(storage=Storage(soc=57.5, energy_kwh=5.75, capacity_kwh=10.0, last_report=NOON)),
)


def published(snapshot: Snapshot, *, publish_token: bool = False) -> dict[str, Entity]:
    found = entities(
        snapshot,
        prefix="battery",
        token_sensor="sensor.enphase_jwt",
        publish_token=publish_token,
        poll=timedelta(minutes=15),
    )
    made = {entity_id: make() for entity_id, make in found.items()}
    assert all(entity.entity_id == entity_id for entity_id, entity in made.items())
    return made


def with_storage(storage: Storage | None) -> Snapshot:
    return replace(SNAPSHOT, state=SiteState(storage=storage))


def test_every_entity_of_the_contract_is_published() -> None:
    assert published(SNAPSHOT).keys() == {
        "binary_sensor.battery_charge_from_grid",
        "binary_sensor.battery_restrict_discharge",
        "sensor.battery_charge_from_grid_end",
        "sensor.battery_restrict_discharge_end",
        "sensor.battery_status",
        "sensor.battery_soc",
        "sensor.battery_next_window",
        "binary_sensor.battery_problem",
        "sensor.enphase_jwt",
    }


def test_a_control_says_all_that_is_known_of_it_in_the_sites_own_time() -> None:
    entity = published(SNAPSHOT)["binary_sensor.battery_charge_from_grid"]
    assert entity.state == "on"
    assert entity.attributes == {
        "friendly_name": "Enphase battery charge from grid",
        "icon": "mdi:battery-charging",
        "summary": "A boost charges to 90 % until 14:00. Note: because.",
        "verdict": "On, confirmed",
        "wanted": "on",
        "outcome": "confirmed",
        "enforced": "yes",
        "fail_safe": "no",
        "source": "command",
        "reason": "because",
        "reason_kind": "refused",
        "until": "2026-07-22T14:00:00+01:00",
        "target_soc": "90",
        "confirmed_at": "2026-07-22T13:00:00+01:00",
        "last_error": "it was refused",
        "last_error_at": "2026-07-22T12:55:00+01:00",
    }


def test_a_control_of_which_nothing_is_known_is_unknown_and_leaves_out_what_it_cannot_say() -> None:
    entity = published(SNAPSHOT)["binary_sensor.battery_restrict_discharge"]
    assert entity.state == "unknown"
    assert entity.attributes.keys() == {"friendly_name", "icon", "summary", "verdict", "enforced", "fail_safe"}


def test_of_several_reasons_the_kind_is_that_of_the_one_that_matters_most() -> None:
    reasons = (because(Kind.ALL_DAY_ENTRY), because(Kind.TARGET_NEEDS_ENTRY, target=90))
    snapshot = replace(SNAPSHOT, controls=(replace(REPORT, reasons=reasons),))
    entity = published(snapshot)["binary_sensor.battery_charge_from_grid"]
    assert entity.attributes["reason_kind"] == "all_day_entry"
    assert entity.attributes["reason"].endswith("; a target of 90 % needs a schedule entry and is not kept")


def test_a_reason_tells_instants_in_the_sites_own_time() -> None:
    held = because(Kind.ON_HOLD, NOON + timedelta(hours=13), control=Control.RESTRICT_DISCHARGE)
    snapshot = replace(SNAPSHOT, controls=(replace(REPORT, reasons=(held,), last_error=held),))
    said = "held back by restrict battery discharge until Thu 02:00"
    attributes = published(snapshot)["binary_sensor.battery_charge_from_grid"].attributes
    assert (attributes["reason"], attributes["last_error"]) == (said, said)
    elsewhere = published(replace(snapshot, zone=None))["binary_sensor.battery_charge_from_grid"]
    assert elsewhere.attributes["reason"] == "held back by restrict battery discharge until Thu 01:00"


def test_a_control_names_the_window_that_rules_it() -> None:
    report = replace(REPORT, source=Source.WINDOW, window="Night rate")
    entity = published(replace(SNAPSHOT, controls=(report,)))["binary_sensor.battery_charge_from_grid"]
    assert entity.attributes["window"] == "Night rate"


def test_the_end_of_a_timed_wish_is_a_timestamp_that_a_dashboard_can_look_at() -> None:
    shown = published(SNAPSHOT)
    entity = shown["sensor.battery_charge_from_grid_end"]
    assert (entity.state, entity.attributes["device_class"]) == ("2026-07-22T14:00:00+01:00", "timestamp")
    assert shown["sensor.battery_restrict_discharge_end"].state == "unknown"


def test_what_is_held_back_does_not_run_and_has_no_end() -> None:
    held_back = replace(SNAPSHOT, controls=tuple(replace(one, held_back=True) for one in SNAPSHOT.controls))
    assert published(held_back)["sensor.battery_charge_from_grid_end"].state == "unknown"


def test_the_status_says_what_runs_now() -> None:
    entity = published(SNAPSHOT)["sensor.battery_status"]
    assert entity.state.startswith("A boost charges to 90 % until 14:00.")
    assert entity.attributes["summary"] == entity.state


def test_a_status_that_is_too_long_for_a_state_is_whole_in_its_attribute() -> None:
    talkative = replace(SNAPSHOT, controls=(replace(REPORT, reasons=(some("because " * 60),)),))
    entity = published(talkative)["sensor.battery_status"]
    assert (len(entity.state), entity.state[-3:]) == (255, "...")
    assert len(entity.attributes["summary"]) > 255


def test_off_is_text_because_appdaemon_drops_what_is_falsy() -> None:
    report = replace(REPORT, shown=False, wanted=False, fail_safe=True)
    entity = published(replace(SNAPSHOT, controls=(report,)))["binary_sensor.battery_charge_from_grid"]
    assert (entity.state, entity.attributes["wanted"], entity.attributes["fail_safe"]) == ("off", "off", "yes")


def test_an_empty_battery_is_0_percent_not_unknown() -> None:
    entity = published(with_storage(Storage(soc=0.0, energy_kwh=0.0)))["sensor.battery_soc"]
    assert (entity.state, entity.attributes["energy_available_kwh"]) == ("0", "0")
    assert "capacity_kwh" not in entity.attributes


def test_the_state_of_charge_carries_what_home_assistant_needs_for_statistics() -> None:
    entity = published(SNAPSHOT)["sensor.battery_soc"]
    assert entity.state == "57.5"
    assert entity.attributes["device_class"] == "battery"
    assert entity.attributes["unit_of_measurement"] == "%"
    assert (entity.attributes["energy_available_kwh"], entity.attributes["capacity_kwh"]) == ("5.75", "10")
    assert entity.attributes["last_report"] == "2026-07-22T13:00:00+01:00"


@pytest.mark.parametrize("storage", [None, Storage()])
def test_a_state_of_charge_that_could_not_be_read_is_unknown(storage: Storage | None) -> None:
    assert published(with_storage(storage))["sensor.battery_soc"].state == "unknown"


def test_while_the_cloud_cannot_be_read_what_comes_from_it_is_unavailable_and_the_rest_is_not() -> None:
    states = {key: entity.state for key, entity in published(replace(SNAPSHOT, readable=False)).items()}
    assert states["binary_sensor.battery_charge_from_grid"] == "unavailable"
    assert states["binary_sensor.battery_restrict_discharge"] == "unavailable"
    assert states["sensor.battery_soc"] == "unavailable"
    assert states["binary_sensor.battery_problem"] == "off"
    assert states["sensor.enphase_jwt"] == "OK"


def test_the_next_window_is_a_timestamp_with_its_details() -> None:
    window = Window("Night rate", Control.CHARGE_FROM_GRID, time(2), time(5), frozenset({1}), 80)
    occurrence = Occurrence(window, NOON, NOON + timedelta(hours=3))
    entity = published(replace(SNAPSHOT, next_window=occurrence))["sensor.battery_next_window"]
    assert entity.state == "2026-07-22T13:00:00+01:00"
    assert entity.attributes["device_class"] == "timestamp"
    assert entity.attributes["summary"] == "Night rate charges to 80 % today from 13:00 until 16:00."
    assert entity.attributes["name"] == "Night rate"
    assert entity.attributes["control"] == "charge_from_grid"
    assert entity.attributes["start"] == entity.state
    assert entity.attributes["end"] == "2026-07-22T16:00:00+01:00"
    assert entity.attributes["target_soc"] == "80"
    untargeted = replace(occurrence, window=replace(window, target_soc=None))
    entity = published(replace(SNAPSHOT, next_window=untargeted))["sensor.battery_next_window"]
    assert "target_soc" not in entity.attributes


def test_without_windows_the_next_one_is_unknown() -> None:
    assert published(SNAPSHOT)["sensor.battery_next_window"].state == "unknown"


def test_several_problems_are_one_entity_since_the_first_with_every_kind_and_hint_once() -> None:
    def missing(control: Control) -> Problem:
        taken = because(Kind.HELPER_ID_TAKEN)
        reason = because(Kind.HELPER_MISSING, entity_id=f"input_boolean.{control.value}", obstacle=taken)
        return Problem(reason, NOON)

    problems = (
        Problem(because(Kind.WRONG_PASSWORD), NOON),
        replace(missing(Control.CHARGE_FROM_GRID), since=NOON - timedelta(hours=1)),
        missing(Control.DISCHARGE_TO_GRID),
        Problem(some("something else"), NOON, Control.CHARGE_FROM_GRID),
    )
    entity = problem_entity(problems, "battery", LONDON, WHEN)
    assert entity.state == "on"
    assert entity.attributes["problem"] == "; ".join(map(told, problems))
    assert entity.attributes["problem"].startswith("the cloud refused e-mail and password; the toggle input_boolean.")
    assert entity.attributes["problem"].endswith("; charge from grid: something else")
    assert entity.attributes["reason_kind"] == "wrong_password, helper_missing, refused"
    assert entity.attributes["since"] == "2026-07-22T12:00:00+01:00"
    once = (advice(problems[0].reason), advice(because(Kind.HELPER_ID_TAKEN)))
    assert all(once)
    assert entity.attributes["hint"] == "; ".join(once)
    assert entity.attributes["device_class"] == "problem"


def test_a_problem_tells_instants_in_the_sites_own_time() -> None:
    away = Problem(because(Kind.CLOUD_UNREACHABLE, since=NOON), NOON)
    entity = published(replace(SNAPSHOT, problems=(away,)))["binary_sensor.battery_problem"]
    assert entity.attributes["problem"] == "cloud unreachable since 13:00"
    assert entity.attributes["reason_kind"] == "cloud_unreachable"


def test_the_problem_sensor_tells_how_often_it_is_reported_while_the_app_is_at_work() -> None:
    assert published(SNAPSHOT)["binary_sensor.battery_problem"].attributes["poll"] == "900"
    assert "poll" not in problem_entity((), "battery", LONDON, WHEN).attributes


def test_without_a_problem_the_sensor_is_off_and_says_nothing() -> None:
    entity = problem_entity((), "battery", LONDON, WHEN)
    assert entity.state == "off"
    assert not {"problem", "reason_kind", "since", "hint"} & entity.attributes.keys()


def test_the_token_sensor_carries_ids_and_times_and_no_token() -> None:
    entity = published(SNAPSHOT)["sensor.enphase_jwt"]
    assert entity.state == "OK"
    assert entity.attributes["site_id"] == "11"
    assert entity.attributes["user_id"] == "22"
    assert entity.attributes["refreshed_at"] == "2026-07-22T13:00:00+01:00"
    assert entity.attributes["expires_at"] == "2026-07-23T13:00:00+01:00"
    assert "token" not in entity.attributes


def test_the_token_is_shown_only_where_it_was_asked_for_and_never_in_a_log() -> None:
    assert published(SNAPSHOT, publish_token=True)["sensor.enphase_jwt"].attributes["token"] == "eyJ.secret"
    assert "secret" not in repr(SNAPSHOT)
    little = replace(SNAPSHOT, condition=replace(WELL, token="eyJ.secret"), identity=None)
    entity = published(little, publish_token=True)["sensor.enphase_jwt"]
    assert entity.attributes.keys() == {"friendly_name", "icon", "summary", "token"}


def test_everything_that_is_published_is_text() -> None:
    for entity in published(SNAPSHOT).values():
        assert entity.state
        assert all(isinstance(value, str) and value for value in entity.attributes.values())
        assert {"friendly_name"} <= entity.attributes.keys()
