"""One pass at a time: read, take the fewest steps, read back, say what became of every wish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from enphase_battery.control.entries import Entry
from enphase_battery.control.reason import Kind, because
from enphase_battery.reconcile.records import Records
from enphase_battery.words.reasons import sentence
from tests.unit.said import advice, said

if TYPE_CHECKING:
    from enphase_battery.reconcile.ports import Wishes
    from enphase_battery.store.store import Store

from enphase_battery.control.controls import Control
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.site_state import Habits
from enphase_battery.control.verdict import Outcome, Verdict
from enphase_battery.control.wanted import Wanted
from enphase_battery.enlighten.models import WriteForm
from enphase_battery.errors import (
    BudgetExhausted,
    EnlightenError,
    Forbidden,
    NotAvailable,
    RateLimited,
    Refused,
    SignInSuspended,
    Unreachable,
    WrongPassword,
)
from enphase_battery.reconcile.backoff import Backoff
from enphase_battery.reconcile.reconciler import Reconciler
from tests.unit.fake_cloud import NOON, Clock, FakeCloud

CHARGE, DISCHARGE, RESTRICT = Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID, Control.RESTRICT_DISCHARGE
CONSISTENCY = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)


class Household:
    """The clock, the cloud, what is wished, and the reconciler between them."""

    def __init__(
        self,
        *,
        controls: tuple[Control, ...] = tuple(Control),
        dry_run: bool = False,
        evidence: Mapping[Control, Evidence] | None = None,
        consistency: timedelta = CONSISTENCY,
        settle: float = 0.0,
    ) -> None:
        self.clock = Clock()
        self.cloud = FakeCloud(self.clock)
        self.wishes: dict[Control, Wanted] = {}
        self.shown: Mapping[Control, bool] = {}
        self.foreign: list[tuple[Control, bool]] = []
        self.verdicts: list[tuple[Control, Verdict]] = []
        self.records = Records(cast("Store", self))
        self.records.evidence |= evidence or {}
        self.reconciler = Reconciler(
            self.cloud,
            cast("Wishes", self),
            self,
            self.records,
            controls=controls,
            clock=self.clock,
            when=lambda instant: f"{instant:%H:%M}",
            sleep=self.clock.sleep,
            backoff=Backoff(lambda: 0.0),
            settle=settle,
            consistency=consistency,
            most_turns=None,
            dry_run=dry_run,
            logger=logging.getLogger("test"),
        )

    def wish(self, control: Control, on: bool, *, held_back_by: Intent | None = None) -> Wanted:
        self.wishes[control] = Wanted(Intent(control, on, Source.TOGGLE, self.clock.now), held_back_by)
        return self.wishes[control]

    def at(self, action: str, do: Callable[[], object], *, time: int = 1) -> None:
        """Let something happen while the cloud is asked for an action for the first (second, ...) time from now."""
        asked = 0

        def meanwhile(what: str) -> None:
            nonlocal asked
            asked += what == action
            if what == action and asked == time:
                do()

        self.cloud.meanwhile = meanwhile

    def verdict(self, control: Control) -> Verdict:
        return self.reconciler.verdicts[control]

    async def run(self, *, after: timedelta = timedelta(0), poll: bool = False) -> None:
        self.clock.now += after
        await self.reconciler.run(poll=poll)

    def wanted(self) -> Mapping[Control, Wanted]:
        return self.wishes

    def forgotten(self) -> tuple[Entry, ...]:
        return ()

    def seen(self, shown: Mapping[Control, bool], read_at: datetime, forgotten: Collection[Control]) -> None:
        self.shown = shown

    def flipped_in_cloud(self, control: Control, on: bool, read_at: datetime) -> None:
        self.foreign.append((control, on))
        self.wish(control, on)

    def undecided(self) -> None:
        """Nothing to do: the verdicts are read where they are."""

    def judged(self, control: Control, verdict: Verdict) -> None:
        self.verdicts.append((control, verdict))

    def unscheduled_in_cloud(self, control: Control, read_at: datetime) -> None:
        raise AssertionError("there is no schedule where switches alone rule")

    def joined_in_cloud(self, control: Control, read_at: datetime) -> None:
        raise AssertionError("nobody adds entries where switches alone rule")

    def ended_in_cloud(self, intent: Intent, read_at: datetime, *, edited: bool) -> None:
        raise AssertionError("no entry could end where switches alone rule")

    def read(self, section: str, decode: object) -> None:
        """Nothing is stored from before."""

    def write_all(self, sections: Mapping[str, Mapping[str, object]]) -> None:
        switches = sections["evidence"]
        self.saved = {Control(key): Evidence.from_json(cast("Any", one)) for key, one in switches.items()}


@pytest.fixture
def home() -> Household:
    return Household()


# -- one pass ---------------------------------------------------------------------------------------------------------


def words(verdict: Verdict) -> str:
    return "" if verdict.reason is None else sentence(verdict.reason, lambda instant: f"{instant:%H:%M}")


async def test_the_second_pass_writes_nothing(home: Household) -> None:
    home.wish(CHARGE, True)
    await home.run()
    assert home.cloud.writes() == ["write charge_from_grid on"]
    await home.run(poll=True)
    assert home.cloud.writes() == []
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_what_ends_something_is_carried_out_before_what_begins_something(home: Household) -> None:
    home.cloud.on[DISCHARGE] = True
    home.wish(CHARGE, True)
    home.wish(DISCHARGE, False)
    await home.run()
    assert home.cloud.writes() == ["write discharge_to_grid off", "write charge_from_grid on"]


async def test_everything_is_read_at_first_and_with_a_poll_and_only_the_switches_otherwise(home: Household) -> None:
    await home.run()
    await home.run()
    await home.run(poll=True)
    assert home.cloud.log == ["read all", "read", "read all"]
    assert home.shown == dict.fromkeys(Control, False)


async def test_a_poll_that_failed_is_made_up_for_by_the_next_pass(home: Household) -> None:
    await home.run()
    home.cloud.trouble["read"] = [Unreachable("down")]
    await home.run(poll=True)
    home.cloud.log.clear()
    await home.run()
    assert home.cloud.log == ["read all"]


async def test_a_control_that_may_not_be_changed_is_never_written_nor_judged() -> None:
    home = Household(controls=(CHARGE,))
    home.wish(DISCHARGE, True)
    await home.run()
    assert home.cloud.writes() == []
    assert home.verdicts == []
    assert not home.reconciler.due(NOON)


async def test_a_write_is_known_before_it_is_sent_so_that_a_crash_cannot_hide_it(home: Household) -> None:
    known_at_write = []
    home.at("write", lambda: known_at_write.append(home.saved[CHARGE].unproven))
    home.wish(CHARGE, True)
    await home.run()
    (write,) = known_at_write
    assert write is not None
    assert write.value


async def test_a_write_says_what_was_just_written_to_others_and_nothing_of_the_rest(home: Household) -> None:
    await home.run()
    home.cloud.lag = MINUTE
    home.wish(RESTRICT, True)
    await home.run()
    home.wish(CHARGE, True)
    await home.run()
    assert home.cloud.others == {RESTRICT: True}


async def test_what_was_known_before_a_restart_still_counts() -> None:
    written = Evidence(known=False).sending(True, NOON - MINUTE).answered(NOON - MINUTE)
    home = Household(evidence={CHARGE: written})
    home.wish(CHARGE, True)
    await home.run()  # the read shows the old value, and may
    assert home.cloud.writes() == []
    assert home.verdict(CHARGE).outcome is Outcome.PENDING


# -- the last wish wins -----------------------------------------------------------------------------------------------


async def test_a_wish_that_changes_before_the_write_is_not_written(home: Household) -> None:
    home.wish(CHARGE, True)
    home.at("validate", lambda: home.wish(CHARGE, False))
    await home.run()
    assert home.cloud.writes() == []
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_wish_that_changes_after_the_write_is_carried_out_in_the_same_pass(home: Household) -> None:
    home.wish(CHARGE, True)
    home.at("write", lambda: home.wish(CHARGE, False))
    await home.run()
    assert home.cloud.writes() == ["write charge_from_grid on", "write charge_from_grid off"]
    assert not home.cloud.on[CHARGE]
    # Off is shown, but may be the value from before the first write: no further write can decide that, time does.
    assert home.verdict(CHARGE).outcome is Outcome.PENDING
    await home.run(after=CONSISTENCY)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert home.cloud.writes() == []


async def test_a_wish_that_changes_during_the_read_back_ends_the_tries_to_fulfil_it(home: Household) -> None:
    home.cloud.deaf_to = set(WriteForm)
    home.wish(CHARGE, True)
    home.at("read", lambda: home.wish(CHARGE, False), time=2)
    await home.run()
    assert home.cloud.writes().count("write charge_from_grid on") == 1


async def test_a_wish_that_nobody_has_any_more_is_left_alone(home: Household) -> None:
    home.wish(CHARGE, True)
    home.at("validate", home.wishes.clear)
    await home.run()
    assert home.cloud.writes() == []
    assert home.verdicts == []


async def test_a_refusal_says_nothing_about_a_wish_for_the_opposite_that_came_meanwhile(home: Household) -> None:
    home.wish(CHARGE, True)
    home.cloud.trouble["validate"] = [Refused("no")]
    home.at("validate", lambda: home.wish(CHARGE, False))
    await home.run()
    assert home.verdict(CHARGE).wanted == home.wishes[CHARGE]
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_an_ignored_write_says_nothing_about_a_wish_for_the_opposite_that_came_after_it(home: Household) -> None:
    home.cloud.deaf_to = set(WriteForm)
    home.wish(CHARGE, True)
    await home.run()
    home.cloud.trouble["read"] = [Unreachable("down")]
    home.wish(CHARGE, False)
    await home.run(after=MINUTE)
    await home.run(after=5 * MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_boundary_that_falls_between_the_last_step_and_the_verdicts_is_carried_out_soon() -> None:
    home = Household()
    judge = home.reconciler._judge

    def over_the_boundary(control: Control) -> None:
        home.wishes = {CHARGE: Wanted(Intent(CHARGE, True, Source.WINDOW, NOON))}
        judge(control)

    home.reconciler._judge = over_the_boundary  # type: ignore[method-assign]  # nothing else comes between
    home.wish(CHARGE, False)
    await home.run()
    assert home.verdict(CHARGE).outcome is Outcome.PENDING
    assert home.reconciler.next_due() == NOON + MINUTE
    await home.run(after=MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert home.cloud.on[CHARGE]


# -- what the cloud ignores or refuses --------------------------------------------------------------------------------


async def test_a_write_that_is_not_shown_is_tried_in_the_next_form_once_a_read_counts(home: Household) -> None:
    home.cloud.deaf_to = {WriteForm.SHORT, WriteForm.NO_SOURCE}
    home.wish(RESTRICT, True)
    asked = []
    for _ in range(4):
        await home.run()
        asked.append([one for one in home.cloud.log if not one.startswith("read")])
        home.cloud.log.clear()
        home.clock.now += 2 * MINUTE
    assert asked == [
        ["validate restrict_discharge short", "write restrict_discharge on"],
        ["validate restrict_discharge short", "write restrict_discharge on"],  # with a pause
        ["validate restrict_discharge no_source", "write restrict_discharge on"],
        ["validate restrict_discharge merged", "write restrict_discharge on"],
    ]
    assert home.cloud.remembered == [WriteForm.MERGED]
    assert not home.cloud.habits.pauses
    assert home.verdict(RESTRICT).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(("settle", "pauses", "expected"), [(0, False, 0), (0, True, 1), (0.5, True, 1), (2, True, 2)])
async def test_between_validation_and_write_lies_what_is_configured_or_what_the_cloud_needs(
    settle: float, expected: float, *, pauses: bool
) -> None:
    home, asked = Household(settle=settle), dict[str, datetime]()
    home.cloud.habits = Habits(pauses=pauses)
    home.cloud.meanwhile = lambda action: asked.update({action: home.clock.now})
    home.wish(DISCHARGE, True)
    await home.run()
    assert asked["write"] - asked["validate"] == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("settle", "ignored", "writes", "learns"), [(0, 1, 2, True), (0, 2, 3, False), (1, 1, 2, False)]
)
async def test_that_a_cloud_needs_the_pause_is_learnt_where_the_same_form_works_with_it_and_nowhere_else(
    settle: float, ignored: int, writes: int, *, learns: bool
) -> None:
    home = Household(settle=settle)
    home.cloud.ignores = ignored
    home.wish(DISCHARGE, True)
    for _ in range(3):
        await home.run(after=2 * MINUTE)
    assert home.verdict(DISCHARGE).outcome is Outcome.CONFIRMED
    assert (len(home.cloud.writes()), home.cloud.habits.pauses) == (writes, learns)


async def test_a_write_that_is_shown_late_costs_no_second_write(home: Household) -> None:
    home.cloud.lag = timedelta(seconds=2.5)
    home.wish(CHARGE, True)
    await home.run()
    assert home.cloud.writes() == ["write charge_from_grid on"]
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_not_shown_is_pending_until_no_form_is_left_and_a_read_counts_and_failed_then(home: Household) -> None:
    home.cloud.deaf_to = set(WriteForm)
    home.wish(CHARGE, True)
    await home.run()
    verdict = home.verdict(CHARGE)
    assert (verdict.outcome, words(verdict)) == (Outcome.PENDING, "written; the cloud does not show it yet")
    assert verdict.retry_at == home.clock.now + MINUTE
    await home.run(after=MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.PENDING
    for _ in range(3):  # the first form once more with a pause, and two others
        await home.run(after=2 * MINUTE)
        assert home.verdict(CHARGE).outcome is Outcome.PENDING
    home.cloud.writes()
    await home.run(after=2 * MINUTE)
    verdict = home.verdict(CHARGE)
    assert (verdict.outcome, verdict.retry_at) == (Outcome.FAILED, home.clock.now + MINUTE)
    assert words(verdict) == "the cloud answered with success and still shows the old value"
    assert home.cloud.writes() == []


async def test_a_read_that_shows_it_late_confirms_without_another_write(home: Household) -> None:
    home.cloud.lag = MINUTE
    home.wish(CHARGE, True)
    await home.run()
    home.cloud.writes()
    await home.run(after=MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert home.cloud.writes() == []


async def test_a_write_that_comes_true_after_it_was_given_up_is_confirmed_and_nobody_elses_change(
    home: Household,
) -> None:
    home.cloud.deaf_to = set(WriteForm)
    home.wish(CHARGE, True)
    for _ in range(5):
        await home.run(after=2 * MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.FAILED
    home.cloud.switch(CHARGE, True)
    await home.run(after=timedelta(seconds=30), poll=True)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert home.foreign == []


@pytest.mark.parametrize("refusal", [Refused("no"), Forbidden("no"), NotAvailable("no")])
async def test_a_write_that_is_refused_in_every_form_has_failed_with_reason_and_hint(
    home: Household, refusal: EnlightenError
) -> None:
    home.cloud.trouble["write"] = [refusal] * 3
    home.wish(CHARGE, True)
    await home.run()
    verdict = home.verdict(CHARGE)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, refusal.reason)
    assert len(home.cloud.writes()) == 3


async def test_where_reads_are_never_late_each_form_is_decided_before_the_next() -> None:
    home = Household(consistency=timedelta(0))
    home.cloud.deaf_to = {WriteForm.SHORT}
    home.wish(CHARGE, True)
    await home.run()
    assert len(home.cloud.writes()) == 3
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_failure_names_what_happened_last() -> None:
    home = Household(consistency=timedelta(0))
    home.cloud.trouble["write"] = [Forbidden("no")]
    home.cloud.deaf_to = set(WriteForm)
    home.wish(CHARGE, True)
    await home.run()
    assert words(home.verdict(CHARGE)) == "the cloud answered with success and still shows the old value"


async def test_a_form_that_is_refused_gives_way_to_the_next(home: Household) -> None:
    home.cloud.trouble["write"] = [Forbidden("no")]
    home.wish(CHARGE, True)
    await home.run()
    assert home.cloud.remembered == [WriteForm.NO_SOURCE]
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_refused_last_resort_does_not_disprove_the_writes_that_were_answered_with_success(
    home: Household,
) -> None:
    home.cloud.lag = 1.5 * MINUTE
    home.cloud.trouble["write"] = [None, None, Refused("no")]
    home.wish(CHARGE, True)
    await home.run()
    assert home.verdict(CHARGE).outcome is Outcome.PENDING
    await home.run(after=2 * MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_refusal_after_a_try_that_got_no_answer_has_failed_but_is_no_foreign_change_when_it_shows(
    home: Household,
) -> None:
    home.wish(CHARGE, True)
    home.cloud.lag = 1.5 * MINUTE
    home.at("write", lambda: home.cloud.switch(CHARGE, True))  # it arrives, and its answer does not
    home.cloud.trouble["write"] = [Unreachable("no answer"), *[Refused("no")] * 3]
    await home.run()
    await home.run(after=MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.FAILED
    home.wish(CHARGE, False)
    await home.run(after=5 * MINUTE)
    assert home.foreign == []
    assert not home.cloud.on[CHARGE]


async def test_what_is_not_to_be_is_not_even_written(home: Household) -> None:
    home.cloud.trouble["validate"] = [Refused(because(Kind.SWITCH_NOT_TAKEN, family="cfg"))]
    home.wish(DISCHARGE, True)
    await home.run()
    assert home.cloud.writes() == []
    verdict = home.verdict(DISCHARGE)
    assert (verdict.outcome, words(verdict), advice(verdict.reason)) == (
        Outcome.FAILED,
        "the cloud does not let cfg be switched now",
        "look at it in the Enphase app",
    )


async def test_what_failed_is_tried_again_ever_more_rarely_and_anew_after_a_success(home: Household) -> None:
    home.cloud.trouble["validate"] = [Refused("no")] * 3
    home.wish(CHARGE, True)
    waits = []
    for _ in range(3):
        await home.run()
        assert not home.reconciler.due(home.clock.now)
        retry_at = home.reconciler.next_due()
        assert retry_at is not None
        waits.append(retry_at - home.clock.now)
        home.clock.now = retry_at
        assert home.reconciler.due(home.clock.now)
    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    await home.run()
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    home.cloud.trouble["validate"] = [Refused("no")]
    home.wish(CHARGE, False)
    await home.run()
    assert home.verdict(CHARGE).retry_at == home.clock.now + MINUTE


async def test_one_control_that_is_refused_does_not_keep_another_from_being_switched(home: Household) -> None:
    home.wish(CHARGE, True)
    home.wish(RESTRICT, True)
    home.cloud.trouble["validate"] = [Refused("no")]
    await home.run()
    assert home.verdict(CHARGE).outcome is Outcome.FAILED
    assert home.verdict(RESTRICT).outcome is Outcome.CONFIRMED


async def test_a_verdict_stands_until_it_is_asked_for_again(home: Household) -> None:
    home.wish(CHARGE, True)
    await home.run()
    assert not home.reconciler.due(home.clock.now + timedelta(days=365))
    home.reconciler.reconsider(CHARGE)
    home.reconciler.reconsider(CHARGE)
    assert home.reconciler.due(home.clock.now)
    await home.run()
    assert [verdict.outcome for _, verdict in home.verdicts] == [Outcome.CONFIRMED] * 2


# -- held back, dry run -----------------------------------------------------------------------------------------------


async def test_what_is_held_back_is_switched_off_and_says_by_whom_and_until_when(home: Household) -> None:
    home.cloud.on[DISCHARGE] = True
    night = Intent(CHARGE, True, Source.WINDOW, NOON, NOON + 60 * MINUTE, label="Night rate")
    home.wish(DISCHARGE, True, held_back_by=night)
    await home.run()
    assert not home.cloud.on[DISCHARGE]
    verdict = home.verdict(DISCHARGE)
    assert (verdict.outcome, verdict.retry_at) == (Outcome.PENDING, None)
    assert words(verdict) == "held back by charge from grid (Night rate) until 13:00"


async def test_a_dry_run_only_says_what_it_would_do() -> None:
    home = Household(dry_run=True)
    home.wish(CHARGE, True)
    home.wish(RESTRICT, False)
    await home.run()
    assert home.cloud.log == ["read all"]
    assert home.verdict(CHARGE).outcome is Outcome.DRY_RUN
    assert words(home.verdict(CHARGE)) == "would switch charge from grid on"
    assert words(home.verdict(RESTRICT)) == "nothing to do"
    assert not home.reconciler.due(home.clock.now + MINUTE)


# -- changes in the Enphase app ---------------------------------------------------------------------------------------


async def test_a_foreign_change_is_looked_at_twice_and_then_told_and_never_written(home: Household) -> None:
    home.wish(CHARGE, False)
    await home.run()
    home.cloud.switch(CHARGE, True)
    await home.run(after=15 * MINUTE, poll=True)
    assert home.foreign == []
    assert home.reconciler.next_due() == home.clock.now + CONSISTENCY / 2
    assert not home.reconciler.due(home.clock.now)
    home.clock.now += CONSISTENCY / 2
    assert home.reconciler.due(home.clock.now)
    await home.run()
    assert home.foreign == [(CHARGE, True)]
    assert home.shown[CHARGE]
    assert home.cloud.writes() == []


async def test_a_second_look_waits_for_an_outage_to_end(home: Household) -> None:
    await home.run()
    home.cloud.switch(CHARGE, True)
    await home.run(after=15 * MINUTE, poll=True)
    home.cloud.trouble["read"] = [Unreachable("down")] * 2
    await home.run(after=2 * MINUTE)
    assert not home.reconciler.due(home.clock.now)  # although the second look is overdue
    assert home.reconciler.next_due() == home.clock.now + MINUTE
    await home.run(after=MINUTE)
    await home.run(after=2 * MINUTE)
    assert home.foreign == [(CHARGE, True)]


# -- outages ----------------------------------------------------------------------------------------------------------


async def test_without_an_answer_wishes_stay_and_say_since_when(home: Household) -> None:
    home.cloud.trouble["read"] = [Unreachable(because(Kind.CONNECTION_UNSAFE, request="GET /", error="SSL"))] * 2
    home.wish(CHARGE, True)
    await home.run()
    await home.run(after=MINUTE)
    verdict = home.verdict(CHARGE)
    assert (verdict.outcome, words(verdict)) == (Outcome.PENDING, "cloud unreachable since 12:00")
    assert (advice(verdict.reason), verdict.retry_at) == ("check this machine's clock", NOON + 3 * MINUTE)
    assert home.reconciler.contact.error_since == NOON
    await home.run(after=2 * MINUTE)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert home.reconciler.contact.error is None
    assert home.reconciler.contact.error_since is None
    assert home.reconciler.contact.reason is None


async def test_what_was_confirmed_before_an_outage_stays_confirmed(home: Household) -> None:
    home.wish(CHARGE, True)
    await home.run()
    home.cloud.trouble["read"] = [Unreachable("down")]
    await home.run(after=MINUTE, poll=True)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_write_without_an_answer_is_sent_again(home: Household) -> None:
    home.cloud.trouble["write"] = [Unreachable("no answer")]
    home.wish(CHARGE, True)
    await home.run()
    assert home.verdict(CHARGE).outcome is Outcome.PENDING
    assert home.saved[CHARGE].believed is None
    await home.run(after=MINUTE)
    assert home.cloud.writes() == ["write charge_from_grid on"] * 2
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_write_without_an_answer_that_arrived_is_confirmed_by_a_read_alone(home: Household) -> None:
    home.at("write", lambda: home.cloud.switch(CHARGE, True))
    home.cloud.trouble["write"] = [Unreachable("no answer")]
    home.wish(CHARGE, True)
    await home.run()
    await home.run(after=MINUTE)
    assert home.cloud.writes() == ["write charge_from_grid on"]
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RateLimited("slow down", retry_after=600), 10 * MINUTE),
        (RateLimited("slow down", retry_after=5), MINUTE),
        (BudgetExhausted("budget used up", next_at=NOON + 20 * MINUTE), 20 * MINUTE),
        (SignInSuspended("no login now", until=NOON + 300 * MINUTE), 300 * MINUTE),
        (WrongPassword("wrong password"), MINUTE),
    ],
)
async def test_another_try_waits_as_long_as_the_error_asks_and_never_less_than_the_back_off(
    home: Household, error: EnlightenError, wait: timedelta
) -> None:
    home.cloud.trouble["read"] = [error, error]
    home.wish(CHARGE, True)
    await home.run()
    assert home.reconciler.next_due() == NOON + wait
    assert not home.reconciler.due(NOON + wait - timedelta(seconds=1))
    assert home.reconciler.due(NOON + wait)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BudgetExhausted("used up", next_at=NOON + 20 * MINUTE), "request budget, next at 12:20"),
        (RateLimited("429", retry_after=300), "the cloud asks to wait until 12:05"),
        (WrongPassword(), "the cloud refused e-mail and password"),
    ],
    ids=["budget", "429", "password"],
)
async def test_what_is_no_outage_is_named_as_what_it_is(home: Household, error: EnlightenError, reason: str) -> None:
    home.cloud.trouble["read"] = [error, error]
    home.wish(CHARGE, True)
    await home.run()
    assert words(home.verdict(CHARGE)) == reason


async def test_a_poll_without_budget_does_not_stop_a_new_wish_and_is_made_up_for(home: Household) -> None:
    home.wish(CHARGE, True)
    home.cloud.trouble["read"] = [BudgetExhausted("budget used up", next_at=NOON + 20 * MINUTE)]
    await home.run(poll=True)
    assert home.verdict(CHARGE).outcome is Outcome.CONFIRMED
    home.cloud.log.clear()
    await home.run()
    assert home.cloud.log == ["read all"]


async def test_a_poll_without_budget_waits_when_nothing_new_is_wished(home: Household) -> None:
    home.wish(CHARGE, True)
    await home.run()
    home.cloud.trouble["read"] = [BudgetExhausted("budget used up", next_at=home.clock.now + 20 * MINUTE)]
    home.cloud.log.clear()
    await home.run(poll=True)
    assert home.cloud.log == ["read"]
    assert said(home.reconciler.contact.reason).startswith("request budget, next at ")


async def test_after_a_success_the_next_outage_begins_with_a_short_wait(home: Household) -> None:
    home.cloud.trouble["read"] = [Unreachable("down"), Unreachable("down"), None, Unreachable("down")]
    for _ in range(4):
        await home.run(after=MINUTE)
    assert home.reconciler.next_due() == home.clock.now + MINUTE


async def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(
    home: Household, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    home.cloud.trouble["read"] = [Unreachable("no answer")] * 3
    for _ in range(5):
        await home.run(after=MINUTE)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "no answer; trying again at 12:02"),
        ("INFO", "The cloud answers again"),
    ]


async def test_a_wish_that_is_over_asks_for_no_further_pass(home: Household) -> None:
    home.cloud.trouble["validate"] = [Refused("no")]
    home.wish(CHARGE, True)
    await home.run()
    home.wishes.clear()
    assert home.reconciler.next_due() is None
