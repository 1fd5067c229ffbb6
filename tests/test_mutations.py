"""Files that say everything, broken in thousands of ways: always an answer or a refusal, never a crash.

`tests/bad/everything` is right; every one of its nodes is replaced, taken away and doubled, and the files are
cut off after every line. Whatever comes of it is carried as far as it goes: proven, loaded, planned, explained.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.request import Instruction
from billpolicy.report.explain import explain_plan
from billpolicy.report.explanation_text import explanation_text
from billpolicy.report.matrix import matrix_of
from billpolicy.report.plan_text import plan_text
from billpolicy.source.tree import Block, Items, parse_text
from billpolicy.source.write import to_json
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.mutations import EVERYTHING, SHAPES, VALUES, data, mutations, tree_of, with_a_key_twice, written
from tests.helpers.paths import STANDARD
from tests.helpers.planning import dry_run

TODAY = datetime.date(2026, 6, 1)


@cache
def everything() -> tuple[Versions, Book, list[Instruction]]:
    versions = Versions([Resolver(prove(EVERYTHING / "policy.yaml"), "python")])
    return versions, book_of(tree_of(data("book.yaml"))), operations_of(tree_of(data("operations.yaml")))


def carried_on(versions: Versions, book: Book, asked: list[Instruction], *, explain: bool = False) -> bool:
    """Plan and print everything; whether all operations were planned."""
    refused: list[Diagnostic] = []
    for one in dry_run(versions, book, asked, TODAY):
        refused.extend(one.problems)
        if one.plan is not None:
            assert plan_text(one.plan, versions)
            if explain:
                to_json(one.plan)
                for explanation in explain_plan(versions, VOCABULARY, one.plan):
                    assert explanation_text(explanation, every_candidate=True)
    assert all(worded(diagnostic) for diagnostic in refused)
    return not refused


def worded(diagnostic: Diagnostic) -> bool:
    """A diagnostic that a person can use: a place, a sentence of their words, nothing that steers a terminal."""
    said = str(diagnostic)
    return (
        diagnostic.position is not None
        and said.replace("\n", "").isprintable()
        and not re.search(r"\bNone\b|Plain\(|Decimal\(|\bdict\b|\btuple\b", said)
        and not diagnostic.message.endswith(".")
    )


def outcome(run: Callable[[], bool]) -> str:
    try:
        return "fine" if run() else "refused later"
    except Refused as refused:
        said = refused.diagnostics
    assert said
    assert all(worded(diagnostic) for diagnostic in said)
    return "refused"


def test_everything_is_right_as_it_is() -> None:
    assert outcome(lambda: carried_on(*everything(), explain=True)) == "fine"


def test_a_mutated_book_is_used_or_refused() -> None:
    versions, _, asked = everything()
    outcomes = [
        outcome(lambda node=node: carried_on(versions, book_of(tree_of(node)), asked))  # type: ignore[misc]
        for node in mutations(data("book.yaml"), *SHAPES, *VALUES)
    ]
    assert len(outcomes) > 3000
    assert set(outcomes) == {"fine", "refused later", "refused"}


def test_mutated_operations_are_planned_or_refused() -> None:
    versions, book, _ = everything()
    outcomes = [
        outcome(lambda node=node: carried_on(versions, book, operations_of(tree_of(node))))  # type: ignore[misc]
        for node in mutations(data("operations.yaml"), *SHAPES, *VALUES)
    ]
    assert len(outcomes) > 1000
    assert set(outcomes) == {"fine", "refused later", "refused"}


def test_a_mutated_policy_is_proven_or_refused(tmp_path: Path) -> None:
    _, book, asked = everything()
    file = tmp_path / "policy.yaml"

    def run(node: Any) -> bool:
        text = written(node)
        file.write_text(text.replace("../../../policies/standard", str(STANDARD)), encoding="utf-8")
        policy = prove(file)
        matrix_of(policy, VOCABULARY)
        return carried_on(Versions([Resolver(policy, "python")]), book, asked, explain=True)

    outcomes = [
        outcome(lambda node=node: run(node))  # type: ignore[misc]
        for node in mutations(data("policy.yaml"), *SHAPES, VALUES[0], VALUES[3])
    ]
    assert len(outcomes) > 1500
    assert set(outcomes) == {"fine", "refused later", "refused"}


@pytest.mark.parametrize("name", ["policy.yaml", "book.yaml", "operations.yaml"])
@pytest.mark.parametrize("unit", ["lines", "characters"])
def test_a_file_cut_off_anywhere_is_read_or_refused(name: str, unit: str, tmp_path: Path) -> None:
    versions, book, asked = everything()
    text = (EVERYTHING / name).read_text(encoding="utf-8").replace("../../../policies/standard", str(STANDARD))
    ends = [match.end() for match in re.finditer("\n", text)]
    file = tmp_path / name

    def run(head: str) -> bool:
        if name == "policy.yaml":
            file.write_text(head, encoding="utf-8")
            return carried_on(Versions([Resolver(prove(file), "python")]), book, asked)
        tree = parse_text(head, name)
        return carried_on(versions, book_of(tree) if name == "book.yaml" else book, asked) and (
            name == "book.yaml" or bool(operations_of(tree))
        )

    for end in ends if unit == "lines" else range(0, len(text), 97):
        assert outcome(lambda end=end: run(text[:end]))  # type: ignore[misc]


@pytest.mark.parametrize("name", ["policy.yaml", "book.yaml", "operations.yaml"])
def test_no_key_can_be_written_twice(name: str) -> None:
    count = 0
    for node in with_a_key_twice(data(name)):
        with pytest.raises(Refused) as refused:
            parse_text(written(node), name)
        assert [diagnostic.code for diagnostic in refused.value.diagnostics] == ["yaml-duplicate-key"]
        count += 1
    assert count > 50


def test_the_writer_of_mutations_writes_what_was_read() -> None:
    for name in ("policy.yaml", "book.yaml", "operations.yaml"):
        again = parse_text(written(data(name)), name).data
        assert again == data(name)
        assert isinstance(again, Block | Items)
