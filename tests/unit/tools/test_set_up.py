"""Which Python and which Home Assistant are chosen, on whatever a machine has."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools import debian_python, environments, set_up_app, set_up_browser, set_up_home_assistant
from tools.environments import SetUpError, install_each, newest_release
from tools.pythons import Python, Version
from tools.set_up_home_assistant import choose, choose_newest

INDEX = Path("/env/bin/python")
NEWEST, NEEDS = "2026.11.0", (3, 14, 2)
DEBIANS = Python((3, 14, 8), "/checkout/.fetched/python3.14", compiles=True)


def python(version: str, *, compiles: bool = True) -> Python:
    return Python(tuple(map(int, version.split("."))), f"/usr/bin/python{version}", compiles)


class Machine:
    """A machine with some Pythons, maybe with access to Debian's packages, and a package index."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pythons: list[Python] = []
        self.debian: list[Python] = []
        self.fetched = 0
        for module in (set_up_home_assistant, set_up_app):
            monkeypatch.setattr(module, "working_pythons", self._working)
            monkeypatch.setattr(module, "fetched_python", self._fetch)
        monkeypatch.setattr(set_up_home_assistant, "newest_release", self._newest)
        monkeypatch.setattr(set_up_app, "probe", lambda _path: self.pythons[0])

    def _working(self, lowest: Version, highest: Version = (3, 99)) -> list[Python]:
        return sorted((one for one in self.pythons if lowest <= one.version[:2] <= highest), reverse=True)

    def _fetch(self, suits: Callable[[Version], bool]) -> Python | None:
        found = next((one for one in sorted(self.debian) if suits(one.version)), None)
        self.fetched += found is not None
        return found

    @staticmethod
    def _newest(_index: Path, package: str, version: Version | None = None) -> str | None:
        assert package == "homeassistant"
        if version is None or version >= NEEDS:
            return NEWEST
        return {13: "2025.4.4", 12: "2025.1.4"}.get(version[1])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        ([python("3.14.2"), python("3.13.0")], "3.14.2"),
        ([python("3.15.0"), python("3.14.3")], "3.14.3"),
        ([python("3.14.3", compiles=False), python("3.15.0")], "3.15.0"),
    ],
    ids=["it", "the oldest that will do", "one for which can be compiled"],
)
def test_a_python_that_takes_the_newest_is_used_as_it_is(machine: Machine, here: list[Python], expected: str) -> None:
    machine.pythons, machine.debian = here, [DEBIANS]
    choice = choose_newest(INDEX)
    assert (choice.version, choice.python, choice.remark) == (NEWEST, python(expected), "")
    assert not machine.fetched


@pytest.mark.parametrize("here", [[python("3.13.0")], [python("3.14.1")], [python("3.14.3", compiles=False)], []])
def test_else_one_of_debians_is_fetched(machine: Machine, here: list[Python]) -> None:
    machine.pythons, machine.debian = here, [python("3.13.9"), DEBIANS, python("3.15.0")]
    choice = choose_newest(INDEX)
    assert (choice.version, choice.python, choice.remark) == (NEWEST, DEBIANS, "")


def test_without_debian_one_for_which_nothing_can_be_compiled_still_runs_the_newest(machine: Machine) -> None:
    machine.pythons = [python("3.14.3", compiles=False), python("3.13.0")]
    choice = choose_newest(INDEX)
    assert (choice.version, choice.python.compiles) == (NEWEST, False)


def test_without_debian_the_newest_that_runs_here_is_taken_and_said(machine: Machine) -> None:
    machine.pythons = [python("3.11.2"), python("3.12.1"), python("3.13.0")]
    choice = choose_newest(INDEX)
    assert (choice.version, choice.python) == ("2025.4.4", python("3.13.0"))
    assert choice.remark == (
        "2026.11.0 needs a newer Python than this machine has, and Debian's packages are not to be had here"
    )


def test_where_none_runs_the_person_is_told_what_to_install(machine: Machine) -> None:
    machine.pythons = [python("3.11.2")]
    with pytest.raises(SetUpError, match=r"Home Assistant 2026\.11\.0 needs a newer Python .* Install a newer Python"):
        choose_newest(INDEX)


def test_the_oldest_lane_has_its_own_python(machine: Machine) -> None:
    machine.pythons, machine.debian = [python("3.14.3"), python("3.12.1")], [DEBIANS, python("3.13.9")]
    assert choose("2025.1.0").python == python("3.13.9")
    machine.pythons.append(python("3.13.0"))
    assert choose("2025.1.0").python == python("3.13.0")


