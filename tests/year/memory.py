"""What takes the place of sockets and disk, so that a year passes within seconds."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from multidict import CIMultiDict, CIMultiDictProxy

from enphase_battery.enlighten.wire import Received
from enphase_battery.store.store import Store
from simulator import Request, Simulator

if TYPE_CHECKING:
    from yarl import URL


class MemoryWire:
    """The simulated cloud without sockets."""

    def __init__(self, cloud: Simulator) -> None:
        self._cloud = cloud

    async def exchange(self, method: str, url: URL, headers: Mapping[str, str], data: bytes | None) -> Received:
        lower = {name.lower(): value for name, value in headers.items()}
        answer = self._cloud.handle(Request(method, url.path, dict(url.query), lower, data or b""))
        lines = CIMultiDict([("Content-Type", answer.content_type), *answer.headers])
        return Received(answer.status, CIMultiDictProxy(lines), answer.body.decode())

    async def close(self) -> None:
        """Nothing is open."""


class MemoryStore(Store):
    """A store whose file is a text on a shelf; a store that is opened on the same shelf finds it again."""

    def __init__(self, shelf: dict[str, str]) -> None:
        self._shelf = shelf
        super().__init__(Path("in memory"), logging.getLogger("tests.year"))

    def _load(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self._shelf.get("text", "{}"))
        return found

    def _save(self) -> None:
        self._shelf["text"] = json.dumps(self._sections)
