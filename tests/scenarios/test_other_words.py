"""Every sentence replaced, and nothing else changes: no text for people decides anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from enphase_battery.home import entities
from enphase_battery.words import reasons, texts
from enphase_battery.words.cloud_texts import Text
from tests.lab.lab import Lab

from .runner import home, scenarios, take

WORDS = frozenset({"summary", "verdict", "reason", "last_error", "problem", "hint", "error", "report", "message"})
"""Where sentences stand, in attributes of entities and in results."""

SENTENCES = ("control_words", "verdict_words", "status_words", "window_words", "sign_in_words")

ONCE = {name.partition(" [")[0]: scenario for name, scenario in scenarios()}
"""Each scenario, with one of the clouds that it names."""


@pytest.mark.parametrize("scenario", [pytest.param(one, id=name) for name, one in ONCE.items()])
async def test_with_other_words_all_goes_the_same_way(
    scenario: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = await _course(scenario, tmp_path / "as it is")
    _replace_every_sentence(monkeypatch)
    assert await _course(scenario, tmp_path / "otherwise") == as_it_is


def _replace_every_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say something else of each kind of reason, with none of its values, and of what is so."""
    others = {
        kind: (f"other words, {number}", _instead_of(hint, f"other advice, {number}"))
        for number, (kind, (_, hint)) in enumerate(texts.TEXTS.items())
    }
    monkeypatch.setattr(reasons, "TEXTS", others)
    for name in SENTENCES:
        monkeypatch.setattr(entities, name, lambda *_: "other words")


def _instead_of(hint: Text, other: str) -> Text:
    """Return other words wherever there are any: whether there is advice at all is no matter of words."""
    if not callable(hint):
        return other if hint else ""
    made: Callable[[Mapping[str, Any]], str] = hint
    return lambda values: other if made(values) else ""


async def _course(scenario: Mapping[str, Any], folder: Path) -> list[object]:
    """Play a scenario without its expectations; return after each step what was asked, shown and answered."""
    folder.mkdir()  # noqa: ASYNC240  # nothing else runs yet
    course: list[object] = []
    async with home(scenario, folder) as one:
        for number, step in enumerate(scenario["steps"], start=1):
            await take(one, number, {action: about for action, about in step.items() if action != "expect"})
            course.append(_seen(one))
    return course


def _seen(one: Lab) -> object:
    """Return all that there is to see but sentences."""
    asked = [(request["method"], request["path"], request["status"]) for request in one.cloud.requests()]
    shown = {
        entity_id: (_not_words(state["attributes"]), None if entity_id.endswith("_status") else state["state"])
        for entity_id, state in one.ha.states.items()
    }
    answered = [(name, _not_words(data)) for name, data in one.ha.events]
    return asked, shown, answered, sorted(one.ha.notices)


def _not_words(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in WORDS}
