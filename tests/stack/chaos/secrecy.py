"""Searches all that was put out for every secret that was used."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

from simulator import EMAIL, PASSWORD, SITE_ID, USER_ID

_PIECE = 16
_JWT = "eyJhbGciOiJIUzI1NiIsIn"  # how every token begins
_OWN_DUMP = re.compile(rb"\S+ \S+ DEBUG AppDaemon: .*'(entity_id|entity)': 'app\.\w+'.*'args': \{'name'")
IDS = (str(SITE_ID), str(USER_ID))


def secrets_in(content: bytes, secrets: Iterable[str]) -> set[str]:
    """Return what of some secrets stands in a content: all of one, or its first or last sixteen characters.

    The account's e-mail and password are found in every spelling that a form or an address may give them.
    """
    words = {EMAIL, PASSWORD, quote(EMAIL), quote(PASSWORD), quote_plus(PASSWORD), _JWT}
    found = {word for word in words if word.encode() in content}
    pieces = {piece.encode() for secret in secrets if len(secret) >= _PIECE for piece in _ends(secret)}
    pieces -= {word.encode() for word in words}
    return found | {
        content[at : at + _PIECE].decode()
        for at in range(len(content) - _PIECE + 1)
        if content[at : at + _PIECE] in pieces
    }


def numbers_in(text: str, codes: Iterable[str] = ()) -> set[str]:
    """Return the ids of site and user, and of some codes those, that stand in a text; a fraction is no code."""
    ids = {number for number in IDS if number in text}
    return ids | {code for code in codes if re.search(rf"(?<![\d.]){code}(?!\d)", text)}


def _ends(secret: str) -> Iterator[str]:
    """Give both ends of a secret; of a token only the last, as all begin alike."""
    if not secret.startswith(_JWT[:8]):
        yield secret[:_PIECE]
    yield secret[-_PIECE:]


def findings(files: Iterable[Path], secrets: set[str]) -> list[tuple[str, str]]:
    """Return where something secret stands: the file, and what of it was found."""
    return [(str(file), piece) for file in files for piece in sorted(secrets_in(_shown(file), secrets))]


def _shown(file: Path) -> bytes:
    """Return a file without what AppDaemon itself logs at level DEBUG of an app's arguments, before the app runs."""
    content = file.read_bytes()
    if file.suffix != ".log":
        return content
    return b"".join(line for line in content.splitlines(keepends=True) if not _OWN_DUMP.match(line))


def lines_with_numbers(log: Path, app: str, codes: Iterable[str]) -> list[str]:
    """Return the app's own log lines that name an id of site or user, or a code."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if f" {app}: " in line and numbers_in(line, codes)]


def events_with_numbers(transcript: Path, token_sensor: str, codes: Iterable[str]) -> list[str]:
    """Return the events that name an id or a code.

    But not those about the token sensor, which shows the ids as agreed, and those that command: they bring the code.
    """
    found = []
    for line in transcript.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        shows = event["data"].get("entity_id") == token_sensor or event["event_type"] == "enphase_battery_command"
        if not shows and numbers_in(line, codes):
            found.append(line[:300])
    return found
