"""What HACS asks of a repository with an AppDaemon app."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

from appdaemon.utils import recursive_get_files

ROOT = Path(__file__).parents[2]
APP = ROOT / "apps" / "enphase-battery"
OF_APPDAEMON = {"aiohttp", "appdaemon", "multidict", "pydantic", "pydantic_core", "pytz", "yaml", "yarl"}
"""What AppDaemon installs: HACS installs nothing that an app imports."""


def test_the_manifest_names_the_app() -> None:
    manifest = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert manifest == {"name": "Enphase battery"}


def test_there_is_a_readme_and_one_thing_below_apps_because_hacs_takes_the_first_be_it_a_folder_or_not() -> None:
    assert (ROOT / "README.md").is_file()
    own = {"apps.yaml"}  # what somebody who runs the app in a checkout adds
    assert {one.name for one in (ROOT / "apps").iterdir()} - own == {APP.name}


def test_nothing_in_that_folder_is_taken_by_appdaemon_for_the_configuration_of_apps() -> None:
    assert [file for file in APP.rglob("*") if file.suffix in {".yaml", ".yml", ".toml"}] == []


def test_where_appdaemon_leaves_the_package_alone_it_still_sees_a_file_beside_it_and_so_finds_the_package() -> None:
    assert [file.parent for file in recursive_get_files(APP, ".py", {"enphase_battery"})] == [APP]


def test_the_app_imports_nothing_that_appdaemon_does_not_bring() -> None:
    imported = set[str]()
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) <= OF_APPDAEMON
