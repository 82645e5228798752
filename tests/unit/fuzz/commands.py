"""Events that ask for something, from quite right to quite wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from enphase_battery.control.controls import Control
from tests.unit.fuzz.strange import names

NAMES = ["set", "cancel", "refresh", "diagnose", "release", "otp", "otp_resend"]
MEMBERS = ["command", "control", "state", "duration", "until", "target_soc", "id", "app", "code", "metadata"]


def commands(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return the data of events; members that are not right come from `values`."""
    right: dict[str, st.SearchStrategy[Any]] = {
        "control": st.sampled_from([one.value for one in Control]) | values,
        "state": st.sampled_from(["on", "off", "ON", True, False]) | values,
        "duration": st.sampled_from(["01:30:00", 3600, {"minutes": 30}, "00:00:01"]) | values,
        "until": st.sampled_from(["05:00", "23:59", 960]) | values,
        "target_soc": st.integers(0, 110) | values,
        "id": st.sampled_from(["a", "b", ""]) | values,
        "app": st.sampled_from(["enphase_battery", "another"]) | values,
        "code": st.sampled_from(["123456", 123456]) | values,
    }
    likely = {member: right[member] for member in ("control", "state")}
    return st.one_of(
        st.dictionaries(names | st.sampled_from(MEMBERS), values, max_size=6),
        st.fixed_dictionaries({"command": st.sampled_from(NAMES) | values}, optional=right),
        st.fixed_dictionaries(
            {"command": st.just("set"), **likely}, optional={one: right[one] for one in ("duration", "id")}
        ),
    )
