"""The pure rules: guard, budget, gate, record, addresses."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enphase_battery.enlighten.address import masked, told
from enphase_battery.enlighten.budget import Budget
from enphase_battery.enlighten.cookies import Cookie
from enphase_battery.enlighten.login_guard import LoginGuard
from enphase_battery.enlighten.record import SessionRecord, fingerprint
from enphase_battery.enlighten.second_factor import Challenge
from enphase_battery.enlighten.shapes import Shape
from enphase_battery.enlighten.shared_lock import SharedLock
from enphase_battery.enlighten.tokens import Token, TokenStatus
from enphase_battery.errors import BudgetExhausted, RateLimited
from tests.unit.enlighten.stand_in import NOW, turns

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# --- guard


def test_a_clean_slate_allows_a_login() -> None:
    assert LoginGuard().closed_until(NOW) is None


def test_a_refused_login_closes_for_300_seconds() -> None:
    state = LoginGuard().rejected(NOW, TokenStatus.LOGIN_FAILED)
    assert state.closed_until(NOW + timedelta(seconds=299)) == NOW + timedelta(seconds=300)
    assert state.closed_until(NOW + timedelta(seconds=300)) is None


def test_every_refusal_from_the_third_on_closes_for_a_day() -> None:
    state = LoginGuard()
    for hours, pause in enumerate(
        (timedelta(seconds=300), timedelta(seconds=300), timedelta(days=1), timedelta(days=1))
    ):
        now = NOW + hours * HOUR
        state = state.rejected(now, TokenStatus.LOGIN_FAILED)
        assert state.closed_until(now) == now + pause


def test_a_block_written_under_a_wrong_clock_does_not_count() -> None:
    state = LoginGuard().rejected(NOW, TokenStatus.BLOCKED, suspend=True)
    assert state.closed_until(NOW + HOUR) == NOW + timedelta(days=1)
    assert state.closed_until(NOW - timedelta(days=365)) is None


def test_a_block_is_never_longer_than_it_is_though_the_clock_is_set_back() -> None:
    state = LoginGuard().tried(NOW, by_code=False)
    a_little = NOW - timedelta(minutes=50)
    assert state.closed_until(a_little) == NOW + timedelta(seconds=300), "a clock that is put right by a little"
    assert state.closed_until(NOW - timedelta(hours=3)) is None


def test_a_session_that_was_replaced_late_ends_the_count_of_short_ones() -> None:
    state = LoginGuard().signed_in(NOW, most=3).signed_in(NOW + 15 * MINUTE, most=3)
    assert state.begun == 2
    assert state.signed_in(NOW + 35 * MINUTE, most=3).begun == 1
    waiting = state.signed_in(NOW + 30 * MINUTE, most=3)
    assert waiting.closed_until(NOW + 31 * MINUTE) == NOW + 90 * MINUTE
    assert waiting.closed_until(NOW + 35 * MINUTE, by_hand=True) is None
    assert waiting.signed_in(NOW + 90 * MINUTE, most=3).closed_until(NOW + 90 * MINUTE) == NOW + 150 * MINUTE
    assert waiting.lives(NOW + 49 * MINUTE) == waiting
    assert waiting.lives(NOW + 50 * MINUTE) == LoginGuard()


def test_a_session_that_lasts_lifts_no_block_of_another_kind() -> None:
    state = LoginGuard().signed_in(NOW, most=3).rejected(NOW + MINUTE, TokenStatus.LOGIN_FAILED)
    assert state.lives(NOW + HOUR).blocked_until == state.blocked_until
    assert state.lives(NOW + HOUR).begun == 0


def test_a_person_may_try_within_a_suspension_once_an_hour_but_not_at_once() -> None:
    state, now = LoginGuard(), NOW
    for _ in range(3):
        now += HOUR
        state = state.rejected(now, TokenStatus.LOGIN_FAILED)
        assert state.closed_until(now, by_hand=True) == now + timedelta(seconds=300)
    assert state.closed_until(now + timedelta(seconds=300), by_hand=True) is None
    assert state.closed_until(now + timedelta(seconds=300)) == now + timedelta(days=1)
    now += timedelta(seconds=300)
    for _ in range(3):
        state = state.rejected(now, TokenStatus.LOGIN_FAILED)
        assert state.closed_until(now, by_hand=True) == now + HOUR
        now += HOUR
        assert state.closed_until(now, by_hand=True) is None


@pytest.mark.parametrize("before", [0, 1, 5])
def test_a_person_too_waits_a_day_when_there_are_too_many_sessions(before: int) -> None:
    state = LoginGuard(rejections=before).rejected(NOW, TokenStatus.BLOCKED, suspend=True)
    assert state.closed_until(NOW, by_hand=True) == state.closed_until(NOW) == NOW + timedelta(days=1)


def test_a_block_of_an_older_version_holds_for_a_person_too() -> None:
    state = LoginGuard(3, NOW, NOW + timedelta(days=1), TokenStatus.LOGIN_FAILED)
    assert state.closed_until(NOW, by_hand=True) == NOW + timedelta(days=1)


# --- budget


def test_the_hour_slides() -> None:
    budget = Budget(3)
    for minute in range(3):
        budget.spend(NOW + minute * MINUTE, wish=True)
    with pytest.raises(BudgetExhausted) as caught:
        budget.spend(NOW + 59 * MINUTE, wish=True)
    assert caught.value.next_at == NOW + HOUR
    with pytest.raises(BudgetExhausted) as caught:
        budget.spend(NOW + 59 * MINUTE, wish=False)
    assert caught.value.next_at == NOW + HOUR + MINUTE
    budget.spend(NOW + HOUR, wish=True)


def test_requests_counted_under_a_wrong_clock_are_forgotten() -> None:
    budget = Budget(1)
    budget.spend(NOW + timedelta(days=365), wish=True)
    budget.spend(NOW, wish=True)


def test_a_hold_is_at_most_an_hour() -> None:
    budget = Budget(9)
    budget.hold(NOW, 86_400)
    with pytest.raises(RateLimited) as caught:
        budget.spend(NOW, wish=True)
    assert caught.value.retry_after == 3600
    budget.spend(NOW + HOUR, wish=True)


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    budget = Budget(9)
    budget.hold(NOW, 600)
    budget.hold(NOW, 5)
    assert budget.held_until == NOW + timedelta(seconds=600)


def test_an_earlier_session_is_gone_on_from() -> None:
    budget = Budget(3)
    year = timedelta(days=365)
    budget.resume((NOW + year, NOW, NOW - MINUTE, NOW - HOUR, NOW - year), None)
    budget.spend(NOW, wish=True)
    with pytest.raises(BudgetExhausted) as caught:
        budget.spend(NOW, wish=True)
    assert caught.value.next_at == NOW - MINUTE + HOUR
    assert budget.sent == (NOW - MINUTE, NOW, NOW)


@pytest.mark.parametrize(("until", "held"), [(NOW + MINUTE, True), (NOW, False), (NOW + HOUR + MINUTE, False)])
def test_a_pause_of_an_earlier_session_holds_unless_it_is_over_or_of_a_wrong_clock(until: datetime, held: bool) -> None:
    budget = Budget(3)
    budget.resume((), until)
    if held:
        with pytest.raises(RateLimited):
            budget.spend(NOW, wish=True)
    else:
        budget.spend(NOW, wish=True)


def test_a_budget_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Budget(0)


@given(per_hour=st.integers(1, 30), steps=st.lists(st.tuples(st.integers(0, 1200), st.booleans()), max_size=60))
def test_no_hour_holds_more_than_the_budget(per_hour: int, steps: list[tuple[int, bool]]) -> None:
    budget, now, sent = Budget(per_hour), NOW, []
    for seconds, wish in steps:
        now += timedelta(seconds=seconds)
        with contextlib.suppress(BudgetExhausted):
            budget.spend(now, wish=wish)
            sent.append(now)
        assert len([each for each in sent if each > now - HOUR]) <= per_hour


@given(per_hour=st.integers(1, 9), minutes=st.lists(st.integers(0, 20), min_size=9, max_size=60), wish=st.booleans())
def test_the_budget_names_the_first_instant_that_is_allowed_again(
    per_hour: int, minutes: list[int], wish: bool
) -> None:
    budget, now = Budget(per_hour), NOW
    for step in minutes:
        now += step * MINUTE
        try:
            budget.spend(now, wish=wish)
        except BudgetExhausted as error:
            with pytest.raises(BudgetExhausted):
                budget.spend(error.next_at - timedelta(seconds=1), wish=wish)
            budget.spend(now := error.next_at, wish=wish)


# --- gate


async def test_readers_share_and_a_writer_is_alone() -> None:
    gate, log = SharedLock(), list[str]()
    leave = {name: asyncio.Event() for name in "abc"}

    async def reader(name: str) -> None:
        async with gate.shared():
            log.append(f"{name} in")
            await leave[name].wait()
            log.append(f"{name} out")

    async def writer(name: str) -> None:
        async with gate.alone():
            log.append(f"{name} in")
            await asyncio.sleep(0)
            log.append(f"{name} out")

    tasks = [asyncio.create_task(each) for each in (reader("a"), reader("b"))]
    await turns()
    tasks += [asyncio.create_task(each) for each in (writer("W"), reader("c"), writer("V"))]
    await turns()
    leave["a"].set()
    await turns()
    assert log == ["a in", "b in", "a out"]
    leave["c"].set()
    leave["b"].set()
    await asyncio.gather(*tasks)
    assert log[3:6] == ["b out", "W in", "W out"]
    assert log.index("V out") == log.index("V in") + 1
    assert log.index("c out") > log.index("W out")


async def test_a_writer_that_gives_up_opens_the_gate() -> None:
    gate, go = SharedLock(), asyncio.Event()

    async def reader() -> None:
        async with gate.shared():
            await go.wait()

    async def writer() -> None:
        async with gate.alone():
            pytest.fail("there was a reader inside")

    first, waiting = asyncio.create_task(reader()), asyncio.create_task(writer())
    await asyncio.sleep(0)
    late = asyncio.create_task(reader())
    await asyncio.sleep(0)
    waiting.cancel()
    go.set()
    await asyncio.gather(first, late)


# --- record


RECORD = SessionRecord(
    salt="grain",
    account=fingerprint("grain", "https://host", "a@b"),
    credentials="hash",
    cookies=(
        Cookie("n", '"v"', domain="host", host_only=True, secure=True),
        Cookie("m", "w", domain="host", host_only=False, path="/x", expires_at=NOW),
    ),
    token=Token("hush", expires_at=NOW, user_id="42"),
    refreshed_at=NOW,
    xsrf="hush",
    guard=LoginGuard(2, NOW, NOW + HOUR, TokenStatus.MFA_REQUIRED, NOW + MINUTE, NOW, 1, 3, NOW - MINUTE, 2, NOW),
    site_id="314",
    refused=(("GET /x", NOW),),
    logins_for=(("GET /y", NOW),),
    shapes=(("314 reads", Shape.COOKIES),),
    challenge=Challenge(
        (Cookie("nonce", "hush", domain="host", host_only=True),), began_at=NOW, sent_at=NOW + MINUTE, codes=3
    ),
    second_factor=True,
    mint="/app-api/jwt_token.json",
    sent=(NOW, NOW + timedelta(milliseconds=125)),
    held_until=NOW + MINUTE,
)


def test_a_record_comes_back_as_it_was() -> None:
    assert SessionRecord.from_json(RECORD.to_json()) == RECORD
    empty = SessionRecord(salt="s", account="a")
    assert SessionRecord.from_json(empty.to_json()) == empty


def test_a_record_of_an_older_version_costs_no_login() -> None:
    document: Any = RECORD.to_json()
    for member in ("shapes", "challenge", "second_factor", "mint", "sent", "held_until", "logins_for"):
        del document[member]
    for member in ("by_hand_from", "since", "unanswered", "begun", "begun_at", "asked", "asked_at"):
        del document["guard"][member]
    document["guard"]["cause"] = "LOGIN_FAILED"
    read = SessionRecord.from_json(document)
    assert (read.cookies, read.token, read.xsrf, read.refused) == (
        RECORD.cookies,
        RECORD.token,
        RECORD.xsrf,
        RECORD.refused,
    )
    assert (read.shapes, read.challenge, read.second_factor, read.sent) == ((), None, False, ())
    assert read.guard == LoginGuard(2, NOW, NOW + HOUR, TokenStatus.LOGIN_FAILED)


def test_a_record_shows_no_secret() -> None:
    shown = repr(RECORD)
    for secret in ("hush", '"v"', "hash", "grain", "314", "42"):
        assert secret not in shown


def test_a_record_knows_its_account_without_naming_it() -> None:
    assert RECORD.belongs_to("https://host", "a@b")
    assert not RECORD.belongs_to("https://host", "c@d")
    assert not RECORD.belongs_to("https://other", "a@b")
    assert "a@b" not in str(RECORD.to_json())


def damaged(path: str, value: object) -> Mapping[str, object]:
    document: Any = RECORD.to_json()
    *holders, last = path.split(".")
    inner = document
    for holder in holders:
        inner = inner[int(holder) if holder.isdigit() else holder]
    inner[last] = value
    return dict(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cookies", {}),
        ("cookies.0.name", 1),
        ("cookies.1.expires_at", "yesterday"),
        ("cookies.1.expires_at", "2026-09-01T12:00:00"),
        ("token", "x"),
        ("token.expires_at", None),
        ("guard", []),
        ("guard.rejections", "many"),
        ("guard.cause", "SAD"),
        ("refused", {"GET /x": 5}),
        ("refreshed_at", 1780000000),
        ("cookies.0.value", "a\r\nX: y"),
        ("cookies.0.name", "a\nb"),
        ("shapes", {"314 reads": "round"}),
        ("shapes", []),
        ("challenge", "x"),
        ("challenge.cookies", None),
        ("challenge.began_at", None),
        ("mint", 5),
        ("sent", {}),
        ("held_until", 5),
        ("guard.by_hand_from", "soon"),
        ("guard.begun", None),
        ("guard.unanswered", "few"),
        ("logins_for", {"GET /y": "soon"}),
    ],
)
def test_a_damaged_member_of_a_record_only_loses_itself(path: str, value: object) -> None:
    read = SessionRecord.from_json(damaged(path, value))

    name = path.partition(".")[0]
    assert {one.name for one in fields(read) if getattr(read, one.name) != getattr(RECORD, one.name)} == {name}
    assert json.dumps(SessionRecord.from_json(read.to_json()).to_json()) == json.dumps(read.to_json())


@pytest.mark.parametrize(("path", "value"), [("version", 2), ("salt", None), ("account", 5)])
def test_a_record_of_nobody_knows_whom_is_not_usable(path: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError), match=r".") as caught:
        SessionRecord.from_json(damaged(path, value))
    assert "hush" not in str(caught.value)


def test_an_empty_record_is_not_usable() -> None:
    with pytest.raises(ValueError, match="another version"):
        SessionRecord.from_json({})
    with pytest.raises(KeyError):
        SessionRecord.from_json({"version": 1})


# --- addresses


SECRETS = (
    *("login;jsessionid=SeCrEt0123", "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.SeCrEt", "SeCrEt", "12", "4711", "deadbeef"),
    *("Mum's house", "ann@example.com", "%2e%2e", "sn-122333444555", "login.json;x", "Login"),
)


@given(st.lists(st.sampled_from(SECRETS) | st.text(min_size=1), min_size=1, max_size=20))
@example(["service", "SeCrEt", "login"])
def test_of_a_path_that_may_lead_anywhere_only_known_words_are_told(segments: list[str]) -> None:
    words = told("/" + "/".join(segments)).split("/")
    assert len(words) <= 12
    assert all(word in (one, "*") for word, one in zip(words, ["", *"/".join(segments).split("/")], strict=False))
    assert not {"SeCrEt", *SECRETS} & set(words)


def test_ids_are_masked() -> None:
    assert masked("/pv/settings/314/battery_status.json") == "/pv/settings/*/battery_status.json"
    schedule = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    assert masked(f"/sites/314/schedules/{schedule}/delete") == "/sites/*/schedules/*/delete"
    assert masked("/api/v1/batterySettings/314") == "/api/v1/batterySettings/*"
