"""The pages of the documentation, as their tests read them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "apps" / "enphase-battery" / "enphase_battery"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def text_of(page: str) -> str:
    """Return a page of the folder `docs`."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def rows_of(page: str) -> dict[str, list[str]]:
    """Return the rows of a page's tables, by the text of the first cell, without backticks."""
    lines = [line.strip("|") for line in text_of(page).splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    return {row[0].strip("` "): row for row in rows}
