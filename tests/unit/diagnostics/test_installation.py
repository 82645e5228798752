"""This app is found in AppDaemon's configuration as AppDaemon finds it; what cannot be read is said without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from enphase_battery.__main__ import main
from enphase_battery.diagnostics.installation import Installation, find_installation
from enphase_battery.errors import InstallationError

OURS = "module: enphase_battery\n  class: EnphaseBattery\n"


def write(folder: Path, **files: str) -> Path:
    """Write files; two underscores in a name are a slash, one at its end stands for `.yaml`."""
    for name, content in {"appdaemon_": "appdaemon:\n  time_zone: Europe/London\n", **files}.items():
        file = folder / name.replace("__", "/").removesuffix("_")
        file = file.with_suffix(".yaml") if name.endswith("_") else file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


def args(installation: Installation, name: str = "mine") -> dict[str, object]:
    (app,) = (app for app in installation.apps if app.name == name)
    return dict(app.args)


def wrong(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """Return what the command says of a configuration that cannot be used."""
    assert main(["check", "--config", str(folder)]) == 1
    return capsys.readouterr().out


# -- what is found ----------------------------------------------------------------------------------------------------


def test_our_apps_are_found_in_every_file_below_the_apps_folder_and_others_are_left(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        apps__apps_=f"mine:\n  {OURS}other: {{module: other, class: Other}}\nglobal_modules: [x]\n",
        apps__deeper__more_=f"second:\n  {OURS}",
        **{"apps/.hidden/apps_": f"hidden:\n  {OURS}", "apps/build/apps_": f"built:\n  {OURS}"},
    )
    assert {app.name for app in find_installation(folder).apps} == {"mine", "second"}


def test_the_apps_folder_may_be_another_and_folders_may_be_left_out(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    folder = write(
        tmp_path / "conf", appdaemon_=f"appdaemon:\n  app_dir: {elsewhere}\n  exclude_dirs: [old]\n", apps__x_="{}"
    )
    write(elsewhere, apps_=f"mine:\n  {OURS}", old__apps_=f"before:\n  {OURS}")
    assert [app.name for app in find_installation(folder).apps] == ["mine"]


@pytest.mark.parametrize(
    ("options", "told"),
    [("", True), ("  exclude_dirs: [enphase_battery]\n", False), ("  production_mode: true\n", False)],
)
def test_an_appdaemon_that_parses_the_code_each_second_is_told_of(tmp_path: Path, options: str, told: bool) -> None:
    folder = write(
        tmp_path,
        appdaemon_=f"appdaemon:\n  time_zone: Europe/London\n{options}",
        apps__apps_=f"mine:\n  {OURS}",
    )
    package = tmp_path / "apps" / "repository" / "enphase_battery"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    installation = find_installation(folder)
    assert ("`exclude_dirs: [enphase_battery]`" in installation.scan_remark) is told
    assert [app.name for app in installation.apps] == ["mine"]


def test_secrets_are_those_beside_the_file_else_those_beside_appdaemons(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        secrets_="mail: a@example.com\n",
        apps__apps_=f"mine:\n  {OURS}  email: !secret mail\n",
    )
    assert args(find_installation(folder))["email"] == "a@example.com"
    write(tmp_path, apps__secrets_="mail: b@example.com\n")
    assert args(find_installation(folder))["email"] == "b@example.com"


def test_the_secrets_file_may_be_named(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        appdaemon_=f"secrets: {tmp_path}/hidden.yaml\nappdaemon:\n  time_zone: Europe/London\n",
        hidden_="mail: c@example.com\n",
        apps__apps_=f"mine:\n  {OURS}  email: !secret mail\n",
    )
    assert args(find_installation(folder))["email"] == "c@example.com"


def test_environment_variables_and_included_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENPHASE_EMAIL", "d@example.com")
    folder = write(
        tmp_path,
        windows_="[]",
        apps__apps_=f"mine:\n  {OURS}  email: !env_var ENPHASE_EMAIL\n  windows: !include {tmp_path}/windows.yaml\n",
    )
    found = args(find_installation(folder))
    assert (found["email"], found["windows"]) == ("d@example.com", [])


def test_without_a_folder_the_current_one_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, apps__apps_=f"mine:\n  {OURS}"))
    assert find_installation(None).folder == tmp_path


# -- what is wrong ----------------------------------------------------------------------------------------------------


def test_a_folder_without_appdaemon_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert wrong(capsys, tmp_path) == (
        f"Wrong: there is no appdaemon.yaml in {tmp_path}; name AppDaemon's configuration folder with --config\n"
    )


def test_an_appdaemon_without_this_app_is_told_how_to_begin(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = wrong(capsys, write(tmp_path, apps__apps_="other: {module: other, class: Other}"))
    assert told.startswith(f"Wrong: AppDaemon in {tmp_path} has no app with `module: enphase_battery`")


def test_a_missing_apps_folder_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = wrong(capsys, write(tmp_path))
    assert told == (
        f"Wrong: {tmp_path}/apps, where the apps should be, cannot be read: No such file or directory; "
        "correct app_dir in appdaemon.yaml\n"
    )


def test_an_appdaemon_yaml_without_its_section_is_told(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="has no section appdaemon"):
        find_installation(write(tmp_path, appdaemon_="http:\n  url: http://127.0.0.1:5050\n"))


def test_a_missing_secret_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = wrong(capsys, write(tmp_path, secrets_="x: y", apps__apps_=f"mine:\n  {OURS}  email: !secret mail\n"))
    assert f"{tmp_path}/apps/apps.yaml cannot be read: mail not found in secrets file" in told


def test_a_file_that_is_no_yaml_is_told_and_the_others_are_checked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = wrong(capsys, write(tmp_path, apps__apps_=f"mine:\n  {OURS}", apps__bad_="a: [1\nb: 2\n"))
    assert f"Wrong: {tmp_path}/apps/bad.yaml cannot be read: line 2: " in told
    assert f"Wrong: {tmp_path}/apps/apps.yaml, app mine: email is missing" in told


@pytest.mark.parametrize(
    "value",
    [
        "!!int opensesame",
        "*opensesame",
        "!opensesame",
        "&opensesame",
        "@opensesame",
        "'opensesame",
        '"open\\sesame"',
        "a: opensesame",
    ],
)
def test_a_password_that_needs_quotes_is_not_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, value: str
) -> None:
    app = f"mine:\n  {OURS}  email: me@example.com\n  password: {value}\n"
    told = wrong(capsys, write(tmp_path, apps__apps_=app))
    assert "sesame" not in told
    assert "me@example.com" not in told


@pytest.mark.parametrize("value", ["*opensesame", "!opensesame", "'opensesame", "a: opensesame"])
def test_nor_is_one_in_the_file_of_secrets(capsys: pytest.CaptureFixture[str], tmp_path: Path, value: str) -> None:
    secrets = f"mail: me@example.com\nword: {value}\n"
    folder = write(tmp_path, secrets_=secrets, apps__apps_=f"mine:\n  {OURS}  email: !secret mail\n")
    told = wrong(capsys, folder)
    assert "secrets are no good YAML" in told
    assert "sesame" not in told


def test_a_file_that_holds_no_apps_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "list.yaml cannot be read" in wrong(capsys, write(tmp_path, apps__list_="- 1\n- 2\n"))


@pytest.mark.parametrize("arguments", [[], ["chek"], ["check", "--cfg", "x"]])
def test_arguments_that_make_no_sense_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m enphase_battery" in capsys.readouterr().err


def test_faults_of_the_configuration_are_a_line_each(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    app = f"mine:\n  {OURS}  email: me@example.com\n  password: opensesame\n  pol: 5\n  poll: soon\n"
    told = wrong(capsys, write(tmp_path, apps__apps_=app))
    assert "app mine: pol is not a known key; did you mean poll?" in told
    assert 'app mine: poll is "soon": it must be a duration' in told
    assert "sesame" not in told
