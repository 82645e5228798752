"""What was found of one app, as a table that may be pasted into a bug report, and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from typing import Any

import pytest
import pytz
from hypothesis import example, given
from hypothesis import strategies as st

from enphase_battery.config.configuration import parse_configuration
from enphase_battery.control.controls import Control
from enphase_battery.control.enforcement import Enforced
from enphase_battery.control.entries import EVERY_DAY, Terms
from enphase_battery.control.intent import Source
from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, Override, Reason, because
from enphase_battery.control.site_state import SiteState, Storage, Switches
from enphase_battery.control.verdict import Outcome
from enphase_battery.diagnostics.report import Findings, as_report, table
from enphase_battery.engine.snapshot import ControlReport, Snapshot
from enphase_battery.enlighten.condition import usual_shapes
from enphase_battery.enlighten.identity import Identity
from enphase_battery.enlighten.login_guard import LoginGuard
from enphase_battery.enlighten.shapes import Shape
from enphase_battery.enlighten.tokens import TokenStatus
from tests.unit.conditions import WELL
from tests.unit.said import some

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
EVENING = Terms(DISCHARGE, time(17), time(19), EVERY_DAY, "Europe/London", 20)
CONDITION = replace(WELL, refreshed_at=NOON, expires_at=NOON + timedelta(days=3))
STATE = SiteState(
    Switches({CHARGE: True, DISCHARGE: False}, charge_schedule_on=True, override=None, read_at=NOON, floor=20),
    entries=(),
    has_schedules={CHARGE: True, DISCHARGE: False},
    storage=Storage(55.0, 5.5, 10.0, NOON),
)
SNAPSHOT = Snapshot(
    taken_at=NOON,
    condition=CONDITION,
    identity=Identity("3141592", "2718281", "Casa de Ana"),
    zone=pytz.timezone("Europe/London"),
    state=STATE,
    foreign=(EVENING,),
)
FINDINGS = Findings(
    app="my_battery",
    configuration=parse_configuration({"email": "me@example.com", "password": "opensesame"}),
    snapshot=SNAPSHOT,
)
REPORT = ControlReport(
    control=CHARGE,
    shown=True,
    wanted=True,
    outcome=Outcome.PENDING,
    enforced=Enforced.UNKNOWN,
    fail_safe=True,
    source=Source.WINDOW,
    reasons=(some("waiting for the gateway of 3141592"), because(Kind.TARGET_NEEDS_ENTRY, target=80)),
    last_error=some("refused"),
)


def found(**changes: Any) -> Findings:
    """Return findings of which the snapshot says something else."""
    return replace(FINDINGS, snapshot=replace(SNAPSHOT, **changes))


def row(findings: Findings, label: str, *, with_ids: bool = True) -> str:
    """Return what stands beside a label."""
    (value,) = (
        line.removeprefix(label).strip()
        for line in table(findings, with_ids=with_ids).splitlines()
        if line.startswith(f"{label} ")
    )
    return value


def of_session(label: str, **changes: Any) -> str:
    return row(found(condition=replace(CONDITION, **changes)), label)


# -- the table --------------------------------------------------------------------------------------------------------


def test_the_owner_sees_site_and_user() -> None:
    assert row(FINDINGS, "site") == "3141592 (Casa de Ana)"
    assert row(FINDINGS, "user") == "2718281"
    assert row(found(identity=Identity("3141592", "2718281")), "site") == "3141592"


def test_a_reason_tells_on_which_day_and_by_which_clock() -> None:
    held = because(Kind.ON_HOLD, NOON, control=RESTRICT)
    shut = Problem(because(Kind.CLOUD_UNREACHABLE, since=NOON), NOON)
    findings = found(controls=(replace(REPORT, reasons=(held,)),), problems=(shut,))
    assert "held back by restrict battery discharge until 2026-11-22 12:00 GMT;" in row(findings, "charge_from_grid")
    assert row(findings, "problems") == "cloud unreachable since 2026-11-22 12:00 GMT"


def test_others_see_only_whether_they_are_known() -> None:
    text = table(FINDINGS, with_ids=False)
    assert not any(one in text for one in ("3141592", "2718281", "Casa de Ana"))
    assert row(FINDINGS, "site and user", with_ids=False) == "known"
    assert row(found(identity=None), "site and user", with_ids=False) == "not known"


def test_neither_sees_email_or_password() -> None:
    for with_ids in (True, False):
        assert not {"me@example.com", "opensesame"} & set(table(FINDINGS, with_ids=with_ids).split())
        assert "@" not in table(FINDINGS, with_ids=with_ids)


def test_a_problem_is_told_to_others_without_the_sites_that_it_names() -> None:
    sites = "3141592 (Casa de Ana), 3141593 (Office)"
    findings = found(problems=(Problem(because(Kind.SITE_AMBIGUOUS, sites=sites), NOON),))
    said, what_to_do = "the account has several sites", "set site_id to one of them"
    assert row(findings, "problems") == f"{said}: {sites}: {what_to_do}"
    assert row(findings, "problems", with_ids=False) == f"{said}: ...: {what_to_do}"


def findings_of(site_id: str, user_id: str, name: str, email: str, folder: str) -> Findings:
    """Return findings of somebody's home that names them wherever that is possible."""
    sites = f"{site_id} ({name}), 2 (Office)"
    ambiguous = because(Kind.SITE_AMBIGUOUS, sites=sites)
    file = f"{folder}/enphase_battery/my_battery.json"
    full = because(Kind.STORE_NOT_WRITTEN, file=file, error="no space left", folder=folder, disk="full")
    nested = because(Kind.NO_SIGN_IN_BEFORE, error=ambiguous, at=NOON)
    report = replace(REPORT, reasons=(nested,), last_error=ambiguous)
    return Findings(
        app="my_battery",
        configuration=parse_configuration(
            {"email": email, "password": name + email, "site_id": site_id, "user_id": user_id}
        ),
        snapshot=replace(
            SNAPSHOT,
            identity=Identity(site_id, user_id, name),
            condition=replace(CONDITION, last_error=nested),
            controls=(report,),
            problems=tuple(Problem(one, NOON) for one in (ambiguous, full, nested)),
        ),
    )


