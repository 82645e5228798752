"""What outlives a restart, and what happens when the file does not play along."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from enphase_battery.store import Store

LOGGER = logging.getLogger("test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "enphase_battery" / "house.json"


def open_store(path: Path) -> Store:
    return Store(path, LOGGER)


def as_is(data: Mapping[str, object]) -> Mapping[str, object]:
    return data


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_what_was_written_is_read_back_after_a_restart(path: Path) -> None:
    open_store(path).write("wishes", {"on": True, "reason": "Straße"})
    assert open_store(path).read("wishes", as_is) == {"on": True, "reason": "Straße"}


def test_sections_do_not_touch_each_other(path: Path) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    store.write("session", {"b": 2})
    store.write("wishes", {"a": 3})
    again = open_store(path)
    assert (again.read("wishes", as_is), again.read("session", as_is)) == ({"a": 3}, {"b": 2})


def test_a_section_that_was_never_written_is_none_and_no_trouble(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(path)
    assert store.read("wishes", as_is) is None
    assert store.trouble == ""
    assert caplog.records == []
    assert not path.exists()


def test_only_the_owner_can_read_the_file_and_its_folder_whatever_the_umask(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.with_suffix(".new").write_text("left by a crash", encoding="utf-8")
    path.with_suffix(".new").chmod(0o644)
    open_store(path).write("session", {"cookie": "secret"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_but_the_file_itself_is_left_behind(path: Path) -> None:
    open_store(path).write("session", {"cookie": "secret"})
    assert [one.name for one in path.parent.iterdir()] == ["house.json"]


def test_writing_what_is_stored_already_leaves_the_file_alone(path: Path) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    before = path.stat().st_ino
    store.write("wishes", {"a": 1})
    assert path.stat().st_ino == before
    store.write("wishes", {"a": 2})
    assert path.stat().st_ino != before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"version": 99, "sections": {}}',
        '{"sections": {}}',
        '{"version": 1}',
        '{"version": 1, "sections": []}',
        "\ufffe\x00",
    ],
)
def test_a_file_that_makes_no_sense_is_kept_under_another_name_and_the_app_starts(
    path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    store = open_store(path)
    store.write("wishes", {"a": 1})
    assert path.with_suffix(".unreadable.json").read_text(encoding="utf-8") == content
    assert open_store(path).read("wishes", as_is) == {"a": 1}
    (warning,) = warnings(caplog)
    assert "house.unreadable.json" in warning


def test_bytes_that_are_no_text_are_kept_under_another_name(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x80")
    open_store(path).write("wishes", {"a": 1})
    assert path.with_suffix(".unreadable.json").read_bytes() == b"\xff\xfe\x80"


def test_what_cannot_even_be_read_is_kept_under_another_name_never_overwritten(path: Path) -> None:
    path.mkdir(parents=True)  # the simplest thing that cannot be read, also not by root
    (path / "precious").touch()
    store = open_store(path)
    store.write("wishes", {"a": 1})
    assert store.trouble == ""
    assert (path.with_suffix(".unreadable.json") / "precious").exists()
    assert open_store(path).read("wishes", as_is) == {"a": 1}


def test_a_file_that_cannot_be_kept_is_told_and_the_app_starts(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_text("not json", encoding="utf-8")
    (path.with_suffix(".unreadable.json") / "occupied").mkdir(parents=True)
    assert open_store(path).read("wishes", as_is) is None
    assert "could not be renamed" in warnings(caplog)[-1]


@pytest.mark.parametrize(
    "decode",
    [
        lambda data: int(str(data["a"])),  # ValueError
        lambda data: data["missing"],  # KeyError
        lambda data: data["a"] + 1,  # TypeError
        lambda data: data["a"].upper().nonsense,  # AttributeError
    ],
)
def test_a_section_that_its_owner_cannot_use_is_ignored_and_named(
    path: Path, decode: Callable[[Mapping[str, object]], object], caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(path)
    store.write("wishes", {"a": "x"})
    assert store.read("wishes", decode) is None
    (warning,) = warnings(caplog)
    assert "wishes" in warning


def test_a_section_that_is_no_object_counts_as_none(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"version": 1, "sections": {"wishes": [1]}}', encoding="utf-8")
    assert open_store(path).read("wishes", as_is) is None


@pytest.fixture
def obstructed(path: Path) -> Iterator[Path]:
    """A path whose folder cannot be made, because a file is in its place; also for root."""
    path.parent.touch()
    yield path
    assert path.parent.is_file() or path.is_file()


def test_a_file_that_cannot_be_written_is_told_once_and_once_more_when_it_can(
    obstructed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = open_store(obstructed)
    caplog.clear()
    store.write("wishes", {"a": 1})
    store.write("wishes", {"a": 2})
    assert "cannot be written" in store.trouble
    assert len(caplog.records) == 1
    obstructed.parent.unlink()
    store.write("wishes", {"a": 2})  # unchanged, and still to be written
    assert store.trouble == ""
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert open_store(obstructed).read("wishes", as_is) == {"a": 2}


def test_what_cannot_be_written_counts_until_the_restart(obstructed: Path) -> None:
    store = open_store(obstructed)
    store.write("wishes", {"a": 1})
    assert store.read("wishes", as_is) == {"a": 1}


def test_a_crash_while_writing_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        store.write("wishes", {"a": 2})
    monkeypatch.undo()
    assert json.loads(path.read_text(encoding="utf-8"))["sections"] == {"wishes": {"a": 1}}
