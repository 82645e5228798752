"""What docstrings, comments and pages cite can be looked up: in docs/enlighten-api.md, or in docs/design.md.

How the repository cites:

| written | is |
|---|---|
| a number with a point in brackets, or `section` and a number | a section of docs/enlighten-api.md |
| `S` and a number, `C` and a number, anywhere | its tables of silent failures and of contradictions |
| `variant` and a letter | its table of headers |
| `#` and three or four digits | its table of reports |
| `statement` and a number; in the simulator and its tests a number alone (below) | a statement of its section 14 |
| a small letter alone in brackets | a rule of docs/design.md |
| `step` and a number, of "How a wish becomes true" | a step there |
| `section` and a number, of docs/design.md | a section there |

A number alone is one in brackets, at the beginning of a docstring, or at the beginning of a test's name. What stands
between backticks is code, and cites nothing.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.pages import PAGES, ROOT

SOURCES = ("apps", "simulator", "tests", "demo", "bench")
STATEMENTS_ALONE = ("simulator/", "tests/simulator/")
"""Where a number alone is a statement of section 14."""

API, DESIGN = ROOT / "docs" / "enlighten-api.md", ROOT / "docs" / "design.md"

NUMBER, POINTED, STATEMENT = r"[1-9]\d?(?:\.\d{1,2})?", r"[1-9]\d?\.\d{1,2}", r"[1-9]\d?a?"
BETWEEN = r"(?:, | and | or | to )"
LIKE_A_SECTION = re.compile(rf"(?<!YAML )(?<!patchelf )(?<![\w.,:/~-])(?!4\.5\b){POINTED}(?!\w|%|\.\d| percent)")
"""AppDaemon 4.5 is none, and neither are other versions, percentages, times and ratios."""

LISTED = re.compile(rf"(?:[Ss]ection|[Ss]tatement|[Ss]tep)s? {NUMBER}a?(?:{BETWEEN}{NUMBER}a?)*")


class Text(NamedTuple):
    """A docstring, a comment, or a page; in one line, without its code."""

    file: str
    line: int
    words: str


class Citation(NamedTuple):
    """A citation, and where it stands."""

    kind: str
    name: str
    place: str


# -- what is read -----------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return a text in one line, without code, and without links, which lead somewhere by themselves."""
    text = re.sub(r"\[[^]]*\]\([^)]*\)", "", text.replace("`docs/design.md`", "docs/design.md"))
    return " ".join(re.sub(r"`[^`]*`", "`", re.sub(r"``[^`]*``", "`", text)).split())


def _of_python(path: Path) -> Iterator[Text]:
    source, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Text(name, node.lineno, _plain(node.value.value))
        elif isinstance(node, ast.FunctionDef) and (found := re.match(r"test_(\d\d?a?(?:_\d\d?a?)*)_", node.name)):
            yield Text(name, node.lineno, f"({', '.join(found[1].split('_'))})")
    comments = [
        (one.start[0], one.string.strip("# -"))
        for one in tokenize.generate_tokens(io.StringIO(source).readline)
        if one.type == tokenize.COMMENT
    ]
    lines = source.splitlines()
    whole = {line for line, _ in comments if lines[line - 1].lstrip().startswith("#")}
    numbered = ((line - at if line in whole else line, line, text) for at, (line, text) in enumerate(comments))
    for _, together in groupby(numbered, key=lambda one: (one[0], one[1] in whole)):
        block = [*together]
        yield Text(name, block[0][1], _plain(" ".join(text for _, _, text in block)))


def _of_yaml(path: Path) -> Iterator[Text]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if found := re.search(r"(?:^|\s)#\s(.*)|^scenario: (.*)", line):
            yield Text(path.relative_to(ROOT).as_posix(), number, _plain(found[1] or found[2]))


