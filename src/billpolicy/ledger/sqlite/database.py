"""A ledger in the file of a SQLite database: its connections, transactions and tables.

It is one file in WAL mode: many readers beside one writer, each seeing one moment. `synchronous=FULL` makes a commit
last through a power cut.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.ledger.copying import copy_rows
from billpolicy.ledger.databases import refuse_other_revision
from billpolicy.ledger.files import exists, refusal
from billpolicy.ledger.idle import Idle
from billpolicy.ledger.schema import APPLICATION_ID, REVISIONS
from billpolicy.ledger.sqlite.failures import damaged, is_of_tables, refuse_failed_read, storage_failures
from billpolicy.ledger.sqlite.files import SCHEME, UNLOCKED, changed, file_at, mode_of, path_of, refuse_strangers
from billpolicy.ledger.statements import Connection, Question, Write, written_by
from billpolicy.ledger.structure import unlike
from billpolicy.source.codec import encode

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it is refused."""
_VERSION = ("table", "alembic_version")
_FREED = 4 << 20
"""Bytes."""
_Schema = Mapping[tuple[str, str], tuple[str, str | None]]
"""Kind and name -> the table that it is of and the statement that made it, of everything in a database."""


class SqliteDialect:
    """How SQL is written for SQLite."""

    mark = "?"
    in_keys = "IN (SELECT value FROM json_each(:keys))"
    pairs = "(SELECT json_extract(value, '$[0]') AS one, json_extract(value, '$[1]') AS other FROM json_each(:keys))"
    in_few = "IN (SELECT * FROM {few})"
    each = "CROSS JOIN {large} {name} ON {on}"
    """SQLite does a cross join in the order in which it is written."""

    def keys(self, keys: Collection[Any]) -> str:
        """A list of keys, or of pairs of them, as one parameter."""
        return encode(list(keys))

    def write(self, cursor: Any, writes: Sequence[Write]) -> None:
        """Write rows."""
        for write in writes:
            cursor.executemany(written_by(write, self), write.rows)

    def ask(self, questions: Sequence[Question]) -> None:
        """Nothing is far away: each is asked by itself."""
        for question in questions:
            question.cursor.execute(question.sql, question.values)

    def streaming(self, driver: Any) -> Any:
        """A cursor for more rows than are to be held at once: here they are never more than asked for."""
        return driver.cursor()


DIALECT = SqliteDialect()


