"""The page on what the app survives names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROWS = [
    line
    for line in (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| fault |")
]


def test_at_least_sixty_faults_are_listed() -> None:
    assert len(ROWS) >= 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_each_names_a_test_that_exists(row: str) -> None:
    cell = row.rstrip("| ").rpartition(" | ")[2]
    found = re.match(r"`([^`]+)` ", cell)
    assert found is not None, cell
    if found[1].endswith(".yaml"):
        documents = yaml.safe_load_all((ROOT / "tests" / "scenarios" / found[1]).read_text(encoding="utf-8"))
        existing = {document["scenario"] for document in documents}
        named = re.findall(r'"([^"]+)"', cell)
    else:
        existing = set(re.findall(r"def (test_\w+)", (ROOT / found[1]).read_text(encoding="utf-8")))
        named = re.findall(r"`(test_\w+)`", cell)
    assert named
    assert set(named) <= existing
