"""Where ledgers are kept, as tests of faults see it: one class for each database.

The tests themselves post, read and check by the address alone. A new database gives these few things, and a line in
`PLACES`; whatever is about files and disks stays with SQLite.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any, Protocol
from unittest import mock

import psycopg

from billpolicy.ledger.postgresql import database
from billpolicy.ledger.postgresql.database import connect
from billpolicy.ledger.sqlite.database import SqliteDatabase
from tests.helpers.postgresql import Server, server

SQLITE = "sqlite:///"


class Place(Protocol):
    """A database server, or a folder of files."""

    name: str

    def fresh(self) -> str:
        """The address of a ledger that is not there yet; nobody else has it."""

    def copy(self, url: str) -> str:
        """The address of a copy of a ledger, as it stands, which nobody writes to meanwhile."""

    def drop(self, url: str) -> None:
        """Nobody wants this one any more."""

    def settle(self, url: str) -> None:
        """Wait until the database has noticed that a process which had it open was killed."""

    def crash(self, url: str) -> str:
        """Everything that had it open is gone at once. Gives the address under which it is there again."""

    def statements(self, each: Callable[[], None]) -> AbstractContextManager[None]:
        """Within it, call this before each statement that this process sends."""


class SqlitePlace:
    """Ledgers in files of one folder, each in a folder of its own."""

    name = "sqlite"

    def __init__(self, url: str) -> None:
        self.folder = Path(url.removeprefix(SQLITE))
        self._names = count()

    def fresh(self) -> str:
        own = self.folder / f"ledger-{next(self._names)}"
        own.mkdir()
        return f"{SQLITE}{own / 'ledger.db'}"

    def copy(self, url: str) -> str:
        made = self.fresh()
        for file in folder_of(url).iterdir():
            if not file.name.endswith("-shm"):  # it is of processes that are gone
                shutil.copy(file, folder_of(made) / file.name)
        return made

    def drop(self, url: str) -> None:
        shutil.rmtree(folder_of(url))

    def settle(self, url: str) -> None:
        """Nobody is there to notice it: whoever opens the file next does."""

    def crash(self, url: str) -> str:
        """A process that is killed leaves the files as they are; those of this one, which lives, go on on others."""
        return self.copy(url)

    @contextmanager
    def statements(self, each: Callable[[], None]) -> Iterator[None]:
        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(lambda _: each())
            return connection

        with mock.patch.object(sqlite3, "connect", watched):
            yield


class PostgresPlace:
    """Ledgers on a server of `tests/helpers/postgresql.py`, each in a database of its own."""

    name = "postgresql"

    def __init__(self, url: str) -> None:
        self.server = Server(_host(url))

    def fresh(self) -> str:
        return self._made("template0")

    def copy(self, url: str) -> str:
        self.settle(url)
        made = self._made(database_of(url))
        shutil.copytree(folder_of(url), folder_of(made), dirs_exist_ok=True)
        return made

    def _made(self, like: str) -> str:
        url = self.server.url(self.server.new_database(like))
        folder_of(url).mkdir()
        return url

    def drop(self, url: str) -> None:
        shutil.rmtree(folder_of(url))
        self.server.run("postgres", f"DROP DATABASE {database_of(url)} WITH (FORCE)")

    def settle(self, url: str) -> None:
        """Nobody is connected to it any more: a server ends what a killed client has begun when it notices."""
        others = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database_of(url)}'"
        for _ in range(600):
            if self.server.asked("postgres", others) == [(0,)]:
                return
            sleep(0.05)
        raise AssertionError("somebody stays connected")

    def crash(self, url: str) -> str:
        """The server ends at once, as where the power fails, and is started again."""
        self.server.stop("immediate")
        self.server.start()
        return url

    def end_a_connection(self, url: str) -> None:
        """The server ends one connection to it, whatever is under way on it; where it is stopped there is none."""
        one = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database_of(url)}' ORDER BY random() LIMIT 1"
        with suppress(psycopg.OperationalError):
            self.server.run("postgres", f"SELECT pg_terminate_backend(pid) FROM ({one}) AS one")

    @contextmanager
    def statements(self, each: Callable[[], None]) -> Iterator[None]:
        class Watched(psycopg.Cursor[Any]):
            def execute(self, *arguments: Any, **options: Any) -> Any:
                each()
                return super().execute(*arguments, **options)

            def executemany(self, *arguments: Any, **options: Any) -> None:
                each()
                super().executemany(*arguments, **options)

            def copy(self, *arguments: Any, **options: Any) -> Any:
                each()
                return super().copy(*arguments, **options)

        def watched(url: str) -> psycopg.Connection:
            connection = connect(url)
            connection.cursor_factory = Watched
            return connection

        with mock.patch.object(database, "connect", watched):
            yield


def database_of(url: str) -> str:
    """The name of the database that an address names."""
    return url.partition("@/")[2].partition("?")[0]


PLACES: dict[str, Callable[[str], Place]] = {"sqlite": SqlitePlace, "postgresql": PostgresPlace}
"""What an address begins with -> the place that it names: of SQLite the address of an empty folder, of PostgreSQL that
of a database of a server that the tests have started."""


@contextmanager
def place_at(url: str | None) -> Iterator[Place]:
    """The place of an address; of `postgresql:` a server of its own, without any files, both gone at the end."""
    if url == "postgresql:":
        with server() as started:
            yield PostgresPlace(started.url("postgres"))
        return
    if url is not None:
        yield PLACES[url.partition(":")[0]](url)
        return
    with tempfile.TemporaryDirectory(prefix="billpolicy-faults-") as folder:
        yield SqlitePlace(f"{SQLITE}{folder}")


def folder_of(url: str) -> Path:
    """The folder of a ledger's own: what it is kept in, if that is a file, and its backups."""
    return Path(url.removeprefix(SQLITE)).parent if url.startswith(SQLITE) else _host(url) / database_of(url)


def _host(url: str) -> Path:
    return Path(url.partition("host=")[2])


@contextmanager
def each_begins_with(pragma: str) -> Iterator[None]:
    """Within it, each connection to a ledger's file is set so."""
    lend = SqliteDatabase._connection

    @contextmanager
    def lent(self: SqliteDatabase) -> Iterator[sqlite3.Connection]:
        with lend(self) as driver:
            driver.execute(f"PRAGMA {pragma}")
            yield driver

    with mock.patch.object(SqliteDatabase, "_connection", lent):
        yield
