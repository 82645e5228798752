"""Every scenario in this folder, against the real app in the real AppDaemon and the simulated cloud."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from .runner import run, scenarios


@pytest.mark.parametrize("scenario", [pytest.param(one, id=name) for name, one in scenarios()])
async def test_scenario(scenario: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # The runner asserts; a step that comes out otherwise names itself.
    await run(scenario, tmp_path)

    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == []
