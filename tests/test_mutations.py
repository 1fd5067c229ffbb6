"""Files that say everything, broken in thousands of ways: always an answer or a refusal, never a crash.

`tests/bad/everything` is right; every one of its nodes is replaced, taken away and doubled, and the files are
cut off after every line. Whatever comes of it is carried as far as it goes: proven, loaded, planned, explained.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator
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
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import Block, Items, Tree, parse_text
from billpolicy.source.write import to_json
from billpolicy.vocabulary.operations import VOCABULARY
from tests.planning import dry_run
from tests.running import ROOT, STANDARD

EVERYTHING = ROOT / "tests" / "bad" / "everything"
TODAY = datetime.date(2026, 6, 1)

SHAPES: tuple[Any, ...] = (None, [], {}, Plain("7"), "x" * 300, [["a", ["b"]], {"c": None}], "a\x1bb\u202e")
"""What each node becomes: nothing, emptiness, a number, a nested list, texts that are too long or hostile."""
VALUES = tuple(
    map(Plain, ("-0.005", "99999999999999999999", "999999999999999.99", "9999-12-31", "0001-01-01", "true", "NO"))
)
"""And what else in books and operations: amounts, numbers and days at the edge."""


@cache
def data(name: str) -> Any:
    return parse_text((EVERYTHING / name).read_text(encoding="utf-8"), name).data


def mutations(node: Any, *replacements: Any) -> Iterator[Any]:
    """The data with one node changed, for every node and every change."""
    for path in paths(node):
        for value in replacements:
            yield changed(node, path, lambda old, value=value: value)  # type: ignore[misc]
        if path:
            yield changed(node, path[:-1], lambda old, last=path[-1]: without(old, last))  # type: ignore[misc]
            again = twice if isinstance(path[-1], int) else renamed
            yield changed(node, path[:-1], lambda old, last=path[-1], again=again: again(old, last))  # type: ignore[misc]


def with_a_key_twice(node: Any) -> Iterator[Any]:
    """The data with one key written twice, for every key."""
    for path in paths(node):
        if path and isinstance(path[-1], str):
            yield changed(node, path[:-1], lambda old, last=path[-1]: doubled(old, last))  # type: ignore[misc]


def paths(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in inside:
        yield from paths(value, (*path, step))


def changed(node: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(node)
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = changed(node[path[0]], path[1:], change)
    return copy


def without(node: Any, step: Any) -> Any:
    if isinstance(node, dict):
        return {key: value for key, value in node.items() if key != step}
    return [value for index, value in enumerate(node) if index != step]


class Twice(str):
    """A key that is written twice."""

    __slots__ = ()


def doubled(node: dict[str, Any], step: str) -> dict[str, Any]:
    return {Twice(key) if key == step else key: value for key, value in node.items()}


def twice(node: list[Any], step: int) -> list[Any]:
    return [*node, node[step]]


def renamed(node: dict[str, Any], step: str) -> dict[str, Any]:
    return {key + "s" if key == step else key: value for key, value in node.items()}


_BARE = re.compile(r"[A-Za-z0-9./+-][A-Za-z0-9 ./+-]*")


def written(node: Any) -> str:
    """The data as a YAML file: plain scalars stay plain, all else is in quotes."""
    if node is None:
        return ""
    if isinstance(node, dict):
        entries = [(key, value) for key, value in node.items() for _ in range(2 if isinstance(key, Twice) else 1)]
        return "{" + ", ".join(f"{json.dumps(key)}: {written(value)}" for key, value in entries) + "}"
    if isinstance(node, list):
        return "[" + ", ".join("null" if value is None else written(value) for value in node) + "]"
    return str(node) if isinstance(node, Plain) and _BARE.fullmatch(node) else json.dumps(node)


_SOMEWHERE = (1, 1, 1, 1)


def tree_of(node: Any) -> Tree:
    """The data as it would have been read from a file, without writing and reading it."""
    return Tree("mutated.yaml", read(node))


def read(node: Any) -> Any:
    if isinstance(node, dict):
        block = Block(_SOMEWHERE)
        for key, value in node.items():
            block[str(key)] = read(value)
        block.keys_at = block.values_at = dict.fromkeys(block, _SOMEWHERE)
        return block
    if isinstance(node, list):
        items = Items(_SOMEWHERE)
        items.extend(read(value) for value in node)
        items.items_at = [_SOMEWHERE] * len(items)
        return items
    return node


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
