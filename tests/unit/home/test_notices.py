"""The one persistent notification: when it is made, what it says, when it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest
import pytz
from appdaemon.exceptions import DomainException

from enphase_battery.control.controls import Control
from enphase_battery.control.entries import Terms
from enphase_battery.control.problem import Problem
from enphase_battery.control.reason import Kind, Reason, because
from enphase_battery.home.assistant import Assistant
from enphase_battery.home.internals import Internals
from enphase_battery.home.notices import Concern, Notices
from enphase_battery.store.store import Store

NOON = datetime(2026, 7, 22, 12, tzinfo=timezone.utc)
LONDON = pytz.timezone("Europe/London")
AWAY = Problem(because(Kind.WRONG_PASSWORD), NOON)
MISSING = Problem(because(Kind.HELPER_MISSING, entity_id="input_boolean.enphase_charge"), NOON)
WAITS = Problem(because(Kind.CLOUD_UNREACHABLE, since=NOON), NOON)
ID = "enphase_battery_problem"


class FakeAssistant:
    """Home Assistant with its notifications, which may not answer, or not take any."""

    def __init__(self) -> None:
        self.notices: dict[str, str] = {}
        self.titles: list[str] = []
        self.deaf = self.refuses = False
        self.dismissed = 0

    async def notice(self, notice_id: str) -> bool | None:
        return None if self.deaf else notice_id in self.notices

    async def notify(self, notice_id: str, title: str, message: str) -> bool:
        if self.refuses:
            return False
        self.titles.append(title)
        self.notices[notice_id] = message
        return True

    async def dismiss(self, notice_id: str) -> bool:
        self.dismissed += 1
        self.notices.pop(notice_id, None)
        return True


class Board:
    """A notice with its clock."""

    def __init__(self, folder: Path, prefix: str = "enphase_battery") -> None:
        self.now = NOON
        self.assistant = FakeAssistant()
        self.prefix = prefix
        self.file = folder / "app.json"
        self.restart()

    def restart(self) -> None:
        store = Store(self.file, logging.getLogger("test"))
        self.notices = Notices(cast("Assistant", self.assistant), self.prefix, store, lambda: self.now)

    async def show(self, *problems: Problem, minutes: float = 5, at_once: bool = False) -> str:
        """Let a time pass, show what is wrong then, and return the message."""
        self.now += timedelta(minutes=minutes)
        await self.notices.show(Concern(problems, LONDON, at_once))
        return self.assistant.notices.get(f"{self.prefix}_problem", "")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def over(reason: Reason, of: Problem = AWAY) -> Problem:
    """Return a problem that is about something else now."""
    return replace(of, reason=reason)


async def lasting(board: Board, *problems: Problem) -> str:
    await board.show(*problems)
    return await board.show(*problems)


async def test_what_lasts_makes_one_notice_that_says_what_since_when_and_what_to_do(board: Board) -> None:
    assert await lasting(board, AWAY) == (
        "**The cloud refused e-mail and password.** Since Wednesday 22 July 2026, 13:00 BST. "
        "Correct email or password, and restart AppDaemon."
    )
    assert board.assistant.notices.keys() == {ID}
    for _ in range(100):
        await board.show(AWAY)
    assert board.assistant.titles == ["Enphase battery problem"]


async def test_what_comes_and_goes_within_minutes_makes_none(board: Board) -> None:
    for _ in range(10):
        assert await board.show(AWAY) == ""
        assert await board.show(AWAY, minutes=4.9) == ""
        assert await board.show() == ""
    assert (board.assistant.titles, board.assistant.dismissed) == ([], 0)


async def test_what_nobody_can_help_with_makes_none(board: Board) -> None:
    assert await lasting(board, WAITS) == ""
    assert "unreachable" not in await lasting(board, WAITS, AWAY)


async def test_it_is_gone_when_all_is_mended(board: Board) -> None:
    await lasting(board, AWAY)
    assert await board.show() == ""
    await board.show()
    assert board.assistant.dismissed == 1


async def test_each_problem_is_a_paragraph_and_goes_with_it(board: Board) -> None:
    assert (await lasting(board, AWAY, MISSING)).count("\n\n") == 1
    left = await board.show(MISSING)
    assert "password" not in left
    assert "toggle" in left


async def test_a_second_problem_joins_once_it_lasts_too(board: Board) -> None:
    await lasting(board, AWAY)
    assert "toggle" not in await board.show(AWAY, MISSING)
    assert "toggle" in await board.show(AWAY, MISSING)
    assert len(board.assistant.titles) == 2


async def test_one_trouble_that_goes_by_several_names_is_told_in_time_and_its_notice_is_rewritten(board: Board) -> None:
    def refused(times: int) -> Problem:
        return over(because(Kind.SIGN_IN_REFUSED, times=times))

    for times in (2, 3, 4):
        assert await board.show(refused(times), minutes=2) == ""
    assert "sign the account in 5 times" in await board.show(refused(5), minutes=2)
    assert "sign the account in 6 times" in await board.show(refused(6), minutes=2)
    assert (len(board.assistant.titles), board.assistant.dismissed) == (2, 0)


@pytest.mark.parametrize(
    "reason",
    [
        lambda at: because(Kind.SIGN_IN_REFUSED, at, times=2),
        lambda at: because(Kind.AWAITING_SILENT_GATEWAY, since=at),
        lambda at: because(Kind.CLOUD_UNREACHABLE, since=at, unsafe=True),
    ],
)
async def test_times_alone_do_not_make_it_anew_again_and_again(
    board: Board, reason: Callable[[datetime], Reason]
) -> None:
    for minute in range(10):
        at = NOON + timedelta(minutes=minute)
        await board.show(replace(AWAY, reason=reason(at), since=at))
    assert len(board.assistant.titles) == 1
    assert "13:0" in board.assistant.notices[ID]


async def test_other_entries_or_numbers_make_it_anew(board: Board) -> None:
    def overlaps(hour: int) -> Problem:
        night = Terms(Control.CHARGE_FROM_GRID, time(hour), time(5), frozenset({1}), "Europe/London")
        return over(because(Kind.OVERLAP, entries=(night,)))

    def woken(count: int) -> Problem:
        return over(because(Kind.WOULD_WAKE_ENTRIES, count=count, control=Control.CHARGE_FROM_GRID))

    assert "02:00-05:00" in await lasting(board, overlaps(2))
    assert "03:00-05:00" in await lasting(board, overlaps(3))
    assert "3 entries" in await lasting(board, woken(3))
    assert "4 entries" in await lasting(board, woken(4))


async def test_the_same_of_another_control_makes_it_anew(board: Board) -> None:
    of_charge, of_discharge = (
        Problem(because(Kind.AWAITING_GATEWAY), NOON, control)
        for control in (Control.CHARGE_FROM_GRID, Control.DISCHARGE_TO_GRID)
    )
    assert (await lasting(board, of_charge)).startswith("**Charge from grid: written and applied")
    assert (await lasting(board, of_discharge)).startswith("**Discharge to grid: written and applied")


async def test_what_a_person_dismissed_stays_away_until_something_else_is_wrong(board: Board) -> None:
    await lasting(board, AWAY)
    board.assistant.notices.clear()
    assert await lasting(board, AWAY) == ""
    assert (await lasting(board, AWAY, MISSING)).count("\n\n") == 1


async def test_what_does_not_pass_by_itself_is_told_at_once(board: Board) -> None:
    assert await board.show(AWAY, at_once=True)


# -- restarts ---------------------------------------------------------------------------------------------------------


async def test_after_a_restart_what_still_holds_is_not_made_anew_and_keeps_its_beginning(board: Board) -> None:
    before = await lasting(board, AWAY)
    board.restart()
    assert await board.show(replace(AWAY, since=board.now)) == before
    assert len(board.assistant.titles) == 1


async def test_after_a_restart_what_holds_no_more_is_dismissed(board: Board) -> None:
    await lasting(board, AWAY, MISSING)
    board.restart()
    assert "password" not in await board.show(MISSING)
    board.restart()
    assert await board.show() == ""


async def test_after_a_restart_of_home_assistant_which_keeps_none_it_is_made_again(board: Board) -> None:
    await lasting(board, AWAY)
    board.assistant.notices.clear()
    board.restart()
    assert await lasting(board, AWAY)


async def test_a_notice_of_which_nothing_is_stored_is_rewritten_or_dismissed(board: Board) -> None:
    for problems in ((AWAY,), ()):
        board.assistant.notices[ID] = "as a version wrote it that stored nothing of it"
        board.file.unlink(missing_ok=True)
        board.restart()
        message = await board.show(*problems)
        assert message.startswith("**The cloud refused" if problems else "")
        assert "as a version" not in message


async def test_without_a_store_a_notice_is_made_all_the_same(board: Board) -> None:
    for _ in range(2):
        board.notices = Notices(cast("Assistant", board.assistant), board.prefix, None, lambda: board.now)
        assert await board.show(AWAY, at_once=True)
    assert await board.show() == ""


async def test_without_a_notice_and_without_a_problem_home_assistant_is_left_alone(board: Board) -> None:
    await board.show()
    assert board.assistant.dismissed == 0


async def test_as_long_as_home_assistant_does_not_say_what_it_shows_nothing_is_touched(board: Board) -> None:
    board.assistant.deaf = True
    assert await lasting(board, AWAY) == ""
    board.assistant.deaf = False
    assert await board.show(AWAY)


async def test_what_home_assistant_did_not_take_is_tried_again(board: Board) -> None:
    board.assistant.refuses = True
    assert not await board.notices.show(Concern((AWAY,), LONDON, at_once=True))
    board.assistant.refuses = False
    assert await board.notices.show(Concern((AWAY,), LONDON, at_once=True))
    assert len(board.assistant.titles) == 1


# -- words ------------------------------------------------------------------------------------------------------------


async def test_two_apps_have_a_notice_each_that_says_whose_it_is(tmp_path: Path) -> None:
    board = Board(tmp_path, "their_battery")
    await lasting(board, AWAY)
    assert board.assistant.notices.keys() == {"their_battery_problem"}
    assert board.assistant.titles == ["Enphase battery problem (their_battery)"]


async def test_markdown_shows_every_character_as_it_is(board: Board) -> None:
    detail = "the window *Night* <b>_x_</b> [a](http://b) | {{ states('a') }} ~`\nrests"
    shown = await lasting(board, over(because(Kind.FORBIDDEN, detail=detail)))
    assert shown.startswith(
        r"**The window \*Night\* \<b\>\_x\_\</b\> \[a\](http://b) \| \{\{ states('a') \}\} \~\` rests.** "
    )


async def test_code_stays_code(board: Board) -> None:
    assert (await lasting(board, over(because(Kind.CODE_WANTED)))).endswith(
        "Run `script.enphase_battery_enter_code` with it, or fire the event `enphase_battery_command` (Developer "
        'tools, Events) with `command: otp` and `code: "123456"`; for another code with `command: otp_resend`.'
    )


# -- Home Assistant through AppDaemon ---------------------------------------------------------------------------------


class FakeApp:
    """An AppDaemon app whose Home Assistant answers as a test wants."""

    def __init__(self, *, answer: Any = None, service: Callable[..., Any] = lambda *_: None) -> None:
        self.namespace = "default"
        self.AD = self.plugins = self
        self._answer, self._service = answer, service

    def get_plugin_object(self, _namespace: str) -> FakeApp:
        return self

    async def websocket_send_json(self, **request: Any) -> Any:
        assert request == {"type": "persistent_notification/get", "silent": True}
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def call_service(self, service: str, **data: Any) -> Any:
        return self._service(service, data)


def assistant(app: FakeApp) -> Assistant:
    untyped: Any = app
    return Assistant(untyped, Internals(untyped), logging.getLogger("test"))


@pytest.mark.parametrize(
    ("answer", "stands"),
    [
        ({"success": True, "result": [{"notification_id": "other", "message": "x"}]}, False),
        ({"success": True, "result": [{"notification_id": ID, "message": "mine", "title": None}]}, True),
        ({"success": True, "result": []}, False),
        ({"success": False, "error": {"code": "unknown_command"}}, False),
        ({"success": True, "result": ["odd", None, {"notification_id": ID}]}, True),
        ({"success": True, "result": "odd"}, False),
        ({"success": False, "error": "odd"}, False),
        ({"success": False, "ad_status": "TIMEOUT"}, None),
        (None, None),
        (ConnectionResetError("closing"), None),
    ],
)
async def test_what_home_assistant_shows_is_read_from_it(answer: Any, stands: bool | None) -> None:
    assert await assistant(FakeApp(answer=answer)).notice(ID) is stands


async def test_the_services_are_those_of_home_assistant() -> None:
    called: list[Any] = []

    def take(service: str, data: dict[str, Any]) -> dict[str, Any]:
        called.append((service, data))
        return {"success": True}

    one = assistant(FakeApp(service=take))
    assert await one.notify(ID, "title", "message")
    assert await one.dismiss(ID)
    assert called == [
        ("persistent_notification/create", {"notification_id": ID, "title": "title", "message": "message"}),
        ("persistent_notification/dismiss", {"notification_id": ID}),
    ]


async def test_a_service_that_is_not_registered_yet_was_not_called() -> None:
    def too_early(_service: str, _data: object) -> None:
        raise DomainException("default", "persistent_notification")

    assert not await assistant(FakeApp(service=too_early)).notify(ID, "title", "message")
    assert not await assistant(FakeApp()).dismiss(ID)
