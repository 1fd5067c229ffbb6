"""A ledger in a schema of a database of PostgreSQL: its connections, transactions and tables.

Many read beside one writer, each seeing one moment. Writers take turns by a lock that the server gives back when the
connection is lost: so numbers have no gaps, no transaction ever has to be begun anew, and what is read before anything
is written is what is there when it is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import cache
from itertools import chain, count, groupby
from pathlib import Path
from threading import get_ident
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.ledger.copying import copy_rows
from billpolicy.ledger.databases import refuse_other_revision
from billpolicy.ledger.idle import Idle
from billpolicy.ledger.postgresql.addresses import check_address
from billpolicy.ledger.postgresql.failures import is_of_tables, refusal, server_failures
from billpolicy.ledger.postgresql.guards import statements as guard_statements
from billpolicy.ledger.postgresql.rights import (
    may_make_tables,
    may_not_make,
    may_not_read,
    may_not_write,
    may_only_read,
)
from billpolicy.ledger.postgresql.tables import breaches, orphans_in
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.statements import Connection, Question, Row, Write, compiled, insert_into, written_by
from billpolicy.ledger.tables import Table

BUSY_SECONDS = 30
"""How long a writer waits for another one before it is refused."""
CONNECT_SECONDS = 10
_WHERE_NOBODY_ANSWERS = {
    "tcp_user_timeout": BUSY_SECONDS * 1000,
    "keepalives_idle": BUSY_SECONDS,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""After so many milliseconds and seconds a connection over a network counts as lost, unless its address says otherwise:
a firewall forgets one that is long idle, and tells nobody. The system would wait for a quarter of an hour."""
_MOST_IDLE = 5
"""How many connections are kept for those who come later; as many as are wanted at a time are made."""
_OLDEST = 150000
"""PostgreSQL 15, as the server tells its version."""
_MARK = "a ledger of billpolicy"
"""Stands at `alembic_version`, so that the tables of another program are never taken for a ledger."""
_COPIED = 20
"""From so many rows on they are copied in, which is faster than inserting them."""
_ONLY_THERE = """
SELECT pg_catalog.set_config(
    'search_path', pg_catalog.concat(pg_catalog.quote_ident(current_schema), ', pg_temp'), false
)
WHERE current_schema IS NOT NULL
"""
"""Names are those of the ledger's schema, and before these the server's own: others could stand in their place."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('billpolicy'), hashtext(current_schema()))"
_LOCK_IF_MAY_WRITE = f"SELECT CASE WHEN has_table_privilege('chain', 'INSERT') THEN CAST(({_LOCK}) AS text) END"
"""Nothing is locked where this role may only read."""
_REVISION_IF_MAY_WRITE = """
SELECT CASE WHEN has_table_privilege('chain', 'INSERT')
THEN coalesce((SELECT max(version_num) FROM alembic_version), '') END
"""
"""Of the tables, as it is when the lock is given: a newer program may have brought them up to date since the ledger was
opened."""
_KEYED = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashagg": "off",
}
"""Who posts asks for few rows of large tables, and says how to come to them. One plan does for all keys: to plan anew,
to compile, or to make room for as many rows as the server guesses, takes longer than the answer. What it believes of a
table may be from when that was empty."""


def _set(settings: Mapping[str, str]) -> str:
    """Until the transaction is over, whatever the server or the role is set to."""
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())


_TO_READ = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", _set({"jit": "off"}))


def _to_write() -> tuple[str, str]:
    """Each statement sees what was committed when the lock was given, and a commit waits for the disk."""
    settings = {"synchronous_commit": "on", "lock_timeout": f"{BUSY_SECONDS}s", **_KEYED}
    return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", _set(settings)


_VERSION = """
SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p')),
    obj_description(to_regclass(quote_ident(current_schema()) || '.alembic_version'))
