"""What is said of a table: its columns, keys, references and indexes, as plain values.

Every command that opens a ledger reads them. SQLAlchemy takes longer to import than most commands to answer, so that it
is told of them only where tables are made (`migrations/metadata.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple


class Type(Enum):
    """What a column holds."""

    TEXT = "text"
    CURRENCY = "currency"
    """Text of 3 characters."""
    DATE = "date"
    """Text of 10 characters."""
    BOOLEAN = "boolean"
    INTEGER = "integer"
    BIG_INTEGER = "big integer"
    ID = "id"
    """A big integer; in SQLite the number of the row itself."""


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: Type
    references: str | None = None
    """Table and column, like `accounts.id`, in which each of its values is found."""
    later: bool = False
    """Whether that is checked at commit: the row it names may be written after this one."""
    primary_key: bool = False
    """Whether it is one of the columns by which rows are told apart."""
    nullable: bool = True
    """Whether it may be empty; what is of the primary key never is."""
    unique: bool = False
    indexed: bool = False
    """Whether it has an index of its own."""
    default: str | bool | None = None
    """What the database puts where nothing is given."""
    comment: str | None = None


class Reference(NamedTuple):
    """Columns whose values together are found in a row of another table."""

    columns: tuple[str, ...]
    table: str
    theirs: tuple[str, ...]
    """The columns there."""
    later: bool = False


class Table:
    """A table. Each is another one, whatever it has in it."""

    def __init__(
        self,
        name: str,
        *columns: Column,
        references: Sequence[Reference] = (),
        without_rowid: bool = False,
        comment: str | None = None,
    ) -> None:
        """`references`: those of several columns. `without_rowid`: SQLite keeps the rows by their primary key alone."""
        self.name = name
        self.columns = columns
        self.names = tuple(column.name for column in columns)
        self.key = tuple(column.name for column in columns if column.primary_key)
        """The names of the columns by which rows are told apart."""
        self.without_rowid = without_rowid
        self.comment = comment
        self._references = references

    @property
    def references(self) -> list[Reference]:
        """Every reference to another table."""
        found = [*self._references]
        for column in self.columns:
            if column.references is not None:
                table, theirs = column.references.split(".")
                found.append(Reference((column.name,), table, (theirs,), column.later))
        return found


class Index(NamedTuple):
    """An index of some columns of a table, in this order."""

    name: str
    table: Table
    columns: tuple[str, ...]
    where: str | None = None
    """Of which rows, as SQL that every database understands; None is of all."""
    unique: bool = False
