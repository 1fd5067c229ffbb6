"""Statements: written once, as SQL that every database understands, and for each dialect as its driver takes them.

They run straight on the driver: the rows of one operation are written several times faster than through SQLAlchemy.
A parameter stands as `:name`. A list of keys, of texts or of numbers, is one parameter; how a database looks
for a value among them is its dialect's, and stands where `IN {keys}` is written. Where they are pairs, `{pairs}` is a
table of them.

A ledger is asked about few rows of large tables, and which are the few no database can tell: they come as parameters.
So a statement says it. `IN {few}` is "among those of `few`", a table of one column that the statement itself made; and
`FROM few {each large name ON ...}` goes from each row of `few` to those rows of `large`, and never the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import Any, NamedTuple, Protocol

from billpolicy.ledger.tables import Table

Row = tuple[Any, ...]
Answer = Callable[[], list[Row]]


class Write(NamedTuple):
    """Rows, at least one, that are written by one statement."""

    into: Table | str
    """A table that whole rows are inserted into, their values in the order of the columns; or a statement, and their
    values in the order in which it names its parameters."""
    rows: Sequence[Row]


class Question(NamedTuple):
    """A statement that a cursor is to run."""

    cursor: Any
    sql: str
    values: tuple[Any, ...]


class Dialect(Hashable, Protocol):
    """What differs between databases; one room each."""

    mark: str
    """What stands in place of a parameter."""
    in_keys: str
    """The SQL after a value that says that it is one of the parameter `:keys`."""

    pairs: str
    """A table of the pairs that the parameter `:keys` lists, with columns `one` and `other`, as SQL."""
    in_few: str
    """The SQL after a value that says that it is one of those in the table `{few}`."""
    each: str
    """The SQL after a table that joins to each of its rows those of the table `{large}`, as `{name}`, of which `{on}`
    holds, in that order."""

    def keys(self, keys: Collection[Any]) -> Any:
        """A list of keys, or of pairs of them, as one parameter."""

    def write(self, cursor: Any, writes: Sequence[Write]) -> None:
        """Write rows, in this order, as fast as it can."""

    def ask(self, questions: Sequence[Question]) -> None:
        """Have each cursor run its statement, waiting as seldom as it can."""

    def streaming(self, driver: Any) -> Any:
        """A cursor for more rows than are to be held at once."""


class Connection:
    """A connection lent by a database, inside a transaction that somebody else ends."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self.driver = driver
        """The connection of the driver, as Python's database API has it."""
        self.dialect = dialect
        self._cursor = driver.cursor()
        self._asked: list[Question] | None = None
        """What is to be asked at the end of `at_once`."""
        self._gathered: list[Write] | None = None
        """What is to be written at the end of `together`."""
        self._streaming: list[Any] = []
        """Cursors of which not all was read yet."""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what was not read to its end, as where a reader stops in the middle: whoever is lent the driver
        next would find the moment of now still open."""
        for cursor in self._streaming:
            cursor.close()

    def rows(self, statement: str, keys: Collection[Any] | None = None, **values: Any) -> list[Row]:
        """The rows that a statement finds. With no keys nothing is asked: there is nothing to be found."""
        if keys is not None and not keys:
            return []
        sql, given = self._put(statement, keys, values)
        self._cursor.execute(sql, given)
        found: list[Row] = self._cursor.fetchall()
        return found

    def ask(self, statement: str, keys: Collection[Any] | None = None, **values: Any) -> Answer:
        """As `rows`, which are given when they are called for; inside `at_once`, not before its end."""
        if keys is not None and not keys:
            return list
        question = Question(self.driver.cursor(), *self._put(statement, keys, values))
        if self._asked is None:
            question.cursor.execute(question.sql, question.values)
        else:
            self._asked.append(question)
        answer: Answer = question.cursor.fetchall
        return answer

    def _put(self, statement: str, keys: Collection[Any] | None, values: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """A statement as the driver takes it, and its parameters."""
        if keys is not None:
            values = values | {"keys": self.dialect.keys(keys)}
        sql, names = compiled(statement, self.dialect)
        return sql, tuple(values[name] for name in names)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is asked in it, none of it by what another answers, goes to the database in one go."""
        asked: list[Question] = []
        self._asked = asked
        try:
            yield
        finally:
            self._asked = None
        if asked:
            self.dialect.ask(asked)

    def each(self, statement: str, **values: Any) -> Iterator[Row]:
        """All rows that a statement finds, one by one: for what may be more than is to be held at once."""
        sql, given = self._put(statement, None, values)
        with closing(self.dialect.streaming(self.driver)) as cursor:  # of its own: others are asked for rows meanwhile
            self._streaming.append(cursor)
            cursor.execute(sql, given)
            yield from cursor
            self._streaming.remove(cursor)

    def run(self, statement: str, rows: Sequence[Row]) -> None:
        """A statement once for each row of its parameters, in the order in which it names them."""
        self._write(statement, rows)

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert whole rows: their values in the order of the columns."""
        self._write(table, rows)

    def _write(self, into: Table | str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        if self._gathered is None:
            self.dialect.write(self._cursor, [Write(into, rows)])
        else:
            self._gathered.append(Write(into, rows))

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written in it is sent at its end, in one go. Whoever asks in it is not told of that yet."""
        gathered: list[Write] = []
        self._gathered = gathered
        try:
            yield
        finally:
            self._gathered = None
        self.dialect.write(self._cursor, gathered)

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


_EACH = re.compile(r"\{each (\w+)(?: (\w+))? ON ([^{}]+)\}")
_IN_FEW = re.compile(r"IN \{(\w+)\}")
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


def written_by(write: Write, dialect: Dialect) -> str:
    """The text for the driver by which rows are written one by one."""
    return compiled(insert_into(write.into) if isinstance(write.into, Table) else write.into, dialect)[0]


@cache
def insert_into(table: Table) -> str:
    """Insert a whole row: its values in the order of the columns."""
    return f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES (:{', :'.join(table.names)})"


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
    return f"SELECT {', '.join(f'{table.name}.{name}' for name in table.names)} FROM {table.name}"


@cache
def compiled(statement: str, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The text for the driver, and the names of its parameters in their order."""
    written = statement.replace("IN {keys}", dialect.in_keys).replace("{pairs}", dialect.pairs)
    written = _EACH.sub(lambda m: dialect.each.format(large=m[1], name=m[2] or m[1], on=m[3]), written)
    written = _IN_FEW.sub(lambda m: dialect.in_few.format(few=m[1]), written)
    return _PARAMETER.sub(dialect.mark, written), tuple(_PARAMETER.findall(written))