class SqliteDatabase:
    """The file of a ledger, open. Threads may share it; a child process opens its own."""

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        self.mode = mode
        # Without locks it keeps in mind what it read, and is not told that it is another by now.
        self._idle: Idle[sqlite3.Connection] = Idle(most=0 if mode == UNLOCKED else None)
        self._file: tuple[int, int] | None = None
        """Which one it is, since it was opened first."""
        _keep_freed_memory()
        self._writer = Lock()
        self._writes: int | None = None
        """The thread that is writing."""

    def close(self) -> None:
        """Close every connection."""
        self._idle.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the ledger as of one moment. Raises `Refused` where the file fails."""
        unlocked = self.mode == UNLOCKED
        before = changed(self.path) if unlocked else None
        with self._failures(), self._connection() as driver:
            driver.execute("BEGIN")
            try:
                with Connection(driver, DIALECT) as connection:
                    yield connection
            finally:
                driver.rollback()
        if unlocked and changed(self.path) != before:
            message = "this ledger was changed while it was read"
            raise refusal("ledger-changed", message, self.path, "read it again")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that commits at the end, or not at all. Only one at a time.

        Raises `Refused` where the file fails or is read-only.
        """
        if self.mode != "rw":
            message = "this ledger can only be read here, not written"
            raise refusal("ledger-read-only", message, self.path, "check who may write the file and its folder")
        if self._writes == get_ident():  # it would wait for itself
            raise ValueError("this ledger is being written already, by whoever called this")
        with self._turn(), self._failures(), self._connection() as driver:
            driver.execute("BEGIN IMMEDIATE")
            self._writes = get_ident()
            try:
                _refuse_unknown(version_in(driver, self.path), self.path)
                with Connection(driver, DIALECT) as connection:
                    yield connection
                self._refuse_another_file()
                driver.execute("COMMIT")
            except BaseException:
                driver.rollback()
                raise
            finally:
                self._writes = None

    def damages(self, connection: Connection) -> Iterator[str]:
        """What is wrong with the file itself, as SQLite sees it, one sentence each. Raises `Refused` where the disk
        fails meanwhile."""
        try:
            found = connection.driver.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError as error:
            if not error.sqlite_errorname.startswith("SQLITE_CORRUPT"):
                raise
            found = [(str(error),)]  # newer versions of SQLite do not look further
        for (text,) in found:
            if text != "ok":
                refuse_failed_read(str(text), self.path)
                yield str(text)

    def schema_breaches(self, connection: Connection) -> Iterator[str]:
        """What of the tables, their indexes and guards is not as this program makes them, one sentence each."""
        yield from _breaches(connection.driver)

    def orphans(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """The tables of rows that name rows of another table which are not there, and that other table."""
        for table, _, parent, _ in connection.driver.execute("PRAGMA foreign_key_check").fetchall():
            yield table, parent

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One thread after the other, each waiting as long as another program would."""
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            message = "this ledger is being written, and that did not finish in time"
            raise refusal("ledger-busy", message, self.path, "try again in a moment; nothing was changed")
        try:
            yield
        finally:
            self._writer.release()

    def _refuse_another_file(self) -> None:
        """Raise `Refused` where the file that is open has lost its name: what is written to it then is lost."""
        found = file_at(self.path)
        if self._file is not None and found != self._file:
            what = "is gone" if found is None else "is another file by now"
            message = f"this ledger {what}, since it was opened; nothing was changed"
            raise refusal("ledger-changed", message, self.path, "see that it is the right one, and open it again")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """As `storage_failures`; what fails because the tables are not a ledger's any more is told as that."""
        with storage_failures(self.path):
            try:
                yield
            except sqlite3.Error as error:
                if is_of_tables(error) and (breach := self._first_breach()):
                    raise damaged(breach, self.path) from None
                raise

    def _first_breach(self) -> str | None:
        """One of `schema_breaches`, by a connection of its own; None where there are none, or nobody can tell."""
        try:
            with self._connection() as driver:
                return next(_breaches(driver), None)
        except sqlite3.Error:
            return None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile. What is left of a transaction is rolled back at the end."""
        self._refuse_another_file()
        driver = self._idle.take() or connect(self.path, self.mode, BUSY_SECONDS)
        self._file = self._file or file_at(self.path)
        try:
            yield driver
        finally:
            if driver.in_transaction:
                driver.close()
            else:
                self._idle.put(driver)


def create_database(url: str, rows: Connection | None = None) -> SqliteDatabase:
    """Make a ledger's file, or bring one that an earlier program made up to date; a current one stays as it is. Gives
    it open, without reading it again: what fails after the commit would be told as if nothing had been made.

    `rows`: of a ledger that a new one begins with. Raises `Refused` if the file is another program's, newer than this
    program, or cannot be written.
    """
    path = path_of(url)
    if not exists(path.parent):
        raise refusal("file-missing", f"there is no folder `{path.parent}`", path, "make the folder first")
    refuse_strangers(path)
    with storage_failures(path), closing(connect(path, "rwc", BUSY_SECONDS)) as driver:
        _upgrade(driver, path, rows)
    return SqliteDatabase(path, mode_of(path))


def _upgrade(driver: sqlite3.Connection, path: Path, rows: Connection | None) -> None:
    if version_in(driver, path) == REVISIONS[-1]:
        return
    from billpolicy.ledger.evidence import begin
    from billpolicy.ledger.migrations import core_of, upgrade

    driver.execute("PRAGMA journal_mode=WAL")
    with core_of(driver, "sqlite") as core:
        driver.execute("BEGIN IMMEDIATE")
        if version_in(driver, path) != REVISIONS[-1]:
            upgrade(core)
            made = Connection(driver, DIALECT)
            if rows is None:
                begin(made)
            else:
                copy_rows(rows, made)
            driver.execute(f"PRAGMA application_id={APPLICATION_ID}")
        driver.execute("COMMIT")


def open_database(url: str) -> SqliteDatabase:
    """Open a ledger's file that exists, to read it and, where that is allowed, to write it. Raises `Refused`."""
    path = path_of(url)
    if not exists(path):
        hint = f"check the path, or make a ledger there with `billpolicy ledger init {url}`"
        raise refusal("file-missing", "there is no such ledger", path, hint)
    database = SqliteDatabase(path, mode_of(path))
    try:
        with database.reading() as connection:
            version = version_in(connection.driver, path)
        _refuse_unknown(version, path)
    except BaseException:
        database.close()
        raise
    return database


def _refuse_unknown(version: str | None, path: Path) -> None:
    """Refuse a ledger whose tables have another revision than those of this program."""
    url = f"{SCHEME}{path}"
    keep = (
        "if this is a backup, leave it as it is, and restore it to another name; "
        f"if not, back it up with `billpolicy ledger backup {url} FILE`"
    )
    refuse_other_revision(version, url, Position(str(path)), "this file is empty", keep)


def _breaches(driver: sqlite3.Connection) -> Iterator[str]:
    made, found = _schema_of_new(), _schema(driver)
    gone = {name for kind, name in made if kind == "table" and (kind, name) not in found}
    for table in sorted(gone):
        yield f"the table `{table}` is gone, with its indexes and guards"
    expected = {key: row for key, row in made.items() if row[0] not in gone}
    for kind in sorted({kind for kind, _ in (*expected, *found)}):
        called = "guard" if kind == "trigger" else kind
        yield from unlike(called, _of_kind(kind, found), _of_kind(kind, expected))
    if found.get(_VERSION) == made[_VERSION]:
        versions = [version for (version,) in driver.execute("SELECT version_num FROM alembic_version")]
        if versions != [REVISIONS[-1]]:
            yield "the revision of the tables is not what it was"


def _of_kind(kind: str, schema: _Schema) -> dict[str, tuple[str, str | None]]:
    return {name: row for (each, name), row in schema.items() if each == kind}


def _schema(driver: sqlite3.Connection) -> _Schema:
    return {row[:2]: row[2:] for row in driver.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")}


@cache
def _schema_of_new() -> _Schema:
    """That of a ledger that is made now."""
    from billpolicy.ledger.migrations import core_of, upgrade

    with closing(sqlite3.connect(":memory:")) as driver, core_of(driver, "sqlite") as core:
        upgrade(core)
        return _schema(driver)


def version_in(connection: sqlite3.Connection, path: Path) -> str | None:
    """The revision of the tables in a file; None if it has none yet. Raises `Refused` if they are not ours."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == 0 and tables == 0:
        return None
    if application != APPLICATION_ID:
        hint = "check the path; `billpolicy ledger init URL` makes a ledger in a new file"
        raise refusal("ledger-foreign", "this is the database of another program", path, hint)
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row[0] not in REVISIONS:
        hint = "install the version of billpolicy that wrote it, or a later one"
        raise refusal("ledger-newer", "this ledger was written by a newer version of billpolicy", path, hint)
    return str(row[0])


def _keep_freed_memory() -> None:
    """Take a large block and give it back, after which glibc keeps what is freed up to twice that size (mallopt(3), on
    `M_MMAP_THRESHOLD`). SQLite takes and frees some 100 KB for each table that a statement makes for itself; where that
    goes back to the system each time, the statements of a slice take ten times as long."""
    bytes(_FREED)


def connect(path: Path, mode: str, seconds: float) -> sqlite3.Connection:
    """A connection to the file, opened in a mode of SQLite; it waits so long for a lock. Its caller closes it."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=seconds,
        isolation_level=None,  # transactions begin and end where we say
        check_same_thread=False,  # a connection is lent to one thread at a time
        cached_statements=256,
    )
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
