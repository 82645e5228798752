"""What may come from outside: values of every kind, as events, YAML, JSON and people make them; and how much of it.

`FUZZ_DEPTH=20` in the environment makes every such test look that many times longer, and at other values each time.
"""

from __future__ import annotations

import math
import os
from datetime import date, datetime, timezone
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

DEPTH = int(os.environ.get("FUZZ_DEPTH", "1"))

LONGEST_LINE = 1000
"""Characters: what a person reads in a log or an attribute. Nothing from outside may make a line longer."""

MOST_ATTRIBUTES = 16_000
"""Characters of all attributes of an entity: Home Assistant records no more than 16 kB."""

MEGABYTE = 1_000_000
LONG_TEXT = "long" * (MEGABYTE // 4)
FORGED = "all is well\n2026-11-22 12:00:00.000000 ERROR AppDaemon: your password is wanted"
"""A text that would be a line of its own in a log."""


def looks(count: int) -> settings:
    """Return how long to look: the same values in every quick run, so that it never fails by chance alone."""
    return settings(
        max_examples=count * DEPTH,
        derandomize=DEPTH == 1,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def is_plain(text: str) -> bool:
    """Whether a text may stand in a log: one line, no control characters, nothing that cannot be encoded, not long."""
    return text.isprintable() and len(text) <= LONGEST_LINE


def _cyclic_list() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def _cyclic_mapping() -> dict[str, Any]:
    cycle: dict[str, Any] = {}
    cycle["minutes"] = cycle
    return cycle


ODD_TEXTS = [
    "",
    " ",
    "\n",
    "\0",
    "\x1b[31m",
    "\ud800",
    "\u2028",
    "\u202e",
    "N/A",
    "null",
    "../x",
    "1e400",
    "٣",
    "९" * 9,
    "+5",
]
ODD_NUMBERS = [0, -1, 5, 100, 960, 43200, 2**63, 10**30, 10**400, -0.0, 1e308, 5e-324, math.nan, math.inf, -math.inf]

names = st.one_of(st.text(max_size=30), st.sampled_from([*ODD_TEXTS, FORGED]))
texts = st.one_of(names, st.builds(lambda: LONG_TEXT))
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from(ODD_NUMBERS))
plain_values = st.one_of(st.none(), st.booleans(), numbers, texts)
json_values = st.recursive(
    plain_values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)
"""What JSON can hold, and so what Home Assistant's events can; numbers and texts without limits."""

_yaml_scalars = st.one_of(
    plain_values,
    st.binary(max_size=5),
    st.dates(),
    st.datetimes(),
    st.sampled_from([date.min, datetime.max.replace(tzinfo=timezone.utc)]),
)
keys = st.one_of(names, _yaml_scalars.filter(lambda key: not isinstance(key, str)), st.tuples(st.booleans(), st.none()))
values = st.one_of(
    json_values,
    st.recursive(
        _yaml_scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(keys, inner, max_size=3)
            | st.tuples(inner)
            | st.sets(_yaml_scalars, max_size=3)
        ),
        max_leaves=6,
    ),
    st.builds(_cyclic_list),
    st.builds(_cyclic_mapping),
    st.builds(object),
)
"""What YAML can hold, keys of other types and cycles included, and what other apps may hand over."""
