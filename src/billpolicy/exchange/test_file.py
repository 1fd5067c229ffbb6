"""A file of policy tests as cases, each ready to run, with every mistake at its line (docs/policy-tests.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.diagnostics.limit import stop_at_limit
from billpolicy.exchange.operations_file import MAX_MEGABYTES, operation_at, operations_of
from billpolicy.planning.request import Instruction
from billpolicy.source.files import named_from, on_disk, place
from billpolicy.source.folders import TESTS
from billpolicy.source.overlaid import Overlaid
from billpolicy.source.plain_file import is_there
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import AsWritten, Date, Prose, Text
from billpolicy.source.tree import Block, Items, Tree, parse
from billpolicy.testing.expected import in_form
from billpolicy.testing.model import Case, Expectation, TestFile

_Place = tuple[str | int, ...]
"""Where something stands in a file."""
ALONE = "asked"
"""The id of the one operation of a test, where it says none."""


@record
class CaseText:
    """A test as its file has it."""

    name: Text
    """What is tested, in words; no other test of the file is called so."""
    skip: Prose | None = None
    """Why it is not run; it is told as skipped."""
    today: Date | None = None
    """The day of planning; by default the date of each operation."""
    book: Any = None
    """A book file; or what is in the book, over the book that all tests of the file share: records of the same id or
    number are changed key by key, others are added."""
    operation: Any = None
    """The operation, as in a file of operations, or its id in the shared one."""
    operations: Any = None
    """Several of them, each on what those before it leave."""
    expect: Any
    """What is expected of the operation; of several, by the id of each."""


@record
class TestFileText:
    """A file of policy tests."""

    policy: Any = None
    """The policy that is tested, or a list of its versions; by default the folder in which the file stands."""
    today: Date | None = None
    book: Any = None
    """What all tests share: a book file, or a book."""
    operations: AsWritten | None = None
    """A file with operations that tests name by their id."""
    tests: tuple[CaseText, ...]

    __test__ = False


def find_tests(path: str | Path) -> list[Path]:
    """The files of tests at a path, by name: one file, those beside a policy that is one file, or all below a folder.

    Raises `Refused` where there is nothing at the path.
    """
    path = on_disk(str(place(path)))
    if path.name.endswith(TESTS):
        return [path]
    if not is_there(path):
        raise _refused("policy-missing", f"there is no policy at `{path}`", Position(str(path)), "check the path")
    if not path.is_dir():
        return [file for file in _tests_in(path.parent) if file.parent == path.parent]
    return _tests_in(path)


def _tests_in(folder: Path) -> list[Path]:
    found = (file for ending in TESTS for file in folder.rglob(f"*{ending}"))
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts))


def load_tests(path: str | Path) -> TestFile:
    """The tests of a file. Raises `Refused` with every mistake of form, in it and in the books that it names."""
    return _Reading(parse(Path(path), max_megabytes=MAX_MEGABYTES, look=_look)).file()


def _look(begun: Tree) -> object:
    return read_record(TestFileText, begun)


@dataclass(frozen=True)
class _Shared:
    """What the tests of a file share."""

    tree: Tree | None
    book: Book | None
    operations: Mapping[str, Instruction] | None
    today: Any


class _Reading:
    """One file of tests being read."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._folder = Path(tree.file).parent
        self._problems: list[Diagnostic] = []
        self._books: dict[str, Tree] = {}

    def file(self) -> TestFile:
        text = read_record(TestFileText, self._tree)
        policies = self._policies()
        shared = self._shared(text)
        cases, first = [], dict[str, Position]()
        for index, case in enumerate(text.tests):
            stop_at_limit(self._problems, Position(self._tree.file))
            at = self._tree.at("tests", index, "name")
            if case.name in first:
                message = f"two tests are called `{case.name}` (the first on line {first[case.name].line})"
                self._problems.append(Diagnostic("test-twice", message, at, "call each test by a name of its own"))
            first.setdefault(case.name, at)
            try:
                cases.append(self._case(case, ("tests", index), shared, at))
            except Refused as refused:
                self._problems += refused.diagnostics
        if not text.tests:
            self._problems.append(
                Diagnostic("tests-missing", "no test is listed", self._tree.at("tests"), "list at least one")
            )
        if self._problems:
            raise Refused(self._problems)
        return TestFile(Path(self._tree.file), policies, tuple(cases))

    def _case(self, text: CaseText, path: _Place, shared: _Shared, at: Position) -> Case:
        problems: list[Diagnostic] = []
        book: Book | None = None
        asked: tuple[Instruction, ...] = ()
        expected: dict[str, Expectation] = {}
        try:
            book = self._book_of(path, shared, at)
        except Refused as refused:
            problems += refused.diagnostics
        try:
            asked, expected = self._asked(text, path, shared)
        except Refused as refused:
            problems += refused.diagnostics
        today = text.today or shared.today
        for one in asked:
            if one.request.date is None and today is None:
                message = f"`{one.request.operation}` has no date here, and nothing says which day `today` is"
                problems.append(Diagnostic("test-wrong", message, one.at(), "add `date` to it, or `today` to the test"))
        if book is None or problems:
            raise Refused(problems)
        return Case(text.name, at, book, asked, expected, today, text.skip)

    # -- policy, book and operations -------------------------------------------------------------------------------

    def _policies(self) -> tuple[Path, ...]:
        said = self._tree.data.get("policy")
        if said is None:
            return (self._folder,)
        listed = list(said) if isinstance(said, Items) else [said]
        for index, one in enumerate(listed):
            if not isinstance(one, str):
                at = self._tree.at("policy", index) if isinstance(said, Items) else self._tree.at("policy")
                raise _refused("value-wrong", "a path is wanted here", at, "name a policy, a folder or a file")
        return tuple(on_disk(os.path.normpath(str(named_from(self._folder, one)))) for one in listed)

    def _shared(self, text: TestFileText) -> _Shared:
        operations = None
        if text.operations is not None:
            file = self._parsed(text.operations, self._tree.at("operations"))
            operations = {one.request.id: one for one in operations_of(file)}
        said = self._tree.data.get("book")
        tree = None if said is None else self._book_tree(self._tree, ("book",), said)
        # A book that is only changed need not be whole.
        alone = any("book" not in one for one in self._tree.data["tests"])
        return _Shared(tree, book_of(tree) if tree is not None and alone else None, operations, text.today)

    def _book_of(self, path: _Place, shared: _Shared, at: Position) -> Book:
        said = _data(self._tree, path).get("book")
        if said is None and shared.book is None:
            hint = "add `book`, with a file or what is in it, to the test or to the whole file"
            raise _refused("test-wrong", "this test has no book", at, hint)
        if said is None:
            assert shared.book is not None
            return shared.book
        tree = self._book_tree(self._tree, (*path, "book"), said)
        over = shared.tree is not None and not isinstance(said, str)
        return book_of(Overlaid(shared.tree, tree) if over and shared.tree is not None else tree)

    def _book_tree(self, tree: Tree, path: _Place, said: Any) -> Tree:
        if isinstance(said, str):
            if said not in self._books:
                self._books[said] = self._parsed(said, tree.at(*path))
            return self._books[said]
        if isinstance(said, Block):
            return Tree(tree.file, said)
        message = "a book is wanted here, or the name of its file"
        raise _refused("value-wrong", message, tree.at(*path), "write it as `book: book.yaml`")

    def _parsed(self, name: str, at: Position) -> Tree:
        """A file that is named at a place: there it is told if it cannot be read at all."""
        try:
            return parse(self._beside(name), max_megabytes=MAX_MEGABYTES)
        except Refused as refused:
            raise Refused(
                one if one.position is not None and one.position.line else one._replace(position=at)
                for one in refused.diagnostics
            ) from None

    def _beside(self, name: str) -> Path:
        return Path(os.path.normpath(self._folder / name))

    # -- what is asked for, and what is expected of it -------------------------------------------------------------

    def _asked(
        self, text: CaseText, path: _Place, shared: _Shared
    ) -> tuple[tuple[Instruction, ...], dict[str, Expectation]]:
        if (text.operation is None) == (text.operations is None):
            message = "a test has either one `operation` or several `operations`"
            raise _refused("test-wrong", message, self._tree.at(*path), "write one of the two")
        if text.operation is not None:
            one = self._operation((*path, "operation"), shared, ALONE)
            return (one,), {one.request.id: self._expectation((*path, "expect"))}
        asked = self._several(text, path, shared)
        expect = (*path, "expect")
        if not isinstance(text.expect, Block):
            message = "what is expected of several operations is a mapping, by the id of each"
            raise _refused("test-wrong", message, self._tree.at(*expect), "write `expect: {ID: {...}}`")
        problems, known = [], [one.request.id for one in asked]
        expected = {}
        for id in text.expect:
            try:
                if id not in known:
                    at = self._tree.at(*expect, id, key=True)
                    message = f"no operation of this test is `{id}`"
                    raise _refused("test-wrong", message, at, did_you_mean(id, known))
                expected[id] = self._expectation((*expect, id))
            except Refused as refused:
                problems += refused.diagnostics
        if problems:
            raise Refused(problems)
        return asked, expected

    def _several(self, text: CaseText, path: _Place, shared: _Shared) -> tuple[Instruction, ...]:
        here = (*path, "operations")
        if not isinstance(text.operations, Items) or not text.operations:
            message = "a list of operations is wanted here"
            raise _refused("value-wrong", message, self._tree.at(*here), "write them as lines that begin with `- `")
        asked: dict[str, Instruction] = {}
        problems: list[Diagnostic] = []
        for index, _ in enumerate(text.operations):
            try:
                one = self._operation((*here, index), shared, f"{ALONE}-{index + 1}")
            except Refused as refused:
                problems += refused.diagnostics
                continue
            if one.request.id in asked:
                message = f"the operation id `{one.request.id}` is used twice"
                at = self._tree.at(*here, index)
                problems.append(Diagnostic("id-repeated", message, at, "give each operation its own id"))
            asked[one.request.id] = one
        if problems:
            raise Refused(problems)
        return tuple(asked.values())

    def _operation(self, path: _Place, shared: _Shared, id: str) -> Instruction:
        said = _data(self._tree, path)
        if isinstance(said, str):
            return self._named(said, self._tree.at(*path), shared)
        if not isinstance(said, Block):
            message = "an operation is wanted here, or the id of one of the shared `operations`"
            raise _refused("value-wrong", message, self._tree.at(*path), "write it as in a file of operations")
        if "id" in said:
            return operation_at(self._tree, path)
        whole = Block(said.mark)
        whole.update(said)
        whole.keys_at, whole.values_at = {**said.keys_at, "id": said.mark}, {**said.values_at, "id": said.mark}
        whole["id"] = id
        return operation_at(Tree(self._tree.file, whole), ())

    def _named(self, id: str, at: Position, shared: _Shared) -> Instruction:
        if shared.operations is None:
            message = f"`{id}` would be an operation of a shared file, and this file names none"
            raise _refused("test-wrong", message, at, "add `operations: operations.yaml` to the whole file")
        if id not in shared.operations:
            message = f"there is no operation `{id}` in the file of operations"
            raise _refused("test-wrong", message, at, did_you_mean(id, shared.operations))
        return shared.operations[id]

    def _expectation(self, path: _Place) -> Expectation:
        said = _data(self._tree, path)
        if not isinstance(said, Block) or not said:
            message = "what is expected is wanted here"
            hint = "write it as `key: value` lines, like `bill_to_contact: anna` or `refused: over-applied`"
            raise _refused("value-wrong", message, self._tree.at(*path), hint)
        return Expectation(in_form(Tree(self._tree.file, said)))


def _refused(code: Code, message: str, at: Position, hint: str | None) -> Refused:
    return Refused([Diagnostic(code, message, at, hint)])


def _data(tree: Tree, path: _Place) -> Any:
    data = tree.data
    for step in path:
        data = data[step]
    return data
