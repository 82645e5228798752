"""What outlives a restart, and what happens when the file does not play along."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enphase_battery.store.store import Store
from tests.unit.said import advice, said
from tests.unit.store.wrongs import wrong_with

LOGGER = logging.getLogger("test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "enphase_battery" / "home.json"


def open_store(path: Path) -> Store:
    return Store(path, LOGGER)


def as_is(data: Mapping[str, object]) -> Mapping[str, object]:
    return data


def backup_of(path: Path) -> Path:
    return path.with_suffix(".backup.json")


def aside_of(path: Path) -> Path:
    return path.with_suffix(".unreadable.json")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_what_was_written_is_read_back_after_a_restart(path: Path) -> None:
    open_store(path).write("wishes", {"on": True, "reason": "Straße"})
    assert open_store(path).read("wishes", as_is) == {"on": True, "reason": "Straße"}


members = st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2))
changes = st.one_of(
    st.tuples(st.just("put"), st.sampled_from("xy"), st.sampled_from("abc"), st.none() | st.just({"n": [1, "é"]})),
    st.tuples(st.just("write"), st.sampled_from("xy"), members),
    st.tuples(st.just("forget"), st.sampled_from("xy")),
    st.tuples(st.just("restart")),
)


@settings(deadline=None)  # the disk takes its time
@given(st.lists(changes, max_size=12))
def test_the_file_holds_what_was_written_last_member_by_member_or_as_a_whole(deeds: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.json"
        store, expected = Store(path, LOGGER), dict[str, dict[str, Any]]()
        for name, *arguments in deeds:
            match name, arguments:
                case "put", [section, key, value]:
                    store.put(section, key, value)
                    expected.setdefault(section, {}).pop(key, None)
                    expected[section] |= {} if value is None else {key: value}
                case "write", [section, data]:
                    store.write(section, data)
                    expected[section] = data
                case "forget", [section]:
                    store.forget(section)
                    expected.pop(section, None)
                case _:
                    store = Store(path, LOGGER)
        sections = json.loads(path.read_text())["sections"] if path.exists() else {}
        assert all(sections.get(one, {}) == expected.get(one, {}) for one in "xy")


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
    assert store.trouble is None
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
    assert [one.name for one in path.parent.iterdir()] == ["home.json"]


def test_of_the_files_before_it_only_the_last_one_is_left_behind_and_nobody_else_can_read_it(path: Path) -> None:
    store = open_store(path)
    for cookie in ("one", "two", "three"):
        store.write("session", {"cookie": cookie})
    assert sorted(one.name for one in path.parent.iterdir()) == ["home.backup.json", "home.json"]
    assert '"two"' in backup_of(path).read_text(encoding="utf-8")
    assert backup_of(path).stat().st_mode & 0o777 == 0o600


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
    assert aside_of(path).read_text(encoding="utf-8") == content
    assert open_store(path).read("wishes", as_is) == {"a": 1}
    (warning,) = warnings(caplog)
    assert "home.unreadable.json" in warning


def test_bytes_that_are_no_text_are_kept_under_another_name(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x80")
    open_store(path).write("wishes", {"a": 1})
    assert aside_of(path).read_bytes() == b"\xff\xfe\x80"


def test_what_cannot_even_be_read_is_kept_under_another_name_never_overwritten(path: Path) -> None:
    path.mkdir(parents=True)  # the simplest thing that cannot be read, also not by root
    (path / "precious").touch()
    store = open_store(path)
    store.write("wishes", {"a": 1})
    assert store.trouble is None
    assert (aside_of(path) / "precious").exists()
    assert open_store(path).read("wishes", as_is) == {"a": 1}


def test_what_cannot_be_kept_is_not_overwritten_either(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_text("not json", encoding="utf-8")
    (aside_of(path) / "occupied").mkdir(parents=True)
    store = open_store(path)
    store.write("wishes", {"a": 1})
    assert store.read("wishes", as_is) == {"a": 1}
    assert path.read_text(encoding="utf-8") == "not json"
    assert "cannot be written" in warnings(caplog)[-1]


def test_several_unreadable_files_do_not_pile_up(path: Path) -> None:
    path.parent.mkdir()
    for content in ("one", "two", "three"):
        path.write_text(content, encoding="utf-8")
        open_store(path).write("wishes", {"a": content})
    assert aside_of(path).read_text(encoding="utf-8") == "three"
    assert len(list(path.parent.iterdir())) <= 3


def test_what_was_lost_with_a_file_is_said_as_long_as_the_app_runs(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("", encoding="utf-8")
    store = open_store(path)
    store.write("wishes", {"a": 1})
    assert "home.json cannot be used" in said(wrong_with(store))
    assert "home.unreadable.json" in said(wrong_with(store))
    assert (store.trouble, open_store(path).loss) == (None, None)


@pytest.mark.parametrize("damage", [0, 10, -1])
def test_in_place_of_a_truncated_file_the_last_good_one_before_it_is_used_and_outlives_more(
    path: Path, damage: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    store.write("session", {"cookie": "x"})
    path.write_bytes(path.read_bytes()[:damage])

    for _ in range(2):  # the second finds a good file
        again = open_store(path)
        assert (again.read("wishes", as_is), again.loss) == ({"a": 1}, None)

    (warning,) = warnings(caplog)
    assert "what stood there before is used" in warning
    assert aside_of(path).exists()


def test_a_damaged_file_never_becomes_the_backup(path: Path) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    store.write("wishes", {"a": 2})
    path.write_text("{", encoding="utf-8")
    again = open_store(path)
    again.write("wishes", {"a": 3})
    assert json.loads(backup_of(path).read_text(encoding="utf-8"))["sections"] == {"wishes": {"a": 1}}


def test_a_file_that_somebody_removed_is_a_fresh_start_whatever_backup_lies_there(path: Path) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    store.write("wishes", {"a": 2})
    path.unlink()
    assert open_store(path).read("wishes", as_is) is None


def test_a_file_of_a_newer_version_is_kept_for_it(path: Path) -> None:
    path.parent.mkdir()
    newer = '{"version": 2, "sections": {"wishes": {"a": {"b": 1}}}}'
    path.write_text(newer, encoding="utf-8")
    store = open_store(path)
    store.write("wishes", {"a": 1})
    assert aside_of(path).read_text(encoding="utf-8") == newer
    assert "of another version" in said(wrong_with(store))


def test_where_there_are_no_hard_links_there_is_no_backup_and_all_else_is_well(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    store = open_store(path)
    for number in range(3):
        store.write("wishes", {"a": number})
    assert not backup_of(path).exists()
    assert (store.trouble, open_store(path).read("wishes", as_is)) == (None, {"a": 2})


@pytest.mark.parametrize(
    "decode",
    [
        lambda data: int(str(data["a"])),  # ValueError
        lambda data: data["missing"],  # KeyError
        lambda data: data["a"] + 1,  # TypeError
        lambda data: data["a"].upper().nonsense,  # AttributeError
        lambda data: [][len(data)],  # IndexError
        lambda data: datetime.fromtimestamp(1e30, timezone.utc),  # OverflowError
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


def test_a_section_that_cannot_be_used_is_kept_when_it_and_others_are_written_anew(path: Path) -> None:
    open_store(path).write("wishes", {"of a newer": "version"})
    store = open_store(path)
    assert store.read("wishes", lambda data: data["missing"]) is None
    store.write("session", {"cookie": "x"})
    store.write("wishes", {"a": 1})
    open_store(path).write("session", {"cookie": "y"})

    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["unreadable"] == {"wishes": {"of a newer": "version"}}
    assert content["sections"] == {"wishes": {"a": 1}, "session": {"cookie": "y"}}


def test_what_is_forgotten_with_an_account_is_nowhere_any_more(path: Path) -> None:
    store = open_store(path)
    store.write("session", {"cookie": "secret"})
    store.write("session", {"cookie": "secret", "other": 1})
    store.read("session", lambda data: data["missing"])
    store.write("ledger", {"own": 1})
    store.forget("session")
    assert [one for one in path.parent.iterdir() if "secret" in one.read_text(encoding="utf-8")] == []
    assert open_store(path).read("ledger", dict) == {"own": 1}


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
    assert "cannot be written" in said(wrong_with(store))
    assert len(caplog.records) == 1
    obstructed.parent.unlink()
    store.write("wishes", {"a": 2})  # unchanged, and still to be written
    assert store.trouble is None
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert open_store(obstructed).read("wishes", as_is) == {"a": 2}


def test_what_cannot_be_written_counts_until_the_restart(obstructed: Path) -> None:
    store = open_store(obstructed)
    store.write("wishes", {"a": 1})
    assert store.read("wishes", as_is) == {"a": 1}


def test_what_cannot_be_written_reaches_the_next_instance_of_the_app_and_is_written_when_it_can(
    obstructed: Path,
) -> None:
    open_store(obstructed).write("wishes", {"a": 1})
    after_a_restart_of_home_assistant = open_store(obstructed)
    assert after_a_restart_of_home_assistant.read("wishes", as_is) == {"a": 1}
    assert after_a_restart_of_home_assistant.trouble
    obstructed.parent.unlink()
    assert open_store(obstructed).trouble is None
    assert "wishes" in json.loads(obstructed.read_text(encoding="utf-8"))["sections"]


def failing(number: int) -> Callable[..., None]:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def fail_to_close(number: int) -> Callable[..., object]:
    """As a network file system does that finds out late that there is no room."""
    opened = os.fdopen

    def open_badly(*args: Any, **kwargs: Any) -> Any:
        file = opened(*args, **kwargs)
        close = file.close
        file_that_fails = MagicMock(wraps=file)
        file_that_fails.__enter__.return_value = file_that_fails

        def leave(*_about: object) -> None:
            close()
            failing(number)()

        file_that_fails.__exit__.side_effect = leave
        return file_that_fails

    return open_badly


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ({"open": failing(errno.ENOSPC)}, "make room"),
        ({"fsync": failing(errno.ENOSPC)}, "make room"),
        ({"fdopen": fail_to_close(errno.EDQUOT)}, "make room"),
        ({"fsync": failing(errno.EIO)}, "can be written"),
        ({"open": failing(errno.EROFS)}, "read-only"),
        ({"open": failing(errno.EACCES)}, "the user that AppDaemon runs as"),
        ({"fchmod": failing(errno.EPERM)}, "the user that AppDaemon runs as"),
    ],
    ids=["full at open", "full at fsync", "full at close", "broken", "read-only", "of another owner", "no chmod"],
)
def test_a_disk_that_fails_leaves_the_good_file_says_so_once_and_gets_all_as_soon_as_it_can(
    path: Path, fault: dict[str, Any], hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    before = path.read_bytes()

    with patch.multiple(os, **fault):
        for number in (2, 3):
            store.write("wishes", {"a": number})
    assert path.read_bytes() == before
    assert hint in advice(wrong_with(store))
    assert len(warnings(caplog)) == 1
    assert [one.name for one in path.parent.iterdir()] == ["home.json"], "what could not be written takes no room"

    store.write("wishes", {"a": 3})
    assert (store.trouble, wrong_with(store)) == (None, None)
    assert open_store(path).read("wishes", as_is) == {"a": 3}


def test_a_write_that_is_cut_short_leaves_the_good_file(path: Path) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        store.write("wishes", {"a": "x" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert path.read_bytes() == before
    assert "make room" in advice(wrong_with(store))


def test_a_full_disk_does_not_keep_a_damaged_file_from_being_replaced_by_the_last_good_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    store.write("wishes", {"a": 2})
    path.write_text("{", encoding="utf-8")

    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    assert open_store(path).read("wishes", as_is) == {"a": 1}
    assert path.read_text(encoding="utf-8") == "{", "what can still be looked at is not given up for nothing"
    monkeypatch.undo()

    assert open_store(path).trouble is None
    assert json.loads(path.read_text(encoding="utf-8"))["sections"] == {"wishes": {"a": 1}}


def test_a_file_that_may_not_be_read_is_kept_and_never_overwritten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(path).write("wishes", {"a": 1})
    before = path.read_bytes()
    monkeypatch.setattr(Path, "read_text", failing(errno.EACCES))
    store = open_store(path)
    store.write("wishes", {"a": 2})
    assert aside_of(path).read_bytes() == before
    assert "Permission denied" in said(wrong_with(store))


def test_the_content_is_on_the_disk_before_it_takes_the_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        happened.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        happened.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    open_store(path).write("wishes", {"a": 1})
    assert happened == ["file", "rename", "folder"]


def test_a_file_that_is_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other disk" / "home.json"
    elsewhere.parent.mkdir()
    path.parent.mkdir()
    path.symlink_to(elsewhere)
    open_store(path).write("wishes", {"a": 1})
    assert path.is_symlink()
    assert open_store(path).read("wishes", as_is) == {"a": 1}
    assert elsewhere.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["home.new", "home.backup.json", "home.unreadable.json"])
def test_nothing_is_written_through_a_link_that_lies_in_the_folder(path: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.write_text("mine", encoding="utf-8")
    path.parent.mkdir()
    path.write_text("not json", encoding="utf-8")
    path.with_name(name).symlink_to(target)
    store = open_store(path)
    for number in range(3):
        store.write("session", {"cookie": number})
    assert target.read_text(encoding="utf-8") == "mine"
    assert store.trouble is None


def test_json_that_is_nested_without_end_is_a_file_that_makes_no_sense(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[" * 200_000, encoding="utf-8")
    assert open_store(path).loss


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


def test_a_crash_while_the_backup_is_renewed_leaves_the_one_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path)
    store.write("wishes", {"a": 1})
    store.write("wishes", {"a": 2})

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", crash)
    with pytest.raises(KeyboardInterrupt):
        store.write("wishes", {"a": 3})
    monkeypatch.undo()
    path.write_text("{", encoding="utf-8")
    assert open_store(path).read("wishes", as_is) == {"a": 1}
