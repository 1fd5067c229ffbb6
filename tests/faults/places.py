"""Where ledgers are kept, as tests of faults see it: one class for each database.

The tests themselves post, read and check by the address alone. A new database gives these few things, and a line in
`PLACES`; whatever is about files and disks stays with SQLite.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from billpolicy.ledger.sqlite.database import SqliteDatabase


class Place(Protocol):
    """A database server, or a folder of files."""

    name: str

    def fresh(self) -> str:
        """The address of a ledger that is not there yet; nobody else has it."""

    def copy(self, url: str) -> str:
        """The address of a copy of a ledger, as it stands, which nobody writes to meanwhile."""

    def drop(self, url: str) -> None:
        """Nobody wants this one any more."""

    def crash(self, url: str) -> str:
        """Everything that had it open is gone at once. Gives the address under which it is there again."""

    def statements(self, each: Callable[[], None]) -> AbstractContextManager[None]:
        """Within it, call this before each statement that this process sends."""


class SqlitePlace:
    """Ledgers in files of one folder, each in a folder of its own."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names = count()

    def fresh(self) -> str:
        own = self.folder / f"ledger-{next(self._names)}"
        own.mkdir()
        return f"sqlite:///{own / 'ledger.db'}"

    def copy(self, url: str) -> str:
        made = self.fresh()
        for file in folder_of(url).iterdir():
            if not file.name.endswith("-shm"):  # it is of processes that are gone
                shutil.copy(file, folder_of(made) / file.name)
        return made

    def drop(self, url: str) -> None:
        shutil.rmtree(folder_of(url))

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


def folder_of(url: str) -> Path:
    """The folder that has a ledger's files and no others."""
    return Path(url.removeprefix("sqlite:///")).parent


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


PLACES: dict[str, Callable[[Path], Place]] = {"sqlite": SqlitePlace}
"""Name -> how to make one, given an empty folder for whatever it keeps."""
