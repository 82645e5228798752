"""What the pages say is what the code says: options with their defaults and limits, messages, entities."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
import yaml
from pydantic_core import PydanticUndefined

from enphase_battery.config.configuration import Configuration, Toggles, WindowEntry, parse_configuration
from enphase_battery.control.controls import Control
from enphase_battery.control.reason import Kind
from enphase_battery.enlighten.tokens import TokenStatus
from enphase_battery.errors import ConfigurationError
from enphase_battery.words.reasons import hint, sentence
from enphase_battery.words.texts import TEXTS as SENTENCES
from tests.unit.pages import PACKAGE, PAGES, ROOT, rows_of, text_of
from tests.unit.words.examples import EXAMPLES

ACCOUNT = {"email": "me@example.com", "password": "secret"}

# -- options ----------------------------------------------------------------------------------------------------------


def _options() -> Iterator[tuple[str, object]]:
    """Yield every option with its default."""
    for name, field in (*Configuration.model_fields.items(), *_prefixed(Toggles, "toggles.")):
        yield field.alias or name, field.default
    for name, field in WindowEntry.model_fields.items():
        yield name, field.default


def _prefixed(section: type[Toggles], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}", field


def _understood(shown: str, default: object) -> object:
    """Return a default as the page shows it, in the form of the model's."""
    value = yaml.safe_load(shown.strip("`"))
    if isinstance(default, timedelta):
        hours, minutes, seconds = map(int, value.split(":"))
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if isinstance(default, tuple):
        return [getattr(one, "value", one) for one in default] == value and default
    return type(default)(value) if isinstance(default, Enum) else value


@pytest.mark.parametrize(
    ("option", "default"), [*_options()], ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_option_is_described_with_its_default(option: str, default: object) -> None:
    _, kind, shown, description = rows_of("configure.md")[option]
    assert kind
    if default is PydanticUndefined:
        assert shown == "needed"
    elif shown.startswith("`") and option != "target_soc":
        assert _understood(shown, default) == default
    else:
        assert default is None or option in ("toggles", "days")
    assert description or option.startswith("toggles.")


LIMITED = [
    (option, limits[1], limits[2])
    for option, row in rows_of("configure.md").items()
    if (limits := re.search(r"`([^`]+)` to `([^`]+)`", row[-1]))
]


@pytest.mark.parametrize(("option", "least", "most"), LIMITED)
def test_the_limits_of_an_option_are_those_described(option: str, least: str, most: str) -> None:
    for limit in (least, most):
        parse_configuration({**ACCOUNT, option: yaml.safe_load(limit)})
    for beyond in (_number(least) - 1, _number(most) + 1):
        with pytest.raises(ConfigurationError):
            parse_configuration({**ACCOUNT, option: beyond})


def _number(limit: str) -> float:
    """Return a limit as a number: of seconds, or of whatever it counts."""
    value = yaml.safe_load(limit)
    if not isinstance(value, str):
        return float(value)
    hours, minutes, seconds = map(int, value.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def test_limits_were_found() -> None:
    assert len(LIMITED) == 7


def test_no_option_is_described_that_does_not_exist() -> None:
    known = {option for option, _ in _options()}
    described = set(rows_of("configure.md")) - {"option", "key"}
    assert described == known


# -- messages ---------------------------------------------------------------------------------------------------------


def _texts() -> Iterator[str]:
    """Yield every text in the code; `...` stands for what is filled in."""
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value.replace("%s", "...")


TEXTS = (*_texts(), *(say(reason) for reason in EXAMPLES for say in (sentence, hint)))
PIECES = frozenset(piece for text in TEXTS for one in text.split("...") if (piece := " ".join(one.split())))
"""What stands between the things that are filled in."""


def _is_said(text: str) -> bool:
    """Return whether the code says so: in one text, or put together from whole pieces."""
    return any(text in one for one in TEXTS) or _is_put_together(text)


def _is_put_together(text: str) -> bool:
    return text in PIECES or any(
        text.startswith(f"{piece} ") and _is_put_together(text[len(piece) + 1 :]) for piece in PIECES
    )


def _messages() -> Iterator[str]:
    """Yield what the pages quote of the app's messages: in the first cells of tables, and whatever looks like one."""
    for line in text_of("troubleshooting.md").splitlines():
        if line.startswith("| "):
            yield from re.findall(r"`([^`]*[^\W\d_] [^`]*)`", line.split(" | ")[0])
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        yield from re.findall(
            r"`((?:switch is on|held back|the disclaimer|the site's|written and|cloud unreach|overlaps)[^`]*)`", text
        )


@pytest.mark.parametrize("message", sorted(set(_messages())))
def test_every_message_that_is_quoted_is_one_of_the_code(message: str) -> None:
    parts = [" ".join(part.split()) for part in message.split("...") if part.strip(" :;")]
    assert parts
    for part in parts:
        assert _is_said(part), part


def test_enough_messages_are_quoted() -> None:
    assert len(set(_messages())) >= 40


# -- reasons ----------------------------------------------------------------------------------------------------------

REASONS = rows_of("reasons.md")


def test_the_kinds_of_reasons_that_are_listed_are_those_that_exist() -> None:
    listed = re.findall(r"^\| `(\w+)` \| ", text_of("reasons.md").replace("| `reason_kind` |", ""), re.MULTILINE)
    assert sorted(listed) == sorted(kind.value for kind in Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_of_reason_is_listed_with_what_it_says(kind: Kind) -> None:
    said = REASONS[kind.value][1].rstrip(" |")
    if SENTENCES[kind][0] == "{detail}":
        assert re.fullmatch(r"\(.+\)", said), "in parentheses stands what it is about"
        return
    pattern = re.escape(said).replace(r"\.\.\.", ".+") + "(; (the next try is at|possible again in) .+)?"
    assert any(re.fullmatch(pattern, sentence(one)) for one in EXAMPLES if one.kind is kind), said


# -- entities ---------------------------------------------------------------------------------------------------------


def _attributes_of(function: str) -> set[str]:
    """Return the attributes that a function of `home/entities.py` gives to an entity."""
    tree = ast.parse((PACKAGE / "home" / "entities.py").read_text(encoding="utf-8"))
    body = next(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == function)
    calls = [one for one in ast.walk(body) if isinstance(one, ast.Call) and ast.unparse(one.func) == "_entity"]
    return {keyword.arg for call in calls for keyword in call.keywords if keyword.arg} - {"friendly_name", "icon"}


def test_every_attribute_of_a_control_is_described_and_no_other() -> None:
    page = text_of("entities.md")
    table = page.partition("| attribute | says |")[2].partition("\n\n")[0]
    described = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert described == _attributes_of("_control")


def test_every_state_of_the_sign_in_is_described() -> None:
    assert {status.value for status in TokenStatus} <= rows_of("entities.md").keys()


def test_the_entities_of_the_pages_are_those_of_the_app() -> None:
    package = (ROOT / "home_assistant" / "package.yaml").read_text(encoding="utf-8")
    pages = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = set(re.findall(r"sensor\.enphase_battery_(\w+)", pages)) - {"sign_in"}  # a name that somebody may choose
    assert shown >= {"soc", "next_window", "problem", "running", "charge_from_grid"}
    controls = "|".join(control.value for control in Control)
    for name in shown:
        ending = re.sub(controls, "...", name)
        assert f"enphase_battery_{name}" in package or any(text.endswith(f"sensor...._{ending}") for text in TEXTS)
