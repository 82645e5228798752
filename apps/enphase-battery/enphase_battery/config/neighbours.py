"""Which names two apps of one AppDaemon may not have in common."""

from __future__ import annotations

from collections.abc import Iterator

from .configuration import Configuration
from .names import own_sensors


def clashes(own: Configuration, name: str, other: Configuration) -> Iterator[str]:
    """Yield what an app may not have in common with another one of this AppDaemon, a sentence each.

    Args:
        own: Its configuration.
        name: The other app's name.
        other: The other app's configuration.
    """
    if own.entity_prefix == other.entity_prefix:
        yield f"entity_prefix: {own.entity_prefix} is that of the app {name}, too; each needs its own"
    theirs = {other.toggles.of(control) for control in other.controls}
    for toggle in dict.fromkeys(own.toggles.of(control) for control in own.controls):
        if toggle in theirs:
            yield f"toggles: {toggle} is a toggle of the app {name}, too; each needs its own"
    if own.token_sensor in own_sensors(other.entity_prefix) or other.token_sensor in own_sensors(own.entity_prefix):
        yield f"token_sensor: it is an entity of the app {name}, or that app's is one of this one"
    elif own.token_sensor == other.token_sensor:
        yield f"token_sensor: {own.token_sensor} is that of the app {name}, too; each needs its own"
