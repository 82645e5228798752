"""What the page says to the people at home, in whole sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest
import pytz

from enphase_battery.control.controls import Control
from enphase_battery.control.enforcement import Enforced
from enphase_battery.control.intent import Source
from enphase_battery.control.reason import Kind, Reason, because
from enphase_battery.control.verdict import Outcome
from enphase_battery.control.windows.window import Occurrence, Window
from enphase_battery.engine.snapshot import ControlReport, Snapshot
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.home.words import control_words, sign_in_words, status_words, verdict_words, window_words
from enphase_battery.words.reasons import local
from tests.unit.conditions import WELL
from tests.unit.said import some

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
LONDON = pytz.timezone("Europe/London")
NOON = datetime(2026, 7, 22, 12, tzinfo=timezone.utc)  # a Wednesday; 13:00 in London
AT_FIVE = NOON + timedelta(hours=4)
WHEN = local(LONDON, NOON)
TO_GO_ON = some("waiting for the gateway")

OFF = ControlReport(
    control=CHARGE,
    shown=False,
    wanted=False,
    outcome=Outcome.CONFIRMED,
    enforced=Enforced.NO,
    fail_safe=True,
    source=Source.TOGGLE,
    confirmed_at=NOON,
)
ON = replace(OFF, shown=True, wanted=True, enforced=Enforced.YES)
BOOST = replace(ON, source=Source.COMMAND, until=AT_FIVE)
NIGHT_RATE = replace(ON, source=Source.WINDOW, window="Night rate", until=AT_FIVE, target_soc=90)


def on_its_way(report: ControlReport, reason: Reason = TO_GO_ON) -> ControlReport:
    return replace(report, outcome=Outcome.PENDING, enforced=Enforced.NO, reasons=(reason,))


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (NIGHT_RATE, "Night rate charges to 90 % until 17:00."),
        (replace(NIGHT_RATE, target_soc=None), "Night rate charges from the grid until 17:00."),
        (BOOST, "A boost charges from the grid until 17:00."),
        (replace(BOOST, control=RESTRICT), "A boost holds the charge until 17:00."),
        (
            replace(BOOST, control=DISCHARGE, target_soc=30),
            "A boost discharges to the grid down to 30 % until 17:00.",
        ),
        (ON, "Charges from the grid until you switch it off."),
        (replace(ON, source=Source.CLOUD), "Charges from the grid, switched on in the Enphase app."),
        (
            replace(BOOST, target_soc=80, reasons=(because(Kind.TARGET_NEEDS_ENTRY, target=80),)),
            "A boost charges to 80 % until 17:00. Note: a target of 80 % needs a schedule entry and is not kept.",
        ),
        (
            on_its_way(NIGHT_RATE),
            "Night rate: charging to 90 % until 17:00 is not confirmed yet: waiting for the gateway.",
        ),
        (on_its_way(ON), "Charging from the grid is not confirmed yet: waiting for the gateway."),
        (replace(ON, outcome=None, enforced=Enforced.NO), "Charging from the grid is not confirmed yet."),
        (
            replace(ON, outcome=Outcome.FAILED, reasons=(some("refused"),)),
            "Charging from the grid did not work: refused.",
        ),
        (replace(ON, outcome=Outcome.DRY_RUN), "Charging from the grid is only a dry run."),
        (replace(ON, wanted=False, shown=True, outcome=Outcome.DRY_RUN), "Switching off is only a dry run."),
        (
            replace(ON, wanted=False, shown=False, outcome=Outcome.DRY_RUN, reasons=(because(Kind.NOTHING_TO_DO),)),
            "Off: nothing to do.",
        ),
        (
            replace(BOOST, enforced=Enforced.NO, reasons=(some("storm"),)),
            "A boost: charging from the grid until 17:00 is switched on, but the battery does not act on it: storm.",
        ),
        (
            replace(ON, enforced=Enforced.UNKNOWN),
            "Charging from the grid is switched on, but nobody knows whether the battery acts on it.",
        ),
        (
            replace(on_its_way(ON, because(Kind.ON_HOLD, control=RESTRICT)), held_back=True),
            "Charging from the grid waits: held back by restrict battery discharge.",
        ),
        (
            replace(on_its_way(ON, because(Kind.ON_HOLD, AT_FIVE, control=RESTRICT)), held_back=True),
            "Charging from the grid waits: held back by restrict battery discharge until 17:00.",
        ),
        (
            replace(BOOST, reasons=(because(Kind.ALL_DAY_ENTRY), because(Kind.TARGET_NEEDS_ENTRY, target=80))),
            (
                "A boost charges from the grid until 17:00. Note: its entry holds the whole day, so the Enphase app "
                "takes no other schedule meanwhile; a target of 80 % needs a schedule entry and is not kept."
            ),
        ),
        (OFF, "Off."),
        (replace(OFF, reasons=(because(Kind.REPLACED, control=DISCHARGE),)), "Off: replaced by discharge to grid."),
        (replace(OFF, until=AT_FIVE), "Kept off until 17:00."),
        (on_its_way(OFF), "Switching off is not confirmed yet: waiting for the gateway."),
        (replace(OFF, wanted=None), "Not known yet."),
    ],
)
def test_a_control_is_told_in_a_sentence(report: ControlReport, said: str) -> None:
    assert control_words(report, True, LONDON, WHEN) == said


def test_before_the_first_read_nothing_is_told_of_a_control() -> None:
    assert control_words(ON, None, LONDON, WHEN) == "Not known yet."


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (OFF, "Enphase cannot be asked now."),
        (NIGHT_RATE, "Enphase cannot be asked now. Wished: Night rate: charging to 90 % until 17:00."),
    ],
)
def test_of_a_cloud_that_cannot_be_read_nothing_is_claimed_but_what_is_wished(report: ControlReport, said: str) -> None:
    assert control_words(report, False, LONDON, WHEN) == said


@pytest.mark.parametrize(
    ("report", "readable", "said"),
    [
        (ON, True, "On, confirmed"),
        (OFF, True, "Off, confirmed"),
        (on_its_way(ON), True, "On, unconfirmed"),
        (replace(ON, shown=False, outcome=None), True, "Off, unconfirmed"),
        (replace(ON, shown=False, outcome=Outcome.PENDING, held_back=True), True, "Off, waiting"),
        (replace(ON, enforced=Enforced.NO), True, "On, but idle"),
        (replace(ON, shown=False, outcome=Outcome.FAILED), True, "Off, failed"),
        (replace(ON, shown=False, outcome=Outcome.DRY_RUN), True, "Off, dry run"),
        (replace(ON, shown=None), True, "Not known yet"),
        (ON, False, "Cannot be asked"),
    ],
)
def test_what_the_cloud_holds_is_told_in_a_few_words(report: ControlReport, readable: bool, said: str) -> None:
    assert verdict_words(report, readable) == said


def site(*reports: ControlReport, readable: bool | None = True) -> Snapshot:
    return Snapshot(taken_at=NOON, condition=WELL, controls=reports, readable=readable)


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (site(OFF, replace(OFF, wanted=None)), "Nothing is forced: the battery follows its own profile."),
        (site(replace(OFF, reasons=(some("replaced by it"),)), NIGHT_RATE), "Night rate charges to 90 % until 17:00."),
        (
            site(BOOST, on_its_way(replace(OFF, control=RESTRICT))),
            "A boost charges from the grid until 17:00. Switching off is not confirmed yet: waiting for the gateway.",
        ),
        (site(replace(OFF, until=AT_FIVE)), "Kept off until 17:00."),
        (site(ON, readable=None), "Enphase has not been asked yet."),
        (site(OFF, readable=False), "Enphase cannot be asked now."),
        (
            site(NIGHT_RATE, replace(ON, control=RESTRICT), readable=False),
            "Enphase cannot be asked now. Wished: Night rate: charging to 90 % until 17:00; holding the charge.",
        ),
    ],
)
def test_the_status_tells_what_is_not_at_rest(snapshot: Snapshot, said: str) -> None:
    assert status_words(snapshot, LONDON, WHEN) == said


@pytest.mark.parametrize(
    ("days", "when"),
    [(0, "today"), (1, "tomorrow"), (2, "on Friday"), (6, "on Tuesday"), (7, "on 29 July"), (14, "on 5 August")],
)
def test_the_next_window_is_told_with_its_day(days: int, when: str) -> None:
    window = Window("Evening peak", DISCHARGE, time(17), time(19), frozenset({1}), 30)
    start = AT_FIVE + timedelta(days=days)
    said = window_words(Occurrence(window, start, start + timedelta(hours=2)), LONDON, NOON)
    assert said == f"Evening peak discharges to the grid down to 30 % {when} from 17:00 until 19:00."


def test_what_is_tomorrow_is_decided_by_the_clock_at_the_wall() -> None:
    window = Window("Night rate", CHARGE, time(0, 30), time(5), frozenset({1}), None)
    start = datetime(2026, 7, 22, 23, 30, tzinfo=timezone.utc)  # 00:30 on the 23rd in London
    said = window_words(Occurrence(window, start, start + timedelta(hours=4)), LONDON, NOON)
    assert said == "Night rate charges from the grid tomorrow from 00:30 until 04:30."


@pytest.mark.parametrize("status", TokenStatus)
def test_every_state_of_the_sign_in_has_a_sentence(status: TokenStatus) -> None:
    assert sign_in_words(status).endswith(".")
