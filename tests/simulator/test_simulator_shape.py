"""The simulator's files import one way: none of them, by whatever way round, imports itself. Nor does a folder."""

from __future__ import annotations

from pathlib import Path

import simulator
from tests.imports import between_folders, circle, imports_of

IMPORTS = imports_of(Path(simulator.__file__).parent)


def test_no_files_import_in_a_circle() -> None:
    assert "switches.py" in IMPORTS["world.py"]
    assert circle(IMPORTS) == []


def test_no_folders_import_in_a_circle() -> None:
    folders = between_folders(IMPORTS)
    assert "site/" in folders["world.py"]
    assert circle(folders) == []
