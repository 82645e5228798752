"""Every switch of the simulator that the collected facts name is on in at least one scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator import Switches

from .runner import scenarios

SWITCHES = """
    auth_era region supports_mqtt token_path isvalid_required settle_needed isvalid_403 isenabled_required
    misleading_409 touching_ok xsrf_grace session_ttl jwt_ttl activation_delay pending_ttl read_lag gateway_online
    profile_split rbd_null_when_empty rbd_enable_deletes mfa blocked too_many_sessions rate_limit wall_content_type
    fault_script
"""
"""Those of section 14.9 of docs/enlighten-api.md, in its order and words."""


def settings(scenario: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield every switch that a scenario sets, at its begin or on its way."""
    yield from scenario["cloud"].items()
    for step in scenario["steps"]:
        yield from step.get("cloud", {}).items()


def test_every_switch_is_on_in_a_scenario() -> None:
    defaults = Switches()
    on = {
        switch
        for _name, scenario in scenarios()
        for switch, value in settings(scenario)
        if getattr(defaults.changed({switch: value}), switch) != getattr(defaults, switch)
    }

    assert [switch for switch in SWITCHES.split() if switch not in on] == []
