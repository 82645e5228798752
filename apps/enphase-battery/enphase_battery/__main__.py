"""`python -m enphase_battery check`: what the app would find, told before it runs. Changes nothing, shows no secret."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from .config.configuration import parse_configuration
from .config.schema import file_schema
from .diagnostics.borrowed_store import BorrowedStore
from .diagnostics.check import Check
from .diagnostics.installation import AppEntry, Installation, find_installation
from .diagnostics.report import table, versions
from .errors import ConfigurationError, EnphaseBatteryError, InstallationError
from .store.file_names import file_of
from .version import VERSION


class _Notes(logging.Handler):
    """Collects what a running app would write into its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(record.getMessage())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 when all is well, 1 when something is wrong, 2 for arguments that make no sense."""
    parser = argparse.ArgumentParser(prog="python -m enphase_battery", description=f"Enphase battery {VERSION}")
    parser.add_argument("--version", action="version", version=versions())
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="sign in, read, tell what was found and what is wrong; change nothing")
    check.add_argument("--config", type=Path, metavar="DIR", help="AppDaemon's configuration folder")
    check.add_argument("--app", metavar="NAME", help="the app's name in apps.yaml; without it all apps of this class")
    commands.add_parser("schema", help="print the JSON Schema of apps.yaml, for editors")
    chosen = parser.parse_args(arguments)
    if chosen.command == "schema":
        _tell(json.dumps(file_schema(), indent=1))
        return 0
    return _check(chosen.config, chosen.app)


def _check(folder: Path | None, name: str | None) -> int:
    try:
        installation = find_installation(folder)
        apps = _chosen(installation, name)
    except InstallationError as error:
        _tell_problem(error)
        return 1
    for fault in installation.faults:
        _tell(f"Wrong: {fault}")
    results = [_is_well(app, installation) for app in apps]
    return 0 if all(results) and not installation.faults else 1


def _chosen(installation: Installation, name: str | None) -> list[AppEntry]:
    apps = [app for app in installation.apps if name in (None, app.name)]
    if apps:
        return apps
    faults = "".join(f"; {fault}" for fault in installation.faults)
    known = ", ".join(app.name for app in installation.apps)
    if known:
        raise InstallationError(f"no app of this class is called {name}; there are {known}{faults}")
    raise InstallationError(
        f"AppDaemon in {installation.folder} has no app with `module: enphase_battery`{faults}",
        hint="begin with apps.yaml.example",
    )


def _is_well(app: AppEntry, installation: Installation) -> bool:
    """Check one app and tell what was found; return whether all is well."""
    try:
        configuration = parse_configuration(app.args)
        notes = _Notes()
        logger = logging.getLogger(__name__)
        logger.handlers, logger.propagate = [notes], False
        store = BorrowedStore(file_of(installation.folder / "enphase_battery", app.name), logger)
        check = Check(app.name, configuration, store, clock=lambda: datetime.now(timezone.utc), logger=logger)
        findings = replace(asyncio.run(check.run()), appdaemon=installation.scan_remark)
    except ConfigurationError as error:
        for fault in error.faults:
            _tell(f"Wrong: {app.file}, app {app.name}: {fault}")
        return False
    except InstallationError as error:
        _tell_problem(error)
        return False
    _tell(table(findings, with_ids=True))
    for note in (*configuration.doubts, *notes.lines, *_disabled(app)):
        _tell(f"Note: {note}")
    is_well = "Nothing is wrong with Enphase. Home Assistant was not asked: see AppDaemon's log."
    _tell(is_well if not findings.snapshot.problems else "Something is wrong: see problems, above.")
    return not findings.snapshot.problems


def _disabled(app: AppEntry) -> Iterator[str]:
    if app.args.get("disable"):
        yield "AppDaemon does not start this app: `disable: true`"


def _tell_problem(error: EnphaseBatteryError) -> None:
    _tell(f"Wrong: {error}" + (f"; {error.hint}" if error.hint else ""))


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