def test_appdaemon_gets_a_python_of_debians_where_there_are_only_newer_ones(machine: Machine) -> None:
    machine.pythons, machine.debian = [python("3.14.3")], [python("3.13.9"), DEBIANS]
    assert set_up_app.choose_python((3, 10), (3, 13)) == python("3.13.9")
    machine.debian.clear()
    with pytest.raises(SetUpError, match=r"AppDaemon needs a Python from 3\.10 to 3\.13"):
        set_up_app.choose_python((3, 10), (3, 13))


def test_what_does_not_compile_is_left_out_and_named(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.pythons = [python("3.14.3")]
    said = {"tools.home_assistant_requirements": "-c\nconstraints\nPillow==13\nvad==1", "--version": NEWEST}

    def install(_interpreter: Path, arguments: Sequence[str], what: str) -> None:
        if "vad==1" in arguments:
            raise SetUpError(f"{what}: failed")

    monkeypatch.setattr(set_up_home_assistant, "make_environment", lambda _folder, _python: INDEX)
    monkeypatch.setattr(set_up_home_assistant, "pip_install", install)
    monkeypatch.setattr(set_up_home_assistant, "install_each", lambda *_: ["vad==1"])
    monkeypatch.setattr(set_up_home_assistant, "_output", lambda command: said[command[-1]])
    assert set_up_home_assistant.main("folder", str(INDEX)) == 0
    assert "Left out, because it could not be compiled: vad==1; a C++ compiler" in capsys.readouterr().out


def test_a_failed_installation_is_told_and_never_becomes_an_older_version(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.pythons = [python("3.13.0"), python("3.14.3")]
    tried: list[str] = []

    def install(_interpreter: Path, arguments: Sequence[str], what: str) -> None:
        tried.extend(arguments)
        raise SetUpError(f"{what}: failed (exit code 1); what it said stands above")

    monkeypatch.setattr(set_up_home_assistant, "make_environment", lambda _folder, _python: INDEX)
    monkeypatch.setattr(set_up_home_assistant, "pip_install", install)
    assert set_up_home_assistant.main("folder", str(INDEX)) == 1
    assert tried == [f"homeassistant=={NEWEST}"]
    assert "Home Assistant could not be set up." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "error: subprocess-exited-with-error\nnote: This error originates from a subprocess",
        "  error: metadata-generation-failed",
        "ERROR: Failed building wheel for vad\nERROR: Failed to build installable wheels",
    ],
)
def test_what_cannot_be_compiled_is_returned_and_all_else_installed(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    installed = []

    def run(command: Sequence[str], **_how: Any) -> Any:
        if "vad==1" in command:
            return SimpleNamespace(returncode=1, stdout="", stderr=words)
        installed.append(command[-1])
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    monkeypatch.setattr(environments, "subprocess", SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL))
    assert install_each(INDEX, ["a==1", "vad==1", "b==2"], []) == ["vad==1"]
    assert installed == ["a==1", "b==2"]


def test_an_index_that_cannot_be_asked_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_command: Sequence[str], **_how: Any) -> Any:
        return SimpleNamespace(returncode=1, stdout="", stderr="connection refused")

    monkeypatch.setattr(environments, "subprocess", SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL))
    with pytest.raises(SetUpError, match="connection refused"):
        newest_release(INDEX, "homeassistant", (3, 14, 2))
    with pytest.raises(SetUpError, match="connection refused"):
        install_each(INDEX, ["a==1"], [])


def test_a_machine_without_debians_packages_has_no_python_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_python, "FETCHED", tmp_path)
    monkeypatch.setattr(debian_python, "is_debian", lambda: False)
    assert debian_python.fetched_python(lambda _version: True) is None


@pytest.mark.parametrize(
    ("program", "runs"), [("echo Chromium 156.0", True), ("echo Install me with snap", False), ("exit 1", False)]
)
def test_a_browser_is_one_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, runs: bool) -> None:
    stub = tmp_path / "chromium"
    stub.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    stub.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(stub))
    assert set_up_browser.browser() == (str(stub) if runs else None)
    assert set_up_browser.main() == 0


def test_where_no_browser_is_to_be_had_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(set_up_browser, "browser", lambda: None)
    monkeypatch.setattr(set_up_browser, "is_debian", lambda: False)
    assert set_up_browser.main() == 0
    assert capsys.readouterr().out == f"{set_up_browser.MISSING}\n"
