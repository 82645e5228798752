"""What everything costs in requests is what the tables in docs/performance.md say, to the last one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from bench.counts import MOST_A_DAY, TABLES, Cloud, Table

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
Count = Callable[[str, Cloud, Path], Awaitable[Table]]


def written(title: str) -> list[str]:
    """Return the table that the page has under a heading."""
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    assert f"### {title}" in lines, f"{PAGE.name} has no heading {title!r}"
    return list(takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: not line.startswith("|"), lines)))


@pytest.mark.parametrize(
    ("title", "count", "cloud"),
    [pytest.param(title, count, one, id=f"{title} [{one.era}]") for title, count, clouds in TABLES for one in clouds],
)
async def test_every_request_is_on_the_page(title: str, count: Count, cloud: Cloud, tmp_path: Path) -> None:
    table = await count(title, cloud, tmp_path)

    assert list(table.lines()) == written(title)
    for name, _ in table.columns:
        assert name != "a day at rest" or table.total(name) <= MOST_A_DAY
