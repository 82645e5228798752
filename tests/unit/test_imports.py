"""The reading of imports (`tests/imports.py`) on small packages."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.imports import between_folders, circle, imports_of


def package(folder: Path, files: dict[str, str]) -> Path:
    """Write a package `shop` with these files."""
    for name, text in {"__init__.py": "", **files}.items():
        file = folder / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "shop"


FOLDER = {"till/__init__.py": "", "till/coins.py": "", "till/notes.py": "", "door.py": "", "__init__.py": "bell = 1"}
IMPORTS = {
    "from .door import key": {"door.py"},
    "from . import door": {"door.py"},
    "from . import bell": {"__init__.py"},
    "from .till import coins": {"till/__init__.py", "till/coins.py"},
    "from .till import drawer": {"till/__init__.py"},
    "from .till.coins import penny, pound": {"till/__init__.py", "till/coins.py"},
    "from .till.coins import *": {"till/__init__.py", "till/coins.py"},
    "import shop.door": {"door.py"},
    "import shop.till.notes as paper, json": {"till/__init__.py", "till/notes.py"},
    "from shop.door import key": {"door.py"},
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .door import key": {"door.py"},
    "def late():\n    from .door import key": {"door.py"},
    "try:\n    from .door import key\nexcept ImportError:\n    from .till import coins": {
        "door.py",
        "till/__init__.py",
        "till/coins.py",
    },
    "import json\nfrom door import key\nfrom shopping.door import key": set(),
}


@pytest.mark.parametrize("text", IMPORTS)
def test_an_import_is_found_wherever_and_however_it_is_written(tmp_path: Path, text: str) -> None:
    assert imports_of(package(tmp_path, {**FOLDER, "reader.py": text}))["reader.py"] == IMPORTS[text]


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("from .notes import fiver", {"till/notes.py"}),
        ("from ..door import key", {"door.py"}),
        ("from .. import door", {"door.py"}),
        ("from . import drawer", {"till/__init__.py"}),
        ("from shop.till.notes import fiver", {"till/notes.py"}),
    ],
)
def test_inside_a_folder_its_own_init_is_not_entered_again(tmp_path: Path, text: str, imported: set[str]) -> None:
    assert imports_of(package(tmp_path, {**FOLDER, "till/coins.py": text}))["till/coins.py"] == imported


def test_an_init_imports_from_its_own_folder(tmp_path: Path) -> None:
    found = imports_of(package(tmp_path, {**FOLDER, "till/__init__.py": "from .coins import penny"}))
    assert found["till/__init__.py"] == {"till/coins.py"}


@pytest.mark.parametrize(
    ("files", "way"),
    [
        ({"a.py": "from .b import b", "b.py": "from .c import c", "c.py": ""}, []),
        ({"a.py": "from .b import b\nfrom .c import c", "b.py": "from .c import c", "c.py": ""}, []),
        (
            {"a.py": "from .b import b", "b.py": "def late():\n    from .c import c", "c.py": "from .a import a"},
            ["a.py", "b.py", "c.py"],
        ),
        ({"a.py": "from .a import a"}, ["a.py"]),
        ({"a.py": "from .till.coins import b", "till/__init__.py": "from ..a import a"}, ["a.py", "till/__init__.py"]),
    ],
)
def test_a_circle_is_told_as_the_way_round_it(tmp_path: Path, files: dict[str, str], way: list[str]) -> None:
    imports = imports_of(package(tmp_path, {"till/coins.py": "", **files}))
    found = circle(imports)
    assert sorted(found[1:]) == way
    assert found[:1] == found[-1:]
    assert all(later in imports[earlier] for earlier, later in pairwise(found))


def test_folders_can_go_round_where_files_do_not(tmp_path: Path) -> None:
    files = {"till/coins.py": "from ..door.key import key", "till/notes.py": "", "door/key.py": ""}
    assert circle(between_folders(imports_of(package(tmp_path, files)))) == []
    imports = imports_of(package(tmp_path, {**files, "door/key.py": "from ..till.notes import fiver"}))
    assert circle(imports) == []
    assert between_folders(imports) == {"__init__.py": set(), "door/": {"till/"}, "till/": {"door/"}}
    assert sorted(set(circle(between_folders(imports)))) == ["door/", "till/"]
