"""One pass at a time: read, take the fewest steps, read back, say what became of every wish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from enphase_battery.backoff import Backoff
from enphase_battery.control.evidence import Evidence
from enphase_battery.control.intent import Intent, Source
from enphase_battery.control.ledger import Ledger
from enphase_battery.control.names import Control
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
    ) -> None:
        self.clock = Clock()
        self.cloud = FakeCloud(self.clock)
        self.wishes: dict[Control, Wanted] = {}
        self.shown: Mapping[Control, bool] = {}
        self.foreign: list[tuple[Control, bool]] = []
        self.verdicts: list[tuple[Control, Verdict]] = []
        self.saved: Mapping[Control, Evidence] = {}
        self.reconciler = Reconciler(
            self.cloud,
            self,
            controls=controls,
            evidence=evidence or {},
            ledger=Ledger(),
            save=self.save,
            clock=self.clock,
            when=lambda instant: f"{instant:%H:%M}",
            sleep=self.clock.sleep,
            backoff=Backoff(lambda: 0.0),
            hurry=lambda: None,
            settle=1.0,
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

    def seen(self, shown: Mapping[Control, bool], read_at: datetime) -> None:
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

    def save(self, evidence: Mapping[Control, Evidence], ledger: Ledger) -> None:
        self.saved = dict(evidence)


@pytest.fixture
def house() -> Household:
    return Household()


# -- one pass ---------------------------------------------------------------------------------------------------------


async def test_the_second_pass_writes_nothing(house: Household) -> None:
    house.wish(CHARGE, True)
    await house.run()
    assert house.cloud.writes() == ["write charge_from_grid on"]
    await house.run(poll=True)
    assert house.cloud.writes() == []
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_what_ends_something_is_carried_out_before_what_begins_something(house: Household) -> None:
    house.cloud.on[DISCHARGE] = True
    house.wish(CHARGE, True)
    house.wish(DISCHARGE, False)
    await house.run()
    assert house.cloud.writes() == ["write discharge_to_grid off", "write charge_from_grid on"]


async def test_everything_is_read_at_first_and_with_a_poll_and_only_the_switches_otherwise(house: Household) -> None:
    await house.run()
    await house.run()
    await house.run(poll=True)
    assert house.cloud.log == ["read all", "read", "read all"]
    assert house.shown == dict.fromkeys(Control, False)


async def test_a_poll_that_failed_is_made_up_for_by_the_next_pass(house: Household) -> None:
    await house.run()
    house.cloud.trouble["read"] = [Unreachable("down")]
    await house.run(poll=True)
    house.cloud.log.clear()
    await house.run()
    assert house.cloud.log == ["read all"]


async def test_a_control_that_may_not_be_changed_is_never_written_nor_judged() -> None:
    house = Household(controls=(CHARGE,))
    house.wish(DISCHARGE, True)
    await house.run()
    assert house.cloud.writes() == []
    assert house.verdicts == []
    assert not house.reconciler.due(NOON)


async def test_a_write_is_known_before_it_is_sent_so_that_a_crash_cannot_hide_it(house: Household) -> None:
    known_at_write = []
    house.at("write", lambda: known_at_write.append(house.saved[CHARGE].unproven))
    house.wish(CHARGE, True)
    await house.run()
    (write,) = known_at_write
    assert write is not None
    assert write.value


async def test_a_write_says_what_was_just_written_to_others_and_nothing_of_the_rest(house: Household) -> None:
    await house.run()
    house.cloud.lag = MINUTE
    house.wish(RESTRICT, True)
    await house.run()
    house.wish(CHARGE, True)
    await house.run()
    assert house.cloud.others == {RESTRICT: True}


async def test_what_was_known_before_a_restart_still_counts() -> None:
    written = Evidence(known=False).sending(True, NOON - MINUTE).answered(NOON - MINUTE)
    house = Household(evidence={CHARGE: written})
    house.wish(CHARGE, True)
    await house.run()  # the read shows the old value, and may
    assert house.cloud.writes() == []
    assert house.verdict(CHARGE).outcome is Outcome.PENDING


# -- the last wish wins -----------------------------------------------------------------------------------------------


async def test_a_wish_that_changes_before_the_write_is_not_written(house: Household) -> None:
    house.wish(CHARGE, True)
    house.at("validate", lambda: house.wish(CHARGE, False))
    await house.run()
    assert house.cloud.writes() == []
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_wish_that_changes_after_the_write_is_carried_out_in_the_same_pass(house: Household) -> None:
    house.wish(CHARGE, True)
    house.at("write", lambda: house.wish(CHARGE, False))
    await house.run()
    assert house.cloud.writes() == ["write charge_from_grid on", "write charge_from_grid off"]
    assert not house.cloud.on[CHARGE]
    # Off is shown, but may be the value from before the first write: no further write can decide that, time does.
    assert house.verdict(CHARGE).outcome is Outcome.PENDING
    await house.run(after=CONSISTENCY)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert house.cloud.writes() == []


async def test_a_wish_that_changes_during_the_read_back_ends_the_tries_to_fulfil_it(house: Household) -> None:
    house.cloud.deaf_to = set(WriteForm)
    house.wish(CHARGE, True)
    house.at("read", lambda: house.wish(CHARGE, False), time=2)
    await house.run()
    assert house.cloud.writes().count("write charge_from_grid on") == 1


async def test_a_wish_that_nobody_has_any_more_is_left_alone(house: Household) -> None:
    house.wish(CHARGE, True)
    house.at("validate", house.wishes.clear)
    await house.run()
    assert house.cloud.writes() == []
    assert house.verdicts == []


async def test_a_refusal_says_nothing_about_a_wish_for_the_opposite_that_came_meanwhile(house: Household) -> None:
    house.wish(CHARGE, True)
    house.cloud.trouble["validate"] = [Refused("no")]
    house.at("validate", lambda: house.wish(CHARGE, False))
    await house.run()
    assert house.verdict(CHARGE).wanted == house.wishes[CHARGE]
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_an_ignored_write_says_nothing_about_a_wish_for_the_opposite_that_came_after_it(house: Household) -> None:
    house.cloud.deaf_to = set(WriteForm)
    house.wish(CHARGE, True)
    await house.run()
    house.cloud.trouble["read"] = [Unreachable("down")]
    house.wish(CHARGE, False)
    await house.run(after=MINUTE)
    await house.run(after=5 * MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_boundary_that_falls_between_the_last_step_and_the_verdicts_is_carried_out_soon() -> None:
    house = Household()
    judge = house.reconciler._judge

    def over_the_boundary(control: Control) -> None:
        house.wishes = {CHARGE: Wanted(Intent(CHARGE, True, Source.WINDOW, NOON))}
        judge(control)

    house.reconciler._judge = over_the_boundary  # type: ignore[method-assign]  # nothing else comes between
    house.wish(CHARGE, False)
    await house.run()
    assert house.verdict(CHARGE).outcome is Outcome.PENDING
    assert house.reconciler.next_due() == NOON + MINUTE
    await house.run(after=MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert house.cloud.on[CHARGE]


# -- what the cloud ignores or refuses --------------------------------------------------------------------------------


async def test_a_write_that_is_not_shown_is_tried_in_the_next_form_once_a_read_counts(house: Household) -> None:
    house.cloud.deaf_to = {WriteForm.SHORT, WriteForm.NO_SOURCE}
    house.wish(RESTRICT, True)
    asked = []
    for _ in range(3):
        await house.run()
        asked.append([one for one in house.cloud.log if not one.startswith("read")])
        house.cloud.log.clear()
        house.clock.now += 2 * MINUTE
    assert asked == [
        ["validate restrict_discharge short", "write restrict_discharge on"],
        ["validate restrict_discharge no_source", "write restrict_discharge on"],
        ["validate restrict_discharge merged", "write restrict_discharge on"],
    ]
    assert house.cloud.remembered == [WriteForm.MERGED]
    assert house.verdict(RESTRICT).outcome is Outcome.CONFIRMED


async def test_a_write_that_is_shown_late_costs_no_second_write(house: Household) -> None:
    house.cloud.lag = timedelta(seconds=2.5)
    house.wish(CHARGE, True)
    await house.run()
    assert house.cloud.writes() == ["write charge_from_grid on"]
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_not_shown_is_pending_until_no_form_is_left_and_a_read_counts_and_failed_then(house: Household) -> None:
    house.cloud.deaf_to = set(WriteForm)
    house.wish(CHARGE, True)
    await house.run()
    verdict = house.verdict(CHARGE)
    assert (verdict.outcome, verdict.reason) == (Outcome.PENDING, "written; the cloud does not show it yet")
    assert verdict.retry_at == house.clock.now + MINUTE
    await house.run(after=MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.PENDING
    for _ in range(2):
        await house.run(after=2 * MINUTE)
        assert house.verdict(CHARGE).outcome is Outcome.PENDING
    house.cloud.writes()
    await house.run(after=2 * MINUTE)
    verdict = house.verdict(CHARGE)
    assert (verdict.outcome, verdict.retry_at) == (Outcome.FAILED, house.clock.now + MINUTE)
    assert verdict.reason == "the cloud answered with success and still shows the old value"
    assert house.cloud.writes() == []


async def test_a_read_that_shows_it_late_confirms_without_another_write(house: Household) -> None:
    house.cloud.lag = MINUTE
    house.wish(CHARGE, True)
    await house.run()
    house.cloud.writes()
    await house.run(after=MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert house.cloud.writes() == []


async def test_a_write_that_comes_true_after_it_was_given_up_is_confirmed_and_nobody_elses_change(
    house: Household,
) -> None:
    house.cloud.deaf_to = set(WriteForm)
    house.wish(CHARGE, True)
    for _ in range(4):
        await house.run(after=2 * MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.FAILED
    house.cloud.switch(CHARGE, True)
    await house.run(after=timedelta(seconds=30), poll=True)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert house.foreign == []


@pytest.mark.parametrize(
    "refusal", [Refused("no", hint="ask"), Forbidden("no", hint="ask"), NotAvailable("no", hint="ask")]
)
async def test_a_write_that_is_refused_in_every_form_has_failed_with_reason_and_hint(
    house: Household, refusal: EnlightenError
) -> None:
    house.cloud.trouble["write"] = [refusal] * 3
    house.wish(CHARGE, True)
    await house.run()
    verdict = house.verdict(CHARGE)
    assert (verdict.outcome, verdict.reason, verdict.hint) == (Outcome.FAILED, "no", "ask")
    assert len(house.cloud.writes()) == 3


async def test_where_reads_are_never_late_each_form_is_decided_before_the_next() -> None:
    house = Household(consistency=timedelta(0))
    house.cloud.deaf_to = {WriteForm.SHORT}
    house.wish(CHARGE, True)
    await house.run()
    assert len(house.cloud.writes()) == 2
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_failure_names_what_happened_last() -> None:
    house = Household(consistency=timedelta(0))
    house.cloud.trouble["write"] = [Forbidden("no")]
    house.cloud.deaf_to = set(WriteForm)
    house.wish(CHARGE, True)
    await house.run()
    assert house.verdict(CHARGE).reason == "the cloud answered with success and still shows the old value"


async def test_a_form_that_is_refused_gives_way_to_the_next(house: Household) -> None:
    house.cloud.trouble["write"] = [Forbidden("no")]
    house.wish(CHARGE, True)
    await house.run()
    assert house.cloud.remembered == [WriteForm.NO_SOURCE]
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_refused_last_resort_does_not_disprove_the_writes_that_were_answered_with_success(
    house: Household,
) -> None:
    house.cloud.lag = 1.5 * MINUTE
    house.cloud.trouble["write"] = [None, None, Refused("no")]
    house.wish(CHARGE, True)
    await house.run()
    assert house.verdict(CHARGE).outcome is Outcome.PENDING
    await house.run(after=2 * MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_refusal_after_a_try_that_got_no_answer_has_failed_but_is_no_foreign_change_when_it_shows(
    house: Household,
) -> None:
    house.wish(CHARGE, True)
    house.cloud.lag = 1.5 * MINUTE
    house.at("write", lambda: house.cloud.switch(CHARGE, True))  # it arrives, and its answer does not
    house.cloud.trouble["write"] = [Unreachable("no answer"), *[Refused("no")] * 3]
    await house.run()
    await house.run(after=MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.FAILED
    house.wish(CHARGE, False)
    await house.run(after=5 * MINUTE)
    assert house.foreign == []
    assert not house.cloud.on[CHARGE]


async def test_what_is_not_to_be_is_not_even_written(house: Household) -> None:
    house.cloud.trouble["validate"] = [Refused("3 entries would come alive", hint="delete them")]
    house.wish(DISCHARGE, True)
    await house.run()
    assert house.cloud.writes() == []
    verdict = house.verdict(DISCHARGE)
    assert (verdict.outcome, verdict.reason, verdict.hint) == (
        Outcome.FAILED,
        "3 entries would come alive",
        "delete them",
    )


async def test_what_failed_is_tried_again_ever_more_rarely_and_anew_after_a_success(house: Household) -> None:
    house.cloud.trouble["validate"] = [Refused("no")] * 3
    house.wish(CHARGE, True)
    waits = []
    for _ in range(3):
        await house.run()
        assert not house.reconciler.due(house.clock.now)
        retry_at = house.reconciler.next_due()
        assert retry_at is not None
        waits.append(retry_at - house.clock.now)
        house.clock.now = retry_at
        assert house.reconciler.due(house.clock.now)
    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    await house.run()
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    house.cloud.trouble["validate"] = [Refused("no")]
    house.wish(CHARGE, False)
    await house.run()
    assert house.verdict(CHARGE).retry_at == house.clock.now + MINUTE


async def test_one_control_that_is_refused_does_not_keep_another_from_being_switched(house: Household) -> None:
    house.wish(CHARGE, True)
    house.wish(RESTRICT, True)
    house.cloud.trouble["validate"] = [Refused("no")]
    await house.run()
    assert house.verdict(CHARGE).outcome is Outcome.FAILED
    assert house.verdict(RESTRICT).outcome is Outcome.CONFIRMED


async def test_a_verdict_stands_until_it_is_asked_for_again(house: Household) -> None:
    house.wish(CHARGE, True)
    await house.run()
    assert not house.reconciler.due(house.clock.now + timedelta(days=365))
    house.reconciler.reconsider(CHARGE)
    house.reconciler.reconsider(CHARGE)
    assert house.reconciler.due(house.clock.now)
    await house.run()
    assert [verdict.outcome for _, verdict in house.verdicts] == [Outcome.CONFIRMED] * 2


# -- held back, dry run -----------------------------------------------------------------------------------------------


async def test_what_is_held_back_is_switched_off_and_says_by_whom_and_until_when(house: Household) -> None:
    house.cloud.on[DISCHARGE] = True
    night = Intent(CHARGE, True, Source.WINDOW, NOON, NOON + 60 * MINUTE, label="Night rate")
    house.wish(DISCHARGE, True, held_back_by=night)
    await house.run()
    assert not house.cloud.on[DISCHARGE]
    verdict = house.verdict(DISCHARGE)
    assert (verdict.outcome, verdict.retry_at) == (Outcome.PENDING, None)
    assert verdict.reason == "held back by charge from grid (Night rate) until 13:00"


async def test_a_dry_run_only_says_what_it_would_do() -> None:
    house = Household(dry_run=True)
    house.wish(CHARGE, True)
    house.wish(RESTRICT, False)
    await house.run()
    assert house.cloud.log == ["read all"]
    assert house.verdict(CHARGE).outcome is Outcome.DRY_RUN
    assert house.verdict(CHARGE).reason == "would switch charge from grid on"
    assert house.verdict(RESTRICT).reason == "nothing to do"
    assert not house.reconciler.due(house.clock.now + MINUTE)


# -- changes in the Enphase app ---------------------------------------------------------------------------------------


async def test_a_foreign_change_is_looked_at_twice_and_then_told_and_never_written(house: Household) -> None:
    house.wish(CHARGE, False)
    await house.run()
    house.cloud.switch(CHARGE, True)
    await house.run(after=15 * MINUTE, poll=True)
    assert house.foreign == []
    assert house.reconciler.next_due() == house.clock.now + CONSISTENCY / 2
    assert not house.reconciler.due(house.clock.now)
    house.clock.now += CONSISTENCY / 2
    assert house.reconciler.due(house.clock.now)
    await house.run()
    assert house.foreign == [(CHARGE, True)]
    assert house.shown[CHARGE]
    assert house.cloud.writes() == []


async def test_a_second_look_waits_for_an_outage_to_end(house: Household) -> None:
    await house.run()
    house.cloud.switch(CHARGE, True)
    await house.run(after=15 * MINUTE, poll=True)
    house.cloud.trouble["read"] = [Unreachable("down")] * 2
    await house.run(after=2 * MINUTE)
    assert not house.reconciler.due(house.clock.now)  # although the second look is overdue
    assert house.reconciler.next_due() == house.clock.now + MINUTE
    await house.run(after=MINUTE)
    await house.run(after=2 * MINUTE)
    assert house.foreign == [(CHARGE, True)]


# -- outages ----------------------------------------------------------------------------------------------------------


async def test_without_an_answer_wishes_stay_and_say_since_when(house: Household) -> None:
    house.cloud.trouble["read"] = [Unreachable("no answer", hint="wait")] * 2
    house.wish(CHARGE, True)
    await house.run()
    await house.run(after=MINUTE)
    verdict = house.verdict(CHARGE)
    assert (verdict.outcome, verdict.reason) == (Outcome.PENDING, "cloud unreachable since 12:00")
    assert (verdict.hint, verdict.retry_at) == ("wait", NOON + 3 * MINUTE)
    assert house.reconciler.contact.error_since == NOON
    await house.run(after=2 * MINUTE)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    assert house.reconciler.contact.error is None
    assert house.reconciler.contact.error_since is None
    assert house.reconciler.contact.reason == ""


async def test_what_was_confirmed_before_an_outage_stays_confirmed(house: Household) -> None:
    house.wish(CHARGE, True)
    await house.run()
    house.cloud.trouble["read"] = [Unreachable("down")]
    await house.run(after=MINUTE, poll=True)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_write_without_an_answer_is_sent_again(house: Household) -> None:
    house.cloud.trouble["write"] = [Unreachable("no answer")]
    house.wish(CHARGE, True)
    await house.run()
    assert house.verdict(CHARGE).outcome is Outcome.PENDING
    assert house.saved[CHARGE].believed is None
    await house.run(after=MINUTE)
    assert house.cloud.writes() == ["write charge_from_grid on"] * 2
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


async def test_a_write_without_an_answer_that_arrived_is_confirmed_by_a_read_alone(house: Household) -> None:
    house.at("write", lambda: house.cloud.switch(CHARGE, True))
    house.cloud.trouble["write"] = [Unreachable("no answer")]
    house.wish(CHARGE, True)
    await house.run()
    await house.run(after=MINUTE)
    assert house.cloud.writes() == ["write charge_from_grid on"]
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED


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
    house: Household, error: EnlightenError, wait: timedelta
) -> None:
    house.cloud.trouble["read"] = [error, error]
    house.wish(CHARGE, True)
    await house.run()
    assert house.reconciler.next_due() == NOON + wait
    assert not house.reconciler.due(NOON + wait - timedelta(seconds=1))
    assert house.reconciler.due(NOON + wait)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BudgetExhausted("used up", next_at=NOON + 20 * MINUTE), "request budget, next at 12:20"),
        (RateLimited("429", retry_after=300), "the cloud asks to wait until 12:05"),
        (WrongPassword("wrong password"), "wrong password"),
    ],
    ids=["budget", "429", "password"],
)
async def test_what_is_no_outage_is_named_as_what_it_is(house: Household, error: EnlightenError, reason: str) -> None:
    house.cloud.trouble["read"] = [error, error]
    house.wish(CHARGE, True)
    await house.run()
    assert house.verdict(CHARGE).reason == reason


async def test_a_poll_without_budget_does_not_stop_a_new_wish_and_is_made_up_for(house: Household) -> None:
    house.wish(CHARGE, True)
    house.cloud.trouble["read"] = [BudgetExhausted("budget used up", next_at=NOON + 20 * MINUTE)]
    await house.run(poll=True)
    assert house.verdict(CHARGE).outcome is Outcome.CONFIRMED
    house.cloud.log.clear()
    await house.run()
    assert house.cloud.log == ["read all"]


async def test_a_poll_without_budget_waits_when_nothing_new_is_wished(house: Household) -> None:
    house.wish(CHARGE, True)
    await house.run()
    house.cloud.trouble["read"] = [BudgetExhausted("budget used up", next_at=house.clock.now + 20 * MINUTE)]
    house.cloud.log.clear()
    await house.run(poll=True)
    assert house.cloud.log == ["read"]
    assert house.reconciler.contact.reason.startswith("request budget, next at ")


async def test_after_a_success_the_next_outage_begins_with_a_short_wait(house: Household) -> None:
    house.cloud.trouble["read"] = [Unreachable("down"), Unreachable("down"), None, Unreachable("down")]
    for _ in range(4):
        await house.run(after=MINUTE)
    assert house.reconciler.next_due() == house.clock.now + MINUTE


async def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(
    house: Household, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    house.cloud.trouble["read"] = [Unreachable("no answer")] * 3
    for _ in range(5):
        await house.run(after=MINUTE)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "no answer; trying again at 12:02"),
        ("INFO", "The cloud answers again"),
    ]


async def test_a_wish_that_is_over_asks_for_no_further_pass(house: Household) -> None:
    house.cloud.trouble["validate"] = [Refused("no")]
    house.wish(CHARGE, True)
    await house.run()
    house.wishes.clear()
    assert house.reconciler.next_due() is None
