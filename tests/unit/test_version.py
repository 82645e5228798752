"""The version stands in one place, and the list of changes tells of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from appdaemon.version import __version__ as appdaemon

from enphase_battery.diagnostics.report import versions
from enphase_battery.enlighten.transport import USER_AGENT
from enphase_battery.version import VERSION

ROOT = Path(__file__).parents[2]
RELEASE = re.compile(r"^## (\d+)\.(\d+)\.(\d+) - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def test_the_newest_changes_are_those_of_this_version() -> None:
    releases = RELEASE.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert ".".join(releases[0][:3]) == VERSION
    numbers = [tuple(map(int, release[:3])) for release in releases]
    assert numbers == sorted(numbers, reverse=True)
    assert all(date.fromisoformat(release[3]) for release in releases)


def test_every_version_in_the_list_of_changes_is_written_alike() -> None:
    headings = re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if headings[0] == "## Unreleased":
        del headings[0]
    assert len(headings) == len(RELEASE.findall("\n".join(headings)))


def test_the_version_stands_in_one_place_only() -> None:
    package = ROOT / "apps" / "enphase-battery"
    users = [file.name for file in package.rglob("*.py") if f'"{VERSION}"' in file.read_text(encoding="utf-8")]
    assert users == ["version.py"]


def test_a_report_names_the_versions_of_app_appdaemon_and_python() -> None:
    assert versions().startswith(f"{VERSION}, AppDaemon {appdaemon}, Python 3.")


def test_the_cloud_sees_nothing_of_the_version() -> None:
    assert VERSION not in USER_AGENT
    assert "Enphase battery" not in USER_AGENT
