"""Every scenario in this folder, against the real app in the real AppDaemon and the simulated cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .runner import run, scenarios


@pytest.mark.parametrize("scenario", [pytest.param(one, id=name) for name, one in scenarios()])
async def test_scenario(scenario: dict[str, Any], tmp_path: Path) -> None:
    # The runner asserts; a step that comes out otherwise names itself.
    await run(scenario, tmp_path)
