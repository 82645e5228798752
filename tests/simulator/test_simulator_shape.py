"""The simulator's files import one way: none of them, by whatever way round, imports itself."""

from __future__ import annotations

from pathlib import Path

import simulator
from tests.imports import circle, imports_of

IMPORTS = imports_of(Path(simulator.__file__).parent)


def test_no_files_import_in_a_circle() -> None:
    assert "switches.py" in IMPORTS["world.py"]
    assert circle(IMPORTS) == []
