"""Whether AppDaemon parses the app's files each second is told only where it is so."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from demo.appdaemon import LEFT_ALONE
from enphase_battery.home.scan import scan_remark
from tests.lab.lab import lab

ROOT = Path(__file__).parents[3]
PACKAGE = Path("/conf/apps/enphase-battery/enphase_battery")
SEEN = (Path("/conf/apps/other.py"), PACKAGE / "__init__.py", PACKAGE / "app.py")
REMEDY = "`exclude_dirs: [enphase_battery]` in appdaemon.yaml"


@pytest.mark.parametrize("version", ["4.5.0", "4.5.13"])
def test_an_appdaemon_that_parses_what_it_watches_is_told_of_with_the_remedy(version: str) -> None:
    assert REMEDY in scan_remark(SEEN, version)


@pytest.mark.parametrize("version", ["4.5.14", "4.6.0b1", "5.0.0"])
def test_of_a_newer_one_nothing_is_claimed(version: str) -> None:
    assert scan_remark(SEEN, version) == ""


def test_nothing_is_said_where_it_does_not_look() -> None:
    assert scan_remark((), "4.5.13") == ""
    left = (Path("/conf/apps/other.py"), PACKAGE.parent / "enphase_battery_path.py")
    assert scan_remark(left, "4.5.13") == ""


def test_the_remedy_is_what_the_pages_and_the_example_show() -> None:
    (line,) = re.findall("`(.+?)`", scan_remark(SEEN, "4.5.13"))
    assert yaml.safe_load(line) == dict(LEFT_ALONE)
    for page in (ROOT / "appdaemon.yaml.example", ROOT / "docs" / "install.md"):
        assert f"\n  {line}\n" in page.read_text(encoding="utf-8")


async def test_the_report_tells_of_it_as_soon_as_it_is_so(tmp_path: Path) -> None:
    async with lab(tmp_path, start=datetime(2026, 11, 22, 12, tzinfo=timezone.utc)) as one:
        await one.command(command="diagnose", id="left alone")
        assert one.ad is not None
        one.ad.production_mode = False
        one.ad.app_management.python_filecheck.mtimes[SEEN[1]] = 0.0
        await one.command(command="diagnose", id="seen")
        (left,), (found,) = (one.results(id=number) for number in ("left alone", "seen"))
    assert REMEDY not in left["report"]["text"]
    assert REMEDY in found["report"]["text"]
