"""What sets one control or family apart stands in its row, and no other module of the app keeps a table of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "apps" / "enphase-battery" / "enphase_battery"
TREES = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
MAPPING = "site/mapping.py"
TABLES = {"Control": "control/controls.py", "Family": "enlighten/families.py"}

ON_ITS_OWN = {
    "Control": {("site/cloud_site.py", "RESTRICT_DISCHARGE")},  # S4: only restrict off needs another form first
    "Family": {("enlighten/models.py", "CFG")},  # its control object mirrors the second flag
}
"""Quirks that nothing else can share; all else is to be asked of the row."""


def named(tree: ast.AST, enum: str) -> Iterator[str]:
    """Yield the members of an enumeration that are named in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == enum:
            yield node.attr


def keyed(tree: ast.AST, enum: str) -> Iterator[int]:
    """Yield the lines of dictionaries and of cases of `match` that tell the members apart one by one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and any(key is not None and any(named(key, enum)) for key in node.keys):
            yield node.lineno
        if isinstance(node, ast.match_case) and any(named(node.pattern, enum)):
            yield node.pattern.lineno


@pytest.mark.parametrize("enum", TABLES)
def test_only_the_table_and_the_mapping_between_the_two_are_keyed_by_members(enum: str) -> None:
    found = {module for module, tree in TREES.items() if any(keyed(tree, enum))}
    assert found <= {TABLES[enum], MAPPING}
    assert TABLES[enum] in found


@pytest.mark.parametrize("enum", TABLES)
def test_elsewhere_members_are_named_for_quirks_of_their_own_only(enum: str) -> None:
    members = {
        (module, member)
        for module, tree in TREES.items()
        if module not in {TABLES[enum], MAPPING}
        for member in named(tree, enum)
        if member.isupper()
    }
    assert members == ON_ITS_OWN[enum]
