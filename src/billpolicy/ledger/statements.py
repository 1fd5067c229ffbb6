"""Statements: written once, as SQLAlchemy Core or as SQL that every database understands, compiled once per dialect.

They run straight on the driver: the rows of one operation are written several times faster than through SQLAlchemy,
which knows the tables and the dialects. A list of keys, of texts or of numbers, is one parameter; how a database looks
for a value among them is its dialect's, and stands where `IN {keys}` is written. Where they are pairs, `{pairs}` is a
table of them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ClauseElement, Table, bindparam, select, text
from sqlalchemy import Dialect as Syntax

Row = tuple[Any, ...]


class Dialect(Hashable, Protocol):
    """What differs between databases; one room each."""

    syntax: Syntax
    """How SQLAlchemy writes SQL for it."""
    in_keys: str
    """The SQL after a value that says that it is one of the parameter `:keys`."""

    pairs: str
    """A table of the pairs that the parameter `:keys` lists, with columns `one` and `other`, as SQL."""

    def keys(self, keys: Collection[Any]) -> Any:
        """A list of keys, or of pairs of them, as one parameter."""

    def insert(self, cursor: Any, table: Table, rows: Sequence[Row]) -> None:
        """Insert whole rows, as fast as it can."""

    def streaming(self, driver: Any) -> Any:
        """A cursor for more rows than are to be held at once."""


class Connection:
    """A connection lent by a database, inside a transaction that somebody else ends."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self.driver = driver
        """The connection of the driver, as Python's database API has it."""
        self.dialect = dialect
        self._cursor = driver.cursor()

    def rows(self, statement: Statement, keys: Collection[Any] | None = None, **values: Any) -> list[Row]:
        """The rows that a statement finds. With no keys nothing is asked: there is nothing to be found."""
        if keys is not None:
            if not keys:
                return []
            values["keys"] = self.dialect.keys(keys)
        sql, names = compiled(statement, self.dialect)
        self._cursor.execute(sql, tuple(values[name] for name in names))
        found: list[Row] = self._cursor.fetchall()
        return found

    def each(self, statement: Statement, **values: Any) -> Iterator[Row]:
        """All rows that a statement finds, one by one: for what may be more than is to be held at once."""
        sql, names = compiled(statement, self.dialect)
        with closing(self.dialect.streaming(self.driver)) as cursor:  # of its own: others are asked for rows meanwhile
            cursor.execute(sql, tuple(values[name] for name in names))
            yield from cursor

    def run(self, statement: Statement, rows: Sequence[Row]) -> None:
        """A statement once for each row of its parameters, in the order in which it names them."""
        if rows:
            self._cursor.executemany(compiled(statement, self.dialect)[0], rows)

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert whole rows: their values in the order of the columns."""
        if rows:
            self.dialect.insert(self._cursor, table, rows)

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction, which is undone alone where something is raised in it."""
        self._cursor.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK TO SAVEPOINT part")
            raise
        finally:
            self._cursor.execute("RELEASE SAVEPOINT part")


Statement = str | ClauseElement


@cache
def insert_into(table: Table) -> ClauseElement:
    """Insert a whole row: its values in the order of the columns."""
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
    return table.insert().inline().values(values)  # inline: no database is asked for anything that it gave


def last_id(connection: Connection, table: Table) -> int:
    """The highest id of a table whose rows are counted, 1, 2, 3, ...; 0 of an empty one. Nobody else writes it before
    the transaction is over, so those that follow are free."""
    ((last,),) = connection.rows(_last_id(table))
    return int(last)


@cache
def _last_id(table: Table) -> str:
    return f"SELECT coalesce(max(id), 0) FROM {table.name}"


@cache
def select_from(table: Table) -> str:
    """Select whole rows, as the beginning of a statement."""
    return str(select(table).compile()).replace("\n", " ")


@cache
def compiled(statement: Statement, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The text for the driver, and the names of its parameters in their order."""
    if isinstance(statement, str):
        statement = text(statement.replace("IN {keys}", dialect.in_keys).replace("{pairs}", dialect.pairs))
    compiled = statement.compile(dialect=dialect.syntax)
    return str(compiled), tuple(compiled.positiontup or ())  # type: ignore[attr-defined]
