"""The list of mutations goes along with the code: each still finds what it changes, and leaves a program."""

from __future__ import annotations

import ast

import pytest

from tests.mutations.mutated import Mutation, NotOnce, mutations
from tests.mutations.runs import DRIVEN, REST, matching
from tests.unit.pages import PACKAGE

MUTATIONS = mutations()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.id)
def test_every_mutation_finds_its_code_once_and_leaves_another_program(mutation: Mutation) -> None:
    path, text = mutation.applied()
    before = (PACKAGE / path).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(before))
    compile(text, str(path), "exec")


def test_names_are_told_apart() -> None:
    assert len({one.id for one in MUTATIONS}) == len(MUTATIONS)


def test_code_that_occurs_nowhere_or_more_than_once_is_said() -> None:
    with pytest.raises(NotOnce, match="nowhere"):
        Mutation("away", "", "no such" + " code", "").applied()
    with pytest.raises(NotOnce, match=r"\.py, "):
        Mutation("twice", "", "from __future__ import annotations", "").applied()


def test_the_tests_that_judge_mutations_are_there() -> None:
    assert matching([*DRIVEN, *REST])
