"""Results of the cloud as nobody has seen them: its own with a member or two gone wrong, and any other JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from simulator import Simulator
from simulator.wire import Request, Response
from tests.unit.fuzz.strange import FORGED, LONG_TEXT, json_values

Spoil = Callable[[Any], Any]
"""Makes another document of a document."""

_odd = st.one_of(
    st.sampled_from([None, "N/A", "", "../x", "\n", "\ud800", FORGED, "yes", "unheard_of", "1e400"]),
    st.sampled_from([-1, 10**30, 1e400, 253402300799]),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: [None]),
    st.builds(lambda: LONG_TEXT),
)
"""What a member may be instead of what it is. Nothing that could be true, such as another boolean or percentage: nobody
can know that it is wrong."""


@dataclass(frozen=True)
class Change:
    """One member gone wrong: which of them all, and how."""

    which: int
    how: str
    value: Any

    def __call__(self, document: Any) -> Any:
        """Return the document with this change."""
        changed = copy.deepcopy(document)
        ways = list(_places(changed))
        if not ways:
            return changed
        *above, last = ways[self.which % len(ways)]
        holder = changed
        for key in above:
            holder = holder[key]
        if self.how == "odd":
            holder[last] = self.value
        elif self.how == "gone":
            del holder[last]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]) if self.how == "doubled" else self.value)
        else:
            holder["unheard of"] = self.value
        return changed


@dataclass(frozen=True)
class Instead:
    """Another document altogether."""

    document: Any

    def __call__(self, document: Any) -> Any:
        """Return it."""
        return self.document


@dataclass(frozen=True)
class Both:
    """Several changes, one after the other."""

    changes: list[Change]

    def __call__(self, document: Any) -> Any:
        """Return the document with all of them."""
        for change in self.changes:
            document = change(document)
        return document


changes = st.builds(
    Change, st.integers(0, 10_000), st.sampled_from(["odd", "odd", "odd", "gone", "doubled", "added"]), _odd
)
spoilers: st.SearchStrategy[Spoil] = st.one_of(
    changes, st.builds(Both, st.lists(changes, min_size=2, max_size=3)), st.builds(Instead, json_values)
)


@contextmanager
def otherwise(cloud: Simulator, change: Callable[[Request, Response], Response]) -> Iterator[None]:
    """Change the cloud's answers after it has done what it was asked, while the block runs."""
    answer = cloud._cloud
    cloud._cloud = lambda request: change(request, answer(request))  # type: ignore[method-assign]  # of this one cloud
    try:
        yield
    finally:
        cloud._cloud = answer  # type: ignore[method-assign]


@contextmanager
def spoilt(cloud: Simulator, match: str, spoil: Spoil, *, times: int) -> Iterator[None]:
    """Spoil so many JSON answers to requests whose `METHOD path` has `match` in it."""
    left = times

    def change(request: Request, response: Response) -> Response:
        nonlocal left
        if not left or match not in f"{request.method} {request.path}":
            return response
        try:
            document = json.loads(response.body)
        except ValueError:
            return response
        left -= 1
        return replace(response, body=json.dumps(spoil(document)).encode())

    with otherwise(cloud, change):
        yield


def _places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every member of a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield (*above, key)
        yield from _places(value, (*above, key))
