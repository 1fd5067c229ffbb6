"""A policy test: a book, operations, and what is expected of them. Plain data, read by `exchange/test_file.py`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from billpolicy.book.book import Book
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.planning.request import Instruction
from billpolicy.source.tree import Block, Tree


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is expected of one operation, as the file says it."""

    tree: Tree
    """Its root is that of the expectation."""

    @property
    def data(self) -> Block:
        """What is expected, by key."""
        found: Block = self.tree.data
        return found


@dataclass(frozen=True, eq=False)
class Case:
    """One test: these operations in turn on this book."""

    name: str
    position: Position
    book: Book
    operations: tuple[Instruction, ...]
    expected: Mapping[str, Expectation]
    """Id of an operation -> what is expected of it. One of which nothing is expected must not be refused."""
    today: datetime.date | None = None
    """The day of planning; without it, the date of each operation."""
    skip: str | None = None
    """Why it is not run."""


@dataclass(frozen=True, eq=False)
class TestFile:
    """The tests of one file, and the policy that they are about."""

    path: Path
    policies: tuple[Path, ...]
    """Versions of it, each in force on days of its own."""
    cases: tuple[Case, ...]

    __test__ = False  # pytest takes every class that is called so for tests
