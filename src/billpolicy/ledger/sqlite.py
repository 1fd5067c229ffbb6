"""The dialect of SQLite: the one file that knows its address, its file, its locks and its errors.

A ledger is one file in WAL mode: many readers beside one writer, each seeing one moment. `synchronous=FULL` makes a
commit last through a power cut.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

from sqlalchemy import Connection as CoreConnection
from sqlalchemy import Dialect as Syntax
from sqlalchemy import Engine, QueuePool, create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.ledger.databases import no_address
from billpolicy.ledger.schema import APPLICATION_ID, REVISIONS
from billpolicy.ledger.statements import Connection
from billpolicy.source.plain_file import is_there

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it is refused."""
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite adds to the name of a ledger for the files that it keeps beside it."""
SCHEME = "sqlite:///"
_UNLOCKED = "ro&immutable=1"
"""For a file beside which no lock can be kept: it is read as it stands."""


class SqliteDialect:
    """How SQL is written for SQLite."""

    syntax: Syntax = sqlite.dialect(paramstyle="qmark")
    in_keys = "IN (SELECT value FROM json_each(:keys))"
    pairs = "(SELECT json_extract(value, '$[0]') AS one, json_extract(value, '$[1]') AS other FROM json_each(:keys))"

    def keys(self, keys: Collection[Any]) -> str:
        """A list of keys, or of pairs of them, as one parameter."""
        return json.dumps(list(keys))


DIALECT = SqliteDialect()


class SqliteDatabase:
    """The file of a ledger, open. Threads may share it; a child process opens its own."""

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        self.mode = mode
        self._engine = _engine(path, mode)
        self._writer = Lock()
        self._writes: int | None = None
        """The thread that is writing."""

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the ledger as of one moment. Raises `Refused` where the file fails."""
        unlocked = self.mode == _UNLOCKED
        before = _changed(self.path) if unlocked else None
        with storage_failures(self.path), self._connection() as driver:
            driver.execute("BEGIN")
            try:
                yield Connection(driver, DIALECT)
            finally:
                driver.rollback()
        if unlocked and _changed(self.path) != before:
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
        with self._writer, storage_failures(self.path), self._connection() as driver:
            driver.execute("BEGIN IMMEDIATE")
            self._writes = get_ident()
            try:
                yield Connection(driver, DIALECT)
                driver.execute("COMMIT")
            except BaseException:
                driver.rollback()
                raise
            finally:
                self._writes = None

    def damages(self, connection: Connection) -> Iterator[str]:
        """What is wrong with the file itself, as SQLite sees it, one sentence each."""
        for (text,) in connection.driver.execute("PRAGMA integrity_check").fetchall():
            if text != "ok":
                yield str(text)

    def orphans(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """The tables of rows that name rows of another table which are not there, and that other table."""
        for table, _, parent, _ in connection.driver.execute("PRAGMA foreign_key_check").fetchall():
            yield table, parent

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        lent = self._engine.raw_connection()
        try:
            driver = lent.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            yield driver
        finally:
            lent.close()


def create_database(url: str) -> None:
    """Make a ledger's file, or bring one that an earlier program made up to date; a current one stays as it is.

    Raises `Refused` if the file is another program's, newer than this program, or cannot be written.
    """
    path = path_of(url)
    if not _exists(path.parent):
        raise refusal("file-missing", f"there is no folder `{path.parent}`", path, "make the folder first")
    _refuse_strangers(path)
    engine = _engine(path, "rwc")
    try:
        with storage_failures(path), engine.connect() as connection:
            _upgrade(connection, path)
    finally:
        engine.dispose()


def _upgrade(connection: CoreConnection, path: Path) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    if _version(driver, path) == REVISIONS[-1]:
        return
    from billpolicy.ledger.migrations import upgrade

    driver.execute("PRAGMA journal_mode=WAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if _version(driver, path) != REVISIONS[-1]:
        upgrade(connection)
        driver.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.commit()


def open_database(url: str) -> SqliteDatabase:
    """Open a ledger's file that exists, to read it and, where that is allowed, to write it. Raises `Refused`."""
    path = path_of(url)
    if not _exists(path):
        hint = f"check the path, or make a ledger there with `billpolicy ledger init {url}`"
        raise refusal("file-missing", "there is no such ledger", path, hint)
    database = SqliteDatabase(path, _mode(path))
    try:
        with database.reading() as connection:
            version = _version(connection.driver, path)
    except BaseException:
        database.close()
        raise
    if version == REVISIONS[-1]:
        return database
    database.close()
    if version is None:
        hint = f"make a ledger in it with `billpolicy ledger init {url}`"
        raise refusal("ledger-empty", "this file is empty", path, hint)
    hint = f"run `billpolicy ledger init {url}`, which brings it up to date"
    raise refusal("ledger-older", "this ledger was made by an earlier version of billpolicy", path, hint)


def files_of(url: str) -> list[Path]:
    """The file of a ledger and those that SQLite keeps beside it, whether they are there or not. Raises `Refused`."""
    path = path_of(url)
    bases = dict.fromkeys((path, Path(os.path.realpath(path))))
    return [_beside(base, suffix) for base in bases for suffix in ("", *BESIDE)]


def path_of(url: str) -> Path:
    """The file that a ledger's address names. Raises `Refused` for addresses that no ledger can have yet."""
    url = str(url)  # also of whatever else a program may give; it is no address then
    name = url.removeprefix(SCHEME)
    if url.startswith(SCHEME) and name and name != ":memory:" and "\0" not in name:
        return Path(name)
    raise no_address(url)


def _version(connection: sqlite3.Connection, path: Path) -> str | None:
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


def _mode(path: Path) -> str:
    """How a file can be opened: to write, or to read with or without locks."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "rw"
    if _beside(path, "-shm").exists():
        return "ro"
    wal = _beside(path, "-wal")
    if wal.exists() and wal.stat().st_size:
        message = "this ledger was not closed properly, and cannot be tidied up because it cannot be written"
        hint = f"open it once where it can be written, or copy it together with `{wal.name}`"
        raise refusal("ledger-read-only", message, path, hint)
    return _UNLOCKED


def _refuse_strangers(path: Path) -> None:
    """Refuse a new ledger where a file stands that SQLite would take for empty or its own, and destroy."""
    if _exists(path):
        if path.stat().st_size == 1:  # SQLite writes over a single byte
            hint = "check the path; `billpolicy ledger init URL` makes a ledger in a new file"
            raise refusal("ledger-foreign", "this file is not a ledger", path, hint)
        return
    for suffix in BESIDE:
        beside = _beside(path, suffix)
        if os.path.lexists(beside):
            message = f"a new ledger `{path.name}` would destroy this file"
            hint = "move it away, or name another ledger; if it is left of a ledger, bring that one back first"
            raise refusal("file-in-use", message, beside, hint)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _exists(path: Path) -> bool:
    try:
        return is_there(path)
    except OSError as error:
        message = f"this ledger cannot be reached: {(error.strerror or str(error)).lower()}"
        raise refusal("ledger-unreadable", message, path, "check the path and who may read its folders") from None


def _changed(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _engine(path: Path, mode: str) -> Engine:
    address = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,  # transactions begin and end where we say
            check_same_thread=False,  # the pool lends a connection to one thread at a time
            cached_statements=256,
        )
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=0)


_FAILURES: dict[str, tuple[Code, str, str]] = {
    "SQLITE_FULL": (
        "ledger-disk-full",
        "the disk is full; nothing was changed",
        "free some space and do it again",
    ),
    "SQLITE_BUSY": (
        "ledger-busy",
        "another program is writing to this ledger and did not finish in time",
        "try again in a moment; nothing was changed",
    ),
    "SQLITE_LOCKED": (
        "ledger-busy",
        "another program has locked this ledger",
        "try again in a moment; nothing was changed",
    ),
    "SQLITE_READONLY": (
        "ledger-read-only",
        "this ledger can only be read here, not written",
        "check who may write the file and its folder",
    ),
    "SQLITE_NOTADB": (
        "ledger-foreign",
        "this file is not a ledger",
        "check the path; `billpolicy ledger init URL` makes a ledger in a new file",
    ),
    "SQLITE_CORRUPT": (
        "ledger-damaged",
        "this ledger is damaged; it may have been cut off or overwritten",
        "restore it from a backup",
    ),
    "SQLITE_CANTOPEN": (
        "ledger-unreadable",
        "this ledger cannot be opened",
        "check that it is a file and who may read it and its folder",
    ),
    "SQLITE_PERM": (
        "ledger-unreadable",
        "this ledger may not be opened",
        "check who may read the file and its folder",
    ),
    "SQLITE_IOERR": (
        "ledger-disk-failed",
        "the disk under this ledger reported an error; nothing was changed",
        "check that the disk is well and not full",
    ),
    "SQLITE_PROTOCOL": (
        "ledger-busy",
        "this ledger could not be locked",
        "try again in a moment; keep it on a local disk, not on a network share",
    ),
}
"""SQLite's name of an error, without what it adds to it -> code, message, hint."""


@contextmanager
def storage_failures(path: Path) -> Iterator[None]:
    """Raise `Refused` for whatever disk, rights, locks or a foreign or damaged file do to the ledger at `path`.

    Also for a text that is no text: a command line can hold bytes that are not UTF-8.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        name: str = getattr(original, "sqlite_errorname", "")
        for prefix, (code, message, hint) in _FAILURES.items():
            if name.startswith(prefix):
                raise refusal(code, message, path, hint) from None
        raise
    except UnicodeEncodeError as error:
        message = f"{error.object!r} has characters that are no text"
        hint = "write it in UTF-8; if it is the name of a file, rename the file"
        raise refusal("text-wrong", message, path, hint) from None


def refusal(code: Code, message: str, path: Path, hint: str) -> Refused:
    """One refusal about the file of a ledger."""
    return Refused([Diagnostic(code, message, Position(str(path)), hint)])
