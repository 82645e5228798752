"""What comes and goes is told once, until it was quiet for a while."""

from __future__ import annotations

import pytest

from enphase_battery.reconcile.complaints import Complaints
from tests.unit.fake_cloud import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def complaints(clock: Clock) -> Complaints:
    return Complaints(clock)


def test_a_trouble_that_lasts_is_told_once_and_its_end_once(complaints: Complaints) -> None:
    assert [complaints.is_news("no answer") for _ in range(3)] == [True, False, False]
    assert [complaints.is_mended() for _ in range(2)] == [True, False]


async def test_a_trouble_that_fails_seldom_but_always_is_told_once(complaints: Complaints, clock: Clock) -> None:
    assert complaints.is_news("no answer")
    for _ in range(100):
        await clock.sleep(6 * 3600)
        assert not complaints.is_news("no answer")


def test_another_trouble_is_news_and_the_first_one_then_is_not(complaints: Complaints) -> None:
    assert [complaints.is_news(one) for one in ("no answer", "refused", "no answer")] == [True, True, False]


async def test_what_comes_and_goes_is_told_with_its_first_end_and_then_not_for_as_long_as_it_goes_on(
    complaints: Complaints, clock: Clock
) -> None:
    assert (complaints.is_news("no answer"), complaints.is_mended()) == (True, True)
    for _ in range(100):
        await clock.sleep(14 * 60)
        assert (complaints.is_news("no answer"), complaints.is_mended()) == (False, False)


async def test_after_a_quarter_of_an_hour_of_calm_it_is_news_again(complaints: Complaints, clock: Clock) -> None:
    complaints.is_news("no answer")
    complaints.is_mended()
    await clock.sleep(15 * 60)
    assert (complaints.is_news("no answer"), complaints.is_mended()) == (True, True)


async def test_a_clock_that_is_set_back_hides_nothing(complaints: Complaints, clock: Clock) -> None:
    complaints.is_news("no answer")
    complaints.is_mended()
    await clock.sleep(-3600)
    assert complaints.is_news("no answer")
