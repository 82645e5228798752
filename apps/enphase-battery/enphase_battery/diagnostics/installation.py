"""Finds this app in an AppDaemon's configuration folder, and reads its arguments as AppDaemon does."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from ..config.configuration import CLASS, MODULE
from ..errors import InstallationError
from ..home.internals import appdaemon_version, read_config_file
from ..home.scan import scan_remark

_USUAL_FOLDERS = (Path(), Path("/conf"), Path("/config"), Path("/etc/appdaemon"), Path("~/.homeassistant"))
_NAMES = ("appdaemon.toml", "appdaemon.yaml")
_NO_APPS = {"ruff.toml", "pyproject.toml", "secrets.yaml", "__pycache__", "build", ".venv"}
_QUOTED = re.compile(r"'.{2,}'")
_APPDAEMONS_WORDS = re.compile(r"secrets file|environment variable|valid yaml file")


@dataclass(frozen=True, slots=True)
class AppEntry:
    """One app of ours in apps.yaml.

    Attributes:
        name: Its name there.
        file: Where it stands.
        args: Its arguments, secrets in clear.
    """

    name: str
    file: Path
    args: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Installation:
    """What an AppDaemon would start.

    Attributes:
        folder: Its configuration folder.
        apps: The apps of ours.
        faults: The files that it could not read, a sentence each.
        scan_remark: What there is to say of its look at the app's files; empty when there is nothing.
    """

    folder: Path
    apps: tuple[AppEntry, ...]
    faults: tuple[str, ...]
    scan_remark: str


def find_installation(folder: Path | None) -> Installation:
    """Read AppDaemon's configuration.

    Args:
        folder: Its configuration folder; None: the current one, or one of the usual ones.

    Raises:
        InstallationError: There is none, or it cannot be read.
    """
    main = _main_file(folder)
    settings = _read(main).get("appdaemon")  # first, because its secrets serve the files that have none beside them
    if not isinstance(settings, dict):
        raise InstallationError(f"{main} has no section appdaemon", hint="begin with appdaemon.yaml.example")
    excluded = settings.get("exclude_dirs")
    apps_folder = main.parent / str(settings.get("app_dir") or "apps")
    apps: dict[str, AppEntry] = {}
    faults = []
    try:
        names = _NO_APPS.union(map(str, excluded if isinstance(excluded, list) else ()))
        files = [file for file in _files(apps_folder, names) if file.suffix in {".yaml", ".toml"}]
        watched = () if settings.get("production_mode") else _files(apps_folder, names)
        remark = scan_remark(watched, appdaemon_version())
    except OSError as error:
        raise InstallationError(
            f"{apps_folder}, where the apps should be, cannot be read: {_reason(error)}",
            hint=f"correct app_dir in {main.name}",
        ) from None
    for file in files:
        try:
            apps.update((entry.name, entry) for entry in _entries(file))
        except InstallationError as error:
            faults.append(f"{error}; AppDaemon starts none of its apps")
    return Installation(main.parent, tuple(apps.values()), tuple(faults), remark)


def _main_file(folder: Path | None) -> Path:
    folders = [one.expanduser().resolve() for one in ((folder,) if folder else _USUAL_FOLDERS)]
    for one in folders:
        for name in _NAMES:
            if (one / name).is_file():
                return one / name
    raise InstallationError(
        f"there is no appdaemon.yaml in {' or '.join(map(str, folders))}",
        hint="name AppDaemon's configuration folder with --config",
    )


def _files(folder: Path, left_out: Collection[str]) -> Iterator[Path]:
    """Yield the files below a folder that AppDaemon looks at.

    Raises:
        OSError: A folder cannot be listed.
    """
    for item in folder.iterdir():
        if item.name.startswith(".") or item.name in left_out or not os.access(item, os.R_OK):
            continue
        if item.is_dir():
            yield from _files(item, left_out)
        else:
            yield item


def _entries(file: Path) -> Iterator[AppEntry]:
    for name, args in _read(file).items():
        if isinstance(args, dict) and (args.get("module") == MODULE or args.get("class") == CLASS):
            yield AppEntry(str(name), file, args)


def _read(file: Path) -> Mapping[str, object]:
    """Return what AppDaemon makes of a file. Raises InstallationError, which holds no value of the file."""
    said = StringIO()
    try:
        with redirect_stdout(said):  # AppDaemon prints that secrets cannot be read, and goes on with nothing
            content = read_config_file(file)
    except InstallationError:
        raise
    except Exception as error:  # noqa: BLE001  # AppDaemon raises errors of its own that differ from release to release
        raise InstallationError(f"{file} cannot be read: {_reason(error.__cause__ or error)}") from None
    if isinstance(content, dict):
        return content
    raise InstallationError(f"{file} cannot be read: {'secrets are no good YAML' if said.getvalue() else 'no mapping'}")


def _reason(error: BaseException) -> str:
    """Return why a file cannot be read, without what stands in it, which may be a password."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is not None:  # an error of the YAML parser
        return f"line {mark.line + 1}: {_QUOTED.sub('...', problem or 'no good YAML')}; texts belong into quotes"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if _APPDAEMONS_WORDS.search(str(error)) else type(error).__name__
