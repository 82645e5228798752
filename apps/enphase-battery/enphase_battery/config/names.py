"""The names of the app's own entities, as far as others may be given by the configuration."""

from __future__ import annotations

from collections.abc import Collection

from ..control.controls import Control

_SENSORS = ("soc", "status", "next_window", *(f"{control.value}_end" for control in Control))


def own_sensors(prefix: str) -> Collection[str]:
    """Return the ids of the app's own entities of the domain `sensor`, but for the token sensor."""
    return [f"sensor.{prefix}_{name}" for name in _SENSORS]
