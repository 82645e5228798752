"""What a scenario can expect: each word of `expect` with how it is compared; README.md here describes the words."""

from __future__ import annotations

import json
import operator
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import zip_longest
from typing import Any, TypeGuard

import pytz

from tests.lab.entries import line
from tests.lab.lab import TOGGLES, Lab

PREFIX = "enphase_battery"
FAMILIES = {"charge_from_grid": "cfg", "discharge_to_grid": "dtg", "restrict_discharge": "rbd"}


def _cloud_shows(one: Lab, switches: Mapping[str, Any]) -> None:
    model: Any = one.cloud.model()
    cloud = model["cloud"]
    actual = {
        "charge_from_grid": cloud["chargeFromGrid"],
        "discharge_to_grid": (cloud["dtgControl"] or {}).get("enabled", False),
        "restrict_discharge": (cloud["rbdControl"] or {}).get("enabled", False),
    }
    _compare({control: on_off(actual[control]) for control in switches}, _as_text(switches))


def _gateway_does(one: Lab, controls: Mapping[str, Any]) -> None:
    model: Any = one.cloud.model()
    _compare({control: on_off(model["gateway"][control]) for control in controls}, _as_text(controls))


def _own_entries_are(one: Lab, entries: Sequence[str]) -> None:
    _compare_lists(one.phone.entries(own=True), entries)


def _foreign_entries_are(one: Lab, entries: Sequence[str]) -> None:
    _compare_lists(one.phone.entries(own=False), entries)


def _gateway_did(one: Lab, controls: Mapping[str, Sequence[str]]) -> None:
    """Compare from when to when each control was enforced, in the site's local time."""
    zone, record = pytz.timezone(one.zone), one.cloud.enforcement()

    def local(moment: datetime | None, form: str) -> str:
        return f"{moment.astimezone(zone):{form}}".lower() if moment else ""

    for control, expected in controls.items():
        limits = "" if control == "restrict_discharge" else " {}%"
        actual = [
            f"{local(stretch.start, '%a %H:%M:%S')}-{local(stretch.end, '%H:%M:%S')}{limits.format(stretch.limit)}"
            for stretch in record[FAMILIES[control]]
        ]
        _compare_lists(actual, expected)


def _was_written(one: Lab, expected: Sequence[str]) -> None:
    requests = [_written(request) for request in one.cloud.requests()]
    _compare_lists([text for text in requests if text], expected)


def _written(request: Mapping[str, Any]) -> str:
    """Return a write in words; nothing for anything else."""
    path, body = str(request["path"]), request["body"]
    if "batteryConfig" not in path or request["method"] == "GET" or path.endswith("/isValid"):
        return ""
    if "acceptDisclaimer" in path:
        return "disclaimer"
    if "batterySettings" in path:
        return f"settings {json.dumps(body, separators=(',', ':'))}"
    if path.endswith("/delete"):
        return "delete"
    verb = {"POST": "create", "PUT": "update"}.get(request["method"], request["method"])
    return f"{verb} {line(body)}"


def _toggles_show(one: Lab, toggles: Mapping[str, Any]) -> None:
    _compare({control: one.state(TOGGLES[control]) for control in toggles}, _as_text(toggles))


def _entities_show(one: Lab, entities: Mapping[str, Mapping[str, Any]]) -> None:
    for name, expected in entities.items():
        entity_id = name if "." in name else f"binary_sensor.{PREFIX}_{name}"
        assert one.state(entity_id) is not None, f"{entity_id} does not exist"
        shown = {"state": one.state(entity_id), **one.attributes(entity_id)}
        _compare({key: shown.get(key, "") for key in expected}, _as_text(expected), entity_id)


def _notice_is(one: Lab, expected: str) -> None:
    assert len(one.ha.notices) <= 1, one.ha.notices
    _compare({"notice": "".join(one.ha.notices.values())}, {"notice": expected})


def _results_are(one: Lab, expected: list[Mapping[str, Any]]) -> None:
    for match in expected:
        values = _as_text(match)
        whose = {key: values[key] for key in ("id", "app") if key in values}
        ids = [result for result in one.results(**whose) if result["outcome"] != "pending"]
        assert len(ids) == 1, f"one final result for {values['id']} expected, there are: {one.results(id=values['id'])}"
        _compare({key: ids[0].get(key) for key in values}, values)


def _counts_are(one: Lab, expected: Mapping[str, int | str]) -> None:
    counters: Any = one.cloud.counters()
    for key, value in expected.items():
        count = sum(number for path, number in counters["by_path"].items() if fnmatchcase(path, key))
        try:
            _compare_number(key, count if " " in key else counters[key], value)
        except AssertionError as error:
            sent = (f"{each['at']} {each['method']} {each['path']} {each['status']}" for each in one.cloud.requests())
            raise AssertionError("\n  ".join((str(error), *sent))) from error


def _log_says(one: Lab, expected: Mapping[str, int | str]) -> None:
    for pattern, number in expected.items():
        found = [message for message in one.log if fnmatchcase(message, pattern)]
        _compare_number(f"{pattern} in {one.log}:", len(found), number)


def _log_repeats(one: Lab, most: int) -> None:
    """Compare how often the most frequent line was logged, whatever the numbers in it."""
    lines = Counter(re.sub(r"\d+", "#", message) for message in one.log)
    text, number = max(lines.items(), key=operator.itemgetter(1), default=("", 0))
    assert number <= most, f"{number} times: {text}"


def _compare_number(what: str, actual: int, expected: int | str) -> None:
    """`"<= 7"` means at most so many."""
    is_most = isinstance(expected, str) and expected.startswith("<=")
    number = int(str(expected).removeprefix("<="))
    assert actual <= number if is_most else actual == number, f"{what} {actual}, not {expected}"


def _compare_lists(actual: Sequence[str], expected: Sequence[str]) -> None:
    fits = [fnmatchcase(one, other) for one, other in zip_longest(actual, expected, fillvalue="")]
    assert all(fits), f"there are {actual}, not {expected}"


def _as_text(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: on_off(value) if isinstance(value, bool) else value for key, value in values.items()}


def on_off(value: object) -> str:
    """Return `on` or `off` for what YAML makes of it; other text as it is."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _compare(actual: Mapping[str, Any], expected: Mapping[str, Any], what: str = "") -> None:
    for key, value in expected.items():
        fits = fnmatchcase(str(actual[key]), value) if _is_pattern(value) else str(actual[key]) == str(value)
        assert fits, f"{what} {key} is {actual[key]!r}, not {value!r} (all: {dict(actual)})"


def _is_pattern(value: object) -> TypeGuard[str]:
    """`*text*` means that the text must occur; each star stands for anything."""
    return isinstance(value, str) and "*" in value


EXPECTATIONS: Mapping[str, Callable[[Lab, Any], None]] = {
    "cloud": _cloud_shows,
    "gateway": _gateway_does,
    "own_entries": _own_entries_are,
    "foreign_entries": _foreign_entries_are,
    "enforced": _gateway_did,
    "written": _was_written,
    "toggles": _toggles_show,
    "entities": _entities_show,
    "notice": _notice_is,
    "results": _results_are,
    "counts": _counts_are,
    "log": _log_says,
    "log_repeats": _log_repeats,
}