ids = st.from_regex("[1-9][0-9]{0,19}", fullmatch=True)
names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=60)


@given(ids, ids, names, st.emails(), names)
@example("4711", "815", "Smith (main) 12 Elm Street, Leeds)", "ann@example.com", "/home/ann.smith/appdaemon")
@example("1", "2", "on", "switch@example.com", "/")
def test_what_others_see_does_not_depend_on_who_it_is_about(
    site_id: str, user_id: str, name: str, email: str, folder: str
) -> None:
    theirs = as_report(findings_of(site_id, user_id, name, email, folder))
    assert theirs == as_report(findings_of("3141592", "2718281", "Casa de Ana", "ana@example.org", "/home/ana"))


def test_the_owner_is_told_which_sites_there_are() -> None:
    assert "4711 (Smith), 2 (Office)" in table(findings_of("4711", "8", "Smith", "a@b.org", "/conf"), with_ids=True)


def test_each_control_says_its_switch_and_how_it_works() -> None:
    assert row(FINDINGS, "charge_from_grid") == "switch on; works with entries"
    assert row(FINDINGS, "discharge_to_grid") == "switch off; works with its switch only"
    assert row(FINDINGS, "restrict_discharge") == "switch unknown; not known how it works"
    assert row(found(state=SiteState()), "charge_from_grid") == "switch not read; not known how it works"


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (because(Kind.LOCKED, control=DISCHARGE), "cannot be changed: discharge to grid is locked on this site"),
        (
            because(Kind.GRID_AGREEMENT),
            "cannot be switched on: the site's grid agreement does not allow it",
        ),
    ],
)
def test_a_control_that_cannot_be_changed_says_why(refusal: Reason, said: str) -> None:
    assert STATE.switches is not None
    locked = replace(STATE.switches, refusals={DISCHARGE: refusal})
    told = row(found(state=replace(STATE, switches=locked)), "discharge_to_grid")
    assert told.endswith(f"; {said}")


def test_what_overrides_the_battery_is_told() -> None:
    assert STATE.switches is not None
    stormy = replace(STATE.switches, override=Override.STORM)
    assert row(found(state=replace(STATE, switches=stormy)), "override") == "a storm alert"
    assert row(FINDINGS, "override") == "none"


def test_of_a_running_app_each_control_says_what_is_wanted_and_what_became_of_it() -> None:
    told = row(found(controls=(REPORT,)), "charge_from_grid", with_ids=False)
    assert told == (
        "switch on; works with entries; wanted on by window, pending; enforced unknown; "
        "waiting for the gateway of ...; a target of 80 % needs a schedule entry and is not kept; last error refused"
    )


def test_the_battery_is_told_as_far_as_it_was_read() -> None:
    assert row(FINDINGS, "battery") == "charge 55 % of 10 kWh, reported 2026-11-22 12:00 GMT"
    assert row(found(state=replace(STATE, storage=Storage())), "battery") == (
        "charge unknown of unknown, reported unknown"
    )
    assert row(found(state=SiteState()), "battery") == "not read"


def test_times_are_the_sites_own() -> None:
    sydney = found(zone=pytz.timezone("Australia/Sydney"))
    assert row(sydney, "settings") == "read 2026-11-22 23:00 AEDT; discharges to the grid down to 20 %"
    assert row(found(zone=None), "time zone") == "not known"
    assert row(found(zone=None), "settings").startswith("read 2026-11-22 12:00 UTC")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "agrees with the cloud's"),
        (-130, "0:02:10 ahead of the cloud's"),
        (130, "0:02:10 behind the cloud's"),
        (40_000, "11:06:40 behind the cloud's"),
    ],
)
def test_a_clock_that_differs_is_told(seconds: int, told: str) -> None:
    assert row(found(skew=timedelta(seconds=seconds)), "clock", with_ids=False) == told


