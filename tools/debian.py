"""Debian's packages unpacked into a folder: from the mirror that this machine uses, without root or a change of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from tools.environments import SetUpError

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TOOLS = ("apt-get", "apt-cache", "dpkg-deb")
_MIRROR = re.compile(r"^(?!.*security)\S*\bdebian/*$", re.MULTILINE)
_SOURCES = "Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n"

# What nothing that runs without a screen or a terminal ever opens.
_IDLE = ("doc", "man", "info", "locale", "lintian", "bug", "icons", "applications")


def is_debian() -> bool:
    """Return whether this machine has apt's tools, Debian's keyring, and a mirror of Debian among its sources."""
    return all(map(shutil.which, _TOOLS)) and _KEYRING.exists() and _mirror() is not None


class Archive:
    """The packages of one release. To be had from :func:`archive`."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        """Keep apt's lists and downloads in `folder`; `options` keep apt out of the system's own."""
        self._folder = folder
        self._options = options

    def versions(self, names: str) -> Mapping[str, str]:
        """Return the version of each package whose whole name the pattern `names` matches."""
        known = _output(["apt-cache", *self._options, "pkgnames"], "Reading Debian's list of packages").split()
        found = {}
        for name in filter(re.compile(names).fullmatch, known):
            shown = _output(["apt-cache", *self._options, "show", "--no-all-versions", name], f"Looking at {name}")
            found[name] = re.findall(r"^Version: (?:\d+:)?([\w.+~]+)", shown, re.MULTILINE)[0]
        return found

    def unpack(self, packages: Sequence[str], root: Path, without: Sequence[str] = ()) -> None:
        """Unpack packages with all that they depend on, down to the C library.

        Args:
            packages: Their names.
            root: The folder that becomes the root of their file system.
            without: Patterns of the names of dependencies that are left out.

        Raises:
            SetUpError: they are not to be had; apt's own words are in the message.
        """
        get = ["apt-get", "-qq", "--yes", "--download-only", *self._options, "install", *packages]
        _output(get, f"Fetching Debian's {packages[0]}")
        for package in sorted((self._folder / "cache" / "archives").glob("*.deb")):
            if any(fnmatch(package.name.partition("_")[0], pattern) for pattern in without):
                continue
            _output(["dpkg-deb", "-x", str(package), str(root)], f"Unpacking {package.name}")
        for idle in _IDLE:
            shutil.rmtree(root / "usr" / "share" / idle, ignore_errors=True)


@contextmanager
def archive(suite: str | None = None) -> Iterator[Archive]:
    """Open Debian's archive for the length of a block.

    Args:
        suite: The release (`testing`, `stable`, ...); None: what the machine's own sources name.

    Raises:
        SetUpError: it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="debian-") as name:
        folder = Path(name)
        for part in ("lists/partial", "cache/archives/partial", "sources"):
            (folder / part).mkdir(parents=True)
        settings: dict[str, Path | str] = {
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": "/dev/null",  # nothing counts as installed, so that nothing is left out
            "Dir::Cache": folder / "cache",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "0",
            "Acquire::Languages": "none",
        }
        if suite is not None:
            settings["Dir::Etc::sourcelist"] = "/dev/null"
            settings["Dir::Etc::sourceparts"] = folder / "sources"
            source = _SOURCES.format(mirror=_mirror(), suite=suite, keyring=_KEYRING)
            (folder / "sources" / "one.sources").write_text(source, encoding="utf-8")
        options = [text for name, value in settings.items() for text in ("-o", f"{name}={value}")]
        _output(["apt-get", "-qq", *options, "update"], f"Reading the list of Debian {suite or ''}".rstrip())
        yield Archive(folder, options)


def _mirror() -> str | None:
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = _MIRROR.search(_output(command, "Asking apt for its mirror"))
    return found[0] if found else None


def _output(command: Sequence[str], what: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    except OSError as error:
        raise SetUpError(f"{what}: {error}") from error
    except subprocess.CalledProcessError as error:
        raise SetUpError(f"{what}: failed:\n{error.stderr.strip()}") from error