"""
"""Only of the schema in which tables are made: whoever found a ledger in a later one of `search_path` would wait for
another lock than the others."""


class PostgresDialect:
    """How SQL is written for PostgreSQL."""

    mark = "%s"
    in_keys = "= ANY(:keys)"
    pairs = "(SELECT value ->> 0 AS one, value ->> 1 AS other FROM jsonb_array_elements(CAST(:keys AS jsonb)))"
    in_few = "= ANY(ARRAY(SELECT * FROM {few}))"
    each = "CROSS JOIN LATERAL (SELECT * FROM {large} {name} WHERE {on} OFFSET 0) {name}"
    """`OFFSET 0` keeps the planner from turning the join round."""
    _names = count(1)

    def keys(self, keys: Collection[Any]) -> Any:
        """A list of keys, or of pairs of them, as one parameter."""
        several = list(keys)
        return json.dumps(several) if isinstance(several[0], tuple) else several

    def write(self, cursor: Any, writes: Sequence[Write]) -> None:
        """Write rows: many are copied in, and all others wait for no answer in between."""
        for many, those in groupby(writes, _are_copied):
            if many:
                for write in those:
                    _copy(cursor, write.into, write.rows)
            else:
                with cursor.connection.pipeline():
                    for write in those:
                        if isinstance(write.into, Table):
                            cursor.execute(_inserting(write.into, len(write.rows)), tuple(chain(*write.rows)))
                        else:
                            cursor.executemany(written_by(write, self), write.rows)

    def ask(self, questions: Sequence[Question]) -> None:
        """Send them one after the other, and wait once."""
        with questions[0].cursor.connection.pipeline() if len(questions) > 1 else nullcontext():
            for question in questions:
                question.cursor.execute(question.sql, question.values)

    def streaming(self, driver: Any) -> Any:
        """A cursor that has the server hand out rows as they are asked for."""
        return driver.cursor(f"each_{next(self._names)}")


def _are_copied(write: Write) -> bool:
    return isinstance(write.into, Table) and len(write.rows) >= _COPIED


def _copy(cursor: Any, table: Any, rows: Sequence[Row]) -> None:
    with cursor.copy(f"COPY {table.name} ({', '.join(table.names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


DIALECT = PostgresDialect()


@cache
def _inserting(table: Table, count: int) -> str:
    """One statement that inserts so many rows."""
    begin, _, row = compiled(insert_into(table), DIALECT)[0].rpartition(" VALUES ")
    return f"{begin} VALUES {', '.join([row] * count)}"


class PostgresDatabase:
    """The ledger at an address, open. Threads may share it; a child process opens its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._idle: Idle[psycopg.Connection] = Idle(_MOST_IDLE)
        self._writing: set[int] = set()
        """The threads that are writing."""

    def close(self) -> None:
        """Close every connection."""
        self._idle.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the ledger as of one moment. Raises `Refused` where the server fails."""
        with self._failures(), self._connection(*_TO_READ) as (driver, _):
            try:
                with Connection(driver, DIALECT) as connection:
                    yield connection
                driver.execute("COMMIT")  # to roll back would let the driver forget all statements that it has prepared
            except psycopg.errors.InsufficientPrivilege:
                _roll_back(driver)
                raise may_not_read(driver, self.url) from None
            except BaseException:
                _roll_back(driver)
                raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that commits at the end, or not at all. Only one at a time.

        Raises `Refused` where the server fails, another one does not finish in time, or this role may only read.
        """
        if get_ident() in self._writing:  # it would wait for itself
            raise ValueError("this ledger is being written already, by whoever called this")
        turn = (*_to_write(), _LOCK_IF_MAY_WRITE, _REVISION_IF_MAY_WRITE)
        with self._failures(), self._connection(*turn) as (driver, revision):
            self._writing.add(get_ident())
            try:
                if revision is None:
                    raise may_only_read(self.url)
                if revision != REVISIONS[-1]:
                    _refuse_unknown(version_in(driver, self.url), self.url)
                with Connection(driver, DIALECT) as connection:
                    yield connection
                driver.execute("COMMIT")
            except psycopg.errors.InsufficientPrivilege:
                _roll_back(driver)
                raise may_not_write(driver, self.url) from None
            except BaseException:
                _roll_back(driver)
                raise
            finally:
                self._writing.discard(get_ident())

    def damages(self, connection: Connection) -> Iterator[str]:
        """What is wrong with the files of the server: it looks after them itself, and has none of them to tell."""
        yield from ()

    def schema_breaches(self, connection: Connection) -> Iterator[str]:
        """What of the tables, their indexes and guards is not as this program makes them, one sentence each."""
        yield from breaches(connection.driver)

    def orphans(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """The tables of rows that name rows of another table which are not there, and that other table."""
        yield from orphans_in(connection)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """As `server_failures`; what fails because the tables are not a ledger's any more is told as that."""
        with server_failures(self.url):
            try:
                yield
            except psycopg.Error as error:
                if is_of_tables(error) and (breach := self._first_breach()):
                    hint = "run `billpolicy ledger check`, and restore the ledger from a backup"
                    raise refusal("ledger-damaged", f"this ledger is damaged: {breach}", self.url, hint) from None
                raise

    def _first_breach(self) -> str | None:
        """One of `schema_breaches`, by a connection of its own; None where there are none, or nobody can tell."""
        try:
            with self._connection(*_TO_READ) as (driver, _):
                return next(breaches(driver), None)
        except psycopg.Error:
            return None

    @contextmanager
    def _connection(self, *begin: str) -> Iterator[tuple[psycopg.Connection, Any]]:
        """A connection on which these statements were run, with what the last of them found."""
        driver, found = self._begun(begin)
        try:
            yield driver, found
        except psycopg.OperationalError:
            driver.close()
            raise
        finally:
            self._give_back(driver)

    def _begun(self, begin: Sequence[str]) -> tuple[psycopg.Connection, Any]:
        """The same. A connection that was used before may have been lost since: then another one is taken."""
        while True:
            idle = self._idle.take()
            driver = idle or connect(self.url)
            try:
                return driver, _begin(driver, begin)
            except BaseException as error:
                _roll_back(driver)
                lost = driver.closed
                self._give_back(driver)
                if not (lost and idle is not None and isinstance(error, psycopg.OperationalError)):
                    raise

    def _give_back(self, driver: psycopg.Connection) -> None:
        """Keep a connection for whoever comes later, unless something is left open on it."""
        if driver.info.transaction_status == TransactionStatus.IDLE:
            self._idle.put(driver)
        else:
            driver.close()


def _begin(driver: psycopg.Connection, statements: Sequence[str]) -> Any:
    """Run these, waiting once. Gives the first value that the last of them finds."""
    try:
        with driver.pipeline():
            for statement in statements:
                cursor = driver.execute(statement)
    except psycopg.errors.FeatureNotSupported:  # so says a standby
        raise psycopg.errors.ReadOnlySqlTransaction from None
    found = cursor.fetchone()
    return None if found is None else found[0]


def create_database(url: str, rows: Connection | None = None) -> PostgresDatabase:
    """Make a ledger's tables in a database that is there, or bring those that an earlier program made up to date; a
    current one stays as it is. `rows`: of a ledger that it begins with. Gives it open, without reading it again: what
    fails after the commit would be told as if nothing had been made.

    Raises `Refused` if the tables are another program's, newer than this program, or this role may not make any.
    """
    check_address(url)
    with server_failures(url), closing(connect(url)) as driver:
        _upgrade(driver, url, rows)
    return PostgresDatabase(url)


def _upgrade(driver: psycopg.Connection, url: str, rows: Connection | None) -> None:
    if driver.info.server_version < _OLDEST:
        newer = f"this is PostgreSQL {driver.info.server_version // 10000}"
        raise refusal("ledger-foreign", newer, url, "a ledger needs PostgreSQL 15 or newer")
    if driver.info.parameter_status("server_encoding") != "UTF8":
        hint = "make another one, with `createdb --encoding UTF8 --template template0` and its name"
        raise refusal("ledger-foreign", "this database does not keep its text in UTF-8", url, hint)
    from billpolicy.ledger.evidence import begin
    from billpolicy.ledger.migrations import core_of, upgrade

    with core_of(driver, "postgresql+psycopg") as core:
        _begin(driver, _to_write())
        try:
            driver.execute(_LOCK)
            version = version_in(driver, url)
            if rows is not None and version is not None:
                hint = "give it a database, or a schema of one, of its own"
                raise refusal("file-there", "there are tables here already", url, hint)
            if version != REVISIONS[-1]:
                upgrade(core)
                for statement in guard_statements():
                    driver.execute(statement)
                copied = Connection(driver, DIALECT)
                if rows is None:
                    begin(copied)
                else:
                    copy_rows(rows, copied)
                driver.execute(f"COMMENT ON TABLE alembic_version IS '{_MARK}'")
            driver.execute("COMMIT")
        except psycopg.errors.InsufficientPrivilege:
            _roll_back(driver)
            raise may_not_make(driver, url) from None
        except BaseException:
            _roll_back(driver)
            raise


def open_database(url: str) -> PostgresDatabase:
    """Open a ledger that exists, to read it and, where that is allowed, to write it. Raises `Refused`."""
    check_address(url)
    database = PostgresDatabase(url)
    try:
        with database.reading() as connection:
            version = version_in(connection.driver, url)
            if version is None and not may_make_tables(connection.driver):
                hint = "check the address, or have the role that is to own the ledger run `billpolicy ledger init`"
                raise refusal("ledger-empty", "there are no tables here yet", url, hint)
        _refuse_unknown(version, url)
    except BaseException:
        database.close()
        raise
    return database


def _refuse_unknown(version: str | None, url: str) -> None:
    """Refuse a ledger whose tables have another revision than those of this program."""
    address = told_address(url)
    refuse_other_revision(version, address, Position(address), "there are no tables here yet")


def version_in(driver: psycopg.Connection, url: str) -> str | None:
    """The revision of the tables; None if there are none yet. Raises `Refused` if they are not ours."""
    found = driver.execute(_VERSION).fetchone()
    assert found is not None
    tables, mark = found
    if tables == 0:
        return None
    if mark != _MARK:
        hint = "check the address; a ledger needs a database, or a schema of one, of its own"
        raise refusal("ledger-foreign", "there are tables of another program here", url, hint)
    row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row[0] not in REVISIONS:
        hint = "install the version of billpolicy that wrote it, or a later one"
        raise refusal("ledger-newer", "this ledger was written by a newer version of billpolicy", url, hint)
    return str(row[0])


def files_of(url: str) -> list[Path]:
    """A server keeps a ledger in no file that anybody could name. Raises `Refused` for what is no address."""
    check_address(url)
    return []


def connect(url: str) -> psycopg.Connection:
    """A connection to the server, whose caller closes it."""
    said = conninfo_to_dict(url)
    connection = psycopg.connect(
        make_conninfo(url, **{name: value for name, value in _WHERE_NOBODY_ANSWERS.items() if name not in said}),
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        application_name="billpolicy",
        client_encoding="UTF8",  # whatever the environment, a role or a database is set to
    )
    connection.prepare_threshold = 2
    connection.execute(_ONLY_THERE)
    return connection


def _roll_back(driver: psycopg.Connection) -> None:
    """Undo what is not committed; where the connection is lost the server does it."""
    if not driver.closed and not driver.broken:
        driver.rollback()
