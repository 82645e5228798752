"""What all tests share: a property is judged by what it says, never by how long a busy machine takes over it."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="session")
def _no_power_cut() -> Iterator[None]:
    """Do not wait for the disk with every write of a store: half of the time would go there."""
    with patch("os.fsync"):
        yield