def test_a_closed_login_guard_says_until_when_and_after_what() -> None:
    shut = LoginGuard().rejected(NOON, TokenStatus.LOGIN_FAILED)
    assert of_session("login guard", guard=shut) == "closed until 2026-11-22 12:05 GMT; refusals in a row: 1"
    over = LoginGuard().rejected(NOON - timedelta(hours=1), TokenStatus.LOGIN_FAILED)
    assert of_session("login guard", guard=over) == "open; refusals in a row: 1"
    assert of_session("login guard") == "open"


def test_requests_say_how_many_and_whether_the_cloud_wants_none() -> None:
    assert of_session("requests") == "14 of 120 within the last hour"
    later = NOON + timedelta(minutes=1)
    assert of_session("requests", held_until=later).endswith("; none before 2026-11-22 12:01 GMT")
    assert of_session("requests", held_until=NOON) == "14 of 120 within the last hour"


def test_the_session_says_what_a_maintainer_asks_for() -> None:
    assert of_session("second factor", second_factor=True) == "needed at the last sign-in"
    assert of_session("headers") == "reads token_and_cookies, writes cookies; token from /users/self/token"
    assert of_session("headers", mint=None).endswith("token from nowhere")
    assert of_session("refused", refused=("GET /x/*",)) == "GET /x/*"
    assert of_session("last error", last_error=some("GET /x: no answer")) == "GET /x: no answer"
    assert row(replace(FINDINGS, access="with a sign-in for this check"), "sign-in").endswith(
        "; with a sign-in for this check"
    )


def test_the_shapes_that_were_learnt_for_the_family_count_not_those_of_one_endpoint() -> None:
    learnt = (("314 GET /x/*", Shape.TOKEN), ("314 reads", Shape.COOKIES), ("314 writes", Shape.MANAGER_TOKEN))
    assert usual_shapes(learnt) == (Shape.COOKIES, Shape.MANAGER_TOKEN)
    assert usual_shapes(()) == (Shape.TOKEN_AND_COOKIES, Shape.TOKEN_AND_COOKIES)


def test_what_the_cloud_says_stays_on_its_line() -> None:
    told = of_session("last error", last_error=some("no answer\n```\nproblems             none" + "!" * 2000))
    assert told.startswith("no answer?```?problems")
    assert len(told) <= 900


def test_entries_are_listed_with_their_limits_as_far_as_there_is_room() -> None:
    assert row(FINDINGS, "other entries") == "discharge to grid 17:00-19:00 every day, limit 20 %"
    assert row(FINDINGS, "own entries") == "none"
    restrict = replace(EVENING, control=RESTRICT, limit=None)
    assert row(found(own=(restrict,)), "own entries") == "restrict battery discharge 17:00-19:00 every day"
    many = table(found(foreign=(EVENING,) * 53), with_ids=True)
    assert many.count("17:00-19:00") == 50
    assert "and 3 more" in many


def test_of_appdaemon_there_is_a_line_only_when_there_is_something_to_say() -> None:
    assert row(replace(FINDINGS, appdaemon="parses all files"), "AppDaemon", with_ids=False) == "parses all files"
    assert not any(line.startswith("AppDaemon") for line in table(FINDINGS, with_ids=True).splitlines())


# -- as JSON ----------------------------------------------------------------------------------------------------------


def test_the_report_is_json_with_what_matters_and_without_ids() -> None:
    known = Problem(because(Kind.FORBIDDEN, detail="no answer of 3141592"), NOON, RESTRICT)
    findings = found(controls=(REPORT,), readable=True, problems=(known,))
    report: Any = json.loads(json.dumps(as_report(findings)))
    assert report["controls"] == {
        "charge_from_grid": {
            "shown": True,
            "wanted": True,
            "outcome": "pending",
            "enforced": "unknown",
            "source": "window",
            "reason": "waiting for the gateway of ...; a target of 80 % needs a schedule entry and is not kept",
            "reason_kind": "refused",
        }
    }
    assert (report["readable"], report["sign_in"], report["soc"]) == (True, "OK", 55.0)
    assert report["entries"] == {"own": [], "foreign": ["discharge to grid 17:00-19:00 every day"]}
    what_to_do = "check in the Enphase app that this account may change the battery's settings"
    assert report["problems"] == [f"restrict battery discharge: no answer of ...: {what_to_do}"]
    assert not any(one in json.dumps(report) for one in ("3141592", "2718281", "Casa de Ana"))


def test_the_report_carries_the_table_fenced() -> None:
    assert as_report(FINDINGS)["text"] == f"```text\n{table(FINDINGS, with_ids=False)}\n```"


def test_before_anything_was_read_nothing_is_claimed() -> None:
    report = as_report(found(state=SiteState(), identity=None))
    assert (report["soc"], report["readable"], report["controls"]) == (None, None, {})
