"""The shape of the package: folders in one order, no circle, no module that is too long, no word of the old names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.imports import between_folders, circle, imports_of

PACKAGE = Path(__file__).parents[2] / "apps" / "enphase-battery" / "enphase_battery"
ORDER = (
    *("version", "store", "control", "words", "errors", "enlighten", "config", "site", "reconcile", "engine", "home"),
    "diagnostics",
)
"""The parts of the package, lowest first: each imports only from itself and from those before it."""

LONGEST = 350
OLD_NAMES = r"\b(house|keeper|commander|outlook|bench|entrance|keyring|notebook|gate|recourse)s?\b"


def test_no_file_and_no_folder_imports_in_a_circle() -> None:
    imports = imports_of(PACKAGE)
    assert circle(imports) == []
    assert circle(between_folders(imports)) == []


def test_arrows_point_one_way() -> None:
    wrong = []
    for one, others in imports_of(PACKAGE).items():
        top = Path(one).parts[0].removesuffix(".py")
        if top in ORDER:
            allowed = ORDER[: ORDER.index(top) + 1]
            wrong += [(one, other) for other in others if Path(other).parts[0].removesuffix(".py") not in allowed]
    assert wrong == []


def test_the_root_holds_the_shell_the_errors_and_the_version() -> None:
    assert {file.name for file in PACKAGE.glob("*.py")} == {
        *("__init__.py", "__main__.py", "app.py", "errors.py", "version.py")
    }


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_can_be_read_in_one_sitting_and_names_things_as_the_field_does(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert re.findall(OLD_NAMES, text, re.IGNORECASE) == []