def _of_page(path: Path) -> Iterator[Text]:
    """Yield the paragraphs, items and rows of a page."""
    text = re.sub(
        r"```.*?```", lambda code: "\n" * code[0].count("\n"), path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    for found in re.finditer(r"(?:^.+\n?)(?:^(?![|-] ).+\n?)*", text, re.MULTILINE):
        yield Text(path.relative_to(ROOT).as_posix(), text.count("\n", 0, found.start()) + 1, _plain(found[0]))


def _texts() -> Iterator[Text]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from _of_python(path)
    for path in sorted((ROOT / "tests" / "scenarios").glob("*.yaml")):
        yield from _of_yaml(path)
    for path in (*PAGES, *(ROOT / one for one in ("CHANGELOG.md", "simulator/README.md", "tests/scenarios/README.md"))):
        yield from _of_page(path)


TEXTS = tuple(_texts())


# -- what is cited ----------------------------------------------------------------------------------------------------


def _listed(text: str, words: str, number: str) -> Iterator[re.Match[str]]:
    """Yield each place that has one of the words with a list of numbers after it."""
    yield from re.finditer(rf"\b(?:{words}) ({number}(?:{BETWEEN}{number})*)(?![\w.]\w)", text)


def _in_brackets(text: str) -> Iterator[list[str]]:
    """Yield what stands in each pair of brackets, in its pieces."""
    for found in re.finditer(r"\(([^()]+)\)", text):
        yield re.split(r"[,;:] | and | or | to | of ", found[1])


def _cited(text: Text) -> Iterator[tuple[str, str]]:
    """Yield what a text cites: kind and name."""
    words, is_alone = text.words, text.file.startswith(STATEMENTS_ALONE) and text.file.endswith(".py")
    for found in _listed(words, "[Ss]ections?", NUMBER):
        kind = "design" if words[found.end() :].startswith(" of docs/design.md") else "section"
        yield from ((kind, name) for name in re.findall(NUMBER, found[1]))
    for found in _listed(words, "[Ss]tatements?", STATEMENT):
        yield from (("statement", name) for name in re.findall(STATEMENT, found[1]))
    for found in _listed(words, "[Ss]teps?", r"\d"):
        if words[found.end() :].startswith(' of "How a wish becomes true"'):
            yield from (("step", name) for name in re.findall(r"\d", found[1]))
    for found in _listed(words, "[Vv]ariants?", r"[A-Z]\b"):
        yield from (("variant", name) for name in re.findall(r"\b[A-Z]\b", found[1]))
    yield from (("silent or contradiction", name) for name in re.findall(r"(?<![\w/-])[SC]\d{1,2}(?!\w)", words))
    yield from (("report", name) for name in re.findall(r"#\d{3,4}\b", words))
    for pieces in _in_brackets(words):
        yield from (("section", one) for one in pieces if re.fullmatch(POINTED, one))
        if re.fullmatch("[a-z]", pieces[0]):
            yield from (("rule", one) for one in pieces if re.fullmatch("[a-z]", one))
        if is_alone:
            yield from (("statement", one) for one in pieces if re.fullmatch(STATEMENT, one))
    lead = re.match(rf"{STATEMENT}(?:{BETWEEN}{STATEMENT})*(?=[.,:](?: |$))", words)
    if lead and is_alone:
        yield from (("statement", name) for name in re.findall(STATEMENT, lead[0]))


CITATIONS = tuple(
    Citation(kind, name, f"{text.file}:{text.line}") for text in TEXTS for kind, name in dict.fromkeys(_cited(text))
)


# -- where it is looked up --------------------------------------------------------------------------------------------


def _names() -> dict[str, list[str]]:
    """Return what can be looked up, by kind."""
    api, design = (page.read_text(encoding="utf-8") if page.exists() else "" for page in (API, DESIGN))
    statements = api.partition("\n## 14. ")[2]
    wish = design.partition("### How a wish becomes true\n")[2].partition("\n#")[0]
    return {
        "section": re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", api, re.MULTILINE),
        "statement": re.findall(r"^(\d+a?)\. ", statements, re.MULTILINE),
        "silent or contradiction": re.findall(r"^\| ([SC]\d+) \|", api, re.MULTILINE),
        "variant": re.findall(r"^\| ([A-Z]) `?", api, re.MULTILINE),
        "report": re.findall(r"^\| (#\d+) \|", api, re.MULTILINE),
        "rule": re.findall(r"^- \(([a-z])\) ", design, re.MULTILINE),
        "step": re.findall(r"^(\d)\. ", wish, re.MULTILINE),
        "design": re.findall(r"^## (\d+)\. ", design, re.MULTILINE),
    }


NAMES = _names()


@pytest.mark.parametrize("kind", NAMES)
def test_every_citation_is_there_to_be_looked_up(kind: str) -> None:
    assert [one for one in CITATIONS if one.kind == kind and one.name not in NAMES[kind]] == []


@pytest.mark.parametrize("kind", NAMES)
def test_nothing_that_can_be_cited_is_there_twice(kind: str) -> None:
    assert NAMES[kind]
    assert [name for name, times in Counter(NAMES[kind]).items() if times > 1] == []


def test_the_citations_are_found() -> None:
    code = [one for one in CITATIONS if not one.place.startswith("docs/")]
    assert len([one for one in code if one.place.startswith("apps/")]) >= 150
    assert len([one for one in code if one.place.startswith(STATEMENTS_ALONE)]) >= 250
    assert {one.kind for one in code} >= NAMES.keys() - {"design"}


def test_no_number_that_looks_like_a_section_is_overlooked() -> None:
    def overlooked(text: Text) -> bool:
        cited = {name for kind, name in _cited(text) if kind in ("section", "design")}
        return any(found[0] not in cited for found in LIKE_A_SECTION.finditer(text.words))

    assert [text for text in TEXTS if text.file.endswith(".py") and overlooked(text)] == []


def test_a_number_alone_in_brackets_says_what_it_is_outside_the_simulator() -> None:
    alone = [
        text
        for text in TEXTS
        if text.file.endswith(".py") and not text.file.startswith(STATEMENTS_ALONE)
        if any(re.fullmatch(STATEMENT, one) for pieces in _in_brackets(LISTED.sub("", text.words)) for one in pieces)
    ]
    assert alone == []


def test_nothing_is_cited_that_the_repository_does_not_hold() -> None:
    gone = re.compile(r"\bthe (?:project's )?design\b|battery-api|\bcontract \d|\b[Ss]pec\b")
    assert [text for text in TEXTS if gone.search(text.words)] == []
