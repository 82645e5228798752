"""Which files are an app's: those of two apps never meet, and what an older version kept is found."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from enphase_battery.store.file_names import claim_file, file_of
from enphase_battery.store.store import Store

LOGGER = logging.getLogger("test")
ODD = ["../../evil", "a/b", "..", ".hidden", "x" * 300, "a\nb", "\ud800"]


@pytest.mark.parametrize("app", ["enphase_battery", "My battery 2", "Haus-Süd", "battery.new", "backup", "a.backup.b"])
def test_the_file_has_the_apps_name(tmp_path: Path, app: str) -> None:
    assert claim_file(tmp_path, app) == file_of(tmp_path, app) == tmp_path / f"{app}.json"


@pytest.mark.parametrize("app", ODD)
def test_no_name_leads_out_of_the_folder_or_cannot_be_a_file(tmp_path: Path, app: str) -> None:
    path = file_of(tmp_path, app)
    assert path.parent == tmp_path
    path.write_text("")
    assert file_of(tmp_path, app + "!") != path


_opened: set[Path] = set()
_listens = False  # an audit hook stays for good


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Note every file that is opened, renamed, linked or removed."""
    if _listens and event in ("open", "os.rename", "os.link", "os.remove"):
        _opened.update(Path(one) for one in arguments[:2] if isinstance(one, (str, Path)) and "/" in str(one))


sys.addaudithook(_hear)


def touched(folder: Path, app: str) -> set[Path]:
    """Return every file in a folder that an app's store touches in a life in which its file is damaged once."""
    global _listens  # noqa: PLW0603  # see there
    _opened.clear()
    _listens = True
    for content in (None, "damaged"):
        file = claim_file(folder, app)
        if content is not None:
            file.write_text(content)
        store = Store(file, LOGGER)
        for number in range(3):
            store.write("wishes", {"n": number})
        store.forget("wishes")
    _listens = False
    return {path for path in _opened if path.parent == folder}


parts = st.sampled_from(["battery", ".backup", ".unreadable", ".new", ".spare", ".json", ".BACKUP", "b", " ", "-", "/"])
apps = st.lists(parts, min_size=1, max_size=4).map("".join)


@settings(deadline=None)  # the disk takes its time
@given(apps, apps)
@example("battery", "battery.backup")
@example("battery", "battery.unreadable")
@example("battery.backup", "battery.backup.backup")
def test_no_two_apps_touch_the_same_file(one: str, other: str) -> None:
    assume(one.casefold() != other.casefold())
    with TemporaryDirectory() as folder:
        files = touched(Path(folder), one)
        assert len(files) >= 5, "file, backup, what is unreadable, and two for a moment"
        assert not files & touched(Path(folder), other)


def test_the_file_that_an_older_version_kept_under_an_ambiguous_name_is_found_and_renamed(tmp_path: Path) -> None:
    (tmp_path / "battery.backup.json").write_text("mine")
    assert file_of(tmp_path, "battery.backup").read_text() == "mine"
    claimed = claim_file(tmp_path, "battery.backup")
    assert claimed.read_text() == "mine"
    (tmp_path / "battery.json").write_text("another's")
    assert claim_file(tmp_path, "battery.backup") == file_of(tmp_path, "battery.backup") == claimed


def test_a_backup_that_may_be_another_apps_is_left_to_it(tmp_path: Path) -> None:
    for name in ("battery.json", "battery.backup.json"):
        (tmp_path / name).write_text("another's")
    claimed = claim_file(tmp_path, "battery.backup")
    assert not claimed.exists()
    assert (tmp_path / "battery.backup.json").read_text() == "another's"
