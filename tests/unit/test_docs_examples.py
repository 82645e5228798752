"""What the pages show works: links lead somewhere, and what they give to copy is accepted."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from enphase_battery.config.configuration import parse_configuration
from enphase_battery.control.verdict import Outcome
from enphase_battery.home.command_parser import parse_command
from enphase_battery.home.publisher import Publisher
from tests.unit.pages import PAGES, ROOT, text_of

ACCOUNT = {"email": "me@example.com", "password": "secret"}


class Block(NamedTuple):
    """A block of YAML in a page."""

    page: str
    line: int
    text: str

    @property
    def file(self) -> str:
        """The file that it belongs into, as its first line says; empty if it says none."""
        named = re.match(r"# (\w+\.yaml)", self.text)
        return named[1] if named else ""

    @property
    def content(self) -> Any:
        """What it says."""
        return _Loader(self.text).get_single_data()


class _Loader(yaml.SafeLoader):
    """Takes the tags of AppDaemon and of Home Assistant for texts."""


def _tagged(_loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return str(node.value)


for tag in ("!secret", "!include_dir_named"):
    _Loader.add_constructor(tag, _tagged)


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^( *)```yaml\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL):
            lines = found[2].splitlines()
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page.name, line, "\n".join(line.removeprefix(found[1]) for line in lines) + "\n")


BLOCKS = tuple(_blocks())


def _name(block: Block) -> str:
    return f"{block.page}:{block.line}"


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        assert not anchor or anchor in _anchors(file), target


LOOKED_UP = {"design.md", "enlighten-api.md"}
"""Pages for developers, which nobody reads from end to end: the code cites them, and has to find all of it there."""


def test_every_page_is_in_the_index_and_short() -> None:
    index = text_of("README.md")
    for page in PAGES[1:]:
        assert page.name == "README.md" or f"({page.name})" in index
        if page.name in LOOKED_UP:
            continue
        prose = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith("|")]
        assert len(prose) <= 150


@pytest.mark.parametrize("block", BLOCKS, ids=_name)
def test_every_block_of_yaml_says_something(block: Block) -> None:
    assert block.content


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.file == "apps.yaml"], ids=_name)
def test_every_configuration_is_accepted(block: Block) -> None:
    content = block.content
    configuration = parse_configuration(content.get("enphase_battery") or {**ACCOUNT, **content})
    assert not configuration.doubts


def test_what_the_pages_call_a_configuration_was_found() -> None:
    pages = {block.page for block in BLOCKS if block.file == "apps.yaml"}
    assert pages == {"README.md", "configure.md", "install.md", "migrate.md", "windows.md"}


def _commands(node: object) -> Iterator[dict[str, object]]:
    """Yield the data of every event that commands the app."""
    if isinstance(node, dict):
        if node.get("event") == "enphase_battery_command":
            yield node["event_data"]
        for value in node.values():
            yield from _commands(value)
    elif isinstance(node, list):
        for value in node:
            yield from _commands(value)


COMMANDS = [
    pytest.param(data, id=f"{_name(block)} {data['command']}")
    for block in BLOCKS
    for data in (
        [block.content] if isinstance(block.content, dict) and "command" in block.content else _commands(block.content)
    )
]


@pytest.mark.parametrize("data", COMMANDS)
def test_every_command_is_understood(data: dict[str, object]) -> None:
    assert parse_command(data).name == data["command"]


def test_commands_were_found() -> None:
    assert len(COMMANDS) >= 7


@pytest.mark.parametrize("block", [one for one in BLOCKS if "enphase_battery_result" in one.text], ids=_name)
def test_what_waits_for_a_result_waits_for_an_outcome_and_an_id_that_was_sent(block: Block) -> None:
    sent = {data.get("id") for data in _commands(block.content)}
    awaited = re.findall(r"\{id: ([\w-]+), outcome: (\w+)\}", block.text)
    assert awaited
    for identity, outcome in awaited:
        assert identity in sent
        assert Outcome(outcome).final


def test_the_pages_name_every_member_of_a_result_and_every_outcome() -> None:
    page = text_of("commands.md")
    fire = textwrap.dedent(inspect.getsource(Publisher.fire))
    (data,) = (node for node in ast.walk(ast.parse(fire)) if isinstance(node, ast.Dict) and len(node.keys) > 1)
    members = {ast.literal_eval(key) for key in data.keys if key is not None}
    assert members >= {"app", "id", "outcome", "reason", "reason_kind", "error", "report"}
    for word in (*members, *(outcome.value for outcome in Outcome)):
        assert f"`{word}`" in page


def _calls(node: object) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the name of every script of the package that is run, with its data."""
    if isinstance(node, dict):
        if str(node.get("action", "")).startswith("script."):
            yield node["action"].removeprefix("script."), node.get("data", {})
        for value in node.values():
            yield from _calls(value)
    elif isinstance(node, list):
        for value in node:
            yield from _calls(value)


def test_every_script_that_is_run_or_named_is_in_the_package_and_takes_the_data() -> None:
    package = _Loader((ROOT / "home_assistant" / "package.yaml").read_text(encoding="utf-8")).get_single_data()
    calls = [call for block in BLOCKS for call in _calls(block.content)]
    assert calls
    for name, data in calls:
        assert data.keys() <= package["script"][name]["fields"].keys(), name
    for page in PAGES:
        for name in re.findall(r"`script\.(\w+)`", page.read_text(encoding="utf-8")):
            assert name in package["script"]
