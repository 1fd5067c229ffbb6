"""A table as it is read, whatever program wrote it: its columns, and row by row the text of each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from billpolicy.diagnostics.diagnostic import Diagnostic, Position


class Row(NamedTuple):
    """A row and the line on which it begins, from 1."""

    line: int
    cells: Sequence[str]


class Table(Protocol):
    """One CSV file, or one sheet of a workbook."""

    file: str
    columns: Sequence[str]
    """The cells of the first row, with their white space joined; empty where a column has no name."""

    def rows(self) -> Iterator[Row | Diagnostic]:
        """The rows below it in turn, without those that are empty; in the place of one that is no row, why."""

    def at(self, line: int, column: int) -> Position:
        """Where a cell stands, by its place in the row, from 0."""


def no_table(message: str, at: Position, hint: str) -> Diagnostic:
    """A file or a row that is no table."""
    return Diagnostic("table-wrong", message, at, hint)
